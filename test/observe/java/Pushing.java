import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Produces and consumes records, while its clients push their metrics. */
public class Pushing {
    public static void main(String[] args) throws Exception {
        String topic = args[1];
        int records = Integer.parseInt(args[2]);
        Properties producing = common(args[0], "java-producer");
        producing.putAll(Map.of(
            "key.serializer", "org.apache.kafka.common.serialization.StringSerializer",
            "value.serializer", "org.apache.kafka.common.serialization.StringSerializer"));
        Properties consuming = common(args[0], "java-consumer");
        consuming.putAll(Map.of(
            "group.id", "java-group", "auto.offset.reset", "earliest",
            "key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer",
            "value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer"));
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(producing);
             KafkaConsumer<String, String> consumer = new KafkaConsumer<>(consuming)) {
            System.out.println("producer " + producer.clientInstanceId(Duration.ofSeconds(20)));
            consumer.subscribe(List.of(topic));
            int sent = 0;
            int got = 0;
            long end = System.currentTimeMillis() + 30_000;
            while (got < records && System.currentTimeMillis() < end) {
                if (sent < records) {
                    producer.send(new ProducerRecord<>(topic, "value " + sent)).get();
                    sent++;
                }
                got += consumer.poll(Duration.ofMillis(20)).count();
            }
            System.out.println("consumed " + got);
        }
    }

    private static Properties common(String bootstrap, String id) {
        Properties p = new Properties();
        p.putAll(Map.of("bootstrap.servers", bootstrap, "client.id", id, "enable.metrics.push", "true"));
        return p;
    }
}
