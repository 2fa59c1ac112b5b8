package stream

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor"
	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

func serve(t *testing.T, properties ...string) *gregor.Server {
	t.Helper()
	s, err := gregor.Start(t.Context(), gregor.Config{Dir: t.TempDir(), Properties: append(properties, "listeners=PLAINTEXT://127.0.0.1:0")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func connect(t *testing.T, at string, more ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(more, kgo.SeedBrokers(at), kgo.AllowAutoTopicCreation())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func send(t *testing.T, c *kgo.Client, topic string, values ...string) {
	t.Helper()
	for _, v := range values {
		if err := c.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte(v)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// does runs a command of the room in this process.
func does(ctx context.Context, args ...string) (out string, err error) {
	var stdout, stderr bytes.Buffer
	env := &command.Env{In: strings.NewReader(""), Out: &stdout, Err: &stderr}
	for _, cmd := range Commands(env) {
		if cmd.Name() == args[0] {
			cmd.SetArgs(args[1:])
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			err = cmd.ExecuteContext(ctx)
		}
	}
	return stdout.String(), err
}

func TestASilenceIsProvenByTheBroker(t *testing.T) {
	s := serve(t)
	c := connect(t, s.Addr())
	send(t, c, "t", "0", "1", "2", "3", "4")
	adm := kadm.NewClient(c)
	if _, err := adm.DeleteRecords(t.Context(), kadm.Offsets{"t": {0: {Topic: "t", Partition: 0, At: 3}}}); err != nil {
		t.Fatal(err)
	}
	txn := connect(t, s.Addr(), kgo.TransactionalID("open"))
	if err := txn.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	send(t, txn, "t", "5", "6")
	tests := []struct {
		name      string
		committed bool
		from, end int64
		want      int64
	}{
		{"all below the end is deleted", false, 0, 3, 3},
		{"deleted, then a record", false, 0, 5, 3},
		{"a record", false, 4, 5, 4},
		{"nothing to read", false, 5, 5, 5},
		{"of a transaction that is open", false, 5, 7, 5},
		{"of a transaction that is open, and may yet be committed", true, 5, 7, 5},
	}
	for _, test := range tests {
		q := &silence{c: c, committed: test.committed}
		got, err := q.pass(t.Context(), place{"t", 0}, span{test.from, test.end})
		if err != nil || got != test.want {
			t.Errorf("%s: passed to %d (%v), want %d", test.name, got, err, test.want)
		}
	}
	if err := txn.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	for committed, want := range map[bool]int64{false: 5, true: 7} { // what is aborted is there, or not
		q := &silence{c: c, committed: committed}
		if got, err := q.pass(t.Context(), place{"t", 0}, span{5, 8}); err != nil || got != want {
			t.Errorf("aborted, committed only %v: passed to %d (%v), want %d", committed, got, err, want)
		}
	}
	q := &silence{c: c, since: time.Now().Add(-2 * idleMax)}
	if _, err := q.pass(t.Context(), place{"t", 0}, span{4, 5}); err == nil || !strings.Contains(err.Error(), "partition 0 of t, offset 4: nothing has come for 1m0s") {
		t.Errorf("a record that never comes: %v", err)
	}
	if _, err := (&silence{c: c}).pass(t.Context(), place{"t", 7}, span{4, 5}); err == nil {
		t.Error("a partition that is not there has no end")
	}
}

// A transaction that is open while its topic is copied is copied when it has
// ended; a copy that took the silence behind the last stable offset for the
// end left it out.
func TestCopyLeavesNoOpenTransactionOut(t *testing.T) {
	from, to := serve(t), serve(t)
	send(t, connect(t, from.Addr()), "t", "0", "1")
	txn := connect(t, from.Addr(), kgo.TransactionalID("open"))
	if err := txn.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	send(t, txn, "t", "2", "3")
	for _, want := range []string{"2 records", "0 records"} {
		if out, err := does(t.Context(), "copy", "t", "--bootstrap-server", from.Addr(), "--to", to.Addr()); err != nil || !strings.Contains(out, want) {
			t.Fatalf("want %s: %v\n%s", want, err, out)
		}
	}
	if err := txn.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	if out, err := does(t.Context(), "copy", "t", "--bootstrap-server", from.Addr(), "--to", to.Addr()); err != nil || !strings.Contains(out, "\n2 records") {
		t.Errorf("the transaction is committed: %v\n%s", err, out)
	}
}

// A broker that is slow to answer is no broker without records.
func TestASlowSourceIsCopiedWhole(t *testing.T) {
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = port.Close() })
	from, to := serve(t, "advertised.listeners=PLAINTEXT://"+port.Addr().String()), serve(t)
	go slowFetches(port, from.Addr(), idle*5/2)
	send(t, connect(t, port.Addr().String()), "t", "0", "1", "2")
	if out, err := does(t.Context(), "copy", "t", "--bootstrap-server", port.Addr().String(), "--to", to.Addr()); err != nil || out != "3 records of t copied to t at "+to.Addr()+"\n" {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := does(t.Context(), "tail", "t", "--bootstrap-server", port.Addr().String(), "--follow=false"); err != nil || strings.Count(out, "\n") != 3 {
		t.Errorf("%v\n%s", err, out)
	}
}

// A source that goes away in the middle is an error, not an end.
func TestALostSourceIsNoEnd(t *testing.T) {
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	from := serve(t, "advertised.listeners=PLAINTEXT://"+port.Addr().String())
	go slowFetches(port, from.Addr(), time.Hour)
	send(t, connect(t, port.Addr().String()), "t", "0", "1", "2")
	c, _, err := open(t.Context(), &command.Env{Err: io.Discard}, &client.Flags{Server: port.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_ = port.Close()
	_ = from.Close()
	if got, err := (&silence{c: c}).pass(ctx, place{"t", 0}, span{0, 3}); err == nil {
		t.Errorf("passed to %d where nobody answers", got)
	}
}

// While a leader cannot be reached another may be elected: for a while that is
// neither an end nor an error.
func TestALeaderThatIsAwayIsWaitedFor(t *testing.T) {
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, "advertised.listeners=PLAINTEXT://"+port.Addr().String())
	go slowFetches(port, s.Addr(), 0)
	send(t, connect(t, port.Addr().String()), "t", "0", "1", "2")
	_ = port.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	q := &silence{c: connect(t, s.Addr())}
	if got, err := q.pass(ctx, place{"t", 0}, span{0, 3}); err != nil || got != 0 {
		t.Errorf("passed to %d: %v", got, err)
	}
	q.since = time.Now().Add(-2 * idleMax)
	if _, err := q.pass(ctx, place{"t", 0}, span{0, 3}); !errors.Is(err, errUnasked) || !strings.Contains(err.Error(), "nothing has come for 1m0s") {
		t.Errorf("a leader that stays away: %v", err)
	}
}

// To pass over much may take longer than records may take to come.
func TestALongWayIsNoSilence(t *testing.T) {
	s := serve(t)
	c := connect(t, s.Addr())
	send(t, c, "t", "0", "1", "2", "3")
	if _, err := kadm.NewClient(c).DeleteRecords(t.Context(), kadm.Offsets{"t": {0: {Topic: "t", Partition: 0, At: 3}}}); err != nil {
		t.Fatal(err)
	}
	q := &silence{c: c, since: time.Now().Add(-2 * idleMax)}
	if got, err := q.pass(t.Context(), place{"t", 0}, span{0, 4}); err != nil || got != 3 {
		t.Errorf("passed to %d: %v", got, err)
	}
}

// Records that the client has already are copied, though they are deleted by the
// time that the broker is asked; a source that goes back is told all the same.
func TestRecordsDeletedMeanwhileAreNoLoss(t *testing.T) {
	s := serve(t)
	c := connect(t, s.Addr())
	send(t, c, "src", "0", "1", "2", "3")
	send(t, c, "dst", "0")
	if _, err := kadm.NewClient(c).DeleteRecords(t.Context(), kadm.Offsets{"src": {0: {Topic: "src", Partition: 0, At: 3}}}); err != nil {
		t.Fatal(err)
	}
	l := &lane{next: 1, end: 4}
	copies := &copying{
		topic: "src", o: &copyOptions{toTopic: "dst"}, to: c, lanes: map[int32]*lane{0: l}, acks: make(chan ack, 9), silence: silence{c: c},
	}
	if err := copies.pass(t.Context()); err != nil || l.next != 3 {
		t.Fatalf("passed to %d: %v", l.next, err)
	}
	for _, offset := range []int64{1, 2} {
		if err := copies.hand(t.Context(), &kgo.Record{Topic: "src", Offset: offset}); err != nil || l.next != 3 {
			t.Errorf("offset %d was there before: %v, next %d", offset, err, l.next)
		}
	}
	if err := copies.hand(t.Context(), &kgo.Record{Topic: "src", Offset: 1}); err == nil {
		t.Error("the source goes back")
	}
	for copies.flying > 0 {
		<-copies.acks
		copies.flying--
	}
}

// slowFetches is between clients and a broker, and holds the answers to Fetch.
func slowFetches(port net.Listener, broker string, hold time.Duration) {
	for {
		client, err := port.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", broker)
		if err != nil {
			_ = client.Close()
			continue
		}
		pass := func(to, from net.Conn, wait func(frame []byte)) {
			defer func() { _, _ = to.Close(), from.Close() }()
			for {
				frame := make([]byte, 4)
				if _, err := io.ReadFull(from, frame); err != nil {
					return
				}
				frame = append(frame, make([]byte, min(binary.BigEndian.Uint32(frame), 1<<20))...)
				if _, err := io.ReadFull(from, frame[4:]); err != nil {
					return
				}
				wait(frame)
				if _, err := to.Write(frame); err != nil && !errors.Is(err, net.ErrClosed) {
					return
				}
			}
		}
		fetches := make(chan bool, 100) // of each request that awaits its answer
		go pass(server, client, func(frame []byte) { fetches <- binary.BigEndian.Uint16(frame[4:]) == 1 })
		go pass(client, server, func([]byte) {
			if <-fetches {
				time.Sleep(hold)
			}
		})
	}
}

// A topic that was deleted and made again under its name is another: neither
// is its copy complete because it is shorter, nor do its records follow those of
// the first.
func TestACopyKnowsATopicThatWasMadeAnew(t *testing.T) {
	s := serve(t)
	c := connect(t, s.Addr())
	adm := kadm.NewClient(c)
	send(t, c, "src", "0", "1", "2")
	args := []string{"copy", "src", "--bootstrap-server", s.Addr(), "--to", s.Addr(), "--to-topic", "dst"}
	if out, err := does(t.Context(), args...); err != nil || !strings.Contains(out, "3 records") {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := adm.DeleteTopic(t.Context(), "src"); err != nil {
		t.Fatal(err)
	}
	if _, err := adm.CreateTopic(t.Context(), 1, 1, nil, "src"); err != nil {
		t.Fatal(err)
	}
	for _, records := range [][]string{{"a", "b"}, {"c", "d"}} { // fewer than were copied, then more
		send(t, connect(t, s.Addr()), "src", records...)
		if out, err := does(t.Context(), args...); err == nil || !strings.Contains(err.Error(), "was made anew") {
			t.Errorf("the topic was made anew, the copy said: %v %s", err, out)
		}
	}
	if out, err := does(t.Context(), append(args, "--restart")...); err != nil || !strings.Contains(out, "4 records") {
		t.Errorf("--restart: %v: %s", err, out)
	}
}

// A copy that an earlier version has begun does not know its topic's id.
func TestACopyKnowsASourceThatHasLostRecords(t *testing.T) {
	s := serve(t)
	c := connect(t, s.Addr())
	copies := &copying{topic: "src", o: &copyOptions{toTopic: "dst"}}
	at := kadm.OffsetResponse{Offset: kadm.Offset{At: 3, Metadata: "source=3"}}
	l := &lane{end: 2}
	if err := copies.resume(t.Context(), 0, l, at, 3); err == nil || !strings.Contains(err.Error(), "can be read up to 2, but an earlier copy had read up to 3") {
		t.Errorf("the source is shorter than what was copied: %v", err)
	}
	l = &lane{end: 3}
	if err := copies.resume(t.Context(), 0, l, at, 3); err != nil || l.next != 3 {
		t.Errorf("nothing is new: %v, next %d", err, l.next)
	}
	copies.to, copies.lanes = c, map[int32]*lane{0: {next: 7, end: 9}}
	if err := copies.hand(t.Context(), &kgo.Record{Topic: "src", Offset: 5}); err == nil || !strings.Contains(err.Error(), "has read up to 7") {
		t.Errorf("the source goes back: %v", err)
	}
}

// An input that cannot be read is not a record that can be left out.
func TestProduceEndsAtAnInputThatCannotBeRead(t *testing.T) {
	s := serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	dir := t.TempDir()
	for _, form := range []string{"lines", "json"} {
		out, err := does(ctx, "produce", "t", dir, "--skip-bad", "--input", form, "--bootstrap-server", s.Addr())
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), dir+":1: ") || strings.Contains(err.Error(), "no broker answers") {
			t.Errorf("%s: %v %s", form, err, out)
		}
	}
}

func TestALineThatIsTooLongIsPassedOverWhole(t *testing.T) {
	long := io.MultiReader(io.LimitReader(zeros{}, lineBytesMax+70<<10), strings.NewReader("tail\nnext\n"))
	in := bufio.NewReaderSize(long, 64<<10)
	if _, err := readLine(in); err == nil || !strings.Contains(err.Error(), "the line is longer than") {
		t.Errorf("a line that is too long: %v", err)
	}
	if line, err := readLine(in); err != nil || string(line) != "next" {
		t.Errorf("behind it: %q %v", line, err)
	}
	if line, err := readLine(in); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %q %v", line, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
