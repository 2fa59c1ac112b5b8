package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// oldStories are about what only versions have that Kafka 4 dropped: message
// sets, and offsets by the age of segments.
func oldStories() []story {
	return []story{
		{kmsg.Produce, "producing messages", tellProduceMessages},
		{kmsg.Produce, "producing messages that are refused", tellProduceMessagesBad},
		{kmsg.Produce, "producing messages to special topics", tellProduceMessagesSpecial},
		{kmsg.Fetch, "fetching as messages", tellFetchMessages},
		{kmsg.Fetch, "fetching special topics as messages", tellFetchMessagesSpecial},
		{kmsg.ListOffsets, "listing old offsets", tellListOldOffsets},
	}
}

var oldCodecs = []string{"none", "gzip", "snappy", "lz4"}

// packed is a message set of one codec.
func packed(codec int, list []message) []byte {
	if codec == none {
		return encodeAll(list)
	}
	return wrap(codec, list).encode()
}

func tellProduceMessages(x *talk) {
	x.masker.unpacks = true
	for magic := range int8(2) {
		name, id := x.topic(fmt.Sprintf("m%d", magic), 2)
		send := func(step string, acks int16, data []byte) {
			x.ask(step, produce(acks, part{name, id, 0, data}))
		}
		for codec, what := range oldCodecs {
			send("codec "+what, -1, packed(codec, messages(magic, "a", "b", "c")))
			send("one, codec "+what, 1, packed(codec, messages(magic, "a")))
		}
		send("acks none", 0, encodeAll(messages(magic, "d")))
		list := messages(magic, "", "b", "c")
		list[0].key, list[1].value, list[2].key, list[2].value = nil, nil, []byte{}, []byte{}
		for codec, what := range oldCodecs {
			send("nulls, codec "+what, -1, packed(codec, list))
		}
		list = messages(magic, "x", "y")
		list[0].timestamp, list[1].timestamp = -1, epoch2020+7
		send("no timestamp", -1, encodeAll(list))
		list = messages(magic, "x", "y", "z")
		for i := range list {
			list[i].offset = 100 - int64(i)*10
		}
		for codec, what := range oldCodecs {
			send("strange offsets, codec "+what, -1, packed(codec, list))
		}
		zero := wrap(gzipped, messages(magic, "x", "y"))
		zero.offset = 0
		send("a wrapper at offset 0", -1, zero.encode())
		x.ask("two partitions", produce(-1, part{name, id, 0, encodeAll(messages(magic, "p0"))}, part{name, id, 1, packed(gzipped, messages(magic, "p1"))}))
		whole := encodeAll(messages(magic, "whole"))
		send("a cut end", -1, append(whole, encodeAll(messages(magic, "cut"))[:20]...))
		send("cut", -1, encodeAll(messages(magic, "cut"))[:20])
		send("empty", -1, []byte{})
		x.ask("all of it", fetch(from(name, id, 0, 0)))
		x.ask("by time", offsetsAt(name, 0, epoch2020+5))
	}
}

func tellProduceMessagesBad(x *talk) {
	x.masker.unpacks = true
	for magic := range int8(2) {
		name, id := x.topic(fmt.Sprintf("m%d", magic), 1, "message.timestamp.after.max.ms", "3600000")
		send := func(step string, data []byte) {
			x.ask(fmt.Sprintf("%s, magic %d", step, magic), produce(-1, part{name, id, 0, data}))
		}
		one := func(step string, edit func(m *message)) {
			m := messages(magic, "value")[0]
			edit(&m)
			send(step, m.encode())
			inner := messages(magic, "a", "b")
			edit(&inner[1])
			send(step+", wrapped", wrap(gzipped, inner).encode())
		}
		one("wrong crc", func(m *message) { m.badCRC = true })
		one("log append time", func(m *message) { m.attributes |= 8 })
		one("future", func(m *message) { m.timestamp = 1 << 52 })
		one("another magic", func(m *message) { m.magic = 1 - magic })
		one("unknown attributes", func(m *message) { m.attributes |= 0x70 })
		one("compressed, plain value", func(m *message) { m.attributes |= gzipped })
		for codec := 4; codec < 8; codec++ {
			send(fmt.Sprintf("codec %d", codec), message{magic: magic, attributes: byte(codec), value: []byte("value")}.encode())
		}
		send("length tiny", message{magic: magic, value: []byte("v"), edit: func(b []byte) { binary.BigEndian.PutUint32(b[8:], 10) }}.encode())
		send("length negative", message{magic: magic, value: []byte("v"), edit: func(b []byte) { binary.BigEndian.PutUint32(b[8:], 1<<32-5) }}.encode())
		send("length long", message{magic: magic, value: []byte("v"), edit: func(b []byte) { binary.BigEndian.PutUint32(b[8:], 500) }}.encode())
		send("magic 3", message{magic: 3, value: []byte("v")}.encode())
		send("mixed magics", append(encodeAll(messages(magic, "a")), encodeAll(messages(1-magic, "b"))...))
		send("messages and a batch", append(encodeAll(messages(magic, "a")), plain("b").encode()...))
		send("a batch and messages", append(plain("b").encode(), encodeAll(messages(magic, "a"))...))
		send("two wrappers", append(packed(gzipped, messages(magic, "a")), packed(gzipped, messages(magic, "b"))...))
		send("a wrapper and a message", append(packed(gzipped, messages(magic, "a")), encodeAll(messages(magic, "b"))...))
		send("a wrapper in a wrapper", wrap(gzipped, []message{wrap(gzipped, messages(magic, "a", "b"))}).encode())
		send("a wrapper of nothing", message{magic: magic, attributes: gzipped, value: pack(gzipped, nil)}.encode())
		send("a wrapper of null", message{magic: magic, attributes: gzipped}.encode())
		send("a wrapper of a cut message", message{magic: magic, attributes: gzipped, value: pack(gzipped, encodeAll(messages(magic, "a"))[:20])}.encode())
		send("a wrapper with a cut end", message{magic: magic, attributes: gzipped, value: pack(gzipped, append(encodeAll(messages(magic, "a")), 1, 2, 3))}.encode())
		send("a wrapper of tiny lengths", message{magic: magic, attributes: gzipped, value: pack(gzipped, make([]byte, 40))}.encode())
		low := wrap(gzipped, messages(magic, "a", "b", "c"))
		low.offset = 1
		send("a wrapper below its last", low.encode())
		damaged := wrap(gzipped, messages(magic, "a", "b", "c"))
		damaged.value = damaged.value[:len(damaged.value)-12]
		send("a cut wrapper", damaged.encode())
		appended := wrap(gzipped, messages(magic, "a", "b"))
		appended.attributes |= 8
		send("a wrapper of log append time", appended.encode())
		x.ask("what was kept", fetch(from(name, id, 0, 0)))
	}
}

func tellProduceMessagesSpecial(x *talk) {
	x.masker.unpacks = true
	for magic := range int8(2) {
		topic := func(what string, configs ...string) (string, [16]byte) {
			return x.topic(fmt.Sprintf("%s%d", what, magic), 1, configs...)
		}
		compacted, cid := topic("compacted", "cleanup.policy", "compact", "message.timestamp.after.max.ms", "3600000")
		keyless := messages(magic, "a", "b")
		keyless[1].key = nil
		for codec, what := range oldCodecs {
			x.ask("the second without a key, compacted, "+what, produce(-1, part{compacted, cid, 0, packed(codec, keyless)}))
		}
		both := messages(magic, "a", "b")
		both[0].timestamp, both[1].key = 1<<52, nil
		x.ask("two faults", produce(-1, part{compacted, cid, 0, packed(none, both)}))
		x.ask("two faults, gzip", produce(-1, part{compacted, cid, 0, packed(gzipped, both)}))
		x.ask("compacted", fetch(from(compacted, cid, 0, 0)))

		appended, aid := topic("append-time", "message.timestamp.type", "LogAppendTime")
		x.ask("append time", produce(-1, part{appended, aid, 0, packed(none, messages(magic, "a", "b"))}))
		x.ask("append time, gzip", produce(-1, part{appended, aid, 0, packed(gzipped, messages(magic, "a", "b"))}))
		kind := wrap(gzipped, messages(magic, "a", "b"))
		kind.attributes |= 8
		x.ask("append time, said so", produce(-1, part{appended, aid, 0, kind.encode()}))
		x.ask("append time, fetched", fetch(from(appended, aid, 0, 0)))

		window, wid := topic("window", "message.timestamp.before.max.ms", "1000", "message.timestamp.after.max.ms", "1000")
		x.ask("too old", produce(-1, part{window, wid, 0, packed(none, messages(magic, "a", "b"))}))
		x.ask("too old, gzip", produce(-1, part{window, wid, 0, packed(gzipped, messages(magic, "a", "b"))}))

		small, sid := topic("small", "max.message.bytes", "150")
		x.ask("too large together", produce(-1, part{small, sid, 0, packed(none, messages(magic, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "cccccccccccccccccccccccccccccccc"))}))
		x.ask("too large alone", produce(-1, part{small, sid, 0, packed(none, messages(magic, string(make([]byte, 200))))}))
		x.ask("small enough", produce(-1, part{small, sid, 0, packed(none, messages(magic, "a"))}))

		for _, codec := range []string{"gzip", "snappy", "lz4", "zstd", "uncompressed"} {
			name, id := topic(codec, "compression.type", codec)
			x.ask("topic codec "+codec, produce(-1, part{name, id, 0, packed(none, messages(magic, "a", "b"))}))
			x.ask("topic codec "+codec+", sent gzip", produce(-1, part{name, id, 0, packed(gzipped, messages(magic, "a", "b"))}))
			x.ask("topic codec "+codec+", fetched", fetch(from(name, id, 0, 0)))
		}
	}
}

// padding are batches that grow by some hundred bytes when they are converted,
// and end in a record that is longer: an answer that is no longer than the
// batches is cut in that record, whatever each broker's codecs make of the
// others.
func padding() []batch {
	return []batch{plain(make([]string, 20)...), plain(string(make([]byte, 1000)))}
}

func tellFetchMessages(x *talk) {
	x.masker.nullIsEmpty = true
	name, id := x.topic("t", 1)
	for codec := range oldCodecs {
		b := plain("a", "b", "c")
		b.codec = codec
		x.fill(name, id, b)
	}
	nulls := plain("n", "o")
	nulls.noKeys = true
	nulls.record = func(i int, r *kmsg.Record) { r.Value = nil }
	x.fill(name, id, append([]batch{nulls}, padding()...)...)
	for at := range int64(15) {
		x.ask("from "+itoa64(at), fetch(from(name, id, 0, at)))
	}
	for _, limit := range []int32{0, 50, 100, 150, 200} {
		r := fetch(from(name, id, 0, 0))
		r.Topics[0].Partitions[0].PartitionMaxBytes = limit
		if limit == 0 || limit >= 150 || x.version == 3 { // to a smaller limit than a batch, 3.9 answers older versions with nothing
			x.ask("at most "+itoa(limit), r)
		}
	}
	other, oid := x.topic("zstd", 1)
	zstd := plain("a", "b")
	zstd.codec = zstded
	x.fill(other, oid, plain("before"), zstd, plain("behind"))
	for at := range int64(5) {
		x.ask("zstd, from "+itoa64(at), fetch(from(other, oid, 0, at)))
	}
	x.ask("zstd and others", fetch(from(other, oid, 0, 1), from(name, id, 0, 3)))
	long := fetch(from(name, id, 0, 35))
	long.MaxWaitMillis = longPoll
	waiting := x.start("a long poll wakes up", long)
	x.fill(name, id, plain("wake"))
	x.finish(waiting)
}

func tellFetchMessagesSpecial(x *talk) {
	appended, aid := x.topic("append-time", 1, "message.timestamp.type", "LogAppendTime")
	gz := plain("a", "b")
	gz.codec = gzipped
	x.fill(appended, aid, append([]batch{plain("a", "b"), gz}, padding()...)...)
	x.ask("append time", fetch(from(appended, aid, 0, 0)))
	x.ask("append time, from 3", fetch(from(appended, aid, 0, 3)))

	name, id := x.topic("idempotent", 1)
	init := x.producer()
	for i := range int32(3) {
		x.fill(name, id, batch{values: []string{"a"}, producer: init.ProducerID, sequence: i})
	}
	x.ask("of an idempotent producer", fetch(from(name, id, 0, 0)))
}

func tellListOldOffsets(x *talk) {
	name, id := x.topic("t", 2, "segment.bytes", "1048576")
	large := plain(string(make([]byte, 400_000)))
	for range 6 {
		x.fill(name, id, large)
	}
	ask := func(step string, partition int32, at int64, most int32) {
		r := offsetsAt(name, partition, at)
		r.Topics[0].Partitions[0].MaxNumOffsets = most
		x.ask(step, r)
	}
	for _, most := range []int32{0, 1, 2, 3, 10, 1 << 30, -1} {
		ask("latest, "+itoa(most), 0, -1, most)
		ask("earliest, "+itoa(most), 0, -2, most)
		ask("of all times, "+itoa(most), 0, 1<<60, most)
		ask("of no time, "+itoa(most), 0, 1, most)
		ask("empty, latest, "+itoa(most), 1, -1, most)
		ask("empty, earliest, "+itoa(most), 1, -2, most)
		ask("empty, of all times, "+itoa(most), 1, 1<<60, most)
		ask("empty, of no time, "+itoa(most), 1, 1, most)
	}
}
