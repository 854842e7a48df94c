"""Clients that fetch much and read nothing, around a consumer that behaves well."""

import struct
import time

from checks import check, equal, until
from wire import batch, connect, exchange, fetch, produce

DEAF = 100
# Of each: the kernel takes a few MiB of answers for a client who does not read, and only then does the broker hold them.
FETCHES = 8
# Of one shard, and what of it is for fetched records.
MEMORY_BYTES = 128 << 20
FETCH_BYTES = MEMORY_BYTES // 8
# Several times what the broker keeps in memory, so that what the readers ask for comes from the disk.
VALUE_BYTES, BATCHES = 900_000, 250
DEAF_BYTES_MAX = 8 << 20
CONSUMED_WITHIN_SECONDS = 120
# The connections themselves (crowd.py), the consumer's and the producer's memory, the allocator.
RESIDENT_NOISE = 48 << 20

SETTINGS = {"memory.bytes": str(MEMORY_BYTES), "shards": "1"}


def fill(target, topic):
    data = produce(topic, batch(b"v" * VALUE_BYTES))
    with connect(target.address) as s:
        for _ in range(BATCHES):
            exchange(s, data)


def consume(target, topic):
    """Reads the topic from the start to its end; returns the longest wait for an answer, in seconds."""
    offset, longest = 0, 0.0
    with connect(target.address, timeout=CONSUMED_WITHIN_SECONDS) as s:
        while offset < BATCHES:
            start = time.monotonic()
            answer = exchange(s, fetch(topic, 500, offset=offset, bytes_max=DEAF_BYTES_MAX))
            longest = max(longest, time.monotonic() - start)
            # correlation, throttle, topics, name, partitions, index, error, two offsets, aborted transactions
            at = 4 + 4 + 4 + 2 + len(topic) + 4 + 4
            equal(struct.unpack_from(">h", answer, at)[0], 0, "the fetch's error code")
            at += 2 + 8 + 8 + 4
            (length,) = struct.unpack_from(">i", answer, at)
            at += 4
            while length > 0:
                base, size = struct.unpack_from(">qi", answer, at)
                equal(base, offset, "the next batch's offset")
                offset, at, length = offset + 1, at + 12 + size, length - 12 - size
    return longest


def deaf_readers_cost_little(target, topic):
    fill(target, topic)
    alone = consume(target, topic)
    resident = target.resident_bytes()
    deaf = []
    try:
        for _ in range(DEAF):
            s = connect(target.address, receive_buffer_bytes=4096)
            s.sendall(fetch(topic, 500, bytes_max=DEAF_BYTES_MAX) * FETCHES)
            deaf.append(s)
        until("answers wait to be read", 20, lambda: target.fetch_memory() > FETCH_BYTES // 2)
        start = time.monotonic()
        longest = consume(target, topic)
        took = time.monotonic() - start
        grown = target.resident_bytes() - resident
        print(f"     alone an answer took {alone:.2f} s, among {DEAF} who do not read {longest:.2f} s, "
              f"all of it {took:.1f} s; resident memory grew by {grown >> 20} MiB", flush=True)
        check(target.fetch_memory() <= FETCH_BYTES, "more than its share is held")
        bound = FETCH_BYTES + RESIDENT_NOISE
        check(grown <= bound, f"resident memory grew by {grown} bytes, more than {bound}")
    finally:
        for s in deaf:
            s.close()
    until("nothing is held for readers", 20, lambda: target.fetch_memory() == 0)
