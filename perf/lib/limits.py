"""Stand-alone probes of what limits a produce on this machine: the generator, the disk, loopback TCP, memory, checksums."""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fio
import results
from bench import BenchError, Binaries, say
from broker import free_ports

ROOT = Path(__file__).resolve().parent.parent.parent
# What the generator sends to its own sink, and what is told of it.
GENERATOR = {"max-rate-1-topic-16-partitions-1kb": ("1 KiB messages", "bytes_per_s"),
             "max-rate-1-topic-16-partitions-100b": ("100-byte messages", "messages_per_s")}
GENERATOR_RUNS = 3
GROWING_RUNS = 3
SINK_START_S = 10


def main():
    parser = argparse.ArgumentParser(
        prog="perf/limits",
        description="Measures what this machine does at most, without any broker: the generator on one core against its "
        "own sink, fio's direct 1 MiB writes and reads, bytes over loopback TCP, memory copies and CRC-32C. Writes perf/results/DATE-limits.json and renews the table in "
        "perf/RESULTS.md.",
    )
    parser.add_argument("--seconds", type=float, default=3, metavar="S", help="of each probe (3)")
    parser.add_argument("--data", metavar="DIR", help="where to make fio's file (target)")
    parser.add_argument("--results", metavar="DIR", help="where to write the result (perf/results); elsewhere the table "
                        "is not renewed")
    parser.add_argument("--bin-dir", metavar="DIR", help="take the probe from DIR/examples and build nothing")
    arguments = parser.parse_args()
    parent = Path(arguments.data) if arguments.data else ROOT / "target"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="corelog-limits-", dir=parent))
    try:
        measure(arguments, folder)
    except (BenchError, results.PageError, OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def measure(arguments, folder):
    chosen = Path(arguments.bin_dir).resolve() if arguments.bin_dir else None
    binaries = Binaries(chosen, ["limits"])
    probe = binaries.examples / "limits"
    say("loopback TCP, memory, checksums")
    done = subprocess.run([str(probe), "--seconds", str(arguments.seconds), "--data", str(folder)], check=True,
                          stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)
    environment = found.pop("environment")
    say("the generator on one core, its sink on another")
    found["generator"] = generator(binaries.bench, arguments.seconds, folder)
    say("the disk: direct 1 MiB writes")
    _, found["disk_write"] = fio.best_write(folder, arguments.seconds)
    say("the disk: direct 1 MiB writes, each synced (O_DSYNC)")
    found["disk_write_synced"] = {depth: fio.write_bytes_per_s(folder, depth, arguments.seconds, ["--sync=dsync"])
                                  for depth in fio.DEPTHS}
    say("the disk: direct 1 MiB writes to growing files")
    found["growing_files"], found["growing_files_synced"] = (
        statistics.median(fio.growing_files_bytes_per_s(folder, are_synced) for _ in range(GROWING_RUNS))
        for are_synced in (False, True)
    )
    say("the disk: direct 1 MiB reads")
    _, found["disk_read"] = fio.best_read(folder, arguments.seconds)
    say("the disk: 4 KiB writes, each with an fdatasync")
    found["fdatasyncs_per_s"] = fio.syncs_per_s(folder, arguments.seconds)
    command = results.command_line("perf/limits", sys.argv[1:])
    where_from = results.circumstances(arguments, command, environment)
    result = {"kind": "limits", **where_from, "seconds": arguments.seconds, **found}
    target = results.folder(arguments)
    path = results.write(target, "limits", result)
    print(text_of(result))
    if target == results.RESULTS:
        # Keys of an object in JSON are texts: the page is made of what is stored.
        results.replace(results.PAGE, "limits", text_of(json.loads(path.read_text())))
    say(f"wrote {path}")


def generator(bench, seconds, folder):
    """Medians of what the generator sends from one core to a sink on another, by workload; None on a single core."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None
    port = free_ports(1)
    address = ("127.0.0.1", port)
    target = f"{address[0]}:{port}"
    sink = subprocess.Popen(["taskset", "-c", str(cores[0]), str(bench), "sink", "--listen", target, "--threads", "1"],
                            stdout=subprocess.DEVNULL)
    try:
        wait_for(sink, address)
        return {scenario: statistics.median(
            published(bench, scenario, target, cores[1], seconds, folder)[key] for _ in range(GENERATOR_RUNS)
        ) for scenario, (_, key) in GENERATOR.items()}
    finally:
        sink.kill()
        sink.wait()


def wait_for(sink, address):
    """Waits until somebody listens there."""
    begun = time.monotonic()
    while True:
        try:
            socket.create_connection(address, timeout=1).close()
            return
        except OSError as error:
            if sink.poll() is not None or time.monotonic() - begun > SINK_START_S:
                raise BenchError(f"the generator's sink does not listen on {address}: {error}") from error
            time.sleep(0.02)


def published(bench, scenario, target, core, seconds, folder):
    """What a run of the generator on one core reports as published."""
    out = folder / "generator.json"
    subprocess.run([str(bench), "run", scenario, "--quiet", "--bootstrap", target, "--threads", "1", "--cores", str(core),
                    "--calibrate", "0", "--set", f"duration_s={seconds}", "--set", "warm_up_s=1", "--out", str(out)],
                   check=True, stdout=subprocess.DEVNULL)
    return json.loads(out.read_text())["published"]


def text_of(result):
    """The table, and what it means for a produce."""
    rows = []
    for scenario, (messages, key) in GENERATOR.items() if result["generator"] else ():
        rate = result["generator"][scenario]
        rate = megabytes(rate) if key == "bytes_per_s" else f"{rate:,.0f} messages/s"
        rows.append((f"the generator on one core, {messages}, its sink on another", rate, ""))
    for key, title in (("disk_write", "direct 1 MiB writes"), ("disk_write_synced", "direct 1 MiB writes, each synced"),
                       ("disk_read", "direct 1 MiB reads")):
        for depth, rate in result[key].items():
            rows.append((f"{title}, {depth} under way", megabytes(rate), ""))
    files = f"direct 1 MiB writes to {fio.GROWING_FILES} new files in turns, {fio.GROWING_JOBS * fio.GROWING_DEPTH} under way"
    rows.append((files, megabytes(result["growing_files"]), ""))
    rows.append((f"{files}, synced every {fio.GROWING_SYNC_EVERY} MiB", megabytes(result["growing_files_synced"]), ""))
    rows.append(("4 KiB writes, each with an fdatasync", f"{result['fdatasyncs_per_s']:,.0f} a second", ""))
    for key, title in (("loopback_1", "loopback TCP, one connection"), ("loopback_8", "loopback TCP, 8 connections"),
                       ("copy", "copying 1 MiB blocks"), ("checksum", "CRC-32C of 1 MiB blocks"),
                       ("copy_and_checksum", "copying and CRC-32C")):
        rows.append((title, megabytes(result[key]["bytes_per_s"]), f"{result[key]['cpu_s_per_gib']:.3f} CPU s a GiB"))
    cost, rate = processor_bound(result)
    here = result["machine"]
    return "\n".join([
        *results.table(("probe", "rate", "cost"), rows), "",
        f"A produced byte crosses loopback once, has its CRC-32C computed by the generator and checked by the broker, and "
        f"is copied into the partition's chunk, and once more into a journal frame unless it bypasses it: at least "
        f"{cost:.2f} CPU s a GiB, so {here['cores']} cores shared with the generator carry {megabytes(rate)} at most, "
        f"before any work of either side.", "",
        f"{result['measured_at'][:10]}, commit {results.short_commit(result)}, `{result['command']}`, "
        f"{here['cpu']}, {here['cores']} cores, {here['kernel']}, {here['file_system']}.",
    ])


def processor_bound(result):
    """CPU seconds that a GiB takes at least, and the bytes a second of all cores at that cost."""
    cost = (result["loopback_8"]["cpu_s_per_gib"] + 2 * result["checksum"]["cpu_s_per_gib"]
            + result["copy"]["cpu_s_per_gib"])
    return cost, result["machine"]["cores"] * 2**30 / cost


def megabytes(rate):
    return f"{rate / 1e6:,.0f} MB/s"


if __name__ == "__main__":
    sys.exit(main())
