package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

const volume = 8 << 20

// small runs f with a node on a volume of 8 MiB.
func small(t *testing.T, props []string, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, fs: vfs.NewMem(time.Now), props: append([]string{
			"log.segment.bytes=1048576", "log.index.size.max.bytes=4096", "offsets.topic.num.partitions=1", "transaction.state.log.num.partitions=1",
		}, props...)}
		w.fs.SetLimit(volume)
		w.start()
		t.Cleanup(w.stop)
		time.Sleep(2 * time.Second) // the reserve is taken
		f(t, w)
	})
}

// fill writes until the disk is full, and gives the values that were taken.
func (w *world) fill(cl *kgo.Client, topic string) []string {
	w.t.Helper()
	var taken []string
	for i := range 10_000 {
		value := fmt.Sprintf("%06d%s", i, strings.Repeat("x", 50_000))
		err := w.produceTo(cl, topic, 0, value)
		switch {
		case err == nil:
			taken = append(taken, value)
			continue
		case !errors.Is(err, kerr.KafkaStorageError):
			w.t.Fatalf("the refusal is %v", err)
		}
		return taken
	}
	w.t.Fatal("the disk is never full")
	return nil
}

// resumes says how long it takes until a write to a topic is taken.
func (w *world) resumes(cl *kgo.Client, topic string) time.Duration {
	w.t.Helper()
	began := time.Now()
	for {
		err := w.produceTo(cl, topic, 0, "again")
		if err == nil {
			return time.Since(began)
		}
		if took := time.Since(began); took > 5*time.Second {
			w.t.Fatalf("after %v: %v", took, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// values gives all values of a topic's first partition.
func (w *world) values(topic string) []string {
	w.t.Helper()
	cl := w.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	defer cl.Close()
	ends, err := kadm.NewClient(cl).ListEndOffsets(w.t.Context(), topic)
	if err != nil {
		w.t.Fatal(err)
	}
	end, _ := ends.Lookup(topic, 0)
	var got []string
	for next := int64(0); next < end.Offset; {
		ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
		fetches := cl.PollFetches(ctx)
		cancel()
		if err := fetches.Err(); err != nil {
			w.t.Fatalf("read %s from %d to %d: %v", topic, next, end.Offset, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { got, next = append(got, string(r.Value)), r.Offset+1 })
	}
	return got
}

// The disk is filled; records and offsets are refused, everything else goes on;
// what is deleted makes room, and within 5 seconds records are taken again.
func TestAFullDiskRefusesRecordsAndNothingElse(t *testing.T) {
	type way struct {
		name string
		free func(w *world, adm *kadm.Client) error
	}
	str := func(s string) *string { return &s }
	for _, way := range []way{
		{"delete a topic", func(w *world, adm *kadm.Client) error {
			return func() error { _, err := adm.DeleteTopic(w.t.Context(), "old"); return err }()
		}},
		{"delete records", func(w *world, adm *kadm.Client) error {
			var to kadm.Offsets
			to.AddOffset("old", 0, 40, -1)
			resp, err := adm.DeleteRecords(w.t.Context(), to)
			return errors.Join(err, resp.Error())
		}},
		{"lower the retention", func(w *world, adm *kadm.Client) error {
			resp, err := adm.AlterTopicConfigs(w.t.Context(), []kadm.AlterConfig{{Name: "retention.bytes", Value: str("1000")}}, "old")
			if err == nil {
				err = resp[0].Err
			}
			return err
		}},
		{"enlarge the volume", func(w *world, _ *kadm.Client) error { w.fs.SetLimit(2 * volume); return nil }},
	} {
		t.Run(way.name, func(t *testing.T) {
			small(t, nil, func(t *testing.T, w *world) {
				cl := w.manual()
				adm := kadm.NewClient(cl)
				w.createTopic(cl, "old", 1, nil)
				w.createTopic(cl, "t", 1, nil)
				for i := range 45 {
					if err := w.produceTo(cl, "old", 0, strings.Repeat("o", 50_000)); err != nil {
						t.Fatal(i, err)
					}
				}
				var o kadm.Offsets
				o.AddOffset("t", 0, 5, -1)
				if err := adm.CommitAllOffsets(t.Context(), "g", o); err != nil {
					t.Fatal(err)
				}
				taken := w.fill(cl, "t")
				if len(taken) < 50 || !w.node.set.DirFull("/data") {
					t.Fatalf("full after %d records", len(taken))
				}
				w.checkFull(cl, adm, taken)
				if err := way.free(w, adm); err != nil {
					t.Fatalf("%s: %v", way.name, err)
				}
				if took := w.resumes(cl, "t"); took > 2*time.Second {
					t.Errorf("records are taken again after %v", took)
				}
				taken = append(taken, "again")
				o.AddOffset("t", 0, 7, -1)
				if err := adm.CommitAllOffsets(t.Context(), "g", o); err != nil {
					t.Errorf("a commit after the disk was full: %v", err)
				}
				if got := w.values("t"); !slices.Equal(got, taken) {
					t.Errorf("%d records are there, %d were taken", len(got), len(taken))
				}
				w.kill()
				w.fs.SetLimit(0)
				w.start()
				if got := w.values("t"); !slices.Equal(got, taken) {
					t.Errorf("after a crash %d records are there, %d were taken", len(got), len(taken))
				}
				offsets, err := adm.FetchOffsets(t.Context(), "g")
				if at, _ := offsets.Lookup("t", 0); err != nil || at.At != 7 {
					t.Errorf("the group's offset is %d, want 7: %v", at.At, err)
				}
			})
		})
	}
}

// checkFull sees what is refused, and that the rest goes on.
func (w *world) checkFull(cl *kgo.Client, adm *kadm.Client, taken []string) {
	w.t.Helper()
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis = -1, 1000
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic = "t"
	if ts, err := adm.ListTopics(w.t.Context(), "t"); err == nil {
		topic.TopicID = [16]byte(ts["t"].ID)
	}
	b := batch.NewBuilder(new(compress.Pool), batch.Options{})
	b.Append(0, nil, []byte("x"))
	part := kmsg.NewProduceRequestTopicPartition()
	part.Records, _ = b.Build(nil)
	topic.Partitions = append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	got := request[*kmsg.ProduceResponse](w, cl, req).Topics[0].Partitions[0]
	if got.ErrorCode != kerr.KafkaStorageError.Code || got.ErrorMessage == nil || !strings.Contains(*got.ErrorMessage, "/data is full") ||
		!strings.Contains(*got.ErrorMessage, "retention") {
		w.t.Errorf("a small record is answered %d, %v", got.ErrorCode, got.ErrorMessage)
	}
	if values := w.values("t"); !slices.Equal(values, taken) {
		w.t.Errorf("%d records are read, %d were taken", len(values), len(taken))
	}
	commit := kmsg.NewPtrOffsetCommitRequest()
	commit.Group, commit.Generation = "g", -1
	ct, cp := kmsg.NewOffsetCommitRequestTopic(), kmsg.NewOffsetCommitRequestTopicPartition()
	ct.Topic, ct.TopicID, cp.Offset = "t", topic.TopicID, 6
	ct.Partitions = append(ct.Partitions, cp)
	commit.Topics = append(commit.Topics, ct)
	if code := request[*kmsg.OffsetCommitResponse](w, cl, commit).Topics[0].Partitions[0].ErrorCode; code != kerr.CoordinatorNotAvailable.Code {
		w.t.Errorf("a commit on a full disk is answered %d", code)
	}
	for i := range 20 {
		w.createTopic(cl, fmt.Sprintf("new%d", i), 1, nil)
		w.alterBroker(cl, "message.max.bytes", fmt.Sprint(1_000_000+i))
	}
	for i := range 20 {
		if _, err := adm.DeleteTopic(w.t.Context(), fmt.Sprintf("new%d", i)); err != nil {
			w.t.Errorf("delete a topic: %v", err)
		}
	}
	if err := w.node.Err(); err != nil {
		w.t.Fatalf("the node failed: %v", err)
	}
}

// A node starts on a full disk, after a clean stop and after a crash: its
// reserve is given up for that, and taken again when there is space. It has no
// sync journal: that would give room when it ends.
func TestANodeStartsOnAFullDisk(t *testing.T) {
	for _, how := range []string{"clean", "crash"} {
		t.Run(how, func(t *testing.T) {
			small(t, []string{"gregor.log.journal.bytes=0"}, func(t *testing.T, w *world) {
				reserve := func() bool { ok, _ := vfs.Exists(w.fs, "/data/"+logdir.ReserveFile); return ok }
				if !reserve() {
					t.Fatal("there is no reserve")
				}
				cl := w.manual()
				w.createTopic(cl, "t", 1, nil)
				taken := w.fill(cl, "t")
				_, free, _ := w.fs.Usage("")
				w.fs.SetLimit(volume - free) // not a byte more
				if how == "clean" {
					w.stop()
					if ok, _ := vfs.Exists(w.fs, "/data/.kafka_cleanshutdown"); !ok {
						t.Error("the stop was not clean")
					}
				} else {
					w.kill()
				}
				w.start()
				if reserve() {
					t.Error("the reserve is kept")
				}
				if err := w.produceTo(cl, "t", 0, "x"); !errors.Is(err, kerr.KafkaStorageError) {
					t.Errorf("what was the reserve's is given to records: %v", err)
				}
				if got := w.values("t"); !slices.Equal(got, taken) {
					t.Errorf("%d records are there, %d were taken", len(got), len(taken))
				}
				w.fs.SetLimit(2 * volume)
				w.resumes(cl, "t")
				if !reserve() {
					t.Error("the reserve is not taken again")
				}
			})
		})
	}
}

// Where not even the reserve is left, changes wait for space and are then made:
// the node does not end.
func TestMetadataWaitsForSpace(t *testing.T) {
	small(t, nil, func(t *testing.T, w *world) {
		cl := w.client(kgo.RequestTimeoutOverhead(10 * time.Minute))
		w.createTopic(cl, "t", 1, nil)
		w.fs.SetLimit(1)
		_ = w.fs.Remove("/data/" + logdir.ReserveFile)
		done := make(chan error, 1)
		go func() {
			_, err := kadm.NewClient(cl).CreateTopic(t.Context(), 1, 1, nil, "late")
			done <- err
		}()
		time.Sleep(10 * time.Second)
		if err := w.node.Err(); err != nil {
			t.Fatalf("the node failed: %v", err)
		}
		select {
		case err := <-done:
			t.Fatalf("a topic is made without space: %v", err)
		default:
		}
		w.fs.SetLimit(volume)
		time.Sleep(time.Second)
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		default:
			t.Error("the topic is not made when there is space")
		}
	})
}

// A volume may be full before it is looked at again: it has its reserve from the
// start.
func TestTheReserveIsThereFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, fs: vfs.NewMem(time.Now)}
		w.fs.SetLimit(volume)
		w.start()
		t.Cleanup(w.stop)
		if ok, err := vfs.Exists(w.fs, "/data/"+logdir.ReserveFile); !ok || err != nil {
			t.Errorf("the reserve is there: %v, %v", ok, err)
		}
	})
}

// A group coordinator that is first needed on a full disk refuses, and serves
// when there is space.
func TestCoordinatorsBeginOnAFullDisk(t *testing.T) {
	small(t, []string{"offsets.topic.num.partitions=3"}, func(t *testing.T, w *world) {
		cl := w.manual()
		adm := kadm.NewClient(cl)
		w.createTopic(cl, "t", 1, nil)
		w.fill(cl, "t")
		_, free, _ := w.fs.Usage("")
		w.fs.SetLimit(volume - free)
		commit := func() error {
			var o kadm.Offsets
			o.AddOffset("t", 0, 5, -1)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			return adm.CommitAllOffsets(ctx, "g", o)
		}
		if err := commit(); err == nil {
			t.Fatal("an offset is taken")
		}
		w.fs.SetLimit(2 * volume)
		time.Sleep(2 * time.Second)
		if err := commit(); err != nil {
			t.Errorf("with space: %v", err)
		}
	})
}

// A transaction that is open when the disk fills is ended when there is space.
func TestATransactionOutlivesAFullDisk(t *testing.T) {
	small(t, nil, func(t *testing.T, w *world) {
		cl := w.manual()
		w.createTopic(cl, "t", 1, nil)
		w.createTopic(cl, "x", 1, nil)
		txn := w.client(kgo.TransactionalID("id"), kgo.DefaultProduceTopic("x"), kgo.TransactionTimeout(time.Minute))
		for _, commit := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
			if err := txn.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
			if err := txn.ProduceSync(t.Context(), kgo.StringRecord("x")).FirstErr(); err != nil {
				t.Fatal(err)
			}
			w.fill(cl, "t")
			ended := make(chan error, 1)
			go func() { ended <- txn.EndTransaction(t.Context(), commit) }()
			time.Sleep(3 * time.Second)
			total, _, _ := w.fs.Usage("")
			w.fs.SetLimit(total + volume)
			if err := <-ended; err != nil {
				t.Errorf("the end, commit %v: %v", commit, err)
			}
			time.Sleep(5 * time.Second) // the markers
			if p, _ := w.node.set.Partition(kafka.TopicPartition{Topic: "x"}); p.Log().LastStableOffset() != p.Log().LogEndOffset() {
				t.Errorf("commit %v: the last stable offset is %d of %d", commit, p.Log().LastStableOffset(), p.Log().LogEndOffset())
			}
		}
	})
}
