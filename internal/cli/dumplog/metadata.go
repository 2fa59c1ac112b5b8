package dumplog

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/gregor-stream/gregor/internal/msg"
)

// clusterParser reads the records of the metadata log. They have no keys.
type clusterParser struct{ schemas schemaCache }

func (p *clusterParser) parse(r *record) (content, error) {
	text, err := p.read(r)
	if err != nil {
		return content{hasValue: true, value: fmt.Sprintf("Error at %d, skipping. %v", r.offset, err)}, nil
	}
	return content{hasValue: true, valueJSON: true, value: text}, nil
}

func (p *clusterParser) read(r *record) (string, error) {
	const unknown = "org.apache.kafka.common.errors.UnsupportedVersionException: Unknown metadata id %d"
	schema, n, version, err := readFramed(r.value, &p.schemas, unknown)
	if err != nil {
		return "", err
	}
	data, err := n.AppendJSON(nil, version)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`{"type":"%s","version":%d,"data":%s}`, recordTypeName(schema.Name), version, data), nil
}

// recordTypeName turns PartitionChangeRecord into PARTITION_CHANGE_RECORD.
func recordTypeName(name string) string {
	var b strings.Builder
	for i, c := range name {
		if unicode.IsUpper(c) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(c))
	}
	return b.String()
}

// readFramed reads a record with frame version, type and version before it, as
// Kafka's AbstractApiMessageSerde does, with its errors.
func readFramed(b []byte, schemas *schemaCache, unknown string) (*msg.Schema, *msg.Node, int16, error) {
	fail := func(format string, args ...any) (*msg.Schema, *msg.Node, int16, error) {
		return nil, nil, 0, fmt.Errorf(format, args...)
	}
	var words [3]int16
	for i, name := range []string{"frame version", "type", "version"} {
		value, rest, ok := uvarint(b)
		switch {
		case !ok:
			return fail("Error while reading %s", name)
		case value > math.MaxInt16:
			return fail("Value for %s was too large.", name)
		}
		words[i], b = int16(value), rest
		switch {
		case i > 0:
		case words[0] == 0:
			return fail("Could not deserialize metadata record with frame version 0. Note that upgrades from the preview release of KRaft in 2.8 to newer versions are not supported.")
		case words[0] != 1:
			return fail("Could not deserialize metadata record due to unknown frame version %d(only frame version 1 is supported)", words[0])
		}
	}
	schema := schemas.get(words[1])
	if schema == nil {
		return fail(unknown, words[1])
	}
	n, rest, err := schema.Decode(b, words[2])
	if err != nil {
		return fail("Failed to deserialize record with type %d", words[1])
	}
	if len(rest) > 0 {
		return fail("Found %d byte(s) of garbage after %d", len(rest), words[1])
	}
	return schema, n, words[2], nil
}

// uvarint reads an unsigned varint of 32 bits, which Java takes as signed.
func uvarint(b []byte) (int32, []byte, bool) {
	var v uint32
	for i := 0; i < 5 && i < len(b); i++ {
		v |= uint32(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return int32(v), b[i+1:], true
		}
	}
	return 0, nil, false
}

// remoteParser reads the records of the topic of remote log metadata.
type remoteParser struct{ schemas schemaCache }

func (p *remoteParser) parse(r *record) (content, error) {
	text, err := p.read(r)
	if err != nil {
		text = fmt.Sprintf("Error at offset %d, skipping. %v", r.offset, err)
	}
	return content{hasValue: true, value: text}, nil
}

func (p *remoteParser) read(r *record) (string, error) {
	if r.valueSize < 0 { // what Java says
		return "", errors.New(`Cannot invoke "java.nio.ByteBuffer.remaining()" because the return value of "org.apache.kafka.common.record.internal.Record.value()" is null`)
	}
	const unknown = "org.apache.kafka.common.errors.UnsupportedVersionException: Unknown metadata id %d"
	schema, n, _, err := readFramed(r.value, &p.schemas, unknown)
	if err != nil {
		return "", err
	}
	if schema.Name == "RemotePartitionDeleteMetadataRecord" {
		state, ok := deleteState(n.Field("remotePartitionDeleteState").Int())
		if !ok {
			return "", errors.New("null")
		}
		return fmt.Sprintf("RemotePartitionDeleteMetadata{topicPartition=%s, state=%s, eventTimestampMs=%d, brokerId=%d}",
			remotePartition(n.Field("topicIdPartition")), state, n.Field("eventTimestampMs").Int(), n.Field("brokerId").Int()), nil
	}
	return remoteSegment(schema.Name, n)
}

func remoteSegment(name string, n *msg.Node) (string, error) {
	number := func(field string) int64 { return n.Field(field).Int() }
	state, known := segmentState(number("remoteLogSegmentState"))
	custom := "Optional.empty"
	if c := n.Field("customMetadata"); !c.IsNull() {
		custom = fmt.Sprintf("Optional[CustomMetadata{%d bytes}]", len(c.Bytes()))
	}
	noState := errors.New("state can not be null")
	if name == "RemoteLogSegmentMetadataUpdateRecord" {
		if !known {
			return "", noState
		}
		return fmt.Sprintf("RemoteLogSegmentMetadataUpdate{remoteLogSegmentId=%s, customMetadata=%s, state=%s, eventTimestampMs=%d, brokerId=%d}",
			remoteSegmentID(n.Field("remoteLogSegmentId")), custom, state, number("eventTimestampMs"), number("brokerId")), nil
	}
	start, end := number("startOffset"), number("endOffset")
	epochs := leaderEpochs(n.Field("segmentLeaderEpochs"))
	noEpochs := errors.New("segmentLeaderEpochs can not be null or empty")
	rest := func() string {
		return fmt.Sprintf("segmentLeaderEpochs=%s, segmentSizeInBytes=%d, customMetadata=%s, state=%s, txnIdxEmpty=%t}",
			epochs, number("segmentSizeInBytes"), custom, state, number("txnIndexEmpty") != 0)
	}
	if name == "RemoteLogSegmentMetadataSnapshotRecord" {
		switch {
		case !known:
			return "", noState
		case epochs == "{}":
			return "", noEpochs
		}
		return fmt.Sprintf("RemoteLogSegmentMetadataSnapshot{segmentId=%s, startOffset=%d, endOffset=%d, maxTimestampMs=%d, %s",
			n.Field("segmentId").UUID(), start, end, number("maxTimestampMs"), rest()), nil
	}
	switch {
	case start < 0:
		return "", fmt.Errorf("Unexpected start offset = %d. StartOffset for a remote segment cannot be negative", start)
	case end < start:
		return "", fmt.Errorf("Unexpected end offset = %d. EndOffset for a remote segment cannot be less than startOffset = %d", end, start)
	case epochs == "{}":
		return "", noEpochs
	case !known:
		return "", noState
	}
	return fmt.Sprintf("RemoteLogSegmentMetadata{remoteLogSegmentId=%s, startOffset=%d, endOffset=%d, brokerId=%d, maxTimestampMs=%d, eventTimestampMs=%d, %s",
		remoteSegmentID(n.Field("remoteLogSegmentId")), start, end, number("brokerId"), number("maxTimestampMs"), number("eventTimestampMs"), rest()), nil
}

func remoteSegmentID(n *msg.Node) string {
	return fmt.Sprintf("RemoteLogSegmentId{topicIdPartition=%s, id=%s}", remotePartition(n.Field("topicIdPartition")), n.Field("id").UUID())
}

func remotePartition(n *msg.Node) string {
	return fmt.Sprintf("%s:%s-%d", n.Field("id").UUID(), msg.JavaString(n.Field("name").Bytes()), n.Field("partition").Int())
}

// leaderEpochs is a sorted map as Java prints it; of two entries of an epoch
// the later counts.
func leaderEpochs(n *msg.Node) string {
	offsets := map[int64]int64{}
	var epochs []int64
	for _, e := range n.Elements() {
		epoch := e.Field("leaderEpoch").Int()
		if _, ok := offsets[epoch]; !ok {
			epochs = append(epochs, epoch)
		}
		offsets[epoch] = e.Field("offset").Int()
	}
	slices.SortFunc(epochs, cmp.Compare[int64])
	parts := make([]string, len(epochs))
	for i, e := range epochs {
		parts[i] = fmt.Sprintf("%d=%d", e, offsets[e])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func segmentState(id int64) (string, bool) {
	names := []string{"COPY_SEGMENT_STARTED", "COPY_SEGMENT_FINISHED", "DELETE_SEGMENT_STARTED", "DELETE_SEGMENT_FINISHED"}
	if id < 0 || id >= int64(len(names)) {
		return "", false
	}
	return names[id], true
}

func deleteState(id int64) (string, bool) {
	names := []string{"DELETE_PARTITION_MARKED", "DELETE_PARTITION_STARTED", "DELETE_PARTITION_FINISHED"}
	if id < 0 || id >= int64(len(names)) {
		return "", false
	}
	return names[id], true
}
