"""Where a page begins: in the order of time, then of id; as text there and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.pages import Place

INSTANTS = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC))
PLACES = st.builds(Place, INSTANTS, st.uuids())
NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


@given(PLACES)
def test_a_place_is_read_back_to_the_microsecond(place: Place) -> None:
    assert Place.parse("after", str(place)) == place


@given(PLACES, PLACES)
def test_the_earlier_comes_first_and_of_one_instant_the_smaller_id(one: Place, other: Place) -> None:
    assert (one < other) == ((one.at, one.id) < (other.at, other.id))
    assert Place.before(one.at) <= one


def test_before_an_instant_is_what_was_before_and_nothing_of_that_instant() -> None:
    first = Place.before(NOW)
    assert Place(NOW - timedelta(microseconds=1), UUID(int=2**128 - 1)) < first
    assert first <= Place(NOW, UUID(int=0))


def test_the_zone_makes_no_difference() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=8)))
    assert str(Place(there, UUID(int=7))) == str(Place(NOW, UUID(int=7)))


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "0." + "0" * 32, "ffffffffffffff." + "0" * 32, "5f5e1." + "0" * 32, str(Place.before(NOW)).upper() + "A",
        str(Place.before(NOW))[:-1], str(Place.before(NOW)) + "0", "-" + str(Place.before(NOW)), "٣." + "0" * 32,
        NOW.isoformat(), "x" * 60,
    ],
)  # fmt: skip
def test_what_no_answer_said_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="after"):
        Place.parse("after", text)
