package api

import (
	"context"
	"reflect"
	"slices"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Route is one API key and how it is served.
type Route struct {
	key        kafka.APIKey
	min, max   int16
	controller bool // served on a controller's listener, too
	// serve decodes the body, executes, and appends the answer.
	serve func(ctx context.Context, s *Session, body []byte, dst []byte) (Reply, error)
}

// route makes a Route of a handler, with the stable versions.
func route[Q any, PQ interface {
	*Q
	msg.Request
}, A msg.Response](handler func(context.Context, *Call, *Q) (A, error)) Route {
	r := stable(PQ(new(Q)).APIKey())
	answers := errorCodesOf(reflect.TypeFor[A]().Elem())
	r.serve = func(ctx context.Context, s *Session, body, dst []byte) (Reply, error) {
		req := new(Q)
		s.reader.Reset(body)
		err := PQ(req).Decode(&s.reader, s.call.Version)
		s.reader.Reset(nil) // an idle connection keeps no frame
		if err != nil {
			return Reply{}, &refused{reasonBody, err}
		}
		answer, err := handler(ctx, &s.call, req)
		if err != nil {
			return Reply{}, err
		}
		if s.h.Errors != nil {
			answers.count(s.h, s.call.Key, reflect.ValueOf(answer).Elem())
		}
		return Reply{Data: s.answer(dst, answer)}, nil
	}
	return r
}

// stable is a Route without a handler for the stable versions of key: up to the
// newest of Kafka 4.4, and down to the first, which Kafka 4 dropped for some
// keys (KIP-896).
func stable(key kafka.APIKey) Route {
	known, ok := msg.Lookup(key)
	if !ok || known.MinStable44 < 0 {
		panic("api: no stable versions of " + key.String())
	}
	// A controller's Fetch is of the metadata log, by followers that cannot be
	// there yet.
	controller := known.Listeners&msg.OnController != 0 && key != kafka.Fetch
	return Route{key: key, min: known.MinVersion, max: known.MaxStable, controller: controller}
}

// table finds routes by key.
type table struct{ byKey []Route }

func newTable(routes []Route) table {
	slices.SortFunc(routes, func(a, b Route) int { return int(a.key) - int(b.key) })
	t := table{byKey: make([]Route, routes[len(routes)-1].key+1)}
	for _, r := range routes {
		if t.byKey[r.key].serve != nil {
			panic("api: two routes for " + r.key.String())
		}
		t.byKey[r.key] = r
	}
	return t
}

// find is the route of a key on a broker's or a controller's listener, or nil.
func (t *table) find(key kafka.APIKey, controller bool) *Route {
	if key < 0 || int(key) >= len(t.byKey) || !t.byKey[key].servedOn(controller) {
		return nil
	}
	return &t.byKey[key]
}

func (r *Route) servedOn(controller bool) bool {
	return r.serve != nil && (r.controller || !controller)
}

// all are the routes of a listener in order of key.
func (t *table) all(controller bool) []Route {
	return slices.DeleteFunc(slices.Clone(t.byKey), func(r Route) bool { return !r.servedOn(controller) })
}
