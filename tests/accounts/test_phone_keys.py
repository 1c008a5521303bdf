from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from liangzheng import accounts
from liangzheng.accounts import PhoneKey, PhoneKeyOffer
from liangzheng.accounts.model import Purpose
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotVerified
from liangzheng.kernel.ids import PersonId, PhoneKeyId
from liangzheng.standards.keys import Alg, SoftwareSigner
from tests.accounts.people import MADE_UP
from tests.accounts.world import World

ONE, TWO = MADE_UP[:2]


async def verified(world: World, person: object = ONE) -> PersonId:
    person_id = await world.person(person)  # type: ignore[arg-type]
    await world.passed(person_id)
    return person_id


async def live(world: World, person_id: PersonId) -> list[PhoneKey]:
    async with world.database.read() as tx:
        return await accounts.phone_keys(tx, person_id)


async def events(world: World) -> list[tuple[str, dict[str, object]]]:
    return [(row["topic"], row["body"]) for row in await world.rows("SELECT * FROM outbox ORDER BY id")]


async def test_a_phone_that_signs_the_nonce_is_bound_and_told_of(world: World) -> None:
    person_id = await verified(world)
    signer = SoftwareSigner.generate(Alg.ES256)
    key = await world.bind(person_id, await world.offer(person_id, signer))
    assert (key.public_key, key.slot, key.is_live) == (signer.public_key.compressed, 1, True)
    assert await live(world, person_id) == [key]
    body = {"driver_id": str(ONE.driver_id), "phone_key_id": str(key.phone_key_id)}
    assert await events(world) == [("phone-key.bound", body)]


async def test_a_compressed_point_and_a_subject_public_key_info_are_one_key(world: World) -> None:
    person_id = await verified(world)
    signer = SoftwareSigner.generate(Alg.ES256)
    offer = await world.offer(person_id, signer, public_key=signer.public_key.compressed)
    key = await world.bind(person_id, offer)
    assert key.public_key == signer.public_key.compressed


async def test_below_level_two_nobody_binds(world: World) -> None:
    person_id = await world.person(ONE)
    async with world.database.transaction() as tx:
        with pytest.raises(Forbidden):
            await accounts.begin_phone_key(tx, person_id, world.policy, world.clock.now())


def spki(curve: ec.EllipticCurve) -> bytes:
    return (
        ec.generate_private_key(curve)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


GOOD_SPKI = SoftwareSigner.generate(Alg.ES256).public_key.spki
NOT_KEYS = {
    "empty": b"",
    "33 octets that are no point": b"\x02" + b"\xff" * 32,
    "x without y on the curve": b"\x02" + (1).to_bytes(32, "big"),
    "the point at infinity": b"\x00" * 33,
    "wrong first octet": b"\x05" + b"\x01" * 32,
    "P-384": spki(ec.SECP384R1()),
    "secp256k1": spki(ec.SECP256K1()),
    "SM2": SoftwareSigner.generate(Alg.SM2).public_key.spki,
    "off the curve": GOOD_SPKI[:-1] + bytes((GOOD_SPKI[-1] ^ 1,)),
    "octets behind it": GOOD_SPKI + b"\x00",
}


@pytest.mark.parametrize("octets", NOT_KEYS.values(), ids=NOT_KEYS.keys())
async def test_what_is_no_point_of_p256_is_refused(world: World, octets: bytes) -> None:
    person_id = await verified(world)
    offer = await world.offer(person_id, public_key=octets)
    with pytest.raises(Invalid) as refusal:
        await world.bind(person_id, offer)
    assert refusal.value.place == "public_key"
    assert await live(world, person_id) == []


async def test_a_signature_of_another_key_or_over_another_nonce_or_person_is_refused(world: World) -> None:
    person_id, stranger = await verified(world), await verified(world, TWO)
    signer = SoftwareSigner.generate(Alg.ES256)
    good = await world.offer(person_id, signer)
    other_nonce = await world.offer(person_id, signer)
    strangers = await world.offer(stranger, signer)
    for bad in (
        replace(good, signature=SoftwareSigner.generate(Alg.ES256).sign(b"x")),
        replace(good, signature=other_nonce.signature),
        replace(good, signature=strangers.signature),
        replace(good, signature=b""),
        replace(good, signature=b"\0" * 64),
    ):
        with pytest.raises(NotVerified, match="proof of possession"):
            await world.bind(person_id, bad)
    await world.bind(person_id, good)


async def test_a_nonce_is_good_once_for_its_person_and_its_time(world: World) -> None:
    person_id, stranger = await verified(world), await verified(world, TWO)
    signer = SoftwareSigner.generate(Alg.ES256)
    offer = await world.offer(person_id, signer)
    with pytest.raises(NotVerified, match="nonce"):
        await world.bind(stranger, offer)
    with pytest.raises(NotVerified, match="nonce"):
        await world.bind(person_id, replace(offer, nonce=b"n" * 32))
    await world.bind(person_id, offer)
    with pytest.raises(NotVerified, match="nonce"):
        await world.bind(person_id, offer)
    late = await world.offer(person_id)
    world.clock.advance(world.policy.phone_key_challenge_s)
    with pytest.raises(NotVerified, match="nonce"):
        await world.bind(person_id, late)


async def test_binding_uses_up_a_fresh_face_check_made_for_it(world: World) -> None:
    person_id = await verified(world)
    for_applying = await world.passed(person_id, Purpose.APPLY)
    with pytest.raises(NotVerified, match="made for apply"):
        await world.bind(person_id, await world.offer(person_id, face_check_id=for_applying.face_check_id))
    first = await world.offer(person_id)
    key = await world.bind(person_id, first)
    async with world.database.read() as tx:
        used = await accounts.face_check(tx, person_id, first.face_check_id)
    assert used.consumed_by == key.phone_key_id
    with pytest.raises(NotVerified, match="has been used"):
        await world.bind(person_id, await world.offer(person_id, face_check_id=first.face_check_id))


async def test_a_refused_binding_leaves_the_face_check_and_the_nonce_as_they_were(world: World) -> None:
    person_id = await verified(world)
    offer = await world.offer(person_id)
    with pytest.raises(Invalid, match="label"):
        await world.bind(person_id, replace(offer, label=""))
    with pytest.raises(NotVerified):
        await world.bind(person_id, replace(offer, signature=b"\1" * 64))
    assert await events(world) == []
    await world.bind(person_id, offer)


async def test_of_four_phones_at_once_three_are_bound(world: World) -> None:
    person_id = await verified(world)
    offers = [await world.offer(person_id) for _ in range(4)]
    results = await asyncio.gather(
        *(world.bind(person_id, offer) for offer in offers), return_exceptions=True
    )
    assert sum(isinstance(result, PhoneKey) for result in results) == 3
    (lost,) = [result for result in results if isinstance(result, BaseException)]
    assert isinstance(lost, Conflict)
    assert "three phones" in str(lost)
    assert [key.slot for key in await live(world, person_id)] == [1, 2, 3]
    assert len(await events(world)) == 3


async def test_the_constraints_hold_where_the_code_does_not(world: World) -> None:
    """A fourth live key cannot be written even by a statement of one's own."""
    person_id = await verified(world)
    for _ in range(3):
        await world.bind(person_id, await world.offer(person_id))
    copy = (
        "INSERT INTO phone_key (person_id, id, bound_at, slot, label, public_key) "
        "SELECT person_id, gen_random_uuid(), bound_at, $1, label, decode(repeat('02', 33), 'hex') "
        "FROM phone_key LIMIT 1"
    )
    for slot, constraint in ((1, "phone_key_slot"), (2, "phone_key_slot"), (3, "phone_key_slot")):
        with pytest.raises(Conflict) as refusal:
            async with world.database.transaction(accounts.CONSTRAINTS) as tx:
                await tx.execute(copy, slot)
        assert refusal.value.rule == constraint
    for slot in (0, 4):
        with pytest.raises(Exception, match="slot_check"):
            async with world.database.transaction(accounts.CONSTRAINTS) as tx:
                await tx.execute(copy, slot)


async def test_a_replaced_key_ends_and_its_successor_takes_its_slot(world: World) -> None:
    person_id = await verified(world)
    keys = [await world.bind(person_id, await world.offer(person_id)) for _ in range(3)]
    new = await world.bind(person_id, await world.offer(person_id, replaces=keys[1].phone_key_id))
    assert new.slot == 2
    assert [key.phone_key_id for key in await live(world, person_id)] == [
        keys[0].phone_key_id, new.phone_key_id, keys[2].phone_key_id,
    ]  # fmt: skip
    async with world.database.read() as tx:
        old = await accounts.phone_key(tx, person_id, keys[1].phone_key_id)
    assert (old.is_live, old.replaced_by) == (False, new.phone_key_id)
    assert [topic for topic, _ in await events(world)][-2:] == ["phone-key.ended", "phone-key.bound"]


async def test_of_two_replacements_of_one_key_at_once_one_succeeds(world: World) -> None:
    person_id = await verified(world)
    old = await world.bind(person_id, await world.offer(person_id))
    offers = [await world.offer(person_id, replaces=old.phone_key_id) for _ in range(2)]
    results = await asyncio.gather(
        *(world.bind(person_id, offer) for offer in offers), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["NotFound", "PhoneKey"]
    assert len(await live(world, person_id)) == 1


@pytest.mark.parametrize("whose", ["nobody's", "a stranger's", "ended"])
async def test_only_a_live_key_of_ones_own_can_be_replaced(world: World, whose: str) -> None:
    person_id, stranger = await verified(world), await verified(world, TWO)
    key_id = PhoneKeyId.new()
    if whose == "a stranger's":
        key_id = (await world.bind(stranger, await world.offer(stranger))).phone_key_id
    if whose == "ended":
        key_id = (await world.bind(person_id, await world.offer(person_id))).phone_key_id
        await revoke(world, person_id, key_id)
    with pytest.raises(NotFound):
        await world.bind(person_id, await world.offer(person_id, replaces=key_id))
    assert [key.person_id for key in await live(world, stranger)] == (
        [stranger] if whose == "a stranger's" else []
    )


async def revoke(world: World, person_id: PersonId, key_id: PhoneKeyId) -> PhoneKey:
    async with world.database.transaction() as tx:
        return await accounts.revoke_phone_key(tx, person_id, key_id, world.clock.now())


async def test_an_ended_key_is_told_of_once_and_never_comes_back(world: World) -> None:
    person_id = await verified(world)
    signer = SoftwareSigner.generate(Alg.ES256)
    key = await world.bind(person_id, await world.offer(person_id, signer))
    first = await revoke(world, person_id, key.phone_key_id)
    world.clock.advance(60)
    assert await revoke(world, person_id, key.phone_key_id) == first
    assert [topic for topic, _ in await events(world)] == ["phone-key.bound", "phone-key.ended"]
    with pytest.raises(Conflict, match="bound before"):
        await world.bind(person_id, await world.offer(person_id, signer))
    assert await live(world, person_id) == []


async def test_a_strangers_key_cannot_be_ended_or_seen(world: World) -> None:
    person_id, stranger = await verified(world), await verified(world, TWO)
    key = await world.bind(person_id, await world.offer(person_id))
    with pytest.raises(NotFound):
        await revoke(world, stranger, key.phone_key_id)
    async with world.database.read() as tx:
        with pytest.raises(NotFound):
            await accounts.phone_key(tx, stranger, key.phone_key_id)
    assert await live(world, person_id) == [key]


async def test_after_ending_a_key_there_is_room_again(world: World) -> None:
    person_id = await verified(world)
    keys = [await world.bind(person_id, await world.offer(person_id)) for _ in range(3)]
    await revoke(world, person_id, keys[0].phone_key_id)
    assert (await world.bind(person_id, await world.offer(person_id))).slot == 1


def test_an_offer_has_no_person_in_it() -> None:
    assert "person_id" not in PhoneKeyOffer.__slots__


async def test_a_use_is_kept_by_the_day_in_china_and_written_once_a_day(world: World) -> None:
    person_id = await verified(world)
    key = await world.bind(person_id, await world.offer(person_id))

    async def use(now: datetime) -> tuple[date | None, int]:
        async with world.database.transaction() as tx:
            await accounts.phone_key_used(tx, person_id, key.public_key, now)
        (row,) = await world.rows("SELECT used_on, xmin::text::bigint AS written_by FROM phone_key")
        return row["used_on"], row["written_by"]

    assert key.used_on is None
    before = datetime(2026, 11, 20, 15, 59, tzinfo=UTC)
    first = await use(before)
    assert first[0] == date(2026, 11, 20)
    assert await use(before + timedelta(seconds=59)) == first, "nothing was written"
    midnight = await use(before + timedelta(minutes=1))
    assert midnight[0] == date(2026, 11, 21) and midnight[1] != first[1]
    assert await use(before) == midnight, "a day does not go back"


async def test_an_ended_key_and_another_person_s_are_not_used(world: World) -> None:
    one, two = await verified(world), await verified(world, TWO)
    key = await world.bind(one, await world.offer(one))
    now = world.clock.now()
    async with world.database.transaction() as tx:
        await accounts.phone_key_used(tx, two, key.public_key, now)
        await accounts.revoke_phone_key(tx, one, key.phone_key_id, now)
        await accounts.phone_key_used(tx, one, key.public_key, now)
    assert [row["used_on"] for row in await world.rows("SELECT used_on FROM phone_key")] == [None]
