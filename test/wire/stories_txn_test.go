package wire

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

func transactionStories() []story {
	return []story{
		{kmsg.InitProducerID, "transactional producers", tellInitTransactions},
		{kmsg.AddPartitionsToTxn, "adding partitions", tellAddPartitions},
		{kmsg.AddOffsetsToTxn, "adding offsets", tellAddOffsets},
		{kmsg.EndTxn, "ending transactions", tellEndTxn},
		{kmsg.TxnOffsetCommit, "committing in transactions", tellTxnOffsetCommit},
		{kmsg.WriteTxnMarkers, "writing markers", tellWriteTxnMarkers},
		{kmsg.DescribeTransactions, "describing transactions", tellDescribeTransactions},
		{kmsg.ListTransactions, "listing transactions", tellListTransactions},
		{kmsg.Produce, "producing in transactions", tellProduceInTransactions},
		{kmsg.Fetch, "fetching committed", tellFetchCommitted},
		{kmsg.ListOffsets, "listing stable offsets", tellListStable},
		{kmsg.OffsetFetch, "fetching stable offsets", tellFetchStable},
		{kmsg.DescribeProducers, "describing transactional producers", tellDescribeTransactionalProducers},
	}
}

func tellInitTransactions(x *talk) {
	name, id := x.topic("t", 1)
	t := x.txn("x")
	t.init("again", -1, -1)
	t.init("goes on", t.producer, t.epoch)
	was := t.epoch
	t.init("goes on again", t.producer, t.epoch)
	t.init("a retry", t.producer, was)
	x.ask("fenced", func() kmsg.Request {
		r := newProducer(&t.id)
		r.ProducerID, r.ProducerEpoch = t.producer, 0
		return r
	}())
	x.ask("another id", func() kmsg.Request {
		r := newProducer(&t.id)
		r.ProducerID, r.ProducerEpoch = t.producer+100000, t.epoch
		return r
	}())
	for _, timeout := range []int32{0, -1, 900001, 1 << 30, 900000} {
		r := newProducer(&t.id)
		r.TransactionTimeoutMillis = timeout
		x.ask("timeout", r)
	}
	x.ask("empty id", newProducer(new("")))
	r := newProducer(&t.id)
	r.ProducerID = 5
	x.ask("with an id without an epoch", r)
	r = newProducer(&t.id)
	r.ProducerEpoch = 5
	x.ask("with an epoch without an id", r)
	t.init("once more", -1, -1)
	t.write(name, id, 0, "a")
	t.init("over an open transaction", -1, -1)
	t.completed("its state")
	t.write(name, id, 0, "b")
	t.init("goes on over an open transaction", t.producer, t.epoch)
	x.ask("the records", fetch(from(name, id, 0, 0)))
}

func tellAddPartitions(x *talk) {
	name, id := x.topic("t", 3)
	t := x.txn("x")
	v := x.version
	x.ask("one", t.add(v, t.producer, t.epoch, false, name, 0))
	x.ask("again", t.add(v, t.producer, t.epoch, false, name, 0))
	x.ask("two more", t.add(v, t.producer, t.epoch, false, name, 0, 1))
	x.ask("another producer", t.add(v, t.producer+100000, t.epoch, false, name, 0))
	x.ask("epoch above", t.add(v, t.producer, t.epoch+1, false, name, 0))
	x.ask("epoch below", t.add(v, t.producer, t.epoch-1, false, name, 0))
	x.ask("unknown topic", t.add(v, t.producer, t.epoch, false, x.name("unknown"), 0))
	x.ask("unknown partition", t.add(v, t.producer, t.epoch, false, name, 9))
	x.ask("nothing", t.add(v, t.producer, t.epoch, false, name))
	if v < 4 { // brokers may
		x.ask("internal topic", t.add(v, t.producer, t.epoch, false, "__consumer_offsets", 0))
	}
	nobody := &txn{x: x, id: x.name("nobody")}
	x.ask("unknown transactional id", nobody.add(v, t.producer, 0, false, name, 0))
	x.ask("empty transactional id", (&txn{x: x}).add(v, t.producer, 0, false, name, 0))
	if v >= 4 {
		x.ask("verified", t.add(v, t.producer, t.epoch, true, name, 0))
		x.ask("one is not", t.add(v, t.producer, t.epoch, true, name, 2))
		x.ask("one of two is not", t.add(v, t.producer, t.epoch, true, name, 0, 2))
		x.ask("verify another producer", t.add(v, t.producer+100000, t.epoch, true, name, 0))
		x.ask("verify another epoch", t.add(v, t.producer, t.epoch+1, true, name, 0))
		x.ask("verify an unknown id", nobody.add(v, t.producer, 0, true, name, 0))
		x.ask("verify an unknown topic", t.add(v, t.producer, t.epoch, true, x.name("unknown"), 0))
		// Without any transaction Kafka never answers, and Gregor does.
	}
	t.completed("state")
	_ = id
}

func tellAddOffsets(x *talk) {
	group := x.name("g")
	x.awaitGroup(group)
	t := x.txn("x")
	add := func(step, id string, producer int64, epoch int16, group string) {
		r := kmsg.NewPtrAddOffsetsToTxnRequest()
		r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Group = id, producer, epoch, group
		x.ask(step, r)
	}
	add("one", t.id, t.producer, t.epoch, group)
	add("again", t.id, t.producer, t.epoch, group)
	add("another group", t.id, t.producer, t.epoch, x.name("h"))
	add("empty group", t.id, t.producer, t.epoch, "")
	add("another producer", t.id, t.producer+100000, t.epoch, group)
	add("another epoch", t.id, t.producer, t.epoch+1, group)
	add("unknown id", x.name("nobody"), t.producer, t.epoch, group)
	add("empty id", "", t.producer, t.epoch, group)
	t.completed("state")
}

// tellEndTxn is told by a client of transactions v1 before version 5.
func tellEndTxn(x *talk) {
	name, id := x.topic("t", 1)
	t := x.txn("x")
	end := func(step string, producer int64, epoch int16, commit bool) {
		resp := x.until(step, func() kmsg.Request { return t.end(producer, epoch, commit) }, func(resp kmsg.Response) bool {
			e, ok := resp.(*kmsg.EndTxnResponse)
			return ok && busy(e.ErrorCode)
		})
		if e, ok := resp.(*kmsg.EndTxnResponse); ok && e.ErrorCode == 0 && x.version >= 5 {
			t.producer, t.epoch = e.ProducerID, e.ProducerEpoch
		}
		t.completed(step + ": the state")
	}
	end("commit of nothing", t.producer, t.epoch, true)
	end("abort of nothing", t.producer, t.epoch, false)
	was := t.epoch
	t.write(name, id, 0, "a")
	end("commit", t.producer, t.epoch, true)
	end("commit again", t.producer, was, true)
	end("abort after the commit", t.producer, was, false)
	was = t.epoch
	t.write(name, id, 1, "b")
	end("abort", t.producer, t.epoch, false)
	end("abort again", t.producer, was, false)
	end("commit after the abort", t.producer, was, true)
	end("commit with the new epoch", t.producer, t.epoch, true)
	end("abort with the new epoch", t.producer, t.epoch, false)
	end("another producer", t.producer+100000, t.epoch, true)
	end("epoch above", t.producer, t.epoch+1, true)
	end("epoch below", t.producer, t.epoch-2, true)
	x.ask("unknown id", (&txn{x: x, id: x.name("nobody")}).end(t.producer, t.epoch, true))
	x.ask("empty id", (&txn{x: x}).end(t.producer, t.epoch, true))
	x.ask("the records", fetch(from(name, id, 0, 0)))
}

// commitIn is TxnOffsetCommit of partition 0.
func (t *txn) commitIn(group, topic string, id [16]byte, partition int32, offset int64) *kmsg.TxnOffsetCommitRequest {
	r := kmsg.NewPtrTxnOffsetCommitRequest()
	r.TransactionalID, r.Group, r.ProducerID, r.ProducerEpoch, r.Generation = t.id, group, t.producer, t.epoch, -1
	rt := kmsg.NewTxnOffsetCommitRequestTopic()
	rt.Topic, rt.TopicID = topic, id
	p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset, p.LeaderEpoch, p.Metadata = partition, offset, 3, new("m")
	rt.Partitions = append(rt.Partitions, p)
	r.Topics = append(r.Topics, rt)
	return r
}

// addedOffsets adds a group's partition as a client of transactions v1 does.
func (t *txn) addedOffsets(group string) {
	t.x.hidden(func() {
		t.x.until("add", func() kmsg.Request {
			r := kmsg.NewPtrAddOffsetsToTxnRequest()
			r.TransactionalID, r.ProducerID, r.ProducerEpoch, r.Group = t.id, t.producer, t.epoch, group
			return r
		}, func(resp kmsg.Response) bool {
			a, ok := resp.(*kmsg.AddOffsetsToTxnResponse)
			return ok && busy(a.ErrorCode)
		})
	})
}

// stableOffsets reads the offset of partition 0 of a topic.
func stableOffsets(group, topic string, id [16]byte, stable bool) *kmsg.OffsetFetchRequest {
	r := kmsg.NewPtrOffsetFetchRequest()
	r.Group, r.RequireStable = group, stable
	rt := kmsg.NewOffsetFetchRequestTopic()
	rt.Topic, rt.Partitions = topic, []int32{0}
	r.Topics = append(r.Topics, rt)
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group, g.MemberEpoch = group, -1
	gt := kmsg.NewOffsetFetchRequestGroupTopic()
	gt.Topic, gt.TopicID, gt.Partitions = topic, id, []int32{0}
	g.Topics = append(g.Topics, gt)
	r.Groups = append(r.Groups, g)
	return r
}

func tellTxnOffsetCommit(x *talk) {
	name, id := x.topic("t", 2)
	group := x.name("g")
	x.awaitGroup(group)
	t := x.txn("x")
	if x.version < 5 {
		x.ask("not added", t.commitIn(group, name, id, 0, 5))
		t.addedOffsets(group)
	}
	x.ask("one", t.commitIn(group, name, id, 0, 5))
	x.ask("fetch", stableOffsets(group, name, id, false))
	x.ask("fetch stable", stableOffsets(group, name, id, true))
	x.ask("another partition", t.commitIn(group, name, id, 1, 6))
	x.ask("unknown partition", t.commitIn(group, name, id, 9, 6))
	x.ask("unknown topic", t.commitIn(group, x.name("unknown"), [16]byte{9}, 0, 6))
	x.ask("zero id", t.commitIn(group, "", [16]byte{}, 0, 6))
	none := t.commitIn(group, name, id, 0, 5)
	none.Topics = nil
	x.ask("no topics", none)
	long := t.commitIn(group, name, id, 0, 5)
	long.Topics[0].Partitions[0].Metadata = new(string(make([]byte, 5000)))
	x.ask("long metadata", long)
	null := t.commitIn(group, name, id, 0, 7)
	null.Topics[0].Partitions[0].Metadata = nil
	x.ask("null metadata", null)
	other := *t
	other.epoch += 5
	x.ask("another epoch", other.commitIn(group, name, id, 0, 5))
	x.ask("empty group", t.commitIn("", name, id, 0, 5))
	if x.version >= 3 {
		r := t.commitIn(group, name, id, 0, 5)
		r.Generation = 1
		x.ask("a generation of a group without members", r)
		r = t.commitIn(group, name, id, 0, 5)
		r.MemberID = "nobody"
		x.ask("a member of a group without members", r)
		r = t.commitIn(x.name("none"), name, id, 0, 5)
		r.Generation = 1
		if x.version < 5 {
			t.addedOffsets(x.name("none"))
		}
		x.ask("a generation of no group", r)
	}
	t.ended(true)
	x.ask("fetch after the end", stableOffsets(group, name, id, true))
	if x.version < 5 {
		t.addedOffsets(group)
	}
	x.hidden(func() { x.ask("offset of another transaction", t.commitIn(group, name, id, 0, 99)) })
	t.ended(false)
	x.ask("fetch after an abort", stableOffsets(group, name, id, true))
}

func tellWriteTxnMarkers(x *talk) {
	name, id := x.topic("t", 3)
	t := x.txn("x")
	t.write(name, id, 0, "a", "b")
	marker := func(step string, epoch int16, coordinator int32, version int8, commit bool, topic string, partitions ...int32) {
		r := kmsg.NewPtrWriteTxnMarkersRequest()
		m := kmsg.NewWriteTxnMarkersRequestMarker()
		m.ProducerID, m.ProducerEpoch, m.CoordinatorEpoch, m.TransactionVersion, m.Committed = t.producer, epoch, coordinator, version, commit
		mt := kmsg.NewWriteTxnMarkersRequestMarkerTopic()
		mt.Topic, mt.Partitions = topic, partitions
		m.Topics = append(m.Topics, mt)
		r.Markers = append(r.Markers, m)
		x.ask(step, r)
	}
	x.ask("none", kmsg.NewPtrWriteTxnMarkersRequest())
	marker("unknown partition", t.epoch, 0, 0, false, name, 9)
	marker("unknown topic", t.epoch, 0, 0, false, x.name("unknown"), 0)
	marker("epoch below", t.epoch-1, 0, 0, false, name, 0)
	marker("abort", t.epoch, 5, 0, false, name, 0)
	marker("a retry", t.epoch, 5, 0, false, name, 0)
	marker("an older coordinator", t.epoch, 4, 0, false, name, 0)
	marker("where nothing was written", t.epoch, 5, 0, true, name, 1)
	if x.version >= 2 {
		marker("v2, the same epoch, nothing open", t.epoch, 5, 2, true, name, 0)
		marker("v2, the next epoch", t.epoch+1, 5, 2, true, name, 0)
		marker("v2, epoch below", t.epoch, 5, 2, true, name, 0)
	}
	x.ask("the records", fetch(from(name, id, 0, 0)))
	committed := fetch(from(name, id, 0, 0))
	committed.IsolationLevel = 1
	x.ask("the committed records", committed)
}

func tellDescribeTransactions(x *talk) {
	name, id := x.topic("t", 2)
	t := x.txn("x")
	t.completed("new")
	t.write(name, id, 0, "a")
	t.completed("open")
	t.added(name, 1)
	t.completed("with another partition")
	t.ended(true)
	t.completed("committed")
	t.write(name, id, 1, "b")
	t.ended(false)
	t.completed("aborted")
	r := kmsg.NewPtrDescribeTransactionsRequest()
	r.TransactionalIDs = []string{x.name("nobody"), "", t.id}
	x.ask("three", r)
	x.ask("none", kmsg.NewPtrDescribeTransactionsRequest())
}

func tellListTransactions(x *talk) {
	name, id := x.topic("t", 1)
	t := x.txn("x")
	list := func(step string, more func(*kmsg.ListTransactionsRequest)) {
		r := kmsg.NewPtrListTransactionsRequest()
		r.ProducerIDFilters = []int64{t.producer}
		if more != nil {
			more(r)
		}
		x.ask(step, r)
	}
	list("new", nil)
	t.write(name, id, 0, "a")
	list("open", nil)
	list("in a state", func(r *kmsg.ListTransactionsRequest) { r.StateFilters = []string{"Ongoing"} })
	list("in two states", func(r *kmsg.ListTransactionsRequest) { r.StateFilters = []string{"Empty", "Ongoing"} })
	list("in another state", func(r *kmsg.ListTransactionsRequest) { r.StateFilters = []string{"Empty"} })
	list("in an unknown state", func(r *kmsg.ListTransactionsRequest) { r.StateFilters = []string{"Nonsense", "Ongoing"} })
	list("in a state that nobody sees", func(r *kmsg.ListTransactionsRequest) { r.StateFilters = []string{"Dead"} })
	list("open for long", func(r *kmsg.ListTransactionsRequest) { r.DurationFilterMillis = 3600_000 })
	list("open for a negative time", func(r *kmsg.ListTransactionsRequest) { r.DurationFilterMillis = -5 })
	list("by a pattern", func(r *kmsg.ListTransactionsRequest) { r.TransactionalIDPattern = new("w-listing.*-x") })
	list("by a pattern that fits a part", func(r *kmsg.ListTransactionsRequest) { r.TransactionalIDPattern = new("listing") })
	list("by an empty pattern", func(r *kmsg.ListTransactionsRequest) { r.TransactionalIDPattern = new("") })
	list("by no pattern", func(r *kmsg.ListTransactionsRequest) { r.TransactionalIDPattern = new("(") })
	list("of nobody", func(r *kmsg.ListTransactionsRequest) { r.ProducerIDFilters = []int64{1 << 60} })
	t.ended(true)
	list("committed", nil)
}

func tellProduceInTransactions(x *talk) {
	name, id := x.topic("t", 3)
	t := x.txn("x")
	send := func(step string, partition int32, b batch) {
		x.until(step, func() kmsg.Request { return t.produce(part{name, id, partition, b.encode()}) }, func(resp kmsg.Response) bool {
			p, ok := resp.(*kmsg.ProduceResponse)
			return ok && busy(p.Topics[0].Partitions[0].ErrorCode)
		})
	}
	if x.version < 12 {
		send("not added", 0, t.records(0, "a"))
		t.added(name, 0, 1)
	}
	send("one", 0, t.records(0, "a"))
	send("a retry", 0, t.records(0, "a"))
	send("the next", 0, t.records(1, "b", "c"))
	send("out of order", 0, t.records(7, "d"))
	send("another partition", 1, t.records(0, "e"))
	late := *t
	late.epoch--
	send("epoch below", 0, late.records(3, "f"))
	other := *t
	other.producer += 100000
	send("another producer", 2, other.records(0, "g"))
	plain := t.records(3, "h")
	plain.edit = nil
	send("not transactional", 0, plain)
	r := t.produce(part{name, id, 0, t.records(3, "i").encode()})
	r.TransactionID = nil
	x.ask("no transactional id", r)
	x.ask("two producers", t.produce(part{name, id, 0, t.records(3, "i").encode()}, part{name, id, 1, other.records(0, "i").encode()}))
	x.ask("another transactional id", func() kmsg.Request {
		r := t.produce(part{name, id, 2, t.records(0, "j").encode()})
		r.TransactionID = new(x.name("nobody"))
		return r
	}())
	t.completed("state")
	t.ended(true)
	if x.version < 12 {
		send("after the end", 0, t.records(3, "k"))
		send("in a partition that was not there", 2, t.records(0, "l"))
	}
	x.ask("the records", fetch(from(name, id, 0, 0)))
}

func tellFetchCommitted(x *talk) {
	name, id := x.topic("t", 1)
	committed := func(step string, offset int64) {
		r := fetch(from(name, id, 0, offset))
		r.IsolationLevel = 1
		x.ask(step, r)
	}
	a, b, c := x.txn("a"), x.txn("b"), x.txn("c")
	x.fill(name, id, plain("plain"))
	committed("nothing transactional", 0)
	a.write(name, id, 0, "a1")
	b.write(name, id, 0, "b1", "b2")
	x.fill(name, id, plain("plain"))
	committed("two are open", 0)
	x.ask("uncommitted", fetch(from(name, id, 0, 0)))
	a.ended(false)
	committed("one is aborted, one is open", 0)
	c.write(name, id, 0, "c1")
	b.ended(true)
	committed("one is committed", 0)
	c.ended(false)
	committed("none is open", 0)
	committed("from behind the first", 3)
	committed("from the end of the second", 6)
	committed("from the end", 8)
	x.ask("uncommitted at the end", fetch(from(name, id, 0, 0)))
	r := fetch(from(name, id, 0, 0))
	r.IsolationLevel = 2
	x.ask("an isolation that there is not", r)
}

func tellListStable(x *talk) {
	name, id := x.topic("t", 1)
	t := x.txn("x")
	x.fill(name, id, plain("a"))
	list := func(step string) {
		for _, timestamp := range []int64{-1, -2, -3, epoch2020} {
			for _, isolation := range []int8{0, 1} {
				r := offsetsAt(name, 0, timestamp)
				r.IsolationLevel = isolation
				x.ask(step, r)
			}
		}
	}
	list("nothing open")
	t.write(name, id, 0, "b", "c")
	x.fill(name, id, plain("d"))
	list("one is open")
	t.ended(true)
	list("committed")
	t.write(name, id, 2, "e")
	t.ended(false)
	list("aborted")
}

func tellFetchStable(x *talk) {
	name, id := x.topic("t", 1)
	group := x.name("g")
	x.awaitGroup(group)
	t := x.txn("x")
	read := func(step string) {
		x.ask(step, stableOffsets(group, name, id, false))
		x.ask(step+", stable", stableOffsets(group, name, id, true))
		if x.version >= 2 {
			all := stableOffsets(group, name, id, true)
			all.Topics, all.Groups[0].Topics = nil, nil
			x.ask(step+", all stable", all)
		}
	}
	commit := func(offset int64) {
		t.addedOffsets(group)
		x.hidden(func() {
			x.pinned(kmsg.TxnOffsetCommit, 4, func() { x.ask("commit", t.commitIn(group, name, id, 0, offset)) })
		})
	}
	read("nothing")
	commit(5)
	read("open")
	t.ended(true)
	read("committed")
	commit(6)
	read("open again")
	t.ended(false)
	read("aborted")
}

func tellDescribeTransactionalProducers(x *talk) {
	name, id := x.topic("t", 1)
	t := x.txn("x")
	describe := func(step string) {
		r := kmsg.NewPtrDescribeProducersRequest()
		rt := kmsg.NewDescribeProducersRequestTopic()
		rt.Topic, rt.Partitions = name, []int32{0}
		r.Topics = append(r.Topics, rt)
		x.ask(step, r)
	}
	t.write(name, id, 0, "a", "b")
	describe("open")
	t.ended(true)
	describe("committed")
	t.write(name, id, 2, "c")
	t.ended(false)
	describe("aborted")
}
