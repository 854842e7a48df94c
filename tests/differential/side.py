"""One of the two brokers: performs the steps of a sequence, and knows what its ids stand for.

A step is a dictionary that goes into JSON: `n`, its number within the sequence; `api`, `v` and `body`; `conn`, the name
of the connection ("main" if it is not given); `later`, to leave the answer for a step {"receive": CONNECTION}. A body
holds references, which each side resolves for itself:

    "~a"                            the name a, with a prefix that no other sequence has
    {"$name": 249}                  such a name of that length
    {"$answer": [3, "member_id"]}   a field of this side's answer to step 3; `or`: what else; `plus`: to add
    {"$topic_id": "~a"}             the topic's id
    {"$epoch": ["~a", 0]}           the partition's leader epoch; `at`: -1 is the newest, -2 the one before
    {"$batches": [{...}]}           record batches, see batches.py
    {"$time": 5}                    milliseconds after the run's own day
    {"$hex": "00ff"}                bytes
    {"$cluster_id": 1}              the cluster's id
"""

import select
import socket
import struct
import time
import uuid

import batches
from messages import CodecError, apis

CLIENT_ID = "differential"
ANSWER_SECONDS = 3
# For the other side's answer, once one side has answered.
OTHERS_ANSWER_SECONDS = 8
SETTLE_SECONDS = 20
NO_ID = str(uuid.UUID(int=0))
CONCURRENT_TRANSACTIONS = 51
UNKNOWN_ID = "5ca1ab1e-0000-4000-8000-000000000001"
API_VERSIONS = "ApiVersions"


class SettleError(Exception):
    """A change did not become visible in time."""


class Closed(Exception):
    """The broker closed the connection."""


class Silent(Exception):
    """No answer within ANSWER_SECONDS."""


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.correlation = 0
        # Requests sent and not yet answered: (api, version, n).
        self.waiting = []

    def send(self, api, version, body, n=None):
        self.correlation += 1
        data = api.encode(version, self.correlation, CLIENT_ID, body)
        self.waiting.append((api, version, self.correlation, n))
        try:
            self.socket.sendall(struct.pack(">i", len(data)) + data)
        except OSError:
            raise Closed from None

    def receive(self, seconds):
        """The next answer: its step's number and its body."""
        if not select.select([self.socket], [], [], seconds)[0]:
            raise Silent
        api, version, correlation, n = self.waiting.pop(0)
        self.socket.settimeout(30)
        (size,) = struct.unpack(">i", self.take(4))
        data = self.take(size)
        # What this API does not have in that version is answered in the oldest one.
        if api.name == API_VERSIONS and version > api.response.versions[1]:
            version = 0
        got, body = api.decode(version, data)
        if got != correlation:
            raise CodecError(f"correlation id {got} instead of {correlation}")
        return n, body

    def take(self, count):
        out = bytearray()
        while len(out) < count:
            try:
                piece = self.socket.recv(count - len(out))
            except socket.timeout:
                raise Silent from None
            except OSError:
                raise Closed from None
            if not piece:
                raise Closed
            out += piece
        return bytes(out)

    def close(self):
        self.socket.close()


class Side:
    def __init__(self, broker, day_ms):
        self.broker = broker
        self.day_ms = day_ms
        self.control = None
        self.cluster_id = None

    def begin(self, prefix):
        """What is known of one sequence, kept apart from those of others."""
        return Sequence(self, prefix)

    def ask(self, name, version, body):
        """For the harness itself: an answer that must come."""
        for attempt in (0, 1):
            try:
                if self.control is None:
                    self.control = Connection(self.broker.port)
                self.control.send(apis()[name], version, body)
                return self.control.receive(10)[1]
            except (Closed, OSError):
                self.control = None
                if attempt:
                    raise
        return None

    def restart(self):
        self.broker.stop()
        self.control = None
        self.broker.start()

    def prepare(self, group):
        """Waits until the coordinator serves, and learns the cluster's id."""

        def serves():
            self.cluster_id = self.ask("Metadata", 12, {"topics": []})["cluster_id"]
            found = self.ask("FindCoordinator", 4, {"key_type": 0, "coordinator_keys": [group]})
            if found["coordinators"][0]["error_code"]:
                return False
            if self.ask("OffsetFetch", 7, {"group_id": group, "topics": None})["error_code"]:
                return False
            found = self.ask("FindCoordinator", 4, {"key_type": 1, "coordinator_keys": [group]})
            if found["coordinators"][0]["error_code"]:
                return False
            asked = [{"transactional_id": name, "transaction_timeout_ms": 60000} for name in (None, group)]
            return all(self.ask("InitProducerId", 0, one)["error_code"] == 0 for one in asked)

        until(serves, "the coordinators and the producer ids")


def until(condition, what, seconds=SETTLE_SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SettleError(f"not within {seconds} s: {what}")
        time.sleep(0.005)


class Sequence:
    """The state of one sequence on one side."""

    def __init__(self, side, prefix):
        self.side = side
        self.prefix = prefix
        self.connections = {}
        self.answers = {}
        # Topic name (with "~") -> its ids, the last one is its present one.
        self.ids = {}
        # (topic name with "~", partition) -> the leader epochs seen, in order.
        self.epochs = {}
        self.symbols = {}
        self.topics = set()

    # References

    def resolve(self, value):
        if isinstance(value, str):
            return self.prefix + value[1:] if value.startswith("~") else value
        if isinstance(value, list):
            return [self.resolve(v) for v in value]
        if not isinstance(value, dict):
            return value
        for key in value:
            if key.startswith("$"):
                return getattr(self, "resolve_" + key[1:])(value[key], value)
        return {k: self.resolve(v) for k, v in value.items()}

    def resolve_name(self, length, _):
        return (self.prefix + "x" * length)[:length]

    def resolve_answer(self, path, reference):
        value = self.answers.get(path[0])
        for step in path[1:]:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                value = None
        if value is None:
            return self.resolve(reference.get("or"))
        return value + reference["plus"] if "plus" in reference else value

    def resolve_topic_id(self, name, _):
        return self.ids.get(name, [UNKNOWN_ID])[-1]

    def resolve_epoch(self, where, reference):
        seen = self.epochs.get((where[0], where[1]), [0])
        at = reference.get("at", -1)
        return (seen[at] if -at <= len(seen) else -1) + reference.get("plus", 0)

    def resolve_batches(self, specs, _):
        out = b""
        for spec in specs:
            spec = {k: self.resolve(v) if k != "records" else v for k, v in spec.items()}
            spec["time"] = self.side.day_ms + spec.get("time", 0)
            out += batches.build(spec)
        return out

    def resolve_time(self, offset_ms, _):
        return self.side.day_ms + offset_ms

    def resolve_hex(self, text, _):
        return bytes.fromhex(text)

    def resolve_cluster_id(self, _, __):
        return self.side.cluster_id

    # Steps

    def send(self, step):
        """Begins a step; an outcome if there is one already."""
        label = step.get("receive") or step.get("conn", "main")
        try:
            if "receive" in step:
                connection = self.connections.get(label)
                return None if connection is not None and connection.waiting else {"outcome": "nothing to receive"}
            connection = self.connections.get(label)
            if connection is None:
                connection = self.connections[label] = Connection(self.side.broker.port)
            api = apis()[step["api"]]
            body = self.resolve(step["body"])
            connection.send(api, step["v"], body, step["n"])
            if step["api"] == "Produce" and body.get("acks") == 0:
                connection.waiting.pop()
                connection.send(apis()[API_VERSIONS], 0, {}, step["n"])
            if step.get("later"):
                self.settle_later(step["api"], body)
                return {"outcome": "sent"}
            return None
        except Closed:
            self.connections.pop(label).close()
            return {"outcome": "closed"}

    def receive(self, step, seconds=ANSWER_SECONDS):
        """The outcome: `answer`, or why there is none. After none in time it may be asked again."""
        label = step.get("receive") or step.get("conn", "main")
        connection = self.connections[label]
        try:
            n, body = connection.receive(seconds)
            if step.get("api") == "InitProducerId":
                body = self.once_alone(connection, step, body)
        except Silent:
            return {"outcome": "no answer"}
        except (Closed, CodecError) as error:
            self.connections.pop(label).close()
            return {"outcome": "closed" if isinstance(error, Closed) else f"not decoded: {error}"}
        if step.get("api") == "Produce" and self.resolve(step["body"]).get("acks") == 0:
            return {"outcome": "silence"}
        self.answers[n] = body
        return {"outcome": "answered", "answer": body}

    def once_alone(self, connection, step, body):
        """The answer once the transaction before has ended: until then Kafka has the client ask again."""
        end = time.monotonic() + ANSWER_SECONDS
        while body.get("error_code") == CONCURRENT_TRANSACTIONS and time.monotonic() < end:
            time.sleep(0.01)
            connection.send(apis()[step["api"]], step["v"], self.resolve(step["body"]), step["n"])
            _, body = connection.receive(ANSWER_SECONDS)
        return body

    def give_up(self, step):
        """Closes the connection that got no answer."""
        self.connections.pop(step.get("receive") or step.get("conn", "main")).close()

    def forget(self):
        """Deletes the sequence's topics, so that a long run does not slow down."""
        if self.topics:
            self.side.ask("DeleteTopics", 5, {"topic_names": sorted(self.topics), "timeout_ms": 20000})

    def close(self):
        for connection in self.connections.values():
            connection.close()
        self.connections = {}

    # What becomes visible only after its answer

    def settle(self, step, outcome):
        """Waits until what the step changed is visible, so that the next step meets the same state on both sides."""
        function = getattr(self, "settle_" + step.get("api", ""), None)
        if function is not None and outcome.get("answer") is not None:
            try:
                function(self.resolve(step["body"]), outcome["answer"])
            except SettleError as error:
                outcome["outcome"] = f"answered, but {error}"

    def settle_later(self, api, body):
        """A member that joins has to be seen before the others hear of it."""
        if api != "JoinGroup":
            return

        def rebalances():
            group = self.side.ask("DescribeGroups", 0, {"groups": [body["group_id"]]})["groups"][0]
            return group["group_state"] != "Stable"

        try:
            until(rebalances, "the group rebalances", seconds=0.5)
        except SettleError:
            pass

    def settle_CreateTopics(self, body, answer):  # noqa: N802, the API's name
        if not body.get("validate_only"):
            made = {t["name"] for t in answer["topics"] if t["error_code"] == 0}
            self.topics |= made
            self.wait_topics(made)

    def settle_Metadata(self, body, answer):  # noqa: N802
        """Asking creates."""
        if not body.get("allow_auto_topic_creation", True):
            return
        made = {t["name"] for t in answer["topics"] if t["error_code"] in (3, 5) and t["name"]}
        made = {name for name in made if name.startswith(self.prefix) and len(name) <= 249}
        appeared = {name for name in made if self.appears(name)}
        self.topics |= appeared
        self.wait_topics(appeared)

    def appears(self, name):
        try:
            until(lambda: self.describe([name])[0]["error_code"] != 3, f"topic {name}", seconds=0.5)
        except SettleError:
            return False
        return True

    def settle_DeleteTopics(self, _, answer):  # noqa: N802
        gone = {t.get("name") for t in answer["responses"] if t["error_code"] == 0}
        gone |= {name for name in self.topics for t in answer["responses"]
                 if t["error_code"] == 0 and t.get("topic_id") in self.ids.get("~" + name[len(self.prefix):], [])}
        gone.discard(None)
        self.topics -= gone
        if gone:
            until(lambda: all(t["error_code"] == 3 for t in self.describe(sorted(gone))), f"topics {gone} are gone")

    def settle_CreatePartitions(self, body, answer):  # noqa: N802
        if body.get("validate_only"):
            return
        counts = {t.get("name"): t.get("count") for t in body.get("topics") or []}
        grown = {t["name"] for t in answer["results"] if t["error_code"] == 0}
        if grown:
            until(lambda: all(len(t["partitions"]) == counts[t["name"]] for t in self.describe(sorted(grown))), "new partitions")
            self.wait_topics(grown)

    def settle_IncrementalAlterConfigs(self, body, answer):  # noqa: N802
        if body.get("validate_only"):
            return
        done = {(r["resource_type"], r["resource_name"]) for r in answer["responses"] if r["error_code"] == 0}
        for resource in body.get("resources") or []:
            key = (resource.get("resource_type"), resource.get("resource_name"))
            if key in done and key[0] == 2:
                configs = resource.get("configs") or []
                want = {c.get("name"): c.get("value") for c in configs if c.get("config_operation", 0) == 0}
                unset = {c.get("name") for c in configs if c.get("config_operation", 0) == 1}
                self.wait_configs(key[1], want, unset)

    def settle_AlterConfigs(self, body, answer):  # noqa: N802
        self.settle_IncrementalAlterConfigs(body, answer)

    def settle_EndTxn(self, body, answer):  # noqa: N802
        """The markers come after the answer."""
        if answer["error_code"]:
            return

        def complete():
            asked = {"transactional_ids": [body["transactional_id"]]}
            state = self.side.ask("DescribeTransactions", 0, asked)["transaction_states"][0]
            return not state["transaction_state"].startswith("Prepare")

        until(complete, f"the transaction of {body['transactional_id']} has ended")

    def wait_configs(self, topic, want, unset):
        def visible():
            asked = {"resources": [{"resource_type": 2, "resource_name": topic, "configuration_keys": None}]}
            configs = {c["name"]: c for c in self.side.ask("DescribeConfigs", 1, asked)["results"][0]["configs"]}
            return all(configs.get(k, {}).get("config_source") == 1 for k in want if k in configs) and all(
                configs[k]["value"] == v for k, v in want.items() if k in configs and len(configs[k]["value"] or "") == len(v or "")
            ) and all(configs[k]["config_source"] != 1 for k in unset if k in configs)

        try:
            until(visible, f"{topic} has {want}", seconds=0.5)
        except SettleError:
            pass
        # The broker's own copy follows what it describes.
        time.sleep(0.01)

    def describe(self, names):
        body = {"topics": [{"name": name} for name in names], "allow_auto_topic_creation": False}
        return self.side.ask("Metadata", 12, body)["topics"]

    def wait_topics(self, names):
        """Until every partition has a leader that serves it; then their ids and epochs are known."""
        names = sorted(names)
        if not names:
            return
        until(lambda: all(self.serves(t) for t in self.describe(names)), f"topics {names}")
        for topic in self.describe(names):
            name = "~" + topic["name"][len(self.prefix):]
            ids = self.ids.setdefault(name, [])
            if topic["topic_id"] not in ids:
                ids.append(topic["topic_id"])
                for key in [k for k in self.epochs if k[0] == name]:
                    del self.epochs[key]
            for partition in topic["partitions"]:
                seen = self.epochs.setdefault((name, partition["partition_index"]), [])
                if partition["leader_epoch"] not in seen:
                    seen.append(partition["leader_epoch"])

    def serves(self, topic):
        if topic["error_code"] or not topic["partitions"] or any(p["leader_id"] < 0 for p in topic["partitions"]):
            return False
        asked = [{"partition_index": p["partition_index"], "timestamp": -2} for p in topic["partitions"]]
        body = {"replica_id": -1, "topics": [{"name": topic["name"], "partitions": asked}]}
        answer = self.side.ask("ListOffsets", 4, body)
        return all(p["error_code"] == 0 for t in answer["topics"] for p in t["partitions"])

    def wait_restarted(self):
        self.close()
        self.wait_topics(self.topics)
