package gregortest_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/gregortest"
)

func TestARequestThatFailsIsNotExecuted(t *testing.T) {
	inBoth(t, func(t *testing.T, opts ...gregortest.Option) {
		b := gregortest.New(t, opts...)
		cl := client(t, b)
		f := b.FailRequests(gregortest.CreateTopics, gregortest.ErrPolicyViolation, 2)
		for range 2 {
			_, err := kadm.NewClient(cl).CreateTopic(soon(t), 1, 1, nil, "t")
			if !errors.Is(err, kerr.PolicyViolation) {
				t.Errorf("got %v", err)
			}
		}
		if _, err := kadm.NewClient(cl).CreateTopic(soon(t), 1, 1, nil, "t"); err != nil {
			t.Errorf("the third: %v", err)
		}
		if f.Hits() != 2 {
			t.Errorf("%d requests were hit", f.Hits())
		}
		f.Clear()
	})
}

func TestAFaultLastsUntilItIsCleared(t *testing.T) {
	b := gregortest.New(t)
	cl := bluntly(t, b)
	f := b.FailRequests(gregortest.CreateTopics, gregortest.ErrNotController, 0)
	for range 5 {
		if _, err := kadm.NewClient(cl).CreateTopic(soon(t), 1, 1, nil, "t"); !errors.Is(err, kerr.NotController) {
			t.Errorf("got %v", err)
		}
	}
	b.CreateTopic("by-the-helper", 1) // which faults do not touch
	f.Clear()
	f.Clear()
	if _, err := kadm.NewClient(cl).CreateTopic(soon(t), 1, 1, nil, "t"); err != nil {
		t.Error(err)
	}
}

func TestProducersMeetErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		b.CreateTopic("t", 1)
		blunt := bluntly(t, b)
		b.FailRequests(gregortest.Produce, gregortest.ErrTopicAuthorizationFailed, 1)
		if err := blunt.ProduceSync(soon(t), kgo.StringRecord("x")).FirstErr(); !errors.Is(err, kerr.TopicAuthorizationFailed) {
			t.Errorf("got %v", err)
		}
		// What can be tried again is, and is written once.
		f := b.FailRequests(gregortest.Produce, gregortest.ErrNotLeaderOrFollower, 3)
		patient := client(t, b, kgo.DefaultProduceTopic("t"))
		if err := patient.ProduceSync(soon(t), kgo.StringRecord("y")).FirstErr(); err != nil {
			t.Error(err)
		}
		if got := all(t, b, "t"); len(got) != 1 || got[0] != "y" || f.Hits() != 3 {
			t.Errorf("there is %q after %d errors", got, f.Hits())
		}
	})
}

func TestProduceWithoutAcksIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		f := b.FailRequests(gregortest.Produce, gregortest.ErrNotLeaderOrFollower, 1)
		req := question(int16(gregortest.Produce), 9)
		req.(*kmsg.ProduceRequest).Acks = 0
		if body, err := dial(t, b).ask(req); err == nil {
			t.Errorf("an answer of %d bytes to acks=0", len(body))
		}
		if f.Hits() != 1 {
			t.Errorf("%d hits", f.Hits())
		}
	})
}

func TestConsumersMeetErrorsAmidAFetchSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		b.CreateTopic("t", 2)
		b.Produce("t", gregortest.Values("a")...)
		cl := client(t, b, kgo.ConsumeTopics("t"))
		if n := cl.PollFetches(soon(t)).NumRecords(); n != 1 {
			t.Fatalf("%d records", n)
		}
		time.Sleep(time.Minute) // the session is incremental by now
		f := b.FailRequests(gregortest.Fetch, gregortest.ErrTopicAuthorizationFailed, 0)
		err := cl.PollFetches(soon(t)).Err()
		if !errors.Is(err, kerr.TopicAuthorizationFailed) || f.Hits() == 0 {
			t.Errorf("got %v after %d hits", err, f.Hits())
		}
		f.Clear()
		b.Produce("t", gregortest.Values("b")...)
		for {
			fetches := cl.PollFetches(soon(t))
			if n := fetches.NumRecords(); n == 1 {
				break
			} else if err := fetches.Err(); err != nil && !errors.Is(err, kerr.TopicAuthorizationFailed) {
				t.Fatal(err)
			}
		}
	})
}

func TestMetadataFailsForTopicsAndKeepsTheCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		b.CreateTopic("t", 1)
		w := dial(t, b)
		get := func(version int16, topics ...string) *kmsg.MetadataResponse {
			t.Helper()
			req := kmsg.NewPtrMetadataRequest()
			req.SetVersion(version)
			req.AllowAutoTopicCreation = true
			if topics != nil {
				req.Topics = []kmsg.MetadataRequestTopic{}
			}
			for _, name := range topics {
				topic := kmsg.NewMetadataRequestTopic()
				topic.Topic = &name
				req.Topics = append(req.Topics, topic)
			}
			body, err := w.ask(req)
			if err != nil {
				t.Fatal(err)
			}
			resp := kmsg.NewPtrMetadataResponse()
			resp.SetVersion(version)
			if err := resp.ReadFrom(body); err != nil {
				t.Fatal(err)
			}
			return resp
		}
		f := b.FailRequests(gregortest.Metadata, gregortest.ErrLeaderNotAvailable, 0)
		for version := int16(1); version <= 13; version++ {
			for _, topics := range [][]string{{"t", "never"}, nil} {
				resp := get(version, topics...)
				if len(resp.Brokers) != 1 || len(resp.Topics) != max(len(topics), 1) {
					t.Fatalf("v%d of %q: %+v", version, topics, resp)
				}
				for _, topic := range resp.Topics {
					if topic.ErrorCode != kerr.LeaderNotAvailable.Code || len(topic.Partitions) > 0 {
						t.Errorf("v%d of %q: %+v", version, topics, topic)
					}
				}
			}
		}
		hits := f.Hits()
		if resp := get(12, []string{}...); len(resp.Topics) != 0 || f.Hits() != hits {
			t.Errorf("a request for no topic was hit: %+v", resp)
		}
		f.Clear()
		if resp := get(12); len(resp.Topics) != 1 {
			t.Errorf("a topic was made by a request that failed: %+v", resp.Topics)
		}
	})
}

func TestGroupsMeetErrorsAndComeThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		b.CreateTopic("t", 1)
		b.FailRequests(gregortest.FindCoordinator, gregortest.ErrCoordinatorNotAvailable, 2)
		b.FailRequests(gregortest.JoinGroup, gregortest.ErrMemberIDRequired, 1)
		b.FailRequests(gregortest.JoinGroup, gregortest.ErrCoordinatorLoadInProgress, 1)
		b.FailRequests(gregortest.SyncGroup, gregortest.ErrRebalanceInProgress, 1)
		b.FailRequests(gregortest.OffsetFetch, gregortest.ErrUnstableOffsetCommit, 1)
		last := b.FailRequests(gregortest.Heartbeat, gregortest.ErrIllegalGeneration, 1)
		cl := client(t, b, kgo.ConsumerGroup("g"), kgo.ConsumeTopics("t"), kgo.DisableAutoCommit())
		b.WaitForGroup("g", 1)
		time.Sleep(time.Minute)
		b.WaitForGroup("g", 1)
		if last.Hits() != 1 {
			t.Error("there was no heartbeat")
		}
		b.Produce("t", gregortest.Values("a")...)
		for got := 0; got == 0; {
			fetches := cl.PollFetches(soon(t))
			if session := new(kgo.ErrGroupSession); fetches.Err() != nil && !errors.As(fetches.Err(), &session) {
				t.Fatal(fetches.Err()) // that a session ended is no more than a word
			}
			got = fetches.NumRecords()
		}
		b.FailRequests(gregortest.OffsetCommit, gregortest.ErrGroupAuthorizationFailed, 1)
		if err := cl.CommitUncommittedOffsets(soon(t)); !errors.Is(err, kerr.GroupAuthorizationFailed) {
			t.Errorf("the commit: %v", err)
		}
		if err := cl.CommitUncommittedOffsets(soon(t)); err != nil {
			t.Error(err)
		}
	})
}

func TestDelayedRequestsComeLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		b.CreateTopic("t", 1)
		cl := client(t, b, kgo.DefaultProduceTopic("t"), kgo.ProducerLinger(0))
		send := func() time.Duration {
			began := time.Now()
			if err := cl.ProduceSync(soon(t), kgo.StringRecord("x")).FirstErr(); err != nil {
				t.Fatal(err)
			}
			return time.Since(began)
		}
		send()
		b.DelayRequests(gregortest.Produce, 3*time.Second, 2)
		for i, want := range []time.Duration{3 * time.Second, 3 * time.Second, 0} {
			if took := send(); took != want {
				t.Errorf("request %d took %v, want %v", i, took, want)
			}
		}
		// A delay ends with the broker.
		b.DelayRequests(gregortest.Produce, time.Hour, 1)
		began := time.Now()
		result := make(chan error, 1)
		cl.Produce(soon(t), kgo.StringRecord("y"), func(_ *kgo.Record, err error) { result <- err })
		time.Sleep(time.Second)
		b.Restart()
		if err := <-result; err != nil || time.Since(began) > time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}
