package harness

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

// Pair is Gregor and Apache Kafka with the same settings.
type Pair struct {
	Gregor, Kafka                     string // bootstrap addresses
	GregorController, KafkaController string // of their controllers

	own []*Broker
}

// Proof is what both brokers of a pair are set to: one size fits all proofs,
// so that one JVM serves a whole run.
func Proof() map[string]string {
	const limit = "105906176" // 101 MiB: requests of 100 MiB and their headers
	return map[string]string{
		"message.max.bytes":            limit,
		"socket.request.max.bytes":     "209715200",
		"replica.fetch.max.bytes":      limit,
		"auto.create.topics.enable":    "true",
		"group.min.session.timeout.ms": "100",
		"log.retention.ms":             "-1", // the records of the proofs are from 2020
	}
}

// StartPair returns the brokers that GREGOR_ADDR and KAFKA_ADDR name (and
// GREGOR_CONTROLLER and KAFKA_CONTROLLER their controllers), and starts those
// that they do not name.
func StartPair(name string) (*Pair, error) {
	return startPair(name, os.Getenv)
}

// StartOwnPair starts both brokers, whatever the environment names: for proofs
// that look at a whole cluster, in which nobody else may write meanwhile.
func StartOwnPair(name string) (*Pair, error) {
	return startPair(name, func(string) string { return "" })
}

func startPair(name string, getenv func(string) string) (*Pair, error) {
	p := &Pair{Gregor: getenv("GREGOR_ADDR"), Kafka: getenv("KAFKA_ADDR")}
	p.GregorController, p.KafkaController = getenv("GREGOR_CONTROLLER"), getenv("KAFKA_CONTROLLER")
	o := Options{Name: name, Properties: Proof()}
	if p.Kafka == "" {
		b, err := StartKafka(o)
		if err != nil {
			return nil, fmt.Errorf("start Apache Kafka: %w", err)
		}
		p.own, p.Kafka, p.KafkaController = append(p.own, b), b.Addr(), b.ControllerAddr()
	}
	if p.Gregor == "" {
		b, err := StartGregor(o)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start gregor: %w", err), p.Close())
		}
		p.own, p.Gregor, p.GregorController = append(p.own, b), b.Addr(), b.ControllerAddr()
	}
	return p, nil
}

// Close ends what StartPair started.
func (p *Pair) Close() error {
	var errs []error
	for _, b := range p.own {
		errs = append(errs, b.Remove())
	}
	return errors.Join(errs...)
}

// PortOf returns the port of an address.
func PortOf(addr string) (int, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}
