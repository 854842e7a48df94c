"""What is made of measured values: ratios, verdicts, the stored form, the page. No broker is started."""

import json
import tempfile
import unittest
from pathlib import Path

import results
import summary
from bench import BenchError, what_is_wrong
from backlog import topic_of
from cases import CASES, CPU_PER_GIB, PRODUCED, TAIL, TRANSACTIONS, TWIN, select
from compare import Pairs
from peers import PEERS
from verdict import at_least, at_most


class CasesTest(unittest.TestCase):
    def test_a_ratio_above_one_is_in_our_favour(self):
        self.assertEqual(PRODUCED.ratio(600.0, 200.0), 3.0)
        self.assertEqual(CPU_PER_GIB.ratio(0.5, 2.0), 4.0)
        self.assertIsNone(PRODUCED.ratio(600.0, 0.0))
        self.assertIsNone(TAIL.ratio(0.1, 200.0))

    def test_every_case_names_what_there_is(self):
        scenarios = results.ROOT / "perf/scenarios"
        for case in CASES.values():
            with self.subTest(case.name):
                self.assertTrue((scenarios / f"{case.scenario}.toml").exists())
                names = [figure.name for figure in case.figures]
                self.assertEqual(len(names), len(set(names)))
                for name in (*case.shown, *(target.figure for target in case.targets)):
                    self.assertIn(name, names)
                for peer in (*case.peers, *(target.peer for target in case.targets if target.peer)):
                    self.assertTrue(case.twin if peer == TWIN else peer in PEERS)

    def test_names_of_the_table_stand_for_their_cases(self):
        self.assertEqual([case.name for case in select(["T8", "T6"])], ["T1", "T2", "T6", "T6-max"])
        self.assertEqual(len(select([])), len(CASES))
        with self.assertRaises(KeyError):
            select(["T99"])


class VerdictsTest(unittest.TestCase):
    def check(self, peer, ours, theirs, want):
        case = CASES["T1"]
        ratio = PRODUCED.ratio(ours, theirs)
        figures = {figure.name: {"corelog": None, "peer": None, "ratio": None} for figure in case.figures}
        figures[PRODUCED.name] = {side: results.spread([value]) for side, value in
                                  (("corelog", ours), ("peer", theirs), ("ratio", ratio))}
        found = results.verdicts(case, peer, figures)
        self.assertEqual([(verdict["target"], verdict["holds"]) for verdict in found], want)

    def test_the_targets_of_a_peer_are_judged_against_it_alone(self):
        self.check("kafka", 900e6, 300e6, [("T1", True)])
        self.check("kafka", 899e6, 300e6, [("T1", False)])
        self.check("kafka-fsync", 900e6, 300e6, [("T1", False)])
        self.check("tansu-memory", 900e6, 300e6, [])

    def test_a_twin_is_judged_and_has_a_row_of_its_own(self):
        case = CASES["X1"]
        pairs = Pairs(case, PEERS["kafka"])
        self.assertEqual(pairs.sides[TWIN].settings, (*case.settings, "transaction_ms=0"))
        figures = {figure.name: {name: None for name in ("corelog", "peer", "ratio", TWIN, "to_twin")}
                   for figure in case.figures}
        figures[PRODUCED.name] = {name: results.spread([value]) for name, value in (
            ("corelog", 450e6), ("peer", 150e6), ("ratio", 3.0), (TWIN, 600e6), ("to_twin", 0.75))}
        verdicts = results.verdicts(case, "kafka", figures)
        self.assertEqual([(verdict["text"], verdict["holds"]) for verdict in verdicts],
                         [("≥ 0.9 × its twin", False), ("≥ 2.5 ×", True)])
        rows = list(results.comparison_rows({"case": "X1", "targets": verdicts, "peer": {"name": "kafka"},
                                             "figures": figures, "twin_settings": ["transaction_ms=0"]}))
        self.assertEqual(rows[1], ("", "produced", "Corelog with `transaction_ms=0`", "450.0 MB/s", "600.0 MB/s",
                                   "0.75 ×", ""))

    def test_without_transactions_there_are_no_figures_of_them(self):
        self.assertIsNone(TRANSACTIONS.of({"transactions": None}))

    def test_the_median_decides(self):
        self.assertTrue(at_least("x", [1, 70, 80], 60, "%")["holds"])
        self.assertFalse(at_least("x", [1, 59, 80], 60, "%")["holds"])
        self.assertTrue(at_most("x", [1, 2, 9], 2, "s")["holds"])
        self.assertFalse(at_most("x", [1, 3, 9], 2, "s")["holds"])

    def test_what_was_wrong_is_said(self):
        result = {"errors": {"TIMED_OUT": 3}, "unsent": 4, "verification": {"expected": 9, "lost": 2, "unread": 0}}
        self.assertEqual(what_is_wrong(result),
                         "3 messages failed with TIMED_OUT; 4 messages were never sent; 2 messages lost")


class StoredTest(unittest.TestCase):
    def test_a_run_that_failed_leaves_a_gap(self):
        self.assertEqual(results.spread([3.0, None, 1.0]),
                         {"median": 2.0, "min": 1.0, "max": 3.0, "values": [3.0, None, 1.0]})
        self.assertIsNone(results.spread([None]))

    def test_lists_of_numbers_take_one_line(self):
        value = {"values": [1.23456789, None, -3e9], "texts": ["a, [b", "c"], "none": []}
        text = results.as_text(value)
        self.assertEqual(json.loads(text), {**value, "values": [1.23457, None, -3e9]})
        self.assertIn("[1.23457, null, -3000000000.0]", text)

    def test_a_command_says_nothing_of_folders(self):
        given = ["--only", "T1", "--data", "/a", "--results=/b", "--bin-dir", "/c", "--", "--shards", "1"]
        self.assertEqual(results.command_line("perf/compare", given), "perf/compare --only T1 -- --shards 1")

    def test_the_newest_of_each_name_counts_and_ten_follows_nine(self):
        with tempfile.TemporaryDirectory() as folder:
            where = Path(folder)
            for day, name in (("2026-01-02", "T10"), ("2026-01-01", "T9"), ("2026-01-03", "T9")):
                results.write(where, name, {"kind": "target", "measured_at": f"{day}T00:00:00", "day": day, "name": name})
            results.write(where, "limits", {"kind": "limits", "measured_at": "2026-01-01T00:00:00"})
            found = [(result["name"], result["day"]) for result in results.latest(where, "target")]
        self.assertEqual(found, [("T9", "2026-01-03"), ("T10", "2026-01-02")])

    def test_a_limit_is_held_against_the_peers_of_its_rounds(self):
        case = CASES["T3"]
        limit, other = (Pairs(case, PEERS[name]) for name in ("sink-durable", "kafka-fsync"))
        for pairs, rates in ((limit, (400, 900, None)), (other, (20, 30, 10))):
            pairs.sides["peer"].results = [
                None if rate is None else {"published": {"messages_per_s": rate}} for rate in rates
            ]
        ratio = limit.to(other)
        self.assertEqual(ratio["values"], [20, 30, None])
        lines = list(results.limit_lines({"case": "T3", "peer": {"name": "sink-durable"},
                                          "to_other_peers": {"kafka-fsync": ratio}}))
        self.assertEqual(lines, ["T3: sink-durable is 25.00 × (20.00–30.00) better than kafka-fsync, round by round."])

    def test_the_page_is_changed_between_its_markers_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.md"
            page.write_text("head\n<!-- x: begin -->\nold\n<!-- x: end -->\ntail\n")
            results.replace(page, "x", "new")
            self.assertEqual(page.read_text(), "head\n<!-- x: begin -->\nnew\n<!-- x: end -->\ntail\n")
            with self.assertRaises(results.PageError):
                results.replace(page, "y", "new")

    def test_the_repository_s_page_has_every_section(self):
        text = results.PAGE.read_text()
        for section in ("summary", "compare", "targets", "limits"):
            self.assertEqual(text.count(f"<!-- {section}: begin -->"), 1)
            self.assertEqual(text.count(f"<!-- {section}: end -->"), 1)

    def test_the_page_begins_with_a_row_a_target_and_says_what_was_measured(self):
        text = results.PAGE.read_text()
        rows = summary.text(results.RESULTS)
        self.assertEqual([row.target for row in summary.ROWS], [f"T{number}" for number in range(1, 11)])
        for made in (rows, results.comparison_text(results.latest(results.RESULTS, "comparison")),
                     results.targets_text(results.latest(results.RESULTS, "target"))):
            self.assertIn(made, text)
        self.assertLess(text.index(rows), text.index("\n## "))

    def test_the_generator_s_topic_is_found_by_its_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            where = Path(folder)
            for name in ("bench-0123abcd-00000-0", "bench-0123abcd-00000-1", "__consumer_offsets-0"):
                (where / "logs" / name).mkdir(parents=True)
            self.assertEqual(topic_of(where), "bench-0123abcd-00000")
            (where / "logs/bench-99999999-00000-0.AAAAAAAAAAAAAAAAAAAABw").mkdir()
            with self.assertRaises(BenchError):
                topic_of(where)


if __name__ == "__main__":
    unittest.main()
