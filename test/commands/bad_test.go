package commands

import (
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/test/harness"
)

// Bad input ends a command with one clear line and the right exit code, in a
// bounded time, and with nothing of Go's or Java's own on standard error.

// bad is a command line that cannot succeed.
type bad struct {
	line string // BROKER, DIR and NAME stand for what they do in a script
	code int
	has  string // a part of the one line
	out  string // a pattern of what is on standard output; "": nothing
}

// mostWait bounds one command whose patience is 1.5 seconds; it is far more,
// for the machine may be busy.
const mostWait = 20 * time.Second

// noise is what no person should have to read.
var noise = regexp.MustCompile(`dial tcp|unable to dial|read tcp|goroutine |panic|strconv\.|context deadline|context canceled|i/o timeout|\.go:\d|0x[0-9a-f]{4}|\tat |Caused by|<nil>|%!`)

// judgeBad runs the command lines, some at the same time: most of them wait.
func judgeBad(t *testing.T, w *World, c Cluster, dir, name string, lines []bad) {
	t.Helper()
	places := make(chan struct{}, 8)
	var all sync.WaitGroup
	for _, b := range lines {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			wrong, p := b.try(t, w, c, dir, name)
			if strings.Contains(p.Err, ": no answer in time (waited 1.5s)") && wrong != "" { // the machine may be that busy
				b.line = strings.ReplaceAll(b.line, "client.properties", "calm.properties")
				wrong, p = b.try(t, w, c, dir, name)
			}
			if wrong != "" {
				t.Errorf("%s on %s: %s\nexit code %d, stdout %q, stderr:\n%s", b.line, c.Name, wrong, p.Code, p.Out, p.Err)
			}
		})
	}
	all.Wait()
}

// try runs the command line once, and says what is wrong with how it ended.
func (b bad) try(t *testing.T, w *World, c Cluster, dir, name string) (wrong string, p harness.Printed) {
	t.Helper()
	args := (&run{cluster: c, name: name, dir: dir}).args(Step{Args: b.line})
	began := time.Now()
	p, err := w.Gregor(t.Context(), args, "1,2\n")
	if err != nil {
		return err.Error(), p
	}
	return b.judge(args, p, time.Since(began)), p
}

// judge is what is wrong with how a command ended; "" for nothing.
func (b bad) judge(args []string, p harness.Printed, took time.Duration) string {
	out := b.out
	if out == "" {
		out = "^$"
	}
	command := args[0]
	if regexp.MustCompile(`^(cluster|features|metadata-quorum|storage|transactions)$`).MatchString(command) {
		command += "( [a-zA-Z-]+)?" // the sub-command
	}
	switch {
	case p.Code != b.code:
		return "the exit code is wrong"
	case strings.Count(p.Err, "\n") != 1:
		return "standard error has not one line"
	case !regexp.MustCompile("^gregor " + command + ": ").MatchString(p.Err):
		return "the line does not begin with the command's name"
	case !strings.Contains(p.Err, b.has):
		return "the line does not say " + b.has
	case noise.MatchString(p.Err):
		return "the line is no person's: " + noise.FindString(p.Err)
	case !regexp.MustCompile(out).MatchString(p.Out):
		return "standard output is not " + out
	case took > mostWait:
		return "it took " + took.String()
	}
	return ""
}

// asking are the commands that ask a cluster, with what makes them do so.
func asking() []string {
	with := " --command-config DIR/client.properties"
	return []string{
		"topics --bootstrap-server BROKER --list" + with,
		"topics --bootstrap-server BROKER --create --topic NAME" + with,
		"configs --bootstrap-server BROKER --describe --topic NAME" + with,
		"console-producer --bootstrap-server BROKER --topic NAME" + with,
		"console-consumer --bootstrap-server BROKER --topic NAME --from-beginning" + with,
		"consumer-groups --bootstrap-server BROKER --list" + with,
		"consumer-groups --bootstrap-server BROKER --describe --group NAME --format json" + with,
		"consumer-groups --bootstrap-server BROKER --watch --all-groups" + with,
		"groups --bootstrap-server BROKER --list" + with,
		"get-offsets --bootstrap-server BROKER --topic NAME" + with,
		"delete-records --bootstrap-server BROKER --offset-json-file DIR/records.json" + with,
		"log-dirs --bootstrap-server BROKER --describe" + with,
		"cluster cluster-id --bootstrap-server BROKER" + with,
		"broker-api-versions --bootstrap-server BROKER" + with,
		"features --bootstrap-server BROKER describe" + with,
		"metadata-quorum --bootstrap-server BROKER describe --status" + with,
		"transactions --bootstrap-server BROKER list" + with,
		"transactions --bootstrap-server BROKER describe-producers --topic NAME --partition 0" + with,
		"transactions --bootstrap-server BROKER forceTerminateTransaction --transactionalId NAME" + with,
		"metadata-quorum --bootstrap-controller BROKER describe --status" + with,
		"producer-perf-test --bootstrap-server BROKER --topic NAME --num-records 10 --record-size 10 --throughput -1" + with,
		"consumer-perf-test --bootstrap-server BROKER --topic NAME --num-records 10 --timeout 2000" + with,
		"e2e-latency --bootstrap-server BROKER --topic NAME --num-records 10 --producer-acks 1 --record-size 10" + with,
		"verifiable-producer --bootstrap-server BROKER --topic NAME --max-messages 10" + with,
		"verifiable-consumer --bootstrap-server BROKER --topic NAME --group-id NAME --max-messages 10" + with,
		"leader-election --bootstrap-server BROKER --election-type preferred --all-topic-partitions" + with,
		"reassign-partitions --bootstrap-server BROKER --list" + with,
		"tail NAME --bootstrap-server BROKER" + with,
		"produce NAME --bootstrap-server BROKER" + with,
		"copy NAME --bootstrap-server BROKER --to localhost:1" + with,
		"doctor --bootstrap-server BROKER" + with,
		"health --bootstrap-server BROKER" + with,
	}
}

// begun is what Kafka's commands print before they have asked anybody.
func begun(line string) string {
	switch command, _, _ := strings.Cut(line, " "); command {
	case "consumer-perf-test":
		return `^start\.time, [^\n]*\n$`
	case "verifiable-producer", "verifiable-consumer":
		return `^\{[^\n]*"startup_complete"\}\n$`
	}
	return ""
}

// badFiles are the files that the command lines name.
func badFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"client.properties":  "default.api.timeout.ms=1500\nrequest.timeout.ms=1000\nmax.block.ms=1500\ndelivery.timeout.ms=1500\nlinger.ms=0\n",
		"calm.properties":    "default.api.timeout.ms=12000\nrequest.timeout.ms=6000\nmax.block.ms=12000\ndelivery.timeout.ms=12000\nlinger.ms=0\n",
		"patient.properties": "",
		"escape.properties":  "client.id=a\nssl.truststore.location=\\u12\n",
		"value.properties":   "security.protocol=FOO\n",
		"number.properties":  "default.api.timeout.ms=soon\n",
		"records.json":       `{"partitions":[{"topic":"t","partition":0,"offset":1}]}`,
		"bad.json":           "{\n\"partitions\":[{\"topic\":\"t\",}]}",
		"empty.json":         `{"x":1}`,
		"quote.csv":          "id,name\n1,\"a\n2,b\n",
		"ragged.csv":         "id,name\n1,a\n2,b,c\n",
		"rows.jsonl":         "{\"id\":1}\n{\"id\":\n",
		"plain.txt":          "x\n",
	} {
		writeFile(t, filepath.Join(dir, name), text)
	}
	return dir
}

// strangers are ports at which no broker is.
func strangers(t *testing.T) map[string]Cluster {
	t.Helper()
	listen := func(serve func(c net.Conn)) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go serve(c)
			}
		}()
		return l.Addr().String()
	}
	answers := func(text string) string {
		return listen(func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			_, _ = io.WriteString(c, text)
			_ = c.Close()
		})
	}
	closed, err := harness.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	at := func(addr, name string) Cluster { return Cluster{Name: name, Addr: addr, Controller: addr} }
	return map[string]Cluster{ // the last is the alert of a TLS server that was not greeted
		"connection refused":                                            at(net.JoinHostPort("127.0.0.1", strconv.Itoa(closed)), "a port that is closed"),
		"no such host: no-such-host.invalid":                            at("no-such-host.invalid:9092", "a name that nobody knows"),
		"no answer in time":                                             at(listen(func(c net.Conn) { _, _ = io.Copy(io.Discard, c); _ = c.Close() }), "a port that is silent"),
		"the connection was closed at once":                             at(listen(func(c net.Conn) { _ = c.Close() }), "a port that hangs up"),
		"a web server answers at this port":                             at(answers("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request"), "a web server"),
		"the broker speaks TLS at this port: set security.protocol=SSL": at(answers("\x15\x03\x03\x00\x02\x02\x50"), "a port of TLS"),
	}
}

func TestBadInputGetsOneClearLine(t *testing.T) {
	w, dir := world(t), badFiles(t)
	t.Run("no-broker", func(t *testing.T) {
		for has, c := range strangers(t) {
			var lines []bad
			impatient := strings.HasPrefix(c.Name, "a port that ")
			for _, line := range asking() {
				if !impatient { // what is wrong is clear at once, but at once is long where the machine is busy
					line = strings.ReplaceAll(line, "client.properties", "patient.properties")
				}
				lines = append(lines, bad{line, 1, "no broker answers at " + c.Addr + ": ", begun(line)})
			}
			for i := range lines {
				if !strings.HasPrefix(lines[i].line, "health ") || !strings.HasPrefix(has, "no such host") { // its patience is three seconds, less than some name servers'
					lines[i].has += has
				}
			}
			if !impatient {
				lines = append(lines, bad{"replica-verification --broker-list BROKER --topics-include NAME", 1, has, ""}) // it takes no properties: a minute is its patience
			}
			judgeBad(t, w, c, dir, uniqueName(), lines)
		}
	})
	for _, c := range w.Clusters() {
		t.Run("on-"+c.Name, func(t *testing.T) {
			name := uniqueName()
			prepareGroups(t, c, name)
			judgeBad(t, w, c, dir, name, missing())
			judgeBad(t, w, c, dir, name, malformed())
		})
	}
	t.Run("command-lines", func(t *testing.T) { judgeBad(t, w, w.Clusters()[1], dir, uniqueName(), senseless()) })
}

// missing are topics and groups that are not there. (Some of Kafka's commands
// make no error of it; they are compared with Kafka's elsewhere.)
func missing() []bad {
	const said = `^Error while executing topic command : Topic '\w+x' does not exist as expected\n$`
	to := " --bootstrap-server BROKER"
	return []bad{
		{"topics --describe --topic NAMEx" + to, 1, "--list shows the topics there are", said},
		{"topics --delete --topic NAMEx" + to, 1, "--list shows the topics there are", said},
		{"topics --alter --partitions 3 --topic NAMEx" + to, 1, "--list shows the topics there are", said},
		{"configs --alter --topic NAMEx --add-config retention.ms=1" + to, 1, "does not exist", ""},
		{"replica-verification --broker-list BROKER --topics-include NAMEx", 1, "gregor topics --list", ""},
		{"tail NAMEx" + to, 1, "there is no such topic (gregor topics --list", ""},
		{"copy NAMEx --to BROKER --to-topic NAMEy" + to, 1, "there is no such topic (gregor topics --list", ""},
		{"copy NAME --to BROKER" + to, 2, "is the cluster that the topic is in", ""},
		{"consumer-groups --describe --group NAMEx --format json" + to, 1, "not found", ""},
		{"produce no/name" + to, 1, "no/name", "^0 records written to no/name\n$"},
		{"tail NAME --partition 9" + to, 2, "no such partition", ""},
	}
}

// malformed are files that are not what they should be, or are not there.
func malformed() []bad {
	to := " --bootstrap-server BROKER"
	const said = "(?s)^Error: .*"
	lines := []bad{
		{"topics --list --command-config DIR/none" + to, 1, "none: no such file or directory", ""},
		{"topics --list --command-config DIR/escape.properties" + to, 1, "escape.properties:2: ", ""},
		{"topics --list --command-config DIR/value.properties" + to, 1, "security.protocol=FOO: want PLAINTEXT", ""},
		{"topics --list --command-config DIR/number.properties" + to, 1, "default.api.timeout.ms=soon: want a number", ""},
		{"topics --list --command-config DIR" + to, 1, "is a directory", ""},
		{"configs --alter --topic NAME --add-config-file DIR/none" + to, 1, "none: no such file or directory", ""},
		{"producer-perf-test --topic NAME --num-records 1 --throughput -1 --payload-file DIR/none" + to, 1, "none: no such file or directory", "^Reading payloads from: "},
		{"produce NAME DIR/none" + to, 1, "none: no such file or directory", ""},
		{"produce NAME DIR/quote.csv" + to, 1, "quote.csv:", " records written to "},
		{"produce NAME DIR/ragged.csv" + to, 1, "ragged.csv:3: ", "^1 records written to "},
		{"produce NAME DIR/rows.jsonl" + to, 1, "rows.jsonl:2: ", "^1 records written to "},
		{"produce NAME DIR/rows.jsonl --input records" + to, 1, "rows.jsonl:1: ", "^0 records written to "},
		{"doctor --dir DIR/none", 1, "none: no such file or directory", ""},
		{"dump-log --files DIR", 1, "no segment, index or snapshot is in this directory", ""},
		{"storage info -c DIR/none", 1, "none: no such file or directory", ""},
		{"start DIR/none", 1, "none: no such file or directory", ""},
		{"links DIR/plain.txt", 1, "not a directory", ""},
	}
	for _, command := range []string{"tail NAME", "produce NAME", "copy NAME --to BROKER", "health", "doctor", "console-consumer --topic NAME", "get-offsets --topic NAME"} {
		lines = append(lines, bad{command + to + " --command-config DIR/none", 1, "none: no such file or directory", ""})
	}
	for file, has := range map[string]string{"none": "none: no such file or directory", "bad.json": "bad.json: "} {
		lines = append(lines,
			bad{"delete-records --offset-json-file DIR/" + file + to, 1, has, ""},
			bad{"leader-election --election-type preferred --path-to-json-file DIR/" + file + to, 1, has, ""},
			bad{"reassign-partitions --execute --reassignment-json-file DIR/" + file + to, 1, has, said},
			bad{"reassign-partitions --verify --reassignment-json-file DIR/" + file + to, 1, has, said},
			bad{"reassign-partitions --generate --broker-list 1 --topics-to-move-json-file DIR/" + file + to, 1, has, said})
	}
	return append(lines,
		bad{"delete-records --offset-json-file DIR/empty.json" + to, 1, `empty.json: Missing partitions field: want {"partitions"`, ""},
		bad{"leader-election --election-type preferred --path-to-json-file DIR/empty.json" + to, 1, "empty.json: Missing partitions field", ""})
}

// senseless are command lines that make no sense to any cluster.
func senseless() []bad {
	to := " --bootstrap-server BROKER"
	lines := []bad{
		{"topics --list --describe" + to, 1, "exactly one action", ""},
		{"topics --list --bootstrap-server nonsense", 1, "want host:port", ""},
		{"topics --list --bootstrap-server localhost:99999", 1, "the port is not a number from 1 to 65535", ""},
		{"configs --alter --describe" + to, 1, "exactly one action", ""},
		{"console-consumer --topic a --include b" + to, 1, "Exactly one of", ""},
		{"consumer-groups --list --describe" + to, 1, "exactly one action", ""},
		{"cluster cluster-id --bootstrap-server a:1 --bootstrap-controller b:1", 1, "bootstrap-controller", ""},
		{"cluster cluster-idd", 1, `did you mean "cluster-id"?`, ""},
		{"tail", 2, "TOPIC is missing: ", ""},
		{"tail t --max many", 2, "--max many: want a whole number", ""},
		{"tail t --offset x", 2, "--offset x: want a number", ""},
		{"tail t --since soon", 2, "is no time", ""},
		{"tail t --grep (", 2, "--grep", ""},
		{"produce", 2, "TOPIC is missing: ", ""},
		{"produce t --input xml", 2, "--input xml: want ", ""},
		{"produce t --compression rot13", 2, "--compression rot13: want ", ""},
		{"copy", 2, "TOPIC is missing: ", ""},
		{"copy t", 2, "--to is missing: name the brokers", ""},
		{"copy a b --to c:1", 2, `unexpected "b"`, ""},
		{"doctor extra", 2, `unexpected "extra"`, ""},
		{"health extra", 2, `unexpected "extra"`, ""},
		{"health --wait soon", 2, "--wait soon: want a time such as 500ms", ""},
		{"links", 2, "DIR is missing: ", ""},
		{"start a b", 2, `unexpected "b"`, ""},
		{"start --memory --dir x", 2, "--memory and --dir", ""},
		{"start --override x", 1, "expected key=value", ""},
	}
	for command, code := range map[string]int{
		"topics": 1, "configs": 1, "console-producer": 1, "console-consumer": 1, "consumer-groups": 1, "groups": 1, "get-offsets": 1,
		"delete-records": 1, "log-dirs": 1, "broker-api-versions": 1, "features": 1, "metadata-quorum": 1, "producer-perf-test": 1,
		"consumer-perf-test": 1, "e2e-latency": 1, "verifiable-producer": 1, "verifiable-consumer": 1, "leader-election": 1,
		"reassign-partitions": 1, "transactions": 1, "tail": 2, "produce": 2, "copy": 2, "doctor": 2, "health": 2,
	} {
		lines = append(lines,
			bad{command + " --bootstrap-servr x:1", code, "did you mean --bootstrap-server?", ""},
			bad{command + " --zzzzzzzzzzzz", code, "unknown flag --zzzzzzzzzzzz", ""},
			bad{command + " --bootstrap-server", code, "--bootstrap-server needs a value: connect to", ""})
	}
	for line, near := range map[string]string{
		"dump-log --filez x": "--files", "transactions list --duration-filtr x": "--duration-filter", "replica-verification --broker-lst x": "--broker-list", "cluster cluster-id --bootstrap-servr x": "--bootstrap-server",
		"storage info --confg x": "--config",
	} {
		lines = append(lines, bad{line, 1, "did you mean " + near + "?", ""})
	}
	return append(lines, bad{"start --overide a=b", 2, "did you mean --override?", ""}, bad{"links --zz x", 2, "unknown flag --zz", ""})
}
