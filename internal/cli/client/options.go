package client

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Options are the options of franz-go that the properties of every client
// stand for: where, how secure, how patient. Those of producers and consumers
// are read by the commands that produce and consume. All problems are
// reported at once.
func (p Properties) Options() ([]kgo.Opt, error) {
	var problems []error
	var options []kgo.Opt
	seeds, err := addresses(p.Servers())
	problems = append(problems, err)
	options = append(options, kgo.SeedBrokers(seeds...), kgo.ClientID(p.clientID()))
	timeout, err := p.Ms("request.timeout.ms", 30*time.Second)
	problems = append(problems, err)
	options = append(options, kgo.RequestTimeoutOverhead(max(timeout, 100*time.Millisecond)))
	total, err := p.Ms("default.api.timeout.ms", time.Minute)
	problems = append(problems, err)
	if total > 0 {
		options = append(options, kgo.RetryTimeout(total))
	} else {
		options = append(options, kgo.RequestRetries(0))
	}
	idle, err := p.Ms("connections.max.idle.ms", 5*time.Minute)
	problems = append(problems, err)
	options = append(options, kgo.ConnIdleTimeout(max(idle, time.Second)))
	age, err := p.Ms("metadata.max.age.ms", 5*time.Minute)
	problems = append(problems, err)
	options = append(options, kgo.MetadataMaxAge(max(age, time.Second)), kgo.MetadataMinAge(min(max(age, time.Second), 250*time.Millisecond)))
	security, err := p.security()
	problems = append(problems, err)
	options = append(options, security...)
	return options, errors.Join(problems...)
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
