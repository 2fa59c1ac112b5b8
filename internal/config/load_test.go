package config

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func fromFile(t *testing.T, name string) []Property {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	properties, err := ParseProperties(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return properties
}

func with(properties []Property, pairs ...string) []Property {
	for i := 0; i < len(pairs); i += 2 {
		properties = append(properties, Property{Key: pairs[i], Value: pairs[i+1], File: "--override"})
	}
	return properties
}

func TestKafkasOwnFileLoadsWithoutAWarning(t *testing.T) {
	b, warnings, err := Load(fromFile(t, "kafka-combined.properties"))
	if err != nil || len(warnings) > 0 {
		t.Fatalf("error %v, warnings %q", err, warnings)
	}
	want := []Listener{{Name: "PLAINTEXT", Protocol: "PLAINTEXT", Port: 9092}}
	if diff := cmp.Diff(want, b.Listeners); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Listener{{Name: "CONTROLLER", Protocol: "PLAINTEXT", Port: 9093}}, b.ControllerListeners); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Listener{{Name: "PLAINTEXT", Protocol: "PLAINTEXT", Host: "localhost", Port: 9092}}, b.AdvertisedListeners); diff != "" {
		t.Error(diff)
	}
	if !b.BrokerRole || !b.ControllerRole || b.NodeID != 1 || b.InterBrokerListener != "PLAINTEXT" || b.MetadataLogDir != "/tmp/kraft-combined-logs" {
		t.Errorf("%+v", b)
	}
}

func TestAFileOfTheZooKeeperAgeStartsAndSaysWhatIsUsedInstead(t *testing.T) {
	b, warnings, err := Load(fromFile(t, "zookeeper-age.properties"))
	if err != nil {
		t.Fatal(err)
	}
	if b.NodeID != 3 || !b.Alone() {
		t.Errorf("node %d, alone %v", b.NodeID, b.Alone())
	}
	if diff := cmp.Diff([]Listener{{Name: "PLAINTEXT", Protocol: "PLAINTEXT", Port: 9099}}, b.Listeners); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Listener{{Name: "PLAINTEXT", Protocol: "PLAINTEXT", Host: "kafka.example.org", Port: 9099}}, b.AdvertisedListeners); diff != "" {
		t.Error(diff)
	}
	want := []string{
		"zookeeper-age.properties:1: broker.id is deprecated: node.id=3 is used instead",
		"zookeeper-age.properties:2: host.name and port are gone since Kafka 3.0: listeners=PLAINTEXT://:9099 is used instead",
		"zookeeper-age.properties:3: advertised.host.name and advertised.port are gone since Kafka 3.0: advertised.listeners=PLAINTEXT://kafka.example.org:9099 is used instead",
		"zookeeper-age.properties:5: zookeeper.connect is a key of older Kafkas and is ignored: there is no ZooKeeper: the metadata is in the controller quorum's own log (controller.quorum.voters)",
		"zookeeper-age.properties:6: zookeeper.connection.timeout.ms is a key of older Kafkas and is ignored: there is no ZooKeeper",
		"zookeeper-age.properties:7: inter.broker.protocol.version is a key of older Kafkas and is ignored: the metadata.version feature is used instead (kafka-features.sh)",
		"zookeeper-age.properties:8: log.message.format.version is a key of older Kafkas and is ignored: record batches are always of format v2",
		"zookeeper-age.properties:9: unknown key log.retention.hour is ignored; did you mean log.retention.hours?",
		"zookeeper-age.properties:10: unknown key num.partitons is ignored; did you mean num.partitions?",
	}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Error(diff)
	}
}

func TestAllProblemsAreNamedAtOnce(t *testing.T) {
	_, _, err := Load(fromFile(t, "bad.properties"))
	if err == nil {
		t.Fatal("it loaded")
	}
	want := []string{
		"bad.properties:1: Invalid value -1 for configuration node.id: Value must be at least 0",
		"bad.properties:2: Invalid value janitor for configuration process.roles: String must be one of: broker, controller",
		"bad.properties:4: Invalid value many for configuration num.partitions: Not a number of type INT",
		"bad.properties:5: Invalid value 10 for configuration log.segment.bytes: Value must be at least 1048576",
		"bad.properties:6: Invalid value brotli for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer",
		"bad.properties:7: Invalid value yes for configuration auto.create.topics.enable: Expected value to be either true or false",
		"bad.properties:9: authorizer.class.name is not in effect yet, and Gregor does not pretend to be secure: remove it to start without",
		"bad.properties:10: super.users is not in effect yet, and Gregor does not pretend to be secure: remove it to start without",
		"bad.properties:11: sasl.enabled.mechanisms is not in effect yet, and Gregor does not pretend to be secure: remove it to start without",
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestWhatSpansSeveralKeysIsChecked(t *testing.T) {
	tests := map[string][]string{
		"must have a different port":                    {"listeners", "PLAINTEXT://a:9092,B://b:9092", "listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,B:PLAINTEXT"},
		"must have a different name":                    {"listeners", "PLAINTEXT://a:9092,PLAINTEXT://b:9093"},
		"is not NAME://host:port":                       {"listeners", "localhost:9092"},
		"only PLAINTEXT is in effect yet":               {"listeners", "SSL://:9092", "inter.broker.listener.name", "SSL"},
		"0.0.0.0":                                       {"advertised.listeners", "PLAINTEXT://0.0.0.0:9092"},
		"log.retention.ms must be unlimited":            {"log.retention.ms", "0"},
		"log.roll.ms must be greater":                   {"log.roll.ms", "0"},
		"must be included in the set of voters":         {"controller.quorum.voters", "7@localhost:9093"},
		"{id}@{host}:{port}":                            {"controller.quorum.voters", "7"},
		"controller.quorum.bootstrap.servers must":      {"process.roles", "broker"},
		"at least 1MB per cleaner thread":               {"log.cleaner.dedupe.buffer.size", "1048576"},
		"is not host:number":                            {"max.connections.per.ip.overrides", "localhost"},
		"can be set to zero only if":                    {"max.connections.per.ip", "0"},
		"larger or equal to socket.request.max.bytes":   {"queued.max.request.bytes", "1000"},
		"names a Java class":                            {"create.topic.policy.class.name", "org.example.Policy"},
		"Disabling the 'CLASSIC' protocol":              {"group.coordinator.rebalance.protocols", "consumer"},
		"no more than group.max.session.timeout.ms":     {"group.min.session.timeout.ms", "1800001"},
		"inter.broker.listener.name must be a listener": {"listeners", "EXTERNAL://:9092", "listener.security.protocol.map", "EXTERNAL:PLAINTEXT,PLAINTEXT:PLAINTEXT"},
	}
	for want, pairs := range tests {
		_, _, err := Load(with(Quickstart("/data"), pairs...))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want %q, got %v", pairs, want, err)
		}
	}
}

func TestALaterPropertyWins(t *testing.T) {
	b, _, err := Load(with(Quickstart("/data"), "num.partitions", "4", "num.partitions", "7"))
	if err != nil || b.NumPartitions != 7 {
		t.Errorf("%v, %v", b, err)
	}
}

func TestAKeyThatChangesNothingYetIsAWarning(t *testing.T) {
	_, warnings, err := Load(with(Quickstart("/data"), "remote.log.reader.threads", "11", "num.io.threads", "9", "remote.log.reader.max.pending.tasks", "100"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"--override: remote.log.reader.threads is not in effect yet"}, warnings); diff != "" {
		t.Error(diff)
	}
}

func TestQuickstartIsOneNodeOnLocalhost(t *testing.T) {
	b, warnings, err := Load(Quickstart("/data"))
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if !b.Alone() || len(b.ControllerListeners) != 0 || b.OffsetsTopicReplicationFactor != 1 || b.LogDirs[0] != "/data" {
		t.Errorf("%+v", b)
	}
	if diff := cmp.Diff([]Listener{{Name: "PLAINTEXT", Protocol: "PLAINTEXT", Host: "localhost", Port: 9092}}, b.AdvertisedListeners); diff != "" {
		t.Error(diff)
	}
}

func TestTopicsTakeTheBrokersValuesInTheirOwnUnits(t *testing.T) {
	load := func(pairs ...string) *Broker {
		b, _, err := Load(with(Quickstart("/data"), pairs...))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	tests := []struct {
		pairs []string
		got   func(Topic) int64
		want  int64
	}{
		{[]string{"log.retention.hours", "2"}, func(c Topic) int64 { return c.RetentionMs }, 7200000},
		{[]string{"log.retention.hours", "2", "log.retention.minutes", "3"}, func(c Topic) int64 { return c.RetentionMs }, 180000},
		{[]string{"log.retention.hours", "2", "log.retention.ms", "4"}, func(c Topic) int64 { return c.RetentionMs }, 4},
		{[]string{"log.retention.hours", "-1"}, func(c Topic) int64 { return c.RetentionMs }, -1},
		{[]string{"log.roll.hours", "1"}, func(c Topic) int64 { return c.SegmentMs }, 3600000},
		{[]string{"log.roll.hours", "1", "log.roll.ms", "5"}, func(c Topic) int64 { return c.SegmentMs }, 5},
		{[]string{"log.roll.jitter.hours", "1"}, func(c Topic) int64 { return c.SegmentJitterMs }, 3600000},
		{[]string{"log.flush.scheduler.interval.ms", "9"}, func(c Topic) int64 { return c.FlushMs }, 9},
		{[]string{"message.max.bytes", "77"}, func(c Topic) int64 { return int64(c.MaxMessageBytes) }, 77},
		{[]string{"log.segment.delete.delay.ms", "1"}, func(c Topic) int64 { return c.FileDeleteDelayMs }, 1},
		{[]string{"log.message.timestamp.type", "LogAppendTime"}, func(c Topic) int64 { return int64(c.MessageTimestampType) }, 1},
	}
	for _, test := range tests {
		if got := test.got(load(test.pairs...).TopicDefaults()); got != test.want {
			t.Errorf("%q: %d, not %d", test.pairs, got, test.want)
		}
	}
	topic := load("log.retention.ms", "4").Topic(map[string]string{"retention.ms": "9", "cleanup.policy": "compact", "internal.segment.bytes": "1000"})
	if topic.RetentionMs != 9 || !topic.Compact || topic.Delete || topic.SegmentBytes != 1000 {
		t.Errorf("%+v", topic)
	}
}

func TestDynamicConfigurationHidesTheFile(t *testing.T) {
	b, _, err := Load(with(Quickstart("/data"), "log.retention.hours", "2", "max.connections", "10"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"log.retention.ms": "5", "max.connections": "20"}
	one := map[string]string{"max.connections": "30"}
	if next, _ := b.WithDynamic(all, nil); next.TopicDefaults().RetentionMs != 5 || next.MaxConnections != 20 {
		t.Errorf("defaults: %d, %d", next.TopicDefaults().RetentionMs, next.MaxConnections)
	}
	next, _ := b.WithDynamic(all, one)
	if next.MaxConnections != 30 || len(next.Listeners) != 1 {
		t.Errorf("own: %d", next.MaxConnections)
	}
	if back, _ := next.WithDynamic(nil, nil); back.MaxConnections != 10 || back.TopicDefaults().RetentionMs != 7200000 {
		t.Errorf("taken back: %d", back.MaxConnections)
	}
	if _, warnings := b.WithDynamic(map[string]string{"max.connections": "many"}, nil); len(warnings) != 1 {
		t.Errorf("warnings %q", warnings)
	}
}

func TestAFileOfUnknownKeysIsReadQuickly(t *testing.T) {
	properties := Quickstart("/data")
	for i := range 100_000 {
		properties = append(properties, Property{Key: "some.key.of.another.program." + strings.Repeat("x", i%40) + string(rune('a'+i%26)), Value: "1", File: "f", Line: i + 1})
	}
	start := time.Now()
	_, warnings, err := Load(properties)
	if err != nil || len(warnings) == 0 {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 5*time.Second { // ten times the mark
		t.Errorf("it took %v", took)
	}
}

// TestReceiveBufferIsTheSystemsUnlessItIsSet: a fixed buffer of Kafka's default
// size costs a fast producer a third more of the broker's time.
func TestReceiveBufferIsTheSystemsUnlessItIsSet(t *testing.T) {
	for _, c := range []struct {
		set  []Property
		want int
	}{
		{nil, -1},
		{[]Property{{Key: "socket.receive.buffer.bytes", Value: "102400"}}, 102400},
		{[]Property{{Key: "socket.receive.buffer.bytes", Value: "-1"}}, -1},
	} {
		b, _, err := Load(append(Quickstart(t.TempDir()), c.set...))
		if err != nil {
			t.Fatal(err)
		}
		if b.SocketReceiveBufferBytes != c.want {
			t.Errorf("%v gives %d, want %d", c.set, b.SocketReceiveBufferBytes, c.want)
		}
	}
}
