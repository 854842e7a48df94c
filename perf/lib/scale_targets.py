"""Targets of many partitions and many connections: T5, T9, T10."""

import re
import resource
import socket
import subprocess
import time
import urllib.request

from bench import BenchError, say
from broker import API_VERSIONS
from verdict import at_least, at_most

PRODUCE = "max-rate-1-topic-16-partitions-1kb"
OPEN = "1-topic-16-partitions-1kb"
BYTES_IN = re.compile(r"^corelog_produced_bytes_total(?:\{[^}]*\})? (\S+)$", re.M)


class Partitions:
    """T1 and T4 over more and more partitions, in turns."""

    name = "T5"
    title = "T1 and T4 over 16, 1,000 and 10,000 partitions"

    def __init__(self, machine):
        self.machine = machine
        most = machine.arguments.partitions
        self.counts = [16, *([1000] if most > 1000 else []), most]

    def minutes(self):
        arguments = self.machine.arguments
        return arguments.rounds * len(self.counts) * 2 * (arguments.duration + arguments.warm_up + 6) / 60

    def measure(self):
        rounds = self.machine.arguments.rounds
        produced, p99, cpu = ({count: [] for count in self.counts} for _ in range(3))
        for number in range(rounds):
            for count in self.counts:
                settings = [f"partitions_per_topic={count}"]
                self.machine.fresh()
                result = self.machine.run(PRODUCE, settings, ["--keep-topics"])
                produced[count].append(result["published"]["bytes_per_s"])
                cpu[count].append(result["server"]["cpu_s_per_gib"])
                self.machine.fresh()
                result = self.machine.run(OPEN, settings, ["--keep-topics"])
                p99[count].append(result["publish_latency"]["summary"]["p99_ms"])
                say(f"round {number + 1}/{rounds}, {count:,} partitions: {produced[count][-1] / 1e6:,.0f} MB/s, "
                    f"p99 {p99[count][-1]:.2f} ms")
        few, many = self.counts[0], self.counts[-1]
        kept = [of_many / of_few * 100 for of_many, of_few in zip(produced[many], produced[few], strict=True)]
        grown = [of_many / of_few for of_many, of_few in zip(p99[many], p99[few], strict=True)]
        return [
            at_least(f"produced with {many:,} partitions, of that with {few}", kept, 70, "%"),
            at_most(f"p99 with {many:,} partitions, to that with {few}", grown, 2, "×"),
        ], {"produced_bytes_per_s": produced, "publish_p99_ms": p99, "cpu_s_per_gib": cpu}


class StartUp:
    """A start with many partitions that hold much, after a clean stop and after kill -9 in mid-load."""

    name = "T9"
    title = "start-up with 10,000 partitions and 10 GB"
    default_bytes = 10_000_000_000
    # Seconds of load after the data is there, before the kill.
    LOAD_S = 3
    FILL_MAX_S = 600

    def __init__(self, machine):
        self.machine = machine
        self.partitions = machine.arguments.partitions
        self.bytes = machine.arguments.bytes or self.default_bytes

    def minutes(self):
        return 2 * (self.bytes / 400e6 + 15) / 60

    def measure(self):
        machine = self.machine
        machine.need_space(int(1.5 * self.bytes) + 20_000_000_000)
        settings = [f"partitions_per_topic={self.partitions}", f"backlog_bytes={self.bytes}"]
        broker, empty_s = machine.fresh()
        quiet = ["mode=open", "producer_rate=1", "subscriptions_per_topic=0", "warm_up_s=0", "duration_s=1"]
        machine.run(PRODUCE, [*settings, *quiet], ["--keep-topics"])
        begun = time.monotonic()
        broker.stop()
        stop_s = time.monotonic() - begun
        clean_s = broker.start()
        say(f"a clean stop took {stop_s:.2f} s, the start after it {clean_s:.2f} s")
        broker, _ = machine.fresh()
        self.kill_in_mid_load(broker, [*settings, "subscriptions_per_topic=0", "duration_s=3600"])
        killed_s = broker.start()
        say(f"the start after kill -9 in mid-load took {killed_s:.2f} s")
        return [
            at_most(f"start after a clean stop, {self.partitions:,} partitions", [clean_s], 1, "s"),
            at_most(f"start after kill -9 in mid-load, {self.partitions:,} partitions", [killed_s], 3, "s"),
        ], {"partitions": self.partitions, "bytes": self.bytes, "start_empty_s": empty_s, "clean_stop_s": stop_s}

    def kill_in_mid_load(self, broker, settings):
        machine = self.machine
        command = machine.bench.command(PRODUCE, broker, machine.folder / "killed.json", settings,
                                        ["--keep-topics", "--calibrate", "0"])
        load = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            begun = time.monotonic()
            while bytes_in(broker) < self.bytes:
                if load.poll() is not None:
                    raise BenchError(f"the load before the kill ended by itself, with {load.returncode}")
                if time.monotonic() - begun > self.FILL_MAX_S:
                    raise BenchError(f"{self.bytes / 1e9:.0f} GB were not there after {self.FILL_MAX_S} s")
                time.sleep(0.5)
            # The load is the measurement: it has to last a while, there is no state to wait for.
            time.sleep(self.LOAD_S)
            if load.poll() is not None:
                raise BenchError(f"the load before the kill ended by itself, with {load.returncode}")
            broker.kill()
        finally:
            if load.poll() is None:
                load.kill()
            load.wait()


def bytes_in(broker):
    """Bytes that producers have sent to Corelog since its start."""
    with urllib.request.urlopen(f"http://127.0.0.1:{broker.admin_port}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    found = BYTES_IN.findall(text)
    if not found:
        raise BenchError("the broker's metrics have no corelog_produced_bytes_total")
    return sum(float(value) for value in found)


class Memory:
    """Resident memory, idle in the profile dev, and with many connections under load."""

    name = "T10"
    title = "resident memory"
    IDLE_MAX = 128 << 20
    IDLE_S = 3
    CONNECTIONS = 10_000
    # Of each shard. It is what is configured; the rest of the process is to fit into it as well.
    SHARD_MEMORY = 512 << 20
    PROFILE = "dev"

    def __init__(self, machine):
        self.machine = machine

    def minutes(self):
        arguments = self.machine.arguments
        return (self.IDLE_S + arguments.duration + arguments.warm_up + 20) / 60

    def measure(self):
        machine = self.machine
        broker, _ = machine.fresh("--profile", self.PROFILE)
        idle = watched(broker, self.IDLE_S)
        say(f"idle, profile {self.PROFILE}: {idle / 2**20:.0f} MiB")
        broker, _ = machine.fresh("--memory-bytes", str(self.SHARD_MEMORY))
        before = broker.rss_bytes()
        shards = shards_of(broker)
        crowd = connect_all(broker, self.CONNECTIONS)
        try:
            connected = broker.rss_bytes()
            result = machine.run(OPEN)
            is_whole = all(is_open(connection) for connection in crowd)
        finally:
            for connection in crowd:
                connection.close()
        if not is_whole:
            raise BenchError("not all connections were still there after the load")
        loaded = result["server"]["rss_bytes_max"]
        budget = shards * self.SHARD_MEMORY
        mib = 2**20
        return [
            at_most(f"idle, profile {self.PROFILE}", [idle / mib], self.IDLE_MAX / mib, "MiB"),
            at_most(f"{self.CONNECTIONS:,} connections and 50,000 messages a second, {shards} shards of "
                    f"{self.SHARD_MEMORY // mib} MiB", [loaded / mib], budget / mib, "MiB"),
        ], {
            "rss_bytes_before_connections": before, "rss_bytes_connected": connected, "rss_bytes_loaded": loaded,
            "bytes_a_connection": (connected - before) / self.CONNECTIONS,
            "publish_p99_ms": result["publish_latency"]["summary"]["p99_ms"],
        }


def watched(broker, seconds):
    """The most resident memory within so many seconds: being idle is no state that one could wait for."""
    most, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        most = max(most, broker.rss_bytes())
        time.sleep(0.1)
    return most


def shards_of(broker):
    """How many shards it has: it keeps a journal for each."""
    return len([path for path in (broker.data / "journal").glob("*/*") if path.is_dir()])


def connect_all(broker, count):
    """Connections that have each had a request answered."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 100:
        raise BenchError(f"only {hard} files may be open (ulimit -Hn): {count + 100} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", broker.port), timeout=10)
        crowd.append(connection)
        connection.sendall(API_VERSIONS)
        if not connection.recv(65536):
            raise BenchError(f"the broker closed connection {len(crowd)}")
    return crowd


def is_open(connection):
    """Whether another request is answered."""
    try:
        connection.sendall(API_VERSIONS)
        return bool(connection.recv(65536))
    except OSError:
        return False
