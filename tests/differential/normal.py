"""Two brokers' answers made comparable, and compared field by field."""

import re
from dataclasses import dataclass

import batches
from error_names import error_name
from side import NO_ID, UNKNOWN_ID

# What names an element of an array; the array is compared by it and not by position.
IDENTITY = (
    "name", "topic", "topic_name", "topic_id", "group_id", "key", "resource_type", "resource_name", "partition_index", "partition",
    "partition_id", "index", "member_id", "node_id", "broker_id", "api_key", "producer_id", "batch_index",
)
BATCH = ("base_offset",)
# The order of these is promised.
ORDERED = {("Fetch", "responses"), ("Fetch", "partitions"), ("DescribeConfigs", "synonyms"), ("Fetch", "records")}
TOPIC_NAMES = ("name", "topic", "topic_name")
PARTITIONS = ("partition_index", "index", "partition", "partition_id")
EPOCHS = ("leader_epoch", "committed_leader_epoch", "epoch")
TIMES = ("log_append_time_ms", "timestamp", "transaction_start_time_ms", "last_timestamp", "first_time", "last_time")
SIZES = ("partition_size", "total_bytes", "usable_bytes", "finalized_features_epoch")
MESSAGES = ("error_message", "batch_index_error_message")
ERRORS = ("error_code", "partition_error_code", "topic_config_error_code")
# A member id ends with one that the broker drew.
UUID = re.compile(r"-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
LONG = re.compile("x{50,}")
# The group that sequences do not make beforehand.
NEW_GROUP = "~g-none"
OTHERS = re.compile(r"^s\d+-|^__transaction_state$")


@dataclass(frozen=True)
class Difference:
    api: str
    version: int
    path: str
    corelog: str
    kafka: str

    def kind(self):
        """What differences of one cause have in common."""
        values = (re.sub(r"\d{3,}|(?<![-\d])[02-9](?!\d)", "N", value)[:120] for value in (self.corelog, self.kafka))
        return self.api, re.sub(r"\[[^\]]*\]", "[]", self.path), *values

    def __str__(self):
        return f"{self.api} v{self.version} {self.path}: corelog {self.corelog}, kafka {self.kafka}"


class Normal:
    """Makes one side's answers comparable; what is unlike by nature becomes a symbol."""

    def __init__(self, sequence):
        self.sequence = sequence
        self.symbols = sequence.symbols

    def answer(self, api, body):
        return self.struct(api, body, (None, None))

    def symbol(self, kind, raw):
        known = self.symbols.setdefault(kind, {})
        return known.setdefault(raw, f"{kind} {len(known) + 1}")

    def struct(self, api, values, where):
        topic, partition = where
        for name in TOPIC_NAMES:
            if isinstance(values.get(name), str):
                topic = self.text(values[name])
        if values.get("topic_id", NO_ID) != NO_ID:
            topic = self.topic_of(values["topic_id"]) or topic
        for name in PARTITIONS:
            if isinstance(values.get(name), int):
                partition = values[name]
        out = {name: self.value(api, name, value, (topic, partition)) for name, value in values.items()}
        if out.get("aborted_transactions"):
            # Kafka tells of those up to the next entry of an index, which may be behind the records that it gives.
            end = max((batch["last_offset"] for batch in out["records"]), default=-1)
            out["aborted_transactions"] = [one for one in out["aborted_transactions"] if one["first_offset"] <= end]
        if str(out.get("topic_id")).startswith("topic id") and topic is not None:
            out["topic_id"] = f"id of {topic}"
        return out

    def value(self, api, name, value, where):
        if name == "records":
            return [self.struct(api, batch, where) for batch in batches.read(value or b"")]
        if isinstance(value, list):
            elements = [self.value(api, name, v, where) for v in value]
            if name in ("responses", "topics") and any("topic" in e or "topic_id" in e or "name" in e for e in elements if isinstance(e, dict)):
                elements = merged(elements)
            if (api, name) == ("ListGroups", "groups"):
                # A group whose first member has only been told to join again: Kafka lists it once its coordinator has written
                # something else, whenever that is.
                elements = [e for e in elements if (e["group_id"], e["protocol_type"]) != (NEW_GROUP, "")]
            return [e for e in elements if not self.is_of_others(e)]
        if isinstance(value, dict):
            return self.struct(api, value, where)
        if isinstance(value, bytes):
            return value.hex()
        if name in MESSAGES:
            return None if value is None else "a text"
        if name in ERRORS:
            return error_name(value)
        function = getattr(self, "field_" + name, None)
        if function is not None:
            return function(api, value)
        if name in EPOCHS:
            seen = self.sequence.epochs.get(where, [])
            return f"epoch {seen.index(value)}" if value in seen else value
        if name in TIMES:
            day = self.sequence.side.day_ms
            return "now" if value > day + 43_200_000 else f"day + {value - day}" if value > day - 43_200_000 else value
        if name in SIZES:
            return value if value < 0 else "a size"
        return self.text(value) if isinstance(value, str) else value

    def is_of_others(self, element):
        """Whether it is of another sequence: its text was not turned into "~"."""
        texts = element.values() if isinstance(element, dict) else [element]
        return any(isinstance(text, str) and OTHERS.match(text) for text in texts)

    def text(self, value):
        prefix = self.sequence.prefix
        value = "~" + value[len(prefix):] if value.startswith(prefix) else value
        return LONG.sub(lambda found: f"x*{len(found[0])}", value)

    def topic_of(self, raw):
        return next((name for name, ids in self.sequence.ids.items() if raw in ids), None)

    def field_topic_id(self, _, value):
        if value in (NO_ID, UNKNOWN_ID):
            return {NO_ID: "no id", UNKNOWN_ID: "unknown id"}[value]
        name = self.topic_of(value)
        return f"id {self.sequence.ids[name].index(value)} of {name}" if name else self.symbol("topic id", value)

    def field_throttle_time_ms(self, *_):
        return "a time"

    def field_member_id(self, _, value):
        found = UUID.search(value)
        return self.symbol("member", value) if found else self.text(value)

    def field_coordinator_epoch(self, _, value):
        return value if value < 0 else "an epoch"

    def field_leader(self, api, value):
        return self.field_member_id(api, value)

    def field_producer_id(self, api, value):
        known = self.symbols.get("producer", {})
        return self.symbol("producer", value) if value in known or (api == "InitProducerId" and value >= 0) else value

    def field_session_id(self, _, value):
        return self.symbol("session", value) if value else value

    def field_cluster_id(self, _, value):
        return "the cluster" if value == self.sequence.side.cluster_id else value

    def field_port(self, _, value):
        return "the port" if value == self.sequence.side.broker.port else value

    def field_log_dir(self, *_):
        return "the directory"


def merged(topics):
    """A topic that comes in several parts, as Fetch may give it, in one."""
    out = {}
    for number, topic in enumerate(topics):
        arrays = [name for name in ("partitions", "partition_responses") if isinstance(topic, dict) and name in topic]
        if not arrays or topic.get("error_code", "NONE") != "NONE":
            out[number] = topic
            continue
        key = tuple(topic.get(name) for name in ("topic_id", "topic", "name"))
        if key in out and len(topic) == len(arrays) + sum(name is not None for name in key):
            out[key][arrays[0]] = out[key][arrays[0]] + topic[arrays[0]]
        else:
            out[key if key not in out else number] = dict(topic)
    return list(out.values())


def show(value):
    text = "null" if value is None else str(value)
    return text if len(text) <= 300 else text[:300] + "..."


def compare(step, corelog, kafka):
    """The differences between two outcomes whose answers are normal."""
    api, version = step.get("api", "(receive)"), step.get("v", 0)
    found = []

    def differs(path, a, b):
        found.append(Difference(api, version, path, show(a), show(b)))

    def walk(path, name, a, b):
        if isinstance(a, dict) and isinstance(b, dict):
            for key in {**a, **b}:
                walk(f"{path}.{key}" if path else key, key, a.get(key, "(lacking)"), b.get(key, "(lacking)"))
        elif isinstance(a, list) and isinstance(b, list):
            labels_a, labels_b = labelled(a), labelled(b)
            if labels_a is None or labels_b is None:
                if a != b:
                    differs(path, a, b)
                return
            if name == "records" and cut(a, b):
                differs(f"{path}[end]", f"{len(a)} batches", f"{len(b)} batches")
                return
            if (api, name) in ORDERED and list(labels_a) != list(labels_b) and set(labels_a) == set(labels_b):
                differs(f"{path}[order]", list(labels_a), list(labels_b))
            for label in {**labels_a, **labels_b}:
                walk(f"{path}[{label}]", name, labels_a.get(label, "(lacking)"), labels_b.get(label, "(lacking)"))
        elif a != b:
            differs(path, a, b)

    if corelog["outcome"] != kafka["outcome"]:
        differs("outcome", corelog["outcome"], kafka["outcome"])
    elif "answer" in corelog:
        walk("", "", corelog["answer"], kafka["answer"])
    return found


def cut(a, b):
    """Whether one list is a beginning of the other."""
    return a != b and a and b and (a == b[:len(a)] or b == a[:len(b)])


def labelled(elements):
    """Label -> element; None if the elements are no structs."""
    out = {}
    for element in elements:
        if not isinstance(element, dict):
            return None
        names = BATCH if "last_offset" in element else IDENTITY
        if element.get("name") or element.get("topic"):
            names = [name for name in names if name != "topic_id"]
        label = ",".join(str(element[key]) for key in names if key in element and not isinstance(element[key], (dict, list)))
        number = 2
        unique = label
        while unique in out:
            unique, number = f"{label}#{number}", number + 1
        out[unique] = element
    return out
