package fetchsession

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// TestStories runs testdata/*.txt. A story is what a broker is asked over time:
//
//	cache slots=2                  begin
//	at 120s                        the time of what follows
//	open NAME [id=OTHER] epoch=0 [follower] [ids] [now-known=foo]
//	foo-0 offset=10 / -foo-1       named / forgotten partitions
//	close NAME
//	foo-0 hw=5 start=0 bytes=100 error=6 preferred diverging
//	stats
//
// id=OTHER is the session id that fetch OTHER was answered with, or a number.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		story := &story{}
		datadriven.RunTest(t, path, story.run)
	})
}

type story struct {
	cache   *Cache
	now     time.Time
	fetches map[string]*Fetch
	ids     map[string]int32 // NAME -> the session id of its answer
	labels  map[int32]string // session id -> A, B...
	known   map[string]bool
}

func topicID(name string) kafka.TopicID {
	var id kafka.TopicID
	copy(id[:], name)
	return id
}

func (s *story) names(id kafka.TopicID) (string, bool) {
	name := strings.TrimRight(string(id[:]), "\x00")
	if !s.known[name] {
		return "", false
	}
	return name, true
}

func (s *story) label(id int32) string {
	if id == NoSession {
		return "none"
	}
	if s.labels[id] == "" {
		s.labels[id] = string(rune('A' + len(s.labels)))
	}
	return s.labels[id]
}

func (s *story) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "cache":
		var slots int
		d.ScanArgs(t, "slots", &slots)
		*s = story{
			cache:   NewCache(slots, rand.New(rand.NewPCG(1, 1))),
			now:     time.UnixMilli(1_000_000),
			fetches: map[string]*Fetch{}, ids: map[string]int32{}, labels: map[int32]string{}, known: map[string]bool{},
		}
		return ""
	case "at":
		after, err := time.ParseDuration(d.CmdArgs[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		s.now = time.UnixMilli(1_000_000).Add(after)
		return ""
	case "open":
		return s.open(t, d)
	case "close":
		return s.close(t, d)
	case "throttle":
		id, err := s.fetches[d.CmdArgs[0].Key].Throttled()
		return fmt.Sprintf("session %s, %v\n", s.label(id), kafka.CodeOf(err))
	case "stats":
		return fmt.Sprintf("%+v\n", s.cache.Stats())
	}
	t.Fatalf("unknown command %s", d.Cmd)
	return ""
}

func (s *story) open(t *testing.T, d *datadriven.TestData) string {
	name := d.CmdArgs[0].Key
	r := &Request{}
	d.ScanArgs(t, "epoch", &r.SessionEpoch)
	r.FromFollower, r.UsesTopicIDs = d.HasArg("follower"), d.HasArg("ids")
	if d.HasArg("id") {
		var other string
		d.ScanArgs(t, "id", &other)
		if number, err := strconv.Atoi(other); err == nil {
			r.SessionID = int32(number)
		} else {
			r.SessionID = s.ids[other]
		}
	}
	if d.HasArg("now-known") {
		var topic string
		d.ScanArgs(t, "now-known", &topic)
		s.known[topic] = true
	}
	for line := range strings.Lines(d.Input) {
		words := strings.Fields(line)
		tp := s.parse(t, strings.TrimPrefix(words[0], "-"), r.UsesTopicIDs)
		if words[0][0] == '-' {
			r.Forgotten = append(r.Forgotten, tp)
			continue
		}
		p := Partition{TopicPartition: tp, LogStart: -1, LeaderEpoch: -1, LastFetchedEpoch: -1}
		if len(words) > 1 {
			p.FetchOffset = kafka.Offset(number(t, words[1], "offset="))
		}
		r.Partitions = append(r.Partitions, p)
	}
	f, err := s.cache.Open(s.now, r, s.names)
	if err != nil {
		return fmt.Sprintf("%v\n", kafka.CodeOf(err))
	}
	s.fetches[name] = f
	var out strings.Builder
	for i := range f.Partitions() {
		p := &f.Partitions()[i]
		topic := p.Topic
		if topic == "" {
			topic = "?"
		}
		fmt.Fprintf(&out, "%s-%d@%d ", topic, p.Partition, p.FetchOffset)
	}
	return strings.TrimSpace("serve "+out.String()) + "\n"
}

func (s *story) parse(t *testing.T, word string, ids bool) TopicPartition {
	topic, partition, ok := strings.Cut(word, "-")
	if !ok {
		t.Fatalf("%q is no partition", word)
	}
	tp := TopicPartition{Topic: topic, Partition: int32(number(t, partition, ""))}
	if ids {
		tp.ID = topicID(topic)
		tp.Topic, _ = s.names(tp.ID)
	}
	return tp
}

func number(t *testing.T, word, prefix string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(word, prefix))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *story) close(t *testing.T, d *datadriven.TestData) string {
	name := d.CmdArgs[0].Key
	f := s.fetches[name]
	results := make([]Result, len(f.Partitions()))
	for line := range strings.Lines(d.Input) {
		words := strings.Fields(line)
		found := false
		for i := range f.Partitions() {
			p := &f.Partitions()[i]
			want := s.parse(t, words[0], !p.ID.IsZero())
			if p.key() != want.key() {
				continue
			}
			found = true
			for _, word := range words[1:] {
				key, value, _ := strings.Cut(word, "=")
				switch key {
				case "hw":
					results[i].HighWatermark = kafka.Offset(number(t, value, ""))
				case "start":
					results[i].LogStart = kafka.Offset(number(t, value, ""))
				case "bytes":
					results[i].RecordBytes = number(t, value, "")
				case "error":
					results[i].Code = kafka.Error(number(t, value, ""))
				case "preferred":
					results[i].Preferred = true
				case "diverging":
					results[i].Diverging = true
				}
			}
		}
		if !found {
			t.Fatalf("%s does not serve %s", name, words[0])
		}
	}
	foreseen := 0
	for i := range results {
		if f.Includes(i, &results[i]) {
			foreseen++
		}
	}
	id, include, err := f.Close(s.now, results)
	s.ids[name] = id
	if err != nil {
		return fmt.Sprintf("session %s, %v\n", s.label(id), kafka.CodeOf(err))
	}
	if foreseen != len(include) {
		t.Errorf("%s: Includes foresaw %d partitions, Close has %d", name, foreseen, len(include))
	}
	var out strings.Builder
	for _, i := range include {
		p := &f.Partitions()[i]
		fmt.Fprintf(&out, " %s-%d", p.Topic, p.Partition)
	}
	return fmt.Sprintf("session %s, respond%s\n", s.label(id), out.String())
}
