package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// linkedCommand is the command that a link of that name stands for; nil where
// the program was called by another name.
func linkedCommand(root *cobra.Command, called string) *cobra.Command {
	name := filepath.Base(called)
	for _, ending := range []string{".exe", ".sh", ".bat"} {
		name = strings.TrimSuffix(name, ending)
	}
	name, ok := strings.CutPrefix(name, "kafka-")
	if !ok {
		return nil
	}
	for _, c := range root.Commands() {
		if c.Annotations != nil && command.KafkaName(c) == name {
			return c
		}
	}
	return nil
}

func newLinks(env *command.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "links DIR",
		Short: "Make links named like Kafka's commands",
		Long: `Make links in a directory, kafka-topics and kafka-topics.sh and so on for every
command of Kafka's that gregor has. Links that lead to this program already are
left as they are; a file that is something else is never replaced.`,
		Example: `  gregor links ~/bin
  PATH=~/bin:$PATH kafka-topics.sh --bootstrap-server localhost:9092 --list`,
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		self, err := os.Executable()
		if err != nil {
			return command.Failf("this program does not know its own file: %w", err)
		}
		return makeLinks(env, cmd.Root(), self, args[0])
	}
	return cmd
}

func makeLinks(env *command.Env, root *cobra.Command, self, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return command.Failf("make the directory for the links: %w", err)
	}
	var problems []error
	made, kept := 0, 0
	for _, c := range root.Commands() {
		name := command.KafkaName(c)
		if name == "" {
			continue
		}
		for _, file := range linkNames(name) {
			switch fresh, err := makeLink(self, filepath.Join(dir, file)); {
			case err != nil:
				problems = append(problems, err)
			case fresh:
				made++
			default:
				kept++
			}
		}
	}
	env.Printf("%d links made in %s, %d were there\n", made, dir, kept)
	return command.Fail(errors.Join(problems...))
}

func linkNames(name string) []string {
	if runtime.GOOS == "windows" {
		return []string{"kafka-" + name + ".exe"}
	}
	return []string{"kafka-" + name, "kafka-" + name + ".sh"}
}

// makeLink makes one link, and says whether it was not there before.
func makeLink(self, link string) (bool, error) {
	err := os.Symlink(self, link)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	mine, err := os.Stat(self)
	if err != nil {
		return false, err
	}
	if there, err := os.Stat(link); err == nil && os.SameFile(mine, there) {
		return false, nil
	}
	return false, fmt.Errorf("%s is there and is something else: remove it or choose another directory", link)
}
