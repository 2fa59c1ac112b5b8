import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** What operators do, through Kafka's own Admin. */
final class Operations {
    private final Steps s;
    private final Admin admin;

    Operations(Steps s, Admin admin) {
        this.s = s;
        this.admin = admin;
    }

    void create(String topic, int partitions, int factor) throws Exception {
        admin.createTopics(List.of(new NewTopic(s.topic(topic), partitions, (short) factor))).all().get();
    }

    void topics() {
        s.step("create topics", () -> {
            create("one", 1, 1);
            create("four", 4, 1);
            String again = Steps.error(() -> {
                create("one", 1, 1);
                return null;
            });
            String bad = Steps.error(() -> admin.createTopics(List.of(new NewTopic("not a name", 1, (short) 1))).all().get());
            Map<String, String> described = new TreeMap<>();
            describe(List.of(s.topic("one"), s.topic("four"))).forEach((name, d) -> described.put(name,
                    d.partitions().size() + " " + d.isInternal() + " " + d.partitions().get(0).leader().id() + " " + d.partitions().get(0).isr().size()));
            return again + " " + bad + " " + described;
        });
        s.step("refuse replication factor", () -> Steps.error(() -> {
            create("wide", 1, 2);
            return null;
        }));
        s.step("list topics", this::mine);
    }

    /** describeTopics(...).all() of 2.x is called allTopicNames() in 4.x. */
    @SuppressWarnings("unchecked")
    private Map<String, TopicDescription> describe(Collection<String> topics) throws Exception {
        Map<String, TopicDescription> found = new TreeMap<>();
        Steps.until("topics", () -> {
            Object result = admin.describeTopics(topics);
            Object future;
            try {
                future = result.getClass().getMethod("allTopicNames").invoke(result);
            } catch (NoSuchMethodException e) {
                future = result.getClass().getMethod("all").invoke(result);
            }
            try {
                found.putAll(((org.apache.kafka.common.KafkaFuture<Map<String, TopicDescription>>) future).get());
            } catch (java.util.concurrent.ExecutionException e) {
                return false;
            }
            return true;
        });
        return found;
    }

    private Object mine() throws Exception {
        TreeSet<String> names = new TreeSet<>(admin.listTopics().names().get());
        names.removeIf(name -> !name.startsWith(s.prefix));
        return names;
    }

    void rest() {
        s.step("configs", this::configs);
        s.step("create partitions", () -> {
            admin.createPartitions(Map.of(s.topic("one"), NewPartitions.increaseTo(3))).all().get();
            Steps.until("partitions", () -> describe(List.of(s.topic("one"))).get(s.topic("one")).partitions().size() == 3);
            return Steps.error(() -> admin.createPartitions(Map.of(s.topic("one"), NewPartitions.increaseTo(2))).all().get());
        });
        s.step("delete records", () -> {
            TopicPartition tp = new TopicPartition(s.topic("codec-gzip"), 0);
            long low = admin.deleteRecords(Map.of(tp, RecordsToDelete.beforeOffset(40))).lowWatermarks().get(tp).get().lowWatermark();
            long start = admin.listOffsets(Map.of(tp, OffsetSpec.earliest())).partitionResult(tp).get().offset();
            String beyond = Steps.error(() -> admin.deleteRecords(Map.of(tp, RecordsToDelete.beforeOffset(4000))).all().get());
            return low + " " + start + " " + beyond;
        });
        s.step("groups", this::groups);
        s.step("cluster", () -> admin.describeCluster().nodes().get().size() + " " + admin.describeCluster().controller().get().id()
                + " " + admin.describeCluster().clusterId().get().isEmpty());
        s.step("log directories", () -> {
            List<String> sizes = new ArrayList<>();
            Object result = admin.describeLogDirs(List.of(1));
            boolean[] found = {result != null};
            admin.describeReplicaLogDirs(List.of(new org.apache.kafka.common.TopicPartitionReplica(s.topic("codec-none"), 0, 1))).all().get()
                    .forEach((replica, info) -> {
                        sizes.add(replica.partition() + " lag " + info.getCurrentReplicaOffsetLag());
                        found[0] &= info.getCurrentReplicaLogDir() != null;
                    });
            return sizes + " " + found[0];
        });
        s.step("delete topics", () -> {
            admin.deleteTopics(List.of(s.topic("large"), s.topic("codec-none"))).all().get();
            Steps.until("deletion", () -> !admin.listTopics().names().get().contains(s.topic("large")));
            String unknown = Steps.error(() -> admin.deleteTopics(List.of(s.topic("no-such"))).all().get());
            return unknown + " " + mine();
        });
    }

    private Object configs() throws Exception {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, s.topic("one"));
        set(topic, "123456");
        Map<String, String> all = new TreeMap<>();
        Steps.until("configs", () -> {
            Config found = admin.describeConfigs(List.of(topic)).all().get().get(topic);
            found.entries().forEach(e -> all.put(e.name(), e.value() + " " + e.source() + " " + e.isReadOnly() + " " + e.isSensitive() + " " + e.synonyms().size()));
            return "123456".equals(found.get("retention.ms").value());
        });
        return all + " " + Steps.error(() -> {
            set(topic, "x");
            return null;
        });
    }

    private void set(ConfigResource topic, String value) throws Exception {
        AlterConfigOp op = new AlterConfigOp(new ConfigEntry("retention.ms", value), AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(topic, List.of(op))).all().get();
    }

    private Object groups() throws Exception {
        TreeSet<String> mine = new TreeSet<>();
        admin.listConsumerGroups().all().get().forEach(g -> {
            if (g.groupId().startsWith(s.prefix)) {
                mine.add(g.groupId());
            }
        });
        ConsumerGroupDescription first = admin.describeConsumerGroups(List.of(s.topic("first"))).all().get().get(s.topic("first"));
        Map<String, Long> offsets = new TreeMap<>();
        admin.listConsumerGroupOffsets(s.topic("first")).partitionsToOffsetAndMetadata().get()
                .forEach((tp, o) -> offsets.put(tp.toString(), o.offset()));
        admin.deleteConsumerGroupOffsets(s.topic("first"), java.util.Set.of(new TopicPartition(s.topic("four"), 0))).all().get();
        int left = admin.listConsumerGroupOffsets(s.topic("first")).partitionsToOffsetAndMetadata().get().size();
        admin.deleteConsumerGroups(List.of(s.topic("first"))).all().get();
        String gone = Steps.error(() -> admin.deleteConsumerGroups(List.of(s.topic("first"))).all().get());
        return mine + " " + first.state() + " " + first.members().size() + " " + first.coordinator().id() + " " + offsets + " " + left + " " + gone;
    }
}
