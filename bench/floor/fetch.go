package floor

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// fetch sends what the first partition asked for has, whole batches; where
// there is nothing yet it answers empty after a little while.
func (s *server) fetch(c *conn, version int16, correlation int32, body []byte) error {
	req := kmsg.NewPtrFetchRequest()
	req.Version = version
	if err := req.ReadFrom(body); err != nil {
		return err
	}
	resp := kmsg.NewPtrFetchResponse()
	resp.Version = version
	size := 0
	var from *topic
	var at int64
	for i := range req.Topics {
		to := kmsg.NewFetchResponseTopic()
		to.Topic = req.Topics[i].Topic
		t := s.find(to.Topic)
		for _, want := range req.Topics[i].Partitions {
			p := kmsg.NewFetchResponseTopicPartition()
			p.Partition, p.RecordBatches = want.Partition, []byte{}
			if t != nil && size == 0 {
				from = t
				at, size = t.between(want.FetchOffset, int(min(want.PartitionMaxBytes, req.MaxBytes)))
				p.HighWatermark, p.LastStableOffset = t.end(), t.end()
			}
			to.Partitions = append(to.Partitions, p)
		}
		resp.Topics = append(resp.Topics, to)
	}
	if size == 0 || len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		time.Sleep(time.Millisecond)
		return c.reply(correlation, resp)
	}
	return c.replyRecords(correlation, resp, from, at, size)
}

// between gives the whole batches from an offset on, at most limit bytes, but
// at least one.
func (t *topic) between(offset int64, limit int) (at int64, size int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, found := slices.BinarySearch(t.bases, offset)
	if !found {
		i--
	}
	if i < 0 || offset >= t.next {
		return 0, 0
	}
	at = t.places[i]
	j, found := slices.BinarySearch(t.places, at+int64(limit))
	switch {
	case j >= len(t.places) && t.size <= at+int64(limit):
		return at, int(t.size - at)
	case !found:
		j--
	}
	if j <= i { // the first is larger than the limit
		if i+1 < len(t.places) {
			return at, int(t.places[i+1] - at)
		}
		return at, int(t.size - at)
	}
	return at, int(t.places[j] - at)
}

func (t *topic) end() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.next
}

// replyRecords writes an answer of one partition with its records: the bytes
// before them, the records from the file, the bytes behind them.
func (c *conn) replyRecords(correlation int32, resp *kmsg.FetchResponse, t *topic, at int64, size int) error {
	// A marker of one byte stands for the records; its length and itself are
	// what is replaced.
	resp.Topics[0].Partitions[0].RecordBatches = []byte{0xA5}
	head := c.frameOf(correlation, resp)
	mark := bytes.LastIndexByte(head, 0xA5) // behind it are only empty tags
	if mark < 0 {
		return errShape
	}
	out := make([]byte, 0, len(head)+8)
	if resp.IsFlexible() {
		out = append(out, head[:mark-1]...)
		out = binary.AppendUvarint(out, uint64(size)+1)
	} else {
		out = append(out, head[:mark-4]...)
		out = binary.BigEndian.AppendUint32(out, uint32(size))
	}
	tail := head[mark+1:]
	binary.BigEndian.PutUint32(out, uint32(len(out)-4+size+len(tail)))
	if err := c.sendMore(out); err != nil {
		return err
	}
	if err := c.sendFile(t.file, at, size); err != nil {
		return err
	}
	return c.send(tail)
}
