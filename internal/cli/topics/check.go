package topics

import (
	"slices"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// actions are the five things that topics does.
func actions() []string { return []string{"alter", "create", "describe", "list", "delete"} }

const alteringConfigs = " (To alter topic configurations, the kafka-configs tool can be used.)"

// check refuses combinations of flags that make no sense, as Kafka's command
// does.
func (o *options) check(env *command.Env) error {
	given := 0
	for _, a := range actions() {
		if o.set(a) {
			given++
		}
	}
	if given != 1 {
		return command.Usagef("Command must include exactly one action: --list, --describe, --create, --alter or --delete")
	}
	if o.set("delete-config") {
		env.Warnf("--delete-config does nothing any more: gregor configs --alter --topic NAME --delete-config KEY deletes a setting")
	}
	if err := o.checkRequired(env); err != nil {
		return err
	}
	return o.checkConflicts()
}

func (o *options) checkRequired(env *command.Env) error {
	if o.set("describe") && o.set("if-exists") {
		if !o.set("topic") && !o.set("topic-id") {
			return command.Usagef("--topic or --topic-id is required to describe a topic")
		}
		if o.set("topic") && o.set("topic-id") {
			env.Println("Only topic id will be used when both --topic and --topic-id are specified and topicId is not Uuid.ZERO_UUID")
		}
	}
	if !o.set("list") && !o.set("describe") && !o.set("topic") {
		return command.Usagef("Missing required argument \"[topic]\"")
	}
	if o.set("alter") {
		if o.set("config") {
			return command.Usagef("Option combination \"[bootstrap-server], [config]\" can't be used with option \"[alter]\"%s", alteringConfigs)
		}
		if !o.set("partitions") {
			return command.Usagef("Missing required argument \"[partitions]\"")
		}
	}
	return nil
}

func (o *options) checkConflicts() error {
	rules := []struct {
		flag string
		with []string // the actions that it goes with
		not  []string // other flags that it does not go with
	}{
		{"config", []string{"create"}, nil},
		{"partitions", []string{"alter", "create"}, nil},
		{"replication-factor", []string{"create"}, nil},
		{"replica-assignment", []string{"alter", "create"}, nil},
		{"under-replicated-partitions", []string{"describe"}, []string{"topics-with-overrides"}},
		{"under-min-isr-partitions", []string{"describe"}, []string{"topics-with-overrides"}},
		{"at-min-isr-partitions", []string{"describe"}, []string{"topics-with-overrides"}},
		{"unavailable-partitions", []string{"describe"}, []string{"topics-with-overrides"}},
		{"topics-with-overrides", []string{"describe"}, nil},
		{"if-exists", []string{"alter", "delete", "describe"}, nil},
		{"if-not-exists", []string{"create"}, nil},
		{"exclude-internal", []string{"list", "describe"}, nil},
	}
	for _, r := range rules {
		if !o.set(r.flag) {
			continue
		}
		for _, other := range slices.Concat(actions(), r.not) {
			if o.set(other) && !slices.Contains(r.with, other) {
				return conflict(r.flag, other)
			}
		}
	}
	if o.set("create") && o.set("replica-assignment") {
		for _, other := range []string{"partitions", "replication-factor"} {
			if o.set(other) {
				return conflict("replica-assignment", other)
			}
		}
	}
	return nil
}

func conflict(flag, other string) error {
	return command.Usagef("Option \"[%s]\" can't be used with option \"[%s]\"", flag, other)
}
