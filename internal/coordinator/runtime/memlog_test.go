package runtime

import (
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// memLogs are partitions in memory, led by this node in epoch 1.
type memLogs struct {
	mu   sync.Mutex
	logs map[int32]*memLog
}

func newMemLogs() *memLogs { return &memLogs{logs: map[int32]*memLog{}} }

func (l *memLogs) log(partition int32) *memLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.logs[partition] == nil {
		l.logs[partition] = &memLog{max: 1 << 20}
	}
	return l.logs[partition]
}

func (l *memLogs) Lead(partition int32, _ kafka.LeaderEpoch) (Log, error) {
	log := l.log(partition)
	if log.lost {
		return nil, kafka.ErrNotLeaderOrFollower
	}
	return log, nil
}

// memLog is a log whose high watermark follows at once, or when it is told to.
type memLog struct {
	mu       sync.Mutex
	batches  []byte
	end      kafka.Offset
	hw       kafka.Offset
	lag      bool // the high watermark waits for release
	disk     bool // and for nothing but the disk
	max      int
	fail     error // of the next appends
	lost     bool
	slow     time.Duration // of a read
	appends  int
	largest  int // read that was asked for
	watchers []chan struct{}
}

func (l *memLog) Append(_ time.Time, records []byte, _ AppendOptions) (kafka.Offset, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return 0, l.fail
	}
	l.appends++
	base := l.end
	b := batch.Batch(append([]byte(nil), records...))
	b.SetBaseOffset(base)
	b.SetLeaderEpoch(1)
	l.batches = append(l.batches, b...)
	l.end = b.NextOffset()
	if !l.lag {
		l.hw = l.end
	}
	return base, nil
}

func (l *memLog) Read(from kafka.Offset, buf []byte) ([]byte, error) {
	time.Sleep(l.slow)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.largest = max(l.largest, len(buf))
	for it := batch.Batches(l.batches); it.Next(); {
		if it.Batch().NextOffset() > from {
			rest := l.batches[it.Position():]
			if len(rest) > len(buf) {
				rest = rest[:max(len(buf), len(it.Batch()))]
			}
			return append([]byte(nil), rest...), nil
		}
	}
	return nil, nil
}

func (l *memLog) StartOffset() kafka.Offset { return 0 }

func (l *memLog) EndOffset() kafka.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end
}

func (l *memLog) HighWatermark() kafka.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hw
}

func (l *memLog) MaxBatchBytes() int { return l.max }

func (l *memLog) Behind() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.disk && l.hw < l.end
}

func (l *memLog) Watch() (<-chan struct{}, func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := make(chan struct{}, 1)
	l.watchers = append(l.watchers, c)
	return c, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for i, w := range l.watchers {
			if w == c {
				l.watchers = append(l.watchers[:i], l.watchers[i+1:]...)
				return
			}
		}
	}
}

// hold keeps the high watermark where it is, until release.
func (l *memLog) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lag = true
}

func (l *memLog) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lag = false
	l.hw = l.end
	for _, w := range l.watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

func (l *memLog) failWith(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = err
}
