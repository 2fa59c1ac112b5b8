package wire

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

func dataStories() []story {
	return []story{
		{kmsg.Produce, "producing", tellProduce},
		{kmsg.Produce, "producing what is refused", tellProduceBad},
		{kmsg.Produce, "producing to special topics", tellProduceSpecial},
		{kmsg.Produce, "producing with a producer id", tellProduceIdempotent},
		{kmsg.Fetch, "fetching", tellFetch},
		{kmsg.Fetch, "fetch sessions", tellFetchSessions},
		{kmsg.Fetch, "fetching with limits", tellFetchLimits},
		{kmsg.ListOffsets, "listing offsets", tellListOffsets},
		{kmsg.OffsetForLeaderEpoch, "offsets of epochs", tellOffsetForLeaderEpoch},
		{kmsg.InitProducerID, "producer ids", tellInitProducerID},
		{kmsg.DescribeProducers, "describing producers", tellDescribeProducers},
	}
}

func tellProduce(x *talk) {
	name, id := x.topic("t", 2)
	send := func(step string, acks int16, b batch) {
		x.ask(step, produce(acks, part{name, id, 0, b.encode()}))
	}
	send("acks all", -1, plain("a", "b"))
	send("acks one", 1, plain("c"))
	send("acks none", 0, plain("d"))
	send("acks 2", 2, plain("e"))
	send("acks -2", -2, plain("e"))
	for codec, what := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		b := plain("x1", "x2", "x3")
		b.codec = codec
		send("codec "+what, -1, b)
	}
	send("no keys", -1, batch{values: []string{"n"}, noKeys: true, producer: -1, epoch: -1, sequence: -1})
	x.ask("unknown partition", produce(-1, part{name, id, 9, plain("a").encode()}))
	x.ask("negative partition", produce(-1, part{name, id, -1, plain("a").encode()}))
	x.ask("unknown topic", produce(-1, part{x.name("unknown"), [16]byte{7}, 0, plain("a").encode()}))
	x.ask("zero id", produce(-1, part{"", [16]byte{}, 0, plain("a").encode()}))
	x.ask("empty records", produce(-1, part{name, id, 0, []byte{}}))
	x.ask("two partitions", produce(-1, part{name, id, 0, plain("p0").encode()}, part{name, id, 1, plain("p1").encode()}))
	x.ask("good and bad", produce(-1, part{name, id, 0, plain("p0").encode()}, part{name, id, 5, plain("p5").encode()}))
	x.ask("nothing", produce(-1))
	double := produce(-1, part{name, id, 0, plain("p0").encode()})
	double.Topics = append(double.Topics, produce(-1, part{name, id, 1, plain("p1").encode()}).Topics...)
	x.ask("one topic twice", double)
	acks := produce(1, part{name, id, 1, plain("q").encode()})
	acks.TimeoutMillis = -1
	x.ask("timeout -1", acks)
	txn := produce(-1, part{name, id, 1, plain("q").encode()})
	txn.TransactionID = new("")
	x.ask("empty transactional id", txn)
	x.ask("all of it", fetch(from(name, id, 0, 0)))
}

func tellProduceBad(x *talk) {
	name, id := x.topic("t", 1, "message.timestamp.after.max.ms", "3600000") // the default of 4.4
	send := func(step string, b batch) {
		x.ask(step, produce(-1, part{name, id, 0, b.encode()}))
	}
	raw := func(step string, data []byte) {
		x.ask(step, produce(-1, part{name, id, 0, data}))
	}
	edited := func(step string, edit func(*kmsg.RecordBatch)) {
		b := plain("a", "b", "c")
		b.edit = edit
		send(step, b)
	}
	bad := plain("a")
	bad.badCRC = true
	send("wrong crc", bad)
	for _, magic := range []int8{0, 1, 3, -1} {
		edited("magic "+itoa(int32(magic)), func(b *kmsg.RecordBatch) { b.Magic = magic })
	}
	for _, codec := range []int16{5, 6, 7} {
		edited("codec "+itoa(int32(codec)), func(b *kmsg.RecordBatch) { b.Attributes = codec })
	}
	edited("base offset 5", func(b *kmsg.RecordBatch) { b.FirstOffset = 5 })
	edited("leader epoch 9", func(b *kmsg.RecordBatch) { b.PartitionLeaderEpoch = 9 })
	edited("control", func(b *kmsg.RecordBatch) { b.Attributes |= 1 << 5 })
	edited("transactional without producer", func(b *kmsg.RecordBatch) { b.Attributes |= 1 << 4 })
	edited("delete horizon", func(b *kmsg.RecordBatch) { b.Attributes |= 1 << 6 })
	edited("unused attribute bit", func(b *kmsg.RecordBatch) { b.Attributes |= 1 << 8 })
	edited("log append time bit", func(b *kmsg.RecordBatch) { b.Attributes |= 1 << 3 })
	edited("count too high", func(b *kmsg.RecordBatch) { b.NumRecords = 4 })
	edited("count too low", func(b *kmsg.RecordBatch) { b.NumRecords = 2 })
	edited("count and delta high", func(b *kmsg.RecordBatch) { b.NumRecords, b.LastOffsetDelta = 4, 3 })
	edited("count and delta low", func(b *kmsg.RecordBatch) { b.NumRecords, b.LastOffsetDelta = 2, 1 })
	edited("count zero", func(b *kmsg.RecordBatch) { b.NumRecords = 0 })
	edited("count negative", func(b *kmsg.RecordBatch) { b.NumRecords = -1 })
	edited("last delta", func(b *kmsg.RecordBatch) { b.LastOffsetDelta = 9 })
	edited("last delta negative", func(b *kmsg.RecordBatch) { b.LastOffsetDelta = -1 })
	edited("length short", func(b *kmsg.RecordBatch) { b.Length -= 3 })
	edited("length long", func(b *kmsg.RecordBatch) { b.Length += 3 })
	edited("length negative", func(b *kmsg.RecordBatch) { b.Length = -1 })
	edited("length tiny", func(b *kmsg.RecordBatch) { b.Length = 10 })
	edited("max timestamp wrong", func(b *kmsg.RecordBatch) { b.MaxTimestamp += 1000 })
	edited("no timestamps", func(b *kmsg.RecordBatch) { b.FirstTimestamp, b.MaxTimestamp = -1, -1 })
	edited("compressed bit, plain data", func(b *kmsg.RecordBatch) { b.Attributes |= 1 })
	edited("future", func(b *kmsg.RecordBatch) { b.FirstTimestamp, b.MaxTimestamp = 1<<52, 1<<52+20 })
	gz := plain("a", "b")
	gz.codec = gzipped
	gz.edit = func(b *kmsg.RecordBatch) { b.FirstTimestamp, b.MaxTimestamp = 1<<52, 1<<52+10 }
	send("future, gzip", gz)
	gz.edit = func(b *kmsg.RecordBatch) { b.NumRecords = 5 }
	send("count too high, gzip", gz)
	gz.edit = func(b *kmsg.RecordBatch) { b.NumRecords = 1 }
	send("count too low, gzip", gz)
	gz.edit = func(b *kmsg.RecordBatch) { b.Records = b.Records[:len(b.Records)-12]; b.Length -= 12 }
	send("cut gzip", gz)
	gz.edit = func(b *kmsg.RecordBatch) { b.MaxTimestamp += 77 }
	send("max timestamp wrong, gzip", gz)
	offsets := plain("a", "b")
	offsets.record = func(i int, r *kmsg.Record) { r.OffsetDelta = 5 }
	send("offset deltas", offsets)
	offsets.codec = gzipped
	send("offset deltas, gzip", offsets)
	whole := plain("a", "b").encode()
	raw("two batches", append(append([]byte{}, whole...), whole...))
	raw("cut", whole[:len(whole)-5])
	raw("header only", whole[:61])
	raw("half a header", whole[:30])
	raw("one byte", whole[:1])
	raw("garbage", []byte("this is not a record batch, whatever one tries to see in these bytes"))
	raw("trailing garbage", append(append([]byte{}, whole...), 1, 2, 3))
	x.ask("what was kept", fetch(from(name, id, 0, 0)))
}

func tellProduceSpecial(x *talk) {
	null := plain("a", "b")
	null.noKeys = true
	compacted, cid := x.topic("compacted", 1, "cleanup.policy", "compact")
	x.ask("null keys, compacted", produce(-1, part{compacted, cid, 0, null.encode()}))
	null.codec = lz4ed
	x.ask("null keys, compacted, lz4", produce(-1, part{compacted, cid, 0, null.encode()}))
	x.ask("keys, compacted", produce(-1, part{compacted, cid, 0, plain("a").encode()}))
	second := plain("a", "b", "c")
	second.record = func(i int, r *kmsg.Record) {
		if i == 1 {
			r.Key = nil
		}
	}
	x.ask("the second without a key", produce(-1, part{compacted, cid, 0, second.encode()}))

	appended, aid := x.topic("append-time", 1, "message.timestamp.type", "LogAppendTime")
	x.ask("append time", produce(-1, part{appended, aid, 0, plain("a").encode()}))
	gz := plain("a", "b")
	gz.codec = gzipped
	x.ask("append time, gzip", produce(-1, part{appended, aid, 0, gz.encode()}))
	x.ask("append time, fetched", fetch(from(appended, aid, 0, 0)))

	old, oid := x.topic("window", 1, "message.timestamp.before.max.ms", "1000", "message.timestamp.after.max.ms", "1000")
	x.ask("too old", produce(-1, part{old, oid, 0, plain("a", "b").encode()}))
	x.ask("too old, gzip", produce(-1, part{old, oid, 0, gz.encode()}))

	small, sid := x.topic("small", 1, "max.message.bytes", "100")
	x.ask("too large", produce(-1, part{small, sid, 0, plain("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").encode()}))
	x.ask("small enough", produce(-1, part{small, sid, 0, plain("a").encode()}))

	strict, tid := x.topic("min-isr", 1, "min.insync.replicas", "2")
	x.ask("too few in sync, all", produce(-1, part{strict, tid, 0, plain("a").encode()}))
	x.ask("too few in sync, one", produce(1, part{strict, tid, 0, plain("a").encode()}))

	for _, codec := range []string{"gzip", "snappy", "lz4", "zstd", "uncompressed"} {
		topic, id := x.topic(codec, 1, "compression.type", codec)
		x.ask("topic codec "+codec, produce(-1, part{topic, id, 0, plain("a", "b").encode()}))
		x.ask("topic codec "+codec+", sent gzip", produce(-1, part{topic, id, 0, gz.encode()}))
		x.ask("offsets "+codec, offsetsAt(topic, 0, -1))
	}
	x.ask("internal topic", produce(-1, part{"__consumer_offsets", [16]byte{}, 0, plain("a").encode()}))
}

func tellProduceIdempotent(x *talk) {
	name, id := x.topic("t", 1)
	init := x.producer()
	send := func(step string, epoch int16, sequence int32, values ...string) {
		b := batch{values: values, producer: init.ProducerID, epoch: epoch, sequence: sequence}
		x.ask(step, produce(-1, part{name, id, 0, b.encode()}))
	}
	send("starts at 5", 0, 5, "a")
	send("starts at 0", 0, 0, "a", "b")
	send("goes on", 0, 2, "c")
	send("again", 0, 2, "c")
	send("gap", 0, 9, "d")
	for i := range int32(6) {
		send("more "+itoa(i), 0, 3+i, "e")
	}
	send("duplicate within five", 0, 4, "e")
	send("duplicate beyond five", 0, 0, "a", "b")
	send("overlap", 0, 8, "x", "y")
	send("new epoch, not from 0", 1, 5, "f")
	send("new epoch", 1, 0, "f")
	send("old epoch", 0, 9, "g")
	send("negative epoch", -1, 0, "g")
	send("negative sequence", 1, -1, "g")
	two := batch{values: []string{"h"}, producer: init.ProducerID, epoch: 1, sequence: 1}.encode()
	two = append(two, batch{values: []string{"i"}, producer: init.ProducerID, epoch: 1, sequence: 2}.encode()...)
	x.ask("two batches in one", produce(-1, part{name, id, 0, two}))
	strange := batch{values: []string{"z"}, producer: 1 << 40, epoch: 0, sequence: 0}
	x.ask("unknown producer", produce(-1, part{name, id, 0, strange.encode()}))
	strange = batch{values: []string{"z"}, producer: 1<<40 + 1, epoch: 3, sequence: 7}
	x.ask("unknown producer in the middle", produce(-1, part{name, id, 0, strange.encode()}))
	strange.edit = func(b *kmsg.RecordBatch) { b.Attributes |= 1 << 4 }
	txn := produce(-1, part{name, id, 0, strange.encode()})
	x.ask("transactional batch, no transactional id", txn)
	x.ask("high watermark", offsetsAt(name, 0, -1))
}

func tellFetch(x *talk) {
	name, id := x.topic("t", 2)
	x.fill(name, id, plain("a", "b", "c"), plain("d"), plain("e", "f"))
	x.ask("from 0", fetch(from(name, id, 0, 0)))
	x.ask("from the middle of a batch", fetch(from(name, id, 0, 1)))
	x.ask("from the second batch", fetch(from(name, id, 0, 3)))
	x.ask("at the end", fetch(from(name, id, 0, 6)))
	x.ask("beyond the end", fetch(from(name, id, 0, 7)))
	x.ask("negative", fetch(from(name, id, 0, -1)))
	x.ask("empty partition", fetch(from(name, id, 1, 0)))
	x.ask("unknown partition", fetch(from(name, id, 9, 0)))
	x.ask("unknown topic", fetch(from(x.name("unknown"), [16]byte{5}, 0, 0)))
	x.ask("unknown and known", fetch(from(x.name("unknown"), [16]byte{5}, 0, 0), from(name, id, 0, 0)))
	x.ask("zero id", fetch(from("", [16]byte{}, 0, 0)))
	x.ask("nothing", fetch())
	for _, epoch := range []int32{0, 1, 5} {
		t := from(name, id, 0, 0)
		t.Partitions[0].CurrentLeaderEpoch = epoch
		x.ask("leader epoch "+itoa(epoch), fetch(t))
	}
	for _, epoch := range []int32{0, 1, 5} {
		t := from(name, id, 0, 6)
		t.Partitions[0].LastFetchedEpoch = epoch
		x.ask("last fetched epoch "+itoa(epoch), fetch(t))
	}
	committed := fetch(from(name, id, 0, 0))
	committed.IsolationLevel = 1
	x.ask("read committed", committed)
	committed = fetch(from(name, id, 0, 0))
	committed.IsolationLevel = 2
	x.ask("isolation 2", committed)
	replica := fetch(from(name, id, 0, 0))
	replica.ReplicaID, replica.ReplicaState.ID, replica.ReplicaState.Epoch = 2, 2, 1
	x.ask("as an unknown replica", replica)
	replica = fetch(from(name, id, 0, 6))
	replica.ReplicaID, replica.ReplicaState.ID = -2, -2
	x.ask("as a debugging consumer", replica)
	rack := fetch(from(name, id, 0, 0))
	rack.Rack = "elsewhere"
	x.ask("rack", rack)
	twice := fetch(from(name, id, 0, 0), from(name, id, 0, 3))
	x.ask("one partition twice", twice)
}

func tellFetchSessions(x *talk) {
	name, id := x.topic("t", 2)
	x.fill(name, id, plain("a", "b"))
	session := func(step string, sid, epoch int32, topics ...kmsg.FetchRequestTopic) *kmsg.FetchResponse {
		r := fetch(topics...)
		r.SessionID, r.SessionEpoch = sid, epoch
		resp, _ := x.ask(step, r).(*kmsg.FetchResponse)
		if resp == nil {
			return &kmsg.FetchResponse{}
		}
		return resp
	}
	sid := session("full", 0, 0, from(name, id, 0, 0), from(name, id, 1, 0)).SessionID
	session("incremental, moved on", sid, 1, from(name, id, 0, 2))
	session("incremental, nothing new", sid, 2)
	x.fill(name, id, plain("c"))
	session("incremental, something new", sid, 3)
	session("wrong epoch", sid, 9)
	session("epoch after the wrong one", sid, 4)
	session("unknown session", 12345, 1)
	session("unknown session, final", 12345, -1)
	session("zero session, epoch 1", 0, 1)
	forget := fetch()
	forget.SessionID, forget.SessionEpoch = sid, 5
	f := kmsg.NewFetchRequestForgottenTopic()
	f.Topic, f.TopicID, f.Partitions = name, id, []int32{0}
	forget.ForgottenTopics = append(forget.ForgottenTopics, f)
	x.ask("forgetting", forget)
	x.fill(name, id, plain("d"))
	session("after forgetting", sid, 6)
	session("unknown topic in the session", sid, 7, from(x.name("unknown"), [16]byte{5}, 0, 0))
	session("unknown topic again", sid, 8)
	session("offset out of range", sid, 9, from(name, id, 0, 99))
	session("closing", sid, -1)
	session("closed", sid, 10)
	sid = session("full again", 0, 0, from(name, id, 0, 0)).SessionID
	session("replaced", sid, 0, from(name, id, 1, 0))
	session("old id", sid, 1)
	session("negative epoch", 0, -2, from(name, id, 0, 0))
}

func tellFetchLimits(x *talk) {
	name, id := x.topic("t", 3)
	for p := range int32(3) {
		for range 3 {
			x.quiet(produce(-1, part{name, id, p, plain("0123456789", "0123456789").encode()}))
		}
	}
	limited := func(step string, maxBytes, partitionBytes int32) {
		r := fetch(from(name, id, 0, 0), from(name, id, 1, 0), from(name, id, 2, 0))
		r.MaxBytes = maxBytes
		for i := range r.Topics {
			r.Topics[i].Partitions[0].PartitionMaxBytes = partitionBytes
		}
		x.ask(step, r)
	}
	limited("one byte each", 1<<20, 1)
	limited("one byte of all", 1, 1<<20)
	limited("zero", 0, 0)
	limited("zero each", 1<<20, 0)
	limited("a batch each", 1<<20, 120)
	limited("a batch and a half", 1<<20, 200)
	limited("a batch of all", 120, 1<<20)
	limited("five batches of all", 600, 1<<20)
	limited("negative", -1, -1)
	poll := fetch(from(name, id, 0, 6))
	poll.MaxWaitMillis, poll.MinBytes = 50, 1
	x.ask("nothing within 50 ms", poll)
	poll = fetch(from(name, id, 0, 0))
	poll.MaxWaitMillis, poll.MinBytes = 50, 1<<20
	x.ask("too little within 50 ms", poll)
	poll = fetch(from(name, id, 0, 0))
	poll.MaxWaitMillis, poll.MinBytes = -1, 1<<20
	x.ask("negative wait", poll)
	poll = fetch(from(name, id, 0, 99))
	poll.MaxWaitMillis, poll.MinBytes = longPoll, 1
	x.ask("an error does not wait", poll)
	long := fetch(from(name, id, 0, 6))
	long.MaxWaitMillis, long.MinBytes = longPoll, 1
	waiting := x.start("a long poll wakes up", long)
	x.quiet(produce(-1, part{name, id, 0, plain("wake").encode()}))
	x.finish(waiting)
}

func tellListOffsets(x *talk) {
	name, id := x.topic("t", 2)
	later := plain("d", "e")
	later.edit = func(b *kmsg.RecordBatch) { b.FirstTimestamp, b.MaxTimestamp = epoch2020+1000, epoch2020+1010 }
	gz := plain("f", "g", "h")
	gz.codec = gzipped
	gz.edit = func(b *kmsg.RecordBatch) { b.FirstTimestamp, b.MaxTimestamp = epoch2020+2000, epoch2020+2020 }
	x.fill(name, id, plain("a", "b", "c"), later, gz, plain("old"))
	for _, at := range []int64{-1, -2, -3, -4, -5, -6, -7, -99, 0, epoch2020, epoch2020 + 5, epoch2020 + 10, epoch2020 + 500, epoch2020 + 1005, epoch2020 + 2005, epoch2020 + 2021, 1 << 60} {
		x.ask("at "+itoa64(at-epoch2020*b2i(at > 1<<30)), offsetsAt(name, 0, at))
	}
	for _, at := range []int64{-1, -2, -3, -4, -5, 0, 1} {
		x.ask("empty partition at "+itoa64(at), offsetsAt(name, 1, at))
	}
	x.ask("unknown partition", offsetsAt(name, 9, -1))
	x.ask("unknown topic", offsetsAt(x.name("unknown"), 0, -1))
	for _, epoch := range []int32{0, 3} {
		r := offsetsAt(name, 0, -1)
		r.Topics[0].Partitions[0].CurrentLeaderEpoch = epoch
		x.ask("epoch "+itoa(epoch), r)
	}
	r := offsetsAt(name, 0, -1)
	r.IsolationLevel = 1
	x.ask("read committed", r)
	r = offsetsAt(name, 0, -1)
	r.ReplicaID = 1
	x.ask("as replica 1", r)
	r = offsetsAt(name, 0, -1)
	r.ReplicaID = -2
	x.ask("as a debugging consumer", r)
	r = offsetsAt(name, 0, -1)
	r.Topics = append(r.Topics, offsetsAt(name, 0, -2).Topics...)
	x.ask("one partition twice", r)
	r.Topics = nil
	x.ask("nothing", r)
}

func tellOffsetForLeaderEpoch(x *talk) {
	name, id := x.topic("t", 2)
	x.fill(name, id, plain("a", "b", "c"))
	end := func(step, topic string, partition, current, epoch int32) {
		r := kmsg.NewPtrOffsetForLeaderEpochRequest()
		r.ReplicaID = -1
		t := kmsg.NewOffsetForLeaderEpochRequestTopic()
		t.Topic = topic
		p := kmsg.NewOffsetForLeaderEpochRequestTopicPartition()
		p.Partition, p.CurrentLeaderEpoch, p.LeaderEpoch = partition, current, epoch
		t.Partitions = append(t.Partitions, p)
		r.Topics = append(r.Topics, t)
		x.ask(step, r)
	}
	end("epoch 0", name, 0, -1, 0)
	end("epoch 1", name, 0, -1, 1)
	end("epoch -1", name, 0, -1, -1)
	end("current 0", name, 0, 0, 0)
	end("current 4", name, 0, 4, 0)
	end("empty partition", name, 1, -1, 0)
	end("unknown partition", name, 9, -1, 0)
	end("unknown topic", x.name("unknown"), 0, -1, 0)
}

func newProducer(txn *string) *kmsg.InitProducerIDRequest {
	r := kmsg.NewPtrInitProducerIDRequest()
	r.TransactionalID, r.TransactionTimeoutMillis = txn, 60000
	r.ProducerID, r.ProducerEpoch = -1, -1
	return r
}

// producer gets a producer id, unrecorded, when the broker has one to give.
func (x *talk) producer() *kmsg.InitProducerIDResponse {
	kept := len(x.answers)
	resp, ok := x.until("id", func() kmsg.Request { return newProducer(nil) }, func(resp kmsg.Response) bool {
		i, ok := resp.(*kmsg.InitProducerIDResponse)
		return ok && i.ErrorCode != 0
	}).(*kmsg.InitProducerIDResponse)
	x.answers = x.answers[:kept]
	if !ok || resp == nil {
		return &kmsg.InitProducerIDResponse{ProducerID: -1}
	}
	return resp
}

func tellInitProducerID(x *talk) {
	x.producer()
	x.ask("new", newProducer(nil))
	r := newProducer(nil)
	r.TransactionTimeoutMillis = -1
	x.ask("timeout -1", r)
	r = newProducer(nil)
	r.TransactionTimeoutMillis = 1 << 30
	x.ask("timeout huge", r)
	r = newProducer(nil)
	r.ProducerID, r.ProducerEpoch = 12345678, 3
	x.ask("with an id", r)
	r = newProducer(nil)
	r.ProducerID = 5
	x.ask("with an id without an epoch", r)
	r = newProducer(nil)
	r.ProducerEpoch = 5
	x.ask("with an epoch without an id", r)
}

func tellDescribeProducers(x *talk) {
	name, id := x.topic("t", 2)
	init := x.producer()
	b := batch{values: []string{"a", "b"}, producer: init.ProducerID, epoch: 0, sequence: 0}
	x.fill(name, id, b)
	describe := func(step, topic string, partitions ...int32) {
		r := kmsg.NewPtrDescribeProducersRequest()
		t := kmsg.NewDescribeProducersRequestTopic()
		t.Topic, t.Partitions = topic, partitions
		r.Topics = append(r.Topics, t)
		x.ask(step, r)
	}
	describe("one", name, 0)
	describe("all and an unknown", name, 0, 1, 9)
	describe("unknown topic", x.name("unknown"), 0)
	describe("bad name", "a b", 0)
	x.ask("none", kmsg.NewPtrDescribeProducersRequest())
}
