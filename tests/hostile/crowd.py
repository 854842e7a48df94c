"""10,000 connections that do nothing and 1,000 that send a byte a second, around a producer that behaves well."""

import multiprocessing
import resource
import struct
import time

from checks import check, equal, until
from wire import FETCH, PRODUCE, batch, connect, exchange, produce

IDLE, SLOW = 10_000, 1_000
# The bound on what each connection may cost the broker, in bytes of resident memory, its share of the kernel's aside.
CONNECTION_BYTES_MAX = 24 << 10
# What memory may vary by for other reasons: caches of the producer's records, the allocator.
RESIDENT_NOISE = 64 << 20
PRODUCE_SECONDS = 12
PAUSE_SECONDS = 0.003
# Twice, and what a busy machine adds.
RATIO_MAX, FLOOR_SECONDS = 2.0, 0.010
# The crowd is measured so many times at most.
ROUNDS = 3
# A frame that has begun has 30 s and its length at 128 KiB/s; the broker looks every 10 s.
SLOW_ARE_CLOSED_SECONDS = 90


def raise_open_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def measure(address, topic, seconds, pipe):
    """In a process of its own: the latency of each acknowledged request."""
    data, latencies = produce(topic, batch(b"v" * 1000)), []
    with connect(address) as s:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            start = time.monotonic()
            answer = exchange(s, data)
            latencies.append(time.monotonic() - start)
            # correlation, topics, name, partitions, index, error
            at = 4 + 4 + 2 + len(topic) + 4 + 4
            error = struct.unpack(">h", answer[at:at + 2])[0]
            if error:
                raise AssertionError(f"produce failed with code {error}")
            time.sleep(PAUSE_SECONDS)
    pipe.send(latencies)


class Producer:
    def __init__(self, target, topic):
        self.ours, theirs = multiprocessing.Pipe(duplex=False)
        self.process = multiprocessing.Process(target=measure, args=(target.address, topic, PRODUCE_SECONDS, theirs))
        self.process.start()
        theirs.close()

    def is_done(self):
        return self.ours.poll()

    def p99(self, what):
        latencies = sorted(self.ours.recv())
        self.process.join()
        check(len(latencies) >= 200, f"{what}: only {len(latencies)} requests")
        p50, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
        print(f"     {what}: {len(latencies)} requests, p50 {p50 * 1000:.2f} ms, p99 {p99 * 1000:.2f} ms", flush=True)
        return p99


class SlowSender:
    """Sends the beginning of some frame, a byte a second."""

    FRAMES = [
        struct.pack(">ihh", 1 << 20, PRODUCE, 9),
        struct.pack(">ihh", 100 << 20, PRODUCE, 9),
        struct.pack(">ihh", 16 << 20, FETCH, 12),
        struct.pack(">ihh", 60, FETCH, 4),
    ]

    def __init__(self, address, number):
        self.socket = connect(address)
        self.data = self.FRAMES[number % len(self.FRAMES)] + b"\0" * 100
        self.sent = 0

    def send_one(self):
        try:
            self.socket.send(self.data[self.sent:self.sent + 1])
        except OSError:
            return False
        self.sent += 1
        return self.sent < 50


def trickle(slow, until_done):
    """A byte from each a second, spread over the second; returns those that are still open."""
    while not until_done():
        start = time.monotonic()
        for part in range(10):
            for sender in slow[part::10]:
                sender.send_one()
            time.sleep(max(0.0, start + (part + 1) / 10 - time.monotonic()))


def crowd_slows_nobody(target, topic):
    files = raise_open_files()
    check(files >= IDLE + SLOW + 100, f"only {files} files may be open (ulimit -n): {IDLE + SLOW} are needed")
    Producer(target, topic).p99("warm-up")
    resident, connections = target.resident_bytes(), target.connections()
    before = Producer(target, topic).p99("alone")
    crowd, slow = [], []
    try:
        crowd += [connect(target.address) for _ in range(IDLE)]
        slow += [SlowSender(target.address, number) for number in range(SLOW)]
        until("all are connected", 60, lambda: target.connections() >= connections + IDLE + SLOW)
        during = None
        # Something else on the machine may slow one of them.
        for _ in range(ROUNDS):
            producer = Producer(target, topic)
            trickle(slow, producer.is_done)
            p99 = producer.p99(f"among {IDLE} idle and {SLOW} slow")
            during = min(during or p99, p99)
            if during <= before * RATIO_MAX + FLOOR_SECONDS:
                break
        check(target.connections() >= connections + IDLE + SLOW, "the crowd was still there")
        grown = target.resident_bytes() - resident
        print(f"     resident memory grew by {grown >> 20} MiB: {grown // (IDLE + SLOW)} bytes a connection", flush=True)
        bound = (IDLE + SLOW) * CONNECTION_BYTES_MAX + RESIDENT_NOISE
        check(grown <= bound, f"resident memory grew by {grown} bytes, more than {bound}")
        check(
            during <= before * RATIO_MAX + FLOOR_SECONDS,
            f"p99 rose from {before * 1000:.2f} ms to {during * 1000:.2f} ms",
        )
        equal(target.request_memory(), 0, "memory held for slow senders")
        end = time.monotonic() + SLOW_ARE_CLOSED_SECONDS
        trickle(slow, lambda: target.connections() <= connections + IDLE + SLOW // 2 or time.monotonic() > end)
        # Those who announced 100 MiB have longer.
        check(target.connections() <= connections + IDLE + SLOW // 2, "the slow senders are still connected")
    finally:
        for s in crowd + [sender.socket for sender in slow]:
            s.close()
    until("all connections are gone", 60, lambda: target.connections() == connections)
    until("no request holds memory", 20, lambda: target.request_memory() == 0)
