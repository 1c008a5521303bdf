"""What stays of a verification: the portrait for minutes, the holder's list, and an end to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from liangzheng.kernel.errors import Forbidden, NotFound
from liangzheng.kernel.ids import DriverId, VerificationId
from liangzheng.kernel.pages import Place
from liangzheng.showing import (
    Answer,
    Ask,
    Verifier,
    VerifierKind,
    add_verifier,
    end_verifier,
    looks_at,
    portrait,
    verify,
)
from tests.showing.world import PORTRAIT, World


async def look(
    world: World, who: Verifier, request: str = "request-1", purpose: str = "roadside-check"
) -> Answer:
    question = Ask(world.phone.show(world.now), request, purpose)
    return await verify(world.database, world.trust, world.lives, who, question, world.now)


async def test_an_officer_sees_the_portrait_of_the_licence_just_verified(
    world: World, officer: Verifier
) -> None:
    answer = await look(world, officer)
    assert answer.verification_id and answer.portrait_of
    assert (
        await portrait(world.database, officer, answer.verification_id, answer.portrait_of, world.now)
        == PORTRAIT
    )
    entry = (await world.audit_entries())[-1]
    assert (entry["act"], entry["scope"]) == ("portrait.viewed", world.driver_id.uuid)


async def test_the_portrait_is_gone_after_five_minutes(world: World, officer: Verifier) -> None:
    answer = await look(world, officer)
    assert answer.verification_id
    ends = world.now + timedelta(minutes=5)
    await portrait(
        world.database, officer, answer.verification_id, world.driver_id, ends - timedelta(seconds=1)
    )
    with pytest.raises(NotFound):
        await portrait(world.database, officer, answer.verification_id, world.driver_id, ends)


async def test_an_officer_who_was_ended_sees_no_portrait_any_more(world: World, officer: Verifier) -> None:
    answer = await look(world, officer)
    assert answer.verification_id
    await end_verifier(world.database, officer.id, world.now)
    with pytest.raises(NotFound):
        await portrait(world.database, officer, answer.verification_id, world.driver_id, world.now)


async def test_nobody_else_sees_it_and_no_id_is_a_key_to_it(
    world: World, officer: Verifier, company: Verifier
) -> None:
    answer = await look(world, officer)
    assert answer.verification_id
    other, _ = await add_verifier(world.database, "另一大队", VerifierKind.POLICE, world.now)
    for who, verification, driver in (
        (other, answer.verification_id, world.driver_id),
        (officer, VerificationId.new(), world.driver_id),
        (officer, answer.verification_id, DriverId.new()),
    ):
        with pytest.raises(NotFound):
            await portrait(world.database, who, verification, driver, world.now)
    with pytest.raises(Forbidden):
        await portrait(world.database, company, answer.verification_id, world.driver_id, world.now)


async def test_no_portrait_behind_a_credential_that_has_ended(world: World, officer: Verifier) -> None:
    await world.set_credential("ended")
    answer = await look(world, officer)
    assert answer.verification_id
    with pytest.raises(NotFound):
        await portrait(world.database, officer, answer.verification_id, world.driver_id, world.now)


async def test_the_holder_sees_who_looked_newest_first(
    world: World, officer: Verifier, company: Verifier
) -> None:
    await look(world, officer)
    world.now += timedelta(seconds=30)
    await look(world, company, purpose="rental")
    later = Place.before(world.now + timedelta(minutes=5))
    looks = await looks_at(world.database, world.driver_id, later)
    assert [(item.verifier_name, item.verifier_kind, item.purpose) for item in looks] == [
        ("样本租车公司", VerifierKind.COMPANY, "rental"),
        ("盐城交警样本大队", VerifierKind.POLICE, "roadside-check"),
    ]
    assert len(await looks_at(world.database, world.driver_id, later, limit=1)) == 1
    assert await looks_at(world.database, DriverId.new(), later) == []


async def test_a_refused_forgery_is_no_look_at_the_driver(world: World, officer: Verifier) -> None:
    world.phone.keep(world.sign(replace(world.claims(), status_index=5))[1])
    await look(world, officer)
    assert (
        await looks_at(world.database, world.driver_id, Place.before(world.now + timedelta(minutes=5))) == []
    )


async def test_looks_are_kept_for_their_time_and_their_audit_entries_stay(
    world: World, officer: Verifier
) -> None:
    await look(world, officer)
    kept = timedelta(days=180)
    assert await world.pruned(world.now + kept, kept) == 0
    entries = len(await world.audit_entries())
    assert await world.pruned(world.now + kept + timedelta(seconds=1), kept) == 1
    assert len(await world.audit_entries()) == entries


async def test_by_default_looks_are_kept_four_hundred_days(world: World, officer: Verifier) -> None:
    await look(world, officer)
    assert await world.pruned(world.now + timedelta(days=400)) == 0
    assert await world.pruned(world.now + timedelta(days=400, seconds=1)) == 1
