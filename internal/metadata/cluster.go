package metadata

import (
	"iter"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// SecurityProtocol is Kafka's number of a listener's protocol.
type SecurityProtocol int16

// The security protocols.
const (
	Plaintext     SecurityProtocol = 0
	SSL           SecurityProtocol = 1
	SaslPlaintext SecurityProtocol = 2
	SaslSSL       SecurityProtocol = 3
)

// Endpoint is an address under which a node is reached.
type Endpoint struct {
	Listener string // the listener's name: PLAINTEXT, CONTROLLER
	Host     string
	Port     uint16
	Protocol SecurityProtocol
}

// VersionRange is the levels of a feature that a node supports.
type VersionRange struct{ Min, Max int16 }

// FeatureRange is a [VersionRange] with the feature's name.
type FeatureRange struct {
	Name string
	VersionRange
}

// Broker is the registration of a broker.
type Broker struct {
	ID          kafka.NodeID
	Epoch       int64 // the offset of its registration record
	Incarnation kafka.UUID
	Endpoints   []Endpoint
	Features    []FeatureRange // sorted by name
	Rack        *string
	Fenced      bool
	// InControlledShutdown: the broker is leaving and leads nothing any more.
	InControlledShutdown bool
	LogDirs              []kafka.UUID // sorted
	CordonedLogDirs      []kafka.UUID // nil: never told (KIP-1066)
	MigratingZk          bool
}

// Endpoint finds the broker's address on a listener.
func (b *Broker) Endpoint(listener string) (Endpoint, bool) { return endpoint(b.Endpoints, listener) }

// Active says whether the broker may lead: neither fenced nor leaving.
func (b *Broker) Active() bool { return !b.Fenced && !b.InControlledShutdown }

// Controller is the registration of a controller.
type Controller struct {
	ID          kafka.NodeID
	Incarnation kafka.UUID
	Endpoints   []Endpoint
	Features    []FeatureRange
	// ZkMigrationReady is kept for logs that Kafka 3 wrote.
	ZkMigrationReady bool
}

// Endpoint finds the controller's address on a listener.
func (c *Controller) Endpoint(listener string) (Endpoint, bool) {
	return endpoint(c.Endpoints, listener)
}

func endpoint(all []Endpoint, listener string) (Endpoint, bool) {
	for _, e := range all {
		if e.Listener == listener {
			return e, true
		}
	}
	return Endpoint{}, false
}

// Cluster is the nodes that have registered.
type Cluster struct {
	brokers     sorted[number, *Broker]
	controllers sorted[number, *Controller]
}

// Broker finds a broker by id.
func (c *Cluster) Broker(id kafka.NodeID) (*Broker, bool) { return c.brokers.get(number(id)) }

// Brokers walks the brokers in order of id, the fenced ones too.
func (c *Cluster) Brokers() iter.Seq[*Broker] { return values(c.brokers.all()) }

// NumBrokers is the number of registered brokers, the fenced ones too.
func (c *Cluster) NumBrokers() int { return c.brokers.count }

// Controller finds a controller by id.
func (c *Cluster) Controller(id kafka.NodeID) (*Controller, bool) {
	return c.controllers.get(number(id))
}

// Controllers walks the controllers in order of id.
func (c *Cluster) Controllers() iter.Seq[*Controller] { return values(c.controllers.all()) }
