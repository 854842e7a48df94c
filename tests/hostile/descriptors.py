"""More connections than the process has descriptors, while a producer goes on making segments.

Connections are refused before files lack descriptors. Where they lack them all the same, what must be opened is opened
later: nothing is fenced, and nobody has to restart anything.
"""

import os
import resource
import struct
import time

from checks import check, equal, until
from wire import api_versions, batch, connect, create_topic, exchange, is_closed, produce

OPEN_FILES = 256
# journal.files of the tests' broker; one shard, so that the limit is enough for it.
SETTINGS = {"shards": "1", "log.segment.bytes": str(1 << 20), "checkpoint.interval.ms": "200"}
CROWD = 400
# More than the broker may hold open at once.
PARTITIONS = 64
VALUE = b"v" * 300_000
STORAGE_ERROR = 56
# What a broker takes of a core that has nothing to do but to try again.
BUSY_MAX = 0.3


def descriptors(target):
    return len(os.listdir(f"/proc/{target.pid}/fd"))


def busy(target, seconds):
    """The share of one core that the broker takes."""
    def ticks():
        with open(f"/proc/{target.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(seconds)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK") / seconds


class Writer:
    def __init__(self, target, topic):
        self.socket, self.topic = connect(target.address), topic
        self.acknowledged = self.refused = 0

    def write(self, partition):
        answer = exchange(self.socket, produce(self.topic, batch(VALUE), partition))
        # correlation, topics, name, partitions, index, error
        at = 4 + 4 + 2 + len(self.topic) + 4 + 4
        (error,) = struct.unpack(">h", answer[at:at + 2])
        check(error in (0, STORAGE_ERROR), f"produce failed with code {error}")
        self.acknowledged += error == 0
        self.refused += error != 0

    def round(self):
        for partition in range(PARTITIONS):
            self.write(partition)


def connect_crowd(target):
    """All of them connect: the kernel takes them, and the broker keeps some."""
    return [connect(target.address) for _ in range(CROWD)]


def unfenced(target):
    equal(target.metric("corelog_journal_fenced"), 0, "fenced journals")


def a_crowd_takes_no_file(target, topic):
    with connect(target.address) as s:
        exchange(s, create_topic(topic, PARTITIONS))
    writer = Writer(target, topic)
    writer.round()
    crowd = connect_crowd(target)
    try:
        until("the crowd is refused", 20, lambda: target.metric("corelog_connections_refused_total") > 0)
        for _ in range(3):
            writer.round()
            check(descriptors(target) <= OPEN_FILES, f"{descriptors(target)} descriptors are open")
        equal(writer.refused, 0, "refused requests of the producer")
        unfenced(target)
        kept = target.connections()
        check(kept < CROWD, f"{kept} connections are open")
        check(busy(target, 2) < BUSY_MAX, "a core spins")
        with connect(target.address) as late:
            check(is_closed(late, 10), "one more is closed at once")
    finally:
        for s in crowd:
            s.close()
    until("the crowd is gone", 20, lambda: target.connections() <= 1)
    with connect(target.address) as s:
        exchange(s, api_versions())
    writer.round()
    unfenced(target)
    files = target.metric("corelog_segment_files_open")
    check(files < PARTITIONS, f"{files} segment files are open")


def nothing_is_fenced_without_descriptors(target, topic):
    """The limit falls below what is open already: every open and accept fails until it rises again."""
    with connect(target.address) as s:
        exchange(s, create_topic(topic, PARTITIONS))
    writer = Writer(target, topic)
    writer.round()
    watcher = connect(target.address)
    limit = resource.prlimit(target.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(target.pid, resource.RLIMIT_NOFILE, (3, limit[1]))
    waiting = []
    try:
        writer.socket.settimeout(3)
        end = time.monotonic() + 5
        try:
            while time.monotonic() < end:
                writer.round()
        except TimeoutError:
            pass
        # The kernel takes it, the broker cannot.
        waiting = [connect(target.address) for _ in range(3)]
        exchange(watcher, api_versions())
        share = busy(target, 2)
        check(share < BUSY_MAX, f"{share:.0%} of a core go into trying again")
    finally:
        resource.prlimit(target.pid, resource.RLIMIT_NOFILE, limit)
    for s in waiting:
        exchange(s, api_versions())
        s.close()
    unfenced(target)
    until("nothing waits", 20, lambda: target.metric("corelog_storage_waiting") == 0)
    after = Writer(target, topic)
    after.round()
    equal((after.acknowledged, after.refused), (PARTITIONS, 0), "acknowledged and refused once there are descriptors")
    print(f"     meanwhile {writer.acknowledged} acknowledged, {writer.refused} refused", flush=True)
    watcher.close()
