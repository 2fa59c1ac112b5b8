import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** A test against a real broker, with a plain main method: any framework's test has the same body. */
public final class OrdersTest {
    public static void main(String[] args) throws Exception {
        try (GregorBroker broker = GregorBroker.start(Map.of("num.partitions", "3"))) {
            Set<Integer> partitions = new HashSet<>();
            try (var producer = new KafkaProducer<>(Map.<String, Object>of("bootstrap.servers", broker.bootstrapServers()),
                    new StringSerializer(), new StringSerializer())) {
                for (int i = 0; i < 20; i++) {
                    partitions.add(producer.send(new ProducerRecord<>("orders", "k" + i, "v" + i)).get().partition());
                }
            }
            check(partitions.equals(Set.of(0, 1, 2)), "written to partitions " + partitions);
            List<String> read = new ArrayList<>();
            try (var consumer = new KafkaConsumer<>(Map.<String, Object>of("bootstrap.servers", broker.bootstrapServers(),
                    "group.id", "readers", "auto.offset.reset", "earliest"), new StringDeserializer(), new StringDeserializer())) {
                consumer.subscribe(List.of("orders"));
                for (int polls = 0; polls < 20 && read.size() < 20; polls++) {
                    consumer.poll(Duration.ofSeconds(1)).forEach(record -> read.add(record.value()));
                }
            }
            check(read.size() == 20, read.size() + " records were read");
            System.out.println("OrdersTest passed");
        }
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
