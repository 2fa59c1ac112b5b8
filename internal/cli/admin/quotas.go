package admin

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/java"
)

// EntityPart is a part of what a quota is for: a user, a client id, an IP.
type EntityPart struct {
	Type string  // user, client-id, ip
	Name *string // nil: the default of that type
}

// Match is what a filter wants of one type of entity.
type Match struct {
	Type string
	Name string
	Kind kmsg.QuotasMatchType
}

// Quota is one entity and its limits.
type Quota struct {
	Entity []EntityPart
	Values []QuotaValue // in the order in which the admin client's map lists them
}

// QuotaValue is one limit.
type QuotaValue struct {
	Key   string
	Value float64
}

// hash is the hashCode of ClientQuotaEntity.
func (q *Quota) hash() int32 {
	var sum int32
	for _, p := range q.Entity {
		name := int32(0)
		if p.Name != nil {
			name = java.Hash(*p.Name)
		}
		sum += java.Hash(p.Type) ^ name
	}
	return 31 + sum
}

// Quotas are the limits of the entities that have just the matched types, in
// the order in which the admin client's map lists them.
func (a *Admin) Quotas(ctx context.Context, matches []Match) ([]Quota, error) {
	req := kmsg.NewPtrDescribeClientQuotasRequest()
	req.Strict = true
	for _, m := range matches {
		c := kmsg.NewDescribeClientQuotasRequestComponent()
		c.EntityType, c.MatchType = m.Type, m.Kind
		if m.Kind == kmsg.QuotasMatchTypeExact {
			c.Match = &m.Name
		}
		req.Components = append(req.Components, c)
	}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	if t := java.Throw(resp.ErrorCode, resp.ErrorMessage); t != nil {
		return nil, t
	}
	all := make([]Quota, 0, len(resp.Entries))
	for _, e := range resp.Entries {
		var q Quota
		for _, p := range e.Entity {
			q.Entity = append(q.Entity, EntityPart{p.Type, p.Name})
		}
		for _, v := range e.Values {
			q.Values = append(q.Values, QuotaValue{v.Key, v.Value})
		}
		q.Values = java.OrderIn(q.Values, func(v QuotaValue) int32 { return java.Hash(v.Key) }, len(q.Values))
		all = append(all, q)
	}
	return java.OrderIn(all, func(q Quota) int32 { return q.hash() }, len(all)), nil
}

// QuotaChange sets a limit, or removes it.
type QuotaChange struct {
	Key    string
	Value  float64
	Remove bool
}

// AlterQuota changes the limits of one entity.
func (a *Admin) AlterQuota(ctx context.Context, entity []EntityPart, changes []QuotaChange) error {
	req := kmsg.NewPtrAlterClientQuotasRequest()
	e := kmsg.NewAlterClientQuotasRequestEntry()
	for _, p := range entity {
		part := kmsg.NewAlterClientQuotasRequestEntryEntity()
		part.Type, part.Name = p.Type, p.Name
		e.Entity = append(e.Entity, part)
	}
	for _, c := range changes {
		op := kmsg.NewAlterClientQuotasRequestEntryOp()
		op.Key, op.Value, op.Remove = c.Key, c.Value, c.Remove
		e.Ops = append(e.Ops, op)
	}
	req.Entries = append(req.Entries, e)
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return err
	}
	for _, e := range resp.Entries {
		if t := java.Throw(e.ErrorCode, e.ErrorMessage); t != nil {
			return t
		}
	}
	return nil
}
