"""准驾车型: the table, its day of change, ages, and classes lost with age."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel.classes import (
    AGE_TABLE,
    CLASS_TABLE,
    ORDER_162_DAY,
    ORDER_172_DAY,
    Ageing,
    AgeLimits,
    Classes,
    DrivingClass,
    age_limits,
    ageing,
    also_allows,
    exists,
    heavy_age_limit,
    may_be_first,
    row,
)
from liangzheng.kernel.errors import Invalid

LAST_DAY_BEFORE = date(2022, 3, 31)
TODAY = date(2026, 11, 20)
DAYS = st.dates(date(1990, 1, 1), date(2050, 1, 1))
SETS = st.sets(st.sampled_from(list(DrivingClass)), min_size=1)

ALLOWED_SINCE_2022 = {
    "A1": "A3 B1 B2 C1 C2 C3 C4 M",
    "A2": "B1 B2 C1 C2 C3 C4 C6 M",
    "A3": "C1 C2 C3 C4",
    "B1": "C1 C2 C3 C4 M",
    "B2": "C1 C2 C3 C4 M",
    "C1": "C2 C3 C4",
    "C3": "C4",
    "D": "E F",
    "E": "F",
}


def cls(code: str) -> DrivingClass:
    return DrivingClass(code)


def codes(members: tuple[DrivingClass, ...] | frozenset[DrivingClass]) -> str:
    return " ".join(sorted(members, key=lambda member: list(DrivingClass).index(member)))


# --- the table


def test_the_canonical_order() -> None:
    assert " ".join(DrivingClass) == "A1 A2 A3 B1 B2 C1 C2 C3 C4 C5 C6 D E F M N P"


@pytest.mark.parametrize("code", list(DrivingClass))
def test_what_each_class_also_allows_since_order_162(code: DrivingClass) -> None:
    assert codes(also_allows(code, ORDER_162_DAY)) == ALLOWED_SINCE_2022.get(code, "")


@pytest.mark.parametrize("code", [code for code in DrivingClass if code != "C6"])
def test_before_order_162_only_a2_differs(code: DrivingClass) -> None:
    expected = ALLOWED_SINCE_2022.get(code, "").replace(" C6", "")
    assert codes(also_allows(code, LAST_DAY_BEFORE)) == expected


def test_c6_exists_from_the_first_of_april_2022() -> None:
    assert not exists(cls("C6"), LAST_DAY_BEFORE)
    assert exists(cls("C6"), ORDER_162_DAY)
    assert not Classes.parse("A2", LAST_DAY_BEFORE).allow(cls("C6"), LAST_DAY_BEFORE)
    assert Classes.parse("A2", LAST_DAY_BEFORE).allow(cls("C6"), ORDER_162_DAY)


def test_a_c1_holder_may_not_drive_what_c1_does_not_allow() -> None:
    held = Classes.parse("C1", TODAY)
    assert codes(held.allowed(TODAY)) == "C1 C2 C3 C4"
    assert not held.allow(cls("B2"), TODAY)
    assert not held.allow(cls("C6"), TODAY)


@given(DAYS)
def test_on_every_day_a_class_has_at_most_one_row(on: date) -> None:
    for code in DrivingClass:
        assert sum(entry.cls is code and entry.holds(on) for entry in CLASS_TABLE) == (
            1 if exists(code, on) else 0
        )


def test_the_table_changes_on_one_day_only() -> None:
    edges = {day for entry in CLASS_TABLE for day in (entry.starts, entry.ends) if day is not None}
    assert edges == {ORDER_162_DAY}


def test_names_follow_the_day() -> None:
    before, since = row(cls("A2"), LAST_DAY_BEFORE), row(cls("A2"), ORDER_162_DAY)
    assert before is not None
    assert since is not None
    assert (before.chinese, since.chinese) == ("牵引车", "重型牵引挂车")


@given(DAYS)
def test_what_is_allowed_is_closed_and_exists(on: date) -> None:
    for code in DrivingClass:
        for allowed in also_allows(code, on):
            assert exists(allowed, on)
            assert also_allows(allowed, on) <= also_allows(code, on)
        assert code not in also_allows(code, on)


# --- parsing


@given(SETS)
def test_codes_run_together_come_back_in_canonical_order(members: set[DrivingClass]) -> None:
    text = "".join(reversed(list(members)))
    parsed = Classes.parse(text, TODAY)
    assert set(parsed) == members
    assert str(parsed) == "".join(code for code in DrivingClass if code in members)
    assert Classes.parse(str(parsed), TODAY) == parsed


@pytest.mark.parametrize(
    ("text", "canonical"), [("A1A2D", "A1A2D"), ("C1E", "C1E"), ("DA2A1", "A1A2D"), ("PNM", "MNP")]
)
def test_known_strings(text: str, canonical: str) -> None:
    assert str(Classes.parse(text, TODAY)) == canonical


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "at least one class code"),
        ("无", "a class code at character 1"),
        ("C1无", "a class code at character 3"),
        ("C", "a class code at character 1"),
        ("A4", "a class code at character 1"),
        ("C7", "a class code at character 1"),
        ("c1", "a class code at character 1"),
        ("C1,E", "a class code at character 3"),
        ("C1 E", "a class code at character 3"),
        ("C1C1", "each class once (C1 stands twice)"),
        ("C1EC1", "each class once (C1 stands twice)"),
        ("Ｃ1", "a class code at character 1"),
    ],
)
def test_what_is_no_list_of_classes_names_the_place(text: str, rule: str) -> None:
    with pytest.raises(Invalid) as caught:
        Classes.parse(text, TODAY)
    assert caught.value.rule == rule


def test_a_licence_cannot_carry_c6_before_its_day() -> None:
    with pytest.raises(Invalid, match="C6"):
        Classes.parse("A2C6", LAST_DAY_BEFORE)
    assert str(Classes.parse("A2C6", ORDER_162_DAY)) == "A2C6"


def test_none_is_read_from_outside_only() -> None:
    none = Classes.parse_outside("无", TODAY)
    assert (len(none), str(none), none.allowed(TODAY)) == (0, "无", ())
    assert Classes.parse_outside("C1", TODAY) == Classes.parse("C1", TODAY)


def test_classes_are_a_set() -> None:
    assert Classes((cls("D"), cls("A1"))) == Classes((cls("A1"), cls("D")))
    with pytest.raises(Invalid):
        Classes((cls("D"), cls("D")))


# --- ages to apply


@pytest.mark.parametrize(
    ("code", "on", "limits"),
    [
        ("C1", ORDER_162_DAY, AgeLimits(18, None, 70)),
        ("C1", date(2020, 11, 20), AgeLimits(18, None, 70)),
        ("C4", date(2024, 12, 31), AgeLimits(18, 60)),
        ("C4", date(2025, 1, 1), AgeLimits(18, 63)),
        ("D", date(2024, 12, 31), AgeLimits(18, 60)),
        ("D", date(2025, 1, 1), AgeLimits(18, 70)),
        ("C6", date(2024, 12, 31), AgeLimits(20, 60)),
        ("C6", date(2025, 1, 1), AgeLimits(20, 70)),
        ("B2", date(2024, 12, 31), AgeLimits(20, 60)),
        ("N", date(2025, 1, 1), AgeLimits(20, 63)),
        ("A1", date(2021, 6, 1), AgeLimits(22, 60)),
        ("A1", date(2024, 12, 31), AgeLimits(22, 60, student_youngest=19)),
        ("A2", date(2025, 1, 1), AgeLimits(22, 63, student_youngest=19)),
    ],
)
def test_ages_to_apply_as_of_a_day(code: str, on: date, limits: AgeLimits) -> None:
    assert age_limits(cls(code), on) == limits


def test_where_no_rule_is_known_none_is_claimed() -> None:
    assert age_limits(cls("C1"), date(2020, 11, 19)) is None
    assert age_limits(cls("D"), LAST_DAY_BEFORE) is None


@given(DAYS)
def test_on_every_day_a_class_has_at_most_one_age_rule_and_since_order_162_exactly_one(on: date) -> None:
    for code in DrivingClass:
        found = [
            entry
            for entry in AGE_TABLE
            if code in entry.classes and entry.starts <= on and (entry.ends is None or on < entry.ends)
        ]
        assert len(found) <= 1
        if on >= ORDER_162_DAY:
            assert len(found) == 1


def test_classes_a_first_licence_may_carry() -> None:
    first = [code.value for code in DrivingClass if may_be_first(code, TODAY)]
    assert " ".join(first) == "A3 B2 C1 C2 C3 C4 C5 D E F M N P"


# --- classes lost with age


@pytest.mark.parametrize(
    ("held", "age", "on", "lost", "kept", "offered"),
    [
        ("A1", 59, "2024-12-31", "", "A1", ""),
        ("A1", 60, "2024-12-31", "A1", "", "C1 C2"),
        ("A1", 60, "2025-01-01", "", "A1", ""),
        ("A1", 62, "2025-01-01", "", "A1", ""),
        ("A1", 63, "2025-01-01", "A1", "", "C1 C2"),
        ("A2", 60, "2022-03-31", "A2", "", "C1 C2"),
        ("A2", 60, "2022-04-01", "A2", "", "C1 C2 C6"),
        ("A2", 70, "2024-01-01", "A2", "", "C1 C2"),
        ("A2C6", 63, "2025-06-01", "A2", "C6", "C1 C2"),
        ("A1A2D", 63, "2025-06-01", "A1 A2", "D", "C1 C2 C6"),
        ("B2C1", 63, "2025-06-01", "B2", "C1", ""),
        ("C1D", 69, "2025-06-01", "", "C1 D", ""),
        ("C1D", 70, "2025-06-01", "D", "C1", "F"),
        ("DF", 70, "2025-06-01", "D", "F", ""),
        ("C1C6", 70, "2025-06-01", "C6", "C1", ""),
        ("C6", 70, "2025-06-01", "C6", "", "C1 C2"),
        ("C1", 90, "2025-06-01", "", "C1", ""),
        ("C2F", 90, "2025-06-01", "", "C2 F", ""),
        ("C5", 90, "2025-06-01", "", "C5", ""),
    ],
)
def test_what_age_takes_and_offers(held: str, age: int, on: str, lost: str, kept: str, offered: str) -> None:
    day = date.fromisoformat(on)
    result = ageing(Classes.parse(held, day), age, day)
    assert (codes(result.lost), codes(result.kept), codes(result.offered)) == (lost, kept, offered)
    assert not result.cancelled


@pytest.mark.parametrize(("held", "age"), [("M", 63), ("MNP", 64), ("C3", 70), ("C3C4", 75), ("C4M", 70)])
def test_a_licence_with_nothing_left_is_cancelled(held: str, age: int) -> None:
    assert ageing(Classes.parse(held, TODAY), age, TODAY).cancelled
    assert not ageing(Classes.parse(held, TODAY), 59, TODAY).cancelled


def test_the_ability_test_keeps_heavy_classes_for_three_years_from_2025() -> None:
    held = Classes.parse("A1M", TODAY)
    assert codes(ageing(held, 65, TODAY, heavy_kept_by_test=True).kept) == "A1"
    assert codes(ageing(held, 66, TODAY, heavy_kept_by_test=True).kept) == ""
    before = ORDER_172_DAY - timedelta(days=1)
    assert codes(ageing(held, 60, before, heavy_kept_by_test=True).kept) == ""


def test_the_heavy_age_limit_moved_with_order_172() -> None:
    assert heavy_age_limit(ORDER_172_DAY - timedelta(days=1)) == 60
    assert heavy_age_limit(ORDER_172_DAY) == 63


@given(SETS, st.integers(58, 72), st.dates(ORDER_162_DAY, date(2030, 1, 1)))
def test_age_loses_and_keeps_everything_once_and_offers_nothing_held(
    members: set[DrivingClass], age: int, on: date
) -> None:
    result: Ageing = ageing(Classes(tuple(members)), age, on)
    assert set(result.lost) | set(result.kept) == members
    assert not set(result.lost) & set(result.kept)
    assert not set(result.offered) & members
    older = ageing(Classes(tuple(members)), age + 1, on)
    assert set(result.lost) <= set(older.lost)
