package history

import (
	"fmt"
	"maps"
)

// ends finds high watermarks that lay below what had been seen before they
// were asked for: an earlier high watermark, or the record after which it must
// lie. Jepsen has no such rule.
func (a *analysis) ends(f *findings) {
	type floor struct {
		end  int64
		line int
	}
	floors := map[int]floor{}        // by key: the highest end that was known
	asked := map[int]map[int]floor{} // by process that waits for a watermark: the floors then
	raise := func(key int, end int64, line int) {
		if end > floors[key].end {
			floors[key] = floor{end, line}
		}
	}
	for i := range a.ops {
		op := &a.ops[i]
		switch {
		case op.F == Watermark && op.Type == Invoke:
			asked[op.Process] = maps.Clone(floors)
		case op.F == Watermark && op.Type == OK:
			for _, e := range op.Ends {
				if low := asked[op.Process][e.Key]; e.Offset < low.end {
					f.add(NonmonotonicEnd, func() Case {
						return Case{
							Key: e.Key, Offsets: []int64{low.end, e.Offset}, Lines: []int{low.line, i + 1},
							Text: fmt.Sprintf("key %d: the end was %d (line %d), and %d later (line %d)", e.Key, low.end, low.line, e.Offset, i+1),
						}
					})
				}
			}
			for _, e := range op.Ends {
				raise(e.Key, e.Offset, i+1)
			}
		case a.txnOf[i] >= 0 && op.Type == OK:
			for _, r := range a.sends(int(a.txnOf[i])) {
				raise(a.keyName(&a.values[r.value]), r.offset+1, i+1)
			}
			for _, r := range a.readOf(int(a.txnOf[i])) {
				raise(a.keyName(&a.values[r.value]), r.offset+1, i+1)
			}
		}
	}
}
