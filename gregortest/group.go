package gregortest

import (
	"context"
	"fmt"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// groupPause is the time between two looks at a group.
const groupPause = 5 * time.Millisecond

// WaitForGroup waits until a consumer group has exactly so many members and is
// stable: each knows its partitions. With 0 members it waits until the last has
// gone. A minute without it fails the test. It sees groups of the classic protocol.
func (b *Broker) WaitForGroup(group string, members int) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ticker := time.NewTicker(groupPause)
	defer ticker.Stop()
	for {
		state, n, err := b.group(ctx, group)
		switch {
		case err != nil:
			b.t.Fatalf("gregortest: WaitForGroup(%q): %v", group, err)
		case members == 0 && n == 0, n == members && state == "Stable":
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			b.t.Fatalf("gregortest: WaitForGroup(%q): after %v it has %d members, want %d, and its state is %s", group, patience, n, members, state)
		}
	}
}

// group is the state of a group and how many members it has. A group that nobody
// knows is Dead, and so is one whose coordinator is not ready yet.
func (b *Broker) group(ctx context.Context, name string) (state string, members int, err error) {
	req, resp := msg.NewDescribeGroupsRequest(), msg.NewDescribeGroupsResponse()
	req.Groups = []string{name}
	if err := b.call(ctx, newest(req), req, resp); err != nil {
		return "", 0, err
	}
	if len(resp.Groups) != 1 {
		return "", 0, fmt.Errorf("an answer for one group was expected: %+v", resp)
	}
	g := &resp.Groups[0]
	switch kafka.Error(g.ErrorCode) {
	case kafka.ErrCoordinatorLoadInProgress, kafka.ErrCoordinatorNotAvailable, kafka.ErrNotCoordinator, kafka.ErrGroupIDNotFound:
		return "Dead", 0, nil
	}
	return g.GroupState, len(g.Members), problem(g.ErrorCode, g.ErrorMessage)
}
