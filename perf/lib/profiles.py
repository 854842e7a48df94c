"""Measures the server profiles against each other on this machine, in interleaved order, and prints a table.

Each round starts a fresh broker for each profile, in turn, so that a slow moment of the machine falls on all alike; the
figures are medians over the rounds, and each profile is compared with `balanced` round by round.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import ROOT, Bench, BenchError, Binaries, commit, say
from broker import Broker, BrokerError

PROFILES = ["balanced", "latency", "throughput", "dev"]
# Name of the figure, unit, the factor to it, and whether more is better.
FIGURES = {
    "produce": ("MB/s", 1e-6, True),
    "p50": ("ms", 1, False),
    "p99": ("ms", 1, False),
    "p99.9": ("ms", 1, False),
    "cpu": ("s a GiB", 1, False),
    "idle_cpu": ("%", 1, False),
    "idle_rss": ("MiB", 1 / 2**20, False),
}


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="perf/profiles",
        description="Starts a broker under each profile in turn and measures: maximum produce throughput, publish "
        "latency at a rate, processor time a GiB; idle, processor time and resident memory.",
        epilog="Arguments after -- go to every `corelog serve`.",
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each profile is measured (5)")
    parser.add_argument("--duration", type=float, default=10, metavar="S", help="seconds of each measurement (10)")
    parser.add_argument("--warm-up", type=float, default=2, metavar="S", help="seconds before each of them (2)")
    parser.add_argument("--rate", type=float, default=20_000, metavar="N",
                        help="messages a second while latency is measured (20000)")
    parser.add_argument("--only", choices=["produce", "latency"], help="leave the other one out")
    parser.add_argument("--profiles", default=",".join(PROFILES), help=f"which ({','.join(PROFILES)})")
    parser.add_argument("--data", metavar="DIR", help="where to make the data directories (target)")
    parser.add_argument("--bin-dir", metavar="DIR", help="take the binaries from here and build nothing")
    parser.add_argument("--output", choices=["markdown", "json"], default="markdown")
    parser.add_argument("broker", nargs="*", metavar="ARGUMENT", help="for `corelog serve`")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    parent = Path(arguments.data) if arguments.data else ROOT / "target"
    parent.mkdir(parents=True, exist_ok=True)
    names = arguments.profiles.split(",")
    rounds = []
    try:
        binaries = Binaries(Path(arguments.bin_dir).resolve() if arguments.bin_dir else None)
        for number in range(arguments.rounds):
            measured = {}
            # Another one goes first each time.
            for name in names[number % len(names):] + names[: number % len(names)]:
                say(f"round {number + 1} of {arguments.rounds}: {name}")
                measured[name] = measure(arguments, binaries, name, parent)
            rounds.append(measured)
    except (BrokerError, BenchError, OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if arguments.output == "json":
        print(json.dumps({"commit": commit(), "command": ["perf/profiles", *told()], "rounds": rounds}, indent=2))
    else:
        print_table(names, rounds, arguments)
    return 0


def measure(arguments, binaries, profile, parent):
    folder = Path(tempfile.mkdtemp(prefix="corelog-profiles-", dir=parent))
    broker = Broker(binaries.corelog, folder / "data", folder / "log", ["--profile", profile, *arguments.broker])
    bench = Bench(binaries.bench, folder, arguments.duration, arguments.warm_up)
    quick = ["--calibrate", "0"]
    try:
        broker.start()
        idle = cpu_s(broker.pid)
        # Nothing happens, and that is what is measured.
        subprocess.run(["sleep", "1"], check=True)
        figures = {"idle_cpu": 100 * (cpu_s(broker.pid) - idle), "idle_rss": broker.rss_bytes()}
        if arguments.only != "latency":
            produce = bench.run("max-rate-1-topic-16-partitions-1kb", broker, extra=quick)
            figures["produce"] = produce["published"]["bytes_per_s"]
            figures["cpu"] = produce["server"]["cpu_s_per_gib"]
        if arguments.only != "produce":
            latency = bench.run("1-topic-16-partitions-1kb", broker,
                                [f"producer_rate={arguments.rate}"], quick)
            summary = latency["publish_latency"]["summary"]
            figures |= {"p50": summary["p50_ms"], "p99": summary["p99_ms"], "p99.9": summary["p999_ms"]}
        return figures
    finally:
        if broker.is_running():
            broker.kill()
        shutil.rmtree(folder, ignore_errors=True)


def told():
    """The arguments as they may be shown: without this machine's folders."""
    arguments = sys.argv[1:]
    hidden = {index + offset for index, word in enumerate(arguments) if word in ("--bin-dir", "--data")
              for offset in (0, 1)}
    return [word for index, word in enumerate(arguments) if index not in hidden]


def cpu_s(pid):
    """The processor time that a process has taken (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def print_table(names, rounds, arguments):
    print(f"commit {commit()}; `perf/profiles {' '.join(told())}`; medians of {len(rounds)} rounds, in brackets "
          f"the median ratio to balanced and its range; latency at {arguments.rate:,.0f} messages/s; durable\n")
    print("| | " + " | ".join(f"`{name}`" for name in names) + " |")
    print("|---|" + "---|" * len(names))
    for figure, (unit, factor, is_more_better) in FIGURES.items():
        if any(figure not in measured[name] for measured in rounds for name in names):
            continue
        cells = []
        for name in names:
            values = [measured[name][figure] * factor for measured in rounds]
            cell = f"{statistics.median(values):,.2f}"
            if name != "balanced" and "balanced" in names:
                ratios = [measured[name][figure] / measured["balanced"][figure] for measured in rounds
                          if measured["balanced"][figure]]
                if ratios:
                    cell += f" ({statistics.median(ratios):.2f}: {min(ratios):.2f}–{max(ratios):.2f})"
            cells.append(cell)
        better = "more" if is_more_better else "less"
        print(f"| {figure.replace('_', ' ')}, {unit} ({better} is better) | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    sys.exit(main())
