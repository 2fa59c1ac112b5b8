package wire

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Section is a stretch of bytes that is not in memory, such as records in a
// segment file. Whoever hands it out keeps it readable until the response is
// written, and releases it then.
type Section interface {
	io.ReaderAt
	Len() int
}

// FileSection is a section that may stand in a file of the system, which can
// move the bytes to a socket itself.
type FileSection interface {
	Section
	// Descriptor gives the number of the file and where the section begins in
	// it, good for as long as the section is; ok is false where there is none.
	Descriptor() (fd uintptr, at int64, ok bool)
}

// Part is a section's place in a response.
type Part struct {
	At      int // the section's bytes stand before data[At]
	Section Section
}

// FetchHead is what stands before the topics of a fetch response.
type FetchHead struct {
	Version        int16
	CorrelationID  int32
	ThrottleTimeMs int32
	ErrorCode      int16
	SessionID      int32
}

// FetchWriter writes the frame of a fetch response, any version, leaving the
// records where they are: what it returns are the bytes around them and the
// places of the sections. Each step must be called as often as was announced:
//
//	var w wire.FetchWriter
//	w.Begin(dst, parts, wire.FetchHead{...}, len(topics))
//	for each topic: w.Topic(name, id, len(partitions))
//		for each partition: w.Partition(&p, sections...)
//	data, parts := w.End(nodes)
//
//	data   [length|header|...|partition's fields, record length|tags|...|...]
//	                                                           ^ parts[0].At
//
// The zero value is ready; a FetchWriter may be reused. It allocates only to
// grow the slices it was given.
type FetchWriter struct {
	data     []byte
	parts    []Part
	version  int16
	flex     bool // version 12 and later
	start    int  // of the frame in data
	sections int  // bytes in sections so far

	topics, partitions int // announced and not yet written
}

// Begin starts a frame at the end of dst. Places of sections are appended to
// parts and count from the start of dst.
func (w *FetchWriter) Begin(dst []byte, parts []Part, h FetchHead, topics int) {
	*w = FetchWriter{version: h.Version, flex: h.Version >= 12, start: len(dst), parts: parts, topics: topics}
	dst = AppendResponseHeader(beginFrame(dst), kafka.Fetch, h.Version, h.CorrelationID)
	if h.Version >= 1 {
		dst = binary.BigEndian.AppendUint32(dst, uint32(h.ThrottleTimeMs))
	}
	if h.Version >= 7 {
		dst = binary.BigEndian.AppendUint16(dst, uint16(h.ErrorCode))
		dst = binary.BigEndian.AppendUint32(dst, uint32(h.SessionID))
	}
	w.data = msg.AppendLength(dst, topics, w.flex)
}

// Topic starts the next topic. Versions up to 12 carry its name, the later
// ones its id.
func (w *FetchWriter) Topic(name string, id kafka.TopicID, partitions int) {
	if w.partitions != 0 {
		panic(fmt.Sprintf("%d partitions of a fetch response were announced and not written", w.partitions))
	}
	if w.topics--; w.topics < 0 {
		panic("more topics in a fetch response than announced")
	}
	if w.version <= 12 {
		w.data = msg.AppendString(w.data, name, w.flex)
	} else {
		w.data = append(w.data, id[:]...)
	}
	w.data = msg.AppendLength(w.data, partitions, w.flex)
	w.partitions = partitions
	w.maybeEndTopic()
}

// maybeEndTopic writes what stands behind the last partition of a topic.
func (w *FetchWriter) maybeEndTopic() {
	if w.flex && w.partitions == 0 {
		w.data = append(w.data, 0) // no tagged fields
	}
}

// Partition writes the next partition of the topic: the fields of p that the
// version has, and as its records those in p.Records followed by the sections.
// Where there is neither, an empty record set is written, never null, as Kafka
// does. Take p from [msg.FetchResponsePartitionData.SetDefaults]: the zero
// value says that the leader is node 0.
func (w *FetchWriter) Partition(p *msg.FetchResponsePartitionData, sections ...Section) {
	if w.partitions--; w.partitions < 0 {
		panic("more partitions in a topic of a fetch response than announced")
	}
	w.data = appendPartitionHead(w.data, p, w.version)
	size := len(p.Records)
	for _, s := range sections {
		size += s.Len()
	}
	w.data = msg.AppendLength(w.data, size, w.flex)
	w.data = append(w.data, p.Records...)
	for _, s := range sections {
		if n := s.Len(); n > 0 {
			w.parts = append(w.parts, Part{At: len(w.data), Section: s})
			w.sections += n
		}
	}
	if w.flex {
		w.data = appendPartitionTags(w.data, p, w.version)
	}
	w.maybeEndTopic()
}

// appendPartitionHead appends the fields before the records.
func appendPartitionHead(dst []byte, p *msg.FetchResponsePartitionData, version int16) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(p.PartitionIndex))
	dst = binary.BigEndian.AppendUint16(dst, uint16(p.ErrorCode))
	dst = binary.BigEndian.AppendUint64(dst, uint64(p.HighWatermark))
	if version >= 4 {
		dst = binary.BigEndian.AppendUint64(dst, uint64(p.LastStableOffset))
	}
	if version >= 5 {
		dst = binary.BigEndian.AppendUint64(dst, uint64(p.LogStartOffset))
	}
	if version >= 4 {
		n := len(p.AbortedTransactions)
		if p.AbortedTransactions == nil {
			n = -1
		}
		dst = msg.AppendLength(dst, n, version >= 12)
		for i := range p.AbortedTransactions {
			dst = p.AbortedTransactions[i].AppendTo(dst, version)
		}
	}
	if version >= 11 {
		dst = binary.BigEndian.AppendUint32(dst, uint32(p.PreferredReadReplica))
	}
	return dst
}

// The tags of a partition, and the values that mean absent.
const (
	tagDivergingEpoch = 0 // epoch and end offset -1
	tagCurrentLeader  = 1 // leader and epoch -1
	tagSnapshotID     = 2 // end offset and epoch -1
)

// appendPartitionTags appends what stands behind the records, from version 12.
func appendPartitionTags(dst []byte, p *msg.FetchResponsePartitionData, version int16) []byte {
	diverging := p.DivergingEpoch != msg.FetchResponseEpochEndOffset{Epoch: -1, EndOffset: -1}
	leader := p.CurrentLeader != msg.FetchResponseLeaderIdAndEpoch{LeaderId: -1, LeaderEpoch: -1}
	snapshot := p.SnapshotId != msg.FetchResponseSnapshotId{EndOffset: -1, Epoch: -1}
	count := byte(0)
	for _, present := range []bool{diverging, leader, snapshot} {
		if present {
			count++
		}
	}
	dst = append(dst, count)
	if diverging {
		dst = append(dst, tagDivergingEpoch, 4+8+1)
		dst = p.DivergingEpoch.AppendTo(dst, version)
	}
	if leader {
		dst = append(dst, tagCurrentLeader, 4+4+1)
		dst = p.CurrentLeader.AppendTo(dst, version)
	}
	if snapshot {
		dst = append(dst, tagSnapshotID, 8+4+1)
		dst = p.SnapshotId.AppendTo(dst, version)
	}
	return dst
}

// tagNodeEndpoints is the tag of the brokers' addresses, from version 16.
const tagNodeEndpoints = 0

// End finishes the frame and returns the bytes and the places of the sections.
// nodes are the addresses of the current leaders that were named, if any.
func (w *FetchWriter) End(nodes []msg.FetchResponseNodeEndpoint) ([]byte, []Part) {
	if w.topics != 0 || w.partitions != 0 {
		panic(fmt.Sprintf("%d topics and %d partitions of a fetch response were announced and not written", w.topics, w.partitions))
	}
	switch {
	case !w.flex:
	case w.version < 16 || len(nodes) == 0:
		w.data = append(w.data, 0)
	default:
		w.data = append(w.data, 1, tagNodeEndpoints)
		mark := len(w.data)
		w.data = msg.AppendLength(w.data, len(nodes), true)
		for i := range nodes {
			w.data = nodes[i].AppendTo(w.data, w.version)
		}
		w.data = msg.CloseTag(w.data, mark)
	}
	endFrame(w.data, w.start, w.sections)
	return w.data, w.parts
}
