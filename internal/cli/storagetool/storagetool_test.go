package storagetool

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/storage/logdir"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// storage runs the command.
func storage(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := newStorage(&command.Env{Out: &stdout, Err: &stderr})
	_, normal, err := flags.Normalize(cmd, args)
	if err != nil {
		t.Fatal(err)
	}
	cmd.SetArgs(normal)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	if err := cmd.Execute(); err != nil {
		code = command.ExitFailed
		if text := err.Error(); text != "" {
			_, _ = fmt.Fprintln(&stderr, text)
		}
	}
	return code, stdout.String(), stderr.String()
}

// node writes the configuration of a node with two directories.
func node(t *testing.T, quorum string) (conf, dir string) {
	t.Helper()
	dir = t.TempDir()
	conf = filepath.Join(dir, "server.properties")
	text := "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=CONTROLLER\nlisteners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\nlog.dirs=" +
		dir + "/a," + dir + "/b\n" + quorum + "\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return conf, dir
}

const static = "controller.quorum.voters=1@localhost:9093"

func TestFormatMakesDirectoriesThatInfoFinds(t *testing.T) {
	conf, dir := node(t, static)
	if code, out, _ := storage(t, "info", "-c", conf); code != 1 || !strings.Contains(out, "Found problems:\n  "+dir+"/a does not exist\n") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	code, out, errs := storage(t, "format", "-t", "a-cluster", "-c", conf)
	for _, want := range []string{
		"Bootstrap metadata: BootstrapMetadata(records=[ApiMessageAndVersion(FeatureLevelRecord(name='metadata.version', featureLevel=33) at version 0), ",
		"Formatting metadata directory " + dir + "/a with metadata.version 4.4-IV2.\n", "Formatting data directory " + dir + "/b with",
	} {
		if code != 0 || errs != "" || !strings.Contains(out, want) {
			t.Errorf("exit code %d, want %q in\n%s%s", code, want, out, errs)
		}
	}
	if code, out, _ := storage(t, "info", "--config", conf); code != 0 || !strings.Contains(out, "Found metadata: {cluster.id=a-cluster, directory.id=") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	a, err := logdir.ReadMeta(vfs.OS{}, dir+"/a")
	b, err2 := logdir.ReadMeta(vfs.OS{}, dir+"/b")
	if err != nil || err2 != nil || a.DirectoryID == b.DirectoryID || a.DirectoryID.IsZero() || a.ClusterID != "a-cluster" || a.NodeID != 1 {
		t.Errorf("%v %v %+v %+v", err, err2, a, b)
	}
	if code, _, errs := storage(t, "format", "-t", "a-cluster", "-c", conf); code != 1 || !strings.HasSuffix(errs, "is already formatted. Use --ignore-formatted to ignore this directory and format the others.\n") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	if err := os.RemoveAll(dir + "/b"); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := storage(t, "format", "-g", "-t", "a-cluster", "-c", conf); code != 0 || !strings.Contains(out, "Formatting data directory "+dir+"/b") || strings.Contains(out, "/a with") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// TestWrongArgumentsChangeNothing has one clear end for what cannot be done.
func TestWrongArgumentsChangeNothing(t *testing.T) {
	conf, dir := node(t, static)
	dynamic, _ := node(t, "controller.quorum.bootstrap.servers=localhost:9093")
	format := func(conf string, more ...string) []string {
		return append([]string{"format", "-t", "c", "-c", conf}, more...)
	}
	tests := []struct {
		want string
		args []string
	}{
		{"argument --config/-c is required", []string{"info"}},
		{"argument --cluster-id/-t is required", []string{"format", "-c", conf}},
		{"invalid choice: 'begin'", []string{"begin"}},
		{"too few arguments", nil},
		{"unrecognized arguments: 'x'", []string{"random-uuid", "x"}},
		{"argument --feature/-f is required", []string{"feature-dependencies"}},
		{"want text or json", []string{"random-uuid", "--format", "xml"}},
		{"You cannot specify controller.quorum.voters", format(conf, "-s")},
		{"you must specify one of the following: --standalone", format(dynamic)},
		{"not allowed with argument --standalone/-s", format(dynamic, "-s", "-N")},
		{"No @ found in dynamic voter string", format(dynamic, "-I", "x")},
		{"Unsupported feature: foo", format(conf, "-f", "foo=1")},
		{"equals sign not found", format(conf, "-f", "foo")},
		{"Failed to find equals sign in SCRAM argument 'x'", format(conf, "-S", "x")},
		{"the password of a is empty", format(conf, "-S", "SCRAM-SHA-256=[name=a,password=]")},
		{"Missing required configuration \"process.roles\"", []string{"info", "-c", os.DevNull}},
		{"cannot be read", []string{"info", "-c", dir + "/none"}},
	}
	for _, tt := range tests {
		code, out, errs := storage(t, tt.args...)
		if code != 1 || out != "" || !strings.Contains(errs, tt.want) {
			t.Errorf("%v: exit code %d, want %q in %q%q", tt.args, code, tt.want, out, errs)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v: %v is left behind", err, entries)
	}
}

// TestScramKeysAreThoseOfRFC7677 computes the example of the RFC.
func TestScramKeysAreThoseOfRFC7677(t *testing.T) {
	r, err := scramRecord(`SCRAM-SHA-256=[name=user,password=pencil,salt="W22ZaJ0SNY7soEsUEjb6gQ==",iterations=4096]`, nil)
	if err != nil {
		t.Fatal(err)
	}
	stored, server := base64.StdEncoding.EncodeToString(r.StoredKey), base64.StdEncoding.EncodeToString(r.ServerKey)
	if stored != "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=" || server != "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=" || r.Mechanism != 1 || r.Iterations != 4096 {
		t.Errorf("stored key %s, server key %s, %+v", stored, server, r)
	}
}

func TestASaltIsANumberAsText(t *testing.T) {
	salt, err := randomSalt(bytes.NewReader(slices.Repeat([]byte{0xff}, 17)))
	if err != nil || len(salt) != 26 {
		t.Errorf("%v: %q", err, salt)
	}
	if _, err := randomSalt(bytes.NewReader(nil)); err == nil {
		t.Error("a salt without chance")
	}
}

// TestFeaturesAreTheControllers compares the table with what this broker
// supports and begins with.
func TestFeaturesAreTheControllers(t *testing.T) {
	for _, f := range controller.SupportedFeatures() {
		if f.Name == metadata.MetadataVersion {
			if f.Min != releases()[0].level || f.Max != latestProduction {
				t.Errorf("releases from %d to %d, the controller's from %d to %d", releases()[0].level, latestProduction, f.Min, f.Max)
			}
			continue
		}
		known, ok := findFeature(f.Name)
		if !ok || known.levels[len(known.levels)-1].level != f.Max {
			t.Errorf("%s: %+v, the controller's highest is %d", f.Name, known, f.Max)
		}
	}
	for _, r := range controller.BootstrapRecords() {
		m, ok := r.Message.(*msg.FeatureLevelRecord)
		if known, found := findFeature(m.Name); ok && found && known.defaultLevel(latestRelease()) != m.FeatureLevel {
			t.Errorf("%s begins with %d, the controller's with %d", m.Name, known.defaultLevel(latestRelease()), m.FeatureLevel)
		}
	}
}

func TestVotersAreRead(t *testing.T) {
	got, err := parseVoters(" 3@h:1:JEXY6aqzQY-32P5TStzaFg,,1@[::1]:65535:MvDxzVmcRsaTz33bUuRU6A ")
	if err != nil || len(got) != 2 || got[0].id != 1 || got[0].host != "::1" || got[0].port != 65535 || got[1].directory.String() != "JEXY6aqzQY-32P5TStzaFg" {
		t.Errorf("%v %+v", err, got)
	}
	if v := quorumVoters(got, "ctl"); v[0].Endpoints[0].Listener != "CTL" || v[0].Endpoints[0].Host != "0:0:0:0:0:0:0:1" {
		t.Errorf("%+v", v)
	}
	for _, wrong := range []string{"", "a", "@h:1:x", "1@", "x@h:1:y", "-1@h:1:y", "1@[h", "1@[h]1", "1@h", "1@h:1", "1@h:x:y", "1@h:70000:y", "1@h:1:y", "1@h:1:JEXY6aqzQY-32P5TStzaFg,1@h:1:JEXY6aqzQY-32P5TStzaFg"} {
		if _, err := parseVoters(wrong); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}
