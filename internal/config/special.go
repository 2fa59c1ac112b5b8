package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// Voter is one entry of controller.quorum.voters.
type Voter struct {
	ID   int32
	Host string
	Port int
}

const votersForm = "Each entry should be in the form `{id}@{host}:{port}`."

func parseVoters(entries []string) ([]Voter, error) {
	voters := make([]Voter, 0, len(entries))
	for _, e := range entries {
		id, address, ok := strings.Cut(e, "@")
		if !ok || strings.Contains(address, "@") || address == "" {
			return nil, fmt.Errorf("Invalid configuration value for controller.quorum.voters. %s", votersForm)
		}
		n, err := strconv.ParseInt(id, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("Failed to parse voter ID as an integer from %s", id)
		}
		host, port, ok := splitHostPort(address)
		if !ok {
			return nil, fmt.Errorf("Failed to parse host name from entry %s for the configuration controller.quorum.voters. %s", e, votersForm)
		}
		voters = append(voters, Voter{ID: int32(n), Host: host, Port: port})
	}
	return voters, nil
}

func checkBootstrapServer(s string) error {
	if _, _, ok := splitHostPort(s); !ok {
		return fmt.Errorf("Failed to parse host name from %s for the configuration controller.quorum.bootstrap.servers. Each entry should be in the form \"{host}:{port}\"", s)
	}
	return nil
}

// splitHostPort cuts "host:port", with IPv6 hosts in brackets or bare.
func splitHostPort(s string) (host string, port int, ok bool) {
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 {
		return "", 0, false
	}
	host = strings.TrimSuffix(strings.TrimPrefix(s[:colon], "["), "]")
	n, err := strconv.ParseUint(s[colon+1:], 10, 16)
	if err != nil || !validHost(host) {
		return "", 0, false
	}
	return host, int(n), true
}

// validHost admits a name, an address, and nothing (all interfaces).
func validHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	for _, r := range host {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.', r == '_', r == '%':
		default:
			return false
		}
	}
	return true
}

func ensureThrottledReplicas(name string, v value) error {
	if len(v.list) == 1 && strings.TrimSpace(v.list[0]) == "*" {
		return nil
	}
	for _, s := range v.list {
		if !isReplicaPair(strings.TrimSpace(s)) {
			return invalid(name, "["+strings.Join(v.list, ", ")+"]", name+" must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...")
		}
	}
	return nil
}

func isReplicaPair(s string) bool {
	if s == "" {
		return true
	}
	partition, broker, ok := strings.Cut(s, ":")
	return ok && isDigits(partition) && isDigits(broker)
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func ensureShareReset(name string, v value) error {
	switch s := strings.ToLower(v.text); {
	case s == "earliest", s == "latest":
		return nil
	case strings.HasPrefix(s, "by_duration:") && isDuration(strings.ToUpper(s[len("by_duration:"):])):
		return nil
	}
	return invalid(name, v.text, "Invalid value `"+v.text+"` for configuration "+name+
		". The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.")
}

// isDuration accepts a non-negative ISO-8601 duration PnDTnHnMn.nS with at
// least one part.
func isDuration(s string) bool {
	s, ok := strings.CutPrefix(s, "P")
	if !ok || s == "" {
		return false
	}
	days, clock, hasClock := strings.Cut(s, "T")
	if days != "" {
		n, found := strings.CutSuffix(days, "D")
		if !found || !isDigits(n) {
			return false
		}
	}
	if !hasClock {
		return true
	}
	parts := 0
	for _, unit := range []string{"H", "M", "S"} {
		n, rest, found := strings.Cut(clock, unit)
		if !found {
			continue
		}
		whole, fraction, hasFraction := strings.Cut(n, ".")
		if !isDigits(whole) || hasFraction && (unit != "S" || fraction != "" && !isDigits(fraction)) {
			return false
		}
		clock = rest
		parts++
	}
	return parts > 0 && clock == ""
}

// validMatch says whether pattern is a selector of clients with a value that
// is a regular expression.
func validMatch(pattern string) bool {
	parts := strings.Split(strings.TrimRight(pattern, "="), "=")
	if len(parts) != 2 {
		return false
	}
	switch strings.TrimSpace(parts[0]) {
	case "client_instance_id", "client_id", "client_software_name", "client_software_version", "client_source_address", "client_source_port":
		_, err := regexp.Compile(strings.TrimSpace(parts[1]))
		return err == nil
	}
	return false
}
