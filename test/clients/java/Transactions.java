import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The steps of the Java script about transactions. */
final class Transactions {
    private final Steps s;

    Transactions(Steps s) {
        this.s = s;
    }

    private KafkaProducer<String, String> producer(String id) {
        KafkaProducer<String, String> p = new KafkaProducer<>(Map.of("bootstrap.servers", s.bootstrap, "transactional.id", s.topic(id)),
                new StringSerializer(), new StringSerializer());
        p.initTransactions();
        return p;
    }

    private KafkaConsumer<String, String> consumer(String group) {
        Map<String, Object> options = new HashMap<>(Map.of("bootstrap.servers", s.bootstrap, "auto.offset.reset", "earliest",
                "enable.auto.commit", false, "isolation.level", "read_committed", "max.poll.records", 7));
        options.put("group.id", s.topic(group));
        return new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer());
    }

    private static void end(KafkaProducer<String, String> p, boolean commit) {
        if (commit) {
            p.commitTransaction();
        } else {
            p.abortTransaction();
        }
    }

    private List<String> read(String topic, int count) throws Exception {
        List<String> all = new ArrayList<>();
        try (KafkaConsumer<String, String> c = consumer("unused")) {
            c.assign(List.of(new TopicPartition(s.topic(topic), 0)));
            Steps.until(count + " records", () -> {
                c.poll(Duration.ofMillis(200)).forEach(r -> all.add(r.offset() + " " + r.value()));
                return all.size() >= count;
            });
        }
        return all;
    }

    /** One transaction is committed, one aborted, one committed. */
    Object transactions() throws Exception {
        try (KafkaProducer<String, String> p = producer("txn")) {
            for (String values : List.of("abc", "-xy", "d")) {
                p.beginTransaction();
                for (char value : values.replace("-", "").toCharArray()) {
                    p.send(new ProducerRecord<>(s.topic("txns"), 0, null, String.valueOf(value)));
                }
                p.flush();
                end(p, !values.startsWith("-"));
            }
            String fenced;
            try (KafkaProducer<String, String> second = producer("txn")) {
                fenced = Steps.error(() -> {
                    p.beginTransaction();
                    p.send(new ProducerRecord<>(s.topic("txns"), 0, null, "late")).get();
                    p.commitTransaction();
                    return null;
                });
            }
            return read("txns", 4) + " " + fenced;
        }
    }

    /** Consumes, transforms and produces; every third transaction is aborted and done again. */
    Object exactlyOnce() throws Exception {
        int count = 60;
        TopicPartition in = new TopicPartition(s.topic("etl-in"), 0);
        try (KafkaProducer<String, String> p = new KafkaProducer<>(Map.of("bootstrap.servers", s.bootstrap), new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < count; i++) {
                p.send(new ProducerRecord<>(in.topic(), 0, null, "v" + i));
            }
        }
        try (KafkaProducer<String, String> p = producer("etl"); KafkaConsumer<String, String> c = consumer("etl")) {
            c.subscribe(List.of(in.topic()));
            int[] done = {0, 0};
            Steps.until("all records", () -> {
                ConsumerRecords<String, String> records = c.poll(Duration.ofMillis(200));
                if (records.isEmpty()) {
                    return done[0] >= count;
                }
                p.beginTransaction();
                long next = 0;
                for (ConsumerRecord<String, String> r : records) {
                    p.send(new ProducerRecord<>(s.topic("etl-out"), 0, null, r.value()));
                    next = r.offset() + 1;
                }
                p.sendOffsetsToTransaction(Map.of(in, new OffsetAndMetadata(next)), c.groupMetadata());
                boolean commit = done[1]++ % 3 != 2;
                end(p, commit);
                if (commit) {
                    done[0] = (int) next;
                } else {
                    OffsetAndMetadata at = c.committed(Set.of(in)).get(in);
                    c.seek(in, at == null ? 0 : at.offset());
                }
                return done[0] >= count;
            });
            Map<String, Integer> seen = new TreeMap<>();
            for (String line : read("etl-out", count)) {
                seen.merge(line.substring(line.indexOf(' ') + 1), 1, Integer::sum);
            }
            return seen + " " + c.committed(Set.of(in)).get(in).offset();
        }
    }
}
