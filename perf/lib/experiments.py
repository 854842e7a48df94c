"""Two questions of the design: a ring of our own against glommio's sockets, and shard listeners against hops."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import results
from bench import Bench, BenchError, Binaries, say
from broker import Broker, BrokerError, free_ports

ROOT = Path(__file__).resolve().parent.parent.parent
TOPIC = "hops"
CONNECTIONS = (2, 64)
# Small requests as fast as they go, batches at a rate, and large batches as fast as they go; their measured seconds after
# a warm-up.
SCENARIOS = ("one-message-a-request", "1-topic-16-partitions-1kb", "max-rate-1-topic-16-partitions-1kb")
WARM_UP_S, MEASURED_S = 2, 8
# What is told of the workload: a title, where it is in the result, how it is shown.
FIGURES = {
    "messages_per_s": ("messages/s", lambda result: result["published"]["messages_per_s"], "{:,.0f}".format),
    "p50_ms": ("p50", lambda result: result["publish_latency"]["summary"]["p50_ms"], "{:.3f} ms".format),
    "p99_ms": ("p99", lambda result: result["publish_latency"]["summary"]["p99_ms"], "{:.3f} ms".format),
    "cpu_s_per_million": ("CPU of a million", lambda result: result["server"]["cpu_s_per_million"], "{:.2f} s".format),
}
# A topic of as many partitions has one on each.
SHARDS = 2


def main():
    parser = argparse.ArgumentParser(
        prog="perf/experiments",
        description="Measures, in turns, an echo over a ring of our own and over glommio's sockets, and requests for "
        "partitions of a connection's own shard and of the other one. Writes perf/results/DATE-experiments.json and renews "
        "the tables in perf/RESULTS.md.",
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="how often everything is measured (5)")
    parser.add_argument("--millis", type=int, default=2000, metavar="MS", help="of each measurement of a hop (2000)")
    parser.add_argument("--data", metavar="DIR", help="where to make the data directory (target)")
    parser.add_argument("--results", metavar="DIR", help="where to write the result (perf/results); elsewhere the tables "
                        "are not renewed")
    arguments = parser.parse_args()
    parent = Path(arguments.data) if arguments.data else ROOT / "target"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="corelog-experiments-", dir=parent))
    try:
        measure(arguments, folder)
    except (BenchError, BrokerError, results.PageError, OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def measure(arguments, folder):
    binaries = Binaries(None, ["hops", "limits"])
    subprocess.run(["cargo", "build", "--release", "-p", "corelog-runtime", "--example", "ring_echo", "--example",
                    "glommio_echo"], cwd=ROOT, check=True, stdout=sys.stderr)
    echoes = {name: {} for name in ("ring", "glommio")}
    for number in range(arguments.rounds):
        for name, found in echoes.items():
            for case, rate in echo(binaries.examples / f"{name}_echo"):
                found.setdefault(case, []).append(rate)
        say(f"echo round {number + 1}/{arguments.rounds}")
    hops = {count: hop(arguments, binaries, folder, count) for count in CONNECTIONS}
    listeners = {scenario: with_and_without(arguments, binaries, folder, scenario) for scenario in SCENARIOS}
    probe = subprocess.run([str(binaries.examples / "limits"), "--seconds", "0.2", "--data", str(folder)], check=True,
                           stdout=subprocess.PIPE, text=True)
    environment = json.loads(probe.stdout)["environment"]
    command = results.command_line("perf/experiments", sys.argv[1:])
    result = {"kind": "experiments", **results.circumstances(arguments, command, environment),
              "echo_round_trips_per_s": echoes, "hops": hops, "listeners": listeners}
    target = results.folder(arguments)
    path = results.write(target, "experiments", result)
    # Keys of an object in JSON are texts: the page is made of what is stored.
    text = text_of(json.loads(path.read_text()))
    print(text)
    if target == results.RESULTS:
        results.replace(results.PAGE, "experiments", text)
    say(f"wrote {path}")


def echo(program):
    """Round trips a second by connections and bytes, as an example prints them."""
    done = subprocess.run([str(program)], check=True, stdout=subprocess.PIPE, text=True)
    for line in done.stdout.splitlines()[1:]:
        connections, size, rate, _ = line.split()
        yield f"{connections} x {size}", float(rate)


def fresh(binaries, folder, settings, ask):
    """What `ask` gives of a broker with an empty data directory."""
    data = folder / "data"
    broker = Broker(binaries.corelog, data, folder / "broker.log", ["--shards", str(SHARDS), *settings])
    try:
        broker.start()
        return ask(broker)
    finally:
        if broker.is_running():
            broker.kill()
        shutil.rmtree(data, ignore_errors=True)
        os.sync()


def hop(arguments, binaries, folder, connections):
    """Own shard and other shard, round by round. Which way is which, the answers from memory tell."""
    def ask(broker):
        subprocess.run([str(binaries.corelog), "topic", "create", TOPIC, "--partitions", str(SHARDS),
                        "--bootstrap", broker.address], check=True, stdout=subprocess.DEVNULL)
        return subprocess.run(
            [str(binaries.examples / "hops"), "--bootstrap", broker.address, "--topic", TOPIC, "--connections",
             str(connections), "--rounds", str(arguments.rounds), "--millis", str(arguments.millis)],
            check=True, stdout=subprocess.PIPE, text=True)

    found = json.loads(fresh(binaries, folder, [], ask).stdout)

    def of(api, is_swapped, figure):
        return [row[figure] for row in found if row["api"] == api and row["is_swapped"] == is_swapped]

    is_own_swapped = results.median(of("ListOffsets", True, "p50_ms")) < results.median(of("ListOffsets", False, "p50_ms"))
    say(f"{connections} connections: done")
    return {api: {place: {figure: of(api, is_swapped, figure) for figure in ("requests_per_s", "p50_ms", "p99_ms")}
                  for place, is_swapped in (("own", is_own_swapped), ("other", not is_own_swapped))}
            for api in ("ListOffsets", "Produce")}


def with_and_without(arguments, binaries, folder, scenario):
    """A workload in turns without and with a listener for each shard: its figures."""
    bench = Bench(binaries.bench, folder, MEASURED_S, WARM_UP_S)
    found = {name: {figure: [] for figure in FIGURES} for name in ("without", "with")}
    for number in range(arguments.rounds):
        for name, figures in found.items():
            settings = ["--shard-listeners-port", str(free_ports(SHARDS))] if name == "with" else []
            result = fresh(binaries, folder, settings, lambda broker: bench.run(scenario, broker, extra=["--calibrate", "0"]))
            for figure, (_, of, _) in FIGURES.items():
                figures[figure].append(of(result))
        say(f"{scenario}, shard listeners, round {number + 1}/{arguments.rounds}")
    return found


def text_of(result):
    """The tables, and where they come from."""
    rows = []
    for case, ours in result["echo_round_trips_per_s"]["ring"].items():
        theirs = result["echo_round_trips_per_s"]["glommio"][case]
        connections, size = case.split(" x ")
        rows.append((connections, f"{int(size):,}", many(ours), many(theirs), ratio(ours, theirs)))
    lines = results.table(("connections", "bytes", "our ring, round trips/s", "glommio's sockets, round trips/s", "ratio"), rows)
    rows = []
    for connections, apis in result["hops"].items():
        for api, places in apis.items():
            own, other = places["own"], places["other"]
            rows.append((connections, api, many(own["requests_per_s"]), many(other["requests_per_s"]),
                         ratio(own["requests_per_s"], other["requests_per_s"]),
                         *(f"{results.median(place[figure]):.3f} ms" for figure in ("p50_ms", "p99_ms") for place in (own, other))))
    lines += ["", *results.table(("connections", "request", "own shard, requests/s", "other shard, requests/s", "ratio",
                                  "p50, own", "p50, other", "p99, own", "p99, other"), rows)]
    for scenario, found in result["listeners"].items():
        rows = []
        for figure, (title, _, shown) in FIGURES.items():
            ours, theirs = (found[name][figure] for name in ("with", "without"))
            rows.append((title, shown(results.median(ours)), shown(results.median(theirs)), ratio(ours, theirs)))
        lines += ["", *results.table((f"`{scenario}`", "with shard listeners", "without", "ratio"), rows)]
    here = result["machine"]
    return "\n".join([
        *lines, "",
        "Medians of rounds in turns, with the least and the greatest; ratios round by round.", "",
        f"{result['measured_at'][:10]}, commit {results.short_commit(result)}, `{result['command']}`, "
        f"{here['cpu']}, {here['cores']} cores, {here['kernel']}.",
    ])


def many(values):
    return f"{results.median(values):,.0f} ({min(values):,.0f}–{max(values):,.0f})"


def ratio(ours, theirs):
    each = [a / b for a, b in zip(ours, theirs, strict=True)]
    return f"{results.median(each):.2f} × ({min(each):.2f}–{max(each):.2f})"


if __name__ == "__main__":
    sys.exit(main())
