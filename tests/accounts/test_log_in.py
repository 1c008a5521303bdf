from __future__ import annotations

import asyncio
import base64
import hashlib

import pytest

from liangzheng import accounts
from liangzheng.accounts import store
from liangzheng.accounts.model import AccountPolicy
from liangzheng.infra.passwords import Passwords
from liangzheng.kernel.errors import NotAuthenticated, TooMany
from liangzheng.kernel.people import Mobile
from tests.accounts.people import MADE_UP, PASSWORD
from tests.accounts.world import World

ONE, TWO = MADE_UP[:2]
UNKNOWN = Mobile("13811111111")


async def test_the_right_password_gives_a_token_that_names_its_person(world: World) -> None:
    person_id = await world.person(ONE)
    found = await world.log_in(ONE)
    assert found.caller == await world.caller(found.token)
    assert (found.caller.person_id, found.caller.driver_id) == (person_id, ONE.driver_id)


async def test_only_a_hash_of_the_token_is_kept(world: World) -> None:
    await world.register(ONE)
    found = await world.log_in(ONE)
    octets = base64.urlsafe_b64decode(found.token)
    assert octets[:16] == found.caller.person_id.uuid.bytes
    (row,) = await world.rows("SELECT * FROM session")
    assert row["token_hash"] == hashlib.sha256(octets).digest()
    assert octets[16:] not in row["token_hash"]
    assert found.token not in repr(found)


async def test_two_logins_have_nothing_in_common_but_the_person(world: World) -> None:
    await world.register(ONE)
    one, two = [base64.urlsafe_b64decode((await world.log_in(ONE)).token) for _ in range(2)]
    assert one[:16] == two[:16]
    assert one[16:] != two[16:]


async def test_a_wrong_password_and_an_unknown_mobile_are_refused_alike(world: World) -> None:
    await world.register(ONE)
    with pytest.raises(NotAuthenticated) as wrong:
        await world.log_in(ONE, "not the password at all")
    with pytest.raises(NotAuthenticated) as unknown:
        await world.log_in(TWO)
    assert str(wrong.value) == str(unknown.value)


class Counting(Passwords):
    """Writes down what it was asked to compare."""

    def __init__(self) -> None:
        super().__init__(memory_kib=64, passes=1)
        self.compared: list[str | None] = []

    async def matches(self, hashed: str | None, password: str) -> bool:
        self.compared.append(hashed)
        return await super().matches(hashed, password)


async def test_an_unknown_mobile_costs_one_comparison_too(world: World) -> None:
    counting = Counting()
    with pytest.raises(NotAuthenticated):
        await world.log_in(ONE, passwords=counting)
    assert counting.compared == [None]


@pytest.mark.parametrize("known", [True, False])
async def test_the_fifth_failure_closes_the_door_for_a_while_known_or_not(world: World, known: bool) -> None:
    if known:
        await world.register(ONE)
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            await world.log_in(ONE, "not the password at all")
    with pytest.raises(TooMany) as closed:
        await world.log_in(ONE)
    assert closed.value.retry_after_s == 30


async def test_after_the_wait_the_right_password_opens_and_forgets(world: World) -> None:
    await world.register(ONE)
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            await world.log_in(ONE, "not the password at all")
    world.clock.advance(28.5)
    with pytest.raises(TooMany) as closed:
        await world.log_in(ONE)
    assert closed.value.retry_after_s == 2
    world.clock.advance(1.5)
    await world.log_in(ONE)
    assert await world.count("log_in_attempt") == 0


async def test_the_next_failure_after_the_wait_waits_twice_as_long(world: World) -> None:
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            await world.log_in(ONE, "no")
    world.clock.advance(30)
    with pytest.raises(NotAuthenticated):
        await world.log_in(ONE, "no")
    with pytest.raises(TooMany) as closed:
        await world.log_in(ONE)
    assert closed.value.retry_after_s == 60


async def test_failures_are_forgotten_after_a_quiet_day(world: World) -> None:
    for _ in range(4):
        with pytest.raises(NotAuthenticated):
            await world.log_in(ONE, "no")
    world.clock.advance(world.policy.failures_forgotten_s + 1)
    with pytest.raises(NotAuthenticated):
        await world.log_in(ONE, "no")
    assert await world.rows("SELECT failures FROM log_in_attempt") == [{"failures": 1}]


async def test_who_fails_on_purpose_with_a_mobile_keeps_its_person_not_out(world: World) -> None:
    person_id, other_id = await world.person(ONE), await world.person(TWO)
    for known in (None, other_id.uuid):
        for _ in range(6):
            with pytest.raises((NotAuthenticated, TooMany)):
                await world.log_in(ONE, "no", known=known)
    with pytest.raises(TooMany):
        await world.log_in(ONE, known=other_id.uuid)
    await world.log_in(ONE, known=person_id.uuid)
    assert await world.count("log_in_attempt") == 1, "what others failed stays counted"
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            await world.log_in(ONE, "no", known=person_id.uuid)
    with pytest.raises(TooMany):
        await world.log_in(ONE, known=person_id.uuid)


async def test_failures_of_one_mobile_do_not_close_anothers_door(world: World) -> None:
    await world.register(ONE)
    for _ in range(6):
        with pytest.raises((NotAuthenticated, TooMany)):
            await world.log_in(TWO, "no")
    await world.log_in(ONE)


async def test_many_attempts_at_once_get_no_more_tries_than_one_after_another(world: World) -> None:
    await world.register(ONE)
    results = await asyncio.gather(
        *(world.log_in(ONE, f"guess number {n}") for n in range(20)), return_exceptions=True
    )
    assert sum(isinstance(result, NotAuthenticated) for result in results) == 5
    assert sum(isinstance(result, TooMany) for result in results) == 15


async def test_an_idle_login_ends_and_one_in_use_lives_to_its_absolute_time(world: World) -> None:
    await world.register(ONE)
    idle, used = [(await world.log_in(ONE)).token for _ in range(2)]
    step = world.policy.session_idle_s - 60
    for _ in range(world.policy.session_absolute_s // step):
        world.clock.advance(step)
        await world.caller(used)
    with pytest.raises(NotAuthenticated):
        await world.caller(idle)
    world.clock.advance(world.policy.session_absolute_s % step)
    with pytest.raises(NotAuthenticated):
        await world.caller(used)


async def test_a_login_is_written_to_at_most_once_a_minute(world: World) -> None:
    await world.register(ONE)
    token = (await world.log_in(ONE)).token
    seen = []
    for _ in range(5):
        world.clock.advance(25)
        await world.caller(token)
        seen.append((await world.rows("SELECT seen_at FROM session"))[0]["seen_at"])
    assert len(set(seen)) == 2


async def test_the_phones_clock_is_remembered_as_last_measured(world: World) -> None:
    await world.register(ONE)
    token = (await world.log_in(ONE, phone_offset_ms=-90_000)).token
    assert await world.rows("SELECT phone_offset_ms AS ms FROM session") == [{"ms": -90_000}]
    for measured, kept in ((None, -90_000), (1_500, 1_500)):
        world.clock.advance(61)
        await world.caller(token, measured)
        assert await world.rows("SELECT phone_offset_ms AS ms FROM session") == [{"ms": kept}]


async def test_after_log_out_the_token_is_no_good_and_again_changes_nothing(world: World) -> None:
    await world.register(ONE)
    found = await world.log_in(ONE)
    for _ in range(2):
        async with world.database.transaction() as tx:
            await accounts.log_out(tx, found.caller, world.clock.now())
    with pytest.raises(NotAuthenticated):
        await world.caller(found.token)
    acts = [row["act"] for row in await world.rows("SELECT act FROM audit_entry ORDER BY id")]
    assert acts == ["account.registered", "session.opened", "session.ended"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: "",
        lambda token: "not base64 at all",
        lambda token: token[:-4],
        lambda token: token + "AAAA",
        lambda token: "A" * 64,
        lambda token: token[:40] + ("A" if token[40] != "A" else "B") + token[41:],
        lambda token: token.replace("-", "+").replace("_", "/") + "=",
        lambda token: token[:63] + "é",
    ],
    ids=["empty", "not-base64", "short", "long", "nobody", "one-bit", "padded", "not-ascii"],
)
async def test_a_spoilt_token_is_nobody(world: World, spoil: object) -> None:
    await world.register(ONE)
    token = (await world.log_in(ONE)).token
    with pytest.raises(NotAuthenticated):
        await world.caller(spoil(token))  # type: ignore[operator]
    await world.caller(token)


async def test_the_token_of_one_person_with_the_id_of_another_is_nobody(world: World) -> None:
    await world.register(ONE)
    await world.register(TWO)
    one = base64.urlsafe_b64decode((await world.log_in(ONE)).token)
    two = base64.urlsafe_b64decode((await world.log_in(TWO)).token)
    with pytest.raises(NotAuthenticated):
        await world.caller(base64.urlsafe_b64encode(two[:16] + one[16:]).decode())


async def test_the_oldest_login_ends_when_there_are_too_many(world: World) -> None:
    world.policy = AccountPolicy(sessions_at_once=3)
    await world.register(ONE)
    tokens = [(await world.log_in(ONE)).token for _ in range(4)]
    with pytest.raises(NotAuthenticated):
        await world.caller(tokens[0])
    for token in tokens[1:]:
        await world.caller(token)


async def test_a_hash_of_older_parameters_is_renewed_at_the_next_log_in(world: World) -> None:
    await world.register(ONE)
    stronger = Passwords(memory_kib=128, passes=2)
    await world.log_in(ONE, passwords=stronger)
    (row,) = await world.rows("SELECT password_hash FROM account")
    assert "m=128,t=2" in row["password_hash"]
    await world.log_in(ONE, PASSWORD)


async def test_a_log_in_that_began_before_the_password_was_replaced_opens_nothing(world: World) -> None:
    person_id = await world.person(ONE)

    class Slow(Passwords):
        """While it compares, the holder has the password replaced and every login ended."""

        async def matches(self, hashed: str | None, password: str) -> bool:
            found = await super().matches(hashed, password)
            async with world.database.transaction() as tx:
                await store.set_password(tx, person_id, "another")
                await store.end_sessions(tx, person_id, None, world.clock.now())
            return found

    with pytest.raises(NotAuthenticated):
        await world.log_in(ONE, passwords=Slow(memory_kib=64, passes=1))
    assert await world.rows("SELECT 1 FROM session WHERE ended_at IS NULL") == []
