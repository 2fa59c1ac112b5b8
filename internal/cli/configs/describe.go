package configs

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

func describe(ctx context.Context, env *command.Env, a *admin.Admin, e entity, all, asJSON bool) error {
	var err error
	if e.is(users, clients, ips) {
		err = describeQuotas(ctx, env, a, e, asJSON)
	} else {
		err = describeResources(ctx, env, a, e, all, asJSON)
	}
	return command.Fail(err)
}

// describedConfigs is what --describe prints for machines, but for users,
// clients and addresses.
type describedConfigs struct {
	Resources []describedResource `json:"resources"`
}

type describedResource struct {
	Type    string            `json:"type"`
	Name    *string           `json:"name"` // null: the defaults of the type
	Configs []describedConfig `json:"configs"`
}

type describedConfig struct {
	Name      string             `json:"name"`
	Value     *string            `json:"value"` // null where it is sensitive or not set
	Source    string             `json:"source"`
	Sensitive bool               `json:"sensitive"`
	ReadOnly  bool               `json:"readOnly"`
	Synonyms  []describedSynonym `json:"synonyms"`
}

type describedSynonym struct {
	Source string  `json:"source"`
	Name   string  `json:"name"`
	Value  *string `json:"value"`
}

func describeResources(ctx context.Context, env *command.Env, a *admin.Admin, e entity, all, asJSON bool) error {
	kind := e.types[0]
	names, err := resourceNames(ctx, env, a, e, all, asJSON)
	if err != nil {
		return err
	}
	var resources []admin.Resource
	for _, n := range names {
		if kind == topics {
			if err := checkName(n); err != nil {
				return err
			}
		}
		resources = append(resources, admin.Resource{Type: resourceType(kind), Name: n})
	}
	found := map[admin.Resource]admin.Configs{}
	if len(resources) > 0 {
		if found, err = a.DescribeConfigs(ctx, resources, true); err != nil {
			return err
		}
	}
	result := describedConfigs{Resources: []describedResource{}}
	for _, r := range resources {
		if !asJSON {
			printTitle(env, kind, r.Name, all)
		}
		configs := found[r]
		if configs.Err != nil {
			return configs.Err
		}
		shown := slices.DeleteFunc(configs.Entries, func(c admin.Config) bool { return !all && c.Source != dynamicSource(kind, r.Name) })
		slices.SortFunc(shown, func(x, y admin.Config) int { return cmp.Compare(x.Name, y.Name) })
		if asJSON {
			result.Resources = append(result.Resources, resourceJSON(kind, r.Name, shown))
			continue
		}
		for i := range shown {
			printConfig(env, &shown[i])
		}
	}
	if asJSON {
		return env.PrintJSON(result)
	}
	return nil
}

// checkName is the sentence about a name that no topic can have.
func checkName(name string) error {
	if f, ok := errors.AsType[*kafka.Failure](kafka.CheckTopicName(name)); ok {
		return errors.New(f.Message)
	}
	return nil
}

// resourceNames are the names of what is shown: the one that was given, if it
// is there, or all.
func resourceNames(ctx context.Context, env *command.Env, a *admin.Admin, e entity, all, asJSON bool) ([]string, error) {
	kind := e.types[0]
	if len(e.names) == 0 {
		names, err := existing(ctx, a, kind)
		if kind == brokers || kind == brokerLoggers {
			names = append(names, "")
		}
		return names, err
	}
	name := e.names[0]
	if all {
		return []string{name}, nil
	}
	if kind == topics {
		if err := checkName(name); err != nil {
			return nil, err
		}
	}
	if name == "" && (kind == brokers || kind == brokerLoggers) {
		return []string{""}, nil
	}
	there, err := existing(ctx, a, kind)
	if err != nil {
		return nil, err
	}
	if slices.Contains(there, name) {
		return []string{name}, nil
	}
	text := "The " + singular(kind) + " '" + name + "' doesn't exist and doesn't have dynamic config."
	if asJSON {
		env.Warnf("%s", text)
	} else {
		env.Println(text)
	}
	return nil, nil
}

// existing are the names of the entities of a type that the cluster has.
func existing(ctx context.Context, a *admin.Admin, kind string) ([]string, error) {
	var names []string
	switch kind {
	case topics:
		list, err := a.Topics(ctx)
		for _, t := range list {
			names = append(names, t.Name)
		}
		return names, err
	case brokers, brokerLoggers:
		ids, err := a.Nodes(ctx)
		for _, id := range ids {
			names = append(names, strconv.Itoa(int(id)))
		}
		return names, err
	case clientMetrics:
		return a.ListConfigs(ctx, kmsg.ConfigResourceTypeClientMetrics)
	}
	names, err := a.Groups(ctx)
	if err != nil {
		return nil, err
	}
	configured, err := a.ListConfigs(ctx, kmsg.ConfigResourceTypeGroupConfig)
	if err != nil && !admin.Unsupported(err) && !errors.Is(err, kafka.ErrClusterAuthorizationFailed) {
		return nil, err // older brokers list no groups by their settings (KIP-1142)
	}
	for _, n := range configured {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names, nil
}

// dynamicSource is where a setting comes from that was made for the entity
// while the cluster runs.
func dynamicSource(kind, name string) kmsg.ConfigSource {
	switch kind {
	case topics:
		return kmsg.ConfigSourceDynamicTopicConfig
	case brokers:
		if name == "" {
			return kmsg.ConfigSourceDynamicDefaultBrokerConfig
		}
		return kmsg.ConfigSourceDynamicBrokerConfig
	case brokerLoggers:
		return kmsg.ConfigSourceDynamicBrokerLoggerConfig
	case clientMetrics:
		return kmsg.ConfigSourceClientMetricsConfig
	}
	return kmsg.ConfigSourceGroupConfig
}

// sourceName is what Kafka's admin client calls a source.
func sourceName(s kmsg.ConfigSource) string {
	switch s {
	case kmsg.ConfigSourceClientMetricsConfig:
		return "DYNAMIC_CLIENT_METRICS_CONFIG"
	case kmsg.ConfigSourceGroupConfig:
		return "DYNAMIC_GROUP_CONFIG"
	}
	return s.String()
}

func printTitle(env *command.Env, kind, name string, all bool) {
	source := "Dynamic"
	if all {
		source = "All"
	}
	if name == "" {
		env.Println("Default configs for " + kind + " in the cluster are:")
		return
	}
	env.Println(source + " configs for " + singular(kind) + " " + name + " are:")
}

func printConfig(env *command.Env, c *admin.Config) {
	var synonyms []string
	for _, s := range c.Synonyms {
		synonyms = append(synonyms, sourceName(s.Source)+":"+s.Name+"="+text(s.Value))
	}
	env.Printf("  %s=%s sensitive=%t synonyms={%s}\n", c.Name, text(c.Value), c.Sensitive, strings.Join(synonyms, ", "))
}

// text is a value as Java prints it.
func text(v *string) string {
	if v == nil {
		return "null"
	}
	return *v
}

func resourceJSON(kind, name string, configs []admin.Config) describedResource {
	r := describedResource{Type: kind, Configs: []describedConfig{}}
	if name != "" {
		r.Name = &name
	}
	for i := range configs {
		c := &configs[i]
		one := describedConfig{Name: c.Name, Value: c.Value, Source: sourceName(c.Source), Sensitive: c.Sensitive, ReadOnly: c.ReadOnly, Synonyms: []describedSynonym{}}
		for _, s := range c.Synonyms {
			one.Synonyms = append(one.Synonyms, describedSynonym{sourceName(s.Source), s.Name, s.Value})
		}
		r.Configs = append(r.Configs, one)
	}
	return r
}

// describedQuotas is what --describe prints for machines of users, clients and
// addresses.
type describedQuotas struct {
	Quotas []describedQuota `json:"quotas"`
	Scram  []describedScram `json:"scramCredentials"`
}

type describedQuota struct {
	Entity []entityJSON       `json:"entity"`
	Limits map[string]float64 `json:"limits"`
}

type describedScram struct {
	User        string                `json:"user"`
	Credentials []describedCredential `json:"credentials"`
	Error       string                `json:"error,omitempty"`
}

type describedCredential struct {
	Mechanism  string `json:"mechanism"`
	Iterations int32  `json:"iterations"`
}

func describeQuotas(ctx context.Context, env *command.Env, a *admin.Admin, e entity, asJSON bool) error {
	quotas, err := a.Quotas(ctx, matches(e))
	if err != nil {
		return quotaError(err)
	}
	if !asJSON {
		for i := range quotas {
			env.Println(quotaLine(&quotas[i]))
		}
	}
	var withPasswords []admin.User
	if e.is(users) && !e.is(clients) && !slices.Contains(e.names, "") {
		if withPasswords, err = a.ScramUsers(ctx, e.names); err != nil {
			return lacks(err, "no SCRAM credentials")
		}
	}
	if asJSON {
		return env.PrintJSON(quotasJSON(quotas, withPasswords))
	}
	for i := range withPasswords {
		env.Println(scramLine(&withPasswords[i]))
	}
	return nil
}

func quotaLine(q *admin.Quota) string {
	var whose, limits []string
	for _, kind := range []struct{ kind, name string }{{"user", "user-principal"}, {"client-id", "client-id"}, {"ip", "ip"}} {
		for _, p := range q.Entity {
			switch {
			case p.Type != kind.kind:
			case p.Name == nil || *p.Name == "":
				whose = append(whose, "the default "+kind.name)
			default:
				whose = append(whose, kind.name+" '"+*p.Name+"'")
			}
		}
	}
	for _, v := range q.Values {
		limits = append(limits, v.Key+"="+java.Double(v.Value))
	}
	return "Quota configs for " + strings.Join(whose, ", ") + " are " + strings.Join(limits, ", ")
}

func scramLine(u *admin.User) string {
	if u.Err != nil {
		return "Error retrieving SCRAM credential configs for user-principal '" + u.Name + "': ExecutionException: " + u.Err.String()
	}
	var all []string
	for _, c := range u.Credentials {
		all = append(all, c.Mechanism.String()+"=iterations="+strconv.Itoa(int(c.Iterations)))
	}
	return "SCRAM credential configs for user-principal '" + u.Name + "' are " + strings.Join(all, ", ")
}

// entityType is the type of entity that the protocol calls kind.
func entityType(kind string) string {
	for _, t := range []string{users, clients, ips} {
		if quotaType(t) == kind {
			return t
		}
	}
	return kind
}

func quotasJSON(quotas []admin.Quota, withPasswords []admin.User) describedQuotas {
	d := describedQuotas{Quotas: []describedQuota{}, Scram: []describedScram{}}
	for _, q := range quotas {
		one := describedQuota{Limits: map[string]float64{}}
		for _, p := range q.Entity {
			one.Entity = append(one.Entity, entityJSON{entityType(p.Type), p.Name})
		}
		for _, v := range q.Values {
			one.Limits[v.Key] = v.Value
		}
		d.Quotas = append(d.Quotas, one)
	}
	for _, u := range withPasswords {
		one := describedScram{User: u.Name, Credentials: []describedCredential{}}
		if u.Err != nil {
			one.Error = u.Err.String()
		}
		for _, c := range u.Credentials {
			one.Credentials = append(one.Credentials, describedCredential{c.Mechanism.String(), c.Iterations})
		}
		d.Scram = append(d.Scram, one)
	}
	return d
}
