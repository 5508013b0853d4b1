"""Reads a pprof profile of whatever schema, by the shortest reader there can be: ours must not be what checks ours."""

import dataclasses
import gzip
import pathlib


@dataclasses.dataclass
class Row:
    """One row, its stack by name, innermost first."""

    values: dict
    stack: list
    labels: dict


def varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def fields(data):
    """Number and content of every field of a message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            raise ValueError(f"a field of kind {key & 7}")
        yield key >> 3, value


def signed(number):
    return number - (1 << 64) if number >> 63 else number


def numbers(value):
    """A repeated number, packed or not."""
    if isinstance(value, int):
        return [value]
    found, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        found.append(number)
    return found


def group(data):
    """The fields of a message, by number."""
    found = {}
    for number, value in fields(data):
        found.setdefault(number, []).append(value)
    return found


def one(message, number):
    return message.get(number, [0])[-1]


def plain(content):
    """What a profile is inside its compression."""
    if content[:2] == b"\x1f\x8b":
        return gzip.decompress(content)
    if content[:4] == b"\x28\xb5\x2f\xfd":
        import zstandard  # Only who reads zstd needs it.

        return zstandard.ZstdDecompressor().decompressobj().decompress(content)
    return content


def parse(content):
    """The rows of a profile."""
    profile = group(plain(content))
    texts = [text.decode() for text in profile.get(6, [])]
    types = [texts[one(group(kind), 1)] for kind in profile.get(1, [])]
    names = {one(f, 1): texts[one(f, 2)] for f in map(group, profile.get(5, []))}
    places = {}
    for location in map(group, profile.get(4, [])):
        lines = [names[one(group(line), 1)] for line in location.get(4, [])]
        places[one(location, 1)] = lines or [hex(one(location, 3))]
    rows = []
    for sample in map(group, profile.get(2, [])):
        stack = [name for ids in sample.get(1, []) for place in numbers(ids) for name in places[place]]
        values = [signed(number) for part in sample.get(2, []) for number in numbers(part)]
        labels = {}
        for label in map(group, sample.get(3, [])):
            text = one(label, 2)
            labels[texts[one(label, 1)]] = texts[text] if text else signed(one(label, 3))
        rows.append(Row(dict(zip(types, values)), stack, labels))
    return rows


def read(path):
    return parse(pathlib.Path(path).read_bytes())


def total(rows, column, keep=lambda row: True):
    return sum(row.values.get(column, 0) for row in rows if keep(row))
