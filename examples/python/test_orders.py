"""A test against a real broker: python -m unittest test_orders (pip install kafka-python)."""

import unittest

from kafka import KafkaConsumer, KafkaProducer

from gregor_broker import GregorBroker


class OrdersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = GregorBroker(num_partitions=3).start()
        cls.addClassCleanup(cls.broker.stop)

    def test_what_is_written_is_read(self):
        producer = KafkaProducer(bootstrap_servers=self.broker.bootstrap_servers)
        sent = {producer.send("orders", key=b"k%d" % i, value=b"v%d" % i).get(timeout=10).partition for i in range(20)}
        producer.close()
        self.assertEqual(sent, {0, 1, 2})
        consumer = KafkaConsumer(
            "orders",
            bootstrap_servers=self.broker.bootstrap_servers,
            group_id="readers",
            auto_offset_reset="earliest",
            consumer_timeout_ms=5000,
        )
        read = []
        for record in consumer:
            read.append(record.value)
            if len(read) == 20:
                break
        consumer.close()
        self.assertEqual(sorted(read), sorted(b"v%d" % i for i in range(20)))


if __name__ == "__main__":
    unittest.main()
