package groups

import (
	"strings"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// Types of groups.
const (
	typeClassic  = "Classic"
	typeConsumer = "Consumer"
)

// States of consumer groups that the commands decide by.
const (
	stateEmpty   = "Empty"
	stateDead    = "Dead"
	stateStable  = "Stable"
	stateUnknown = "Unknown"
)

func allTypes() []string { return []string{typeConsumer, typeClassic, "Share", "Streams"} }

// states are those that a consumer group of either protocol can have.
func states() []string {
	return []string{"PreparingRebalance", "CompletingRebalance", stateStable, stateDead, stateEmpty, "Assigning", "Reconciling"}
}

// rebalancing says that a group in this state is about to change hands.
func rebalancing(state string) bool {
	switch state {
	case "PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling":
		return true
	}
	return false
}

// named finds a word among names, in any case of letters.
func named(word string, names []string) (string, bool) {
	for _, n := range names {
		if strings.EqualFold(word, n) {
			return n, true
		}
	}
	return "", false
}

// knownType is a type as the broker says it in Kafka's spelling; "" stays.
func knownType(text string) string {
	if text == "" {
		return ""
	}
	if t, ok := named(text, allTypes()); ok {
		return t
	}
	return stateUnknown
}

// knownState is the same of a state.
func knownState(text string) string {
	if text == "" {
		return ""
	}
	if s, ok := named(text, append(states(), "NotReady")); ok {
		return s
	}
	return stateUnknown
}

// choices reads words parted by commas, each of which must be one of names.
// what is "state" or "types", as Kafka's sentence says it.
func choices(what, input string, names []string) ([]string, error) {
	var list []string
	for word := range strings.SplitSeq(input, ",") {
		n, ok := named(strings.TrimSpace(word), names)
		if !ok {
			return nil, command.Usagef("Invalid %s list '%s'. Valid %ss are: %s", what, input, strings.TrimSuffix(what, "s"), strings.Join(names, ", "))
		}
		list = append(list, n)
	}
	return list, nil
}

// orDash is text, or Kafka's sign for what is not there.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
