package commands

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// soonProperties lets a command that waits for what does not come end soon.
const soonProperties = "default.api.timeout.ms=1500\nrequest.timeout.ms=1000\n"

const transactionsTool = "org.apache.kafka.tools.TransactionsCommand"

// prepareTransactions makes a topic of three partitions and transactional ids
// in all states that last: NAME-empty, NAME-committed, NAME-aborted, and
// NAME-open, which has written to two partitions. A fifth transaction hangs in
// partition 2.
func prepareTransactions(t *testing.T, c Cluster, name string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if resp, err := kadm.NewClient(client).CreateTopics(t.Context(), 3, 1, nil, name); err != nil || resp.Error() != nil {
		t.Fatal(err, resp.Error())
	}
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	begin := func(id string, partitions ...int32) *kgo.Client {
		cl, err := kgo.NewClient(kgo.SeedBrokers(c.Addr), kgo.TransactionalID(id), kgo.TransactionTimeout(10*time.Minute), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cl.Close)
		if _, _, err := cl.ProducerID(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for _, p := range partitions {
			if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: name, Partition: p, Value: []byte(id), Timestamp: at}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		return cl
	}
	begin(name + "-empty")
	for id, how := range map[string]kgo.TransactionEndTry{"-committed": kgo.TryCommit, "-aborted": kgo.TryAbort} {
		if err := begin(name+id, 1).EndTransaction(t.Context(), how); err != nil {
			t.Fatal(err)
		}
	}
	begin(name+"-open", 0, 1)
	prepareHanging(t, client, name, 2, at)
	settled(t, kadm.NewClient(client), name)
}

// prepareHanging writes a record of a transaction that no coordinator knows. A
// broker that looks whether there is one has to be told not to.
func prepareHanging(t *testing.T, client *kgo.Client, topic string, partition int32, at time.Time) {
	t.Helper()
	verify := func(value string) {
		resp, err := kadm.NewClient(client).AlterBrokerConfigs(t.Context(), []kadm.AlterConfig{{
			Op: kadm.SetConfig, Name: "transaction.partition.verification.enable", Value: &value,
		}})
		if err != nil || len(resp) != 1 || resp[0].Err != nil {
			t.Fatal(err, resp)
		}
	}
	verify("false")
	defer verify("true")
	ask := kmsg.NewPtrInitProducerIDRequest()
	producer, err := ask.RequestWith(t.Context(), client)
	if err != nil || producer.ErrorCode != 0 {
		t.Fatal(err, kerr.ErrorForCode(producer.ErrorCode))
	}
	id := topic + "-hanging"
	req := kmsg.NewPtrProduceRequest()
	req.TransactionID, req.Acks, req.TimeoutMillis = &id, -1, 10_000
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic = topic
	rp := kmsg.NewProduceRequestTopicPartition()
	rp.Partition, rp.Records = partition, transactional(producer.ProducerID, producer.ProducerEpoch, at)
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	old, err := kgo.NewClient(kgo.SeedBrokers(client.OptValue(kgo.SeedBrokers).([]string)...), kgo.MaxVersions(produceV11()))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	for end := time.Now().Add(10 * time.Second); ; {
		resp, err := req.RequestWith(t.Context(), old)
		switch {
		case err == nil && resp.Topics[0].Partitions[0].ErrorCode == 0:
			return
		case time.Now().After(end):
			t.Fatal(err, kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode))
		}
		time.Sleep(20 * time.Millisecond) // the broker does not have its config yet
	}
}

// transactional is a batch of one record.
func transactional(producer int64, epoch int16, at time.Time) []byte {
	r := kmsg.Record{Value: []byte("hanging")}
	body := r.AppendTo(nil)[1:] // without the length, which is one byte while 0
	b := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, Attributes: 1 << 4, FirstTimestamp: at.UnixMilli(), MaxTimestamp: at.UnixMilli(),
		ProducerID: producer, ProducerEpoch: epoch, NumRecords: 1,
		Records: append(binary.AppendVarint(nil, int64(len(body))), body...),
	}
	b.Length = int32(len(b.AppendTo(nil)) - 12)
	out := b.AppendTo(nil)
	binary.BigEndian.PutUint32(out[17:], crc32.Checksum(out[21:], crc32.MakeTable(crc32.Castagnoli)))
	return out
}

// settled waits until the markers of what has ended are written.
func settled(t *testing.T, ac *kadm.Client, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		d, err := ac.DescribeTransactions(ctx, name+"-committed", name+"-aborted")
		if err != nil {
			t.Fatal(err)
		}
		if d[name+"-committed"].State == "CompleteCommit" && d[name+"-aborted"].State == "CompleteAbort" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// withoutColumn hides a column of a table, counted from 0, whose figures go on
// by themselves.
func withoutColumn(n int) func(string) string {
	return func(text string) string {
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			if cells := strings.Split(line, "\t"); i > 0 && len(cells) > n {
				cells[n] = regexp.MustCompile(`\d+ *`).ReplaceAllString(cells[n], "<n>")
				lines[i] = strings.Join(cells, "\t")
			}
		}
		return strings.Join(lines, "\n")
	}
}

// withoutNumbers hides producer ids, and the room that they take.
func withoutNumbers(text string) string {
	return regexp.MustCompile(`[ \t]+`).ReplaceAllString(regexp.MustCompile(`\b\d+\b`).ReplaceAllString(text, "N"), " ")
}

func TestTransactionsThatAreRead(t *testing.T) {
	at := "--bootstrap-server BROKER "
	name := uniqueName()
	here := having(name)
	hanging := func(args string) Step { return Step{Args: at + "find-hanging " + args, Shown: withoutColumn(7)} }
	bad := func(args string) Step { return Step{Args: args, CodeOnly: true} }
	Compare(t, world(t), Script{
		Name: "transactions", Class: transactionsTool, Command: "transactions", Prepare: once(name, prepareTransactions),
		Files: map[string]string{"client.properties": "request.timeout.ms=9000\n", "soon.properties": soonProperties},
		Steps: []Step{
			{Args: at + "list", Shown: here},
			{Args: at + "list", Shown: FirstLine},
			{Args: at + "--command-config DIR/client.properties list --transactional-id-pattern " + name + ".*"},
			{Args: at + "list --transactional-id-pattern " + name},
			{Args: at + "list --transactional-id-pattern ''", Shown: here},
			{Args: at + "list --duration-filter 0 --transactional-id-pattern " + name + ".*"},
			{Args: at + "list --duration-filter 3600000"},
			{Args: at + "list --duration-filter -1 --transactional-id-pattern " + name + ".*d"},
			{Args: at + "list --transactional-id-pattern (", CodeOnly: true},
			{Args: at + "describe --transactional-id " + name + "-open", Shown: withoutColumn(7)},
			{Args: at + "describe --transactional-id " + name + "-empty"},
			{Args: at + "describe --transactional-id " + name + "-committed", Shown: withoutColumn(7)},
			{Args: at + "describe --transactional-id " + name + "-aborted", Shown: withoutColumn(7)},
			{Args: at + "describe --transactional-id " + name + "-nobody"},
			{Args: at + "describe-producers --topic " + name + " --partition 0"},
			{Args: at + "describe-producers --topic " + name + " --partition 1"},
			{Args: at + "describe-producers --topic " + name + " --partition 2 --broker-id 1"},
			{Args: at + "--command-config DIR/soon.properties describe-producers --topic " + name + " --partition 9"},
			{Args: at + "--command-config DIR/soon.properties describe-producers --topic " + name + "-none --partition 0"},
			{Args: at + "--command-config DIR/soon.properties describe-producers --topic " + name + " --partition 0 --broker-id 7"},
			hanging("--topic " + name),
			hanging("--topic " + name + " --max-transaction-timeout 0"),
			hanging("--topic " + name + " --partition 2"),
			hanging("--topic " + name + " --partition 1"),
			hanging("--topic " + name + " --broker-id 1 --max-transaction-timeout 1"),
			hanging("--topic " + name + " --broker-id 7"),
			hanging("--topic " + name + " --max-transaction-timeout 1000000000"),
			{Args: at + "find-hanging --broker-id 1", Shown: Both(here, withoutColumn(7))},
			{Args: at + "find-hanging"},
			{Args: at + "find-hanging --broker-id 1 --partition 0"},
			{Args: at + "--command-config DIR/soon.properties find-hanging --topic " + name + "-none"},
			{Args: at + "abort --topic " + name + " --partition 0"},
			{Args: at + "abort --topic " + name + " --partition 0 --start-offset 77"},
			{Args: at + "abort --topic " + name + " --partition 0 --producer-id 1"},
			{Args: at + "abort --topic " + name + " --partition 0 --producer-id 1 --producer-epoch 1"},
			bad("list"), bad(""), bad(at), bad(at + "unknown"), bad(at + "list --no-such-flag"), bad(at + "list --duration-filter long"),
			bad(at + "describe"), bad(at + "describe-producers --topic " + name), bad(at + "describe-producers --topic " + name + " --partition x"),
			bad(at + "abort --partition 0"), bad(at + "forceTerminateTransaction"), bad(at + "find-hanging --topic " + name + " --max-transaction-timeout 1m"),
			bad("--version"), bad("-v"),
		},
	})
}

func TestTransactionsThatAreEnded(t *testing.T) {
	at := "--bootstrap-server BROKER "
	hidden := func(args string) Step { return Step{Args: at + args, Shown: withoutNumbers, Reads: true} }
	hanging, producers := hidden("find-hanging --topic NAME"), hidden("describe-producers --topic NAME --partition 2")
	open := hidden("describe --transactional-id NAME-open")
	Compare(t, world(t), Script{
		Name: "transactions", Class: transactionsTool, Command: "transactions", Prepare: prepareTransactions,
		Steps: []Step{
			hanging, producers,
			{Args: at + "abort --topic NAME --partition 2 --start-offset 0"},
			hanging, producers,
			{Args: at + "abort --topic NAME --partition 2 --start-offset 0"},
			open,
			{Args: at + "forceTerminateTransaction --transactionalId NAME-open"},
			open,
			hidden("describe-producers --topic NAME --partition 0"),
			{Args: at + "forceTerminateTransaction --transactionalId NAME-committed"},
			hidden("describe --transactional-id NAME-committed"),
			{Args: at + "forceTerminateTransaction --transactionalId NAME-nobody"},
			hidden("describe --transactional-id NAME-nobody"),
			// Kafka's command waits for ever with an empty id, and ours refuses it.
		},
	})
}

// TestJSONOfTransactions is about what Kafka's command does not print.
func TestJSONOfTransactions(t *testing.T) {
	w := world(t)
	for _, c := range w.Clusters() {
		name := uniqueName()
		prepareTransactions(t, c, name)
		for _, test := range []struct{ line, has string }{
			{"list --transactional-id-pattern NAME-open", `{ "transactions": [ { "transactionalId": "NAME-open", "coordinator": 1, "producerId": N, "state": "Ongoing" } ] }`},
			{"describe --transactional-id NAME-open", `"partitions": [ { "topic": "NAME", "partition": 0 }, { "topic": "NAME", "partition": 1 } ]`},
			{"describe --transactional-id NAME-empty", `"startTime": null, "durationMs": null, "partitions": []`},
			{"describe-producers --topic NAME --partition 2", `"producers": [ { "producerId": N, "producerEpoch": 0, "coordinatorEpoch": -1, "lastSequence": 0, "lastTimestamp": 1577836800000, "currentTransactionStartOffset": 0 } ]`},
			{"find-hanging --topic NAME", `{ "hanging": [ { "topic": "NAME", "partition": 2, "producerId": N, "producerEpoch": 0, "coordinatorEpoch": -1, "startOffset": 0`},
			{"abort --topic NAME --partition 2 --start-offset 0", `{ "topic": "NAME", "partition": 2, "producerId": N, "producerEpoch": 0, "coordinatorEpoch": 0 }`},
			{"forceTerminateTransaction --transactionalId NAME-closed", `{ "transactionalId": "NAME-closed", "producerId": N, "producerEpoch": 0 }`},
		} {
			p := ours(t, w, "transactions --bootstrap-server BROKER "+test.line+" --format json", "BROKER", c.Addr, "NAME", name)
			if p.Code != 0 || !json.Valid([]byte(p.Out)) {
				t.Errorf("%s: %s ends with %d and prints\n%s%s", c.Name, test.line, p.Code, p.Out, p.Err)
			}
			squeezed := strings.ReplaceAll(strings.Join(strings.Fields(p.Out), " "), name, "NAME")
			squeezed = regexp.MustCompile(`"producerId": \d+`).ReplaceAllString(squeezed, `"producerId": N`)
			if !strings.Contains(squeezed, test.has) {
				t.Errorf("%s: %s prints\n%s\nwithout\n%s", c.Name, test.line, squeezed, test.has)
			}
		}
	}
}

// produceV11 is the last version that does not put a partition into the
// transaction by itself.
func produceV11() *kversion.Versions {
	v := kversion.Stable()
	v.SetMaxKeyVersion(int16(kmsg.Produce), 11)
	return v
}

// preparePending is [prepareGroups] with offsets in transactions: NAME has some
// that are pending, in a partition with a committed offset and in one without;
// NAME-c got one from a transaction that is committed, NAME-a from an aborted one.
func preparePending(t *testing.T, c Cluster, name string) {
	t.Helper()
	prepareGroups(t, c, name)
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(int16(kmsg.TxnOffsetCommit), 4) // the last that adds nothing by itself
	versions.SetMaxKeyVersion(int16(kmsg.EndTxn), 4)
	commit := func(group, id string, offsets map[int32]int64) *kgo.Client {
		cl, err := kgo.NewClient(kgo.SeedBrokers(c.Addr), kgo.TransactionalID(id), kgo.MaxVersions(versions))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cl.Close)
		producer, epoch, err := cl.ProducerID(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		add := kmsg.NewPtrAddOffsetsToTxnRequest()
		add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = id, producer, epoch, group
		if resp, err := add.RequestWith(t.Context(), cl); err != nil || resp.ErrorCode != 0 {
			t.Fatal(err, kerr.ErrorForCode(resp.ErrorCode))
		}
		req := kmsg.NewPtrTxnOffsetCommitRequest()
		req.TransactionalID, req.Group, req.ProducerID, req.ProducerEpoch, req.Generation = id, group, producer, epoch, -1
		topic := kmsg.NewTxnOffsetCommitRequestTopic()
		topic.Topic = name
		for p, o := range offsets {
			part := kmsg.NewTxnOffsetCommitRequestTopicPartition()
			part.Partition, part.Offset = p, o
			topic.Partitions = append(topic.Partitions, part)
		}
		req.Topics = append(req.Topics, topic)
		resp, err := req.RequestWith(t.Context(), cl)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range resp.Topics[0].Partitions {
			if p.ErrorCode != 0 {
				t.Fatal(kerr.ErrorForCode(p.ErrorCode))
			}
		}
		end := kmsg.NewPtrEndTxnRequest()
		end.TransactionalID, end.ProducerID, end.ProducerEpoch, end.Commit = id, producer, epoch, group == name+"-c"
		if group != name {
			if resp, err := end.RequestWith(t.Context(), cl); err != nil || resp.ErrorCode != 0 {
				t.Fatal(err, kerr.ErrorForCode(resp.ErrorCode))
			}
		}
		return cl
	}
	commit(name, name+"-open", map[int32]int64{0: 9, 1: 2})
	commit(name+"-c", name+"-committed", map[int32]int64{0: 8})
	ac := kadm.NewClient(commit(name+"-a", name+"-aborted", map[int32]int64{0: 7}))
	settled(t, ac, name)
}

// TestConsumerGroupsWithPendingOffsets: an offset of a transaction is not there
// until that is committed.
func TestConsumerGroupsWithPendingOffsets(t *testing.T) {
	at := "--bootstrap-server BROKER "
	describe := Step{Args: at + "--describe --group NAME", Reads: true}
	Compare(t, world(t), Script{
		Name: "consumer-groups with pending offsets", Class: groupCommand, Command: "consumer-groups", Prepare: preparePending,
		Steps: []Step{
			describe,
			{Args: at + "--describe --group NAME-c", Reads: true},
			{Args: at + "--describe --group NAME-a"},
			{Args: at + "--describe --group NAME --state"},
			{Args: at + "--group NAME --reset-offsets --to-current --topic NAME", Shown: Sorted},
			{Args: at + "--group NAME --reset-offsets --shift-by 1 --topic NAME:0 --execute"},
			describe,
			{Args: at + "--group NAME --delete-offsets --topic NAME:1"},
			{Args: at + "--delete --group NAME"},
			describe,
			{Command: "transactions", Class: transactionsTool, Args: at + "forceTerminateTransaction --transactionalId NAME-open"},
			describe,
		},
	})
}

// TestTheShellCompletesTransactionalIDs asks as the scripts of the shells do.
func TestTheShellCompletesTransactionalIDs(t *testing.T) {
	w := world(t)
	for _, c := range w.Clusters() {
		name := uniqueName()
		prepareTransactions(t, c, name)
		out := succeeds(t, w, "", "__complete", "transactions", "--bootstrap-server", c.Addr, "describe", "--transactional-id", name+"-o")
		if !strings.HasPrefix(out, name+"-open\n:") {
			t.Errorf("%s: %q", c.Name, out)
		}
	}
}
