package batch

// ControlType is what a control record says (the second int16 of its key).
type ControlType int16

// The control records of Kafka 4.4.
const (
	ControlAbort          ControlType = 0
	ControlCommit         ControlType = 1
	ControlLeaderChange   ControlType = 2
	ControlSnapshotHeader ControlType = 3
	ControlSnapshotFooter ControlType = 4
	ControlKRaftVersion   ControlType = 5
	ControlKRaftVoters    ControlType = 6
)

// ControlKey is the key of a control record of this type.
func ControlKey(kind ControlType) []byte { return []byte{0, 0, byte(kind >> 8), byte(kind)} }

// ParseControlKey reads the key of a control record; false where it is too
// short or its version is negative.
func ParseControlKey(key []byte) (ControlType, bool) {
	if len(key) < 4 || int8(key[0]) < 0 {
		return -1, false
	}
	return ControlType(int16(key[2])<<8 | int16(key[3])), true
}
