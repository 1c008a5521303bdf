"""From lines of text to checked rows in PostgreSQL's COPY format, a few thousand at a time, column by column.

A column's texts become octets by being looked up among those met before, or at once where they hardly repeat.
`screen` finds the rows that need to be looked at one by one; only those go through the rules, and only what
breaks one gets its faults told.
"""

from __future__ import annotations

import os
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import compress
from typing import Any, Final, NamedTuple

from liangzheng.drivers import pgcopy, screen
from liangzheng.drivers.columns import (
    HEAD,
    LAYOUT,
    SQL_COLUMNS,
    SQL_KINDS,
    CodeTables,
    Column,
    Fault,
    Parsed,
    columns,
)
from liangzheng.drivers.lines import Slice
from liangzheng.drivers.names import sort_key
from liangzheng.drivers.pgcopy import Value
from liangzheng.drivers.rules import BornBy, Broken, Facts, broken_rules, doubts, whole_numbers
from liangzheng.drivers.split import Fields, Reject, Splitter, tail_fields
from liangzheng.kernel.classes import DrivingClass
from liangzheng.kernel.people import is_usual_name

COPIED: Final = (
    "driver_id",
    "standing_version",
    "updated_at",
    "record_version",
    "import_number",
    "import_line",
    *SQL_COLUMNS,
    "name_key",
    "row_hash",
)
"""Columns of `driver` in the order of Chunk.rows."""

_STAMP_OCTETS: Final = 2 + 20 + 12 + 12 + 3 * 8
_REMEMBERED: Final = 80_000
_COLUMN: Final = {name: place for place, name in enumerate(SQL_COLUMNS)}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Checked rows of consecutive lines. The lists run side by side; `rows` are COPY rows of the columns
    `COPIED`.

    `identities` (kind, A for both cards of a citizen, and number) and `files` are what is unique among
    drivers. `portraits` are in hexadecimal.
    """

    lines_done: int
    position: int
    prefix_hash: bytes
    packed_position: int
    lines: list[int]
    rows: list[bytes]
    identities: list[bytes]
    files: list[bytes]
    rejects: list[Reject]
    doubts: dict[str, int] = field(default_factory=dict)
    portraits: frozenset[bytes] = frozenset()


def together(chunks: Sequence[Chunk]) -> Chunk:
    """Consecutive chunks as one."""
    if len(chunks) == 1:
        return chunks[0]
    last = chunks[-1]
    return Chunk(
        lines_done=last.lines_done,
        position=last.position,
        prefix_hash=last.prefix_hash,
        packed_position=last.packed_position,
        lines=[line for chunk in chunks for line in chunk.lines],
        rows=[row for chunk in chunks for row in chunk.rows],
        identities=[number for chunk in chunks for number in chunk.identities],
        files=[number for chunk in chunks for number in chunk.files],
        rejects=[reject for chunk in chunks for reject in chunk.rejects],
        doubts=dict(sum((Counter(chunk.doubts) for chunk in chunks), Counter())),
        portraits=frozenset().union(*(chunk.portraits for chunk in chunks)),
    )


def id_of(row: bytes) -> bytes:
    """The driver id, as 16 octets, of one of Chunk.rows."""
    return row[6:22]


def row_hash_of(row: bytes) -> bytes:
    """The row hash of one of Chunk.rows."""
    return row[-16:]


class _Remembered(dict[bytes, Any]):
    """What texts met before became. Emptied when it grows past its limit, so that memory stays flat.

    A text that breaks its column's rule becomes None, which is not remembered; `broke` then says that there
    was one.
    """

    def __init__(self, make: Callable[[bytes], Any]) -> None:
        super().__init__()
        self._make = make
        self.broke = False

    def __missing__(self, text: bytes) -> Any:
        made = self._make(text)
        if made is None:
            self.broke = True
            return None
        if len(self) >= _REMEMBERED:
            self.clear()
        self[text] = made
        return made


class _History(NamedTuple):
    """A class history as a row and as the screens see it; days as ISO text, "~" after and "" before every
    day."""

    octets: bytes | None
    held: bytes
    first: bytes
    born_by: bytes


_BROKEN_HISTORY: Final = _History(None, b"", b"", b"")


class _Tail(NamedTuple):
    """The part of a row that is met again and again, as octets, and what the screens ask of it.

    `alone`: no rule between fields and no doubt can come of it.
    """

    octets: bytes | None
    kind: bytes
    sex: bytes
    classes: bytes
    is_long_term: bool
    alone: bool


def new_ids(many: int) -> list[bytes]:
    """`many` UUIDv7 (RFC 9562 §5.7) as octets, each larger than the one before.

    In bulk, because one at a time costs as much as checking the row. A batch of more than 4,096 borrows
    coming milliseconds.
    """
    ms = time.time_ns() // 1_000_000
    tails = struct.unpack(f">{many}Q", os.urandom(8 * many))
    pack = struct.Struct(">QQ").pack
    head, variant, tail_bits = ms << 16 | 0x7000, 1 << 63, (1 << 62) - 1
    return [
        pack(head + (place >> 12 << 16) + (place & 0xFFF), variant | tail & tail_bits)
        for place, tail in enumerate(tails)
    ]


class ChunkReader:
    """Turns slices of one file into chunks."""

    def __init__(self, header: str, tables: CodeTables, *, import_number: int, at: datetime) -> None:
        """`at`: what the rows carry as their time of change. Raises Invalid for a header that is not a
        register's."""
        self._splitter = Splitter(header)
        self._layout = columns(tables)
        self._divisions = tables.divisions
        self._homes = screen.Homes(tables.divisions)
        self._octets = self._remembering()
        self._days = self._octets[_BIRTH]
        self._histories = _Remembered(self._history)
        self._tails = _Remembered(self._tail)
        self._names = _Remembered(self._name)
        # Every row starts with the count of its fields and its id; then comes what all rows of a run share.
        self._start = pgcopy.row_start(len(COPIED)) + pgcopy.length_of(16)
        self._shared = pgcopy.big(1) + pgcopy.instant(at) + pgcopy.integer(1) + pgcopy.integer(import_number)

    def _remembering(self) -> list[_Remembered]:
        by_parser: dict[Callable[[str], Parsed], _Remembered] = {}
        # Columns with one parser (most of the dates) share what is remembered.
        return [
            by_parser.setdefault(column.parse, _Remembered(_octets_maker(column))) for column in self._layout
        ]

    def _history(self, text: bytes) -> tuple[bytes | None, bytes, bytes, bytes]:
        """The values of a _History; as a plain tuple, which is made in a tenth of the time."""
        if b";" not in text and b"/" not in text and text:
            only = self._spell_start(text)
            return _BROKEN_HISTORY if only is None else (pgcopy.length_of(len(text)) + text, *only)
        held: list[bytes] = []
        first = oldest = b"~"
        for spell in text.split(b";") if text else ():
            start_text, slash, end = spell.partition(b"/")
            start = self._spell_start(start_text)
            if start is None or (slash and self._days[end] is None):
                return _BROKEN_HISTORY
            cls, since, born_by = start
            if not slash:
                held.append(cls)
            elif end <= since:
                oldest = b""
            first, oldest = min(first, since), min(oldest, born_by)
        if len(set(held)) < len(held):
            return _BROKEN_HISTORY
        return pgcopy.length_of(len(text)) + text, b"".join(sorted(held)) or _NONE, first, oldest

    def _spell_start(self, text: bytes) -> tuple[bytes, bytes, bytes] | None:
        """How a spell begins: its class, its first day, and by when who could gain it then was born."""
        code, _, since = text.partition(b"@")
        steps = _BORN_BY.get(code)
        if steps is None or self._days[since] is None:
            return None
        # A start that breaks a rule by itself lets nobody pass unseen.
        return code, since, steps.on(since)

    def _tail(self, text: bytes) -> _Tail:
        fields = tail_fields(text)
        octets = [self._octets[place][field] for place, field in enumerate(fields, HEAD)]
        kind, sex, classes, term, status, extended, bus = (fields[place] for place in _LOOKED_AT_IN_TAIL)
        if None in octets:
            return _Tail(None, kind, sex, classes, False, False)
        alone = not extended and not bus and status in _UNEXTENDED
        return _Tail(b"".join(octets), kind, sex, classes, term == b"L", alone)

    def chunk(self, part: Slice) -> Chunk:
        """The rows of a slice, and what is wrong with those that are not good."""
        try:
            return self._chunk(part)
        except UnicodeDecodeError:
            return self._chunk(part.checked())

    def _chunk(self, part: Slice) -> Chunk:
        """The same. Raises UnicodeDecodeError unless every field is UTF-8: each is decoded once, or known to be ASCII."""
        # 1. Lines into columns of texts.
        fields = self._splitter.split(part)
        head, lines, rejects = fields.head, fields.lines, fields.rejects
        tails = _Tail(*_columns(map(self._tails.__getitem__, fields.tails), len(_Tail._fields)))
        kinds: Sequence[bytes] = tails.kind  # type: ignore[assignment]
        head[_NUMBER] = whole_numbers(kinds, head[_NUMBER])
        # 2. Texts into octets; a text that breaks its column's rule has none.
        histories = _History(
            *_columns(map(self._histories.__getitem__, head[_HISTORY]), len(_History._fields))
        )
        names = _columns(map(self._names.__getitem__, head[_NAME]), 2)
        octets, suspects = self._columns_of_octets(head, {_HISTORY: histories.octets, _NAME: names[0]})
        octets += [tails.octets, names[1]]  # type: ignore[list-item]
        # 3. Whom the screens suspect is looked at.
        suspects |= self._suspects(head, tails, histories)
        found: Counter[str] = Counter()
        bad = self._looked_at(sorted(suspects), fields, octets, found)
        # 4. The others are rows.
        if bad:
            good = [place not in bad for place in range(len(lines))]
            lines, kinds = list(compress(lines, good)), list(compress(kinds, good))
            head = [list(compress(column, good)) for column in head]
            octets = [list(compress(column, good)) for column in octets]
        return Chunk(
            lines_done=part.first_line + len(part.lines) - 1,
            position=part.position,
            prefix_hash=part.prefix_hash,
            packed_position=part.packed_position,
            lines=lines,
            rows=self._rows(lines, octets),
            identities=[
                b"A" + number if kind == b"A" or kind == b"M" else kind + number
                for kind, number in zip(kinds, head[_NUMBER], strict=True)
            ],
            files=list(head[_FILE]),
            rejects=rejects,
            doubts=found,
            portraits=frozenset(head[_PORTRAIT]) - {b""},
        )

    def _columns_of_octets(
        self, head: list[Sequence[bytes]], made_before: Mapping[int, Any]
    ) -> tuple[list[Sequence[bytes | None]], set[int]]:
        """The columns, and the places of texts that broke their column's rule and so have no octets."""
        made: list[Sequence[bytes | None]] = []
        broke: set[int] = set()
        for place, texts in enumerate(head):
            surely, remembered = self._layout[place].surely, self._octets[place]
            if place in made_before:
                made.append(made_before[place])
                remembered.broke = None in made[-1]
            elif surely is not None and surely(texts):
                made.append(pgcopy.texts(texts))
                continue
            else:
                remembered.broke = False
                made.append(list(map(remembered.__getitem__, texts)))
            if remembered.broke:
                broke.update(row for row, octets in enumerate(made[-1]) if octets is None)
        return made, broke

    def _suspects(self, head: list[Sequence[bytes]], tails: Any, histories: Any) -> set[int]:
        """Rows that may break a rule between fields or raise a doubt. `tails` and `histories` hold columns here."""
        if not head[_NUMBER]:
            return set()
        birth, first, start = head[_BIRTH], head[_FIRST], head[_FROM]
        until = [day or b"~" for day in head[_UNTIL]]
        suspects = screen.citizen_numbers(tails.kind, head[_NUMBER], birth, tails.sex, self._homes)
        suspects |= screen.card_cores(head[_CORE])
        suspects |= screen.in_order(birth, first, start, until)
        suspects |= screen.agreeing(first, birth) | screen.agreeing(start, until)
        suspects |= screen.in_order(first, histories.first) | screen.in_order(birth, histories.born_by)
        suspects |= screen.in_order(first, [day or b"~" for day in head[_PROBATION_UNTIL]])
        suspects |= screen.agreeing(first, head[_PROBATION_UNTIL])
        suspects |= screen.differing(tails.classes, histories.held)
        suspects |= screen.differing(tails.is_long_term, [day == b"~" for day in until])
        return suspects | screen.not_all(tails.alone)

    def _looked_at(
        self, suspects: Sequence[int], fields: Fields, made: list[Sequence[bytes | None]], found: Counter[str]
    ) -> set[int]:
        """Those of the suspects that are bad, now among the rejects; what is odd about the others is counted
        in `found`."""
        bad = set()
        for place in suspects:
            octets = [column[place] for column in fields.head] + tail_fields(fields.tails[place])
            row = tuple(field.decode() for field in octets)
            broken, odd = self._judged(row, all(column[place] is not None for column in made))
            found.update(odd)
            if broken:
                bad.add(place)
                fields.rejects.append(Reject(fields.lines[place], tuple(broken), row))
        return bad

    def _judged(self, row: tuple[str, ...], has_octets: bool) -> tuple[list[Broken], list[str]]:
        """What is wrong with a row: its fields, each alone, or, when all are right, together; and what is only odd."""
        try:
            facts = self._facts(row)
        except Fault:
            return self._faults(row), []
        broken = broken_rules(facts) if has_octets else self._faults(row)
        return broken, [] if broken else doubts(facts, self._divisions)

    def _faults(self, row: tuple[str, ...]) -> list[Broken]:
        """What is wrong with the fields of a row, each alone."""
        broken: list[Broken] = []
        for column, text in zip(self._layout, row, strict=True):
            try:
                column.parse(text)
            except Fault as fault:
                broken.append(Broken(column.header, fault.rule, fault.why))
        return broken

    def _facts(self, row: tuple[str, ...]) -> Facts:
        """What the rules between fields look at. Raises Fault for a field of them that is wrong alone."""
        return Facts._make(self._layout[place].parse(row[place]) for place in _FACTS)

    def _rows(self, lines: list[int], octets: list[Sequence[bytes | None]]) -> list[bytes]:
        """`octets`: the columns of the file, then the sort keys of the names."""
        bodies = map(b"".join, zip(*octets[:-1], strict=True))
        start, shared, hash_length = self._start, self._shared, pgcopy.length_of(16)
        new_hash, join = _EMPTY_HASH.copy, b"".join
        rows = []
        name_keys: Sequence[Any] = octets[-1]
        stamps = map(pgcopy.integer, lines)
        for id_, stamp, body, name_key in zip(new_ids(len(lines)), stamps, bodies, name_keys, strict=True):
            row_hash = new_hash()
            row_hash.update(body)
            rows.append(join((start, id_, shared, stamp, body, name_key, hash_length, row_hash.digest())))
        return rows

    def _name(self, text: bytes) -> tuple[bytes | None, bytes | None]:
        name = text.decode()
        if is_usual_name(name):
            return pgcopy.length_of(len(text)) + text, pgcopy.text(sort_key(name))
        try:
            parsed = self._layout[_NAME].parse(name)
        except Fault:
            return None, None
        assert isinstance(parsed, str)
        return pgcopy.text(parsed), pgcopy.text(sort_key(parsed))


def _columns(rows: Iterable[Sequence[Any]], width: int) -> list[Any]:
    """Rows of `width` values as columns."""
    return [*zip(*rows, strict=True)] or [()] * width


_EMPTY_HASH: Final = blake2b(digest_size=16)
_NUMBER, _NAME, _HISTORY = _COLUMN["document_number"], _COLUMN["name"], _COLUMN["class_history"]
_FILE, _PORTRAIT, _CORE = _COLUMN["file_number"], _COLUMN["portrait_hash"], _COLUMN["card_core_number"]
_BIRTH, _FIRST, _FROM = _COLUMN["birth_date"], _COLUMN["first_issue_date"], _COLUMN["valid_from"]
_UNTIL, _PROBATION_UNTIL = _COLUMN["valid_until"], _COLUMN["probation_until"]
_LOOKED_AT_IN_TAIL: Final = [
    _COLUMN[name] - HEAD
    for name in (
        "identity_kind",
        "sex",
        "classes",
        "validity_term",
        "status",
        "extended_until",
        "school_bus_classes",
    )
]
_FACTS: Final = [_COLUMN[name] for name in Facts._fields]
_BORN_BY: Final = {cls.value.encode(): BornBy(cls) for cls in DrivingClass}
_NONE: Final = "无".encode()
_UNEXTENDED: Final = frozenset(bytes((letter,)) for letter in b"ABCDEFGHIJKLMRSUZ")


def _octets_maker(column: Column) -> Callable[[bytes], bytes | None]:
    parse, encode = column.parse, column.octets

    def make(text: bytes) -> bytes | None:
        try:
            return encode(parse(text.decode()))
        except Fault:
            return None

    return make


def values_of(row: bytes) -> dict[str, Value]:
    """The columns a file brings, and `name_key` and `row_hash`, of one of Chunk.rows."""
    return dict(zip(_BROUGHT, pgcopy.decode(row[_STAMP_OCTETS:], _BROUGHT_KINDS), strict=True))


_BROUGHT: Final = (*SQL_COLUMNS, "name_key", "row_hash")
_BROUGHT_KINDS: Final = (*SQL_KINDS, "text", "bytea")


def texts_of(row: bytes) -> tuple[str, ...]:
    """The fields of one of Chunk.rows as a file would have them, in layout order."""
    values = values_of(row)
    return tuple(_written(column.header, values[column.sql]) for column in LAYOUT)


def _written(header: str, value: Value) -> str:
    if value is None:
        return ""
    if header == "probation":
        return "1" if value else "2"
    if isinstance(value, bool):
        return "1" if value else "0"
    return value.hex() if isinstance(value, bytes) else str(value)
