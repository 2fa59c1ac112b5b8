package server

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// keeper answers each frame with its first byte; it keeps every other frame,
// as a session may, with a copy to hold it against.
type keeper struct {
	mu           sync.Mutex
	kept, copies [][]byte
	all          []byte // every frame, in order
}

func (k *keeper) Open(ConnInfo) Session { return k }
func (k *keeper) Close()                {}

func (k *keeper) Serve(_ context.Context, frame, dst []byte, _ time.Time) (Reply, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, frame...)
	keep := len(frame)%2 == 0
	if keep {
		k.kept, k.copies = append(k.kept, frame), append(k.copies, bytes.Clone(frame))
	} else {
		defer clear(frame) // whoever recycles is done with it
	}
	return Reply{Data: appendFrame(dst, frame[:min(1, len(frame))]), Recycle: !keep}, nil
}

// TestFramesOfAnySizeInPiecesOfAnySizeArriveWhole sends frames in pieces that
// know nothing of frames: several at once, parts of one, halves of lengths.
func TestFramesOfAnySizeInPiecesOfAnySizeArriveWhole(t *testing.T) {
	for _, most := range []int{20, 1000, 200_000} {
		rng := rand.New(rand.NewPCG(uint64(most), 1))
		k := &keeper{}
		s := New(Config{Handler: k})
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(Listener{Name: "PLAINTEXT", Listener: l}); err != nil {
			t.Fatal(err)
		}
		nc, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		const frames = 300
		var stream, want []byte
		for range frames {
			size := rng.IntN(most)
			if rng.IntN(3) > 0 {
				size = rng.IntN(20)
			}
			body := make([]byte, size)
			for i := range body {
				body[i] = byte(rng.Uint32())
			}
			stream, want = appendFrame(stream, body), append(want, body...)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for len(stream) > 0 {
				n := min(1+rng.IntN(1+rng.IntN(2*most)), len(stream))
				if _, err := nc.Write(stream[:n]); err != nil {
					t.Error(err)
					return
				}
				stream = stream[n:]
			}
		}()
		for range frames {
			client{t, nc}.receive()
		}
		<-done
		k.mu.Lock()
		if !bytes.Equal(k.all, want) {
			t.Errorf("frames of up to %d bytes were not served as they were sent", most)
		}
		for i := range k.kept {
			if !bytes.Equal(k.kept[i], k.copies[i]) {
				t.Errorf("frame %d, which the session kept, was changed", i)
			}
		}
		k.mu.Unlock()
		s.mu.Lock()
		for c := range s.conns {
			c.mu.Lock() // after the last answer nothing is unread
			if c.reader.unread() != 0 {
				t.Errorf("an idle connection holds %d bytes", c.reader.unread())
			}
			c.mu.Unlock()
		}
		s.mu.Unlock()
		_ = nc.Close()
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestManySmallRequestsBehindALargeOneCostOneCopyEach: what is read too far is
// not copied again and again.
func TestManySmallRequestsBehindALargeOneCostOneCopyEach(t *testing.T) {
	c := &conn{srv: New(Config{Handler: &echo{}})}
	r := &c.reader
	r.conn = c
	const small, n = 20, 10_000
	r.buf = c.srv.buffers.get(small * n)
	for range n {
		r.buf.b = appendFrame(r.buf.b, make([]byte, small-lengthBytes))
	}
	whole := &r.buf.b[0]
	for i := range n - 1 {
		if &r.buf.b[0] != whole {
			t.Fatalf("after %d requests the %d bytes behind them were copied", i, r.unread())
		}
		size, err := r.size(1 << 20)
		if err != nil || size != small-lengthBytes {
			t.Fatalf("request %d: %d, %v", i, size, err)
		}
		f, err := r.frame(size)
		if err != nil {
			t.Fatal(err)
		}
		c.srv.buffers.put(f)
		if i == n-3 {
			break // the last are as small as what is behind them
		}
	}
}
