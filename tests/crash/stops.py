"""The broker, or one of its shards alone, is held still under load for seconds, and then goes on.

Nothing may be lost and every client has to recover. While one shard is held, what the others own is served as ever,
and the watchdog names the shard that is held.
"""

import json
import random
import select
import signal
import struct
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "hostile"))

import wire  # noqa: E402
from checks import check, until  # noqa: E402
from freeze import frozen, thread_of  # noqa: E402
from kills import catch_up  # noqa: E402
from load import Reader, Writer, create_topic, read_log  # noqa: E402

SHARDS = 2
SETTINGS = {"shards": str(SHARDS), "allow.shard.oversubscription": "true"}
# The second is longer than the consumers' session timeout.
STOP_SECONDS = [3, 12]
FREEZE_SECONDS = 4
# Connections for each partition; they are spread over the shards, so half of them are on the one that is held.
PROBES = 8
# Of a shard that is not held, on a machine that is busy.
ANSWER_SECONDS = 2
RECOVER_SECONDS = 30


def run(broker, ledger, options):
    """Drives the run; returns the log as it is at the end."""
    chance = random.Random(options.seed)
    broker.settings.update(SETTINGS)
    broker.start()
    options.bootstrap = broker.bootstrap
    options.probe_topic = f"{options.topic}-probe"
    create_topic(options.bootstrap, options.topic, options.partitions)
    # Neighbouring partitions lie on different shards.
    create_topic(options.bootstrap, options.probe_topic, SHARDS)
    writers = [Writer(n, ledger, options) for n in range(2)]
    group = f"group-{options.topic}"
    readers = [Reader("alone", None, ledger, options)] + [Reader(f"in group {n}", group, ledger, options) for n in range(2)]
    for thread in [*writers, *readers]:
        thread.start()
    wait_for_more(ledger, 500)
    for seconds in STOP_SECONDS:
        time.sleep(chance.uniform(0, 1))
        broker.signal(signal.SIGSTOP)
        time.sleep(seconds)
        broker.signal(signal.SIGCONT)
        wait_for_more(ledger, 500)
        print(f"ok   goes on after {seconds} s of SIGSTOP; acknowledged {ledger.counts()[1]}", flush=True)
    try:
        for shard in range(SHARDS):
            time.sleep(chance.uniform(0, 1))
            hold_shard(broker, options, shard)
            wait_for_more(ledger, 500)
    except PermissionError as error:
        options.not_run = f"a single shard cannot be held: {error}; the rest of the test passed"
    for writer in writers:
        writer.stop()
    catch_up(ledger, options)
    for reader in readers:
        reader.stop()
    return read_log(options)


def wait_for_more(ledger, count):
    """Acknowledged to the producers, and seen by the consumers."""
    _, acknowledged, seen = ledger.counts()
    until("acknowledgements", RECOVER_SECONDS, lambda: ledger.counts()[1] >= acknowledged + count)
    until("what consumers see", RECOVER_SECONDS, lambda: ledger.counts()[2] >= seen + count)


def hold_shard(broker, options, shard):
    """Holds one shard's thread, and looks what the others do meanwhile."""
    host, port = options.bootstrap.split(":")
    # Made before: the shard that is held may be the one that accepts.
    probes = [(partition, wire.connect((host, int(port)))) for partition in range(SHARDS) for _ in range(PROBES)]
    for _, connection in probes:
        wire.exchange(connection, wire.api_versions())
    logged = len(reports(broker, shard))
    thread = thread_of(broker.process.pid, f"shard-{shard}")
    with frozen(thread):
        end = time.monotonic() + FREEZE_SECONDS
        for partition, connection in probes:
            connection.sendall(wire.produce(options.probe_topic, wire.batch(b"probe"), partition))
        answered = answers(probes, time.monotonic() + ANSWER_SECONDS)
        live = {partition for partition, _ in answered}
        time.sleep(max(0, end - time.monotonic()))
        told = reports(broker, shard)[logged:]
    rest = answers([probe for probe in probes if probe not in answered], time.monotonic() + RECOVER_SECONDS)
    check(len(answered) + len(rest) == len(probes), f"{len(probes) - len(answered) - len(rest)} requests have no answer")
    check(len(live) == 1, f"while shard {shard} is held, partitions {sorted(live)} answered: one of {SHARDS} should")
    check(
        len(answered) >= PROBES // 4,
        f"{len(answered)} requests to the other shard, of {PROBES}, were answered: about half, those on its own "
        "connections, should be",
    )
    check(told, f"the watchdog does not report shard {shard}, held for {FREEZE_SECONDS} s")
    for _, connection in probes:
        connection.close()
    print(f"ok   shard {shard} held for {FREEZE_SECONDS} s: {len(answered)} requests on and to the other shard answered within "
          f"{ANSWER_SECONDS} s, {len(rest)} afterwards; reported: {told[0]['fields']}", flush=True)


def answers(probes, end):
    """Those whose connections have an answer before `end`, an acknowledgement each."""
    waiting, answered = dict((connection, (partition, connection)) for partition, connection in probes), []
    while waiting and time.monotonic() < end:
        readable, _, _ = select.select(list(waiting), [], [], max(0, end - time.monotonic()))
        for connection in readable:
            acknowledged(wire.response(connection))
            answered.append(waiting.pop(connection))
    return answered


def acknowledged(answer):
    """Produce of version 3, one topic, one partition: the error code follows the topic's name and the partition."""
    (name_bytes,) = struct.unpack_from(">h", answer, 8)
    partition, error = struct.unpack_from(">ih", answer, 10 + name_bytes + 4)
    check(error == 0, f"partition {partition}: error code {error}")


def reports(broker, shard):
    """The watchdog's lines about the shard in the broker's log."""
    found = []
    for line in broker.log_path.read_text(errors="replace").splitlines():
        if "makes no step" in line:
            entry = json.loads(line)
            if entry.get("shard") == shard:
                found.append({"fields": {k: entry.get(k) for k in ("shard", "task", "seconds", "syscall")}, **entry})
    return found
