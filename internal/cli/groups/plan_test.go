package groups

import (
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
)

func TestPlansComeInTwoForms(t *testing.T) {
	tests := []struct {
		text   string
		groups []string
		want   map[string]map[kafka.TopicPartition]int64
	}{
		{"a,0,1\na,1,2\n", []string{"g"}, map[string]map[kafka.TopicPartition]int64{"g": {{Topic: "a", Partition: 0}: 1, {Topic: "a", Partition: 1}: 2}}},
		{"\"a\",0,1\n\n\n", []string{"g"}, map[string]map[kafka.TopicPartition]int64{"g": {{Topic: "a"}: 1}}},
		{"g,a,0,1\nh,a,0,2\n", []string{"g"}, map[string]map[kafka.TopicPartition]int64{"g": {{Topic: "a"}: 1}, "h": {{Topic: "a"}: 2}}},
		{"\"g,1\",a,0,1", []string{"g", "h"}, map[string]map[kafka.TopicPartition]int64{"g,1": {{Topic: "a"}: 1}}},
	}
	for _, test := range tests {
		got, err := parsePlan("f", test.text, test.groups)
		if err != nil || len(got) != len(test.want) {
			t.Errorf("%q: %v, %v", test.text, got, err)
			continue
		}
		for group, want := range test.want {
			for p, offset := range want {
				if o, ok := got[group].of[p]; !ok || o != offset || len(got[group].order) != len(want) {
					t.Errorf("%q: %s %v: %v", test.text, group, p, got[group])
				}
			}
		}
	}
}

func TestABrokenPlanNamesItsLine(t *testing.T) {
	tests := map[string]string{
		"a,0,1\na,x,1": `plan.csv:2: "x" is no partition in "a,x,1"`,
		"a,0,1\na,0":   `plan.csv:2: 2 fields in "a,0": want topic,partition,offset`,
		"g,a,0,y":      `plan.csv:1: "y" is no offset`,
		"":             "plan.csv:1: no line of CSV",
	}
	for text, want := range tests {
		if _, err := parsePlan("plan.csv", text, []string{"g"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestFieldsAreQuotedWhereKafkaQuotesThem(t *testing.T) {
	tests := map[string]string{
		"orders": "orders", "a b": `"a b"`, `a"b`: `"a""b"`, "a-b.c_d": "a-b.c_d", "a+b": `"a+b"`,
		"exactly-24-characters-xx": "exactly-24-characters-xx", "exactly-25-characters-xxx": `"exactly-25-characters-xxx"`,
	}
	for text, want := range tests {
		if got := csvField(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestPartitionsOfATopicAreNumbers(t *testing.T) {
	if list, err := parsePartitions("a:0,12"); err != nil || len(list) != 2 || list[1] != (kafka.TopicPartition{Topic: "a", Partition: 12}) {
		t.Errorf("%v, %v", list, err)
	}
	for _, arg := range []string{"a:", "a:x", "a:1:2", "a:,", "a:99999999999"} {
		if list, err := parsePartitions(arg); err == nil {
			t.Errorf("%s: %v", arg, list)
		}
	}
}
