"""Targets that are held against what fio finds the disk to do: T1's share of it, and T7."""

import json
import subprocess
from statistics import median

import fio
from bench import BenchError, say
from backlog import catch_up, catch_up_command, fill, restart_cold, topic_of
from verdict import at_least, at_most

PRODUCE = "max-rate-1-topic-16-partitions-1kb"
PRODUCE_SMALL = "max-rate-1-topic-16-partitions-100b"
OPEN = "1-topic-16-partitions-1kb"
# fio's seconds for each depth, to choose one.
CHOICE_S = 2


class DiskShare:
    """fio and Corelog in turns."""

    name = "T1"
    title = "maximum produce as a share of fio's direct 1 MiB writes, and T2 beside it"

    def __init__(self, machine):
        self.machine = machine

    def minutes(self):
        arguments = self.machine.arguments
        return (10 + arguments.rounds * (4 * arguments.duration + 2 * arguments.warm_up + 20)) / 60

    def measure(self):
        arguments, folder = self.machine.arguments, self.machine.folder
        best, by_depth = fio.best_write(folder, CHOICE_S)
        say(f"fio is fastest with {best} writes under way: {by_depth[best] / 1e6:,.0f} MB/s")
        depths = sorted({1, best})
        disk, new, produced = {depth: [] for depth in depths}, {depth: [] for depth in depths}, []
        growing, written_small = [], []
        for number in range(arguments.rounds):
            for depth in depths:
                disk[depth].append(fio.write_bytes_per_s(folder, depth, arguments.duration))
                fio.remove(folder)
                new[depth].append(fio.new_file_bytes_per_s(folder, depth))
            growing.append(fio.growing_files_bytes_per_s(folder, are_synced=True))
            self.machine.fresh()
            produced.append(self.machine.run(PRODUCE, extra=["--keep-topics"])["published"]["bytes_per_s"])
            self.machine.fresh()
            small = self.machine.run(PRODUCE_SMALL, extra=["--keep-topics"])
            amplification = small["server"]["device_written_bytes"] / small["published"]["bytes"]
            written_small.append(small["published"]["bytes_per_s"] * amplification)
            found = ", ".join(f"fio with {depth} under way {disk[depth][-1] / 1e6:,.0f} MB/s, {new[depth][-1] / 1e6:,.0f} to a "
                              "new file" for depth in depths)
            found += f", {growing[-1] / 1e6:,.0f} MB/s to new files in turns"
            say(f"round {number + 1}/{arguments.rounds}: {found}, Corelog {produced[-1] / 1e6:,.0f} MB/s, "
                f"and {written_small[-1] / 1e6:,.0f} MB/s written for messages of 100 bytes")
        details = {"fio_depth": best, "fio_write_bytes_per_s_by_depth": by_depth, "fio_write_bytes_per_s": disk,
                   "fio_new_file_bytes_per_s": new, "fio_growing_files_bytes_per_s": growing,
                   "produced_bytes_per_s": produced, "small_written_bytes_per_s": written_small}
        growth = (f"of fio's direct 1 MiB writes to {fio.GROWING_FILES} new files in turns, synced every "
                  f"{fio.GROWING_SYNC_EVERY} MiB, as partitions grow")
        verdicts = []
        for what, rates in (("produced", produced), ("written to the device for T2's messages of 100 bytes", written_small)):
            shares = [ours / fios * 100 for ours, fios in zip(rates, growing, strict=True)]
            verdicts.append(at_least(f"{what}, {growth}", shares, 60, "%"))
        for where, rates in (("to a new file", new), ("over and over its 2 GiB", disk)):
            for depth in depths:
                shares = [ours / fios * 100 for ours, fios in zip(produced, rates[depth], strict=True)]
                what = f"produced, of fio's direct 1 MiB writes {where}, {under_way(depth, best)}"
                verdicts.append(at_least(what, shares, 60, "%"))
        return verdicts, details


def under_way(depth, best):
    """How many of fio's operations were under way at a time, in words."""
    which = "one under way, as fio does by itself" if depth == 1 else f"{depth} under way"
    return f"{which}, its fastest" if depth == best else which


class CatchUp:
    """A backlog read after a restart, alone and beside a producer."""

    name = "T7"
    title = "catching up on a backlog that is not in memory"
    default_bytes = 5_000_000_000

    def __init__(self, machine):
        self.machine = machine
        self.bytes = machine.arguments.bytes or self.default_bytes

    def minutes(self):
        arguments = self.machine.arguments
        run = arguments.duration + arguments.warm_up + 3
        rounds = arguments.rounds * (2 * arguments.duration + 10 + 2 * self.bytes / 600e6 + 2 * run)
        return (30 + run + self.bytes / 400e6 + rounds) / 60

    def measure(self):
        machine = self.machine
        machine.need_space(2 * self.bytes + 10_000_000_000)
        best, by_depth = fio.best_read(machine.folder, CHOICE_S)
        say(f"fio is fastest with {best} reads under way: {by_depth[best] / 1e6:,.0f} MB/s")
        machine.fresh()
        half = machine.run(PRODUCE)["published"]["messages_per_s"] / 2
        say(f"half of the maximum is {half:,.0f} messages a second")
        broker, _ = machine.fresh()
        fill(machine.bench, broker, PRODUCE, self.bytes)
        disk, alone = self.beside_fio(sorted({1, best}))
        restart_cold(broker)
        # As long as the backlog lasts, so that the whole measured time has the reader beside it.
        duration = max(1, min(machine.arguments.duration, int(median(one["seconds"] for one in alone))))
        p99_alone, p99_beside, beside = [], [], []
        for number in range(machine.arguments.rounds):
            p99_alone.append(self.p99(half, duration))
            restart_cold(broker)
            during, read = self.p99_beside_reader(half, duration)
            p99_beside.append(during)
            beside.append(read)
            restart_cold(broker)
            say(f"round {number + 1}/{machine.arguments.rounds}: a producer's p99 is {p99_alone[-1]:.2f} ms alone, "
                f"{during:.2f} ms beside the reader, which reads {read['bytes_per_s'] / 1e6:,.0f} MB/s")
        details = {
            "backlog_bytes": self.bytes, "fio_depth": best, "fio_read_bytes_per_s_by_depth": by_depth,
            "fio_read_bytes_per_s": disk, "read_alone": alone, "read_beside_a_producer": beside,
            "producer_messages_per_s": half, "producer_p99_ms_alone": p99_alone, "producer_p99_ms_beside": p99_beside,
        }
        shares = [at_least(f"read, of fio's direct 1 MiB reads, {under_way(depth, best)}",
                           [one["bytes_per_s"] / rate * 100 for one, rate in zip(alone, rates, strict=True)], 90, "%")
                  for depth, rates in disk.items()]
        return [
            *shares,
            at_least("of it from the device", [one["device_read_bytes"] / one["bytes"] * 100 for one in alone], 95, "%"),
            at_most("p99 of a producer at half of its maximum, beside the reader to alone",
                    [during / before for during, before in zip(p99_beside, p99_alone, strict=True)], 2, "×"),
        ], details

    def beside_fio(self, depths):
        """fio at each depth and the reader of the backlog, in turns; gives fio's rates by depth and the readings.

        fio reads a file that is as old as the backlog: what a disk was just given it may give back faster.
        """
        machine, disk, alone = self.machine, {depth: [] for depth in depths}, []
        fio.lay_out(machine.folder)
        for number in range(machine.arguments.rounds):
            for depth in depths:
                disk[depth].append(fio.read_bytes_per_s(machine.folder, depth, machine.arguments.duration))
            restart_cold(machine.broker)
            alone.append(catch_up(machine.binaries, machine.broker))
            found = ", ".join(f"fio with {depth} under way {rates[-1] / 1e6:,.0f} MB/s" for depth, rates in disk.items())
            say(f"round {number + 1}/{machine.arguments.rounds}: {found}, {alone[-1]['bytes'] / 1e9:.1f} GB read at "
                f"{alone[-1]['bytes_per_s'] / 1e6:,.0f} MB/s")
        fio.remove(machine.folder)
        return disk, alone

    def settings(self, rate, duration):
        return [f"producer_rate={rate:.0f}", f"duration_s={duration}", "subscriptions_per_topic=0",
                "producers_per_topic=8", "batch_size=1000000"]

    def p99(self, rate, duration):
        result = self.machine.run(OPEN, self.settings(rate, duration))
        return result["publish_latency"]["summary"]["p99_ms"]

    def p99_beside_reader(self, rate, duration):
        """The reader begins when the producer has warmed up; what it read comes second."""
        machine = self.machine
        command = catch_up_command(machine.binaries, machine.broker, topic_of(machine.broker.data))
        # The generator is waited for in the meantime, so it is a shell that waits for the warm-up.
        later = ["sh", "-c", 'sleep "$0"; exec "$@"', str(machine.arguments.warm_up), *command]
        reader = subprocess.Popen(later, stdout=subprocess.PIPE, text=True)
        try:
            p99 = self.p99(rate, duration)
            out, _ = reader.communicate()
        finally:
            if reader.poll() is None:
                reader.kill()
                reader.wait()
        if reader.returncode != 0:
            raise BenchError(f"reading the backlog beside a producer ended with {reader.returncode}")
        return p99, json.loads(out)
