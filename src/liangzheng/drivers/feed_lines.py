"""One line of the change feed: octets → what a source says, or which rule they break. Pure.

    {"sequence": 17, "occurred_at": "2026-11-20T09:30:00+08:00",
     "driver": {"file_number": "320500000001"}, "change": "status", "values": {"status": "D"}}

Values bear the names of the register file's columns and are read by the same parsers, so that no feed brings in
what a file could not.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeVar

import msgspec

from liangzheng.drivers.columns import CodeTables, Column, Fault, columns
from liangzheng.drivers.pgcopy import Value
from liangzheng.drivers.points import SAID_BY_SOURCES, EntryKind, PointsSaid
from liangzheng.drivers.rules import Letters, Spells, whole_number
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.people import FileNumber, IdentityKind, IdentityNumber

T = TypeVar("T")

LONGEST_LINE: Final = 4096
HASH_OCTETS: Final = 16
_LARGEST_SEQUENCE: Final = (1 << 63) - 1
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_REFERENCE: Final = re.compile(r"[0-9A-Za-z._:-]{1,64}", re.ASCII)


class ChangeKind(StrEnum):
    """What a line changes."""

    POINTS = "points"
    STATUS = "status"
    CLASSES = "classes"
    VALIDITY = "validity"
    AUTHORITY = "authority"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the register file in the values of a line. `optional`: may be left out, and is empty then."""

    header: str
    optional: bool = False


VALUES: Final[Mapping[ChangeKind, tuple[Field, ...]]] = {
    ChangeKind.STATUS: (Field("status"), Field("extended_until", optional=True)),
    ChangeKind.CLASSES: (Field("driving_privileges"),),
    ChangeKind.VALIDITY: (Field("valid_from"), Field("valid_until"), Field("validity_term")),
    ChangeKind.AUTHORITY: (Field("issuing_authority"), Field("department", optional=True)),
    ChangeKind.ADDRESS: (Field("resident_address"), Field("address_division")),
}
"""The values of every kind of change but points, which have a form of their own."""


@dataclass(frozen=True, slots=True)
class Said:
    """A line that was read. `values`: column of the table → value; `points` instead where points change."""

    sequence: int
    occurred_at: datetime
    whose: IdentityNumber | FileNumber
    change: ChangeKind
    values: Mapping[str, Value]
    points: PointsSaid | None = None


class _Numbered(msgspec.Struct):
    sequence: int


_NUMBER_OF: Final = msgspec.json.Decoder(_Numbered).decode


def sequence_of(line: bytes) -> int | None:
    """The number of a line, without looking at the rest; None when it says none, and is no line of a feed."""
    if len(line) > LONGEST_LINE:
        return None
    try:
        sequence = _NUMBER_OF(line).sequence
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return sequence if 1 <= sequence <= _LARGEST_SEQUENCE else None


def hash_of(line: bytes) -> bytes:
    """What tells a repeat from a contradiction: the first half of SHA-256."""
    return hashlib.sha256(line).digest()[:HASH_OCTETS]


class Reader:
    """Reads lines against one set of code tables."""

    def __init__(self, tables: CodeTables) -> None:
        self._columns: dict[str, Column] = {column.header: column for column in columns(tables)}
        self.tables = tables

    def read(self, line: bytes) -> Said:
        """What the line says. Raises Invalid, which names the field and the rule and never the value."""
        top = _object("line", _strict(line), ("sequence", "occurred_at", "driver", "change", "values"))
        occurred_at = _instant("occurred_at", top["occurred_at"])
        whose = _whose(top["driver"])
        try:
            change = ChangeKind(top["change"])
        except ValueError:
            raise Invalid("change", f"one of {', '.join(ChangeKind)}") from None
        if type(top["sequence"]) is not int:
            raise Invalid("sequence", "a whole number from 1 on")
        if change is ChangeKind.POINTS:
            return Said(top["sequence"], occurred_at, whose, change, {}, _points(top["values"]))
        return Said(top["sequence"], occurred_at, whose, change, self._values(VALUES[change], top["values"]))

    def _values(self, fields: tuple[Field, ...], given: Any) -> dict[str, Value]:
        needed = tuple(field.header for field in fields if not field.optional)
        found = _object("values", given, needed, tuple(field.header for field in fields if field.optional))
        values: dict[str, Value] = {}
        for field in fields:
            column = self._columns[field.header]
            text = found.get(field.header)
            if text is not None and not isinstance(text, str):
                raise Invalid(f"values.{field.header}", "text, or null for none")
            try:
                value = column.parse(text or "")
            except Fault as fault:
                raise Invalid(f"values.{field.header}", fault.why) from None
            assert not isinstance(value, Spells), "no kind of change brings a class history"
            # As the import takes it: `AH` is `H`.
            values[column.sql] = value.text if isinstance(value, Letters) else value
        return values


def _strict(line: bytes) -> Any:
    def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Invalid("line", "each key once")
        return found

    def no_constant(_: str) -> NoReturn:
        raise Invalid("line", "JSON, which has no NaN and no Infinity")

    try:
        return json.loads(line.decode(), object_pairs_hook=each_once, parse_constant=no_constant)
    except Invalid:
        raise
    except (ValueError, RecursionError):
        raise Invalid("line", "one JSON object in UTF-8") from None


def _object(
    place: str, given: Any, needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Invalid(place, "an object")
    inside = "" if place == "line" else place + "."
    for name in needed:
        if name not in given:
            raise Invalid(inside + name, "is required")
    if not given.keys() <= {*needed, *optional}:
        # The name of a field nobody asked for is the sender's text and is not repeated.
        raise Invalid(place, f"no field but {', '.join((*needed, *optional))}")
    return given


def _instant(place: str, given: Any) -> datetime:
    if isinstance(given, str) and _INSTANT.fullmatch(given):
        try:
            found = datetime.fromisoformat(given).astimezone(UTC)
        except (ValueError, OverflowError):
            found = None
        # Far ends of the calendar have no civil day in China.
        if found is not None and 1900 <= found.year < 2200:
            return found
    raise Invalid(place, "an instant with its offset, 2026-11-20T09:30:00+08:00")


def _day(place: str, given: Any) -> date:
    if isinstance(given, str) and _DAY.fullmatch(given):
        try:
            return date.fromisoformat(given)
        except ValueError:
            pass
    raise Invalid(place, "a date as YYYY-MM-DD")


def _whose(given: Any) -> IdentityNumber | FileNumber:
    if isinstance(given, dict) and "file_number" in given:
        number = _object("driver", given, ("file_number",))["file_number"]
        return _checked("driver.file_number", lambda: FileNumber(_text("driver.file_number", number)))
    found = _object("driver", given, ("identity_kind", "document_number"))
    try:
        kind = IdentityKind(found["identity_kind"])
    except ValueError:
        raise Invalid("driver.identity_kind", "one of A C D E F G M") from None
    place = "driver.document_number"
    return _checked(
        place, lambda: IdentityNumber(kind, whole_number(kind.value, _text(place, found["document_number"])))
    )


def _text(place: str, given: Any) -> str:
    if not isinstance(given, str):
        raise Invalid(place, "text")
    return given


def _checked(place: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except Invalid as invalid:
        raise invalid.at(place) from None


_WITH_POINTS: Final = (EntryKind.VIOLATION, EntryKind.CORRECTION, EntryKind.EARNED_BACK)
_OF_ANOTHER: Final = {EntryKind.CORRECTION: "corrects", EntryKind.CARRIED: "carries"}


def _points(given: Any) -> PointsSaid:
    kind_given = given.get("kind") if isinstance(given, dict) else None
    if not isinstance(kind_given, str) or kind_given not in SAID_BY_SOURCES:
        raise Invalid("values.kind", f"one of {', '.join(SAID_BY_SOURCES)}")
    kind = EntryKind(kind_given)
    needed = ["kind", "reference", "on"]
    if kind in _WITH_POINTS:
        needed.append("points")
    if kind in _OF_ANOTHER:
        needed.append(_OF_ANOTHER[kind])
    found = _object("values", given, tuple(needed))
    points = found.get("points")
    if kind in _WITH_POINTS and (type(points) is not int or not -12 <= points <= 12):
        raise Invalid("values.points", "a whole number from -12 to 12")
    other = found.get(_OF_ANOTHER.get(kind, ""))
    return PointsSaid(
        kind,
        _reference("values.reference", found["reference"]),
        _day("values.on", found["on"]),
        points,
        _reference(f"values.{_OF_ANOTHER[kind]}", other) if kind in _OF_ANOTHER else None,
    )


def _reference(place: str, given: Any) -> str:
    if not isinstance(given, str) or not _REFERENCE.fullmatch(given):
        raise Invalid(place, "1 to 64 letters, digits and . _ : -")
    return given
