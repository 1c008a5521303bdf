"""Which city could apply on which day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.infra.reference import load_reference
from liangzheng.kernel.errors import Conflict, Invalid
from liangzheng.rollout import Calendar, Measure, NotOpen, NotPublished, Open, Opening, Wave, decide_opening
from liangzheng.rollout.history import calendar_of_history

HISTORY = calendar_of_history(load_reference().waves)
AUTHORITIES = load_reference().authorities
_NORTH = "京A 津A 冀A 吉A 黑E 沪A 苏B 苏E 苏J 苏M 浙B 浙F 赣A 鲁A 鲁B"
_SOUTH_AND_WEST = "湘A 粤A 粤B 桂A 渝A 川A 川B 川C 川R 贵A 云A 陕A 宁A"
FIRST_28 = [*_NORTH.split(), *_SOUTH_AND_WEST.split()]


def opening(authority: str, day: str, measure: Measure = Measure.E_LICENCE) -> Opening:
    return decide_opening(HISTORY, measure, AUTHORITIES.get(authority), date.fromisoformat(day))


@pytest.mark.parametrize("authority", ["津A", "川A", "苏E"])
def test_the_three_pilot_cities_are_open_from_the_first_of_june(authority: str) -> None:
    assert opening(authority, "2021-05-31") == NotOpen(opens_on=date(2021, 6, 1))
    assert opening(authority, "2021-06-01") == Open(since=date(2021, 6, 1), wave="pilot")
    assert opening(authority, "2022-05-01") == Open(since=date(2021, 6, 1), wave="pilot")


def test_the_first_batch_is_28_cities_and_no_other() -> None:
    open_cities = {
        authority.division_code
        for authority in AUTHORITIES
        if isinstance(opening(authority.code, "2021-09-01"), Open)
    }
    assert open_cities == {AUTHORITIES.get(code).division_code for code in FIRST_28}
    assert len(open_cities) == 28


@pytest.mark.parametrize("authority", [code for code in FIRST_28 if code not in ("津A", "川A", "苏E")])
def test_a_city_of_the_first_batch_opens_on_the_first_of_september(authority: str) -> None:
    assert opening(authority, "2021-08-31") == NotOpen(opens_on=date(2021, 9, 1))
    assert opening(authority, "2021-09-01") == Open(since=date(2021, 9, 1), wave="first")


def test_a_second_letter_of_a_city_opens_with_it() -> None:
    assert opening("鲁U", "2021-09-01") == Open(since=date(2021, 9, 1), wave="first")  # 青岛, as 鲁B
    assert opening("京N", "2021-09-01") == Open(since=date(2021, 9, 1), wave="first")


@pytest.mark.parametrize("authority", ["晋A", "辽A", "黑A"])
def test_a_city_named_in_the_staggered_batch_has_no_published_day(authority: str) -> None:
    assert opening(authority, "2021-10-19") == NotOpen(opens_on=None)
    for day in ("2021-10-20", "2021-10-26", "2021-12-09"):
        assert opening(authority, day) == NotPublished(wave="second", latest=date(2021, 10, 26))
    assert opening(authority, "2021-12-10") == Open(since=date(2021, 12, 10), wave="nationwide")


@pytest.mark.parametrize("authority", ["皖A", "藏A", "苏A"])
def test_a_city_in_no_published_list_is_not_guessed(authority: str) -> None:
    assert opening(authority, "2021-09-01") == NotOpen(opens_on=None)
    assert opening(authority, "2021-10-20") == NotPublished(wave="second", latest=date(2021, 12, 10))
    assert opening(authority, "2021-12-09") == NotPublished(wave="second", latest=date(2021, 12, 10))
    assert opening(authority, "2021-12-10") == Open(since=date(2021, 12, 10), wave="nationwide")


@given(st.sampled_from(list(AUTHORITIES)), st.dates(date(2021, 10, 20), date(2021, 12, 9)))
def test_between_october_and_december_only_the_28_are_certainly_open(authority: object, day: date) -> None:
    answer = opening(authority.code, day.isoformat())  # type: ignore[attr-defined]
    # type: ignore[attr-defined]
    in_the_28 = authority.division_code in {AUTHORITIES.get(code).division_code for code in FIRST_28}
    assert isinstance(answer, Open if in_the_28 else NotPublished)


@given(
    st.sampled_from(list(AUTHORITIES)), st.sampled_from(Measure), st.dates(date(2020, 1, 1), date(2025, 1, 1))
)
def test_what_is_open_stays_open(authority: object, measure: Measure, day: date) -> None:
    today, tomorrow = (
        decide_opening(HISTORY, measure, authority, at)  # type: ignore[arg-type]
        for at in (day, day + timedelta(days=1))
    )
    if isinstance(today, Open):
        assert tomorrow == today
    if isinstance(today, NotPublished):
        assert not isinstance(tomorrow, NotOpen)


def test_each_measure_had_waves_of_its_own() -> None:
    assert opening("沪A", "2021-06-01", Measure.USED_VEHICLE_TRANSFER) == Open(date(2021, 6, 1), "pilot")
    assert opening("苏A", "2021-09-01", Measure.ACCIDENT_EVIDENCE) == NotPublished("pilot", date(2021, 8, 31))
    assert opening("湘A", "2021-09-01", Measure.ACCIDENT_EVIDENCE) == Open(date(2021, 9, 1), "second")
    assert opening("苏A", "2024-07-01", Measure.E_VEHICLE_LICENCE) == NotPublished("pilot", None)


def wave(name: str = "one", day: date = date(2026, 11, 20), **changes: object) -> Wave:
    facts: dict[str, object] = {
        "measure": Measure.E_LICENCE,
        "name": name,
        "opens_from": day,
        "opens_until": day,
        "places": {"320500": day},
    }
    return Wave(**(facts | changes))  # type: ignore[arg-type]


def test_an_empty_calendar_opens_nothing() -> None:
    empty = Calendar.of([])
    answer = decide_opening(empty, Measure.E_LICENCE, AUTHORITIES.get("苏E"), date(2026, 11, 20))
    assert answer == NotOpen(opens_on=None)


def test_a_staggered_wave_with_published_days_opens_each_city_on_its_own() -> None:
    days = {"320500": date(2026, 11, 20), "320100": date(2026, 11, 23)}
    calendar = Calendar.of([wave(places=days, opens_until=date(2026, 11, 26))])
    for authority, opens in (("苏E", date(2026, 11, 20)), ("苏A", date(2026, 11, 23))):
        asked = AUTHORITIES.get(authority)
        before = decide_opening(calendar, Measure.E_LICENCE, asked, opens - timedelta(days=1))
        assert before == NotOpen(opens_on=opens)
        assert decide_opening(calendar, Measure.E_LICENCE, asked, opens) == Open(opens, "one")


def test_a_province_opens_with_everything_in_it() -> None:
    calendar = Calendar.of([wave(places={"320000": date(2026, 11, 20)})])
    for authority, expected in (("苏E", Open), ("苏A", Open), ("浙A", NotOpen)):
        asked = AUTHORITIES.get(authority)
        assert isinstance(decide_opening(calendar, Measure.E_LICENCE, asked, date(2026, 11, 20)), expected)


@pytest.mark.parametrize(
    "fault",
    [
        {"opens_until": date(2026, 11, 19)},
        {"places": {}},
        {"places": {"320505": date(2026, 11, 20)}},
        {"places": {"320500": date(2026, 11, 21)}},
        {"nationwide": True},
        {"name": ""},
    ],
)
def test_a_wave_that_contradicts_itself_is_refused(fault: dict[str, object]) -> None:
    wave()
    with pytest.raises(Invalid):
        wave(**fault)


def test_a_wave_is_named_once_in_a_measure() -> None:
    with pytest.raises(Conflict):
        Calendar.of([wave(), wave()])
    Calendar.of([wave(), wave(measure=Measure.LORRY_PASS)])
