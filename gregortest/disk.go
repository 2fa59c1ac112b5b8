package gregortest

import (
	"strings"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// FailWrites lets the next n writes of records to a topic's partitions fail with
// an error that passes (EAGAIN); nothing of them reaches the disk. Their
// producers are told KAFKA_STORAGE_ERROR, and the write after the last is fine
// again. "" means every topic, the broker's own too; a broker whose metadata
// cannot be written ends ([Broker.Err]).
//
// [Broker.Heal] takes back what has not failed yet, and so do [Broker.Kill] and
// [Broker.Crash]: they come back with a disk that is whole.
func (b *Broker) FailWrites(topic string, n int) {
	b.t.Helper()
	b.fault("FailWrites", topic, n, false)
}

// TearWrites is FailWrites with half of the bytes on the disk, which the broker
// has to take back.
func (b *Broker) TearWrites(topic string, n int) {
	b.t.Helper()
	b.fault("TearWrites", topic, n, true)
}

// Heal makes the disk whole again.
func (b *Broker) Heal() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.disk.Heal()
}

func (b *Broker) fault(what, topic string, n int, torn bool) {
	b.t.Helper()
	if n <= 0 {
		b.t.Fatalf("gregortest: %s: %d writes are none", what, n)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.disk.Inject(vfs.Fault{Ops: vfs.OpWrite, Times: n, Short: torn, Passing: true, Match: func(name string) bool { return logOf(name, topic) }})
}

// logOf says whether a file holds records of a topic: <topic>-<partition>/x.log.
func logOf(name, topic string) bool {
	if !strings.HasSuffix(name, ".log") {
		return false
	}
	dir := vfs.Base(vfs.Dir(name))
	i := strings.LastIndexByte(dir, '-')
	return topic == "" || i >= 0 && dir[:i] == topic
}
