"""confluent-kafka (librdkafka) under kills: an idempotent producer, one that
does transactions and a consumer, which take down what they are told.

usage: confluent.py BOOTSTRAP FILE PROCESS ID KEY=TOPIC...; it ends at the end
of its input. PROCESS is its first process number, KEY the first of a topic's
three keys: the first topic is written to plainly, the second in transactions,
all are read. ID "-" means no transactions."""

import json
import random
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

bootstrap, path, first_process, transactional_id = sys.argv[1:5]
topics = {name: int(key) for key, name in (arg.split("=") for arg in sys.argv[5:])}
plain, txns = list(topics)[:2]
places = {key + partition: (name, partition) for name, key in topics.items() for partition in range(3)}
# librdkafka 2.16 looks for its cluster anew when its only broker is gone, and
# then waits for ever for a group coordinator that it has forgotten.
common = {"bootstrap.servers": bootstrap, "metadata.recovery.strategy": "none", "reconnect.backoff.ms": 20,
          "reconnect.backoff.max.ms": 100, "retry.backoff.ms": 20, "retry.backoff.max.ms": 50}
stop = threading.Event()


class Recorder:
    """Takes down lines of the history, in the order of their time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.out = open(path, "w", buffering=1)  # whatever becomes of us, whole lines are there
        self.last = 0
        self.process = int(first_process)

    def line(self, process, kind, f, **more):
        with self.lock:
            self.last = max(self.last + 1, time.time_ns())
            line = {"process": process, "time": self.last, "type": kind, "f": f, **more}
            self.out.write(json.dumps(line, separators=(",", ":")) + "\n")

    def new(self):
        with self.lock:
            self.process += 1
            return self.process


recorder = Recorder()


class Actor:
    """One process, with values of its own."""

    def __init__(self):
        self.process = recorder.new()
        self.count = 0

    def line(self, kind, f, **more):
        recorder.line(self.process, kind, f, **more)

    def sends(self, count, topic):
        keys = [topics[topic] + random.randrange(3) for _ in range(count)]
        self.count += count
        return [[key, -1, self.process << 32 | self.count - i] for i, key in enumerate(keys)][::-1]

    def produce(self, producer, sends):
        """Produces records, and returns their offsets as they come."""
        done = [list(send) for send in sends]
        errors = []

        def told(i):
            def callback(error, message):
                if error:
                    errors.append(error)
                else:
                    done[i][1] = message.offset()
            return callback
        for i, (key, _, value) in enumerate(sends):
            name, partition = places[key]
            producer.produce(name, b"%d 0 %s" % (value, b"y" * random.randrange(300)), str(value), partition, told(i))
        left = producer.flush(60)
        if left:
            errors.append("%d records without an answer" % left)
        return done, errors


def micro(sends):
    return [{"send": send} for send in sends]


def pause(seconds):
    stop.wait(random.random() * seconds)


def send():
    producer = Producer({**common, "enable.idempotence": True, "linger.ms": 0, "delivery.timeout.ms": 60000})
    actor = Actor()
    while not stop.is_set():
        sends = actor.sends(1, plain)
        actor.line("invoke", "send", micro=micro(sends))
        done, errors = actor.produce(producer, sends)
        if errors:
            actor.line("info", "send", micro=micro(sends), error=str(errors[0]))
            actor = Actor()
            continue
        actor.line("ok", "send", micro=micro(done))
        pause(0.01)


def again(call):
    """Calls until it is well, or an error is not to be tried again."""
    until = time.time() + 60
    while True:
        try:
            return call()
        except KafkaException as error:
            if not error.args[0].retriable() or time.time() > until:
                raise


def transact():
    while not stop.is_set():
        actor = Actor()
        producer = Producer({**common, "transactional.id": transactional_id, "transaction.timeout.ms": 60000, "linger.ms": 0})
        try:
            again(lambda: producer.init_transactions(30))
            while not stop.is_set():
                transaction(actor, producer)
                pause(0.03)
        except KafkaException as error:
            actor.line("info", "send", error=str(error))


def transaction(actor, producer):
    """One transaction; its error ends the producer, and what became of it is
    not known."""
    sends = actor.sends(random.randrange(2, 6), txns)
    actor.line("invoke", "send", micro=micro(sends))
    producer.begin_transaction()
    done, errors = actor.produce(producer, sends)
    commit = not errors and random.randrange(5) > 0
    if commit:
        try:
            again(lambda: producer.commit_transaction(30))
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
            commit = False
    if commit:
        actor.line("ok", "send", micro=micro(done))
        return
    again(lambda: producer.abort_transaction(30))
    actor.line("fail", "send", micro=micro(done))


def read():
    actor = Actor()
    consumer = Consumer({**common, "group.id": "unused", "enable.auto.commit": False, "auto.offset.reset": "earliest",
                         "isolation.level": "read_committed", "fetch.wait.max.ms": 100, "fetch.error.backoff.ms": 20})
    actor.line("invoke", "assign", keys=list(places), fromStart=True)
    consumer.assign([TopicPartition(name, partition, 0) for name, partition in places.values()])
    actor.line("ok", "assign", keys=list(places), fromStart=True)
    while not stop.is_set():
        actor.line("invoke", "poll", micro=[{"poll": []}])
        records = []
        while not records and not stop.is_set():
            for m in consumer.consume(200, 0.1):
                value = b"" if m.error() else m.value().split(b" ")[0]
                if value.isdigit():
                    records.append([topics[m.topic()] + m.partition(), m.offset(), int(value)])
        actor.line("ok", "poll", micro=[{"poll": records}])
    consumer.close()


threads = [threading.Thread(target=work) for work in (send, transact, read) if work != transact or transactional_id != "-"]
for thread in threads:
    thread.start()
sys.stdin.read()
stop.set()
for thread in threads:
    thread.join()
recorder.out.close()
