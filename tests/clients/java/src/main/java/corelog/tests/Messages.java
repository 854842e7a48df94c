package corelog.tests;

import static corelog.tests.Checks.check;
import static corelog.tests.Checks.equal;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/** Checks of what is produced and read. */
final class Messages {
    private final Broker broker;

    Messages(Broker broker) {
        this.broker = broker;
    }

    static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(UTF_8);
    }

    static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, UTF_8);
    }

    /** Records whose values name their key and their number within it. */
    static List<ProducerRecord<byte[], byte[]>> numbered(String topic, int count, int keys, int size) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String value = i % keys + ":" + i / keys + ":" + "x".repeat(size);
            records.add(new ProducerRecord<>(topic, bytes("key-" + i % keys), bytes(value)));
        }
        return records;
    }

    /** Offsets rise by one in a partition; each key keeps its order. */
    static void checkOrder(List<ConsumerRecord<byte[], byte[]>> records) {
        Map<Integer, Long> offsets = new HashMap<>();
        Map<String, Integer> numbers = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            long wanted = offsets.getOrDefault(record.partition(), 0L);
            equal(record.offset(), wanted, "next offset of partition " + record.partition());
            offsets.put(record.partition(), wanted + 1);
            String[] parts = text(record.value()).split(":");
            equal(text(record.key()), "key-" + parts[0], "key");
            int number = numbers.getOrDefault(parts[0], 0);
            equal(Integer.parseInt(parts[1]), number, "next number of key " + parts[0]);
            numbers.put(parts[0], number + 1);
        }
    }

    static List<String> sent(List<ProducerRecord<byte[], byte[]>> records) {
        return records.stream().map(r -> text(r.key()) + "=" + text(r.value())).sorted().toList();
    }

    static List<String> got(List<ConsumerRecord<byte[], byte[]>> records) {
        return records.stream().map(r -> text(r.key()) + "=" + text(r.value())).sorted().toList();
    }

    void roundtrip(Map<String, Object> config) throws Exception {
        String topic = broker.topic("roundtrip", 3, Map.of());
        List<ProducerRecord<byte[], byte[]>> records = numbered(topic, 1500, 17, 100);
        List<RecordMetadata> places = broker.produce(records, config);
        List<ConsumerRecord<byte[], byte[]>> read = broker.read(topic, records.size());
        checkOrder(read);
        Map<String, ConsumerRecord<byte[], byte[]>> byPlace = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> r : read) byPlace.put(r.partition() + "/" + r.offset(), r);
        for (int i = 0; i < records.size(); i++) {
            RecordMetadata place = places.get(i);
            ConsumerRecord<byte[], byte[]> found = byPlace.remove(place.partition() + "/" + place.offset());
            check(found != null, "one record at each acknowledged place");
            check(Arrays.equals(found.value(), records.get(i).value()), "content at the acknowledged place");
            equal(found.timestamp(), place.timestamp(), "timestamp");
        }
    }

    void nullsAndHeaders() throws Exception {
        String topic = broker.topic("shapes", 1, Map.of());
        List<Header> repeated = List.of(
            new RecordHeader("h", bytes("1")), new RecordHeader("g", new byte[0]),
            new RecordHeader("h", bytes("2")), new RecordHeader("null", (byte[]) null));
        List<ProducerRecord<byte[], byte[]>> records = List.of(
            new ProducerRecord<>(topic, null, bytes("key"), bytes("value"), List.of(new RecordHeader("h", bytes("1")))),
            new ProducerRecord<>(topic, bytes("tombstone"), null),
            new ProducerRecord<>(topic, bytes("empty value"), new byte[0]),
            new ProducerRecord<>(topic, null, bytes("no key")),
            new ProducerRecord<>(topic, new byte[0], bytes("empty key")),
            new ProducerRecord<>(topic, null, bytes("k"), bytes("repeated"), repeated));
        broker.produce(records, Map.of());
        List<ConsumerRecord<byte[], byte[]>> read = broker.read(topic, records.size());
        for (int i = 0; i < records.size(); i++) {
            equal(text(read.get(i).key()), text(records.get(i).key()), "key of record " + i);
            equal(text(read.get(i).value()), text(records.get(i).value()), "value of record " + i);
            equal(List.of(read.get(i).headers().toArray()), List.of(records.get(i).headers().toArray()), "headers of record " + i);
        }
    }

    void compression(String name) throws Exception {
        String topic = broker.topic("compression-" + name, 2, Map.of());
        List<ProducerRecord<byte[], byte[]>> records = numbered(topic, 400, 17, 200);
        broker.produce(records, Map.of("compression.type", name));
        List<ConsumerRecord<byte[], byte[]>> read = broker.read(topic, records.size());
        checkOrder(read);
        equal(got(read), sent(records), "contents");
    }

    void oneMebibyte(String compression) throws Exception {
        String topic = broker.topic("large", 1, Map.of("max.message.bytes", String.valueOf(2 << 20)));
        Random random = new Random(1);
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            // Half random, so that compressing it leaves a large batch too.
            byte[] half = new byte[1 << 19];
            random.nextBytes(half);
            records.add(new ProducerRecord<>(topic, null, Arrays.copyOf(half, 1 << 20)));
        }
        broker.produce(records, Map.of("compression.type", compression));
        List<ConsumerRecord<byte[], byte[]>> read = broker.read(topic, records.size());
        for (int i = 0; i < records.size(); i++) {
            check(Arrays.equals(read.get(i).value(), records.get(i).value()), "content of record " + i);
        }
    }

    void tooLarge() throws Exception {
        String topic = broker.topic("too-large", 1, Map.of("max.message.bytes", "10000"));
        byte[] value = new byte[20000];
        new Random(2).nextBytes(value);
        try {
            broker.produce(List.of(new ProducerRecord<>(topic, null, value)), Map.of());
            throw new AssertionError("a batch over max.message.bytes was accepted");
        } catch (ExecutionException e) {
            check(e.getCause() instanceof RecordTooLargeException, "the error names the size: " + e);
        }
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = broker.consumer(Map.of())) {
            equal(consumer.endOffsets(List.of(partition)), Map.of(partition, 0L), "end offset");
        }
    }

    void timestamps() throws Exception {
        String topic = broker.topic("timestamps", 1, Map.of());
        TopicPartition partition = new TopicPartition(topic, 0);
        long start = System.currentTimeMillis() - 100_000;
        for (int i = 0; i < 20; i++) {
            broker.produce(List.of(new ProducerRecord<>(topic, 0, start + 1000L * i, null, bytes("v"))), Map.of());
        }
        try (KafkaConsumer<byte[], byte[]> consumer = broker.consumer(Map.of())) {
            Map<Long, Long> expected = Map.of(-5000L, 0L, 0L, 0L, 7000L, 7L, 7001L, 8L, 19000L, 19L);
            for (Map.Entry<Long, Long> row : expected.entrySet()) {
                OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, start + row.getKey())).get(partition);
                equal(found.offset(), row.getValue(), "offset for time +" + row.getKey() + " ms");
                equal(found.timestamp(), start + 1000 * row.getValue(), "time of that offset");
                check(found.leaderEpoch().isPresent(), "a leader epoch comes with it");
            }
            Map<TopicPartition, OffsetAndTimestamp> past = consumer.offsetsForTimes(Map.of(partition, start + 19001));
            equal(past.get(partition), null, "offset past the last timestamp");
        }
    }

    void logAppendTime() throws Exception {
        String topic = broker.topic("append-time", 1, Map.of("message.timestamp.type", "LogAppendTime"));
        long before = System.currentTimeMillis();
        RecordMetadata place = broker.produce(List.of(new ProducerRecord<>(topic, 0, 1000L, null, bytes("v"))), Map.of()).get(0);
        check(place.timestamp() >= before, "the answer carries the broker's time: " + place.timestamp());
        ConsumerRecord<byte[], byte[]> record = broker.read(topic, 1).get(0);
        equal(record.timestamp(), place.timestamp(), "timestamp read");
        equal(record.timestampType().toString(), "LogAppendTime", "timestamp type");
    }

    void seekToBeginning() throws Exception {
        String topic = broker.topic("seek", 1, Map.of());
        List<ProducerRecord<byte[], byte[]>> records = numbered(topic, 200, 17, 100);
        broker.produce(records, Map.of());
        List<TopicPartition> partitions = List.of(new TopicPartition(topic, 0));
        try (KafkaConsumer<byte[], byte[]> consumer = broker.consumer(Map.of())) {
            consumer.assign(partitions);
            for (int pass = 0; pass < 2; pass++) {
                consumer.seekToBeginning(partitions);
                List<ConsumerRecord<byte[], byte[]>> read = Broker.drain(consumer, records.size());
                checkOrder(read);
                equal(got(read), sent(records), "contents");
            }
            consumer.seekToEnd(partitions);
            equal(consumer.position(partitions.get(0)), 200L, "position at the end");
        }
    }

    void autoCreate() throws Exception {
        String topic = Checks.unique("auto");
        broker.produce(List.of(new ProducerRecord<>(topic, null, bytes("first"))), Map.of());
        equal(got(broker.read(topic, 1)), Collections.singletonList("null=first"), "contents");
    }
}
