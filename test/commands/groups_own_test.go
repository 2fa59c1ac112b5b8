package commands

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/test/harness"
)

// What stands here is Gregor's own: JSON, the watch, and errors in one line.

// ours runs gregor's command line against a cluster.
func ours(t *testing.T, w *World, line string, replace ...string) harness.Printed {
	t.Helper()
	p, err := w.Gregor(t.Context(), Words(strings.NewReplacer(replace...).Replace(line)), "")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestJSONOfGroupsAndClusters(t *testing.T) {
	tests := []struct {
		line string
		has  []string // parts of the output, white space squeezed
		code int
	}{
		{"consumer-groups --bootstrap-server BROKER --list --format json", []string{`{ "groupId": "NAME", "type": "Classic", "protocol": "", "state": "Empty" }`}, 0},
		{"consumer-groups --bootstrap-server BROKER --describe --group NAME --format json", []string{
			`"groupId": "NAME", "type": "Classic", "state": "Empty", "partitions": [`,
			`{ "topic": "NAME", "partition": 0, "leaderEpoch": 0, "currentOffset": 4, "logEndOffset": 10, "lag": 6, "consumerId": "", "host": "", "clientId": "" }`,
			`"partition": 2, "leaderEpoch": null, "currentOffset": 7`,
		}, 0},
		{"consumer-groups --bootstrap-server BROKER --describe --group NAME --members --format json", []string{`"groupId": "NAME"`, `"members": []`}, 0},
		{"consumer-groups --bootstrap-server BROKER --describe --group NAME --state --format json", []string{`"coordinator": { "id": 1, "host": "localhost", "port"`, `"members": 0`}, 0},
		{"consumer-groups --bootstrap-server BROKER --describe --group none --format json", nil, 1},
		{"consumer-groups --bootstrap-server BROKER --group NAME --reset-offsets --to-offset 1 --topic NAME:0 --execute --format json", []string{
			`{ "executed": true, "offsets": [ { "groupId": "NAME", "topic": "NAME", "partition": 0, "newOffset": 1 } ] }`,
		}, 0},
		{"consumer-groups --bootstrap-server BROKER --group NAME --delete-offsets --topic NAME:0 --topic none --format json", []string{
			`{ "topic": "NAME", "partition": 0, "error": "" }`, `{ "topic": "none", "partition": -1, "error": "This server does not host this topic-partition." }`,
		}, 1},
		{"consumer-groups --bootstrap-server BROKER --delete --group NAME --group none --format json", []string{
			`"deleted": [ "NAME" ]`, `"groupId": "none", "error": "The group id does not exist."`,
		}, 1},
		{"consumer-groups --validate-regex a( --format json", []string{`"valid": false, "error": "missing closing )"`}, 0},
		{"groups --bootstrap-server BROKER --list --format json", []string{`"groupId": "NAME-2", "type": "Classic", "protocol": ""`}, 0},
		{"cluster cluster-id -b BROKER --format json", []string{`"clusterId": "`}, 0},
		{"cluster list-endpoints -b BROKER --format json", []string{`"id": 1, "host": "localhost"`, `"rack": null, "fenced": false, "endpointType": "broker"`}, 0},
		{"cluster list-endpoints -C CONTROLLER --format json", []string{`"rack": null, "endpointType": "controller"`}, 0},
		{"cluster api-versions -C CONTROLLER --format json", []string{`"key": 55, "name": "DescribeQuorum", "min": 0, "max": 2, "usable": 2`}, 0},
		{"broker-api-versions --bootstrap-server BROKER --format json", []string{`"key": 3, "name": "Metadata", "min": 0, "max": 13, "usable": 13`}, 0},
		{"features --bootstrap-server BROKER describe --format json", []string{`"feature": "metadata.version", "supportedMin": 7, "supportedMax": 33`, `"supportedMaxName": "4.4-IV2"`}, 0},
		{"features --bootstrap-server BROKER upgrade --feature group.version=1 --feature x=1 --dry-run --format json", []string{`"dryRun": true`, `"feature": "x", "level": 1, "error": "`}, 1},
		{"features version-mapping --format json", []string{`"feature": "metadata.version", "level": 33, "name": "4.4-IV2"`}, 0},
		{"features feature-dependencies --feature eligible.leader.replicas.version=1 --format json", []string{`"requires": [ { "feature": "metadata.version", "level": 23, "name": "4.0-IV1" } ]`}, 0},
		{"metadata-quorum --bootstrap-server BROKER describe --status --format json", []string{`"leaderId": 1`, `"voters": [ { "id": 1`, `"endpoints": [ "CONTROLLER://localhost:`}, 0},
		{"log-dirs --bootstrap-server BROKER --describe --topic-list NAME --format json", []string{`"topic": "NAME", "partition": 2, "size": 690, "offsetLag": 0, "isFuture": false`, `"totalBytes": `}, 0},
	}
	w := world(t)
	for _, c := range w.Clusters() {
		name := uniqueName()
		prepareGroups(t, c, name)
		for _, test := range tests {
			p := ours(t, w, test.line, "BROKER", c.Addr, "CONTROLLER", c.Controller, "NAME", name)
			if p.Code != test.code || (p.Out != "" || test.code == 0) && !json.Valid([]byte(p.Out)) {
				t.Errorf("%s: %s ends with %d, not %d, and prints\n%s%s", c.Name, test.line, p.Code, test.code, p.Out, p.Err)
			}
			squeezed := strings.Join(strings.Fields(p.Out), " ")
			for _, part := range test.has {
				if part = strings.ReplaceAll(part, "NAME", name); !strings.Contains(squeezed, part) {
					t.Errorf("%s: %s: no %s in\n%s", c.Name, test.line, part, p.Out)
				}
			}
		}
	}
}

func TestErrorsOfGroupsAndClustersAreOneLine(t *testing.T) {
	w := world(t)
	c := w.Clusters()[1]
	port, err := harness.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	properties := t.TempDir() + "/client.properties"
	if err := os.WriteFile(properties, []byte("default.api.timeout.ms=1000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	nobody := "127.0.0.1:" + strconv.Itoa(port)
	tests := map[string]string{
		"consumer-groups --bootstrap-server NOBODY --list --timeout 1000":                                         "gregor consumer-groups: no broker answers at NOBODY: connection refused (waited 1s)",
		"groups --bootstrap-server NOBODY --list --command-config FILE":                                           "gregor groups: no broker answers at NOBODY: connection refused (waited 1s)",
		"features --bootstrap-controller NOBODY --command-config FILE describe":                                   "gregor features describe: no broker answers at NOBODY: connection refused (waited 1s)",
		"consumer-groups --bootstrap-server no.such.host.invalid:9092 --list":                                     "gregor consumer-groups: no broker answers at no.such.host.invalid:9092: no such host: no.such.host.invalid",
		"cluster cluster-id --bootstrap-controller BROKER":                                                        "BROKER wants --bootstrap-server",
		"cluster cluster-id --bootstrap-server CONTROLLER --command-config FILE":                                  "gregor cluster cluster-id: no broker answers at CONTROLLER: ",
		"metadata-quorum --bootstrap-controller CONTROLLER remove-controller -i 7 -d MFZjDDMBTzmoUJ5cFcFpfg":      "gregor metadata-quorum remove-controller: the node at CONTROLLER does not support RemoveRaftVoter",
		"metadata-quorum --bootstrap-server BROKER remove-controller -i 7 -d MFZjDDMBTzmoUJ5cFcFpfg --unregister": "gregor cluster unregister-controller --id 7 removes its registration",
		"consumer-groups --bootstrap-server BROKER --describe":                                                    "Option [describe] takes one of these options: [group], [all-groups] (gregor consumer-groups --help says how)",
		"consumer-groups --bootstrap-server BROKER --watch --group a --interval 1ms":                              "--interval 1ms: want at least 100ms",
		"consumer-groups --bootstrap-server BROKER --list --count 2":                                              "--count goes with --watch only",
		"features --bootstrap-server BROKER describe --node-id 9":                                                 "has no broker 9 that is up",
		"cluster":                               "say what to do: api-versions cluster-id list-endpoints unregister unregister-controller",
		"features version-mapping --metadata 4": "unknown flag --metadata",
	}
	for line, want := range tests {
		replace := []string{"BROKER", c.Addr, "CONTROLLER", c.Controller, "NOBODY", nobody, "FILE", properties}
		p := ours(t, w, line, replace...)
		want = strings.NewReplacer(replace...).Replace(want)
		if p.Code != 1 || p.Out != "" || strings.Count(p.Err, "\n") != 1 || !strings.Contains(p.Err, want) {
			t.Errorf("%s ends with %d and says\n%s%swant %s", line, p.Code, p.Out, p.Err, want)
		}
	}
}

// TestWatchShowsMovesAndEnds watches a group that a consumer joins, until
// Ctrl-C.
func TestWatchShowsMovesAndEnds(t *testing.T) {
	w := world(t)
	for _, c := range w.Clusters() {
		name := uniqueName()
		prepareGroups(t, c, name)
		cmd := exec.CommandContext(t.Context(), w.binary, "consumer-groups", "--bootstrap-server", c.Addr, "--watch", "--group", name, "--interval", "100ms")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		until(t, lines, "Empty", name)
		consumer := member(t, c, name, name, "watched")
		until(t, lines, "joined from /127.0.0.1", name+": watched")
		until(t, lines, name+"-0 moved from nobody to watched")
		commitEnds(t, consumer, name)
		until(t, lines, name, "Stable", "done")
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, out); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil || errs.Len() > 0 {
			t.Errorf("%s: the watch ended with %v and said %q", c.Name, err, errs.String())
		}
		p := ours(t, w, "consumer-groups --bootstrap-server BROKER --watch --all-groups --count 2 --interval 100ms --format json", "BROKER", c.Addr)
		if n := strings.Count(p.Out, "\n"); n != 2 || p.Code != 0 || !strings.Contains(p.Out, `"groupId":"`+name+`","state":`) {
			t.Errorf("%s: %d lines, code %d:\n%s%s", c.Name, n, p.Code, p.Out, p.Err)
		}
	}
}

// until reads lines until one has all parts.
func until(t *testing.T, lines *bufio.Scanner, parts ...string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) && lines.Scan() {
		has := true
		for _, part := range parts {
			has = has && strings.Contains(lines.Text(), part)
		}
		if has {
			return
		}
	}
	t.Fatalf("the watch shows no line with %q", parts)
}

// commitEnds commits the end of all partitions that prepareGroups filled.
func commitEnds(t *testing.T, cl *kgo.Client, name string) {
	t.Helper()
	ends := make(map[string]map[int32]kgo.EpochOffset)
	for _, topic := range []string{name, name + longTail} {
		ends[topic] = make(map[int32]kgo.EpochOffset)
		for p := range int32(3) {
			ends[topic][p] = kgo.EpochOffset{Epoch: -1, Offset: 10}
		}
	}
	cl.CommitOffsetsSync(t.Context(), ends, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, _ *kmsg.OffsetCommitResponse, err error) {
		if err != nil {
			t.Error(err)
		}
	})
}
