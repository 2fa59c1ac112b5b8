package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// printed is what print prints of an event, without its time.
func printed(event any) string {
	var b bytes.Buffer
	(&events{env: &command.Env{Out: &b}}).print(event)
	return regexp.MustCompile(`"timestamp":\d+,`).ReplaceAllString(strings.TrimSuffix(b.String(), "\n"), "")
}

// The fields, their order and Jackson's way to write them.
func TestEventsAreWrittenAsJacksonWritesThem(t *testing.T) {
	key := "k<&>"
	tp := partition{"t", 3}
	for _, c := range []struct {
		event any
		want  string
	}{
		{named("startup_complete"), `{"name":"startup_complete"}`},
		{sendSuccess{named("producer_send_success"), &key, "7.1", 5, "t", 3}, `{"name":"producer_send_success","key":"k<&>","value":"7.1","offset":5,"topic":"t","partition":3}`},
		{sendError{named("producer_send_error"), "t", nil, "1", "class X", "why"}, `{"name":"producer_send_error","topic":"t","key":null,"value":"1","exception":"class X","message":"why"}`},
		{toolData{named("tool_data"), 3, 2, -1, 4}, `{"name":"tool_data","sent":3,"acked":2,"target_throughput":-1,"avg_throughput":4.0}`},
		{toolData{named("tool_data"), 0, 0, 5, double(math.NaN())}, `{"name":"tool_data","sent":0,"acked":0,"target_throughput":5,"avg_throughput":"NaN"}`},
		{toolData{named("tool_data"), 1, 1, 5, 1.5e9}, `{"name":"tool_data","sent":1,"acked":1,"target_throughput":5,"avg_throughput":1.5E9}`},
		{partitionsMoved{named("partitions_assigned"), []partition{tp}}, `{"name":"partitions_assigned","partitions":[{"topic":"t","partition":3}]}`},
		{recordsConsumed{named("records_consumed"), 9, []partitionCount{{tp, 2, 4, 5}}}, `{"name":"records_consumed","count":9,"partitions":[{"topic":"t","partition":3,"count":2,"minOffset":4,"maxOffset":5}]}`},
		{recordData{named("record_data"), nil, &key, "t", 3, 4}, `{"name":"record_data","key":null,"value":"k<&>","topic":"t","partition":3,"offset":4}`},
		{offsetsCommitted{named("offsets_committed"), []committed{{tp, 6}}, "", true}, `{"name":"offsets_committed","offsets":[{"topic":"t","partition":3,"offset":6}],"success":true}`},
		{offsetsCommitted{named("offsets_committed"), nil, "no", false}, `{"name":"offsets_committed","offsets":null,"error":"no","success":false}`},
	} {
		if got := printed(c.event); got != c.want {
			t.Errorf("printed %s\nwant    %s", got, c.want)
		}
	}
}

// The sizes that Kafka's producer names in its errors.
func TestRecordsAreMeasuredAsKafkaMeasuresThem(t *testing.T) {
	for _, c := range []struct {
		key, value []byte
		want       int64
	}{
		{nil, []byte("0"), 86},
		{nil, make([]byte, 2_000_000), 2_000_088},
		{[]byte("1"), []byte("0"), 87},
		{nil, make([]byte, 63), 148},
		{nil, make([]byte, 64), 150},
	} {
		if got := recordBound(c.key, c.value); got != c.want {
			t.Errorf("%d bytes: %d, want %d", len(c.value), got, c.want)
		}
	}
}

func TestErrorsHaveJavasClasses(t *testing.T) {
	for _, c := range []struct {
		err            error
		class, message string
	}{
		{kerr.NotLeaderForPartition, errorPackage + "NotLeaderOrFollowerException", kerr.NotLeaderForPartition.Description},
		{fmt.Errorf("x: %w", kerr.MessageTooLarge), errorPackage + "RecordTooLargeException", kerr.MessageTooLarge.Description},
		{kerr.NotEnoughReplicas, errorPackage + "NotEnoughReplicasException", kerr.NotEnoughReplicas.Description},
		{kerr.InvalidTopicException, errorPackage + "InvalidTopicException", kerr.InvalidTopicException.Description},
		{kerr.RequestTimedOut, errorPackage + "TimeoutException", kerr.RequestTimedOut.Description},
		{kerr.TopicAuthorizationFailed, errorPackage + "TopicAuthorizationException", kerr.TopicAuthorizationFailed.Description},
		{errors.New("Invalid topics: [a b]"), errorPackage + "InvalidTopicException", "Invalid topics: [a b]"},
		{errors.New("Topic x not present in metadata after 60000 ms."), errorPackage + "TimeoutException", "Topic x not present in metadata after 60000 ms."},
		{kgo.ErrRecordTimeout, errorPackage + "TimeoutException", kgo.ErrRecordTimeout.Error()},
		{context.Canceled, "class org.apache.kafka.common.KafkaException", "Producer closed while send in progress"},
		{&tooLarge{86, 60}, errorPackage + "RecordTooLargeException", "The message is 86 bytes when serialized which is larger than 60, which is the value of the max.request.size configuration."},
	} {
		if class, message := exception(c.err); class != c.class || message != c.message {
			t.Errorf("%v: %s, %s; want %s, %s", c.err, class, message, c.class, c.message)
		}
	}
}

func TestValuesAndKeysCountUp(t *testing.T) {
	r := &producerRun{valuePrefix: -3, prefixed: true, keys: 2, keyed: true}
	var got []string
	for i := range int64(3) {
		got = append(got, string(r.key())+"="+string(r.value(i)))
	}
	if want := "0=-3.0 1=-3.1 0=-3.2"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
	r = new(producerRun)
	if key := r.key(); key != nil || string(r.value(7)) != "7" {
		t.Errorf("%q=%q, want a null key and 7", key, r.value(7))
	}
}

// Of the last poll only what --max-messages leaves is counted and committed.
func TestTheLastPollIsCut(t *testing.T) {
	var b bytes.Buffer
	env := &command.Env{Out: &b}
	r := &consumerRun{env: env, events: events{env: env}, maxMessages: 5, consumed: 2, verbose: true}
	records := func(p int32, from, n int64) kgo.FetchPartition {
		f := kgo.FetchPartition{Partition: p}
		for i := range n {
			f.Records = append(f.Records, &kgo.Record{Topic: "t", Partition: p, Offset: from + i, Value: []byte("v")})
		}
		return f
	}
	offsets := r.received(kgo.Fetches{{Topics: []kgo.FetchTopic{{Topic: "t", Partitions: []kgo.FetchPartition{records(2, 5, 2), records(0, 10, 2), records(1, 0, 4)}}}}})
	if len(offsets) != 2 || offsets[partition{"t", 0}] != 12 || offsets[partition{"t", 1}] != 1 || r.consumed != 5 {
		t.Errorf("commits %v after %d records", offsets, r.consumed)
	}
	const summary = `"count":8,"partitions":[{"topic":"t","partition":0,"count":2,"minOffset":10,"maxOffset":11},{"topic":"t","partition":1,"count":1,"minOffset":0,"maxOffset":0}]}`
	if out := b.String(); strings.Count(out, "record_data") != 3 || !strings.Contains(out, summary) {
		t.Errorf("printed\n%s", out)
	}
}
