package node

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// TestProduceAndFetchAllocateNothing holds the path from the socket to the file
// and back to its budget: nothing for each request, once connection and pools
// are warm. The allowance is for the collector emptying a pool meanwhile.
//
// A request that waits for the disk takes no memory either; the sync that it asks
// for may: TestWaitingForTheDiskAllocatesByTheSync.
func TestProduceAndFetchAllocateNothing(t *testing.T) {
	const allowed = 0.1
	_, r := onDisk(t, "gregor.log.durability=page-cache")
	plain := r.topic("plain", 3)
	large := r.topic("large", 1)
	packed, idempotent, both := r.topic("packed", 1), r.topic("idempotent", 1), r.topic("both", 1)
	lz4 := func() []byte { return batchOf(compress.Lz4, nil) }
	producer := &batch.Producer{ID: 4000, Epoch: 0}
	for _, c := range []struct {
		name  string
		frame []byte
		next  func(frame []byte) // prepares the frame for its next sending
	}{
		{"produce", produceFrame(plain, -1, 3, 100, 100), nil},
		{"produce, acks=1", produceFrame(plain, 1, 3, 100, 100), nil},
		{"produce, a batch of 1 MB", produceFrame(large, -1, 1, 1000, 1000), nil},
		{"produce, lz4", produceBatches(packed, -1, 1, lz4), nil},
		{"produce, idempotent", produceBatches(idempotent, -1, 1, func() []byte { return batchOf(compress.None, producer) }), nextSequence},
		{"produce, idempotent and lz4", produceBatches(both, -1, 1, func() []byte { return batchOf(compress.Lz4, producer) }), nextSequence},
		{"fetch", fetchFrame(plain, 0, 1<<20), nil},
		{"fetch of one batch", fetchFrame(plain, 0, 1), nil},
		{"fetch, lz4", fetchFrame(packed, 0, 1<<20), nil},
		{"fetch, idempotent and lz4", fetchFrame(both, 0, 1<<20), nil},
	} {
		turns := 0
		turn := func() {
			if turns++; turns > 1 && c.next != nil {
				c.next(c.frame)
			}
			r.send(c.frame)
			r.receive()
		}
		for range 20 {
			turn()
		}
		if got := testing.AllocsPerRun(500, turn); got > allowed+raceAllocs {
			t.Errorf("%s: %v allocations a request", c.name, got)
		}
		if c.next != nil {
			wantAppended(t, r.buf, int64(turns-1)*batchRecords)
		}
	}
}

func TestWaitingForTheDiskAllocatesNothing(t *testing.T) {
	const allowed = 0.5 // a longer wait, in which the collector may run
	_, r := onDisk(t)
	topic := r.topic("t", 8)
	for _, c := range []struct {
		acks       int16
		partitions int32
		records    int
	}{{-1, 1, 1}, {-1, 1, 1000}, {-1, 8, 10}, {1, 8, 10}} {
		frame := produceFrame(topic, c.acks, c.partitions, c.records, 100)
		turn := func() {
			r.send(frame)
			r.receive()
		}
		for range 20 {
			turn()
		}
		if got := testing.AllocsPerRun(200, turn); got > allowed+raceAllocs {
			t.Errorf("acks=%d, %d partitions, %d records each: %v allocations a request", c.acks, c.partitions, c.records, got)
		}
	}
}

// An offset commit that waits for the disk costs what one costs that does not.
func TestOffsetCommitAllocatesNothingForTheDisk(t *testing.T) {
	var cost [2]float64
	for i, rule := range []string{"page-cache", "safe"} {
		_, r := onDisk(t, "gregor.log.durability="+rule, "offsets.topic.num.partitions=1")
		r.topic("t", 3)
		r.readyToCommit("t")
		frame := commitFrame("t", 3)
		turn := func() {
			r.send(frame)
			r.receive()
		}
		for range 20 {
			turn()
		}
		cost[i] = testing.AllocsPerRun(300, turn)
	}
	if cost[1] > cost[0]+0.5+raceAllocs {
		t.Errorf("%v allocations a commit, %v where it does not wait for the disk", cost[1], cost[0])
	}
}

const batchRecords = 50

func batchOf(codec compress.Codec, producer *batch.Producer) []byte {
	b := batch.NewBuilder(new(compress.Pool), batch.Options{Codec: codec, Producer: producer})
	for range batchRecords {
		b.Append(kafka.Timestamp(time.Now().UnixMilli()), []byte("key"), bytes.Repeat([]byte("value "), 20))
	}
	records, err := b.Build(nil)
	if err != nil {
		panic(err)
	}
	return records
}

// nextSequence makes of the one batch in a frame the producer's next. It
// allocates nothing.
func nextSequence(frame []byte) {
	const atLength, atCRC, atAttributes, atProducer, atSequence = 8, 17, 21, 43, 53
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], 4000)
	b := frame[bytes.Index(frame, id[:])-atProducer:]
	b = b[:12+binary.BigEndian.Uint32(b[atLength:])]
	binary.BigEndian.PutUint32(b[atSequence:], binary.BigEndian.Uint32(b[atSequence:])+batchRecords)
	binary.BigEndian.PutUint32(b[atCRC:], crc32.Checksum(b[atAttributes:], castagnoli))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// wantAppended holds the answer to the last request of several against what it
// must be, if each was appended and none refused as a repetition.
func wantAppended(t *testing.T, frame []byte, offset int64) {
	t.Helper()
	resp := msg.NewProduceResponse()
	_, at, err := wire.ParseResponseHeader(frame, kafka.Produce, 13)
	if err == nil {
		err = msg.Unmarshal(resp, frame[at:], 13)
	}
	if err != nil {
		t.Fatal(err)
	}
	if p := resp.Responses[0].PartitionResponses[0]; p.ErrorCode != 0 || p.BaseOffset != offset {
		t.Errorf("the last batch: %v at offset %d, want %d", kafka.Error(p.ErrorCode), p.BaseOffset, offset)
	}
}
