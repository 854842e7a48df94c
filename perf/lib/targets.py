"""Measures Corelog against the targets that need no peer: T1's share of the disk, T5, T7, T9, T10."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import results
import summary
from bench import Bench, BenchError, Binaries, say
from broker import Broker, BrokerError
from disk_targets import DiskShare, CatchUp
from scale_targets import Memory, Partitions, StartUp

ROOT = Path(__file__).resolve().parent.parent.parent
TARGETS = {target.name: target for target in (DiskShare, Partitions, CatchUp, StartUp, Memory)}
# What --quick sets: enough to show that everything works.
QUICK = {"rounds": 1, "duration": 2.0, "warm_up": 1.0, "bytes": 500_000_000, "partitions": 200}


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parent = Path(arguments.data) if arguments.data else ROOT / "target"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="corelog-targets-", dir=parent))
    machine = Machine(arguments, folder)
    try:
        return measure(arguments, machine)
    except (BrokerError, BenchError, results.PageError, OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what was finished is written", file=sys.stderr)
        return 130
    finally:
        machine.end()
        shutil.rmtree(folder, ignore_errors=True)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="perf/targets",
        description="Measures Corelog against the targets that need no peer, writes perf/results/DATE-target-NAME.json, and "
        "renews the table in perf/RESULTS.md. Exit code 3 when a target is missed.",
        epilog="Targets: " + "; ".join(f"{target.name} {target.title}" for target in TARGETS.values())
        + ". Arguments after -- go to `corelog serve`. Example: perf/targets T9",
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="only these; before any --")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often T1, T5 and T7 are measured (3)")
    parser.add_argument("--duration", type=float, metavar="S", help="measured seconds of a run (10)")
    parser.add_argument("--warm-up", type=float, metavar="S", help="seconds before them (3)")
    parser.add_argument("--bytes", type=int, metavar="N", help="bytes of T7's backlog (5000000000) and of T9 (10000000000)")
    parser.add_argument("--partitions", type=int, metavar="N", help="partitions of T5's largest topic and of T9 (10000)")
    parser.add_argument("--quick", action="store_true", help="small and short, and no table: shows that everything works")
    parser.add_argument("--data", metavar="DIR", help="where to make the data directories (target)")
    parser.add_argument("--results", metavar="DIR", help="where to write the results (perf/results, with --quick "
                        "target/perf-results); elsewhere the table is not renewed")
    parser.add_argument("--bin-dir", metavar="DIR", help="take the binaries from here and build nothing; the result "
                        "then names no commit")
    given, broker = sys.argv[1:], []
    if "--" in given:
        cut = given.index("--")
        given, broker = given[:cut], given[cut + 1:]
    arguments = parser.parse_args(given)
    arguments.broker = broker
    standard = {"rounds": 3, "duration": 10.0, "warm_up": 3.0, "bytes": None, "partitions": 10_000}
    for name, value in (QUICK if arguments.quick else standard).items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    for name in arguments.targets:
        if name not in TARGETS:
            parser.error(f"there is no target {name}; there are {', '.join(TARGETS)}")
    return arguments


class Machine:
    """What a target measures with: the binaries, a folder, and one broker at a time."""

    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        self.binaries = None
        self.bench = None
        self.broker = None
        self.environment = None
        self.emptied = 0

    def prepare(self):
        folder = Path(self.arguments.bin_dir).resolve() if self.arguments.bin_dir else None
        self.binaries = Binaries(folder, ["catch-up"])
        self.bench = Bench(self.binaries.bench, self.folder, self.arguments.duration, self.arguments.warm_up)

    def fresh(self, *settings):
        """Starts a broker with an empty data directory; the one before it is gone. Gives it, and the seconds it took."""
        self.end()
        data = self.folder / "data"
        if data.exists():
            self.put_aside(data)
        arguments = [*self.arguments.broker, *settings]
        self.broker = Broker(self.binaries.corelog, data, self.folder / "broker.log", arguments)
        return self.broker, self.broker.start()

    def put_aside(self, data):
        """Empties the files of a data directory and moves it away; it is removed at the end.

        ext4 without a journal does not give an inode away for minutes after its file was removed, and looks at each of
        them whenever a file is created (`recently_deleted` in fs/ext4/ialloc.c). Thousands of removed files make the
        next broker's creations slow, which is not what is measured.
        """
        for folder, _, names in os.walk(data):
            for name in names:
                os.truncate(os.path.join(folder, name), 0)
        self.emptied += 1
        data.rename(self.folder / f"emptied-{self.emptied}")
        # The freed blocks, too, are behind the file system before something is measured.
        os.sync()

    def run(self, scenario, settings=(), extra=()):
        """Runs a workload against the broker; a problem is an error."""
        result = self.bench.run(scenario, self.broker, settings, ["--calibrate", "0", *extra])
        self.environment = result["environment"]
        return result

    def need_space(self, size):
        free = shutil.disk_usage(self.folder).free
        if free < size:
            raise BenchError(f"{self.folder} has {free / 1e9:.0f} GB of free space; this needs {size / 1e9:.0f} GB")

    def end(self):
        if self.broker is not None and self.broker.is_running():
            self.broker.kill()


def measure(arguments, machine):
    machine.prepare()
    command = results.command_line("perf/targets", sys.argv[1:])
    folder = results.folder(arguments)
    is_missed = False
    for name in arguments.targets or TARGETS:
        target = TARGETS[name](machine)
        say(f"{name}: {target.title}, about {target.minutes():.0f} min")
        begun = time.monotonic()
        verdicts, details = target.measure()
        result = {
            "kind": "target", **results.circumstances(arguments, command, machine.environment), "target": name,
            "title": target.title, "version": machine.broker.version(), "settings": machine.broker.settings(),
            "durability": machine.broker.durability, "verdicts": verdicts, **details,
        }
        path = results.write(folder, f"target-{name}", result)
        for verdict in verdicts:
            is_missed = is_missed or not verdict["holds"]
            print(" | ".join(results.target_row(name, verdict)), flush=True)
        say(f"{name} took {time.monotonic() - begun:.0f} s; wrote {path}")
    if folder == results.RESULTS:
        results.replace(results.PAGE, "targets", results.targets_text(results.latest(folder, "target")))
        results.replace(results.PAGE, "summary", summary.text(folder))
        say(f"renewed the tables in {results.PAGE.relative_to(ROOT)}")
    return 3 if is_missed else 0


if __name__ == "__main__":
    sys.exit(main())
