// Package clientmetrics decides about the metrics that clients push (KIP-714):
// which a client is to push and how often, which pushes are taken, and what of
// them is kept to be shown. It behaves as Kafka's ClientMetricsManager does
// with a receiver; it is its own receiver. It locks nothing: whoever holds a
// [Manager] does. Kind: pure
package clientmetrics

import (
	"container/list"
	"io"
	"time"

	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Client is what a broker knows of who asks or pushes.
type Client struct {
	Connection        uint64
	ClientID          string
	Software, Version string // as ApiVersions said; "" where it did not
	Address, Port     string
}

// Push is one push of metrics.
type Push struct {
	Instance     kafka.UUID
	Subscription int32
	Terminating  bool
	Compression  int8
	Metrics      []byte // OTLP MetricsData, compressed
}

// Subscription is what a client is told to push.
type Subscription struct {
	Instance     kafka.UUID
	ID           int32
	Metrics      []string // prefixes of names, "*" for all
	Interval     time.Duration
	MaxBytes     int
	Compressions []int8
}

const (
	// instancesMax is how many client instances are known at a time; the one
	// that was not heard of for longest makes room. It is Kafka's number.
	instancesMax = 16384
	// forgetAfter is how long an instance is known at least that says nothing;
	// otherwise three push intervals.
	forgetAfter = time.Minute
	// intervalDefault is the push interval where no subscription matches.
	intervalDefault = 5 * time.Minute
)

// Manager is the subscriptions, the client instances and their metrics.
type Manager struct {
	rules   []rule
	version int // of the rules; rises with every change

	instances map[kafka.UUID]*instance
	byUse     *list.List // of *instance, the last used first
	byConn    map[uint64]kafka.UUID

	store store
	stats Stats
}

// Stats counts, since the start but for Instances and Series.
type Stats struct {
	Instances            int
	Series               int
	SeriesOmitted        int64 // beyond a limit
	UnknownSubscriptions int64
	Throttles            int64
	Pushes, PushErrors   int64
}

// instance is one client instance.
type instance struct {
	id           kafka.UUID
	client       Client // as it was first seen
	version      int    // of the rules behind subscription
	subscription Subscription
	lastGet      time.Time
	lastPush     time.Time
	terminating  bool
	lastError    kafka.Error
	expires      time.Time
	used         *list.Element
}

// New makes a Manager without subscriptions.
func New() *Manager {
	return &Manager{
		instances: map[kafka.UUID]*instance{}, byUse: list.New(), byConn: map[uint64]kafka.UUID{},
		store: store{clients: map[kafka.UUID]*shown{}},
	}
}

// Limits are the configured bounds.
type Limits struct {
	MaxBytes  int // telemetry.max.bytes
	SeriesMax int // gregor.client.metrics.max.series
}

// SetSubscriptions puts the subscriptions of the metadata in force, by name.
func (m *Manager) SetSubscriptions(byName map[string]config.ClientMetrics) {
	m.rules = makeRules(byName)
	m.version++
}

// Subscribe answers GetTelemetrySubscriptions. random makes the id of an
// instance that has none.
func (m *Manager) Subscribe(now time.Time, client Client, id kafka.UUID, limits Limits, random io.Reader) (Subscription, error) {
	for id.IsZero() {
		fresh, err := kafka.NewUUID(random)
		if err != nil {
			return Subscription{}, err
		}
		if m.instances[fresh] == nil {
			id = fresh
		}
	}
	in := m.instance(now, id, client)
	if !in.mayGet(now) && in.lastError != kafka.ErrUnknownSubscriptionID && in.lastError != kafka.ErrUnsupportedCompressionType {
		m.stats.Throttles++
		return Subscription{}, kafka.ErrThrottlingQuotaExceeded
	}
	in.lastError = kafka.ErrNone
	s := in.subscription
	s.MaxBytes = limits.MaxBytes
	s.Compressions = []int8{int8(compress.Zstd), int8(compress.Lz4), int8(compress.Gzip), int8(compress.Snappy)}
	return s, nil
}

// Check answers PushTelemetry as far as it can be told without reading the
// metrics. Where it returns nil, [Manager.Took] or [Manager.Failed] follows.
func (m *Manager) Check(now time.Time, client Client, p *Push, limits Limits) error {
	if p.Instance.Reserved() {
		return kafka.ErrInvalidRequest
	}
	in := m.instance(now, p.Instance, client)
	err := m.check(now, in, p, limits)
	in.terminating = p.Terminating
	if err != kafka.ErrNone {
		in.lastError = err
		return err
	}
	return nil
}

func (m *Manager) check(now time.Time, in *instance, p *Push, limits Limits) kafka.Error {
	if in.terminating {
		return kafka.ErrInvalidRequest
	}
	switch {
	case !in.mayPush(now) && !p.Terminating:
		m.stats.Throttles++
		return kafka.ErrThrottlingQuotaExceeded
	case p.Subscription != in.subscription.ID:
		m.stats.UnknownSubscriptions++
		return kafka.ErrUnknownSubscriptionID
	case p.Compression < 0 || !compress.Codec(p.Compression).Valid():
		return kafka.ErrUnsupportedCompressionType
	case len(p.Metrics) > limits.MaxBytes:
		return kafka.ErrTelemetryTooLarge
	}
	return kafka.ErrNone
}

// Took keeps what a push had; omitted samples were too many.
func (m *Manager) Took(now time.Time, p *Push, samples []Sample, omitted int, limits Limits) {
	in := m.instances[p.Instance]
	if in == nil {
		return // it went away meanwhile
	}
	in.lastError = kafka.ErrNone
	if len(p.Metrics) == 0 {
		return
	}
	m.stats.Pushes++
	m.stats.SeriesOmitted += int64(omitted) + m.store.take(now, in, samples, limits.SeriesMax)
}

// Failed says that a push could not be read, and gives the code to answer.
func (m *Manager) Failed(p *Push) kafka.Error {
	m.stats.PushErrors++
	if in := m.instances[p.Instance]; in != nil {
		in.lastError = kafka.ErrInvalidRecord
	}
	return kafka.ErrInvalidRecord
}

// Disconnected forgets the instance of a connection that ended. What it pushed
// is shown until it is old: the last push is often the one of interest.
func (m *Manager) Disconnected(connection uint64) {
	if id, ok := m.byConn[connection]; ok {
		delete(m.byConn, connection)
		if in := m.instances[id]; in != nil {
			m.forget(in)
		}
	}
}

// Expire forgets instances and series that were not heard of.
func (m *Manager) Expire(now time.Time) {
	for _, in := range m.instances {
		if !now.Before(in.expires) {
			m.forget(in)
		}
	}
	m.store.expire(now)
}

// Stats counts.
func (m *Manager) Stats() Stats {
	s := m.stats
	s.Instances, s.Series = len(m.instances), m.store.count
	return s
}

// instance finds an instance or makes one, and notes that it was used. Where
// the subscriptions have changed it begins anew.
func (m *Manager) instance(now time.Time, id kafka.UUID, client Client) *instance {
	in := m.instances[id]
	if in != nil && !now.Before(in.expires) {
		m.forget(in)
		in = nil
	}
	switch {
	case in == nil:
		in = m.begin(id, client, client.Connection)
	case in.version < m.version:
		known := in.client
		m.forget(in)
		in = m.begin(id, known, client.Connection)
	default:
		m.byUse.MoveToFront(in.used)
	}
	in.expires = now.Add(max(forgetAfter, 3*in.subscription.Interval))
	return in
}

func (m *Manager) begin(id kafka.UUID, client Client, connection uint64) *instance {
	if len(m.instances) >= instancesMax {
		m.forget(m.byUse.Back().Value.(*instance)) //nolint:forcetypeassert // the list holds nothing else
	}
	in := &instance{id: id, client: client, version: m.version}
	in.client.Connection = connection
	in.subscription = subscribe(m.rules, id, &client)
	in.used = m.byUse.PushFront(in)
	m.instances[id] = in
	m.byConn[connection] = id
	return in
}

func (m *Manager) forget(in *instance) {
	delete(m.instances, in.id)
	m.byUse.Remove(in.used)
	if m.byConn[in.client.Connection] == in.id {
		delete(m.byConn, in.client.Connection)
	}
}

// mayGet says whether the push interval is over, and notes the request if so.
func (in *instance) mayGet(now time.Time) bool {
	last := in.lastGet
	if in.lastPush.After(last) {
		last = in.lastPush
	}
	if !last.IsZero() && now.UnixMilli()-last.UnixMilli() < in.subscription.Interval.Milliseconds() {
		return false
	}
	in.lastGet = now
	return true
}

// mayPush says whether the push interval is over. The first push after a Get
// may come early: clients spread themselves over the interval.
func (in *instance) mayPush(now time.Time) bool {
	early := in.lastGet.UnixMilli() > in.lastPush.UnixMilli()
	if !early && !in.lastPush.IsZero() && now.UnixMilli()-in.lastPush.UnixMilli() < in.subscription.Interval.Milliseconds() {
		return false
	}
	in.lastPush = now
	return true
}
