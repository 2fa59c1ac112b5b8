package commands

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const configCommand = "kafka.admin.ConfigCommand"

func configScript(name string, files map[string]string, lines ...string) Script {
	s := Script{Name: name, Class: configCommand, Command: "configs", Files: files}
	for _, l := range lines {
		step := Step{Args: l, Reads: strings.Contains(l, "--describe") || strings.HasPrefix(l, "topics ")}
		if rest, ok := strings.CutPrefix(l, "topics "); ok {
			step.Args, step.Class, step.Command, step.Shown = rest, topicCommand, "topics", FirstLine
			step.Reads = !strings.Contains(l, "--create")
		}
		s.Steps = append(s.Steps, step)
	}
	return s
}

// each puts the connection in front of lines.
func each(lines ...string) []string {
	for i, l := range lines {
		if !strings.HasPrefix(l, "topics ") {
			lines[i] = "--bootstrap-server BROKER " + l
		}
	}
	return lines
}

func TestConfigsOfTopics(t *testing.T) {
	files := map[string]string{
		"add.properties": "segment.bytes=2097152\n# a comment\nflush.ms : 7\n",
		"bad.properties": "not a key=1\n",
	}
	s := configScript("configs of topics", files, each(
		"topics --bootstrap-server BROKER --create --topic NAME",
		"--describe --topic NAME",
		"--describe --entity-type topics --entity-name NAME",
		"--alter --topic NAME --add-config retention.ms=3600000,cleanup.policy=[compact,delete]",
		"--describe --topic NAME",
		"--describe --topic NAME --all",
		"--alter --entity-type topics --entity-name NAME --add-config-file DIR/add.properties",
		"--describe --topic NAME",
		"--alter --topic NAME --add-config max.message.bytes=5000 --delete-config flush.ms,segment.bytes",
		"--alter --topic NAME --delete-config retention.ms --delete-config cleanup.policy",
		"--describe --topic NAME",
		"topics --bootstrap-server BROKER --describe --topic NAME",
		"--alter --topic NAME --delete-config not.there",
		"--alter --topic NAME --add-config retention.ms=much",
		"--alter --topic NAME --add-config retention.msec=1",
		"--alter --topic NAME --add-config retention.ms",
		"--alter --topic NAME --add-config a=b=c",
		"--alter --topic NAME --add-config 'bad key=1'",
		"--alter --topic NAME --add-config-file DIR/bad.properties",
		"--alter --topic NAME --add-config-file DIR/none.properties",
		"--alter --topic NAME-none --add-config retention.ms=1",
		"--describe --topic NAME-none",
		"--describe --topic NAME-none --all",
		"--describe --topic NAME!",
	)...)
	s.Steps = append(s.Steps, Step{Args: "--bootstrap-server BROKER --describe --entity-type topics", Shown: mineSorted, Reads: true})
	Compare(t, world(t), s)
}

func TestConfigsOfBrokers(t *testing.T) {
	Compare(t, world(t), configScript("configs of brokers", nil, each(
		"--describe --broker 1",
		"--describe --broker-defaults",
		"--alter --broker 1 --add-config log.cleaner.threads=2,message.max.bytes=105906177",
		"--alter --broker-defaults --add-config log.cleaner.threads=1",
		"--alter --entity-type brokers --entity-default --add-config log.retention.ms=-1",
		"--describe --broker 1",
		"--describe --broker-defaults",
		"--describe --entity-type brokers --entity-default",
		"--describe --entity-type brokers",
		"--alter --broker 1 --delete-config log.cleaner.threads,message.max.bytes",
		"--alter --entity-type brokers --entity-default --delete-config log.cleaner.threads,log.retention.ms",
		"--describe --entity-type brokers",
		"--describe --broker 77",
		"--alter --broker 1 --add-config listeners=PLAINTEXT://:1",
		"--alter --broker 1 --add-config no.such.key.at.all",
		"--alter --broker 1 --add-config log.cleaner.threads=many",
		"--describe --broker one",
		"--describe --broker-logger 77",
	)...))
}

// loggers keeps the lines about a logger that both brokers have.
func loggers(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "  root=") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func TestConfigsOfLoggers(t *testing.T) {
	s := configScript("configs of loggers", nil, each(
		"--describe --broker-logger 1",
		"--describe --entity-type broker-loggers --entity-name 1 --all",
		"--alter --broker-logger 1 --add-config root=DEBUG",
		"--describe --broker-logger 1",
		"--alter --broker-logger 1 --add-config root=INFO",
		"--alter --broker-logger 1 --add-config no.such.logger=INFO",
		"--alter --broker-logger 1 --delete-config no.such.logger",
		"--alter --broker-logger 1 --add-config root=LOUD",
	)...)
	for i := range s.Steps {
		s.Steps[i].Shown = loggers
	}
	Compare(t, world(t), s)
}

func TestConfigsOfGroupsAndClientMetrics(t *testing.T) {
	s := configScript("configs of groups and client metrics", nil, each(
		"--describe --group NAME",
		"--alter --group NAME --add-config consumer.session.timeout.ms=50000",
		"--describe --group NAME",
		"--describe --entity-type groups --entity-name NAME --all",
		"--alter --group NAME --add-config consumer.session.timeout.ms=5",
		"--alter --group NAME --add-config not.a.key=5",
		"--alter --group NAME --delete-config consumer.session.timeout.ms",
		"--describe --group NAME",
		"--describe --client-metrics NAME",
		"--alter --client-metrics NAME --add-config interval.ms=1000,metrics=[org.apache.kafka.consumer.,org.apache.kafka.producer.]",
		"--describe --client-metrics NAME",
		"--describe --entity-type client-metrics --entity-name NAME --all",
		"--alter --client-metrics NAME --add-config match=[client_id=a,client_software_name=b]",
		"--describe --client-metrics NAME",
		"--alter --client-metrics NAME --add-config interval.ms=1",
		"--alter --client-metrics NAME --delete-config interval.ms,metrics,match",
		"--describe --client-metrics NAME",
	)...)
	s.Steps = append(s.Steps,
		Step{Args: "--bootstrap-server BROKER --describe --entity-type client-metrics", Shown: mineSorted, Reads: true},
		Step{Args: "--bootstrap-server BROKER --describe --entity-type groups", Shown: mineSorted, Reads: true})
	Compare(t, world(t), s)
}

// The defaults of all users and addresses are the cluster's, not the run's:
// they get values that hinder nobody, and stay.
func TestConfigsOfUsersClientsAndAddresses(t *testing.T) {
	Compare(t, world(t), configScript("configs of users and clients", nil, each(
		"--describe --user NAME",
		"--alter --user NAME --add-config producer_byte_rate=1024,consumer_byte_rate=2048000000,request_percentage=12.5",
		"--describe --user NAME",
		"--describe --entity-type users --entity-name NAME",
		"--alter --user NAME --client NAME-c --add-config producer_byte_rate=0.001,controller_mutation_rate=9999999",
		"--describe --user NAME --client NAME-c",
		"--describe --entity-type users --entity-name NAME --entity-type clients",
		"--describe --entity-type clients --entity-name NAME-c --entity-type users --entity-name NAME",
		"--alter --entity-type users --entity-name NAME --entity-type clients --entity-default --add-config producer_byte_rate=10000000",
		"--describe --entity-type users --entity-name NAME --entity-type clients --entity-default",
		"--alter --client NAME-c --add-config request_percentage=1.0E-5",
		"--describe --client NAME-c",
		"--alter --client NAME-c --delete-config producer_byte_rate",
		"--alter --client NAME-c --delete-config request_percentage",
		"--describe --client NAME-c",
		"--alter --user NAME --add-config producer_byte_rate=fast",
		"--alter --user NAME --add-config not_a_quota=1",
		"--alter --user NAME --delete-config not_a_quota",
		"--alter --client NAME-c --add-config SCRAM-SHA-256=[password=x]",
		"--alter --user NAME --delete-config consumer_byte_rate",
		"--describe --user NAME",
		"--alter --user NAME --add-config SCRAM-SHA-256=[iterations=8192,password=secret],SCRAM-SHA-512=[password=secret]",
		"--describe --user NAME",
		"--alter --user NAME --delete-config SCRAM-SHA-256",
		"--describe --user NAME",
		"--alter --user NAME --delete-config SCRAM-SHA-256",
		"--alter --user NAME --add-config SCRAM-SHA-256=[iterations=16,password=secret]",
		"--alter --user NAME --add-config SCRAM-SHA-256=[iterations=x,password=secret]",
		"--alter --user NAME --add-config SCRAM-SHA-256=secret",
		"--alter --user NAME --add-config SCRAM-SHA-256=[password=]",
		"--alter --user NAME --add-config SCRAM-SHA-256=[password=x],producer_byte_rate=1",
		"--alter --user-defaults --add-config SCRAM-SHA-256=[password=x]",
		"--alter --user-defaults --add-config producer_byte_rate=1000000000000",
		"--describe --user-defaults",
		"--alter --user-defaults --delete-config consumer_byte_rate",
		"--alter --ip 127.0.0.9 --add-config connection_creation_rate=50",
		"--describe --ip 127.0.0.9",
		"--alter --ip 127.0.0.9 --add-config producer_byte_rate=50",
		"--alter --ip-defaults --add-config connection_creation_rate=50000",
		"--describe --ip-defaults",
		"--describe --entity-type ips",
		"--alter --ip 127.0.0.10 --delete-config connection_creation_rate",
	)...))
}

func TestConfigsArguments(t *testing.T) {
	lines := []string{
		"", "--bootstrap-server BROKER", "--bootstrap-server BROKER --describe", "--describe --topic NAME",
		"--bootstrap-server BROKER --describe --alter --topic NAME",
		"--bootstrap-server BROKER --describe --topic NAME --add-config a=b", "--bootstrap-server BROKER --describe --topic NAME --delete-config a",
		"--bootstrap-server BROKER --describe --entity-type planets",
		"--bootstrap-server BROKER --describe --topic NAME --broker 1",
		"--bootstrap-server BROKER --describe --entity-type topics --entity-type topics",
		"--bootstrap-server BROKER --describe --entity-type topics --topic NAME",
		"--bootstrap-server BROKER --describe --entity-type topics --entity-default",
		"--bootstrap-server BROKER --describe --entity-type broker-loggers",
		"--bootstrap-server BROKER --alter --entity-type brokers --add-config a=b",
		"--bootstrap-server BROKER --alter --entity-type topics --add-config a=b",
		"--bootstrap-server BROKER --alter --topic NAME",
		"--bootstrap-server BROKER --alter --topic NAME --add-config a=b --add-config-file x",
		"--bootstrap-server BROKER --alter --entity-type users --entity-type clients --entity-name NAME --add-config producer_byte_rate=1",
		"--bootstrap-server BROKER --describe --entity-type brokers --entity-name one",
		"--bootstrap-server BROKER --describe --ip not.an.address.invalid",
		"--bootstrap-server BROKER --bootstrap-controller BROKER --describe --topic NAME",
		"--bootstrap-server BROKER --describe --entity-type users --entity-name a --entity-name b",
		"--bootstrap-server BROKER --describe --no-such-flag",
		"--version",
	}
	s := configScript("configs arguments", nil, lines...)
	s.Steps[len(s.Steps)-1].CodeOnly = true
	Compare(t, world(t), s)
}

// controllerOf is the address of a cluster's controller.
func controllerOf(t *testing.T, addr string) string {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	req := kmsg.NewPtrDescribeQuorumRequest()
	topic := kmsg.NewDescribeQuorumRequestTopic()
	topic.Topic = "__cluster_metadata"
	topic.Partitions = []kmsg.DescribeQuorumRequestTopicPartition{kmsg.NewDescribeQuorumRequestTopicPartition()}
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(t.Context(), cl)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range resp.Nodes {
		for _, l := range n.Listeners {
			return net.JoinHostPort(l.Host, strconv.Itoa(int(l.Port)))
		}
	}
	t.Fatal("the cluster does not say where its controller is")
	return ""
}

// TestConfigsByController asks Apache Kafka's controller; Gregor's node has no
// listener of its own for that.
func TestConfigsByController(t *testing.T) {
	w := world(t)
	addr := controllerOf(t, w.Pair.Kafka)
	for _, line := range []string{
		"--describe --broker 1",
		"--describe --broker-defaults",
		"--alter --broker-defaults --add-config log.cleaner.threads=2",
		"--describe --broker-defaults",
		"--alter --broker-defaults --delete-config log.cleaner.threads",
		"--describe --entity-type brokers",
		"--describe --broker 1 --all",
		"--describe --broker 44",
		"--describe --broker-logger 1",
		"--describe --topic none --all",
		"--describe --topic none",
	} {
		args := append([]string{"--bootstrap-controller", addr}, Words(line)...)
		want, err := w.Tools.Run(configCommand, args, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.Gregor(t.Context(), append([]string{"configs"}, args...), "")
		if err != nil {
			t.Fatal(err)
		}
		if want.Out != got.Out || want.Code != got.Code {
			t.Errorf("%s\n--- Kafka's command:\n%s\nexit code %d\n--- gregor's:\n%s%s\nexit code %d", line, want.Out, want.Code, got.Out, got.Err, got.Code)
		}
	}
}
