package gregortest_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/gregortest"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// wireClient sends requests as they are, at any version.
type wireClient struct {
	t  testing.TB
	nc net.Conn
}

func dial(t testing.TB, b *gregortest.Broker) *wireClient {
	t.Helper()
	nc, err := b.DialContext(soon(t), "tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return &wireClient{t, nc}
}

// ask sends a request and gives the body of the response.
func (w *wireClient) ask(req kmsg.Request) ([]byte, error) {
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID("test")).AppendRequest(nil, req, 7)
	return w.exchange(frame, kafka.APIKey(req.Key()), req.GetVersion())
}

func (w *wireClient) exchange(frame []byte, key kafka.APIKey, version int16) ([]byte, error) {
	_ = w.nc.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := w.nc.Write(frame); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(w.nc, head[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(w.nc, body); err != nil {
		return nil, err
	}
	_, at, err := wire.ParseResponseHeader(body, key, version)
	if err != nil {
		return nil, err
	}
	return body[at:], nil
}

// fill puts something into every list of a request and everything below, so that
// each of its parts asks for an answer.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() && v.Type().Field(i).Name != "UnknownTags" && v.Type().Field(i).Name != "Version" {
				fill(f)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte("bytes"))
			return
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if d, ok := reflect.TypeAssert[interface{ Default() }](element.Addr()); ok {
			d.Default()
		}
		fill(element)
		v.Set(reflect.Append(reflect.MakeSlice(v.Type(), 0, 1), element))
	case reflect.Pointer:
		if v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.ValueOf(new("name")))
		}
	case reflect.String:
		v.SetString("name")
	}
}

// places collects where fields named ErrorCode have a value, and fails on others.
func places(v reflect.Value, path string, code int16) (where []string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if name == "ErrorCode" && int16(v.Field(i).Int()) == code {
				where = append(where, path+name)
			}
			where = append(where, places(v.Field(i), path+name+".", code)...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			where = append(where, places(v.Index(i), path, code)...)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			where = places(v.Elem(), path, code)
		}
	}
	return where
}

// question is a request of a key and version that asks for something everywhere.
func question(key, version int16) kmsg.Request {
	req := kmsg.RequestForKey(key)
	if req == nil {
		panic(fmt.Sprintf("kmsg does not know the key %d", key))
	}
	if d, ok := req.(interface{ Default() }); ok {
		d.Default()
	}
	req.SetVersion(version)
	fill(reflect.ValueOf(req).Elem())
	switch r := req.(type) {
	case *kmsg.ProduceRequest:
		r.Acks = -1
	case *kmsg.FetchRequest:
		r.SessionID, r.SessionEpoch = 0, 0
	}
	return req
}

// TestEveryServedKeyCanFailInEveryVersion asks with another codec than the one
// that answers, and compares the places of the code with those in testdata.
func TestEveryServedKeyCanFailInEveryVersion(t *testing.T) {
	var got strings.Builder
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		w := dial(t, b)
		for _, k := range served(t, w) {
			key := gregortest.API(k.ApiKey)
			first, before := k.MinVersion, ""
			for version := k.MinVersion; version <= k.MaxVersion; version++ {
				if key == gregortest.Produce && version < 3 {
					first++
					continue // which is advertised, and not served
				}
				what := fmt.Sprintf("%s v%d", key, version)
				f := b.FailRequests(key, gregortest.ErrPolicyViolation, 1)
				body, err := w.ask(question(k.ApiKey, version))
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				resp := kmsg.ResponseForKey(k.ApiKey)
				resp.SetVersion(version)
				if err := resp.ReadFrom(body); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				if f.Hits() != 1 {
					t.Errorf("%s: %d hits", what, f.Hits())
				}
				where := strings.Join(places(reflect.ValueOf(resp), "", int16(gregortest.ErrPolicyViolation)), " ")
				if before != "" && before != where {
					fmt.Fprintf(&got, "%s v%d-%d: %s\n", key, first, version-1, before)
					first = version
				}
				before = where
				if rest := leftOver(k.ApiKey, version, body); rest != "" {
					t.Errorf("%s: %s", what, rest)
				}
				f.Clear()
			}
			fmt.Fprintf(&got, "%s v%d-%d: %s\n", key, first, k.MaxVersion, before)
		}
	})
	want, err := os.ReadFile("testdata/places.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("the code stands elsewhere than testdata/places.txt says (-want +got):\n%s", diff)
	}
}

func TestCodesOfOnePartOfARequestStandBesideThatPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		incremental := func(req kmsg.Request) {
			r := req.(*kmsg.FetchRequest)
			r.SessionID, r.SessionEpoch = 5, 3
		}
		tests := []struct {
			key     gregortest.API
			version int16
			code    gregortest.Code
			change  func(kmsg.Request)
			where   string
		}{
			{gregortest.LeaveGroup, 2, gregortest.ErrUnknownMemberID, nil, "ErrorCode"},
			{gregortest.LeaveGroup, 3, gregortest.ErrUnknownMemberID, nil, "Members.ErrorCode"},
			{gregortest.LeaveGroup, 5, gregortest.ErrFencedInstanceID, nil, "Members.ErrorCode"},
			{gregortest.OffsetFetch, 1, gregortest.ErrUnstableOffsetCommit, nil, "Topics.Partitions.ErrorCode"},
			{gregortest.OffsetFetch, 7, gregortest.ErrUnstableOffsetCommit, nil, "Topics.Partitions.ErrorCode"},
			{gregortest.OffsetFetch, 9, gregortest.ErrUnstableOffsetCommit, nil, "Groups.Topics.Partitions.ErrorCode"},
			{gregortest.OffsetFetch, 9, gregortest.ErrUnstableOffsetCommit,
				func(r kmsg.Request) { r.(*kmsg.OffsetFetchRequest).Groups[0].Topics = nil }, "Groups.ErrorCode"},
			{gregortest.DescribeLogDirs, 4, gregortest.ErrKafkaStorageError, nil, "Dirs.ErrorCode"},
			{gregortest.Metadata, 13, gregortest.ErrRebootstrapRequired, nil, "ErrorCode"},
			{gregortest.Fetch, 12, gregortest.ErrFetchSessionIDNotFound, incremental, "ErrorCode"},
			{gregortest.Fetch, 17, gregortest.ErrInvalidFetchSessionEpoch, incremental, "ErrorCode"},
			{gregortest.ApiVersions, 0, gregortest.ErrUnsupportedVersion, nil, "ErrorCode"},
		}
		for _, c := range tests {
			f := b.FailRequests(c.key, c.code, 1)
			req := question(int16(c.key), c.version)
			if c.change != nil {
				c.change(req)
			}
			body, err := dial(t, b).ask(req)
			if err != nil {
				t.Fatal(err)
			}
			resp := kmsg.ResponseForKey(int16(c.key))
			resp.SetVersion(c.version)
			if err := resp.ReadFrom(body); err != nil {
				t.Error(err)
			}
			if where := strings.Join(places(reflect.ValueOf(resp), "", int16(c.code)), " "); where != c.where || f.Hits() != 1 {
				t.Errorf("%s v%d: %s stands at %q, want %q (%d hits)", c.key, c.version, c.code.Error(), where, c.where, f.Hits())
			}
			f.Clear()
		}
	})
}

// TestApiVersionsFailsInVersionZero: who asked for a version that is not served
// does not know how to read another.
func TestApiVersionsFailsInVersionZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		b.FailRequests(gregortest.ApiVersions, gregortest.ErrUnsupportedVersion, 1)
		body, err := dial(t, b).ask(question(int16(gregortest.ApiVersions), 4))
		if err != nil {
			t.Fatal(err)
		}
		var resp kmsg.ApiVersionsResponse
		if err := resp.ReadFrom(body); err != nil || resp.ErrorCode != kerr.UnsupportedVersion.Code || len(resp.ApiKeys) != 1 || resp.ApiKeys[0].ApiKey != 18 {
			t.Errorf("got %+v (%v)", resp, err)
		}
	})
}

// leftOver says what is wrong with the length of a response, which kmsg does not.
func leftOver(key, version int16, body []byte) string {
	resp := msg.NewResponse(kafka.APIKey(key))
	if err := msg.Unmarshal(resp, body, version); err != nil {
		return err.Error()
	}
	return ""
}

// served is what the broker says that it serves.
func served(t *testing.T, w *wireClient) []kmsg.ApiVersionsResponseApiKey {
	t.Helper()
	req := kmsg.NewPtrApiVersionsRequest()
	body, err := w.ask(req)
	if err != nil {
		t.Fatal(err)
	}
	var resp kmsg.ApiVersionsResponse
	if err := resp.ReadFrom(body); err != nil || len(resp.ApiKeys) < 30 {
		t.Fatalf("%d keys are served (%v)", len(resp.ApiKeys), err)
	}
	return resp.ApiKeys
}

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
