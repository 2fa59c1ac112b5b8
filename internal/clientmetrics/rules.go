package clientmetrics

import (
	"encoding/binary"
	"hash/crc32"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// allMetrics is the entry of metrics that stands for every metric.
const allMetrics = "*"

// rule is one subscription, ready to be matched.
type rule struct {
	metrics  []string // in the order of a Java HashSet
	interval time.Duration
	match    map[string]*regexp.Regexp // by attribute
	never    bool                      // an expression that is none here
}

// makeRules orders the subscriptions as Kafka's map of them is walked.
func makeRules(byName map[string]config.ClientMetrics) []rule {
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	rules := make([]rule, 0, len(names))
	for _, name := range javaOrder(names, coordinator.JavaBuckets(len(names))) {
		c := byName[name]
		r := rule{interval: c.Interval, match: map[string]*regexp.Regexp{}}
		r.metrics = javaOrder(c.Metrics, tableFor(len(c.Metrics)))
		for attribute, pattern := range c.Match {
			compiled, err := regexp.Compile("^(?:" + pattern + ")$")
			r.never = r.never || err != nil
			r.match[attribute] = compiled
		}
		rules = append(rules, r)
	}
	return rules
}

// tableFor is the size of the table of a HashSet that is made of a collection:
// the power of two that holds it at three quarters, and 16 at least.
func tableFor(entries int) int32 {
	need, size := int32(max(float32(entries)/.75+1, 16)), int32(16)
	for size < need {
		size *= 2
	}
	return size
}

// javaOrder is the order in which a Java HashSet with so many buckets gives
// its entries. The subscription id is a checksum of the text of such a set.
func javaOrder(entries []string, buckets int32) []string {
	list := slices.Clone(entries)
	bucket := func(s string) int32 { return coordinator.JavaBucket(coordinator.JavaHash(s), buckets) }
	slices.SortStableFunc(list, func(a, b string) int { return int(bucket(a) - bucket(b)) })
	return list
}

func (r *rule) matches(id kafka.UUID, c *Client) bool {
	if r.never {
		return false
	}
	for attribute, pattern := range r.match {
		if value := c.attribute(id, attribute); value == "" && attribute != "client_id" || !pattern.MatchString(value) {
			return false
		}
	}
	return true
}

// attribute is one of the six that subscriptions select by; "" where it is not
// known.
func (c *Client) attribute(id kafka.UUID, name string) string {
	switch name {
	case "client_instance_id":
		return id.String()
	case "client_id":
		return c.ClientID
	case "client_software_name":
		return c.Software
	case "client_software_version":
		return c.Version
	case "client_source_address":
		return c.Address
	case "client_source_port":
		return c.Port
	}
	return ""
}

// subscribe puts together what the matching subscriptions ask for: all their
// metrics, at the shortest of their intervals and of the default.
func subscribe(rules []rule, id kafka.UUID, c *Client) Subscription {
	s := Subscription{Instance: id, Interval: intervalDefault}
	all := false
	for i := range rules {
		r := &rules[i]
		if !r.matches(id, c) {
			continue
		}
		s.Interval = min(s.Interval, r.interval)
		for _, m := range r.metrics {
			all = all || m == allMetrics
			if !slices.Contains(s.Metrics, m) {
				s.Metrics = append(s.Metrics, m)
			}
		}
	}
	s.Metrics = javaOrder(s.Metrics, coordinator.JavaBuckets(len(s.Metrics)))
	if all {
		s.Metrics = []string{allMetrics}
	}
	s.ID = subscriptionID(s.Metrics, s.Interval, id)
	return s
}

// subscriptionID is Kafka's: the CRC-32C of the set's text in Java and the
// interval, xor the hash code of the instance's id.
func subscriptionID(metrics []string, interval time.Duration, id kafka.UUID) int32 {
	text := "[" + strings.Join(metrics, ", ") + "]" + strconv.FormatInt(interval.Milliseconds(), 10)
	crc := crc32.Checksum([]byte(text), crc32.MakeTable(crc32.Castagnoli))
	folded := binary.BigEndian.Uint64(id[:8]) ^ binary.BigEndian.Uint64(id[8:])
	return int32(crc) ^ int32(folded>>32) ^ int32(folded) //nolint:gosec // Java's arithmetic
}
