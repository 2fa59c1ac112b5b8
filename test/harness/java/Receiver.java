import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import javax.management.JMException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.kafka.server.telemetry.ClientTelemetry;
import org.apache.kafka.server.telemetry.ClientTelemetryReceiver;

/**
 * A receiver of clients' metrics for Apache Kafka's broker: with it, the broker
 * serves GetTelemetrySubscriptions and PushTelemetry. At each push it writes
 * the broker's MBeans and their attributes to the file that the setting
 * receiver.beans names.
 */
@SuppressWarnings("removal")
public class Receiver implements MetricsReporter, ClientTelemetry {
    private String beans;

    @Override
    public void configure(Map<String, ?> configs) {
        beans = (String) configs.get("receiver.beans");
    }

    @Override
    public ClientTelemetryReceiver clientReceiver() {
        return (context, payload) -> {
            if (beans != null) {
                writeBeans();
            }
        };
    }

    private void writeBeans() {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        try (PrintWriter out = new PrintWriter(beans)) {
            for (ObjectName name : server.queryNames(new ObjectName("kafka.*:*"), null)) {
                for (MBeanAttributeInfo attribute : server.getMBeanInfo(name).getAttributes()) {
                    out.println(name + "\t" + attribute.getName());
                }
            }
            out.println("end");
        } catch (IOException | JMException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void init(List<KafkaMetric> metrics) {
    }

    @Override
    public void metricChange(KafkaMetric metric) {
    }

    @Override
    public void metricRemoval(KafkaMetric metric) {
    }

    @Override
    public void close() {
    }
}
