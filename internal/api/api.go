// Package api executes requests: one file an API key, named NN_snake_name.go
// after the key's number. A handler takes the decoded request, checks who may
// do it, calls one of the small interfaces below, and makes the response. It
// knows neither sockets nor where things are stored. Kind: shell
//
// # Adding a handler
//
// Write in NN_snake_name.go
//
//	func (h *Handlers) createTopics(ctx context.Context, call *Call, req *msg.CreateTopicsRequest) (*msg.CreateTopicsResponse, error)
//
// and add one line to the table in routes.go:
//
//	route(h.createTopics),
//
// That line advertises the key in ApiVersions, with all stable versions that
// Kafka ever served: also those that Kafka 4 dropped (KIP-896).
// What is not complete is not in the table. Every key can be made to fail in a
// test, so that gregortest/answers.go has a line for it, too.
//
// What a handler may rely on, and has to keep:
//
//   - req belongs to the handler for good: it and what it aliases may be kept.
//   - A handler may block (a long poll, a join) on ctx and timers; its
//     connection executes nothing else meanwhile, as in Kafka. When ctx ends
//     (the broker stops), answer at once with whatever is there.
//   - A returned error closes the connection without an answer. Errors that
//     the client should see are codes in the response: kafka.CodeOf(err).
//   - What a request changed is visible to the next request on any
//     connection: return only when it is published.
package api

import (
	"context"
	"log/slog"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/fetchsession"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
)

// Deps is what the handlers stand on; node plugs it in. Files of handlers add
// their own interfaces beside them and a field here.
type Deps struct {
	Log       *slog.Logger
	NodeID    kafka.NodeID
	ClusterID string
	Features  []metadata.FeatureRange // what the software supports

	// Image is the newest published metadata.
	Image func() *metadata.Image
	// Broker is the broker's configuration now, dynamic changes included.
	Broker func() *config.Broker
	// Controller changes the metadata.
	Controller Controller
	// Partitions holds the data of this broker.
	Partitions Partitions
	// ProducerIDs hands out new producer ids.
	ProducerIDs ProducerIDs
	// Groups coordinates consumer groups.
	Groups Groups
	// Transactions coordinates transactions.
	Transactions Transactions
	// Markers writes the markers of other brokers' transactions.
	Markers Markers
	// Quorum tells of the metadata quorum.
	Quorum Quorum
	// Random draws the ids of fetch sessions.
	Random fetchsession.Random
	// Loggers are the broker's loggers; nil has none.
	Loggers Loggers
	// Errors counts the error codes in answers; nil: nobody.
	Errors Errors
	// Codecs packs and unpacks for clients of old message formats.
	Codecs *compress.Pool
	// Telemetry takes clients' metrics; nil: they are not served.
	Telemetry Telemetry
	// Authorizer decides; nil allows everything.
	Authorizer Authorizer
}

// Controller changes the cluster's metadata.
type Controller interface {
	// Execute runs decide on the newest (uncommitted) image, one decision
	// after the other, writes its records, and returns its response once they
	// are committed and published on this node.
	Execute(ctx context.Context, decide func(in controller.Input) controller.Result) (any, error)
}

// Quorum tells of the metadata quorum.
type Quorum interface {
	Status() QuorumStatus
}

// QuorumStatus is the metadata quorum as this node sees it.
type QuorumStatus struct {
	Leader        kafka.NodeID // kafka.NoNode: none known
	LeaderEpoch   kafka.LeaderEpoch
	HighWatermark kafka.Offset
	KRaftVersion  int16
	Voters        []QuorumReplica
	Observers     []QuorumReplica
}

// QuorumReplica is one voter or observer.
type QuorumReplica struct {
	ID           kafka.NodeID
	DirectoryID  kafka.UUID
	Endpoints    []metadata.Endpoint
	LogEndOffset kafka.Offset
	LastFetch    kafka.Timestamp
	LastCaughtUp kafka.Timestamp
}

// Handlers executes the requests of all connections of a node.
type Handlers struct {
	Deps
	table    table
	sessions fetchSessions
	waiting  waiting
	pending  producePool
	// downgraders convert what clients of old message formats read.
	downgraders downgraders
}

// New makes the handlers.
func New(deps Deps) *Handlers {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handlers{Deps: deps}
	h.sessions.cache = fetchsession.NewCache(deps.Broker().MaxFetchSessions, deps.Random)
	h.sessions.pool.New = h.newFetchState
	h.downgraders = newDowngraders(deps.Codecs)
	h.table = newTable(h.routes())
	return h
}
