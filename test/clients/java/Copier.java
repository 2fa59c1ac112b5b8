import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Kafka's Java clients copy a topic to another in transactions, exactly once: BOOTSTRAP ID GROUP IN OUT. It ends when it
 * is ended, or with an error that takes a new producer.
 */
final class Copier {
    private final KafkaConsumer<String, String> consumer;
    private final KafkaProducer<String, String> producer;
    private final String target;
    private int rounds;

    private Copier(String[] args) {
        // A static member: who comes after a kill takes its place at once.
        consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", args[0], "group.id", args[2], "group.instance.id", args[1],
                "auto.offset.reset", "earliest", "enable.auto.commit", false, "isolation.level", "read_committed",
                "session.timeout.ms", 6000, "max.poll.records", 20), new StringDeserializer(), new StringDeserializer());
        producer = new KafkaProducer<>(Map.of("bootstrap.servers", args[0], "transactional.id", args[1], "transaction.timeout.ms", 10000),
                new StringSerializer(), new StringSerializer());
        target = args[4];
        producer.initTransactions();
        consumer.subscribe(List.of(args[3]));
    }

    public static void main(String[] args) {
        Copier copier = new Copier(args);
        while (true) {
            copier.round();
        }
    }

    private void round() {
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofSeconds(1));
        if (records.isEmpty()) {
            return;
        }
        boolean commit = rounds++ % 5 != 4;
        producer.beginTransaction();
        try {
            Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
            for (ConsumerRecord<String, String> r : records) {
                producer.send(new ProducerRecord<>(target, r.value(), r.value()));
                offsets.put(new TopicPartition(r.topic(), r.partition()), new OffsetAndMetadata(r.offset() + 1));
            }
            producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
            if (commit) {
                producer.commitTransaction();
                return;
            }
        } catch (KafkaException e) {
            System.err.println(e);
        }
        producer.abortTransaction(); // what cannot be aborted ends this program
        rewind();
    }

    /** Goes back to what is committed: what was not is done again. */
    private void rewind() {
        Set<TopicPartition> assigned = consumer.assignment();
        Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(assigned);
        for (TopicPartition p : assigned) {
            OffsetAndMetadata at = committed.get(p);
            consumer.seek(p, at == null ? 0 : at.offset());
        }
    }
}
