package perf

import (
	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/flags"
)

// latencyFlags are those of e2e-latency.
type latencyFlags struct {
	server, topic, acks, config string
	numRecords, recordSize      int32
	keySize                     int32
	headerKeySize, headerSize   int32
	numHeaders                  int32
	set                         func(name string) bool
}

func newLatency(env *command.Env) *cobra.Command {
	f := new(latencyFlags)
	cmd := command.AsKafka(&cobra.Command{
		Use:   "e2e-latency",
		Short: "Measure how long a record takes from a producer to a consumer",
		Long: `Write one record after the other and read each before the next is written;
print how long they took. Nobody else should write to the topic meanwhile. A
topic that is missing is made.

The form of older releases, host:port TOPIC COUNT ACKS BYTES [FILE], is taken too.`,
		Example: `  gregor e2e-latency --bootstrap-server localhost:9092 --topic latency \
    --num-records 10000 --producer-acks all --record-size 1024`,
		Args: cobra.ArbitraryArgs,
	}, "e2e-latency")
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		asJSON, err := command.IsJSON(cmd)
		if err != nil {
			return err
		}
		if err := f.legacy(cmd, env, args, asJSON); err != nil {
			return err
		}
		if err := f.check(); err != nil {
			return err
		}
		run := &latencyRun{env: env, json: asJSON, latencyFlags: f}
		if run.properties, err = client.Load(f.config); err != nil {
			return err
		}
		run.properties[client.BootstrapServers] = f.server
		return run.do(cmd.Context())
	}
	return cmd
}

func (f *latencyFlags) add(cmd *cobra.Command) {
	s := cmd.Flags()
	f.set = s.Changed
	s.StringVar(&f.server, "bootstrap-server", "", "connect to these brokers: `host:port,...`")
	s.StringVar(&f.topic, "topic", "", "write to and read from this `topic`")
	s.Int32Var(&f.numRecords, "num-records", 0, "send so many records (`count`)")
	s.StringVar(&f.acks, "producer-acks", "", "who acknowledges a record, the leader or all replicas in sync: `1|all`")
	s.Int32Var(&f.recordSize, "record-size", 0, "values of so many `bytes`")
	s.Int32Var(&f.keySize, "record-key-size", 0, "keys of so many `bytes`")
	s.Int32Var(&f.headerKeySize, "record-header-key-size", 0, "header names of so many `bytes`")
	s.Int32Var(&f.headerSize, "record-header-size", 0, "header values of so many `bytes`; -1 is a null value")
	s.Int32Var(&f.numHeaders, "num-headers", 0, "so many headers a record (`count`)")
	for _, name := range []string{"record-key-size", "record-header-key-size", "record-header-size", "num-headers"} {
		s.Lookup(name).NoOptDefVal = "0"
		flags.Annotate(s, name, flags.Optional)
	}
	s.StringVar(&f.config, "command-config", "", "read client properties from this `file`")
	command.FormatFlag(cmd)
}

// legacy takes the arguments of releases before 4.2, where no required flag is
// given.
func (f *latencyFlags) legacy(cmd *cobra.Command, env *command.Env, args []string, asJSON bool) error {
	for _, name := range []string{"bootstrap-server", "topic", "num-records", "producer-acks", "record-size"} {
		if f.set(name) {
			if len(args) > 0 {
				return command.Usagef("%q is no flag", args[0])
			}
			return nil
		}
	}
	if len(args) == 0 && cmd.Flags().NFlag() == 0 {
		return nil
	}
	if len(args) != 5 && len(args) != 6 {
		return command.Failf("Invalid number of arguments. Expected 5 or 6 positional arguments, but got %d. "+
			"Usage: bootstrap-server topic num-records producer-acks record-size [optional] command-config", len(args))
	}
	names := []string{"bootstrap-server", "topic", "num-records", "producer-acks", "record-size", "command-config"}
	deprecated(env, asJSON, "WARNING: Positional argument usage is deprecated and will be removed in Apache Kafka 5.0. "+
		"Please use named arguments instead: --bootstrap-server, --topic, --num-records, --producer-acks, --record-size, --command-config")
	for i, word := range args {
		if err := cmd.Flags().Set(names[i], word); err != nil {
			return command.Usagef("%s %q: %w", names[i], word, err)
		}
	}
	return nil
}

// check is what EndToEndLatencyCommandOptions checks.
func (f *latencyFlags) check() error {
	if f.server = client.Named(f.server); f.server == "" {
		return command.Usagef("Missing required argument \"[bootstrap-server]\"")
	}
	for _, name := range []string{"topic", "num-records", "producer-acks", "record-size"} {
		if !f.set(name) {
			return command.Usagef("Missing required argument \"[%s]\"", name)
		}
	}
	switch {
	case f.acks != "1" && f.acks != "all":
		return command.Usagef("Invalid value for --producer-acks. Latency testing requires synchronous acknowledgement. Please use '1' or 'all'.")
	case f.numRecords <= 0:
		return command.Usagef("Value for --num-records must be a positive integer.")
	case f.recordSize < 0:
		return command.Usagef("Value for --record-size must be a non-negative integer.")
	case f.keySize < 0:
		return command.Usagef("Value for --record-key-size must be a non-negative integer.")
	case f.headerKeySize < 0:
		return command.Usagef("Value for --record-header-key-size must be a non-negative integer.")
	case f.headerSize < -1:
		return command.Usagef("Value for --record-header-size must be a non-negative integer or -1 for null header value.")
	case f.numHeaders < 0:
		return command.Usagef("Value for --num-headers must be a non-negative integer.")
	}
	const most = 1 << 30 // of franz-go; no broker takes that much
	if total := int64(f.recordSize) + int64(f.keySize) + int64(f.numHeaders)*(int64(f.headerKeySize)+int64(max(f.headerSize, 0))+1); total > most {
		return command.Failf("a record of %d bytes is too large; at most %d are sent", total, most)
	}
	return nil
}
