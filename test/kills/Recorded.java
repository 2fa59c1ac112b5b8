import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.StringJoiner;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Kafka's own clients under kills: an idempotent producer, one that does
 * transactions and a consumer, which take down what they are told. Usage:
 * Recorded BOOTSTRAP FILE PROCESS ID KEY=TOPIC...; it ends at the end of its
 * input. PROCESS is its first process number, KEY the first of a topic's three
 * keys: the first topic is written to plainly, the second in transactions, all
 * are read. ID "-" means no transactions.
 */
public final class Recorded {
    private static final int PARTITIONS = 3;
    private final String bootstrap;
    private final String id;
    private final Map<Integer, String> topics = new LinkedHashMap<>(); // by first key
    private final PrintWriter out;
    private final Random random = new Random();
    private volatile boolean stopped;
    private long last;
    private int processes;

    private Recorded(String[] args) throws Exception {
        bootstrap = args[0];
        out = new PrintWriter(Files.newBufferedWriter(Path.of(args[1])), true);
        processes = Integer.parseInt(args[2]);
        id = args[3];
        for (int i = 4; i < args.length; i++) {
            String[] pair = args[i].split("=");
            topics.put(Integer.parseInt(pair[0]), pair[1]);
        }
    }

    public static void main(String[] args) throws Exception {
        Recorded r = new Recorded(args);
        List<Thread> threads = new ArrayList<>(List.of(new Thread(r::send), new Thread(r::read)));
        if (!r.id.equals("-")) {
            threads.add(new Thread(r::transact));
        }
        threads.forEach(Thread::start);
        System.in.readAllBytes();
        r.stopped = true;
        for (Thread t : threads) {
            t.join();
        }
        r.out.close();
    }

    /** One line of the history, in the order of time. */
    private synchronized void line(int process, String type, String f, String more) {
        Instant now = Instant.now();
        last = Math.max(last + 1, now.getEpochSecond() * 1_000_000_000L + now.getNano());
        out.println("{\"process\":" + process + ",\"time\":" + last + ",\"type\":\"" + type + "\",\"f\":\"" + f + "\"" + more + "}");
    }

    private synchronized int process() {
        return ++processes;
    }

    private void pause(int millis) {
        try {
            Thread.sleep(random.nextInt(millis));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private Map<String, Object> options(Object... pairs) {
        Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "reconnect.backoff.ms", 20,
                "reconnect.backoff.max.ms", 100, "retry.backoff.ms", 20, "retry.backoff.max.ms", 50));
        for (int i = 0; i < pairs.length; i += 2) {
            all.put((String) pairs[i], pairs[i + 1]);
        }
        return all;
    }

    private KafkaProducer<String, String> producer(Object... pairs) {
        return new KafkaProducer<>(options(pairs), new StringSerializer(), new StringSerializer());
    }

    /** Values that are sent together, and their offsets as far as they are known. */
    private final class Sends {
        final long[] values;
        final int[] keys;
        final long[] offsets;

        Sends(int count, int key, int process, long from) {
            values = new long[count];
            keys = new int[count];
            offsets = new long[count];
            for (int i = 0; i < count; i++) {
                values[i] = (long) process << 32 | from + i;
                keys[i] = key + random.nextInt(PARTITIONS);
                offsets[i] = -1;
            }
        }

        String micro() {
            StringJoiner all = new StringJoiner(",", ",\"micro\":[", "]");
            for (int i = 0; i < values.length; i++) {
                all.add("{\"send\":[" + keys[i] + "," + offsets[i] + "," + values[i] + "]}");
            }
            return all.toString();
        }

        void produce(KafkaProducer<String, String> p) throws ExecutionException, InterruptedException {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int i = 0; i < values.length; i++) {
                int partition = keys[i] % 10;
                sent.add(p.send(new ProducerRecord<>(topics.get(keys[i] - partition), partition, Long.toString(values[i]),
                        values[i] + " 0 " + "z".repeat(random.nextInt(300)))));
            }
            for (int i = 0; i < values.length; i++) {
                offsets[i] = sent.get(i).get().offset();
            }
        }
    }

    private int key(int index) {
        return new ArrayList<>(topics.keySet()).get(index);
    }

    private static String error(Exception e) {
        return ",\"error\":\"" + e.getClass().getSimpleName() + "\"";
    }

    private void send() {
        try (KafkaProducer<String, String> p = producer("delivery.timeout.ms", 60000)) {
            int process = process();
            for (long n = 1; !stopped; n++) {
                Sends s = new Sends(1, key(0), process, n);
                line(process, "invoke", "send", s.micro());
                try {
                    s.produce(p);
                    line(process, "ok", "send", s.micro());
                } catch (ExecutionException | InterruptedException e) {
                    line(process, "info", "send", s.micro() + error(e));
                    process = process();
                }
                pause(10);
            }
        }
    }

    /** Tries again what has only taken too long. */
    private static void again(Runnable call) {
        for (long until = System.nanoTime() + 60_000_000_000L;;) {
            try {
                call.run();
                return;
            } catch (TimeoutException e) {
                if (System.nanoTime() > until) {
                    throw e;
                }
            }
        }
    }

    private void transact() {
        while (!stopped) {
            int process = process();
            KafkaProducer<String, String> p = producer("transactional.id", id, "transaction.timeout.ms", 60000);
            try {
                again(p::initTransactions);
                for (long n = 1; !stopped; n += 10) {
                    transaction(p, process, new Sends(2 + random.nextInt(4), key(1), process, n));
                    pause(30);
                }
            } catch (KafkaException | ExecutionException | InterruptedException e) {
                line(process, "info", "send", error(e)); // what became of it is not known
            } finally {
                p.close(Duration.ZERO);
            }
        }
    }

    private void transaction(KafkaProducer<String, String> p, int process, Sends s) throws ExecutionException, InterruptedException {
        line(process, "invoke", "send", s.micro());
        p.beginTransaction();
        s.produce(p);
        if (random.nextInt(5) > 0) {
            again(p::commitTransaction);
            line(process, "ok", "send", s.micro());
        } else {
            again(p::abortTransaction);
            line(process, "fail", "send", s.micro());
        }
    }

    private void read() {
        Map<TopicPartition, Integer> keys = new LinkedHashMap<>();
        topics.forEach((key, topic) -> {
            for (int i = 0; i < PARTITIONS; i++) {
                keys.put(new TopicPartition(topic, i), key + i);
            }
        });
        int process = process();
        String all = ",\"keys\":" + keys.values() + ",\"fromStart\":true";
        try (KafkaConsumer<String, String> c = new KafkaConsumer<>(options("auto.offset.reset", "earliest", "enable.auto.commit", false,
                "isolation.level", "read_committed", "fetch.max.wait.ms", 100), new StringDeserializer(), new StringDeserializer())) {
            line(process, "invoke", "assign", all);
            c.assign(keys.keySet());
            c.seekToBeginning(keys.keySet());
            line(process, "ok", "assign", all);
            while (!stopped) {
                line(process, "invoke", "poll", ",\"micro\":[{\"poll\":[]}]");
                StringJoiner records = new StringJoiner(",", ",\"micro\":[{\"poll\":[", "]}]");
                for (int n = 0; n == 0 && !stopped;) {
                    for (ConsumerRecord<String, String> r : c.poll(Duration.ofMillis(100))) {
                        String value = r.value().split(" ")[0];
                        if (Character.isDigit(value.charAt(0))) {
                            records.add("[" + keys.get(new TopicPartition(r.topic(), r.partition())) + "," + r.offset() + "," + value + "]");
                            n++;
                        }
                    }
                }
                line(process, "ok", "poll", records.toString());
            }
        }
    }
}
