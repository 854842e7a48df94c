"""Record batches of format 2: made from a description, right or wrong, and read back into one.

A description is a dictionary: `records`, a list of [key, value] with None for null; `codec`, `producer_id`,
`producer_epoch`, `base_sequence`, `time` (of the first record; the next ones are a millisecond apart), `attributes` to
add, and `wrong`, the name of one deliberate mistake.
"""

import gzip
import struct
import zlib

from checksum import crc32c, varint

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
# Base offset, length, leader epoch, magic, checksum; then attributes, last offset delta, first and last time,
# producer id, epoch, sequence, count.
HEAD, BODY = ">qiibI", ">hiqqqhii"
HEAD_SIZE, BODY_SIZE = struct.calcsize(HEAD), struct.calcsize(BODY)
WRONG = ("checksum", "length", "count", "magic", "cut", "delta", "noise", "offset", "codec", "control", "time order", "empty")
TRANSACTIONAL, CONTROL = 1 << 4, 1 << 5


def field(data):
    return varint(-1) if data is None else varint(len(data)) + data


def record(index, key, value, time_delta):
    body = b"\0" + varint(time_delta) + varint(index) + field(key) + field(value) + varint(0)
    return varint(len(body)) + body


def encode(value):
    return value.encode() if isinstance(value, str) else value


def build(spec):
    """The bytes of one batch."""
    wrong = spec.get("wrong")
    records = [(encode(k), encode(v)) for k, v in spec.get("records", [])]
    if wrong == "empty":
        records = []
    time = spec.get("time", 0)
    count, last = len(records), max(len(records) - 1, 0)
    payload = b"".join(record(i, k, v, i if wrong != "time order" else -i) for i, (k, v) in enumerate(records))
    codec = CODECS[spec.get("codec", "none")]
    if codec == 1:
        payload = gzip.compress(payload, mtime=0)
    elif codec:
        payload = b"no such frame" + payload
    attributes = codec | spec.get("attributes", 0)
    if wrong == "codec":
        attributes |= 7
    elif wrong == "control":
        attributes |= CONTROL
    elif wrong == "count":
        count += 1
    elif wrong == "delta":
        last += 1
    elif wrong == "noise":
        payload = b"\xff" * len(payload)
    body = struct.pack(
        BODY, attributes, last, time, time + (len(records) or 1) - 1, spec.get("producer_id", -1),
        spec.get("producer_epoch", -1), spec.get("base_sequence", -1), count,
    ) + payload
    checksum = crc32c(body) ^ (1 if wrong == "checksum" else 0)
    length = HEAD_SIZE - 12 + len(body) + (7 if wrong == "length" else 0)
    magic = 1 if wrong == "magic" else 2
    data = struct.pack(HEAD, 5 if wrong == "offset" else 0, length, -1, magic, checksum) + body
    return data[:-3] if wrong == "cut" else data


def read(data):
    """Descriptions of the whole batches in the data; a cut one at the end is left out, as a client does."""
    found, position = [], 0
    while position + HEAD_SIZE + BODY_SIZE <= len(data):
        base, length, epoch, magic, checksum = struct.unpack_from(HEAD, data, position)
        end = position + 12 + length
        if end > len(data) or length < HEAD_SIZE - 12 + BODY_SIZE:
            break
        body = data[position + HEAD_SIZE:end]
        attributes, last, first_time, last_time, producer, producer_epoch, sequence, count = struct.unpack_from(BODY, body)
        found.append({
            "base_offset": base, "leader_epoch": epoch, "magic": magic, "checksum_is_right": checksum == crc32c(body),
            "attributes": attributes, "last_offset": base + last, "first_time": first_time, "last_time": last_time,
            "producer_id": producer, "producer_epoch": producer_epoch, "base_sequence": sequence, "count": count,
            "payload_crc": marker(body[BODY_SIZE:]) if attributes & CONTROL else zlib.crc32(body[BODY_SIZE:]),
        })
        position = end
    return found


def marker(payload):
    """What ends a transaction: the kind of a control record, which begins its key. Its coordinator's epoch is its broker's affair."""
    return {0: "abort", 1: "commit"}.get(struct.unpack_from(">hh", payload, 5)[1], "another control record")
