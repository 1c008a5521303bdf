"""One record in the database: found, changed, and told of."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from drivers.conftest import Import, changed, one, written
from liangzheng import drivers
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.classes import Classes
from liangzheng.kernel.errors import Conflict, Invalid, NotFound
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.people import IdentityKind, IdentityNumber, PersonName
from liangzheng.kernel.status import Status
from liangzheng.kernel.time import FixedClock

Lines = Callable[..., list[list[str]]]
NUMBER = IdentityNumber(IdentityKind.RESIDENT_CARD, "11010519491231002X")
FIELDS = {
    "identity_kind": "A", "document_number": NUMBER.value, "name": "王\ue863虚", "sex": "2", "birth_date": "1949-12-31",
    "first_issue_date": "1990-05-01", "driving_privileges": "C1", "class_history": "C1@1990-05-01", "valid_from": "2020-05-01",
    "valid_until": "2030-05-01", "validity_term": "10", "status": "A", "extended_until": "", "accumulated_points": "3",
    "school_bus_classes": "", "probation": "2", "probation_until": "", "points_exceeded_on": "", "study_notice_on": "",
    "issuing_authority": "苏E", "hearing_aid_condition": "1", "card_core_number": "3340001234567", "portrait": "",
}  # fmt: skip


@pytest.fixture
async def driver_id(
    bring_in: Import, database: Database, keys: KeyIndex, good_lines: Lines, tmp_path: Path
) -> DriverId:
    report = await bring_in(written(tmp_path / "r.csv", [changed(good_lines(101)[100], **FIELDS)]))
    assert report.fresh == 1
    async with database.read() as tx:
        found = await drivers.by_identity(tx, keys, NUMBER)
    assert found is not None
    return found


async def test_a_driver_is_found_by_number_whichever_card_it_stands_on(
    driver_id: DriverId, keys: KeyIndex, tx: Connection
) -> None:
    temporary = IdentityNumber(IdentityKind.TEMPORARY_RESIDENT_CARD, NUMBER.value)
    assert await drivers.by_identity(tx, keys, temporary) == driver_id
    assert (
        await drivers.by_identity(tx, keys, IdentityNumber(IdentityKind.OVERSEAS_PERSON, NUMBER.value))
        is None
    )
    assert await drivers.by_identity(tx, KeyIndex(bytes(32)), NUMBER) is None


async def test_number_and_name_together_or_nobody(
    driver_id: DriverId, keys: KeyIndex, tx: Connection
) -> None:
    assert await drivers.matches(tx, keys, NUMBER, PersonName("王䶮虚")) == driver_id
    assert await drivers.matches(tx, keys, NUMBER, PersonName("王龑虚")) is None
    unknown = IdentityNumber(IdentityKind.RESIDENT_CARD, "440524188001010014")
    assert await drivers.matches(tx, keys, unknown, PersonName("王䶮虚")) is None
    assert await drivers.matches(tx, keys, unknown, PersonName("某某")) is None


async def test_a_record_says_everything_the_file_said(driver_id: DriverId, tx: Connection) -> None:
    driver = await drivers.find(tx, driver_id)
    assert driver.identity == NUMBER
    assert (driver.name.value, driver.birth_date, driver.hearing_aid) == (
        "王\ue863虚",
        date(1949, 12, 31),
        True,
    )
    assert (driver.standing.version, driver.record_version) == (1, 1)
    assert driver.standing.points == 3
    record = await drivers.licence_record(tx, driver_id)
    assert record.record.startswith("C1 1990-05-01")
    assert record.points_cycle(date(2026, 11, 20)).start == date(2026, 5, 1)
    assert (record.issuing_authority, record.classes) == ("苏E", driver.standing.classes)
    with pytest.raises(NotFound):
        await drivers.find(tx, DriverId.new())
    with pytest.raises(NotFound):
        await drivers.licence_record(tx, DriverId.new())


async def test_a_change_of_standing_leaves_version_history_event_and_audit_entry(
    driver_id: DriverId, database: Database, clock: FixedClock
) -> None:
    change = drivers.StandingChange(status=Status.parse("BD"), points=12)
    async with database.transaction() as tx:
        after = await drivers.change_standing(tx, driver_id, change, "roadside check", clock.now())
    assert (after.version, str(after.status), after.points) == (2, "BD", 12)
    async with database.read() as tx:
        assert await drivers.standing(tx, driver_id) == after
        [line] = await drivers.history(tx, driver_id)
        assert (line["version"], line["standing_version"], line["source"]) == (2, 2, "roadside check")
        assert (line["before"], line["after"]) == (
            {"status": "A", "points": 3},
            {"status": "BD", "points": 12},
        )
        [event] = await tx.fetch("SELECT topic, subject, body FROM outbox")
        assert (event["topic"], event["subject"]) == ("standing.changed", driver_id.uuid)
        assert event["body"] == {"standing_version": 2, "changed": ["points", "status"]}
        assert await tx.fetchval("SELECT count(*) FROM audit_entry WHERE act = 'standing.changed'") == 1


async def test_a_change_that_changes_nothing_leaves_nothing(
    driver_id: DriverId, database: Database, clock: FixedClock
) -> None:
    async with database.transaction() as tx:
        same = drivers.StandingChange(status=Status.parse("A"), points=3)
        assert (await drivers.change_standing(tx, driver_id, same, "again", clock.now())).version == 1
    assert await one(database, "SELECT count(*) FROM driver_change") == 0
    assert await one(database, "SELECT count(*) FROM outbox") == 0


async def test_a_refused_change_leaves_nothing(
    driver_id: DriverId, database: Database, clock: FixedClock
) -> None:
    with pytest.raises(Invalid):
        async with database.transaction() as tx:
            await drivers.change_standing(
                tx, driver_id, drivers.StandingChange(points=-1), "wrong", clock.now()
            )
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await drivers.change_standing(
                tx, DriverId.new(), drivers.StandingChange(points=1), "nobody", clock.now()
            )
    assert await one(database, "SELECT count(*) FROM driver_change") == 0


async def test_classes_validity_and_authority_change_with_their_history(
    driver_id: DriverId, database: Database, clock: FixedClock
) -> None:
    change = drivers.StandingChange(
        classes=Classes.parse("C1D", date(2026, 1, 1)), valid_until=None, authority="浙A"
    )
    async with database.transaction() as tx:
        after = await drivers.change_standing(tx, driver_id, change, "office", clock.now())
    assert str(after.class_history) == "C1@1990-05-01;D@2026-11-20"
    assert (after.is_long_term, after.authority, after.version) == (True, "浙A", 2)
    assert await one(database, "SELECT validity_term FROM driver") == "L"


async def test_two_changes_at_once_are_both_kept_one_after_the_other(
    driver_id: DriverId, database: Database, clock: FixedClock
) -> None:
    import asyncio

    async def give(points: int) -> None:
        async with database.transaction() as tx:
            before = (await drivers.standing(tx, driver_id)).points
            await drivers.change_standing(
                tx, driver_id, drivers.StandingChange(points=points), f"from {before}", clock.now()
            )

    await asyncio.gather(*(give(points) for points in (4, 5, 6, 7)))
    async with database.read() as tx:
        lines = await drivers.history(tx, driver_id)
    assert [line["version"] for line in lines] == [2, 3, 4, 5]
    assert all(
        one["after"]["points"] == other["before"]["points"] for one, other in itertools.pairwise(lines)
    )


async def test_a_change_of_a_record_that_moved_on_is_a_conflict(
    driver_id: DriverId, tx: Connection, clock: FixedClock
) -> None:
    from liangzheng.drivers import store

    stale = store.Change(driver_id.uuid, 9, 1, {"points": 3}, {"points": 4})
    with pytest.raises(Conflict):
        await store.change(tx, stale, "stale", clock.now())
