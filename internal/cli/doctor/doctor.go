// Package doctor looks at a cluster, or at a data directory, and says what is
// wrong or will be, and what to do about it. It changes nothing. Kind: shell
package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// Severity is how bad a finding is.
type Severity string

// The severities.
const (
	Bad  Severity = "bad"  // data is lost or not served
	Warn Severity = "warn" // it will be, or one more failure does it
	Fine Severity = "ok"   // a check that found nothing
)

// Finding is what one check says.
type Finding struct {
	Severity Severity `json:"severity"`
	Check    string   `json:"check"`   // of what kind it is: "retention"
	Subject  string   `json:"subject"` // what it is about: a topic, a group, a file
	Message  string   `json:"message"`
	Remedy   string   `json:"remedy,omitempty"`
}

// findings collects what the checks say.
type findings struct {
	all    []Finding
	checks []string // all that ran
}

// check begins a check; it is fine unless something is added to it.
func (f *findings) check(name string) { f.checks = append(f.checks, name) }

func (f *findings) add(s Severity, subject, remedy, format string, args ...any) {
	f.all = append(f.all, Finding{s, f.checks[len(f.checks)-1], subject, fmt.Sprintf(format, args...), remedy})
}

// sorted are all findings, the bad first, and a line for each check that found
// nothing.
func (f *findings) sorted() []Finding {
	list := slices.Clone(f.all)
	for _, name := range slices.Compact(slices.Clone(f.checks)) {
		if !slices.ContainsFunc(f.all, func(g Finding) bool { return g.Check == name }) {
			list = append(list, Finding{Severity: Fine, Check: name, Message: "nothing found"})
		}
	}
	rank := map[Severity]int{Bad: 0, Warn: 1, Fine: 2}
	slices.SortStableFunc(list, func(a, b Finding) int { return cmp.Compare(rank[a.Severity], rank[b.Severity]) })
	return list
}

type options struct {
	where   *client.Flags
	dirs    []string
	quick   bool
	metrics string
}

// Commands are this room's commands.
func Commands(env *command.Env) []*cobra.Command {
	o := &options{where: &client.Flags{}}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong with a cluster or a data directory, or will be",
		Long: `Look at a cluster and say what is wrong or will be: brokers that do not answer,
partitions without a leader, under-replicated or unevenly spread, retention that
deletes what a group has not read, groups that do not move, clocks that are off,
full disks, clients with old protocols (--metrics). With --dir it looks at data
directories instead, whether a broker runs on them or not, and checks every
batch. It changes nothing. It ends with exit code 1 where something is bad.`,
		Example: `  gregor doctor
  gregor doctor --bootstrap-server broker1:9092 --metrics http://broker1:9404/metrics
  gregor doctor --dir /var/lib/gregor --format json`,
		Args: cobra.NoArgs,
	}
	o.where.Add(cmd)
	cmd.Flags().Lookup("bootstrap-server").Usage += " (default " + client.LocalBroker + ")"
	cmd.Flags().StringArrayVar(&o.dirs, "dir", nil, "look at this data `directory` instead of a cluster; may be given often")
	cmd.Flags().BoolVar(&o.quick, "quick", false, "with --dir: do not read the data itself")
	cmd.Flags().StringVar(&o.metrics, "metrics", "", "also look at the metrics of a Gregor broker at this `URL`")
	command.FormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return run(cmd, env, o)
	}
	return []*cobra.Command{cmd}
}

func run(cmd *cobra.Command, env *command.Env, o *options) error {
	asJSON, err := command.IsJSON(cmd)
	if err != nil {
		return err
	}
	f := &findings{}
	if len(o.dirs) > 0 {
		for _, dir := range o.dirs {
			if err := directory(cmd.Context(), env, dir, o.quick, f); err != nil {
				return command.Fail(err)
			}
		}
	} else if err := cluster(cmd.Context(), env, o, f); err != nil {
		return err
	}
	list := f.sorted()
	if asJSON {
		if err := env.PrintJSON(list); err != nil {
			return err
		}
	} else {
		report(env, list)
	}
	if slices.ContainsFunc(list, func(g Finding) bool { return g.Severity == Bad }) {
		return command.Silent()
	}
	return nil
}

// findingsMax bounds the lines about one check that a person is shown.
const findingsMax = 20

// report prints for people: what is bad first, a remedy under each.
func report(env *command.Env, list []Finding) {
	shown := make(map[string]int)
	counts := make(map[Severity]int)
	for _, g := range list {
		counts[g.Severity]++
		if shown[g.Check]++; shown[g.Check] > findingsMax {
			continue
		}
		subject := ""
		if g.Subject != "" {
			subject = g.Subject + ": "
		}
		env.Printf("%-4s  %-12s  %s%s\n", strings.ToUpper(string(g.Severity)), g.Check, subject, g.Message)
		if g.Remedy != "" {
			env.Printf("%20s-> %s\n", "", g.Remedy)
		}
	}
	for check, n := range shown {
		if n > findingsMax {
			env.Printf("%d more about %s (--format json has them all)\n", n-findingsMax, check)
		}
	}
	env.Printf("%d bad, %d warnings, %d checks without a finding\n", counts[Bad], counts[Warn], counts[Fine])
}

// cluster asks a cluster and judges what it says.
func cluster(ctx context.Context, env *command.Env, o *options, f *findings) error {
	p, err := o.where.Resolve()
	if err != nil && o.where.Server == "" && o.where.Controller == "" {
		o.where.Server = client.LocalBroker
		p, err = o.where.Resolve()
	}
	if err != nil {
		return err
	}
	c, err := client.Open(ctx, env, p)
	if err != nil {
		return err
	}
	defer c.Close()
	facts, err := collect(ctx, c)
	if err != nil {
		return client.Explain(err, p.Servers())
	}
	facts.judge(f, time.Now())
	if o.metrics != "" {
		return protocols(ctx, o.metrics, f)
	}
	return nil
}
