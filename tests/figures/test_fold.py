"""Counters folded from events, each event once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib.resources import files

import pytest

from liangzheng import figures
from liangzheng.figures import Counted, Figure
from liangzheng.infra import outbox
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.time import civil_day

AUTHORITIES = load_reference().authorities
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 20)


async def put(database: Database, topic: str, at: datetime = NOW, **body: object) -> None:
    async with database.transaction() as tx:
        await outbox.put(tx, topic, DriverId.new(), body, at)


async def fold(tx: Connection, events: Sequence[Event]) -> None:
    await figures.fold(tx, events, AUTHORITIES)


async def drained(database: Database, handler: outbox.Handler = fold) -> outbox.Drained:
    return await outbox.drain(database, {topic.value: handler for topic in Counted}, NOW)


async def counts(database: Database) -> dict[Figure, int]:
    async with database.read() as connection:
        found = await figures.between(connection, date(2026, 1, 1), date(2026, 12, 31))
    return {count.figure: count.value for count in found}


async def test_events_are_counted_by_measure_day_and_province(database: Database) -> None:
    for authority in ("苏E", "苏A", "浙A"):
        await put(database, "licence.issued", authority=authority, origin="holder")
    await put(database, "licence.issued", authority="苏E", origin="reissue")
    await put(database, "application.refused", authority=None)
    await drained(database)
    assert await counts(database) == {
        Figure(Counted.LICENCE_ISSUED, DAY, "32"): 2,
        Figure(Counted.LICENCE_ISSUED, DAY, "33"): 1,
        Figure(Counted.LICENCE_REISSUED, DAY, "32"): 1,
        Figure(Counted.APPLICATION_REFUSED, DAY, ""): 1,
    }


async def test_a_new_photo_is_no_application_and_what_nobody_asked_for_is_none(database: Database) -> None:
    for topic in ("application.accepted", "application.refused"):
        for origin in ("holder", "photo", "photo"):
            await put(database, topic, authority="苏E", origin=origin)
        # As events of before migration 0034 are.
        await put(database, topic, authority="苏E")
    await put(database, "application.refused", authority="苏E", origin="reissue")
    await drained(database)
    assert await counts(database) == {
        Figure(Counted.APPLICATION_ACCEPTED, DAY, "32"): 2,
        Figure(Counted.REPLACEMENT_ACCEPTED, DAY, "32"): 2,
        Figure(Counted.APPLICATION_REFUSED, DAY, "32"): 2,
        Figure(Counted.REPLACEMENT_REFUSED, DAY, "32"): 2,
    }


async def test_old_counts_stay_and_say_until_when_the_two_were_together(database: Database) -> None:
    migration = (files("liangzheng.migrations") / "0034_replacements_apart.sql").read_text()

    async def until() -> date | None:
        async with database.transaction() as tx:
            await tx.execute(migration)
            return (await figures.summary(tx, DAY, DAY, list(Counted))).together_until

    assert await until() is None, "nothing was counted before"
    await put(database, "application.accepted", authority="苏E")
    await drained(database)
    before = await counts(database)
    async with database.transaction() as tx:
        today = civil_day(await tx.fetchval("SELECT now()"))
    assert await until() == today
    assert await counts(database) == before


async def test_an_event_counts_on_its_day_in_china(database: Database) -> None:
    await put(database, "licence.issued", datetime(2026, 11, 19, 15, 59, 59, tzinfo=UTC), authority="苏E")
    await put(database, "licence.issued", datetime(2026, 11, 19, 16, 0, tzinfo=UTC), authority="苏E")
    await drained(database)
    assert {figure.day for figure in await counts(database)} == {date(2026, 11, 19), DAY}


async def test_counts_add_up_over_many_drains(database: Database) -> None:
    for _ in range(3):
        for _ in range(5):
            await put(database, "application.accepted", authority="苏E")
        await drained(database)
        await drained(database)
    assert await counts(database) == {Figure(Counted.APPLICATION_ACCEPTED, DAY, "32"): 15}


async def test_a_fold_that_is_lost_counts_nothing_and_its_repetition_counts_once(database: Database) -> None:
    for _ in range(4):
        await put(database, "licence.issued", authority="苏E")

    async def lost(tx: Connection, events: Sequence[Event]) -> None:
        await fold(tx, events)
        raise PowerCut

    with pytest.raises(PowerCut):
        await drained(database, lost)
    assert await counts(database) == {}
    await drained(database)
    assert await counts(database) == {Figure(Counted.LICENCE_ISSUED, DAY, "32"): 4}


class PowerCut(BaseException):
    """The worker is gone."""
