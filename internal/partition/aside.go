package partition

import (
	"github.com/gregor-stream/gregor/internal/storage/logdir"
)

// tellAside says, in one line, how much this and earlier starts have cut off the
// logs and keep: it takes room, and nothing but an operator removes it.
func (s *Set) tellAside(found []foundLog) {
	var sum logdir.Aside
	logs, first := 0, ""
	for i := range found {
		log := found[i].p.made.Load()
		if log == nil {
			continue
		}
		if a := log.Aside(); a.Files > 0 {
			sum.Files, sum.Bytes = sum.Files+a.Files, sum.Bytes+a.Bytes
			if logs++; first == "" {
				first = log.Dir()
			}
		}
	}
	if logs > 0 {
		s.cfg.Log.Warn("what recoveries cut off damaged logs is kept in files *.log.cut-* and takes room; remove them when nothing of them is missed",
			"files", sum.Files, "bytes", sum.Bytes, "logs", logs, "firstIn", first)
	}
}
