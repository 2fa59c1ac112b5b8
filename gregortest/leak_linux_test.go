package gregortest_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gregor-stream/gregor/gregortest"
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

// TestCloseLeavesNothing looks outside of bubbles; a bubble does not end before
// its goroutines have.
func TestCloseLeavesNothing(t *testing.T) {
	gregortest.New(t) // what a process opens once (the poller) is open
	ends := map[string]func(*gregortest.Broker){
		"running": func(*gregortest.Broker) {}, "stopped": (*gregortest.Broker).Stop, "restarted": (*gregortest.Broker).Restart,
		"killed": (*gregortest.Broker).Kill, "crashed": func(b *gregortest.Broker) { b.Crash(nil); b.Start() },
	}
	for mode, opts := range map[string][]gregortest.Option{"port": nil, "pipes": {gregortest.Pipes()}} {
		for name, end := range ends {
			t.Run(mode+" "+name, func(t *testing.T) {
				before, goroutines := openFiles(t), goleak.IgnoreCurrent()
				b := gregortest.New(t, opts...)
				b.CreateTopic("t", 1)
				b.Produce("t", gregortest.Values("x")...)
				silent, err := b.DialContext(soon(t), "tcp", b.Addr())
				if err != nil {
					t.Fatal(err)
				}
				end(b)
				b.Close()
				_ = silent.Close()
				if err := goleak.Find(goroutines); err != nil {
					t.Error(err)
				}
				tick := time.NewTicker(time.Millisecond)
				defer tick.Stop()
				for deadline := time.Now().Add(10 * time.Second); !maps.Equal(openFiles(t), before); <-tick.C {
					if time.Now().After(deadline) {
						t.Fatalf("there were %v, there are %v", before, openFiles(t))
					}
				}
			})
		}
	}
}
