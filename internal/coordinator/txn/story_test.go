package txn

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// TestStories runs the stories in testdata/stories. Requests are named by their
// number. The commands:
//
//	config [level=2] [expiration=1h] [check=1h] [away=5ms]
//	init [id=t] [timeout=60000] [producer=1000 epoch=0]
//	add [id=t] producer=1000 epoch=0 partitions=(a-0,b-1) [v2] [no-wait] [offsets]
//	verify ... (as add)
//	end [id=t] producer=1000 epoch=0 [commit] [v2]
//	markers        # those that are due are written
//	late           # and the last of them are told of again
//	wait 1s
//	hold, release  # the high watermark stands still, goes on
//	fail           # what is not committed is lost
//	failover
//	level to=1
//	exhaust epoch=32766
//	describe [id=t]
//	list [states=..] [producers=..] [longer=ms] [pattern=..]
//	log            # what was recorded since the last time
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata/stories", func(t *testing.T, path string) {
		s := &story{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "config" || s.world == nil {
				s.world = newWorld(Config{
					Expiration: duration(text(d, "expiration", "0s")), ExpireInterval: duration(text(d, "check", "0s")),
					OffsetsAway: duration(text(d, "away", "0s")),
				}, int16(integer(d, "level", 2)))
				s.shown = 0
				if d.Cmd == "config" {
					return ""
				}
			}
			var b strings.Builder
			s.run(t, d, &b)
			for _, a := range s.world.take() {
				fmt.Fprintf(&b, "#%d %s\n", a.Ticket, render(a))
			}
			if err := check(s.world); err != nil {
				t.Fatalf("%s: %v", d.Pos, err)
			}
			return b.String()
		})
	})
}

type story struct {
	world *world
	shown int // records of the log that were shown
	// written are the markers that were written last.
	written *Markers
}

func text(d *datadriven.TestData, key, otherwise string) string {
	for _, arg := range d.CmdArgs {
		if arg.Key == key {
			return strings.Join(arg.Vals, ",")
		}
	}
	return otherwise
}

func integer(d *datadriven.TestData, key string, otherwise int) int {
	n, err := strconv.Atoi(text(d, key, strconv.Itoa(otherwise)))
	if err != nil {
		panic(err)
	}
	return n
}

func duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}

func producer(d *datadriven.TestData) Producer {
	return Producer{kafka.ProducerID(integer(d, "producer", -1)), kafka.ProducerEpoch(integer(d, "epoch", -1))}
}

func version(d *datadriven.TestData) int16 {
	if d.HasArg("v2") {
		return VersionEpochBump
	}
	return 0
}

func partitionsOf(d *datadriven.TestData) []kafka.TopicPartition {
	var list []kafka.TopicPartition
	for name := range strings.SplitSeq(text(d, "partitions", "a-0"), ",") {
		topic, number, _ := strings.Cut(name, "-")
		n, _ := strconv.Atoi(number)
		list = append(list, kafka.TopicPartition{Topic: topic, Partition: int32(n)})
	}
	return list
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

func (s *story) run(t *testing.T, d *datadriven.TestData, b *strings.Builder) {
	w, id := s.world, text(d, "id", "t")
	enlist := &Enlist{TransactionalID: id, Producer: producer(d), Partitions: partitionsOf(d), Version: version(d), NoWait: d.HasArg("no-wait"), Offsets: d.HasArg("offsets")}
	type ticket = coordinator.Ticket
	switch d.Cmd {
	case "init":
		req := &Init{TransactionalID: id, TimeoutMs: int32(integer(d, "timeout", 60_000)), Expected: producer(d)}
		if err := w.config.CheckInit(req); err != nil {
			fmt.Fprintf(b, "refused: %s\n", kafka.CodeOf(err).Error())
			return
		}
		w.ask(func(ticket ticket, fresh kafka.ProducerID) coordinator.Result {
			return w.shard.InitProducerID(w.now, ticket, req, fresh)
		})
	case "add":
		w.ask(func(ticket ticket, _ kafka.ProducerID) coordinator.Result {
			return w.shard.AddPartitions(w.now, ticket, enlist)
		})
	case "verify":
		w.ask(func(ticket, kafka.ProducerID) coordinator.Result { return w.shard.VerifyPartitions(enlist) })
	case "end":
		req := &End{TransactionalID: id, Producer: producer(d), Commit: d.HasArg("commit"), Version: version(d)}
		w.ask(func(_ ticket, fresh kafka.ProducerID) coordinator.Result { return w.shard.EndTxn(w.now, req, fresh) })
	case "describe":
		w.ask(func(ticket, kafka.ProducerID) coordinator.Result { return w.shard.Describe(id) })
	case "list":
		s.list(d, b)
	default:
		s.control(t, d, b)
	}
}

func (s *story) list(d *datadriven.TestData, b *strings.Builder) {
	w := s.world
	req := msg.NewListTransactionsRequest()
	req.StateFilters, req.DurationFilter = split(text(d, "states", "")), int64(integer(d, "longer", -1))
	for _, p := range split(text(d, "producers", "")) {
		n, _ := strconv.ParseInt(p, 10, 64)
		req.ProducerIdFilters = append(req.ProducerIdFilters, n)
	}
	if d.HasArg("pattern") {
		pattern := text(d, "pattern", "")
		req.TransactionalIdPattern = &pattern
	}
	f, unknown, err := NewFilter(req)
	if err != nil {
		fmt.Fprintf(b, "refused: %v\n", err)
		return
	}
	if len(unknown) > 0 {
		fmt.Fprintf(b, "unknown states %v\n", unknown)
	}
	w.ask(func(coordinator.Ticket, kafka.ProducerID) coordinator.Result { return w.shard.List(w.now, f) })
}

// control are the commands that move the world.
func (s *story) control(t *testing.T, d *datadriven.TestData, b *strings.Builder) {
	w := s.world
	switch d.Cmd {
	case "markers":
		for _, sent := range w.complete() {
			b.WriteString(renderSent(sent))
			if m, ok := sent.(Markers); ok {
				s.written = &m
			}
		}
	case "late": // the last markers are said to be written once more
		w.ask(func(coordinator.Ticket, kafka.ProducerID) coordinator.Result {
			return w.shard.Complete(w.now, s.written)
		})
	case "wait":
		w.advance(duration(d.CmdArgs[0].Key))
	case "hold":
		w.held = true
	case "release":
		w.held = false
		w.settle()
	case "fail":
		w.fail(kafka.ErrKafkaStorageError)
		s.shown = min(s.shown, len(w.log))
	case "failover":
		w.out = append(w.out, w.shard.Unload()...)
		w.load()
	case "exhaust": // as if the producer had had all the epochs before
		t := *first(w.shard.ids.Get("t"))
		t.epoch = kafka.ProducerEpoch(integer(d, "epoch", 0))
		w.carry(0, w.shard.put("t", &t, kafka.NoProducerEpoch))
		w.settle()
		s.shown = len(w.log)
	case "level":
		w.level = int16(integer(d, "to", 2))
		w.carry(0, w.shard.SetLevel(w.level))
	case "log":
		for ; s.shown < len(w.log); s.shown++ {
			id, tx, ok, err := parse(w.log[s.shown])
			switch {
			case err != nil || !ok:
				t.Fatalf("record %d: %v", s.shown, err)
			case tx == nil:
				fmt.Fprintf(b, "%s: tombstone\n", id)
			default:
				fmt.Fprintf(b, "%s v%d: %s\n", id, w.log[s.shown].Value[1], tx)
			}
		}
	default:
		t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
	}
}

func first(t *transaction, _ bool) *transaction { return t }

func renderSent(sent any) string {
	switch m := sent.(type) {
	case Markers:
		what := "abort"
		if m.Commit {
			what = "commit"
		}
		return fmt.Sprintf("%s %s producer=%d epoch=%d coordinator-epoch=%d v%d %v\n",
			what, m.TransactionalID, m.Producer.ID, m.Producer.Epoch, m.CoordinatorEpoch, m.Version, m.Partitions)
	case TimedOut:
		return fmt.Sprintf("an id for the abort of %s\n", m.TransactionalID)
	}
	return fmt.Sprintf("%T\n", sent)
}

func render(a coordinator.Answer) string {
	if a.Err != nil {
		return CodeOf(a.Err).Error()
	}
	switch r := a.Response.(type) {
	case Producer:
		if r == NoProducer() {
			return "ok"
		}
		return fmt.Sprintf("producer=%d epoch=%d", r.ID, r.Epoch)
	case kafka.Error:
		return "ok"
	case []kafka.Error:
		names := make([]string, len(r))
		for i, code := range r {
			names[i] = code.Error()
		}
		return strings.Join(names, " ")
	case msg.DescribeTransactionsResponseTransactionState:
		return fmt.Sprintf("%s %s producer=%d epoch=%d timeout=%d started=%d %v", r.TransactionalId, r.TransactionState,
			r.ProducerId, r.ProducerEpoch, r.TransactionTimeoutMs, r.TransactionStartTimeMs, r.Topics)
	case []msg.ListTransactionsResponseTransactionState:
		out := "listed"
		for _, l := range r {
			out += fmt.Sprintf(" %s/%d/%s", l.TransactionalId, l.ProducerId, l.TransactionState)
		}
		return out
	}
	return fmt.Sprintf("%T", a.Response)
}
