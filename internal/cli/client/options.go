package client

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// franz-go's bounds of what the properties of every client say.
const (
	mostOverhead = 15 * time.Minute // of a request's timeout, and of an idle connection
	mostAge      = time.Hour        // of metadata
	leastAge     = 10 * time.Millisecond
)

// Options are the options of franz-go that the properties of every client
// stand for: where, how secure, how patient. Those of producers and consumers
// are [Properties.ProducerOptions], [Properties.ConsumerOptions] and
// [Properties.GroupOptions]. All problems are reported at once.
func (p Properties) Options() ([]kgo.Opt, error) {
	r := &reading{Properties: p}
	seeds, err := addresses(p.Servers())
	r.fail(err)
	age := min(max(r.ms("metadata.max.age.ms", defaultMetadataAge), time.Second), mostAge)
	timeout := r.ms("request.timeout.ms", defaultRequestTimeout)
	idle := r.ms("connections.max.idle.ms", 5*time.Minute)
	options := []kgo.Opt{
		kgo.SeedBrokers(seeds...),
		kgo.ClientID(p.clientID()),
		kgo.RequestTimeoutOverhead(min(max(timeout, leastWait), mostOverhead)),
		kgo.ConnIdleTimeout(min(max(idle, time.Second), mostOverhead)),
		kgo.MetadataMaxAge(age),
		kgo.MetadataMinAge(min(age, 250*time.Millisecond)),
		kgo.RetryBackoffFn(r.backoff()),
	}
	if total := r.ms("default.api.timeout.ms", time.Minute); total > 0 {
		options = append(options, kgo.RetryTimeout(total))
	} else { // each request once
		options = append(options, kgo.RequestRetries(0))
	}
	if n := r.int("retries", noLimit, 0); n != noLimit {
		options = append(options, kgo.RequestRetries(int(n)))
	}
	if r.choice("metadata.recovery.strategy", "rebootstrap", "rebootstrap", "none") == "rebootstrap" {
		options = append(options, kgo.OnRebootstrapRequired(func() ([]string, error) { return seeds, nil }))
	}
	if !r.bool("enable.metrics.push", false) {
		options = append(options, kgo.DisableClientMetrics())
	}
	options = append(options, r.connection()...)
	return options, r.err()
}

// noLimit is the default of retries.
const noLimit = 1<<31 - 1

// backoff is the pause after so many failures: retry.backoff.ms, doubled up to
// retry.backoff.max.ms, a fifth more or less (ExponentialBackoff).
func (r *reading) backoff() func(int) time.Duration {
	first := r.ms("retry.backoff.ms", defaultRetryBackoff)
	most := max(r.ms("retry.backoff.max.ms", time.Second), first)
	return func(failures int) time.Duration { return pause(first, most, failures) }
}

func pause(first, most time.Duration, failures int) time.Duration {
	d := most
	if failures = max(failures-1, 0); failures < 30 && first<<failures < most {
		d = first << failures
	}
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // no secret
}

func (p Properties) clientID() string {
	if id := p["client.id"]; id != "" {
		return id
	}
	return "gregor"
}

// addresses reads "host:port,host:port"; a protocol in front is Kafka's habit.
func addresses(servers string) ([]string, error) {
	var list []string
	for a := range strings.SplitSeq(servers, ",") {
		a = strings.TrimSpace(a)
		if a == "" {
			continue
		}
		if _, after, ok := strings.Cut(a, "://"); ok {
			a = after
		}
		_, port, err := net.SplitHostPort(a)
		if err != nil {
			return nil, fmt.Errorf("%s is no address of a broker: want host:port, such as localhost:9092", a)
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, fmt.Errorf("%s: the port is not a number from 1 to 65535", a)
		}
		list = append(list, a)
	}
	if len(list) == 0 {
		return nil, errors.New("no broker is named: want host:port, such as localhost:9092")
	}
	return list, nil
}
