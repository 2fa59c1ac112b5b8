package doctor

import (
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// retention is how long time lets records of a topic live; 0: for ever, or
// time does not delete them.
func (x *facts) retention(topic string) time.Duration {
	if !strings.Contains(x.configs[topic]["cleanup.policy"], "delete") {
		return 0
	}
	if ms := x.number(topic, "retention.ms", -1); ms > 0 {
		return time.Duration(min(ms, int64(time.Duration(1<<63-1)/time.Millisecond))) * time.Millisecond
	}
	return 0
}

// judgeRetention says which groups have lost records that they had not read,
// and which will.
func (x *facts) judgeRetention(f *findings, now time.Time) {
	f.check("retention")
	for _, g := range x.groups.Sorted() {
		for _, lag := range g.Lag.Sorted() {
			if lag.Commit.At < 0 || lag.Err != nil {
				continue
			}
			x.judgeLag(f, g.Group, lag, now)
		}
	}
}

func (x *facts) judgeLag(f *findings, group string, lag kadm.GroupMemberLag, now time.Time) {
	subject := fmt.Sprintf("group %s, %s-%d", group, lag.Topic, lag.Partition)
	start, ok := x.starts.Lookup(lag.Topic, lag.Partition)
	if ok && start.Err == nil && lag.Commit.At < start.Offset {
		f.add(Bad, subject, "lengthen retention.ms or retention.bytes, or add consumers; what is deleted does not come back",
			"%d records were deleted before they were read", start.Offset-lag.Commit.At)
		return
	}
	retention := x.retention(lag.Topic)
	oldest, known := x.unread[unreadKey{lag.Topic, lag.Partition, lag.Commit.At}]
	if age := now.Sub(oldest); known && retention > 0 && age > time.Duration(ageWarn*float64(retention)) {
		f.add(Warn, subject, "lengthen retention.ms, or add consumers",
			"its oldest unread record is %s old, and retention.ms deletes after %s (%d records unread)", rough(age), rough(retention), lag.Lag)
		return
	}
	x.judgeSize(f, subject, lag, start.Offset)
}

// judgeSize warns of a group that is in the oldest fifth of a partition which
// has nearly the size that retention.bytes allows.
func (x *facts) judgeSize(f *findings, subject string, lag kadm.GroupMemberLag, start int64) {
	most := x.number(lag.Topic, "retention.bytes", -1)
	size := x.topicBytes[lag.Topic][lag.Partition]
	end, ok := x.ends.Lookup(lag.Topic, lag.Partition)
	if most <= 0 || !ok || end.Offset <= start || float64(size) < ageWarn*float64(most) {
		return
	}
	if read := float64(lag.Commit.At-start) / float64(end.Offset-start); read < 1-ageWarn && lag.Lag > 0 {
		f.add(Warn, subject, "enlarge retention.bytes, or add consumers",
			"the partition has %s of the %s of retention.bytes, and the group has read %.0f%% of it", bytesText(size), bytesText(most), read*100)
	}
}

// judgeGroups says which groups do not move.
func (x *facts) judgeGroups(f *findings) {
	f.check("groups")
	for _, g := range x.groups.Sorted() {
		subject := "group " + g.Group
		switch {
		case g.DescribeErr != nil:
			f.add(Warn, subject, "", "cannot be described: %v", g.DescribeErr)
		case g.State == "PreparingRebalance" || g.State == "CompletingRebalance":
			f.add(Warn, subject, "look again in a moment; a member that does not answer holds a rebalance up until max.poll.interval.ms", "is in a rebalance (%s)", g.State)
		case g.State == "Empty" && g.Lag.Total() > 0:
			f.add(Warn, subject, "start its consumers, or delete it: gregor consumer-groups --delete --group "+g.Group, "has no member, and %d records wait for it", g.Lag.Total())
		}
	}
}
