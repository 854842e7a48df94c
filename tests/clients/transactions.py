"""What every Python client is put through with transactions.

Beside what scenarios.py asks of it, an adapter offers:
  read(topic, count, isolation=READ_COMMITTED or READ_UNCOMMITTED)
  transactional(id) -> Transactional, made ready by the broker
  is_fencing(error) -> whether the client says with it that another producer has its transactional id
and a Transactional, a producer:
  begin()    send(topic, [Message]), until all are acknowledged    send_offsets(member, topic, partition, offset)
  commit()   abort()   close()
"""

from checks import check, equal, unique, until
from scenarios import JOIN_SECONDS, Message

READ_COMMITTED, READ_UNCOMMITTED = "read_committed", "read_uncommitted"


def values(stem, count, partitions=1):
    """Messages that name the transaction they belong to and their number within it."""
    return [Message(f"{stem} {i}".encode(), partition=i % partitions) for i in range(count)]


class Transactions:
    def __init__(self, adapter, scenarios):
        self.adapter = adapter
        self.scenarios = scenarios

    def sees(self, topic, isolation, want, what):
        """A reader from the beginning gets the wanted messages, in order within each partition, and no others."""
        got = self.adapter.read(topic, len(want), isolation=isolation)
        for partition in sorted({m.partition for m in want}):
            equal(
                [m.value for m in got if m.partition == partition],
                [m.value for m in want if m.partition == partition],
                f"{what}: partition {partition}, {isolation}",
            )
        equal(len(got), len(want), f"{what}: count, {isolation}")

    def commit_and_abort(self):
        """A reader of committed messages gets those of committed transactions, and none from the first open one on."""
        topic = self.scenarios.topic("transactions", 2)
        producer = self.adapter.transactional(unique("transactions"))
        everything, committed = [], []
        for number, commits in enumerate([True, False, True, True, False, False, True, False]):
            sent = values(f"transaction {number}", 20, partitions=2)
            producer.begin()
            producer.send(topic, sent)
            if commits:
                producer.commit()
                committed += sent
            else:
                producer.abort()
            everything += sent
        self.sees(topic, READ_COMMITTED, committed, "all ended")
        self.sees(topic, READ_UNCOMMITTED, everything, "all ended")
        sent = values("open", 20, partitions=2)
        producer.begin()
        producer.send(topic, sent)
        plain = values("outside of any", 20, partitions=2)
        self.adapter.produce(topic, plain)
        self.sees(topic, READ_COMMITTED, committed, "one open")
        self.sees(topic, READ_UNCOMMITTED, everything + sent + plain, "one open")
        producer.commit()
        producer.close()
        self.sees(topic, READ_COMMITTED, committed + sent + plain, "the open one committed")

    def offsets(self):
        """What a group consumed is committed with what was made of it, or not at all."""
        source, target = self.scenarios.topic("source", 1), self.scenarios.topic("target", 1)
        group = unique("transformers")
        consumed = values("consumed", 40)
        self.adapter.produce(source, consumed)
        producer = self.adapter.transactional(unique("transactions"))
        made = []
        for start, end, commits in [(0, 25, True), (25, 40, False), (25, 40, True)]:
            # A new member begins at the group's committed offset.
            member, got = self.adapter.member(group, source), []
            until(f"message {end}", JOIN_SECONDS, lambda: got.extend(member.poll()) or len(got) >= end - start)
            equal([m.value for m in got[: end - start]], [m.value for m in consumed[start:end]], "consumed")
            sent = [Message(b"made of " + m.value, partition=0) for m in got[: end - start]]
            producer.begin()
            producer.send(target, sent)
            producer.send_offsets(member, source, 0, end)
            if commits:
                producer.commit()
                made += sent
            else:
                producer.abort()
            member.close()
            # EndTxn is answered before the group's coordinator has the marker, and not every client asks for stable offsets.
            offset = end if commits else start
            until(f"committed offset {offset}", 20, lambda: self.adapter.committed(group, source, 0) == offset)
        producer.close()
        self.sees(target, READ_COMMITTED, made, "made")

    def fencing(self):
        """A second producer with the same transactional id aborts the first one's transaction and fences it."""
        topic, name = self.scenarios.topic("fencing", 1), unique("transactions")
        first = self.adapter.transactional(name)
        of_first, of_second = values("first", 10), values("second", 10)
        first.begin()
        first.send(topic, of_first)
        second = self.adapter.transactional(name)
        try:
            first.commit()
        except Exception as error:  # each client has its own
            check(self.adapter.is_fencing(error), f"the error of a fenced producer: {error!r}")
        else:
            raise AssertionError("a fenced producer commits")
        second.begin()
        second.send(topic, of_second)
        second.commit()
        second.close()
        first.close()
        self.sees(topic, READ_COMMITTED, of_second, "after the fencing")
        self.sees(topic, READ_UNCOMMITTED, of_first + of_second, "after the fencing")

    def run_all(self, checks):
        checks.run("transactions", self.commit_and_abort)
        checks.run("transaction_offsets", self.offsets)
        checks.run("transaction_fencing", self.fencing)
