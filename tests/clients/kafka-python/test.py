"""kafka-python against the broker at BOOTSTRAP."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))
sys.path.append(str(Path(__file__).resolve().parents[1]))

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition  # noqa: E402
from kafka.admin import ConfigResource, ConfigResourceType  # noqa: E402
from kafka.errors import ProducerFencedError  # noqa: E402
from kafka.structs import OffsetAndMetadata  # noqa: E402

from checks import Checks, bootstrap, check, equal, unique, until  # noqa: E402
from scenarios import MIB, Message, Scenarios, numbered  # noqa: E402
from transactions import Transactions  # noqa: E402

TIMEOUT = 30


def messages_of(batches):
    return [
        Message(
            r.value, key=r.key, headers=list(r.headers), partition=r.partition, timestamp=r.timestamp, offset=r.offset
        )
        for records in batches.values()
        for r in records
    ]


class Member:
    def __init__(self, group, topic):
        self.consumer = KafkaConsumer(
            topic,
            bootstrap_servers=bootstrap(),
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            session_timeout_ms=10000,
            heartbeat_interval_ms=500,
        )

    def poll(self):
        return messages_of(self.consumer.poll(timeout_ms=300))

    def assignment(self):
        return {p.partition for p in self.consumer.assignment()}

    def commit(self):
        self.consumer.commit()

    def close(self):
        self.consumer.close(autocommit=False)


class Transactional:
    def __init__(self, name):
        self.producer = KafkaProducer(
            bootstrap_servers=bootstrap(), transactional_id=name, linger_ms=5, max_block_ms=TIMEOUT * 1000
        )
        self.producer.init_transactions()

    def begin(self):
        self.producer.begin_transaction()

    def send(self, topic, messages):
        futures = [self.producer.send(topic, value=m.value, key=m.key, partition=m.partition) for m in messages]
        self.producer.flush(timeout=TIMEOUT)
        for future in futures:
            future.get(timeout=TIMEOUT)

    def send_offsets(self, member, topic, partition, offset):
        offsets = {TopicPartition(topic, partition): OffsetAndMetadata(offset, "", -1)}
        self.producer.send_offsets_to_transaction(offsets, member.consumer.group_metadata())

    def commit(self):
        self.producer.commit_transaction()

    def abort(self):
        self.producer.abort_transaction()

    def close(self):
        self.producer.close(timeout=TIMEOUT)


class Adapter:
    def __init__(self):
        self.admin = KafkaAdminClient(bootstrap_servers=bootstrap())

    def create_topic(self, name, partitions, config):
        options = {"num_partitions": partitions, "replication_factor": 1, "configs": config}
        self.admin.create_topics({name: options}, timeout_ms=TIMEOUT * 1000)

    def delete_topic(self, name):
        self.admin.delete_topics([name], timeout_ms=TIMEOUT * 1000)

    def list_topics(self):
        return set(self.admin.list_topics())

    def partition_count(self, topic):
        return len(self.admin.describe_topics([topic])[0]["partitions"])

    def create_partitions(self, topic, total):
        self.admin.create_partitions({topic: total})

    def describe_topic_config(self, topic):
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        [by_name] = self.admin.describe_configs([resource], config_filter="all").values()
        return {key: entry["value"] for key, entry in by_name[topic].items()}

    def alter_topic_config(self, topic, config):
        self.admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, config)])

    def produce(self, topic, messages, compression="none", idempotent=False):
        producer = KafkaProducer(
            bootstrap_servers=bootstrap(),
            acks="all",
            enable_idempotence=idempotent,
            compression_type=None if compression == "none" else compression,
            max_request_size=4 * MIB,
            linger_ms=5,
        )
        try:
            futures = [
                producer.send(
                    topic,
                    value=m.value,
                    key=m.key,
                    headers=m.headers,
                    partition=m.partition,
                    timestamp_ms=m.timestamp,
                )
                for m in messages
            ]
            producer.flush(timeout=TIMEOUT)
            acks = [f.get(timeout=TIMEOUT) for f in futures]
            return [(a.partition, a.offset) for a in acks]
        finally:
            producer.close(timeout=TIMEOUT)

    def consumer(self, group=None, isolation="read_uncommitted"):
        return KafkaConsumer(
            bootstrap_servers=bootstrap(),
            group_id=group,
            isolation_level=isolation,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            check_crcs=True,
        )

    def read(self, topic, count, partitions=None, isolation="read_uncommitted"):
        consumer = self.consumer(isolation=isolation)
        try:
            if partitions is None:
                partitions = range(self.partition_count(topic))
            assigned = [TopicPartition(topic, p) for p in partitions]
            consumer.assign(assigned)
            consumer.seek_to_beginning(*assigned)
            got = []
            until(f"{count} messages", TIMEOUT, lambda: got.extend(drain(consumer)) or len(got) >= count)
            equal(drain(consumer), [], "messages after the last")
            return got
        finally:
            consumer.close()

    def watermarks(self, topic, partition):
        consumer = self.consumer()
        try:
            place = TopicPartition(topic, partition)
            return (consumer.beginning_offsets([place])[place], consumer.end_offsets([place])[place])
        finally:
            consumer.close()

    def offset_for_time(self, topic, partition, timestamp_ms):
        consumer = self.consumer()
        try:
            place = TopicPartition(topic, partition)
            found = consumer.offsets_for_times({place: timestamp_ms})[place]
            return found.offset if found else None
        finally:
            consumer.close()

    def read_twice(self, topic, partition, count):
        consumer = self.consumer()
        try:
            place = TopicPartition(topic, partition)
            consumer.assign([place])
            passes = []
            for _ in range(2):
                consumer.seek_to_beginning(place)
                got = []
                until("a pass", TIMEOUT, lambda got=got: got.extend(drain(consumer)) or len(got) >= count)
                passes.append(got)
            return passes
        finally:
            consumer.close()

    def member(self, group, topic):
        return Member(group, topic)

    def committed(self, group, topic, partition):
        # It waits for the end of an open transaction with offsets of the group.
        consumer = self.consumer(group=group, isolation="read_committed")
        try:
            return consumer.committed(TopicPartition(topic, partition))
        finally:
            consumer.close()

    def transactional(self, name):
        return Transactional(name)

    def is_fencing(self, error):
        return isinstance(error, ProducerFencedError)


def drain(consumer):
    return messages_of(consumer.poll(timeout_ms=300))


def group_admin(adapter, scenarios):
    """Describe, list, rewind and delete a group."""
    topic, group = scenarios.topic("group-admin", 1), unique("group-admin")
    place = TopicPartition(topic, 0)
    adapter.produce(topic, numbered(10))
    member, got = Member(group, topic), []
    until("ten messages", 60, lambda: got.extend(member.poll()) or len(got) >= 10)
    member.commit()
    description = adapter.admin.describe_groups([group])[group]
    equal(description["group_state"], "Stable", "state with a member")
    equal(len(description["members"]), 1, "members")
    member.close()
    until("group empty", 20, lambda: adapter.admin.describe_groups([group])[group]["group_state"] == "Empty")
    check(group in {g["group_id"] for g in adapter.admin.list_groups()}, "group listed")
    equal(adapter.admin.list_group_offsets([group])[group][place].offset, 10, "offset listed")
    adapter.admin.delete_groups([group])
    equal(adapter.committed(group, topic, 0), None, "offset of a deleted group")


def delete_records(adapter, scenarios):
    """DeleteRecords moves the log start; the rest stays readable."""
    topic = scenarios.topic("delete-records", 1)
    adapter.produce(topic, numbered(50))
    adapter.admin.delete_records({TopicPartition(topic, 0): 20})
    equal(adapter.watermarks(topic, 0), (20, 50), "watermarks")
    equal([m.offset for m in adapter.read(topic, 30)], list(range(20, 50)), "offsets left")


def describe_cluster(adapter, _scenarios):
    cluster = adapter.admin.describe_cluster()
    host, port = bootstrap().split(":")
    check((host, int(port)) in {(b["host"], b["port"]) for b in cluster["brokers"]}, "our address")


def auto_create(adapter, _scenarios):
    """Producing to a topic that does not exist creates it, where the broker's profile allows that."""
    topic = unique("auto")
    adapter.produce(topic, [Message(b"first")])
    equal([m.value for m in adapter.read(topic, 1)], [b"first"], "content")


def main():
    checks = Checks(seconds_max=300)
    adapter = Adapter()
    scenarios = Scenarios(adapter)
    # kafka-python refuses null header values by itself.
    scenarios.run_all(checks, leave_out={"null_header"})
    for function in [group_admin, delete_records, describe_cluster, auto_create]:
        checks.run(function.__name__, lambda function=function: function(adapter, scenarios))
    Transactions(adapter, scenarios).run_all(checks)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
