package floor

import (
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Echo is the key of a request that is answered with itself: the bare round
// trip.
const Echo = 32000

// answer serves one request.
func (s *server) answer(c *conn, frame []byte) error {
	key := int16(binary.BigEndian.Uint16(frame))
	if key == Echo {
		c.out = binary.BigEndian.AppendUint32(c.out[:0], uint32(len(frame)))
		c.out = append(c.out, frame...)
		return c.send(c.out)
	}
	req := kmsg.RequestForKey(key)
	if req == nil {
		return fmt.Errorf("key %d: %w", key, errShape)
	}
	version := int16(binary.BigEndian.Uint16(frame[2:]))
	correlation := int32(binary.BigEndian.Uint32(frame[4:]))
	req.SetVersion(version)
	body := frame[8:]
	if n := int16(binary.BigEndian.Uint16(body)); n > 0 { // the client id
		body = body[n:]
	}
	body = body[2:]
	if req.IsFlexible() {
		body = body[1:] // no tagged fields
	}
	switch key {
	case 0:
		return s.produce(c, correlation, body)
	case 1:
		return s.fetch(c, version, correlation, body)
	}
	if err := req.ReadFrom(body); err != nil {
		return err
	}
	resp, err := s.small(req)
	if err != nil {
		return err
	}
	resp.SetVersion(version)
	return c.reply(correlation, resp)
}

// frameOf is a whole response frame, in the connection's memory.
func (c *conn) frameOf(correlation int32, resp kmsg.Response) []byte {
	c.begin(correlation)
	if !resp.IsFlexible() || resp.Key() == 18 {
		c.out = c.out[:8] // no tags
	}
	c.out = resp.AppendTo(c.out)
	binary.BigEndian.PutUint32(c.out, uint32(len(c.out)-4))
	return c.out
}

func (c *conn) reply(correlation int32, resp kmsg.Response) error {
	return c.send(c.frameOf(correlation, resp))
}

// begin starts a response frame with a flexible header.
func (c *conn) begin(correlation int32) {
	c.out = binary.BigEndian.AppendUint32(append(c.out[:0], 0, 0, 0, 0), uint32(correlation))
	c.out = append(c.out, 0)
}

// end sends the frame.
func (c *conn) end() error {
	binary.BigEndian.PutUint32(c.out, uint32(len(c.out)-4))
	return c.send(c.out)
}

// small answers what is not on the path that is measured.
func (s *server) small(req kmsg.Request) (kmsg.Response, error) {
	switch req := req.(type) {
	case *kmsg.ApiVersionsRequest:
		return s.apiVersions(), nil
	case *kmsg.MetadataRequest:
		return s.metadata(req), nil
	case *kmsg.InitProducerIDRequest:
		r := kmsg.NewPtrInitProducerIDResponse()
		r.ProducerID = 1
		return r, nil
	case *kmsg.CreateTopicsRequest:
		r := kmsg.NewPtrCreateTopicsResponse()
		for _, t := range req.Topics {
			if _, err := s.create(t.Topic, t.NumPartitions); err != nil {
				return nil, err
			}
			out := kmsg.NewCreateTopicsResponseTopic()
			out.Topic, out.NumPartitions, out.ReplicationFactor = t.Topic, t.NumPartitions, 1
			r.Topics = append(r.Topics, out)
		}
		return r, nil
	case *kmsg.DeleteTopicsRequest:
		r := kmsg.NewPtrDeleteTopicsResponse()
		for _, name := range req.TopicNames {
			s.remove(name)
			out := kmsg.NewDeleteTopicsResponseTopic()
			out.Topic = new(name)
			r.Topics = append(r.Topics, out)
		}
		return r, nil
	case *kmsg.ListOffsetsRequest:
		return s.listOffsets(req), nil
	}
	return s.group(req)
}

func (s *server) metadata(req *kmsg.MetadataRequest) *kmsg.MetadataResponse {
	r := kmsg.NewPtrMetadataResponse()
	b := kmsg.NewMetadataResponseBroker()
	b.NodeID, b.Host, b.Port = 1, s.host, s.port
	r.Brokers = append(r.Brokers, b)
	r.ClusterID, r.ControllerID = new("floor"), 1
	for _, want := range req.Topics {
		if want.Topic == nil {
			continue
		}
		t, err := s.create(*want.Topic, 1)
		out := kmsg.NewMetadataResponseTopic()
		out.Topic = want.Topic
		if err != nil {
			out.ErrorCode = 3
		} else {
			out.TopicID = t.id
			for n := range t.partitions {
				p := kmsg.NewMetadataResponseTopicPartition()
				p.Partition, p.Leader, p.Replicas, p.ISR = n, 1, []int32{1}, []int32{1}
				out.Partitions = append(out.Partitions, p)
			}
		}
		r.Topics = append(r.Topics, out)
	}
	return r
}

func (s *server) listOffsets(req *kmsg.ListOffsetsRequest) *kmsg.ListOffsetsResponse {
	r := kmsg.NewPtrListOffsetsResponse()
	for _, want := range req.Topics {
		out := kmsg.NewListOffsetsResponseTopic()
		out.Topic = want.Topic
		t := s.find(want.Topic)
		for _, p := range want.Partitions {
			o := kmsg.NewListOffsetsResponseTopicPartition()
			o.Partition, o.Timestamp, o.Offset = p.Partition, -1, 0
			if p.Timestamp == -1 && t != nil {
				o.Offset = t.end()
			}
			out.Partitions = append(out.Partitions, o)
		}
		r.Topics = append(r.Topics, out)
	}
	return r
}
