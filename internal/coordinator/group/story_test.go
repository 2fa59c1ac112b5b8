package group

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// TestStories runs the stories in testdata/stories. Members are named m1, m2 in the
// order in which their ids are given out; requests are named by their number.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata/stories", func(t *testing.T, path string) {
		s := &story{names: names{map[string]string{}}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "config" || s.world == nil {
				s.begin(d)
				if d.Cmd == "config" {
					return ""
				}
			}
			var b strings.Builder
			s.run(t, d, &b)
			for _, a := range s.world.take() {
				fmt.Fprintf(&b, "#%d %s\n", a.Ticket, s.render(a))
			}
			if err := check(s.world.shard); err != nil {
				t.Fatalf("%s: %v", d.Pos, err)
			}
			return b.String()
		})
	})
}

type story struct {
	world *world
	names names
	shown int // records of the log that were shown
}

func (s *story) begin(d *datadriven.TestData) {
	c := Config{InitialRebalanceDelay: 3 * time.Second}
	if d.Cmd == "config" {
		for _, arg := range d.CmdArgs {
			switch arg.Key {
			case "delay":
				c.InitialRebalanceDelay = parseDuration(arg.Vals[0])
			case "max":
				c.MaxSize, _ = strconv.Atoi(arg.Vals[0])
			case "metadata":
				c.OffsetMetadataMax, _ = strconv.Atoi(arg.Vals[0])
			case "retention":
				c.OffsetsRetention = parseDuration(arg.Vals[0])
			case "check":
				c.RetentionCheckInterval = parseDuration(arg.Vals[0])
			}
		}
	}
	s.world = newWorld(c)
	s.names = names{map[string]string{}}
	s.shown = 0
}

func parseDuration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}

// args reads the arguments of a command with defaults.
type args struct{ d *datadriven.TestData }

func (a args) text(key, otherwise string) string {
	for _, arg := range a.d.CmdArgs {
		if arg.Key == key {
			return strings.Join(arg.Vals, ",")
		}
	}
	return otherwise
}

func (a args) has(key string) bool { return a.d.HasArg(key) }

func (a args) number(key string, otherwise int) int {
	n, err := strconv.Atoi(a.text(key, strconv.Itoa(otherwise)))
	if err != nil {
		panic(err)
	}
	return n
}

func (a args) optional(key string) *string {
	if !a.has(key) {
		return nil
	}
	v := a.text(key, "")
	return &v
}

func (s *story) run(t *testing.T, d *datadriven.TestData, b *strings.Builder) {
	a, w := args{d}, s.world
	switch d.Cmd {
	case "join":
		w.ask(func(ticket coordinator.Ticket) coordinator.Result {
			return w.shard.JoinGroup(w.now, ticket, s.caller(a, 9), s.join(a))
		})
		if g := w.shard.live[a.text("group", "g")]; g != nil {
			s.names.made(g)
		}
	case "sync":
		w.ask(func(ticket coordinator.Ticket) coordinator.Result { return w.shard.SyncGroup(w.now, ticket, s.sync(a)) })
	case "heartbeat":
		w.ask(func(coordinator.Ticket) coordinator.Result {
			return w.shard.Heartbeat(w.now, &msg.HeartbeatRequest{GroupId: a.text("group", "g"),
				MemberId: s.names.id(a.text("id", "")), GroupInstanceId: a.optional("instance"), GenerationId: int32(a.number("gen", 1))})
		})
	case "leave":
		w.ask(func(coordinator.Ticket) coordinator.Result { return w.shard.LeaveGroup(w.now, s.leave(a)) })
	case "commit":
		w.ask(func(coordinator.Ticket) coordinator.Result {
			return w.shard.CommitOffsets(w.now, s.caller(a, 9), s.commit(a))
		})
	case "fetch":
		w.ask(func(coordinator.Ticket) coordinator.Result { return w.shard.FetchOffsets(s.fetch(a), a.has("stable")) })
	case "delete-offsets":
		w.ask(func(coordinator.Ticket) coordinator.Result { return w.shard.DeleteOffsets(s.deleteOffsets(a)) })
	case "delete-groups":
		w.ask(func(coordinator.Ticket) coordinator.Result {
			return w.shard.DeleteGroups(strings.Split(a.text("groups", "g"), ","))
		})
	case "topics-deleted":
		w.ask(func(coordinator.Ticket) coordinator.Result {
			return w.shard.TopicsDeleted([]coordinator.TopicRef{{Name: a.text("topic", ""), ID: uuid(a.text("id", "0"))}})
		})
	case "describe":
		for _, g := range w.shard.DescribeGroups(strings.Split(a.text("groups", "g"), ","), int16(a.number("v", 6))) {
			s.describe(b, &g)
		}
	case "list":
		for _, g := range w.shard.ListGroups(split(a.text("states", "")), split(a.text("types", ""))) {
			fmt.Fprintf(b, "%s %s %s protocol-type=%q\n", g.GroupId, g.GroupType, g.GroupState, g.ProtocolType)
		}
	default:
		s.control(t, a, b)
	}
}

// control are the commands that move the world.
func (s *story) control(t *testing.T, a args, b *strings.Builder) {
	w := s.world
	switch a.d.Cmd {
	case "wait":
		w.advance(parseDuration(a.d.CmdArgs[0].Key))
	case "hold":
		w.held = true
	case "release":
		w.held = false
		w.settle()
	case "fail":
		w.fail(kafka.Errorf(kafka.Error(a.number("code", int(kafka.ErrKafkaStorageError))), "the disk is gone"))
		s.shown = min(s.shown, len(w.log))
	case "failover":
		w.config.MaxSize = a.number("max", w.config.MaxSize)
		for _, answer := range w.shard.Unload() {
			fmt.Fprintf(b, "#%d %s\n", answer.Ticket, s.render(answer))
		}
		w.load()
	case "timers":
		var lines []string
		for key, at := range w.timers {
			if key.Kind != expiryTimer {
				kind := [...]string{sessionTimer: "session", joinTimer: "join", syncTimer: "sync"}[key.Kind]
				member := ""
				if key.Member != "" {
					member = " " + s.names.of(key.Member)
				}
				lines = append(lines, fmt.Sprintf("%s %s%s in %s\n", kind, key.Group, member, at.Sub(w.now)))
			}
		}
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, ""))
	case "txn-commit":
		r := w.shard.CommitTransactionOffsets(w.now, s.caller(a, 5), s.commitTransaction(a))
		if r.Err != nil {
			fmt.Fprintln(b, CodeOf(r.Err).Error())
		}
		for _, record := range r.Records {
			w.append(record, kafka.ProducerID(a.number("producer", 0)))
		}
	case "txn-end":
		w.log = append(w.log, coordinator.Record{})
		must(w.shard.ReplayEnd(w.end()-1, kafka.ProducerID(a.number("producer", 0)), a.has("commit")))
		w.settle()
	case "foreign":
		var key msg.ConsumerGroupMemberMetadataKey
		key.GroupId, key.MemberId = a.text("group", ""), a.text("member", "")
		record := coordinator.Record{Key: encode(int16(a.number("type", 0)), 0, &key), Value: []byte{0, 0}}
		if a.has("tombstone") {
			record.Value = nil
		}
		w.append(record, kafka.NoProducerID)
	case "foreign-log":
		for _, r := range w.log {
			if kind, err := number(r.Key); err == nil && kind > groupMetadataType {
				fmt.Fprintf(b, "type %d, value of %d bytes\n", kind, len(r.Value))
			}
		}
	case "log":
		for ; s.shown < len(w.log); s.shown++ {
			s.record(b, w.log[s.shown])
		}
	default:
		t.Fatalf("%s: unknown command %s", a.d.Pos, a.d.Cmd)
	}
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func uuid(s string) (id kafka.UUID) {
	n, _ := strconv.Atoi(s)
	id[15] = byte(n)
	return id
}
