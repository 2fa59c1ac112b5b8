package client

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

func TestEveryPropertyOfKafkasClientsIsKnown(t *testing.T) {
	text, err := os.ReadFile("testdata/kafka-4.4.0-keys.txt") // ProducerConfig, ConsumerConfig and AdminClientConfig
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(text))
	if len(names) != 147 {
		t.Errorf("%d names", len(names))
	}
	known := knownKeys()
	for _, name := range names {
		if _, ok := known[name]; !ok {
			t.Errorf("%s is not known", name)
		}
		delete(known, name)
	}
	for name := range known {
		t.Errorf("%s is no property of Kafka 4.4", name)
	}
}

func TestDoubtsNameTheNearestProperty(t *testing.T) {
	p := Properties{
		"linger.ns": "1", "acks": "1", "interceptor.classes": "a.B", "security.providers": "", "zzz": "1",
		"metrics.context.x": "1", "config.providers.file.class": "x", "key.serializer": "x",
	}
	got := strings.Join(p.Doubts(), "\n")
	want := "the client property interceptor.classes is not heeded: interceptors are Java\n" +
		"no client has the property linger.ns; did you mean linger.ms?\nno client has the property zzz"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// optionsOf are the options that p stands for, as a client has them.
func optionsOf(t *testing.T, p Properties, read func(Properties) ([]kgo.Opt, error)) *kgo.Client {
	t.Helper()
	p.Default(BootstrapServers, "localhost:1")
	common, err := p.Options()
	if err != nil {
		t.Fatal(err)
	}
	own, err := read(p)
	if err != nil {
		t.Fatal(err)
	}
	c, err := kgo.NewClient(append(common, own...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func producerOf(largest int) func(Properties) ([]kgo.Opt, error) {
	return func(p Properties) ([]kgo.Opt, error) { return p.ProducerOptions(largest) }
}

func TestProducersHaveKafkasDefaults(t *testing.T) {
	c := optionsOf(t, Properties{}, producerOf(1000))
	for name, pair := range map[string][2]any{
		"linger.ms":           {c.OptValue(kgo.ProducerLinger), 5 * time.Millisecond},
		"acks":                {c.OptValue(kgo.RequiredAcks), kgo.AllISRAcks()},
		"enable.idempotence":  {c.OptValue(kgo.DisableIdempotentWrite), false},
		"buffer.memory":       {c.OptValue(kgo.MaxBufferedBytes), int64(32 << 20)},
		"delivery.timeout.ms": {c.OptValue(kgo.RecordDeliveryTimeout), 2 * time.Minute},
		"request.timeout.ms":  {c.OptValue(kgo.ProduceRequestTimeout), 30 * time.Second},
		"enable.metrics.push": {c.OptValue(kgo.DisableClientMetrics), true},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v (%T), want %v (%T)", name, pair[0], pair[0], pair[1], pair[1])
		}
	}
}

// batchOf is the size of a batch that p and the largest record lead to.
func batchOf(t *testing.T, p Properties, largest int) int32 {
	t.Helper()
	f, ok := optionsOf(t, p, producerOf(largest)).OptValue(kgo.ProducerBatchMaxBytesFn).(func(string) int32)
	if !ok {
		t.Fatal("no size of batches")
	}
	return f("")
}

func TestBatchSizeYieldsToTheLargestRecord(t *testing.T) {
	for want, p := range map[int32]struct {
		largest int
		size    string
	}{16384: {1000, "16384"}, 20256: {20000, "16384"}, 1 << 20: {0, "16384"}, 512: {1, "0"}} {
		if got := batchOf(t, Properties{"batch.size": p.size}, p.largest); got != want {
			t.Errorf("batch.size=%s, largest %d: %d, want %d", p.size, p.largest, got, want)
		}
	}
}

func TestIdempotenceYieldsWhereNobodyAskedForIt(t *testing.T) {
	for _, p := range []Properties{{"acks": "1"}, {"acks": "0"}, {"retries": "0"}, {"enable.idempotence": "false"}} {
		if c := optionsOf(t, p, producerOf(0)); c.OptValue(kgo.DisableIdempotentWrite) != true {
			t.Errorf("%v: still idempotent", p)
		}
	}
}

func TestConsumersHaveKafkasDefaults(t *testing.T) {
	c := optionsOf(t, Properties{"group.id": "g", "isolation.level": "read_committed"}, func(p Properties) ([]kgo.Opt, error) {
		own, err := p.ConsumerOptions()
		if err != nil {
			return nil, err
		}
		group, err := p.GroupOptions()
		return append(own, group...), err
	})
	for name, pair := range map[string][2]any{
		"fetch.max.bytes":           {c.OptValue(kgo.FetchMaxBytes), int32(50 << 20)},
		"max.partition.fetch.bytes": {c.OptValue(kgo.FetchMaxPartitionBytes), int32(1 << 20)},
		"session.timeout.ms":        {c.OptValue(kgo.SessionTimeout), 45 * time.Second},
		"heartbeat.interval.ms":     {c.OptValue(kgo.HeartbeatInterval), 3 * time.Second},
		"max.poll.interval.ms":      {c.OptValue(kgo.RebalanceTimeout), 5 * time.Minute},
		"auto.commit.interval.ms":   {c.OptValue(kgo.AutoCommitInterval), 5 * time.Second},
		"isolation.level":           {c.OptValue(kgo.FetchIsolationLevel), int8(1)},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v (%T), want %v (%T)", name, pair[0], pair[0], pair[1], pair[1])
		}
	}
}

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	all := func(p Properties) error {
		p.Default(BootstrapServers, "localhost:1")
		p, err := p.Resolved()
		if err != nil {
			return err
		}
		for _, read := range []func() ([]kgo.Opt, error){p.Options, func() ([]kgo.Opt, error) { return p.ProducerOptions(0) }, p.ConsumerOptions, p.GroupOptions} {
			if _, err := read(); err != nil {
				return err
			}
		}
		return nil
	}
	tests := map[string]Properties{
		"acks=2":             {"acks": "2"},
		"Must set acks":      {"acks": "1", "enable.idempotence": "true"},
		"at most 5":          {"max.in.flight.requests.per.connection": "6"},
		"Must set retries":   {"retries": "0", "enable.idempotence": "true"},
		"transactional.id":   {"transactional.id": "t", "acks": "1"},
		"two.phase":          {"transaction.two.phase.commit.enable": "true"},
		"linger.ms + ":       {"delivery.timeout.ms": "10"},
		"gzip.level=0":       {"compression.gzip.level": "0"},
		"zstd.level=23":      {"compression.zstd.level": "23"},
		"compression.type":   {"compression.type": "rot13"},
		"partitioner.class":  {"partitioner.class": "a.B"},
		"want earliest":      {"auto.offset.reset": "soon"},
		"is no duration":     {"auto.offset.reset": "by_duration:1h"},
		"default group id":   {"enable.auto.commit": "true"},
		"lower than the ses": {"group.id": "g", "heartbeat.interval.ms": "45000"},
		"group.protocol=CON": {"group.id": "g", "group.protocol": "consumer", "session.timeout.ms": "1000"},
		"group.protocol=CLA": {"group.id": "g", "group.remote.assignor": "range"},
		"no Java here":       {"group.id": "g", "partition.assignment.strategy": "a.B"},
		"instance.id":        {"group.id": "g", "group.instance.id": " "},
		"security.protocol":  {"security.protocol": "TLS"},
		"TLSv9":              {"security.protocol": "SSL", "ssl.enabled.protocols": "TLSv9"},
		"suites=A":           {"security.protocol": "SSL", "ssl.cipher.suites": "A"},
		"want https":         {"security.protocol": "SSL", "ssl.endpoint.identification.algorithm": "ldap"},
		"engine.factory":     {"security.protocol": "SSL", "ssl.engine.factory.class": "a.B"},
		"Kerberos":           {"security.protocol": "SASL_SSL"},
		"is not set, which":  {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN"},
		"no password=":       {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.jaas.config": `a.PlainLoginModule required username="x";`},
		"login module of":    {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.jaas.config": `a.ScramLoginModule required username="x" password="y";`},
		"callback.handler":   {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.login.callback.handler.class": "a.B", "sasl.jaas.config": "a.PlainLoginModule required;"},
		"unsecured token":    {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER", "sasl.jaas.config": "a.OAuthBearerLoginModule required;"},
		"endpoint.url":       {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER", "sasl.login.callback.handler.class": "a.OAuthBearerLoginCallbackHandler", "sasl.jaas.config": "a.OAuthBearerLoginModule required;"},
		"a number":           {"linger.ms": "soon"},
		"no address":         {BootstrapServers: "localhost"},
		"providers.x.class":  {"config.providers": "x", "config.providers.x.class": "a.B"},
	}
	for want, p := range tests {
		if err := all(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q in it", p, err, want)
		}
	}
}

func TestDurationsAreJavas(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"P1D": 24 * time.Hour, "PT1H30M": 90 * time.Minute, "pt0.5s": 500 * time.Millisecond, "P2DT3H4M5.25S": 51*time.Hour + 4*time.Minute + 5250*time.Millisecond,
		"": -1, "P": -1, "PT": -1, "P1DT": -1, "PT-1S": -1, "1h": -1, "P1Y": -1,
	} {
		got, err := isoDuration(text)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestProvidersFillProperties(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"s.properties": "pass=one\npass=two\n", "pass": "three"} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CLIENT_PASS", "four")
	p := Properties{
		"config.providers": "file, dir,env", "config.providers.file.class": "org.apache.kafka.common.config.provider.FileConfigProvider",
		"config.providers.dir.class": "a.DirectoryConfigProvider", "config.providers.dir.param.allowed.paths": dir,
		"config.providers.env.class": "a.EnvVarConfigProvider", "config.providers.env.param.allowlist.pattern": "CLIENT_.*",
		"ssl.key.password": "<${file:" + dir + "/s.properties:pass}>", "ssl.keystore.password": "${dir:" + dir + ":pass}",
		"ssl.truststore.password": "${env:CLIENT_PASS}", "client.id": "${other:x:y}",
	}
	got, err := p.Resolved()
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"ssl.key.password": "<two>", "ssl.keystore.password": "three", "ssl.truststore.password": "four", "client.id": "${other:x:y}"} {
		if got[key] != want {
			t.Errorf("%s=%q, want %q", key, got[key], want)
		}
	}
	for value, want := range map[string]string{"${dir:/etc:passwd}": "is not below", "${env:PATH}": "not allowed", "${file:" + dir + "/s.properties:no}": "has no no"} {
		p["ssl.key.password"] = value
		if _, err := p.Resolved(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "ssl.key.password") {
			t.Errorf("%s: %v, want %q in it", value, err, want)
		}
	}
}

func TestOpenSaysWhatItDoubtsAndWhyNobodyAnswers(t *testing.T) {
	var log bytes.Buffer
	p := Properties{BootstrapServers: "127.0.0.1:1", "default.api.timeout.ms": "1000", "lingr.ms": "1"} // no name to look up, and time for a busy machine
	_, err := Open(t.Context(), &command.Env{Err: &log}, p)
	if err == nil || !IsUnreached(err) || !strings.Contains(err.Error(), "no broker answers at 127.0.0.1:1: connection refused") {
		t.Errorf("%v", err)
	}
	if !strings.Contains(log.String(), "did you mean linger.ms?") {
		t.Errorf("%s", log.String())
	}
}
