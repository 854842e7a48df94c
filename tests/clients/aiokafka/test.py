"""aiokafka against the broker at BOOTSTRAP."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))
sys.path.append(str(Path(__file__).resolve().parents[1]))

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition  # noqa: E402
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic  # noqa: E402
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType  # noqa: E402
from aiokafka.errors import ProducerFenced, for_code  # noqa: E402

from checks import Checks, bootstrap, check, equal, unique, until  # noqa: E402
from scenarios import MIB, Message, Scenarios, numbered  # noqa: E402
from transactions import Transactions  # noqa: E402

TIMEOUT = 30
LOOP = asyncio.new_event_loop()


def run(coroutine):
    """Runs a coroutine to its end; the clients' own tasks go on while it does."""
    return LOOP.run_until_complete(asyncio.wait_for(coroutine, TIMEOUT))


def assign(consumer, places):
    """Assigns partitions by hand; the client wants a running loop for that."""

    async def within_loop():
        consumer.assign(places)

    run(within_loop())


def raise_for(errors):
    """Raises the first error of a CreateTopics or DeleteTopics response."""
    for topic, code, *text in errors:
        if code:
            raise for_code(code)(f"{topic}: {text}")


def messages_of(batches):
    return [
        Message(
            r.value, key=r.key, headers=list(r.headers), partition=r.partition, timestamp=r.timestamp, offset=r.offset
        )
        for records in batches.values()
        for r in records
    ]


def drain(consumer):
    return messages_of(run(consumer.getmany(timeout_ms=300)))


class Member:
    def __init__(self, group, topic):
        async def start():
            consumer = AIOKafkaConsumer(
                topic,
                bootstrap_servers=bootstrap(),
                group_id=group,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                session_timeout_ms=10000,
                heartbeat_interval_ms=500,
            )
            # start() waits for the first assignment, which can need the other members' loop to run.
            return consumer, asyncio.ensure_future(consumer.start())

        self.group = group
        self.consumer, self.started = run(start())

    def poll(self):
        if not self.started.done():
            run(asyncio.wait([self.started], timeout=0.3))
            return []
        self.started.result()
        return drain(self.consumer)

    def assignment(self):
        return {p.partition for p in self.consumer.assignment()} if self.started.done() else set()

    def commit(self):
        run(self.consumer.commit())

    def close(self):
        run(self.consumer.stop())


class Transactional:
    def __init__(self, name):
        async def start():
            producer = AIOKafkaProducer(bootstrap_servers=bootstrap(), transactional_id=name, linger_ms=5)
            await producer.start()
            return producer

        self.producer = run(start())

    def begin(self):
        run(self.producer.begin_transaction())

    def send(self, topic, messages):
        async def send_all():
            futures = [await self.producer.send(topic, m.value, m.key, m.partition) for m in messages]
            for future in futures:
                await future

        run(send_all())

    def send_offsets(self, member, topic, partition, offset):
        """This client names the group alone, not the member."""
        run(self.producer.send_offsets_to_transaction({TopicPartition(topic, partition): offset}, member.group))

    def commit(self):
        run(self.producer.commit_transaction())

    def abort(self):
        run(self.producer.abort_transaction())

    def close(self):
        run(self.producer.stop())


class Adapter:
    def __init__(self):
        async def start():
            admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap())
            await admin.start()
            return admin

        self.admin = run(start())

    def create_topic(self, name, partitions, config):
        new = NewTopic(name, partitions, 1, topic_configs=config)
        raise_for(run(self.admin.create_topics([new])).topic_errors)

    def delete_topic(self, name):
        raise_for(run(self.admin.delete_topics([name])).topic_error_codes)

    def list_topics(self):
        return set(run(self.admin.list_topics()))

    def partition_count(self, topic):
        return len(run(self.admin.describe_topics([topic]))[0]["partitions"])

    def create_partitions(self, topic, total):
        run(self.admin.create_partitions({topic: NewPartitions(total)}))

    def describe_topic_config(self, topic):
        [response] = run(self.admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)]))
        [(code, text, _type, _name, entries)] = response.resources
        if code:
            raise for_code(code)(text)
        return {entry[0]: entry[1] for entry in entries}

    def alter_topic_config(self, topic, config):
        [response] = run(self.admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, config)]))
        [(code, text, _type, _name)] = response.resources
        if code:
            raise for_code(code)(text)

    def produce(self, topic, messages, compression="none", idempotent=False):
        async def send_all():
            producer = AIOKafkaProducer(
                bootstrap_servers=bootstrap(),
                acks="all",
                enable_idempotence=idempotent,
                compression_type=None if compression == "none" else compression,
                max_request_size=4 * MIB,
                linger_ms=5,
            )
            await producer.start()
            try:
                futures = [
                    await producer.send(
                        topic,
                        value=m.value,
                        key=m.key,
                        headers=m.headers,
                        partition=m.partition,
                        timestamp_ms=m.timestamp,
                    )
                    for m in messages
                ]
                acks = [await f for f in futures]
                return [(a.partition, a.offset) for a in acks]
            finally:
                await producer.stop()

        return run(send_all())

    def with_consumer(self, use, group=None, isolation="read_uncommitted"):
        """Starts a consumer, hands it to `use`, stops it."""

        async def start():
            consumer = AIOKafkaConsumer(
                bootstrap_servers=bootstrap(),
                group_id=group,
                isolation_level=isolation,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                check_crcs=True,
                max_partition_fetch_bytes=4 * MIB,
            )
            await consumer.start()
            return consumer

        consumer = run(start())
        try:
            return use(consumer)
        finally:
            run(consumer.stop())

    def read(self, topic, count, partitions=None, isolation="read_uncommitted"):
        if partitions is None:
            partitions = range(self.partition_count(topic))

        def use(consumer):
            assigned = [TopicPartition(topic, p) for p in partitions]
            assign(consumer, assigned)
            run(consumer.seek_to_beginning(*assigned))
            got = []
            until(f"{count} messages", TIMEOUT, lambda: got.extend(drain(consumer)) or len(got) >= count)
            equal(drain(consumer), [], "messages after the last")
            return got

        return self.with_consumer(use, isolation=isolation)

    def watermarks(self, topic, partition):
        place = TopicPartition(topic, partition)
        return self.with_consumer(
            lambda c: (run(c.beginning_offsets([place]))[place], run(c.end_offsets([place]))[place])
        )

    def offset_for_time(self, topic, partition, timestamp_ms):
        place = TopicPartition(topic, partition)
        found = self.with_consumer(lambda c: run(c.offsets_for_times({place: timestamp_ms}))[place])
        return found.offset if found else None

    def read_twice(self, topic, partition, count):
        def use(consumer):
            place = TopicPartition(topic, partition)
            assign(consumer, [place])
            passes = []
            for _ in range(2):
                run(consumer.seek_to_beginning(place))
                got = []
                until("a pass", TIMEOUT, lambda got=got: got.extend(drain(consumer)) or len(got) >= count)
                passes.append(got)
            return passes

        return self.with_consumer(use)

    def member(self, group, topic):
        return Member(group, topic)

    def committed(self, group, topic, partition):
        def use(consumer):
            assign(consumer, [TopicPartition(topic, partition)])
            return run(consumer.committed(TopicPartition(topic, partition)))

        return self.with_consumer(use, group=group)

    def transactional(self, name):
        return Transactional(name)

    def is_fencing(self, error):
        return isinstance(error, ProducerFenced)


def group_admin(adapter, scenarios):
    """Describe and list a group and its offsets."""
    topic, group = scenarios.topic("group-admin", 1), unique("group-admin")
    place = TopicPartition(topic, 0)
    adapter.produce(topic, numbered(10))
    member, got = Member(group, topic), []
    until("ten messages", 60, lambda: got.extend(member.poll()) or len(got) >= 10)
    member.commit()

    def described():
        [response] = run(adapter.admin.describe_consumer_groups([group]))
        [(code, group_id, state, _type, _protocol, members, *_)] = response.groups
        equal((code, group_id), (0, group), "described")
        return state, len(members)

    equal(described(), ("Stable", 1), "state with a member")
    member.close()
    until("group empty", 20, lambda: described() == ("Empty", 0))
    check(group in {name for name, _type in run(adapter.admin.list_consumer_groups())}, "group listed")
    equal(run(adapter.admin.list_consumer_group_offsets(group))[place].offset, 10, "offset listed")


def describe_cluster(adapter, _scenarios):
    host, port = bootstrap().split(":")
    brokers = run(adapter.admin.describe_cluster())["brokers"]
    check((host, int(port)) in {(b["host"], b["port"]) for b in brokers}, "our address")


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
    for function in [group_admin, describe_cluster, auto_create]:
        checks.run(function.__name__, lambda function=function: function(adapter, scenarios))
    Transactions(adapter, scenarios).run_all(checks)
    run(adapter.admin.close())
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
