package commands

import (
	"regexp"
	"strings"
	"testing"
)

const (
	clusterTool    = "org.apache.kafka.tools.ClusterTool"
	versionsTool   = "org.apache.kafka.tools.BrokerApiVersionsCommand"
	featuresTool   = "org.apache.kafka.tools.FeatureCommand"
	quorumTool     = "org.apache.kafka.tools.MetadataQuorumCommand"
	logDirsTool    = "org.apache.kafka.tools.LogDirsCommand"
	usageArguments = "--no-such-flag"
)

func TestCluster(t *testing.T) {
	Compare(t, world(t), Script{
		Name: "cluster", Class: clusterTool, Command: "cluster",
		Files: map[string]string{"client.properties": "request.timeout.ms=9000\n"},
		Steps: []Step{
			{Args: "cluster-id --bootstrap-server BROKER"},
			{Args: "cluster-id -b BROKER -c DIR/client.properties"},
			{Args: "cluster-id -b BROKER --config DIR/client.properties"},
			{Args: "cluster-id -b BROKER --config DIR/client.properties --command-config DIR/client.properties", CodeOnly: true},
			{Args: "cluster-id -b BROKER --command-config DIR/none.properties", CodeOnly: true},
			{Args: "cluster-id --bootstrap-controller CONTROLLER"},
			{Args: "cluster-id -C BROKER", CodeOnly: true},
			{Args: "cluster-id --bootstrap-server BROKER --bootstrap-controller CONTROLLER", CodeOnly: true},
			{Args: "cluster-id --bootstrap-server BROKER --no-such-flag", CodeOnly: true},
			{Args: "cluster-id", CodeOnly: true},
			{Args: "list-endpoints --bootstrap-server BROKER"},
			{Args: "list-endpoints --bootstrap-server BROKER --include-fenced-brokers"},
			{Args: "list-endpoints --bootstrap-controller CONTROLLER"},
			{Args: "list-endpoints --bootstrap-controller CONTROLLER --include-fenced-brokers"},
			{Args: "unregister --bootstrap-server BROKER --id 77"},
			{Args: "unregister --bootstrap-controller CONTROLLER --id 77"},
			{Args: "unregister --bootstrap-server BROKER", CodeOnly: true},
			{Args: "unregister --bootstrap-server BROKER --id many", CodeOnly: true},
			{Args: "unknown --bootstrap-server BROKER", CodeOnly: true},
			{Args: "", CodeOnly: true},
		},
	})
}

// byItsRelease hides what depends on the release of the command alone: which
// versions that release uses, and which keys and levels it has no name for.
func byItsRelease(text string) string {
	text = regexp.MustCompile(` \[usable: \d+\]`).ReplaceAllString(text, "")
	return regexp.MustCompile(`(UNKNOWN|StreamsGroupTopologyDescriptionUpdate|UnregisterController)\((93|94)\)`).ReplaceAllString(text, "<new>($2)")
}

// known are the lines about keys that both releases know.
func known(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "(93)") && !strings.Contains(line, "(94)") {
			kept = append(kept, strings.TrimRight(line, ",\n"))
		}
	}
	return strings.Join(kept, "\n")
}

func TestBrokerAPIVersions(t *testing.T) {
	Compare(t, world(t), Script{
		Name: "broker-api-versions", Class: versionsTool, Command: "broker-api-versions",
		Steps: []Step{
			{Args: "--bootstrap-server BROKER", Shown: Both(byItsRelease, known)},
			{Args: "", CodeOnly: true},
			{Args: "--bootstrap-server BROKER " + usageArguments, CodeOnly: true},
		},
	})
}

// newLevel is the level of metadata.version that 4.3.1 has no name for, and
// epochs move on by themselves.
func newLevel(text string) string {
	text = strings.ReplaceAll(text, "UNKNOWN 33", "4.4-IV2   ")
	text = regexp.MustCompile(`Epoch: \d+`).ReplaceAllString(text, "Epoch: <n>")
	return strings.ReplaceAll(text, "  FinalizedVersionLevel", " FinalizedVersionLevel")
}

func TestFeatures(t *testing.T) {
	at, controller := "--bootstrap-server BROKER ", "--bootstrap-controller CONTROLLER "
	steps := []Step{
		{Args: at + "describe", Shown: newLevel},
		{Args: controller + "describe", Shown: newLevel},
		{Args: at + "describe --node-id 1", Shown: newLevel},
		{Args: at + "describe --node-id -1"},
		{Args: at + "upgrade --feature group.version=1 --dry-run"},
		{Args: at + "upgrade --feature group.version=9 --dry-run"},
		{Args: at + "upgrade --feature no.such=1 --dry-run"},
		{Args: at + "upgrade --feature no.such=1 --feature group.version=1"},
		{Args: controller + "upgrade --feature group.version=1 --dry-run"},
		{Args: at + "upgrade --metadata 4.0-IV0 --dry-run"},
		{Args: at + "upgrade --metadata 9.9 --dry-run"},
		{Args: at + "upgrade --release-version 4.3 --dry-run"},
		{Args: at + "upgrade --release-version 4.3 --feature group.version=1"},
		{Args: at + "upgrade --feature group.version=1 --feature group.version=1"},
		{Args: at + "upgrade --feature group.version"},
		{Args: at + "upgrade --feature group.version=one"},
		{Args: at + "upgrade --feature group.version=0"},
		{Args: at + "upgrade --feature group.version=-1"},
		{Args: at + "upgrade"},
		{Args: at + "downgrade --feature share.version=1 --dry-run"},
		{Args: at + "downgrade --feature share.version=9 --dry-run"},
		{Args: at + "downgrade --metadata 4.0-IV0 --dry-run"},
		{Args: at + "downgrade --metadata 3.3-IV3 --unsafe --dry-run"},
		{Args: at + "downgrade --release-version 4.0 --dry-run"},
		{Args: at + "disable --feature streams.version --dry-run"},
		{Args: at + "disable --feature metadata.version --dry-run"},
		{Args: at + "disable --feature no.such --unsafe"},
		{Args: at + "disable"},
		{Args: at + "disable --feature streams.version"},
		{Args: at + "upgrade --feature streams.version=1"},
		{Args: at + "upgrade " + usageArguments, CodeOnly: true},
		{Args: "describe", CodeOnly: true},
		{Args: at, CodeOnly: true},
		{Args: "version-mapping --release-version 4.4-IV0", CodeOnly: true},
		{Args: "version-mapping --release-version 1.0"},
		{Args: "feature-dependencies", CodeOnly: true},
		{Args: "feature-dependencies --feature metadata.version=99"},
		{Args: "feature-dependencies --feature no.such=1"},
		{Args: "feature-dependencies --feature group.version=1 --feature eligible.leader.replicas.version=1 --feature metadata.version=25"},
		{Args: "feature-dependencies --feature kraft.version=5"},
		{Args: "feature-dependencies --feature transaction.version=2 --feature kraft.version=1 --feature share.version=1 --feature streams.version=1"},
	}
	for _, release := range []string{
		"3.3", "3.4", "3.5", "3.5-IV1", "3.6", "3.7", "3.7-IV2", "3.8", "3.9.1", "4.0", "4.0-IV0", "4.0-IV2", "4.1", "4.1-IV0", "4.2", "4.2.0", "4.2-IV0", "4.3",
	} {
		steps = append(steps, Step{Args: "version-mapping --release-version " + release})
	}
	Compare(t, world(t), Script{Name: "features", Class: featuresTool, Command: "features", Steps: steps})
}

// moving hides what moves on between two looks: the metadata log grows by
// itself.
func moving(text string) string {
	text = regexp.MustCompile(`(HighWatermark: +)\d+`).ReplaceAllString(text, "$1<n>")
	text = regexp.MustCompile(`\t\d+ +\t0  \t`).ReplaceAllString(text, "\t<n>\t0\t")
	return regexp.MustCompile(`\t(\d{13} *|\d+ ms ago *)`).ReplaceAllString(text, "\t<time>")
}

func TestMetadataQuorum(t *testing.T) {
	at, controller := "--bootstrap-server BROKER ", "--bootstrap-controller CONTROLLER "
	const directory = "MFZjDDMBTzmoUJ5cFcFpfg"
	Compare(t, world(t), Script{
		Name: "metadata-quorum", Class: quorumTool, Command: "metadata-quorum",
		Files: map[string]string{
			"meta.properties": "version=1\ncluster.id=4L6g3nShT-eMCtK--X86sw\nnode.id=7\ndirectory.id=" + directory + "\n",
			"good.properties": "node.id=7\nprocess.roles=controller\nlog.dirs=DIR\ncontroller.listener.names=CONTROLLER\n" +
				"listeners=CONTROLLER://:19093\nadvertised.listeners=CONTROLLER://host7:19094\n",
			"noid.properties":   "process.roles=controller\nlog.dirs=DIR\n",
			"broker.properties": "node.id=7\nprocess.roles=broker\nlog.dirs=DIR\n",
			"nodir.properties":  "node.id=7\nprocess.roles=controller\n",
			"names.properties":  "node.id=7\nprocess.roles=controller\nmetadata.log.dir=DIR\nlisteners=CONTROLLER://:19093\n",
			"other.properties":  "node.id=7\nprocess.roles=controller\nmetadata.log.dir=DIR\nlisteners=CONTROLLER://:19093\ncontroller.listener.names=OTHER\n",
			"lost.properties":   "node.id=7\nprocess.roles=controller\nmetadata.log.dir=DIR/none\n",
		},
		Steps: []Step{
			{Args: at + "describe --status", Shown: moving},
			{Args: controller + "describe --status", Shown: moving},
			{Args: at + "describe --replication", Shown: moving},
			{Args: controller + "describe --replication", Shown: moving},
			{Args: at + "describe --replication --human-readable", Shown: moving},
			{Args: at + "describe --status --human-readable"},
			{Args: at + "describe --status --replication"},
			{Args: at + "describe"},
			{Args: at, CodeOnly: true},
			{Args: "describe --status", CodeOnly: true},
			{Args: at + controller + "describe --status", CodeOnly: true},
			{Args: controller + "--command-config DIR/good.properties add-controller --dry-run"},
			{Args: controller + "--command-config DIR/good.properties add-controller", CodeOnly: true},
			{Args: at + "--command-config DIR/noid.properties add-controller --dry-run"},
			{Args: at + "--command-config DIR/broker.properties add-controller --dry-run"},
			{Args: at + "--command-config DIR/nodir.properties add-controller --dry-run"},
			{Args: at + "--command-config DIR/names.properties add-controller --dry-run"},
			{Args: at + "--command-config DIR/other.properties add-controller --dry-run"},
			{Args: at + "--command-config DIR/lost.properties add-controller --dry-run"},
			{Args: at + "--command-config DIR/none.properties add-controller --dry-run"},
			{Args: at + "add-controller --dry-run"},
			{Args: at + "remove-controller --controller-id 7 --controller-directory-id " + directory + " --dry-run"},
			{Args: at + "remove-controller -i 7 -d " + directory, CodeOnly: true},
			{Args: controller + "remove-controller -i 7 -d " + directory, CodeOnly: true},
			{Args: at + "remove-controller --controller-id -7 --controller-directory-id " + directory},
			{Args: at + "remove-controller --controller-id 7 --controller-directory-id short"},
			{Args: at + "remove-controller --controller-id 7", CodeOnly: true},
		},
	})
}

func TestLogDirs(t *testing.T) {
	at := "--bootstrap-server BROKER "
	group := uniqueName()
	sizes := func(text string) string { // files of internal topics grow by themselves
		return regexp.MustCompile(`"__[a-z_]+-\d+","offsetLag":0,"size":\d+`).ReplaceAllString(text, "<internal>")
	}
	Compare(t, world(t), Script{
		Name: "log-dirs", Class: logDirsTool, Command: "log-dirs", Prepare: once(group, prepareGroups),
		Steps: []Step{
			{Args: at + "--describe", Shown: sizes},
			{Args: at + "--describe --topic-list " + group + ",," + group + longTail + " --broker-list 1"},
			{Args: at + "--describe --topic-list none --broker-list 1,1"},
			{Args: at + "--describe --broker-list 1,8,9"},
			{Args: at + "--describe --broker-list one", CodeOnly: true},
			{Args: at, CodeOnly: true},
			{Args: "--describe", CodeOnly: true},
			{Args: at + "--describe " + usageArguments, CodeOnly: true},
		},
	})
}
