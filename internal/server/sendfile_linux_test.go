package server

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/wire"
)

// stretch is a section of a real file.
type stretch struct {
	file *os.File
	at   int64
	size int
}

func (s stretch) Len() int                                    { return s.size }
func (s stretch) ReadAt(p []byte, at int64) (int, error)      { return s.file.ReadAt(p, s.at+at) }
func (s stretch) Descriptor() (fd uintptr, at int64, ok bool) { return s.file.Fd(), s.at, true }

// stretches answers every request with the same parts between single bytes.
type stretches struct{ list []stretch }

func (s *stretches) Open(ConnInfo) Session { return s }
func (s *stretches) Close()                {}

func (s *stretches) Serve(_ context.Context, _, dst []byte, _ time.Time) (Reply, error) {
	size := len(s.list) + 1
	var parts []wire.Part
	for i, part := range s.list {
		parts = append(parts, wire.Part{At: lengthBytes + 1 + i, Section: part})
		size += part.size
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(size))
	for i := range len(s.list) + 1 {
		dst = append(dst, byte('a'+i))
	}
	return Reply{Data: dst, Parts: parts, Recycle: true}, nil
}

// serveStretches serves on a socket of the system, with a small send buffer.
func serveStretches(t *testing.T, list []stretch) client {
	t.Helper()
	s := New(Config{Handler: &stretches{list}, SendBufferBytes: 102400})
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
	t.Cleanup(func() {
		_ = nc.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return client{t, nc}
}

func fileOf(t *testing.T, size int) (*os.File, []byte) {
	t.Helper()
	content := make([]byte, size)
	rng := rand.NewChaCha8([32]byte{1})
	if _, err := rng.Read(content); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "segment")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, content
}

// TestSectionsOfFilesArriveAmongTheBytesAroundThem: short ones are copied, long
// ones moved by the system, and nobody can tell.
func TestSectionsOfFilesArriveAmongTheBytesAroundThem(t *testing.T) {
	f, content := fileOf(t, 6<<20)
	list := []stretch{{f, 17, 5}, {f, 1 << 20, 3 << 20}, {f, 0, sendfileBytes}, {f, 99, sendfileBytes - 1}, {f, 4 << 20, 2 << 20}}
	want := "a"
	for i, s := range list {
		want += string(content[s.at:s.at+int64(s.size)]) + string(rune('b'+i))
	}
	c := serveStretches(t, list)
	const requests = 5 // more than the socket takes: the broker waits for a reader
	for range requests {
		c.send("x")
	}
	for i := range requests {
		if got := c.receive(); got != want {
			t.Fatalf("answer %d of %d bytes is not what the file has (%d bytes)", i, len(got), len(want))
		}
	}
}

// TestAFileThatIsTooShortEndsTheConnection: what was announced cannot be sent.
func TestAFileThatIsTooShortEndsTheConnection(t *testing.T) {
	f, _ := fileOf(t, 100_000)
	c := serveStretches(t, []stretch{{f, 0, 200_000}})
	c.send("x")
	got, err := io.ReadAll(c)
	if err != nil || len(got) > 100_000+lengthBytes+1 {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}
