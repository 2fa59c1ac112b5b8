// Package config is the one table of every configuration key that Kafka 4.4
// has (broker, topic, group, client metrics subscription), with its type,
// default, valid values, meaning and dynamic mode, and everything that follows
// from the table: the parser of server.properties, the typed structs [Broker]
// and [Topic], the order in which one source overrides another, the answers of
// DescribeConfigs, the checks behind CreateTopics and AlterConfigs, and the
// page docs/config.md. It reads no file and knows no clock. Kind: pure
package config

// Type is the type of a key's value, as Kafka's ConfigDef names it.
type Type uint8

// The types, in the numbering that DescribeConfigs has on the wire.
const (
	Unknown Type = iota
	Boolean
	String
	Int
	Short
	Long
	Double
	List
	Class
	Password
)

// String is the type's name in lower case, as in docs/config.md.
func (t Type) String() string {
	return [...]string{"unknown", "boolean", "string", "int", "short", "long", "double", "list", "class", "password"}[t]
}

// Importance is how Kafka grades a key.
type Importance uint8

// The grades.
const (
	Low Importance = iota
	Medium
	High
)

// String is the grade's name in lower case.
func (i Importance) String() string { return [...]string{"low", "medium", "high"}[i] }

// Mode says whether a broker key can be changed while the broker runs.
type Mode uint8

// The modes of Kafka's "Dynamic Update Mode".
const (
	ReadOnly    Mode = iota // only in server.properties, at the start
	PerBroker               // for one broker at a time
	ClusterWide             // for one broker or as the default of all
)

// String is the mode's name as Kafka's documentation has it.
func (m Mode) String() string { return [...]string{"read-only", "per-broker", "cluster-wide"}[m] }

// State says how honest a key is.
type State uint8

// The states of a key.
const (
	// NotYet: recognised and described, and it changes nothing yet.
	NotYet State = iota
	// InEffect: a test shows that changing it changes what the broker does.
	InEffect
	// Moot: it tunes a mechanism of the JVM or of Kafka's threads that Gregor
	// does not have; accepted so that a Kafka file works unchanged.
	Moot
	// Refused: a security key that is not in effect yet. The broker does not
	// start with it rather than pretend.
	Refused
)

// String is the state as docs/config.md prints it.
func (s State) String() string { return [...]string{"not yet", "in effect", "moot", "refused"}[s] }

// Key is one row of the table. Rows are constants: nobody changes one.
type Key struct {
	Name       string
	Type       Type
	Default    string // in the form of the file; "" is also the empty string or list
	Null       bool   // the default is null, not Default
	Required   bool   // no default: the file must name it
	Check      Check
	Importance Importance
	Internal   bool // hidden from DescribeConfigs unless it is set
	Mode       Mode // broker keys only
	State      State
	Own        bool   // Gregor's, not Kafka's: hidden like an internal one
	Doc        string // one sentence of our own
}

// Sensitive says that the value is never shown.
func (k *Key) Sensitive() bool { return k.Type == Password }

// Source says where a value came from, in the numbering of DescribeConfigs.
type Source int8

// The sources.
const (
	SourceUnknown              Source = 0
	SourceTopic                Source = 1
	SourceDynamicBroker        Source = 2
	SourceDynamicDefaultBroker Source = 3
	SourceStaticBroker         Source = 4
	SourceDefault              Source = 5
	SourceDynamicBrokerLogger  Source = 6
	SourceClientMetrics        Source = 7
	SourceGroup                Source = 8
)

// Resource is a kind of thing that has configuration, in Kafka's numbering
// (ConfigResource.Type).
type Resource int8

// The resources.
const (
	ResourceUnknown       Resource = 0
	ResourceTopic         Resource = 2
	ResourceBroker        Resource = 4
	ResourceBrokerLogger  Resource = 8
	ResourceClientMetrics Resource = 16
	ResourceGroup         Resource = 32
)
