// Package perf holds the commands that measure a cluster: how fast it takes
// records, how fast it gives them, and how long one is on its way. Kind: shell
package perf

import (
	"encoding/json"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command {
	return []*cobra.Command{newProducer(env), newConsumer(env), newLatency(env)}
}

// kinds of the JSON lines that --format json prints, their field "type".
const (
	kindReport  = "report"      // one interval
	kindSummary = "summary"     // the whole run
	kindSteady  = "steadyState" // the run without its first records
	kindMetrics = "metrics"
)

// figure is a number in JSON: null where it is none, as the average of nothing.
type figure float64

// MarshalJSON is the shortest form that is the number.
func (f figure) MarshalJSON() ([]byte, error) {
	if v := float64(f); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// printLine prints v as JSON on one line: a run prints many of them.
func printLine(env *command.Env, v any) {
	line, err := json.Marshal(v)
	if err != nil {
		panic(err) // a broken invariant: every v is a struct of this package
	}
	env.Println(string(line))
}

const mib = 1024 * 1024

// perSecond is amount a second. Where no millisecond has passed, one is
// counted: Kafka's tools, which are never that fast, would print Infinity.
func perSecond(amount float64, elapsedMs int64) float64 {
	return 1000 * amount / float64(max(elapsedMs, 1))
}

// one, two and so on are figures with that many digits behind the point.
func one(v float64) string  { return java.Fixed(v, 1) }
func two(v float64) string  { return java.Fixed(v, 2) }
func four(v float64) string { return java.Fixed(v, 4) }
func six(v float64) string  { return java.Fixed(v, 6) }

// interrupted says that the user ended the run; what was done is printed.
func interrupted(env *command.Env, format string, args ...any) {
	env.Warnf("interrupted: "+format, args...)
}

// grace is how long records that are on their way may take to be answered for
// after the user has ended a run.
const grace = 2 * time.Second
