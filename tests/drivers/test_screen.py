"""The screens against the rules: what they let pass, no rule objects to."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng import drivers
from liangzheng.drivers import rules, screen
from liangzheng.drivers.chunk import Chunk, ChunkReader, texts_of
from liangzheng.drivers.columns import HEADERS, CodeTables, Fault, columns
from liangzheng.drivers.generate import Generator
from liangzheng.drivers.lines import Slice
from liangzheng.drivers.rules import Facts, broken_rules, doubts, whole_number
from liangzheng.kernel.classes import DrivingClass, age_row, exists, row, turning_days
from liangzheng.kernel.people import card_core_number_fault, citizen_check_character
from liangzheng.kernel.time import full_years

TABLES = drivers.code_tables()
LAYOUT = columns(TABLES)
PLACE = {column.sql: place for place, column in enumerate(LAYOUT)}
_MAKER = Generator(TABLES, seed=2, as_of=date(2026, 11, 20))
GOOD = [next(csv.reader([",".join(_MAKER.next_fields())])) for _ in range(400)]
# What fields of other lines and these say, one line might say too.
ODD = [
    *("", "A", "M", "F", "N", "L", "6", "10", "C1", "C6", "无", "C1D", "1", "2", "AB", "99", "Q", "C9", "é"),
    *(
        "2022-03-31",
        "2022-04-01",
        "2000-02-29",
        "1949-12-31",
        "2190-01-01",
        "2026-02-30",
        "990000",
        "苏E",
        "虚A",
    ),
    *("11010519491231002X", "110105491231002", "4360028416316", "虚构路\u202e", "x\x1fy"),
    *("C6@2022-03-31", "C1@2020-01-01/2019-01-01", "C1@2020-01-01;C1@2021-01-01"),
]


def judged(fields: list[str]) -> tuple[bool, list[str]]:
    """Good or not, and the doubts: by the rules alone, one row at a time, as they are written."""
    values = {}
    for column, text in zip(LAYOUT, fields, strict=True):
        if "\x1f" in text:
            return False, []
        if column.sql == "document_number":
            text = whole_number(fields[PLACE["identity_kind"]], text)
        try:
            values[column.sql] = column.parse(text)
        except Fault:
            return False, []
    facts = Facts._make(values[name] for name in Facts._fields)  # type: ignore[arg-type]
    good = not broken_rules(facts)
    return good, doubts(facts, TABLES.divisions) if good else []


def chunk_of(rows: list[list[str]], tables: CodeTables = TABLES) -> Chunk:
    reader = ChunkReader(",".join(HEADERS), tables, import_number=1, at=datetime(2026, 1, 1, tzinfo=UTC))
    lines: list[bytes | None] = [
        ",".join(
            f'"{text.replace(chr(34), chr(34) * 2)}"' if '"' in text or "," in text else text for text in row
        ).encode()
        for row in rows
    ]
    return reader.chunk(Slice(2, lines, [], 0, b"", 0))


@given(st.data())
def test_a_chunk_keeps_exactly_the_rows_the_rules_keep_and_counts_their_doubts(data: st.DataObject) -> None:
    rows = [
        list(GOOD[place])
        for place in data.draw(st.lists(st.integers(0, len(GOOD) - 1), min_size=1, max_size=8))
    ]
    for _ in range(data.draw(st.integers(0, 6))):
        row = data.draw(st.sampled_from(rows))
        place = data.draw(st.integers(0, len(LAYOUT) - 1))
        row[place] = data.draw(st.sampled_from([*ODD, *{other[place] for other in GOOD[:60]}]))
    wanted = [judged(row) for row in rows]
    chunk = chunk_of(rows)
    assert chunk.lines == [line for line, (good, _) in enumerate(wanted, 2) if good]
    assert sorted(reject.line for reject in chunk.rejects) == [
        line for line, (good, _) in enumerate(wanted, 2) if not good
    ]
    assert chunk.doubts == Counter(doubt for _, found in wanted for doubt in found)
    assert all(reject.broken for reject in chunk.rejects)


def test_rows_come_out_as_they_went_in() -> None:
    assert [list(texts_of(row)) for row in chunk_of(GOOD).rows] == [
        [whole_number(fields[PLACE["identity_kind"]], text) if place == PLACE["document_number"] else text
         for place, text in enumerate(fields)]
        for fields in GOOD
    ]  # fmt: skip


@given(
    st.lists(
        st.tuples(st.text("0123456789", min_size=11, max_size=11), st.sampled_from("0123456789X")),
        min_size=1,
        max_size=9,
    )
)
def test_the_screen_of_citizen_numbers_finds_every_wrong_check_character(
    parts: list[tuple[str, str]],
) -> None:
    rows = [("110105" + middle, check) for middle, check in parts]
    numbers = [(head + check).encode() for head, check in rows]
    births = [f"{head[6:10]}-{head[10:12]}-{head[12:14]}".encode() for head, _ in rows]
    sexes = [b"1" if head[16] in "13579" else b"2" for head, _ in rows]
    suspects = screen.citizen_numbers(
        [b"A"] * len(rows), numbers, births, sexes, screen.Homes(TABLES.divisions)
    )
    assert suspects == {
        place for place, (head, check) in enumerate(rows) if citizen_check_character(head) != check
    }


@given(st.lists(st.text("0123456789X", min_size=0, max_size=14), min_size=1, max_size=9))
def test_the_screen_of_card_cores_lets_only_right_ones_and_empty_ones_pass(cores: list[str]) -> None:
    from liangzheng.kernel.people import card_core_check_character

    def is_right(core: str) -> bool:
        if not core:
            return True
        formed = card_core_number_fault(core) is None
        return formed and card_core_check_character(core[:2] + core[3:]) == core[2]

    assert screen.card_cores([core.encode() for core in cores]) == {
        place for place, core in enumerate(cores) if not is_right(core)
    }


@given(
    st.sampled_from(list(DrivingClass)),
    st.dates(date(2018, 1, 1), date(2030, 1, 1)),
    st.dates(date(1990, 1, 1), date(2014, 1, 1)),
)
def test_whoever_was_born_by_the_day_is_old_enough_and_nobody_else(
    cls: DrivingClass, since: date, birth: date
) -> None:
    latest = rules.BornBy(cls).on(str(since).encode())
    if not latest:
        assert cls is DrivingClass.C6
        assert since < date(2022, 4, 1)
    else:
        assert (str(birth).encode() <= latest) == (full_years(birth, since) >= rules.youngest(cls, since))


def test_a_leap_day_child_is_nineteen_on_the_first_of_march() -> None:
    a1, c3 = rules.BornBy(DrivingClass.A1), rules.BornBy(DrivingClass.C3)
    assert a1.on(b"2023-03-01") == b"2004-03-01"
    assert a1.on(b"2023-02-28") == b"2004-02-28"
    assert c3.on(b"2024-02-29") == b"2006-02-28"


@pytest.mark.parametrize("cls", DrivingClass)
def test_ages_turn_on_the_turning_days_and_on_no_other(cls: DrivingClass) -> None:
    """Day by day over every order: else a table with one more row would be read by the age before it."""
    born_by, days = rules.BornBy(cls), [date(2018, 1, 1) + timedelta(n) for n in range(4_000)]
    for day in days:
        latest = born_by.on(str(day).encode())
        assert bool(latest) == exists(cls, day)
        if latest and (day.month, day.day) != (2, 29):
            assert latest == str(day.replace(year=day.year - rules.youngest(cls, day))).encode()
    turns = [one for one, other in pairwise(reversed(days)) if _said(cls, one) != _said(cls, other)]
    assert set(turns) <= set(turning_days(cls))


def _said(cls: DrivingClass, day: date) -> object:
    return row(cls, day), age_row(cls, day)


NO_TEXT = [b"\xff", b"\xe5\xae", b"\x89", b"\xc0\xaf", b"\xed\xa0\x80"]


@pytest.mark.parametrize("column", range(len(HEADERS)), ids=HEADERS.__getitem__)
def test_octets_that_are_no_text_are_found_in_whatever_column_they_stand(column: int) -> None:
    """Nobody decodes a slice as a whole: each field is decoded somewhere, or known to be ASCII."""
    reader = ChunkReader(",".join(HEADERS), TABLES, import_number=1, at=datetime(2026, 1, 1, tzinfo=UTC))
    good: list[bytes | None] = [",".join(row).encode() for row in GOOD[:12] if '"' not in "".join(row)]
    for octets in NO_TEXT:
        fields = (good[4] or b"").split(b",")
        for damaged in (fields[column] + octets, octets + fields[column], octets):
            line = b",".join([*fields[:column], damaged, *fields[column + 1 :]])
            chunk = reader.chunk(Slice(2, [*good[:4], line, *good[5:]], [], 0, b"", 0, is_text=False))
            [reject] = chunk.rejects
            assert (reject.line, reject.broken[0].rule) == (6, "encoding")
            assert f"about column {column + 1})" in reject.broken[0].why


def test_two_halves_of_a_character_in_two_lines_are_not_taken_for_one() -> None:
    reader = ChunkReader(",".join(HEADERS), TABLES, import_number=1, at=datetime(2026, 1, 1, tzinfo=UTC))
    rows = [",".join(row).encode().split(b",") for row in GOOD[:2]]
    place = PLACE["resident_address"]
    rows[0][place] += "安".encode()[:2]
    rows[1][place] = "安".encode()[2:] + rows[1][place]
    chunk = reader.chunk(Slice(2, [b",".join(row) for row in rows], [], 0, b"", 0, is_text=False))
    assert [reject.broken[0].rule for reject in chunk.rejects] == ["encoding"] * 2


def test_damage_anywhere_in_a_large_chunk_is_found() -> None:
    chance = Random(3)
    rows = [list(row) for row in GOOD]
    hurt = sorted(chance.sample(range(len(rows)), 40))
    for place in hurt:
        rows[place][PLACE["points"]] = "many"
    assert [reject.line - 2 for reject in chunk_of(rows).rejects] == hurt
