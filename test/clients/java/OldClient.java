import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The old Java clients' script: usage BOOTSTRAP PREFIX. It is compiled against 0.9 and later ones. */
public final class OldClient {
    private final Steps s;

    private OldClient(Steps s) {
        this.s = s;
    }

    public static void main(String[] args) throws Exception {
        new OldClient(new Steps(args[0], args[1])).run();
    }

    private void run() {
        List<String> codecs = Arrays.asList("none", "gzip", "snappy", "lz4");
        for (String codec : codecs) {
            s.step("produce " + codec, () -> produce(codec));
        }
        s.step("nulls", () -> {
            byte[][][] records = {{bytes("key"), null}, {null, bytes("value")}, {bytes(""), bytes("")}, {bytes("key"), bytes("")}};
            send("nulls", Map.of("acks", "1"), records);
            return contents(read("nulls", 0, 4, Map.of()));
        });
        s.step("without acknowledgement", () -> {
            byte[][][] records = new byte[10][][];
            for (int i = 0; i < 10; i++) {
                records[i] = new byte[][] {null, bytes("" + i)};
            }
            send("acks-none", Map.of("acks", "0"), records);
            return contents(read("acks-none", 0, 10, Map.of()));
        });
        for (String codec : codecs) {
            s.step("fetch new " + codec, () -> all(read("new-" + codec, 0, 60, Map.of())));
        }
        s.step("begin in the middle", () -> {
            List<String> first = new ArrayList<>();
            for (String codec : codecs) {
                first.add(codec + " " + shown(read("new-" + codec, 27, 1, Map.of()).get(0)));
            }
            return first;
        });
        s.step("many, in small pieces", () -> all(read("many", 0, 5000, Map.of("max.partition.fetch.bytes", "16384"))));
        s.step("transactions", this::transactions);
        s.step("ends", this::ends);
        s.step("commits", this::commits);
        s.step("group", this::group);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] b) {
        return b == null ? "null" : "'" + new String(b, StandardCharsets.UTF_8) + "'";
    }

    private List<Long> send(String topic, Map<String, Object> options, byte[][]... records) throws Exception {
        Map<String, Object> config = new HashMap<>(options);
        config.put("bootstrap.servers", s.bootstrap);
        List<Long> offsets = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> p = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (byte[][] r : records) {
                sent.add(p.send(new ProducerRecord<>(s.topic(topic), 0, r[0], r[1])));
            }
            for (Future<RecordMetadata> f : sent) {
                offsets.add(f.get().offset());
            }
        }
        return offsets;
    }

    private Object produce(String codec) throws Exception {
        byte[][][] records = new byte[100][][];
        for (int i = 0; i < 100; i++) {
            records[i] = new byte[][] {bytes("k" + i), bytes("v".repeat(i))};
        }
        List<Long> offsets = send("codec-" + codec, Map.of("acks", "all", "compression.type", codec, "linger.ms", "50"), records);
        List<ConsumerRecord<byte[], byte[]>> read = read("codec-" + codec, 0, 100, Map.of());
        return offsets.get(0) + " to " + offsets.get(99) + " " + contents(read);
    }

    private KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> options) {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", s.bootstrap);
        config.put("group.id", s.topic("unused"));
        config.put("enable.auto.commit", "false");
        config.put("auto.offset.reset", "earliest");
        config.putAll(options);
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static List<ConsumerRecord<byte[], byte[]>> read(KafkaConsumer<byte[], byte[]> c, int count) {
        List<ConsumerRecord<byte[], byte[]>> out = new ArrayList<>();
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (out.size() < count && System.nanoTime() < deadline) {
            for (ConsumerRecord<byte[], byte[]> r : c.poll(500)) {
                out.add(r);
            }
        }
        if (out.size() < count) {
            throw new IllegalStateException(out.size() + " of " + count + " records");
        }
        return out;
    }

    private List<ConsumerRecord<byte[], byte[]>> read(String topic, long from, int count, Map<String, Object> options) {
        try (KafkaConsumer<byte[], byte[]> c = consumer(options)) {
            TopicPartition tp = new TopicPartition(s.topic(topic), 0);
            c.assign(Collections.singletonList(tp));
            c.seek(tp, from);
            return read(c, count);
        }
    }

    /** The timestamp, which a record of 0.9 does not have. */
    private static String stamp(ConsumerRecord<byte[], byte[]> r) {
        try {
            return r.getClass().getMethod("timestampType").invoke(r) + " " + r.getClass().getMethod("timestamp").invoke(r);
        } catch (ReflectiveOperationException e) {
            return "none";
        }
    }

    private static String shown(ConsumerRecord<byte[], byte[]> r) {
        return r.offset() + " " + stamp(r) + " " + text(r.key()) + " " + text(r.value());
    }

    private static List<String> contents(List<ConsumerRecord<byte[], byte[]>> records) {
        List<String> out = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> r : records) {
            out.add(r.offset() + " " + text(r.key()) + " " + text(r.value()));
        }
        return out;
    }

    private static String all(List<ConsumerRecord<byte[], byte[]>> records) throws Exception {
        StringBuilder out = new StringBuilder();
        for (ConsumerRecord<byte[], byte[]> r : records) {
            out.append(shown(r)).append('\n');
        }
        return records.size() + " " + shown(records.get(records.size() - 1)) + " " + Steps.digest(bytes(out.toString()));
    }

    /** Nine records, each once: Kafka 3.9 sends what follows a marker twice. */
    private Object transactions() {
        TreeMap<Long, String> found = new TreeMap<>();
        try (KafkaConsumer<byte[], byte[]> c = consumer(Map.of())) {
            TopicPartition tp = new TopicPartition(s.topic("txn"), 0);
            c.assign(Collections.singletonList(tp));
            c.seek(tp, 0);
            while (found.size() < 9) {
                for (ConsumerRecord<byte[], byte[]> r : read(c, 1)) {
                    found.put(r.offset(), shown(r));
                }
            }
        }
        return found.values();
    }

    private Object ends() {
        try (KafkaConsumer<byte[], byte[]> c = consumer(Map.of())) {
            TopicPartition tp = new TopicPartition(s.topic("many"), 0);
            c.assign(Collections.singletonList(tp));
            long first = c.position(tp);
            try (KafkaConsumer<byte[], byte[]> last = consumer(Map.of("auto.offset.reset", "latest"))) {
                last.assign(Collections.singletonList(tp));
                return first + " " + last.position(tp);
            }
        }
    }

    private Object commits() {
        TopicPartition tp = new TopicPartition(s.topic("many"), 0);
        Map<String, Object> options = Map.of("group.id", s.topic("commits"));
        try (KafkaConsumer<byte[], byte[]> c = consumer(options)) {
            c.assign(Collections.singletonList(tp));
            OffsetAndMetadata before = c.committed(tp);
            c.commitSync(Map.of(tp, new OffsetAndMetadata(1234, "about it")));
            try (KafkaConsumer<byte[], byte[]> again = consumer(options)) {
                again.assign(Collections.singletonList(tp));
                OffsetAndMetadata now = again.committed(tp);
                return before + " " + now.offset() + " " + now.metadata() + " " + read(again, 1).get(0).offset();
            }
        }
    }

    private Object group() {
        Map<String, Object> options = Map.of("group.id", s.topic("group"), "session.timeout.ms", "10000", "heartbeat.interval.ms", "300");
        String first;
        try (KafkaConsumer<byte[], byte[]> c = consumer(options)) {
            c.subscribe(Collections.singletonList(s.topic("many")));
            first = shown(read(c, 100).get(0));
            c.commitSync(Map.of(new TopicPartition(s.topic("many"), 0), new OffsetAndMetadata(100, "")));
        }
        try (KafkaConsumer<byte[], byte[]> c = consumer(options)) {
            c.subscribe(Collections.singletonList(s.topic("many")));
            return first + " " + shown(read(c, 1).get(0));
        }
    }
}
