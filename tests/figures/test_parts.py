"""Figures by city and reason, verifications, and what of them everybody hears."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from liangzheng import figures
from liangzheng.figures import Counted, told_to_everybody
from liangzheng.infra.postgres import Database
from tests.figures.test_fold import AUTHORITIES, DAY, NOW, drained, put


async def summed(database: Database) -> figures.Summary:
    async with database.read() as tx:
        return await figures.summary(tx, DAY, DAY, list(Counted))


async def test_refusals_are_counted_by_reason_and_everything_by_city(database: Database) -> None:
    for authority, refusal in (("苏E", "not_held"), ("苏A", "not_held"), (None, "real_name_too_low")):
        await put(database, "application.refused", authority=authority, refusal=refusal)
    await put(database, "application.accepted", authority="苏E", refusal=None)
    await drained(database)
    found = await summed(database)
    assert sorted(found.reasons) == [
        (Counted.APPLICATION_REFUSED, "not_held", 2),
        (Counted.APPLICATION_REFUSED, "real_name_too_low", 1),
    ]
    assert sorted(found.cities) == [
        (Counted.APPLICATION_ACCEPTED, "320500", 1),
        (Counted.APPLICATION_REFUSED, "320100", 1),
        (Counted.APPLICATION_REFUSED, "320500", 1),
    ]
    # A sum over parts is the count itself: nothing counts twice in one and not in the other.
    assert found.totals[Counted.APPLICATION_REFUSED] == 3


async def test_looks_are_counted_up_to_an_instant_and_each_once(database: Database) -> None:
    until = NOW - timedelta(seconds=30)
    for _ in range(2):  # the second finds them counted
        async with database.transaction() as tx:
            since = await figures.counted_to(tx, Counted.CODE_VERIFIED)
            looks = [("苏E", NOW - timedelta(minutes=1))] if since is None else []
            await figures.count_looks(tx, looks, AUTHORITIES, until)
    async with database.read() as tx:
        assert await tx.fetchval("SELECT at FROM figure_mark WHERE measure = 'code.verified'") == until
    assert (await summed(database)).totals == {Counted.CODE_VERIFIED: 1}


async def test_days_outside_are_left_out_and_totals_hold_them(database: Database) -> None:
    await put(database, "licence.issued", datetime(2025, 1, 1, tzinfo=UTC), authority="苏E")
    await put(database, "licence.issued", authority="苏E")
    await drained(database)
    found = await summed(database)
    assert found.days == [(Counted.LICENCE_ISSUED, date(2026, 11, 20), 1)]
    assert found.totals == {Counted.LICENCE_ISSUED: 2}


@given(st.integers(min_value=0, max_value=10**6))
def test_of_a_city_one_person_more_is_never_seen_but_at_a_five(value: int) -> None:
    shown = told_to_everybody(value)
    assert (shown is None) == (value < 5)
    assert shown is None or (shown % 5 == 0 and 0 <= value - shown < 5)
