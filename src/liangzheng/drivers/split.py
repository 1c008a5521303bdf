"""Lines of text into columns of fields, fast where lines are plain and careful where they are not."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from liangzheng.drivers.columns import HEAD, HEADERS
from liangzheng.drivers.lines import Slice
from liangzheng.drivers.rules import Broken
from liangzheng.kernel.errors import Invalid

REJECT_PREFIX = "reject_"
"""Columns whose names begin so are passed over: a rejects file, once corrected, can be imported as it is."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that is not imported: what is wrong, and its fields where it could be split (else `raw`)."""

    line: int
    broken: tuple[Broken, ...]
    fields: tuple[str, ...] | None
    raw: str = ""


APART = b"\x1f"
"""Stands between the fields of a tail that was put together here; between others stand commas. No good field
holds either."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields, in UTF-8, of the lines that could be split, `lines` their numbers.

    `head`: the first HEAD columns of the layout; `tails`: the rest of each row as one text, see
    `tail_fields`.
    """

    lines: list[int]
    head: list[Sequence[bytes]]
    tails: Sequence[bytes]
    rejects: list[Reject]


def tail_fields(tail: bytes) -> list[bytes]:
    """The fields of a tail."""
    return tail.split(APART if APART in tail else b",")


def split_header(header: str) -> list[str]:
    """The column names of a header line. Raises Invalid naming every column that is missing, unknown or there
    twice."""
    try:
        names = next(csv.reader([header], strict=True), [])
    except csv.Error:
        raise Invalid("line 1", "a header line with well-formed quotes") from None
    known = [name for name in names if not name.startswith(REJECT_PREFIX)]
    if not set(known) & set(HEADERS):
        # What stands there instead is not repeated: it may be somebody's record.
        all_of_them = f"missing: all of them, from {HEADERS[0]!r} to {HEADERS[-1]!r}"
        raise Invalid(
            "line 1",
            f"the columns of a register file ({all_of_them}); is this another file, or without its header?",
        )
    faults = [
        ("unknown", [name for name in known if name not in HEADERS]),
        ("missing", [name for name in HEADERS if name not in known]),
        ("there twice", sorted({name for name in known if known.count(name) > 1})),
    ]
    told = "; ".join(f"{what}: {', '.join(repr(name) for name in found)}" for what, found in faults if found)
    if told:
        raise Invalid("line 1", f"the columns of a register file ({told})")
    return names


class Splitter:
    """Splits the lines of one file, by its header."""

    def __init__(self, header: str) -> None:
        """Raises Invalid for a header that is not a register's."""
        names = split_header(header)
        self._width = len(names)
        self._order = [names.index(name) for name in HEADERS]
        self._is_layout = tuple(names) == HEADERS

    def split(self, part: Slice) -> Fields:
        """The fields of a slice. Empty lines are passed over."""
        plain = self._plain(part.lines)
        if plain is not None:
            numbers = list(range(part.first_line, part.first_line + len(part.lines)))
            return _fields(numbers, [text.split(b",", HEAD) for text in plain], [])
        rejects = [Reject(bad.line, (Broken("", bad.rule, bad.why),), None, bad.raw) for bad in part.bad]
        rows: list[list[bytes]] = []
        lines: list[int] = []
        for line, text in enumerate(part.lines, part.first_line):
            if not text:
                continue
            row = self._carefully(line, text)
            if isinstance(row, Reject):
                rejects.append(row)
                continue
            rows.append(row)
            lines.append(line)
        return _fields(lines, rows, rejects)

    def _plain(self, texts: list[bytes | None]) -> list[bytes] | None:
        """The lines, if each of them can be split at its commas and that is all there is to do; else None."""
        if not self._is_layout or not all(texts):
            return None
        lines = cast(list[bytes], texts)
        if {text.count(b",") for text in lines} != {self._width - 1}:
            return None
        together = b"\n".join(lines)
        return None if b'"' in together or APART in together else lines

    def _carefully(self, line: int, octets: bytes) -> list[bytes] | Reject:
        """Head fields and tail of a line that may be in another order, with quotes, or wrong."""
        is_plain = b'"' not in octets and APART not in octets
        if is_plain and self._is_layout and octets.count(b",") == self._width - 1:
            return octets.split(b",", HEAD)
        text = octets.decode()
        if '"' in text:
            try:
                fields = next(csv.reader([text], strict=True))
            except csv.Error as trouble:
                broken = Broken("", "quotes", f"well-formed quotes within one line ({trouble})")
                return Reject(line, (broken,), None, text)
        else:
            fields = text.split(",")
        if len(fields) != self._width:
            broken = Broken("", "field-count", f"{self._width} fields (this line has {len(fields)})")
            return Reject(line, (broken,), None, text)
        if "\x1f" in text:
            broken = Broken("", "characters", "no control characters")
            return Reject(line, (broken,), None, text)
        ordered = [fields[place].encode() for place in self._order]
        return [*ordered[:HEAD], APART.join(ordered[HEAD:])]


def _fields(lines: list[int], rows: list[list[bytes]], rejects: list[Reject]) -> Fields:
    columns: list[Sequence[bytes]] = [*zip(*rows, strict=True)] if rows else [()] * (HEAD + 1)
    return Fields(lines, columns[:HEAD], columns[HEAD], rejects)
