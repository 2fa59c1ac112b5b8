package topics

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// selection is which topics are meant; doing it lists them.
type selection struct {
	pattern         *java.Pattern // nil means all
	asked           string        // what the user wrote for it
	excludeInternal bool
	mayLack         bool // none being there is no error
}

func (o *options) newSelection() (*selection, error) {
	s := &selection{asked: o.topic, excludeInternal: o.excludeInternal, mayLack: o.ifExists}
	if !o.set("topic") {
		return s, nil
	}
	var err error
	s.pattern, err = java.IncludeList(o.topic)
	return s, err
}

// names are the names of the topics that are meant, sorted.
func (s *selection) names(ctx context.Context, a *admin.Admin) ([]string, error) {
	all, err := a.Topics(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range all {
		switch {
		case s.excludeInternal && (t.Internal || kafka.IsInternalTopic(t.Name)):
		case s.pattern != nil && !s.pattern.Match(t.Name):
		default:
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// mustExist is names, and an error where there are none and there should be.
func (s *selection) mustExist(ctx context.Context, a *admin.Admin) ([]string, error) {
	names, err := s.names(ctx, a)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 && s.asked != "" && !s.mayLack {
		return nil, hint(fmt.Errorf("Topic '%s' does not exist as expected", s.asked),
			"--list shows the topics there are, and with --if-exists it is no error")
	}
	return names, nil
}

// list is what --list prints for machines.
type list struct {
	Topics []string `json:"topics"`
}

func (s *selection) do(ctx context.Context, env *command.Env, a *admin.Admin, asJSON bool) error {
	names, err := s.names(ctx, a)
	if err != nil {
		return err
	}
	if asJSON {
		return env.PrintJSON(list{Topics: append([]string{}, names...)})
	}
	env.Println(strings.Join(names, "\n"))
	return nil
}
