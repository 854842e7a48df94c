package corelog.tests;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The broker at BOOTSTRAP: topics, producing and reading, as the checks need them. */
final class Broker implements AutoCloseable {
    static final String BOOTSTRAP = System.getenv("BOOTSTRAP");

    final Admin admin = Admin.create(Map.of("bootstrap.servers", BOOTSTRAP));

    String topic(String stem, int partitions, Map<String, String> config) throws Exception {
        String name = Checks.unique(stem);
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1).configs(config))).all().get();
        // Kafka answers before it serves the new partitions, and an idempotent producer whose first batch of
        // several meets that moment is stuck (out of order sequence until its delivery timeout).
        Map<TopicPartition, OffsetSpec> all = new HashMap<>();
        for (int p = 0; p < partitions; p++) all.put(new TopicPartition(name, p), OffsetSpec.latest());
        Checks.until("the new partitions are served", () -> {
            try {
                admin.listOffsets(all).all().get();
                return true;
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RetriableException) return false;
                throw e;
            }
        });
        return name;
    }

    KafkaProducer<byte[], byte[]> producer(Map<String, Object> config) {
        Map<String, Object> all = new HashMap<>();
        all.put("bootstrap.servers", BOOTSTRAP);
        all.put("acks", "all");
        all.put("max.request.size", 4 << 20);
        all.put("linger.ms", 5);
        all.put("delivery.timeout.ms", 60000);
        all.putAll(config);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    List<RecordMetadata> produce(List<ProducerRecord<byte[], byte[]>> records, Map<String, Object> config) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer(config)) {
            List<Future<RecordMetadata>> acks = new ArrayList<>();
            for (ProducerRecord<byte[], byte[]> record : records) acks.add(producer.send(record));
            List<RecordMetadata> places = new ArrayList<>();
            for (Future<RecordMetadata> ack : acks) places.add(ack.get());
            return places;
        }
    }

    KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> config) {
        Map<String, Object> all = new HashMap<>();
        all.put("bootstrap.servers", BOOTSTRAP);
        all.put("auto.offset.reset", "earliest");
        all.put("enable.auto.commit", false);
        all.put("session.timeout.ms", 10000);
        all.put("heartbeat.interval.ms", 500);
        all.putAll(config);
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    int partitionCount(String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
    }

    /** Reads count records of all partitions from the beginning and sees that none follows. */
    List<ConsumerRecord<byte[], byte[]>> read(String topic, int count) throws Exception {
        return read(topic, count, Map.of());
    }

    List<ConsumerRecord<byte[], byte[]>> read(String topic, int count, Map<String, Object> config) throws Exception {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(config)) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (int p = 0; p < partitionCount(topic); p++) partitions.add(new TopicPartition(topic, p));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            List<ConsumerRecord<byte[], byte[]>> got = drain(consumer, count);
            consumer.poll(Duration.ofMillis(300)).forEach(got::add);
            Checks.equal(got.size(), count, "records read");
            return got;
        }
    }

    /** Polls until count records have come. */
    static List<ConsumerRecord<byte[], byte[]>> drain(KafkaConsumer<byte[], byte[]> consumer, int count) throws Exception {
        List<ConsumerRecord<byte[], byte[]>> got = new ArrayList<>();
        Checks.until(count + " records", () -> {
            consumer.poll(Duration.ofMillis(300)).forEach(got::add);
            return got.size() >= count;
        });
        return got;
    }

    @Override
    public void close() {
        admin.close();
    }
}
