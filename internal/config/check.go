package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Check is the set of valid values of a key, as data. The zero value admits
// everything of the key's type. Messages are worded like Kafka's, because
// clients show them and foreign suites compare them.
type Check struct {
	kind   checkKind
	min    float64
	max    float64
	values string // comma separated, in Kafka's order
	empty  bool   // lists: may be empty
	null   bool   // lists: may be absent
}

type checkKind uint8

const (
	checkNone checkKind = iota
	checkAtLeast
	checkBetween
	checkOneOf
	checkOneOfAnyCase
	checkList // no empty entries; one of values where there are any
	checkNonEmpty
	checkNonNull
	checkGzipLevel
	checkThrottledReplicas
	checkVoters
	checkBootstrapServers
	checkShareReset
	checkHTTPListeners
)

func atLeast(n float64) Check      { return Check{kind: checkAtLeast, min: n} }
func between(a, b float64) Check   { return Check{kind: checkBetween, min: a, max: b} }
func oneOf(values string) Check    { return Check{kind: checkOneOf, values: values} }
func anyCase(values string) Check  { return Check{kind: checkOneOfAnyCase, values: values} }
func listOf(values string) Check   { return Check{kind: checkList, values: values, empty: true} }
func someOf(values string) Check   { return Check{kind: checkList, values: values} }
func special(kind checkKind) Check { return Check{kind: kind} }
func distinct(empty, null bool) Check {
	return Check{kind: checkList, empty: empty, null: null}
}

// String names the valid values for docs/config.md; empty where all are.
func (c Check) String() string {
	switch c.kind {
	case checkAtLeast:
		return "at least " + number(c.min)
	case checkBetween:
		return number(c.min) + " to " + number(c.max)
	case checkOneOf, checkOneOfAnyCase:
		return strings.ReplaceAll(c.values, ",", ", ")
	case checkList:
		if c.values != "" {
			return "any of " + strings.ReplaceAll(c.values, ",", ", ")
		}
		return ""
	case checkNonEmpty:
		return "not empty"
	case checkGzipLevel:
		return "1 to 9, or -1"
	case checkThrottledReplicas:
		return "partition:broker,..., or *"
	case checkVoters:
		return "id@host:port,..."
	case checkBootstrapServers:
		return "host:port,..."
	case checkShareReset:
		return "latest, earliest, by_duration:PnDTnHnMn.nS"
	case checkHTTPListeners:
		return "host:port,..."
	case checkNone, checkNonNull:
		return ""
	}
	return ""
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// invalid is the sentence of Kafka's ConfigException.
func invalid(name, value, why string) error {
	if why == "" {
		return fmt.Errorf("Invalid value %s for configuration %s", value, name)
	}
	return fmt.Errorf("Invalid value %s for configuration %s: %s", value, name, why)
}

// ensure tests a value that has already been parsed as the key's type.
// shown is the value as messages print it.
func (c Check) ensure(name string, v value) error {
	switch c.kind {
	case checkNone, checkNonNull:
		return nil
	case checkAtLeast, checkBetween:
		return c.ensureRange(name, v)
	case checkGzipLevel:
		if v.num == -1 || v.num >= 1 && v.num <= 9 {
			return nil
		}
		return invalid(name, v.text, "Value must be between 1 and 9 or equal to -1")
	case checkOneOf:
		if contains(c.values, v.text) {
			return nil
		}
		return invalid(name, v.text, "String must be one of: "+strings.ReplaceAll(c.values, ",", ", "))
	case checkOneOfAnyCase:
		if contains(strings.ToUpper(c.values), strings.ToUpper(v.text)) {
			return nil
		}
		return invalid(name, v.text, "String must be one of (case insensitive): "+strings.ReplaceAll(c.values, ",", ", "))
	case checkNonEmpty:
		if v.text == "" {
			return invalid(name, v.text, "String must be non-empty")
		}
		return nil
	case checkList:
		return c.ensureList(name, v)
	case checkThrottledReplicas:
		return ensureThrottledReplicas(name, v)
	case checkVoters:
		_, err := parseVoters(v.list)
		return err
	case checkBootstrapServers:
		for _, s := range v.list {
			if err := checkBootstrapServer(s); err != nil {
				return err
			}
		}
		return nil
	case checkShareReset:
		return ensureShareReset(name, v)
	case checkHTTPListeners:
		_, err := parseHTTPListeners(v.list)
		return err
	}
	return nil
}

func (c Check) ensureRange(name string, v value) error {
	if v.num < c.min {
		return invalid(name, v.text, "Value must be at least "+number(c.min))
	}
	if c.kind == checkBetween && v.num > c.max {
		return invalid(name, v.text, "Value must be no more than "+number(c.max))
	}
	return nil
}

func (c Check) ensureList(name string, v value) error {
	if !c.empty && len(v.list) == 0 {
		valid := "any non-empty value"
		if c.values != "" {
			valid = "[" + strings.ReplaceAll(c.values, ",", ", ") + "]"
		}
		return fmt.Errorf("Configuration '%s' must not be empty. Valid values include: %s", name, valid)
	}
	for _, s := range v.list {
		if s == "" {
			return fmt.Errorf("Configuration '%s' values must not be empty.", name)
		}
		if c.values != "" && !contains(c.values, s) {
			return invalid(name, s, "String must be one of: "+strings.ReplaceAll(c.values, ",", ", "))
		}
	}
	return nil
}

func contains(values, s string) bool {
	for v := range strings.SplitSeq(values, ",") {
		if v == s {
			return true
		}
	}
	return false
}
