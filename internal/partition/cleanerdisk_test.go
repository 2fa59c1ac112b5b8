package partition

import (
	"context"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// compactible is a partition over a disk that can fail, with something to
// compact, and the compaction.
func (b *broker) compactible() (*vfs.Faults, *cleaning) {
	b.t.Helper()
	b.compacted("gregor.durability=page-cache")
	faults, _ := b.withFaults()
	p := b.partition("a", 0)
	b.rounds(p, 200, 5)
	log := p.made.Load()
	dirt, err := log.Dirt(time.Now(), kafka.NoOffset)
	if err != nil || dirt.End <= dirt.First {
		b.t.Fatalf("nothing to compact: %+v %v", dirt, err)
	}
	return faults, &cleaning{p: p, log: log, dirt: dirt, ended: make(chan struct{})}
}

// What a compaction finds of a failing disk fences its directory, like what
// anybody finds.
func TestACompactionFencesADirectoryThatFails(t *testing.T) {
	for _, fault := range []vfs.Fault{
		{Ops: vfs.OpSync, Contains: "a-0/"}, // before it begins
		{Ops: vfs.OpWrite | vfs.OpOpen, Contains: ".cleaned"},
		{Ops: vfs.OpSyncDir, Contains: "a-0", After: 2},
	} {
		bubble(t, nil, 1, func(t *testing.T, b *broker) {
			faults, run := b.compactible()
			faults.Inject(fault)
			b.set.clean(t.Context(), run)
			if run.p.dir.failed() == nil {
				t.Errorf("%+v: the directory is not fenced", fault)
			}
			time.Sleep(time.Second)
			if run.p.Leads() {
				t.Errorf("%+v: the partition is not offline", fault)
			}
			b.unclean = true
		})
	}
}

// A full disk puts a compaction off, and what is compacted is below the recovery
// point that the next start knows.
func TestACompactionBeginsWhenAllIsSettled(t *testing.T) {
	bubble(t, nil, 1, func(t *testing.T, b *broker) {
		faults, run := b.compactible()
		faults.Inject(vfs.Fault{Ops: vfs.OpWrite, NoSpace: true, Contains: logdir.EpochFile})
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // it does not rest
		b.set.clean(ctx, run)
		if run.p.uncleanable.Load() || run.p.dir.failed() != nil {
			t.Fatalf("uncleanable %t, failed %v", run.p.uncleanable.Load(), run.p.dir.failed())
		}
		faults.Heal()
		if err := b.set.secure(run); err != nil {
			t.Fatal(err)
		}
		if point := b.checkpointed(logdir.RecoveryPointFile); point < run.dirt.End {
			t.Errorf("the recovery point is %d, what is compacted ends at %d", point, run.dirt.End)
		}
	})
}
