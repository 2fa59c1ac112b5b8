package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// watchedFS says when something was written.
type watchedFS struct {
	vfs.FS
	wrote func(name string)
}

// Open opens a file that is watched.
func (f watchedFS) Open(name string, flags vfs.Flag) (vfs.File, error) {
	file, err := f.FS.Open(name, flags)
	if err != nil {
		return nil, err
	}
	return watchedFile{file, name, f.wrote}, nil
}

type watchedFile struct {
	vfs.File
	name  string
	wrote func(name string)
}

// WriteAt writes, and says so.
func (f watchedFile) WriteAt(p []byte, at int64) (int, error) {
	n, err := f.File.WriteAt(p, at)
	f.wrote(f.name)
	return n, err
}

// told is what a producer knows of its transactions at one moment: a name is in
// it once the transaction has begun.
type told map[string]bool // true: the end was acknowledged

// image is the disk at one moment, with any part of what was not synced.
type image struct {
	disk *vfs.Mem
	told told
	last string // the file that was written last
}

// TestTransactionsAreWholeInEveryCrashImage takes an image of the disk, as a loss
// of power leaves it, after each write of some transactions over two partitions,
// those between the decision, the markers and the end among them, and starts a
// node on each: what was acknowledged counts, whole and once; what was aborted
// does not; nothing hangs.
func TestTransactionsAreWholeInEveryCrashImage(t *testing.T) {
	inBubble(t, []string{"group.initial.rebalance.delay.ms=0"}, func(t *testing.T, w *world) {
		images := crashImages(t, w)
		between := map[string]int{}
		for _, i := range images {
			w.kill()
			w.watch, w.fs = nil, i.disk
			w.start()
			between[w.stateOf("x")]++
			w.checkImage(i)
		}
		t.Logf("%d images; the transaction was, before anything was asked: %v", len(images), between)
		if len(images) < 40 || between["CompleteCommit"] == 0 || between["CompleteAbort"] == 0 || between["Ongoing"] == 0 {
			t.Errorf("the images are not what they should be: %v", between)
		}
	})
}

// crashImages runs the transactions and takes the images.
func crashImages(t *testing.T, w *world) []image {
	t.Helper()
	w.createTopic(w.client(), "t", 2, nil)
	w.createTopic(w.client(), "in", 1, nil)
	w.produce(w.client(), "in", 0, 10)
	cl := w.client(kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	warm := w.client(kgo.TransactionalID("warm"), kgo.DefaultProduceTopic("in"))
	w.transact(warm, kgo.TryCommit, "the coordinator's topic is made")
	w.stop()

	var mu sync.Mutex
	var images []image
	known, on := told{}, false
	disk, chance := w.fs, rand.New(rand.NewPCG(1, 2))
	w.watch = func(inner vfs.FS) vfs.FS {
		return watchedFS{inner, func(name string) {
			mu.Lock()
			defer mu.Unlock()
			if on && strings.HasSuffix(name, ".log") && !strings.Contains(name, "__cluster_metadata") {
				images = append(images, image{disk.CrashClone(chance), maps.Clone(known), name})
			}
		}}
	}
	w.start()
	set := func(f func()) { mu.Lock(); defer mu.Unlock(); f() }
	set(func() { on = true })
	for n := range 8 {
		name := fmt.Sprintf("c%d", n)
		if n%3 == 2 {
			name = fmt.Sprintf("a%d", n)
		}
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		set(func() { known[name] = false })
		for p := range int32(2) {
			if err := cl.ProduceSync(t.Context(), &kgo.Record{Partition: p, Value: []byte(name)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		if err := cl.EndTransaction(t.Context(), kgo.TransactionEndTry(name[0] == 'c')); err != nil {
			t.Fatal(err)
		}
		set(func() { known[name] = true })
	}
	time.Sleep(time.Second) // the last markers
	set(func() { on = false })
	return images
}

// stateOf is the state of an id once its markers are written; "" where the id is
// not known.
func (w *world) stateOf(id string) string {
	w.t.Helper()
	ac := kadm.NewClient(w.client())
	defer ac.Close()
	for {
		d, err := ac.DescribeTransactions(w.t.Context(), id)
		if err != nil {
			w.t.Fatal(err)
		}
		if errors.Is(d[id].Err, kerr.TransactionalIDNotFound) {
			return ""
		}
		if d[id].Err == nil && !strings.HasPrefix(d[id].State, "Prepare") {
			return d[id].State
		}
		time.Sleep(time.Millisecond)
	}
}

func (w *world) checkImage(i image) {
	w.t.Helper()
	// Who begins last ends what was left open: nothing holds readers up then.
	last := w.client(kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer last.Close()
	if err := last.BeginTransaction(); err != nil {
		w.t.Fatal(err)
	}
	for p := range int32(2) {
		if err := last.ProduceSync(w.t.Context(), &kgo.Record{Partition: p, Value: []byte("end")}).FirstErr(); err != nil {
			w.t.Fatalf("after %s: %v", i.last, err)
		}
	}
	if err := last.EndTransaction(w.t.Context(), kgo.TryCommit); err != nil {
		w.t.Fatalf("after %s: %v", i.last, err)
	}
	seen := map[string]int{}
	cl := w.client(kgo.ConsumeTopics("t"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	defer cl.Close()
	for deadline := time.Now().Add(time.Minute); seen["end"] < 2; {
		cl.PollFetches(w.t.Context()).EachRecord(func(r *kgo.Record) { seen[string(r.Value)]++ })
		if time.Now().After(deadline) {
			w.t.Fatalf("after %s a transaction hangs: %v", i.last, seen)
		}
	}
	for name, acknowledged := range i.told {
		switch n := seen[name]; {
		case name[0] == 'a' && n != 0:
			w.t.Errorf("after %s: %s was aborted, and is there %d times", i.last, name, n)
		case name[0] == 'c' && n != 2 && (acknowledged || n != 0):
			w.t.Errorf("after %s: %s is there %d times (acknowledged: %t)", i.last, name, n, acknowledged)
		}
	}
}

// holdingConn holds the first EndTxn back that goes through it: its client is
// cut off from it, and what it held is delivered later.
type holdingConn struct {
	net.Conn // to the broker
	proxy    *proxy
	pending  []byte
}

// proxy stands between a client and the broker.
type proxy struct {
	dial func() (net.Conn, error)

	mu   sync.Mutex
	held *holdingConn
	late []byte
	done bool
}

// Write passes requests on, frame by frame.
func (c *holdingConn) Write(p []byte) (int, error) {
	c.pending = append(c.pending, p...)
	for len(c.pending) >= 4 {
		size := 4 + int(binary.BigEndian.Uint32(c.pending))
		if len(c.pending) < size {
			break
		}
		frame := c.pending[:size]
		c.pending = c.pending[size:]
		c.proxy.mu.Lock()
		hold := !c.proxy.done && kafka.APIKey(binary.BigEndian.Uint16(frame[4:])) == kafka.EndTxn
		if hold {
			c.proxy.done, c.proxy.held, c.proxy.late = true, c, append([]byte(nil), frame...)
		}
		c.proxy.mu.Unlock()
		if hold {
			return len(p), nil
		}
		if _, err := c.Conn.Write(frame); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Read ends for the client of a connection whose request is held back.
func (c *holdingConn) Read(p []byte) (int, error) {
	for {
		c.proxy.mu.Lock()
		held := c.proxy.held == c
		c.proxy.mu.Unlock()
		if held {
			return 0, io.ErrUnexpectedEOF
		}
		_ = c.Conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		n, err := c.Conn.Read(p)
		if ne, ok := err.(net.Error); n > 0 || !ok || !ne.Timeout() { //nolint:errorlint // as net gives it
			return n, err
		}
	}
}

// Close leaves the connection to the broker open where a request is held back.
func (c *holdingConn) Close() error {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	if c.proxy.held == c {
		return nil
	}
	return c.Conn.Close()
}

// SetReadDeadline and SetDeadline are the reader's own.
func (c *holdingConn) SetReadDeadline(time.Time) error { return nil }
func (c *holdingConn) SetDeadline(time.Time) error     { return nil }

// TestAnEndHeldBackByTheNetworkMeetsTheNextTransaction: a proxy keeps the first
// EndTxn of a client, which tries again and goes on with its next transaction;
// then the first comes through after all. It must not end what it meets.
func TestAnEndHeldBackByTheNetworkMeetsTheNextTransaction(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.createTopic(w.client(), "t", 1, nil)
		px := &proxy{dial: func() (net.Conn, error) { return w.pipe.DialContext(t.Context(), "", "") }}
		cl := w.through(px, kgo.TransactionalID("x"), kgo.DefaultProduceTopic("t"))
		w.transact(cl, kgo.TryAbort, "aborted") // its first EndTxn is held back
		if px.held == nil {
			t.Fatal("no EndTxn was held back")
		}
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := cl.ProduceSync(t.Context(), kgo.StringRecord("a")).FirstErr(); err != nil {
			t.Fatal(err)
		}
		px.deliver(t)
		if state := w.stateOf("x"); state != "Ongoing" {
			t.Errorf("the late end has made the next transaction %s", state)
		}
		if err := cl.ProduceSync(t.Context(), kgo.StringRecord("b")).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := cl.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
			t.Fatal(err)
		}
		wantValues(t, "what counts", w.read("t", 2, kgo.ReadCommitted()), "a", "b")
	})
}

// through is a client whose connections go through a proxy.
func (w *world) through(px *proxy, opts ...kgo.Opt) *kgo.Client {
	w.t.Helper()
	dial := func(context.Context, string, string) (net.Conn, error) {
		nc, err := px.dial()
		if err != nil {
			return nil, err
		}
		return &holdingConn{Conn: nc, proxy: px}, nil
	}
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers("localhost:9092"), kgo.Dialer(dial)}, opts...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(cl.Close)
	return cl
}

// deliver sends what was held back, and waits for the broker's answer.
func (px *proxy) deliver(t *testing.T) {
	t.Helper()
	conn := px.held.Conn
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(px.late); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		t.Fatalf("no answer to the late end: %v", err)
	}
	if _, err := io.ReadFull(conn, make([]byte, binary.BigEndian.Uint32(head[:]))); err != nil {
		t.Fatal(err)
	}
}
