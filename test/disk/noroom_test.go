//go:build linux

package disk

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// TestALogThatFindsNoRoomToRecoverComesBack starts a killed broker on a real
// volume that another program has filled meanwhile: a log whose torn tail has no
// room to be kept is offline, the rest is served, and when the room is back so
// is the log, without a restart.
func TestALogThatFindsNoRoomToRecoverComesBack(t *testing.T) {
	dir := t.TempDir()
	m := volumes(t, dir, "64m")
	data := dir + "/0/data"
	b := m.broker(t, "noroom", map[string]string{"log.dirs": data})
	cl := blunt(t, b)
	for _, topic := range []string{"lost", "other"} {
		if _, err := kadm.NewClient(cl).CreateTopic(limited(t), 1, 1, nil, topic); err != nil {
			t.Fatal(err)
		}
		if err := put(t, cl, topic, 0, "before"); err != nil {
			t.Fatal(err)
		}
	}
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(m.path(data + "/.gregor-reserve")); err == nil {
			break
		} else if time.Since(began) > 50*time.Second {
			t.Fatalf("there is no reserve: %v", err)
		}
	}
	if err := b.Kill(); err != nil {
		t.Fatal(err)
	}
	const torn = 8 << 20 // the reserve is 1 MiB
	segment := m.path(data + "/lost-0/00000000000000000000.log")
	f, err := os.OpenFile(segment, os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		_, err = f.Write(bytes.Repeat([]byte{1}, torn))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	ballast := m.path(dir + "/0/ballast")
	fill, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for chunk := 1 << 20; chunk >= 4096; { // to the last page
		if _, err = fill.Write(make([]byte, chunk)); errors.Is(err, syscall.ENOSPC) {
			chunk /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := fill.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatalf("start on the full disk: %v", err)
	}
	if err := put(t, cl, "lost", 0, "x"); !errors.Is(err, kerr.KafkaStorageError) {
		t.Errorf("a record for the log that is not recovered: %v", err)
	}
	if got := values(t, b, "other"); !slices.Equal(got, []string{"before"}) {
		t.Errorf("the other log has %v", got)
	}
	logged := func(line string) int {
		log, err := os.ReadFile(b.Process().LogPath())
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(log), line)
	}
	if n := logged("the recovery of its log finds no room"); n != 1 {
		t.Errorf("%d lines say that the log is offline", n)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	want := resume(t, cl, "lost", "the other program's file is gone", []string{"before"})
	if got := values(t, b, "lost"); !slices.Equal(got, want) {
		t.Errorf("the log has %v, want %v", got, want)
	}
	if n := logged("its partition is online again"); n != 1 {
		t.Errorf("%d lines say that the log is back", n)
	}
	if kept, err := os.Stat(segment + ".cut-1"); err != nil || kept.Size() != torn {
		t.Errorf("the torn tail is not kept: %v %v", kept, err)
	}
	if err := b.Stop(); err != nil {
		t.Errorf("the stop: %v", err)
	}
}
