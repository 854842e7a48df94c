package corelog.tests;

import static corelog.tests.Checks.check;
import static corelog.tests.Checks.equal;
import static corelog.tests.Checks.unique;
import static corelog.tests.Checks.until;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TransactionalIdNotFoundException;

/** Checks of what the admin client says of transactions and does to them. */
final class TransactionAdmin {
    private static final long HOUR_MS = 3_600_000;

    private final Broker broker;

    TransactionAdmin(Broker broker) {
        this.broker = broker;
    }

    /** A transactional id is listed and described with its open transaction, and so are the producers of a partition. */
    void describe() throws Exception {
        String topic = broker.topic("described", 1, Map.of());
        TopicPartition partition = new TopicPartition(topic, 0);
        String name = unique("transactions");
        try (KafkaProducer<byte[], byte[]> producer = Transactions.producer(broker, name)) {
            equal(description(name).state(), TransactionState.EMPTY, "state before the first transaction");
            long before = System.currentTimeMillis();
            Transactions.write(producer, Transactions.named(topic, "described", 10, 1));
            TransactionDescription open = description(name);
            equal(open.state(), TransactionState.ONGOING, "state of an open transaction");
            equal(open.topicPartitions(), Set.of(partition), "partitions of the transaction");
            equal(open.transactionTimeoutMs(), 60_000L, "transaction.timeout.ms");
            long start = open.transactionStartTimeMs().getAsLong();
            check(before <= start && start <= System.currentTimeMillis(), "when it began: " + start + ", not before " + before);
            ProducerState state = producerOf(partition);
            equal(state.producerId(), open.producerId(), "producer id");
            equal(state.producerEpoch(), open.producerEpoch(), "producer epoch");
            equal(state.lastSequence(), 9, "last sequence");
            equal(state.currentTransactionStartOffset(), OptionalLong.of(0), "where the transaction begins");
            listed(name, open.producerId());
            producer.commitTransaction();
            until("the transaction is complete", () -> description(name).state() == TransactionState.COMPLETE_COMMIT);
            equal(description(name).topicPartitions(), Set.of(), "partitions when it is complete");
            equal(producerOf(partition).currentTransactionStartOffset(), OptionalLong.empty(), "no transaction begins anywhere");
        }
        try {
            description(unique("absent"));
        } catch (ExecutionException e) {
            check(e.getCause() instanceof TransactionalIdNotFoundException, "of an unknown id: " + e.getCause());
            return;
        }
        throw new AssertionError("an unknown transactional id is described");
    }

    /** Lists an open transaction by each filter, and not by filters that it does not meet. */
    private void listed(String name, long producerId) throws Exception {
        equal(states(name, new ListTransactionsOptions()), List.of(TransactionState.ONGOING), "listed");
        ListTransactionsOptions ongoing = new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING));
        equal(states(name, ongoing.filterProducerIds(Set.of(producerId))).size(), 1, "by state and producer id");
        equal(states(name, new ListTransactionsOptions().filterOnDuration(0)).size(), 1, "by its age");
        equal(states(name, new ListTransactionsOptions().filterOnTransactionalIdPattern(name.substring(0, 15) + ".*")).size(), 1, "by a pattern");
        ListTransactionsOptions complete = new ListTransactionsOptions().filterStates(Set.of(TransactionState.COMPLETE_COMMIT));
        equal(states(name, complete).size(), 0, "by another state");
        equal(states(name, new ListTransactionsOptions().filterProducerIds(Set.of(producerId + 1))).size(), 0, "by another producer id");
        equal(states(name, new ListTransactionsOptions().filterOnDuration(HOUR_MS)).size(), 0, "by a greater age");
        equal(states(name, new ListTransactionsOptions().filterOnTransactionalIdPattern("another.*")).size(), 0, "by another pattern");
    }

    /** The states with which a transactional id is listed: one, or none. */
    private List<TransactionState> states(String name, ListTransactionsOptions options) throws Exception {
        return broker.admin.listTransactions(options).all().get().stream()
            .filter(t -> t.transactionalId().equals(name)).map(t -> t.state()).toList();
    }

    private TransactionDescription description(String name) throws Exception {
        return broker.admin.describeTransactions(List.of(name)).description(name).get();
    }

    /** The one producer that a partition knows. */
    private ProducerState producerOf(TopicPartition partition) throws Exception {
        Collection<ProducerState> states = broker.admin.describeProducers(List.of(partition)).partitionResult(partition).get().activeProducers();
        equal(states.size(), 1, "producers of the partition");
        return states.iterator().next();
    }

    /** An administrator aborts a transaction in one partition; what comes after it can be read. */
    void abort() throws Exception {
        String topic = broker.topic("hanging", 1, Map.of());
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaProducer<byte[], byte[]> producer = Transactions.producer(broker, unique("transactions"))) {
            Transactions.write(producer, Transactions.named(topic, "hanging", 10, 1));
            broker.produce(Transactions.named(topic, "later", 10, 1), Map.of());
            ProducerState state = broker.admin.describeProducers(List.of(partition)).partitionResult(partition).get()
                .activeProducers().stream().filter(s -> s.currentTransactionStartOffset().isPresent()).findFirst().get();
            broker.admin.abortTransaction(new AbortTransactionSpec(
                partition, state.producerId(), (short) state.producerEpoch(), state.coordinatorEpoch().orElse(0))).all().get();
            Transactions.seesCommitted(broker, topic, Transactions.named(topic, "later", 10, 1), "after the abort");
        }
    }

    /** An administrator fences a producer, or ends its transaction: it is aborted, and the producer cannot commit it. */
    void fence() throws Exception {
        String topic = broker.topic("fenced", 1, Map.of());
        String name = unique("transactions");
        try (KafkaProducer<byte[], byte[]> producer = Transactions.producer(broker, name)) {
            Transactions.write(producer, Transactions.named(topic, "fenced", 10, 1));
            TransactionDescription open = description(name);
            long id = broker.admin.fenceProducers(List.of(name)).producerId(name).get();
            equal(id, open.producerId(), "producer id after the fencing");
            equal(description(name).state(), TransactionState.EMPTY, "state: aborted, and the id given anew");
            check(description(name).producerEpoch() > open.producerEpoch(), "a greater epoch");
            Transactions.fenced(producer);
        }
        try (KafkaProducer<byte[], byte[]> producer = Transactions.producer(broker, name)) {
            Transactions.write(producer, Transactions.named(topic, "terminated", 10, 1));
            broker.admin.forceTerminateTransaction(name).result().get();
            equal(description(name).state(), TransactionState.EMPTY, "state: aborted, and the id given anew");
            Transactions.fenced(producer);
        }
        Transactions.seesCommitted(broker, topic, List.of(), "after the fencing");
    }
}
