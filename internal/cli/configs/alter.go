package configs

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// altered is what --alter prints for machines.
type altered struct {
	Entity []entityJSON `json:"entity"`
	Result string       `json:"result"` // altered
}

// entityJSON is a type and a name of an entity.
type entityJSON struct {
	Type string  `json:"type"`
	Name *string `json:"name"` // null: the defaults of the type
}

func (e *entity) json() []entityJSON {
	var parts []entityJSON
	for i, t := range e.types {
		part := entityJSON{Type: t}
		if i < len(e.names) && e.names[i] != "" {
			part.Name = &e.names[i]
		}
		parts = append(parts, part)
	}
	return parts
}

func alter(ctx context.Context, env *command.Env, a *admin.Admin, e entity, c change, asJSON bool) error {
	var err error
	switch kind := e.types[0]; kind {
	case topics, clientMetrics, brokers, groups:
		err = alterResource(ctx, a, admin.Resource{Type: resourceType(kind), Name: e.names[0]}, c)
	case brokerLoggers:
		err = alterLoggers(ctx, a, e.names[0], c)
	case ips:
		err = alterQuotas(ctx, a, e, c)
	default:
		if c.has(isQuota) {
			err = alterQuotas(ctx, a, e, c)
		} else {
			err = alterPasswords(ctx, a, e.names[0], c)
		}
	}
	if ctx.Err() != nil {
		env.Warnf("the change was asked for and not answered: it may still happen (--describe shows it)")
	}
	if err != nil {
		return command.Fail(err)
	}
	switch {
	case asJSON:
		return env.PrintJSON(altered{Entity: e.json(), Result: "altered"})
	case e.names[0] != "":
		env.Println("Completed updating config for " + singular(e.types[0]) + " " + e.names[0] + ".")
	default:
		env.Println("Completed updating default config for " + e.types[0] + " in the cluster.")
	}
	return nil
}

func alterResource(ctx context.Context, a *admin.Admin, r admin.Resource, c change) error {
	var changes []admin.Change
	for _, key := range c.remove {
		changes = append(changes, admin.Change{Name: key})
	}
	for _, s := range c.add {
		changes = append(changes, admin.Change{Name: s.key, Value: &s.value})
	}
	return a.AlterConfigs(ctx, r, changes)
}

// alterLoggers changes levels of loggers that are there: one that is not would
// be made, and nobody would hear it.
func alterLoggers(ctx context.Context, a *admin.Admin, broker string, c change) error {
	r := admin.Resource{Type: kmsg.ConfigResourceTypeBrokerLogger, Name: broker}
	all, err := a.DescribeConfigs(ctx, []admin.Resource{r}, false)
	if err != nil {
		return err
	}
	if all[r].Err != nil {
		return all[r].Err
	}
	var wrong []string
	added, removed := c.keys()
	for _, name := range slices.Concat(removed, added) {
		if !slices.ContainsFunc(all[r].Entries, func(l admin.Config) bool { return l.Name == name }) {
			wrong = append(wrong, name)
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("Invalid broker logger(s): %s (--describe --broker-logger %s lists them)", strings.Join(wrong, ","), broker)
	}
	return alterResource(ctx, a, r, c)
}

// quotaType is what the protocol calls a type of entity.
func quotaType(kind string) string {
	return map[string]string{users: "user", clients: "client-id", ips: "ip"}[kind]
}

func alterQuotas(ctx context.Context, a *admin.Admin, e entity, c change) error {
	changes := make([]admin.QuotaChange, 0, len(c.add)+len(c.remove))
	for _, s := range c.add {
		v, err := strconv.ParseFloat(s.value, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("Cannot parse quota configuration value for %s: %s", s.key, s.value)
		}
		changes = append(changes, admin.QuotaChange{Key: s.key, Value: v})
	}
	old, err := a.Quotas(ctx, matches(e))
	if err != nil {
		return quotaError(err)
	}
	var wrong []string
	for _, key := range c.remove {
		if len(old) == 0 || !slices.ContainsFunc(old[0].Values, func(v admin.QuotaValue) bool { return v.Key == key }) {
			wrong = append(wrong, key)
		}
		changes = append(changes, admin.QuotaChange{Key: key, Remove: true})
	}
	if len(wrong) > 0 {
		return fmt.Errorf("Invalid config(s): %s (--describe shows what is set)", strings.Join(wrong, ","))
	}
	var parts []admin.EntityPart
	for i, kind := range e.types {
		part := admin.EntityPart{Type: quotaType(kind)}
		if e.names[i] != "" {
			part.Name = &e.names[i]
		}
		parts = append(parts, part)
	}
	return quotaError(a.AlterQuota(ctx, parts, changes))
}

// quotaError says what the cluster lacks where it knows no quotas.
func quotaError(err error) error { return lacks(err, "no client quotas") }

// lacks says what the cluster lacks where it does not know a request.
func lacks(err error, what string) error {
	if admin.Unsupported(err) {
		return fmt.Errorf("the brokers of this cluster have %s: %w", what, err)
	}
	return err
}

// matches is the filter for an entity; a type without a name matches every
// entity of that type.
func matches(e entity) []admin.Match {
	var all []admin.Match
	for i, kind := range e.types {
		m := admin.Match{Type: quotaType(kind), Kind: kmsg.QuotasMatchTypeAny}
		if i < len(e.names) {
			m.Name, m.Kind = e.names[i], kmsg.QuotasMatchTypeExact
			if m.Name == "" {
				m.Kind = kmsg.QuotasMatchTypeDefault
			}
		}
		all = append(all, m)
	}
	return all
}

func alterPasswords(ctx context.Context, a *admin.Admin, user string, c change) error {
	var set []admin.Password
	for _, s := range c.add {
		p, err := parsePassword(s)
		if err != nil {
			return err
		}
		set = append(set, p)
	}
	var remove []admin.Mechanism
	for _, key := range c.remove {
		m, _ := admin.MechanismOf(key) // it was checked
		remove = append(remove, m)
	}
	return lacks(a.AlterScram(ctx, user, set, remove), "no SCRAM credentials")
}
