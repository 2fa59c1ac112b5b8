package msg

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Served is the range of versions of an API key that a broker answers.
type Served struct {
	Key            kafka.APIKey
	Oldest, Newest int16
}

// ProtocolPage writes docs/protocol.md: every API key with the versions that
// Kafka defined, those that Kafka serves today, and those that are served here.
func ProtocolPage(served []Served) []byte {
	byKey := map[kafka.APIKey]Served{}
	for _, s := range served {
		byKey[s.Key] = s
	}
	rows := APIs()
	slices.SortFunc(rows, func(a, b API) int { return int(a.Key) - int(b.Key) })
	var b strings.Builder
	fmt.Fprintf(&b, pageHead, KafkaVersion)
	stable, complete, partly := 0, 0, 0
	for _, a := range rows {
		if a.MinStable44 >= 0 && a.MaxStable >= a.MinStable44 {
			stable++
		}
		s, ok := byKey[a.Key]
		state := "not yet"
		switch {
		case !ok && a.MinStable44 < 0:
			state = "gone from Kafka 4"
		case !ok && a.MaxStable < a.MinStable44:
			state = "unstable in Kafka"
		case !ok:
		case s.Newest >= a.MaxStable && s.Oldest <= max(0, a.MinStable44):
			state = "served"
			complete++
		default:
			state = "partly"
			partly++
		}
		here := "–"
		if ok {
			here = rangeText(s.Oldest, s.Newest)
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s | %s | %s |\n", a.Key, a.Name, rangeText(a.MinVersion, a.MaxVersion),
			rangeText(a.MinStable44, a.MaxStable), here, state, listenersText(a.Listeners))
	}
	fmt.Fprintf(&b, "\nOf the %d keys that Kafka %s serves, %d are served here in all of its versions and %d in some.\n",
		stable, KafkaVersion, complete, partly)
	return []byte(b.String())
}

const pageHead = `<!-- Generated from internal/api/routes.go: UPDATE=1 go test ./internal/api -run ProtocolPage. DO NOT EDIT. -->

# The protocol

Every request of the Kafka protocol, by its API key. *Known* are the versions
that the codec reads and writes, from the oldest that Kafka ever served to the
newest that Kafka %s defines. *Kafka* are the stable versions that it serves
today; *here* those that Gregor answers and names in ApiVersions. Of those, Kafka
serves GetTelemetrySubscriptions and PushTelemetry with a receiver of clients'
metrics only, and Gregor with an HTTP listener that shows them.

| key | name | known | Kafka | here | state | listeners |
| ---: | --- | --- | --- | --- | --- | --- |
`

func rangeText(oldest, newest int16) string {
	switch {
	case oldest < 0 || oldest > newest:
		return "–"
	case oldest == newest:
		return fmt.Sprint(oldest)
	}
	return fmt.Sprintf("%d to %d", oldest, newest)
}

func listenersText(l Listener) string {
	var names []string
	if l&OnBroker != 0 {
		names = append(names, "broker")
	}
	if l&OnController != 0 {
		names = append(names, "controller")
	}
	return strings.Join(names, ", ")
}
