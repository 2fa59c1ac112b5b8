"""confluent-kafka copies a topic to another in transactions, exactly once.

usage: copier.py BOOTSTRAP ID GROUP IN OUT; it ends when it is ended."""

import sys

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

bootstrap, transactional_id, group, source, target = sys.argv[1:6]
# librdkafka 2.16 looks for its cluster anew when its only broker is gone, and
# then waits for ever for a group coordinator that it has forgotten.
common = {"bootstrap.servers": bootstrap, "metadata.recovery.strategy": "none"}
c = Consumer({**common, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
              "isolation.level": "read_committed", "session.timeout.ms": 6000})
p = Producer({**common, "transactional.id": transactional_id, "transaction.timeout.ms": 10000})
p.init_transactions(60)
c.subscribe([source])
rounds = 0


def rewind():
    """Goes back to what is committed: what was not is done again."""
    for at in c.committed(c.assignment(), 30):
        c.seek(TopicPartition(at.topic, at.partition, max(at.offset, 0)))


while True:
    records = [r for r in c.consume(20, 1.0) if not r.error()]
    if not records:
        continue
    try:
        p.begin_transaction()
        for r in records:
            p.produce(target, r.value())
        p.send_offsets_to_transaction(c.position(c.assignment()), c.consumer_group_metadata(), 30)
        rounds += 1
        if rounds % 5 == 4:
            p.abort_transaction(30)
            rewind()
        else:
            p.commit_transaction(30)
    except KafkaException as error:
        if not error.args[0].txn_requires_abort():
            raise
        p.abort_transaction(30)
        rewind()
