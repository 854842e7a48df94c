"""Sequences of requests, drawn from a seed: first a state is built, then every API is asked in it, rightly and wrongly.

A request begins as a sensible one (`base_NAME`); then up to three of its fields get values from the pool of their kind,
and its arrays lose, repeat and gain elements. `~x` and the dictionaries with "$" are references, see side.py.
"""

import copy

from messages import UNKNOWN_TAGS, apis, within
from side import NO_ID, UNKNOWN_ID
from transactions import TRANSACTIONAL, Transactions

INT32_MAX, INT64_MAX = 2**31 - 1, 2**63 - 1
HOUR, DAY = 3_600_000, 86_400_000
CONSUMER, TOPIC, GROUP_CONFIG, BROKER_CONFIG, LOGGER_CONFIG = 0, 2, 32, 4, 8
# No answer of theirs says that something was changed.
READING = {
    "ListOffsets", "OffsetForLeaderEpoch", "DescribeGroups", "ListGroups", "DescribeConfigs", "DescribeCluster", "OffsetFetch",
    "DescribeLogDirs", "DescribeProducers", "DescribeTopicPartitions", "ApiVersions", "FindCoordinator", "ListConfigResources",
    "ListPartitionReassignments", "DescribeAcls", "SaslHandshake", "SaslAuthenticate", "Heartbeat", "DescribeTransactions", "ListTransactions",
}
WRONG_NAMES = [
    "~nope", "", None, ".", "..", "no good", "na\u00efve", "a/b", "~A", {"$name": 249}, {"$name": 250}, {"$name": 300},
    "__consumer_offsets", "__transaction_state", "~gone",
]
TOPIC_CONFIGS = {
    "cleanup.policy": ["delete", "compact", "compact,delete", "delete,compact", "", "none", "compact,compact"],
    "retention.ms": ["604800000", "-1", "-2", "0", "1000000000", "x", "", "9223372036854775807", "9223372036854775808"],
    "retention.bytes": ["-1", "1000000000", "-2", "1.5"],
    "segment.bytes": ["1073741824", "1048576", "13", "14", "0", "-1", "2147483648", " 1048576 "],
    "segment.ms": ["604800000", "1", "0", "-1"],
    "max.message.bytes": ["1048588", "2000", "0", "-1", "2147483647", "3000000000"],
    "min.insync.replicas": ["1", "2", "0", "-1"],
    "compression.type": ["producer", "gzip", "uncompressed", "zstd", "lz4", "snappy", "none", "GZIP", "brotli"],
    "message.timestamp.type": ["CreateTime", "LogAppendTime", "createtime", "NoTime"],
    "message.timestamp.after.max.ms": ["3600000", "9223372036854775807", "-1"],
    "message.timestamp.before.max.ms": ["9223372036854775807", "0", "-1"],
    "delete.retention.ms": ["86400000", "0", "-1"],
    "min.compaction.lag.ms": ["0", "1000", "-1"],
    "max.compaction.lag.ms": ["9223372036854775807", "1", "0"],
    "min.cleanable.dirty.ratio": ["0.5", "0", "1", "1.1", "-0.1", "half"],
    "unclean.leader.election.enable": ["false", "true", "yes", "", "FALSE"],
    "preallocate": ["false", "true"],
    "flush.messages": ["9223372036854775807", "1", "0"],
    "flush.ms": ["9223372036854775807", "0", "-1"],
    "file.delete.delay.ms": ["60000", "0", "-1"],
    "index.interval.bytes": ["4096", "0", "-1"],
    # Kafka takes 4, and does not start again with it.
    "segment.index.bytes": ["10485760", "3"],
    "segment.jitter.ms": ["0", "-1"],
    "local.retention.ms": ["-2", "-1", "1000", "-3"],
    "local.retention.bytes": ["-2", "-1", "1000"],
    "remote.storage.enable": ["false", "true"],
    "follower.replication.throttled.replicas": ["", "*", "0:1", "nonsense"],
    "leader.replication.throttled.replicas": ["", "*", "1:1,2:1"],
    "message.format.version": ["3.0"],
    "no.such.key": ["1"],
    "": ["1"],
}
GROUPS = ("g-simple", "g-stable", "g-pair", "g-left", "g-joining", "g-static", "g-none")


class Maker(Transactions):
    """A sequence in the making."""

    def __init__(self, rng, versions):
        self.rng = rng
        # API name -> the versions that both brokers serve.
        self.versions = versions
        self.steps = []
        self.n = 0
        # Member name -> the group, the number of the step whose answer has its id, and its generation.
        self.members = {}
        # Numbers of the steps of InitProducerId.
        self.producers = []
        self.sessions = []
        self.topics = {}
        self.begin_transactions()

    # Steps

    def step(self, api, body, version=None, **more):
        if version is None:
            version = self.rng.choice(self.versions[api])
        self.n += 1
        self.steps.append({"n": self.n, "api": api, "v": version, "body": self.pruned(api, version, body), **more})
        return self.n

    def receive(self, connection):
        self.n += 1
        self.steps.append({"n": self.n, "receive": connection})

    def restart(self):
        self.n += 1
        self.steps.append({"n": self.n, "restart": True})

    def pruned(self, api, version, body):
        """Without the fields that this version does not have."""

        def prune(fields, values):
            if not isinstance(values, dict) or any(k.startswith("$") for k in values):
                return values
            out = {}
            for field in fields:
                if field.name not in values or not within(version, field.versions):
                    continue
                value = values[field.name]
                if field.fields is not None and isinstance(value, list):
                    value = [prune(field.fields, v) for v in value]
                elif field.fields is not None:
                    value = prune(field.fields, value)
                out[field.name] = copy.deepcopy(value)
            if UNKNOWN_TAGS in values:
                out[UNKNOWN_TAGS] = values[UNKNOWN_TAGS]
            unknown = set(values) - {f.name for f in fields} - {UNKNOWN_TAGS}
            assert not unknown, f"{api} has no {unknown}"
            return out

        return prune(apis()[api].request.fields, body)

    # State

    def build(self):
        rng = self.rng
        self.create_topics()
        for _ in range(rng.randint(1, 3)):
            self.produce_something()
        if rng.random() < 0.7:
            self.init_producer()
        for group in GROUPS[:-1]:
            if rng.random() < 0.4:
                getattr(self, "build_" + group.replace("-", "_"))()
        self.build_transactions()
        if rng.random() < 0.3:
            topics = [{"name": "~a", "partitions": [{"partition_index": 0, "offset": rng.choice([1, 2, -1])}]}]
            self.step("DeleteRecords", {"topics": topics, "timeout_ms": 5000})
        if rng.random() < 0.3:
            self.step("IncrementalAlterConfigs", self.base_IncrementalAlterConfigs())

    def create_topics(self):
        rng = self.rng
        stamp = rng.choice(["CreateTime", "CreateTime", "LogAppendTime"])
        self.topics = {"~a": 1, "~b": 3, "~c": 1, "~gone": 1}
        topics = [
            {"name": "~a", "num_partitions": 1, "replication_factor": 1,
             "configs": [{"name": "message.timestamp.type", "value": stamp}]},
            {"name": "~b", "num_partitions": 3, "replication_factor": rng.choice([1, 1, -1])},
            {"name": "~c", "num_partitions": 1, "replication_factor": 1,
             "configs": [{"name": "cleanup.policy", "value": "compact"}, {"name": "max.message.bytes", "value": "2000"}]},
            {"name": "~gone", "num_partitions": 1, "replication_factor": 1},
        ]
        least = 4 if topics[1]["replication_factor"] < 0 else 2
        self.step("CreateTopics", {"topics": topics, "timeout_ms": 20000}, rng.choice([v for v in self.versions["CreateTopics"] if v >= least]))
        gone = {"topics": [{"name": "~gone", "topic_id": NO_ID}], "topic_names": ["~gone"], "timeout_ms": 20000}
        if rng.random() < 0.7:
            self.step("DeleteTopics", gone)
            if rng.random() < 0.3:
                self.step("CreateTopics", {"topics": topics[3:], "timeout_ms": 20000})

    def records(self, count=None):
        rng = self.rng
        count = count or rng.randint(1, 4)
        return [[rng.choice(["k1", "k2", ""]), rng.choice(["v", "w" * 100, None, ""])] for _ in range(count)]

    def produce_something(self):
        rng = self.rng
        data = []
        for name, count in (("~a", 1), ("~b", 3), ("~c", 1)):
            parts = [i for i in range(count) if rng.random() < 0.6]
            if parts:
                data.append({"name": name, "topic_id": {"$topic_id": name}, "partition_data": [
                    {"index": i, "records": {"$batches": [
                        {"records": self.records(), "codec": rng.choice(["none", "none", "gzip"]), "time": rng.randint(0, 5) * 1000}
                    ]}} for i in parts]})
        if data:
            self.step("Produce", {"acks": rng.choice([-1, 1]), "timeout_ms": 5000, "topic_data": data})

    def init_producer(self):
        n = self.step("InitProducerId", {"transactional_id": None, "transaction_timeout_ms": 60000, "producer_id": -1, "producer_epoch": -1})
        self.producers.append(n)
        for sequence in range(0, self.rng.randint(1, 4) * 2, 2):
            self.idempotent(n, sequence)

    def idempotent(self, producer, sequence, epoch=None):
        spec = {
            "records": [["k", "v"], ["k", "w"]], "producer_id": {"$answer": [producer, "producer_id"], "or": 4000000001},
            "producer_epoch": 0 if epoch is None else epoch, "base_sequence": sequence,
        }
        partition = {"index": 2, "records": {"$batches": [spec]}}
        self.step("Produce", {"acks": -1, "timeout_ms": 5000, "topic_data": [
            {"name": "~b", "topic_id": {"$topic_id": "~b"}, "partition_data": [partition]}]})

    # Groups

    def join(self, group, member, instance=None, again=False, protocols=None, **more):
        """One JoinGroup; a new member of version 4 and later is told its id and asks again."""
        rng = self.rng
        version = rng.choice([v for v in self.versions["JoinGroup"] if instance is None or v >= 5])
        body = {
            "group_id": f"~{group}", "session_timeout_ms": 600000, "rebalance_timeout_ms": 2000, "member_id": "",
            "group_instance_id": instance, "protocol_type": "consumer",
            "protocols": protocols or [{"name": "range", "metadata": {"$hex": "0001"}}, {"name": "roundrobin", "metadata": {"$hex": "02"}}],
            "reason": None,
        }
        if again:
            body["member_id"] = self.member_id(member)
        elif version >= 4 and instance is None:
            n = self.step("JoinGroup", body, version, conn=member)
            self.members[member] = [group, n, 1]
            body["member_id"] = self.member_id(member)
        n = self.step("JoinGroup", body, version, conn=member, **more)
        self.members.setdefault(member, [group, n, 1])[1] = n
        return n

    def member_id(self, member):
        return {"$answer": [self.members[member][1], "member_id"], "or": ""}

    def generation(self, member):
        return {"$answer": [self.members[member][1], "generation_id"], "or": -1}

    def sync(self, group, member, assigned, instance=None, **more):
        assignments = [{"member_id": self.member_id(m), "assignment": {"$hex": f"{i:02x}{i:02x}"}} for i, m in enumerate(assigned)]
        self.step("SyncGroup", {
            "group_id": f"~{group}", "generation_id": self.generation(member), "member_id": self.member_id(member),
            "group_instance_id": instance, "protocol_type": "consumer", "protocol_name": "range", "assignments": assignments,
        }, conn=member, **more)

    def commit(self, group, member=None, version=None):
        self.step("OffsetCommit", self.commit_body(group, member), version)

    def commit_body(self, group, member=None):
        rng = self.rng

        def partition(index):
            return {
                "partition_index": index, "committed_offset": rng.choice([0, 1, 5, 1000]), "committed_leader_epoch": rng.choice([-1, {"$epoch": ["~b", index]}]),
                "committed_metadata": rng.choice(["", "m", None]),
            }

        return {
            "group_id": f"~{group}", "generation_id_or_member_epoch": self.generation(member) if member else -1,
            "member_id": self.member_id(member) if member else "", "group_instance_id": None, "retention_time_ms": -1,
            "topics": [{"name": "~b", "topic_id": {"$topic_id": "~b"}, "partitions": [partition(i) for i in (0, 1)]}],
        }

    def build_g_simple(self):
        self.commit("g-simple")

    def build_g_stable(self):
        self.join("g-stable", "m1")
        self.sync("g-stable", "m1", ["m1"])
        self.commit("g-stable", "m1")

    def build_g_pair(self):
        self.join("g-pair", "p1")
        self.sync("g-pair", "p1", ["p1"])
        self.join("g-pair", "p2", later=True)
        self.join("g-pair", "p1", again=True)
        self.receive("p2")
        self.sync("g-pair", "p2", [], later=True)
        self.sync("g-pair", "p1", ["p1", "p2"])
        self.receive("p2")

    def build_g_left(self):
        self.join("g-left", "l1")
        self.sync("g-left", "l1", ["l1"])
        self.commit("g-left", "l1")
        self.step("LeaveGroup", self.leave_body("g-left", "l1"))

    def build_g_joining(self):
        """Left before its leader assigns."""
        self.join("g-joining", "j1")

    def build_g_static(self):
        self.join("g-static", "s1", instance="~i1")
        self.sync("g-static", "s1", ["s1"])

    def leave_body(self, group, member):
        return {
            "group_id": f"~{group}", "member_id": self.member_id(member),
            "members": [{"member_id": self.member_id(member), "group_instance_id": None, "reason": None}],
        }

    # Requests

    def ask(self, api, version):
        """One request of this API in this version; a third of them are as they should be."""
        body = self.pruned(api, version, getattr(self, "base_" + api)())
        wrong = self.rng.choice([0, 1, 1, 2, 3, 0])
        for _ in range(wrong):
            self.spoil(api, version, body)
        self.make_safe(api, version, body)
        if self.rng.random() < 0.05 and apis()[api].request.is_flexible(version):
            body[UNKNOWN_TAGS] = {"100": {"$hex": "00"}}
        n = self.step(api, body, version)
        if api == "InitProducerId":
            self.producers.append(n)
            if body.get("transactional_id") in self.transactional:
                self.took_producer(body["transactional_id"], n)
        elif api == "EndTxn" and version >= 5 and body.get("transactional_id") in self.transactional:
            self.took_producer(body["transactional_id"], n)
        elif api == "Fetch" and version >= 7:
            self.sessions.append(n)
        return n

    def twins(self, api, version):
        """One request in two versions."""
        body = getattr(self, "base_" + api)()
        self.make_safe(api, version, body)
        for v in (version, self.rng.choice(self.versions[api])):
            self.step(api, body, v)

    def spoil(self, api, version, body):
        slots = []

        def walk(fields, values, depth):
            for field in fields:
                if not within(version, field.versions):
                    continue
                slots.append((values, field))
                value = values.get(field.name)
                if field.fields is not None:
                    for element in value if isinstance(value, list) else [value]:
                        if isinstance(element, dict):
                            walk(field.fields, element, depth + 1)

        walk(apis()[api].request.fields, body, 0)
        if not slots:
            return
        values, field = self.rng.choice(slots)
        if field.array:
            values[field.name] = self.spoiled_array(field, values.get(field.name))
        elif field.fields is not None:
            values[field.name] = None if within(version, field.nullable) else {}
        else:
            values[field.name] = self.pool(api, field)

    def spoiled_array(self, field, value):
        rng = self.rng
        value = list(value) if isinstance(value, list) else []
        choice = rng.random()
        if choice < 0.15 or not value:
            if rng.random() < 0.5 or field.fields is not None:
                return rng.choice([[], [], None])
            return [self.pool("", field)]
        if choice < 0.3:
            return []
        if choice < 0.35:
            return None
        if choice < 0.6:
            value.append(copy.deepcopy(rng.choice(value)))
        elif choice < 0.7:
            value.pop(rng.randrange(len(value)))
        elif field.fields is None:
            value[rng.randrange(len(value))] = self.pool("", field)
        else:
            twin = copy.deepcopy(rng.choice(value))
            plain = [f for f in field.fields if f.name in twin and f.fields is None and not f.array]
            if plain:
                changed = rng.choice(plain)
                twin[changed.name] = self.pool("", changed)
            value.append(twin)
        return value

    def pool(self, api, field):
        """A value for one field: sensible, at a bound, or wrong."""
        rng, name = self.rng, field.name
        function = getattr(self, "pool_" + name, None)
        if function is not None:
            return function()
        if name.endswith("_epoch"):
            return rng.choice([-1, -2, {"$epoch": ["~b", 0]}, {"$epoch": ["~b", 0], "at": -2}, {"$epoch": ["~b", 0], "plus": 1}, 1000, INT32_MAX]) \
                if field.element == "int32" else rng.choice([-1, 0, 1, 32767, -2])
        if name in ("topic", "topic_name") or field.entity == "topicName":
            return self.topic_name()
        if field.entity == "groupId":
            return self.group_name()
        if field.entity == "brokerId":
            return rng.choice([-1, 0, 1, 2, 99, -2])
        if field.element == "bool":
            return rng.random() < 0.5
        if name in ("partition_index", "partition", "partitions", "partition_indexes", "index"):
            return rng.choice([-1, 0, 1, 2, 3, 7, 100000, INT32_MAX, -(2**31)])
        if name.endswith("offset"):
            return rng.choice([-2, -1, 0, 1, 2, 5, 100, INT64_MAX, -(2**63)])
        if field.element in ("int8", "int16", "int32", "int64"):
            top = 2 ** {"int8": 7, "int16": 15, "int32": 31, "int64": 63}[field.element] - 1
            return rng.choice([-2, -1, 0, 1, 2, 3, 4, 7, 12, 100, top, -top - 1])
        if field.element == "uuid":
            return self.pool_topic_id()
        if field.element == "string":
            return rng.choice(["", None, "~x", "x" * 300, "*", "na\u00efve"])
        return rng.choice([{"$hex": ""}, {"$hex": "00"}, {"$hex": "ff" * 40}])

    def topic_name(self):
        return self.rng.choice(WRONG_NAMES) if self.rng.random() < 0.6 else self.rng.choice(["~a", "~b", "~c"])

    def group_name(self):
        return self.rng.choice([*(f"~{g}" for g in GROUPS), "", None, "~unknown", {"$name": 300}, "~ "])

    def pool_name(self):
        return self.topic_name()

    def pool_topic_id(self):
        return self.rng.choice([NO_ID, UNKNOWN_ID, {"$topic_id": "~a"}, {"$topic_id": "~b"}, {"$topic_id": "~gone"}])

    def pool_key(self):
        return self.group_name()

    def pool_coordinator_keys(self):
        return self.group_name()

    def pool_member_id(self):
        known = [self.member_id(m) for m in self.members]
        return self.rng.choice(["", "nobody", None, *known])

    def pool_group_instance_id(self):
        return self.rng.choice([None, "", "~i1", "~i9"])

    def pool_generation_id(self):
        return self.rng.choice([-1, -2, 0, 1, 2, 3, INT32_MAX])

    def pool_generation_id_or_member_epoch(self):
        return self.pool_generation_id()

    def pool_session_timeout_ms(self):
        return self.rng.choice([5999, 0, -1, 1800001, INT32_MAX, 1800000, 600000])

    def pool_rebalance_timeout_ms(self):
        return self.rng.choice([-1, 0, 300, 1000])

    def pool_max_wait_ms(self):
        return self.rng.choice([0, 0, 1, 50, -1, -(2**31)])

    def pool_timeout_ms(self):
        return self.rng.choice([5000, 1000, 60000, INT32_MAX])

    def pool_acks(self):
        return self.rng.choice([-1, 0, 1, 2, -2])

    def pool_timestamp(self):
        return self.rng.choice([-1, -2, -3, -4, -5, -6, -7, 0, {"$time": 0}, {"$time": 1000}, {"$time": 3001}, {"$time": 10 * DAY}, INT64_MAX])

    def pool_isolation_level(self):
        # Of another one Kafka makes an internal error.
        return self.rng.choice([0, 1])

    def pool_max_bytes(self):
        # Of a negative one Kafka makes an internal error.
        return self.rng.choice([0, 1, 100, 1 << 20, INT32_MAX])

    def pool_partition_max_bytes(self):
        return self.pool_max_bytes()

    def pool_num_partitions(self):
        return self.rng.choice([-1, 0, 1, 2, 5, -2, 20000, INT32_MAX])

    def pool_count(self):
        return self.rng.choice([-1, 0, 1, 2, 3, 4, 5, 20000, INT32_MAX])

    def pool_replication_factor(self):
        return self.rng.choice([-1, 0, 1, 2, 3, -2, 32767])

    def pool_resource_type(self):
        return self.rng.choice([0, 1, 2, 2, 3, 4, 5, 7, 8, 16, 32, 127, -1])

    def pool_resource_name(self):
        return self.rng.choice(["~a", "~nope", "", "1", "2", "x", "~g-simple", "bad name", "*", None])

    def pool_producer_id(self):
        return self.rng.choice([-1, -2, 4000000001, INT64_MAX, self.producer()])

    def pool_client_software_name(self):
        return self.rng.choice(["", "ok", "-a", "a b", "a.b-c", "x" * 300, "na\u00efve"])

    def pool_client_software_version(self):
        return self.pool_client_software_name()

    def pool_cluster_id(self):
        return self.rng.choice([None, "", "another", {"$cluster_id": 1}])

    def pool_node_id(self):
        return self.rng.choice([-1, 0, 1, 2])

    def pool_committed_metadata(self):
        return self.rng.choice([None, "", "x", "x" * 4096, "x" * 4097, "\u00e9" * 2049])

    def pool_value(self):
        return self.rng.choice([None, "", "0", "-1", "x", "true", "1048576", "compact", "x" * 3000])

    def pool_records(self):
        return self.rng.choice([None, {"$hex": ""}, {"$hex": "00"}, self.batches(), self.batches(), self.batches()])

    def pool_config_operation(self):
        return self.rng.choice([0, 1, 2, 3, 4, -1])

    def pool_states_filter(self):
        return self.rng.choice(["Stable", "stable", "Empty", "PreparingRebalance", "CompletingRebalance", "Dead", "Unknown", "nonsense", ""])

    def pool_types_filter(self):
        return self.rng.choice(["classic", "Classic", "consumer", "share", "streams", "unknown", "nonsense", ""])

    def pool_resource_types(self):
        return self.pool_resource_type()

    def pool_configuration_keys(self):
        return self.rng.choice([*TOPIC_CONFIGS])

    def pool_protocol_type(self):
        return self.rng.choice(["consumer", "connect", "", None, "x"])

    def pool_protocol_name(self):
        return self.rng.choice(["range", "roundrobin", "", None, "x"])

    def pool_mechanism(self):
        return self.rng.choice(["PLAIN", "SCRAM-SHA-256", "", "nonsense"])

    def pool_response_partition_limit(self):
        return self.rng.choice([2000, 1, 2, 3, 0, -1, INT32_MAX, 2001])

    # Never to be spoiled so that what other sequences share would change.

    def make_safe(self, api, version, body):
        if api in ("AlterConfigs", "IncrementalAlterConfigs"):
            for resource in body.get("resources") or []:
                if resource.get("resource_type") != TOPIC:
                    body["validate_only"] = True
        if api == "Metadata":
            for topic in body.get("topics") or []:
                if str(topic.get("name")).startswith("__"):
                    if version < 4:
                        topic["name"] = "~nope"
                    else:
                        body["allow_auto_topic_creation"] = False
        if api == "CreateTopics":
            for topic in body.get("topics") or []:
                if topic.get("name") == "__transaction_state":
                    topic["name"] = "~nope"
        if api == "Fetch":
            body.setdefault("max_wait_ms", 0)
        if api == "Produce":
            self.without_half_refused(body)
        names = [t.get("name") for t in body.get("topics") or [] if isinstance(t, dict)] + list(body.get("topic_names") or [])
        if api == "DeleteTopics" and any(isinstance(n, str) and n.startswith("__") for n in names):
            for topic in body.get("topics") or []:
                if isinstance(topic.get("name"), str) and topic["name"].startswith("__"):
                    topic["name"] = "~nope"
            if "topic_names" in body:
                body["topic_names"] = ["~nope" if isinstance(n, str) and n.startswith("__") else n for n in body["topic_names"]]
        if api == "CreatePartitions":
            for topic in body.get("topics") or []:
                if isinstance(topic.get("name"), str) and topic["name"].startswith("__"):
                    topic["name"] = "~nope"

    def without_half_refused(self, body):
        """Of a partition that is named twice, once without a batch, Kafka says that it is refused, and writes the other."""
        for topic in body.get("topic_data") or []:
            data = topic.get("partition_data") or []
            indexes = [one.get("index") for one in data]
            if len(set(indexes)) < len(indexes) and any("$batches" not in (one.get("records") or {}) for one in data):
                topic["partition_data"] = data[:1]

    # Sensible requests

    def some_topics(self):
        return [name for name in ("~a", "~b", "~c") if self.rng.random() < 0.6] or ["~b"]

    def some_partitions(self, topic):
        count = self.topics.get(topic, 1)
        return [i for i in range(count) if self.rng.random() < 0.7] or [0]

    def some_group(self):
        return "~" + self.rng.choice(GROUPS)

    def some_member(self, group=None):
        members = [m for m, (g, _, _) in self.members.items() if group is None or f"~{g}" == group]
        return self.rng.choice(members) if members else None

    def producer(self):
        return {"$answer": [self.rng.choice(self.producers), "producer_id"], "or": 4000000001} if self.producers else 4000000001

    def configs(self, more=None):
        rng = self.rng
        names = rng.sample(sorted(TOPIC_CONFIGS), rng.randint(1, 2))
        out = []
        for name in names:
            values = TOPIC_CONFIGS[name]
            value = values[0] if rng.random() < 0.4 else rng.choice(values)
            out.append({"name": name, "value": value, **(more() if more else {})})
        return out

    def batches(self):
        rng = self.rng
        spec = {"records": self.records(), "codec": rng.choice(["none", "none", "gzip"]), "time": rng.choice([0, 1000, 5000])}
        choice = rng.random()
        if choice < 0.35:
            spec["wrong"] = rng.choice(WRONG_BATCHES)
        elif choice < 0.5:
            spec.update(producer_id=self.producer(), producer_epoch=rng.choice([0, 0, 1, -1]), base_sequence=rng.choice([0, 2, 4, 100, -1, INT32_MAX]))
        elif choice < 0.55:
            spec["codec"] = rng.choice(["snappy", "lz4", "zstd"])
        elif choice < 0.6:
            spec["records"] = [["k", "x" * rng.choice([1900, 1_048_400, 1_100_000])]]
        elif choice < 0.65:
            spec["time"] = rng.choice([10 * DAY, -10 * DAY, HOUR])
        elif choice < 0.7:
            spec["attributes"] = rng.choice([1 << 3, TRANSACTIONAL, 1 << 5, 1 << 6, 1 << 7])
        elif choice < 0.75:
            spec["records"] = [[None, "v"]]
        return {"$batches": [spec, copy.deepcopy(spec)] if rng.random() < 0.07 else [spec]}

    def base_Produce(self):
        if self.transactional and self.rng.random() < 0.3:
            parts = self.rng.sample([("~a", 0), ("~b", 0), ("~b", 1)], self.rng.randint(1, 2))
            return self.transactional_produce(self.some_id(), parts)
        data = [
            {"name": name, "topic_id": {"$topic_id": name}, "partition_data": [
                {"index": i, "records": self.batches()} for i in self.some_partitions(name)]}
            for name in self.some_topics()
        ]
        return {"transactional_id": None, "acks": self.rng.choice([-1, -1, 1]), "timeout_ms": 5000, "topic_data": data}

    def base_Fetch(self):
        rng = self.rng
        session = rng.random() < 0.5
        known = session and self.sessions and rng.random() < 0.6
        topics = [
            {"topic": name, "topic_id": {"$topic_id": name}, "partitions": [
                {"partition": i, "current_leader_epoch": rng.choice([-1, -1, {"$epoch": [name, i]}]), "fetch_offset": rng.choice([0, 0, 1, 2, 3]),
                 "last_fetched_epoch": -1, "log_start_offset": -1, "partition_max_bytes": rng.choice([1 << 20, 1 << 20, 1])}
                for i in self.some_partitions(name)]}
            for name in self.some_topics()
        ]
        return {
            "replica_id": -1, "max_wait_ms": 0, "min_bytes": rng.choice([0, 1]), "max_bytes": rng.choice([1 << 25, 1 << 25, 1]),
            "isolation_level": rng.choice([0, 1]),
            "session_id": {"$answer": [rng.choice(self.sessions), "session_id"], "or": 0} if known else 0,
            "session_epoch": rng.choice([1, 1, 2, 3]) if known else 0 if session else -1,
            "topics": topics, "forgotten_topics_data": [], "rack_id": "",
        }

    def base_ListOffsets(self):
        rng = self.rng
        return {"replica_id": -1, "isolation_level": rng.choice([0, 1]), "topics": [
            {"name": name, "partitions": [
                {"partition_index": i, "current_leader_epoch": rng.choice([-1, {"$epoch": [name, i]}]), "timestamp": self.pool_timestamp()}
                for i in self.some_partitions(name)]}
            for name in self.some_topics()], "timeout_ms": 5000}

    def base_Metadata(self):
        rng = self.rng
        by_id = rng.random() < 0.4
        topics = [{"topic_id": {"$topic_id": name} if by_id else NO_ID, "name": None if by_id else name} for name in self.some_topics()]
        body = {
            "topics": topics, "allow_auto_topic_creation": rng.random() < 0.3, "include_cluster_authorized_operations": rng.random() < 0.2,
            "include_topic_authorized_operations": rng.random() < 0.2,
        }
        if rng.random() < 0.1:
            body["topics"] = rng.choice([None, []])
        return body

    def base_OffsetCommit(self):
        group = self.some_group()
        return self.commit_body(group[1:], self.some_member(group))

    def base_OffsetFetch(self):
        rng = self.rng

        def topics():
            if rng.random() < 0.3:
                return None
            return [{"name": t, "topic_id": {"$topic_id": t}, "partition_indexes": self.some_partitions(t)} for t in self.some_topics()]

        groups = [{"group_id": self.some_group(), "member_id": None, "member_epoch": -1, "topics": topics()} for _ in range(rng.randint(1, 2))]
        one = topics()
        if one is not None:
            for topic in one:
                topic.pop("topic_id")
        return {"group_id": groups[0]["group_id"], "topics": one, "groups": groups, "require_stable": rng.random() < 0.3}

    def base_FindCoordinator(self):
        keys = [self.some_group() for _ in range(self.rng.randint(1, 2))]
        if self.rng.random() < 0.3:
            keys = [self.some_id()]
            return {"key": keys[0], "key_type": 1, "coordinator_keys": keys}
        return {"key": keys[0], "key_type": 0, "coordinator_keys": keys}

    def base_JoinGroup(self):
        rng = self.rng
        group = rng.choice(["~g-none", "~g-stable", "~g-left", "~g-static"])
        member = self.some_member(group)
        return {
            "group_id": group, "session_timeout_ms": 600000, "rebalance_timeout_ms": 300, "member_id": self.member_id(member) if member and rng.random() < 0.7 else "",
            "group_instance_id": "~i1" if group == "~g-static" else None, "protocol_type": "consumer",
            "protocols": [{"name": rng.choice(["range", "range", "x"]), "metadata": {"$hex": "0001"}}], "reason": rng.choice([None, "because"]),
        }

    def base_Heartbeat(self):
        group = self.some_group()
        member = self.some_member(group)
        return {
            "group_id": group, "generation_id": self.generation(member) if member else 1, "member_id": self.member_id(member) if member else "nobody",
            "group_instance_id": None,
        }

    def base_LeaveGroup(self):
        group = self.some_group()
        member = self.some_member(group)
        if member:
            return self.leave_body(group[1:], member)
        return {"group_id": group, "member_id": "nobody", "members": [{"member_id": "nobody", "group_instance_id": None, "reason": "x"}]}

    def base_SyncGroup(self):
        body = self.base_Heartbeat()
        body.update(protocol_type="consumer", protocol_name="range", assignments=[{"member_id": body["member_id"], "assignment": {"$hex": "0102"}}])
        return body

    def base_DescribeGroups(self):
        return {"groups": [self.some_group() for _ in range(self.rng.randint(1, 3))], "include_authorized_operations": self.rng.random() < 0.2}

    def base_ListGroups(self):
        rng = self.rng
        return {
            "states_filter": [self.pool_states_filter()] if rng.random() < 0.5 else [],
            "types_filter": [self.pool_types_filter()] if rng.random() < 0.4 else [],
        }

    def base_DeleteGroups(self):
        return {"groups_names": [self.some_group() for _ in range(self.rng.randint(1, 2))]}

    def base_OffsetDelete(self):
        return {"group_id": self.some_group(), "topics": [
            {"name": t, "partitions": [{"partition_index": i} for i in self.some_partitions(t)]} for t in self.some_topics()]}

    def base_SaslHandshake(self):
        return {"mechanism": self.pool_mechanism()}

    def base_SaslAuthenticate(self):
        return {"auth_bytes": {"$hex": "0061006100"}}

    def base_ApiVersions(self):
        return {"client_software_name": "differential", "client_software_version": "1.0", "cluster_id": None, "node_id": -1}

    def base_CreateTopics(self):
        rng = self.rng

        def topic(name):
            out = {"name": name, "num_partitions": rng.choice([1, 2, -1]), "replication_factor": rng.choice([1, -1]), "assignments": [], "configs": []}
            if rng.random() < 0.2:
                out.update(num_partitions=-1, replication_factor=-1, assignments=[
                    {"partition_index": i, "broker_ids": [1]} for i in range(rng.randint(1, 2))])
            if rng.random() < 0.5:
                out["configs"] = self.configs()
            return out

        names = rng.sample(["~n1", "~n2", "~n3", "~a", "~n.1"], rng.randint(1, 2))
        return {"topics": [topic(name) for name in names], "timeout_ms": 20000, "validate_only": rng.random() < 0.3}

    def base_DeleteTopics(self):
        rng = self.rng
        names = rng.sample(["~n1", "~n2", "~c", "~nope"], rng.randint(1, 2))
        topics = [{"name": None, "topic_id": {"$topic_id": n}} if rng.random() < 0.5 else {"name": n, "topic_id": NO_ID} for n in names]
        return {"topics": topics, "topic_names": names, "timeout_ms": 20000}

    def base_DeleteRecords(self):
        return {"topics": [
            {"name": name, "partitions": [
                {"partition_index": i, "offset": self.rng.choice([0, 1, 2, -1])} for i in self.some_partitions(name)]}
            for name in self.some_topics()], "timeout_ms": 5000}

    def base_InitProducerId(self):
        name = self.some_id() if self.rng.random() < 0.5 else None
        return {"transactional_id": name, "transaction_timeout_ms": 60000, "producer_id": -1, "producer_epoch": -1}

    def base_OffsetForLeaderEpoch(self):
        rng = self.rng
        return {"replica_id": -1, "topics": [
            {"topic": name, "partitions": [
                {"partition": i, "current_leader_epoch": rng.choice([-1, {"$epoch": [name, i]}]),
                 "leader_epoch": rng.choice([{"$epoch": [name, i]}, {"$epoch": [name, i], "at": -2}, {"$epoch": [name, i], "at": -3}, 1000])}
                for i in self.some_partitions(name)]}
            for name in self.some_topics()]}

    def acl(self, suffix):
        rng = self.rng
        return {
            "resource_type" + suffix: rng.choice([2, 3]), "resource_name" + suffix: "~a", "operation": rng.choice([2, 3]), "permission_type": 3,
            ("pattern_type_filter" if suffix else "resource_pattern_type"): 3, "principal" + suffix: "User:x", "host" + suffix: "*",
        }

    def base_DescribeAcls(self):
        return self.acl("_filter")

    def base_CreateAcls(self):
        return {"creations": [self.acl("")]}

    def base_DeleteAcls(self):
        return {"filters": [self.acl("_filter")]}

    def base_DescribeConfigs(self):
        rng = self.rng
        kind, name = rng.choice([(TOPIC, "~a"), (TOPIC, "~c"), (TOPIC, "~a"), (BROKER_CONFIG, "1"), (GROUP_CONFIG, "~g-simple"), (BROKER_CONFIG, "")])
        return {
            "resources": [{"resource_type": kind, "resource_name": name, "configuration_keys": None if rng.random() < 0.5 else rng.sample(sorted(TOPIC_CONFIGS), 3)}],
            "include_synonyms": rng.random() < 0.4, "include_documentation": rng.random() < 0.1,
        }

    def base_AlterConfigs(self):
        return {"resources": [{"resource_type": TOPIC, "resource_name": self.rng.choice(["~a", "~b"]), "configs": self.configs()}], "validate_only": self.rng.random() < 0.2}

    def base_IncrementalAlterConfigs(self):
        configs = self.configs(lambda: {"config_operation": self.rng.choice([0, 0, 0, 1, 2, 3])})
        return {"resources": [{"resource_type": TOPIC, "resource_name": self.rng.choice(["~a", "~b"]), "configs": configs}], "validate_only": self.rng.random() < 0.2}

    def base_DescribeLogDirs(self):
        rng = self.rng
        if rng.random() < 0.2:
            return {"topics": None}
        return {"topics": [{"topic": name, "partitions": self.some_partitions(name)} for name in self.some_topics()]}

    def base_CreatePartitions(self):
        rng = self.rng
        name = rng.choice(["~a", "~b", "~c"])
        count = rng.choice([self.topics[name] + 1, self.topics[name] + 2, self.topics[name]])
        more = count - self.topics[name]
        assignments = [{"broker_ids": [1]} for _ in range(more)] if rng.random() < 0.3 else None
        return {"topics": [{"name": name, "count": count, "assignments": assignments}], "timeout_ms": 20000, "validate_only": rng.random() < 0.3}

    def base_ElectLeaders(self):
        return {"election_type": self.rng.choice([0, 1]), "topic_partitions": [
            {"topic": name, "partitions": self.some_partitions(name)} for name in self.some_topics()], "timeout_ms": 5000}

    def base_AlterPartitionReassignments(self):
        rng = self.rng
        return {"timeout_ms": 5000, "allow_replication_factor_change": rng.random() < 0.7, "topics": [
            {"name": name, "partitions": [{"partition_index": i, "replicas": rng.choice([[1], [1], None])} for i in self.some_partitions(name)]}
            for name in self.some_topics()]}

    def base_ListPartitionReassignments(self):
        topics = None if self.rng.random() < 0.3 else [{"name": n, "partition_indexes": self.some_partitions(n)} for n in self.some_topics()]
        return {"timeout_ms": 5000, "topics": topics}

    def base_DescribeCluster(self):
        rng = self.rng
        return {"include_cluster_authorized_operations": rng.random() < 0.3, "endpoint_type": rng.choice([1, 1, 1, 2]), "include_fenced_brokers": rng.random() < 0.3}

    def base_DescribeProducers(self):
        return {"topics": [{"name": "~b", "partition_indexes": [2]}, *(
            {"name": name, "partition_indexes": self.some_partitions(name)} for name in self.some_topics() if name != "~b")]}

    def base_DescribeTopicPartitions(self):
        rng = self.rng
        cursor = {"topic_name": rng.choice(["~a", "~b", "~c"]), "partition_index": rng.choice([0, 1, 2])} if rng.random() < 0.3 else None
        return {"topics": [{"name": n} for n in self.some_topics()], "response_partition_limit": rng.choice([2000, 2000, 1, 2]), "cursor": cursor}

    def base_ListConfigResources(self):
        return {"resource_types": [] if self.rng.random() < 0.5 else [self.pool_resource_type()]}


WRONG_BATCHES = ("checksum", "length", "count", "magic", "cut", "delta", "noise", "offset", "codec", "control", "time order", "empty")


def sequence(rng, versions, wanted, restarts):
    """Steps that build a state and then ask what is `wanted`, (API, version) pairs; with restarts among them."""
    made = Maker(rng, versions)
    made.build()
    parts = [wanted[i::restarts + 1] for i in range(restarts + 1)]
    for i, part in enumerate(parts):
        if i:
            made.restart()
            if rng.random() < 0.7:
                made.produce_something()
        for api, version in part:
            if rng.random() < 0.1:
                made.twins(api, version)
            else:
                made.ask(api, version)
    return made.steps
