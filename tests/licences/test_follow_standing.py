"""The register changes, and held licences follow: withdrawn, re-issued, or published as suspended."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from liangzheng import drivers
from liangzheng.drivers import StandingChange
from liangzheng.infra import outbox
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.classes import ORDER_162_DAY, Classes
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.status import Status
from liangzheng.worker.handlers import handlers
from tests.licences.world import NOW, World, later

HANDLERS = handlers(load_reference().authorities, lambda: NOW)


async def change(world: World, driver_id: DriverId, **changes: object) -> None:
    async with world.database.transaction() as tx:
        # type: ignore[arg-type]
        await drivers.change_standing(tx, driver_id, StandingChange(**changes), "test", NOW)


async def drain(world: World, at: datetime = NOW) -> None:
    done = await outbox.drain(world.database, HANDLERS, at)
    assert not done.failed and not done.parked, done


async def value(world: World, driver_id: DriverId) -> dict[str, int]:
    """State of each credential → what the list says of it."""
    states = {row["id"]: str(row["state"]) for row in await world.rows("credential", driver_id)}
    return {
        states[row["credential_id"]]: int(str(row["value"]))
        for row in await world.rows("status_entry", driver_id)
    }


@pytest.mark.parametrize("letter", ["E", "F", "G", "R", "C"])
async def test_an_ended_standing_withdraws_the_licence_from_every_phone(world: World, letter: str) -> None:
    [driver_id] = await world.issued()
    await change(world, driver_id, status=Status.parse(letter))
    await drain(world)
    assert await world.states("licence", driver_id) == ["withdrawn"]
    assert await world.states("credential", driver_id) == ["withdrawn"]
    assert await value(world, driver_id) == {"withdrawn": 1}
    assert await world.count("SELECT count(*) FROM audit_entry WHERE act = 'licence.withdrawn'") == 1


async def test_a_suspension_is_published_and_lifted_again(world: World) -> None:
    [driver_id] = await world.issued()
    versions = [await list_version(world)]
    for letters, expected in (("D", 2), ("BD", 2), ("A", 0)):
        await change(world, driver_id, status=Status.parse(letters))
        await drain(world)
        assert await value(world, driver_id) == {"live": expected}
        versions.append(await list_version(world))
    # The list's version grows when a value changes, and only then.
    first, suspended, still, lifted = versions
    assert first < suspended == still < lifted
    assert await world.states("licence", driver_id) == ["live"]


async def list_version(world: World) -> int:
    return await world.count("SELECT version FROM status_list WHERE list_id = 1")


async def test_points_alone_change_nothing_that_is_issued_or_published(world: World) -> None:
    [driver_id] = await world.issued()
    before = await list_version(world)
    await change(world, driver_id, points=6)
    await drain(world)
    assert await list_version(world) == before
    assert await world.states("application", driver_id) == ["issued"]


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": Classes.parse("C1D", ORDER_162_DAY)},
        {"valid_until": date(2036, 1, 1)},
        {"authority": "浙A"},
    ],
)
async def test_changed_terms_are_issued_anew_without_anybody_asking(
    world: World, changes: dict[str, object]
) -> None:
    [driver_id] = await world.issued()
    await change(world, driver_id, **changes)
    await drain(world)
    assert sorted(await world.states("application", driver_id)) == ["accepted", "issued"]
    assert (await world.issuer().batch(NOW)).issued == 1
    assert {(row["version"], row["state"]) for row in await world.rows("licence", driver_id)} == {
        (1, "superseded"),
        (2, "live"),
    }
    assert await value(world, driver_id) == {"superseded": 1, "live": 0}


async def test_a_change_told_twice_is_followed_once(world: World) -> None:
    [driver_id] = await world.issued()
    await change(world, driver_id, authority="浙A")
    await change(world, driver_id, authority="浙B")
    await drain(world)
    assert sorted(await world.states("application", driver_id)) == ["accepted", "issued"]
    assert (await world.issuer().batch(NOW)).issued == 1
    assert await world.states("licence", driver_id) == ["live", "superseded"]


async def test_a_licence_that_changed_and_was_suspended_is_issued_anew_as_suspended(world: World) -> None:
    [driver_id] = await world.issued()
    await change(world, driver_id, classes=Classes.parse("C2", ORDER_162_DAY), status=Status.parse("D"))
    await drain(world)
    assert await value(world, driver_id) == {"live": 2}
    assert (await world.issuer().batch(NOW)).issued == 1
    assert await value(world, driver_id) == {"superseded": 1, "live": 2}


async def test_a_revocation_during_a_reissue_leaves_no_live_licence(world: World) -> None:
    [driver_id] = await world.issued()
    await change(world, driver_id, authority="浙A")
    await drain(world)
    await change(world, driver_id, status=Status.parse("F"))
    await drain(world)
    result = await world.issuer().batch(NOW)
    assert (result.issued, result.refused) == (0, 1)
    assert await world.states("licence", driver_id) == ["withdrawn"]
    assert sorted(await world.states("application", driver_id)) == ["issued", "refused"]


async def test_after_a_withdrawal_a_new_licence_has_a_new_number(world: World) -> None:
    [driver_id] = await world.issued()
    await change(world, driver_id, status=Status.parse("R"))
    await drain(world)
    await change(world, driver_id, status=Status.parse("A"))
    await drain(world)
    assert await world.states("licence", driver_id) == ["withdrawn"]
    await world.apply(driver_id)
    assert (await world.issuer().batch(NOW)).issued == 1
    rows = await world.rows("licence", driver_id)
    assert len({row["id"] for row in rows}) == 2 and {row["version"] for row in rows} == {1}
    assert await value(world, driver_id) == {"withdrawn": 1}


async def test_what_is_invalid_never_becomes_valid_again(world: World) -> None:
    [driver_id] = await world.issued()
    await change(world, driver_id, status=Status.parse("F"))
    await drain(world)
    await change(world, driver_id, status=Status.parse("A"))
    await drain(world, later(NOW, 10))
    assert await value(world, driver_id) == {"withdrawn": 1}


async def test_a_standing_of_somebody_without_a_licence_does_nothing(world: World) -> None:
    [driver_id] = await world.drivers(1)
    await change(world, driver_id, status=Status.parse("F"))
    await drain(world)
    assert await world.rows("application", driver_id) == []
