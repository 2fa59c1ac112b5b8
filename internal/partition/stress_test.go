package partition

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage"
)

// Appends, reads, long polls, deletions of records and of topics, changes of
// configuration and the housekeeping, all at once: the errors are those of a
// topic that is gone, and what the last topic of the name acknowledged is there
// after a crash. It is for the race detector, above all.
func TestEverythingAtOnce(t *testing.T) {
	for round := range 2 {
		bubble(t, []string{"log.initial.task.delay.ms=0", "log.retention.check.interval.ms=1"}, 2, func(t *testing.T, b *broker) {
			b.apply(newTopic("a", 2)...)
			b.apply(setConfig("a", "segment.bytes", "1048576"))
			var stop atomic.Bool
			var work sync.WaitGroup
			with := func(n int32, f func(p *Partition) error) {
				work.Go(func() {
					for !stop.Load() {
						p, ok := b.set.Partition(kafka.TopicPartition{Topic: "a", Partition: n})
						if !ok {
							time.Sleep(time.Millisecond)
							continue
						}
						switch err := f(p); kafka.CodeOf(err) {
						case kafka.ErrNone, kafka.ErrUnknownTopicOrPartition, kafka.ErrNotLeaderOrFollower, kafka.ErrOffsetOutOfRange:
						default:
							t.Errorf("a-%d: %v", n, err)
							return
						}
						time.Sleep(time.Millisecond)
					}
				})
			}
			for n := range int32(2) {
				for range 2 {
					with(n, func(p *Partition) error {
						_, err := p.Append(time.Now(), records(3, 50_000), -1, storage.AppendOptions{})
						return err
					})
				}
				with(n, func(p *Partition) error {
					w := NewWaiter()
					p.Watch(w)
					defer p.Unwatch(w)
					var read Read
					defer read.Release()
					err := p.Read(&Query{Offset: p.LogStartOffset(), MaxBytes: 1 << 20, LeaderEpoch: -1, LastFetchedEpoch: -1}, &read)
					if err == nil && read.Section.Len() > 0 {
						_, err = read.Section.ReadAt(make([]byte, read.Section.Len()), 0)
					}
					return err
				})
				with(n, func(p *Partition) error {
					_, err := p.DeleteRecords(p.HighWatermark() / 2)
					return err
				})
				with(n, func(p *Partition) error {
					_, _, err := p.OffsetFor(kafka.Timestamp(time.Now().UnixMilli()-5), -1, ReadUncommitted)
					return err
				})
			}
			for i := range 5 {
				time.Sleep(time.Duration(i*round) * time.Millisecond)
				b.apply(setConfig("a", "flush.messages", []string{"1", "1000", "9"}[i%3]))
				time.Sleep(17 * time.Millisecond)
				b.apply(&msg.RemoveTopicRecord{TopicId: topicID("a")})
				b.apply(newTopic("a", 2)...)
				b.apply(setConfig("a", "segment.bytes", "1048576"))
			}
			time.Sleep(50 * time.Millisecond)
			stop.Store(true)
			work.Wait()
			var want [2]kafka.Offset
			for n := range int32(2) {
				want[n] = b.partition("a", n).LogEndOffset()
			}
			b.crash()
			b.open()
			for n := range int32(2) {
				if got := b.partition("a", n).LogEndOffset(); got != want[n] || got == 0 {
					t.Errorf("a-%d ends at %d after the crash, at %d before", n, got, want[n])
				}
			}
		})
	}
}
