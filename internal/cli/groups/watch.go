package groups

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// clearScreen puts the cursor of a terminal into its corner and empties it.
const clearScreen = "\x1b[H\x1b[2J"

// runWatch shows groups again and again. Ctrl-C is how it is meant to end.
func (o *options) runWatch(ctx context.Context, env *command.Env, a *cluster) error {
	out, isFile := env.Out.(*os.File)
	redraw := isFile && command.IsTerminal(out) && !o.asJSON
	tick := time.NewTicker(o.interval)
	defer tick.Stop()
	var last *snapshot
	for n := 1; ; n++ {
		now, err := o.snapshot(ctx, a)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && (n == 1 || !errors.As(err, new(*java.Thrown))):
			return err
		case err != nil: // it has worked before: a broker restarts, a group moves
			env.Warnf("%s: %v; asking again in %v", time.Now().Format(time.TimeOnly), err, o.interval)
		default:
			r := compare(last, now)
			last = now
			if err := o.show(env, r, redraw); err != nil {
				return command.Fail(err)
			}
		}
		if o.count > 0 && n >= o.count {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// show prints one report. Its error is that of an output that is gone, which
// ends the watch.
func (o *options) show(env *command.Env, r report, redraw bool) error {
	if o.asJSON {
		return json.NewEncoder(env.Out).Encode(r)
	}
	text := r.text(o.verbose || !o.allGroups, o.interval)
	if redraw {
		text = clearScreen + text
	}
	_, err := env.Out.Write([]byte(text))
	return err
}

// snapshot is what the groups look like at a moment.
type snapshot struct {
	at     time.Time
	groups []seen
}

// seen is one group in a snapshot.
type seen struct {
	id, state string // the state is "" where the group is not there
	members   []member
	rows      []offsetRow
	problem   string // why there are no rows
}

func (o *options) snapshot(ctx context.Context, a *cluster) (*snapshot, error) {
	ids, err := o.chosen(ctx, a)
	if err != nil {
		return nil, err
	}
	s := &snapshot{at: time.Now()}
	all, err := a.describe(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range sorted(ids) {
		d := all[id]
		one := seen{id: id}
		switch {
		case d.group != nil:
			one.state, one.members = d.group.state, d.group.members
			one.rows, err = a.rows(ctx, d.group)
			thrown, ok := errors.AsType[*java.Thrown](err)
			if err != nil && !ok {
				return nil, err
			}
			if ok { // one group's trouble hides no other group
				one.problem = thrown.Error()
			}
		case d.failure != nil && !missing(d.failure):
			one.problem = d.failure.Error()
		}
		s.groups = append(s.groups, one)
	}
	return s, nil
}
