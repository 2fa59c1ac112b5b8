package cluster

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/admin"
	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// voterJSON is what add-controller and remove-controller print for machines.
type voterJSON struct {
	ID           int32    `json:"id"`
	DirectoryID  string   `json:"directoryId"`
	Endpoints    []string `json:"endpoints,omitempty"`
	DryRun       bool     `json:"dryRun"`
	Unregistered bool     `json:"unregistered,omitempty"`
}

func newAddController(env *command.Env, where *client.Flags) *cobra.Command {
	dryRun := false
	cmd := &cobra.Command{
		Use:   "add-controller",
		Short: "Make a controller that is running a voter of the quorum",
		Long: `Make a controller that is running a voter of the quorum. Run it where the
controller's own configuration is: --command-config names it, and the ids of
the node and of its metadata directory and its listeners are taken from there.`,
		Example: `  gregor metadata-quorum --command-config controller.properties \
      --bootstrap-controller localhost:9093 add-controller --dry-run`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done, and do nothing")
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		if where.Config == "" {
			return command.Failf("You must supply the configuration file of the controller you are adding when using add-controller.")
		}
		p, err := where.Resolve()
		if err != nil {
			return err
		}
		v, err := voterOf(p)
		if err != nil {
			return command.Fail(err)
		}
		if !dryRun {
			if err := addVoter(ctx, env, p, v); err != nil {
				return command.Fail(err)
			}
		}
		endpoints := make([]string, len(v.Listeners))
		for i, l := range v.Listeners {
			endpoints[i] = endpointText(l.Name, l.Host, l.Port)
		}
		directory := directoryText(v.VoterDirectoryID)
		if asJSON {
			return env.PrintJSON(voterJSON{ID: v.VoterID, DirectoryID: directory, Endpoints: endpoints, DryRun: dryRun})
		}
		did := "Added"
		if dryRun {
			did = "DRY RUN of adding"
		}
		env.Printf("%s controller %d with directory id %s and endpoints: %s\n", did, v.VoterID, directory, strings.Join(endpoints, ", "))
		return nil
	})
	return cmd
}

func addVoter(ctx context.Context, env *command.Env, p client.Properties, v *kmsg.AddRaftVoterRequest) error {
	c, err := openWith(ctx, env, p)
	if err != nil {
		return err
	}
	defer c.Close()
	resp, err := v.RequestWith(ctx, c)
	uncertain(ctx, env, "describe --replication")
	if err == nil && resp.ErrorCode != 0 {
		err = c.Refused(resp.ErrorCode, resp.ErrorMessage)
	}
	return err
}

func newRemoveController(env *command.Env, where *client.Flags) *cobra.Command {
	var id int32
	directory := ""
	dryRun, unregister := false, false
	cmd := &cobra.Command{
		Use:   "remove-controller",
		Short: "Take a controller out of the voters of the quorum",
		Example: `  gregor metadata-quorum --bootstrap-controller localhost:9093 remove-controller \
      --controller-id 3 --controller-directory-id MFZjDDMBTzmoUJ5cFcFpfg`,
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.Int32VarP(&id, "controller-id", "i", 0, "the `id` of the controller")
	f.StringVarP(&directory, "controller-directory-id", "d", "", "the `id` of its metadata directory, as describe --replication shows it")
	f.BoolVar(&dryRun, "dry-run", false, "say what would be done, and do nothing")
	f.BoolVar(&unregister, "unregister", false, "remove its registration, too, when it is no longer a voter")
	_ = cmd.MarkFlagRequired("controller-id")
	_ = cmd.MarkFlagRequired("controller-directory-id")
	command.WithFormat(cmd, func(ctx context.Context, asJSON bool) error {
		if id < 0 {
			return command.Failf("Invalid negative --controller-id: %d", id)
		}
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(directory, "="))
		if err != nil || len(raw) != 16 {
			return command.Failf("Failed to parse --controller-directory-id: %q is not an id of 22 letters, such as MFZjDDMBTzmoUJ5cFcFpfg", directory)
		}
		c, err := open(ctx, env, where)
		if err != nil {
			return err
		}
		defer c.Close()
		did, undone := "Removed ", "Unregistered "
		if dryRun {
			did, undone = "DRY RUN of removing ", "DRY RUN of unregistering "
		} else if err := c.removeVoter(ctx, id, [16]byte(raw), unregister); err != nil {
			uncertain(ctx, env, "describe --replication")
			return command.Fail(err)
		}
		if !asJSON {
			env.Printf("%s KRaft controller %d with directory id %s\n", did, id, directoryText([16]byte(raw)))
		}
		if unregister && !dryRun {
			if err := c.unregisterController(ctx, id); err != nil {
				return command.Failf("controller %d is no voter any more, but is still registered: %w; gregor cluster unregister-controller --id %d does the rest", id, err, id)
			}
		}
		if asJSON {
			return env.PrintJSON(voterJSON{ID: id, DirectoryID: directoryText([16]byte(raw)), DryRun: dryRun, Unregistered: unregister && !dryRun})
		}
		if unregister {
			env.Printf("%sKRaft controller %d\n", undone, id)
		}
		return nil
	})
	return cmd
}

func (c *conn) removeVoter(ctx context.Context, id int32, directory [16]byte, unregister bool) error {
	req := kmsg.NewPtrRemoveRaftVoterRequest()
	req.VoterID, req.VoterDirectoryID = id, directory
	resp, err := req.RequestWith(ctx, c)
	if err == nil && resp.ErrorCode != 0 {
		err = c.Refused(resp.ErrorCode, resp.ErrorMessage)
	}
	t, ok := errors.AsType[*java.Thrown](err)
	if ok && unregister && (admin.Unsupported(t) || errors.Is(t, kafka.ErrVoterNotFound)) {
		return fmt.Errorf("controller %d is no voter that could be removed: %w; gregor cluster unregister-controller --id %d removes its registration", id, err, id)
	}
	return err
}

func directoryText(id [16]byte) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// voterOf reads who a controller is from its configuration and from its
// metadata directory.
func voterOf(p client.Properties) (*kmsg.AddRaftVoterRequest, error) {
	v := kmsg.NewPtrAddRaftVoterRequest()
	v.TimeoutMillis = 60000
	const hint = "Is this a valid controller configuration file?"
	id, err := strconv.ParseInt(p["node.id"], 10, 32)
	switch {
	case p["node.id"] == "":
		return nil, fmt.Errorf("node.id not found in configuration file. %s", hint)
	case err != nil:
		return nil, fmt.Errorf("node.id=%s in configuration file is no number. %s", p["node.id"], hint)
	case id < 0:
		return nil, fmt.Errorf("node.id was negative in configuration file. %s", hint)
	case !strings.Contains(p["process.roles"], "controller"):
		return nil, fmt.Errorf("process.roles did not contain 'controller' in configuration file. %s", hint)
	}
	v.VoterID = int32(id)
	dir := p["metadata.log.dir"]
	if dir == "" {
		dir, _, _ = strings.Cut(strings.TrimSpace(p["log.dirs"]), ",")
	}
	if dir == "" {
		return nil, fmt.Errorf("Neither metadata.log.dir nor log.dirs were found. %s", hint)
	}
	if v.VoterDirectoryID, err = directoryID(dir); err != nil {
		return nil, err
	}
	v.Listeners, err = controllerListeners(p)
	return v, err
}

// directoryID reads the id of a log directory.
func directoryID(dir string) ([16]byte, error) {
	var id [16]byte
	file := filepath.Join(dir, "meta.properties")
	p, err := client.Load(file)
	if errors.Is(err, os.ErrNotExist) {
		return id, fmt.Errorf("Unable to read meta.properties from %s: format the directory first (gregor storage format)", dir)
	}
	if err != nil {
		return id, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(p["directory.id"])
	if err != nil || len(raw) != len(id) {
		return id, fmt.Errorf("No directory id found in %s", dir)
	}
	return [16]byte(raw), nil
}

// controllerListeners are the listeners under which other nodes reach a
// controller: those that it advertises, or else those that it has.
func controllerListeners(p client.Properties) ([]kmsg.AddRaftVoterRequestListener, error) {
	known := make(map[string]kmsg.AddRaftVoterRequestListener)
	for _, key := range []string{"listeners", "advertised.listeners"} {
		for text := range strings.SplitSeq(p[key], ",") {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			l, err := parseListener(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			known[l.Name] = l
		}
	}
	if p["controller.listener.names"] == "" {
		return nil, errors.New("controller.listener.names was not found. Is this a valid controller configuration file?")
	}
	var list []kmsg.AddRaftVoterRequestListener
	for name := range strings.SplitSeq(p["controller.listener.names"], ",") {
		name = strings.ToUpper(strings.TrimSpace(name))
		l, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("Cannot find information about controller listener name: %s", name)
		}
		list = append(list, l)
	}
	return list, nil
}

// parseListener reads NAME://host:port; without a host it is this machine.
func parseListener(text string) (kmsg.AddRaftVoterRequestListener, error) {
	l := kmsg.NewAddRaftVoterRequestListener()
	name, address, ok := strings.Cut(text, "://")
	colon := strings.LastIndexByte(address, ':')
	if !ok || colon < 0 {
		return l, fmt.Errorf("%s is not NAME://host:port", text)
	}
	port, err := strconv.ParseUint(address[colon+1:], 10, 16)
	if err != nil {
		return l, fmt.Errorf("%s: the port is not a number from 0 to 65535", text)
	}
	l.Name, l.Port = strings.ToUpper(name), uint16(port)
	l.Host = strings.Trim(address[:colon], "[]")
	if l.Host == "" {
		l.Host = "localhost"
	}
	return l, nil
}
