"""The input of a job that copies a topic, which goes on while the job and the broker are killed, and its output as a reader has it."""

import threading

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, IsolationLevel, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from checks import check, equal, unique, until

PARTITIONS, KEYS = 4, 20
RECORDS_PER_SECOND = 400
# For a state that a job or the broker is to reach; Kafka takes 20 s to start after a kill.
STATE_SECONDS_MAX = 120


def client(broker):
    """What every client of ours has; it does not say each time that the broker is away."""
    return {"bootstrap.servers": broker.bootstrap, "log_level": 2}


def administrator(broker):
    """A new one is due when the broker was away: librdkafka 2.16.0 never answers for a group whose coordinator it asks for while
    it gives up the connection to a broker that has gone."""
    return AdminClient(client(broker))


def create(broker, *topics):
    """Creates the topics and returns the client that did."""
    admin = administrator(broker)
    for future in admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics]).values():
        future.result(30)
    return admin


def ends(admin, topic, isolation=IsolationLevel.READ_UNCOMMITTED):
    """Partition -> the offset where a reader of that isolation has everything."""
    offsets = {TopicPartition(topic, partition): OffsetSpec.latest() for partition in range(PARTITIONS)}
    return {key.partition: future.result(30).offset for key, future in admin.list_offsets(offsets, isolation_level=isolation).items()}


def committed(admin, group, topic):
    """Partition -> the offset that the group has committed; a partition without one is left out."""
    [future] = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
    return {each.partition: each.offset for each in future.result(30).topic_partitions if each.topic == topic and each.offset >= 0}


class Input:
    """Writes records until it is stopped: the value is the record's place among those of its key."""

    def __init__(self, broker, topic):
        self.producer = Producer({**client(broker), "enable.idempotence": True, "linger.ms": 5})
        self.topic = topic
        self.count = 0
        self.errors = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.write, daemon=True)
        self.thread.start()

    def delivered(self, error, _message):
        if error:
            self.errors.append(error)

    def write(self):
        while not self.stopping.wait(KEYS / RECORDS_PER_SECOND):
            for key in range(KEYS):
                self.producer.produce(self.topic, f"{self.count // KEYS}", f"key {key}", on_delivery=self.delivered)
                self.count += 1
            self.producer.poll(0)

    def stop(self):
        self.stopping.set()
        self.thread.join()
        equal(self.producer.flush(STATE_SECONDS_MAX), 0, "input that is not acknowledged")
        equal(self.errors, [], "delivery errors of the input")

    def values(self):
        """Key -> what was written, once it is stopped."""
        return {f"key {key}": [f"{place}" for place in range(self.count // KEYS)] for key in range(KEYS)}


class Output:
    """What a reader has got so far: key -> values in their order."""

    def __init__(self, broker, topic, isolation="read_committed"):
        self.consumer = Consumer({
            **client(broker), "group.id": unique("reader"), "auto.offset.reset": "earliest", "enable.auto.commit": False,
            "isolation.level": isolation, "enable.partition.eof": True,
        })
        self.consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
        self.values = {}
        self.count = 0
        self.at_end = set()

    def poll(self):
        for message in self.consumer.consume(1000, 0.05):
            # A broker that is away is no error of the topic.
            if message.error():
                if message.error().code() == KafkaError._PARTITION_EOF:
                    self.at_end.add(message.partition())
            else:
                self.at_end.discard(message.partition())
                self.values.setdefault(message.key().decode(), []).append(message.value().decode())
                self.count += 1

    def read(self, least, alive=lambda: True):
        """Until there are `least` records; `alive` says whether the job still runs."""

        def enough():
            check(alive(), "the job still runs")
            self.poll()
            return self.count >= least

        until(f"{least} records, and not {self.count}", STATE_SECONDS_MAX, enough)

    def read_to_the_end(self):
        """All that the topic holds for this reader."""

        def ended():
            self.poll()
            return len(self.at_end) == PARTITIONS

        until(f"the end of {PARTITIONS} partitions", STATE_SECONDS_MAX, ended)
        return self

    def close(self):
        self.consumer.close()


def same(got, want, what):
    """Fails unless both have the same keys with the same values in the same order; says the first place where they differ."""
    equal(sorted(got), sorted(want), f"{what}: the keys")
    for key, values in want.items():
        for place in range(max(len(got[key]), len(values))):
            if got[key][place : place + 1] != values[place : place + 1]:
                around = slice(max(place - 2, 0), place + 4)
                raise AssertionError(f"{what}: {key} at {place} of {len(got[key])}: {got[key][around]}, want {values[around]}")
