package node

import (
	"slices"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/msg"
)

// TestConversionsAreTimed: what old clients cost is told for Produce and Fetch;
// the requests of others count with nothing, as in Kafka, and no other API has it.
func TestConversionsAreTimed(t *testing.T) {
	n, r := onDisk(t, httpHere)
	id := r.topic("t", 1)
	get := func(metric, request string) float64 {
		return scrape(t, n)[`kafka_network_requestmetrics_`+metric+`{request="`+request+`"}`]
	}
	settled := func() { // an answer counts when it is written: before the next
		r.call(msg.NewDescribeClusterRequest(), msg.NewDescribeClusterResponse())
	}
	r.send(produceFrame(id, -1, 1, 10, 100))
	r.receive()
	r.send(fetchFrame(id, 0, 1<<20))
	r.receive()
	settled()
	for _, request := range []string{"Produce", "Fetch"} {
		if count, sum, bytes := get("messageconversionstimems_count", request), get("messageconversionstimems_sum", request), get("temporarymemorybytes_sum", request); count != 1 || sum != 0 || bytes != 0 {
			t.Errorf("%s of a new client: %v requests, %v ms, %v bytes", request, count, sum, bytes)
		}
	}
	value := strings.Repeat("0123456789", 1000)
	values := slices.Repeat([]string{value}, 20)
	for range 3 {
		r.produceOld(2, "t", -1, oldMessages(t, 1, compress.Gzip, values...))
	}
	settled()
	size := float64(3 * len(values) * len(value))
	if ms, bytes := get("messageconversionstimems_sum", "Produce"), get("temporarymemorybytes_sum", "Produce"); ms <= 0 || bytes < size || bytes > 3*size {
		t.Errorf("old producers: %v ms, %v bytes for values of %v", ms, bytes, size)
	}
	if _, got, code := r.fetchOld(1, "t", 0, 1<<20, 0); got == 0 || code != 0 {
		t.Fatalf("%d bytes, %v", got, code)
	}
	settled()
	if count, ms, bytes := get("messageconversionstimems_count", "Fetch"), get("messageconversionstimems_sum", "Fetch"), get("temporarymemorybytes_sum", "Fetch"); count != 2 || ms <= 0 || bytes <= 0 {
		t.Errorf("an old consumer: %v requests, %v ms, %v bytes", count, ms, bytes)
	}
	for series := range scrape(t, n) {
		if strings.Contains(series, "messageconversions") && strings.Contains(series, "request=") && !strings.Contains(series, `"Produce"`) && !strings.Contains(series, `"Fetch"`) {
			t.Errorf("%s has no place here", series)
		}
	}
}
