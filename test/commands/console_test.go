package commands

import (
	"regexp"
	"testing"
)

const (
	producerClass = "org.apache.kafka.tools.ConsoleProducer"
	consumerClass = "org.apache.kafka.tools.consumer.ConsoleConsumer"
	topicClass    = "org.apache.kafka.tools.TopicCommand"
)

// byKafka is a step that prepares with Kafka's command, on both sides.
func made(args string) Step {
	return Step{Class: topicClass, Command: "topics", Args: "--bootstrap-server BROKER --create --topic " + args, CodeOnly: true}
}

func TestConsole(t *testing.T) {
	Compare(t, world(t), Script{
		Name: "console producer and consumer", Class: consumerClass, Command: "console-consumer",
		Steps: []Step{
			produced("NAME", "a\nb\n\nlast without an end", ""),
			read("--topic NAME --from-beginning --max-messages 4"),
		},
	})
}

func produced(topic, lines, args string) Step {
	return Step{
		Class: producerClass, Command: "console-producer", Stdin: lines,
		Args: "--bootstrap-server BROKER --topic " + topic + " " + args,
	}
}

// summary is what Kafka's consumer says at the end.
func summary(stderr string) string {
	return regexp.MustCompile(`Processed a total of \d+ messages`).FindString(stderr)
}

func read(args string) Step {
	return Step{Args: "--bootstrap-server BROKER " + args, ErrShown: summary}
}
