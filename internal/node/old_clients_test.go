package node

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// ask exchanges a request of one version.
func (r *raw) ask(version int16, req msg.Request, resp msg.Response) {
	r.tb.Helper()
	r.send(wire.AppendRequest(nil, version, 3, "old", req))
	frame := r.receive()
	_, at, err := wire.ParseResponseHeader(frame, req.APIKey(), version)
	if err == nil {
		err = msg.Unmarshal(resp, frame[at:], version)
	}
	if err != nil {
		r.tb.Fatalf("%s v%d: %v", req.APIKey(), version, err)
	}
}

// fetchOld fetches from partition 0 and reads the messages that are whole.
func (r *raw) fetchOld(version int16, topic string, from kafka.Offset, maxBytes, waitMs int32) (offsets []kafka.Offset, size int, code kafka.Error) {
	r.tb.Helper()
	req, resp := msg.NewFetchRequest(), msg.NewFetchResponse()
	req.MinBytes, req.MaxWaitMs = 1, waitMs
	p := msg.NewFetchRequestFetchPartition()
	p.PartitionMaxBytes, p.FetchOffset = maxBytes, int64(from)
	req.Topics = []msg.FetchRequestFetchTopic{{Topic: topic, Partitions: []msg.FetchRequestFetchPartition{*p}}}
	r.ask(version, req, resp)
	got := resp.Responses[0].Partitions[0]
	var messages batch.MessageReader
	messages.Reset(got.Records, new(compress.Pool), 1<<26)
	for messages.Next() {
		offsets = append(offsets, messages.Record().Offset)
	}
	if messages.Err() != nil {
		r.tb.Fatalf("fetch v%d from %d: %v", version, from, messages.Err())
	}
	return offsets, len(got.Records), kafka.Error(got.ErrorCode)
}

// produceOld sends message sets to partition 0.
func (r *raw) produceOld(version int16, topic string, acks int16, records []byte) msg.ProduceResponsePartitionProduceResponse {
	r.tb.Helper()
	req, resp := msg.NewProduceRequest(), msg.NewProduceResponse()
	req.Acks, req.TimeoutMs = acks, 5000
	req.TopicData = []msg.ProduceRequestTopicProduceData{{Name: topic, PartitionData: []msg.ProduceRequestPartitionProduceData{{Records: records}}}}
	if acks == 0 {
		r.send(wire.AppendRequest(nil, version, 3, "old", req))
		return msg.ProduceResponsePartitionProduceResponse{}
	}
	r.ask(version, req, resp)
	return resp.Responses[0].PartitionResponses[0]
}

func oldMessages(t *testing.T, magic int8, codec compress.Codec, values ...string) []byte {
	t.Helper()
	b := batch.NewMessageBuilder(new(compress.Pool), batch.MessageOptions{Magic: magic, Codec: codec})
	for i, v := range values {
		b.Append(kafka.Offset(i), kafka.Timestamp(time.Now().UnixMilli()), nil, []byte(v))
	}
	set, err := b.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestOldAndNewClientsReadWhatTheOtherWrites(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		cl, r := w.client(kgo.DefaultProduceTopic("t"), kgo.ConsumeTopics("t")), w.raw()
		w.createTopic(cl, "t", 1, nil)
		next := int64(0)
		for version := range int16(3) {
			for magic := range int8(2) {
				for codec := range compress.Zstd {
					p := r.produceOld(version, "t", -1, oldMessages(t, magic, codec, fmt.Sprint(next), fmt.Sprint(next+1)))
					if p.ErrorCode != 0 || p.BaseOffset != next {
						t.Fatalf("produce v%d, magic %d, %s: %+v", version, magic, codec, p)
					}
					next += 2
				}
			}
		}
		r.produceOld(1, "t", 0, oldMessages(t, 0, compress.None, fmt.Sprint(next)))
		r.produceOld(2, "t", -1, nil) // and nothing at all
		w.produce(cl, "t", int(next)+1, 1)
		seen := 0
		for seen < int(next)+2 {
			cl.PollFetches(t.Context()).EachRecord(func(rec *kgo.Record) {
				if want := fmt.Sprint(rec.Offset); rec.Offset != int64(seen) || seen <= int(next) && string(rec.Value) != want {
					t.Errorf("record %d at offset %d is %q", seen, rec.Offset, rec.Value)
				}
				seen++
			})
		}
		for version := range int16(4) {
			offsets, _, code := r.fetchOld(version, "t", 0, 1<<20, 0)
			if code != 0 || len(offsets) == 0 || offsets[0] != 0 {
				t.Errorf("fetch v%d: %v, %v", version, offsets, code)
			}
		}
		st := w.node.set.Stats(1, 1)
		if st.All.Upgraded != next+1 || st.Topics[0].Upgraded != next+1 || st.All.Downgraded < 4*(next+1) || st.All.Records != next+2 {
			t.Errorf("counted: %+v", st.All)
		}
	})
}

// TestOldConsumersPassOverMarkers reads a topic as those consumers do that know
// no transactions: each record once, though Kafka 3.9 sends what follows a marker
// twice, and no marker stops them.
func TestOldConsumersPassOverMarkers(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		cl, r := w.client(), w.raw()
		w.createTopic(cl, "t", 1, nil)
		producer := w.client(kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"))
		for i := range 5 {
			w.transact(producer, kgo.TransactionEndTry(i%2 == 0), "a", "b")
		}
		for version := range int16(4) {
			var all []kafka.Offset
			from := kafka.Offset(0)
			for len(all) < 10 {
				offsets, _, code := r.fetchOld(version, "t", from, 1<<20, 0)
				if code != 0 || len(offsets) == 0 {
					t.Fatalf("v%d from %d: %v, %v", version, from, offsets, code)
				}
				all = append(all, offsets...)
				from = offsets[len(offsets)-1] + 1
			}
			if got := fmt.Sprint(all); got != "[0 1 3 4 6 7 9 10 12 13]" {
				t.Errorf("v%d: %s", version, got)
			}
			began := time.Now()
			if offsets, size, code := r.fetchOld(version, "t", 14, 1<<20, 1000); size != 0 || code != 0 || time.Since(began) < time.Second {
				t.Errorf("v%d at the last marker: %v, %d bytes, %v after %v", version, offsets, size, code, time.Since(began))
			}
		}
	})
}

// TestLimitsOfOldFetches: before version 3 an answer ends at the limit, in the
// middle of a message; from then on it has at least one batch.
func TestLimitsOfOldFetches(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		cl, r := w.client(), w.raw()
		w.createTopic(cl, "t", 1, nil)
		values := make([]string, 50)
		for i := range values {
			values[i] = "0123456789"
		}
		r.produceOld(2, "t", -1, oldMessages(t, 1, compress.None, values...)) // one batch of 50
		for _, c := range []struct {
			version  int16
			maxBytes int32
			whole    int
			size     func(n int) bool
		}{
			{0, 100, 2, func(n int) bool { return n == 100 }},
			{1, 36, 1, func(n int) bool { return n == 36 }},
			{2, 10, 0, func(n int) bool { return n == 10 }},
			{2, 0, 0, func(n int) bool { return n == 0 }},
			{3, 10, 50, func(n int) bool { return n == 50*44 }},
			{0, 1 << 20, 50, func(n int) bool { return n == 50*36 }},
			{2, 1 << 20, 50, func(n int) bool { return n == 50*44 }},
		} {
			offsets, size, code := r.fetchOld(c.version, "t", 0, c.maxBytes, 0)
			if code != 0 || len(offsets) != c.whole || !c.size(size) {
				t.Errorf("v%d, at most %d: %d messages in %d bytes, %v", c.version, c.maxBytes, len(offsets), size, code)
			}
		}
	})
}

func TestOldConsumersOfZstdAreRefusedWhereItBegins(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		cl, r := w.client(), w.raw()
		w.createTopic(cl, "t", 1, nil)
		w.produce(w.client(kgo.ProducerBatchCompression(kgo.NoCompression())), "t", 0, 1)
		w.produce(w.client(kgo.ProducerBatchCompression(kgo.ZstdCompression())), "t", 1, 200)
		for version := range int16(4) {
			if offsets, _, code := r.fetchOld(version, "t", 0, 1<<20, 0); code != 0 || len(offsets) != 1 {
				t.Errorf("v%d before zstd: %v, %v", version, offsets, code)
			}
			if _, size, code := r.fetchOld(version, "t", 1, 1<<20, 0); code != kafka.ErrUnsupportedCompressionType || size != 0 {
				t.Errorf("v%d at zstd: %d bytes, %v", version, size, code)
			}
		}
	})
}

// TestWhatIsMissingOfAnOldAnswerIsACutMessage: an answer whose length was said
// before it was known is filled.
func TestWhatIsMissingOfAnOldAnswerIsACutMessage(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		cl, r := w.client(), w.raw()
		w.createTopic(cl, "t", 1, nil)
		for range 200 { // 200 batches with one record each: a message is shorter than a batch
			r.produceOld(2, "t", -1, oldMessages(t, 1, compress.None, "v"))
		}
		for version := range int16(4) {
			offsets, size, code := r.fetchOld(version, "t", 0, 1<<20, 0)
			if code != 0 || len(offsets) != 200 || size != 200*(batch.HeaderSize+8) {
				t.Errorf("v%d: %d messages in %d bytes, %v", version, len(offsets), size, code)
			}
		}
	})
}

func TestOldOffsetsAreThoseOfSegments(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		cl, r := w.client(), w.raw()
		size := "1048576"
		w.createTopic(cl, "t", 1, map[string]*string{"segment.bytes": &size})
		for range 5 {
			r.produceOld(2, "t", 1, oldMessages(t, 1, compress.None, string(make([]byte, 500_000))))
		}
		for _, c := range []struct {
			at   int64
			most int32
			want string
		}{
			{-1, 10, "[5 4 2 0]"}, {-1, 2, "[5 4]"}, {-1, 0, "[]"}, {-2, 10, "[0]"}, {1 << 60, 10, "[5 4 2 0]"}, {1, 10, "[]"},
		} {
			req, resp := msg.NewListOffsetsRequest(), msg.NewListOffsetsResponse()
			req.ReplicaId = -1
			req.Topics = []msg.ListOffsetsRequestListOffsetsTopic{{Name: "t", Partitions: []msg.ListOffsetsRequestListOffsetsPartition{{Timestamp: c.at, MaxNumOffsets: c.most}}}}
			r.ask(0, req, resp)
			if got := resp.Topics[0].Partitions[0]; got.ErrorCode != 0 || fmt.Sprint(got.OldStyleOffsets) != c.want {
				t.Errorf("at %d, at most %d: %v, %v, want %s", c.at, c.most, got.OldStyleOffsets, kafka.Error(got.ErrorCode), c.want)
			}
		}
	})
}

// TestHostileMessagesAreRefusedAndTheBrokerGoesOn sends what old formats make
// possible: bombs, nests, lies.
func TestHostileMessagesAreRefusedAndTheBrokerGoesOn(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		cl, r := w.client(), w.raw()
		w.createTopic(cl, "t", 1, nil)
		good := oldMessages(t, 1, compress.Gzip, "v")
		nested := good
		for range 20 {
			packed, err := new(compress.Pool).Compress(nil, nested, compress.Gzip, 0)
			if err != nil {
				t.Fatal(err)
			}
			nested = oldMessages(t, 1, compress.None, string(packed))
			nested[17] |= byte(compress.Gzip)
			binary.BigEndian.PutUint32(nested[12:], crc32.ChecksumIEEE(nested[16:]))
		}
		lie := oldMessages(t, 1, compress.None, "v")
		binary.BigEndian.PutUint32(lie[8:], 1<<31-1)
		for name, c := range map[string]struct {
			records []byte
			want    kafka.Error
		}{
			"a bomb": {oldMessages(t, 1, compress.Gzip, string(make([]byte, 80<<20))), kafka.ErrMessageTooLarge},
			"a nest": {nested, kafka.ErrInvalidRecord},
		} {
			if p := r.produceOld(2, "t", -1, c.records); kafka.Error(p.ErrorCode) != c.want {
				t.Errorf("%s: %v", name, kafka.Error(p.ErrorCode))
			}
		}
		if p := r.produceOld(2, "t", -1, lie); p.ErrorCode == 0 && p.BaseOffset >= 0 {
			t.Errorf("a length that is a lie: %+v", p)
		}
		if p := r.produceOld(2, "t", -1, good); p.ErrorCode != 0 || p.BaseOffset != 0 {
			t.Errorf("afterwards: %+v", p)
		}
	})
}
