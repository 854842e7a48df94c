"""Kafka's messages by Kafka's own definitions: a dictionary to the bytes of any version of any API, and back.

The definitions are the JSON files in the kafka-clients jar that `tests/reference/install` fetched. Field names are
written in snake case. Encoding does not judge: it writes null where null is not allowed and any number that fits, since
tests of refusals need that. Decoding is strict: what is left over is an error.
"""

import functools
import json
import re
import struct
import uuid
import zipfile
from pathlib import Path

LIBRARIES = Path(__file__).resolve().parents[1] / ".cache/kafka/lib"
FOLDER = "common/message/"
VERSION_MAX = 32767
UNKNOWN_TAGS = "_tags"

NUMBERS = {
    "bool": ">?", "int8": ">b", "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q", "float64": ">d",
}


class CodecError(Exception):
    """The bytes are not what the definition says, or the value has no encoding."""


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def versions(text):
    """"3+", "1-4", "2" or "none" as a pair, both ends inclusive; None for none."""
    if text is None or text == "none":
        return None
    if text.endswith("+"):
        return int(text[:-1]), VERSION_MAX
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def within(version, pair):
    return pair is not None and pair[0] <= version <= pair[1]


class Field:
    """One field as the definition has it."""

    def __init__(self, raw, structs):
        self.name = snake(raw["name"])
        self.type = raw["type"]
        self.versions = versions(raw["versions"])
        self.nullable = versions(raw.get("nullableVersions"))
        self.tag = raw.get("tag")
        self.tagged = versions(raw.get("taggedVersions"))
        self.entity = raw.get("entityType")
        self.key = raw.get("mapKey", False)
        # "none" for a field that keeps its old form in flexible versions.
        self.flexible = raw.get("flexibleVersions")
        self.array = self.type.startswith("[]")
        self.element = self.type[2:] if self.array else self.type
        self.fields = None
        if "fields" in raw:
            self.fields = [Field(f, structs) for f in raw.get("fields", [])]
        elif self.element in structs:
            self.fields = structs[self.element]
        self.default = self.default_value(raw.get("default"))

    def default_value(self, text):
        if text == "null":
            return None
        if self.array:
            return []
        if self.fields is not None:
            return {}
        if self.type == "bool":
            return text in ("true", True)
        if self.type in NUMBERS:
            return int(str(text or 0), 0)
        if self.type == "uuid":
            return str(uuid.UUID(int=0))
        if self.type == "string":
            return text or ""
        return b""


class Message:
    """A request or response."""

    def __init__(self, text):
        raw = json.loads("\n".join(line for line in text.splitlines() if not line.strip().startswith("//")))
        # They may name each other, in any order.
        structs = {common["name"]: [] for common in raw.get("commonStructs", [])}
        for common in raw.get("commonStructs", []):
            structs[common["name"]] += [Field(f, structs) for f in common["fields"]]
        self.name = raw["name"]
        self.api_key = raw.get("apiKey")
        self.versions = versions(raw["validVersions"])
        self.flexible = versions(raw.get("flexibleVersions"))
        self.fields = [Field(f, structs) for f in raw.get("fields", [])]

    def is_flexible(self, version):
        return within(version, self.flexible)


class Api:
    def __init__(self, request, response):
        self.name = request.name.removesuffix("Request")
        self.key = request.api_key
        self.request = request
        self.response = response

    def encode(self, version, correlation, client_id, body):
        """A whole request without its size."""
        out = Writer(self.request.is_flexible(version))
        out.data += struct.pack(">hhi", self.key, version, correlation)
        name = client_id.encode()
        out.data += struct.pack(">h", len(name)) + name
        if out.flexible:
            out.data.append(0)
        out.struct(self.request.fields, version, body)
        return bytes(out.data)

    def decode(self, version, data):
        """The correlation id and the body of a response without its size."""
        if len(data) < 4:
            raise CodecError(f"a response of {len(data)} bytes")
        flexible = self.response.is_flexible(version)
        reader = Reader(data, flexible)
        correlation = reader.number("int32")
        if flexible and self.name != "ApiVersions":
            reader.unknown_tags()
        body = reader.struct(self.response.fields, version)
        if reader.position != len(data):
            raise CodecError(f"{len(data) - reader.position} bytes are left over")
        return correlation, body


@functools.cache
def apis():
    """Name -> Api, of all that the jar defines for clients."""
    jars = sorted(LIBRARIES.glob("kafka-clients-*.jar"))
    if len(jars) != 1:
        raise CodecError(f"{LIBRARIES} holds {len(jars)} kafka-clients jars; run tests/reference/install")
    messages = {}
    with zipfile.ZipFile(jars[0]) as archive:
        for name in archive.namelist():
            if name.startswith(FOLDER) and re.search(r"(Request|Response)\.json$", name):
                message = Message(archive.read(name).decode())
                messages[message.name] = message
    found = {}
    for name, message in messages.items():
        if name.endswith("Request") and message.api_key is not None:
            api = Api(message, messages[name.removesuffix("Request") + "Response"])
            found[api.name] = api
    return found


class Writer:
    def __init__(self, flexible):
        self.data = bytearray()
        self.flexible = flexible

    def varint(self, value):
        while value > 0x7F:
            self.data.append(value & 0x7F | 0x80)
            value >>= 7
        self.data.append(value)

    def length(self, value, flexible, narrow):
        """Of None: null."""
        if flexible:
            self.varint(0 if value is None else len(value) + 1)
        else:
            self.data += struct.pack(">h" if narrow else ">i", -1 if value is None else len(value))

    def struct(self, fields, version, values):
        unknown = set(values) - {f.name for f in fields} - {UNKNOWN_TAGS}
        if unknown:
            raise CodecError(f"there is no field {sorted(unknown)}")
        tagged = {}
        for field in fields:
            if not within(version, field.versions):
                continue
            value = values.get(field.name, field.default)
            if within(version, field.tagged):
                if field.name in values and value != field.default:
                    tagged[field.tag] = self.tagged(field, version, value)
            else:
                self.value(field, version, value)
        if self.flexible:
            tagged.update({int(tag): data for tag, data in values.get(UNKNOWN_TAGS, {}).items()})
            self.varint(len(tagged))
            for tag in sorted(tagged):
                self.varint(tag)
                self.varint(len(tagged[tag]))
                self.data += tagged[tag]

    def tagged(self, field, version, value):
        inner = Writer(self.flexible)
        inner.value(field, version, value)
        return bytes(inner.data)

    def value(self, field, version, value):
        flexible = self.flexible and field.flexible != "none"
        if field.array:
            self.length(value, flexible, narrow=False)
            for element in value or []:
                self.element(field, version, element, flexible)
        else:
            self.element(field, version, value, flexible)

    def element(self, field, version, value, flexible):
        kind = field.element
        if field.fields is not None:
            if within(version, field.nullable) and not field.array:
                self.data += struct.pack(">b", -1 if value is None else 1)
                if value is None:
                    return
            self.struct(field.fields, version, value or {})
        elif kind in NUMBERS:
            self.data += struct.pack(NUMBERS[kind], value)
        elif kind == "uuid":
            self.data += uuid.UUID(value).bytes
        elif kind in ("string", "bytes", "records"):
            if isinstance(value, str):
                value = value.encode()
            self.length(value, flexible, narrow=kind == "string")
            self.data += value or b""
        else:
            raise CodecError(f"there is no type {kind}")


class Reader:
    def __init__(self, data, flexible):
        self.data = data
        self.position = 0
        self.flexible = flexible

    def take(self, count):
        end = self.position + count
        if count < 0 or end > len(self.data):
            raise CodecError(f"{count} bytes at {self.position} of {len(self.data)}")
        piece = self.data[self.position:end]
        self.position = end
        return piece

    def number(self, kind):
        form = NUMBERS[kind]
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def length(self, flexible, narrow):
        if flexible:
            return self.varint() - 1
        return self.number("int16" if narrow else "int32")

    def unknown_tags(self):
        return {self.varint(): self.take(self.varint()) for _ in range(self.varint())}

    def struct(self, fields, version):
        values, tagged = {}, {}
        for field in fields:
            if not within(version, field.versions):
                continue
            if within(version, field.tagged):
                values[field.name] = field.default
                tagged[field.tag] = field
            else:
                values[field.name] = self.value(field, version)
        if self.flexible:
            for tag, data in self.unknown_tags().items():
                if tag not in tagged:
                    values.setdefault(UNKNOWN_TAGS, {})[tag] = data
                    continue
                inner = Reader(data, self.flexible)
                values[tagged[tag].name] = inner.value(tagged[tag], version)
                if inner.position != len(data):
                    raise CodecError(f"tag {tag} has {len(data) - inner.position} bytes left over")
        return values

    def value(self, field, version):
        flexible = self.flexible and field.flexible != "none"
        if not field.array:
            return self.element(field, version, flexible)
        count = self.length(flexible, narrow=False)
        return None if count < 0 else [self.element(field, version, flexible) for _ in range(count)]

    def element(self, field, version, flexible):
        kind = field.element
        if field.fields is not None:
            if within(version, field.nullable) and not field.array and self.number("int8") < 0:
                return None
            return self.struct(field.fields, version)
        if kind in NUMBERS:
            return self.number(kind)
        if kind == "uuid":
            return str(uuid.UUID(bytes=bytes(self.take(16))))
        length = self.length(flexible, narrow=kind == "string")
        if length < 0:
            return None
        data = bytes(self.take(length))
        return data.decode() if kind == "string" else data
