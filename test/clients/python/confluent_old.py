"""confluent-kafka (librdkafka) that takes the broker for an old one: every step
of the table of old clients.

usage: confluent_old.py BOOTSTRAP PREFIX BROKER_VERSION, such as 0.9.0.1"""

import sys

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from steps import BOOTSTRAP, TIMESTAMP, cannot, digest, step, topic, until

VERSION = sys.argv[3]
OLD = tuple(int(part) for part in VERSION.split("."))
common = {"bootstrap.servers": BOOTSTRAP, "api.version.request": False, "broker.version.fallback": VERSION}


def consumer(where=None, offset=0, **options):
    settings = {"group.id": topic("unused"), "auto.offset.reset": "earliest", "enable.auto.commit": False}
    c = Consumer({**common, **settings, **{k.replace("_", "."): v for k, v in options.items()}})
    if where:
        c.assign([TopicPartition(topic(where), 0, offset)])
    return c


def read(c, count, seconds=30):
    records = []

    def more():
        for m in c.consume(count - len(records), 1):
            if m.error():
                raise KafkaException(m.error())
            records.append(m)
        return len(records) >= count

    until("%d records" % count, more, seconds)
    return records


def shown(m):
    return [m.offset(), m.timestamp(), str(m.key()), str(m.value())]


def once(c):
    """Nine records, each once: Kafka 3.9 sends what follows a marker twice."""
    found = {}
    while len(found) < 9:
        for r in read(c, 1):
            found[r.offset()] = shown(r)
    return [found[offset] for offset in sorted(found)]


def all_of(records):
    return [len(records), shown(records[-1]), digest(repr([shown(r) for r in records]).encode())]


def send(where, messages, **options):
    p = Producer({**common, "acks": "all", **{k.replace("_", "."): v for k, v in options.items()}})
    offsets, failures = [], []

    def delivered(error, m):
        failures.append(str(error)) if error else offsets.append(m.offset())

    for key, value in messages:
        p.produce(topic(where), key=key, value=value, partition=0, timestamp=TIMESTAMP, on_delivery=delivered)
    p.flush(20)
    if failures:
        raise RuntimeError(failures[0])
    return offsets


def produce(name):
    offsets = send("codec-" + name, [(b"k%d" % i, b"v" * i) for i in range(100)], compression_codec=name, linger_ms=50)
    return [offsets == list(range(100)), all_of(read(consumer("codec-" + name), 100))]


for codec in ("none", "gzip", "snappy", "lz4"):
    step("produce " + codec)(lambda codec=codec: produce(codec))


@step("nulls")
def _():
    send("nulls", [(b"key", None), (None, b"value"), (b"", b""), (b"key", b"")], acks=1)
    return [shown(r)[2:] for r in read(consumer("nulls"), 4)]


@step("without acknowledgement")
def _():
    send("acks-none", [(None, b"%d" % i) for i in range(10)], acks=0)
    return [shown(r)[2:] for r in read(consumer("acks-none"), 10)]


for codec in ("none", "gzip", "snappy", "lz4"):
    step("fetch new " + codec)(lambda codec=codec: all_of(read(consumer("new-" + codec), 60)))


@step("begin in the middle")
def _():
    return [[c, shown(read(consumer("new-" + c, 27), 1)[0])] for c in ("none", "gzip", "snappy", "lz4")]


@step("many, in small pieces")
def _():
    return all_of(read(consumer("many", fetch_message_max_bytes=16384), 5000))


@step("transactions")
def _():
    return once(consumer("txn"))


@step("ends")
def _():
    return consumer("many").get_watermark_offsets(TopicPartition(topic("many"), 0), 10)


@step("commits")
def _():
    def at(c):
        return [p.offset for p in c.committed([TopicPartition(topic("many"), 0)], 10)]

    c = consumer("many", group_id=topic("commits"))
    before = at(c)
    c.commit(offsets=[TopicPartition(topic("many"), 0, 1234)], asynchronous=False)
    return [before, at(consumer("many", group_id=topic("commits")))]


if OLD < (0, 9):
    cannot("group", "Kafka 0.8 has no groups with members")
else:

    @step("group")
    def _():
        c = consumer(group_id=topic("group"), session_timeout_ms=10000)
        c.subscribe([topic("many")])
        first = read(c, 100)
        c.commit(message=first[99], asynchronous=False)
        c.close()
        c = consumer(group_id=topic("group"), session_timeout_ms=10000)
        c.subscribe([topic("many")])
        return [shown(first[0]), shown(read(c, 1)[0])]
