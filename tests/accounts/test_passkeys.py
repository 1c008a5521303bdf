"""Passkeys, with an authenticator in software: what it gets wrong, one thing at a time, opens nothing."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from liangzheng import accounts
from liangzheng.accounts import Caller, Ceremony, LoggedIn, PasskeySite
from liangzheng.accounts.model import AccountPolicy
from liangzheng.accounts.rules import may_confirm_with, may_remove_passkey, sign_count_fault
from liangzheng.kernel.errors import Conflict, Invalid, NotAuthenticated, NotFound, NotVerified
from liangzheng.kernel.ids import PasskeyId, PersonId
from tests.accounts.authenticator import Authenticator
from tests.accounts.people import MADE_UP
from tests.accounts.world import World

ONE, TWO = MADE_UP[:2]
SITE = PasskeySite("lz.example", ("https://lz.example", "https://app.lz.example"))


async def creation(world: World, person_id: PersonId) -> dict[str, Any]:
    async with world.database.transaction() as tx:
        return await accounts.begin_passkey(tx, person_id, SITE, world.policy, world.clock.now())


async def add(world: World, person_id: PersonId, sent: dict[str, Any]) -> accounts.Passkey:
    now = world.clock.now()
    answered = await accounts.spend_challenge(world.database, person_id, Ceremony.ADD, json.dumps(sent), now)
    async with world.database.transaction(accounts.CONSTRAINTS) as tx:
        return await accounts.add_passkey(tx, person_id, "家里的钥匙", answered, SITE, now)


async def confirm(world: World, person_id: PersonId, sent: dict[str, Any]) -> None:
    now = world.clock.now()
    answered = await accounts.spend_challenge(
        world.database, person_id, Ceremony.CONFIRM, json.dumps(sent), now
    )
    async with world.database.transaction() as tx:
        await accounts.use_passkey(tx, person_id, answered, SITE, world.policy, now)


async def added(world: World, person_id: PersonId) -> Authenticator:
    device = Authenticator()
    await add(world, person_id, device.create(await creation(world, person_id)))
    return device


async def request(world: World, person_id: PersonId | None = None) -> dict[str, Any]:
    if person_id is None:
        return accounts.begin_passkey_log_in(SITE, world.key_index, world.policy, world.clock.now())
    async with world.database.transaction() as tx:
        return await accounts.begin_passkey_use(tx, person_id, SITE, world.policy, world.clock.now())


async def log_in(world: World, sent: dict[str, Any]) -> LoggedIn:
    return await accounts.log_in_with_passkey(
        world.database, json.dumps(sent), SITE, world.key_index, world.policy, world.clock.now()
    )


async def test_a_passkey_logs_its_person_in_and_says_when_it_was_used(world: World) -> None:
    person_id = await world.person(ONE)
    device = await added(world, person_id)
    found = await log_in(world, device.get(await request(world)))
    assert found.caller.person_id == person_id
    assert (await world.caller(found.token)).person_id == person_id
    async with world.database.read() as tx:
        (kept,) = await accounts.passkeys(tx, person_id)
    assert kept.used_at == world.clock.now() and kept.sign_count == 1


async def test_options_name_nobody_and_demand_the_user(world: World) -> None:
    await added(world, await world.person(ONE))
    options = await request(world)
    assert options["userVerification"] == "required" and not options.get("allowCredentials")


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://lz.example.evil.test"},
        {"origin": "http://lz.example"},
        {"rp_id": "evil.test"},
        {"verified": False},
    ],
    ids=["another origin", "plain http", "another domain", "user not verified"],
)
async def test_what_was_made_elsewhere_or_without_the_user_is_not_added(
    world: World, wrong: dict[str, Any]
) -> None:
    person_id = await world.person(ONE)
    device = Authenticator()
    with pytest.raises(NotVerified):
        await add(world, person_id, device.create(await creation(world, person_id), **wrong))
    assert await world.count("passkey") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.test"},
        {"rp_id": "evil.test"},
        {"verified": False},
        {"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"},
        {"user_handle": b""},
        {"user_handle": bytes(16)},
        {"count": 0},
    ],
    ids=["origin", "domain", "user not verified", "signature", "no user", "nobody", "counter gone back"],
)
async def test_one_thing_wrong_and_nobody_is_logged_in(world: World, wrong: dict[str, Any]) -> None:
    device = await added(world, await world.person(ONE))
    await log_in(world, device.get(await request(world)))
    with pytest.raises(NotAuthenticated, match="the passkey is not accepted"):
        await log_in(world, device.get(await request(world), **wrong))


async def test_a_challenge_is_good_once_also_after_a_failure(world: World) -> None:
    device = await added(world, await world.person(ONE))
    options = await request(world)
    with pytest.raises(NotAuthenticated):
        await log_in(world, device.get(options, verified=False))
    with pytest.raises(NotAuthenticated):
        await log_in(world, device.get(options))


async def test_a_failed_ceremony_leaves_nothing_to_try_again_with_though_the_act_was_undone(
    world: World,
) -> None:
    person_id = await world.person(ONE)
    device = await added(world, person_id)
    world.clock.advance(world.policy.passkey_settles_s)
    another, options = Authenticator(), await creation(world, person_id)
    with pytest.raises(NotVerified):
        await add(world, person_id, another.create(options, verified=False))
    with pytest.raises(NotVerified):
        await add(world, person_id, another.create(options))
    options = await request(world, person_id)
    with pytest.raises(NotVerified):
        await confirm(world, person_id, device.get(options, verified=False))
    with pytest.raises(NotVerified):
        await confirm(world, person_id, device.get(options))
    await add(world, person_id, another.create(await creation(world, person_id)))
    await confirm(world, person_id, device.get(await request(world, person_id)))


async def test_what_answers_one_ceremony_serves_no_other(world: World) -> None:
    person_id, now = await world.person(ONE), world.clock.now()
    sent = json.dumps(Authenticator().create(await creation(world, person_id)))
    answered = await accounts.spend_challenge(world.database, person_id, Ceremony.ADD, sent, now)
    assert answered.was_good and "credential" not in repr(answered)
    async with world.database.transaction() as tx:
        with pytest.raises(NotVerified):
            await accounts.use_passkey(tx, person_id, answered, SITE, world.policy, now)


async def test_a_challenge_that_was_never_ours_or_is_old_opens_nothing(world: World) -> None:
    device = await added(world, await world.person(ONE))
    with pytest.raises(NotAuthenticated):
        await log_in(world, device.get({"challenge": "A" * 43}))
    options = await request(world)
    world.clock.advance(world.policy.passkey_challenge_s)
    with pytest.raises(NotAuthenticated):
        await log_in(world, device.get(options))


async def test_another_persons_credential_is_not_the_callers(world: World) -> None:
    one, two = await world.person(ONE), await world.person(TWO)
    theirs = await added(world, two)
    await added(world, one)
    with pytest.raises(NotAuthenticated):
        await log_in(world, theirs.get(await request(world), user_handle=one.uuid.bytes))
    # A challenge to add, made for another, adds nothing here.
    with pytest.raises(NotVerified):
        await add(world, one, Authenticator().create(await creation(world, two)))
    # A challenge to log in adds nothing, and one to add logs nobody in.
    with pytest.raises(NotAuthenticated):
        await log_in(world, theirs.get(await creation(world, two)))


async def test_what_is_no_credential_is_said_to_be_none(world: World) -> None:
    for sent in ("", "[]", "{}", '{"rawId": 1, "response": {"clientDataJSON": "e30"}}', "x" * 20_000):
        with pytest.raises(Invalid, match="credential"):
            await accounts.log_in_with_passkey(
                world.database, sent, SITE, world.key_index, world.policy, world.clock.now()
            )


async def test_a_credential_is_there_once_and_a_person_has_ten_at_most(world: World) -> None:
    person_id = await world.person(ONE)
    device = await added(world, person_id)
    with pytest.raises(Conflict):
        await add(world, person_id, device.create(await creation(world, person_id)))
    for _ in range(world.policy.most_passkeys - 1):
        await added(world, person_id)
    with pytest.raises(Conflict, match="at most"):
        await creation(world, person_id)


async def test_it_is_named_and_removed_by_its_person_and_told(world: World) -> None:
    one, two = await world.person(ONE), await world.person(TWO)
    await added(world, one)
    async with world.database.read() as tx:
        (kept,) = await accounts.passkeys(tx, one)
    caller, stranger = (await world.log_in(ONE)).caller, (await world.log_in(TWO)).caller
    async with world.database.transaction() as tx:
        await accounts.name_passkey(tx, one, kept.passkey_id, "办公室")
        with pytest.raises(NotFound):
            await accounts.name_passkey(tx, two, kept.passkey_id, "办公室")
        with pytest.raises(NotFound):
            await accounts.remove_passkey(tx, stranger, kept.passkey_id, world.clock.now())
        await accounts.remove_passkey(tx, caller, kept.passkey_id, world.clock.now())
        assert await accounts.passkeys(tx, one) == []
    topics = [row["topic"] for row in await world.rows("SELECT topic FROM outbox ORDER BY id")]
    assert topics == ["passkey.added", "passkey.removed"]


async def test_the_last_way_in_stays(world: World) -> None:
    person_id = await world.person(ONE)
    await added(world, person_id)
    caller: Caller = (await world.log_in(ONE)).caller
    async with world.database.transaction() as tx:
        await tx.execute("UPDATE account SET password_hash = NULL")
        (kept,) = await accounts.passkeys(tx, person_id)
        with pytest.raises(Conflict, match="last way in"):
            await accounts.remove_passkey(tx, caller, kept.passkey_id, world.clock.now())
    assert not may_remove_passkey(False, 0)
    assert may_remove_passkey(True, 0) and may_remove_passkey(False, 1)


def test_a_passkey_settles_at_the_second_not_before() -> None:
    policy, made_at = AccountPolicy(), datetime(2026, 11, 20, 10, tzinfo=UTC)
    passkey = accounts.Passkey(
        PersonId.new(), PasskeyId.new(), made_at, None, 0, False, "x", b"credential", b"key"
    )
    settled = made_at + timedelta(seconds=policy.passkey_settles_s)
    assert may_confirm_with(passkey, policy, settled)
    assert not may_confirm_with(passkey, policy, settled - timedelta(microseconds=1))


async def test_asking_to_log_in_keeps_nothing_and_a_use_is_kept_once(world: World) -> None:
    device = await added(world, await world.person(ONE))
    adding = await world.count("passkey_challenge")
    options = [await request(world) for _ in range(5)]
    assert await world.count("passkey_challenge") == adding
    await log_in(world, device.get(options[0]))
    assert await world.count("passkey_challenge") == adding + 1
    # Somebody without a passkey here gets in nowhere and leaves nothing.
    stranger = Authenticator(user_handle=device.user_handle)
    with pytest.raises(NotAuthenticated):
        await log_in(world, stranger.get(options[2]))
    assert await world.count("passkey_challenge") == adding + 1
    # Of several at once with one challenge, one gets in.
    sent = [device.get(options[1]) for _ in range(4)]
    opened = await asyncio.gather(*(log_in(world, each) for each in sent), return_exceptions=True)
    assert sum(isinstance(each, LoggedIn) for each in opened) == 1


@pytest.mark.parametrize(
    ("kept", "given", "fault"), [(0, 0, False), (0, 1, False), (5, 6, False), (5, 5, True), (5, 0, True)]
)
def test_a_counter_grows_or_neither_side_counts(kept: int, given: int, fault: bool) -> None:
    assert sign_count_fault(kept, given) is fault
