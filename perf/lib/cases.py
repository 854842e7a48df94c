"""The standard set: what is run in each case, which figures are taken from it, and what they have to reach."""

from dataclasses import dataclass, field

HIGHER, LOWER = "higher", "lower"
# In place of a peer: Corelog with the case's twin settings.
TWIN = "twin"


@dataclass(frozen=True)
class Figure:
    """A number of a run, by its name in the results."""

    name: str
    title: str
    unit: str
    # What the number is divided by before it is shown.
    scale: float
    better: str
    # From a result of the generator, or of reading a backlog.
    of: object
    # Whether a ratio of it says anything.
    is_compared: bool = True

    def show(self, value):
        value /= self.scale
        digits = 0 if abs(value) >= 10_000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
        return f"{value:,.{digits}f} {self.unit}".rstrip()

    def ratio(self, ours, theirs):
        """How many times better ours is; none where that says nothing."""
        above, below = (ours, theirs) if self.better == HIGHER else (theirs, ours)
        return above / below if self.is_compared and below > 0 else None


@dataclass(frozen=True)
class Target:
    """What a figure has to reach: the ratio to a peer or to the case's twin, or Corelog's own value."""

    figure: str
    bound: float
    # None: Corelog's own value.
    peer: str | None = None
    # By which name of the table it goes.
    name: str = ""

    def holds(self, value, better):
        """A ratio is better when it is higher, whatever the figure."""
        return value >= self.bound if self.peer or better == HIGHER else value <= self.bound


@dataclass(frozen=True)
class Backlog:
    """What is written before anything is measured, and how it is read then."""

    # In bytes.
    size: int
    # Whether broker and kernel have nothing of it in memory: the broker is restarted, its files leave the page cache.
    is_cold: bool = False
    # Each reads all of it.
    groups: int = 1
    # Seconds from the begin of one group to that of the next.
    apart_s: float = 0.0


@dataclass(frozen=True)
class Case:
    """A workload with its settings."""

    name: str
    title: str
    scenario: str
    figures: tuple
    settings: tuple = ()
    targets: tuple = ()
    # Figures in the table besides the first and those with a target.
    shown: tuple = ()
    # Corelog runs in each pair with these over the settings, too; none: it does not.
    twin: tuple = ()
    # Compared with these unless asked otherwise.
    peers: tuple = ("kafka",)
    # Built and then read; none: an ordinary run.
    backlog: Backlog | None = None
    # Seconds before the measured ones, unless asked otherwise.
    warm_up_s: float = 3.0
    # Corelog has a listener for each shard, so that no request goes from one to another.
    has_shard_listeners: bool = False
    # Kept out of a comparison with a broker that has no files.
    needs_files: bool = field(default=False)

    def figure(self, name):
        return next(figure for figure in self.figures if figure.name == name)


def _latency(kind, key, title):
    return Figure(f"{kind}_{key}", f"{kind.replace('_', ' ')} {title}", "ms", 1.0, LOWER,
                  lambda result: result[f"{kind}_latency"]["summary"][f"{key}_ms"])


def _latencies(kind):
    return tuple(_latency(kind, key, title) for key, title in (
        ("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("p999", "p99.9"), ("p9999", "p99.99"), ("max", "max")))


PRODUCED = Figure("produced_bytes_per_s", "produced", "MB/s", 1e6, HIGHER,
                  lambda result: result["published"]["bytes_per_s"])
PRODUCED_MESSAGES = Figure("produced_messages_per_s", "produced", "messages/s", 1.0, HIGHER,
                           lambda result: result["published"]["messages_per_s"])
CONSUMED = Figure("consumed_bytes_per_s", "consumed by all groups", "MB/s", 1e6, HIGHER,
                  lambda result: result["consumed"]["bytes_per_s"])
CPU_PER_GIB = Figure("cpu_s_per_gib", "CPU of a GiB produced", "s", 1.0, LOWER,
                     lambda result: result["server"]["cpu_s_per_gib"])
CPU_PER_MILLION = Figure("cpu_s_per_million", "CPU of a million messages produced", "s", 1.0, LOWER,
                         lambda result: result["server"]["cpu_s_per_million"])
RSS = Figure("rss_bytes_max", "resident memory at most", "MiB", 2**20, LOWER,
             lambda result: result["server"]["rss_bytes_max"])
DEVICE_WRITTEN = Figure("device_written_bytes_per_byte", "written to the device for a byte produced", "", 1.0, LOWER,
                        lambda result: result["server"]["device_written_bytes"] / max(1, result["published"]["bytes"]))
DEVICE_READ = Figure("device_read_bytes", "read from the device", "MB", 1e6, LOWER,
                     lambda result: result["server"]["device_read_bytes"])
# By the broker's own count: a file system reads its own blocks of free space when a log grows, and they count for the process.
LOGS_READ = Figure("logs_read_bytes", "read of logs", "MB", 1e6, LOWER, lambda result: result.get("logs_read_bytes"),
                   is_compared=False)
TAIL = Figure("end_to_end_over_publish_p99", "end-to-end p99 above publish p99", "ms", 1.0, LOWER,
              lambda result: result["end_to_end_latency"]["summary"]["p99_ms"]
              - result["publish_latency"]["summary"]["p99_ms"], is_compared=False)
TRANSACTIONS = Figure("transactions_per_s", "committed", "transactions/s", 1.0, HIGHER,
                      lambda result: result["transactions"] and result["transactions"]["per_s"])
COMMIT_P99 = Figure("commit_p99", "commit p99", "ms", 1.0, LOWER,
                    lambda result: result["transactions"]
                    and result["transactions"]["commit_latency"]["summary"]["p99_ms"])
# Of batches and ends that were refused with CONCURRENT_TRANSACTIONS: they wait as Java's do, 100 ms and more.
RETRIES = Figure("transaction_retries", "requests sent again", "", 1.0, LOWER,
                 lambda result: result["transactions"] and float(result["transactions"]["retries"]), is_compared=False)
CATCH_UP = Figure("catch_up_bytes_per_s", "read from a cold backlog", "MB/s", 1e6, HIGHER,
                  lambda result: result["bytes_per_s"])
BACKLOG = Figure("backlog_bytes_per_s", "read of the backlog by all groups", "MB/s", 1e6, HIGHER,
                 lambda result: result["bytes_per_s"])
# By the broker's device reads, as /proc tells them.
DEVICE_READ_BACKLOG = Figure("device_read_bytes", "read from the device", "MB", 1e6, LOWER,
                             lambda result: result["device_read_bytes"], is_compared=False)
READ_CPU = Figure("read_cpu_s_per_gib", "CPU of a GiB read", "s", 1.0, LOWER, lambda result: result["cpu_s_per_gib"])
READ_RSS = Figure("read_rss_bytes", "resident memory at the end", "MiB", 2**20, LOWER, lambda result: result["rss_bytes"])
_BACKLOG_FIGURES = (BACKLOG, LOGS_READ, DEVICE_READ_BACKLOG, READ_CPU, READ_RSS)


def _from_memory(name):
    """What reading a backlog that lies in memory has to reach."""
    return (Target(BACKLOG.name, 1.5, "kafka", name), Target(LOGS_READ.name, 0.0, None, name),
            Target(READ_CPU.name, 1.0, "kafka", name))


_PERCENTILES = ("p50", "p90", "p99", "p999", "p9999")
_PUBLISH = _latencies("publish")
_NO_PERCENTILE_ABOVE = tuple(Target(f"publish_{key}", 1.0, "kafka", "T4") for key in _PERCENTILES)

# For so many seconds a broker that does not sync may live from memory before the kernel makes it wait for the disk: what
# comes after is what it can keep up.
SUSTAINED_S = 12.0

CASES = {case.name: case for case in (
    Case(
        "T1", "maximum produce, 16 partitions, 8 producers, batches to 1 MiB", "max-rate-1-topic-16-partitions-1kb",
        (PRODUCED, CPU_PER_GIB, RSS, DEVICE_WRITTEN), warm_up_s=SUSTAINED_S,
        peers=("kafka", "kafka-fsync"),
        targets=(
            Target(PRODUCED.name, 3.0, "kafka", "T1"),
            Target(PRODUCED.name, 8.0, "kafka-fsync", "T1"),
            Target(CPU_PER_GIB.name, 3.0, "kafka", "T8"),
        ),
    ),
    Case(
        "T2", "maximum produce, 16 partitions, 100-byte messages", "max-rate-1-topic-16-partitions-100b",
        (PRODUCED_MESSAGES, CPU_PER_MILLION, RSS, DEVICE_WRITTEN), warm_up_s=SUSTAINED_S,
        targets=(
            Target(PRODUCED_MESSAGES.name, 3e6, None, "T2"),
            Target(PRODUCED_MESSAGES.name, 3.0, "kafka", "T2"),
            Target(CPU_PER_MILLION.name, 3.0, "kafka", "T8"),
        ),
    ),
    Case(
        "T3", "one message a request, 64 connections", "one-message-a-request",
        (PRODUCED_MESSAGES, *_PUBLISH, CPU_PER_MILLION), shown=("publish_p50", "publish_p99"),
        peers=("kafka", "kafka-fsync"),
        targets=(
            Target(PRODUCED_MESSAGES.name, 1.5, "kafka", "T3"),
            Target(PRODUCED_MESSAGES.name, 20.0, "kafka-fsync", "T3"),
        ),
    ),
    Case(
        "T4", "open loop, 50,000 messages/s, 16 partitions, 4 producers", "1-topic-16-partitions-1kb",
        (*_PUBLISH, *_latencies("end_to_end"), CPU_PER_GIB, DEVICE_READ),
        targets=(
            Target("publish_p50", 1.5, None, "T4"),
            Target("publish_p99", 5.0, None, "T4"),
            Target("publish_p999", 10.0, None, "T4"),
            *_NO_PERCENTILE_ABOVE,
        ),
    ),
    Case(
        "T4-direct", "T4 with a listener for each shard of Corelog", "1-topic-16-partitions-1kb",
        (*_PUBLISH, *_latencies("end_to_end"), CPU_PER_GIB, DEVICE_READ), has_shard_listeners=True,
        targets=_NO_PERCENTILE_ABOVE,
    ),
    Case(
        "T5-produce", "T1 over 1,000 partitions", "max-rate-1-topic-16-partitions-1kb",
        (PRODUCED, CPU_PER_GIB, RSS, DEVICE_WRITTEN), settings=("partitions_per_topic=1000",),
    ),
    Case(
        "T5-latency", "T4 over 1,000 partitions", "1-topic-1000-partitions-1kb",
        (*_PUBLISH, *_latencies("end_to_end"), CPU_PER_GIB, DEVICE_READ), shown=("publish_p99", "publish_p999"),
    ),
    Case(
        "T6", "100,000 messages/s, four groups at the tail", "fan-out-4-groups",
        (TAIL, *_PUBLISH, *_latencies("end_to_end"), CPU_PER_GIB, DEVICE_READ, LOGS_READ),
        shown=("publish_p99", "end_to_end_p99", DEVICE_READ.name),
        targets=(Target(TAIL.name, 1.0, None, "T6"), Target(LOGS_READ.name, 0.0, None, "T6")),
    ),
    Case(
        "T6-max", "maximum fan-out to four groups", "fan-out-4-groups",
        (CONSUMED, PRODUCED, CPU_PER_GIB, RSS, DEVICE_READ),
        settings=("mode=max", "batch_size=1000000", "drain_s=120"),
        targets=(Target(CONSUMED.name, 1.5, "kafka", "T6"),),
    ),
    Case(
        "T7", "catching up on a backlog that is not in memory", "max-rate-1-topic-16-partitions-1kb",
        (CATCH_UP,), backlog=Backlog(2_000_000_000, is_cold=True), needs_files=True,
    ),
    Case(
        "W1", "3 GB just produced, read by one group", "max-rate-1-topic-16-partitions-1kb",
        _BACKLOG_FIGURES, backlog=Backlog(3_000_000_000), targets=_from_memory("W1"), shown=(READ_RSS.name,),
    ),
    Case(
        "W2-together", "3 GB just produced, read by four groups begun together", "max-rate-1-topic-16-partitions-1kb",
        _BACKLOG_FIGURES, backlog=Backlog(3_000_000_000, groups=4), targets=_from_memory("W2"),
    ),
    Case(
        "W2-apart", "3 GB just produced, read by four groups begun 1 s apart", "max-rate-1-topic-16-partitions-1kb",
        _BACKLOG_FIGURES, backlog=Backlog(3_000_000_000, groups=4, apart_s=1.0), targets=_from_memory("W2"),
    ),
    Case(
        "X1", "T1 in transactions that are committed every 100 ms", "transactions-16-partitions-1kb",
        (PRODUCED, TRANSACTIONS, COMMIT_P99, RETRIES, CPU_PER_GIB, RSS, DEVICE_WRITTEN), warm_up_s=SUSTAINED_S,
        twin=("transaction_ms=0",), shown=(COMMIT_P99.name, RETRIES.name),
        targets=(Target(PRODUCED.name, 0.9, TWIN, "X1"), Target(PRODUCED.name, 2.5, "kafka", "X1")),
    ),
    Case(
        "X2-1", "one message a transaction, one producer", "one-message-a-transaction",
        (TRANSACTIONS, *_PUBLISH, COMMIT_P99, RETRIES), settings=("producers_per_topic=1",),
        shown=("publish_p50", "publish_p99", RETRIES.name),
        targets=(Target(TRANSACTIONS.name, 5.0, "kafka", "X2"),),
    ),
    Case(
        "X2-64", "one message a transaction, 64 producers", "one-message-a-transaction",
        (TRANSACTIONS, *_PUBLISH, COMMIT_P99, RETRIES), shown=("publish_p50", RETRIES.name),
        targets=(Target(TRANSACTIONS.name, 5.0, "kafka", "X2"), Target("publish_p99", 5.0, None, "X2")),
    ),
    Case(
        "X4", "50,000 messages/s over 10,000 open transactions", "open-transactions-16-partitions-1kb",
        (*_PUBLISH, CPU_PER_GIB, RSS), twin=("open_transactions=0",), shown=("publish_p99",),
        targets=(Target("publish_p99", 1 / 1.1, TWIN, "X4"),),
    ),
)}
# Names of the table that stand for other cases.
ALIASES = {"T5": ("T5-produce", "T5-latency"), "T6": ("T6", "T6-max"), "T8": ("T1", "T2"),
           "W2": ("W2-together", "W2-apart"), "X2": ("X2-1", "X2-64")}


def select(names):
    """The cases of these names, in the order of the table; all without names. KeyError for an unknown one."""
    if not names:
        return list(CASES.values())
    wanted = {case for name in names for case in ALIASES.get(name, (name,))}
    for name in wanted - CASES.keys():
        raise KeyError(name)
    return [case for case in CASES.values() if case.name in wanted]
