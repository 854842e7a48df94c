package corelog.ecosystem;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.processor.StateRestoreListener;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Joins the topics "left" and "right" within a window into "joined", and sums up "left" by key in a table whose every update
 * goes to "totals". Values are decimal numbers. Prints what it restores from changelogs.
 */
public final class JoinAndTotals {
    private static final Serde<String> TEXT = Serdes.String();
    private static final long MODULUS = 1_000_000_007;

    private JoinAndTotals() {}

    /** The argument is a file of Kafka Streams' properties, with "difference.ms" and "grace.ms" of the join among them. */
    public static void main(String[] arguments) throws IOException {
        Properties properties = new Properties();
        try (InputStream file = new FileInputStream(arguments[0])) {
            properties.load(file);
        }
        Duration difference = Duration.ofMillis(Long.parseLong(properties.getProperty("difference.ms")));
        Duration grace = Duration.ofMillis(Long.parseLong(properties.getProperty("grace.ms")));
        properties.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        properties.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        KafkaStreams streams = new KafkaStreams(topology(difference, grace), properties);
        streams.setGlobalStateRestoreListener(new Report());
        streams.setStateListener((to, from) -> System.out.println("state " + to));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(30))));
        streams.start();
    }

    private static Topology topology(Duration difference, Duration grace) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> left = builder.stream("left", Consumed.with(TEXT, TEXT));
        KStream<String, String> right = builder.stream("right", Consumed.with(TEXT, TEXT));
        left.leftJoin(
                right, (l, r) -> l + "+" + (r == null ? "" : r), JoinWindows.ofTimeDifferenceAndGrace(difference, grace),
                StreamJoined.with(TEXT, TEXT, TEXT).withName("join").withStoreName("join"))
            .to("joined", Produced.with(TEXT, TEXT));
        left.groupByKey()
            .aggregate(() -> "0 0", (key, value, total) -> next(total, value), Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as("totals"))
            .toStream().to("totals", Produced.with(TEXT, TEXT));
        return builder.build();
    }

    /** A total is how many values there were, and a number that depends upon all of them and their order. */
    private static String next(String total, String value) {
        int space = total.indexOf(' ');
        long count = Long.parseLong(total.substring(0, space)) + 1;
        long mixed = (Long.parseLong(total.substring(space + 1)) * 31 + Long.parseLong(value)) % MODULUS;
        return count + " " + mixed;
    }

    private static final class Report implements StateRestoreListener {
        @Override
        public void onRestoreStart(TopicPartition partition, String store, long start, long end) {}

        @Override
        public void onBatchRestored(TopicPartition partition, String store, long end, long count) {}

        @Override
        public void onRestoreEnd(TopicPartition partition, String store, long count) {
            System.out.println("restored " + store + " " + partition.partition() + " " + count);
        }
    }
}
