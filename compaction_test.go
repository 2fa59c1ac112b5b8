package gregor_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	groupsLog       = "__consumer_offsets"
	transactionsLog = "__transaction_state"
)

// commit commits an offset of a group.
func (b *bench) commit(group string, offset int64) {
	b.t.Helper()
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Generation = group, -1
	topic, part := kmsg.NewOffsetCommitRequestTopic(), kmsg.NewOffsetCommitRequestTopicPartition()
	topic.Topic, topic.TopicID = "data", b.metadata("data").Topics[0].TopicID
	part.Offset = offset
	topic.Partitions = append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	b.must(kerr.ErrorForCode(ask[*kmsg.OffsetCommitResponse](b, req).Topics[0].Partitions[0].ErrorCode))
}

// transact writes a record and a group's offset in a transaction.
func (b *bench) transact(cl *kgo.Client, group string, offset int64, commit bool) {
	b.t.Helper()
	ctx := b.t.Context()
	b.must(cl.BeginTransaction())
	b.must(cl.ProduceSync(ctx, &kgo.Record{Topic: "data", Key: fmt.Append(nil, offset%7), Value: fmt.Append(nil, offset)}).FirstErr())
	id, epoch, err := cl.ProducerID(ctx)
	b.must(err)
	add := kmsg.NewPtrAddOffsetsToTxnRequest()
	add.TransactionalID, add.Group, add.ProducerID, add.ProducerEpoch = "tx", group, id, epoch
	added, err := add.RequestWith(ctx, cl)
	b.must(err)
	b.must(kerr.ErrorForCode(added.ErrorCode))
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.TransactionalID, req.Group, req.ProducerID, req.ProducerEpoch, req.Generation = "tx", group, id, epoch, -1
	topic, part := kmsg.NewTxnOffsetCommitRequestTopic(), kmsg.NewTxnOffsetCommitRequestTopicPartition()
	topic.Topic, topic.TopicID, part.Offset = "data", b.metadata("data").Topics[0].TopicID, offset
	topic.Partitions = append(topic.Partitions, part)
	req.Topics = append(req.Topics, topic)
	done, err := req.RequestWith(ctx, cl)
	b.must(err)
	b.must(kerr.ErrorForCode(done.Topics[0].Partitions[0].ErrorCode))
	b.must(cl.EndTransaction(ctx, kgo.TransactionEndTry(commit)))
}

// coordinators is what the coordinators answer: the offsets of all groups, and
// the transactions.
func (b *bench) coordinators(groups []string) string {
	b.t.Helper()
	adm := kadm.NewClient(b.client)
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	var lines []string
	for group, found := range adm.FetchManyOffsets(ctx, groups...) {
		b.must(found.Err)
		at := int64(-1)
		if o, ok := found.Fetched.Lookup("data", 0); ok {
			at = o.At
		}
		lines = append(lines, fmt.Sprint(group, " ", at))
	}
	described, err := adm.DescribeTransactions(ctx, "tx")
	b.must(err)
	for id, d := range described {
		lines = append(lines, fmt.Sprint(id, " ", d.State, " ", d.ProducerID, " ", d.ProducerEpoch, " ", d.Topics))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// What the coordinators know is the same after their logs were compacted and
// read again: offsets that were committed over and over, deleted, and committed
// or not in transactions.
func TestTheCoordinatorsLogsAreCompactedAndReadAgain(t *testing.T) {
	settings := []string{"offsets.topic.num.partitions=1", "transaction.state.log.num.partitions=1", "log.cleaner.backoff.ms=30", "log.cleaner.delete.retention.ms=0"}
	b := up(t, settings...)
	b.must(b.topic("data", 1, "cleanup.policy", "compact", "internal.segment.bytes", "2000", "min.cleanable.dirty.ratio", "0.01"))
	b.coordinator("g")
	b.commit("g", 0)
	cl := b.newClient(kgo.TransactionalID("tx"), kgo.RequestRetries(20))
	defer cl.Close()
	b.transact(cl, "t", 0, true)
	for _, topic := range []string{groupsLog, transactionsLog} {
		b.alter(kmsg.ConfigResourceTypeTopic, topic, "internal.segment.bytes", "2000")
		b.alter(kmsg.ConfigResourceTypeTopic, topic, "min.cleanable.dirty.ratio", "0.01")
	}
	groups := []string{"g", "t"}
	for i := range int64(60) {
		b.commit("g", i)
		b.transact(cl, "t", i, i%3 != 1)
		group := fmt.Sprint("h", i%10)
		b.commit(group, i)
		if i < 10 {
			groups = append(groups, group)
		}
		if i%4 == 0 {
			_, err := kadm.NewClient(b.client).DeleteGroup(t.Context(), group)
			b.must(err)
		}
	}
	b.commit("g", 1234)
	cleaned := func() map[string]bool {
		data, err := os.ReadFile(filepath.Join(b.dir, "cleaner-offset-checkpoint"))
		if err != nil {
			return nil
		}
		found := map[string]bool{}
		for line := range strings.Lines(string(data)) {
			words := strings.Fields(line)
			if len(words) == 3 {
				active := slices.Max(b.files(words[0] + "-0/*.log"))
				found[words[0]] = strings.HasSuffix(active, fmt.Sprintf("/%020s.log", words[2])) && words[2] != "0"
			}
		}
		return found
	}
	eventually(t, "the logs are compacted up to their active segments", func() bool {
		found := cleaned()
		return found[groupsLog] && found[transactionsLog] && found["data"]
	})
	live := b.coordinators(groups)
	if !strings.Contains(live, "g 1234") || !strings.Contains(live, "t 59") || !strings.Contains(live, "h7 57") || !strings.Contains(live, "h6 -1") {
		t.Errorf("before the restart\n%s", live)
	}
	b.client.Close()
	b.must(b.server.Close())
	server, err := tryUp(t, b.dir, settings...)
	b.must(err)
	again := attach(t, server, b.dir)
	eventually(t, "the coordinators are loaded", func() bool {
		d, err := kadm.NewClient(again.client).DescribeTransactions(t.Context(), "tx")
		return err == nil && d["tx"].Err == nil
	})
	if replayed := again.coordinators(groups); replayed != live {
		t.Errorf("after the restart\n%s\nbefore\n%s", replayed, live)
	}
	last := again.newClient(kgo.TransactionalID("tx"), kgo.RequestRetries(20))
	defer last.Close()
	again.transact(last, "t", 99, true)
}
