package wire

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func topicStories() []story {
	return []story{
		{kmsg.CreateTopics, "creating", tellCreateTopics},
		{kmsg.CreateTopics, "creating with configs", tellCreateTopicsConfigs},
		{kmsg.CreateTopics, "creating with an assignment", tellCreateTopicsAssigned},
		{kmsg.DeleteTopics, "deleting", tellDeleteTopics},
		{kmsg.CreatePartitions, "growing", tellCreatePartitions},
		{kmsg.Metadata, "metadata", tellMetadata},
		{kmsg.Metadata, "auto creation", tellMetadataAutoCreate},
		{kmsg.DescribeTopicPartitions, "describing partitions", tellDescribeTopicPartitions},
		{kmsg.DeleteRecords, "deleting records", tellDeleteRecords},
		{kmsg.ElectLeaders, "electing", tellElectLeaders},
		{kmsg.AlterPartitionAssignments, "reassigning", tellReassign},
		{kmsg.ListPartitionReassignments, "listing reassignments", tellListReassignments},
	}
}

func tellCreateTopics(x *talk) {
	x.ask("one", createTopics(newTopic(x.name("one"), 3, 1)))
	x.ask("it exists", createTopics(newTopic(x.name("one"), 3, 1)))
	x.ask("replication factor 2 of 1 broker", createTopics(newTopic(x.name("wide"), 1, 2)))
	x.ask("replication factor 3 of 1 broker", createTopics(newTopic(x.name("wide"), 1, 3)))
	for _, n := range []int32{0, -2, -1} {
		x.ask("partitions "+itoa(n), createTopics(newTopic(x.name("p"+itoa(n)), n, 1)))
	}
	for _, f := range []int16{0, -2, -1} {
		x.ask("factor "+itoa(int32(f)), createTopics(newTopic(x.name("f"+itoa(int32(f))), 1, f)))
	}
	x.ask("defaults for both", createTopics(newTopic(x.name("default"), -1, -1)))
	x.ask("10000 partitions", createTopics(newTopic(x.name("many"), 10000, 1)))
	for _, name := range []string{"", ".", "..", "a b", "a/b", "ä", "a,b", "a\x00b", strings.Repeat("x", 250), "__consumer_offsets", "__cluster_metadata"} {
		x.ask("name "+name, createTopics(newTopic(name, 1, 1)))
	}
	x.ask("the longest name", createTopics(newTopic(x.name("")+strings.Repeat("y", 249-len(x.name(""))), 1, 1)))
	x.ask("dot", createTopics(newTopic(x.name("col.lide"), 1, 1)))
	x.ask("underscore collides with dot", createTopics(newTopic(x.name("col_lide"), 1, 1)))
	x.ask("none", createTopics())
	x.ask("twice in one request", createTopics(newTopic(x.name("twin"), 1, 1), newTopic(x.name("twin"), 2, 1)))
	x.ask("twice, with another", createTopics(newTopic(x.name("twin2"), 1, 1), newTopic(x.name("twin2"), 2, 1), newTopic(x.name("single"), 1, 1)))
	x.ask("good and bad", createTopics(newTopic(x.name("good"), 1, 1), newTopic(x.name("bad"), 1, 9)))
	only := createTopics(newTopic(x.name("validated"), 2, 1, "retention.ms", "5"))
	only.ValidateOnly = true
	x.ask("validate only", only)
	only = createTopics(newTopic(x.name("validated"), 2, 7))
	only.ValidateOnly = true
	x.ask("validate only, bad", only)
	x.ask("was not made", createTopics(newTopic(x.name("validated"), 1, 1)))
	late := createTopics(newTopic(x.name("late"), 1, 1))
	late.TimeoutMillis = -1
	x.ask("timeout -1", late)
	late = createTopics(newTopic(x.name("zero"), 1, 1))
	late.TimeoutMillis = 0
	x.ask("timeout 0", late)
}

func tellCreateTopicsConfigs(x *talk) {
	for _, c := range [][2]string{
		{"cleanup.policy", "compact"}, {"cleanup.policy", "delete,compact"}, {"cleanup.policy", "compact, delete"},
		{"cleanup.policy", "none"}, {"cleanup.policy", ""}, {"retention.ms", "-1"}, {"retention.ms", "-2"}, {"retention.ms", "x"},
		{"retention.ms", "9223372036854775807"}, {"retention.ms", "9223372036854775808"}, {"retention.bytes", "-1"},
		{"segment.bytes", "1048576"}, {"segment.bytes", "14"}, {"segment.bytes", "1048575"}, {"segment.ms", "0"}, {"segment.ms", "1"},
		{"compression.type", "zstd"}, {"compression.type", "brotli"}, {"compression.type", "producer"}, {"compression.type", "uncompressed"},
		{"compression.gzip.level", "9"}, {"compression.gzip.level", "10"}, {"compression.gzip.level", "0"}, {"compression.lz4.level", "18"}, {"compression.zstd.level", "23"},
		{"min.insync.replicas", "0"}, {"min.insync.replicas", "2"}, {"max.message.bytes", "-1"}, {"max.message.bytes", "0"},
		{"message.timestamp.type", "LogAppendTime"}, {"message.timestamp.type", "logappendtime"}, {"message.timestamp.type", "x"},
		{"unclean.leader.election.enable", "TRUE"}, {"unclean.leader.election.enable", "yes"}, {"preallocate", "true"},
		{"min.cleanable.dirty.ratio", "0.5"}, {"min.cleanable.dirty.ratio", "1.1"}, {"delete.retention.ms", "-1"}, {"file.delete.delay.ms", "0"},
		{"no.such.config", "1"}, {"index.interval.bytes", "0"}, {"index.interval.bytes", "-1"}, {"segment.index.bytes", "3"}, {"segment.index.bytes", "4"},
		{"segment.jitter.ms", "5"}, {"flush.messages", "0"}, {"flush.messages", "1"}, {"flush.ms", "0"}, {"min.compaction.lag.ms", "5"}, {"max.compaction.lag.ms", "0"},
		{"message.format.version", "3.0"}, {"message.downconversion.enable", "true"}, {"message.timestamp.difference.max.ms", "5"},
		{"message.timestamp.before.max.ms", "-1"}, {"message.timestamp.after.max.ms", "0"}, {"remote.storage.enable", "true"}, {"remote.storage.enable", "false"},
		{"local.retention.ms", "-2"}, {"local.retention.ms", "1"}, {"local.retention.bytes", "-3"}, {"follower.replication.throttled.replicas", "*"},
		{"leader.replication.throttled.replicas", "0:1,1:1"}, {"leader.replication.throttled.replicas", "x"}, {"", "x"}, {" retention.ms", "1"}, {"retention.ms", " 7 "},
		{"internal.segment.bytes", "1000"}, {"errors.deadletterqueue.topic.name", "x"},
	} {
		x.ask(c[0]+"="+c[1], createTopics(newTopic(x.name("c"+itoa(int32(len(x.answers)))), 1, 1, c[0], c[1])))
	}
	null := newTopic(x.name("null"), 1, 1, "retention.ms", "1")
	null.Configs[0].Value = nil
	x.ask("null value", createTopics(null))
	x.ask("two", createTopics(newTopic(x.name("two"), 1, 1, "retention.ms", "99", "segment.ms", "98")))
	x.ask("one twice", createTopics(newTopic(x.name("twice"), 1, 1, "retention.ms", "99", "retention.ms", "98")))
	x.ask("lag above max", createTopics(newTopic(x.name("lag"), 1, 1, "min.compaction.lag.ms", "99", "max.compaction.lag.ms", "98")))
}

func tellCreateTopicsAssigned(x *talk) {
	assigned := func(what string, partitions int32, factor int16, replicas ...[]int32) {
		t := newTopic(x.name(what), partitions, factor)
		for i, r := range replicas {
			a := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
			a.Partition, a.Replicas = int32(i), r
			t.ReplicaAssignment = append(t.ReplicaAssignment, a)
		}
		x.ask(what, createTopics(t))
	}
	assigned("good", -1, -1, []int32{1}, []int32{1})
	assigned("unknown-broker", -1, -1, []int32{2})
	assigned("duplicate-broker", -1, -1, []int32{1, 1})
	assigned("no-broker", -1, -1, []int32{})
	assigned("with-count", 1, -1, []int32{1})
	assigned("with-factor", -1, 1, []int32{1})
	assigned("with-both", 1, 1, []int32{1})
	assigned("uneven", -1, -1, []int32{1}, []int32{1, 2})
	assigned("negative-broker", -1, -1, []int32{-1})
	t := newTopic(x.name("gap"), -1, -1)
	for _, p := range []int32{0, 2} {
		a := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
		a.Partition, a.Replicas = p, []int32{1}
		t.ReplicaAssignment = append(t.ReplicaAssignment, a)
	}
	x.ask("a gap", createTopics(t))
	t.Topic = x.name("same")
	t.ReplicaAssignment[1].Partition = 0
	x.ask("a partition twice", createTopics(t))
}

func tellDeleteTopics(x *talk) {
	first, _ := x.topic("first", 2)
	second, id := x.topic("second", 1)
	del := func(step string, names ...string) {
		r := kmsg.NewPtrDeleteTopicsRequest()
		r.TimeoutMillis, r.TopicNames = 10000, names
		for _, name := range names {
			t := kmsg.NewDeleteTopicsRequestTopic()
			t.Topic = new(name)
			r.Topics = append(r.Topics, t)
		}
		x.ask(step, r)
	}
	del("unknown", x.name("unknown"))
	del("first", first)
	del("first again", first)
	del("none")
	del("bad name", "a b")
	del("empty name", "")
	third, _ := x.topic("third", 1)
	del("known and unknown", third, x.name("unknown"))
	fourth, _ := x.topic("fourth", 1)
	del("one twice", fourth, fourth)
	if x.version >= 6 {
		byID := func(step string, id [16]byte, name *string) {
			r := kmsg.NewPtrDeleteTopicsRequest()
			r.TimeoutMillis = 10000
			t := kmsg.NewDeleteTopicsRequestTopic()
			t.Topic, t.TopicID = name, id
			r.Topics = append(r.Topics, t)
			x.ask(step, r)
		}
		byID("id and name", id, new(second))
		byID("neither", [16]byte{}, nil)
		byID("unknown id", [16]byte{1, 2, 3}, nil)
		byID("by id", id, nil)
		byID("by id again", id, nil)
	} else {
		del("second", second)
	}
}

func tellCreatePartitions(x *talk) {
	name, _ := x.topic("t", 2)
	grow := func(step, topic string, count int32, only bool, brokers ...int32) {
		r := kmsg.NewPtrCreatePartitionsRequest()
		r.TimeoutMillis, r.ValidateOnly = 10000, only
		t := kmsg.NewCreatePartitionsRequestTopic()
		t.Topic, t.Count = topic, count
		for _, b := range brokers {
			a := kmsg.NewCreatePartitionsRequestTopicAssignment()
			a.Replicas = []int32{b}
			t.Assignment = append(t.Assignment, a)
		}
		r.Topics = append(r.Topics, t)
		x.ask(step, r)
	}
	grow("the same", name, 2, false)
	grow("fewer", name, 1, false)
	grow("zero", name, 0, false)
	grow("negative", name, -1, false)
	grow("unknown topic", x.name("unknown"), 3, false)
	grow("validate only", name, 3, true)
	grow("three", name, 3, false)
	grow("assigned", name, 4, false, 1)
	grow("assigned to an unknown broker", name, 5, false, 7)
	grow("too many assignments", name, 5, false, 1, 1)
	grow("too few assignments", name, 7, false, 1)
	r := kmsg.NewPtrCreatePartitionsRequest()
	r.TimeoutMillis = 10000
	for range 2 {
		t := kmsg.NewCreatePartitionsRequestTopic()
		t.Topic, t.Count = name, 6
		r.Topics = append(r.Topics, t)
	}
	x.ask("one topic twice", r)
	r.Topics = nil
	x.ask("none", r)
	x.until("metadata after", func() kmsg.Request { return metadata(name) }, leaderless)
}

func tellMetadata(x *talk) {
	name, id := x.topic("t", 3)
	x.ask("one", metadata(name))
	no := metadata(x.name("unknown"))
	no.AllowAutoTopicCreation = false
	if x.version >= 4 { // older versions create it, and Kafka says so a moment later
		x.ask("unknown", no)
		no = metadata(name, x.name("unknown"), name)
		no.AllowAutoTopicCreation = false
		x.ask("known, unknown and known again", no)
	}
	for _, bad := range []string{"", "a b", "..", strings.Repeat("z", 250)} {
		no = metadata(bad)
		no.AllowAutoTopicCreation = false
		x.ask("bad name "+bad, no)
	}
	if x.version >= 1 {
		x.ask("no topics", metadata())
	}
	ops := metadata(name)
	ops.IncludeTopicAuthorizedOperations, ops.IncludeClusterAuthorizedOperations = true, true
	x.ask("authorized operations", ops)
	if x.version >= 10 {
		byID := func(step string, id [16]byte, name *string) {
			r := metadata()
			t := kmsg.NewMetadataRequestTopic()
			t.TopicID, t.Topic = id, name
			r.Topics = append(r.Topics, t)
			x.ask(step, r)
		}
		byID("by id", id, nil)
		byID("by unknown id", [16]byte{9}, nil)
		byID("zero id and null name", [16]byte{}, nil)
		byID("id and name", id, new(name))
		byID("wrong id and name", [16]byte{9}, new(name))
	}
}

func tellMetadataAutoCreate(x *talk) {
	name := x.name("auto")
	x.until("asked for until it is there", func() kmsg.Request {
		r := metadata(name)
		r.AllowAutoTopicCreation = true
		return r
	}, leaderless)
	r := metadata("not a name")
	r.AllowAutoTopicCreation = true
	x.ask("a bad name", r)
}

func tellDescribeTopicPartitions(x *talk) {
	a, _ := x.topic("a", 3)
	b, _ := x.topic("b", 2)
	describe := func(step string, limit int32, cursor *kmsg.DescribeTopicPartitionsRequestCursor, names ...string) {
		r := kmsg.NewPtrDescribeTopicPartitionsRequest()
		r.ResponsePartitionLimit, r.Cursor = limit, cursor
		for _, name := range names {
			t := kmsg.NewDescribeTopicPartitionsRequestTopic()
			t.Topic = name
			r.Topics = append(r.Topics, t)
		}
		x.ask(step, r)
	}
	at := func(topic string, partition int32) *kmsg.DescribeTopicPartitionsRequestCursor {
		c := kmsg.NewDescribeTopicPartitionsRequestCursor()
		c.Topic, c.Partition = topic, partition
		return &c
	}
	describe("both", 2000, nil, b, a)
	describe("unknown", 2000, nil, x.name("unknown"))
	describe("bad name", 2000, nil, "a b")
	describe("limit 2", 2, nil, a, b)
	describe("limit 4", 4, nil, a, b)
	describe("limit 0", 0, nil, a, b)
	describe("limit -1", -1, nil, a, b)
	describe("cursor", 2000, at(a, 1), a, b)
	describe("cursor at the second topic", 2000, at(b, 0), a, b)
	describe("cursor negative", 2000, at(a, -1), a, b)
	describe("cursor of no topic", 2000, at(x.name("zzz"), 0), a, b)
	describe("cursor beyond", 2000, at(a, 99), a, b)
	describe("twice the same", 2000, nil, a, a)
}

func tellDeleteRecords(x *talk) {
	name, id := x.topic("t", 1)
	compacted, cid := x.topic("compacted", 1, "cleanup.policy", "compact")
	x.fill(name, id, plain("a", "b", "c"), plain("d"))
	x.fill(compacted, cid, plain("a"))
	del := func(step, topic string, partition int32, offset int64) {
		r := kmsg.NewPtrDeleteRecordsRequest()
		r.TimeoutMillis = 5000
		t := kmsg.NewDeleteRecordsRequestTopic()
		t.Topic = topic
		p := kmsg.NewDeleteRecordsRequestTopicPartition()
		p.Partition, p.Offset = partition, offset
		t.Partitions = append(t.Partitions, p)
		r.Topics = append(r.Topics, t)
		x.ask(step, r)
	}
	del("to 1", name, 0, 1)
	del("to 1 again", name, 0, 1)
	del("to 0", name, 0, 0)
	del("beyond the end", name, 0, 5)
	del("negative", name, 0, -2)
	x.ask("fetch below the start", fetch(from(name, id, 0, 0)))
	x.ask("fetch in the middle of a batch", fetch(from(name, id, 0, 1)))
	x.ask("earliest", offsetsAt(name, 0, -2))
	del("to the high watermark", name, 0, -1)
	x.ask("earliest after all", offsetsAt(name, 0, -2))
	del("unknown partition", name, 7, 0)
	del("unknown topic", x.name("unknown"), 0, 0)
	del("compacted", compacted, 0, 1)
	del("internal", "__consumer_offsets", 0, 0)
}

func tellElectLeaders(x *talk) {
	name, _ := x.topic("t", 2)
	elect := func(step string, kind int8, topic string, partitions ...int32) {
		r := kmsg.NewPtrElectLeadersRequest()
		r.TimeoutMillis, r.ElectionType = 5000, kind
		t := kmsg.NewElectLeadersRequestTopic()
		t.Topic, t.Partitions = topic, partitions
		r.Topics = append(r.Topics, t)
		x.ask(step, r)
	}
	elect("preferred", 0, name, 0, 1)
	elect("unclean", 1, name, 0)
	elect("unknown kind", 7, name, 0)
	elect("unknown partition", 0, name, 9)
	elect("unknown topic", 0, x.name("unknown"), 0)
	elect("no partition", 0, name)
}

func tellReassign(x *talk) {
	name, _ := x.topic("t", 2)
	alter := func(step, topic string, partition int32, replicas []int32) {
		r := kmsg.NewPtrAlterPartitionAssignmentsRequest()
		r.TimeoutMillis = 5000
		t := kmsg.NewAlterPartitionAssignmentsRequestTopic()
		t.Topic = topic
		p := kmsg.NewAlterPartitionAssignmentsRequestTopicPartition()
		p.Partition, p.Replicas = partition, replicas
		t.Partitions = append(t.Partitions, p)
		r.Topics = append(r.Topics, t)
		x.ask(step, r)
	}
	alter("to itself", name, 0, []int32{1})
	alter("cancel nothing", name, 0, nil)
	alter("unknown broker", name, 0, []int32{2})
	alter("empty", name, 0, []int32{})
	alter("twice the same broker", name, 0, []int32{1, 1})
	alter("negative broker", name, 0, []int32{-1})
	alter("wider", name, 0, []int32{1, 5})
	alter("unknown partition", name, 9, []int32{1})
	alter("unknown topic", x.name("unknown"), 0, []int32{1})
	r := kmsg.NewPtrAlterPartitionAssignmentsRequest()
	x.ask("none", r)
}

func tellListReassignments(x *talk) {
	name, _ := x.topic("t", 2)
	r := kmsg.NewPtrListPartitionReassignmentsRequest()
	r.TimeoutMillis = 5000
	x.ask("all", r)
	t := kmsg.NewListPartitionReassignmentsRequestTopic()
	t.Topic, t.Partitions = name, []int32{0, 9}
	u := kmsg.NewListPartitionReassignmentsRequestTopic()
	u.Topic, u.Partitions = x.name("unknown"), []int32{0}
	r.Topics = append(r.Topics, t, u)
	x.ask("some", r)
}
