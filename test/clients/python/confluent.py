"""confluent-kafka (librdkafka): every step of the conformance table.

usage: confluent.py BOOTSTRAP PREFIX"""

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka import ConsumerGroupTopicPartitions, IsolationLevel
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions,
                                   NewTopic, OffsetSpec, ResourceType)

from steps import BOOTSTRAP, LARGE, PREFIX, TIMESTAMP, cannot, digest, large_value, step, topic, until

common = {"bootstrap.servers": BOOTSTRAP}
admin = AdminClient(common)


def failure(call):
    """The name of the error that Kafka answered."""
    try:
        call()
    except KafkaException as error:
        return error.args[0].name()
    return "no error"


def create(*topics):
    for future in admin.create_topics([NewTopic(*t) for t in topics]).values():
        future.result(20)


def producer(**options):
    return Producer({**common, "acks": "all", **{k.replace("_", "."): v for k, v in options.items()}})


def consumer(group="unused", **options):
    settings = {"group.id": topic(group), "auto.offset.reset": "earliest", "enable.auto.commit": False}
    return Consumer({**common, **settings, **{k.replace("_", "."): v for k, v in options.items()}})


def read(c, count, seconds=30):
    records = []

    def more():
        m = c.poll(0.2)
        if m is not None:
            if m.error():
                raise KafkaException(m.error())
            records.append(m)
        return len(records) >= count

    until("%d records" % count, more, seconds)
    return records


def shown(r):
    return [r.partition(), r.offset(), r.timestamp()[1], str(r.key()), str(r.value()), str(r.headers())]


def send(p, count, where, **options):
    """Produces and returns [partition, offset] in the order of the callbacks."""
    places = []
    for i in range(count):
        p.produce(where, key="key-%d" % i, value="value-%d" % i, timestamp=TIMESTAMP + i,
                  on_delivery=lambda error, m: places.append([m.partition(), m.offset()] if not error else error.name()),
                  **options)
    p.flush(30)
    return places


@step("create topics")
def _():
    create((topic("one"), 1, 1), (topic("four"), 4, 1))
    again = failure(lambda: create((topic("one"), 1, 1)))
    bad = failure(lambda: create(("not a name", 1, 1)))

    def both():
        topics = admin.list_topics(timeout=10).topics
        return {topic("one"), topic("four")} <= set(topics) and topics

    topics = until("topics", both)
    return [again, bad, [len(topics[topic(name)].partitions) for name in ("one", "four")]]


@step("refuse replication factor")
def _():
    return failure(lambda: create((topic("wide"), 1, 2)))


@step("list topics")
def _():
    return sorted(name for name in admin.list_topics(timeout=10).topics if name.startswith(PREFIX))


@step("produce with keys")
def _():
    places = send(producer(), 20, topic("four"))
    c = consumer()
    c.assign([TopicPartition(topic("four"), i, 0) for i in range(4)])
    return [sorted(places), sorted(shown(r) for r in read(c, 20))]


@step("produce with headers")
def _():
    p = producer()
    p.produce(topic("one"), value="with headers", timestamp=TIMESTAMP, headers=[("a", b"1"), ("a", b"2"), ("empty", b""), ("null", None)])
    p.flush(30)
    c = consumer()
    c.assign([TopicPartition(topic("one"), 0, 0)])
    return [shown(r) for r in read(c, 1)]


def codec(name):
    @step("codec " + name)
    def _():
        where = topic("codec-" + name)
        create((where, 1, 1))
        places = send(producer(compression_type=name, linger_ms=50), 100, where)
        c = consumer()
        c.assign([TopicPartition(where, 0, 0)])
        records = read(c, 100)
        return [places, digest(b"".join(r.key() + r.value() for r in records)), shown(records[99])]


for name in ("none", "gzip", "snappy", "lz4", "zstd"):
    codec(name)


@step("callbacks")
def _():
    p, errors = producer(), []
    places = send(p, 50, topic("one"))
    refused = failure(lambda: p.produce(topic("one"), value="x", partition=9))
    try:  # librdkafka refuses at once when it has heard of the name already
        p.produce("not a name", value="x", on_delivery=lambda error, m: errors.append(error))
    except KafkaException as error:
        errors.append(error)
    p.flush(30)
    return [places, refused, len(errors)]


@step("request of 100 MB")
def _():
    create((topic("large"), 1, 1))
    p, places, value = producer(message_max_bytes=104857600), [], large_value()
    p.produce(topic("large"), value=value, timestamp=TIMESTAMP, on_delivery=lambda e, m: places.append(str(e) if e else m.offset()))
    p.flush(60)
    c = consumer(fetch_message_max_bytes=2 * LARGE, fetch_max_bytes=2 * LARGE, receive_message_max_bytes=3 * LARGE)
    c.assign([TopicPartition(topic("large"), 0, 0)])
    record = read(c, 1, 60)[0]
    c.close()
    return [places, digest(record.value()), record.value() == value]


@step("earliest")
def _():
    c = consumer("earliest")
    c.subscribe([topic("four")])
    records = read(c, 20)
    c.close()
    return sorted([r.partition(), r.offset()] for r in records)


@step("latest")
def _():
    c = consumer("latest", auto_offset_reset="latest")
    c.subscribe([topic("one")])
    until("assignment", lambda: c.poll(0.1) or c.assignment())
    until("position", lambda: c.poll(0.2) or c.get_watermark_offsets(c.assignment()[0], cached=True)[1] > 0)
    p = producer()

    def late():  # the position may be taken a moment later
        p.produce(topic("one"), value="late")
        p.flush(10)
        return c.poll(1)

    record = until("record", late)
    c.close()
    return [record.value().decode(), record.offset() >= 51]


@step("manual commit")
def _():
    c = consumer("manual")
    c.subscribe([topic("one")])
    read(c, 10)
    done = c.commit(offsets=[TopicPartition(topic("one"), 0, 7, metadata="note")], asynchronous=False)
    c.close()
    c = consumer("manual")
    found = c.committed([TopicPartition(topic("one"), 0)], timeout=10)[0]
    c.subscribe([topic("one")])
    first = read(c, 1)[0].offset()
    c.close()
    return [done[0].offset, found.offset, found.metadata, first]


@step("automatic commit")
def _():
    c = consumer("auto", enable_auto_commit=True, auto_commit_interval_ms=100)
    c.subscribe([topic("four")])
    read(c, 20)
    c.close()
    c = consumer("auto")
    return [o.offset for o in c.committed([TopicPartition(topic("four"), i) for i in range(4)], timeout=10)]


@step("seek by timestamp")
def _():
    c = consumer()
    found = c.offsets_for_times([TopicPartition(topic("four"), i, TIMESTAMP + 10) for i in range(4)], timeout=10)
    beyond = c.offsets_for_times([TopicPartition(topic("four"), 0, TIMESTAMP + 10000000)], timeout=10)
    c.assign(found)
    keys = sorted(r.key().decode() for r in read(c, 10))
    c.seek(TopicPartition(topic("four"), 0, 0))
    low, high = c.get_watermark_offsets(TopicPartition(topic("four"), 0), timeout=10)
    latest = admin.list_offsets({TopicPartition(topic("four"), 0): OffsetSpec.max_timestamp()},
                                isolation_level=IsolationLevel.READ_UNCOMMITTED)
    newest = list(latest.values())[0].result(10)
    return [[o.offset for o in found], beyond[0].offset, keys, low, high, newest.offset, newest.timestamp]


@step("several groups")
def _():
    answers = []
    for group in ("first", "second"):
        c = consumer(group)
        c.subscribe([topic("four")])
        answers.append(sorted([r.partition(), r.offset()] for r in read(c, 20)))
        c.commit(asynchronous=False)
        c.close()
    return answers


@step("group of two with rebalances")
def _():
    def member():
        c = consumer("two", session_timeout_ms=6000, heartbeat_interval_ms=200)
        c.subscribe([topic("four")])
        return c

    def owned(count, *members):
        until("%d partitions each" % count, lambda: all([m.poll(0.05) or len(m.assignment()) == count for m in members]
                                                        and [len(m.assignment()) == count for m in members]))
        return [len(m.assignment()) for m in members]

    a = member()
    answers = [owned(4, a)]
    b = member()
    answers.append(owned(2, a, b))
    together = sorted(tp.partition for m in (a, b) for tp in m.assignment())
    b.close()
    answers.append(owned(4, a))
    a.close()
    return [answers, together]


def transactional(name):
    p = producer(transactional_id=topic(name))
    p.init_transactions(20)
    return p


def end(p, commit):
    p.commit_transaction(20) if commit else p.abort_transaction(20)


def committed(name, count):
    c = consumer(isolation_level="read_committed")
    c.assign([TopicPartition(topic(name), 0, 0)])
    records = read(c, count)
    c.close()
    return [[r.offset(), r.value().decode()] for r in records]


@step("transactions")
def _():
    p = transactional("txn")
    for values in ("abc", "-xy", "d"):
        p.begin_transaction()
        for value in values.strip("-"):
            p.produce(topic("txns"), value, partition=0)
        p.flush(20)
        end(p, values[0] != "-")
    transactional("txn")
    p.begin_transaction()
    p.produce(topic("txns"), "late", partition=0)
    return [committed("txns", 4), failure(lambda: p.commit_transaction(20))]


@step("exactly once")
def _():
    count, source = 60, topic("etl-in")
    first = producer()
    for i in range(count):
        first.produce(source, "v%d" % i, partition=0)
    first.flush(20)
    p, c = transactional("etl"), consumer("etl", isolation_level="read_committed")
    c.subscribe([source])
    done, rounds = 0, 0

    def position():
        at = c.committed([TopicPartition(source, 0)], 20)[0].offset
        return max(at, 0)

    while done < count:
        records = c.consume(7, 1.0)
        if not records:
            continue
        p.begin_transaction()
        for r in records:
            p.produce(topic("etl-out"), r.value(), partition=0)
        following = records[-1].offset() + 1
        p.send_offsets_to_transaction([TopicPartition(source, 0, following)], c.consumer_group_metadata(), 20)
        commit = rounds % 3 != 2
        rounds += 1
        end(p, commit)
        if commit:
            done = following
        else:
            c.seek(TopicPartition(source, 0, position()))
    seen = [value for _, value in committed("etl-out", count)]
    answer = [len(seen), len(set(seen)), position()]
    c.close()
    return answer


@step("configs")
def _():
    def set_to(value):
        entry = ConfigEntry("retention.ms", value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, topic("one"), incremental_configs=[entry])
        for future in admin.incremental_alter_configs([resource]).values():
            future.result(10)

    def value():
        found = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic("one"))])
        entries = list(found.values())[0].result(10)
        text = {name: [e.value, e.source, e.is_default, e.is_read_only] for name, e in entries.items()}
        return text if text["retention.ms"][0] == "123456" else None

    set_to("123456")
    return [until("configs", value), failure(lambda: set_to("x"))]


@step("create partitions")
def _():
    def grow(count):
        for future in admin.create_partitions([NewPartitions(topic("one"), count)]).values():
            future.result(10)

    grow(3)
    until("partitions", lambda: len(admin.list_topics(topic("one"), timeout=10).topics[topic("one")].partitions) == 3)
    return failure(lambda: grow(2))


@step("delete records")
def _():
    def delete(offset):
        return [f.result(10).low_watermark for f in admin.delete_records([TopicPartition(topic("codec-gzip"), 0, offset)]).values()]

    low = delete(40)
    return [low, list(consumer().get_watermark_offsets(TopicPartition(topic("codec-gzip"), 0), timeout=10)), failure(lambda: delete(4000))]


@step("groups")
def _():
    mine = sorted(g.group_id for g in admin.list_consumer_groups().result(10).valid if g.group_id.startswith(PREFIX))
    described = admin.describe_consumer_groups([topic("first")])[topic("first")].result(10)
    offsets = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(topic("first"))])[topic("first")].result(10)
    c = consumer("live")
    c.subscribe([topic("four")])
    until("assignment", lambda: c.poll(0.1) or c.assignment())
    busy = failure(lambda: admin.delete_consumer_groups([topic("live")])[topic("live")].result(10))
    c.close()
    admin.delete_consumer_groups([topic("first")])[topic("first")].result(10)
    gone = failure(lambda: admin.delete_consumer_groups([topic("first")])[topic("first")].result(10))
    return [mine, described.state.name, sorted([o.partition, o.offset] for o in offsets.topic_partitions), busy, gone]


@step("cluster")
def _():
    found = admin.describe_cluster().result(10)
    return [[n.id for n in found.nodes], found.controller.id, bool(found.cluster_id)]


cannot("log directories", "librdkafka has no DescribeLogDirs")


@step("delete topics")
def _():
    def delete(*names):
        for future in admin.delete_topics(list(names)).values():
            future.result(10)

    delete(topic("large"), topic("codec-none"))
    until("deletion", lambda: topic("large") not in admin.list_topics(timeout=10).topics)
    return [failure(lambda: delete(topic("no-such"))), sorted(t for t in admin.list_topics(timeout=10).topics if t.startswith(PREFIX))]

