"""kafka-python 1.4, as old as it can be: every step of the table of old clients.

usage: kafka_python_old.py BOOTSTRAP PREFIX API_VERSION, such as 0.8.2"""

import sys

import six  # the one in kafka-python 1.4 cannot be imported by Python 3.12

sys.modules["kafka.vendor.six"] = six
sys.modules["kafka.vendor.six.moves"] = six.moves

from kafka import KafkaConsumer, KafkaProducer, TopicPartition  # noqa: E402
from kafka.structs import OffsetAndMetadata  # noqa: E402

from steps import BOOTSTRAP, TIMESTAMP, cannot, digest, step, topic, until  # noqa: E402

VERSION = tuple(int(part) for part in sys.argv[3].split("."))
common = {"bootstrap_servers": BOOTSTRAP, "api_version": VERSION}


def consumer(where=None, offset=0, **options):
    settings = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "group_id": None}
    c = KafkaConsumer(**common, **{**settings, **options})
    if where:
        c.assign([TopicPartition(topic(where), 0)])
        c.seek(TopicPartition(topic(where), 0), offset)
    return c


def read(c, count, seconds=30):
    records = []

    def more():
        for batch in c.poll(timeout_ms=500).values():
            records.extend(batch)
        return len(records) >= count

    until("%d records" % count, more, seconds)
    return records


def shown(r):
    return [r.offset, r.timestamp, str(r.key), str(r.value)]


def once(c):
    """Nine records, each once: Kafka 3.9 sends what follows a marker twice."""
    found = {}
    while len(found) < 9:
        for r in read(c, 1):
            found[r.offset] = shown(r)
    return [found[offset] for offset in sorted(found)]


def all_of(records):
    return [len(records), shown(records[-1]), digest(repr([shown(r) for r in records]).encode())]


def produce(name):
    p = KafkaProducer(**common, acks="all", compression_type=None if name == "none" else name, linger_ms=50)
    stamp = {"timestamp_ms": TIMESTAMP} if VERSION >= (0, 10) else {}
    sent = [p.send(topic("codec-" + name), key=b"k%d" % i, value=b"v" * i, **stamp) for i in range(100)]
    p.flush()
    offsets = [f.get(10).offset for f in sent]
    c = consumer("codec-" + name)
    return [offsets == list(range(100)), all_of(read(c, 100))]


for codec in ("none", "gzip", "snappy", "lz4"):
    step("produce " + codec)(lambda codec=codec: produce(codec))


@step("nulls")
def _():
    p = KafkaProducer(**common, acks=1)
    for key, value in ((b"key", None), (None, b"value"), (b"", b""), (b"key", b"")):
        p.send(topic("nulls"), key=key, value=value).get(10)
    return [shown(r)[2:] for r in read(consumer("nulls"), 4)]


@step("without acknowledgement")
def _():
    p = KafkaProducer(**common, acks=0)
    for i in range(10):
        p.send(topic("acks-none"), value=b"%d" % i)
    p.flush()
    return [shown(r)[2:] for r in read(consumer("acks-none"), 10)]


for codec in ("none", "gzip", "snappy", "lz4"):
    step("fetch new " + codec)(lambda codec=codec: all_of(read(consumer("new-" + codec), 60)))


@step("begin in the middle")
def _():
    return [[c, shown(read(consumer("new-" + c, 27), 1)[0])] for c in ("none", "gzip", "snappy", "lz4")]


@step("many, in small pieces")
def _():
    return all_of(read(consumer("many", max_partition_fetch_bytes=16384), 5000))


@step("transactions")
def _():
    return once(consumer("txn"))


@step("ends")
def _():
    c, tp = consumer("many"), TopicPartition(topic("many"), 0)
    c.seek_to_beginning(tp)
    first = c.position(tp)
    c.seek_to_end(tp)
    return [first, c.position(tp)]


@step("commits")
def _():
    tp = TopicPartition(topic("many"), 0)
    c = consumer(group_id=topic("commits"))
    c.assign([tp])
    before = c.committed(tp)
    c.commit({tp: OffsetAndMetadata(1234, "about it")})
    again = consumer(group_id=topic("commits"))
    again.assign([tp])
    return [before, again.committed(tp), read(again, 1)[0].offset]


if VERSION < (0, 9):
    cannot("group", "Kafka 0.8 has no groups with members")
else:

    @step("group")
    def _():
        options = {"group_id": topic("group"), "session_timeout_ms": 10000, "heartbeat_interval_ms": 300}
        c = consumer(**options)
        c.subscribe([topic("many")])
        first = read(c, 100)
        c.commit({TopicPartition(topic("many"), 0): OffsetAndMetadata(100, "")})
        c.close(autocommit=False)
        c = consumer(**options)
        c.subscribe([topic("many")])
        return [shown(first[0]), shown(read(c, 1)[0])]
