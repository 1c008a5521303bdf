"""Another mobile and the closing of an account: proven, told, held, stopped, done; and what a thief gets meanwhile."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from liangzheng import accounts
from liangzheng.accounts import (
    Caller,
    CodePurpose,
    HeldAct,
    HeldKind,
    HeldState,
    PasskeySite,
    Purpose,
    Reauthentication,
)
from liangzheng.accounts.lifecycle import HELD_ACT, HeldEvent
from liangzheng.infra.sms_simulated import delivered
from liangzheng.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotAuthenticated,
    NotFound,
    NotVerified,
    TooMany,
)
from liangzheng.kernel.ids import FaceCheckId, HeldActId
from liangzheng.kernel.people import Mobile
from tests.accounts.authenticator import Authenticator
from tests.accounts.people import MADE_UP, PASSWORD
from tests.accounts.test_codes import Post
from tests.accounts.test_passkeys import added, request
from tests.accounts.test_passkeys import log_in as log_in_with
from tests.accounts.world import World

ONE, TWO = MADE_UP[:2]
NEW = Mobile("13711112222")
SITE = PasskeySite("lz.example", ("https://lz.example",))


@pytest.fixture
def post(world: World, tmp_path: Path) -> Post:
    return Post(world, tmp_path / "sms.ndjson")


async def caller(post: Post) -> Caller:
    await post.world.register(ONE)
    return (await post.world.log_in(ONE)).caller


async def new_proof(post: Post, who: Caller, mobile: Mobile = NEW) -> str:
    made = await post.ask(mobile, CodePurpose.CHANGE_MOBILE, who.session_id)
    return await post.prove(
        made, post.code(mobile), mobile, CodePurpose.CHANGE_MOBILE, bound_to=who.session_id
    )


async def noticed(post: Post, act: HeldAct) -> None:
    """As when the gateway took the notice."""
    async with post.world.database.transaction() as tx:
        await accounts.owner_noticed(tx, act.person_id, act.held_act_id, post.world.clock.now())


async def change(
    post: Post, who: Caller, mobile: Mobile = NEW, *, told: bool = True, **proven: Any
) -> HeldAct:
    world = post.world
    if not proven:
        check = await world.passed(who.person_id, Purpose.CHANGE_MOBILE)
        proven = {"face_check_id": check.face_check_id}
    if isinstance(proven.get("passkey"), str):
        confirmed, now = proven["passkey"], world.clock.now()
        proven["passkey"] = await accounts.spend_challenge(
            world.database, who.person_id, accounts.Ceremony.CONFIRM, confirmed, now
        )
    proof = await new_proof(post, who, mobile)
    async with world.database.transaction(accounts.CONSTRAINTS) as tx:
        act = await accounts.change_mobile(
            tx, who, mobile, proof, Reauthentication(PASSWORD, **proven), SITE, world.key_index, world.policy,
            world.clock.now(),
        )  # fmt: skip
    if told:
        await noticed(post, act)
    return act


async def complete(post: Post) -> int:
    return await accounts.complete_held(post.world.database, post.world.key_index, post.world.clock.now())


async def state_of(post: Post, act: HeldAct) -> HeldState:
    async with post.world.database.read() as tx:
        (found,) = [
            h for h in await accounts.held_acts(tx, act.person_id) if h.held_act_id == act.held_act_id
        ]
    return found.state


async def topics(post: Post) -> list[str]:
    return [row["topic"] for row in await post.world.rows("SELECT topic FROM outbox ORDER BY id")]


# --- another mobile ---------------------------------------------------------------------------------------


async def test_a_change_waits_a_day_and_then_the_new_mobile_logs_in(post: Post) -> None:
    who = await caller(post)
    act = await change(post, who)
    assert act.due_at - act.asked_at == (act.due_at - post.world.clock.now())
    post.world.clock.advance(post.world.policy.mobile_change_hold_s - 1)
    assert await complete(post) == 0
    await post.world.log_in(ONE)
    post.world.clock.advance(1)
    assert await complete(post) == 1
    assert await complete(post) == 0
    with pytest.raises(NotAuthenticated):
        await post.world.log_in(ONE)
    async with post.world.database.read() as tx:
        assert (await accounts.account(tx, who.person_id)).mobile == NEW
    assert await topics(post) == ["mobile-change.asked", "mobile-change.done"]
    assert await post.world.rows("SELECT new_mobile FROM held_act") == [{"new_mobile": None}]


async def test_meanwhile_no_phone_is_bound_and_no_face_is_checked_for_applying(post: Post) -> None:
    who = await caller(post)
    await post.world.passed(who.person_id)
    offer = await post.world.offer(who.person_id)
    ready = await post.world.passed(who.person_id, Purpose.APPLY)
    await change(post, who)
    for act in (
        lambda: post.world.begin(who.person_id, Purpose.APPLY),
        lambda: post.world.offer(who.person_id),
        lambda: post.world.bind(who.person_id, offer),
    ):
        with pytest.raises(Forbidden, match="mobile is being changed"):
            await act()
    async with post.world.database.transaction() as tx:
        used = await accounts.consume_face_checks(
            tx, [(who.person_id, ready.face_check_id, HeldActId.new())], Purpose.APPLY, post.world.clock.now()
        )
    assert used == set(), "nor is a check used that passed before"


async def test_stopped_in_the_app_nothing_changes_and_binding_goes_on(post: Post) -> None:
    who = await caller(post)
    act = await change(post, who)
    for _ in range(2):
        async with post.world.database.transaction() as tx:
            stopped = await accounts.stop_held(tx, who.person_id, act.held_act_id, post.world.clock.now())
        assert stopped.state is HeldState.STOPPED
    post.world.clock.advance(post.world.policy.mobile_change_hold_s)
    assert await complete(post) == 0
    await post.world.log_in(ONE)
    await post.world.begin(who.person_id, Purpose.APPLY)
    assert await topics(post) == ["mobile-change.asked", "mobile-change.stopped"]


async def test_the_old_mobile_stops_it_by_a_code_and_throws_the_thief_out(post: Post) -> None:
    who = await caller(post)
    token = (await post.world.log_in(ONE)).token
    thiefs = await added(post.world, who.person_id)
    act = await change(post, who)
    proof = await post.proof(ONE.mobile, CodePurpose.STOP_MOBILE_CHANGE)
    async with post.world.database.transaction() as tx:
        await accounts.stop_by_mobile(tx, ONE.mobile, proof, post.world.key_index, post.world.clock.now())
    assert await state_of(post, act) is HeldState.STOPPED
    with pytest.raises(NotAuthenticated):
        await post.world.caller(token)
    with pytest.raises(NotAuthenticated):
        await post.world.log_in(ONE)
    with pytest.raises(NotAuthenticated):
        await log_in_with(post.world, thiefs.get(await request(post.world)))
    post.world.clock.advance(60)
    await post.reset(await post.proof(ONE.mobile))


async def by_word(post: Post, word: str, mobile: Mobile = ONE.mobile) -> None:
    async with post.world.database.transaction() as tx:
        await accounts.stop_by_word(tx, mobile, word, post.world.key_index, post.world.clock.now())


async def test_nobody_else_keeps_the_owner_from_stopping_a_change_until_it_is_done(post: Post) -> None:
    who = await caller(post)
    thiefs = (await post.world.log_in(ONE)).token
    act = await change(post, who)
    # Anybody who knows the mobile, without an account: the codes of a day, of whatever purpose.
    for _ in range(post.world.policy.codes_a_day):
        await post.ask(ONE.mobile, CodePurpose.REGISTER)
        post.world.clock.advance(post.world.policy.code_again_s)
    with pytest.raises(TooMany):
        await post.ask(ONE.mobile, CodePurpose.STOP_MOBILE_CHANGE)
    for _ in range(20):
        with pytest.raises(NotVerified):
            await by_word(post, "0000-0000-0000-0000")
    await by_word(post, accounts.stop_word(post.world.key_index, act.held_act_id))
    assert await state_of(post, act) is HeldState.STOPPED
    with pytest.raises(NotAuthenticated):
        await post.world.caller(thiefs)
    with pytest.raises(NotAuthenticated):
        await post.world.log_in(ONE)


async def test_a_stop_word_is_read_as_people_type_it_and_again_changes_nothing(post: Post) -> None:
    act = await change(post, await caller(post))
    word = accounts.stop_word(post.world.key_index, act.held_act_id)
    assert re.fullmatch("([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", word), "four times twenty bits"
    typed = word.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    await by_word(post, typed)
    await by_word(post, word)
    assert (await topics(post)).count("mobile-change.stopped") == 1


async def test_a_stop_word_serves_its_own_act_and_mobile_and_not_once_it_is_done(post: Post) -> None:
    act = await change(post, await caller(post))
    await post.world.register(TWO)
    word = accounts.stop_word(post.world.key_index, act.held_act_id)
    another = accounts.stop_word(post.world.key_index, HeldActId.new())
    for mobile, wrong in (
        (TWO.mobile, word),
        (NEW, word),
        (ONE.mobile, another),
        (ONE.mobile, word[:-1]),
        (ONE.mobile, ""),
        (ONE.mobile, "停" * 16),
    ):
        with pytest.raises(NotVerified, match="something that waits"):
            await by_word(post, wrong, mobile)
    assert await state_of(post, act) is HeldState.WAITING
    post.world.clock.advance(post.world.policy.mobile_change_hold_s)
    assert await complete(post) == 1
    for mobile in (ONE.mobile, NEW):
        with pytest.raises(NotVerified):
            await by_word(post, word, mobile)
    assert await state_of(post, act) is HeldState.DONE


async def test_a_code_to_the_new_mobile_stops_nothing(post: Post) -> None:
    who = await caller(post)
    act = await change(post, who)
    assert delivered(post.file, NEW)
    post.world.clock.advance(60)
    await post.ask(NEW, CodePurpose.STOP_MOBILE_CHANGE)
    assert len(delivered(post.file, NEW)) == 1, "it has no account: nothing is sent"
    assert await state_of(post, act) is HeldState.WAITING


async def test_another_person_can_neither_see_nor_stop_it(post: Post) -> None:
    act = await change(post, await caller(post))
    stranger = await post.world.person(TWO)
    async with post.world.database.transaction() as tx:
        with pytest.raises(NotFound):
            await accounts.stop_held(tx, stranger, act.held_act_id, post.world.clock.now())
        assert await accounts.held_acts(tx, stranger) == []


@pytest.mark.parametrize(
    ("proven", "fault"),
    [
        ({"passkey": None}, Invalid),
        ({"face_check_id": FaceCheckId.new()}, NotFound),
        ({"passkey": "{}"}, Invalid),
    ],
    ids=["password and code alone", "a check there is none of", "no passkey"],
)
async def test_a_password_and_a_code_are_not_enough(
    post: Post, proven: dict[str, Any], fault: type[Exception]
) -> None:
    who = await caller(post)
    with pytest.raises(fault):
        await change(post, who, **proven)
    assert await post.world.count("held_act") == 0


async def test_a_passkey_the_password_has_just_made_proves_no_more_than_the_password(post: Post) -> None:
    who = await caller(post)
    device = await added(post.world, who.person_id)
    too_new = json.dumps(device.get(await request(post.world, who.person_id)))
    with pytest.raises(NotVerified, match="too new"):
        await change(post, who, passkey=too_new)
    assert await post.world.count("held_act") == 0
    post.world.clock.advance(post.world.policy.passkey_settles_s)
    who = (await post.world.log_in(ONE)).caller
    act = await change(post, who, passkey=json.dumps(device.get(await request(post.world, who.person_id))))
    assert act.state is HeldState.WAITING


async def test_a_face_check_made_for_something_else_does_not_serve(post: Post) -> None:
    who = await caller(post)
    check = await post.world.passed(who.person_id, Purpose.APPLY)
    with pytest.raises(NotVerified):
        await change(post, who, face_check_id=check.face_check_id)


async def test_a_proof_made_in_another_login_does_not_serve(post: Post) -> None:
    who = await caller(post)
    other = (await post.world.log_in(ONE)).caller
    check = await post.world.passed(who.person_id, Purpose.CHANGE_MOBILE)
    proof = await new_proof(post, other)
    with pytest.raises(NotVerified):
        async with post.world.database.transaction() as tx:
            await accounts.change_mobile(
                tx, who, NEW, proof, Reauthentication(PASSWORD, check.face_check_id), SITE, post.world.key_index,
                post.world.policy, post.world.clock.now(),
            )  # fmt: skip


async def test_one_waits_at_a_time_and_a_mobile_of_somebody_else_is_refused(post: Post) -> None:
    who = await caller(post)
    await post.world.register(TWO)
    with pytest.raises(Conflict, match="has an account"):
        await change(post, who, TWO.mobile)
    waiting = await change(post, who)
    with pytest.raises(Forbidden):
        await change(post, who, Mobile("13711113333"))
    assert await state_of(post, waiting) is HeldState.WAITING


async def test_a_mobile_taken_meanwhile_fails_the_change_and_keeps_the_old(post: Post) -> None:
    who = await caller(post)
    act = await change(post, who, TWO.mobile)
    await post.world.register(TWO)
    post.world.clock.advance(post.world.policy.mobile_change_hold_s)
    assert await complete(post) == 0
    assert await state_of(post, act) is HeldState.FAILED
    await post.world.log_in(ONE)


async def check_password(post: Post, who: Caller, password: str) -> None:
    world = post.world
    await accounts.check_password(
        world.database, who.person_id, password, passwords=world.passwords, key_index=world.key_index,
        policy=world.policy, now=world.clock.now(),
    )  # fmt: skip


async def test_a_wrong_password_is_said_to_be_wrong(post: Post) -> None:
    who = await caller(post)
    with pytest.raises(NotVerified, match="password"):
        await check_password(post, who, "no")
    await check_password(post, who, PASSWORD)


async def test_a_stolen_login_guesses_no_password_and_its_guesses_count_with_those_of_logging_in(
    post: Post,
) -> None:
    who = await caller(post)
    for _ in range(post.world.policy.free_failures + 1):
        with pytest.raises(NotVerified):
            await check_password(post, who, "guess")
    with pytest.raises(TooMany):
        await check_password(post, who, PASSWORD)
    with pytest.raises(TooMany):
        await post.world.log_in(ONE)
    post.world.clock.advance(post.world.policy.first_wait_s)
    await check_password(post, who, PASSWORD)
    # The right one ends the row of failures.
    for _ in range(post.world.policy.free_failures):
        with pytest.raises(NotVerified):
            await check_password(post, who, "guess")
    await check_password(post, who, PASSWORD)


async def test_a_passkey_of_today_changes_no_mobile_and_one_of_yesterday_does(post: Post) -> None:
    """A thief who has the SIM card resets the password, logs in and adds a passkey: that proves no more than the SIM card."""
    world, who, device = post.world, await caller(post), Authenticator()
    async with world.database.transaction() as tx:
        begun = await accounts.begin_passkey(tx, who.person_id, SITE, world.policy, world.clock.now())
    now, sent = world.clock.now(), json.dumps(device.create(begun))
    made = await accounts.spend_challenge(world.database, who.person_id, accounts.Ceremony.ADD, sent, now)
    async with world.database.transaction() as tx:
        await accounts.add_passkey(tx, who.person_id, "钥匙", made, SITE, now)

    async def confirmed() -> str:
        async with world.database.transaction() as tx:
            options = await accounts.begin_passkey_use(
                tx, who.person_id, SITE, world.policy, world.clock.now()
            )
        return json.dumps(device.get(options))

    world.clock.advance(world.policy.passkey_settles_s - 1)
    with pytest.raises(NotVerified, match="too new"):
        await change(post, who, passkey=await confirmed())
    world.clock.advance(60)
    assert (await change(post, who, passkey=await confirmed())).state is HeldState.WAITING


# --- closing ----------------------------------------------------------------------------------------------


async def closing(post: Post, who: Caller, *, told: bool = True) -> HeldAct:
    async with post.world.database.transaction(accounts.CONSTRAINTS) as tx:
        act = await accounts.close(tx, who, post.world.policy, post.world.clock.now())
    if told:
        await noticed(post, act)
    return act


async def test_a_closed_account_has_no_way_in_and_its_numbers_are_free(post: Post) -> None:
    who = await caller(post)
    unused = await post.world.passed(who.person_id)
    key = await post.world.bind(who.person_id, await post.world.offer(who.person_id))
    token = (await post.world.log_in(ONE)).token
    act = await closing(post, who)
    post.world.clock.advance(post.world.policy.closing_hold_s)
    assert await complete(post) == 1
    assert await state_of(post, act) is HeldState.DONE
    for way_in in (lambda: post.world.caller(token), lambda: post.world.log_in(ONE)):
        with pytest.raises(NotAuthenticated):
            await way_in()
    async with post.world.database.read() as tx:
        with pytest.raises(NotFound):
            await accounts.account(tx, who.person_id)
        assert not (await accounts.phone_key(tx, who.person_id, key.phone_key_id)).is_live
        assert (await accounts.face_check(tx, who.person_id, unused.face_check_id)).state == "void"
        assert await accounts.check(tx, date(2026, 11, 1)) == []
    assert {"phone-key.ended", "account.closed"} <= set(await topics(post))
    again = await post.world.register(ONE)
    assert again.person.person_id != who.person_id and again.person.driver_id == ONE.driver_id
    async with post.world.database.read() as tx:
        assert await accounts.check(tx, date(2026, 11, 1)) == []


async def test_a_closing_is_stopped_until_it_is_done_and_not_after(post: Post) -> None:
    who = await caller(post)
    act = await closing(post, who)
    with pytest.raises(Conflict, match="waits already"):
        await closing(post, who)
    async with post.world.database.transaction() as tx:
        await accounts.stop_held(tx, who.person_id, act.held_act_id, post.world.clock.now())
    post.world.clock.advance(post.world.policy.closing_hold_s)
    assert await complete(post) == 0
    await post.world.log_in(ONE)


async def test_closing_fails_a_change_of_mobile_that_waits(post: Post) -> None:
    who = await caller(post)
    await closing(post, who)
    post.world.clock.advance(post.world.policy.closing_hold_s - 60)
    who = (await post.world.log_in(ONE)).caller
    act = await change(post, who)
    post.world.clock.advance(60)
    assert await complete(post) == 1
    assert await state_of(post, act) is HeldState.FAILED


# --- nobody was told --------------------------------------------------------------------------------------


async def due_at(post: Post, act: HeldAct) -> datetime:
    async with post.world.database.read() as tx:
        return next(
            h.due_at for h in await accounts.held_acts(tx, act.person_id) if h.held_act_id == act.held_act_id
        )


@pytest.mark.parametrize("ask", [change, closing])
async def test_nothing_is_done_before_a_whole_holding_time_after_its_notice(post: Post, ask: Any) -> None:
    act = await ask(post, await caller(post), told=False)
    hold = act.due_at - act.asked_at
    post.world.clock.advance(3 * hold.total_seconds())
    assert await complete(post) == 0, "its owner could not have stopped it"
    await noticed(post, act)
    assert await due_at(post, act) == post.world.clock.now() + hold
    post.world.clock.advance(hold.total_seconds() - 1)
    await noticed(post, act)  # again, as after an answer that was lost: no new holding time
    assert await complete(post) == 0
    post.world.clock.advance(1)
    assert await complete(post) == 1
    await noticed(post, act)
    assert await state_of(post, act) is HeldState.DONE


async def test_the_mobile_stays_while_another_notice_is_to_go_to_it(post: Post) -> None:
    who = await caller(post)
    other = await closing(post, who, told=False)
    act = await change(post, who)
    post.world.clock.advance(post.world.policy.mobile_change_hold_s)
    assert await complete(post) == 0
    await noticed(post, other)
    assert await complete(post) == 1
    assert (await state_of(post, act), await state_of(post, other)) == (HeldState.DONE, HeldState.WAITING)


async def test_what_was_stopped_before_its_notice_is_noticed_by_nobody(post: Post) -> None:
    act = await closing(post, await caller(post), told=False)
    async with post.world.database.transaction() as tx:
        assert await accounts.is_held(tx, act.person_id, act.held_act_id)
        await accounts.stop_held(tx, act.person_id, act.held_act_id, post.world.clock.now())
        assert not await accounts.is_held(tx, act.person_id, act.held_act_id)
    await noticed(post, act)
    assert await post.world.rows("SELECT noticed_at FROM held_act") == [{"noticed_at": None}]


async def test_the_database_takes_none_as_done_that_was_not_noticed(post: Post) -> None:
    act = await closing(post, await caller(post), told=False)
    with pytest.raises(asyncpg.CheckViolationError):
        async with post.world.database.transaction() as tx:
            await tx.execute(
                "UPDATE held_act SET state = 'done', ended_at = due_at WHERE id = $1", act.held_act_id.uuid
            )


# --- the table --------------------------------------------------------------------------------------------


def test_nothing_leaves_what_has_ended_and_every_end_is_told() -> None:
    from liangzheng.accounts.held import TOPICS

    assert HELD_ACT.finished == {HeldState.STOPPED, HeldState.DONE, HeldState.FAILED}
    assert HELD_ACT.events == set(HeldEvent)
    assert len(TOPICS) == len(HeldKind) * (1 + len(HELD_ACT.finished))
