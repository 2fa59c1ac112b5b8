package cluster

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/metadata"
)

func TestEveryLevelOfMetadataVersionHasAName(t *testing.T) {
	for level := metadata.MinMetadataVersion; level <= metadata.LatestMetadataVersion; level++ {
		name, ok := metadataName(level)
		if got, err := metadataLevel(name); !ok || err != nil || got != level {
			t.Errorf("%d is %q, which is %d, %v", level, name, got, err)
		}
	}
	if name, ok := metadataName(metadata.LatestMetadataVersion + 1); ok {
		t.Errorf("a level that is not there is %s", name)
	}
	for release, want := range map[string]int16{"4.4": 33, "4.4.0": 33, "4.0-IV1": 23, "3.3": 7, "4.3.1": 30} {
		if got, err := metadataLevel(release); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", release, got, err, want)
		}
	}
	for _, release := range []string{"", "4", "4.4-IV9", "9.9", "4.0-IV"} {
		if level, err := metadataLevel(release); err == nil || !strings.Contains(err.Error(), "3.3-IV3, 3.4-IV0") {
			t.Errorf("%s: %d, %v", release, level, err)
		}
	}
}

func TestANewClusterHasTheFeaturesOfItsRelease(t *testing.T) {
	want := map[string]int16{
		"kraft.version": 1, "transaction.version": 2, "group.version": 1, "eligible.leader.replicas.version": 1, "share.version": 2, "streams.version": 1,
	}
	for _, f := range features() {
		if got := f.defaultLevel(metadata.LatestMetadataVersion); got != want[f.name] {
			t.Errorf("%s: %d, want %d", f.name, got, want[f.name])
		}
		if got := f.defaultLevel(metadata.MinMetadataVersion); got != 0 {
			t.Errorf("%s in 3.3: %d", f.name, got)
		}
	}
}

func TestAControllerIsWhoItsConfigurationSays(t *testing.T) {
	dir := t.TempDir()
	meta := "version=1\ncluster.id=x\nnode.id=7\ndirectory.id=MFZjDDMBTzmoUJ5cFcFpfg\n"
	if err := os.WriteFile(filepath.Join(dir, "meta.properties"), []byte(meta), 0o600); err != nil {
		t.Fatal(err)
	}
	good := client.Properties{
		"node.id": "7", "process.roles": "controller", "log.dirs": dir + ",/elsewhere", "controller.listener.names": "controller,SECOND",
		"listeners": "CONTROLLER://:9093,SECOND://[::1]:9094", "advertised.listeners": "CONTROLLER://host:9095",
	}
	v, err := voterOf(good)
	if err != nil {
		t.Fatal(err)
	}
	var endpoints []string
	for _, l := range v.Listeners {
		endpoints = append(endpoints, endpointText(l.Name, l.Host, l.Port))
	}
	if got := strings.Join(endpoints, " "); v.VoterID != 7 || got != "CONTROLLER://host:9095 SECOND://[::1]:9094" || directoryText(v.VoterDirectoryID) != "MFZjDDMBTzmoUJ5cFcFpfg" {
		t.Errorf("%d %s %s", v.VoterID, got, directoryText(v.VoterDirectoryID))
	}
	bad := map[string]client.Properties{
		"node.id not found":                      {"node.id": ""},
		"is no number":                           {"node.id": "seven"},
		"was negative":                           {"node.id": "-1"},
		"did not contain 'controller'":           {"process.roles": "broker"},
		"Neither metadata.log.dir nor log.dirs":  {"log.dirs": ""},
		"Unable to read meta.properties from":    {"metadata.log.dir": dir + "/none"},
		"listener name: THIRD":                   {"controller.listener.names": "THIRD"},
		"controller.listener.names was not":      {"controller.listener.names": ""},
		"listeners: nonsense is not NAME://":     {"listeners": "nonsense"},
		"the port is not a number from 0 to 655": {"listeners": "A://h:99999"},
	}
	for want, change := range bad {
		p := good.Clone()
		maps.Copy(p, change)
		if v, err := voterOf(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, %v; want %s", change, v, err, want)
		}
	}
}

func TestTimesOfTheQuorumAreShownAsTheUserWants(t *testing.T) {
	now := time.UnixMilli(2000)
	for _, test := range []struct {
		ms    int64
		human bool
		want  string
	}{{-1, true, "-1"}, {1500, false, "1500"}, {1500, true, "500 ms ago"}} {
		if got, err := whenText(test.ms, "last fetch", test.human, now); err != nil || got != test.want {
			t.Errorf("%+v: %s, %v", test, got, err)
		}
	}
	if got, err := whenText(3000, "last fetch", true, now); err == nil || !strings.Contains(err.Error(), "drift") {
		t.Errorf("a time to come: %s, %v", got, err)
	}
}
