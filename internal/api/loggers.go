package api

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Loggers is the broker's loggers and how much each says, for the resource
// BROKER_LOGGER (KIP-412). Levels are Kafka's: TRACE DEBUG INFO WARN ERROR
// FATAL. There is always one named "root".
type Loggers interface {
	// Levels are the names of all loggers with their levels.
	Levels() map[string]string
	// SetLevel changes a logger that exists; the empty level unsets it, so that
	// it follows the root again.
	SetLevel(logger, level string)
}

const rootLogger = "root"

// describeLoggers are the loggers as configuration entries.
func (h *Handlers) describeLoggers() []config.Entry {
	if h.Loggers == nil {
		return nil
	}
	entries := []config.Entry{}
	for name, level := range h.Loggers.Levels() {
		entries = append(entries, config.Entry{Name: name, Value: &level, Source: config.SourceDynamicBrokerLogger})
	}
	slices.SortFunc(entries, func(a, b config.Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries
}

// The operations of IncrementalAlterConfigs, in Kafka's numbering.
const (
	opSet      = 0
	opDelete   = 1
	opAppend   = 2
	opSubtract = 3
)

// alterLoggers checks the changes of one BROKER_LOGGER resource and makes
// them, unless they are only to be checked.
func (h *Handlers) alterLoggers(r *msg.IncrementalAlterConfigsRequestAlterConfigsResource, validateOnly bool) error {
	id, err := strconv.ParseInt(r.ResourceName, 10, 32)
	if err != nil {
		return kafka.Errorf(kafka.ErrInvalidRequest, "Node id must be an integer, but it is: %s", r.ResourceName)
	}
	if kafka.NodeID(id) != h.NodeID {
		return kafka.Errorf(kafka.ErrInvalidRequest, "Unexpected node id. Expected %d, but received %d", h.NodeID, id)
	}
	levels := map[string]string{}
	if h.Loggers != nil {
		levels = h.Loggers.Levels()
	}
	for i := range r.Configs {
		if err := checkLoggerChange(&r.Configs[i], levels); err != nil {
			return err
		}
	}
	if validateOnly || h.Loggers == nil {
		return nil
	}
	for _, c := range r.Configs {
		level := ""
		if c.ConfigOperation == opSet {
			level = deref(c.Value)
		}
		h.Loggers.SetLevel(c.Name, level)
		h.Log.Warn("the level of a logger was changed", "logger", c.Name, "level", level)
	}
	return nil
}

func checkLoggerChange(c *msg.IncrementalAlterConfigsRequestAlterableConfig, levels map[string]string) error {
	if c.ConfigOperation == opSet || c.ConfigOperation == opDelete {
		if _, ok := levels[c.Name]; !ok {
			return kafka.Errorf(kafka.ErrInvalidConfig, "Logger %s does not exist!", c.Name)
		}
	}
	switch c.ConfigOperation {
	case opSet:
		switch deref(c.Value) {
		case "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL":
			return nil
		}
		return kafka.Errorf(kafka.ErrInvalidConfig, "Cannot set the log level of %s to %s as it is not a supported log level. Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN", c.Name, deref(c.Value))
	case opDelete:
		if c.Name == rootLogger {
			return kafka.Errorf(kafka.ErrInvalidRequest, "Removing the log level of the root logger is not allowed")
		}
		return nil
	case opAppend:
		return kafka.Errorf(kafka.ErrInvalidRequest, "APPEND operation is not allowed for the BROKER_LOGGER resource")
	case opSubtract:
		return kafka.Errorf(kafka.ErrInvalidRequest, "SUBTRACT operation is not allowed for the BROKER_LOGGER resource")
	}
	return kafka.Errorf(kafka.ErrInvalidRequest, "Unknown operation type %d is not allowed for the BROKER_LOGGER resource", c.ConfigOperation)
}
