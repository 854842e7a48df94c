"""The ten rows at the head of perf/RESULTS.md: one figure a target, from the newest results in perf/results."""

from dataclasses import dataclass

import results
from cases import CASES


@dataclass(frozen=True)
class Beside:
    """A figure of a comparison with Kafka."""

    target: str
    what: str
    case: str
    figure: str

    def cells(self, found):
        result = next(result for result in found if result.get("case") == self.case and result["peer"]["name"] == "kafka")
        figure, values = CASES[self.case].figure(self.figure), result["figures"][self.figure]
        cells = [results.show_spread(figure, values[side]) for side in ("corelog", "peer")]
        return [*cells, results.show_ratio(values["ratio"])], f"perf/compare --only {self.case}", result


@dataclass(frozen=True)
class Alone:
    """A figure of a target that needs no peer, by its place among the rows of the target."""

    target: str
    what: str
    row: int

    def cells(self, found):
        result = next(result for result in found if result.get("target") == self.target)
        figure = results.target_row(self.target, result["verdicts"][self.row])[2]
        return [figure, "—", "—"], f"perf/targets {self.target}", result


ROWS = (
    Beside("T1", "produced at most, 1 KiB messages, 16 partitions", "T1", "produced_bytes_per_s"),
    Beside("T2", "produced at most, 100-byte messages, 16 partitions", "T2", "produced_messages_per_s"),
    Beside("T3", "produced with one message a request, 64 connections", "T3", "produced_messages_per_s"),
    Beside("T4", "publish p99 at 50,000 messages/s", "T4", "publish_p99"),
    Alone("T5", "produced with 10,000 partitions, of what it is with 16", 0),
    Beside("T6", "end-to-end p99 above publish p99, four groups at the tail", "T6", "end_to_end_over_publish_p99"),
    Alone("T7", "read of a cold backlog, of fio's fastest direct reads", 0),
    Beside("T8", "CPU of a GiB produced, in T1", "T1", "cpu_s_per_gib"),
    Alone("T9", "start after kill -9 under load, 10,000 partitions", 1),
    Alone("T10", "resident memory, 10,000 connections and 50,000 messages/s", 1),
)


def asked(target, found):
    """How many of a target's bounds are met, in all the tables of the page."""
    holds = [verdict["holds"] for result in found for verdict in [*result.get("targets", ()), *result.get("verdicts", ())]
             if verdict.get("target", result.get("target")) == target]
    missed = holds.count(False)
    return f"all {len(holds)} met" if not missed else f"**{missed} of {len(holds)} missed**"


def text(folder):
    """The table, and under it what its columns mean."""
    found = [*results.latest(folder, "comparison"), *results.latest(folder, "target")]
    rows = []
    for row in ROWS:
        cells, command, result = row.cells(found)
        source = f"`{command}`, {result['measured_at'][:10]}, {results.short_commit(result)}"
        rows.append((row.target, row.what, *cells, asked(row.target, found), source))
    head = ("target", "what", "Corelog", "Kafka", "times better", "bounds of the target", "command, date, commit")
    return "\n".join(results.table(head, rows))
