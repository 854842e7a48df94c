"""The logs of the coordinators, __transaction_state and __consumer_offsets, as kafka-dump-log decodes them, and the checks on them."""

import json
import re

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from checks import check, equal, until

TRANSACTIONAL_ID, TIMEOUT_MS = "dump-id", 54_321
# Its offsets are committed in a transaction; by a consumer alone; by a member of the group; by one that is deleted.
IN_TRANSACTION, ALONE, OF_MEMBER, GONE = "in-transaction", "alone", "of-member", "gone"
WORDS = ["Error at", "Exception", "skipping", "Unknown", "UNKNOWN"]
# The types of keys, from Kafka's message definitions.
OFFSET_COMMIT, GROUP_METADATA = "1", "2"
STATES = ["Empty", "Ongoing", "PrepareCommit", "CompleteCommit", "Ongoing", "PrepareAbort", "CompleteAbort"]


def coordinate(bootstrap, topic):
    """A transaction with offsets is committed and one is aborted; groups commit offsets, and one of them is deleted."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    [future] = admin.create_topics([NewTopic(topic, 1, 1)]).values()
    future.result(30)
    producer = Producer({
        "bootstrap.servers": bootstrap, "transactional.id": TRANSACTIONAL_ID, "transaction.timeout.ms": TIMEOUT_MS,
    })
    producer.init_transactions(60)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": IN_TRANSACTION, "enable.auto.commit": False})
    producer.begin_transaction()
    producer.produce(topic, "committed")
    offsets = [TopicPartition(topic, 0, 7, metadata="in a transaction")]
    producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 30)
    producer.commit_transaction(30)
    producer.begin_transaction()
    producer.produce(topic, "aborted")
    producer.flush(30)
    producer.abort_transaction(30)
    for group, offset in ((ALONE, 8), (GONE, 9)):
        other = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False})
        other.commit(offsets=[TopicPartition(topic, 0, offset, metadata=f"of {group}")], asynchronous=False)
        other.close()
    for future in admin.delete_consumer_groups([GONE]).values():
        future.result(30)
    member = Consumer({
        "bootstrap.servers": bootstrap, "group.id": OF_MEMBER, "enable.auto.commit": False, "auto.offset.reset": "earliest",
        "client.id": "dump-client",
    })
    member.subscribe([topic])
    message = until("the member reads", 60, lambda: member.poll(0.2))
    member.commit(message, asynchronous=False)
    member.close()
    consumer.close()


class Records:
    """The records of a coordinator's topic: of each its key's type and data, and its value's data or None for a tombstone."""

    def __init__(self, data_dir, topic, decoder, dump):
        self.of_segments = {}
        for file in sorted(data_dir.rglob(f"{topic}-*/*.log")):
            self.of_segments[file] = dump(file, decoder)
        self.topic = topic
        self.records = []

    def decoded(self):
        """Every record is one that Kafka knows, and is read to its end."""
        for file, text in self.of_segments.items():
            for word in WORDS:
                check(word not in text, f"{file.parent.name}/{file.name}: kafka-dump-log says {word!r}")
            found = re.findall(r"key: (\{.*?\}) payload: (\{.*\}|<DELETE>)\s*$", text, re.M)
            equal(len(found), len(re.findall(r"^\| offset: \d+ .* headerKeys: \[\] key: ", text, re.M)), f"records of {file.parent.name}")
            for key, value in found:
                key = json.loads(key)
                self.records.append((key["type"], key["data"], None if value == "<DELETE>" else json.loads(value)["data"]))
        check(self.records, f"records of {self.topic}: {list(self.of_segments)}")

    def transaction(self):
        """The states of the transactional id in their order, and what each of them says."""
        values = [value for _, key, value in self.records if key["transactionalId"] == TRANSACTIONAL_ID]
        states = [value["transactionStatus"] for value in values]
        once = [state for state, before in zip(states, [None, *states]) if state != before]
        equal(once, STATES, "states in their order")
        equal({value["transactionTimeoutMs"] for value in values}, {TIMEOUT_MS}, "timeouts")
        equal(len({value["producerId"] for value in values}), 1, "producer ids")
        epochs = [value["producerEpoch"] for value in values]
        check(epochs == sorted(epochs) and epochs[0] >= 0, f"epochs never fall: {epochs}")
        prepared = values[states.index("PrepareCommit")]["transactionPartitions"]
        names = {entry["topic"] for entry in prepared}
        check("__consumer_offsets" in names and len(names) == 2, f"partitions of the committed transaction: {prepared}")
        for value in values:
            check(value["transactionLastUpdateTimestampMs"] > 0, f"when it was: {value}")
            if value["transactionStatus"].startswith("Complete"):
                check(not value["transactionPartitions"], f"none is left in a complete transaction: {value}")

    def offsets(self):
        """The last offset of each group with its metadata, and the tombstones of the one that is deleted."""
        last = {}
        for kind, key, value in self.records:
            if kind == OFFSET_COMMIT:
                # confluent-kafka sends the zero byte at its string's end, too.
                last[key["group"]] = value and (key["partition"], value["offset"], value["metadata"].rstrip("\0"))
        want = {
            IN_TRANSACTION: (0, 7, "in a transaction"), ALONE: (0, 8, f"of {ALONE}"), GONE: None, OF_MEMBER: (0, 1, ""),
        }
        equal({group: last.get(group, "none") for group in want}, want, "offsets")

    def markers(self):
        """The commit of the transaction ends it where its offsets are."""
        text = "".join(self.of_segments.values())
        equal(len(re.findall(r"endTxnMarker: COMMIT", text)), 1, "markers of commits")
        check("endTxnMarker: ABORT" not in text, "no marker of the abort, which had no offsets")

    def member(self):
        """The group's member stands in its metadata, and is gone afterwards."""
        values = [value for kind, key, value in self.records if kind == GROUP_METADATA and key["group"] == OF_MEMBER]
        check(values, "records of the group's metadata")
        with_members = [value for value in values if value and value["members"]]
        check(with_members, f"a record with the member: {values}")
        member = with_members[-1]["members"][0]
        equal((member["clientId"], with_members[-1]["protocolType"], len(with_members[-1]["members"])),
              ("dump-client", "consumer", 1), "the member")
        equal(values[-1]["members"], [], "members at last")
