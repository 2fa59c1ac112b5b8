// Package admin asks a cluster what Kafka's AdminClient asks it, for the
// commands that look after topics and configs: one call a question, errors as
// Kafka's exceptions say them. It prints nothing. Kind: shell
package admin

import (
	"context"

	"github.com/gregor-stream/gregor/internal/cli/java"
)

// Nodes are the ids of the nodes that are alive, in the order in which the
// admin client's map lists them.
func (a *Admin) Nodes(ctx context.Context) ([]int32, error) {
	resp, err := a.DescribeCluster(ctx, false)
	if err != nil {
		return nil, err
	}
	ids := make([]int32, len(resp.Brokers))
	for i, b := range resp.Brokers {
		ids[i] = b.NodeID
	}
	return java.Order(ids, java.HashInt), nil
}
