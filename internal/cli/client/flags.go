package client

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// BootstrapVariable names the environment variable that stands for
// --bootstrap-server where the flag is missing.
const BootstrapVariable = "GREGOR_BOOTSTRAP_SERVER"

// LocalBroker is where Gregor's own commands look for a broker that nobody
// named. Kafka's commands want to be told.
const LocalBroker = "localhost:9092"

// Flags are the flags of a connection. Add defines those whose names are set.
type Flags struct {
	Server     string // --bootstrap-server
	Controller string // --bootstrap-controller
	Config     string // --command-config: a file of client properties
	Properties []string
}

// Named is server, or what the environment names where that is "".
func Named(server string) string {
	if server != "" {
		return server
	}
	return os.Getenv(BootstrapVariable)
}

// Add defines --bootstrap-server and --command-config, as most of Kafka's
// admin commands have them.
func (f *Flags) Add(cmd *cobra.Command) {
	f.AddServer(cmd)
	cmd.Flags().StringVar(&f.Config, "command-config", "", "read client properties (security, timeouts) from this `file`")
}

// AddServer defines --bootstrap-server alone.
func (f *Flags) AddServer(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.Server, "bootstrap-server", "", "connect to these brokers: `host:port,...` (or set "+BootstrapVariable+")")
}

// AddController defines --bootstrap-controller.
func (f *Flags) AddController(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.Controller, "bootstrap-controller", "", "connect to these controllers instead of brokers: `host:port,...`")
}

// Resolve reads the properties that the flags name, with bootstrap.servers or
// bootstrap.controllers in them. Nobody naming a broker is an error of usage.
func (f *Flags) Resolve() (Properties, error) {
	p, err := Load(f.Config)
	if err != nil {
		return nil, err
	}
	if err := p.Assign(f.Properties); err != nil {
		return nil, err
	}
	switch {
	case f.Server != "" && f.Controller != "":
		return nil, command.Usagef("You cannot specify both --bootstrap-controller and --bootstrap-server.")
	case f.Controller != "":
		delete(p, BootstrapServers)
		p[BootstrapControllers] = f.Controller
		return p, nil
	case f.Server != "":
		p[BootstrapServers] = f.Server
		return p, nil
	case p[BootstrapServers] != "" || p[BootstrapControllers] != "":
		return p, nil
	}
	if env := os.Getenv(BootstrapVariable); env != "" {
		p[BootstrapServers] = env
		return p, nil
	}
	return nil, command.Usagef("Missing required argument \"[bootstrap-server]\": name a broker, --bootstrap-server localhost:9092")
}
