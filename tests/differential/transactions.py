"""Requests of transactions, in both of Kafka's protocols, and states with transactions that are open, committed and aborted."""

INT32_MAX = 2**31 - 1
HOUR = 3_600_000
TRANSACTIONAL = 1 << 4
IDS = ("~t1", "~t2")
GROUP = "~g-simple"
# The newest versions in which a producer names its partitions by itself (KIP-890).
V1 = {"AddPartitionsToTxn": 3, "Produce": 11, "TxnOffsetCommit": 4, "EndTxn": 4}
# The first ones that do so for it.
V2 = {"Produce": 12, "TxnOffsetCommit": 5, "EndTxn": 5}
STATES = ("Ongoing", "Empty", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort", "Dead", "PrepareEpochFence", "ongoing", "nonsense", "")


class Transactions:
    """The part of a Maker that knows of transactions."""

    def begin_transactions(self):
        # Transactional id -> how its producer is named, and the next sequence of each partition.
        self.transactional = {}

    def v1(self, api):
        return self.rng.choice([v for v in self.versions[api] if v <= V1.get(api, 99)])

    def v2(self, api):
        return self.rng.choice([v for v in self.versions[api] if v >= V2.get(api, 0)])

    # State

    def build_transactions(self):
        rng = self.rng
        for name in IDS:
            if rng.random() < 0.6:
                self.start_producer(name)
                for _ in range(rng.randint(0, 2)):
                    self.transaction(name, ends=True)
                if rng.random() < 0.5:
                    self.transaction(name, ends=False)

    def start_producer(self, name):
        body = {"transactional_id": name, "transaction_timeout_ms": 600000, "producer_id": -1, "producer_epoch": -1}
        n = self.step("InitProducerId", body)
        self.took_producer(name, n)

    def took_producer(self, name, n):
        """The producer is the one of the answer to step n."""
        before = self.transactional.get(name, {"id": 4000000001, "epoch": 0})
        self.transactional[name] = {
            "id": {"$answer": [n, "producer_id"], "or": before["id"]},
            "epoch": {"$answer": [n, "producer_epoch"], "or": before["epoch"]},
            "sequences": {},
        }

    def transaction(self, name, ends):
        rng = self.rng
        choose = rng.choice([self.v1, self.v2])
        parts = rng.sample([("~a", 0), ("~b", 0), ("~b", 1)], rng.randint(1, 3))
        if choose == self.v1:
            self.step("AddPartitionsToTxn", self.add_body(name, parts), self.v1("AddPartitionsToTxn"))
        for _ in range(rng.randint(1, 2)):
            self.step("Produce", self.transactional_produce(name, parts), choose("Produce"))
        if rng.random() < 0.5:
            if choose == self.v1:
                self.step("AddOffsetsToTxn", self.add_offsets_body(name))
            self.step("TxnOffsetCommit", self.txn_commit_body(name), choose("TxnOffsetCommit"))
        if ends:
            self.end(name, rng.random() < 0.6, choose("EndTxn"))

    def end(self, name, committed, version):
        body = {**self.named(name), "committed": committed}
        n = self.step("EndTxn", body, version)
        if version >= V2["EndTxn"]:
            self.took_producer(name, n)

    def transactional_produce(self, name, parts):
        producer = self.transactional[name]
        data = []
        for topic, partition in parts:
            sequence = producer["sequences"].get((topic, partition), 0)
            records = self.records()
            producer["sequences"][topic, partition] = sequence + len(records)
            spec = {
                "records": records, "attributes": TRANSACTIONAL, "producer_id": producer["id"], "producer_epoch": producer["epoch"],
                "base_sequence": sequence,
            }
            data.append({"name": topic, "topic_id": {"$topic_id": topic}, "partition_data": [
                {"index": partition, "records": {"$batches": [spec]}}]})
        return {"transactional_id": name, "acks": -1, "timeout_ms": 5000, "topic_data": merged(data)}

    # Bodies

    def named(self, name):
        producer = self.transactional.get(name, {"id": 4000000001, "epoch": 0})
        return {"transactional_id": name, "producer_id": producer["id"], "producer_epoch": producer["epoch"]}

    def add_body(self, name, parts):
        topics = {}
        for topic, partition in parts:
            topics.setdefault(topic, []).append(partition)
        topics = [{"name": topic, "partitions": partitions} for topic, partitions in topics.items()]
        named = self.named(name)
        return {
            "transactions": [{**named, "verify_only": self.rng.random() < 0.5, "topics": topics}],
            **{f"v3_and_below_{field}": value for field, value in named.items()}, "v3_and_below_topics": topics,
        }

    def add_offsets_body(self, name):
        return {**self.named(name), "group_id": GROUP}

    def txn_commit_body(self, name):
        rng = self.rng

        def partition(index):
            return {
                "partition_index": index, "committed_offset": rng.choice([0, 1, 5, 1000]), "committed_leader_epoch": rng.choice([-1, {"$epoch": ["~b", index]}]),
                "committed_metadata": rng.choice(["", "m", None]),
            }

        return {
            **self.named(name), "group_id": GROUP, "generation_id_or_member_epoch": -1, "member_id": "", "group_instance_id": None,
            "topics": [{"name": "~b", "topic_id": {"$topic_id": "~b"}, "partitions": [partition(i) for i in (0, 1)]}],
        }

    def some_id(self):
        return self.rng.choice(sorted(self.transactional) or IDS)

    def base_AddPartitionsToTxn(self):
        parts = self.rng.sample([("~a", 0), ("~b", 0), ("~b", 1), ("~b", 2)], self.rng.randint(1, 3))
        return self.add_body(self.some_id(), parts)

    def base_AddOffsetsToTxn(self):
        return self.add_offsets_body(self.some_id())

    def base_TxnOffsetCommit(self):
        return self.txn_commit_body(self.some_id())

    def base_EndTxn(self):
        return {**self.named(self.some_id()), "committed": self.rng.random() < 0.5}

    def base_WriteTxnMarkers(self):
        rng = self.rng
        named = self.named(self.some_id())
        named.pop("transactional_id")
        topics = [{"name": name, "partition_indexes": self.some_partitions(name)} for name in self.some_topics()]
        return {"markers": [{
            **named, "transaction_result": rng.random() < 0.5, "topics": topics, "coordinator_epoch": rng.choice([0, 0, 1, 100]),
            "transaction_version": rng.choice([0, 1, 2]),
        }]}

    def base_DescribeTransactions(self):
        return {"transactional_ids": [self.pool_transactional_id() or "~t1" for _ in range(self.rng.randint(1, 3))]}

    def base_ListTransactions(self):
        rng = self.rng
        return {
            "state_filters": [rng.choice(STATES)] if rng.random() < 0.5 else [],
            "producer_id_filters": [self.pool_producer_id()] if rng.random() < 0.3 else [],
            "duration_filter": self.pool_duration_filter(), "transactional_id_pattern": self.pool_transactional_id_pattern(),
        }

    # Values

    def pool_transactional_id(self):
        return self.rng.choice([*IDS, *IDS, "~tx", "", None])

    def pool_v3_and_below_transactional_id(self):
        return self.pool_transactional_id()

    def pool_transactional_ids(self):
        return self.pool_transactional_id()

    def pool_v3_and_below_producer_id(self):
        return self.pool_producer_id()

    def pool_producer_id_filters(self):
        return self.pool_producer_id()

    def pool_state_filters(self):
        return self.rng.choice(STATES)

    def pool_duration_filter(self):
        return self.rng.choice([-1, -1, 1, HOUR])

    def pool_transactional_id_pattern(self):
        return self.rng.choice([None, None, "~t.*", "~t1", "t1", "", "(", ".*"])

    def pool_transaction_timeout_ms(self):
        return self.rng.choice([600000, 60000, 0, -1, 900000, 900001, INT32_MAX])

    def pool_producer_epoch(self):
        return self.rng.choice([-1, 0, 1, 2, 32767, -2])

    def pool_coordinator_epoch(self):
        return self.rng.choice([0, 1, -1, 100])

    def pool_transaction_version(self):
        return self.rng.choice([0, 1, 2, 3, -1])


def merged(data):
    """The partitions of one topic together."""
    topics = {}
    for topic in data:
        known = topics.setdefault(topic["name"], {**topic, "partition_data": []})
        known["partition_data"] += topic["partition_data"]
    return list(topics.values())
