package dumplog

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/msg"
)

// controlRecord is what a control record says.
type controlRecord struct {
	kind  batch.ControlType
	name  string // COMMIT, LEADER_CHANGE; UNKNOWN
	epoch int32  // of the coordinator, for the end of a transaction
	data  []byte // JSON, for the quorum's
}

// readControl reads a control record as Kafka 4.4 does: the quorum's in
// version 0 of their values.
func readControl(e *entry, r *record) (*controlRecord, error) {
	wrong := func(format string, args ...any) error {
		return damage(e.from.path, e.position, "control record at offset %d: %s", r.offset, fmt.Sprintf(format, args...))
	}
	if len(r.key) < 4 {
		return nil, wrong("its key has %d bytes, and 4 are needed", len(r.key))
	}
	kind, ok := batch.ParseControlKey(r.key)
	if !ok {
		return nil, wrong("its key has the version %d", int16(binary.BigEndian.Uint16(r.key)))
	}
	c := &controlRecord{kind: kind, name: "UNKNOWN"}
	switch kind {
	case batch.ControlAbort, batch.ControlCommit:
		c.name = "ABORT"
		if kind == batch.ControlCommit {
			c.name = "COMMIT"
		}
		if len(r.value) < 6 || int16(binary.BigEndian.Uint16(r.value)) < 0 {
			return nil, wrong("its value is no end of a transaction")
		}
		c.epoch = int32(binary.BigEndian.Uint32(r.value[2:]))
		return c, nil
	case batch.ControlLeaderChange, batch.ControlSnapshotHeader, batch.ControlSnapshotFooter, batch.ControlKRaftVersion, batch.ControlKRaftVoters:
	default:
		return c, nil
	}
	name, message := quorumControl(kind)
	c.name = name
	n, _, err := msg.SchemaByName(message).Decode(r.value, 0)
	if err != nil {
		return nil, wrong("its value is no %s: %v", message, err)
	}
	c.data, err = n.AppendJSON(nil, int16(n.Field("version").Int()))
	if err != nil {
		return nil, wrong("its value is no %s: %v", message, err)
	}
	return c, nil
}

// quorumControl gives the name of a type, and of the message in its value.
func quorumControl(kind batch.ControlType) (name, message string) {
	switch kind {
	case batch.ControlLeaderChange:
		return "LEADER_CHANGE", "LeaderChangeMessage"
	case batch.ControlSnapshotHeader:
		return "SNAPSHOT_HEADER", "SnapshotHeaderRecord"
	case batch.ControlSnapshotFooter:
		return "SNAPSHOT_FOOTER", "SnapshotFooterRecord"
	case batch.ControlKRaftVersion:
		return "KRAFT_VERSION", "KRaftVersionRecord"
	case batch.ControlAbort, batch.ControlCommit, batch.ControlKRaftVoters:
	}
	return "KRAFT_VOTERS", "VotersRecord"
}

// controlText is a control record as Kafka prints it.
func controlText(e *entry, r *record) (string, error) {
	c, err := readControl(e, r)
	switch {
	case err != nil:
		return "", err
	case c.name == "UNKNOWN":
		return fmt.Sprintf(" controlType: UNKNOWN(%d)", c.kind), nil
	case c.data == nil:
		return fmt.Sprintf(" endTxnMarker: %s coordinatorEpoch: %d", c.name, c.epoch), nil
	case c.kind == batch.ControlLeaderChange:
		return fmt.Sprintf(" LeaderChange: %s", c.data), nil
	}
	_, message := quorumControl(c.kind)
	name := strings.TrimSuffix(message, "Record")
	if c.kind == batch.ControlKRaftVoters {
		name = "KRaftVoters"
	}
	return fmt.Sprintf(" %s %s", name, c.data), nil
}

// controlJSON is a control record as an object.
func controlJSON(e *entry, r *record) ([]byte, error) {
	c, err := readControl(e, r)
	switch {
	case err != nil:
		return nil, err
	case c.name == "UNKNOWN":
		return fmt.Appendf(nil, `{"type":"UNKNOWN","id":%d}`, c.kind), nil
	case c.data == nil:
		return fmt.Appendf(nil, `{"type":"%s","coordinatorEpoch":%d}`, c.name, c.epoch), nil
	}
	return fmt.Appendf(nil, `{"type":"%s","data":%s}`, c.name, c.data), nil
}
