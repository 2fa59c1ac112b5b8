package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRegeneratingGivesNoDiff runs where the jars were fetched (make generate).
func TestRegeneratingGivesNoDiff(t *testing.T) {
	root, err := repositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	jars := filepath.Join(root, ".cache", "kafka-jars")
	if _, err := os.Stat(jars); err != nil {
		t.Skipf("NOT CHECKED that the generated files are current: no jars in %s, get them with go run ./internal/msg/gen -fetch", jars)
	}
	if err := run(jars, filepath.Join(root, "internal", "msg"), false, false, true); err != nil {
		t.Error(err)
	}
}

func TestVersionNotation(t *testing.T) {
	for text, want := range map[string]versions{
		"none": none(), "0": {0, 0}, "3+": {3, anyNewer}, "0-5": {0, 5}, "12": {12, 12}, "": none(),
	} {
		var got versions
		if err := json.Unmarshal([]byte(`"`+text+`"`), &got); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{`"x"`, `"1-x"`, `7`} {
		var got versions
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s was accepted as %v", text, got)
		}
	}
}

func TestConditions(t *testing.T) {
	all := versions{0, 9}
	for _, tc := range []struct {
		v, context versions
		want       string
	}{
		{versions{0, anyNewer}, all, ""},
		{versions{3, anyNewer}, all, "version >= 3"},
		{versions{0, 4}, all, "version <= 4"},
		{versions{2, 4}, all, "version >= 2 && version <= 4"},
		{versions{4, 4}, all, "version == 4"},
		{none(), all, "false"},
		{versions{10, anyNewer}, all, "false"},
		{versions{0, 4}, versions{2, 4}, ""},
	} {
		if got := condition(tc.v, tc.context); got != tc.want {
			t.Errorf("%v in %v: %q, want %q", tc.v, tc.context, got, tc.want)
		}
	}
}

func parse(t *testing.T, text string) *definition {
	t.Helper()
	d, err := parseDefinition([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const oldDefinition = `// a comment, "quoted"
{ "apiKey": 7, "type": "request", "name": "OddRequest", "listeners": ["zkBroker"],
  // "a comment"
  "validVersions": "0-4", "flexibleVersions": "3+",
  "fields": [
    { "name": "Gone", "type": "int8", "versions": "0-1" }, // about it
    { "name": "name", "type": "string", "versions": "0+", "about": "see http://x // y" },
    { "name": "Last", "type": "int32", "versions": "0", "default": "-1" }
  ]
}`

const newDefinition = `{ "apiKey": 7, "type": "request", "name": "OddRequest", "listeners": ["broker", "controller"],
  "validVersions": "2-6", "flexibleVersions": "3+", "latestVersionUnstable": true,
  "fields": [
    { "name": "Name", "type": "string", "versions": "0-4", "nullableVersions": "4+" },
    { "name": "Id", "type": "uuid", "versions": "5+" },
    { "name": "Ghost", "type": "int8", "versions": "0-1" }
  ]
}`

func TestMergeKeepsDroppedVersions(t *testing.T) {
	m, err := mergeMessage(parse(t, newDefinition), parse(t, oldDefinition))
	if err != nil {
		t.Fatal(err)
	}
	if m.versions != (versions{0, 6}) || m.current != (versions{2, 6}) || !m.unstable {
		t.Errorf("merged versions %v of which %v are current, unstable %v", m.versions, m.current, m.unstable)
	}
	var got []string
	for _, f := range m.structs[0].fields {
		got = append(got, f.name+" "+f.kind+" "+f.versions.String()+" nullable "+f.nullable.String()+" default "+f.def)
	}
	want := []string{
		"Gone int8 0-1 nullable none default ",
		"Name string 0-4 nullable 4 default ",
		"Id uuid 5-6 nullable none default ",
		"Last int32 0 nullable none default -1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestMergeRefusesWhatOneStructCannotHold(t *testing.T) {
	retyped := strings.Replace(newDefinition, `"type": "string"`, `"type": "int64"`, 1)
	if _, err := mergeMessage(parse(t, retyped), parse(t, oldDefinition)); err == nil {
		t.Error("a field of two types was accepted")
	}
	gap := strings.Replace(newDefinition, `"versions": "0-4", "nullableVersions": "4+"`, `"versions": "4+"`, 1)
	if _, err := mergeMessage(parse(t, gap), parse(t, oldDefinition)); err == nil {
		t.Error("a field whose versions have a gap was accepted")
	}
	reflexed := strings.Replace(newDefinition, `"flexibleVersions": "3+"`, `"flexibleVersions": "2+"`, 1)
	if _, err := mergeMessage(parse(t, reflexed), parse(t, oldDefinition)); err == nil {
		t.Error("different flexible versions were accepted")
	}
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"LeaderAndIsrRequest": "leader_and_isr_request", "KRaftVersionRecord": "k_raft_version_record", "NoOpRecord": "no_op_record",
	} {
		if got := snake(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
