package corelog.tests;

import static corelog.tests.Checks.equal;
import static corelog.tests.Checks.unique;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;

/** Checks of transactions. */
final class Transactions {
    private final Broker broker;

    Transactions(Broker broker) {
        this.broker = broker;
    }

    /** A producer with a transactional id, which the broker has made ready. */
    static KafkaProducer<byte[], byte[]> producer(Broker broker, String name) {
        KafkaProducer<byte[], byte[]> producer = broker.producer(Map.of("transactional.id", name, "max.block.ms", 30000));
        producer.initTransactions();
        return producer;
    }

    /** Records that name the transaction they belong to and their number within it. */
    static List<ProducerRecord<byte[], byte[]>> named(String topic, String stem, int count, int partitions) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            records.add(new ProducerRecord<>(topic, i % partitions, null, (stem + " " + i).getBytes(UTF_8)));
        }
        return records;
    }

    /** Begins a transaction and writes records in it, all acknowledged. */
    static void write(KafkaProducer<byte[], byte[]> producer, List<ProducerRecord<byte[], byte[]>> records) throws Exception {
        producer.beginTransaction();
        List<Future<RecordMetadata>> acks = new ArrayList<>();
        for (ProducerRecord<byte[], byte[]> record : records) acks.add(producer.send(record));
        producer.flush();
        for (Future<RecordMetadata> ack : acks) ack.get();
    }

    /** A reader from the beginning gets the wanted records, in order within each partition, and no others. */
    private static void sees(Broker broker, String topic, String isolation, List<ProducerRecord<byte[], byte[]>> want, String what) throws Exception {
        Map<Integer, List<String>> got = new TreeMap<>();
        for (ConsumerRecord<byte[], byte[]> r : broker.read(topic, want.size(), Map.of("isolation.level", isolation))) {
            got.computeIfAbsent(r.partition(), p -> new ArrayList<>()).add(new String(r.value(), UTF_8));
        }
        Map<Integer, List<String>> wanted = new TreeMap<>();
        for (ProducerRecord<byte[], byte[]> r : want) {
            wanted.computeIfAbsent(r.partition(), p -> new ArrayList<>()).add(new String(r.value(), UTF_8));
        }
        equal(got, wanted, what + ", " + isolation);
    }

    static void seesCommitted(Broker broker, String topic, List<ProducerRecord<byte[], byte[]>> want, String what) throws Exception {
        sees(broker, topic, "read_committed", want, what);
    }

    private void seesAll(String topic, List<ProducerRecord<byte[], byte[]>> want, String what) throws Exception {
        sees(broker, topic, "read_uncommitted", want, what);
    }

    /** A reader of committed records gets those of committed transactions, and none from the first open one on. */
    void commitAndAbort() throws Exception {
        String topic = broker.topic("transactions", 2, Map.of());
        List<ProducerRecord<byte[], byte[]>> everything = new ArrayList<>();
        List<ProducerRecord<byte[], byte[]>> committed = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = producer(broker, unique("transactions"))) {
            boolean[] commits = {true, false, true, true, false, false, true, false};
            for (int number = 0; number < commits.length; number++) {
                List<ProducerRecord<byte[], byte[]>> sent = named(topic, "transaction " + number, 20, 2);
                write(producer, sent);
                if (commits[number]) {
                    producer.commitTransaction();
                    committed.addAll(sent);
                } else {
                    producer.abortTransaction();
                }
                everything.addAll(sent);
            }
            seesCommitted(broker, topic, committed, "all ended");
            seesAll(topic, everything, "all ended");
            long end = lastStable(topic);
            List<ProducerRecord<byte[], byte[]>> later = new ArrayList<>(named(topic, "open", 20, 2));
            write(producer, later);
            List<ProducerRecord<byte[], byte[]>> plain = named(topic, "outside of any", 20, 2);
            broker.produce(plain, Map.of());
            later.addAll(plain);
            everything.addAll(later);
            seesCommitted(broker, topic, committed, "one open");
            seesAll(topic, everything, "one open");
            equal(lastStable(topic), end, "last stable offset");
            producer.commitTransaction();
            committed.addAll(later);
        }
        seesCommitted(broker, topic, committed, "the open one committed");
    }

    /** Where partition 0 ends for readers of committed records. */
    private long lastStable(String topic) throws Exception {
        TopicPartition partition = new TopicPartition(topic, 0);
        ListOffsetsOptions committed = new ListOffsetsOptions(IsolationLevel.READ_COMMITTED);
        return broker.admin.listOffsets(Map.of(partition, OffsetSpec.latest()), committed).all().get().get(partition).offset();
    }

    /** What a group consumed is committed with what was made of it, or not at all. */
    void offsets() throws Exception {
        String source = broker.topic("source", 1, Map.of());
        String target = broker.topic("target", 1, Map.of());
        String group = unique("transformers");
        broker.produce(named(source, "consumed", 40, 1), Map.of());
        List<ProducerRecord<byte[], byte[]>> made = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = producer(broker, unique("transactions"))) {
            transform(producer, group, source, target, 0, 25);
            producer.commitTransaction();
            equal(committed(group, source), 25L, "the group's offset after a commit");
            made.addAll(named(target, "made of consumed", 25, 1));
            transform(producer, group, source, target, 25, 40);
            producer.abortTransaction();
            equal(committed(group, source), 25L, "the group's offset after an abort");
            made.addAll(transform(producer, group, source, target, 25, 40));
            producer.commitTransaction();
            equal(committed(group, source), 40L, "the group's offset at the end");
        }
        equal(made.size(), 40, "made");
        seesCommitted(broker, target, made, "made");
    }

    /** A new member of the group consumes from its offset on; in one transaction are what is made of that, and the offset. */
    private List<ProducerRecord<byte[], byte[]>> transform(
        KafkaProducer<byte[], byte[]> producer, String group, String source, String target, int start, int end
    ) throws Exception {
        Map<String, Object> config = Map.of("group.id", group, "isolation.level", "read_committed", "max.poll.records", end - start);
        try (KafkaConsumer<byte[], byte[]> consumer = broker.consumer(config)) {
            consumer.subscribe(List.of(source));
            List<ProducerRecord<byte[], byte[]>> made = new ArrayList<>();
            for (ConsumerRecord<byte[], byte[]> r : Broker.drain(consumer, end - start).subList(0, end - start)) {
                equal(r.offset(), (long) start + made.size(), "offset consumed");
                made.add(new ProducerRecord<>(target, 0, null, ("made of " + new String(r.value(), UTF_8)).getBytes(UTF_8)));
            }
            write(producer, made);
            Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
            offsets.put(new TopicPartition(source, 0), new OffsetAndMetadata(end));
            producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
            return made;
        }
    }

    /** The group's committed offset; the client waits for the end of an open transaction with offsets of the group. */
    private long committed(String group, String topic) {
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = broker.consumer(Map.of("group.id", group))) {
            return consumer.committed(Set.of(partition)).get(partition).offset();
        }
    }

    /** A second producer with the same transactional id aborts the first one's transaction and fences it. */
    void fencing() throws Exception {
        String topic = broker.topic("fencing", 1, Map.of());
        String name = unique("transactions");
        List<ProducerRecord<byte[], byte[]>> all = named(topic, "first", 10, 1);
        List<ProducerRecord<byte[], byte[]>> ofSecond = named(topic, "second", 10, 1);
        try (KafkaProducer<byte[], byte[]> first = producer(broker, name)) {
            write(first, all);
            try (KafkaProducer<byte[], byte[]> second = producer(broker, name)) {
                fenced(first);
                write(second, ofSecond);
                second.commitTransaction();
            }
        }
        seesCommitted(broker, topic, ofSecond, "after the fencing");
        all.addAll(ofSecond);
        seesAll(topic, all, "after the fencing");
    }

    /** Sees that a producer cannot commit, because another has its transactional id. */
    static void fenced(KafkaProducer<byte[], byte[]> producer) {
        try {
            producer.commitTransaction();
        } catch (ProducerFencedException e) {
            return;
        }
        throw new AssertionError("a fenced producer commits");
    }
}
