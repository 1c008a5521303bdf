"""An issuer lost at any step: after a restart there is exactly one outcome, one live licence, and nothing
was signed
that was not kept first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import pytest

from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import CredentialId, DriverId
from liangzheng.licences import CRASH_POINTS, Issuer
from liangzheng.licences import issue as issue_module
from liangzheng.licences.draft import draft
from liangzheng.licences.model import BatchResult, Lease
from liangzheng.licences.store import applications, drafting, held
from liangzheng.licences.store.applications import Waiting
from tests.licences.world import NOW, World, kept_octets, later, phone


class PowerCut(BaseException):
    """The process is gone: nothing that follows in it happens. (BaseException: no handler of ours survives
    it.)
    """


def losing(point: str) -> Callable[[str], None]:
    def reached(name: str) -> None:
        if name == point:
            raise PowerCut

    return reached


async def lose(world: World, point: str, issuer: Issuer | None = None) -> None:
    with pytest.raises(PowerCut):
        await (issuer or world.issuer(losing(point))).batch(NOW)


async def restart(world: World, at: datetime) -> None:
    """What a new issuer process does: finds what was left, then works until the queue is empty."""
    issuer = world.issuer()
    while (await issuer.recover(at)) != BatchResult():
        pass
    while (await issuer.batch(at)).claimed:
        pass


async def one_outcome_each(world: World, drivers: list[DriverId]) -> None:
    assert set(await world.states("application", *drivers)) == {"issued"}
    for driver_id in drivers:
        assert (await world.states("licence", driver_id)).count("live") == 1
        assert (await world.states("credential", driver_id)).count("live") == 1
        assert "drafted" not in await world.states("licence", driver_id)
    assert await world.count("SELECT count(*) FROM outbox WHERE topic = 'licence.issued'") == len(drivers)
    assert await world.count("SELECT count(*) FROM issue_queue") == 0


async def signed_but_not_kept(world: World) -> set[bytes]:
    return set(world.signed) - await kept_octets(world.database)


@pytest.mark.parametrize("stop_at", CRASH_POINTS)
async def test_whatever_step_is_lost_there_is_one_outcome_and_nothing_signed_was_not_kept_first(
    world: World, stop_at: str
) -> None:
    drivers = await world.accepted(3)
    await lose(world, stop_at)
    assert await signed_but_not_kept(world) == set()
    await restart(world, later(NOW, 61))
    await one_outcome_each(world, drivers)
    assert await signed_but_not_kept(world) == set()


@pytest.mark.parametrize("first", CRASH_POINTS)
@pytest.mark.parametrize("second", ["signed one", "signed", "verified", "signatures written", "kept"])
async def test_a_second_issuer_lost_while_recovering_leaves_it_to_a_third(
    world: World, first: str, second: str
) -> None:
    drivers = await world.accepted(2)
    await lose(world, first)
    try:
        await world.issuer(losing(second)).recover(later(NOW, 61))
        await world.issuer(losing(second)).batch(later(NOW, 61))
    except PowerCut:
        pass
    await restart(world, later(NOW, 200))
    await one_outcome_each(world, drivers)
    assert await signed_but_not_kept(world) == set()


@pytest.mark.parametrize("stop_at", CRASH_POINTS)
async def test_every_named_point_is_reached_once_a_batch(world: World, stop_at: str) -> None:
    await world.accepted(2)
    passed: list[str] = []
    await world.issuer(passed.append).batch(NOW)
    assert passed == list(CRASH_POINTS)
    assert stop_at in passed


async def test_a_draft_found_later_is_signed_as_the_same_octets(world: World) -> None:
    [driver_id] = await world.accepted()
    await lose(world, "signed")
    [before] = await world.rows("licence", driver_id)
    await restart(world, later(NOW, 61))
    [after] = await world.rows("licence", driver_id)
    assert before["document"] == after["document"]
    assert before["version"] == after["version"] == 1
    assert (before["state"], after["state"]) == ("drafted", "live")


async def test_a_draft_that_has_grown_old_is_drafted_again(world: World) -> None:
    [driver_id] = await world.accepted()
    await lose(world, "drafts kept")
    signed_before = list(world.signed)
    await restart(world, later(NOW, 2 * 3600))
    rows = {row["version"]: row["state"] for row in await world.rows("licence", driver_id)}
    assert rows == {1: "abandoned", 2: "live"}
    assert signed_before == []
    await one_outcome_each(world, [driver_id])


async def test_a_draft_whose_key_may_not_sign_any_more_is_abandoned_and_drafted_again(world: World) -> None:
    [driver_id] = await world.accepted()
    await lose(world, "drafts kept")
    world.keys.gone.add("CN-32")
    recovered = await world.issuer().recover(later(NOW, 61))
    assert recovered.abandoned == 1
    assert await world.states("application", driver_id) == ["accepted"]
    world.keys.gone.clear()
    await restart(world, later(NOW, 200))
    await one_outcome_each(world, [driver_id])


async def test_nobody_takes_a_draft_over_before_its_lease_ends(world: World) -> None:
    await world.accepted()
    await lose(world, "drafts kept")
    assert await world.issuer().recover(later(NOW, 59)) == BatchResult()
    assert (await world.issuer().recover(later(NOW, 61))).issued == 1


@pytest.mark.parametrize("point", ["drafts kept", "signed", "verified"])
async def test_the_late_write_of_a_paused_issuer_is_refused(world: World, point: str) -> None:
    drivers = await world.accepted(3)
    paused = _Pause(point)
    late = asyncio.create_task(paused.run(world))
    await paused.reached.wait()
    assert (await world.issuer().recover(later(NOW, 61))).issued == 3
    paused.go_on.set()
    assert (await late).issued == 0
    await one_outcome_each(world, drivers)


class _Pause:
    """An issuer that stands still at a point, as under SIGSTOP, and then goes on as if nothing had been."""

    def __init__(self, point: str) -> None:
        self.point = point
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def run(self, world: World) -> BatchResult:
        issuer = world.issuer()
        sign_and_keep = issuer._sign_and_keep

        async def held_up(*arguments: object) -> BatchResult:
            self.reached.set()
            await self.go_on.wait()
            return await sign_and_keep(*arguments)  # type: ignore[arg-type]

        if self.point == "drafts kept":
            issuer._sign_and_keep = held_up  # type: ignore[assignment,method-assign]
            return await issuer.batch(NOW)
        original = issuer._database.retrying

        async def retrying(act: Callable[[Connection], object]) -> object:
            self.reached.set()
            await self.go_on.wait()
            return await original(act)  # type: ignore[arg-type]

        issuer._database = _With(issuer._database, retrying=retrying)  # type: ignore[assignment]
        return await issuer.batch(NOW)


class _With:
    """An object with some attributes in place of its own."""

    def __init__(self, inner: object, **instead: object) -> None:
        self._inner, self._instead = inner, instead

    def __getattr__(self, name: str) -> object:
        return self._instead[name] if name in self._instead else getattr(self._inner, name)


async def test_two_issuers_at_once_never_make_two_live_licences(world: World) -> None:
    drivers = await world.accepted(60)
    issuers = [world.issuer() for _ in range(4)]

    async def storm(issuer: Issuer) -> int:
        issued = 0
        while (done := await issuer.batch(NOW, 7)).claimed:
            issued += done.issued
        return issued

    assert sum(await asyncio.gather(*(storm(issuer) for issuer in issuers))) == 60
    await one_outcome_each(world, drivers)


async def test_the_database_itself_refuses_a_second_live_licence(world: World) -> None:
    [driver_id] = await world.issued()
    with pytest.raises(Conflict):
        async with world.database.transaction() as tx:
            await tx.execute(
                "INSERT INTO licence SELECT driver_id, gen_random_uuid(), 1, state, move, application_id, "
                "standing_version, classes, "
                "valid_from, valid_until, authority, portrait_hash, kid, document, signature, lease, "
                "leased_until, drafted_at, "
                "issued_at, ended_at FROM licence WHERE driver_id = $1",
                driver_id.uuid,
            )


class SignsFirst(Issuer):
    """The control: an issuer that signs while its drafts are not kept yet."""

    async def batch(self, now: datetime, size: int = 500) -> BatchResult:
        lease = Lease(DriverId.new().uuid, later(now, 60))
        await self._stock_places(size, now)
        async with self._database.transaction() as tx:
            claimed = await issue_module._claim(tx, now, size)
            plan = await draft(tx, claimed, self._desk(lease, now))
            for kept in (*plan.licences, *plan.credentials):
                signer = self._signers.of_kid(kept.kid, now)
                assert signer is not None
                signer.sign(kept.octets)
            self._reached("signed")
        return BatchResult()


async def test_the_check_catches_an_issuer_that_signs_before_it_keeps(world: World) -> None:
    await world.accepted(2)
    control = SignsFirst(
        world.database,
        world.keys,
        lambda: world.keys.bundle,
        world.issuer()._authorities,
        world.lives,
        reached=losing("signed"),
    )
    await lose(world, "signed", control)
    assert len(await signed_but_not_kept(world)) == 4


async def test_a_draft_taken_over_is_not_the_first_issuers_to_finish(world: World) -> None:
    """The lease is what refuses here: the draft is as the paused issuer left it, but for the token."""
    [driver_id] = await world.accepted()
    paused = _Pause("signed")
    late = asyncio.create_task(paused.run(world))
    await paused.reached.wait()
    async with world.database.transaction() as tx:
        taken = Lease(DriverId.new().uuid, later(NOW, 200))
        assert await drafting.take_over(tx, taken, later(NOW, 61), 10) == [driver_id]
    paused.go_on.set()
    assert (await late).issued == 0
    assert await world.states("licence", driver_id) == ["drafted"]
    await restart(world, later(NOW, 300))
    await one_outcome_each(world, [driver_id])


@pytest.mark.parametrize("stop_at", CRASH_POINTS)
async def test_a_further_phone_lost_at_any_step_gets_one_credential(world: World, stop_at: str) -> None:
    [driver_id] = await world.issued()
    await request_phone(world, driver_id, 2)
    await lose(world, stop_at)
    await restart(world, later(NOW, 61))
    credentials = await world.rows("credential", driver_id)
    assert sorted((row["slot"], row["state"]) for row in credentials) == [(1, "live"), (2, "live")]
    assert await signed_but_not_kept(world) == set()


async def request_phone(world: World, driver_id: DriverId, slot: int) -> None:
    async with world.database.transaction() as tx:
        number = await held.live_number(tx, driver_id)
        assert number is not None
        credential_id = CredentialId.new()
        await held.add_request(tx, driver_id, credential_id, number.licence_id, slot, phone(slot), NOW)
        await applications.enqueue(tx, [Waiting(driver_id, credential_id, NOW)])
