package corelog.tests;

import static corelog.tests.Checks.check;
import static corelog.tests.Checks.equal;
import static corelog.tests.Checks.until;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Checks of the admin client on topics and the cluster. */
final class Topics {
    private final Broker broker;

    Topics(Broker broker) {
        this.broker = broker;
    }

    private Config describe(String topic) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        return broker.admin.describeConfigs(List.of(resource)).all().get().get(resource);
    }

    private void alter(String topic, ConfigEntry entry, AlterConfigOp.OpType operation) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Collection<AlterConfigOp> change = List.of(new AlterConfigOp(entry, operation));
        broker.admin.incrementalAlterConfigs(Map.of(resource, change)).all().get();
    }

    private void untilConfig(String topic, String key, String want) throws Exception {
        until(key + "=" + want, () -> want.equals(describe(topic).get(key).value()));
    }

    void admin() throws Exception {
        String topic = broker.topic("admin", 2, Map.of("retention.ms", "7200000"));
        until("topic listed", () -> broker.admin.listTopics().names().get().contains(topic));
        until("two partitions", () -> broker.partitionCount(topic) == 2);
        Config config = describe(topic);
        equal(config.get("retention.ms").value(), "7200000", "retention.ms at creation");
        equal(config.get("retention.ms").source(), ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, "source of retention.ms");
        equal(config.get("max.message.bytes").value(), "1048588", "max.message.bytes by default");
        equal(config.get("cleanup.policy").value(), "delete", "cleanup.policy by default");
        for (String key : List.of("segment.bytes", "segment.ms", "retention.bytes", "min.insync.replicas",
            "compression.type", "message.timestamp.type", "delete.retention.ms", "min.compaction.lag.ms",
            "min.cleanable.dirty.ratio", "unclean.leader.election.enable", "flush.messages")) {
            check(config.get(key) != null, "key " + key + " is described");
        }
        alter(topic, new ConfigEntry("retention.ms", "3600000"), AlterConfigOp.OpType.SET);
        untilConfig(topic, "retention.ms", "3600000");
        alter(topic, new ConfigEntry("retention.ms", null), AlterConfigOp.OpType.DELETE);
        untilConfig(topic, "retention.ms", "604800000");
        alter(topic, new ConfigEntry("cleanup.policy", "compact"), AlterConfigOp.OpType.APPEND);
        until("cleanup.policy has both", () ->
            Set.of("delete,compact", "compact,delete").contains(describe(topic).get("cleanup.policy").value()));
        broker.admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(5))).all().get();
        until("five partitions", () -> broker.partitionCount(topic) == 5);
        broker.admin.deleteTopics(List.of(topic)).all().get();
        until("topic gone", () -> !broker.admin.listTopics().names().get().contains(topic));
    }

    /** Each mistake gets Kafka's own error. */
    void mistakes() throws Exception {
        String topic = broker.topic("mistakes", 2, Map.of());
        refused(TopicExistsException.class, () ->
            broker.admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get());
        refused(InvalidTopicException.class, () ->
            broker.admin.createTopics(List.of(new NewTopic("not a name", 1, (short) 1))).all().get());
        refused(InvalidPartitionsException.class, () ->
            broker.admin.createTopics(List.of(new NewTopic(Checks.unique("none"), 0, (short) 1))).all().get());
        refused(InvalidConfigurationException.class, () ->
            broker.topic("misspelt", 1, Map.of("retention.millis", "1")));
        refused(InvalidPartitionsException.class, () ->
            broker.admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(1))).all().get());
        refused(UnknownTopicOrPartitionException.class, () ->
            broker.admin.deleteTopics(List.of(Checks.unique("absent"))).all().get());
        refused(UnknownTopicOrPartitionException.class, () ->
            broker.admin.describeTopics(List.of(Checks.unique("absent"))).allTopicNames().get());
    }

    private static void refused(Class<?> error, Checks.Check action) throws Exception {
        try {
            action.run();
        } catch (ExecutionException e) {
            check(error.isInstance(e.getCause()), "want " + error.getSimpleName() + ", got " + e.getCause());
            return;
        }
        throw new AssertionError("accepted, want " + error.getSimpleName());
    }

    void defaults() throws Exception {
        String topic = Checks.unique("defaults");
        broker.admin.createTopics(List.of(new NewTopic(topic, java.util.Optional.empty(), java.util.Optional.empty()))).all().get();
        until("partitions", () -> broker.partitionCount(topic) >= 1);
        broker.admin.deleteTopics(List.of(topic)).all().get();
    }

    void deleteRecords() throws Exception {
        String topic = broker.topic("delete-records", 1, Map.of());
        TopicPartition partition = new TopicPartition(topic, 0);
        broker.produce(Messages.numbered(topic, 50, 5, 10), Map.of());
        long low = broker.admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(20)))
            .lowWatermarks().get(partition).get().lowWatermark();
        equal(low, 20L, "low watermark");
        equal(broker.read(topic, 30).get(0).offset(), 20L, "first offset left");
        broker.admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(-1))).all().get();
        equal(offset(partition, OffsetSpec.earliest()), 50L, "start after deleting up to the high watermark");
    }

    void listOffsets() throws Exception {
        String topic = broker.topic("list-offsets", 1, Map.of());
        TopicPartition partition = new TopicPartition(topic, 0);
        long[] stamps = {1_700_000_000_000L, 1_700_000_009_000L, 1_700_000_005_000L};
        for (long stamp : stamps) {
            broker.produce(List.of(new ProducerRecord<>(topic, 0, stamp, null, new byte[1])), Map.of());
        }
        equal(offset(partition, OffsetSpec.earliest()), 0L, "earliest");
        equal(offset(partition, OffsetSpec.latest()), 3L, "latest");
        equal(offset(partition, OffsetSpec.maxTimestamp()), 1L, "of the largest timestamp");
        equal(offset(partition, OffsetSpec.forTimestamp(stamps[0] + 1)), 1L, "for a timestamp");
    }

    private long offset(TopicPartition partition, OffsetSpec spec) throws Exception {
        return broker.admin.listOffsets(Map.of(partition, spec)).all().get().get(partition).offset();
    }

    void cluster() throws Exception {
        Collection<Node> nodes = broker.admin.describeCluster().nodes().get();
        check(nodes.stream().anyMatch(n -> (n.host() + ":" + n.port()).equals(Broker.BOOTSTRAP)), "our address among " + nodes);
        check(!broker.admin.describeCluster().clusterId().get().isEmpty(), "a cluster id");
        check(broker.admin.describeCluster().controller().get() != null, "a controller");
    }
}
