"""Requests that no client should send. Each closes its own connection, with one line in the log, and harms no other."""

import random
import struct

from checks import check, equal, until
from wire import (
    API_VERSIONS, FETCH, JOIN_GROUP, METADATA, PRODUCE, api_versions, connect, exchange, fetch, frame, is_closed, produce,
    request, response, string,
)

CLOSE_SECONDS = 20
HUGE = 0x7FFFFFFF


def cases(topic):
    """Name and bytes of what must close the connection at once."""
    header = struct.pack(">hhih", METADATA, 1, 1, -1)
    huge_array = struct.pack(">i", HUGE)
    yield "a size of -1", struct.pack(">i", -1)
    yield "the least size", struct.pack(">i", -(1 << 31))
    yield "a size of 0", struct.pack(">i", 0)
    yield "a size of 2 GiB", struct.pack(">i", HUGE)
    yield "a Metadata request of 17 MiB", struct.pack(">ih", 17 << 20, METADATA)
    yield "HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield "TLS", bytes([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])
    yield "an API key that Kafka does not have", request(9999, 0)
    yield "a negative API key", request(-5, 0)
    yield "an unknown version", request(METADATA, 999)
    yield "a negative version", request(METADATA, -1)
    yield "a header cut short", frame(struct.pack(">hhi", METADATA, 1, 1))
    yield "a client id longer than the frame", frame(struct.pack(">hhih", METADATA, 1, 1, 30_000))
    yield "a body cut short", frame(header)
    yield "an array of 2^31 - 1 topics", frame(header + huge_array)
    yield "an array of 2^31 - 1 topics to fetch", request(FETCH, 4, struct.pack(">iiiib", -1, 0, 0, 0, 0) + huge_array)
    yield "an array of 2^31 - 1 topics to produce to", request(PRODUCE, 3, struct.pack(">hhi", -1, -1, 0) + huge_array)
    yield "an array of 2^31 - 1 protocols", request(
        JOIN_GROUP, 0, string("g") + struct.pack(">i", 10_000) + string("") + string("consumer") + huge_array)
    yield "records longer than the frame", request(
        PRODUCE, 3, struct.pack(">hhii", -1, -1, 0, 1) + string(topic) + struct.pack(">iii", 1, 0, HUGE))
    # 4 MiB of nothing but empty topics: 16 times that, decoded, is refused before it is allocated.
    many = (4 << 20) // 6
    yield "a Produce request of empty topics alone", request(
        PRODUCE, 3, struct.pack(">hhii", -1, -1, 0, many) + (string("") + struct.pack(">i", 0)) * many)


def closing_lines(log_path):
    return log_path.read_text(errors="replace").count("closing the connection") if log_path else 0


def closes_alone(target, canary, name, data):
    before = closing_lines(target.log_path)
    with connect(target.address) as s:
        try:
            s.sendall(data)
        except ConnectionError:
            pass  # Closed before all of it was sent: as it should be.
        check(is_closed(s, CLOSE_SECONDS), f"{name}: the connection is still open")
    exchange(canary, api_versions())
    if target.log_path:
        until(f"{name}: a log line", 5, lambda: closing_lines(target.log_path) > before)
        equal(closing_lines(target.log_path) - before, 1, f"{name}: log lines")


def all_close_alone(target, topic):
    with connect(target.address) as canary:
        for name, data in cases(topic):
            closes_alone(target, canary, name, data)


def noise_is_harmless(target, topic, seed):
    """Random bytes, and good requests cut off and with bytes changed; the broker closes or answers them."""
    chance = random.Random(seed)
    good = [api_versions(), produce(topic, b"x" * 200), request(METADATA, 1, struct.pack(">i", -1)), fetch(topic, 0)]
    with connect(target.address) as canary:
        for turn in range(400):
            if turn % 2:
                data = chance.randbytes(chance.randrange(1, 3000))
            else:
                data = bytearray(chance.choice(good))
                for _ in range(chance.randrange(1, 6)):
                    data[chance.randrange(4, len(data))] = chance.randrange(256)
                data = data[: chance.randrange(1, len(data) + 1)]
            with connect(target.address) as s:
                try:
                    s.sendall(data)
                except ConnectionError:
                    pass
            if turn % 20 == 0:
                exchange(canary, api_versions())


def trailing_bytes_are_ignored(target):
    """As Kafka does; librdkafka's Metadata v13 for all topics has three bytes to spare."""
    with connect(target.address) as s:
        body = request(METADATA, 1, struct.pack(">i", 0) + b"\xff\0\x01")
        check(len(exchange(s, body)) > 4, "a Metadata request with three bytes more is answered")
        exchange(s, api_versions())


def unknown_api_versions_are_answered(target):
    with connect(target.address) as s:
        # The header has the tagged fields that every version from 3 on has.
        answer = exchange(s, request(API_VERSIONS, 777, b"\0"))
        equal(struct.unpack(">h", answer[4:6])[0], 35, "the error code (UNSUPPORTED_VERSION)")


def one_byte_at_a_time_is_answered(target):
    with connect(target.address) as s:
        for byte in api_versions():
            s.sendall(bytes([byte]))
        response(s)


def a_departed_long_poll_is_released(target, topic):
    """Clients that ask for five minutes of patience and go leave nothing behind, with a request behind it or not."""
    for behind in (b"", fetch(topic, 300_000, HUGE), api_versions()):
        before = target.connections()
        polls = [connect(target.address) for _ in range(20)]
        for s in polls:
            s.sendall(fetch(topic, 300_000, HUGE) + behind)
        until("the polls are there", 20, lambda: target.connections() == before + 20)
        for s in polls:
            s.close()
        until("their connections are gone", 20, lambda: target.connections() == before)
    until("no request holds memory", 20, lambda: target.request_memory() == 0)
