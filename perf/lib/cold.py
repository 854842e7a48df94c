"""A backlog that is on the disk and not in memory: built, forgotten by broker and kernel, and read from its start."""

import json
import os
import re
import subprocess

from bench import BenchError

# A folder of the generator's topic: its first partition. Corelog's has the topic's id in its name.
FIRST_PARTITION = re.compile(r"^(bench-[0-9a-f]{8}-00000)-0(\.[\w-]{22})?$")


def read_cold(bench, binaries, server, case):
    """Builds the case's backlog, restarts the broker and reads it; gives the result and what was wrong, or None."""
    filled, problem = fill(bench, server, case.scenario, case.cold_backlog_bytes)
    restart_cold(server)
    result = catch_up(binaries, server)
    result["environment"] = filled["environment"]
    return result, problem


def fill(bench, server, scenario, size):
    """Leaves `size` bytes of messages in a topic; gives the generator's result and what was wrong."""
    settings = [f"backlog_bytes={size}", "mode=open", "producer_rate=1", "subscriptions_per_topic=0",
                "warm_up_s=0", "duration_s=1"]
    return bench.try_run(scenario, server, settings, ["--keep-topics", "--calibrate", "0"])


def restart_cold(server):
    """Stops the broker, lets the kernel forget its files, and starts it; gives the seconds of the start."""
    server.stop()
    forget(server.data)
    return server.start()


def forget(folder):
    """Takes the files of a folder out of the page cache."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                # Pages that are not yet written would stay.
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)


def topic_of(folder):
    """The generator's topic in a data directory, of Corelog or of Kafka."""
    found = {match[1] for path in folder.rglob("bench-*") if (match := FIRST_PARTITION.match(path.name))}
    if len(found) != 1:
        raise BenchError(f"{folder} should hold one topic of the generator, and holds {sorted(found)}")
    return found.pop()


def catch_up_command(binaries, server, topic):
    return [str(binaries.examples / "catch-up"), "--bootstrap", server.address, "--topic", topic]


def catch_up(binaries, server):
    """Reads the generator's topic from start to end; gives bytes, records, seconds, and what the device was asked for."""
    before = server.device_read_bytes()
    command = catch_up_command(binaries, server, topic_of(server.data))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"reading the backlog ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    result = json.loads(done.stdout)
    result["device_read_bytes"] = server.device_read_bytes() - before
    return result
