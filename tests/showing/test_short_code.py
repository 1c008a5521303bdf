"""Eight digits in place of a code: the holder's own, once, for a minute."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liangzheng.kernel.errors import Forbidden, Invalid, NotFound, NotVerified
from liangzheng.kernel.ids import DriverId, PersonId
from liangzheng.showing import (
    ShortCode,
    Verifier,
    ask_by_short_code,
    end_verifier,
    make_short_code,
    verify,
)
from liangzheng.standards.livecode import Outcome
from tests.showing.world import World

PERSON = PersonId.new()


async def make(world: World, driver_id: DriverId, code: str) -> ShortCode:
    async with world.database.transaction() as tx:
        return await make_short_code(tx, world.trust, world.lives, PERSON, driver_id, code, world.now)


async def digits_of(world: World, code: str | None = None) -> str:
    made = await make(world, world.driver_id, code or world.phone.show(world.now))
    assert made.expires_at == world.now + timedelta(seconds=60)
    return made.digits


async def outcome(
    world: World, who: Verifier, digits: str, after_s: int = 0, request: str = "request-1"
) -> Outcome:
    now = world.now + timedelta(seconds=after_s)
    purpose = "roadside-check" if who.kind == "police" else "rental"
    question = await ask_by_short_code(world.database, who, digits, request, purpose, None, now)
    return (await verify(world.database, world.trust, world.lives, who, question, now)).outcome


async def test_digits_stand_for_the_code(world: World, officer: Verifier) -> None:
    digits = await digits_of(world)
    assert len(digits) == 8 and digits.isdigit()
    assert await outcome(world, officer, digits) is Outcome.VALID


async def test_digits_live_a_minute_also_when_the_code_was_old_then(world: World, officer: Verifier) -> None:
    digits = await digits_of(world, world.phone.show(world.now - timedelta(seconds=80)))
    assert await outcome(world, officer, digits, after_s=59) is Outcome.VALID
    second = await digits_of(world)
    with pytest.raises(NotFound):
        await outcome(world, officer, second, after_s=60)


async def test_digits_are_used_once(world: World, officer: Verifier, company: Verifier) -> None:
    digits = await digits_of(world)
    assert await outcome(world, officer, digits) is Outcome.VALID
    for who, request in ((officer, "request-2"), (company, "request-1")):
        with pytest.raises(NotFound):
            await outcome(world, who, digits, request=request)


async def test_an_ended_verifier_uses_up_nobody_s_digits(
    world: World, officer: Verifier, company: Verifier
) -> None:
    digits = await digits_of(world)
    await end_verifier(world.database, company.id, world.now)
    with pytest.raises(NotFound):
        await outcome(world, company, digits)
    assert await outcome(world, officer, digits) is Outcome.VALID


async def test_the_same_request_again_is_the_same_use(world: World, officer: Verifier) -> None:
    digits = await digits_of(world)
    assert await outcome(world, officer, digits) is Outcome.VALID
    assert await outcome(world, officer, digits, after_s=1) is Outcome.VALID


async def test_a_code_shown_already_is_not_shown_again_by_its_digits(world: World, officer: Verifier) -> None:
    code = world.phone.show(world.now)
    first, second = await digits_of(world, code), await digits_of(world, code)
    assert await outcome(world, officer, first) is Outcome.VALID
    assert await outcome(world, officer, second, request="request-2") is Outcome.ALREADY_SHOWN


async def test_the_status_behind_digits_is_the_live_one(world: World, officer: Verifier) -> None:
    digits = await digits_of(world)
    await world.change(status="D")
    assert await outcome(world, officer, digits) is Outcome.MAY_NOT_DRIVE


async def test_nobody_gets_digits_for_somebody_else_s_code(world: World) -> None:
    with pytest.raises(Forbidden):
        await make(world, DriverId.new(), world.phone.show(world.now))


@pytest.mark.parametrize("code", ["https://pay.example/1", "LZ1:HELLO"])
async def test_what_is_no_genuine_code_gets_no_digits(world: World, code: str) -> None:
    with pytest.raises(NotVerified, match="decodes"):
        await digits_of(world, code)


async def test_an_old_code_gets_no_digits(world: World) -> None:
    with pytest.raises(NotVerified, match="fresh"):
        await digits_of(world, world.phone.show(world.now - timedelta(seconds=91)))


@pytest.mark.parametrize("digits", ["", "1234567", "123456789", "1234567a", "１２３４５６７８", "1234 567"])
async def test_other_than_eight_digits_is_refused_by_its_form(
    world: World, officer: Verifier, digits: str
) -> None:
    with pytest.raises(Invalid, match="eight digits"):
        await outcome(world, officer, digits)


async def test_unknown_used_and_over_are_told_in_the_same_words(world: World, officer: Verifier) -> None:
    used, over = await digits_of(world), await digits_of(world)
    await outcome(world, officer, used)
    unknown = next(text for text in ("00000000", "11111111", "22222222") if text not in (used, over))
    texts = set()
    for digits, after_s in ((used, 0), (over, 61), (unknown, 0)):
        with pytest.raises(NotFound) as failure:
            await outcome(world, officer, digits, after_s, request="request-2")
        texts.add(str(failure.value))
    assert len(texts) == 1


async def test_digits_that_are_over_are_forgotten_with_the_code_they_stood_for(world: World) -> None:
    await digits_of(world)
    assert await world.pruned(world.now + timedelta(seconds=59)) == 0
    assert await world.pruned(world.now + timedelta(seconds=60)) == 1
