package node

import (
	"sync"
	"time"

	"github.com/gregor-stream/gregor/internal/clientmetrics"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/metrics"
)

// telemetry is the clients' metrics of a node.
type telemetry struct {
	n *Node

	mu      sync.Mutex
	manager *clientmetrics.Manager
}

func newTelemetry(n *Node) *telemetry { return &telemetry{n: n, manager: clientmetrics.New()} }

func (t *telemetry) limits() clientmetrics.Limits {
	b := t.n.broker.Load()
	return clientmetrics.Limits{MaxBytes: b.TelemetryMaxBytes, SeriesMax: b.ClientMetricsSeriesMax}
}

// Subscribe says which metrics a client is to push.
func (t *telemetry) Subscribe(now time.Time, client clientmetrics.Client, instance kafka.UUID) (clientmetrics.Subscription, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.manager.Subscribe(now, client, instance, t.limits(), t.n.cfg.Rand)
}

// Push takes metrics. They are read without the lock.
func (t *telemetry) Push(now time.Time, client clientmetrics.Client, push clientmetrics.Push) error {
	limits := t.limits()
	t.mu.Lock()
	err := t.manager.Check(now, client, &push, limits)
	t.mu.Unlock()
	if err != nil {
		return err
	}
	samples, omitted, err := clientmetrics.Decode(t.n.codecs, &push, limits.MaxBytes)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.n.log.Debug("clients' metrics cannot be read", "client", client.ClientID, "address", client.Address, "error", err)
		return t.manager.Failed(&push)
	}
	t.manager.Took(now, &push, samples, omitted, limits)
	return nil
}

// Disconnected forgets who pushed over a connection.
func (t *telemetry) Disconnected(connection uint64) {
	t.mu.Lock()
	t.manager.Disconnected(connection)
	t.mu.Unlock()
}

// Publish puts changed subscriptions in force.
func (t *telemetry) Publish(img *metadata.Image, delta *metadata.Delta) {
	changed := false
	for _, r := range delta.Configs {
		changed = changed || r.Type == config.ResourceClientMetrics
	}
	if !changed {
		return
	}
	all := map[string]config.ClientMetrics{}
	for r := range img.Configs.Resources() {
		if r.Type == config.ResourceClientMetrics {
			all[r.Name] = config.ClientMetricsOf(img.Configs.Map(r))
		}
	}
	t.mu.Lock()
	t.manager.SetSubscriptions(all)
	t.mu.Unlock()
}

// Collect shows how it goes with the clients.
func (t *telemetry) Collect(now time.Time, into *metrics.Sink) {
	t.mu.Lock()
	t.manager.Expire(now)
	s := t.manager.Stats()
	t.mu.Unlock()
	into.Set(metrics.ClientInstances, float64(s.Instances))
	into.Set(metrics.ClientSeries, float64(s.Series))
	into.Set(metrics.ClientUnknownSubscriptions, float64(s.UnknownSubscriptions))
	into.Set(metrics.ClientThrottles, float64(s.Throttles))
	into.Set(metrics.ClientPushes, float64(s.Pushes))
	into.Set(metrics.ClientPushErrors, float64(s.PushErrors))
	into.Set(metrics.Omitted, float64(s.SeriesOmitted), "client_series")
}

// Series shows the clients' own metrics.
func (t *telemetry) Series(now time.Time, yield func(metrics.Series)) {
	t.mu.Lock()
	t.manager.Expire(now)
	list := t.manager.Shown()
	t.mu.Unlock()
	for _, s := range list {
		yield(metrics.Series{
			Name: s.Name, Help: "The clients' " + s.Source + ".", Counter: s.Counter, Labels: s.Labels, Values: s.Values, Value: s.Value,
		})
	}
}
