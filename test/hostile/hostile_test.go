package hostile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/test/harness"
)

// residentMaxMB is what the broker may take through all of this. It idles at
// about 15; the largest legal request here is 8 MB.
const residentMaxMB = 256

// settle is how long it may hold more.
const settle = 10 * time.Second

const topic = "target"

func TestBadInputHarmsNobodyElse(t *testing.T) {
	b, err := harness.StartGregor(harness.Options{Name: "hostile", Properties: map[string]string{
		"num.partitions": "1", "message.max.bytes": "8000000",
	}})
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Remove(); err != nil {
			t.Error(err)
		}
	}()
	if err := healthy(b); err != nil {
		t.Fatal(err)
	}
	createTarget(t, b)
	cases := []struct {
		name string
		run  func(*testing.T, *harness.Broker)
	}{
		{"random bytes", randomBytes},
		{"half a frame", halfFrame},
		{"giant and negative lengths", giantLengths},
		{"lengths inside a request", giantCounts},
		{"unknown keys and versions", unknownKeys},
		{"damaged batches", damagedBatches},
		{"compressed bombs", bombs},
		{"topic names", badTopicNames},
		{"a group of 10,000 members", manyMembers},
		{"clients that never read", neverRead},
		{"clients that send one byte at a time", slowWriters},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.run(t, b)
			if err := healthy(b); err != nil {
				t.Error(err)
			}
			mb, err := residentMB(b)
			// What is garbage goes back to the system by itself, later on a busy machine.
			for end := time.Now().Add(settle); err == nil && mb > residentMaxMB && time.Now().Before(end); {
				t.Logf("resident: %d MB", mb)
				time.Sleep(200 * time.Millisecond)
				mb, err = residentMB(b)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("resident afterwards: %d MB", mb)
			if mb > residentMaxMB {
				t.Errorf("the broker holds %d MB, more than %d", mb, residentMaxMB)
			}
		})
	}
	select {
	case <-b.Process().Ended():
		t.Fatalf("the broker ended:\n%s", b.Process().Tail(4000))
	default:
	}
	if log := b.Process().Tail(1 << 20); strings.Contains(log, "panic") || strings.Contains(log, "goroutine ") {
		t.Errorf("the broker's log tells of a panic:\n%s", log)
	}
}

func connect(t *testing.T, b *harness.Broker) *peer {
	t.Helper()
	p, err := dial(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func createTarget(t *testing.T, b *harness.Broker) {
	t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Version = 7
	topicReq := kmsg.NewCreateTopicsRequestTopic()
	topicReq.Topic, topicReq.NumPartitions, topicReq.ReplicationFactor = topic, 1, 1
	req.Topics = append(req.Topics, topicReq)
	if _, err := connect(t, b).ask(req); err != nil {
		t.Fatal(err)
	}
}

// randomBytes: frames whose length is right and whose content is not, from a
// fixed seed. Each is answered or the connection is closed.
func randomBytes(t *testing.T, b *harness.Broker) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 400 {
		p := connect(t, b)
		frame := make([]byte, 4+rng.IntN(400))
		for j := range frame {
			frame[j] = byte(rng.Uint32())
		}
		binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
		if i%2 == 0 && len(frame) > 8 { // a known key and version, then noise
			binary.BigEndian.PutUint16(frame[4:], uint16(rng.IntN(76)))
			binary.BigEndian.PutUint16(frame[6:], uint16(rng.IntN(14)))
		}
		if err := p.SetDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, _ = p.raw(frame) // a produce request with acks=0 is not answered at all
		_ = p.Close()
	}
}

func halfFrame(t *testing.T, b *harness.Broker) {
	p := connect(t, b)
	frame := p.frame(kmsg.NewPtrMetadataRequest())
	for cut := 1; cut < len(frame); cut++ {
		p := connect(t, b)
		if _, err := p.Write(frame[:cut]); err != nil {
			t.Fatal(err)
		}
		_ = p.Close()
	}
}

func giantLengths(t *testing.T, b *harness.Broker) {
	for _, length := range []uint32{0x7fffffff, 0xffffffff, 0x80000000, 100<<20 + 1} {
		p := connect(t, b)
		if _, err := p.raw(binary.BigEndian.AppendUint32(nil, length)); !errors.Is(err, errClosed) {
			t.Errorf("a frame of length %#x: %v, want a closed connection", length, err)
		}
	}
	before, err := residentMB(b)
	if err != nil {
		t.Fatal(err)
	}
	// The largest legal length, and nothing behind it: no memory on a promise.
	for range 50 {
		p := connect(t, b)
		if _, err := p.Write(binary.BigEndian.AppendUint32(nil, 100<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := healthy(b); err != nil {
		t.Error(err)
	}
	after, err := residentMB(b)
	if err != nil {
		t.Fatal(err)
	}
	if after > before+50 {
		t.Errorf("50 promises of 100 MiB cost %d MB", after-before)
	}
}

// giantCounts: array and string lengths that the request does not have.
func giantCounts(t *testing.T, b *harness.Broker) {
	header := []byte{0, 3, 0, 1, 0, 0, 0, 9, 0xff, 0xff} // Metadata v1, id 9, no client id
	header4 := []byte{0, 3, 0, 12, 0, 0, 0, 9, 0xff, 0xff, 0}
	bodies := map[string][]byte{
		"array of 2^31-1":         append(bytes.Clone(header), 0x7f, 0xff, 0xff, 0xff),
		"string past the end":     append(bytes.Clone(header), 0, 0, 0, 1, 0x7f, 0xff, 'a'),
		"compact array of 2^32-1": append(bytes.Clone(header4), 0xff, 0xff, 0xff, 0xff, 0x0f),
		"varint of 10 bytes":      append(bytes.Clone(header4), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
		"tags without end":        append(bytes.Clone(header4[:10]), 0xff, 0xff, 0xff, 0xff, 0x0f),
	}
	for name, body := range bodies {
		p := connect(t, b)
		frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
		if _, err := p.raw(frame); !errors.Is(err, errClosed) {
			t.Errorf("%s: %v, want a closed connection", name, err)
		}
	}
	// A million topics of no name: valid bytes, much more memory than bytes
	// if the decoder is careless.
	body := append(bytes.Clone(header), 0, 0x0f, 0x42, 0x40)
	body = append(body, make([]byte, 2_000_000)...)
	p := connect(t, b)
	began := time.Now()
	_, err := p.raw(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	if took := time.Since(began); took > limit/2 {
		t.Errorf("a million empty names took %v (%v)", took, err)
	}
}

func unknownKeys(t *testing.T, b *harness.Broker) {
	for _, h := range [][2]uint16{{500, 0}, {0xffff, 0}, {3, 99}, {1, 0}, {0, 0}, {4, 0}, {17, 0}, {52, 0}} {
		frame := []byte{0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 7, 0xff, 0xff}
		binary.BigEndian.PutUint16(frame[4:], h[0])
		binary.BigEndian.PutUint16(frame[6:], h[1])
		if _, err := connect(t, b).raw(frame); !errors.Is(err, errClosed) {
			t.Errorf("key %d version %d: %v, want a closed connection", int16(h[0]), h[1], err)
		}
	}
	// ApiVersions of an unknown version is answered, in version 0.
	frame := []byte{0, 0, 0, 11, 0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff, 0}
	body, err := connect(t, b).raw(frame)
	if err != nil {
		t.Fatal(err)
	}
	resp := kmsg.NewPtrApiVersionsResponse()
	if err := resp.ReadFrom(body[4:]); err != nil {
		t.Fatal(err)
	}
	if resp.ErrorCode != kerr.UnsupportedVersion.Code || len(resp.ApiKeys) != 1 {
		t.Errorf("ApiVersions v99: error code %d with %d keys, want %d with ApiVersions alone", resp.ErrorCode, len(resp.ApiKeys), kerr.UnsupportedVersion.Code)
	}
}

func damagedBatches(t *testing.T, b *harness.Broker) {
	good := recordBatch(0, 1, record("value"))
	corrupt, invalid := kerr.CorruptMessage.Code, kerr.InvalidRecord.Code
	unknown := kerr.UnknownServerError.Code
	edit := func(change func([]byte)) []byte {
		c := bytes.Clone(good)
		change(c)
		return c
	}
	cases := map[string]struct {
		records []byte
		codes   []int16
	}{
		"wrong CRC":              {edit(func(c []byte) { c[17] ^= 1 }), []int16{corrupt}},
		"flipped payload":        {edit(func(c []byte) { c[len(c)-1] ^= 1 }), []int16{corrupt}},
		"cut in the header":      {good[:30], []int16{corrupt, invalid}},
		"cut in the payload":     {good[:len(good)-2], []int16{corrupt, invalid}},
		"length of 2^31-1":       {edit(func(c []byte) { binary.BigEndian.PutUint32(c[8:], 0x7fffffff) }), []int16{corrupt, invalid}},
		"negative length":        {edit(func(c []byte) { binary.BigEndian.PutUint32(c[8:], 0x80000000) }), []int16{corrupt, invalid}},
		"length too short":       {edit(func(c []byte) { binary.BigEndian.PutUint32(c[8:], 3) }), []int16{corrupt, invalid}},
		"magic 9":                {edit(func(c []byte) { c[16] = 9 }), []int16{corrupt, invalid}},
		"record length past end": {recordBatch(0, 1, []byte{0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0}), []int16{invalid, unknown, corrupt}},
		"key length past end":    {recordBatch(0, 1, []byte{12, 0, 0, 0, 0x7e, 0, 0}), []int16{invalid, unknown, corrupt}},
		"count without records":  {recordBatch(0, 1_000_000, record("value")), []int16{invalid, unknown, corrupt}},
		"unknown codec":          {recordBatch(7, 1, record("value")), []int16{invalid, unknown, corrupt}},
		"gzip of nothing":        {recordBatch(1, 1, []byte{1, 2, 3}), []int16{invalid, unknown, corrupt}},
		"snappy of noise":        {recordBatch(2, 1, []byte{0xff, 0xff, 0xff, 0xff, 0x7f, 1}), []int16{invalid, unknown, corrupt}},
		"lz4 of noise":           {recordBatch(3, 1, []byte{4, 34, 77, 24, 1, 2, 3}), []int16{invalid, unknown, corrupt}},
		"zstd of noise":          {recordBatch(4, 1, []byte{0x28, 0xb5, 0x2f, 0xfd, 0xff}), []int16{invalid, unknown, corrupt}},
		"control batch":          {recordBatch(1<<5, 1, record("value")), []int16{invalid}},
	}
	for name, c := range cases {
		code, err := connect(t, b).produceCode(topic, c.records)
		if err != nil && !errors.Is(err, errClosed) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && !slices.Contains(c.codes, code) {
			t.Errorf("%s: error code %d, want one of %v", name, code, c.codes)
		}
	}
	if code, err := connect(t, b).produceCode(topic, good); err != nil || code != 0 {
		t.Errorf("the good batch: code %d, %v", code, err)
	}
}

// bombs: batches below max.message.bytes that unpack to one record of a
// gigabyte. Memory stays bounded while they are looked at.
func bombs(t *testing.T, b *harness.Broker) {
	const unpacked = 1 << 30
	// One record whose value is unpacked bytes of zeros.
	size := unpacked + 16
	head := binary.AppendVarint(nil, int64(size))
	head = append(head, 0, 0, 0, 1) // attributes, deltas, null key
	head = binary.AppendVarint(head, int64(size-(len(head)-5+4)-5-1))
	for _, codec := range []int16{1, 3, 4} {
		payload := squeeze(t, codec, head, unpacked)
		if len(payload) > 7_000_000 {
			t.Fatalf("codec %d: the bomb has %d bytes", codec, len(payload))
		}
		p := connect(t, b)
		began := time.Now()
		code, err := p.produceCode(topic, recordBatch(codec, 1, payload))
		t.Logf("codec %d: %d bytes, code %d, %v, %v", codec, len(payload), code, err, time.Since(began))
		if err == nil && code == 0 {
			t.Errorf("codec %d: a batch that unpacks to %d bytes was taken", codec, unpacked)
		}
		if err != nil && !errors.Is(err, errClosed) {
			t.Errorf("codec %d: %v", codec, err)
		}
		if mb, err := residentMB(b); err != nil || mb > residentMaxMB {
			t.Errorf("codec %d: the broker holds %d MB (%v)", codec, mb, err)
		}
	}
}

// squeeze compresses head and zeros of about n bytes.
func squeeze(t *testing.T, codec int16, head []byte, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	var w interface {
		Write([]byte) (int, error)
		Close() error
	}
	var err error
	switch codec {
	case 1:
		w, err = gzip.NewWriterLevel(&out, gzip.BestSpeed)
	case 3:
		w = lz4.NewWriter(&out)
	case 4:
		w, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	}
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	if _, err := w.Write(head); err != nil {
		t.Fatal(err)
	}
	for range n >> 20 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func badTopicNames(t *testing.T, b *harness.Broker) {
	for _, name := range []string{"", ".", "..", "../../etc", "a/b", "a\x00b", "snow ☃", strings.Repeat("x", 250), strings.Repeat("y", 30_000), "a:b", "\xff\xfe"} {
		req := kmsg.NewPtrCreateTopicsRequest()
		req.Version = 7
		tr := kmsg.NewCreateTopicsRequestTopic()
		tr.Topic, tr.NumPartitions, tr.ReplicationFactor = name, 1, 1
		req.Topics = append(req.Topics, tr)
		resp, err := connect(t, b).ask(req)
		if err != nil {
			if !errors.Is(err, errClosed) {
				t.Errorf("%.20q: %v", name, err)
			}
			continue
		}
		answer, ok := resp.(*kmsg.CreateTopicsResponse)
		if !ok || len(answer.Topics) != 1 || answer.Topics[0].ErrorCode != kerr.InvalidTopicException.Code {
			t.Errorf("create %.20q: %+v, want INVALID_TOPIC_EXCEPTION", name, resp)
		}
		meta := kmsg.NewPtrMetadataRequest()
		meta.Version, meta.AllowAutoTopicCreation = 9, true
		mt := kmsg.NewMetadataRequestTopic()
		mt.Topic = new(name)
		meta.Topics = append(meta.Topics, mt)
		mresp, err := connect(t, b).ask(meta)
		if err != nil {
			t.Errorf("metadata of %.20q: %v", name, err)
			continue
		}
		manswer, ok := mresp.(*kmsg.MetadataResponse)
		if !ok || len(manswer.Topics) != 1 || manswer.Topics[0].ErrorCode != kerr.InvalidTopicException.Code {
			t.Errorf("metadata of %.20q: %+v, want INVALID_TOPIC_EXCEPTION", name, mresp)
		}
	}
}

// manyMembers: 10,000 members join one group at once.
func manyMembers(t *testing.T, b *harness.Broker) {
	const members = 10_000
	awaitCoordinator(t, b, "crowd")
	metadata := []byte{0, 0, 0, 0, 0, 1, 0, 6, 't', 'a', 'r', 'g', 'e', 't', 0xff, 0xff, 0xff, 0xff}
	began := time.Now()
	sent := 0
	for sent < members {
		p := connect(t, b)
		// Version 3 needs no member id first, and a join waits for the
		// rebalance, so every member has a connection of its own.
		req := kmsg.NewPtrJoinGroupRequest()
		req.Version, req.Group = 3, "crowd"
		req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = 6000, 6000
		req.ProtocolType = "consumer"
		protocol := kmsg.NewJoinGroupRequestProtocol()
		protocol.Name, protocol.Metadata = "range", metadata
		req.Protocols = append(req.Protocols, protocol)
		if _, err := p.Write(p.frame(req)); err != nil {
			t.Fatalf("after %d members: %v", sent, err)
		}
		sent++
		if sent%1000 == 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}
	t.Logf("%d joins sent in %v", sent, time.Since(began))
	if err := healthy(b); err != nil {
		t.Error(err)
	}
	// Another group is served meanwhile.
	awaitCoordinator(t, b, "others")
	p := connect(t, b)
	resp, err := p.ask(describe("crowd"))
	if err != nil {
		t.Fatalf("describe the crowd: %v", err)
	}
	if d, ok := resp.(*kmsg.DescribeGroupsResponse); ok {
		t.Logf("the group: state %s, %d members", d.Groups[0].State, len(d.Groups[0].Members))
	}
}

func describe(group string) kmsg.Request {
	req := kmsg.NewPtrDescribeGroupsRequest()
	req.Version, req.Groups = 4, []string{group}
	return req
}

func awaitCoordinator(t *testing.T, b *harness.Broker, group string) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for time.Now().Before(deadline) {
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.Version, req.CoordinatorKey = 2, group
		resp, err := connect(t, b).ask(req)
		if err != nil {
			t.Fatal(err)
		}
		if found, ok := resp.(*kmsg.FindCoordinatorResponse); ok && found.ErrorCode == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("no coordinator for %s within %v", group, limit)
}

// neverRead: clients that ask for much and read nothing. The broker stops
// reading from them; it does not collect their answers.
func neverRead(t *testing.T, b *harness.Broker) {
	for i := range 20 {
		p := connect(t, b)
		req := kmsg.NewPtrMetadataRequest()
		req.Version = 1 // all topics
		frame := p.frame(req)
		many := bytes.Repeat(frame, 2000)
		if err := p.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			if _, err := p.Write(many); err != nil {
				break // its window is full: the broker has stopped reading
			}
		}
		if i%5 == 0 {
			if err := healthy(b); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// slowWriters: 200 clients each send a request at one byte a while.
func slowWriters(t *testing.T, b *harness.Broker) {
	var slow []*peer
	for range 200 {
		slow = append(slow, connect(t, b))
	}
	frame := slow[0].frame(kmsg.NewPtrMetadataRequest())
	for i := range min(len(frame), 12) {
		for _, p := range slow {
			if _, err := p.Write(frame[i : i+1]); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		if err := healthy(b); err != nil {
			t.Fatal(fmt.Errorf("beside slow writers: %w", err))
		}
		if took := time.Since(began); took > limit/4 {
			t.Errorf("an ordinary client took %v beside 200 slow ones", took)
		}
	}
	// Their requests are answered once they are whole.
	for _, p := range slow {
		if _, err := p.raw(frame[min(len(frame), 12):]); err != nil {
			t.Fatalf("a slow client's answer: %v", err)
		}
	}
}
