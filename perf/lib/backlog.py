"""A backlog: built, read from its start as it lies in memory, or after broker and kernel have forgotten it."""

import json
import os
import re
import subprocess

from bench import BenchError

# A folder of the generator's topic: its first partition. Corelog's has the topic's id in its name.
FIRST_PARTITION = re.compile(r"^(bench-[0-9a-f]{8}-00000)-0(\.[\w-]{22})?$")


def read_backlog(bench, binaries, server, case):
    """Builds the case's backlog and reads it; gives the result and what was wrong, or None."""
    filled, problem = fill(bench, server, case.scenario, case.backlog.size)
    if case.backlog.is_cold:
        restart_cold(server)
    result = catch_up(binaries, server, case.backlog.groups, case.backlog.apart_s)
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


def catch_up_command(binaries, server, topic, groups=1, apart_s=0.0):
    return [str(binaries.examples / "catch-up"), "--bootstrap", server.address, "--topic", topic,
            "--groups", str(groups), "--apart-ms", str(round(apart_s * 1000))]


def catch_up(binaries, server, groups=1, apart_s=0.0):
    """Has each of so many groups read the generator's topic from start to end, the next one `apart_s` after the one before.

    Gives bytes and records of all groups, seconds in which any of them read, and what the broker spent and its device read."""
    topic = topic_of(server.data)
    device, logs, cpu = server.device_read_bytes(), server.logs_read_bytes(), server.cpu_s()
    command = catch_up_command(binaries, server, topic, groups, apart_s)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"reading the backlog ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    result = json.loads(done.stdout)
    result["cpu_s_per_gib"] = (server.cpu_s() - cpu) / (result["bytes"] / 2**30)
    result["device_read_bytes"] = server.device_read_bytes() - device
    result["logs_read_bytes"] = None if logs is None else server.logs_read_bytes() - logs
    result["rss_bytes"] = server.rss_bytes()
    # Of each byte of the backlog, not of what all groups were given.
    result["device_read_per_byte"] = result["device_read_bytes"] / (result["bytes"] / groups)
    return result
