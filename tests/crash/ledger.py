"""What was sent, what was acknowledged, what was seen; and whether the log agrees at the end.

Every message names its producer, its partition and its number among that producer's messages to that
partition, and carries a checksum of itself. So each promise can be checked from a read of the whole log.
"""

import random
import threading
import zlib
from collections import defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Identity:
    """One message: the `number`-th of `producer` to `partition`."""

    producer: int
    partition: int
    number: int


def key_of(identity):
    """A few keys a producer and partition, so that keys repeat."""
    return f"{identity.producer}/{identity.partition}/{identity.number % 5}".encode()


def value_of(identity, seed, size_max):
    """The message's text, its size and filling made from the seed and the identity alone."""
    filling = random.Random(f"{seed} {identity}").randbytes(random.Random(f"{identity} {seed}").randrange(size_max))
    head = f"{identity.producer} {identity.partition} {identity.number} ".encode()
    return head + f"{zlib.crc32(head + filling):08x} ".encode() + filling


def parse(value):
    """The identity that a message claims, or an error if it does not match its checksum."""
    producer, partition, number, checksum, filling = value.split(b" ", 4)
    head = b" ".join([producer, partition, number, b""])
    if int(checksum, 16) != zlib.crc32(head + filling):
        raise ValueError("checksum of the message does not match")
    return Identity(int(producer), int(partition), int(number))


class Ledger:
    """Thread-safe record of a run; `verify` returns sentences about every broken promise."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = defaultdict(int)  # (producer, partition) -> how many
        self.acknowledged = {}  # identity -> offset, or None where the client was not told
        self.errors = defaultdict(int)  # text of a delivery error -> how many
        self.seen = []  # (consumer, partition, offset, identity)

    def send(self, producer, partition):
        with self.lock:
            number = self.sent[(producer, partition)]
            self.sent[(producer, partition)] = number + 1
            return Identity(producer, partition, number)

    def acknowledge(self, identity, offset):
        with self.lock:
            self.acknowledged[identity] = offset if offset is not None and offset >= 0 else None

    def fail(self, error):
        with self.lock:
            self.errors[error] += 1

    def see(self, consumer, rows):
        with self.lock:
            self.seen.extend((consumer, partition, offset, identity) for partition, offset, identity in rows)

    def counts(self):
        with self.lock:
            return sum(self.sent.values()), len(self.acknowledged), len(self.seen)

    def verify(self, log):
        """`log`: partition -> [(offset, key, value)] in the order read."""
        problems = Problems()
        at, places = {}, defaultdict(list)
        for partition, records in log.items():
            last = {}
            for index, (offset, key, value) in enumerate(records):
                problems.expect(offset == index, "gap", f"partition {partition}: offset {offset} where {index} is next")
                try:
                    identity = parse(value)
                except ValueError as error:
                    problems.add("corrupt", f"partition {partition}, offset {offset}: {error}")
                    continue
                known = identity.number < self.sent[(identity.producer, identity.partition)]
                problems.expect(
                    known and identity.partition == partition and key == key_of(identity),
                    "invented", f"partition {partition}, offset {offset}: {identity} with key {key!r}",
                )
                at[(partition, offset)] = identity
                places[identity].append(offset)
                before = last.get(identity.producer, -1)
                if len(places[identity]) == 1:
                    problems.expect(
                        identity.number > before, "reordered", f"{identity} at offset {offset} follows number {before}"
                    )
                last[identity.producer] = max(before, identity.number)
        for identity, offsets in places.items():
            # An idempotent producer that gave a message up goes on with a new epoch and sends again what it had no
            # answer for: from there on Kafka promises no more than once or more.
            problems.expect(len(offsets) == 1 or self.errors, "duplicate", f"{identity} at offsets {offsets}")
        for identity, offset in self.acknowledged.items():
            if identity not in places:
                problems.add("lost", f"{identity}, acknowledged at offset {offset}")
            elif offset is not None:
                problems.expect(
                    offset in places[identity], "moved", f"{identity}, acknowledged at {offset}, is at {places[identity]}"
                )
        for consumer, partition, offset, identity in self.seen:
            problems.expect(
                at.get((partition, offset)) == identity, "vanished",
                f"consumer {consumer} saw {identity} at {partition}/{offset}, where now {at.get((partition, offset))} is",
            )
        return problems


class Problems:
    """Broken promises by kind; the first few of each kind are kept in words."""

    KINDS = ["lost", "moved", "reordered", "duplicate", "invented", "corrupt", "gap", "vanished"]

    def __init__(self):
        self.found = {kind: [] for kind in self.KINDS}

    def add(self, kind, sentence):
        self.found[kind].append(sentence)

    def expect(self, condition, kind, sentence):
        if not condition:
            self.add(kind, sentence)
