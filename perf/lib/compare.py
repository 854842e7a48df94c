"""Runs the standard set against Corelog and its peers in interleaved pairs, each run with a fresh broker."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fio
import results
import summary
from backlog import read_backlog
from bench import Bench, BenchError, Binaries, say
from broker import Broker, BrokerError, free_ports
from cases import ALIASES, CASES, TWIN, select
from peers import PEERS

ROOT = Path(__file__).resolve().parent.parent.parent
# Seconds of a run besides those that it measures and warms up: start, topics, drain, stop. For the first estimate.
OVERHEAD_S = {"corelog": 2.0, "kafka": 5.0, "kafka-fsync": 5.0}
# Of the disk, before each pair.
PROBE_S = 1
QUICK = {"pairs": 1, "duration": 2.0, "warm_up": 1.0}


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parent = Path(arguments.data) if arguments.data else ROOT / "target"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="corelog-compare-", dir=parent))
    try:
        return Comparison(arguments, folder).all()
    except (BrokerError, BenchError, results.PageError, OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what was finished is written", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def parse_arguments():
    names = ", ".join([*CASES, *ALIASES])
    parser = argparse.ArgumentParser(
        prog="perf/compare",
        description="Runs the standard set against Corelog and its peers in interleaved pairs (Corelog, peer, Corelog, "
        "peer, ...), with a fresh broker for each run, writes perf/results/DATE-CASE-PEER.json, and renews the table in "
        "perf/RESULTS.md. Exit code 1 when a run of Corelog had a problem. Whether a target is met does not matter to it.",
        epilog=f"Cases: {names}. Peers: {', '.join(PEERS)}. Arguments after -- go to `corelog serve`. "
        "Example: perf/compare --only T1,T4 --peer kafka --pairs 3",
    )
    parser.add_argument("--only", metavar="CASES", help="only these cases, separated by commas")
    parser.add_argument("--peer", metavar="PEERS", help="only these peers, separated by commas; default: what the "
                        "targets name")
    parser.add_argument("--pairs", type=int, metavar="N", help="pairs of each case (5)")
    parser.add_argument("--duration", type=float, metavar="S", help="measured seconds of a run (10)")
    parser.add_argument("--warm-up", type=float, metavar="S", help="seconds before them (3; 12 where the "
                        "figure is the most that a broker keeps up)")
    parser.add_argument("--quick", action="store_true",
                        help="1 pair of 2 s after 1 s, and no table: shows that everything works, not how fast")
    parser.add_argument("--list", action="store_true", help="print the runs and how long they take, and run nothing")
    parser.add_argument("--data", metavar="DIR", help="where to make the data directories (target)")
    parser.add_argument("--results", metavar="DIR", help="where to write the results (perf/results, with --quick "
                        "target/perf-results); elsewhere the table is not renewed")
    parser.add_argument("--bin-dir", metavar="DIR", help="take Corelog's binaries from here and build nothing; the "
                        "result then names no commit")
    parser.add_argument("broker", nargs="*", metavar="ARGUMENT", help="for `corelog serve`")
    arguments = parser.parse_args()
    standard = {"pairs": 5, "duration": 10.0}
    for name, value in (QUICK if arguments.quick else standard).items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    try:
        arguments.cases = select(arguments.only.split(",") if arguments.only else [])
    except KeyError as error:
        parser.error(f"there is no case {error}; there are {names}")
    for name in (arguments.peer or "").split(","):
        if name and name not in PEERS:
            parser.error(f"there is no peer {name}; there are {', '.join(PEERS)}")
    if arguments.pairs < 1:
        parser.error("there has to be a pair at least")
    return arguments


class Comparison:
    """All that was asked for."""

    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        self.results = results.folder(arguments)
        self.command = results.command_line("perf/compare", sys.argv[1:])
        self.plan = [(case, peers) for case in arguments.cases if (peers := self.peers_of(case))]
        self.seconds_spent = {}
        self.has_problem = False
        self.binaries = None
        self.bench = None

    def peers_of(self, case):
        names = self.arguments.peer.split(",") if self.arguments.peer else case.peers
        return [PEERS[name] for name in names if name and not (case.needs_files and not PEERS[name].has_files)]

    def all(self):
        if not self.plan:
            raise BenchError("there is nothing to run: no case has such a peer")
        runs = 2 * self.arguments.pairs * sum(len(peers) for _, peers in self.plan)
        say(f"{runs} runs, about {minutes(sum(self.estimate(*entry) for entry in self.plan))}")
        if self.arguments.list:
            for case, peers in self.plan:
                for peer in peers:
                    print(f"{case.name:<12} {peer.name:<12} about {minutes(self.estimate(case, [peer])):>8}  {case.title}")
            return 0
        self.warn_of_others()
        for peer in {peer for _, peers in self.plan for peer in peers}:
            peer.install()
        reads_backlogs = any(case.backlog for case, _ in self.plan)
        folder = Path(self.arguments.bin_dir).resolve() if self.arguments.bin_dir else None
        self.binaries = Binaries(folder, ["catch-up"] if reads_backlogs else [])
        self.bench = Bench(self.binaries.bench, self.folder, self.arguments.duration, warm_up_s=0)
        for number, (case, peers) in enumerate(self.plan):
            self.rounds(case, peers, self.plan[number + 1:])
        if self.results == results.RESULTS:
            results.replace(results.PAGE, "compare", results.comparison_text(results.latest(self.results, "comparison")))
            results.replace(results.PAGE, "summary", summary.text(self.results))
            say(f"renewed the tables in {results.PAGE.relative_to(ROOT)}")
        return 1 if self.has_problem else 0

    def warn_of_others(self):
        load = os.getloadavg()[0]
        if load > 1.0:
            say(f"warning: the machine is busy (load {load:.1f}); figures mean something only when nothing else runs")

    def run_seconds(self, case, name):
        """How long a run takes: as the last one like it did, or a guess."""
        if (case.name, name) in self.seconds_spent:
            return self.seconds_spent[case.name, name]
        if case.backlog:
            rate = 300e6
            return 2 * OVERHEAD_S.get(name, 3.0) + (1 + case.backlog.groups) * case.backlog.size / rate
        return OVERHEAD_S.get(name, 3.0) + self.warm_up_s(case) + self.arguments.duration

    def warm_up_s(self, case):
        asked = self.arguments.warm_up
        return case.warm_up_s if asked is None else asked

    def estimate(self, case, peers, pairs=None):
        pairs = self.arguments.pairs if pairs is None else pairs
        ours = ("corelog", TWIN) if case.twin else ("corelog",)
        return pairs * sum(self.run_seconds(case, name) for peer in peers for name in (*ours, peer.name))

    def rounds(self, case, peers, later):
        """In each round a pair with every peer, so that the peers, too, are measured at about the same time."""
        self.bench.warm_up_s = self.warm_up_s(case)
        measured = [Pairs(case, peer) for peer in peers]
        for number in range(self.arguments.pairs):
            for position, pairs in enumerate(measured):
                self.pair(pairs, number, peers[position + 1:], later)
        for pairs in measured:
            self.write(pairs, measured)

    def pair(self, pairs, number, rest_of_round, later):
        """Corelog, then the peer."""
        case = pairs.case
        pairs.syncs.append(self.syncs_per_s())
        for side in pairs.sides.values():
            begun = time.monotonic()
            result = side.run(self, case, self.server(case, side.name))
            self.seconds_spent[case.name, side.name] = time.monotonic() - begun
            if result is not None and "environment" in result:
                pairs.environment = result["environment"]
            left = self.estimate(case, rest_of_round, 1) + sum(self.estimate(*entry) for entry in later)
            left += self.estimate(case, self.peers_of(case), self.arguments.pairs - number - 1)
            say(f"{case.name} pair {number + 1}/{self.arguments.pairs} {side.name}: {side.last(case)} "
                f"({self.seconds_spent[case.name, side.name]:.0f} s); about {minutes(left)} left")

    def write(self, pairs, measured):
        case, peer = pairs.case, pairs.peer
        if pairs.environment is None:
            raise BenchError(f"{case.name} against {peer.name}: no run went through")
        ours = [side for name, side in pairs.sides.items() if name != "peer"]
        self.has_problem = self.has_problem or any(side.problems for side in ours)
        result = self.result(case, peer, pairs.sides, pairs.environment)
        result["disk_syncs_per_s"] = results.spread(pairs.syncs)
        if peer.is_limit:
            result["to_other_peers"] = {other.peer.name: pairs.to(other) for other in measured if not other.peer.is_limit}
        path = results.write(self.results, f"{case.name}-{peer.name}", result)
        for verdict in result["targets"]:
            say(f"{verdict['target']} {verdict['figure']} {verdict['text']}: {verdict['value']:.3g}, "
                f"{'met' if verdict['holds'] else 'missed'}")
        say(f"wrote {path}")

    def syncs_per_s(self):
        """What the disk does just now: of all that a durable figure depends on, what changes most by itself."""
        return fio.syncs_per_s(self.folder, PROBE_S) if shutil.which("fio") else None

    def server(self, case, name):
        data, log = self.folder / "data", self.folder / f"{name}.log"
        if name in ("corelog", TWIN):
            listeners = ["--shard-listeners-port", str(free_ports(os.cpu_count()))] if case.has_shard_listeners else []
            return Broker(self.binaries.corelog, data, log, [*self.arguments.broker, *listeners])
        return PEERS[name](data, log)

    def result(self, case, peer, sides, environment):
        figures = {}
        for figure in case.figures:
            ours, theirs = (sides[side].values(figure) for side in ("corelog", "peer"))
            figures[figure.name] = {
                "unit": figure.unit, "shown_divided_by": figure.scale, "better": figure.better,
                "corelog": results.spread(ours), "peer": results.spread(theirs), "ratio": results.spread(ratios(figure, ours, theirs)),
            }
            if TWIN in sides:
                alike = sides[TWIN].values(figure)
                figures[figure.name] |= {TWIN: results.spread(alike),
                                         "to_twin": results.spread(ratios(figure, ours, alike))}
        return {
            "kind": "comparison",
            **results.circumstances(self.arguments, self.command, environment),
            "case": case.name,
            "title": case.title,
            "scenario": case.scenario,
            "twin_settings": list(case.twin),
            "settings": [*case.settings, f"duration_s={self.arguments.duration:g}", f"warm_up_s={self.warm_up_s(case):g}"],
            "pairs": self.arguments.pairs,
            "generator_limit_bytes_per_s": sides["corelog"].limit,
            **{name: side.describe(self.server(case, side.name)) for name, side in sides.items()},
            "figures": figures,
            "targets": results.verdicts(case, peer.name, figures),
        }


class Pairs:
    """The pairs of a case with one peer."""

    def __init__(self, case, peer):
        self.case = case
        self.peer = peer
        self.sides = {"corelog": Side("corelog", case.settings)}
        if case.twin:
            self.sides[TWIN] = Side(TWIN, (*case.settings, *case.twin))
        self.sides["peer"] = Side(peer.name, case.settings)
        self.environment = None
        self.syncs = []

    def to(self, other):
        """How many times better this peer is than another one, round by round, in the case's first figure."""
        figure = self.case.figures[0]
        ours, theirs = (pairs.sides["peer"].values(figure) for pairs in (self, other))
        return results.spread(ratios(figure, ours, theirs))


def ratios(figure, ours, theirs):
    return [figure.ratio(a, b) if a is not None and b is not None else None for a, b in zip(ours, theirs, strict=True)]


class Side:
    """The runs of one broker in a comparison, with these settings of the workload."""

    def __init__(self, name, settings):
        self.name = name
        self.settings = settings
        self.results = []
        self.problems = []
        # The generator's own, measured once, since it is the same for both.
        self.limit = None

    def run(self, comparison, case, server):
        """One run with a fresh broker. A run that failed leaves a gap."""
        result = None
        try:
            server.start()
            if case.backlog:
                result, problem = read_backlog(comparison.bench, comparison.binaries, server, case)
            else:
                seconds = 1 if self.name == "corelog" and self.limit is None else 0
                result, problem = comparison.bench.try_run(case.scenario, server, self.settings,
                                                           ["--keep-topics", "--calibrate", str(seconds)])
                result["logs_read_bytes"] = server.logs_read_bytes()
                if result["calibration"]:
                    self.limit = result["calibration"]["bytes_per_s"]
        except (BenchError, BrokerError) as error:
            problem = str(error)
        finally:
            # Its data goes with it, so there is nothing to end in order.
            if server.is_running():
                server.kill()
            shutil.rmtree(server.data, ignore_errors=True)
            # What this broker left to be written is not to be written during the next one's run.
            os.sync()
        if problem is not None:
            self.problems.append(problem)
            say(f"{case.name} {self.name}: {problem}")
        self.results.append(result)
        return result

    def last(self, case):
        result = self.results[-1]
        if result is None:
            return "failed"
        values = [(figure, figure.of(result)) for figure in case.figures[:3]]
        return ", ".join(figure.show(value) for figure, value in values if value is not None)

    def values(self, figure):
        return [None if result is None else figure.of(result) for result in self.results]

    def describe(self, server):
        return {"name": self.name, "version": server.version(), "durability": server.durability,
                "settings": server.settings(), "problems": self.problems}


def minutes(seconds):
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
