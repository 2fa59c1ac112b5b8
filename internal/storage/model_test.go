package storage

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// modelBatch is a batch that the model knows.
type modelBatch struct {
	first  kafka.Offset
	values []string
	epoch  kafka.LeaderEpoch
	pid    kafka.ProducerID
	last   int32 // sequence
	txn    bool
	marker string // commit, abort, or "" for records
}

func (b *modelBatch) end() kafka.Offset { return b.first + kafka.Offset(len(b.values)) }

// model is what a log must be: a list of batches.
type model struct {
	t       *rapid.T
	fs      *vfs.Mem
	log     *Log
	config  Config
	batches []modelBatch
	start   kafka.Offset
	end     kafka.Offset
	epoch   kafka.LeaderEpoch
	next    map[kafka.ProducerID]int32
	zombies bool // records were removed, and a crash may bring them back
	count   int
	seconds int64

	// What the checkpoint file of the recovery points and the memos have.
	checkpoint kafka.Offset
	memo       *logdir.Memo
}

func (m *model) open(o Options) {
	host := hostOf(m.fs)
	host.snapshotBytes = 500
	l, found, err := Open(host, o)
	if err != nil {
		m.t.Fatalf("open: %v", err)
	}
	if len(found.Damaged) > 0 {
		m.t.Fatalf("damage: %+v", found)
	}
	m.log = l
}

func (m *model) options() Options {
	o := testOptions(&m.config)
	o.LogStart = m.start
	return o
}

func (m *model) append() {
	n := rapid.IntRange(1, 5).Draw(m.t, "records")
	size := rapid.IntRange(0, 60).Draw(m.t, "size")
	b := modelBatch{first: m.end, epoch: m.epoch, pid: kafka.ProducerID(rapid.IntRange(-1, 2).Draw(m.t, "producer"))}
	for range n {
		m.count++
		b.values = append(b.values, fmt.Sprintf("%d-%0*d", m.count, size, 0))
	}
	o := batch.Options{}
	if b.pid >= 0 {
		o.Producer = &batch.Producer{ID: b.pid, Sequence: m.next[b.pid]}
		b.last = m.next[b.pid] + int32(n) - 1
	}
	if rapid.Bool().Draw(m.t, "compress") {
		o.Codec = compress.Gzip
	}
	m.seconds += rapid.Int64Range(0, 5).Draw(m.t, "pass")
	data := records(m.t2(), o, m.seconds, b.values...)
	info, err := m.log.AppendAsLeader(at(m.seconds), bytes.Clone(data), m.epoch, AppendOptions{})
	if err != nil || info.FirstOffset != b.first || info.LastOffset != b.end()-1 || info.Duplicate {
		m.t.Fatalf("append at %d: %+v %v", b.first, info, err)
	}
	if b.pid >= 0 {
		m.next[b.pid] += int32(n)
		if again, err := m.log.AppendAsLeader(at(m.seconds), data, m.epoch, AppendOptions{}); err != nil || !again.Duplicate || again.FirstOffset != b.first {
			m.t.Fatalf("the retry of the batch at %d: %+v %v", b.first, again, err)
		}
	}
	m.batches = append(m.batches, b)
	m.end = b.end()
	m.log.SetHighWatermark(m.end)
}

// t2 lets helpers that want a testing.TB fail.
func (m *model) t2() testing.TB { return rapidTB{t: m.t} }

// rapidTB is a rapid.T for the helpers of ordinary tests, which only fail.
type rapidTB struct {
	testing.TB
	t *rapid.T
}

func (t rapidTB) Helper()                           {}
func (t rapidTB) Fatal(args ...any)                 { t.t.Fatal(args...) }
func (t rapidTB) Fatalf(format string, args ...any) { t.t.Fatalf(format, args...) }

// cutTo takes the batches away that end above an offset.
func (m *model) cutTo(end kafka.Offset) {
	n := len(m.batches)
	for n > 0 && m.batches[n-1].end() > end {
		n--
	}
	m.batches = m.batches[:n]
	m.end = end
	m.next = map[kafka.ProducerID]int32{}
	for _, b := range m.batches {
		if b.pid >= 0 && b.marker == "" {
			m.next[b.pid] = b.last + 1
		}
	}
}

// transactional appends records of a transaction, or ends it.
func (m *model) transactional() {
	b := modelBatch{first: m.end, epoch: m.epoch, pid: kafka.ProducerID(rapid.IntRange(10, 12).Draw(m.t, "producer")), txn: true}
	b.marker = rapid.SampledFrom([]string{"", "", "commit", "abort"}).Draw(m.t, "marker")
	for _, p := range m.log.Producers() {
		if p.ProducerID == b.pid {
			// Where only a marker is left of it, a producer begins at 0 again.
			m.next[b.pid] = p.LastSequence + 1
		}
	}
	o := batch.Options{Transactional: true, Producer: &batch.Producer{ID: b.pid, Sequence: m.next[b.pid]}}
	builder, ao := batch.NewBuilder(nil, o), AppendOptions{}
	if b.marker == "" {
		guard, err := m.log.BeginVerification(at(m.seconds), b.pid, 0, o.Producer.Sequence, false)
		if err != nil {
			m.t.Fatal(err)
		}
		ao.Guard = guard
		m.count++
		b.values, b.last = []string{fmt.Sprint(m.count)}, m.next[b.pid]
		m.next[b.pid]++
		builder.Append(stampAt(m.seconds), nil, []byte(b.values[0]))
	} else {
		kind := batch.ControlAbort
		if b.marker == "commit" {
			kind = batch.ControlCommit
		}
		o.Control, o.Producer.Sequence = true, -1
		builder.Reset(o)
		builder.Append(stampAt(m.seconds), batch.ControlKey(kind), make([]byte, 6))
		b.values, ao.Origin = []string{""}, batch.FromCoordinator
	}
	data, err := builder.Build(nil)
	if err != nil {
		m.t.Fatal(err)
	}
	info, err := m.log.AppendAsLeader(at(m.seconds), data, m.epoch, ao)
	if err != nil || info.FirstOffset != b.first {
		m.t.Fatalf("transactional append %+v at %d: %+v %v", b, b.first, info, err)
	}
	m.batches = append(m.batches, b)
	m.end = b.end()
	m.log.SetHighWatermark(m.end)
}

// checkTransactions compares the last stable offset and the aborted transactions,
// unless one began before the log start: of that one only a part may be known.
func (m *model) checkTransactions() {
	open := map[kafka.ProducerID]kafka.Offset{}
	var aborted []AbortedTxn
	for _, b := range m.batches {
		first, began := open[b.pid]
		switch {
		case !b.txn:
		case b.marker == "" && !began:
			open[b.pid] = b.first
		case b.marker != "" && began:
			if first < m.start && b.end() > m.start {
				return
			}
			if b.marker == "abort" && first >= m.start {
				aborted = append(aborted, AbortedTxn{ProducerID: b.pid, FirstOffset: first})
			}
			delete(open, b.pid)
		}
	}
	stable := m.end
	for _, first := range open {
		if first < m.start {
			return
		}
		stable = min(stable, first)
	}
	if got := m.log.LastStableOffset(); got != stable {
		m.t.Fatalf("last stable offset %d, want %d", got, stable)
	}
	got, err := m.log.AbortedTxns(nil, m.start, m.end)
	if err != nil {
		m.t.Fatal(err)
	}
	if !slices.Equal(got, aborted) {
		m.t.Fatalf("aborted %v, want %v", got, aborted)
	}
}

func (m *model) truncate() {
	kept := []kafka.Offset{m.start}
	for _, b := range m.batches {
		if b.end() > m.start {
			kept = append(kept, b.end())
		}
	}
	to := rapid.SampledFrom(kept).Draw(m.t, "truncate to")
	changed, err := m.log.TruncateTo(at(m.seconds), to)
	if err != nil || changed != (to < m.end) {
		m.t.Fatalf("truncate to %d of %d: %v %v", to, m.end, changed, err)
	}
	m.zombies = m.zombies || changed
	m.checkpoint = min(m.checkpoint, m.log.Settled())
	if m.memo != nil && m.memo.End > to {
		m.memo = nil // a real truncation comes with a later epoch
	}
	m.cutTo(to)
}

// settle does what a round of the background does, and remembers what it writes
// down.
func (m *model) settle() {
	if err := m.log.Settle(); err != nil {
		m.t.Fatal(err)
	}
	if got := m.log.Settled(); got != m.end {
		m.t.Fatalf("settled up to %d of %d", got, m.end)
	}
	m.remember()
}

func (m *model) remember() {
	memo, _, err := m.log.Memo(at(1 << 30).UnixNano())
	if err != nil {
		m.t.Fatal(err)
	}
	m.memo, m.checkpoint = memo, m.log.Settled()
}

// hints adds what a start knows from checkpoints and memos, where it does.
func (m *model) hints(o *Options) {
	if rapid.Bool().Draw(m.t, "settled") {
		o.RecoveryPoint, o.Settled = m.checkpoint, m.checkpoint
	}
	if m.memo != nil && rapid.Bool().Draw(m.t, "memo") {
		o.Memo, o.Unchanged = m.memo, MemoHolds(m.fs, testDir, m.memo)
	}
}

func (m *model) advance() {
	to := kafka.Offset(rapid.Int64Range(int64(m.start), int64(m.end)).Draw(m.t, "log start"))
	if _, err := m.log.AdvanceLogStart(to); err != nil {
		m.t.Fatal(err)
	}
	m.start = to
	if _, err := m.log.Retain(at(m.seconds)); err != nil {
		m.t.Fatal(err)
	}
	if rapid.Bool().Draw(m.t, "sweep") {
		if err := m.log.Sweep(at(m.seconds + 100)); err != nil {
			m.t.Fatal(err)
		}
	}
}

func (m *model) flush() {
	if err := m.log.Flush(m.end); err != nil {
		m.t.Fatal(err)
	}
	if m.log.RecoveryPoint() != m.end {
		m.t.Fatalf("recovery point %d after a flush to %d", m.log.RecoveryPoint(), m.end)
	}
}

func (m *model) restart() {
	if err := m.log.Close(at(m.seconds)); err != nil {
		m.t.Fatal(err)
	}
	m.remember()
	o := m.options()
	o.Clean, o.RecoveryPoint = true, m.log.RecoveryPoint()
	m.hints(&o)
	m.open(o)
	checkIndexes(m.t2(), m.log)
	m.log.SetHighWatermark(m.end)
}

func (m *model) kill() {
	o := m.options()
	o.RecoveryPoint = kafka.Offset(rapid.Int64Range(0, int64(m.log.RecoveryPoint())).Draw(m.t, "checkpoint"))
	m.log.Abandon()
	m.hints(&o)
	m.open(o)
	checkIndexes(m.t2(), m.log)
	m.log.SetHighWatermark(m.end)
}

// crash loses what was not synced. What was is there, and behind it a beginning
// of the rest.
func (m *model) crash() {
	if m.zombies {
		m.append()
		m.flush()
		m.zombies = false
	}
	durable := m.log.RecoveryPoint()
	o := m.options()
	o.RecoveryPoint = durable
	m.fs = m.fs.CrashClone(rand.New(rand.NewPCG(rapid.Uint64().Draw(m.t, "seed"), 0)))
	if err := m.fs.MkdirAll("/data"); err != nil {
		m.t.Fatal(err)
	}
	m.hints(&o)
	m.open(o)
	if start := m.log.LogStartOffset(); durable <= m.start && start > m.start {
		m.start = start // the name of a later segment is all that is left
	}
	checkIndexes(m.t2(), m.log)
	end := m.log.LogEndOffset()
	if end < durable || end > m.end {
		m.t.Fatalf("after the crash the log ends at %d; %d was durable and %d written", end, durable, m.end)
	}
	m.cutTo(end)
	m.log.SetHighWatermark(m.end)
}

func (m *model) check() {
	if m.log.LogEndOffset() != m.end || m.log.LogStartOffset() != m.start {
		m.t.Fatalf("the log is [%d, %d), want [%d, %d)", m.log.LogStartOffset(), m.log.LogEndOffset(), m.start, m.end)
	}
	from := kafka.Offset(rapid.Int64Range(int64(m.start), int64(m.end)).Draw(m.t, "from"))
	upTo := m.end
	for _, b := range m.batches {
		if b.end() > from && rapid.IntRange(0, 4).Draw(m.t, "stop") == 0 {
			upTo = b.end()
			break
		}
	}
	var want []string
	last := map[kafka.ProducerID]int32{}
	for _, b := range m.batches {
		for i, v := range b.values {
			if at := b.first + kafka.Offset(i); at >= from && at < upTo && b.marker == "" {
				want = append(want, v)
			}
		}
		if b.end() <= m.start {
			continue
		}
		if epoch := m.log.EpochForOffset(max(b.first, m.start)); epoch != b.epoch {
			m.t.Fatalf("offset %d is of epoch %d, want %d", b.first, epoch, b.epoch)
		}
		if b.pid >= 0 && b.marker == "" {
			last[b.pid] = b.last
		}
	}
	m.checkTransactions()
	got, err := tryReadAll(m.log, from, upTo)
	if err != nil {
		m.t.Fatal(err)
	}
	equal(m.t2(), fmt.Sprintf("[%d, %d)", from, upTo), got, want)
	for _, p := range m.log.Producers() {
		if want, ok := last[p.ProducerID]; ok && p.LastSequence != want {
			m.t.Fatalf("producer %d is at sequence %d, want %d", p.ProducerID, p.LastSequence, want)
		}
		delete(last, p.ProducerID)
	}
	if len(last) > 0 {
		m.t.Fatalf("producers %v are forgotten", last)
	}
}

// A log is a list of batches, whatever happens to it: restarts, kills, crashes,
// truncation, retention, idle files closed in between.
func TestALogIsAListOfBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{t: t, config: DefaultConfig(), next: map[kafka.ProducerID]int32{}}
		m.config.SegmentBytes = rapid.IntRange(450, 2000).Draw(t, "segment.bytes")
		m.config.IndexIntervalBytes = rapid.IntRange(0, 400).Draw(t, "index.interval.bytes")
		m.config.SegmentIndexBytes = rapid.IntRange(36, 400).Draw(t, "segment.index.bytes")
		m.config.RetentionMs = -1
		clock := epoch2026
		m.fs = vfs.NewMem(func() time.Time { clock = clock.Add(time.Microsecond); return clock })
		must(m.t2(), m.fs.MkdirAll("/data"))
		must(m.t2(), m.fs.SyncDir("/"))
		o := m.options()
		o.New = true
		m.open(o)
		t.Repeat(map[string]func(*rapid.T){
			"append":  func(*rapid.T) { m.append() },
			"txn":     func(*rapid.T) { m.transactional() },
			"append2": func(*rapid.T) { m.append(); m.append() },
			"epoch": func(*rapid.T) {
				m.epoch++
				if err := m.log.AssignEpoch(m.epoch, m.end); err != nil {
					t.Fatal(err)
				}
			},
			"truncate": func(*rapid.T) { m.truncate() },
			"advance":  func(*rapid.T) { m.advance() },
			"flush":    func(*rapid.T) { m.flush() },
			"settle":   func(*rapid.T) { m.settle() },
			"roll": func(*rapid.T) {
				if err := m.log.Roll(at(m.seconds)); err != nil {
					t.Fatal(err)
				}
			},
			"idle": func(*rapid.T) {
				for range 2 {
					if err := m.log.CloseIdle(at(m.seconds + 1000)); err != nil {
						t.Fatal(err)
					}
				}
			},
			"restart": func(*rapid.T) { m.restart() },
			"kill":    func(*rapid.T) { m.kill() },
			"crash":   func(*rapid.T) { m.crash() },
			"":        func(*rapid.T) { m.check() },
		})
	})
}
