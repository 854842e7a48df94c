"""The ledger finds each kind of broken promise, and none where there is none."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from ledger import Ledger, key_of, value_of  # noqa: E402


def record(offset, identity):
    return (offset, key_of(identity), value_of(identity, seed=1, size_max=50))


class LedgerTest(unittest.TestCase):
    def check(self, want, change=lambda log: None, also=lambda ledger, sent: None):
        """Ten messages, all acknowledged and seen; `change` spoils the log, `also` the record."""
        ledger = Ledger()
        sent = [ledger.send(0, 0) for _ in range(10)]
        for offset, identity in enumerate(sent):
            ledger.acknowledge(identity, offset)
        ledger.see("c", [(0, 4, sent[4])])
        log = {0: [record(offset, identity) for offset, identity in enumerate(sent)]}
        change(log[0])
        also(ledger, sent)
        found = {kind for kind, sentences in ledger.verify(log).found.items() if sentences}
        self.assertEqual(found, set(want))

    def test_a_whole_log(self):
        self.check([])

    def test_the_last_is_lost(self):
        self.check(["lost"], lambda log: log.pop())

    def test_the_seen_one_vanished(self):
        self.check(["lost", "vanished"], lambda log: log.__delitem__(slice(4, None)))

    def test_one_is_missing_amid_the_log(self):
        self.check(["gap", "lost"], lambda log: log.pop(7))

    def test_two_changed_places(self):
        def swap(log):
            (a, ka, va), (b, kb, vb) = log[7], log[8]
            log[7], log[8] = (a, kb, vb), (b, ka, va)

        self.check(["moved", "reordered"], swap)

    def test_one_is_there_twice(self):
        self.check(["duplicate"], lambda log: log.append((10, *log[9][1:])))

    def test_one_is_there_twice_after_a_failed_delivery(self):
        self.check([], lambda log: log.append((10, *log[9][1:])), lambda ledger, sent: ledger.fail("_MSG_TIMED_OUT"))

    def test_one_was_never_sent(self):
        def invent(log):
            ledger = Ledger()
            ledger.sent[(3, 0)] = 99
            log.append(record(10, ledger.send(3, 0)))

        self.check(["invented"], invent)

    def test_a_byte_changed(self):
        def flip(log):
            offset, key, value = log[2]
            log[2] = (offset, key, value[:-1] + bytes([value[-1] ^ 1]))

        self.check(["corrupt", "lost"], flip)

    def test_not_acknowledged_may_be_missing(self):
        self.check([], also=lambda ledger, sent: ledger.send(0, 0))


if __name__ == "__main__":
    unittest.main()
