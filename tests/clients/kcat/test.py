"""kcat (Debian's package) against the broker at BOOTSTRAP: everything a person does with it on a command line.

kcat has no admin commands: its topics come from auto-creation, with the broker's default partition count.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))

from checks import Checks, bootstrap, check, equal, unique, until  # noqa: E402

TIMEOUT = 60
RUNNING = []


def kcat(*arguments, stdin=None):
    """Runs kcat to its end and returns its standard output; fails with its errors."""
    done = subprocess.run(
        ["kcat", "-b", bootstrap(), *arguments], input=stdin, capture_output=True, timeout=TIMEOUT, check=False
    )
    if done.returncode != 0:
        raise AssertionError(f"kcat {' '.join(arguments)}: exit {done.returncode}: {done.stderr.decode()[:600]}")
    return done.stdout


def produce(topic, lines, *options):
    text = "".join(line + "\n" for line in lines).encode()
    kcat("-P", "-t", topic, "-X", "acks=all", *options, stdin=text)


def consume(topic, *options):
    """Everything in the topic to its end, parsed from kcat's JSON."""
    out = kcat("-C", "-t", topic, "-e", "-q", "-J", "-X", "check.crcs=true", *options)
    return [json.loads(line) for line in out.splitlines()]


def by_partition(records):
    grouped = {}
    for record in records:
        grouped.setdefault(record["partition"], []).append(record)
    for partition, rows in grouped.items():
        equal([r["offset"] for r in rows], list(range(len(rows))), f"offsets of partition {partition}")
    return grouped


def partition_count(topic):
    """Also creates the topic, where the broker creates topics by themselves."""

    def look():
        listing = json.loads(kcat("-L", "-J", "-t", topic))
        partitions = listing["topics"][0].get("partitions") or []
        return len(partitions)

    return until("topic has partitions", 20, look)


def roundtrip(idempotent="false"):
    topic = unique("roundtrip")
    sent = [(f"key-{i % 17}", f"{i % 17}:{i // 17}:{'x' * 100}") for i in range(1500)]
    produce(topic, [f"{k}|{v}" for k, v in sent], "-K", "|", "-X", f"enable.idempotence={idempotent}")
    records = consume(topic, "-o", "beginning")
    equal(sorted((r["key"], r["payload"]) for r in records), sorted(sent), "contents")
    numbers = {}
    for rows in by_partition(records).values():
        for record in rows:
            key, number, _ = record["payload"].split(":")
            equal(int(number), numbers.get(key, 0), f"next number of key {key}")
            numbers[key] = int(number) + 1


def nulls_and_headers():
    topic = unique("shapes")
    produce(topic, ["k|v"], "-K", "|", "-p", "0", "-H", "a=1", "-H", "b=", "-H", "a=2")
    produce(topic, ["tombstone|"], "-K", "|", "-p", "0", "-Z")
    produce(topic, ["empty|"], "-K", "|", "-p", "0")
    produce(topic, ["no key"], "-p", "0")
    records = consume(topic, "-p", "0", "-o", "beginning")
    equal(
        [(r["key"], r["payload"]) for r in records],
        [("k", "v"), ("tombstone", None), ("empty", ""), (None, "no key")],
        "keys and values",
    )
    equal(records[0].get("headers"), ["a", "1", "b", "", "a", "2"], "headers")
    # %S and %K tell a null (-1) from an empty string (0).
    sizes = kcat("-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q", "-f", "%K,%S\n").decode().split()
    equal(sizes, ["1,1", "9,-1", "5,0", "-1,6"], "sizes")


def compression(name):
    topic = unique(f"compression-{name}")
    sent = [f"{i}-{'y' * 200}" for i in range(400)]
    produce(topic, sent, "-p", "0", "-z", name)
    records = consume(topic, "-p", "0", "-o", "beginning")
    equal([r["payload"] for r in records], sent, "contents")


def large():
    """A 1,000,000 byte message fits the default max.message.bytes; 1,100,000 bytes do not."""
    topic = unique("large")
    partition_count(topic)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "message"
        body = os.urandom(500_000).hex()
        file.write_text(body)
        kcat("-P", "-t", topic, "-p", "0", "-X", "acks=all", "-X", "message.max.bytes=2000000", str(file))
        file.write_text(body + "x" * 100_000)
        refused = subprocess.run(
            ["kcat", "-b", bootstrap(), "-P", "-t", topic, "-p", "0", "-X", "message.max.bytes=2000000", str(file)],
            capture_output=True, timeout=TIMEOUT, check=False,
        )
    check(b"too large" in refused.stderr, f"the larger one is refused: {refused.stderr.decode()[:300]}")
    out = kcat("-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q", "-D", "")
    check(out.decode() == body, "content of the large message")


def offsets_and_times():
    topic = unique("offsets")
    produce(topic, [str(i) for i in range(10)], "-p", "0")
    records = consume(topic, "-p", "0", "-o", "beginning")
    equal([r["payload"] for r in consume(topic, "-p", "0", "-o", "7")], ["7", "8", "9"], "from an offset")
    equal([r["payload"] for r in consume(topic, "-p", "0", "-o", "-2")], ["8", "9"], "the last two")
    equal([r["payload"] for r in consume(topic, "-p", "0", "-o", "end")], [], "from the end")
    pause = records[-1]["ts"] + 20
    until("the clock goes on", 5, lambda: time.time() * 1000 > pause)
    produce(topic, ["later"], "-p", "0")
    out = kcat("-Q", "-t", f"{topic}:0:{records[-1]['ts'] + 10}").decode()
    equal(re.findall(r"\[0\] offset (-?\d+)", out), ["10"], f"offset for a time in {out!r}")
    equal([r["payload"] for r in consume(topic, "-p", "0", "-o", f"s@{records[-1]['ts'] + 10}")], ["later"], "from a time")
    out = kcat("-Q", "-t", f"{topic}:0:-1", "-t", f"{topic}:0:-2").decode()
    equal(re.findall(r"\[0\] offset (-?\d+)", out)[-1:], ["0"], f"earliest in {out!r}")


def metadata():
    topic = unique("listed")
    produce(topic, ["x"], "-p", "0")
    listing = json.loads(kcat("-L", "-J"))
    check(bootstrap() in {b["name"] for b in listing["brokers"]}, f"our address among {listing['brokers']}")
    [found] = [t for t in listing["topics"] if t["topic"] == topic]
    for partition in found["partitions"]:
        check(partition["leader"] in {b["id"] for b in listing["brokers"]}, "each partition has a leader")


class Member:
    """`kcat -G` in the background; what it reads and which partitions it says are assigned to it."""

    def __init__(self, group, topic):
        self.records, self.assigned = [], set()
        self.process = subprocess.Popen(
            [
                "kcat", "-b", bootstrap(), "-G", group, "-u", "-J",
                "-X", "auto.offset.reset=earliest", "-X", "session.timeout.ms=10000",
                "-X", "heartbeat.interval.ms=500", topic,
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        RUNNING.append(self.process)
        self.threads = [threading.Thread(target=self.read_records), threading.Thread(target=self.read_events)]
        for thread in self.threads:
            thread.start()

    def read_records(self):
        for line in self.process.stdout:
            self.records.append(json.loads(line))

    def read_events(self):
        for line in self.process.stderr:
            if "assigned:" in line:
                self.assigned = {int(p) for p in re.findall(r"\[(\d+)\]", line.split("assigned:")[1])}
            elif "revoked:" in line:
                self.assigned = set()

    def leave(self):
        """Ends kcat as Ctrl-C does: it commits and leaves the group."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(TIMEOUT)
        for thread in self.threads:
            thread.join(TIMEOUT)


def wait(what, condition):
    def step():
        time.sleep(0.05)
        return condition()

    until(what, TIMEOUT, step)


def group():
    """One member has all partitions, two share them, the last gets all; offsets are resumed."""
    topic, name = unique("group"), unique("group")
    everything = set(range(partition_count(topic)))
    check(len(everything) >= 2, "the broker's default is two partitions or more")
    sent = [f"first {i}" for i in range(1000)]
    produce(topic, [f"{i}|{line}" for i, line in enumerate(sent)], "-K", "|")
    one = Member(name, topic)
    wait("the first has all", lambda: one.assigned == everything)
    wait("the first reads all", lambda: len(one.records) == len(sent))
    two = Member(name, topic)
    wait(
        "two share",
        lambda: one.assigned and two.assigned
        and not one.assigned & two.assigned and one.assigned | two.assigned == everything,
    )
    more = [f"second {i}" for i in range(200)]
    produce(topic, [f"{i}|{line}" for i, line in enumerate(more)], "-K", "|")
    wait("both read the second lot", lambda: len(unique_places(one, two)) == len(sent) + len(more))
    check(two.records, "the second member read something")
    one.leave()
    wait("the second has all", lambda: two.assigned == everything)
    two.leave()
    equal(sorted(r["payload"] for r in unique_places(one, two).values()), sorted(sent + more), "contents")
    last = [f"third {i}" for i in range(100)]
    produce(topic, [f"{i}|{line}" for i, line in enumerate(last)], "-K", "|")
    three = Member(name, topic)
    wait("the third lot", lambda: len(three.records) >= len(last))
    three.leave()
    equal(sorted(r["payload"] for r in three.records), sorted(last), "only what was not committed")


def unique_places(*members):
    return {(r["partition"], r["offset"]): r for m in members for r in list(m.records)}


def main():
    checks = Checks(seconds_max=300)
    checks.run("roundtrip", roundtrip)
    checks.run("idempotent", lambda: roundtrip("true"))
    checks.run("nulls_and_headers", nulls_and_headers)
    for name in ["none", "gzip", "snappy", "lz4", "zstd"]:
        checks.run(f"compression_{name}", lambda name=name: compression(name))
    for function in [large, offsets_and_times, metadata, group]:
        checks.run(function.__name__, function)
    for process in RUNNING:
        process.kill()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
