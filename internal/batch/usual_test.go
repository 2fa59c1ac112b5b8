package batch

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// oneByOne is what plain says without the short way for usual records.
func oneByOne(c *checker, payload []byte, count int32) error {
	var r seen
	for range count {
		n, why := r.skim(payload)
		if why != sound {
			return c.broken("record %d: %s", c.index, why)
		}
		payload = payload[n:]
		c.record(&r)
	}
	if count > 0 && len(payload) > 0 {
		return c.broken("%d bytes behind the last record", len(payload))
	}
	return c.verdict()
}

// anyRecords builds records of all shapes, most of them usual, and damages some.
func anyRecords(rng *rand.Rand, count int) []byte {
	var payload []byte
	long := rng.IntN(4) == 0
	for i := range count {
		index, delta := int32(i), int64(rng.IntN(200))
		var key []byte
		var headers []Header
		value := make([]byte, rng.IntN(90))
		if long {
			value = make([]byte, rng.IntN(20_000))
		}
		switch rng.IntN(12) {
		case 0:
			headers = []Header{{Key: "h", Value: []byte("v")}}
		case 1:
			index = int32(rng.IntN(50)) - 10
		case 2:
			delta = rng.Int64() >> rng.IntN(64)
		case 3:
			value = nil
		case 4, 5, 6:
			key = make([]byte, rng.IntN(200))
		}
		payload = appendRecord(payload, delta, index, key, value, headers)
	}
	for range rng.IntN(3) {
		if len(payload) > 0 {
			payload[rng.IntN(len(payload))] = byte(rng.Uint32())
		}
	}
	return payload
}

// TestTheShortWayForUsualRecordsSaysTheSame holds plain against the long way,
// on good, odd, refused and damaged records.
func TestTheShortWayForUsualRecordsSaysTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	outcomes := map[bool]int{}
	for range 6000 {
		rules := clientRules()
		rules.Compacted = rng.IntN(4) == 0
		if rng.IntN(3) == 0 {
			rules.BeforeMaxMs, rules.AfterMaxMs = int64(rng.IntN(300)), int64(rng.IntN(300))
		}
		if rng.IntN(5) == 0 {
			rules.TimestampType = LogAppendTime
		}
		start := checker{rules: rules, nowMs: 1_000_000, baseTimestamp: 1_000_000 - int64(rng.IntN(300)),
			maxTimestamp: int64(kafka.NoTimestamp), sequential: true, appended: rng.IntN(8) == 0, appendedMs: 5}
		if rng.IntN(8) == 0 {
			start.baseOffset = kafka.Offset(rng.IntN(5))
		}
		count := rng.IntN(60)
		payload := anyRecords(rng, count)
		if rng.IntN(6) == 0 {
			count += rng.IntN(5) - 2
		}
		a, b := start, start
		count = max(count, 0)
		got, want := a.plain(payload, int32(count)), oneByOne(&b, payload, int32(count))
		outcomes[want == nil]++
		if fmt.Sprint(got) != fmt.Sprint(want) || a.index != b.index || want == nil && (a.maxTimestamp != b.maxTimestamp || a.sequential != b.sequential) {
			t.Fatalf("%d records of %x:\n got %v, %+v\nwant %v, %+v", count, payload, got, a, want, b)
		}
	}
	if outcomes[true] < 500 || outcomes[false] < 500 {
		t.Errorf("the test is one-sided: %v", outcomes)
	}
}

func TestUsualRecordsTakeTheShortWay(t *testing.T) {
	var payload []byte
	const records = 10_000
	for i := range records {
		payload = appendRecord(payload, int64(i/1000), int32(i), nil, make([]byte, 100), nil)
	}
	c := checker{rules: clientRules(), nowMs: 1_000_000, baseTimestamp: 1_000_000, maxTimestamp: -1, sequential: true}
	if _, done := c.usual(payload, records); done < records-1 {
		t.Errorf("%d of %d records took it", done, records)
	}
}

// BenchmarkPlain checks the records of a batch, a record at a time.
func BenchmarkPlain(b *testing.B) {
	var payload []byte
	const records = 9000
	for i := range records {
		payload = appendRecord(payload, int64(i/1000), int32(i), nil, make([]byte, 100), nil)
	}
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		c := checker{rules: clientRules(), nowMs: 1_000_000, baseTimestamp: 1_000_000, maxTimestamp: -1, sequential: true}
		if err := c.plain(payload, records); err != nil {
			b.Fatal(err)
		}
	}
}
