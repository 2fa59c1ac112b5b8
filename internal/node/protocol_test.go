package node

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// raw dials the node of a bubble.
func (w *world) raw() *raw {
	w.t.Helper()
	nc, err := w.pipe.DialContext(w.t.Context(), "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = nc.Close() })
	return &raw{tb: w.t, conn: nc, buf: make([]byte, 0, 1<<10)}
}

// wantClosed reads until the broker closes the connection.
func (r *raw) wantClosed(what string) {
	r.tb.Helper()
	_ = r.conn.SetReadDeadline(time.Now().Add(time.Minute))
	n, err := r.conn.Read(make([]byte, 1))
	if timeout := net.Error(nil); n > 0 || err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		r.tb.Errorf("%s: the connection is open (%d bytes, %v)", what, n, err)
	}
}

func header(key kafka.APIKey, version int16, body ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(key))
	b = binary.BigEndian.AppendUint16(b, uint16(version))
	b = append(b, 0, 0, 0, 9, 0, 1, 'c')
	b = append(b, body...)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

func TestApiVersionsOfAnUnknownVersionIsAnsweredInVersionZero(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		r := w.raw()
		r.send(header(kafka.ApiVersions, 99, 0, 1, 2, 3))
		frame := r.receive()
		var resp msg.ApiVersionsResponse
		if err := msg.Unmarshal(&resp, frame[4:], 0); err != nil {
			t.Fatal(err)
		}
		if kafka.Error(resp.ErrorCode) != kafka.ErrUnsupportedVersion || len(resp.ApiKeys) != 1 || resp.ApiKeys[0].ApiKey != 18 {
			t.Errorf("got %+v", resp)
		}
		// The connection goes on.
		req := msg.NewApiVersionsRequest()
		req.ClientSoftwareName, req.ClientSoftwareVersion = "x", "1"
		full := msg.NewApiVersionsResponse()
		r.call(req, full)
		if full.ErrorCode != 0 || len(full.ApiKeys) < 30 || full.ApiKeys[0].MinVersion != 0 {
			t.Errorf("then %+v", full)
		}
	})
}

func TestUnservedRequestsCloseTheConnection(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		for what, frame := range map[string][]byte{
			"unknown key":            header(9999, 0),
			"negative key":           header(-1, 0),
			"a key that is gone":     header(kafka.LeaderAndIsr, 0),
			"share fetch v0":         header(kafka.ShareFetch, 0),
			"fetch from the future":  header(kafka.Fetch, 99),
			"a body that ends early": header(kafka.Metadata, 9, 0, 200),
			"no header":              {0, 0, 0, 1, 0},
			"an empty frame":         {0, 0, 0, 0},
		} {
			r := w.raw()
			r.send(frame)
			r.wantClosed(what)
		}
	})
}

func TestProduceWithoutAcksIsNotAnsweredAndItsFailureCloses(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		r := w.raw()
		id := r.topic("t", 1)
		r.send(produceFrame(id, 0, 1, 1, 10))
		r.send(produceFrame(id, -1, 1, 1, 10)) // the first answer is this one's
		frame := r.receive()
		_, at, err := wire.ParseResponseHeader(frame, kafka.Produce, 13)
		if err != nil {
			t.Fatal(err)
		}
		resp := msg.NewProduceResponse()
		if err := msg.Unmarshal(resp, frame[at:], 13); err != nil {
			t.Fatal(err)
		}
		if p := resp.Responses[0].PartitionResponses[0]; p.ErrorCode != 0 || p.BaseOffset != 1 {
			t.Errorf("the second record: %+v", p)
		}
		r.send(produceFrame(kafka.UUID{1}, 0, 1, 1, 10))
		r.wantClosed("acks=0 to a topic that is not there")
	})
}

func TestLongPollHoldsUpOnlyItsOwnConnection(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		r, other := w.raw(), w.raw()
		id := r.topic("t", 1)
		req := msg.NewFetchRequest()
		req.MinBytes, req.MaxWaitMs = 1, 20_000
		p := msg.NewFetchRequestFetchPartition()
		p.PartitionMaxBytes = 1 << 20
		req.Topics = []msg.FetchRequestFetchTopic{{TopicId: id, Partitions: []msg.FetchRequestFetchPartition{*p}}}
		start := time.Now()
		r.send(wire.AppendRequest(nil, 17, 7, "raw", req))
		synctest.Wait()
		for range 10 {
			other.call(msg.NewListOffsetsRequest(), msg.NewListOffsetsResponse())
		}
		if took := time.Since(start); took > time.Millisecond {
			t.Errorf("others waited %v", took)
		}
		time.Sleep(5 * time.Second)
		other.send(produceFrame(id, -1, 1, 1, 10))
		other.receive()
		r.receive()
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("the long poll took %v, the record came after 5 s", took)
		}
		// And without a record it ends after its time, as Kafka's do: on the dot
		// is early for a client whose own poll takes as long.
		p.FetchOffset = 1
		req.Topics[0].Partitions[0] = *p
		start = time.Now()
		r.send(wire.AppendRequest(nil, 17, 7, "raw", req))
		r.receive()
		if late := time.Since(start) - 20*time.Second; late < 4*time.Millisecond || late > 20*time.Millisecond {
			t.Errorf("an empty long poll of 20 s ended %v late", late)
		}
	})
}

func TestStoppingAnswersLongPolls(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		r := w.raw()
		id := r.topic("t", 1)
		req := msg.NewFetchRequest()
		req.MinBytes, req.MaxWaitMs = 1, 600_000
		p := msg.NewFetchRequestFetchPartition()
		p.PartitionMaxBytes = 1 << 20
		req.Topics = []msg.FetchRequestFetchTopic{{TopicId: id, Partitions: []msg.FetchRequestFetchPartition{*p}}}
		r.send(wire.AppendRequest(nil, 17, 7, "raw", req))
		synctest.Wait()
		start := time.Now()
		stopped := make(chan struct{})
		go func() { w.stop(); close(stopped) }()
		r.receive()
		if _, err := r.conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("after the answer: %v", err)
		}
		<-stopped
		if took := time.Since(start); took > time.Second {
			t.Errorf("stopping took %v", took)
		}
	})
}
