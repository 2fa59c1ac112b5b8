package partition

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/replica"
	"github.com/gregor-stream/gregor/internal/storage"
)

// TestReadersOfANewPartitionSeeAnEmptyLogWithoutItsDirectory: what a reader
// is told before the directory is made is what it is told afterwards, and
// reading does not make it.
func TestReadersOfANewPartitionSeeAnEmptyLogWithoutItsDirectory(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		b.apply(newTopic("a", 1)...)
		other := b.partition("a", 0)
		p := &Partition{set: b.set, dir: other.dir, config: other.config, topicID: topicID("new"),
			tp: kafka.TopicPartition{Topic: "new"}}
		p.role.Store(&role{leads: true, leader: self})

		before := answers(t, p)
		if p.made.Load() != nil {
			t.Fatal("reading made the log")
		}
		if _, err := p.open(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, answers(t, p)); diff != "" {
			t.Errorf("a made log answers otherwise (-before +after):\n%s", diff)
		}

		gone := &Partition{set: b.set, dir: other.dir, config: other.config}
		gone.role.Store(&role{deleted: true})
		if got := gone.LogStartOffset(); got != kafka.NoOffset {
			t.Errorf("a deleted partition starts at %d", got)
		}
	})
}

// answer is what one question got.
type answer struct {
	What  string
	At    storage.TimestampOffset
	Found bool
	Code  kafka.Error
	Read  [4]kafka.Offset
	Epoch replica.EpochEnd
	Count int
}

func answers(t *testing.T, p *Partition) []answer {
	t.Helper()
	var list []answer
	for stamp := kafka.Timestamp(-6); stamp < 2; stamp++ {
		for _, isolation := range []Isolation{ReadUncommitted, ReadCommitted, ReadAll} {
			at, found, err := p.OffsetFor(stamp, kafka.NoLeaderEpoch, isolation)
			list = append(list, answer{What: "offset", At: at, Found: found, Code: kafka.CodeOf(err)})
		}
	}
	for _, offset := range []kafka.Offset{-1, 0, 1} {
		var r Read
		err := p.Read(&Query{Offset: offset, MaxBytes: 100, MinOne: true, LeaderEpoch: kafka.NoLeaderEpoch, LastFetchedEpoch: kafka.NoLeaderEpoch}, &r)
		list = append(list, answer{What: "read", Code: kafka.CodeOf(err), Count: r.Section.Len(),
			Read: [4]kafka.Offset{r.HighWatermark, r.LastStable, r.LogStart, r.LogEnd}})
		r.Release()
	}
	for _, epoch := range []kafka.LeaderEpoch{-1, 0, 5} {
		end, err := p.EpochEnd(kafka.NoLeaderEpoch, epoch)
		list = append(list, answer{What: "epoch", Epoch: end, Code: kafka.CodeOf(err)})
	}
	producers, err := p.Producers()
	aborted, abortedErr := p.AbortedIn(nil, new(storage.Fetched))
	return append(list, answer{What: "rest", Count: len(producers) + len(aborted), Code: kafka.CodeOf(errors.Join(err, abortedErr)),
		Read: [4]kafka.Offset{p.LogStartOffset(), p.HighWatermark(), p.LogEndOffset()}})
}
