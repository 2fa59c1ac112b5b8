package configs

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// check refuses combinations of flags that make no sense, as Kafka's command
// does.
func (o *options) check(ctx context.Context, e entity) error {
	if o.set("alter") == o.set("describe") {
		return command.Usagef("Command must include exactly one action: --describe, --alter")
	}
	for _, flag := range []string{"add-config", "delete-config"} {
		if o.set("describe") && o.set(flag) {
			return command.Usagef("Option \"[describe]\" can't be used with option \"[%s]\"", flag)
		}
	}
	if err := o.checkTypes(e); err != nil {
		return err
	}
	if err := o.checkNames(ctx, e); err != nil {
		return err
	}
	if o.set("describe") {
		return o.checkDescribe(e)
	}
	return o.checkAlter(e)
}

func (o *options) checkTypes(e entity) error {
	known := []string{topics, clients, users, brokers, ips, clientMetrics, groups, brokerLoggers}
	var seen []string
	for _, t := range e.types {
		if slices.Contains(seen, t) {
			return command.Usagef("Duplicate entity type(s) specified: %s", t)
		}
		seen = append(seen, t)
	}
	for _, t := range e.types {
		if !slices.Contains(known, t) {
			return command.Usagef("Invalid entity type %s, the entity type must be one of %s", t, strings.Join(known, ", "))
		}
	}
	switch {
	case len(e.types) == 0:
		return command.Usagef("At least one entity type must be specified")
	case len(e.types) > 1 && (len(e.types) != 2 || !slices.Contains(e.types, users) || !slices.Contains(e.types, clients)):
		return command.Usagef("Only 'users' and 'clients' entity types may be specified together")
	}
	for _, general := range []string{"entity-name", "entity-type", "entity-default"} {
		for _, f := range entityFlags() {
			if o.set(general) && o.set(f.flag) {
				return command.Usagef("--entity-{type,name,default} should not be used in conjunction with specific entity flags")
			}
		}
	}
	return nil
}

func (o *options) checkNames(ctx context.Context, e entity) error {
	if o.set("bootstrap-server") && o.set("bootstrap-controller") {
		return command.Usagef("Only one of --bootstrap-server or --bootstrap-controller can be specified")
	}
	for _, name := range e.names {
		if name == "" {
			continue
		}
		if _, err := strconv.ParseInt(name, 10, 32); err != nil && e.is(brokers, brokerLoggers) {
			return command.Usagef("The entity name for %s must be a valid integer broker id, but it is: %s", e.types[0], name)
		}
		if e.is(ips) && !isAddress(ctx, name) {
			return command.Usagef("The entity name for %s must be a valid IP or resolvable host, but it is: %s", e.types[0], name)
		}
	}
	return nil
}

func isAddress(ctx context.Context, name string) bool {
	_, err := net.DefaultResolver.LookupHost(ctx, name)
	return err == nil
}

func (o *options) checkDescribe(e entity) error {
	if !e.is(users, clients, brokers, ips) && o.set("entity-default") {
		return command.Usagef("--entity-default must not be specified with --describe of %s", strings.Join(e.types, ","))
	}
	if e.is(brokerLoggers) && !e.named() {
		return command.Usagef("An entity name must be specified with --describe of %s", strings.Join(e.types, ","))
	}
	if e.is(users, clients, ips) && len(e.names) > len(e.types) {
		return command.Usagef("More entity names specified than entity types")
	}
	return nil
}

func (o *options) checkAlter(e entity) error {
	if e.is(users, clients, brokers, ips) {
		if len(e.names) == 0 {
			return command.Usagef("An entity-name or default entity must be specified with --alter of users, clients, brokers or ips")
		}
	} else if !e.named() {
		return command.Usagef("An entity name must be specified with --alter of %s", strings.Join(e.types, ","))
	}
	switch {
	case o.set("add-config") && o.set("add-config-file"):
		return command.Usagef("Only one of --add-config or --add-config-file must be specified")
	case !o.set("add-config") && !o.set("add-config-file") && !o.set("delete-config"):
		return command.Usagef("At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter")
	case len(o.add) > 1 || len(o.addFile) > 1:
		return command.Usagef("--add-config and --add-config-file are given once: --add-config takes key=value,key=value")
	case len(e.types) != len(e.names):
		return command.Usagef("An entity name must be specified for every entity type")
	}
	return nil
}
