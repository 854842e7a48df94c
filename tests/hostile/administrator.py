"""An administrator who creates, describes, alters and deletes partitions by the thousand, beside a small memory budget."""

import struct
import time

from checks import check, until
from wire import batch, connect, frame, request, response, string

PRODUCE, LIST_OFFSETS, METADATA, LIST_GROUPS, DELETE_TOPICS = 0, 2, 3, 16, 20
CREATE_TOPICS, DESCRIBE_CONFIGS, DESCRIBE_LOG_DIRS, CREATE_PARTITIONS, INCREMENTAL_ALTER_CONFIGS = 19, 32, 35, 37, 44
LATEST, EARLIEST = -1, -2

# Of both shards together.
MEMORY_BYTES = 256 << 20
# The pool of buffers (ARCHITECTURE.md, "Memory").
OVERHEAD_BYTES = 64 << 20
# As many as one request may create.
TOPICS = 10_000
PARTITIONS = 10_000
# Of those, as many have a record that retention removes.
FILLED = 2_000
# Clients who ask for a long answer and do not read it.
DEAF = 100
SECONDS_MAX = 120

SETTINGS = {
    "memory.bytes": str(MEMORY_BYTES // 2), "shards": "2", "num.partitions": "1",
    "log.retention.check.interval.ms": "1000",
}


def names():
    return [f"admin-{number:05}" for number in range(TOPICS)]


def array(items):
    items = list(items)
    return struct.pack(">i", len(items)) + b"".join(items)


def compact(count):
    """An unsigned varint one above `count`: how flexible versions write lengths."""
    value, out = count + 1, bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def create_topics(topics, partitions):
    """In version 5, whose answer describes each topic."""
    made = b"".join(
        compact(len(topic)) + topic.encode() + struct.pack(">ih", partitions, 1) + compact(0) + compact(0) + b"\0"
        for topic in topics)
    header = struct.pack(">hhi", CREATE_TOPICS, 5, 1) + string("hostile") + b"\0"
    return frame(header + compact(len(topics)) + made + struct.pack(">ib", 0, 0) + b"\0")


def delete_topics(topics):
    return request(DELETE_TOPICS, 3, array(map(string, topics)) + struct.pack(">i", 0))


def more_partitions(topics, count):
    asked = (string(topic) + struct.pack(">ii", count, -1) for topic in topics)
    return request(CREATE_PARTITIONS, 1, array(asked) + struct.pack(">ib", 0, 0))


def alter_configs(topics, key, value):
    def resource(topic):
        return struct.pack(">b", 2) + string(topic) + array([string(key) + b"\0" + string(value)])
    return request(INCREMENTAL_ALTER_CONFIGS, 0, array(map(resource, topics)) + b"\0")


def describe_configs(topics):
    asked = (struct.pack(">b", 2) + string(topic) + struct.pack(">i", -1) for topic in topics)
    return request(DESCRIBE_CONFIGS, 3, array(asked) + b"\1\1")


def list_offsets(topics, partitions, timestamp=LATEST):
    each = array(struct.pack(">iiq", index, -1, timestamp) for index in range(partitions))
    return request(LIST_OFFSETS, 5, struct.pack(">ib", -1, 0) + array(string(topic) + each for topic in topics))


def all_metadata():
    return request(METADATA, 8, struct.pack(">ibbb", -1, 0, 0, 0))


def all_log_dirs():
    return request(DESCRIBE_LOG_DIRS, 1, struct.pack(">i", -1))


def all_groups():
    return request(LIST_GROUPS, 2)


class Peaks:
    """What each step took at its peak, of resident memory and of time."""

    def __init__(self, target):
        self.target = target
        self.rows = []

    def during(self, what, step):
        self.target.forget_peak()
        before, start = self.target.resident_bytes(), time.monotonic()
        result = step()
        peak = self.target.peak_bytes()
        self.rows.append((what, peak))
        print(f"     {what}: {before >> 20} MiB before, {peak >> 20} MiB at the peak, "
              f"{time.monotonic() - start:.1f} s", flush=True)
        return result

    def judge(self):
        bound = MEMORY_BYTES + OVERHEAD_BYTES
        over = [f"{what}: {peak >> 20} MiB" for what, peak in self.rows if peak > bound]
        check(not over, f"more than {bound >> 20} MiB at the peak: {over}")


def ask(target, data):
    with connect(target.address, timeout=SECONDS_MAX) as s:
        s.sendall(data)
        return response(s)


def answered(target):
    return target.metric("corelog_requests_total")


def deaf(target, data):
    """Asks by many connections that read nothing; whoever asks for little is answered beside them."""
    crowd, before = [], answered(target)
    try:
        for _ in range(DEAF):
            s = connect(target.address, receive_buffer_bytes=4096)
            s.sendall(data)
            crowd.append(s)
        until("they are answered, or wait for memory", 30,
              lambda: target.metric("corelog_answer_memory_bytes") > 0 or answered(target) >= before + DEAF)
        for _ in range(10):
            ask(target, all_groups())
    finally:
        for s in crowd:
            s.close()


def gone(data_dir):
    """Waits until nothing of a deleted partition is left on the disk."""
    until("the files of deleted partitions are gone", 120,
          lambda: not any(path.name.endswith("-delete") for path in data_dir.iterdir()))


def fill(target, topic):
    """A record in each of the first partitions."""
    for first in range(0, FILLED, 1000):
        records = batch(b"v")
        each = (struct.pack(">ii", index, len(records)) + records for index in range(first, first + 1000))
        body = struct.pack(">hhii", -1, -1, 30_000, 1) + string(topic) + array(each)
        ask(target, request(PRODUCE, 3, body))


def are_empty(target, topic):
    """Whether each of them begins behind its record."""
    answer = ask(target, list_offsets([topic], FILLED, EARLIEST))
    # correlation, throttle, topics, name, partitions
    at = 4 + 4 + 4 + 2 + len(topic) + 4
    starts = (struct.unpack_from(">ihqqi", answer, at + 26 * nth)[3] for nth in range(FILLED))
    return all(start == 1 for start in starts)


def expire(target, topic):
    """Retention has something to remove of each of them at once."""
    for key in ["segment.ms", "retention.ms"]:
        ask(target, alter_configs([topic], key, "1"))
    until("retention has removed a segment of each", 60, lambda: are_empty(target, topic))


def describe_all(target, peaks, topics, partitions):
    peaks.during("Metadata of all", lambda: ask(target, all_metadata()))
    peaks.during("DescribeConfigs of all", lambda: ask(target, describe_configs(topics)))
    peaks.during("DescribeLogDirs of all", lambda: ask(target, all_log_dirs()))
    peaks.during("ListOffsets of all", lambda: ask(target, list_offsets(topics, partitions)))
    peaks.during("ListGroups", lambda: ask(target, all_groups()))
    peaks.during(f"Metadata of all, by {DEAF} who do not read", lambda: deaf(target, all_metadata()))
    peaks.during(f"DescribeConfigs of 1,000, by {DEAF} who do not read",
                 lambda: deaf(target, describe_configs(topics[:1000])))


def work(target, data_dir, restart):
    """`restart` stops the broker, starts it again, and gives the target anew."""
    peaks, topics = Peaks(target), names()
    peaks.during(f"creating {TOPICS} topics of one partition", lambda: ask(target, create_topics(topics, 1)))
    describe_all(target, peaks, topics, 1)
    peaks.during("altering the configuration of all", lambda: ask(target, alter_configs(topics, "retention.ms", "1000")))
    target = restart()
    peaks.target = target
    peaks.rows.append(("starting", target.peak_bytes()))
    print(f"     starting: {target.peak_bytes() >> 20} MiB at the peak", flush=True)
    peaks.during("a partition more for 5,000", lambda: ask(target, more_partitions(topics[:5000], 2)))
    peaks.during(f"deleting {TOPICS} topics", lambda: (ask(target, delete_topics(topics)), gone(data_dir)))
    peaks.during(f"creating a topic of {PARTITIONS} partitions", lambda: ask(target, create_topics(["wide"], PARTITIONS)))
    describe_all(target, peaks, ["wide"], PARTITIONS)
    peaks.during(f"a record in each of {FILLED}", lambda: fill(target, "wide"))
    peaks.during("retention of each", lambda: expire(target, "wide"))
    peaks.during("deleting it", lambda: (ask(target, delete_topics(["wide"])), gone(data_dir)))
    peaks.judge()
