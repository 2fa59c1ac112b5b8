package client

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// reading reads properties one after the other and keeps what is wrong with
// any of them, so that a user hears of all of it at once.
type reading struct {
	Properties

	problems []error
}

func (r *reading) fail(err error) {
	if err != nil {
		r.problems = append(r.problems, err)
	}
}

func (r *reading) failf(format string, args ...any) { r.fail(fmt.Errorf(format, args...)) }

func (r *reading) err() error { return errors.Join(r.problems...) }

func (r *reading) int(key string, fallback, least int64) int64 {
	n, err := r.Int(key, fallback, least)
	r.fail(err)
	return n
}

func (r *reading) ms(key string, fallback time.Duration) time.Duration {
	d, err := r.Ms(key, fallback)
	r.fail(err)
	return d
}

func (r *reading) bool(key string, fallback bool) bool {
	b, err := r.Bool(key, fallback)
	r.fail(err)
	return b
}

func (r *reading) choice(key, fallback string, words ...string) string {
	w, err := r.Choice(key, fallback, words...)
	r.fail(err)
	return w
}

// text is a property without the spaces around it; "" where it is not set.
func (p Properties) text(key string) string { return strings.TrimSpace(p[key]) }

// list are the words of a property that Kafka parts at commas.
func (p Properties) list(key string) []string {
	var words []string
	for w := range strings.SplitSeq(p[key], ",") {
		if w = strings.TrimSpace(w); w != "" {
			words = append(words, w)
		}
	}
	return words
}

// className is the last part of a Java class name.
func className(name string) string {
	return name[strings.LastIndexAny(name, ".$")+1:]
}
