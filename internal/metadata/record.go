package metadata

// Message is the body of a metadata record: a pointer to one of msg's record
// structs (msg.TopicRecord, msg.PartitionRecord ...).
type Message interface {
	AppendTo(dst []byte, version int16) []byte
}

// Record is a metadata record and the version in which it is written.
type Record struct {
	Message Message
	Version int16
}
