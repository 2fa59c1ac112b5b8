package gregortest

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/gregor-stream/gregor/internal/node"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// Start starts a broker that does not run, with the data that is left, at the
// address that it had.
func (b *Broker) Start() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		b.t.Fatal("gregortest: Start: the broker is closed; Stop one that is to start again")
	case b.node != nil:
		b.t.Fatal("gregortest: Start: the broker runs already")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	b.network.reset()
	n, err := node.Start(ctx, node.Config{
		Broker: b.config, FS: b.disk, Log: b.log, LogLevel: b.level, Listen: b.network.listen, Wrap: b.requests.wrap,
	})
	if err != nil {
		b.t.Fatalf("gregortest: start the broker: %v", err)
	}
	b.node = n
}

// Stop stops the broker cleanly: requests under way are answered, and everything
// is on disk. Until [Broker.Start] its address refuses connections.
func (b *Broker) Stop() {
	b.t.Helper()
	if !b.end() {
		b.t.Fatal("gregortest: Stop: the broker does not run")
	}
}

// Restart is Stop and Start.
func (b *Broker) Restart() {
	b.t.Helper()
	b.Stop()
	b.Start()
}

// Kill ends the broker as kill -9 does: connections break off, nothing is said to
// anybody, and on disk is what was written until then. No record that a client
// was told of is lost. [Broker.Start] brings the broker back.
func (b *Broker) Kill() {
	b.t.Helper()
	b.breakOff("Kill", (*vfs.Mem).Clone)
}

// Crash ends the broker as a loss of power does: connections break off, and on
// disk is only what was synced, with chance also some of what was written since,
// as a real disk may keep any part of it; the same source gives the same parts.
// With nil nothing that was not synced is kept. [Broker.Start] recovers from it.
//
// Topics, configurations and all other metadata are synced before they are
// answered, and so are records that were produced with acks=all, committed
// offsets and transactions: nothing of them is lost. Records of acks=1 and acks=0
// are synced when somebody waits to read them, when flush.messages and flush.ms of
// their topic say so, when a segment is full, and by [Broker.Stop]. In a topic
// with gregor.durability=page-cache, Apache Kafka's default, acks=all waits for no
// sync either, as on an Apache Kafka broker that is alone.
func (b *Broker) Crash(chance *rand.Rand) {
	b.t.Helper()
	b.breakOff("Crash", func(m *vfs.Mem) *vfs.Mem { return m.CrashClone(chance) })
}

// breakOff ends the broker with what keep leaves of its disk. Clients are cut off
// first: what is written after that, nobody was told of. The node goes down on
// the old disk, which nobody sees again.
func (b *Broker) breakOff(how string, keep func(*vfs.Mem) *vfs.Mem) {
	b.t.Helper()
	if b.running() == nil {
		b.t.Fatalf("gregortest: %s: the broker does not run", how)
	}
	b.network.cut()
	b.mu.Lock()
	left := keep(b.mem)
	b.mu.Unlock()
	b.end()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mem, b.disk = left, vfs.NewFaults(left)
}

// end stops the node; false where there is none. What goes wrong is for the log:
// a broker whose disk fails cannot stop cleanly, and need not.
func (b *Broker) end() bool {
	b.t.Helper()
	b.mu.Lock()
	n := b.node
	b.node = nil
	b.mu.Unlock()
	if n == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := n.Close(ctx); err != nil {
		b.t.Logf("gregortest: stop the broker: %v", err)
	}
	return true
}
