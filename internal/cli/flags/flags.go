// Package flags turns command lines as Kafka's commands take them into the
// form that cobra takes: Kafka's options may be written -topic, --topic=x or
// --topic x, a value may begin with a dash, some options take several values,
// and the connection may stand before or after a sub-command. Kind: pure
package flags

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gregor-stream/gregor/internal/config"
)

// The annotations of a flag that takes its values in a form that pflag does
// not know.
const (
	// Many marks a flag that takes all words up to the next flag (argparse4j's
	// nargs="+"): --node-ids 1 2 3.
	Many = "many"
	// Optional marks a flag whose value may be missing (joptsimple's
	// withOptionalArg): the next word is its value unless it is a flag.
	Optional = "optional"
)

// Annotate marks a flag with [Many] or [Optional]. The flag must exist.
func Annotate(set *pflag.FlagSet, name, mark string) {
	if err := set.SetAnnotation(name, mark, []string{"true"}); err != nil {
		panic(err) // a broken invariant: the flag was defined a line above
	}
}

// Normalize returns args for root in cobra's form: the names of commands
// first, then every flag as --name=value, then --, then what is left. A word
// that begins with a dash and is no flag is an error that names the nearest
// flag. The command is the one that the words led to, also where they are wrong.
func Normalize(root *cobra.Command, args []string) (*cobra.Command, []string, error) {
	n := normalizer{cmd: root}
	for i := 0; i < len(args); i++ {
		word := args[i]
		if word == "--" {
			n.rest = append(n.rest, args[i+1:]...)
			break
		}
		if len(word) < 2 || word[0] != '-' {
			n.positional(word)
			continue
		}
		used, err := n.flag(word, args[i+1:])
		if err != nil {
			return n.cmd, nil, err
		}
		i += used
	}
	out := append(n.path, n.flags...)
	if len(n.rest) > 0 {
		out = append(append(out, "--"), n.rest...)
	}
	return n.cmd, out, nil
}

type normalizer struct {
	cmd   *cobra.Command // the command that the words so far have led to
	path  []string       // its name, a word a level
	flags []string
	rest  []string
}

// positional is the name of a sub-command, or an argument.
func (n *normalizer) positional(word string) {
	if len(n.rest) == 0 {
		for _, child := range n.cmd.Commands() {
			if child.Name() == word || child.HasAlias(word) {
				n.cmd, n.path = child, append(n.path, word)
				return
			}
		}
	}
	n.rest = append(n.rest, word)
}

// flag handles one word that begins with a dash, and says how many of the
// words after it are its values.
func (n *normalizer) flag(word string, after []string) (int, error) {
	name, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
	f, err := n.find(name, strings.HasPrefix(word, "--"))
	if err != nil {
		return 0, err
	}
	if f == nil { // a cluster of shorthands, or -p5: pflag knows
		n.flags = append(n.flags, word)
		return 0, nil
	}
	switch {
	case hasValue:
		n.add(f, value)
		return 0, nil
	case f.Annotations[Many] != nil:
		return n.many(f, after)
	case f.Annotations[Optional] != nil:
		if len(after) > 0 && (after[0] == "-" || !strings.HasPrefix(after[0], "-")) {
			n.add(f, after[0])
			return 1, nil
		}
		n.flags = append(n.flags, "--"+f.Name)
		return 0, nil
	case f.NoOptDefVal != "":
		n.flags = append(n.flags, "--"+f.Name)
		return 0, nil
	case len(after) == 0:
		return 0, fmt.Errorf("--%s needs a value: %s", f.Name, f.Usage)
	}
	n.add(f, after[0])
	return 1, nil
}

func (n *normalizer) many(f *pflag.Flag, after []string) (int, error) {
	used := 0
	for used < len(after) && (len(after[used]) < 2 || after[used][0] != '-') {
		n.add(f, after[used])
		used++
	}
	if used == 0 {
		return 0, fmt.Errorf("--%s needs at least one value: %s", f.Name, f.Usage)
	}
	return used, nil
}

func (n *normalizer) add(f *pflag.Flag, value string) {
	n.flags = append(n.flags, "--"+f.Name+"="+value)
}

// find returns the flag of a name or of an unambiguous beginning of one; nil
// for what may be shorthands.
func (n *normalizer) find(name string, long bool) (*pflag.Flag, error) {
	all := n.all()
	var begun []*pflag.Flag
	for _, f := range all {
		switch {
		case f.Name == name, !long && f.Shorthand == name:
			return f, nil
		case name != "" && strings.HasPrefix(f.Name, name):
			begun = append(begun, f)
		}
	}
	switch {
	case !long && n.shorthands(name):
		return nil, nil
	case len(begun) == 1:
		return begun[0], nil
	case len(begun) > 1:
		var names []string
		for _, f := range begun {
			names = append(names, "--"+f.Name)
		}
		return nil, fmt.Errorf("--%s could be %s", name, strings.Join(names, " or "))
	}
	known := make([]string, 0, len(all))
	for _, f := range all {
		known = append(known, f.Name)
	}
	if near := config.NearestOf(name, known); near != "" {
		return nil, fmt.Errorf("unknown flag --%s; did you mean --%s?", name, near)
	}
	return nil, fmt.Errorf("unknown flag --%s", name)
}

// shorthands says that a word is made of shorthands, the last of which may
// have its value behind it.
func (n *normalizer) shorthands(word string) bool {
	for _, f := range n.all() {
		if f.Shorthand != "" && strings.HasPrefix(word, f.Shorthand) {
			return true
		}
	}
	return false
}

// all are the flags of the command so far, in their own order.
func (n *normalizer) all() []*pflag.Flag {
	n.cmd.InitDefaultHelpFlag()
	n.cmd.InitDefaultVersionFlag()
	seen := make(map[string]bool)
	var list []*pflag.Flag
	add := func(f *pflag.Flag) {
		if !seen[f.Name] {
			seen[f.Name] = true
			list = append(list, f)
		}
	}
	n.cmd.Flags().VisitAll(add)
	n.cmd.PersistentFlags().VisitAll(add)
	n.cmd.InheritedFlags().VisitAll(add)
	return list
}
