package groups

import (
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

func actions() []string {
	return []string{"list", "describe", "delete", "reset-offsets", "delete-offsets", "validate-regex", "watch"}
}

// scenarios say to which offset a group is reset.
func scenarios() []string {
	return []string{"to-offset", "shift-by", "to-datetime", "by-duration", "to-earliest", "to-latest", "to-current", "from-file"}
}

// given counts the flags that the user gave.
func (o *options) given(names ...string) int {
	n := 0
	for _, name := range names {
		if o.has(name) {
			n++
		}
	}
	return n
}

// check says what is wrong with the flags as a whole.
func (o *options) check(env *command.Env) error {
	for _, check := range []func() error{o.checkActions, o.checkGroups, o.checkDescribe, o.checkTopics, o.checkWatch} {
		if err := check(); err != nil {
			return err
		}
	}
	if o.reset {
		return o.checkReset(env)
	}
	return nil
}

func (o *options) checkActions() error {
	if o.given(actions()...) != 1 {
		return command.Usagef("Command must include exactly one action: --%s", strings.Join(actions(), ", --"))
	}
	needs := map[string][]string{
		"members": {"describe"}, "offsets": {"describe"}, "verbose": {"describe", "watch"},
		"state": {"describe", "list"}, "type": {"list"}, "interval": {"watch"}, "count": {"watch"},
	}
	for _, name := range []string{"members", "offsets", "verbose", "state", "type", "interval", "count"} {
		if o.has(name) && o.given(needs[name]...) == 0 {
			return command.Usagef("--%s goes with --%s only", name, strings.Join(needs[name], " or --"))
		}
	}
	return nil
}

func (o *options) checkGroups() error {
	selected := o.has("group") || o.allGroups
	switch {
	case !selected && o.given("describe", "delete", "reset-offsets", "watch") > 0:
		i := slices.IndexFunc(actions(), o.has)
		return command.Usagef("Option [%s] takes one of these options: [group], [all-groups]", actions()[i])
	case o.has("group") && o.allGroups:
		return command.Usagef("Option \"[group]\" can't be used with option \"[all-groups]\"")
	case o.has("group") && o.list:
		return command.Usagef("Option \"[group]\" can't be used with option \"[list]\"")
	case o.deleteOffsets && (!o.has("group") || !o.has("topic")):
		return command.Usagef("Option [delete-offsets] takes the following options: [group], [topic]")
	}
	return nil
}

func (o *options) checkDescribe() error {
	switch {
	case !o.describe:
		return nil
	case o.given("members", "offsets", "state") > 1:
		return command.Usagef("Option [describe] takes at most one of these options: [members], [offsets], [state]")
	case o.has("state") && o.state != every:
		return command.Usagef("Option [describe] does not take a value for [state]")
	}
	return nil
}

func (o *options) checkTopics() error {
	switch {
	case !o.has("topic"):
		return nil
	case o.delete:
		return command.Usagef("The consumer does not support topic-specific offset deletion from a consumer group: --delete-offsets does")
	case o.list || o.describe || o.watch:
		i := slices.IndexFunc(actions(), o.has)
		return command.Usagef("Option \"[topic]\" can't be used with option \"[%s]\"", actions()[i])
	}
	return nil
}

func (o *options) checkReset(env *command.Env) error {
	if o.dryRun && o.execute {
		return command.Usagef("Option [reset-offsets] only accepts one of [execute] and [dry-run]")
	}
	var given []string
	for _, name := range scenarios() {
		if o.has(name) {
			given = append(given, name)
		}
	}
	switch {
	case len(given) > 1:
		return command.Usagef("Option \"[%s]\" can't be used with option \"[%s]\"", given[0], given[1])
	case len(given) == 0:
		return command.Usagef("Option '[reset-offsets]' requires one of the following scenarios: [%s]", strings.Join(scenarios(), "], ["))
	case !o.allTopics && !o.has("topic") && !o.has("from-file"):
		return command.Usagef("One of the reset scopes should be defined: --all-topics, --topic.")
	}
	if !o.dryRun && !o.execute {
		env.Warnf("WARN: nothing is changed without --execute; a script should say --dry-run, which Kafka 5 will ask for.")
	}
	return nil
}

// shortestInterval keeps a watch from being a load on the cluster.
const shortestInterval = 100 * time.Millisecond

func (o *options) checkWatch() error {
	if !o.watch {
		return nil
	}
	if o.interval < shortestInterval {
		return command.Usagef("--interval %v: want at least %v", o.interval, shortestInterval)
	}
	if o.count < 0 {
		return command.Usagef("--count %d: want how many times, or 0 for until Ctrl-C", o.count)
	}
	return nil
}
