package api

import (
	"maps"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

// resourceKey names a resource in one request.
type resourceKey struct {
	kind int8
	name string
}

func repeated[T any](all []T, key func(*T) resourceKey) map[resourceKey]bool {
	times := make(map[resourceKey]int, len(all))
	for i := range all {
		times[key(&all[i])]++
	}
	maps.DeleteFunc(times, func(_ resourceKey, n int) bool { return n < 2 })
	twice := make(map[resourceKey]bool, len(times))
	for k := range times {
		twice[k] = true
	}
	return twice
}

// checkNames refuses keys that are given twice, and values that are missing.
func checkNames(names, withoutValue []string) error {
	seen := make(map[string]bool, len(names))
	for _, n := range names {
		if seen[n] {
			return kafka.Errorf(kafka.ErrInvalidRequest, "Error due to duplicate config keys")
		}
		seen[n] = true
	}
	if len(withoutValue) > 0 {
		return kafka.Errorf(kafka.ErrInvalidRequest, "Null value not supported for : %s", strings.Join(withoutValue, ", "))
	}
	return nil
}

// checkBrokerChange judges what the dynamic configuration of a broker, or of
// all brokers (name ""), would become.
func (h *Handlers) checkBrokerChange(name string, configs map[string]string) error {
	return h.Broker().ValidateDynamic(configs, name != "") //nolint:wrapcheck // it carries code and sentence
}

// brokerNamed refuses changes for another broker than this one.
func (h *Handlers) brokerNamed(name string) error {
	if name == "" {
		return nil
	}
	err := h.checkBrokerName(name, "expected %d, but received %s")
	if err != nil && strings.Contains(err.Error(), "must be an integer") {
		return kafka.Errorf(kafka.ErrInvalidRequest, "Node id must be an integer, but it is: %s", name)
	}
	return err
}

// applied is what the dynamic configuration of a broker becomes with
// incremental changes.
func (h *Handlers) applied(name string, changes []change) (map[string]string, error) {
	configs := h.Image().Configs.Map(metadata.Resource{Type: config.ResourceBroker, Name: name})
	if configs == nil {
		configs = map[string]string{}
	}
	for _, c := range changes {
		switch c.op {
		case opSet:
			configs[c.name] = c.value
		case opDelete:
			delete(configs, c.name)
		case opAppend, opSubtract:
			k := config.BrokerKey(c.name)
			if k == nil {
				return nil, kafka.Errorf(kafka.ErrInvalidConfig, "Unknown config name: %s", c.name)
			}
			verb := "append"
			if c.op == opSubtract {
				verb = "subtract"
			}
			if k.Type != config.List {
				return nil, kafka.Errorf(kafka.ErrInvalidConfig, "Config value %s is not allowed for config key: %s", verb, c.name)
			}
			old, ok := configs[c.name]
			if !ok {
				old = k.Default
			}
			configs[c.name] = combine(old, c.value, c.op)
		default:
			return nil, kafka.Errorf(kafka.ErrInvalidRequest, "Unknown operations type %d", c.op)
		}
	}
	return configs, nil
}

// change is one incremental change.
type change struct {
	name, value string
	op          int8
}

// combine appends values to a list, or takes them out.
func combine(old, value string, op int8) string {
	var list []string
	if old != "" {
		list = strings.Split(old, ",")
	}
	for v := range strings.SplitSeq(value, ",") {
		i := slices.Index(list, v)
		switch {
		case op == opAppend && i < 0:
			list = append(list, v)
		case op == opSubtract && i >= 0:
			list = slices.Delete(list, i, i+1)
		}
	}
	return strings.Join(list, ",")
}
