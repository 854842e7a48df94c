"""As much of Kafka's protocol as a hostile client needs, and one that behaves well; nothing but the standard library."""

import socket
import struct

from checksum import crc32c, varint

PRODUCE, FETCH, METADATA, JOIN_GROUP, API_VERSIONS, CREATE_TOPICS = 0, 1, 3, 11, 18, 19


def batch(value):
    """A record batch of one record (magic 2)."""
    record = b"\0" + varint(0) + varint(0) + varint(-1) + varint(len(value)) + value + varint(0)
    record = varint(len(record)) + record
    checked = struct.pack(">hiqqqhii", 0, 0, 0, 0, -1, -1, -1, 1) + record
    rest = struct.pack(">ibI", -1, 2, crc32c(checked)) + checked
    return struct.pack(">qi", 0, len(rest)) + rest


def string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def frame(body):
    return struct.pack(">i", len(body)) + body


def request(key, version, body=b"", correlation=1):
    """A request with the header of the versions before the flexible ones."""
    return frame(struct.pack(">hhi", key, version, correlation) + string("hostile") + body)


def api_versions():
    return request(API_VERSIONS, 0)


def produce(topic, records, partition=0):
    body = struct.pack(">hhii", -1, -1, 30_000, 1) + string(topic)
    return request(PRODUCE, 3, body + struct.pack(">iii", 1, partition, len(records)) + records)


def create_topic(topic, partitions):
    body = struct.pack(">i", 1) + string(topic) + struct.pack(">ihii", partitions, 1, 0, 0) + struct.pack(">ib", 30_000, 0)
    return request(CREATE_TOPICS, 2, body)


def fetch(topic, wait_ms, bytes_min=1, offset=0, bytes_max=1 << 20):
    """A long poll of partition 0."""
    body = struct.pack(">iiiibi", -1, wait_ms, bytes_min, bytes_max, 0, 1) + string(topic)
    return request(FETCH, 4, body + struct.pack(">iiqi", 1, 0, offset, bytes_max))


def connect(address, timeout=20, receive_buffer_bytes=None):
    s = socket.socket()
    s.settimeout(timeout)
    if receive_buffer_bytes:
        # Before it connects: the window that the peer is told of depends on it.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
    s.connect(address)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def receive(s, count):
    out = bytearray()
    while len(out) < count:
        piece = s.recv(count - len(out))
        if not piece:
            raise ConnectionError("the broker closed the connection")
        out += piece
    return bytes(out)


def response(s):
    (size,) = struct.unpack(">i", receive(s, 4))
    return receive(s, size)


def exchange(s, data):
    s.sendall(data)
    return response(s)


def is_closed(s, seconds):
    """Whether the broker closes the connection, and sends nothing before, within this time."""
    s.settimeout(seconds)
    try:
        return s.recv(1) == b""
    except ConnectionError:
        return True
    except socket.timeout:
        return False
