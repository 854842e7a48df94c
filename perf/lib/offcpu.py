"""Where the time of a broker's threads goes when it is not on a processor: /proc alone, no tracing, any user.

The kernel counts for each thread how long it ran and how long it was runnable and waited for a processor (schedstat);
the rest it slept. What it slept in is sampled from `wchan`.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

SAMPLE_S = 0.01


def main():
    parser = argparse.ArgumentParser(
        prog="perf/offcpu",
        description="Shows for each thread of a broker the share of its time on a processor, waiting for one, and "
        "asleep, what it slept in, and how often it was switched.",
    )
    parser.add_argument("--pid", type=int, required=True, help="the broker's process")
    parser.add_argument("--seconds", type=float, default=10, help="how long (10)")
    arguments = parser.parse_args()
    try:
        before = look(arguments.pid)
        waits, elapsed = watch(arguments.pid, arguments.seconds)
        after = look(arguments.pid)
    except OSError as error:
        print(f"error: process {arguments.pid} cannot be looked at: {error}", file=sys.stderr)
        return 1
    report(before, after, waits, elapsed)
    return 0


class Thread:
    """A thread's counters."""

    def __init__(self, folder):
        self.name = (folder / "comm").read_text().strip()
        run_ns, queued_ns, _ = (folder / "schedstat").read_text().split()
        self.run_s, self.queued_s = int(run_ns) / 1e9, int(queued_ns) / 1e9
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
        self.gave_up = int(status["voluntary_ctxt_switches"])
        self.preempted = int(status["nonvoluntary_ctxt_switches"])


def threads(pid):
    return {folder.name: folder for folder in Path(f"/proc/{pid}/task").iterdir()}


def look(pid):
    found = {}
    for number, folder in threads(pid).items():
        try:
            found[number] = Thread(folder)
        except (OSError, ValueError):
            continue  # It has ended.
    return found


def watch(pid, seconds):
    """What each thread was found asleep in, so many times; and for how long was looked."""
    waits = {}
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        for number, folder in threads(pid).items():
            try:
                place = (folder / "wchan").read_text().strip()
            except OSError:
                continue
            waits.setdefault(number, Counter())[place if place not in ("", "0") else "(running)"] += 1
        time.sleep(SAMPLE_S)
    return waits, time.monotonic() - begun


def report(before, after, waits, elapsed):
    print(f"{'thread':<16} {'run %':>7} {'queued %':>9} {'asleep %':>9} {'switches/s':>11} {'preempted/s':>12}  found in")
    rows = []
    for number, now in after.items():
        then = before.get(number)
        if then is None:
            continue
        run, queued = now.run_s - then.run_s, now.queued_s - then.queued_s
        found = waits.get(number, Counter())
        total = sum(found.values()) or 1
        places = ", ".join(f"{place} {100 * count / total:.0f} %" for place, count in found.most_common(3))
        rows.append((run, now.name, queued, now.gave_up - then.gave_up, now.preempted - then.preempted, places))
    for run, name, queued, gave_up, preempted, places in sorted(rows, reverse=True):
        asleep = max(elapsed - run - queued, 0)
        print(f"{name:<16} {100 * run / elapsed:>7.1f} {100 * queued / elapsed:>9.1f} {100 * asleep / elapsed:>9.1f} "
              f"{gave_up / elapsed:>11.0f} {preempted / elapsed:>12.0f}  {places}")
    print("\nqueued: runnable, but another thread had the processor. asleep: waiting for the network, the disk, or work.")


if __name__ == "__main__":
    sys.exit(main())
