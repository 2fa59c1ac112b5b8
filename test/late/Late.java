import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Scanner;
import java.util.StringJoiner;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Many producers and readers in one process, which do what the lines of the
 * input say: WHO WHAT ARGUMENT... Each line is answered with one: WHO ANSWER.
 * What one WHO is told happens in order; kill is the exception, and happens at
 * once. It ends at the end of its input.
 */
public final class Late {
    private static final long LIMIT_NANOS = 30_000_000_000L; // for a reader to get to the end
    private final Map<String, ExecutorService> threads = new HashMap<>();
    private final Map<String, KafkaProducer<String, String>> producers = new ConcurrentHashMap<>();

    private interface Action {
        String run() throws Exception;
    }

    public static void main(String[] args) {
        Late late = new Late();
        Scanner in = new Scanner(System.in, "UTF-8");
        while (in.hasNextLine()) {
            String[] words = in.nextLine().split(" ");
            late.begin(words[0], words);
        }
        System.exit(0); // whatever producers still wait for
    }

    private void begin(String who, String[] words) {
        if (words[1].equals("kill")) {
            new Thread(() -> answer(who + "/kill", () -> {
                producers.get(who).close(Duration.ZERO);
                return "ok";
            })).start();
            return;
        }
        threads.computeIfAbsent(who, w -> Executors.newSingleThreadExecutor()).execute(() -> answer(who, () -> act(who, words)));
    }

    /**
     * Prints what an action returns, or the name of what has made it fail: how
     * often the client wraps that depends on which of its threads comes first.
     */
    private static void answer(String who, Action action) {
        String line;
        try {
            line = action.run();
        } catch (Throwable e) {
            Throwable at = e;
            for (int depth = 0; at.getCause() != null && depth < 5; depth++) {
                at = at.getCause();
            }
            line = at.getClass().getSimpleName();
        }
        synchronized (System.out) {
            System.out.println(who + " " + line);
        }
    }

    private String act(String who, String[] words) throws Exception {
        KafkaProducer<String, String> p = producers.get(who);
        switch (words[1]) {
            case "open":
                open(who, words[2], words[3], words[4]);
                return "ok";
            case "begin":
                p.beginTransaction();
                return "ok";
            case "send":
                return send(p, new ProducerRecord<>(words[2], Integer.parseInt(words[3]), null, words[4]));
            case "commit":
                p.commitTransaction();
                return "ok";
            case "abort":
                p.abortTransaction();
                return "ok";
            case "close":
                p.close(Duration.ZERO);
                return "ok";
            case "read":
                return read(who, words[2], words[3]);
            default:
                throw new IllegalArgumentException(words[1]);
        }
    }

    /**
     * A record, and what comes of it. A failure is told before the client's own
     * thread has made it the transaction's: that has done so when it has asked
     * for a topic that it did not know.
     */
    private static String send(KafkaProducer<String, String> p, ProducerRecord<String, String> r) throws Exception {
        try {
            p.send(r).get();
            return "ok";
        } catch (ExecutionException e) {
            p.partitionsFor("__transaction_state");
            throw e;
        }
    }

    /** A producer whose client id is its name, after initTransactions. */
    private void open(String who, String bootstrap, String id, String timeoutMs) {
        Map<String, Object> options = new HashMap<>();
        options.put("bootstrap.servers", bootstrap);
        options.put("client.id", who);
        options.put("transactional.id", id);
        options.put("request.timeout.ms", Integer.valueOf(timeoutMs));
        options.put("buffer.memory", 1 << 20);
        options.put("reconnect.backoff.ms", 20);
        options.put("retry.backoff.ms", 20);
        KafkaProducer<String, String> p = new KafkaProducer<>(options, new StringSerializer(), new StringSerializer());
        producers.put(who, p);
        p.initTransactions();
    }

    /** What counts in a topic's partitions, until the end of what is there: a hanging transaction is an error. */
    private static String read(String who, String bootstrap, String topic) {
        Map<String, Object> options = new HashMap<>();
        options.put("bootstrap.servers", bootstrap);
        options.put("client.id", who);
        options.put("auto.offset.reset", "earliest");
        options.put("fetch.max.wait.ms", 50);
        List<TopicPartition> partitions = new ArrayList<>();
        partitions.add(new TopicPartition(topic, 0));
        partitions.add(new TopicPartition(topic, 1));
        Map<TopicPartition, Long> ends;
        try (KafkaConsumer<String, String> c = new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer())) {
            ends = c.endOffsets(partitions);
        }
        options.put("isolation.level", "read_committed");
        Map<TopicPartition, StringJoiner> values = new HashMap<>();
        try (KafkaConsumer<String, String> c = new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer())) {
            c.assign(partitions);
            partitions.forEach(at -> values.put(at, new StringJoiner(" ")));
            for (TopicPartition at : partitions) {
                for (long end = System.nanoTime() + LIMIT_NANOS; c.position(at) < ends.get(at);) {
                    if (System.nanoTime() > end) {
                        return "hangs in " + at + " at " + c.position(at) + " of " + ends.get(at);
                    }
                    for (ConsumerRecord<String, String> r : c.poll(Duration.ofMillis(50))) {
                        values.get(new TopicPartition(r.topic(), r.partition())).add(r.value());
                    }
                }
            }
        }
        return values.get(partitions.get(0)) + " | " + values.get(partitions.get(1));
    }
}
