package clientmetrics

import (
	"slices"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// The lengths that a name and the value of a label may have; the rest is cut.
const (
	nameMax  = 200
	valueMax = 256
)

// prefix is what every name begins with that is shown.
const prefix = "gregor_client_"

// Series is one metric of one client instance, as it is shown.
type Series struct {
	Name    string // gregor_client_producer_record_send_total
	Source  string // the client's own name for it
	Counter bool
	Labels  []string
	Values  []string
	Value   float64
}

// store is what is kept of the clients' metrics.
//
// Bounds: seriesMax in all, a fifth of it for one client; a series that was
// not pushed for three intervals (a minute at least) goes.
type store struct {
	clients map[kafka.UUID]*shown
	count   int
}

// shown is the series of one client instance.
type shown struct {
	series  map[string]*kept
	expires time.Time
}

type kept struct {
	Series
	at time.Time
}

// take adds a push to what is kept, and returns how many samples did not fit.
func (s *store) take(now time.Time, in *instance, samples []Sample, seriesMax int) (omitted int64) {
	keep := max(forgetAfter, 3*in.subscription.Interval)
	s.expire(now)
	c := s.clients[in.id]
	if c == nil {
		c = &shown{series: map[string]*kept{}}
		s.clients[in.id] = c
	}
	c.expires = now.Add(keep)
	for i := range samples {
		fresh := seriesOf(in, &samples[i])
		key := fresh.Name + "\xff" + strings.Join(fresh.Labels, "\xff") + "\xff" + strings.Join(fresh.Values, "\xff")
		k := c.series[key]
		if k == nil {
			if s.count >= seriesMax || len(c.series) >= max(seriesMax/5, 1) {
				omitted++
				continue
			}
			k = &kept{Series: fresh}
			c.series[key] = k
			s.count++
		}
		if samples[i].Delta {
			k.Value += samples[i].Value
		} else {
			k.Value = samples[i].Value
		}
		k.at = now
	}
	for key, k := range c.series {
		if now.Sub(k.at) >= keep {
			delete(c.series, key)
			s.count--
		}
	}
	return omitted
}

func (s *store) expire(now time.Time) {
	for id, c := range s.clients {
		if !now.Before(c.expires) {
			s.count -= len(c.series)
			delete(s.clients, id)
		}
	}
}

// Shown are all series, in an order that does not change between two pushes.
func (m *Manager) Shown() []Series {
	list := make([]Series, 0, m.store.count)
	for _, c := range m.store.clients {
		for _, k := range c.series {
			list = append(list, k.Series)
		}
	}
	slices.SortFunc(list, func(a, b Series) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return slices.Compare(a.Values, b.Values)
	})
	return list
}

// seriesOf names a sample as Prometheus does. The client's labels come first;
// an attribute of the same name is left out.
func seriesOf(in *instance, s *Sample) Series {
	out := Series{Source: cut(s.Name, nameMax), Counter: s.Counter}
	out.Name = prefix + clean(cut(strings.TrimPrefix(s.Name, "org.apache.kafka."), nameMax))
	if s.Counter && !strings.HasSuffix(out.Name, "_total") && !strings.HasSuffix(out.Name, "_count") {
		out.Name += "_total"
	}
	add := func(name, value string) {
		if value != "" && !slices.Contains(out.Labels, name) {
			out.Labels = append(out.Labels, name)
			out.Values = append(out.Values, strings.ToValidUTF8(cut(value, valueMax), "\uFFFD"))
		}
	}
	add("client_instance_id", in.id.String())
	add("client_id", in.client.ClientID)
	add("client_software_name", in.client.Software)
	add("client_software_version", in.client.Version)
	for _, a := range s.Attrs {
		if name := clean(cut(a.Key, nameMax)); name != "" && !strings.HasPrefix(name, "__") {
			add(name, a.Value)
		}
	}
	return out
}

func cut(s string, n int) string { return s[:min(len(s), n)] }

// clean makes a name of letters, digits and underscores that does not begin
// with a digit.
func clean(s string) string {
	b := []byte(s)
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= '0' && c <= '9' && i > 0:
		default:
			b[i] = '_'
		}
	}
	return string(b)
}
