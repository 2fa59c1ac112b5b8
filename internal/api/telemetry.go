package api

import (
	"cmp"
	"time"

	"github.com/gregor-stream/gregor/internal/clientmetrics"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Telemetry takes the metrics that clients push (KIP-714).
type Telemetry interface {
	// Subscribe says which metrics a client is to push. A zero instance is a
	// client that has no id yet, and gets one.
	Subscribe(now time.Time, client clientmetrics.Client, instance kafka.UUID) (clientmetrics.Subscription, error)
	// Push takes metrics. It keeps nothing of them.
	Push(now time.Time, client clientmetrics.Client, push clientmetrics.Push) error
	// Disconnected says that a connection ended.
	Disconnected(connection uint64)
}

// unknownSoftware is what a client is that did not say.
const unknownSoftware = "unknown"

// client is what the subscriptions are matched with.
func (call *Call) client() clientmetrics.Client {
	host, port := call.address()
	return clientmetrics.Client{
		Connection: call.ID, ClientID: call.ClientID, Address: host, Port: port,
		Software: cmp.Or(call.SoftwareName, unknownSoftware), Version: cmp.Or(call.SoftwareVersion, unknownSoftware),
	}
}
