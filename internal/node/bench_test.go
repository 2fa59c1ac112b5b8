package node

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// raw is a client that sends frames as they are and allocates nothing, so that
// what is measured is the broker.
type raw struct {
	tb   testing.TB
	conn net.Conn
	buf  []byte
	head [4]byte
}

// onDisk starts a node on the machine's own files and a loopback socket.
func onDisk(tb testing.TB, props ...string) (*Node, *raw) {
	tb.Helper()
	all := append(config.Quickstart(tb.TempDir()), config.Property{Key: "listeners", Value: "PLAINTEXT://127.0.0.1:0"})
	for _, p := range props {
		o, err := config.ParseOverride(p)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, o)
	}
	b, _, err := config.Load(all)
	if err != nil {
		tb.Fatal(err)
	}
	n, err := Start(context.Background(), Config{Broker: b})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := n.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return n, dialRaw(tb, n)
}

func dialRaw(tb testing.TB, n *Node) *raw {
	tb.Helper()
	nc, err := net.Dial("tcp", n.Addrs()[0].String())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = nc.Close() })
	return &raw{tb: tb, conn: nc, buf: make([]byte, 64<<10)}
}

func (r *raw) send(frame []byte) {
	if _, err := r.conn.Write(frame); err != nil {
		r.tb.Fatal(err)
	}
}

// receive reads one response into the client's own memory.
func (r *raw) receive() []byte {
	if _, err := io.ReadFull(r.conn, r.head[:]); err != nil {
		r.tb.Fatal(err)
	}
	n := int(binary.BigEndian.Uint32(r.head[:]))
	if n > cap(r.buf) {
		r.buf = make([]byte, n)
	}
	r.buf = r.buf[:n]
	if _, err := io.ReadFull(r.conn, r.buf); err != nil {
		r.tb.Fatal(err)
	}
	return r.buf
}

// call sends a request in its newest stable version and decodes the answer.
func (r *raw) call(req msg.Request, resp msg.Response) {
	r.tb.Helper()
	api, _ := msg.Lookup(req.APIKey())
	r.send(wire.AppendRequest(nil, api.MaxStable, 1, "raw", req))
	frame := r.receive()
	_, at, err := wire.ParseResponseHeader(frame, req.APIKey(), api.MaxStable)
	if err == nil {
		err = msg.Unmarshal(resp, frame[at:], api.MaxStable)
	}
	if err != nil {
		r.tb.Fatal(err)
	}
}

// topic creates a topic and gives its id.
func (r *raw) topic(name string, partitions int32) kafka.UUID {
	r.tb.Helper()
	req, resp := msg.NewCreateTopicsRequest(), msg.NewCreateTopicsResponse()
	t := msg.NewCreateTopicsRequestCreatableTopic()
	t.Name, t.NumPartitions, t.ReplicationFactor = name, partitions, 1
	req.Topics = []msg.CreateTopicsRequestCreatableTopic{*t}
	req.TimeoutMs = 10_000
	r.call(req, resp)
	if resp.Topics[0].ErrorCode != 0 {
		r.tb.Fatalf("create %s: %v", name, kafka.Error(resp.Topics[0].ErrorCode))
	}
	return resp.Topics[0].TopicId
}

// produceFrame is a whole Produce request with one batch of n records for each
// of the partitions.
func produceFrame(id kafka.UUID, acks int16, partitions int32, n, size int) []byte {
	return produceBatches(id, acks, partitions, func() []byte { return plainBatch(n, size) })
}

// produceBatches is a whole Produce request with one batch for each of the
// partitions.
func produceBatches(id kafka.UUID, acks int16, partitions int32, records func() []byte) []byte {
	req := msg.NewProduceRequest()
	req.Acks, req.TimeoutMs = acks, 30_000
	topic := msg.ProduceRequestTopicProduceData{TopicId: id}
	for p := range partitions {
		topic.PartitionData = append(topic.PartitionData, msg.ProduceRequestPartitionProduceData{Index: p, Records: records()})
	}
	req.TopicData = append(req.TopicData, topic)
	return wire.AppendRequest(nil, 13, 7, "raw", req)
}

func fetchFrame(id kafka.UUID, offset int64, maxBytes int32) []byte {
	req := msg.NewFetchRequest()
	req.MinBytes, req.MaxWaitMs, req.MaxBytes = 1, 500, maxBytes
	p := msg.NewFetchRequestFetchPartition()
	p.FetchOffset, p.PartitionMaxBytes = offset, maxBytes
	req.Topics = []msg.FetchRequestFetchTopic{{TopicId: id, Partitions: []msg.FetchRequestFetchPartition{*p}}}
	return wire.AppendRequest(nil, 17, 7, "raw", req)
}

func BenchmarkProduce(b *testing.B) {
	for _, c := range []struct{ records, size int }{{1, 100}, {100, 1000}, {1000, 1000}} {
		b.Run(fmt.Sprintf("%dx%d", c.records, c.size), func(b *testing.B) {
			_, r := onDisk(b)
			frame := produceFrame(r.topic("t", 1), -1, 1, c.records, c.size)
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				r.send(frame)
				r.receive()
			}
		})
	}
}

// BenchmarkProduceFromMany has connections that each wait for the disk, as most
// producers of a broker do.
func BenchmarkProduceFromMany(b *testing.B) {
	n, first := onDisk(b)
	frame := produceFrame(first.topic("t", 1), -1, 1, 1, 100)
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		r := dialRaw(b, n)
		for pb.Next() {
			r.send(frame)
			r.receive()
		}
	})
}

// commitFrame is a whole OffsetCommit request for so many partitions, of a
// consumer that is no member of its group.
func commitFrame(topic string, partitions int32) []byte {
	req := msg.NewOffsetCommitRequest()
	req.GroupId, req.GenerationIdOrMemberEpoch = "g", -1
	t := msg.OffsetCommitRequestTopic{Name: topic}
	for p := range partitions {
		part := msg.NewOffsetCommitRequestPartition()
		part.PartitionIndex, part.CommittedOffset = p, 1
		t.Partitions = append(t.Partitions, *part)
	}
	req.Topics = []msg.OffsetCommitRequestTopic{t}
	return wire.AppendRequest(nil, 9, 7, "raw", req)
}

func BenchmarkOffsetCommit(b *testing.B) {
	for _, rule := range []string{"safe", "page-cache"} {
		b.Run(rule, func(b *testing.B) {
			_, r := onDisk(b, "gregor.log.durability="+rule, "offsets.topic.num.partitions=1")
			r.topic("t", 1)
			r.readyToCommit("t")
			frame := commitFrame("t", 1)
			b.ReportAllocs()
			for b.Loop() {
				r.send(frame)
				r.receive()
			}
		})
	}
}

// readyToCommit commits until the coordinator takes it.
func (r *raw) readyToCommit(topic string) {
	r.tb.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		find, found := msg.NewFindCoordinatorRequest(), msg.NewFindCoordinatorResponse()
		find.CoordinatorKeys = []string{"g"}
		r.call(find, found) // which makes the topic of offsets
		r.send(commitFrame(topic, 1))
		resp := msg.NewOffsetCommitResponse()
		frame := r.receive()
		_, at, err := wire.ParseResponseHeader(frame, kafka.OffsetCommit, 9)
		if err == nil {
			err = msg.Unmarshal(resp, frame[at:], 9)
		}
		if err != nil {
			r.tb.Fatal(err)
		}
		code := kafka.Error(resp.Topics[0].Partitions[0].ErrorCode)
		switch {
		case code == kafka.ErrNone:
			return
		case time.Now().After(deadline):
			r.tb.Fatalf("no coordinator: %v", code)
		}
	}
}

func BenchmarkFetch(b *testing.B) {
	_, r := onDisk(b)
	id := r.topic("t", 1)
	frame := produceFrame(id, -1, 1, 1000, 1000)
	for range 50 {
		r.send(frame)
		r.receive()
	}
	fetch := fetchFrame(id, 0, 50<<20)
	r.send(fetch)
	b.SetBytes(int64(len(r.receive())))
	b.ReportAllocs()
	for b.Loop() {
		r.send(fetch)
		r.receive()
	}
}

// batchAt is a batch of one record with a timestamp.
func batchAt(at time.Time) []byte {
	b := batch.NewBuilder(nil, batch.Options{})
	b.Append(kafka.Timestamp(at.UnixMilli()), nil, []byte("x"))
	records, err := b.Build(nil)
	if err != nil {
		panic(err)
	}
	return records
}

func plainBatch(n, size int) []byte {
	value := make([]byte, size)
	b := batch.NewBuilder(nil, batch.Options{})
	for range n {
		b.Append(kafka.Timestamp(time.Now().UnixMilli()), nil, value)
	}
	records, err := b.Build(nil)
	if err != nil {
		panic(err)
	}
	return records
}
