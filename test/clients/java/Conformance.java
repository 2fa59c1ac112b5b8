import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The Java client's script of the conformance table: usage BOOTSTRAP PREFIX. */
public final class Conformance {
    private final Steps s;

    private Conformance(Steps s) {
        this.s = s;
    }

    public static void main(String[] args) throws Exception {
        Steps steps = new Steps(args[0], args[1]);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            Operations operations = new Operations(steps, admin);
            operations.topics();
            new Conformance(steps).run(operations);
            operations.rest();
        }
    }

    private void run(Operations operations) {
        s.step("produce with keys", this::keys);
        s.step("produce with headers", this::headers);
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            s.step("codec " + codec, () -> codec(operations, codec));
        }
        s.step("callbacks", this::callbacks);
        s.step("request of 100 MB", () -> large(operations));
        s.step("earliest", () -> {
            try (KafkaConsumer<byte[], byte[]> c = consumer("earliest", Map.of())) {
                c.subscribe(List.of(s.topic("four")));
                return places(read(c, 20));
            }
        });
        s.step("latest", this::latest);
        s.step("manual commit", this::manualCommit);
        s.step("automatic commit", this::autoCommit);
        s.step("seek by timestamp", this::seek);
        s.step("several groups", this::severalGroups);
        s.step("group of two with rebalances", this::rebalances);
        Transactions transactions = new Transactions(s);
        s.step("transactions", transactions::transactions);
        s.step("exactly once", transactions::exactlyOnce);
    }

    private KafkaProducer<byte[], byte[]> producer(Map<String, Object> options) {
        Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", s.bootstrap, "acks", "all", "enable.idempotence", true));
        all.putAll(options);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private KafkaConsumer<byte[], byte[]> consumer(String group, Map<String, Object> options) {
        Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", s.bootstrap, "auto.offset.reset", "earliest",
                "enable.auto.commit", false, "session.timeout.ms", 6000, "heartbeat.interval.ms", 200, "fetch.max.bytes", 2 * Steps.LARGE));
        if (group != null) {
            all.put("group.id", s.topic(group));
        }
        all.putAll(options);
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private ProducerRecord<byte[], byte[]> record(String topic, int i) {
        return new ProducerRecord<>(s.topic(topic), null, Steps.TIMESTAMP + i, bytes("key-" + i), bytes("value-" + i));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return bytes == null ? "null" : new String(bytes, StandardCharsets.UTF_8);
    }

    private static String shown(ConsumerRecord<byte[], byte[]> r) {
        StringBuilder headers = new StringBuilder();
        for (Header h : r.headers()) {
            headers.append(' ').append(h.key()).append('=').append(text(h.value()));
        }
        return r.partition() + " " + r.offset() + " " + r.leaderEpoch() + " " + r.timestampType() + " " + r.timestamp() + " "
                + text(r.key()) + " " + text(r.value()) + headers;
    }

    private static List<ConsumerRecord<byte[], byte[]>> read(KafkaConsumer<byte[], byte[]> c, int count) throws Exception {
        List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
        Steps.until(count + " records", () -> {
            c.poll(Duration.ofMillis(200)).forEach(all::add);
            return all.size() >= count;
        });
        all.sort((a, b) -> a.partition() != b.partition() ? a.partition() - b.partition() : Long.compare(a.offset(), b.offset()));
        return all;
    }

    private static String places(List<ConsumerRecord<byte[], byte[]>> records) {
        List<String> all = new ArrayList<>();
        records.forEach(r -> all.add(r.partition() + ":" + r.offset()));
        return all.toString();
    }

    private List<ConsumerRecord<byte[], byte[]>> direct(String topic, int partitions, int count) throws Exception {
        try (KafkaConsumer<byte[], byte[]> c = consumer(null, Map.of("max.partition.fetch.bytes", 2 * Steps.LARGE))) {
            c.assign(partitions(topic, partitions));
            c.seekToBeginning(c.assignment());
            return read(c, count);
        }
    }

    private List<TopicPartition> partitions(String topic, int count) {
        List<TopicPartition> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(new TopicPartition(s.topic(topic), i));
        }
        return all;
    }

    private Object keys() throws Exception {
        List<String> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> p = producer(Map.of())) {
            List<Future<RecordMetadata>> futures = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                futures.add(p.send(record("four", i)));
            }
            for (Future<RecordMetadata> f : futures) {
                sent.add(f.get().partition() + ":" + f.get().offset() + ":" + f.get().timestamp());
            }
        }
        List<String> got = new ArrayList<>();
        direct("four", 4, 20).forEach(r -> got.add(shown(r)));
        return sent + " " + got;
    }

    private Object headers() throws Exception {
        ProducerRecord<byte[], byte[]> r = record("one", 0);
        r.headers().add("a", bytes("1")).add("a", bytes("2")).add("empty", new byte[0]).add(new RecordHeader("null", (byte[]) null));
        try (KafkaProducer<byte[], byte[]> p = producer(Map.of())) {
            p.send(r).get();
        }
        return shown(direct("one", 1, 1).get(0));
    }

    private Object codec(Operations operations, String codec) throws Exception {
        String topic = "codec-" + codec;
        operations.create(topic, 1, 1);
        try (KafkaProducer<byte[], byte[]> p = producer(Map.of("compression.type", codec, "linger.ms", 50))) {
            for (int i = 0; i < 100; i++) {
                p.send(record(topic, i));
            }
        }
        List<ConsumerRecord<byte[], byte[]>> got = direct(topic, 1, 100);
        return shown(got.get(0)) + ", " + shown(got.get(99));
    }

    private Object callbacks() throws Exception {
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        try (KafkaProducer<byte[], byte[]> p = producer(Map.of("max.block.ms", 2000))) {
            for (int i = 0; i < 50; i++) {
                p.send(record("one", i), (m, e) -> seen.add(e == null ? String.valueOf(m.offset()) : e.getClass().getSimpleName()));
            }
            p.flush();
            p.send(new ProducerRecord<>("not a name", bytes("x")), (m, e) -> seen.add(e == null ? "sent" : e.getClass().getSimpleName()));
        }
        return seen;
    }

    private Object large(Operations operations) throws Exception {
        operations.create("large", 1, 1);
        byte[] value = Steps.largeValue();
        long offset;
        try (KafkaProducer<byte[], byte[]> p = producer(Map.of("max.request.size", 104857600, "buffer.memory", 2L * 104857600))) {
            offset = p.send(new ProducerRecord<>(s.topic("large"), null, Steps.TIMESTAMP, null, value)).get().offset();
        }
        byte[] got = direct("large", 1, 1).get(0).value();
        return offset + " " + Steps.digest(got) + " " + Arrays.equals(got, value);
    }

    private Object latest() throws Exception {
        TopicPartition one = new TopicPartition(s.topic("one"), 0);
        try (KafkaConsumer<byte[], byte[]> c = consumer("latest", Map.of("auto.offset.reset", "latest"));
                KafkaProducer<byte[], byte[]> p = producer(Map.of())) {
            c.subscribe(List.of(s.topic("one")));
            Steps.until("assignment", () -> {
                c.poll(Duration.ofMillis(100));
                return c.assignment().contains(one);
            });
            long at = c.position(one);
            p.send(new ProducerRecord<>(s.topic("one"), bytes("late"))).get();
            return at + " " + text(read(c, 1).get(0).value());
        }
    }

    private Object manualCommit() throws Exception {
        TopicPartition one = new TopicPartition(s.topic("one"), 0);
        try (KafkaConsumer<byte[], byte[]> c = consumer("manual", Map.of())) {
            c.subscribe(List.of(s.topic("one")));
            read(c, 10);
            c.commitSync(Map.of(one, new OffsetAndMetadata(7, "note")));
        }
        try (KafkaConsumer<byte[], byte[]> c = consumer("manual", Map.of())) {
            OffsetAndMetadata found = c.committed(Collections.singleton(one)).get(one);
            c.subscribe(List.of(s.topic("one")));
            return found.offset() + " " + found.metadata() + " " + found.leaderEpoch() + " " + read(c, 1).get(0).offset();
        }
    }

    private Object autoCommit() throws Exception {
        try (KafkaConsumer<byte[], byte[]> c = consumer("auto", Map.of("enable.auto.commit", true, "auto.commit.interval.ms", 100))) {
            c.subscribe(List.of(s.topic("four")));
            read(c, 20);
        }
        return committed("auto");
    }

    private String committed(String group) {
        Map<Integer, Long> found = new TreeMap<>();
        try (KafkaConsumer<byte[], byte[]> c = consumer(group, Map.of())) {
            c.committed(new java.util.HashSet<>(partitions("four", 4))).forEach((tp, o) -> found.put(tp.partition(), o == null ? -1 : o.offset()));
        }
        return found.toString();
    }

    private Object seek() throws Exception {
        try (KafkaConsumer<byte[], byte[]> c = consumer(null, Map.of())) {
            List<TopicPartition> all = partitions("four", 4);
            c.assign(all);
            Map<TopicPartition, Long> at = new HashMap<>();
            all.forEach(tp -> at.put(tp, Steps.TIMESTAMP + 10));
            Map<Integer, String> found = new TreeMap<>();
            Map<TopicPartition, OffsetAndTimestamp> offsets = c.offsetsForTimes(at);
            offsets.forEach((tp, o) -> found.put(tp.partition(), String.valueOf(o)));
            offsets.forEach((tp, o) -> {
                if (o != null) {
                    c.seek(tp, o.offset());
                } else {
                    c.seekToEnd(List.of(tp));
                }
            });
            TreeSet<String> keys = new TreeSet<>();
            read(c, 10).forEach(r -> keys.add(text(r.key())));
            at.replaceAll((tp, t) -> Steps.TIMESTAMP + 10000000);
            return found + " " + keys + " " + new TreeMap<>(byPartition(c.endOffsets(all))) + " " + byPartition(c.beginningOffsets(all))
                    + " " + c.offsetsForTimes(at).values();
        }
    }

    private static Map<Integer, Long> byPartition(Map<TopicPartition, Long> offsets) {
        Map<Integer, Long> sorted = new TreeMap<>();
        offsets.forEach((tp, o) -> sorted.put(tp.partition(), o));
        return sorted;
    }

    private Object severalGroups() throws Exception {
        List<String> answers = new ArrayList<>();
        for (String group : List.of("first", "second")) {
            try (KafkaConsumer<byte[], byte[]> c = consumer(group, Map.of())) {
                c.subscribe(List.of(s.topic("four")));
                answers.add(places(read(c, 20)));
                c.commitSync();
            }
            answers.add(committed(group));
        }
        return answers;
    }

    private Object rebalances() throws Exception {
        List<String> answers = new ArrayList<>();
        for (String assignor : List.of("RangeAssignor", "CooperativeStickyAssignor")) {
            Map<String, Object> options = Map.of("partition.assignment.strategy", "org.apache.kafka.clients.consumer." + assignor);
            try (KafkaConsumer<byte[], byte[]> a = consumer("two-" + assignor, options)) {
                a.subscribe(List.of(s.topic("four")));
                answers.add(owned(4, List.of(a)));
                try (KafkaConsumer<byte[], byte[]> b = consumer("two-" + assignor, options)) {
                    b.subscribe(List.of(s.topic("four")));
                    answers.add(owned(2, List.of(a, b)));
                }
                answers.add(owned(4, List.of(a)));
            }
        }
        return answers;
    }

    private static String owned(int count, List<KafkaConsumer<byte[], byte[]>> members) throws Exception {
        Steps.until(count + " partitions each", () -> {
            members.forEach(c -> c.poll(Duration.ofMillis(50)));
            return members.stream().allMatch(c -> c.assignment().size() == count);
        });
        TreeSet<Integer> all = new TreeSet<>();
        members.forEach(c -> c.assignment().forEach(tp -> all.add(tp.partition())));
        return count + " each, together " + all;
    }
}
