// Package verify holds the commands by which others prove that a cluster loses
// nothing: a producer and a consumer that tell each record in JSON, and the
// comparison of a partition's replicas. Kind: shell
package verify

import (
	"bytes"
	"encoding/json"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command {
	return []*cobra.Command{newProducer(env), newConsumer(env), newReplicas(env)}
}

// events prints one JSON object a line, from several goroutines. Its fields
// stand in the order in which Kafka's tools print them.
type events struct {
	env *command.Env
	mu  sync.Mutex
}

// head begins every event.
type head struct {
	Timestamp int64  `json:"timestamp"` // in ms since 1970
	Name      string `json:"name"`
}

func named(name string) head { return head{time.Now().UnixMilli(), name} }

// print prints an event.
func (e *events) print(event any) {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(event); err != nil {
		panic(err) // a broken invariant: events are structs of this package
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	_, _ = e.env.Out.Write(line.Bytes()) // that nobody reads is said by the next command of the pipe
}

// double is a float64 as Jackson writes it.
type double float64

// MarshalJSON is Java's text of it, in quotes where it is no number.
func (d double) MarshalJSON() ([]byte, error) {
	text := java.Double(float64(d))
	if _, err := strconv.ParseFloat(text, 64); err != nil || text == "NaN" || text == "Infinity" || text == "-Infinity" {
		return []byte(`"` + text + `"`), nil
	}
	return []byte(text), nil
}

// partition is one of a topic.
type partition struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
}

// deprecated prints a line of Kafka's about an old flag.
func deprecated(env *command.Env, old string) {
	env.Println("Option --" + old + " has been deprecated and will be removed in a future version. Use --command-config instead.")
}

// required are the flags that must be there beside the brokers' address, as
// argparse4j words it.
func required(cmd *cobra.Command, server *string, names ...string) error {
	if *server = client.Named(*server); *server == "" {
		return command.Usagef("one of the arguments --bootstrap-server is required")
	}
	for _, name := range names {
		if !cmd.Flags().Changed(name) {
			return command.Usagef("argument --%s is required", name)
		}
	}
	return nil
}
