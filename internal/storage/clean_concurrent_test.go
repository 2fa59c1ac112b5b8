package storage

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// Appends, reads of all and of committed records, compaction, flushes and idle
// files being closed, at once: no reader sees a record that was not appended, or
// one of an aborted transaction, whichever segments it has in its hands.
func TestReadersAppendsAndCompactionTogether(t *testing.T) {
	k := newKeyedLog(t, disk(t), 21)
	k.config.FileDeleteDelayMs = 500
	var done atomic.Bool
	var wait sync.WaitGroup
	seen, committed := [2]map[kafka.Offset]keyed{}, [2]map[kafka.Offset]keyed{}
	var enough [2]atomic.Bool // records were seen
	for i := range seen {
		seen[i], committed[i] = map[kafka.Offset]keyed{}, map[kafka.Offset]keyed{}
		wait.Go(func() {
			var pool compress.Pool
			for !done.Load() && !t.Failed() {
				all, stable := readKeyed(t, &pool, k.log)
				maps.Copy(seen[i], all)
				maps.Copy(committed[i], stable)
				enough[i].Store(len(seen[i]) >= 100 && len(committed[i]) >= 100)
			}
		})
	}
	var seconds atomic.Int64
	wait.Go(func() {
		cleaned := kafka.Offset(-1)
		for i := int64(0); !done.Load() && !t.Failed(); i++ {
			now := at(seconds.Load())
			d, err := k.log.Dirt(now, cleaned)
			if err != nil {
				t.Errorf("look: %v", err)
				return
			}
			if i%3 == 0 {
				d.First = 0 // all of it again
			}
			done, err := k.log.Clean(now, &d, &CleanOptions{Limits: quick()})
			if err != nil && !errors.Is(err, ErrCleaningAborted) {
				t.Errorf("clean: %v", err)
				return
			}
			cleaned = done.Upto
			housekeep(t, k.log, i)
		}
	})
	for n := 0; n < 3000 || n < 100_000 && !(enough[0].Load() && enough[1].Load()) && !t.Failed(); n++ {
		k.step()
		seconds.Store(k.seconds)
	}
	done.Store(true)
	wait.Wait()
	k.check("at last", k.log)
	for i := range seen {
		if len(seen[i]) < 100 || len(committed[i]) < 100 {
			t.Errorf("reader %d saw only %d and %d records", i, len(seen[i]), len(committed[i]))
		}
		for offset, r := range seen[i] {
			if k.all[offset] != r {
				t.Fatalf("offset %d was read as %+v, appended was %+v", offset, r, k.all[offset])
			}
		}
		for offset, r := range committed[i] {
			if k.aborted[offset] {
				t.Fatalf("offset %d of an aborted transaction was read as committed: %+v", offset, r)
			}
		}
	}
}

// Where a log is cut, or loses its beginning, while it is being compacted, the
// compaction is given up and what it had in hand is not put in its place.
func TestACompactionYieldsToTruncationAndRetention(t *testing.T) {
	for name, disturb := range map[string]func(k *keyedLog) error{
		"truncate": func(k *keyedLog) error {
			_, err := k.log.TruncateTo(at(k.seconds), 100)
			for offset := range k.all {
				if offset >= 100 {
					delete(k.all, offset)
				}
			}
			k.log.SetHighWatermark(100)
			return err
		},
		"truncate fully": func(k *keyedLog) error {
			clear(k.all)
			return k.log.TruncateFully(at(k.seconds), 5)
		},
		"retain": func(k *keyedLog) error {
			_, err := k.log.AdvanceLogStart(200)
			if err == nil {
				_, err = k.log.Retain(at(k.seconds))
			}
			return err
		},
		"close": func(k *keyedLog) error {
			k.log.Abandon()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := disk(t)
			k := newKeyedLog(t, m, 33)
			for len(k.all) < 400 {
				k.step()
			}
			for pid := range k.open {
				k.endTxn(pid, true)
			}
			must(t, k.log.Flush(k.log.LogEndOffset()))
			calls, limits := 0, quick()
			limits.Pace = func(int) error {
				if calls++; calls == 80 { // some segments are replaced by then
					return disturb(k)
				}
				return nil
			}
			_, err := k.clean(limits)
			if calls < 80 || !errors.Is(err, ErrCleaningAborted) && name != "retain" {
				t.Fatalf("after %d calls: %v", calls, err)
			}
			start := k.log.LogStartOffset()
			k.log.Abandon()
			o := testOptions(&k.config)
			o.LogStart, o.RecoveryPoint = start, k.log.RecoveryPoint()
			l, found, err := Open(hostOf(m), o)
			if err != nil || len(found.Damaged)+len(found.Cuts) > 0 {
				t.Fatalf("%v %+v", err, found)
			}
			l.SetHighWatermark(l.LogEndOffset())
			all, _ := readKeyed(t, &k.pool, l)
			for offset, r := range all {
				if k.all[offset] != r {
					t.Fatalf("offset %d is %+v, want %+v", offset, r, k.all[offset])
				}
			}
			must(t, l.Close(at(k.seconds)))
		})
	}
}

// A read that found a segment which is then compacted still learns which of its
// records are aborted; when the old files are gone it is told so.
func TestAReadKnowsItsAbortedTransactionsAfterACompaction(t *testing.T) {
	m := disk(t)
	k := newKeyedLog(t, m, 2)
	for range 400 {
		k.step()
	}
	var f Fetched
	must(t, k.log.Read(0, 1000, true, k.log.LogEndOffset(), &f))
	before, err := k.log.AbortedIn(nil, &f)
	must(t, err)
	if len(before) == 0 {
		t.Fatal("there is no aborted transaction")
	}
	_, err = k.clean(quick())
	must(t, err)
	k.seconds += 25 * 3600
	k.cleaned = -1
	_, err = k.clean(quick())
	must(t, err)
	after, err := k.log.AbortedIn(nil, &f)
	if err != nil || len(after) < len(before) {
		t.Errorf("aborted %v (%v), before %v", after, err, before)
	}
	now, err := k.log.AbortedTxns(nil, f.From, f.Upper)
	if err != nil || len(now) >= len(before) {
		t.Errorf("the compacted log still has %v of %v (%v)", now, before, err)
	}
	must(t, k.log.Sweep(at(k.seconds+1000)))
	if _, err := k.log.AbortedIn(nil, &f); !errors.Is(err, fs.ErrNotExist) || kafka.CodeOf(err) != kafka.ErrKafkaStorageError {
		t.Errorf("when the files are gone: %v", err)
	}
	f.Release()
}

// Several compactions within file.delete.delay.ms leave several segments of one
// base for removal. A reader who holds the first has its own list, whichever
// transactions the later ones still know of; where its files are removed between
// the compactions it is told so, although others have their names.
func TestAReadKnowsItsAbortedTransactionsAfterManyCompactions(t *testing.T) {
	for name, sweep := range map[string]bool{"waiting": false, "removed": true} {
		t.Run(name, func(t *testing.T) {
			m := disk(t)
			k := newKeyedLog(t, m, 2)
			for range 400 {
				k.step()
			}
			for pid := range k.open {
				k.endTxn(pid, true)
			}
			reads := make([]Fetched, 5) // before each compaction, and after the last
			lists := make([][]AbortedTxn, len(reads))
			for i := range reads {
				if i > 0 {
					k.seconds, k.cleaned = k.seconds+25*3600, -1
					if sweep {
						must(t, k.log.Sweep(at(k.seconds)))
					}
					k.step() // a record more, which makes some of the rest go
					_, err := k.clean(quick())
					must(t, err)
				}
				must(t, k.log.Read(0, 1, true, k.log.LogEndOffset(), &reads[i]))
				reads[i].Upper = k.log.LogEndOffset() // all that these segments know of
				var err error
				lists[i], err = k.log.AbortedIn(nil, &reads[i])
				must(t, err)
				for j := range i {
					again, err := k.log.AbortedIn(nil, &reads[j])
					gone := sweep && errors.Is(err, fs.ErrNotExist)
					if sweep && j == 0 && i > 1 && !gone {
						t.Errorf("after compaction %d the files of the first read are removed: %v (%v)", i, again, err)
					}
					if !gone && (err != nil || !slices.Equal(again, lists[j])) {
						t.Errorf("before compaction %d, after %d: %v (%v), was %v", j+1, i, again, err, lists[j])
					}
				}
			}
			if n := len(lists); len(lists[0]) == 0 || len(lists[1]) == 0 || len(lists[n-1]) >= len(lists[1]) {
				t.Fatalf("the compactions do not differ: %v", lists)
			}
			if !sweep {
				deletedIsGone(t, k, reads)
				return
			}
			must(t, k.log.Sweep(at(k.seconds+61)))
			for name := range files(t, m, k.log.Dir()) {
				if strings.HasSuffix(name, segment.DeletedSuffix) {
					t.Errorf("%s is left", name)
				}
			}
		})
	}
}

// deletedIsGone deletes the log, and puts files where its were: they are not read.
func deletedIsGone(t *testing.T, k *keyedLog, reads []Fetched) {
	t.Helper()
	dir := k.log.Dir()
	must(t, k.log.Delete(kafka.UUID{1}))
	must(t, k.fs.Rename(k.log.Dir(), dir))
	for i := range reads {
		if again, err := k.log.AbortedIn(nil, &reads[i]); !errors.Is(err, fs.ErrNotExist) || len(again) > 0 {
			t.Errorf("read %d knows of the deleted log: %v (%v)", i, again, err)
		}
	}
	before := files(t, k.fs, dir)
	must(t, k.log.Sweep(at(k.seconds+61)))
	sameFiles(t, files(t, k.fs, dir), before)
}
