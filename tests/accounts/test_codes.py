"""One-time codes: guessed at, swapped, late, and asked for by strangers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from liangzheng import accounts
from liangzheng.accounts import CodePurpose, CodeRequest
from liangzheng.accounts.model import CodeBudget
from liangzheng.accounts.rules import code_tries_left, decide_code_wait
from liangzheng.infra.sms_simulated import Fault, SimulatedSms, delivered
from liangzheng.kernel.errors import NotAuthenticated, NotVerified, TooMany
from liangzheng.kernel.ids import SessionId
from liangzheng.kernel.people import Mobile, PersonName
from tests.accounts.people import MADE_UP, PASSWORD
from tests.accounts.test_passkeys import added, request
from tests.accounts.test_passkeys import log_in as log_in_with
from tests.accounts.world import World

ONE, TWO = MADE_UP[:2]
STRANGE = Mobile("13811111111")
NEW_PASSWORD = "kerzenlicht-am-fluss"
RESET, LOG_IN, REGISTER = CodePurpose.RESET_PASSWORD, CodePurpose.LOG_IN, CodePurpose.REGISTER


class Post:
    """A world with a gateway."""

    def __init__(self, world: World, file: Path) -> None:
        self.world, self.file, self.sms = world, file, SimulatedSms("test", file)

    async def ask(
        self, mobile: Mobile, purpose: CodePurpose = RESET, bound_to: SessionId | None = None
    ) -> CodeRequest:
        world = self.world
        async with world.database.transaction() as tx:
            made, sending = await accounts.begin_code(
                tx, mobile, purpose, world.key_index, world.policy, world.clock.now(), bound_to
            )
        assert sending.code not in repr(sending) and made.token not in repr(made)
        await accounts.send_code(world.database, world.key_index, self.sms, sending)
        return made

    def code(self, mobile: Mobile) -> str:
        found = re.search(r"验证码(\d{6})", delivered(self.file, mobile)[-1].text)
        assert found
        return found[1]

    async def prove(
        self,
        made: CodeRequest,
        code: str,
        mobile: Mobile = ONE.mobile,
        purpose: CodePurpose = RESET,
        **more: Any,
    ) -> str:
        world = self.world
        proof, _ = await accounts.prove_mobile(
            world.database,
            mobile,
            purpose,
            made.token,
            code,
            world.key_index,
            world.policy,
            world.clock.now(),
            **more,
        )
        return proof

    async def proof(self, mobile: Mobile, purpose: CodePurpose = RESET) -> str:
        return await self.prove(await self.ask(mobile, purpose), self.code(mobile), mobile, purpose)

    def wrong(self, mobile: Mobile) -> str:
        return f"{(int(self.code(mobile)) + 1) % 10**6:06d}"

    async def reset(self, proof: str, **changed: Any) -> int:
        world = self.world
        said = {
            "mobile": ONE.mobile,
            "identity": ONE.identity,
            "name": ONE.name,
            "password": NEW_PASSWORD,
        } | changed
        return await accounts.reset_password(
            world.database, said["mobile"], proof, said["identity"], said["name"], said["password"],
            passwords=world.passwords, key_index=world.key_index, policy=world.policy, now=world.clock.now(),
        )  # fmt: skip


@pytest.fixture
def post(world: World, tmp_path: Path) -> Post:
    return Post(world, tmp_path / "sms.ndjson")


async def test_the_code_that_came_is_given_back_once(post: Post) -> None:
    await post.world.register(ONE)
    made = await post.ask(ONE.mobile)
    await post.prove(made, post.code(ONE.mobile))
    with pytest.raises(NotVerified):
        await post.prove(made, post.code(ONE.mobile))


async def test_neither_code_nor_mobile_is_kept_anywhere(post: Post) -> None:
    await post.world.register(ONE)
    await post.ask(ONE.mobile)
    kept = str(await post.world.rows("SELECT * FROM one_time_code"))
    kept += str(await post.world.rows("SELECT * FROM one_time_code_budget"))
    assert post.code(ONE.mobile) not in kept and ONE.mobile.value not in kept
    assert await post.world.count("outbox") == 0


async def test_a_mobile_without_an_account_is_answered_alike_and_gets_nothing(post: Post) -> None:
    await post.world.register(ONE)
    known, unknown = await post.ask(ONE.mobile), await post.ask(STRANGE)
    assert (known.expires_at, len(known.token)) == (unknown.expires_at, len(unknown.token))
    assert len(delivered(post.file, ONE.mobile)) == 1 and delivered(post.file, STRANGE) == []
    for made, mobile in ((known, ONE.mobile), (unknown, STRANGE)):
        with pytest.raises(NotVerified) as refused:
            await post.prove(made, post.wrong(ONE.mobile), mobile)
        assert (
            str(refused.value)
            == "one-time code: it is not the code, or it was used, or it is too old: ask for a new one"
        )
    counted = await post.world.rows("SELECT asked, wrong FROM one_time_code_budget")
    assert counted == [{"asked": 1, "wrong": 1}] * 2


async def test_asking_looks_nobody_up(post: Post) -> None:
    """Time cannot be asserted; what would make it differ can: the index of mobiles is not even there while one asks."""
    world = post.world
    async with world.database.transaction() as tx:
        await tx.execute("ALTER TABLE key_index RENAME TO gone")
        for mobile in (ONE.mobile, STRANGE):
            await accounts.begin_code(tx, mobile, RESET, world.key_index, world.policy, world.clock.now())
        await tx.execute("ALTER TABLE gone RENAME TO key_index")


async def test_a_days_guesses_reach_at_most_a_hundred_thousandth(post: Post) -> None:
    """The attack: codes asked for as often as allowed, each guessed at as often as allowed, for a day."""
    await post.world.register(ONE)
    guesses, end = 0, post.world.clock.now().timestamp() + 86_400
    while post.world.clock.now().timestamp() < end:
        try:
            made = await post.ask(ONE.mobile)
        except TooMany as wait:
            post.world.clock.advance(min(wait.retry_after_s or 60, 3600))
            continue
        for _ in range(20):
            try:
                await post.prove(made, post.wrong(ONE.mobile))
            except NotVerified:
                counted = await post.world.rows("SELECT wrong FROM one_time_code_budget")
                guesses = max(guesses, counted[0]["wrong"])
            except TooMany:
                break
    assert 0 < guesses / 10**6 <= 1e-5


async def test_five_tries_a_code_and_the_sixth_is_not_judged(post: Post) -> None:
    await post.world.register(ONE)
    made = await post.ask(ONE.mobile)
    for _ in range(5):
        with pytest.raises(NotVerified):
            await post.prove(made, post.wrong(ONE.mobile))
    with pytest.raises(NotVerified):
        await post.prove(made, post.code(ONE.mobile))


async def test_who_did_not_ask_spends_no_try_and_proves_nothing(post: Post) -> None:
    await post.world.register(ONE)
    made = await post.ask(ONE.mobile)
    other = replace(made, token="A" * 43)
    for _ in range(20):
        with pytest.raises(NotVerified):
            await post.prove(other, post.code(ONE.mobile))
    await post.prove(made, post.code(ONE.mobile))


async def test_a_code_serves_its_purpose_its_mobile_and_its_login_only(post: Post) -> None:
    await post.world.register(ONE)
    await post.world.register(TWO)
    made = await post.ask(ONE.mobile)
    code = post.code(ONE.mobile)
    for swapped in ({"purpose": LOG_IN}, {"mobile": TWO.mobile}, {"bound_to": SessionId.new()}):
        with pytest.raises(NotVerified):
            await post.prove(made, code, **swapped)  # type: ignore[arg-type]
    await post.prove(made, code)


async def test_a_late_code_is_none_and_a_new_one_ends_the_old(post: Post) -> None:
    await post.world.register(ONE)
    first = await post.ask(ONE.mobile)
    code = post.code(ONE.mobile)
    with pytest.raises(TooMany):
        await post.ask(ONE.mobile)
    post.world.clock.advance(60)
    second = await post.ask(ONE.mobile)
    with pytest.raises(NotVerified):
        await post.prove(first, code)
    post.world.clock.advance(post.world.policy.code_s)
    with pytest.raises(NotVerified):
        await post.prove(second, post.code(ONE.mobile))


async def test_a_gateway_that_fails_says_nothing_to_who_asked(post: Post) -> None:
    await post.world.register(ONE)
    post.sms.will(Fault.OUT_OF_REACH)
    await post.ask(ONE.mobile)
    post.world.clock.advance(60)
    post.sms.will(Fault.NUMBER_REFUSED)
    await post.ask(ONE.mobile)
    assert delivered(post.file) == []


def test_the_budget_counts_a_day_from_the_last_wrong_try(post: Post) -> None:
    now, policy = post.world.clock.now(), post.world.policy
    spent = CodeBudget(1, now, now, policy.code_wrong_a_day, now)
    assert code_tries_left(spent, policy, now) == 0 and decide_code_wait(spent, policy, now) is not None
    post.world.clock.advance(86_400)
    later = post.world.clock.now()
    assert code_tries_left(spent, policy, later) == policy.code_wrong_a_day
    assert decide_code_wait(spent, policy, later) is None


# --- resetting the password -----------------------------------------------------------------------------


async def test_a_reset_opens_with_the_new_password_and_ends_every_login(post: Post) -> None:
    await post.world.register(ONE)
    token = (await post.world.log_in(ONE)).token
    await post.reset(await post.proof(ONE.mobile))
    with pytest.raises(NotAuthenticated):
        await post.world.caller(token)
    with pytest.raises(NotAuthenticated):
        await post.world.log_in(ONE, PASSWORD)
    await post.world.log_in(ONE, NEW_PASSWORD)
    assert [row["topic"] for row in await post.world.rows("SELECT topic FROM outbox")] == ["password.reset"]


async def test_a_reset_leaves_no_passkey_of_a_thief(post: Post) -> None:
    person_id = await post.world.person(ONE)
    thiefs = await added(post.world, person_id)
    assert await post.reset(await post.proof(ONE.mobile)) == 1
    with pytest.raises(NotAuthenticated):
        await log_in_with(post.world, thiefs.get(await request(post.world)))
    told = [row["topic"] for row in await post.world.rows("SELECT topic FROM outbox ORDER BY id")]
    assert told == ["passkey.added", "passkey.removed", "password.reset"]
    post.world.clock.advance(60)
    assert await post.reset(await post.proof(ONE.mobile)) == 0


async def test_other_identity_data_resets_nothing_and_uses_the_proof_up(post: Post) -> None:
    await post.world.register(ONE)
    proof = await post.proof(ONE.mobile)
    with pytest.raises(NotAuthenticated):
        await post.reset(proof, name=PersonName("样本丁"))
    with pytest.raises(NotVerified):
        await post.reset(proof)
    await post.world.log_in(ONE)


@pytest.mark.parametrize("purpose", [LOG_IN, REGISTER])
async def test_a_proof_for_something_else_resets_nothing(post: Post, purpose: CodePurpose) -> None:
    await post.world.register(ONE)
    with pytest.raises(NotVerified):
        await post.reset(await post.proof(ONE.mobile, purpose))


# --- a second factor ------------------------------------------------------------------------------------


async def test_who_chose_a_second_factor_needs_the_code_too(post: Post) -> None:
    await post.world.register(ONE)
    caller = (await post.world.log_in(ONE)).caller
    async with post.world.database.transaction() as tx:
        await accounts.choose_second_factor(tx, caller, True, post.world.clock.now())
    with pytest.raises(accounts.SecondFactorMissing):
        await post.world.log_in(ONE)
    proof = await post.proof(ONE.mobile, LOG_IN)
    await post.world.log_in(ONE, mobile_proof=proof)
    with pytest.raises(NotVerified):
        await post.world.log_in(ONE, mobile_proof=proof)
