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

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// jbod runs f with a node on two directories, of which /d1 can be made to fail.
func jbod(t *testing.T, props []string, f func(t *testing.T, w *world, faults *vfs.Faults)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var faults *vfs.Faults
		w := &world{t: t, fs: vfs.NewMem(time.Now), props: append([]string{"log.dirs=/data,/d1", "min.insync.replicas=1"}, props...)}
		w.watch = func(fsys vfs.FS) vfs.FS { faults = vfs.NewFaults(fsys); return faults }
		w.start()
		t.Cleanup(w.stop)
		f(t, w, faults)
	})
}

// dirOf gives the partitions of a topic in a directory.
func (w *world) dirOf(dir, topic string) []int32 {
	w.t.Helper()
	synctest.Wait() // directories are made in the background
	var list []int32
	for n := range int32(100) {
		if ok, _ := vfs.Exists(w.fs, fmt.Sprintf("%s/%s-%d", dir, topic, n)); ok {
			list = append(list, n)
		}
	}
	return list
}

// request sends a request as it is, once.
func request[R kmsg.Response](w *world, cl *kgo.Client, req kmsg.Request) R {
	w.t.Helper()
	resp, err := cl.Broker(1).Request(w.t.Context(), req)
	if err != nil {
		w.t.Fatalf("%T: %v", req, err)
	}
	return resp.(R) //nolint:forcetypeassert // the caller knows
}

func (w *world) manual() *kgo.Client {
	return w.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.RecordRetries(0), kgo.RequestRetries(0),
		kgo.DisableIdempotentWrite(), kgo.ProducerLinger(0), kgo.ProducerBatchCompression(kgo.NoCompression()))
}

func (w *world) produceTo(cl *kgo.Client, topic string, partition int32, value string) error {
	return cl.ProduceSync(w.t.Context(), &kgo.Record{Topic: topic, Partition: partition, Value: []byte(value)}).FirstErr()
}

// What clients see of a partition whose directory has failed, as from Kafka: 56
// from everything that needs its log, and a leader of -1 in the metadata.
func TestAFailedDirectoryTakesItsPartitionsOfflineAndNoOthers(t *testing.T) {
	for name, fault := range map[string]vfs.Fault{
		"write": {Ops: vfs.OpWrite, Contains: "/d1/t-"},
		"sync":  {Ops: vfs.OpSync, Contains: "/d1/t-"},
		"once":  {Ops: vfs.OpSync, Contains: "/d1/t-", Times: 1},
		"full":  {Ops: vfs.OpSync, Contains: "/d1/t-", Times: 1, NoSpace: true},
	} {
		t.Run(name, func(t *testing.T) {
			jbod(t, []string{"log.flush.interval.messages=1"}, func(t *testing.T, w *world, faults *vfs.Faults) {
				cl := w.manual()
				w.createTopic(cl, "t", 6, nil)
				good, bad := w.dirOf("/data", "t"), w.dirOf("/d1", "t")
				if len(good) != 3 || len(bad) != 3 {
					t.Fatalf("placed in %v and %v", good, bad)
				}
				for n := range int32(6) {
					if err := w.produceTo(cl, "t", n, "before"); err != nil {
						t.Fatal(err)
					}
				}
				poll := w.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {bad[1]: kgo.NewOffset().At(1)}}),
					kgo.FetchMaxWait(10*time.Minute), kgo.KeepRetryableFetchErrors(), kgo.RequestTimeoutOverhead(15*time.Minute))
				polled := make(chan error, 1)
				go func() { polled <- poll.PollFetches(t.Context()).Err() }()
				synctest.Wait()
				faults.Inject(fault)
				if err := w.produceTo(cl, "t", bad[0], "lost"); !errors.Is(err, kerr.KafkaStorageError) {
					t.Errorf("the write that fails: %v", err)
				}
				synctest.Wait()
				select {
				case err := <-polled:
					if !errors.Is(err, kerr.KafkaStorageError) {
						t.Errorf("the poll that waited ends with %v", err)
					}
				default:
					t.Error("a poll waits on")
				}
				for _, n := range bad {
					if err := w.produceTo(cl, "t", n, "after"); !errors.Is(err, kerr.KafkaStorageError) && !errors.Is(err, kerr.LeaderNotAvailable) {
						t.Errorf("a write to partition %d: %v", n, err)
					}
				}
				for _, n := range good {
					if err := w.produceTo(cl, "t", n, "after"); err != nil {
						t.Errorf("a write to partition %d: %v", n, err)
					}
				}
				w.checkOffline(cl, "t", good, bad)
				w.createTopic(cl, "new", 4, nil)
				if in := w.dirOf("/d1", "new"); len(in) > 0 {
					t.Errorf("new partitions %v are in a failed directory", in)
				}
				w.stop()
				if ok, _ := vfs.Exists(w.fs, "/d1/.kafka_cleanshutdown"); ok {
					t.Error("the failed directory is marked as clean")
				}
				if ok, _ := vfs.Exists(w.fs, "/data/.kafka_cleanshutdown"); !ok {
					t.Error("the other directory is not marked as clean")
				}
				w.start() // on a disk that is whole again
				for n := range int32(6) {
					if err := w.produceTo(cl, "t", n, "again"); err != nil {
						t.Errorf("partition %d after the restart: %v", n, err)
					}
				}
			})
		})
	}
}

// checkOffline asks for everything that shows whether a partition is online.
func (w *world) checkOffline(cl *kgo.Client, topic string, good, bad []int32) {
	w.t.Helper()
	want := func(n int32) int16 {
		if slices.Contains(bad, n) {
			return kerr.KafkaStorageError.Code
		}
		return 0
	}
	meta := request[*kmsg.MetadataResponse](w, cl, &kmsg.MetadataRequest{Topics: []kmsg.MetadataRequestTopic{{Topic: &topic}}})
	for _, p := range meta.Topics[0].Partitions {
		off := slices.Contains(bad, p.Partition)
		if off != (p.Leader == -1) || off != slices.Equal(p.OfflineReplicas, []int32{1}) || off != (p.ErrorCode == kerr.LeaderNotAvailable.Code) {
			w.t.Errorf("metadata of partition %d: leader %d, offline replicas %v, code %d", p.Partition, p.Leader, p.OfflineReplicas, p.ErrorCode)
		}
	}
	list, epoch := kmsg.NewPtrListOffsetsRequest(), kmsg.NewPtrOffsetForLeaderEpochRequest()
	del, fetch := kmsg.NewPtrDeleteRecordsRequest(), kmsg.NewPtrFetchRequest()
	list.ReplicaID, epoch.ReplicaID, fetch.MaxBytes, fetch.SessionEpoch = -1, -1, 1<<20, -1
	del.TimeoutMillis = 1000
	lt, et, dt, ft := kmsg.NewListOffsetsRequestTopic(), kmsg.NewOffsetForLeaderEpochRequestTopic(), kmsg.NewDeleteRecordsRequestTopic(), kmsg.NewFetchRequestTopic()
	lt.Topic, et.Topic, dt.Topic, ft.Topic, ft.TopicID = topic, topic, topic, topic, meta.Topics[0].TopicID
	for _, n := range slices.Concat(good, bad) {
		lp, ep, dp, fp := kmsg.NewListOffsetsRequestTopicPartition(), kmsg.NewOffsetForLeaderEpochRequestTopicPartition(), kmsg.NewDeleteRecordsRequestTopicPartition(), kmsg.NewFetchRequestTopicPartition()
		lp.Partition, ep.Partition, dp.Partition, fp.Partition = n, n, n, n
		lp.Timestamp, fp.PartitionMaxBytes = -1, 1<<20
		lt.Partitions, et.Partitions, dt.Partitions, ft.Partitions = append(lt.Partitions, lp), append(et.Partitions, ep), append(dt.Partitions, dp), append(ft.Partitions, fp)
	}
	list.Topics, epoch.Topics, del.Topics, fetch.Topics = append(list.Topics, lt), append(epoch.Topics, et), append(del.Topics, dt), append(fetch.Topics, ft)
	check := func(what string, n int32, code int16) {
		w.t.Helper()
		if code != want(n) {
			w.t.Errorf("%s of partition %d: code %d, want %d", what, n, code, want(n))
		}
	}
	for _, p := range request[*kmsg.ListOffsetsResponse](w, cl, list).Topics[0].Partitions {
		check("ListOffsets", p.Partition, p.ErrorCode)
	}
	for _, p := range request[*kmsg.OffsetForLeaderEpochResponse](w, cl, epoch).Topics[0].Partitions {
		check("OffsetForLeaderEpoch", p.Partition, p.ErrorCode)
	}
	for _, p := range request[*kmsg.DeleteRecordsResponse](w, cl, del).Topics[0].Partitions {
		check("DeleteRecords", p.Partition, p.ErrorCode)
	}
	for _, p := range request[*kmsg.FetchResponse](w, cl, fetch).Topics[0].Partitions {
		check("Fetch", p.Partition, p.ErrorCode)
	}
	for _, d := range request[*kmsg.DescribeLogDirsResponse](w, cl, kmsg.NewPtrDescribeLogDirsRequest()).Dirs {
		if off := d.Dir == "/d1"; off != (d.ErrorCode == kerr.KafkaStorageError.Code) || off != (len(d.Topics) == 0) {
			w.t.Errorf("log directory %s: code %d, %d topics", d.Dir, d.ErrorCode, len(d.Topics))
		}
	}
	if st := w.node.set.Stats(0, 0); st.Offline != len(bad) {
		w.t.Errorf("%d offline replicas are counted, want %d", st.Offline, len(bad))
	}
}

// A group whose offsets are in a failed directory has no coordinator; the other
// groups have theirs.
func TestGroupsInAFailedDirectoryHaveNoCoordinator(t *testing.T) {
	jbod(t, []string{"offsets.topic.num.partitions=2"}, func(t *testing.T, w *world, faults *vfs.Faults) {
		cl := w.client()
		adm := kadm.NewClient(cl)
		w.createTopic(cl, "t", 1, nil)
		commit := func(group string) error {
			var o kadm.Offsets
			o.AddOffset("t", 0, 5, -1)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			return adm.CommitAllOffsets(ctx, group, o)
		}
		for _, g := range []string{"a", "b"} { // of the partitions 1 and 0
			if err := commit(g); err != nil {
				t.Fatal(err)
			}
		}
		bad := w.dirOf("/d1", "__consumer_offsets")
		faults.Inject(vfs.Fault{Ops: vfs.OpWrite, Contains: "/d1/__consumer_offsets"})
		for group, n := range map[string]int32{"a": 1, "b": 0} {
			err := commit(group)
			if err2 := commit(group); (err2 == nil) != !slices.Contains(bad, n) {
				t.Errorf("group %s, in partition %d of %v: %v, then %v", group, n, bad, err, err2)
			}
		}
		if err := w.node.Err(); err != nil {
			t.Errorf("the node failed: %v", err)
		}
	})
}

func TestTheNodeEndsWithItsMetadataOrItsLastDirectory(t *testing.T) {
	for name, c := range map[string]struct {
		props []string
		fail  string
		want  string
	}{
		"metadata": {nil, "/data/t-", "/data, which holds the metadata, has failed"},
		"last":     {[]string{"log.dirs=/d1", "metadata.log.dir=/data"}, "/d1/t-", "the last log directory, /d1, has failed"},
	} {
		t.Run(name, func(t *testing.T) {
			jbod(t, c.props, func(t *testing.T, w *world, faults *vfs.Faults) {
				cl := w.manual()
				w.createTopic(cl, "t", 2, nil)
				faults.Inject(vfs.Fault{Ops: vfs.OpWrite, Contains: c.fail})
				for n := range int32(2) {
					_ = w.produceTo(cl, "t", n, "x")
				}
				select {
				case <-w.node.Failed():
				default:
					t.Fatal("the node goes on")
				}
				if err := w.node.Err(); !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// A directory that cannot be read at the start is as one that fails later.
func TestANodeStartsWithoutADirectoryThatCannotBeRead(t *testing.T) {
	for _, c := range []struct {
		what  string
		fault vfs.Fault
		fatal bool
	}{
		{"listed", vfs.Fault{Ops: vfs.OpList, Match: func(name string) bool { return name == "/d1" }}, false},
		{"read", vfs.Fault{Ops: vfs.OpOpen | vfs.OpRead, Contains: "/d1/"}, false},
		{"read, but for a checkpoint file", vfs.Fault{Ops: vfs.OpRead, Contains: "/d1/recovery-point-offset-checkpoint"}, false},
		{"made", vfs.Fault{Ops: vfs.OpMkdir, Contains: "/d1"}, false},
		{"read, with the metadata", vfs.Fault{Ops: vfs.OpRead, Contains: "/data/meta.properties"}, true},
	} {
		t.Run(c.what, func(t *testing.T) {
			jbod(t, nil, func(t *testing.T, w *world, _ *vfs.Faults) {
				cl := w.manual()
				w.createTopic(cl, "t", 4, nil)
				good, bad := w.dirOf("/data", "t"), w.dirOf("/d1", "t")
				for n := range int32(4) {
					if err := w.produceTo(cl, "t", n, "before"); err != nil {
						t.Fatal(err)
					}
				}
				w.stop()
				whole := w.watch
				w.watch = func(fsys vfs.FS) vfs.FS { f := vfs.NewFaults(fsys); f.Inject(c.fault); return f }
				n, err := w.tryStart()
				if c.fatal {
					if err == nil || !strings.Contains(err.Error(), "/data") {
						t.Errorf("the start: %v", err)
					}
					w.watch = whole
					w.start()
					return
				}
				if err != nil {
					t.Fatalf("the start: %v", err)
				}
				w.node = n
				synctest.Wait()
				w.checkOffline(cl, "t", good, bad)
				w.createTopic(cl, "new", 4, nil)
				if in := w.dirOf("/d1", "new"); len(in) > 0 {
					t.Errorf("new partitions %v are in a failed directory", in)
				}
				w.stop()
				w.watch = whole
				w.start()
				for n := range int32(4) {
					if err := w.produceTo(cl, "t", n, "again"); err != nil {
						t.Errorf("partition %d after the disk was mended: %v", n, err)
					}
				}
			})
		})
	}
}

// The controller learns where the replicas are: without that it would not know
// which ones a failed directory takes.
func TestTheControllerKnowsTheDirectoriesOfReplicas(t *testing.T) {
	jbod(t, nil, func(t *testing.T, w *world, _ *vfs.Faults) {
		w.createTopic(w.client(), "t", 5000, nil)
		time.Sleep(time.Second)
		counts := map[kafka.UUID]int{}
		topic, _ := w.node.quorum.Image().Topics.ByName("t")
		for _, p := range topic.All() {
			id, _ := p.Directory(1)
			counts[id]++
		}
		for _, d := range w.node.dirs {
			if counts[d.meta.DirectoryID] != 2500 {
				t.Errorf("%s has %d partitions", d.path, counts[d.meta.DirectoryID])
			}
		}
	})
}
