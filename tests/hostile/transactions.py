"""Transactions that no good client makes: over ten thousand partitions, under a hundred thousand names, and ended in storms."""

import concurrent.futures
import struct
import time

from administrator import PARTITIONS, Peaks, array, ask, create_topics
from checks import check, equal, unique, until
from wire import batch, connect, exchange, produce, request, response, string

FIND_COORDINATOR, INIT_PRODUCER_ID, ADD_PARTITIONS_TO_TXN, END_TXN = 10, 22, 24, 26
OF_TRANSACTIONS = 1
NONE, CONCURRENT_TRANSACTIONS = 0, 51
LOADING, NOT_AVAILABLE, NOT_COORDINATOR = 14, 15, 16
INVALID_PRODUCER_EPOCH, INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED = 47, 49, 90
TIMEOUT_MS = 60_000
SECONDS_MAX = 120

# Each keeps an id of its own in the coordinators.
IDLE_IDS = 100_000
STORM_CONNECTIONS, STORM_REQUESTS = 16, 2_000
CANARY_P99_MS_MAX = 500


def init_producer_id(transactional_id):
    return request(INIT_PRODUCER_ID, 1, string(transactional_id) + struct.pack(">i", TIMEOUT_MS))


def producer_of(answer):
    """The error code, the producer id and its epoch."""
    return struct.unpack_from(">hqh", answer, 8)


def add_partitions(transactional_id, producer, topic, partitions):
    who = string(transactional_id) + struct.pack(">qh", *producer)
    indexes = array(struct.pack(">i", index) for index in partitions)
    return request(ADD_PARTITIONS_TO_TXN, 2, who + array([string(topic) + indexes]))


def added(answer):
    """The error codes of the only topic's partitions."""
    (length,) = struct.unpack_from(">h", answer, 12)
    at = 14 + length
    (count,) = struct.unpack_from(">i", answer, at)
    return [code for _, code in struct.iter_unpack(">ih", answer[at + 4:at + 4 + 6 * count])]


def end(transactional_id, producer, commit=True):
    return request(END_TXN, 1, string(transactional_id) + struct.pack(">qhb", *producer, commit))


def code_of_end(answer):
    return struct.unpack_from(">h", answer, 8)[0]


def find_coordinator(s, transactional_id):
    """Its error code. The first one has the log of the coordinators made."""
    data = request(FIND_COORDINATOR, 1, string(transactional_id) + struct.pack(">b", OF_TRANSACTIONS))
    return struct.unpack_from(">h", exchange(s, data), 8)[0]


def are_served(target):
    with connect(target.address, timeout=SECONDS_MAX) as s:
        until("the coordinators are there", 30, lambda: find_coordinator(s, "first") == NONE)
        until("they are loaded", 60, lambda: producer_of(exchange(s, init_producer_id("first")))[0] not in
              (LOADING, NOT_AVAILABLE, NOT_COORDINATOR))


def again_while_concurrent(s, data, code_of):
    """Asks until what was under way before is over; gives the answer."""
    limit = time.monotonic() + SECONDS_MAX
    while time.monotonic() < limit:
        answer = exchange(s, data)
        if code_of(answer) != CONCURRENT_TRANSACTIONS:
            return answer
    raise TimeoutError("CONCURRENT_TRANSACTIONS for too long")


def begin(s, transactional_id):
    code, *producer = producer_of(again_while_concurrent(s, init_producer_id(transactional_id), lambda a: producer_of(a)[0]))
    equal(code, NONE, "InitProducerId")
    return tuple(producer)


def over_all_partitions(target, topic, commit):
    transactional_id = unique("wide")
    with connect(target.address, timeout=SECONDS_MAX) as s:
        producer = begin(s, transactional_id)
        codes = added(exchange(s, add_partitions(transactional_id, producer, topic, range(PARTITIONS))))
        equal((len(codes), set(codes)), (PARTITIONS, {NONE}), "AddPartitionsToTxn")
        equal(code_of_end(exchange(s, end(transactional_id, producer, commit))), NONE, "EndTxn")
        # It waits for the markers of all partitions.
        after = begin(s, transactional_id)
        check(after[1] > producer[1] or after[0] != producer[0], "the producer is not another one than before")


def idle_ids(target, count):
    """`count` transactional ids that nobody uses again, by connections that ask for many at once."""
    prefix = unique("idle")

    def make(numbers):
        with connect(target.address, timeout=SECONDS_MAX) as s:
            for chunk in chunks(numbers, 100):
                s.sendall(b"".join(init_producer_id(f"{prefix}-{number}") for number in chunk))
                for _ in chunk:
                    equal(producer_of(response(s))[0], NONE, "InitProducerId")

    share = -(-count // STORM_CONNECTIONS)
    with concurrent.futures.ThreadPoolExecutor(STORM_CONNECTIONS) as pool:
        list(pool.map(make, [range(at, min(at + share, count)) for at in range(0, count, share)]))


def chunks(numbers, size):
    return [numbers[at:at + size] for at in range(0, len(numbers), size)]


def storm(target, topic):
    """Ends by everybody but the rightful producer, who commits meanwhile, while somebody else produces."""
    transactional_id = unique("storm")
    with connect(target.address, timeout=SECONDS_MAX) as s:
        former = begin(s, transactional_id)
        producer = begin(s, transactional_id)
        check(producer != former, "a second InitProducerId fences nobody")
        wrong = [
            (end(transactional_id, former), {INVALID_PRODUCER_EPOCH, PRODUCER_FENCED}),
            (end(transactional_id, (producer[0] + 1_000_000, 0)), {INVALID_PRODUCER_ID_MAPPING}),
            (end(transactional_id, (producer[0], producer[1] + 7)), {INVALID_PRODUCER_EPOCH, PRODUCER_FENCED}),
            (end(unique("nobodys"), producer), {INVALID_PRODUCER_ID_MAPPING}),
        ]
        is_over = False

        def rage(_):
            with connect(target.address, timeout=SECONDS_MAX) as s:
                for part in range(STORM_REQUESTS // 100):
                    s.sendall(b"".join(data for data, _ in wrong * 25))
                    for _, right in wrong * 25:
                        code = code_of_end(response(s))
                        check(code in right, f"an end that is wrong is answered {code}, not one of {right}")

        def canary():
            times = []
            with connect(target.address, timeout=SECONDS_MAX) as s:
                while not is_over or len(times) < 100:
                    start = time.monotonic()
                    exchange(s, produce(topic, batch(b"canary")))
                    times.append(time.monotonic() - start)
            return sorted(times)[len(times) * 99 // 100] * 1000

        with concurrent.futures.ThreadPoolExecutor(STORM_CONNECTIONS + 1) as pool:
            beside = pool.submit(canary)
            raging = [pool.submit(rage, number) for number in range(STORM_CONNECTIONS)]
            commits = 0
            while commits < 20 or not all(one.done() for one in raging):
                equal(added(again_while_concurrent(s, add_partitions(transactional_id, producer, topic, [0]),
                                                   lambda answer: added(answer)[0])), [NONE], "AddPartitionsToTxn")
                equal(code_of_end(exchange(s, end(transactional_id, producer))), NONE, "the rightful end")
                # Twice is the same (the first protocol).
                repeated = again_while_concurrent(s, end(transactional_id, producer), code_of_end)
                equal(code_of_end(repeated), NONE, "the rightful end, repeated")
                commits += 1
            for one in raging:
                one.result()
            is_over = True
            p99_ms = beside.result()
    print(f"     {STORM_CONNECTIONS * STORM_REQUESTS} wrong ends beside {commits} right ones; "
          f"a producer beside them waits {p99_ms:.1f} ms (p99)", flush=True)
    check(p99_ms < CANARY_P99_MS_MAX, f"a producer beside the storm waits {p99_ms:.0f} ms (p99)")


def work(target, restart):
    """`restart` stops the broker, starts it again, and gives the target anew."""
    peaks, topic, plain = Peaks(target), "wide", "plain"
    ask(target, create_topics([topic], PARTITIONS))
    ask(target, create_topics([plain], 1))
    are_served(target)
    for commit in (True, False):
        peaks.during(f"a transaction over {PARTITIONS} partitions, {'committed' if commit else 'aborted'}",
                     lambda commit=commit: over_all_partitions(target, topic, commit))
    peaks.during("ends in a storm", lambda: storm(target, plain))
    peaks.during(f"{IDLE_IDS} idle transactional ids", lambda: idle_ids(target, IDLE_IDS))
    equal(int(target.metric("corelog_transactional_ids")), IDLE_IDS + 4, "transactional ids")
    target = restart()
    peaks.rows.append(("starting", target.peak_bytes()))
    print(f"     starting: {target.peak_bytes() >> 20} MiB at the peak", flush=True)
    peaks.target = target
    are_served(target)
    peaks.during("a transaction after the start", lambda: over_all_partitions(target, topic, True))
    equal(int(target.metric("corelog_transactional_ids")), IDLE_IDS + 5, "transactional ids")
    peaks.judge()
