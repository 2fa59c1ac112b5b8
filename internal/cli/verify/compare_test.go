package verify

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
)

func TestTopicsIncludeIsReadAsKafkaReadsIt(t *testing.T) {
	for include, topics := range map[string][2]string{ // those that pass, those that do not
		".*":            {"a __consumer_offsets", ""},
		"orders":        {"orders", "orders2 my-orders"},
		"a, b.*":        {"a b bc", "ab c"},
		`"quoted"`:      {"quoted", "unquoted"},
		"x|y":           {"x y", "xy"},
		" spaced ,out ": {"spaced out", "space"},
	} {
		allowed, err := topicFilter(include)
		if err != nil {
			t.Fatal(err)
		}
		for i, list := range topics {
			for topic := range strings.FieldsSeq(list) {
				if allowed(topic) != (i == 0) {
					t.Errorf("%s: %s passes: %v", include, topic, allowed(topic))
				}
			}
		}
	}
	if _, err := topicFilter("a("); err == nil || !strings.Contains(err.Error(), "a( is an invalid regex") {
		t.Errorf("a(: %v", err)
	}
}

// batches are so many v2 batches of two records each, from offset base on.
func batches(t *testing.T, base, n int, value string) []byte {
	t.Helper()
	var out []byte
	for range n {
		b := batch.NewBuilder(new(compress.Pool), batch.Options{BaseOffset: kafka.Offset(base)})
		b.Append(1, nil, []byte(value))
		b.Append(1, nil, []byte(value))
		var err error
		if out, err = b.Build(out); err != nil {
			t.Fatal(err)
		}
		base += 2
	}
	return out
}

// three is a comparison of one partition on brokers 1, 2 and 3.
func three(asJSON bool) (*comparison, *compared, *bytes.Buffer) {
	var b bytes.Buffer
	c := newComparison(&replicasRun{env: &command.Env{Out: &b, Err: &b}, json: asJSON})
	c.add(kadm.TopicDetail{Topic: "t", Partitions: kadm.PartitionDetails{0: {Topic: "t", Replicas: []int32{3, 1, 2}}}})
	return c, c.partitions[partition{"t", 0}], &b
}

// without takes the time off the front of a line.
func without(b *bytes.Buffer) string {
	return regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}: `).ReplaceAllString(b.String(), "")
}

func TestReplicasAreComparedUpToTheHighWatermarkOfEach(t *testing.T) {
	c, p, b := three(false)
	if len(c.brokers) != 3 {
		t.Fatalf("the replicas are on %v", c.brokers)
	}
	whole := batches(t, 0, 5, "x")
	p.answers[1] = answer{10, whole}
	p.answers[2] = answer{10, whole}
	p.answers[3] = answer{5, whole} // knows of two batches only that all have them
	if err := c.compare(time.Now()); err != nil || p.offset != 4 || p.batches != 2 {
		t.Fatalf("offset %d, %d batches, %v; want 4 and 2", p.offset, p.batches, err)
	}
	if len(p.answers) != 0 {
		t.Error("answers are compared twice")
	}
	c.report(c.reported.Add(time.Second))
	if got := without(b); got != "max lag is 6 for partition t-0 at offset 4 among 1 partitions\n" {
		t.Errorf("reported %q", got)
	}
	// One that does not answer holds the others up; nothing is lost.
	p.answers[1], p.answers[2], p.answers[3] = answer{10, whole[2*len(whole)/5:]}, answer{10, whole[2*len(whole)/5:]}, answer{-1, nil}
	if err := c.compare(time.Now()); err != nil || p.offset != 4 {
		t.Errorf("offset %d, %v", p.offset, err)
	}
	// A cut last batch is left for the next time.
	rest := whole[2*len(whole)/5:]
	p.answers[1], p.answers[2], p.answers[3] = answer{10, rest}, answer{10, rest[:len(rest)-1]}, answer{10, rest}
	if err := c.compare(time.Now()); err != nil || p.offset != 8 {
		t.Errorf("offset %d, %v", p.offset, err)
	}
}

func TestADifferenceOfChecksumsIsReportedAndPassedOver(t *testing.T) {
	c, p, b := three(false)
	p.answers[1] = answer{6, batches(t, 0, 3, "x")}
	p.answers[2] = answer{6, append(append(batches(t, 0, 1, "x"), batches(t, 2, 1, "y")...), batches(t, 4, 1, "x")...)}
	p.answers[3] = answer{6, batches(t, 0, 3, "x")}
	if err := c.compare(time.Now()); err != nil || p.offset != 6 {
		t.Fatalf("offset %d, %v", p.offset, err)
	}
	if got := without(b); !regexp.MustCompile(`^partition t-0 has unmatched checksum at offset 3; replica 1's checksum \d+; replica 2's checksum \d+\n$`).MatchString(got) {
		t.Errorf("printed %q", got)
	}
}

func TestADifferenceOfOffsetsEndsTheComparison(t *testing.T) {
	for asJSON, want := range map[bool]string{
		false: `^partition t-0: replica 1's offset 1 doesn't match replica 3's offset 3\n$`,
		true:  `^\{"timestamp":\d+,"name":"offsetMismatch","topic":"t","partition":0,"replicas":\[1,3\],"offsets":\[1,3\],"checksums":\[\d+,\d+\]\}\n$`,
	} {
		c, p, b := three(asJSON)
		p.answers[1] = answer{6, batches(t, 0, 3, "x")}
		p.answers[2] = answer{6, batches(t, 0, 3, "x")}
		p.answers[3] = answer{6, batches(t, 2, 2, "x")}
		if err := c.compare(time.Now()); err == nil || err.Error() != "the replicas of t-0 differ" {
			t.Errorf("the comparison goes on: %v", err)
		}
		if got := without(b); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("printed %q", got)
		}
	}
}

func TestOldMessagesAreComparedToo(t *testing.T) {
	messages := func(value string) []byte {
		b := batch.NewMessageBuilder(new(compress.Pool), batch.MessageOptions{Magic: 1})
		for i := range 3 {
			b.Append(kafka.Offset(i), 1, nil, []byte(value))
		}
		out, err := b.Build(nil)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	c, p, b := three(false)
	p.answers[1], p.answers[2] = answer{3, messages("x")}, answer{3, messages("y")}
	if err := c.compare(time.Now()); err != nil || p.offset != 3 || strings.Count(b.String(), "unmatched checksum") != 3 {
		t.Errorf("offset %d, %v: %s", p.offset, err, b)
	}
}

func TestADamagedAnswerIsNamed(t *testing.T) {
	c, p, _ := three(false)
	damaged := batches(t, 0, 1, "x")
	damaged[16] = 99 // the magic
	p.answers[1], p.answers[2] = answer{2, batches(t, 0, 1, "x")}, answer{2, damaged}
	if err := c.compare(time.Now()); err == nil || !strings.Contains(err.Error(), "replica 2 of t-0 at offset 0") {
		t.Errorf("%v", err)
	}
}

func FuzzComparedBytes(f *testing.F) {
	f.Add(batch.AppendEmpty(nil, &batch.Options{}, 0))
	f.Add([]byte("0123456789012345678"))
	f.Fuzz(func(t *testing.T, records []byte) {
		for size := 1; size > 0; {
			var err error
			if _, size, err = readMark(records, 1); err != nil {
				return
			}
			if size < 0 || size > len(records) {
				t.Fatalf("%d bytes of %d", size, len(records))
			}
			records = records[size:]
		}
	})
}
