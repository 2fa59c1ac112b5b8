package console

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/msg"
)

// formatter shows a record. An error is about the record; those of the output
// are the writer's to keep.
type formatter interface {
	write(w *bufio.Writer, r *kgo.Record) error
}

// The packages of Kafka's formatters.
const (
	formatterPackage = "org.apache.kafka.tools.consumer."
	sharePackage     = formatterPackage + "group.share."
	defaultFormatter = formatterPackage + "DefaultMessageFormatter"
)

func formatterHelp() string {
	return `  ` + formatterPackage + `OffsetsMessageFormatter         __consumer_offsets: offsets
  ` + formatterPackage + `GroupMetadataMessageFormatter   __consumer_offsets: classic groups
  ` + formatterPackage + `ShareGroupMessageFormatter      __consumer_offsets: share groups
  ` + formatterPackage + `TransactionLogMessageFormatter  __transaction_state
  ` + sharePackage + `ShareGroupStateMessageFormatter
                                                                  __share_group_state
  ` + formatterPackage + `LoggingMessageFormatter         the default, and a log line
  ` + formatterPackage + `NoOpMessageFormatter            nothing
The name behind the last dot is enough.
`
}

// formatterOf makes the formatter that a class of Kafka's stands for. doubts
// are what its properties say that cannot be done.
func formatterOf(class string, p map[string]string, log io.Writer) (made formatter, doubts []string, err error) {
	name := class
	for _, known := range []string{sharePackage, formatterPackage} {
		if short, ok := strings.CutPrefix(class, known); ok {
			name = short
			break
		}
	}
	starts := func(words ...string) func(string) bool {
		return func(key string) bool {
			for _, w := range words {
				if strings.HasPrefix(key, w) {
					return true
				}
			}
			return false
		}
	}
	switch name {
	case "DefaultMessageFormatter":
		made, doubts = newPlain(p)
	case "LoggingMessageFormatter":
		var inner *plain
		inner, doubts = newPlain(p)
		made = &logging{plain: inner, log: log}
	case "NoOpMessageFormatter":
		made = nothing{}
	case "OffsetsMessageFormatter":
		made = &coordinator{family: msg.GroupFamily, shown: starts("OffsetCommit", "LegacyOffsetCommit")}
	case "GroupMetadataMessageFormatter":
		made = &coordinator{family: msg.GroupFamily, shown: func(key string) bool { return key == "GroupMetadataKey" }}
	case "ShareGroupMessageFormatter":
		made = &coordinator{family: msg.GroupFamily, shown: starts("ShareGroup")}
	case "TransactionLogMessageFormatter":
		made = &coordinator{family: msg.TransactionFamily, shown: starts("")}
	case "ShareGroupStateMessageFormatter":
		made = &coordinator{family: msg.ShareFamily, shown: starts("")}
	default:
		return nil, nil, errors.New("there is no Java here; gregor console-consumer --help lists Kafka's own formatters, which are there")
	}
	return made, doubts, nil
}

// nothing is NoOpMessageFormatter.
type nothing struct{}

func (nothing) write(*bufio.Writer, *kgo.Record) error { return nil }
