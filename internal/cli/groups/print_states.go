package groups

import (
	"fmt"
	"unicode/utf8"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// stateOf is a group's state for machines.
type stateOf struct {
	GroupID               string `json:"groupId"`
	Type                  string `json:"type"`
	State                 string `json:"state"`
	Coordinator           node   `json:"coordinator"`
	AssignmentStrategy    string `json:"assignmentStrategy"`
	GroupEpoch            *int32 `json:"groupEpoch"` // null in a classic group
	TargetAssignmentEpoch *int32 `json:"targetAssignmentEpoch"`
	Members               int    `json:"members"`
}

func (o *options) printStates(env *command.Env, groups []*description) error {
	list := make([]stateOf, len(groups))
	for i, g := range groups {
		list[i] = stateOf{g.id, g.kind, g.state, g.coordinator, g.assignor, g.epoch, g.targetEpoch, len(g.members)}
		if !o.hasRows(env, g, 1) || o.asJSON {
			continue
		}
		at := fmt.Sprintf("%s:%d  (%d)", g.coordinator.Host, g.coordinator.Port, g.coordinator.ID)
		group, coordinator := max(leastWidth, utf8.RuneCountInString(g.id)), max(25, utf8.RuneCountInString(at))
		line := func(name, coordinatorText, strategy, state, epoch, target, members string) {
			env.Printf("\n%-*s %-*s %-20s %-20s ", group, name, coordinator, coordinatorText, strategy, state)
			if o.verbose {
				env.Printf("%-15s %-25s ", epoch, target)
			}
			env.Printf("%s", members)
		}
		line("GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "GROUP-EPOCH", "TARGET-ASSIGNMENT-EPOCH", "#MEMBERS")
		line(g.id, at, orDash(g.assignor), g.state, dash(g.epoch), dash(g.targetEpoch), fmt.Sprint(len(g.members)))
		env.Println()
	}
	if !o.asJSON {
		return nil
	}
	return env.PrintJSON(struct {
		Groups []stateOf `json:"groups"`
	}{list})
}
