package groups

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// listed is what a list prints for machines.
type listed struct {
	Groups []listing `json:"groups"`
}

// The widths of Kafka's list: the longest group, at least 15, and 10 more; 20
// for the type and for the state.
const (
	leastGroup = 15
	afterGroup = 10
	otherWidth = 20
)

func (o *options) runList(ctx context.Context, env *command.Env, a *cluster) error {
	f := consumerGroups()
	withType, withState := o.has("type"), o.has("state")
	if withType || withState { // Kafka's command then filters by the protocol alone
		f.types = nil
	}
	if withType && o.kind != every && o.kind != "" {
		types, err := choices("types", o.kind, []string{typeClassic, typeConsumer})
		if err != nil {
			return err
		}
		f.types = types
	}
	if withState && o.state != every && o.state != "" {
		wanted, err := choices("state", o.state, states())
		if err != nil {
			return err
		}
		f.states = wanted
	}
	all, err := a.list(ctx, f)
	if err != nil {
		return execution(err)
	}
	if o.asJSON {
		return env.PrintJSON(listed{append([]listing{}, all...)})
	}
	if !withType && !withState {
		for _, l := range all {
			env.Println(l.GroupID)
		}
		return nil
	}
	printList(env, all, withType, withState)
	return nil
}

func printList(env *command.Env, all []listing, withType, withState bool) {
	width := leastGroup
	for _, l := range all {
		width = max(width, utf8.RuneCountInString(l.GroupID))
	}
	row := func(group, kind, state string) {
		line := fmt.Sprintf("%-*s", width+afterGroup, group)
		if withType {
			line += fmt.Sprintf(" %-*s", otherWidth, kind)
		}
		if withState {
			line += fmt.Sprintf(" %-*s", otherWidth, state)
		}
		env.Println(line)
	}
	row("GROUP", "TYPE", "STATE")
	for _, l := range all {
		row(l.GroupID, orUnknown(l.Type), orUnknown(l.State))
	}
}

func orUnknown(text string) string {
	if text == "" {
		return stateUnknown
	}
	return text
}
