package floor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/twmb/franz-go/pkg/kmsg"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Where the fields of a batch stand.
const (
	atBatchLength = 8
	atCRC         = 17
	atAttributes  = 21
	atLastDelta   = 23
	batchHead     = 61
)

var errShape = errors.New("a request that the floor does not know")

// produce takes the request apart by hand: one topic, one or more partitions.
func (s *server) produce(c *conn, version int16, correlation int32, body []byte) error {
	req := kmsg.NewPtrProduceRequest()
	req.Version = version
	if err := req.ReadFrom(body); err != nil { // slices of the frame, no copies
		return err
	}
	resp := kmsg.NewPtrProduceResponse()
	resp.Version = version
	for i := range req.Topics {
		from := &req.Topics[i]
		t := s.find(from.Topic)
		if t == nil {
			return fmt.Errorf("produce to %q: %w", from.Topic, errShape)
		}
		to := kmsg.NewProduceResponseTopic()
		to.Topic = from.Topic
		for j := range from.Partitions {
			base, err := t.append(from.Partitions[j].Records)
			if err != nil {
				return err
			}
			p := kmsg.NewProduceResponseTopicPartition()
			p.Partition, p.BaseOffset = from.Partitions[j].Partition, base
			to.Partitions = append(to.Partitions, p)
		}
		resp.Topics = append(resp.Topics, to)
	}
	if req.Acks == 0 {
		return nil
	}
	return c.reply(correlation, resp)
}

// append checks and writes one batch.
func (t *topic) append(b []byte) (int64, error) {
	if len(b) < batchHead || int(binary.BigEndian.Uint32(b[atBatchLength:])) != len(b)-12 {
		return 0, errShape
	}
	if crc32.Checksum(b[atAttributes:], castagnoli) != binary.BigEndian.Uint32(b[atCRC:]) {
		return 0, errors.New("a batch with a wrong checksum")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	base := t.next
	binary.BigEndian.PutUint64(b, uint64(base))
	if _, err := t.file.WriteAt(b, t.size); err != nil {
		return 0, err
	}
	t.bases, t.places = append(t.bases, base), append(t.places, t.size)
	t.size += int64(len(b))
	t.next += int64(binary.BigEndian.Uint32(b[atLastDelta:])) + 1
	return base, nil
}
