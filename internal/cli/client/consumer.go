package client

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// Subscription is what a consumer reads: topics, or the topics that match a
// pattern, or single partitions. Exactly one of them is set.
type Subscription struct {
	Topics []string
	// Pattern is a regular expression that the whole name of a topic matches.
	Pattern string
	// Partitions are read without a group: the group's properties are not used.
	Partitions map[string]map[int32]kgo.Offset
}

// OpenConsumer makes a consumer of p when a broker answers, as [Open] does. It
// joins the group of group.id where one is set and what is read is not single
// partitions. Close leaves the group; committing before it is the caller's
// ([kgo.Client.CommitMarkedOffsets] and so on), and so is max.poll.records
// ([Properties.PollRecords]). With auto commit, offsets of records that a poll
// returned are committed by the next poll and by Close.
func OpenConsumer(ctx context.Context, env *command.Env, p Properties, s Subscription, more ...kgo.Opt) (*kgo.Client, error) {
	p, err := p.Resolved()
	if err != nil {
		return nil, command.Fail(err)
	}
	options, err := p.ConsumerOptions()
	if err != nil {
		return nil, command.Fail(err)
	}
	if s.Partitions != nil {
		return Open(ctx, env, p.ofMember(), append(append(options, kgo.ConsumePartitions(s.Partitions)), more...)...)
	}
	group, err := p.GroupOptions()
	if err != nil {
		return nil, command.Fail(err)
	}
	options = append(options, group...)
	if s.Pattern == "" {
		return Open(ctx, env, p.ofMember(), append(append(options, kgo.ConsumeTopics(s.Topics...)), more...)...)
	}
	whole, err := regexp.Compile(`^(?:` + s.Pattern + `)$`)
	if err != nil {
		return nil, command.Usagef("%s: %w (patterns are of Go's kind: no look-around, no back references)", s.Pattern, err)
	}
	if hide, err := p.Bool("exclude.internal.topics", true); err != nil || hide {
		return Open(ctx, env, p.ofMember(), append(append(options, kgo.ConsumeTopics(whole.String()), kgo.ConsumeRegex()), more...)...)
	}
	c, err := Open(ctx, env, p.ofMember(), append(options, more...)...)
	if err != nil {
		return nil, err
	}
	if err := addMatching(ctx, c, whole); err != nil {
		c.Close()
		return nil, Explain(err, p.Servers())
	}
	age, _ := p.Ms("metadata.max.age.ms", defaultMetadataAge)
	go keepMatching(ctx, c, whole, max(age, time.Second))
	return c, nil
}

// addMatching subscribes c to the topics that match, internal ones as well,
// which franz-go's own patterns leave out.
func addMatching(ctx context.Context, c *kgo.Client, whole *regexp.Regexp) error {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = nil // all of them
	resp, err := req.RequestWith(ctx, c)
	if err != nil {
		return err
	}
	var topics []string
	for _, t := range resp.Topics {
		if t.Topic != nil && whole.MatchString(*t.Topic) {
			topics = append(topics, *t.Topic)
		}
	}
	c.AddConsumeTopics(topics...)
	return nil
}

// keepMatching looks for new topics until c is closed or ctx ends.
func keepMatching(ctx context.Context, c *kgo.Client, whole *regexp.Regexp, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.Context().Done():
			return
		case <-tick.C:
			_ = addMatching(ctx, c, whole) // the next time may be better
		}
	}
}

// PollRecords is max.poll.records.
func (p Properties) PollRecords() (int, error) {
	n, err := p.Int("max.poll.records", 500, 1)
	return int(n), err
}

const (
	defaultMetadataAge = 5 * time.Minute
	leastFetchWait     = 10 * time.Millisecond // franz-go's
)

// ConsumerOptions are the options of franz-go that the consumer properties
// stand for, but for those of groups, with Kafka's defaults; [Open] adds those
// of every client. All problems are reported at once.
func (p Properties) ConsumerOptions() ([]kgo.Opt, error) {
	r := &reading{Properties: p}
	total := r.int("fetch.max.bytes", 50<<20, 0)
	options := []kgo.Opt{
		kgo.FetchMinBytes(int32(min(r.int("fetch.min.bytes", 1, 0), 1<<31-1))),
		kgo.FetchMaxBytes(int32(min(max(total, 1), 1<<30))),
		kgo.FetchMaxPartitionBytes(int32(min(max(r.int("max.partition.fetch.bytes", 1<<20, 0), 1), 1<<30))),
		kgo.FetchMaxWait(max(r.ms("fetch.max.wait.ms", 500*time.Millisecond), leastFetchWait)),
		kgo.BrokerMaxReadBytes(int32(min(max(2*total, 100<<20), 1<<30))),
	}
	if r.choice("isolation.level", "read_uncommitted", "read_uncommitted", "read_committed") == "read_committed" {
		options = append(options, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	if rack := r.text("client.rack"); rack != "" {
		options = append(options, kgo.Rack(rack))
	}
	if !r.bool("check.crcs", true) {
		options = append(options, kgo.DisableFetchCRCValidation())
	}
	if r.bool("allow.auto.create.topics", true) {
		options = append(options, kgo.AllowAutoTopicCreation())
	}
	start, err := ResetOffset(r.Properties["auto.offset.reset"], time.Now())
	r.fail(err)
	options = append(options, kgo.ConsumeStartOffset(start), kgo.ConsumeResetOffset(start))
	_, err = r.PollRecords()
	r.fail(err)
	return options, r.err()
}

// ResetOffset is the offset that a value of auto.offset.reset stands for:
// earliest, latest, none or by_duration:PnDTnHnMn.nS before now; "" is latest.
func ResetOffset(text string, now time.Time) (kgo.Offset, error) {
	const key = "auto.offset.reset"
	switch text {
	case "", "latest":
		return kgo.NewOffset().AtEnd(), nil
	case "earliest":
		return kgo.NewOffset().AtStart(), nil
	case "none":
		return kgo.NewOffset().AtCommitted(), nil
	}
	duration, ok := strings.CutPrefix(text, "by_duration:")
	if !ok {
		return kgo.Offset{}, fmt.Errorf("%s=%s: want earliest, latest, none or by_duration:PnDTnHnMn.nS", key, text)
	}
	d, err := isoDuration(duration)
	if err != nil {
		return kgo.Offset{}, fmt.Errorf("%s=%s: %w", key, text, err)
	}
	return kgo.NewOffset().AfterMilli(max(now.Add(-d).UnixMilli(), 0)), nil
}

// GroupOptions are the options of franz-go that the properties of a group
// member stand for; none where group.id is not set.
func (p Properties) GroupOptions() ([]kgo.Opt, error) {
	group := p["group.id"]
	if group == "" {
		if set, err := p.Bool("enable.auto.commit", false); err != nil || set {
			return nil, fmt.Errorf("enable.auto.commit=%s: enable.auto.commit cannot be set to true when default group id (null) is used.", p["enable.auto.commit"])
		}
		return nil, nil
	}
	r := &reading{Properties: p}
	session := r.ms("session.timeout.ms", 45*time.Second)
	heartbeat := r.ms("heartbeat.interval.ms", 3*time.Second)
	if heartbeat >= session {
		r.failf("heartbeat.interval.ms=%d: Heartbeat must be set lower than the session timeout (session.timeout.ms=%d)", heartbeat.Milliseconds(), session.Milliseconds())
	}
	options := []kgo.Opt{
		kgo.ConsumerGroup(group),
		kgo.SessionTimeout(max(session, leastWait)),
		kgo.HeartbeatInterval(heartbeat),
		kgo.RebalanceTimeout(max(r.ms("max.poll.interval.ms", 5*time.Minute), leastWait)),
	}
	if id, set := p["group.instance.id"]; set {
		if strings.TrimSpace(id) == "" {
			r.failf("group.instance.id: want a name, or leave it out")
		} else {
			options = append(options, kgo.InstanceID(id))
		}
	}
	interval := r.ms("auto.commit.interval.ms", 5*time.Second)
	if r.bool("enable.auto.commit", true) {
		options = append(options, kgo.AutoCommitInterval(max(interval, leastWait)))
	} else {
		options = append(options, kgo.DisableAutoCommit())
	}
	options = append(options, r.assignment()...)
	return options, r.err()
}

// assignment reads group.protocol and how partitions are shared out.
func (r *reading) assignment() []kgo.Opt {
	protocol := r.choice("group.protocol", "classic", "classic", "consumer")
	foreign := []string{"group.remote.assignor", "share.acknowledgement.mode", "share.acquire.mode"}
	if protocol == "consumer" {
		foreign = []string{"partition.assignment.strategy", "heartbeat.interval.ms", "session.timeout.ms", "share.acknowledgement.mode", "share.acquire.mode"}
	}
	foreign = slices.DeleteFunc(foreign, func(key string) bool { return r.text(key) == "" })
	if len(foreign) > 0 {
		r.failf("%s cannot be set when group.protocol=%s", strings.Join(foreign, ", "), strings.ToUpper(protocol))
	}
	if protocol == "consumer" {
		balancer := kgo.StickyBalancer() // franz-go's name for the broker's default, uniform
		switch assignor := r.text("group.remote.assignor"); assignor {
		case "", "uniform":
		case "range":
			balancer = kgo.RangeBalancer()
		default:
			r.failf("group.remote.assignor=%s: the commands know uniform and range", assignor)
		}
		return []kgo.Opt{kgo.ServerSideBalancer(), kgo.Balancers(balancer)}
	}
	strategies := r.list("partition.assignment.strategy")
	if len(strategies) == 0 {
		strategies = []string{"RangeAssignor", "CooperativeStickyAssignor"}
	}
	var balancers []kgo.GroupBalancer
	for _, class := range strategies {
		switch className(class) {
		case "RangeAssignor":
			balancers = append(balancers, kgo.RangeBalancer())
		case "RoundRobinAssignor":
			balancers = append(balancers, kgo.RoundRobinBalancer())
		case "StickyAssignor":
			balancers = append(balancers, kgo.StickyBalancer())
		case "CooperativeStickyAssignor":
			balancers = append(balancers, kgo.CooperativeStickyBalancer())
		default:
			r.failf("partition.assignment.strategy=%s: there is no Java here; the commands know Kafka's RangeAssignor, RoundRobinAssignor, StickyAssignor and CooperativeStickyAssignor", class)
		}
	}
	return []kgo.Opt{kgo.Balancers(balancers...)}
}
