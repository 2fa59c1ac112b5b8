package flags

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// tree is a command with one flag of each kind, and a sub-command.
func tree() *cobra.Command {
	root := &cobra.Command{Use: "gregor"}
	quorum := &cobra.Command{Use: "metadata-quorum"}
	quorum.PersistentFlags().String("bootstrap-server", "", "brokers")
	describe := &cobra.Command{Use: "describe", Run: func(*cobra.Command, []string) {}}
	describe.Flags().Bool("status", false, "short")
	quorum.AddCommand(describe)
	topics := &cobra.Command{Use: "topics", Version: "4", Run: func(*cobra.Command, []string) {}}
	topics.Flags().String("topic", "", "the topic")
	topics.Flags().StringArray("config", nil, "a config")
	topics.Flags().Bool("create", false, "create it")
	topics.Flags().BoolP("quiet", "q", false, "say less")
	topics.Flags().Int("partitions", 0, "how many")
	topics.Flags().StringArray("node-ids", nil, "nodes")
	Annotate(topics.Flags(), "node-ids", Many)
	topics.Flags().String("state", "", "states")
	Annotate(topics.Flags(), "state", Optional)
	topics.Flags().Int32("header-size", 0, "bytes")
	Annotate(topics.Flags(), "header-size", Optional)
	root.AddCommand(quorum, topics)
	return root
}

func TestEveryWayInWhichKafkaTakesAFlagBecomesOne(t *testing.T) {
	tests := map[string]string{
		"topics --topic x --create":                              "topics --topic=x --create",
		"topics -topic x -create":                                "topics --topic=x --create",
		"topics --topic=x=y":                                     "topics --topic=x=y",
		"topics --partitions -1":                                 "topics --partitions=-1",
		"topics --topic --create":                                "topics --topic=--create",
		"topics --parti 3":                                       "topics --partitions=3",
		"topics -q":                                              "topics --quiet",
		"topics --node-ids 1 2 3 --create":                       "topics --node-ids=1 --node-ids=2 --node-ids=3 --create",
		"topics --state --create":                                "topics --state --create",
		"topics --header-size -1 --create":                       "topics --header-size=-1 --create",
		"topics --header-size --create":                          "topics --header-size --create",
		"topics --state Empty":                                   "topics --state=Empty",
		"topics here there":                                      "topics -- here there",
		"topics --create -- --topic":                             "topics --create -- --topic",
		"topics -":                                               "topics -- -",
		"metadata-quorum --bootstrap-server a describe":          "metadata-quorum describe --bootstrap-server=a",
		"metadata-quorum describe --status --bootstrap-server a": "metadata-quorum describe --status --bootstrap-server=a",
		"topics --help":                                          "topics --help",
		"topics --version":                                       "topics --version",
	}
	for in, want := range tests {
		_, got, err := Normalize(tree(), strings.Fields(in))
		if err != nil || !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestAWrongFlagNamesTheRightOne(t *testing.T) {
	tests := map[string]string{
		"topics --topics x":   "did you mean --topic?",
		"topics --partitons":  "did you mean --partitions?",
		"topics --zzzzzzzzzz": "unknown flag --zzzzzzzzzz",
		"topics --c":          "--c could be --config or --create",
		"topics --topic":      "--topic needs a value: the topic",
		"topics --node-ids":   "--node-ids needs at least one value",
	}
	for in, want := range tests {
		if _, got, err := Normalize(tree(), strings.Fields(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v; want %q", in, got, err, want)
		}
	}
}
