package crash

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
)

var (
	wanted = flag.Int("images", 20000, "how many distinct crash images to check")
	first  = flag.Uint64("seed", 1, "the seed of the first script")
	length = flag.Int("steps", 60, "how many steps a script has")
)

// play runs one script in a bubble of its own.
func play(t *testing.T, seed uint64, steps int, im *images, lie *bug) (err error) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { err = newWorld(seed, im, lie).play(steps) })
	return err
}

// Whenever the machine dies, before or after whatever was last done to the disk:
// a start finds what was acknowledged, nothing else than what was written, and
// indexes, producers, transactions and epochs that fit.
func TestCrashImages(t *testing.T) {
	im := newImages(4)
	for seed := *first; len(im.distinct) < *wanted; seed++ {
		if err := play(t, seed, *length, im, nil); err != nil {
			t.Fatalf("%v\nrepeat it with: go test ./internal/crash -run TestCrashImages -args -seed %d -steps %d", err, seed, *length)
		}
		if testing.Verbose() {
			fmt.Printf("script %d: %d images, %d checked, %d points, %d whole, %d gone on with\n", seed, len(im.distinct), len(im.checked), im.points, im.whole, im.deep)
		}
	}
	t.Logf("%d distinct images at %d points, from seed %d on; %d with what was promised at the time; at %d points every image; %d gone on with",
		len(im.distinct), im.points, *first, len(im.checked), im.whole, im.deep)
}
