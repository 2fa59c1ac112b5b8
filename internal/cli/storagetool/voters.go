package storagetool

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/quorum"
)

// voter is an initial controller: id@host:port:directory.
type voter struct {
	id        int32
	host      string
	port      uint16
	directory kafka.UUID
}

// parseVoters reads the argument of --initial-controllers.
func parseVoters(text string) ([]voter, error) {
	var list []voter
	for part := range strings.SplitSeq(strings.TrimSpace(text), ",") {
		if part == "" {
			continue
		}
		v, err := parseVoter(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("--initial-controllers %s: %w", part, err)
		}
		if slices.ContainsFunc(list, func(w voter) bool { return w.id == v.id }) {
			return nil, fmt.Errorf("--initial-controllers: Node id %d was specified more than once", v.id)
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		return nil, errors.New("--initial-controllers: No voters given")
	}
	slices.SortFunc(list, func(a, b voter) int { return cmp.Compare(a.id, b.id) })
	return list, nil
}

func parseVoter(text string) (v voter, err error) {
	id, rest, ok := strings.Cut(text, "@")
	switch {
	case !ok:
		return v, errors.New("No @ found in dynamic voter string")
	case id == "":
		return v, errors.New("Invalid @ at beginning of dynamic voter string")
	}
	if v.id, ok = parseInt(id); !ok {
		return v, errors.New("Failed to parse node id in dynamic voter string")
	}
	switch {
	case v.id < 0:
		return v, fmt.Errorf("Invalid negative node id %d in dynamic voter string", v.id)
	case rest == "":
		return v, errors.New("No hostname found after node id")
	}
	if after, bracket := strings.CutPrefix(rest, "["); bracket {
		if v.host, rest, ok = strings.Cut(after, "]"); !ok {
			return v, errors.New("Hostname began with left bracket, but no right bracket was found")
		}
		if rest, ok = strings.CutPrefix(rest, ":"); !ok {
			return v, errors.New("Port section must start with a colon")
		}
	} else if v.host, rest, ok = strings.Cut(rest, ":"); !ok {
		return v, errors.New("No colon following hostname could be found")
	}
	portText, directory, ok := strings.Cut(rest, ":")
	if !ok {
		return v, errors.New("No colon following port could be found")
	}
	port, ok := parseInt(portText)
	switch {
	case !ok:
		return v, errors.New("Failed to parse port in dynamic voter string")
	case port < 0 || port > 65535:
		return v, fmt.Errorf("Invalid port %d in dynamic voter string", port)
	}
	v.port = uint16(port)
	if v.directory, err = parseUUID(directory); err != nil {
		return v, fmt.Errorf("Failed to parse directory ID in dynamic voter string: %w", err)
	}
	return v, nil
}

// quorumVoters is the voters in the order in which Kafka writes them.
func quorumVoters(list []voter, listener string) []quorum.Voter {
	ids := make([]int32, len(list))
	byID := map[int32]voter{}
	for i, v := range list {
		ids[i], byID[v.id] = v.id, v
	}
	var out []quorum.Voter
	for _, id := range java.CopyOrder(ids, java.HashInt) {
		v := byID[id]
		out = append(out, quorum.Voter{
			ID: kafka.NodeID(v.id), DirectoryID: v.directory,
			Endpoints: []metadata.Endpoint{{Listener: strings.ToUpper(listener), Host: javaHost(v.host), Port: v.port}},
		})
	}
	return out
}

// javaHost is a host as Java's InetSocketAddress names it: an IPv6 address is
// written out.
func javaHost(host string) string {
	addr, err := netip.ParseAddr(host)
	if err != nil || !addr.Is6() || addr.Is4In6() {
		return host
	}
	b := addr.As16()
	parts := make([]string, 8)
	for i := range parts {
		parts[i] = strconv.FormatUint(uint64(b[2*i])<<8|uint64(b[2*i+1]), 16)
	}
	return strings.Join(parts, ":")
}
