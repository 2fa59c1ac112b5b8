// Package metadata holds the cluster's metadata as an immutable [Image]:
// topics and partitions, brokers and controllers, features, configs, quotas,
// producer ids, ACLs, credentials and tokens, as KRaft's metadata records say
// them. [Image.Apply] takes records to the next image and names what changed
// in a [Delta]; [Image.Records] writes an image out again, as a snapshot has
// it. It does not know where records are stored, who decided them, or what
// time it is. Kind: pure
package metadata

import "github.com/gregor-stream/gregor/internal/kafka"

// Image is the cluster's metadata after all records below some offset. It
// never changes: Apply makes another, which shares what did not change. All
// that is reached through it is shared too and must not be modified.
//
// The zero Image is not usable; begin with [Empty].
type Image struct {
	// Offset is one past the last record applied (of committed images: the
	// end of what was committed when this was published).
	Offset kafka.Offset
	// Epoch is the leader epoch of the last record applied.
	Epoch kafka.LeaderEpoch

	Topics      Topics
	Cluster     Cluster
	Features    Features
	Configs     Configs
	Quotas      Quotas
	ProducerIDs ProducerIDs
	ACLs        ACLs
	Scram       Scram
	Tokens      Tokens
}

// Empty is the image before the first record.
func Empty() *Image { return &Image{} }
