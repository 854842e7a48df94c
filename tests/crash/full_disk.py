"""The data directory on a small file system that a ballast file fills up midway.

Produce must answer with errors, reads must go on, and without the ballast it must recover by itself.
"""

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer

from load import RECONNECT, Writer, create_topic, read_log

DISK_BYTES = 768 << 20
FULL_SECONDS = 120
RECOVER_SECONDS = 60


def unmount(mount):
    """Waits until nothing on it is open: the kernel closes what an io_uring held after its process is gone."""
    deadline = time.monotonic() + 30
    while subprocess.run(["umount", str(mount)], capture_output=True, check=False).returncode != 0:
        if time.monotonic() > deadline:
            subprocess.run(["umount", str(mount)], check=True)
        time.sleep(0.05)


# How each file system is made.
MAKE = {"ext4": ["mkfs.ext4", "-q", "-m", "0"], "xfs": ["mkfs.xfs", "-q"], "btrfs": ["mkfs.btrfs", "-q"]}


@contextmanager
def small_disk(folder, kind="ext4"):
    """A file system in a file, mounted; yields None where this machine does not allow that."""
    image, mount = Path(folder) / "disk.img", Path(folder) / "disk"
    mount.mkdir()
    with open(image, "wb") as file:
        file.truncate(DISK_BYTES)
    if shutil.which(MAKE[kind][0]) is None:
        print(f"not run: there is no {MAKE[kind][0]} here")
        yield None
        return
    subprocess.run([*MAKE[kind], str(image)], check=True)
    mounted = subprocess.run(["mount", "-o", "loop", str(image), str(mount)], capture_output=True, check=False)
    if mounted.returncode != 0:
        print(f"not run: no loop mounts here: {mounted.stderr.decode().strip()}")
        yield None
        return
    try:
        yield mount
    finally:
        unmount(mount)


def fill(path):
    """Writes until the file system has no block left."""
    chunk = 1 << 20
    with open(path, "ab", buffering=0) as file:
        while chunk >= 512:
            try:
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), chunk)
                file.seek(0, os.SEEK_END)
            except OSError:
                chunk //= 2


def probe(options):
    """One message, no retries: None if it was acknowledged, or the name of the error."""
    producer = Producer({
        "bootstrap.servers": options.bootstrap, "acks": "all", "retries": 0, "message.timeout.ms": 5000, **RECONNECT,
    })
    answers = []
    producer.produce(options.probe_topic, b"probe", partition=0, on_delivery=lambda error, _: answers.append(error))
    producer.flush(10)
    if not answers:
        return "no answer"
    return answers[0].name() if answers[0] is not None else None


def wait(what, seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def run(broker, ledger, options):
    """Drives the run; returns the log as it is at the end."""
    ballast = Path(broker.data_dir).parent / "ballast"
    broker.start()
    options.bootstrap = broker.bootstrap
    options.probe_topic = f"{options.topic}-probe"
    create_topic(options.bootstrap, options.topic, options.partitions)
    create_topic(options.bootstrap, options.probe_topic, 1)
    writers = [Writer(n, ledger, options) for n in range(2)]
    for writer in writers:
        writer.start()
    wait("2,000 acknowledged messages", 60, lambda: ledger.counts()[1] >= 2000)
    fill(ballast)
    print(f"the disk is full; {ledger.counts()[1]} messages acknowledged so far", flush=True)
    wait("errors of the producers", FULL_SECONDS, lambda: sum(ledger.errors.values()) > 0 or not alive(broker))
    print(f"produce: {dict(ledger.errors)}; acknowledged {ledger.counts()[1]}", flush=True)
    if broker.kind == "kafka":
        # Kafka halts when its only log directory fails; it comes back by hand.
        wait("Kafka halts", FULL_SECONDS, lambda: not alive(broker))
        broker.kill()
        ballast.unlink()
        broker.start()
    else:
        refusal = probe(options)
        print(f"a single message without retries: {refusal}", flush=True)
        if refusal is None:
            raise AssertionError("a message was acknowledged while the producers get errors")
        during = read_log(options)
        problems = ledger.verify(during).found["lost"]
        # Acknowledgements that arrived after the read began are not in it.
        held = {p: len(records) for p, records in during.items()}
        early = [s for s in problems if not after_end(s, held)]
        if early:
            raise AssertionError(f"while the disk is full, acknowledged messages cannot be read: {early[:3]}")
        print(f"while the disk is full {sum(held.values())} messages were read", flush=True)
        ballast.unlink()
    before = ledger.counts()[1]
    wait("acknowledgements without the ballast", RECOVER_SECONDS, lambda: ledger.counts()[1] >= before + 500)
    wait("a single message without retries", RECOVER_SECONDS, lambda: probe(options) is None)
    print(f"recovered; {ledger.counts()[1]} messages acknowledged", flush=True)
    for writer in writers:
        writer.stop()
    broker.kill()
    broker.start()
    return read_log(options)


def after_end(sentence, held):
    """Whether a "lost" sentence is about an offset past the end of what was read."""
    partition = int(sentence.split("partition=")[1].split(",")[0])
    offset = sentence.rsplit(" ", 1)[1]
    return offset != "None" and int(offset) >= held[partition]


def alive(broker):
    return broker.process is not None and broker.process.poll() is None
