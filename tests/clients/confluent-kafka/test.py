"""librdkafka, through confluent-kafka for Python, against the broker at BOOTSTRAP."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))
sys.path.append(str(Path(__file__).resolve().parents[1]))

from confluent_kafka import (  # noqa: E402
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (  # noqa: E402
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
)

from checks import Checks, bootstrap, check, equal, unique, until  # noqa: E402
from scenarios import MIB, Message, Scenarios, numbered  # noqa: E402
from transactions import Transactions  # noqa: E402

TIMEOUT = 30


def message_of(record):
    """Our form of a consumed record; raises the error that the record stands for."""
    if record.error():
        raise KafkaException(record.error())
    return Message(
        record.value(),
        key=record.key(),
        headers=record.headers() or [],
        partition=record.partition(),
        timestamp=record.timestamp()[1],
        offset=record.offset(),
    )


class Member:
    def __init__(self, group, topic):
        self.consumer = Consumer({
            "bootstrap.servers": bootstrap(),
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 10000,
            "heartbeat.interval.ms": 500,
        })
        self.consumer.subscribe([topic])

    def poll(self):
        return [message_of(r) for r in self.consumer.consume(500, 0.3)]

    def assignment(self):
        return {p.partition for p in self.consumer.assignment()}

    def commit(self):
        try:
            self.consumer.commit(asynchronous=False)
        except KafkaException as error:
            # A rebalance forgets the positions of partitions that were not read since: nothing to commit.
            if error.args[0].code() != KafkaError._NO_OFFSET:
                raise

    def close(self):
        self.consumer.close()


class Transactional:
    def __init__(self, name):
        self.producer = Producer({"bootstrap.servers": bootstrap(), "transactional.id": name, "linger.ms": 5})
        self.producer.init_transactions(TIMEOUT)

    def begin(self):
        self.producer.begin_transaction()

    def send(self, topic, messages):
        errors = []
        for m in messages:
            self.producer.produce(
                topic,
                value=m.value,
                key=m.key,
                partition=m.partition,
                on_delivery=lambda error, _record: errors.append(error) if error else None,
            )
        equal(self.producer.flush(TIMEOUT), 0, "messages left after the flush")
        equal(errors, [], "errors of delivery")

    def send_offsets(self, member, topic, partition, offset):
        offsets = [TopicPartition(topic, partition, offset)]
        self.producer.send_offsets_to_transaction(offsets, member.consumer.consumer_group_metadata(), TIMEOUT)

    def commit(self):
        self.producer.commit_transaction(TIMEOUT)

    def abort(self):
        self.producer.abort_transaction(TIMEOUT)

    def close(self):
        """It has no close of its own."""


class Adapter:
    def __init__(self):
        self.admin = AdminClient({"bootstrap.servers": bootstrap()})

    def create_topic(self, name, partitions, config):
        [future] = self.admin.create_topics([NewTopic(name, partitions, 1, config=config)]).values()
        future.result(TIMEOUT)

    def delete_topic(self, name):
        [future] = self.admin.delete_topics([name]).values()
        future.result(TIMEOUT)

    def list_topics(self):
        return set(self.admin.list_topics(timeout=TIMEOUT).topics)

    def partition_count(self, topic):
        return len(self.admin.list_topics(topic, timeout=TIMEOUT).topics[topic].partitions)

    def create_partitions(self, topic, total):
        [future] = self.admin.create_partitions([NewPartitions(topic, total)]).values()
        future.result(TIMEOUT)

    def describe_topic_config(self, topic):
        [future] = self.admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
        return {key: entry.value for key, entry in future.result(TIMEOUT).items()}

    def alter_topic_config(self, topic, config):
        entries = [
            ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in config.items()
        ]
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
        [future] = self.admin.incremental_alter_configs([resource]).values()
        future.result(TIMEOUT)

    def produce(self, topic, messages, compression="none", idempotent=False):
        producer = Producer({
            "bootstrap.servers": bootstrap(),
            "acks": "all",
            "enable.idempotence": idempotent,
            "compression.type": compression,
            "message.max.bytes": 4 * MIB,
            "linger.ms": 5,
            "message.timeout.ms": TIMEOUT * 1000,
        })
        places = [None] * len(messages)
        errors = []

        def delivered(index, error, record):
            if error:
                errors.append(error)
            else:
                places[index] = (record.partition(), record.offset())

        for index, message in enumerate(messages):
            optional = {}
            if message.partition is not None:
                optional["partition"] = message.partition
            if message.timestamp is not None:
                optional["timestamp"] = message.timestamp
            producer.produce(
                topic,
                value=message.value,
                key=message.key,
                headers=message.headers,
                on_delivery=lambda error, record, index=index: delivered(index, error, record),
                **optional,
            )
        equal(producer.flush(TIMEOUT), 0, "messages left after the flush")
        if errors:
            raise KafkaException(errors[0])
        return places

    def consumer(self, **config):
        return Consumer({
            "bootstrap.servers": bootstrap(),
            "group.id": unique("reader"),
            "enable.auto.commit": False,
            "check.crcs": True,
            **config,
        })

    def read(self, topic, count, partitions=None, isolation="read_committed"):
        consumer = self.consumer(**{"isolation.level": isolation})
        try:
            if partitions is None:
                partitions = range(self.partition_count(topic))
            consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
            got = []
            until(f"{count} messages", TIMEOUT, lambda: got.extend(drain(consumer)) or len(got) >= count)
            equal(drain(consumer), [], "messages after the last")
            return got
        finally:
            consumer.close()

    def watermarks(self, topic, partition):
        consumer = self.consumer()
        try:
            return consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=TIMEOUT)
        finally:
            consumer.close()

    def offset_for_time(self, topic, partition, timestamp_ms):
        consumer = self.consumer()
        try:
            [found] = consumer.offsets_for_times([TopicPartition(topic, partition, timestamp_ms)], timeout=TIMEOUT)
            return found.offset if found.offset >= 0 else None
        finally:
            consumer.close()

    def read_twice(self, topic, partition, count):
        consumer = self.consumer()
        try:
            consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
            passes = []
            for _ in range(2):
                got = []
                until("a pass", TIMEOUT, lambda got=got: got.extend(drain(consumer)) or len(got) >= count)
                passes.append(got)
                consumer.seek(TopicPartition(topic, partition, OFFSET_BEGINNING))
            return passes
        finally:
            consumer.close()

    def member(self, group, topic):
        return Member(group, topic)

    def committed(self, group, topic, partition):
        consumer = self.consumer(**{"group.id": group})
        try:
            [found] = consumer.committed([TopicPartition(topic, partition)], timeout=TIMEOUT)
            return found.offset if found.offset >= 0 else None
        finally:
            consumer.close()

    def transactional(self, name):
        return Transactional(name)

    def is_fencing(self, error):
        cause = error.args[0]
        return isinstance(error, KafkaException) and cause.code() == KafkaError._FENCED and cause.fatal()


def drain(consumer):
    return [message_of(r) for r in consumer.consume(1000, 0.3)]


def result(futures):
    """The result of the one future in a dictionary of futures."""
    [future] = futures.values()
    return future.result(TIMEOUT)


def group_admin(adapter, scenarios):
    """Describe, list, delete offsets, delete group."""
    topic, group = scenarios.topic("group-admin", 1), unique("group-admin")
    adapter.produce(topic, numbered(10))
    member, got = Member(group, topic), []
    until("ten messages", 60, lambda: got.extend(member.poll()) or len(got) >= 10)
    member.commit()
    description = result(adapter.admin.describe_consumer_groups([group]))
    equal(description.state, ConsumerGroupState.STABLE, "state with a member")
    equal(len(description.members), 1, "members")
    equal([p.partition for p in description.members[0].assignment.topic_partitions], [0], "assignment described")
    member.close()
    until(
        "group empty", 20,
        lambda: result(adapter.admin.describe_consumer_groups([group])).state == ConsumerGroupState.EMPTY,
    )
    listed = adapter.admin.list_consumer_groups().result(TIMEOUT)
    equal(group in {g.group_id for g in listed.valid}, True, "group listed")
    offsets = result(adapter.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]))
    equal([(p.topic, p.partition, p.offset) for p in offsets.topic_partitions], [(topic, 0, 10)], "offsets listed")
    rewind = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 3)])
    result(adapter.admin.alter_consumer_group_offsets([rewind]))
    equal(adapter.committed(group, topic, 0), 3, "offset altered by the admin client")
    result(adapter.admin.delete_consumer_groups([group]))
    equal(adapter.committed(group, topic, 0), None, "offset of a deleted group")


def delete_records(adapter, scenarios):
    """DeleteRecords moves the log start; the rest stays readable."""
    topic = scenarios.topic("delete-records", 1)
    adapter.produce(topic, numbered(50))
    deleted = result(adapter.admin.delete_records([TopicPartition(topic, 0, 20)]))
    equal(deleted.low_watermark, 20, "low watermark")
    equal(adapter.watermarks(topic, 0), (20, 50), "watermarks")
    equal([m.offset for m in adapter.read(topic, 30)], list(range(20, 50)), "offsets left")


def list_offsets(adapter, scenarios):
    """Earliest, latest and the offset of the largest timestamp, by the admin client."""
    topic = scenarios.topic("list-offsets", 1)
    stamps = [1_700_000_000_000, 1_700_000_009_000, 1_700_000_005_000]
    for stamp in stamps:
        adapter.produce(topic, [Message(b"v", timestamp=stamp)])
    partition = TopicPartition(topic, 0)
    for spec, want in [(OffsetSpec.earliest(), 0), (OffsetSpec.latest(), 3), (OffsetSpec.max_timestamp(), 1)]:
        equal(result(adapter.admin.list_offsets({partition: spec})).offset, want, f"{spec}")


def describe_cluster(adapter, _scenarios):
    cluster = adapter.admin.describe_cluster().result(TIMEOUT)
    host, port = bootstrap().split(":")
    equal(len(cluster.nodes) >= 1, True, "a node")
    equal(bool(cluster.cluster_id), True, "a cluster id")
    equal(int(port) in {n.port for n in cluster.nodes} and host in {n.host for n in cluster.nodes}, True, "our address")


def assigned(*consumers):
    """What each has. All of them are polled first: one that is not takes no part in a rebalance, and the rest waits."""
    for consumer in consumers:
        consumer.consume(10, 0.2)
    return [{p.partition for p in consumer.assignment()} for consumer in consumers]


def static_member(adapter, scenarios):
    """A static member that comes back within its session keeps its partitions without a rebalance."""
    topic, group = scenarios.topic("static", 2), unique("static")

    def start(instance):
        consumer = Consumer({
            "bootstrap.servers": bootstrap(),
            "group.id": group,
            "group.instance.id": instance,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 30000,
            "heartbeat.interval.ms": 500,
        })
        consumer.subscribe([topic])
        return consumer

    one, two = start("one"), start("two")
    until("both have one", 60, lambda: [len(of) for of in assigned(one, two)] == [1, 1])
    [before] = assigned(two)
    two.close()
    two = start("two")
    until("the static member is back", 60, lambda: all(assigned(one, two)))
    of_one, of_two = assigned(one, two)
    equal(of_two, before, "partitions of the static member that came back")
    equal(len(of_one), 1, "partitions of the other")
    one.close()
    two.close()


def cooperative(adapter, scenarios):
    """Two members with the cooperative-sticky assignor share a topic."""
    topic, group = scenarios.topic("cooperative", 4), unique("cooperative")

    def start():
        consumer = Consumer({
            "bootstrap.servers": bootstrap(),
            "group.id": group,
            "partition.assignment.strategy": "cooperative-sticky",
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 10000,
            "heartbeat.interval.ms": 500,
        })
        consumer.subscribe([topic])
        return consumer

    one = start()
    until("one has all", 60, lambda: [len(of) for of in assigned(one)] == [4])
    two = start()
    until("two share", 60, lambda: [len(of) for of in assigned(one, two)] == [2, 2])
    one.close()
    until("the other has all", 60, lambda: [len(of) for of in assigned(two)] == [4])
    two.close()


def acls(adapter, _scenarios):
    """Rules of access are refused where there is no authorizer. (librdkafka drops the error of DescribeAcls.)"""
    rule = AclBinding(
        ResourceType.TOPIC, "t", ResourcePatternType.LITERAL, "User:u", "*", AclOperation.READ, AclPermissionType.ALLOW
    )
    [future] = adapter.admin.create_acls([rule]).values()
    try:
        future.result(TIMEOUT)
    except KafkaException as error:
        equal(error.args[0].code(), KafkaError.SECURITY_DISABLED, "the error")
    else:
        raise AssertionError("a rule is taken without an authorizer")


def sasl(_adapter, _scenarios):
    """Whoever authenticates where nobody has to is told so, and need not find out by waiting."""
    errors = []
    producer = Producer({
        "bootstrap.servers": bootstrap(),
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "u",
        "sasl.password": "p",
        "error_cb": errors.append,
    })

    def is_told():
        producer.poll(0.1)
        return any(error.code() == KafkaError._AUTHENTICATION for error in errors)

    until("an error of authentication", TIMEOUT, is_told)


def auto_create(adapter, _scenarios):
    """Producing to a topic that does not exist creates it, where the broker's profile allows that."""
    topic = unique("auto")
    adapter.produce(topic, [Message(b"first")])
    equal([m.value for m in adapter.read(topic, 1)], [b"first"], "content")


def main():
    checks = Checks(seconds_max=300)
    adapter = Adapter()
    scenarios = Scenarios(adapter)
    scenarios.run_all(checks)
    for function in [
        group_admin, delete_records, list_offsets, describe_cluster, static_member, cooperative, acls, sasl, auto_create,
    ]:
        checks.run(function.__name__, lambda function=function: function(adapter, scenarios))
    Transactions(adapter, scenarios).run_all(checks)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
