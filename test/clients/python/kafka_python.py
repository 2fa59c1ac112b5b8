"""kafka-python: every step of the conformance table.

usage: kafka_python.py BOOTSTRAP PREFIX [API_VERSION, such as 1.0.0]"""

import sys
import threading

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.structs import OffsetAndMetadata

from steps import BOOTSTRAP, LARGE, PREFIX, TIMESTAMP, cannot, digest, error_name, large_value, step, topic, until

common = {"bootstrap_servers": BOOTSTRAP}
if len(sys.argv) > 3:
    common["api_version"] = tuple(int(part) for part in sys.argv[3].split("."))
OLD = "api_version" in common

admin = KafkaAdminClient(**common)


def producer(**options):
    return KafkaProducer(**common, acks="all", **options)


def consumer(*topics, **options):
    settings = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "fetch_max_bytes": 2 * LARGE}
    return KafkaConsumer(*topics, **common, **{**settings, **options})


def read(c, count, seconds=30):
    records = []

    def more():
        for batch in c.poll(timeout_ms=1000).values():
            records.extend(batch)
        return len(records) >= count

    until("%d records" % count, more, seconds)
    return records


def shown(r):
    return [r.partition, r.offset, r.timestamp, str(r.key), str(r.value), [[k, str(v)] for k, v in r.headers]]


@step("create topics")
def _():
    admin.create_topics([NewTopic(topic("one"), 1, 1), NewTopic(topic("four"), 4, 1)])
    again = error_name(lambda: admin.create_topics([NewTopic(topic("one"), 1, 1)]))
    bad = error_name(lambda: admin.create_topics([NewTopic("not a name", 1, 1)]))
    until("topics", lambda: {topic("one"), topic("four")} <= set(admin.list_topics()))
    described = admin.describe_topics([topic("one"), topic("four")])
    return [again, bad, sorted([t["name"], len(t["partitions"])] for t in described)]


@step("refuse replication factor")
def _():
    return error_name(lambda: admin.create_topics([NewTopic(topic("wide"), 1, 2)]))


@step("list topics")
def _():
    return sorted(name for name in admin.list_topics() if name.startswith(PREFIX))


@step("produce with keys")
def _():
    p = producer()
    sent = [p.send(topic("four"), key=b"key-%d" % i, value=b"value-%d" % i, timestamp_ms=TIMESTAMP + i) for i in range(20)]
    p.flush()
    places = [[f.get(10).partition, f.get(10).offset] for f in sent]
    c = consumer()
    c.assign([TopicPartition(topic("four"), i) for i in range(4)])
    return [places, sorted(shown(r) for r in read(c, 20))]


@step("produce with headers")
def _():
    p = producer()
    headers = [("a", b"1"), ("a", b"2"), ("empty", b"")]
    place = p.send(topic("one"), key=None, value=b"with headers", headers=headers, timestamp_ms=TIMESTAMP).get(10)
    c = consumer()
    c.assign([TopicPartition(topic("one"), 0)])
    return [place.offset, [shown(r) for r in read(c, 1)]]


def codec(name):
    @step("codec " + str(name).lower())
    def _():
        p = producer(compression_type=name, linger_ms=50)
        where = topic("codec-%s" % str(name).lower())
        admin.create_topics([NewTopic(where, 1, 1)])
        sent = [p.send(where, key=b"k%d" % i, value=b"v" * 100, timestamp_ms=TIMESTAMP + i) for i in range(100)]
        p.flush()
        c = consumer()
        c.assign([TopicPartition(where, 0)])
        records = read(c, 100)
        return [[f.get(10).offset for f in sent], digest(b"".join(r.key + r.value for r in records)), shown(records[99])]


for name in (None, "gzip", "snappy", "lz4", "zstd"):
    if name == "zstd" and OLD:
        cannot("codec zstd", "api_version (1, 0, 0) is older than zstd")
    else:
        codec(name)


@step("callbacks")
def _():
    p, seen, failed = producer(), [], []
    for i in range(50):
        p.send(topic("one"), value=b"c%d" % i).add_callback(lambda m: seen.append(m.offset)).add_errback(failed.append)
    p.send(topic("one"), value=b"no such partition", partition=0).add_callback(lambda m: seen.append(m.offset))
    p.flush()
    return [seen, len(failed)]


@step("request of 100 MB")
def _():
    p = producer(max_request_size=104857600, request_timeout_ms=60000)
    admin.create_topics([NewTopic(topic("large"), 1, 1)])
    value = large_value()
    place = p.send(topic("large"), value=value, timestamp_ms=TIMESTAMP).get(60)
    c = consumer(max_partition_fetch_bytes=2 * LARGE)
    c.assign([TopicPartition(topic("large"), 0)])
    record = read(c, 1, 60)[0]
    p.close()
    return [place.offset, digest(record.value), record.value == value]


@step("earliest")
def _():
    c = consumer(topic("four"), group_id=topic("earliest"))
    records = read(c, 20)
    c.close()
    return sorted([r.partition, r.offset] for r in records)


@step("latest")
def _():
    c = consumer(topic("one"), group_id=topic("latest"), auto_offset_reset="latest")
    until("assignment", lambda: c.poll(timeout_ms=1000) or c.assignment())
    before = c.position(TopicPartition(topic("one"), 0))
    producer().send(topic("one"), value=b"late").get(10)
    records = read(c, 1)
    c.close()
    return [before, [str(r.value) for r in records]]


@step("manual commit")
def _():
    tp = TopicPartition(topic("one"), 0)
    c = consumer(topic("one"), group_id=topic("manual"))
    read(c, 10)
    c.commit({tp: OffsetAndMetadata(7, "note", -1)})
    c.close()
    c = consumer(topic("one"), group_id=topic("manual"))
    found = c.committed(tp, metadata=True)
    first = read(c, 1)[0].offset
    c.close()
    return [found.offset, found.metadata, first]


@step("automatic commit")
def _():
    tp = TopicPartition(topic("one"), 0)
    c = consumer(topic("one"), group_id=topic("auto"), enable_auto_commit=True, auto_commit_interval_ms=100)
    end = c.end_offsets([tp])[tp]
    read(c, end)
    c.close()
    c = consumer(group_id=topic("auto"))
    return [end, c.committed(tp)]


@step("seek by timestamp")
def _():
    tps = [TopicPartition(topic("four"), i) for i in range(4)]
    c = consumer()
    c.assign(tps)
    found = c.offsets_for_times({tp: TIMESTAMP + 10 for tp in tps})
    missing = c.offsets_for_times({tps[0]: TIMESTAMP + 10000000})
    places = [[o.offset, o.timestamp] if o else None for o in (found[tp] for tp in tps)]
    for tp in tps:
        c.seek(tp, found[tp].offset) if found[tp] else c.seek_to_end(tp)
    records = read(c, 10)
    c.seek_to_beginning(tps[0])
    return [places, missing[tps[0]], sorted(str(r.key) for r in records), c.position(tps[0]), c.end_offsets(tps)[tps[0]]]


@step("several groups")
def _():
    answers = []
    for group in ("first", "second"):
        c = consumer(topic("four"), group_id=topic(group))
        answers.append(sorted([r.partition, r.offset] for r in read(c, 20)))
        c.commit()
        c.close()
    return answers


class Member:
    """A consumer that polls in a thread of its own, with polls long enough
    to hold a whole rebalance: kafka-python may forget one that is cut."""

    def __init__(self):
        self.consumer = consumer(topic("four"), group_id=topic("two"), session_timeout_ms=6000, heartbeat_interval_ms=200)
        self.stopped = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopped:
            self.consumer.poll(timeout_ms=1000)

    def partitions(self):
        return sorted(tp.partition for tp in self.consumer.assignment())

    def leave(self):
        self.stopped = True
        self.thread.join()
        self.consumer.close()


@step("group of two with rebalances")
def _():
    def owned(count, *members):
        until("%d partitions each" % count, lambda: all(len(m.partitions()) == count for m in members))
        return [count] * len(members)

    a = Member()
    answers = [owned(4, a)]
    b = Member()
    answers.append(owned(2, a, b))
    together = sorted(a.partitions() + b.partitions())
    b.leave()
    answers.append(owned(4, a))
    a.leave()
    return [answers, together]


def newer(name, needs):
    """A step that an api_version of (1, 0, 0) cannot do."""
    if not OLD:
        return step(name)
    cannot(name, "api_version (1, 0, 0) is older than " + needs)
    return lambda function: None


@newer("configs", "the versions that it uses of these APIs")
def _():
    resource = ConfigResource(ConfigResourceType.TOPIC, topic("one"), {"retention.ms": "123456", "cleanup.policy": "compact"})
    admin.alter_configs([resource])

    def value():
        found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic("one"))], config_filter="all")
        entries = found["topic"][topic("one")] if "topic" in found else found
        text = {name: entry["value"] for name, entry in entries.items()}
        return text if text["retention.ms"] == "123456" else None

    bad = ConfigResource(ConfigResourceType.TOPIC, topic("one"), {"retention.ms": "x"})
    return [until("configs", value), error_name(lambda: admin.alter_configs([bad]))]


def transactional(name):
    p = producer(transactional_id=topic(name))
    p.init_transactions()
    return p


def end(p, commit):
    p.commit_transaction() if commit else p.abort_transaction()


def committed(name, count):
    c = consumer(isolation_level="read_committed")
    c.assign([TopicPartition(topic(name), 0)])
    records = read(c, count)
    c.close()
    return [[r.offset, r.value.decode()] for r in records]


@step("transactions")
def _():
    p = transactional("txn")
    for values in ("abc", "-xy", "d"):
        p.begin_transaction()
        for value in values.strip("-"):
            p.send(topic("txns"), value.encode(), partition=0)
        p.flush()
        end(p, values[0] != "-")
    return committed("txns", 4)


@step("exactly once")
def _():
    count, source = 60, TopicPartition(topic("etl-in"), 0)
    first = producer()
    for i in range(count):
        first.send(source.topic, b"v%d" % i, partition=0)
    first.flush()
    p = transactional("etl")
    c = consumer(source.topic, group_id=topic("etl"), isolation_level="read_committed", max_poll_records=7)
    done, rounds = 0, 0
    while done < count:
        records = [r for batch in c.poll(timeout_ms=1000).values() for r in batch]
        if not records:
            continue
        p.begin_transaction()
        for r in records:
            p.send(topic("etl-out"), r.value, partition=0)
        following = records[-1].offset + 1
        p.send_offsets_to_transaction({source: OffsetAndMetadata(following, "", -1)}, c.group_metadata())
        commit = rounds % 3 != 2
        rounds += 1
        end(p, commit)
        if commit:
            done = following
        else:
            c.seek(source, c.committed(source) or 0)
    seen = [value for _, value in committed("etl-out", count)]
    answer = [len(seen), len(set(seen)), c.committed(source)]
    c.close()
    return answer


@step("create partitions")
def _():
    admin.create_partitions({topic("one"): NewPartitions(3)})
    until("partitions", lambda: len(admin.describe_topics([topic("one")])[0]["partitions"]) == 3)
    return error_name(lambda: admin.create_partitions({topic("one"): NewPartitions(2)}))


@step("delete records")
def _():
    tp = TopicPartition(topic("codec-gzip"), 0)
    low = admin.delete_records({tp: 40})
    c = consumer()
    return [low[tp]["low_watermark"], c.beginning_offsets([tp])[tp], error_name(lambda: admin.delete_records({tp: 4000}))]


@newer("groups", "DeleteGroups")
def _():
    mine = sorted(g["group_id"] for g in admin.list_groups() if g["group_id"].startswith(PREFIX))
    described = admin.describe_groups([topic("first")])[topic("first")]
    c = consumer(topic("four"), group_id=topic("live"))
    until("assignment", lambda: c.poll(timeout_ms=1000) or c.assignment())
    busy = str(admin.delete_groups([topic("live")]))
    c.close()
    gone = str(admin.delete_groups([topic("first")]))
    return [mine, described["group_state"], described["protocol_type"], busy, gone]


@step("cluster")
def _():
    found = admin.describe_cluster()
    return [[b["broker_id"] for b in found["brokers"]], found["controller_id"]]


@newer("log directories", "the versions that it uses of DescribeLogDirs")
def _():
    dirs = admin.describe_log_dirs()
    return ["codec-gzip" in str(dirs), "log_dir" in str(dirs)]


@step("delete topics")
def _():
    admin.delete_topics([topic("large"), topic("codec-none")])
    until("deletion", lambda: topic("large") not in admin.list_topics())
    unknown = error_name(lambda: admin.delete_topics([topic("no-such")]))
    return [unknown, sorted(name for name in admin.list_topics() if name.startswith(PREFIX))]


admin.close()
