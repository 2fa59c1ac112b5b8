package configs

import (
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// The types of entities, in Kafka's words.
const (
	topics        = "topics"
	clients       = "clients"
	users         = "users"
	brokers       = "brokers"
	ips           = "ips"
	clientMetrics = "client-metrics"
	groups        = "groups"
	brokerLoggers = "broker-loggers"
)

// entity is what settings belong to: a type and a name, or a user and a client
// together. The name "" stands for the defaults of the type.
type entity struct {
	types []string
	names []string // may be fewer than the types: all of them are meant
}

// entityFlag is a flag that says type and name in one.
type entityFlag struct {
	flag, kind, usage string
	isDefault         bool
}

// entityFlags are such flags, in the order in which Kafka's command looks at
// them.
func entityFlags() []entityFlag {
	return []entityFlag{
		{"topic", topics, "the `topic`", false},
		{"client", clients, "the `client id`", false},
		{"user", users, "the `user`, by the name of its principal", false},
		{"broker", brokers, "the `id` of the broker", false},
		{"broker-logger", brokerLoggers, "the `id` of the broker whose loggers are meant", false},
		{"ip", ips, "the `address`", false},
		{"client-metrics", clientMetrics, "the `name` of the client metrics subscription", false},
		{"group", groups, "the `group`", false},
		{"client-defaults", clients, "the defaults of all clients", true},
		{"user-defaults", users, "the defaults of all users", true},
		{"broker-defaults", brokers, "the defaults of all brokers", true},
		{"ip-defaults", ips, "the defaults of all addresses", true},
	}
}

// entity is what the flags name.
func (o *options) entity() entity {
	e := entity{types: slices.Clone(o.types), names: slices.Clone(o.names)}
	for _, f := range entityFlags() {
		if !o.set(f.flag) {
			continue
		}
		name := ""
		if !f.isDefault {
			name = *o.byFlag[f.flag]
		}
		e.types, e.names = append(e.types, f.kind), append(e.names, name)
	}
	return e
}

// is says whether a type is among those of the entity.
func (e *entity) is(kinds ...string) bool {
	return slices.ContainsFunc(e.types, func(t string) bool { return slices.Contains(kinds, t) })
}

// named says whether a name was given that is not the defaults'.
func (e *entity) named() bool {
	return slices.ContainsFunc(e.names, func(n string) bool { return n != "" })
}

// singular is a type without its last letter, as Kafka's command cuts it.
func singular(kind string) string { return kind[:len(kind)-1] }

// resourceType is the protocol's number for a type.
func resourceType(kind string) kmsg.ConfigResourceType {
	switch kind {
	case topics:
		return kmsg.ConfigResourceTypeTopic
	case brokers:
		return kmsg.ConfigResourceTypeBroker
	case brokerLoggers:
		return kmsg.ConfigResourceTypeBrokerLogger
	case clientMetrics:
		return kmsg.ConfigResourceTypeClientMetrics
	}
	return kmsg.ConfigResourceTypeGroupConfig
}

// entityNames is the value of --entity-name and --entity-default, which share
// a list: which name goes with which type is said by their order.
type entityNames struct {
	list      *[]string
	isDefault bool
}

// Set adds a name, or the defaults.
func (v *entityNames) Set(text string) error {
	if v.isDefault {
		text = ""
	}
	*v.list = append(*v.list, text)
	return nil
}

// String is what was given.
func (v *entityNames) String() string {
	if v.list == nil || v.isDefault {
		return ""
	}
	return strings.Join(*v.list, ",")
}

// Type is what pflag shows in the help.
func (v *entityNames) Type() string {
	if v.isDefault {
		return "bool"
	}
	return "string"
}
