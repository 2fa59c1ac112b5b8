package gregor_test

import (
	"context"
	"maps"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gregor-stream/gregor"
)

// openFiles counts what this process has open, by what it is.
func openFiles(t *testing.T) map[string]int {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	open := map[string]int{}
	for _, l := range links {
		if target, err := os.Readlink(l); err == nil {
			open[target]++
		}
	}
	return open
}

func TestCloseLeavesNothing(t *testing.T) {
	for name, c := range map[string]gregor.Config{"memory": {}, "disk": {Dir: t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			begin(t, gregor.Config{}) // what a process opens once (the poller) is open
			before, goroutines := openFiles(t), goleak.IgnoreCurrent()
			srv, err := gregor.Start(context.Background(), c)
			if err != nil {
				t.Fatal(err)
			}
			roundTrip(t, srv, "x")
			silent, err := net.Dial("tcp", srv.Addr()) //nolint:noctx // a test
			if err != nil {
				t.Fatal(err)
			}
			if err := srv.Close(); err != nil {
				t.Fatal(err)
			}
			if err := srv.Close(); err != nil {
				t.Errorf("a second Close: %v", err)
			}
			_ = silent.Close()
			if err := goleak.Find(goroutines); err != nil {
				t.Error(err)
			}
			// A client's socket goes a moment after its owner.
			eventually(t, "all files are closed", func() bool { return maps.Equal(openFiles(t), before) })
			l, err := net.Listen("tcp", srv.Addr()) //nolint:noctx // a test
			if err != nil {
				t.Fatalf("the port is still taken: %v", err)
			}
			_ = l.Close()
		})
	}
}

func TestAStartThatFailsLeavesNothing(t *testing.T) {
	taken := begin(t, gregor.Config{})
	before, goroutines := openFiles(t), goleak.IgnoreCurrent()
	for name, c := range map[string]gregor.Config{
		"a port that is taken": {Listen: taken.Addr(), Dir: t.TempDir()},
		"a bad property":       {Properties: []string{"num.partitions=many"}},
		"no time":              {Dir: t.TempDir()},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		if name == "no time" {
			cancel()
		}
		srv, err := gregor.Start(ctx, c)
		cancel()
		if err == nil {
			_ = srv.Close()
			t.Errorf("%s: it started", name)
		}
	}
	if err := goleak.Find(goroutines); err != nil {
		t.Error(err)
	}
	eventually(t, "all files are closed", func() bool { return maps.Equal(openFiles(t), before) })
}
