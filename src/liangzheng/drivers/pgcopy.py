"""PostgreSQL's binary COPY format (documentation of COPY, "Binary Format"): values to octets and back.

A field is a 4-octet length and its octets, -1 and nothing for NULL. Only the types of the register are here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from liangzheng.kernel.errors import Invalid

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
NULL: Final = b"\xff\xff\xff\xff"

_EPOCH_DAY: Final = date(2000, 1, 1).toordinal()
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LENGTH: Final = [struct.pack(">i", length) for length in range(2048)]
_INT2: Final = struct.Struct(">ih")
_INT4: Final = struct.Struct(">ii")
_INT8: Final = struct.Struct(">iq")
_COUNT: Final = struct.Struct(">h")

Value = str | date | int | bool | bytes | None


def row_start(fields: int) -> bytes:
    """The two octets before a row: how many fields follow."""
    return _COUNT.pack(fields)


def length_of(octets: int) -> bytes:
    """The four octets before a field of that many (fewer than 2,048)."""
    return _LENGTH[octets]


def text(value: str | None) -> bytes:
    """A text field, UTF-8, of fewer than 2,048 octets."""
    if value is None:
        return NULL
    octets = value.encode()
    return _LENGTH[len(octets)] + octets


def texts(values: Sequence[bytes]) -> list[bytes]:
    """Text fields, given in UTF-8, of a whole column; empty ones are NULL."""
    lengths = _LENGTH
    return [lengths[len(value)] + value if value else NULL for value in values]


def octets(value: bytes | None) -> bytes:
    """A bytea field of fewer than 2,048 octets; also a uuid as its 16."""
    return NULL if value is None else _LENGTH[len(value)] + value


def day(value: date | None) -> bytes:
    """A date field: days since 2000-01-01."""
    return NULL if value is None else _INT4.pack(4, value.toordinal() - _EPOCH_DAY)


def instant(value: datetime) -> bytes:
    """A timestamptz field: microseconds since 2000-01-01 UTC."""
    delta = value - _EPOCH
    return _INT8.pack(8, (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds)


def small(value: int) -> bytes:
    """A smallint field."""
    return _INT2.pack(2, value)


def integer(value: int) -> bytes:
    """An integer field."""
    return _INT4.pack(4, value)


def big(value: int) -> bytes:
    """A bigint field."""
    return _INT8.pack(8, value)


def truth(value: bool) -> bytes:
    """A boolean field."""
    return b"\0\0\0\1\1" if value else b"\0\0\0\1\0"


ENCODE: Final[dict[str, Callable[[Any], bytes]]] = {
    "text": text,
    "date": day,
    "int2": small,
    "bool": truth,
    "bytea": octets,
}


def _value(kind: str, raw: bytes) -> Value:
    if kind == "text":
        return raw.decode()
    if kind == "date":
        return date.fromordinal(int.from_bytes(raw, "big", signed=True) + _EPOCH_DAY)
    if kind == "int2":
        return int.from_bytes(raw, "big", signed=True)
    if kind == "bool":
        return raw == b"\1"
    return raw


def decode(row: bytes, kinds: tuple[str, ...]) -> tuple[Value, ...]:
    """The values of consecutive fields of `kinds` (text, date, int2, bool, bytea). Raises Invalid when they
    do not fit exactly."""
    values: list[Value] = []
    place = 0
    for kind in kinds:
        length = int.from_bytes(row[place : place + 4], "big", signed=True)
        place += 4
        if length < 0:
            values.append(None)
            continue
        values.append(_value(kind, row[place : place + length]))
        place += length
    if place != len(row):
        raise Invalid("copy row", f"{len(kinds)} fields and nothing after them")
    return tuple(values)
