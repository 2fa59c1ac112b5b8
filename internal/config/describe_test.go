package config

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// loadUnchecked resolves without refusing security that is not in effect.
func loadUnchecked(t *testing.T, properties []Property) *Broker {
	t.Helper()
	l := loader{static: map[string]string{}, where: map[string]Property{}}
	for _, p := range properties {
		l.add(p)
	}
	l.replaceRenamed()
	l.defaults()
	b := &Broker{set: settings{static: l.static}}
	b.fill()
	return b
}

func formatEntries(entries []Entry) string {
	var s strings.Builder
	text := func(p *string) string {
		if p == nil {
			return "null"
		}
		return *p
	}
	sources := map[Source]string{SourceTopic: "DYNAMIC_TOPIC_CONFIG", SourceDynamicBroker: "DYNAMIC_BROKER_CONFIG",
		SourceDynamicDefaultBroker: "DYNAMIC_DEFAULT_BROKER_CONFIG", SourceStaticBroker: "STATIC_BROKER_CONFIG", SourceDefault: "DEFAULT_CONFIG",
		SourceClientMetrics: "DYNAMIC_CLIENT_METRICS_CONFIG", SourceGroup: "DYNAMIC_GROUP_CONFIG"}
	for _, e := range entries {
		mode, secret := "rw", "-"
		if e.ReadOnly {
			mode = "ro"
		}
		if e.Sensitive {
			secret = "sensitive"
		}
		line := fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t", e.Name, text(e.Value), sources[e.Source], strings.ToUpper(e.Type.String()), mode, secret)
		for _, y := range e.Synonyms {
			line += fmt.Sprintf("%s:%s=%s; ", sources[y.Source], y.Name, text(y.Value))
		}
		s.WriteString(strings.TrimSpace(line) + "\n")
	}
	return s.String()
}

// TestDescribeConfigsAnswersAsKafka compares every name, value, source, type,
// mode and synonym with what Apache Kafka 4.4.0 answered for the same file.
func TestDescribeConfigsAnswersAsKafka(t *testing.T) {
	file := "testdata/describe-kafka-4.4.0.properties"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	properties, err := ParseProperties(file, text)
	if err != nil {
		t.Fatal(err)
	}
	b, warnings := loadUnchecked(t, properties).WithDynamic(map[string]string{"min.insync.replicas": "1"}, nil)
	if len(warnings) > 0 {
		t.Fatal(warnings)
	}
	got := "# BROKER 1\n" + formatEntries(b.DescribeBroker()) +
		"# BROKER \n" + formatEntries(b.DescribeBrokerDefaults()) +
		"# TOPIC x\n" + formatEntries(b.DescribeTopic(map[string]string{"retention.ms": "1000", "cleanup.policy": "compact, delete", "min.cleanable.dirty.ratio": "0.25", "compression.type": "lz4"})) +
		"# GROUP x\n" + formatEntries(b.DescribeGroup(map[string]string{"consumer.session.timeout.ms": "46000"})) +
		"# CLIENT_METRICS cfg-golden\n" + formatEntries(b.DescribeClientMetrics(map[string]string{"interval.ms": "1000"}))
	want, err := os.ReadFile("testdata/describe-kafka-4.4.0.tsv")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("-Kafka +Gregor:\n%s", diff)
	}
}
