package commands

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// masks replace what two runs cannot agree on: times and generated ids only.
var masks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`(TopicId|topic id|ID): [A-Za-z0-9_-]{22}`), "$1: <id>"},
	{regexp.MustCompile(`"topicId":"[A-Za-z0-9_-]{22}"`), `"topicId":"<id>"`},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.,:]\d+`), "<time>"},
	{regexp.MustCompile(`(CreateTime|LogAppendTime):\d+`), "$1:<time>"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "<uuid>"}, // ids of members
}

// Mask hides times and ids.
func Mask(text string) string {
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.by)
	}
	return text
}

var names atomic.Int64

// uniqueName is a word that no other run has, always equally long. No small
// HashMap of Java's has two of the groups that are named after it in one bucket,
// nor two of the partitions of its topics: what shares a bucket comes in the
// order in which it was put in, and that is another in each run of Kafka's
// commands (of groups by the hash of an enum, of partitions by the answers that
// came first).
func uniqueName() string {
	for {
		name := fmt.Sprintf("n%05x%04d", time.Now().Unix()&0xfffff, names.Add(1)%10000)
		groups := map[uint32]bool{javaBucket(javaHash(name)): true, javaBucket(javaHash(name + "-2")): true}
		partitions := map[uint32]bool{}
		for p := range uint32(3) {
			for _, topic := range []string{name, name + longTail} {
				partitions[javaBucket(31*(31+p)+javaHash(topic))] = true // TopicPartition.hashCode
			}
		}
		if len(groups) == 2 && len(partitions) == 6 {
			return name
		}
	}
}

// javaHash is String.hashCode.
func javaHash(s string) uint32 {
	h := uint32(0)
	for _, c := range []byte(s) {
		h = 31*h + uint32(c)
	}
	return h
}

// javaBucket is where a HashMap with 16 buckets has what has a hash.
func javaBucket(h uint32) uint32 { return (h ^ h>>16) & 15 }

// Sorted sorts the lines, where Kafka's order is a hash map's.
func Sorted(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// Mine keeps the lines that have the run's own name in them: others' topics
// and groups may be there.
func Mine(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, "NAME") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// Both applies one after the other.
func Both(first, second func(string) string) func(string) string {
	return func(text string) string { return second(first(text)) }
}

// FirstLine keeps the first line.
func FirstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
