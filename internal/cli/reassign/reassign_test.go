package reassign

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/kafka"
)

func tp(topic string, partition int32) kafka.TopicPartition {
	return kafka.TopicPartition{Topic: topic, Partition: partition}
}

func TestAFileOfMovesIsReadAndWritten(t *testing.T) {
	const text = `{"version":1,"partitions":[{"topic":"a","partition":0,"replicas":[1,2],"log_dirs":["any","/d"]},{"topic":"a","partition":1,"replicas":[3],"log_dirs":["any"]}]}`
	m, err := parseMoves([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	dirs := make(map[admin.Replica]admin.Dirs)
	for r, d := range m.dirs {
		dirs[r] = admin.Dirs{Current: d}
	}
	slices.Reverse(m.partitions)
	if got := asFile(m.partitions, dirs).text(); got != text {
		t.Errorf("%s", cmp.Diff(text, got))
	}
}

func TestMovesThatCannotBeAreRefused(t *testing.T) {
	tests := map[string]string{
		`{"partitions": [`: "not valid JSON",
		`{"partitions": [{"topic": "a", "partition": 0}]}`:                                          `partitions[0] wants "topic", "partition" and "replicas"`,
		`{"partitions": [{"topic": "a", "partition": 0, "replicas": [1, 2], "log_dirs": ["any"]}]}`: "Size of replicas list [1, 2] is different from size of log dirs list [any] for partition a-0",
		`{"version": 2}`:     "Not supported version field value 2",
		`{"partitions": []}`: "Partition reassignment list cannot be empty",
		`{"partitions": [{"topic": "a", "partition": 0, "replicas": []}]}`:                                                      "Partition replica list cannot be empty",
		`{"partitions": [{"topic": "a", "partition": 0, "replicas": [1, 1]}]}`:                                                  "Partition replica lists may not contain duplicate entries: a-0 contains multiple entries for 1",
		`{"partitions": [{"topic": "a", "partition": 0, "replicas": [1]}, {"topic": "a", "partition": 0, "replicas": [2]}]}`:    "Partition reassignment contains duplicate topic partitions: a-0",
		`{"partitions": [{"topic": "a", "partition": 0, "replicas": [1]}, {"topic": "a", "partition": 1, "replicas": [2, 1]}]}`: "",
	}
	for text, want := range tests {
		m, err := parseMoves([]byte(text))
		if err == nil {
			err = m.check()
		}
		got := fmt.Sprint(err)
		if want == "" && err != nil || want != "" && !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// The sources of a partition that is moving already are those of the first
// move, and what it has copied is no source.
func TestThrottlesNameWhereRecordsComeFromAndGoTo(t *testing.T) {
	current := map[kafka.TopicPartition]admin.Reassignment{
		tp("a", 0): {Replicas: []int32{1, 2, 3}, Adding: []int32{3}, Removing: []int32{1}},
		tp("b", 0): {Replicas: []int32{5, 6}, Adding: []int32{6}},
	}
	asked := []move{{tp("a", 0), []int32{2, 4}}, {tp("a", 10), []int32{1, 2}}, {tp("a", 2), []int32{3, 1}}}
	now := map[kafka.TopicPartition][]int32{tp("a", 0): {1, 2, 3}, tp("a", 10): {1}, tp("a", 2): {3, 1}}
	want := map[string][2]string{
		"a": {"0:1,0:2,10:1,2:1,2:3", "0:4,10:2"},
		"b": {"0:5", "0:6"},
	}
	if diff := cmp.Diff(want, throttledReplicas(travels(current, asked, now))); diff != "" {
		t.Error(diff)
	}
}

func TestAProposalSpreadsReplicas(t *testing.T) {
	racks := map[int32]string{1: "x", 2: "x", 3: "y", 4: "y", 5: "z", 6: "z"}
	for seed := range uint64(50) {
		all, err := place(12, 3, racks, rand.New(rand.NewPCG(seed, 1)))
		if err != nil || len(all) != 12 {
			t.Fatalf("%v, %v", all, err)
		}
		leads := make(map[int32]int)
		for _, replicas := range all {
			leads[replicas[0]]++
			on := make(map[string]bool)
			for _, id := range replicas {
				on[racks[id]] = true
			}
			if len(replicas) != 3 || len(on) != 3 {
				t.Errorf("seed %d: %v is not on three racks", seed, replicas)
			}
		}
		for id := range racks {
			if leads[id] != 2 {
				t.Errorf("seed %d: broker %d leads %d partitions of 12: %v", seed, id, leads[id], all)
			}
		}
	}
	more, err := place(4, 4, map[int32]string{1: "x", 2: "x", 3: "x", 4: "y"}, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	for _, replicas := range more {
		if len(replicas) != 4 || len(duplicates(replicas)) > 0 {
			t.Errorf("%v", replicas)
		}
	}
	for want, racks := range map[string]map[int32]string{
		"All brokers are currently fenced": {},
		"The target replication factor of 3 cannot be reached because only 2 broker(s) are registered": {1: "", 2: ""},
	} {
		if _, err := place(1, 3, racks, rand.New(rand.NewPCG(1, 1))); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestBrokersOfWhichSomeHaveARackAreRefused(t *testing.T) {
	some := map[int32]string{1: "x", 2: ""}
	if err := settleRacks(some, true); err == nil || !strings.Contains(err.Error(), "--disable-rack-aware") {
		t.Errorf("%v", err)
	}
	if err := settleRacks(some, false); err != nil || some[1] != "" {
		t.Errorf("%v, %v", some, err)
	}
}

func TestWhereAReplicaIsOnItsWay(t *testing.T) {
	r := admin.Replica{TopicPartition: tp("a", 0), Broker: 1}
	tests := []struct {
		dirs admin.Dirs
		text string
		done bool
	}{
		{admin.Dirs{}, "Partition a-0 is not found in any live log dir on broker 1. There is likely an offline log directory on the broker.", false},
		{admin.Dirs{Current: "/old", Future: "/new"}, "Reassignment of replica a-0-1 is still in progress.", false},
		{admin.Dirs{Current: "/old", Future: "/other"}, "Partition a-0 on broker 1 is being moved to log dir /other instead of /new.", false},
		{admin.Dirs{Current: "/old"}, "Partition a-0 on broker 1 is not being moved from log dir /old to /new.", true},
		{admin.Dirs{Current: "/new"}, "Reassignment of replica a-0-1 completed successfully.", true},
	}
	for _, test := range tests {
		if text, done := dirState(r, test.dirs, "/new"); text != test.text || done != test.done {
			t.Errorf("%+v: %s %t", test.dirs, text, done)
		}
	}
}

func TestTheArgumentsOfGenerate(t *testing.T) {
	const topics = `{"topics": [{"topic": "a"}, {"topic": "b"}], "version": 1}`
	brokers, names, err := parseGenerate([]byte(topics), "1,2")
	if err != nil || fmt.Sprint(brokers, names) != "[1 2] [a b]" {
		t.Errorf("%v %v %v", brokers, names, err)
	}
	for _, test := range [][3]string{
		{topics, "1,1", "Broker list contains duplicate entries: [1]"},
		{topics, "x", `For input string: "x"`},
		{`{"topics": [{"topic": "a"}, {"topic": "a"}]}`, "1", "List of topics to reassign contains duplicate entries: [a]"},
		{`{"topics": [{}]}`, "1", `topics[0] has no "topic"`},
		{`{"version": 3}`, "1", "Not supported version field value 3"},
		{`x`, "1", "The input string is not a valid JSON"},
	} {
		if _, _, err := parseGenerate([]byte(test[0]), test[1]); err == nil || !strings.HasPrefix(err.Error(), test[2]) {
			t.Errorf("%v: %v", test, err)
		}
	}
}
