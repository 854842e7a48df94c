import java.io.File;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.storm.Config;
import org.apache.storm.LocalCluster;
import org.apache.storm.kafka.bolt.KafkaBolt;
import org.apache.storm.kafka.bolt.mapper.FieldNameBasedTupleToKafkaMapper;
import org.apache.storm.kafka.spout.FirstPollOffsetStrategy;
import org.apache.storm.kafka.spout.KafkaSpout;
import org.apache.storm.kafka.spout.KafkaSpoutConfig;
import org.apache.storm.shade.org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.storm.shade.org.apache.zookeeper.server.ZooKeeperServer;
import org.apache.storm.topology.TopologyBuilder;
import org.apache.storm.tuple.Fields;
import org.apache.storm.tuple.Values;

/**
 * Copies a topic into another by Storm's Kafka spout, which commits what the bolt has acknowledged, and its Kafka bolt, in a
 * local cluster; it never ends by itself.
 *
 * <p>Arguments: bootstrap servers, source, sink, and the most records of a partition that are not committed.
 */
public final class Copy {
    private static final String TEXT = "org.apache.kafka.common.serialization.String";

    public static void main(String[] arguments) throws Exception {
        KafkaSpoutConfig<String, String> spout = KafkaSpoutConfig.builder(arguments[0], arguments[1])
                .setProp(ConsumerConfig.GROUP_ID_CONFIG, arguments[2])
                .setProp(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, TEXT + "Deserializer")
                .setProp(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, TEXT + "Deserializer")
                .setProcessingGuarantee(KafkaSpoutConfig.ProcessingGuarantee.AT_LEAST_ONCE)
                .setFirstPollOffsetStrategy(FirstPollOffsetStrategy.UNCOMMITTED_EARLIEST)
                .setMaxUncommittedOffsets(Integer.parseInt(arguments[3]))
                .setOffsetCommitPeriodMs(1000)
                .setRecordTranslator(record -> new Values(record.key(), record.value()), new Fields("key", "message"))
                .build();
        Properties producer = new Properties();
        producer.put("bootstrap.servers", arguments[0]);
        producer.put("acks", "all");
        producer.put("key.serializer", TEXT + "Serializer");
        producer.put("value.serializer", TEXT + "Serializer");
        KafkaBolt<String, String> bolt = new KafkaBolt<String, String>()
                .withProducerProperties(producer)
                .withTopicSelector(arguments[2])
                .withTupleToKafkaMapper(new FieldNameBasedTupleToKafkaMapper<>("key", "message"));
        TopologyBuilder topology = new TopologyBuilder();
        topology.setSpout("spout", new KafkaSpout<>(spout), 1);
        topology.setBolt("bolt", bolt, 1).shuffleGrouping("spout");
        Config settings = new Config();
        settings.setNumWorkers(1);
        settings.setMaxSpoutPending(500);
        settings.setMessageTimeoutSecs(30);
        LocalCluster cluster = new LocalCluster("127.0.0.1", zookeeper());
        cluster.submitTopology("copy", settings, topology.createTopology());
        Thread.currentThread().join();
    }

    /** Starts an empty ZooKeeper and returns its port. The one that Storm starts by itself listens on every address. */
    private static long zookeeper() throws Exception {
        File folder = Files.createTempDirectory("zookeeper").toFile();
        NIOServerCnxnFactory connections = new NIOServerCnxnFactory();
        connections.configure(new InetSocketAddress("127.0.0.1", 0), 100);
        connections.startup(new ZooKeeperServer(folder, folder, 2000));
        return connections.getLocalPort();
    }
}
