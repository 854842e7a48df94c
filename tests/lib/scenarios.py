"""What every Python client is put through, over a small adapter that speaks that client's own API.

An adapter offers:
  create_topic(name, partitions, config={})    delete_topic(name)      list_topics() -> set of names
  partition_count(topic)                       create_partitions(topic, total)
  describe_topic_config(topic) -> {key: str}   alter_topic_config(topic, {key: str})
  produce(topic, [Message], compression="none", idempotent=False) -> [(partition, offset)], in order, acks=all
  read(topic, count, partitions=None) -> [Message] from the beginning, in the order received
  watermarks(topic, partition) -> (low, high)
  offset_for_time(topic, partition, timestamp_ms) -> offset or None
  read_twice(topic, partition, count) -> ([Message], [Message]): to the end, seek to beginning, again
  member(group, topic) -> Member               committed(group, topic, partition) -> offset or None
and a Member of a consumer group:
  poll() -> [Message], waiting at most about half a second
  assignment() -> set of partitions            commit()        close()
"""

import os
import time
from dataclasses import dataclass, field
from typing import Optional

from checks import check, equal, unique, until

COMPRESSIONS = ["none", "gzip", "snappy", "lz4", "zstd"]
MIB = 1 << 20
JOIN_SECONDS = 60


@dataclass
class Message:
    """One record; the fields after the first four are what the broker or the client added."""

    value: Optional[bytes]
    key: Optional[bytes] = None
    headers: list = field(default_factory=list)
    partition: Optional[int] = None
    timestamp: Optional[int] = None
    offset: Optional[int] = None

    def content(self):
        return (self.key, self.value, list(self.headers))


def numbered(count, keys=17, size=100):
    """Messages whose values name their key and their number within it."""
    filler = "x" * size
    return [
        Message(f"{i % keys}:{i // keys}:{filler}".encode(), key=f"key-{i % keys}".encode())
        for i in range(count)
    ]


def check_order(messages, what):
    """Offsets rise by one within a partition; each key keeps its order and its partition."""
    next_offset, next_number, home = {}, {}, {}
    for message in messages:
        partition = message.partition
        want = next_offset.get(partition, 0)
        equal(message.offset, want, f"{what}: next offset of partition {partition}")
        next_offset[partition] = want + 1
        key, number, _ = message.value.decode().split(":")
        equal(message.key, f"key-{key}".encode(), f"{what}: key")
        equal(int(number), next_number.get(key, 0), f"{what}: next number of key {key}")
        next_number[key] = int(number) + 1
        equal(partition, home.setdefault(key, partition), f"{what}: partition of key {key}")


def same_content(got, want, what):
    equal(len(got), len(want), f"{what}: count")
    for index, (g, w) in enumerate(zip(got, want)):
        if g.content() != w.content():
            raise AssertionError(f"{what}: message {index} differs: got {str(g)[:200]}, want {str(w)[:200]}")


class Scenarios:
    def __init__(self, adapter):
        self.adapter = adapter

    def topic(self, stem, partitions, config=None):
        name = unique(stem)
        self.adapter.create_topic(name, partitions, config or {})
        until("the new partitions are served", 30, lambda: all(self.served(name, p) for p in range(partitions)))
        return name

    def served(self, topic, partition):
        """Kafka answers CreateTopics before it serves the new partitions; that moment is not what is tested."""
        try:
            return self.adapter.watermarks(topic, partition) == (0, 0)
        except Exception:  # each client has its own word for "not yet the leader"
            return False

    def roundtrip(self, idempotent=False):
        topic = self.topic("roundtrip", 3)
        sent = numbered(1500)
        places = self.adapter.produce(topic, sent, idempotent=idempotent)
        equal(len(set(places)), len(sent), "distinct acknowledged places")
        got = self.adapter.read(topic, len(sent))
        check_order(got, "roundtrip")
        by_place = {(m.partition, m.offset): m for m in got}
        for message, place in zip(sent, places):
            equal(by_place[place].content(), message.content(), f"content at {place}")
        check({m.partition for m in got} == {0, 1, 2}, "all three partitions hold messages")

    def idempotent(self):
        self.roundtrip(idempotent=True)

    def nulls_and_headers(self):
        topic = self.topic("shapes", 1)
        sent = [
            Message(b"value", key=b"key", headers=[("h", b"1")]),
            Message(None, key=b"tombstone"),
            Message(b"", key=b"empty value"),
            Message(b"no key"),
            Message(b"empty key", key=b""),
            Message(b"repeated", key=b"k", headers=[("h", b"1"), ("g", b""), ("h", b"2")]),
            Message(bytes(range(256)), key=bytes(range(255, -1, -1)), headers=[("ü", bytes(range(256)))]),
        ]
        self.adapter.produce(topic, sent)
        same_content(self.adapter.read(topic, len(sent)), sent, "shapes")

    def null_header(self):
        topic = self.topic("null-header", 1)
        sent = [Message(b"value", headers=[("null", None), ("empty", b"")])]
        self.adapter.produce(topic, sent)
        same_content(self.adapter.read(topic, 1), sent, "null header")

    def compression(self, name):
        topic = self.topic(f"compression-{name}", 2)
        sent = numbered(400, size=200)
        self.adapter.produce(topic, sent, compression=name)
        got = self.adapter.read(topic, len(sent))
        check_order(got, name)
        want = sorted((m.key, m.value) for m in sent)
        equal(sorted((m.key, m.value) for m in got), want, "contents")

    def mixed_compressions(self):
        """Batches of every compression in one partition, read by one consumer."""
        topic = self.topic("compression-mixed", 1)
        sent = []
        for name in COMPRESSIONS:
            messages = [Message(f"{name} {i} {'y' * 50}".encode()) for i in range(50)]
            self.adapter.produce(topic, messages, compression=name)
            sent += messages
        same_content(self.adapter.read(topic, len(sent)), sent, "mixed compressions")

    def one_mebibyte(self, compression):
        topic = self.topic("large", 1, {"max.message.bytes": str(2 * MIB)})
        # Half random, so that compressing it leaves a large batch too.
        sent = [Message(os.urandom(MIB // 2) + bytes([i]) * (MIB // 2), key=bytes([i])) for i in range(6)]
        self.adapter.produce(topic, sent, compression=compression)
        same_content(self.adapter.read(topic, len(sent)), sent, "1 MiB messages")

    def too_large(self):
        """A batch over max.message.bytes is refused and leaves no trace."""
        topic = self.topic("too-large", 1, {"max.message.bytes": "10000"})
        try:
            self.adapter.produce(topic, [Message(os.urandom(20000))])
        except Exception as error:
            text = f"{type(error).__name__} {error}".lower().replace("_", " ")
            check("too large" in text or "toolarge" in text or "size" in text, f"the error names the size: {text}")
        else:
            raise AssertionError("a batch over max.message.bytes was accepted")
        equal(self.adapter.watermarks(topic, 0), (0, 0), "watermarks")

    def timestamps(self):
        topic = self.topic("timestamps", 1)
        start = int(time.time() * 1000) - 100_000
        stamps = [start + 1000 * i for i in range(20)]
        for stamp in stamps:
            self.adapter.produce(topic, [Message(str(stamp).encode(), timestamp=stamp)])
        for wanted, expected in [
            (start - 5000, 0),
            (stamps[0], 0),
            (stamps[7], 7),
            (stamps[7] + 1, 8),
            (stamps[19], 19),
            (stamps[19] + 1, None),
        ]:
            equal(self.adapter.offset_for_time(topic, 0, wanted), expected, f"offset for time +{wanted - start} ms")
        equal([m.timestamp for m in self.adapter.read(topic, 20)], stamps, "create times")

    def watermarks(self):
        topic = self.topic("watermarks", 1)
        equal(self.adapter.watermarks(topic, 0), (0, 0), "of an empty partition")
        self.adapter.produce(topic, numbered(100))
        equal(self.adapter.watermarks(topic, 0), (0, 100), "after 100 messages")

    def seek_to_beginning(self):
        topic = self.topic("seek", 1)
        sent = numbered(200)
        self.adapter.produce(topic, sent)
        first, second = self.adapter.read_twice(topic, 0, len(sent))
        same_content(first, sent, "first pass")
        same_content(second, sent, "after the seek")
        equal([m.offset for m in second], list(range(len(sent))), "offsets after the seek")

    def admin(self):
        adapter = self.adapter
        topic = self.topic("admin", 2, {"retention.ms": "7200000"})
        until("topic listed", 20, lambda: topic in adapter.list_topics())
        until("two partitions", 20, lambda: adapter.partition_count(topic) == 2)
        config = adapter.describe_topic_config(topic)
        equal(config.get("retention.ms"), "7200000", "retention.ms at creation")
        equal(config.get("max.message.bytes"), "1048588", "max.message.bytes by default")
        equal(config.get("cleanup.policy"), "delete", "cleanup.policy by default")
        adapter.alter_topic_config(topic, {"retention.ms": "3600000"})
        until("retention.ms altered", 20, lambda: adapter.describe_topic_config(topic).get("retention.ms") == "3600000")
        adapter.create_partitions(topic, 5)
        until("five partitions", 20, lambda: adapter.partition_count(topic) == 5)
        self.adapter.produce(topic, [Message(b"x", partition=4)])
        adapter.delete_topic(topic)
        until("topic gone", 20, lambda: topic not in adapter.list_topics())

    def topic_exists(self):
        topic = self.topic("twice", 1)
        try:
            self.adapter.create_topic(topic, 1, {})
        except Exception as error:
            text = f"{type(error).__name__} {error}".lower().replace("_", " ")
            check("exist" in text, f"the error says that the topic exists: {text}")
        else:
            raise AssertionError("a topic was created twice")

    def group_rebalance(self):
        """Alone one member has all partitions; two share them; the one that stays gets them back."""
        topic, group = self.topic("group", 4), unique("group")
        sent = numbered(1200)
        self.adapter.produce(topic, sent)
        everything = {0, 1, 2, 3}
        seen = {}

        def note(messages):
            for message in messages:
                seen[(message.partition, message.offset)] = message.content()

        first = self.adapter.member(group, topic)
        until("first member has all", JOIN_SECONDS, lambda: note(first.poll()) or first.assignment() == everything)
        until("first member reads all", JOIN_SECONDS, lambda: note(first.poll()) or len(seen) == len(sent))
        first.commit()
        second = self.adapter.member(group, topic)

        def shared():
            note(first.poll())
            note(second.poll())
            one, two = first.assignment(), second.assignment()
            return one and two and not one & two and one | two == everything

        until("two members share the partitions", JOIN_SECONDS, shared)
        equal(len(first.assignment()), 2, "partitions of the first of two members")
        more = [Message(f"more-{i}".encode(), partition=i % 4) for i in range(80)]
        self.adapter.produce(topic, more)
        until("both read what came later", JOIN_SECONDS, lambda: shared() and len(seen) == len(sent) + len(more))
        second.commit()
        second.close()
        until("first member has all again", JOIN_SECONDS, lambda: note(first.poll()) or first.assignment() == everything)
        first.commit()
        first.close()
        equal(
            sorted(content[1] for content in seen.values()),
            sorted(m.value for m in sent + more),
            "contents read by the group",
        )

    def group_resume(self):
        """A committed offset is where the group goes on; nothing is read twice or left out."""
        topic, group = self.topic("resume", 1), unique("resume")
        equal(self.adapter.committed(group, topic, 0), None, "offset of a group that never committed")
        sent = numbered(600, keys=1)
        self.adapter.produce(topic, sent[:250])
        first, got = self.adapter.member(group, topic), []
        until("first half", JOIN_SECONDS, lambda: got.extend(first.poll()) or len(got) >= 250)
        first.commit()
        first.close()
        equal(self.adapter.committed(group, topic, 0), 250, "committed offset")
        self.adapter.produce(topic, sent[250:])
        second = self.adapter.member(group, topic)
        until("second half", JOIN_SECONDS, lambda: got.extend(second.poll()) or len(got) >= 600)
        second.commit()
        second.close()
        same_content(got, sent, "both halves")
        equal(self.adapter.committed(group, topic, 0), 600, "committed offset at the end")

    def run_all(self, checks, compressions=COMPRESSIONS, leave_out=()):
        checks.run("roundtrip", self.roundtrip)
        checks.run("idempotent", self.idempotent)
        checks.run("nulls_and_headers", self.nulls_and_headers)
        if "null_header" not in leave_out:
            checks.run("null_header", self.null_header)
        for name in compressions:
            checks.run(f"compression_{name}", lambda name=name: self.compression(name))
        checks.run("mixed_compressions", self.mixed_compressions)
        for name in ["none", "lz4"]:
            checks.run(f"one_mebibyte_{name}", lambda name=name: self.one_mebibyte(name))
        checks.run("too_large", self.too_large)
        checks.run("timestamps", self.timestamps)
        checks.run("watermarks", self.watermarks)
        checks.run("seek_to_beginning", self.seek_to_beginning)
        checks.run("admin", self.admin)
        checks.run("topic_exists", self.topic_exists)
        checks.run("group_rebalance", self.group_rebalance)
        checks.run("group_resume", self.group_resume)
