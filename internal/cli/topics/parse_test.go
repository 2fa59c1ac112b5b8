package topics

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestAssignmentsAreListsOfBrokers(t *testing.T) {
	tests := map[string]string{
		"1,2,3":     "[[1] [2] [3]]",
		"1:2, 2:3 ": "[[1 2] [2 3]]",
		"1:2,2":     "error Partition 1 has different replication factor: [2]",
		"1:2:1":     "error Partition replica lists may not contain duplicate entries: 1",
		"1:x":       `error For input string: "x"`,
		"1,,2":      `error For input string: ""`,
	}
	for text, want := range tests {
		all, err := parseAssignment(text)
		got := fmt.Sprint(all)
		if err != nil {
			got = "error " + err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestSettingsOfATopicAreJudgedBeforeABrokerIsAsked(t *testing.T) {
	tests := map[string]string{
		"retention.ms = 5":    "map[retention.ms:5]",
		"retention.ms=":       "requirement failed: Invalid topic config: all configs to be added must be in the format \"key=val\".",
		"a=b=c":               "requirement failed",
		"retention.m=5":       "Unknown topic config name: retention.m: did you mean retention.ms?",
		"retention.ms=x":      "Invalid value x for configuration retention.ms",
		"cleanup.policy=burn": "Invalid value burn for configuration cleanup.policy",
	}
	for text, want := range tests {
		configs, err := parseConfigs([]string{text})
		got := fmt.Sprint(configs)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if _, err := parseConfigs([]string{"min.compaction.lag.ms=5", "max.compaction.lag.ms=4"}); err == nil || !strings.HasPrefix(err.Error(), "conflict topic config setting") {
		t.Errorf("%v", err)
	}
}

func TestPatternsOfPartitions(t *testing.T) {
	all := map[string]int32{"a": 4, "b": 2}
	tests := map[string]string{
		"a":       "a0 a1 a2 a3",
		"a:1":     "a1",
		"a:1-3":   "a1 a2",
		"a:2-":    "a2 a3",
		"a:-2":    "a0 a1",
		":1":      "a1 b1",
		"a:0,b":   "a0 b0 b1",
		"[ab]:-1": "a0 b0",
		"a:":      "a0 a1 a2 a3",
	}
	for text, want := range tests {
		f, err := parsePatterns(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		var got []string
		for _, topic := range slices.Sorted(maps.Keys(all)) {
			for n := range all[topic] {
				if f.partition(topic, n) {
					got = append(got, fmt.Sprint(topic, n))
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"a:x":           "Invalid rule specification: a:x",
		"a[":            "a[ is an invalid regex.",
		"a:99999999999": `For input string: "99999999999"`,
	} {
		if _, err := parsePatterns(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestTimesOfOffsets(t *testing.T) {
	for text, want := range map[string]int64{"latest": -1, "earliest": -2, "max-timestamp": -3, "earliest-local": -4, "latest-tiered": -5, "earliest-pending-upload": -6, "-2": -2, "1700000000000": 1700000000000} {
		if got, err := parseTime(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	if _, err := parseTime("now"); err == nil || !strings.HasPrefix(err.Error(), "Malformed time argument now. ") {
		t.Errorf("%v", err)
	}
}

func TestAFileOfPartitionsNamesThePlaceOfAMistake(t *testing.T) {
	tests := map[string]string{
		`{"partitions": [{"topic": "a", "partition": 0, "offset": 7}], "version": 1}`: "",
		"{\"partitions\": [\n\n  {\"topic\": }]}":                                     "line 3: not valid JSON",
		"{\"partitions\": [\n{\"topic\": 7}]}":                                        "line 2: not valid JSON",
		`{"partitions": [{"topic": "a", "partition": 0}]}`:                            `partitions[0] has no "offset"`,
		`{"partitions": [{"topic": "a", "offset": 0}]}`:                               `partitions[0] has no "partition"`,
		`{"partitions": [{"partition": 0, "offset": 0}]}`:                             `partitions[0] has no "topic"`,
		`{"version": 1}`:                   "Missing partitions field",
		`{"partitions": [], "version": 2}`: "Not supported version field value 2",
		`{"partitions": [{"topic": "a", "partition": 0, "offset": 1}, {"topic": "a", "partition": 0, "offset": 2}]}`: "partitions[1] names a-0, as partitions[0] does",
		`{"partitions": [{"topic": "a", "partition": 3000000000, "offset": 1}]}`:                                     "line 1: not valid JSON",
	}
	for text, want := range tests {
		_, err := parsePartitions([]byte(text), true)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestTopicIDsAreReadAsJavaReadsThem(t *testing.T) {
	for text, want := range map[string]string{
		"3Y6Zb1OVQWWsULPYmWxFzA":    "",
		"3Y6Zb1OVQWWsULPYmWxFzA==":  "",
		"":                          "Input string `` decoded as 0 bytes, which is not equal to the expected 16 bytes of a base64-encoded UUID",
		"x":                         "Input byte[] should at least have 2 bytes for base64 bytes",
		"short":                     "Last unit does not have enough valid bits",
		"ab/d":                      "Illegal base64 character 2f",
		"abcdef=":                   "Input byte array has wrong 4-byte ending unit",
		"abcd":                      "Input string `abcd` decoded as 3 bytes, which is not equal to the expected 16 bytes of a base64-encoded UUID",
		"3Y6Zb1OVQWWsULPYmWxFzAAAA": "Input string with prefix `3Y6Zb1OVQWWsULPYmWxFzAAA` is too long to be decoded as a base64 UUID",
	} {
		id, err := parseID(text)
		got := ""
		if err != nil {
			got = err.Error()
		} else if !strings.HasPrefix(text, idText(id)) {
			t.Errorf("%s is %s again", text, idText(id))
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
