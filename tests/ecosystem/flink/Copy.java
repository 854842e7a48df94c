import java.io.File;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Copies a topic into another with exactly-once on both sides, in a MiniCluster; each value gets the number of records of its key
 * so far, which is keyed state. It never ends by itself.
 *
 * <p>Arguments: bootstrap servers, source, sink, the naming strategy of transactions, a folder of checkpoints, a file, and the
 * checkpoint to begin with, if any. Once the file is there, the JVM halts as soon as a task hears that a checkpoint is complete:
 * while the committer commits the transactions of that checkpoint, or shortly before.
 */
public final class Copy {
    private static final int PARALLELISM = 2;

    public static void main(String[] arguments) throws Exception {
        Configuration settings = new Configuration();
        settings.setString("execution.checkpointing.interval", "700 ms");
        settings.setString("execution.checkpointing.mode", "EXACTLY_ONCE");
        settings.setString("execution.checkpointing.dir", new File(arguments[4]).toURI().toString());
        settings.setString("execution.checkpointing.num-retained", "3");
        settings.setString("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
        settings.setString("execution.checkpointing.timeout", "60 s");
        settings.setString("restart-strategy.type", "fixed-delay");
        settings.setString("restart-strategy.fixed-delay.attempts", "1000");
        settings.setString("restart-strategy.fixed-delay.delay", "500 ms");
        settings.setString("jobmanager.bind-host", "127.0.0.1");
        settings.setString("taskmanager.bind-host", "127.0.0.1");
        settings.setString("rest.bind-address", "127.0.0.1");
        settings.setString("taskmanager.memory.network.max", "32m");
        settings.setString("taskmanager.memory.managed.size", "16m");
        if (arguments.length > 6) {
            settings.setString("execution.state-recovery.path", arguments[6]);
        }
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, settings);
        KafkaSource<Tuple2<String, String>> source = KafkaSource.<Tuple2<String, String>>builder()
                .setBootstrapServers(arguments[0])
                .setTopics(arguments[1])
                .setGroupId(arguments[2])
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setDeserializer(new Pairs())
                .setProperty("isolation.level", "read_committed")
                .build();
        KafkaSink<Tuple2<String, String>> sink = KafkaSink.<Tuple2<String, String>>builder()
                .setBootstrapServers(arguments[0])
                .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
                .setTransactionalIdPrefix(arguments[2])
                .setTransactionNamingStrategy(TransactionNamingStrategy.valueOf(arguments[3]))
                // The driver waits longer: a transaction that nobody ends may hold its reader up.
                .setProperty("transaction.timeout.ms", "60000")
                .setRecordSerializer(KafkaRecordSerializationSchema.<Tuple2<String, String>>builder()
                        .setTopic(arguments[2])
                        .setKeySerializationSchema(new Part(0))
                        .setValueSerializationSchema(new Part(1))
                        .build())
                .build();
        environment.fromSource(source, WatermarkStrategy.noWatermarks(), "source").uid("source")
                .keyBy(pair -> pair.f0)
                .process(new Counted(arguments[5])).uid("counted").returns(Types.TUPLE(Types.STRING, Types.STRING))
                .disableChaining()
                .sinkTo(sink).uid("sink");
        environment.execute("copy");
    }

    /** The key or the value of a record. */
    private static final class Part implements SerializationSchema<Tuple2<String, String>> {
        private final int place;

        Part(int place) {
            this.place = place;
        }

        @Override
        public byte[] serialize(Tuple2<String, String> pair) {
            return pair.<String>getField(place).getBytes(StandardCharsets.UTF_8);
        }
    }

    /** Keys and values as text. */
    private static final class Pairs implements KafkaRecordDeserializationSchema<Tuple2<String, String>> {
        @Override
        public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Tuple2<String, String>> out) {
            out.collect(Tuple2.of(new String(record.key(), StandardCharsets.UTF_8), new String(record.value(), StandardCharsets.UTF_8)));
        }

        @Override
        public TypeInformation<Tuple2<String, String>> getProducedType() {
            return Types.TUPLE(Types.STRING, Types.STRING);
        }
    }

    /** Gives each value its place among those of its key. */
    private static final class Counted extends KeyedProcessFunction<String, Tuple2<String, String>, Tuple2<String, String>>
            implements CheckpointListener {
        private final String halt;
        private transient ValueState<Long> count;

        Counted(String halt) {
            this.halt = halt;
        }

        @Override
        public void open(OpenContext context) {
            count = getRuntimeContext().getState(new ValueStateDescriptor<>("count", Types.LONG));
        }

        @Override
        public void processElement(Tuple2<String, String> pair, Context context, Collector<Tuple2<String, String>> out) throws Exception {
            long place = count.value() == null ? 0 : count.value();
            count.update(place + 1);
            out.collect(Tuple2.of(pair.f0, pair.f1 + " " + place));
        }

        @Override
        public void notifyCheckpointComplete(long checkpoint) {
            if (new File(halt).exists()) {
                Runtime.getRuntime().halt(9);
            }
        }
    }
}
