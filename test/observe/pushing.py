"""Produces and consumes records with librdkafka, while its clients push their metrics."""
import sys
import time

from confluent_kafka import Consumer, Producer

bootstrap, topic, records = sys.argv[1], sys.argv[2], int(sys.argv[3])
common = {"bootstrap.servers": bootstrap, "enable.metrics.push": True}
producer = Producer({**common, "client.id": "librdkafka-producer"})
consumer = Consumer({**common, "client.id": "librdkafka-consumer", "group.id": "librdkafka-group", "auto.offset.reset": "earliest"})
consumer.subscribe([topic])
sent = got = 0
end = time.time() + 30
pushing = time.time() + 4  # a few intervals
while (got < records or time.time() < pushing) and time.time() < end:
    if sent < records:
        producer.produce(topic, f"value {sent}")
        sent += 1
        producer.flush(5)
    message = consumer.poll(0.02)
    if message is not None and message.error() is None:
        got += 1
consumer.close()
producer.flush(5)
print("consumed", got)
