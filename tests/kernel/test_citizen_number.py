"""公民身份号码: the rule of GB 11643, number by number and property by property."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.people import (
    CitizenNumber,
    IdentityKind,
    IdentityNumber,
    Sex,
    citizen_check_character,
    citizen_number_fault,
)
from liangzheng.kernel.region import IDENTITY_PREFIXES, Division, DivisionLevel, Divisions

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
PUBLISHED = ("11010519491231002X", "440524188001010014")


def check_by_the_book(first_17: str) -> str:
    """The rule as the standard tells it, multiplied out."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, first_17, strict=True))
    return "10X98765432"[total % 11]


def numbered(division: str, birth: str, sequence: str) -> str:
    first_17 = division + birth + sequence
    return first_17 + check_by_the_book(first_17)


@st.composite
def citizen_numbers(draw: st.DrawFn) -> str:
    prefix = draw(st.sampled_from(sorted(IDENTITY_PREFIXES)))
    rest = draw(st.integers(0, 9999))
    birth = draw(st.dates(date(1800, 1, 1), date(2199, 12, 31)))
    return numbered(f"{prefix}{rest:04}", birth.strftime("%Y%m%d"), f"{draw(st.integers(0, 999)):03}")


@pytest.mark.parametrize("published", PUBLISHED)
def test_published_numbers_pass(published: str) -> None:
    assert CitizenNumber(published).value == published


def test_an_old_birth_year_is_a_birth_year() -> None:
    assert CitizenNumber("440524188001010014").birth_date == date(1880, 1, 1)


@given(st.text("0123456789", min_size=17, max_size=17))
def test_the_tables_compute_what_the_book_says(first_17: str) -> None:
    assert citizen_check_character(first_17) == check_by_the_book(first_17)


@given(citizen_numbers())
def test_every_number_made_by_the_rule_passes(text: str) -> None:
    number = CitizenNumber(text)
    assert number.birth_date.strftime("%Y%m%d").zfill(8) == text[6:14]
    assert number.division == text[:6]


@given(citizen_numbers())
def test_every_change_of_one_character_is_caught(text: str) -> None:
    for place in range(18):
        for other in "0123456789X" if place == 17 else "0123456789":
            changed = text[:place] + other + text[place + 1 :]
            assert (citizen_number_fault(changed) is None) == (changed == text)


@given(citizen_numbers(), st.integers(0, 16))
def test_two_neighbours_changed_over_are_caught(text: str, place: int) -> None:
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert (citizen_number_fault(swapped) is None) == (swapped == text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "18 characters"),
        (PUBLISHED[0][:-1], "18 characters"),
        (PUBLISHED[0] + "0", "18 characters"),
        ("11010519491231002x", "17 digits and a digit or capital X"),
        ("1101051949123100 X", "17 digits and a digit or capital X"),
        ("X1010519491231002X", "17 digits and a digit or capital X"),
        ("１１０１０５１９４９１２３１００２X", "17 digits and a digit or capital X"),
        ("1101051949123100٢X", "17 digits and a digit or capital X"),
        ("11010519491231002\n", "17 digits and a digit or capital X"),
        (numbered("100105", "19491231", "002"), "begins with a province prefix"),
        (numbered("910105", "19491231", "002"), "begins with a province prefix"),
        (numbered("110105", "19491301", "002"), "positions 7 to 14 are a calendar day from 1800 on"),
        (numbered("110105", "17991231", "002"), "positions 7 to 14 are a calendar day from 1800 on"),
        ("110105194912310021", "last character is the check character of the others (GB 11643)"),
    ],
)
def test_the_first_broken_rule_is_named(text: str, rule: str) -> None:
    assert citizen_number_fault(text) == rule
    with pytest.raises(Invalid) as caught:
        CitizenNumber(text)
    assert (caught.value.place, caught.value.rule) == ("citizen number", rule)


@pytest.mark.parametrize(
    ("birth", "is_a_day"),
    [
        ("20000229", True),
        ("19000229", False),
        ("20240229", True),
        ("20230229", False),
        ("21000229", False),
        ("20240230", False),
        ("20240431", False),
        ("20240000", False),
        ("18000101", True),
        ("22000101", False),
    ],
)
def test_leap_days_and_impossible_days(birth: str, is_a_day: bool) -> None:
    assert (citizen_number_fault(numbered("320505", birth, "111")) is None) is is_a_day


def test_prefixes_are_the_provinces_and_the_residence_permits_and_nothing_else() -> None:
    passing = {
        f"{prefix:02}"
        for prefix in range(100)
        if citizen_number_fault(numbered(f"{prefix:02}0000", "19900101", "001")) is None
    }
    assert len(passing) == 35
    assert passing - IDENTITY_PREFIXES == set()
    assert {"81", "82", "83"} <= passing


@given(citizen_numbers())
def test_a_15_digit_number_becomes_the_18_character_one(text: str) -> None:
    birth = text[6:14]
    old = text[:6] + birth[2:] + text[14:17]
    if birth[:2] == "19":
        assert CitizenNumber.from_15(old).value == text
    elif birth[2:] != "000229":  # 29 February of a century year need not exist in 1900
        assert CitizenNumber.from_15(old).value[6:8] == "19"


@pytest.mark.parametrize(
    "old", ["", "32031177070600", "3203117707060011", "32031177070600X", "３20311770706001"]
)
def test_what_is_not_15_digits_is_no_old_number(old: str) -> None:
    with pytest.raises(Invalid, match="15 digits"):
        CitizenNumber.from_15(old)


def test_an_old_number_with_an_impossible_day_is_refused() -> None:
    with pytest.raises(Invalid, match="calendar day"):
        CitizenNumber.from_15("320311770231001")


def test_sex_is_the_parity_of_the_seventeenth_digit() -> None:
    assert CitizenNumber(numbered("320505", "19900101", "001")).sex is Sex.MALE
    assert CitizenNumber(numbered("320505", "19900101", "112")).sex is Sex.FEMALE


def test_a_typed_number_may_have_spaces_full_width_digits_and_a_small_x() -> None:
    assert CitizenNumber.typed(" 110105 19491231 002x ").value == PUBLISHED[0]
    assert CitizenNumber.typed("１１０１０５１９４９１２３１００２ｘ").value == PUBLISHED[0]
    with pytest.raises(Invalid):
        CitizenNumber.typed("110105-19491231-002X")


@pytest.fixture
def divisions() -> Divisions:
    current = [
        Division("110000", "北京市", DivisionLevel.PROVINCE),
        Division("110101", "东城区", DivisionLevel.COUNTY),
    ]
    return Divisions(current, {"110103": "崇文区"})


@pytest.mark.parametrize("division", ["110101", "110103", "810000", "820000", "830000"])
def test_current_abolished_and_permit_divisions_are_known(division: str, divisions: Divisions) -> None:
    text = numbered(division, "19900101", "001")
    assert CitizenNumber.checked(text, divisions).division == division


def test_a_division_in_no_list_passes_at_birth_and_fails_when_the_list_is_asked(divisions: Divisions) -> None:
    text = numbered("110199", "19900101", "001")
    assert CitizenNumber(text).division == "110199"
    with pytest.raises(Invalid, match="current or historical"):
        CitizenNumber.checked(text, divisions)


def test_nobody_is_born_tomorrow(divisions: Divisions) -> None:
    today = date(2026, 11, 20)
    born_today = numbered("110101", "20261120", "001")
    assert CitizenNumber.checked(born_today, divisions, today).birth_date == today
    with pytest.raises(Invalid, match="future"):
        CitizenNumber.checked(born_today, divisions, today - timedelta(days=1))


@given(citizen_numbers())
def test_no_print_and_no_error_shows_the_number(text: str) -> None:
    number = CitizenNumber(text)
    for printed in (repr(number), str(number), f"{number}", number.masked):
        assert text not in printed
        assert text[3:14] not in printed
        assert "***********" in printed
    with pytest.raises(Invalid) as caught:
        CitizenNumber(text[:17] + "?")
    assert text[:17] not in str(caught.value)


def test_the_mask_keeps_three_and_four() -> None:
    assert CitizenNumber(PUBLISHED[0]).masked == "110***********002X"


def test_a_temporary_card_is_the_same_person_and_a_passport_is_not() -> None:
    resident = IdentityNumber.of_citizen(CitizenNumber(PUBLISHED[0]))
    temporary = IdentityNumber(IdentityKind.TEMPORARY_RESIDENT_CARD, PUBLISHED[0])
    assert resident.canonical == temporary.canonical
    assert resident.citizen == CitizenNumber(PUBLISHED[0])
    passport = IdentityNumber(IdentityKind.OVERSEAS_PERSON, PUBLISHED[0])
    assert passport.canonical != resident.canonical
    assert passport.citizen is None
