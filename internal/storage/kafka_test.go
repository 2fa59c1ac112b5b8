package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// kafkaDir is a log directory that Apache Kafka wrote; see its README.md.
const kafkaDir = "testdata/kafka44"

// kafkaLogs are its partitions, with their settings.
func kafkaLogs() map[string]Config {
	small, txn := DefaultConfig(), DefaultConfig()
	small.SegmentBytes, txn.SegmentBytes = 6000, 1<<20
	small.IndexIntervalBytes, txn.IndexIntervalBytes = 512, 512
	small.ProducerIDExpirationMs, txn.ProducerIDExpirationMs = 1<<60, 1<<60
	return map[string]Config{"small": small, "txn": txn}
}

// kafkaEnd is where each of the logs ends.
const kafkaEnd = 425

// copyTree copies a directory of the host into memory.
func copyTree(t testing.TB, m *vfs.Mem, from, to string) {
	t.Helper()
	host := vfs.OS{}
	entries, err := host.List(from)
	must(t, err)
	must(t, m.MkdirAll(to))
	for _, e := range entries {
		if e.Dir {
			copyTree(t, m, vfs.Join(from, e.Name), vfs.Join(to, e.Name))
			continue
		}
		data, err := vfs.ReadFile(host, vfs.Join(from, e.Name), 1<<30)
		must(t, err)
		must(t, vfs.WriteFile(m, vfs.Join(to, e.Name), data))
	}
}

// files reads all files of a directory.
func files(t testing.TB, fsys vfs.FS, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	entries, err := fsys.List(dir)
	must(t, err)
	for _, e := range entries {
		data, err := vfs.ReadFile(fsys, vfs.Join(dir, e.Name), 1<<30)
		must(t, err)
		found[e.Name] = string(data)
	}
	return found
}

func sameFiles(t *testing.T, got, want map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, there := got[name]; !there {
			t.Errorf("%s is missing", name)
		} else if got[name] != want[name] {
			t.Errorf("%s differs: %d bytes, want %d\n% x\n% x", name, len(got[name]), len(want[name]), tail(got[name]), tail(want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, there := want[name]; !there {
			t.Errorf("%s is not Kafka's", name)
		}
	}
}

func tail(s string) string { return s[max(0, len(s)-200):] }

// eachKafkaLog runs a test for each partition of the directory.
func eachKafkaLog(t *testing.T, run func(t *testing.T, m *vfs.Mem, o Options)) {
	t.Helper()
	for topic, c := range kafkaLogs() {
		t.Run(topic, func(t *testing.T) {
			m := disk(t)
			copyTree(t, m, kafkaDir, "/data")
			points, err := logdir.ReadOffsets(m, "/data/"+logdir.RecoveryPointFile)
			must(t, err)
			tp := kafka.TopicPartition{Topic: topic}
			clean, _, err := logdir.ReadClean(m, "/data")
			must(t, err)
			run(t, m, Options{Dir: "/data/" + tp.String(), Partition: tp, Config: &c, Clean: clean, RecoveryPoint: points[tp], Now: at(0)})
		})
	}
}

func TestADirectoryOfKafkaIsOpenedAndLeftAsItIs(t *testing.T) {
	eachKafkaLog(t, func(t *testing.T, m *vfs.Mem, o Options) {
		want := files(t, m, o.Dir)
		faults := vfs.NewFaults(m)
		l, found, err := Open(hostOf(faults), o)
		must(t, err)
		if l.LogEndOffset() != kafkaEnd || found.Scanned != 0 || l.RecoveryPoint() != kafkaEnd {
			t.Fatalf("end %d, recovery point %d, %+v", l.LogEndOffset(), l.RecoveryPoint(), found)
		}
		if len(found.Rebuilt)+len(found.Removed)+len(found.Cuts) > 0 {
			t.Fatalf("repaired: %+v", found)
		}
		checkKafkaContent(t, l)
		must(t, l.Close(at(1)))
		sameFiles(t, files(t, m, o.Dir), want)
	})
}

// checkKafkaContent checks what the two topics both have.
func checkKafkaContent(t *testing.T, l *Log) {
	t.Helper()
	values := readAll(t, l, 0)
	if len(values) != 410 || values[0] != "q-0-0" || values[409] != "idem-49" {
		t.Fatalf("%d values", len(values))
	}
	l.SetHighWatermark(kafkaEnd)
	if l.LastStableOffset() != kafkaEnd {
		t.Fatalf("last stable offset %d", l.LastStableOffset())
	}
	aborted, err := l.AbortedTxns(nil, 0, kafkaEnd)
	must(t, err)
	if len(aborted) != 5 {
		t.Fatalf("aborted %+v", aborted)
	}
	if some, err := l.AbortedTxns(nil, aborted[2].FirstOffset, aborted[2].FirstOffset+1); err != nil || len(some) == 0 || len(some) > 3 {
		t.Fatalf("aborted around %d: %+v %v", aborted[2].FirstOffset, some, err)
	}
	producers := l.Producers()
	if len(producers) != 3 {
		t.Fatalf("producers %+v", producers)
	}
	for _, p := range producers {
		if p.TxnFirstOffset != -1 {
			t.Errorf("an open transaction: %+v", p)
		}
	}
	if last := producers[2]; last.LastSequence != 49 || last.Epoch != 0 {
		t.Errorf("the idempotent producer: %+v", last)
	}
}

// What kill -9 leaves of a directory, Gregor repairs into what Kafka's clean
// shutdown would have left, byte for byte: indexes, transaction index, snapshot.
func TestAKilledDirectoryIsRepairedIntoWhatKafkaWouldHaveLeft(t *testing.T) {
	eachKafkaLog(t, func(t *testing.T, m *vfs.Mem, o Options) {
		want := files(t, m, o.Dir)
		last := ""
		for name := range want {
			if base, found := strings.CutSuffix(name, ".log"); found {
				last = max(last, base)
			}
		}
		for _, suffix := range []string{".index", ".timeindex"} {
			f, err := m.Open(vfs.Join(o.Dir, last+suffix), vfs.Write)
			must(t, err)
			must(t, f.Truncate(10<<20))
		}
		must(t, m.Remove(vfs.Join(o.Dir, fmt.Sprintf("%020d.snapshot", kafkaEnd))))
		o.Clean, o.RecoveryPoint = false, 0
		l, found, err := Open(hostOf(m), o)
		must(t, err)
		if l.LogEndOffset() != kafkaEnd || len(found.Cuts)+len(found.Damaged) > 0 || found.Scanned == 0 {
			t.Fatalf("end %d, %+v", l.LogEndOffset(), found)
		}
		checkKafkaContent(t, l)
		must(t, l.Close(at(1)))
		sameFiles(t, files(t, m, o.Dir), want)
	})
}

// The batches of Kafka's segments, appended one by one, give Kafka's files.
func TestTheSameAppendsGiveTheSameFiles(t *testing.T) {
	eachKafkaLog(t, func(t *testing.T, m *vfs.Mem, o Options) {
		want := files(t, m, o.Dir)
		var batches []batch.Batch
		for _, name := range slices.Sorted(maps.Keys(want)) {
			if strings.HasSuffix(name, ".log") {
				for it := batch.Batches([]byte(want[name])); it.Next(); {
					batches = append(batches, it.Batch())
				}
			}
		}
		id, err := logdir.ReadTopicID(m, o.Dir)
		must(t, err)
		for _, follower := range []bool{true, false} {
			must(t, m.RemoveAll(o.Dir))
			o.New, o.TopicID = true, id
			l, _, err := Open(hostOf(m), o)
			must(t, err)
			for _, b := range batches {
				b = bytes.Clone(b)
				if follower {
					_, err = l.AppendAsFollower(at(0), b, 0)
				} else {
					_, err = l.AppendAsLeader(at(6_000_000), leaderBytes(b), 0, originOf(t, l, b))
				}
				must(t, err)
			}
			must(t, l.Close(at(1)))
			sameFiles(t, files(t, m, o.Dir), want)
		}
	})
}

// leaderBytes is a batch as its producer sent it.
func leaderBytes(b batch.Batch) []byte {
	b.SetBaseOffset(0)
	b.SetLeaderEpoch(-1)
	return b
}

func originOf(t *testing.T, l *Log, b batch.Batch) AppendOptions {
	t.Helper()
	if b.Control() {
		return AppendOptions{Origin: batch.FromCoordinator, TransactionVersion: 2}
	}
	if !b.Transactional() {
		return AppendOptions{}
	}
	guard, err := l.BeginVerification(at(0), b.ProducerID(), b.ProducerEpoch(), b.BaseSequence(), false)
	must(t, err)
	return AppendOptions{Guard: guard}
}

func TestKafkasDirectoryTakesMoreAppends(t *testing.T) {
	eachKafkaLog(t, func(t *testing.T, m *vfs.Mem, o Options) {
		l, _, err := Open(hostOf(m), o)
		must(t, err)
		appendValues(t, l, 5, "gregor")
		equal(t, "the new value", readAll(t, l, kafkaEnd), []string{"gregor"})
		if _, err := m.Stat(vfs.Join(o.Dir, fmt.Sprintf("%020d.log", kafkaEnd))); !errors.Is(err, fs.ErrNotExist) && o.Partition.Topic == "txn" {
			t.Errorf("a needless roll: %v", err)
		}
	})
}
