package compact

import (
	"math"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/storage/segment"
)

// Group splits segments into groups that become one segment each, so that
// segments do not get ever smaller: the data of a group are at most dataMax
// bytes together, each of its indexes indexMax, and its offsets fit an index.
// end is an offset behind all of them. These are Kafka's rules.
func Group(segments []*segment.Segment, dataMax, indexMax int64, end kafka.Offset) ([][]*segment.Segment, error) {
	var groups [][]*segment.Segment
	var data, index, times int64
	for i, s := range segments {
		size := s.Size()
		ofIndex, ofTimes, err := s.IndexBytes()
		if err != nil {
			return nil, err
		}
		last := end - 1
		if i+1 < len(segments) {
			last = segments[i+1].Base - 1
		}
		fits := i > 0 && data+size <= dataMax && index+ofIndex <= indexMax && times+ofTimes <= indexMax
		if fits && size > 0 {
			fits = last-groups[len(groups)-1][0].Base <= math.MaxInt32
		}
		if !fits {
			groups = append(groups, nil)
			data, index, times = 0, 0, 0
		}
		n := len(groups) - 1
		groups[n] = append(groups[n], s)
		data, index, times = data+size, index+ofIndex, times+ofTimes
	}
	return groups, nil
}
