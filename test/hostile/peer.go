// Package hostile sends a running gregor what no client should send, and
// checks that it answers with a clear error or closes the connection, that
// its memory stays bounded, and that other clients notice nothing.
// Kind: test
package hostile

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/test/harness"
)

// limit is how long a broker may take for anything that a test waits for.
const limit = 20 * time.Second

// peer is one connection that sends bytes as it likes.
type peer struct {
	net.Conn
	correlation int32
}

func dial(b *harness.Broker) (*peer, error) {
	c, err := net.DialTimeout("tcp", b.Addr(), limit)
	if err != nil {
		return nil, err
	}
	return &peer{Conn: c}, c.SetDeadline(time.Now().Add(limit))
}

// errClosed says that the broker closed the connection.
var errClosed = errors.New("the broker closed the connection")

// raw sends bytes and reads one response frame.
func (p *peer) raw(frame []byte) ([]byte, error) {
	if _, err := p.Write(frame); err != nil {
		return nil, closed(err)
	}
	return p.response()
}

func (p *peer) response() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(p, head[:]); err != nil {
		return nil, closed(err)
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > 64<<20 {
		return nil, fmt.Errorf("a response of %d bytes", size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(p, body); err != nil {
		return nil, closed(err)
	}
	return body, nil
}

func closed(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("neither an answer nor a closed connection within %v: %w", limit, err)
	}
	return errClosed
}

// frame encodes a request.
func (p *peer) frame(req kmsg.Request) []byte {
	p.correlation++
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("hostile")).AppendRequest(nil, req, p.correlation)
}

// ask sends a request and decodes its answer.
func (p *peer) ask(req kmsg.Request) (kmsg.Response, error) {
	body, err := p.raw(p.frame(req))
	if err != nil {
		return nil, err
	}
	head := 4
	if req.IsFlexible() && req.Key() != int16(kmsg.ApiVersions) {
		head++ // an empty set of tags
	}
	resp := req.ResponseKind()
	return resp, resp.ReadFrom(body[head:])
}

// recordBatch is a batch of count records around a payload, with its
// checksum, so that only the payload is wrong.
func recordBatch(attributes int16, count int32, payload []byte) []byte {
	rb := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, Attributes: attributes,
		LastOffsetDelta: count - 1, NumRecords: count,
		FirstTimestamp: time.Now().UnixMilli(), MaxTimestamp: time.Now().UnixMilli(),
		ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, Records: payload,
	}
	rb.Length = int32(len(rb.AppendTo(nil)) - 12)
	out := rb.AppendTo(nil)
	binary.BigEndian.PutUint32(out[17:], crc32.Checksum(out[21:], crc32.MakeTable(crc32.Castagnoli)))
	return out
}

// record is one record with a value.
func record(value string) []byte {
	r := kmsg.Record{Value: []byte(value)}
	r.Length = int32(len(r.AppendTo(nil)) - 1)
	return r.AppendTo(nil)
}

func produce(topic string, records []byte) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.Acks, req.TimeoutMillis = 9, -1, 5000
	part := kmsg.NewProduceRequestTopicPartition()
	part.Records = records
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.Partitions = topic, append(t.Partitions, part)
	req.Topics = append(req.Topics, t)
	return req
}

// produceCode sends one produce request and gives the partition's error code.
func (p *peer) produceCode(topic string, records []byte) (int16, error) {
	resp, err := p.ask(produce(topic, records))
	if err != nil {
		return 0, err
	}
	answer, ok := resp.(*kmsg.ProduceResponse)
	if !ok || len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) != 1 {
		return 0, fmt.Errorf("unexpected answer %+v", resp)
	}
	return answer.Topics[0].Partitions[0].ErrorCode, nil
}

// healthy is an ordinary client that wants ordinary service, soon.
func healthy(b *harness.Broker) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.AllowAutoTopicCreation(),
		kgo.DefaultProduceTopic("healthy"), kgo.ConsumeTopics("healthy"))
	if err != nil {
		return err
	}
	defer client.Close()
	value := strconv.FormatInt(time.Now().UnixNano(), 10)
	if err := client.ProduceSync(ctx, kgo.StringRecord(value)).FirstErr(); err != nil {
		return fmt.Errorf("an ordinary produce fails: %w", err)
	}
	for ctx.Err() == nil {
		found := false
		fetches := client.PollFetches(ctx)
		fetches.EachRecord(func(r *kgo.Record) { found = found || string(r.Value) == value })
		if found {
			return nil
		}
	}
	return fmt.Errorf("an ordinary consumer does not see its record: %w", ctx.Err())
}

// residentMB is the broker's resident memory.
func residentMB(b *harness.Broker) (int, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.Process().PID()))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(rest + " x")[0])
	return kb / 1024, err
}
