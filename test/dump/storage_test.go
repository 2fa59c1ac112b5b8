package dump

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/test/harness"
)

const cluster = "MkU3OEVBNTcwNTJENDM2Qg"

// configurations are of nodes of every role and kind of quorum; DATA stands
// for the directory of the run.
func configurations() map[string]string {
	both := "process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\ncontroller.listener.names=CONTROLLER\n"
	static, dynamic := "controller.quorum.voters=1@localhost:9093\n", "controller.quorum.bootstrap.servers=localhost:9093\n"
	return map[string]string{
		"static":   both + static + "log.dirs=DATA/static\n",
		"dynamic":  both + dynamic + "log.dirs=DATA/dynamic\n",
		"many":     both + static + "log.dirs=DATA/m1,DATA/m2,DATA//m3,DATA/x/m4,DATA/m5\nmetadata.log.dir=DATA/meta\n",
		"unstable": both + static + "log.dirs=DATA/unstable\nunstable.feature.versions.enable=true\n",
		"broker":   "process.roles=broker\nnode.id=2\nlisteners=PLAINTEXT://localhost:9092\ncontroller.listener.names=CONTROLLER\nlog.dirs=DATA/broker\n" + dynamic,
		"sasl": "process.roles=broker,controller\nnode.id=7\nlisteners=SASL_PLAINTEXT://localhost:9092,CTL://:9093\nlistener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CTL:SSL\n" +
			"controller.listener.names=CTL\ninter.broker.listener.name=SASL_PLAINTEXT\nsasl.mechanism.inter.broker.protocol=PLAIN\nsasl.enabled.mechanisms=PLAIN\nlog.dirs=DATA/sasl\n" + dynamic,
		"controller": "process.roles=controller\nnode.id=3\nlisteners=CTL://:9093\nlistener.security.protocol.map=CTL:PLAINTEXT\ncontroller.listener.names=CTL\nlog.dirs=DATA/c\n" +
			"controller.quorum.voters=3@localhost:9093,4@h:1,5@i:2\n",
		"zookeeper": "broker.id=2\nlisteners=PLAINTEXT://localhost:9092\nzookeeper.connect=x:1\nlog.dirs=DATA/z\n",
	}
}

// step is one command of a story, or a change of the files before the next.
type step struct {
	args []string
	// remove, where it is set, is removed; and file gets content.
	remove, file, content string
}

func storage(args ...string) step { return step{args: args} }

func format(of string, args ...string) step {
	return step{args: append([]string{"format", "-t", cluster, "-c", "CONF/" + of + ".properties"}, args...)}
}

func info(of string) step { return step{args: []string{"info", "-c", "CONF/" + of + ".properties"}} }

func meta(dir, content string) step {
	return step{file: dir + "/meta.properties", content: content}
}

const (
	voters    = "0@h:8082:JEXY6aqzQY-32P5TStzaFg,1@[::1]:8083:MvDxzVmcRsaTz33bUuRU6A,17@c:1:07R5amHmR32VDA6jHkGbTA"
	withSalt  = `SCRAM-SHA-256=[name=alice,salt="MWx2NHBkbnc0ZndxN25vdGN4bTB5Y3M1MXg=",password=alice-secret]`
	withKeys  = `SCRAM-SHA-512=[name=bob,iterations=8192,salt="N3E=",saltedpassword="YCE="]`
	scram256  = "SCRAM-SHA-256="
	elrNeeded = "eligible.leader.replicas.version=1"
)

// stories are sequences of commands on the same directories.
func stories() [][]step {
	other := "version=1\ncluster.id=other\nnode.id=1\n"
	list := [][]step{
		{info("static"), format("static"), info("static"), format("static"), format("static", "-g"), storage("format", "-t", "other", "-g", "-c", "CONF/static.properties")},
		{format("dynamic"), format("dynamic", "--standalone", "-f", "kraft.version=0"), format("dynamic", "-s"), info("dynamic")},
		{format("dynamic", "-N"), info("dynamic")},
		{format("dynamic", "-I", voters), info("dynamic")},
		{format("dynamic", "--initial-controllers", strings.Replace(voters, "1@[", "5@[", 1)), info("dynamic")},
		{format("broker"), info("broker")}, {format("broker", "-N")}, {format("broker", "-s")},
		{format("controller"), info("controller")}, {format("sasl", "-s"), info("sasl")}, {format("zookeeper"), info("zookeeper")},
		{
			format("many"), info("many"), {remove: "m2"}, info("many"), format("many"), format("many", "--ignore-formatted"),
			meta("m2", other), info("many"), meta("m2", "version=1\ncluster.id="+cluster+"\nnode.id=3\n"), info("many"), format("many", "-g"),
			meta("m2", "version=7\n"), info("many"), format("many", "-g"), meta("m2", "version=x\n"), info("many"), meta("m2", "version=1\nnode.id=x\n"), info("many"),
			meta("m2", "version=1\nnode.id=1\n"), info("many"), meta("m2", "broker.id=1\n"), info("many"), meta("m2", "version=1\ncluster.id=a\nnode.id=1\ndirectory.id=zz!\n"), info("many"),
			meta("m2", "version=1\ncluster.id=a\nnode.id=1\ndirectory.id=JEXY6aqzQY-32P5TStzaFgJEXY6aqzQY\n"), info("many"),
			meta("m1", "broker.id=1\ncluster.id=x\n"), info("many"), {remove: "m3"}, {file: "m3", content: "a file"}, info("many"),
		},
		{storage("format", "-t", "a=b: c", "-c", "CONF/static.properties"), info("static")},
		{format("static", "-S", withSalt, "--add-scram", withKeys), info("static")},
		{storage("info", "-c", "CONF/none.properties")}, {storage("info", "-c", "CONF")}, {storage("version-mapping")},
		{storage("feature-dependencies", "-f", "kraft.version=1", "--feature", elrNeeded)},
		{storage("info")}, {storage("format", "-c", "CONF/static.properties")}, {storage("format", "-t", "x")}, {storage("feature-dependencies")}, {storage("version-mapping", "extra")},
	}
	for _, args := range [][]string{
		{"-s"}, {"-r", "9.9"}, {"-f", "foo=1"}, {"-f", "metadata.version=33", "-r", "4.3"}, {"-f", "kraft.version=1"}, {"-f", "bad"}, {"-f", "kraft.version=x"},
		{"-r", "3.3"}, {"-r", "3.9"}, {"-r", "4.0-IV3"}, {"-r", "4.5-IV0"}, {"-f", "metadata.version=25"}, {"-f", "metadata.version=34"}, {"-f", "metadata.version=99"},
		{"-f", "share.version=9"}, {"-r", "3.9", "-f", elrNeeded}, {"-f", "transaction.version=0", "-f", "group.version=0"}, {"-f", "transaction.version=1"},
		{"-S", withSalt, "-r", "3.4"}, {"-S", "foo"}, {"-S", "SCRAM-SHA-1=[name=a]"}, {"-S", scram256 + "name=a"}, {"-S", scram256 + "[name=a"}, {"-S", scram256 + "[name]"},
		{"-S", scram256 + "[password=p]"}, {"-S", scram256 + "[name=a]"}, {"-S", scram256 + "[name=a,saltedpassword=YCE=]"}, {"-S", scram256 + "[name=a,password=p,iterations=1]"},
		{"-S", "SCRAM-SHA-512=[name=a,password=p,iterations=99999]"}, {"-S", scram256 + "[name=a,password=p,iterations=x]"}, {"-S", scram256 + "[name=a,password=p,x=y,b=c]"},
		{"-S", scram256 + "[name=a,password=p,salt=*]"}, {"-S", scram256 + "[name=a,salt=YQ==,saltedpassword=*]"},
	} {
		list = append(list, []step{format("static", args...)})
	}
	for _, wrong := range []string{"1@a", "1@a:1:b", "", "1@a:99999:JEXY6aqzQY-32P5TStzaFg", "1a", "x@a:1:JEXY6aqzQY-32P5TStzaFg", "1@", "1@[a", "1@[a]b", voters + "," + voters} {
		list = append(list, []step{format("dynamic", "-I", wrong)})
	}
	list = append(list, []step{format("unstable")}, []step{format("unstable", "-r", "4.5-IV0")}, []step{format("unstable", "-r", "4.5")})
	for release := range strings.FieldsSeq("3.3 3.3-IV3 3.4 3.5 3.5-IV1 3.6 3.7 3.7-IV3 3.8 3.9 4.0 4.0-IV0 4.0-IV1 4.1 4.2 4.2-IV0 4.3 4.3.1 4.4 4.4-IV0 4.4-IV2 4.5-IV0 4.5 4.4-IV3 5.0 3.2 foo") {
		list = append(list, []step{storage("version-mapping", "--release-version", release)})
	}
	for feature := range strings.FieldsSeq("metadata.version=33 metadata.version=34 metadata.version=99 metadata.version=x kraft.version=2 transaction.version=1 share.version=2 streams.version=2 foo=1 foo") {
		list = append(list, []step{storage("feature-dependencies", "-f", feature)})
	}
	return list
}

// play runs a story in fresh directories and returns what each command did,
// and the files that there are in the end.
func play(t *testing.T, root string, story []step, run func(args ...string) (harness.Printed, error)) ([]harness.Printed, map[string][]byte) {
	t.Helper()
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(root, "data")
	for name, text := range configurations() {
		write(t, filepath.Join(root, name+".properties"), []byte(strings.ReplaceAll(text, "DATA", data)))
	}
	var results []harness.Printed
	for _, s := range story {
		if s.remove != "" {
			if err := os.RemoveAll(filepath.Join(data, s.remove)); err != nil {
				t.Fatal(err)
			}
		}
		if s.file != "" {
			write(t, filepath.Join(data, s.file), []byte(s.content))
		}
		if s.args == nil {
			continue
		}
		args := make([]string, len(s.args))
		for i, a := range s.args {
			args[i] = strings.ReplaceAll(a, "CONF", root)
		}
		r, err := run(args...)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) == ".properties" && filepath.Dir(path) == root {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err == nil {
			files[name], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return results, files
}

var (
	directoryID = regexp.MustCompile(`directory\.id=[\w-]{22}`)
	written     = regexp.MustCompile(`#\w{3} \w{3} \d\d [\d:]+ \w+ \d{4}`)
	timesIn     = regexp.MustCompile(`(CreateTime: |crc: |lastContainedLogTimestamp":)\d+`)
	freshVoter  = regexp.MustCompile(`"voterDirectoryId":"[\w-]{22}"`)
	stack       = regexp.MustCompile(`(?m)^(?:\tat |\t\.\.\. |Caused by: |java\.lang\.\w+Exception: ).*\n`)
)

// maskFile takes times and ids out of a file: of a checkpoint by showing it.
func maskFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	if filepath.Ext(name) != ".checkpoint" {
		return string(written.ReplaceAll(directoryID.ReplaceAll(data, []byte("directory.id=X")), []byte("#TIME")))
	}
	path := write(t, filepath.Join(t.TempDir(), filepath.Base(name)), data)
	r, err := gregor("dump-log", "--files", path, "--cluster-metadata-decoder")
	if err != nil || r.Code != 0 || strings.Contains(r.Out, "isvalid: false") {
		t.Fatalf("%v %+v", err, r)
	}
	_, shown, _ := strings.Cut(r.Out, "\n") // the path is another
	return fmt.Sprintf("%d bytes\n%s", len(data), freshVoter.ReplaceAllString(timesIn.ReplaceAllString(shown, "${1}T"), `"voterDirectoryId":"X"`))
}

// TestStorageIsKafkas plays each story with both commands, on the same paths,
// and compares what they print, their exit codes, and the files they make.
func TestStorageIsKafkas(t *testing.T) {
	k := tools(t, "broker")
	root := filepath.Join(t.TempDir(), "run")
	compared := 0
	for _, story := range stories() {
		kafkas, theirs := play(t, root, story, func(args ...string) (harness.Printed, error) { return k.run(storageClass, args...) })
		ours, files := play(t, root, story, func(args ...string) (harness.Printed, error) { return gregor(append([]string{"storage"}, args...)...) })
		at := 0
		for _, s := range story {
			if s.args == nil {
				continue
			}
			judge(t, strings.Join(s.args, " "), kafkas[at], ours[at])
			at++
		}
		if a, b := slices.Sorted(maps.Keys(theirs)), slices.Sorted(maps.Keys(files)); !slices.Equal(a, b) {
			t.Errorf("%v: Kafka made the files %q, we made %q", story[0].args, a, b)
			continue
		}
		for name, data := range files {
			if want, got := maskFile(t, name, theirs[name]), maskFile(t, name, data); want != got {
				t.Errorf("%v: %s\n%s", story[0].args, name, difference(want, got))
			}
			compared++
		}
	}
	if k.runs.Load() < 100 || compared < 30 {
		t.Errorf("only %d commands and %d files", k.runs.Load(), compared)
	}
	t.Logf("%d commands, %d files", k.runs.Load(), compared)
}

// judge compares what one command did. What Java prints of an exception is no
// part of the output; where it died of one we say why in one line.
func judge(t *testing.T, args string, kafkas, ours harness.Printed) {
	t.Helper()
	mask := func(text string) string {
		return directoryID.ReplaceAllString(stack.ReplaceAllString(text, ""), "directory.id=X")
	}
	if want, got := mask(kafkas.Out), mask(ours.Out); want != got {
		t.Errorf("storage %s\n%s", args, difference(want, got))
	}
	if kafkas.Code != ours.Code {
		t.Errorf("storage %s: exit code %d, Kafka's %d: %.300s", args, ours.Code, kafkas.Code, ours.Err)
	}
	switch _, died := diedOf(kafkas); {
	case died:
		if strings.Count(ours.Err, "\n") != 1 {
			t.Errorf("storage %s: no one line for an error of Kafka's:\n%.500s\nKafka: %.300s", args, ours.Err, kafkas.Err)
		}
	case kafkas.Err != ours.Err:
		t.Errorf("storage %s, errors\n%s", args, difference(kafkas.Err, ours.Err))
	}
}

// TestStorageAsJSON reads the objects that every subcommand prints.
func TestStorageAsJSON(t *testing.T) {
	root := filepath.Join(t.TempDir(), "run")
	keys := []string{"uuid", "release", "feature", "problems", "event", "directories"}
	story := []step{
		storage("random-uuid"), storage("version-mapping"), storage("feature-dependencies", "-f", elrNeeded, "-f", "metadata.version=33"), info("many"), format("many"), info("many"),
	}
	results, _ := play(t, root, story, func(args ...string) (harness.Printed, error) {
		return gregor(append([]string{"storage", "--format", "json"}, args...)...)
	})
	for i, r := range results {
		objects := 0
		for line := range strings.Lines(r.Out) {
			object := map[string]any{}
			if err := json.Unmarshal([]byte(line), &object); err != nil || object[keys[i]] == nil {
				t.Errorf("%v: %v in %s, want %s", story[i].args, err, line, keys[i])
			}
			objects++
		}
		if objects == 0 {
			t.Errorf("%v printed nothing: %s", story[i].args, r.Err)
		}
	}
}
