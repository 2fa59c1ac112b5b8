// Package console holds console-producer and console-consumer: lines into a
// topic, records of a topic as text, as Kafka's commands of these names read
// and write them. Kind: shell
package console

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command {
	return []*cobra.Command{newProducer(env), newConsumer(env)}
}

// properties reads a file of properties and puts settings over it; of both
// there may be an old name, which is said on standard output where it is used.
func properties(file string, settings []string) (client.Properties, error) {
	p, err := client.Load(file)
	if err != nil {
		return nil, err
	}
	for _, s := range settings { // Kafka takes a key without a value as an empty one
		key, value, _ := strings.Cut(s, "=")
		if key == "" {
			return nil, command.Usagef("%q is not key=value", s)
		}
		p[key] = value
	}
	return p, nil
}

// onlyOne is an error where both names of an option are used.
func onlyOne(cmd *cobra.Command, first, second string) error {
	if cmd.Flags().Changed(first) && cmd.Flags().Changed(second) {
		return command.Usagef("Options --%s and --%s cannot be specified together.", first, second)
	}
	return nil
}

// isTerminal says whether a person is at the other end of a file.
func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && command.IsTerminal(f)
}
