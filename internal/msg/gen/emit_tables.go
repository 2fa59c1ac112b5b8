package main

import (
	"fmt"
	"slices"
	"strings"
)

// emitTables writes the table of API keys and the constructors by number.
func emitTables(messages []*message, p pins) string {
	w := &writer{}
	w.p("package msg\n")
	w.p("import \"github.com/gregor-stream/gregor/internal/kafka\"\n")
	w.p("// KafkaVersion is the release of Apache Kafka whose definitions this package follows.")
	w.p("const KafkaVersion = %q\n", p.current)
	requests, responses := byKey(messages, "request"), byKey(messages, "response")
	w.apiTable(requests)
	w.constructor("NewRequest", "the request of an API key with Kafka's defaults, nil if there is none", "kafka.APIKey", "Request", requests)
	w.constructor("NewResponse", "the response of an API key with Kafka's defaults, nil if there is none", "kafka.APIKey", "Response", responses)
	w.records(messages)
	return w.String()
}

func byKey(messages []*message, kind string) []*message {
	var out []*message
	for _, m := range messages {
		if m.kind == kind {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *message) int { return a.key - b.key })
	return out
}

func (w *writer) apiTable(requests []*message) {
	w.p("// apis is indexed by API key; keys without a message have no name.")
	w.p("var apis = [...]API{ //nolint:gochecknoglobals // a constant table")
	for _, m := range requests {
		name := strings.TrimSuffix(m.name, "Request")
		stable, flexible, oldest := m.versions.newest, -1, -1
		if m.unstable {
			stable--
		}
		if !m.flexible.empty() {
			flexible = m.flexible.oldest
		}
		if !m.current.empty() {
			oldest = m.current.oldest
		}
		w.p("kafka.%s: {Key: kafka.%s, Name: %q, MinVersion: %d, MinStable44: %d, MaxVersion: %d, MaxStable: %d, FirstFlexible: %d, Listeners: %s},",
			name, name, name, m.versions.oldest, oldest, m.versions.newest, stable, flexible, listeners(m))
	}
	w.p("}\n")
}

func listeners(m *message) string {
	var out []string
	if slices.Contains(m.listeners, "broker") || slices.Contains(m.listeners, "zkBroker") {
		out = append(out, "OnBroker")
	}
	if slices.Contains(m.listeners, "controller") {
		out = append(out, "OnController")
	}
	if len(out) == 0 {
		return "0"
	}
	return strings.Join(out, " | ")
}

func (w *writer) constructor(name, what, keyType, result string, list []*message) {
	w.p("// %s returns %s.", name, what)
	w.p("func %s(key %s) %s {\nswitch key {", name, keyType, result)
	for _, m := range list {
		key := fmt.Sprint(m.key)
		if keyType == "kafka.APIKey" {
			key = "kafka." + strings.TrimSuffix(strings.TrimSuffix(m.name, "Request"), "Response")
		}
		w.p("case %s:\nreturn New%s()", key, m.structs[0].goName)
	}
	w.p("}\nreturn nil\n}\n")
}

// records writes, for each family of stored records, its types' numbers and
// the constructors by number.
func (w *writer) records(messages []*message) {
	families := []struct {
		name, what, kind string
		member           func(name string) bool
	}{
		{"Metadata", "metadata log's", "metadata", func(n string) bool { return !strings.HasPrefix(n, "Remote") }},
		{"RemoteLogMetadata", "remote log metadata topic's", "metadata", func(n string) bool { return strings.HasPrefix(n, "Remote") }},
		{"Group", "group coordinator's", "coordinator", func(n string) bool { return isGroup(n) }},
		{"Transaction", "transaction coordinator's", "coordinator", func(n string) bool { return strings.HasPrefix(n, "Transaction") }},
		{"Share", "share coordinator's", "coordinator", func(n string) bool { return isShareState(n) }},
	}
	for _, fam := range families {
		pick := func(kind string) []*message {
			return slices.DeleteFunc(byKey(messages, kind), func(m *message) bool { return !fam.member(m.name) })
		}
		if fam.kind == "metadata" {
			w.constructor("New"+fam.name+"Record", "the "+fam.what+" record of a type, nil if there is none", "int16", "Record", pick("metadata"))
			continue
		}
		w.constructor("New"+fam.name+"Key", "the "+fam.what+" record key of a type, nil if there is none", "int16", "Record", pick("coordinator-key"))
		w.constructor("New"+fam.name+"Value", "the "+fam.what+" record value of a type, nil if there is none", "int16", "Record", pick("coordinator-value"))
	}
}

// emitAllTest writes the list of all messages for the tests of the package.
func emitAllTest(messages []*message) string {
	w := &writer{}
	w.p("package msg\n")
	w.p("// all returns every message, sorted by name.")
	w.p("func all() []Message {\nreturn []Message{")
	for _, m := range messages {
		w.p("New%s(),", m.structs[0].goName)
	}
	w.p("}\n}")
	return w.String()
}

func isShareState(name string) bool {
	return strings.HasPrefix(name, "ShareSnapshot") || strings.HasPrefix(name, "ShareUpdate")
}

func isGroup(name string) bool {
	return !strings.HasPrefix(name, "Transaction") && !isShareState(name)
}
