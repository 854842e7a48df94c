"""Measures what Corelog's README and issues ask for on this machine, with a release build, and prints it.

Every figure is of the durable setting: what is acknowledged is on stable storage. The generator runs on the same cores
as the broker.
"""

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

from bench import Bench, BenchError, Binaries, commit, say
from broker import Broker, BrokerError

ROOT = Path(__file__).resolve().parent.parent.parent
# Partitions whose start-up is measured.
START_UP_PARTITIONS = 1000


def main():
    arguments = parse_arguments()
    # On the disk that the sources are on: /tmp is often in memory, where nothing is durable.
    parent = Path(arguments.data) if arguments.data else ROOT / "target"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="corelog-figures-", dir=parent))
    figures = Figures(arguments, folder)
    try:
        result = figures.measure()
    except (BrokerError, BenchError, OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        if figures.broker is not None and figures.broker.is_running():
            figures.broker.kill()
        shutil.rmtree(folder, ignore_errors=True)
    if arguments.output == "json":
        print(json.dumps(result, indent=2))
    else:
        print_table(result)
    return 0


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="perf/figures",
        description="Builds Corelog for release, starts it on loopback with an empty data directory, and prints: "
        "produce throughput, durable latency, fetch throughput, start-up time, resident memory.",
        epilog="Arguments after -- go to `corelog serve`, such as: perf/figures -- --shards 1",
    )
    parser.add_argument("--output", choices=["text", "json"], default="text", help="how to print the figures")
    parser.add_argument("--duration", type=float, default=20, metavar="S", help="seconds of each measurement (20)")
    parser.add_argument("--warm-up", type=float, default=5, metavar="S", help="seconds before each of them (5)")
    parser.add_argument("--rate", type=float, default=20_000, metavar="N",
                        help="messages a second while latency is measured (20000)")
    parser.add_argument("--backlog", type=int, default=2_000_000_000, metavar="BYTES",
                        help="bytes to fetch (2000000000)")
    parser.add_argument("--data", metavar="DIR", help="where to make the data directory (target)")
    parser.add_argument("--bin-dir", metavar="DIR", help="take the binaries from here and build nothing")
    parser.add_argument("broker", nargs="*", metavar="ARGUMENT", help="for `corelog serve`")
    return parser.parse_args()


class Figures:
    """The measurements, one after the other, with one broker."""

    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        self.broker = None
        self.bench = None

    def measure(self):
        chosen = Path(self.arguments.bin_dir).resolve() if self.arguments.bin_dir else None
        binaries = Binaries(chosen)
        self.bench = Bench(binaries.bench, self.folder, self.arguments.duration, self.arguments.warm_up)
        self.broker = Broker(binaries.corelog, self.folder / "data", self.folder / "broker.log", self.arguments.broker)
        say("starting the broker with an empty data directory")
        start_empty_s = self.broker.start()
        idle = self.broker.rss_bytes()
        say("produce: maximum rate, 16 partitions, 1 KiB messages, 8 producers")
        produce = self.run("max-rate-1-topic-16-partitions-1kb")
        say(f"produce: {self.arguments.rate:.0f} messages a second, 16 partitions, 1 KiB messages, 4 producers")
        latency = self.run("1-topic-16-partitions-1kb", f"producer_rate={self.arguments.rate}")
        say("fetch: a backlog of 16 partitions, 4 consumers")
        fetch = self.fetch()
        start_clean_s, start_killed_s = self.start_up()
        self.broker.stop()
        summary = latency["publish_latency"]["summary"]
        end_to_end = latency["end_to_end_latency"]["summary"]
        return {
            "commit": commit(),
            "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "command": ["perf/figures", *sys.argv[1:]],
            "environment": latency["environment"],
            "durability": "durable",
            "broker_arguments": self.arguments.broker,
            "produce_bytes_per_s": produce["published"]["bytes_per_s"],
            "produce_messages_per_s": produce["published"]["messages_per_s"],
            "generator_bytes_per_s": produce["calibration"]["bytes_per_s"],
            "latency_at_messages_per_s": latency["published"]["messages_per_s"],
            "publish_p50_ms": summary["p50_ms"],
            "publish_p99_ms": summary["p99_ms"],
            "publish_p999_ms": summary["p999_ms"],
            "end_to_end_p99_ms": end_to_end["p99_ms"],
            "fetch_bytes_per_s": fetch["backlog"]["bytes_per_s"],
            "fetch_messages_per_s": fetch["backlog"]["messages_per_s"],
            "start_up_empty_s": start_empty_s,
            "start_up_partitions": START_UP_PARTITIONS,
            "start_up_after_clean_stop_s": start_clean_s,
            "start_up_after_kill_s": start_killed_s,
            "resident_idle_bytes": idle,
            "resident_loaded_bytes": max(run["server"]["rss_bytes_max"] for run in (produce, latency, fetch)),
            "cpu_s_per_gib_produced": produce["server"]["cpu_s_per_gib"],
        }

    def run(self, scenario, *settings, extra=()):
        """Runs a scenario and gives its result; what was lost or failed is an error here."""
        return self.bench.run(scenario, self.broker, settings, extra)

    def fetch(self):
        """Builds a backlog, and then only reads: one message a second keeps the producers alive."""
        return self.run(
            "backlog-1-topic-16-partitions-1kb",
            f"backlog_bytes={self.arguments.backlog}",
            "warm_up_s=0",
            "producer_rate=1",
            "consumers_per_subscription=4",
            "drain_s=600",
        )

    def start_up(self):
        """Restarts with many partitions that hold data: after a clean stop, and after kill -9 in mid-load."""
        partitions = f"partitions_per_topic={START_UP_PARTITIONS}"
        say(f"start-up with {START_UP_PARTITIONS} partitions, after a clean stop")
        self.run("1-topic-1000-partitions-1kb", partitions, f"producer_rate={self.arguments.rate}",
                 extra=["--keep-topics", "--calibrate", "0"])
        self.broker.stop()
        clean_s = self.broker.start()
        say(f"start-up with {START_UP_PARTITIONS} partitions, after kill -9 in mid-load")
        settings = [partitions, "mode=max", "subscriptions_per_topic=0", "duration_s=3600"]
        command = self.bench.command("1-topic-1000-partitions-1kb", self.broker, self.folder / "killed.json", settings,
                                     ["--keep-topics", "--calibrate", "0"])
        load = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            # The load is the measurement: it has to last a while, there is no state to wait for.
            time.sleep(self.arguments.warm_up + self.arguments.duration)
            if load.poll() is not None:
                raise BenchError(f"the load before the kill ended by itself, with {load.returncode}")
            self.broker.kill()
        finally:
            if load.poll() is None:
                load.kill()
            load.wait()
        return clean_s, self.broker.start()


def print_table(result):
    environment = result["environment"]
    file_system = environment["file_system"] or {}
    rows = [
        ("produce, maximum", f"{megabytes(result['produce_bytes_per_s'])} MB/s",
         f"{result['produce_messages_per_s']:,.0f} messages/s, {result['cpu_s_per_gib_produced']:.2f} CPU s a GiB"),
        ("  generator's own limit", f"{megabytes(result['generator_bytes_per_s'])} MB/s", "against its sink"),
        ("publish latency p50", f"{result['publish_p50_ms']:.3f} ms",
         f"at {result['latency_at_messages_per_s']:,.0f} messages/s"),
        ("publish latency p99", f"{result['publish_p99_ms']:.3f} ms", ""),
        ("publish latency p99.9", f"{result['publish_p999_ms']:.3f} ms", ""),
        ("end to end p99", f"{result['end_to_end_p99_ms']:.3f} ms", ""),
        ("fetch", f"{megabytes(result['fetch_bytes_per_s'])} MB/s",
         f"{result['fetch_messages_per_s']:,.0f} messages/s"),
        ("start-up, empty", f"{result['start_up_empty_s']:.3f} s", ""),
        ("start-up, clean stop", f"{result['start_up_after_clean_stop_s']:.3f} s",
         f"{result['start_up_partitions']:,} partitions"),
        ("start-up, kill -9", f"{result['start_up_after_kill_s']:.3f} s", "in mid-load"),
        ("resident, idle", f"{result['resident_idle_bytes'] / 2**20:.0f} MiB", ""),
        ("resident, loaded", f"{result['resident_loaded_bytes'] / 2**20:.0f} MiB", ""),
    ]
    print(f"commit      {result['commit']}")
    print(f"machine     {environment['cpu_model']}, {environment['cores']} cores, "
          f"{(environment['memory_bytes'] or 0) / 2**30:.0f} GiB")
    print(f"kernel      {platform.system()} {environment['kernel']}")
    print(f"file system {file_system.get('kind')} on {file_system.get('device')}, {file_system.get('options')}")
    print(f"durability  {result['durability']}; 1 KiB messages; generator and broker on the same cores")
    print()
    for name, value, note in rows:
        print(f"{name:<24} {value:>14}  {note}".rstrip())


def megabytes(count):
    return f"{count / 1e6:,.1f}"


if __name__ == "__main__":
    sys.exit(main())
