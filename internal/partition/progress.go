package partition

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/storage"
)

// progressEvery is how often a long start tells how far it is.
const progressEvery = 3 * time.Second

// Progress is how far the opening of the logs is. The zero value is ready; it
// may be read at any time, also before there is anything to read.
type Progress struct {
	dirs atomic.Pointer[[]dirProgress]
}

// dirProgress is that of one log directory. Bytes and segments are those of the
// logs that were begun: what a recovery has to read is known then.
type dirProgress struct {
	path              string
	logs, logsDone    atomic.Int64
	segments, segDone atomic.Int64
	bytes, bytesDone  atomic.Int64
}

// Remaining is what is still to be done in a log directory.
type Remaining struct {
	Dir            string
	Logs, Segments int64
}

// Remaining lists the log directories; none before the logs are opened.
func (p *Progress) Remaining() []Remaining {
	dirs := p.dirs.Load()
	if dirs == nil {
		return nil
	}
	list := make([]Remaining, len(*dirs))
	for i := range *dirs {
		d := &(*dirs)[i]
		list[i] = Remaining{Dir: d.path, Logs: d.logs.Load() - d.logsDone.Load(), Segments: d.segments.Load() - d.segDone.Load()}
	}
	return list
}

// scanned counts what a recovery begins and ends, see storage.Options.
func (d *dirProgress) scanned(step storage.ScanStep) {
	d.segments.Add(step.Segments)
	d.bytes.Add(step.Bytes)
	d.segDone.Add(step.SegmentsDone)
	d.bytesDone.Add(step.BytesDone)
}

// begin is called once the logs of each directory are counted.
func (p *Progress) begin(s *Set, logs []*Partition) map[*logDir]*dirProgress {
	dirs := make([]dirProgress, len(s.dirs))
	of := make(map[*logDir]*dirProgress, len(dirs))
	for i, d := range s.dirs {
		dirs[i].path, of[d] = d.Path, &dirs[i]
	}
	for _, l := range logs {
		of[l.dir].logs.Add(1)
	}
	p.dirs.Store(&dirs)
	return of
}

// tell logs how far it is, every few seconds, until the function it gives is
// called.
func (p *Progress) tell(log *slog.Logger) (stop func()) {
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		ticker := time.NewTicker(progressEvery)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			for i := range *p.dirs.Load() {
				d := &(*p.dirs.Load())[i]
				log.Info("opening logs", "dir", d.path, "done", d.logsDone.Load(), "of", d.logs.Load(),
					"bytesVerified", d.bytesDone.Load(), "ofBytes", d.bytes.Load())
			}
		}
	})
	return func() {
		close(done)
		wait.Wait()
	}
}
