package corelog.tests;

import static corelog.tests.Checks.check;
import static corelog.tests.Checks.equal;
import static corelog.tests.Checks.unique;
import static corelog.tests.Checks.until;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;

/** Checks of consumer groups. */
final class Groups {
    private static final String EAGER = "org.apache.kafka.clients.consumer.RangeAssignor";
    private static final String COOPERATIVE = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";

    private final Broker broker;

    Groups(Broker broker) {
        this.broker = broker;
    }

    /** One member of a group; what it has read, by place. */
    private final class Member implements AutoCloseable {
        final KafkaConsumer<byte[], byte[]> consumer;
        final Map<String, ConsumerRecord<byte[], byte[]>> records = new HashMap<>();

        Member(String group, String topic, Map<String, Object> config) {
            Map<String, Object> all = new HashMap<>(Map.of("group.id", group));
            all.putAll(config);
            consumer = broker.consumer(all);
            consumer.subscribe(List.of(topic));
        }

        void poll() {
            consumer.poll(Duration.ofMillis(200)).forEach(r -> records.put(r.partition() + "/" + r.offset(), r));
        }

        Set<Integer> assigned() {
            return consumer.assignment().stream().map(TopicPartition::partition).collect(Collectors.toSet());
        }

        @Override
        public void close() {
            consumer.close();
        }
    }

    void rebalanceEager() throws Exception {
        rebalance(Map.of("partition.assignment.strategy", EAGER));
    }

    void rebalanceCooperative() throws Exception {
        rebalance(Map.of("partition.assignment.strategy", COOPERATIVE));
    }

    private void rebalance(Map<String, Object> config) throws Exception {
        String topic = broker.topic("group", 4, Map.of());
        String group = unique("group");
        List<ProducerRecord<byte[], byte[]>> first = Messages.numbered(topic, 1200, 17, 100);
        broker.produce(first, Map.of());
        Set<Integer> everything = Set.of(0, 1, 2, 3);
        try (Member one = new Member(group, topic, config)) {
            until("first member has and reads all", () -> {
                one.poll();
                return one.assigned().equals(everything) && one.records.size() == first.size();
            });
            one.consumer.commitSync();
            List<ProducerRecord<byte[], byte[]>> more = Messages.numbered(topic, 100, 50, 10);
            Map<String, ConsumerRecord<byte[], byte[]>> all = new HashMap<>();
            try (Member two = new Member(group, topic, config)) {
                until("two members share", () -> {
                    one.poll();
                    two.poll();
                    Set<Integer> both = new HashSet<>(one.assigned());
                    both.addAll(two.assigned());
                    return one.assigned().size() == 2 && two.assigned().size() == 2 && both.equals(everything);
                });
                broker.produce(more, Map.of());
                until("both read what came later", () -> {
                    one.poll();
                    two.poll();
                    all.putAll(one.records);
                    all.putAll(two.records);
                    return all.size() == first.size() + more.size();
                });
                check(!two.records.isEmpty(), "the second member reads");
                two.consumer.commitSync();
            }
            until("first member has all again", () -> {
                one.poll();
                return one.assigned().equals(everything);
            });
            List<ProducerRecord<byte[], byte[]>> sent = new ArrayList<>(first);
            sent.addAll(more);
            equal(Messages.got(List.copyOf(all.values())), Messages.sent(sent), "contents");
        }
    }

    void resume() throws Exception {
        String topic = broker.topic("resume", 1, Map.of());
        String group = unique("resume");
        TopicPartition partition = new TopicPartition(topic, 0);
        List<ProducerRecord<byte[], byte[]>> records = Messages.numbered(topic, 600, 1, 20);
        Map<String, ConsumerRecord<byte[], byte[]>> got = new HashMap<>();
        int done = 0;
        for (int end : new int[] {250, 600}) {
            broker.produce(records.subList(done, end), Map.of());
            try (Member member = new Member(group, topic, Map.of())) {
                int missing = end - done;
                until("records up to " + end, () -> {
                    member.poll();
                    return member.records.size() >= missing;
                });
                equal(member.records.size(), missing, "nothing is read twice");
                member.consumer.commitSync(Map.of(partition, new OffsetAndMetadata(end, "metadata of " + end)));
                got.putAll(member.records);
            }
            OffsetAndMetadata committed = broker.admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().get(partition);
            equal(committed.offset(), (long) end, "committed offset");
            equal(committed.metadata(), "metadata of " + end, "metadata of the commit");
            done = end;
        }
        equal(Messages.got(List.copyOf(got.values())), Messages.sent(records), "contents");
    }

    /** A static member that comes back within its session keeps its partitions; a third with its id fences it. */
    void staticMember() throws Exception {
        String topic = broker.topic("static", 2, Map.of());
        String group = unique("static");
        Map<String, Object> first = Map.of("group.instance.id", "one", "session.timeout.ms", 30000);
        Map<String, Object> second = Map.of("group.instance.id", "two", "session.timeout.ms", 30000);
        try (Member one = new Member(group, topic, first)) {
            Set<Integer> before;
            try (Member two = new Member(group, topic, second)) {
                until("both have one", () -> {
                    one.poll();
                    two.poll();
                    return one.assigned().size() == 1 && two.assigned().size() == 1;
                });
                before = two.assigned();
            }
            int generation = one.consumer.groupMetadata().generationId();
            try (Member two = new Member(group, topic, second)) {
                until("the static member is back", () -> {
                    one.poll();
                    two.poll();
                    return two.assigned().size() == 1;
                });
                equal(two.assigned(), before, "its partitions");
                equal(one.consumer.groupMetadata().generationId(), generation, "no rebalance: generation");
            }
        }
    }

    void admin() throws Exception {
        String topic = broker.topic("group-admin", 1, Map.of());
        String group = unique("group-admin");
        TopicPartition partition = new TopicPartition(topic, 0);
        broker.produce(Messages.numbered(topic, 10, 3, 10), Map.of());
        try (Member member = new Member(group, topic, Map.of())) {
            until("ten records", () -> {
                member.poll();
                return member.records.size() >= 10;
            });
            member.consumer.commitSync();
            ConsumerGroupDescription description = describe(group);
            equal(description.groupState(), GroupState.STABLE, "state with a member");
            equal(description.members().size(), 1, "members");
            equal(description.members().iterator().next().assignment().topicPartitions(), Set.of(partition), "assignment");
        }
        until("group empty", () -> describe(group).groupState() == GroupState.EMPTY);
        check(broker.admin.listGroups().all().get().stream().anyMatch(g -> g.groupId().equals(group)), "group listed");
        broker.admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(3))).all().get();
        equal(broker.admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().get(partition).offset(), 3L, "offset altered");
        broker.admin.deleteConsumerGroupOffsets(group, Set.of(partition)).all().get();
        equal(broker.admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().get(partition), null, "offset deleted");
        broker.admin.deleteConsumerGroups(Collections.singleton(group)).all().get();
        check(broker.admin.listGroups().all().get().stream().noneMatch(g -> g.groupId().equals(group)), "group gone");
    }

    private ConsumerGroupDescription describe(String group) throws Exception {
        return broker.admin.describeConsumerGroups(List.of(group)).all().get().get(group);
    }
}
