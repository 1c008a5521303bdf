"""驾驶证状态: the letters, the set, and the two separate results."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.status import (
    DEFAULT_POLICY,
    NORMAL,
    Display,
    Effect,
    Status,
    StatusLetter,
    StatusPolicy,
    display,
    may_apply,
    may_drive,
    shown,
)

EXTENDED = date(2026, 6, 30)
BEFORE, ON_THE_DAY, AFTER = EXTENDED - timedelta(days=1), EXTENDED, EXTENDED + timedelta(days=1)
OTHERS = [letter for letter in StatusLetter if letter is not StatusLetter.NORMAL]
STATUSES = st.one_of(
    st.just(NORMAL),
    st.sets(st.sampled_from(OTHERS), min_size=1, max_size=16).map(lambda letters: Status(tuple(letters))),
)
DAYS = st.dates(date(2021, 1, 1), date(2035, 1, 1))

# letter: Chinese, identifier, shown before the extended day, shown after it, may drive
TABLE = {
    "A": ("正常", "normal", "normal", "normal", True),
    "B": ("超分", "points_exceeded", "red", "red", False),
    "C": ("转出", "transferred_out", "hidden", "hidden", False),
    "D": ("暂扣", "suspended", "red", "red", False),
    "E": ("撤销", "rescinded", "hidden", "hidden", False),
    "F": ("吊销", "revoked", "hidden", "hidden", False),
    "G": ("注销", "cancelled", "hidden", "hidden", False),
    "H": ("违法未处理", "violation_pending", "normal", "normal", True),
    "I": ("事故未处理", "accident_pending", "normal", "normal", True),
    "J": ("停止使用", "use_stopped", "message", "message", False),
    "K": ("扣押", "seized", "red", "red", False),
    "L": ("锁定", "locked", "message", "message", False),
    "M": ("逾期未换证", "renewal_overdue", "red", "red", False),
    "N": ("延期换证", "renewal_extended", "normal", "red", False),
    "P": ("延期体检", "medical_extended", "normal", "red", False),
    "R": ("注销可恢复", "cancelled_restorable", "hidden", "hidden", False),
    "S": ("逾期未审验", "review_overdue", "red", "red", False),
    "T": ("延期审验", "review_extended", "normal", "red", False),
    "U": ("扣留", "retained", "red", "red", False),
    "Z": ("其他", "other", "message", "message", False),
}


def test_the_table_has_every_letter() -> None:
    assert "".join(StatusLetter) == "".join(TABLE)


@pytest.mark.parametrize("letter", TABLE)
def test_each_letter_by_the_table(letter: str) -> None:
    chinese, identifier, before, after, drives = TABLE[letter]
    status = Status.parse(letter)
    assert (StatusLetter(letter).chinese, StatusLetter(letter).identifier) == (chinese, identifier)
    assert display(status, EXTENDED, BEFORE) == before
    assert display(status, EXTENDED, ON_THE_DAY) == before
    assert display(status, EXTENDED, AFTER) == after
    assert may_drive(status)[0] is drives
    assert may_apply(status, EXTENDED, BEFORE)[0] is (before == "normal")


def test_without_a_known_day_an_extension_counts_as_past() -> None:
    assert display(Status.parse("N"), None, BEFORE) is Display.RED


def test_an_extended_licence_looks_normal_and_may_not_be_driven_on() -> None:
    status = Status.parse("NPT")
    assert shown(status, EXTENDED, BEFORE).display is Display.NORMAL
    assert shown(status, EXTENDED, BEFORE).reasons == ()
    allowed, reasons = may_drive(status)
    assert not allowed
    assert "".join(reasons) == "NPT"


@pytest.mark.parametrize(
    ("text", "severest", "reasons"),
    [
        ("BDJ", "message", "JBD"),
        ("HI", "normal", ""),
        ("BH", "red", "B"),
        ("BLG", "hidden", "GLB"),
        ("CFU", "hidden", "CFU"),
        ("MNU", "red", "MU"),
        ("ZU", "message", "ZU"),
    ],
)
def test_with_several_letters_the_most_severe_wins(text: str, severest: str, reasons: str) -> None:
    result = shown(Status.parse(text), EXTENDED, BEFORE)
    assert result.display == severest
    assert "".join(result.reasons) == reasons


@given(STATUSES, st.none() | DAYS, DAYS)
def test_a_set_is_shown_as_its_severest_letter(status: Status, extended: date | None, on: date) -> None:
    order = list(Display)
    each = [display(Status((letter,)), extended, on) for letter in status]
    assert display(status, extended, on) is max(each, key=order.index)


@given(STATUSES)
def test_one_letter_that_forbids_driving_is_enough(status: Status) -> None:
    allowed, reasons = may_drive(status)
    assert set(reasons) == {letter for letter in status if not may_drive(Status((letter,)))[0]}
    assert allowed is not bool(reasons)


@given(STATUSES, DAYS, DAYS)
def test_what_is_hidden_or_red_or_a_message_is_never_driven_on(
    status: Status, extended: date, on: date
) -> None:
    if shown(status, extended, on).display is not Display.NORMAL:
        assert not may_drive(status)[0]


@given(STATUSES, st.none() | DAYS, DAYS)
def test_applying_is_open_exactly_while_the_licence_would_show_as_normal(
    status: Status, extended: date | None, on: date
) -> None:
    result = shown(status, extended, on)
    assert may_apply(status, extended, on) == (result.display is Display.NORMAL, result.reasons)


# --- the set


@given(STATUSES, st.randoms())
def test_any_order_is_the_same_status(status: Status, random: object) -> None:
    letters = list(str(status))
    random.shuffle(letters)  # type: ignore[attr-defined]
    assert Status.parse("".join(letters)) == status
    assert str(Status.parse("".join(letters))) == "".join(sorted(letters))


@pytest.mark.parametrize(
    "text", ["", "AB", "BA", "O", "Q", "BO", "BB", "b", "B,D", "B D", "正常", "BCDEFGHIJKLMNPRST"]
)
def test_what_is_no_status(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        Status.parse(text)
    assert caught.value.place == "status"


def test_normal_gives_way_and_comes_back() -> None:
    suspended = NORMAL.with_letter(StatusLetter.SUSPENDED)
    assert str(suspended) == "D"
    assert str(suspended.with_letter(StatusLetter.POINTS_EXCEEDED)) == "BD"
    assert suspended.with_letter(StatusLetter.SUSPENDED) == suspended
    assert suspended.without(StatusLetter.SUSPENDED) == NORMAL
    with pytest.raises(Invalid):
        suspended.with_letter(StatusLetter.NORMAL)


def test_people_read_twelve_points_where_the_register_says_exceeded() -> None:
    assert Status.parse("BD").shown_as == "记满12分、暂扣"


# --- the table is the authority's


def test_an_authority_may_read_an_open_row_otherwise() -> None:
    effects = dict(DEFAULT_POLICY.effects)
    effects[StatusLetter.LOCKED] = Effect(Display.MESSAGE, True, "a local instruction")
    local = StatusPolicy(effects)
    assert may_drive(Status.parse("L"), local) == (True, ())
    assert may_drive(Status.parse("L"))[0] is False


def test_a_table_that_forgets_a_letter_is_refused() -> None:
    effects = dict(DEFAULT_POLICY.effects)
    del effects[StatusLetter.OTHER]
    with pytest.raises(Invalid):
        StatusPolicy(effects)


def test_every_row_says_where_it_is_from() -> None:
    assert all(effect.source for effect in DEFAULT_POLICY.effects.values())
    doubtful = {letter for letter, effect in DEFAULT_POLICY.effects.items() if "check" in effect.source}
    assert "".join(sorted(doubtful)) == "CLRZ"
