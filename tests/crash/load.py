"""Producers and consumers that go on through a broker's crashes, each in a thread of its own."""

import random
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from ledger import key_of, parse, value_of

RECONNECT = {"reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200, "log_level": 0}
READ_SECONDS = 120


def create_topic(bootstrap, topic, partitions):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    [future] = admin.create_topics([NewTopic(topic, partitions, 1)]).values()
    future.result(30)


class Load(threading.Thread):
    """A thread with a `stop` flag; what ends it by mistake is kept in `failure`."""

    def __init__(self, name):
        super().__init__(name=name, daemon=True)
        self.stopping = threading.Event()
        self.failure = None

    def run(self):
        try:
            self.work()
        except Exception as error:  # the main thread reports it
            self.failure = error

    def stop(self):
        self.stopping.set()
        self.join(READ_SECONDS)
        if self.is_alive():
            raise AssertionError(f"{self.name} did not end within {READ_SECONDS} s")
        if self.failure is not None:
            raise AssertionError(f"{self.name}: {self.failure!r}")


class Writer(Load):
    """An idempotent producer with acks=all, to all partitions in turn, at a bounded rate."""

    def __init__(self, number, ledger, options):
        super().__init__(f"producer {number}")
        self.number, self.ledger, self.options = number, ledger, options
        self.random = random.Random(f"{options.seed} producer {number}")

    def work(self):
        options = self.options
        producer = Producer({
            "bootstrap.servers": options.bootstrap,
            "acks": "all",
            "enable.idempotence": True,
            "message.timeout.ms": options.message_timeout_ms,
            "linger.ms": 2,
            "compression.type": ["none", "lz4"][self.number % 2],
            "queue.buffering.max.messages": 20000,
            **RECONNECT,
        })
        start, produced = time.monotonic(), 0
        while not self.stopping.is_set():
            identity = self.ledger.send(self.number, self.random.randrange(options.partitions))
            value = value_of(identity, options.seed, options.size_max)
            while True:
                try:
                    producer.produce(
                        options.topic, value=value, key=key_of(identity), partition=identity.partition,
                        on_delivery=lambda error, record, identity=identity: self.delivered(identity, error, record),
                    )
                    break
                except BufferError:  # the broker is down and the queue is full
                    producer.poll(0.1)
            producer.poll(0)
            produced += 1
            ahead = produced / options.rate_max - (time.monotonic() - start)
            if ahead > 0.005:
                producer.poll(ahead)
            elif ahead < -1:  # do not make up for the time when the broker was down
                start, produced = time.monotonic(), 0
        left = producer.flush(options.message_timeout_ms / 1000 + 10)
        if left:
            raise AssertionError(f"{left} messages without an answer after the flush")

    def delivered(self, identity, error, record):
        if error is None:
            self.ledger.acknowledge(identity, record.offset())
        else:
            self.ledger.fail(error.name())


class Reader(Load):
    """A consumer, in a group or, with `group` None, of all partitions from the beginning."""

    def __init__(self, name, group, ledger, options):
        super().__init__(f"consumer {name}")
        self.group, self.ledger, self.options = group, ledger, options
        self.count = 0

    def work(self):
        options = self.options
        consumer = Consumer({
            "bootstrap.servers": options.bootstrap,
            "group.id": self.group or f"alone-{options.topic}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": self.group is not None,
            "auto.commit.interval.ms": 500,
            "session.timeout.ms": 10000,
            "heartbeat.interval.ms": 500,
            "check.crcs": True,
            **RECONNECT,
        })
        try:
            if self.group is None:
                consumer.assign([TopicPartition(options.topic, p, OFFSET_BEGINNING) for p in range(options.partitions)])
            else:
                consumer.subscribe([options.topic])
            while not self.stopping.is_set():
                rows = []
                for record in consumer.consume(1000, 0.2):
                    # Errors while the broker is down are what is tested; the client goes on by itself.
                    if record.error() is None:
                        rows.append((record.partition(), record.offset(), parse(record.value())))
                self.ledger.see(self.name, rows)
                self.count += len(rows)
        finally:
            consumer.close()


def read_log(options, starts=None):
    """The topic, partition by partition, to its high watermarks: partition -> [(offset, key, value)].

    All of it, or what follows the offsets `starts`, partition -> offset.
    """
    starts = starts or dict.fromkeys(range(options.partitions), 0)
    consumer = Consumer({
        "bootstrap.servers": options.bootstrap,
        "group.id": f"verify-{options.topic}",
        "enable.auto.commit": False,
        "enable.partition.eof": False,
        "check.crcs": True,
    })
    try:
        ends = {}
        for p in range(options.partitions):
            low, high = consumer.get_watermark_offsets(TopicPartition(options.topic, p), timeout=60)
            if low != 0:
                raise AssertionError(f"partition {p} begins at {low}")
            ends[p] = high
        consumer.assign([TopicPartition(options.topic, p, start) for p, start in starts.items()])
        log = {p: [] for p in ends}
        deadline = time.monotonic() + READ_SECONDS
        while any(starts[p] + len(log[p]) < ends[p] for p in ends):
            if time.monotonic() > deadline:
                held = {p: (starts[p] + len(log[p]), ends[p]) for p in ends}
                raise AssertionError(f"not everything read within {READ_SECONDS} s: {held}")
            for record in consumer.consume(5000, 0.5):
                if record.error():
                    raise KafkaException(record.error())
                log[record.partition()].append((record.offset(), record.key(), record.value()))
        return log
    finally:
        consumer.close()
