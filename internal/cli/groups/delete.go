package groups

import (
	"context"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// deleted is what a deletion prints for machines.
type deleted struct {
	Deleted []string       `json:"deleted"`
	Failed  []failedDelete `json:"failed"`
}

type failedDelete struct {
	GroupID string `json:"groupId"`
	Error   string `json:"error"`

	thrown *java.Thrown
}

func (o *options) runDelete(ctx context.Context, env *command.Env, a *cluster) error {
	ids, err := o.chosen(ctx, a)
	if err != nil {
		return err
	}
	result, err := a.delete(ctx, ids)
	if ctx.Err() != nil {
		env.Warnf("Some of the groups may have been deleted: --list shows which are left.")
	}
	if err != nil {
		return execution(err)
	}
	if o.asJSON {
		if err := env.PrintJSON(result); err != nil || len(result.Failed) == 0 {
			return err
		}
		return command.Failf("%d of %d groups could not be deleted", len(result.Failed), len(ids))
	}
	if len(result.Failed) == 0 {
		env.Printf("Deletion of requested consumer groups (%s) was successful.\n", quoted(result.Deleted))
		return nil
	}
	env.Println("\nError: Deletion of some consumer groups failed:")
	for _, f := range result.Failed {
		env.Printf("* Group '%s' could not be deleted due to: %s\n", f.GroupID, f.thrown.String())
	}
	if len(result.Deleted) > 0 {
		env.Printf("\nThese consumer groups were deleted successfully: %s\n", quoted(result.Deleted))
	}
	return nil
}

// delete deletes groups, each on its own.
func (a *cluster) delete(ctx context.Context, ids []string) (deleted, error) {
	result := deleted{Deleted: []string{}, Failed: []failedDelete{}}
	ids = java.Order(slices.Compact(slices.Sorted(slices.Values(ids))), java.Hash)
	if len(ids) == 0 {
		return result, nil
	}
	req := kmsg.NewPtrDeleteGroupsRequest()
	req.Groups = ids
	codes := make(map[string]int16, len(ids))
	err := a.shards(ctx, req, func(_ kgo.BrokerMetadata, resp kmsg.Response) error {
		for _, g := range resp.(*kmsg.DeleteGroupsResponse).Groups { //nolint:forcetypeassert // the answer to this request
			codes[g.Group] = g.ErrorCode
		}
		return nil
	})
	if err != nil {
		return result, err
	}
	for _, id := range ids {
		if code := codes[id]; code != 0 {
			t := java.Code(code, "")
			result.Failed = append(result.Failed, failedDelete{id, t.Message, t})
			continue
		}
		result.Deleted = append(result.Deleted, id)
	}
	return result, nil
}

func quoted(ids []string) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = "'" + id + "'"
	}
	return strings.Join(list, ", ")
}
