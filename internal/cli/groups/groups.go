// Package groups holds the commands about groups: consumer-groups, which
// lists and describes consumer groups, resets and deletes their offsets and
// watches them, and groups, which lists groups of all types. Kind: shell
package groups

import (
	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command {
	return []*cobra.Command{newConsumerGroups(env), newGroups(env)}
}
