"""Whole columns looked at at once, to find the rows that need to be looked at one by one.

A row no screen suspects keeps every rule of `rules.broken_rules` and raises none of `rules.doubts`; a suspect
may be good all the same. So the rules are written once, in `rules`, and nine rows in ten never go through
them one at a time. (Tests hold the two together.) Columns of numbers with weighted checks are added up digit
by digit as one large integer each: a row is one octet in it, and the sums stay below 256, so that nothing
carries over to the neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import compress, count, pairwise
from operator import eq, gt, ne, not_
from typing import Final

from liangzheng.kernel.region import IDENTITY_PREFIXES, Divisions

_DUMMY: Final = b"11010519491231002X"
_DUMMY_DAY: Final = b"1949-12-31"
_CITIZEN_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1)
_CORE_WEIGHTS: Final = (9, 8, None, 8, 7, 3, 2, 3, 5, 6, 7, 8, 9)
_CITIZEN_KINDS: Final = frozenset({b"A", b"M"})


class _Form:
    """What a column's texts look like, one and many of them run together, and one that is right."""

    def __init__(self, pattern: bytes, dummy: bytes) -> None:
        self.one = re.compile(pattern)
        self.many = re.compile(b"(?:" + pattern + b")*+")
        self.dummy = dummy


_CITIZEN: Final = _Form(b"[0-9]{17}[0-9X]", _DUMMY)
_CORE: Final = _Form(b"[0-9]{2}[0-9X][0-9]{10}", b"3340001234567")


def _table(weight: int, *, four_is_eight: bool = False) -> bytes:
    """Octet of a digit (or X, ten) → its weighted value modulo 11; anything else → 0, being refused
    elsewhere."""
    values = {
        ord(str(digit)): weight * (8 if four_is_eight and digit == 4 else digit) % 11 for digit in range(10)
    }
    values[ord("X")] = weight * 10 % 11
    return bytes(values.get(octet, 0) for octet in range(256))


_CITIZEN_TABLES: Final = tuple(map(_table, _CITIZEN_WEIGHTS))
_CORE_TABLES: Final = tuple(
    None if weight is None else _table(weight, four_is_eight=True) for weight in _CORE_WEIGHTS
)
_MOD_11: Final = bytes(octet % 11 for octet in range(256))
_MOD_11_AS_CHECK: Final = bytes(b"0123456789X"[octet % 11] for octet in range(256))
_PARITY_AS_SEX: Final = bytes(b"21"[octet % 2] for octet in range(256))


def _where(bad: Iterable[bool]) -> Iterable[int]:
    return compress(count(), bad)


def _differ(one: bytes, other: bytes) -> Iterable[int]:
    return () if one == other else _where(map(ne, one, other))


def _sums(columns: Sequence[bytes], tables: Sequence[bytes | None], rows: int) -> bytes:
    """For each row the sum of its characters' weighted values. At most 18 values of at most 10: one octet
    holds it."""
    total = sum(
        int.from_bytes(column.translate(table), "big")
        for column, table in zip(columns, tables, strict=True)
        if table is not None
    )
    return total.to_bytes(rows, "big")


class Homes:
    """The divisions citizen numbers begin with. Each that is known is looked up once and remembered: they are few."""

    def __init__(self, divisions: Divisions) -> None:
        self._divisions = divisions
        self._known: set[bytes] = set()

    def odd(self, homes: Iterable[bytes]) -> set[bytes]:
        """Those with which no citizen number begins without a doubt."""
        new = set(homes) - self._known
        odd = {home for home in new if not _is_known(home.decode(), self._divisions)}
        self._known |= new - odd
        return odd


def citizen_numbers(
    kinds: Sequence[bytes],
    numbers: Sequence[bytes],
    births: Sequence[bytes],
    sexes: Sequence[bytes],
    known: Homes,
) -> set[int]:
    """Rows whose number is not surely a right citizen number that agrees with birth date and sex, of a known
    division."""
    rows = len(numbers)
    suspects: set[int] = set()
    if not _CITIZEN_KINDS.issuperset(kinds):
        suspects.update(_where(kind not in _CITIZEN_KINDS for kind in kinds))
    numbers = _formed(numbers, suspects, _CITIZEN)
    if suspects:
        births = _with_dummy(births, suspects, _DUMMY_DAY)
    octets = b"".join(numbers)
    columns = [octets[place::18] for place in range(18)]
    # The check: the weighted sum with the last character is 1 modulo 11 (ISO 7064 MOD 11-2).
    suspects.update(_differ(_sums(columns, _CITIZEN_TABLES, rows).translate(_MOD_11), b"\1" * rows))
    if b"".join([number[6:14] for number in numbers]) != b"".join(births).replace(b"-", b""):
        suspects.update(_where(n[6:14] != b.replace(b"-", b"") for n, b in zip(numbers, births, strict=True)))
    parity = columns[16].translate(_PARITY_AS_SEX)
    if parity != b"".join(sexes):
        suspects.update(_where(bytes((code,)) != sex for code, sex in zip(parity, sexes, strict=True)))
    homes = [number[:6] for number in numbers]
    odd = known.odd(homes)
    if odd:
        suspects.update(_where(home in odd for home in homes))
    return suspects


def _is_known(division: str, divisions: Divisions) -> bool:
    return division[:2] in IDENTITY_PREFIXES and divisions.known(division)


def card_cores(numbers: Sequence[bytes]) -> set[int]:
    """Rows whose card-core number is not surely right, check character included; an empty one is right."""
    rows = len(numbers)
    empty = set(_where(not number for number in numbers)) if b"" in numbers else set()
    suspects = set(empty)
    octets = b"".join(_formed(numbers, suspects, _CORE))
    columns = [octets[place::13] for place in range(13)]
    suspects.update(_differ(_sums(columns, _CORE_TABLES, rows).translate(_MOD_11_AS_CHECK), columns[2]))
    return suspects - empty


def _formed(texts: Sequence[bytes], suspects: set[int], form: _Form) -> Sequence[bytes]:
    """`texts` with a dummy in the place of every suspect; those that have not the form become suspects."""
    found = _with_dummy(texts, suspects, form.dummy) if suspects else texts
    if set(map(len, found)) == {len(form.dummy)} and form.many.fullmatch(b"".join(found)):
        return found
    ill = {place for place, text in enumerate(found) if not form.one.fullmatch(text)}
    suspects |= ill
    return _with_dummy(found, ill, form.dummy)


def _with_dummy(texts: Sequence[bytes], places: set[int], dummy: bytes) -> list[bytes]:
    replaced = list(texts)
    for place in places:
        replaced[place] = dummy
    return replaced


def in_order(*columns: Sequence[bytes]) -> set[int]:
    """Rows where a day in one column is after the day in the next. Days as ISO text, which sorts as they do."""
    suspects: set[int] = set()
    for earlier, later in pairwise(columns):
        if any(map(gt, earlier, later)):
            suspects.update(_where(map(gt, earlier, later)))
    return suspects


def differing(one: Sequence[object], other: Sequence[object]) -> set[int]:
    """Rows where two columns differ."""
    return set(_where(map(ne, one, other))) if any(map(ne, one, other)) else set()


def agreeing(one: Sequence[bytes], other: Sequence[bytes]) -> set[int]:
    """Rows where two columns are the same."""
    return set(_where(map(eq, one, other))) if any(map(eq, one, other)) else set()


def not_all(fit: Sequence[bool]) -> set[int]:
    """Rows that are not fit."""
    return set() if all(fit) else set(_where(map(not_, fit)))
