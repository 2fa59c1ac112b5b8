package commands

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	groupCommand  = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
	groupsCommand = "org.apache.kafka.tools.GroupsCommand"
)

// longTail makes a topic's name longer than Kafka's CSV leaves without quotes.
const longTail = "-with-a-name-that-is-long"

// prepareGroups makes three topics, ten records a partition (the first topic)
// a second apart from 2020-01-01T00:00:00Z on, and a group without members
// that has read some of them.
func prepareGroups(t *testing.T, c Cluster, name string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Addr), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	topics := []string{name, name + longTail, name + "-empty"}
	if resp, err := admin.CreateTopics(t.Context(), 3, 1, nil, topics...); err != nil || resp.Error() != nil {
		t.Fatal(err, resp.Error())
	}
	start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, topic := range topics[:2] {
		for p := range int32(3) {
			for i := range 10 {
				r := &kgo.Record{Topic: topic, Partition: p, Value: []byte(strconv.Itoa(i)), Timestamp: start.Add(time.Duration(i) * time.Second)}
				if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, group := range []string{name, name + "-2"} {
		commit := kadm.Offsets{}
		commit.AddOffset(name, 0, 4, 0)
		commit.AddOffset(name, 2, 7, -1)
		commit.AddOffset(name+longTail, 1, 0, 0)
		if err := admin.CommitAllOffsets(t.Context(), group, commit); err != nil {
			t.Fatal(err)
		}
	}
}

// once prepares a cluster under one name for all runs: what only reads sees
// the same, and in the same order.
func once(name string, prepare func(t *testing.T, c Cluster, name string)) func(*testing.T, Cluster, string) {
	done := make(map[string]bool)
	return func(t *testing.T, c Cluster, _ string) {
		t.Helper()
		if !done[c.Name] {
			done[c.Name] = true
			prepare(t, c, name)
		}
	}
}

// lines that have text in them.
func having(text string) func(string) string {
	return func(all string) string {
		var kept []string
		for line := range strings.Lines(all) {
			if strings.Contains(line, text) {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
}

func TestConsumerGroupsThatAreRead(t *testing.T) {
	at := "--bootstrap-server BROKER "
	group := uniqueName()
	mine, here := at+"--group "+group+" ", having(group)
	topic, long, empty := group, group+longTail, group+"-empty"
	reset := mine + "--reset-offsets "
	Compare(t, world(t), Script{
		Name: "consumer-groups", Class: groupCommand, Command: "consumer-groups", Prepare: once(group, prepareGroups),
		Files: map[string]string{
			"one.csv":    topic + ",0,2\n" + topic + ",1,99\n",
			"two.csv":    group + "," + topic + ",0,3\n" + group + "-2," + topic + ",0,5\n",
			"quoted.csv": `"` + long + `",0,2` + "\n",
			"lines.csv":  topic + ", 0, 1\r\n" + topic + ",1,2\r\n",
			"other.csv":  "x," + topic + ",0,3\n",
			"broken.csv": topic + ",zero,2\n",
		},
		Steps: []Step{
			{Args: at + "--list", Shown: here},
			{Args: at + "--list --state", Shown: here},
			{Args: at + "--list --type", Shown: here},
			{Args: at + "--list --state --type", Shown: here},
			{Args: at + "--list --state empty,stable", Shown: here},
			{Args: at + "--list --state Stable", Shown: here},
			{Args: at + "--list --type classic --state empty", Shown: here},
			{Args: at + "--list --type consumer", Shown: here},
			{Args: at + "--list --state none", CodeOnly: true},
			{Args: at + "--list --type share", CodeOnly: true},
			{Args: mine + "--describe --group " + group + "-2", ErrShown: asIs},
			{Args: mine + "--describe --offsets --verbose"},
			{Args: mine + "--describe --members"},
			{Args: mine + "--describe --members --verbose"},
			{Args: mine + "--describe --state"},
			{Args: mine + "--describe --state --verbose"},
			{Args: at + "--describe --all-groups", Shown: here},
			{Args: at + "--describe --group NAME-none"},
			{Args: at + "--describe --group NAME-none --state --timeout 9000"},
			{Args: mine + "--describe --timeout soon"},
			{Args: mine + "--describe --state Empty", CodeOnly: true},
			{Args: mine + "--describe --state --members", CodeOnly: true},
			{Args: at + "--describe", CodeOnly: true},
			{Args: mine + "--members", CodeOnly: true},
			{Args: mine + "--list", CodeOnly: true},
			{Args: mine + "--describe --list", CodeOnly: true},
			{Args: mine + "--describe --all-groups", CodeOnly: true},
			{Args: mine + "--describe --topic " + topic, CodeOnly: true},
			{Args: mine, CodeOnly: true},
			{Args: "--list", CodeOnly: true},
			{Args: at + "--list more", Shown: here},
			{Args: at + "--describe --group ''"},
			{Args: "--version", CodeOnly: true},

			{Args: reset + "--to-earliest --topic " + topic},
			{Args: reset + "--to-latest --topic " + topic + " --topic " + long + ":0,2 --dry-run"},
			{Args: reset + "--to-offset 5 --all-topics"},
			{Args: reset + "--to-offset 99 --topic " + topic + ":1"},
			{Args: reset + "--to-offset -5 --topic " + topic + ":1"},
			{Args: reset + "--to-offset many --topic " + topic},
			{Args: reset + "--shift-by -2 --topic " + topic + ":0"},
			{Args: reset + "--shift-by 100 --all-topics"},
			{Args: reset + "--shift-by x --all-topics"},
			{Args: reset + "--shift-by 1 --topic " + topic, CodeOnly: true},
			{Args: reset + "--to-current --topic " + topic + " --topic " + empty},
			{Args: reset + "--to-datetime 2020-01-01T00:00:03.000 --topic " + topic},
			{Args: reset + "--to-datetime 2020-01-01T01:00:03.5+01:00 --all-topics"},
			{Args: reset + "--to-datetime 2020-01-01T02:00:03.000+02 --all-topics"},
			{Args: reset + "--to-datetime 2033-01-01T00:00:03.000Z --topic " + empty},
			{Args: reset + "--to-datetime 2020-13-01T00:00:03.000 --topic " + topic},
			{Args: reset + "--to-datetime 2020-01-01 --topic " + topic},
			{Args: reset + "--to-datetime 2020-01-01T00:00:03 --topic " + topic},
			{Args: reset + "--by-duration PT1H --topic " + topic},
			{Args: reset + "--by-duration P9000D --topic " + topic},
			{Args: reset + "--by-duration 1h --topic " + topic},
			{Args: reset + "--by-duration PT --topic " + topic},
			{Args: reset + "--to-earliest --all-topics --export"},
			{Args: mine + "--group " + group + "-2 --reset-offsets --to-earliest --all-topics --export"},
			{Args: mine + "--group " + group + "-2 --reset-offsets --to-latest --topic " + topic},
			{Args: reset + "--from-file DIR/one.csv"},
			{Args: reset + "--from-file DIR/two.csv --dry-run"},
			{Args: reset + "--from-file DIR/quoted.csv --dry-run"},
			{Args: mine + "--group " + group + "-2 --reset-offsets --from-file DIR/two.csv"},
			{Args: reset + "--from-file DIR/other.csv"},
			{Args: reset + "--from-file DIR/none.csv"},
			{Args: reset + "--from-file DIR/broken.csv", CodeOnly: true},
			{Args: reset + "--to-earliest --topic " + topic + ":7"},
			{Args: reset + "--to-earliest --topic NAME-none"},
			{Args: reset + "--to-earliest --topic ''"},
			{Args: reset + "--to-earliest --topic !!"},
			{Args: reset + "--from-file ''"},
			{Args: reset + "--from-file DIR/lines.csv --dry-run"},
			{Args: at + "--reset-offsets --group '' --to-earliest --topic " + topic},
			{Args: mine + "--group other --delete-offsets --topic " + topic},
			{Args: reset + "--to-earliest --topic NAME-none:0"},
			{Args: reset + "--to-earliest --topic " + topic + ":a", CodeOnly: true},
			{Args: reset + "--to-earliest --topic " + topic + ":", CodeOnly: true},
			{Args: reset + "--to-earliest --topic " + topic + ":0,0", CodeOnly: true},
			{Args: reset + "--to-earliest", CodeOnly: true},
			{Args: reset + "--topic " + topic, CodeOnly: true},
			{Args: reset + "--to-earliest --to-latest --topic " + topic, CodeOnly: true},
			{Args: reset + "--to-earliest --topic " + topic + " --dry-run --execute", CodeOnly: true},
			{Args: at + "--reset-offsets --to-earliest --topic " + topic, CodeOnly: true},
		},
	})
}

func TestConsumerGroupsThatAreChanged(t *testing.T) {
	at := "--bootstrap-server BROKER "
	mine := at + "--group NAME "
	reset := mine + "--reset-offsets "
	describe := Step{Args: mine + "--describe"}
	sorted := func(args string) Step { return Step{Args: args, Shown: Sorted} } // the names of two runs differ, and so does the order of their hashes
	Compare(t, world(t), Script{
		Name: "consumer-groups", Class: groupCommand, Command: "consumer-groups", Prepare: prepareGroups,
		Files: map[string]string{"one.csv": "NAME,0,2\nNAME,1,99\n"},
		Steps: []Step{
			sorted(reset + "--to-datetime 2020-01-01T00:00:03.000 --topic NAME --execute"),
			describe,
			sorted(reset + "--from-file DIR/one.csv --execute"),
			describe,
			sorted(reset + "--shift-by 1 --all-topics --execute --export"),
			describe,
			sorted(at + "--group NAME-new --reset-offsets --to-earliest --topic NAME --execute"),
			{Args: at + "--group NAME-new --describe"},

			{Args: mine + "--delete-offsets --topic NAME:0"},
			{Args: mine + "--delete-offsets --topic NAME --topic NAME" + longTail},
			{Args: mine + "--delete-offsets --topic NAME-none --topic NAME"},
			{Args: mine + "--delete-offsets --topic NAME-none"},
			{Args: at + "--group NAME-none --delete-offsets --topic NAME"},
			{Args: mine + "--delete-offsets", CodeOnly: true},
			{Args: at + "--delete-offsets --topic NAME", CodeOnly: true},
			describe,

			{Args: mine + "--delete --topic NAME", CodeOnly: true},
			{Args: at + "--delete", CodeOnly: true},
			sorted(at + "--delete --group NAME-2 --group NAME-none"),
			{Args: at + "--delete --group NAME-new"},
			{Args: at + "--delete --group NAME"},
			{Args: at + "--list", Shown: Mine},
		},
	})
}

func asIs(text string) string { return text }

func TestValidateRegex(t *testing.T) {
	var steps []Step
	for _, regex := range []string{
		"abc.*", "(", ")", "a**", "[a", "[z-a]", "a{1001}", `\`, `\8`, "(?i", "(?<n>x)", "(?P<n>x)(?P<n>y)", `\pX`, "*", "(?=a)", `[[:word:]`, "x{2,1}", `\Q.`,
	} {
		steps = append(steps, Step{Args: "--validate-regex '" + regex + "'"})
	}
	Compare(t, world(t), Script{Name: "validate-regex", Class: groupCommand, Command: "consumer-groups", Steps: steps})
}

// member runs a consumer in group until the test ends, and waits until it has
// partitions.
func member(t *testing.T, c Cluster, group, topic, client string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	assigned := make(chan struct{}, 16)
	options = append([]kgo.Opt{
		kgo.SeedBrokers(c.Addr), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.ClientID(client), kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, got map[string][]int32) {
			if len(got) > 0 {
				assigned <- struct{}{}
			}
		}),
	}, options...)
	cl, err := kgo.NewClient(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	go func() {
		for cl.PollFetches(t.Context()).Err0() == nil {
		}
	}()
	select {
	case <-assigned:
	case <-time.After(30 * time.Second):
		t.Fatalf("%s has got no partitions of %s", client, topic)
	}
	return cl
}

func TestConsumerGroupsWithMembers(t *testing.T) {
	group := uniqueName()
	mine := "--bootstrap-server BROKER --group " + group + " "
	Compare(t, world(t), Script{
		Name: "consumer-groups with members", Class: groupCommand, Command: "consumer-groups",
		Prepare: once(group, func(t *testing.T, c Cluster, name string) {
			prepareGroups(t, c, name)
			member(t, c, name, name, "client-of-"+name, kgo.InstanceID("instance-of-"+name))
			member(t, c, name+"-3", name+longTail, "another")
		}),
		Steps: membersSteps(mine, group),
	})
}

// membersSteps are what there is to see of a group with members, and what is
// refused.
func membersSteps(mine, group string) []Step {
	return []Step{
		{Args: mine + "--describe"},
		{Args: mine + "--describe --verbose"},
		{Args: mine + "--describe --members"},
		{Args: mine + "--describe --members --verbose"},
		{Args: mine + "--describe --state"},
		{Args: mine + "--describe --state --verbose"},
		{Args: "--bootstrap-server BROKER --describe --members --all-groups --verbose", Shown: having(group)},
		{Args: "--bootstrap-server BROKER --list --state --type", Shown: having(group)},
		{Args: mine + "--reset-offsets --to-earliest --topic " + group + " --execute"},
		{Args: mine + "--delete"},
		{Args: mine + "--delete-offsets --topic " + group},
		{Args: mine + "--delete-offsets --topic " + group + longTail + " --topic " + group},
	}
}

// TestConsumerGroupsOfTheNewProtocol looks at a group of KIP-848, which Apache
// Kafka serves.
func TestConsumerGroupsOfTheNewProtocol(t *testing.T) {
	group := uniqueName()
	mine := "--bootstrap-server BROKER --group " + group + " "
	w := world(t)
	CompareOn(t, w, w.Clusters()[0], Script{
		Name: "consumer-groups of the new protocol", Class: groupCommand, Command: "consumer-groups",
		Prepare: once(group, func(t *testing.T, c Cluster, name string) {
			prepareGroups(t, c, name)
			next := kgo.WithContext(context.WithValue(context.Background(), "opt_in_kafka_next_gen_balancer_beta", true)) //nolint:staticcheck // the client's own key
			member(t, c, name+"-next", name, "client-of-"+name, next)
		}),
		Steps: append(membersSteps(strings.Replace(mine, group, group+"-next", 1), group),
			Step{Class: groupsCommand, Command: "groups", Args: "--bootstrap-server BROKER --list --group-type consumer", Shown: having(group)}),
	})
}

func TestGroups(t *testing.T) {
	at := "--bootstrap-server BROKER "
	group := uniqueName()
	here := having(group)
	Compare(t, world(t), Script{
		Name: "groups", Class: groupsCommand, Command: "groups",
		Prepare: once(group, func(t *testing.T, c Cluster, name string) {
			prepareGroups(t, c, name)
			member(t, c, name+"-m", name, "client")
		}),
		Steps: []Step{
			{Args: at + "--list", Shown: here},
			{Args: at + "--list", Shown: FirstLine},
			{Args: at + "--list --group-type classic", Shown: here},
			{Args: at + "--list --group-type consumer", Shown: here},
			{Args: at + "--list --group-type classic --protocol consumer", Shown: here},
			{Args: at + "--list --protocol consumer", Shown: here},
			{Args: at + "--list --protocol none"},
			{Args: at + "--list --consumer", Shown: here},
			{Args: at + "--list --share"},
			{Args: at + "--list --streams"},
			{Args: at + "--list --group-type none", CodeOnly: true},
			{Args: at + "--list --consumer --share", CodeOnly: true},
			{Args: at + "--list --consumer --group-type share", CodeOnly: true},
			{Args: at, CodeOnly: true},
			{Args: "--list", CodeOnly: true},
			{Args: at + "--list --no-such-flag", CodeOnly: true},
		},
	})
}
