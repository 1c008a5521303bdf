"""What a person agreed to, and what is not done without; a copy of their data, and requests to put it right."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from liangzheng import accounts, audit
from liangzheng.accounts import AgreementKind, AgreementText, Caller, CorrectionState, Level, store_agreements
from liangzheng.accounts.agreements import agrees, every_text
from liangzheng.accounts.lifecycle import CORRECTION, State
from liangzheng.accounts.model import Agreement, Purpose
from liangzheng.accounts.rules import may_use_face_data
from liangzheng.infra.face import FaceResult, FaceVerifier
from liangzheng.infra.face_manual import ManualFace
from liangzheng.infra.face_simulated import SimulatedFace
from liangzheng.kernel.errors import AgreementNeeded, Conflict, Invalid, NotFound, NotVerified
from liangzheng.kernel.ids import ApplicationId, PersonId, SessionId
from tests.accounts.people import MADE_UP, PASSWORD
from tests.accounts.world import World
from tests.cli.test_main import lz

ONE, TWO = MADE_UP[:2]
FACE = AgreementKind.FACE_DATA


async def withdraw(world: World, person_id: PersonId) -> None:
    async with world.database.transaction() as tx:
        await accounts.withdraw_agreement(tx, person_id, FACE, world.clock.now())


async def give(
    world: World, person_id: PersonId, kind: AgreementKind = FACE, version: int | None = None
) -> None:
    current = accounts.agreement_texts()[kind].version
    async with world.database.transaction() as tx:
        await accounts.give_agreement(tx, person_id, kind, version or current, world.clock.now())


async def gave_the_words_before(world: World, person_id: PersonId, kind: AgreementKind) -> AgreementText:
    """As somebody who agreed when version 1 was current."""
    text = next(text for text in every_text() if (text.kind, text.version) == (kind, 1))
    async with world.database.transaction() as tx:
        await store_agreements.add(tx, person_id, text, True, world.clock.now())
    return text


async def test_without_agreement_no_face_is_looked_at_and_the_other_way_is_named(world: World) -> None:
    person_id = await world.person(ONE)
    await withdraw(world, person_id)
    with pytest.raises(AgreementNeeded, match="vehicle office") as needed:
        await world.begin(person_id)
    assert (needed.value.place, needed.value.rule) == ("face-data", "version 1")
    await give(world, person_id)
    await world.begin(person_id)


async def test_agreeing_to_everything_else_is_not_agreeing_to_face_data(world: World) -> None:
    person_id = await world.person(ONE)
    await withdraw(world, person_id)
    for kind in set(AgreementKind) - {FACE}:
        await give(world, person_id, kind)
    with pytest.raises(AgreementNeeded):
        await world.begin(person_id)


async def test_who_withdraws_between_challenge_and_frames_is_not_judged(world: World) -> None:
    check = await world.begin(await world.person(ONE))
    await withdraw(world, check.person_id)
    with pytest.raises(AgreementNeeded):
        await world.finish(check)
    assert await world.count("face_frame") == 0


@pytest.mark.parametrize("engine", [SimulatedFace("test"), ManualFace()], ids=["passed", "in review"])
async def test_who_withdraws_after_the_frames_has_no_check_to_use(world: World, engine: FaceVerifier) -> None:
    world.engine = engine
    person_id = await world.person(ONE)
    check = await world.finish(await world.begin(person_id))
    await withdraw(world, person_id)
    await give(world, person_id)
    async with world.database.transaction() as tx:
        void = await accounts.face_check(tx, person_id, check.face_check_id)
        assert (void.state, void.usable_until) == (State.VOID, None)
        with pytest.raises(NotVerified):
            await accounts.consume_face_check(
                tx, person_id, check.face_check_id, Purpose.APPLY, ApplicationId.new(), world.clock.now()
            )
        asked = [(person_id, check.face_check_id, ApplicationId.new())]
        assert await accounts.consume_face_checks(tx, asked, Purpose.APPLY, world.clock.now()) == set()
    assert (await world.passed(person_id)).usable_until if engine.simulated else True


async def test_who_withdraws_while_the_engine_looks_passes_nothing(world: World) -> None:
    class Slow(SimulatedFace):
        async def verify(self, context: Any, frames: Any, challenge: Any) -> FaceResult:
            await withdraw(world, context.person_id)
            return await super().verify(context, frames, challenge)

    world.engine = Slow("test")
    person_id = await world.person(ONE)
    assert (await world.finish(await world.begin(person_id))).state is State.VOID
    async with world.database.read() as tx:
        assert (await accounts.assurance(tx, person_id)).level == 1


async def test_a_used_check_stays_used_and_other_agreements_void_nothing(world: World) -> None:
    person_id = await world.person(ONE)
    used, other = await world.passed(person_id), await world.passed(person_id)
    async with world.database.transaction() as tx:
        await accounts.consume_face_check(
            tx, person_id, used.face_check_id, Purpose.APPLY, ApplicationId.new(), world.clock.now()
        )
        await accounts.withdraw_agreement(tx, person_id, AgreementKind.NOTICES, world.clock.now())
        assert (await accounts.face_check(tx, person_id, other.face_check_id)).state is State.PASSED
    await withdraw(world, person_id)
    async with world.database.read() as tx:
        assert (await accounts.face_check(tx, person_id, used.face_check_id)).state is State.CONSUMED


async def test_what_waits_at_the_counter_needs_no_agreement(world: World) -> None:
    person_id = await world.person(ONE)
    async with world.database.transaction() as tx:
        check = await accounts.begin_counter_check(
            tx, person_id, Purpose.APPLY, world.policy, world.clock.now()
        )
    await withdraw(world, person_id)
    async with world.database.read() as tx:
        assert (await accounts.face_check(tx, person_id, check.face_check_id)).state is State.IN_REVIEW


async def test_entries_are_added_and_say_which_words(world: World) -> None:
    person_id = await world.person(ONE)
    for _ in range(2):
        await withdraw(world, person_id)
    for _ in range(2):
        await give(world, person_id)
    async with world.database.read() as tx:
        entries = await accounts.agreement_history(tx, person_id)
    assert [entry.given for entry in entries] == [True, False, True]
    assert {entry.text_hash for entry in entries} == {accounts.agreement_texts()[FACE].hash}


async def test_only_the_current_text_can_be_agreed_to(world: World) -> None:
    person_id = await world.person(ONE)
    with pytest.raises(Invalid, match="current text"):
        await give(world, person_id, version=2)


def test_a_new_text_asks_everybody_again(world: World) -> None:
    kept = Agreement(FACE, 1, True, world.clock.now(), bytes(32))
    assert may_use_face_data(kept, 1)
    assert not may_use_face_data(kept, 2)
    assert not may_use_face_data(None, 1)
    assert not may_use_face_data(Agreement(FACE, 1, False, world.clock.now(), bytes(32)), 1)


async def test_other_words_of_one_text_ask_nobody_again_about_another(world: World) -> None:
    person_id = await world.person(ONE)
    for kind in set(AgreementKind) - {FACE}:
        await gave_the_words_before(world, person_id, kind)
        async with world.database.read() as tx:
            assert not await agrees(tx, person_id, kind)
    await world.begin(person_id)


async def test_what_is_taken_back_is_the_words_that_were_agreed_to(world: World) -> None:
    """Also when there are others meanwhile: those were never agreed to."""
    person_id, kind = await world.person(ONE), AgreementKind.NOTICES
    before = await gave_the_words_before(world, person_id, kind)
    async with world.database.transaction() as tx:
        await accounts.withdraw_agreement(tx, person_id, kind, world.clock.now())
        entries = [each for each in await accounts.agreement_history(tx, person_id) if each.kind is kind]
    assert accounts.agreement_texts()[kind].version > 1
    assert [(each.version, each.given, each.text_hash) for each in entries] == [
        (1, True, before.hash),
        (1, False, before.hash),
    ]
    (entry,) = await world.rows("SELECT detail FROM audit_entry WHERE act = 'agreement.withdrawn'")
    assert entry["detail"] == {"agreement": "notices", "version": 1}


LANDED = {
    ("terms", 1): "a7364c94b91deb68ce9bd8b5fb3b1cbd473cd219426ed06459b310c3c51cdd9c",
    ("terms", 2): "4d2946853585c59d39b4904e6a29bb323450ea68e6dee32464e49e08ec67c04b",
    ("privacy", 1): "d8036e30ca2c0c9c85031aaa3b21434c8f91b6dff0b94d43f62568785b1787f1",
    ("privacy", 2): "ddd046e7fd10dd71eb458486ab9a43900d741b2f2eebf154f1816a585e0c0e82",
    ("face-data", 1): "36ab38e0629025ad7c6263125dae730fbc9ac53ae9f8ced63f02057710a956df",
    ("face-review", 1): "b9238aaf69bf3a2e24651d17dd4acb1ac6dd4d666c4f6e54229253fd8dcc20fb",
    ("face-review", 2): "e10c9c9bd9dba2ddc0b7729fc83648f7435c354d49edbfa696de96e83e8d2fc7",
    ("notices", 1): "a77ec442b6e6ba00ccf26f80ff0916cad1da78313f824431441933f65c8c8fe6",
    ("notices", 2): "9d44d35dbc9b01b6ffb330ae5ff4d04e6bb60346a3987496ba445f5048061954",
}
"""Every text that people may have agreed to. Other words are another version, with a line here."""


def test_words_somebody_agreed_to_stay_as_they_are() -> None:
    assert {(text.kind.value, text.version): text.hash.hex() for text in every_text()} == LANDED
    for kind in AgreementKind:
        versions = sorted(text.version for text in every_text() if text.kind is kind)
        assert versions == list(range(1, len(versions) + 1)), kind


@pytest.mark.parametrize("word", ["账户", "档案照片", "使用条款"])
def test_the_words_of_today_are_those_of_the_screens(word: str) -> None:
    """账号, 留存照片 (GLOSSARY.md), 用户协议."""
    assert any(word in text.zh for text in every_text()), "it was said once"
    assert not any(word in text.zh for text in accounts.agreement_texts().values())


def test_every_kind_has_its_text_in_both_languages() -> None:
    texts = accounts.agreement_texts()
    assert set(texts) == set(AgreementKind)
    assert all(text.zh and text.en for text in texts.values())
    assert len({text.hash for text in texts.values()}) == len(texts)


# --- own data -----------------------------------------------------------------------------------------------


async def test_a_copy_holds_what_is_ones_own_and_no_secret(world: World) -> None:
    person_id = await world.person(ONE)
    await world.person(TWO)
    token = (await world.log_in(ONE)).token
    await world.passed(person_id)
    await world.bind(person_id, await world.offer(person_id))
    async with world.database.transaction() as tx:
        copy = await accounts.export(tx, person_id, world.clock.now())
    text = json.dumps(copy, ensure_ascii=False)
    assert ONE.identity.value in text and ONE.mobile.value in text and "红色手机" in text
    assert TWO.identity.value not in text and TWO.mobile.value not in text
    assert token not in text and "argon2" not in text and PASSWORD not in text
    assert copy["face_checks"] and copy["agreements"] and copy["sessions"]
    acts = [row["act"] for row in await world.rows("SELECT act FROM audit_entry")]
    assert "data.exported" in acts


async def ask(world: World, person_id: PersonId, wish: str = "住址有误") -> accounts.CorrectionRequest:
    async with world.database.transaction() as tx:
        return await accounts.ask_correction(tx, person_id, wish, world.clock.now())


async def test_a_request_is_answered_once_and_its_person_is_told(world: World) -> None:
    asked = await ask(world, await world.person(ONE))
    async with world.database.transaction() as tx:
        (waiting,) = await accounts.open_corrections(tx)
        assert waiting.request_id == asked.request_id and "住址" not in repr(waiting)
        actor = audit.Actor("operator")
        answer = (asked.person_id, asked.request_id, True, "已更正", actor, world.clock.now())
        await accounts.answer_correction(tx, *answer)
        with pytest.raises(Conflict):
            await accounts.answer_correction(tx, *answer)
        (found,) = await accounts.corrections(tx, asked.person_id)
        assert (found.state, found.answer) == (CorrectionState.CORRECTED, "已更正")
        assert await accounts.open_corrections(tx) == []
    assert [row["topic"] for row in await world.rows("SELECT topic FROM outbox")] == ["correction.answered"]


async def test_each_list_an_operator_reads_of_requests_is_an_entry_that_holds_no_wish(
    world: World, tmp_path: Path
) -> None:
    place = {"LZ_DATA_DIR": str(tmp_path), "LZ_DATABASE_URL": world.database.params.url()}
    asked = await ask(world, await world.person(ONE))
    shown = await asyncio.to_thread(lz, "requests", "list", **place)
    assert shown.returncode == 0, shown.stderr
    assert str(asked.request_id) in shown.stdout and "住址有误" in shown.stdout
    (entry,) = await world.rows("SELECT * FROM audit_entry WHERE act = 'correction-requests.listed'")
    assert (entry["actor_kind"], entry["detail"]) == ("operator", {"count": 1})


async def test_a_request_is_taken_back_by_its_person_only(world: World) -> None:
    asked, stranger = await ask(world, await world.person(ONE)), await world.person(TWO)
    now = world.clock.now()
    async with world.database.transaction() as tx:
        with pytest.raises(NotFound):
            await accounts.take_back_correction(tx, stranger, asked.request_id, now)
        await accounts.take_back_correction(tx, asked.person_id, asked.request_id, now)
        with pytest.raises(Conflict):
            await accounts.take_back_correction(tx, asked.person_id, asked.request_id, now)


async def test_five_requests_are_open_at_most(world: World) -> None:
    person_id = await world.person(ONE)
    for _ in range(5):
        await ask(world, person_id)
    with pytest.raises(Conflict, match="5 requests"):
        await ask(world, person_id)


async def closed(world: World, person_id: PersonId) -> None:
    """The account is closed, at the end of its holding time."""
    who = Caller(person_id, None, Level.IDENTITY_MATCHED, SessionId.new(), world.clock.now())
    async with world.database.transaction() as tx:
        act = await accounts.close(tx, who, world.policy, world.clock.now())
        await accounts.owner_noticed(tx, person_id, act.held_act_id, world.clock.now())
    world.clock.advance(world.policy.closing_hold_s)
    assert await accounts.complete_held(world.database, world.key_index, world.clock.now()) == 1


async def test_what_a_closed_account_asked_waits_no_longer_and_the_record_says_why(world: World) -> None:
    asked, others = await ask(world, await world.person(ONE)), await ask(world, await world.person(TWO))
    answered = await ask(world, asked.person_id, "姓名有误")
    answer = ("已更正", audit.Actor("operator"), world.clock.now())
    async with world.database.transaction() as tx:
        await accounts.answer_correction(tx, asked.person_id, answered.request_id, True, *answer)
    await closed(world, asked.person_id)
    async with world.database.transaction() as tx:
        assert [each.request_id for each in await accounts.open_corrections(tx)] == [others.request_id]
        states = {each.request_id: each.state for each in await accounts.corrections(tx, asked.person_id)}
        with pytest.raises(Conflict):
            await accounts.answer_correction(tx, asked.person_id, asked.request_id, True, *answer)
    assert states == {
        asked.request_id: CorrectionState.WITHDRAWN,
        answered.request_id: CorrectionState.CORRECTED,
    }
    (entry,) = await world.rows("SELECT * FROM audit_entry WHERE act = 'correction.taken-back'")
    assert entry["detail"] == {"request": str(asked.request_id), "why": "account_closed"}
    with pytest.raises(NotFound):  # by a login that was let in a moment before
        await ask(world, asked.person_id)


async def test_the_texts_of_an_ended_request_are_forgotten_in_time_and_those_of_an_open_one_are_not(
    world: World,
) -> None:
    person_id = await world.person(ONE)
    declined, taken_back, waiting = [await ask(world, person_id, wish) for wish in ("甲", "乙", "丙")]
    now = world.clock.now()
    async with world.database.transaction() as tx:
        actor = audit.Actor("operator")
        await accounts.answer_correction(tx, person_id, declined.request_id, False, "不予更正", actor, now)
        await accounts.take_back_correction(tx, person_id, taken_back.request_id, now)
    for before, gone in ((now, 0), (now + timedelta(seconds=1), 1), (now + timedelta(days=999), 1)):
        async with world.database.transaction() as tx:
            assert await accounts.forget_corrections(tx, before, limit=1) == gone
    async with world.database.transaction() as tx:
        assert await accounts.forget_corrections(tx, now + timedelta(days=9999), limit=9) == 0
        assert [each.request_id for each in await accounts.corrections(tx, person_id)] == [waiting.request_id]


@pytest.mark.parametrize("wish", ["", "   ", "x" * 1001, "a\x00b"])
async def test_a_wish_is_text(world: World, wish: str) -> None:
    with pytest.raises(Invalid, match="wish"):
        await ask(world, await world.person(ONE), wish)


def test_the_table_of_requests_ends_where_it_should() -> None:
    assert CORRECTION.finished == set(CorrectionState) - {CorrectionState.OPEN}


# --- logins ---------------------------------------------------------------------------------------------------


async def test_logins_are_listed_and_ended_one_or_all_others(world: World) -> None:
    await world.register(ONE)
    await world.register(TWO)
    mine = [(await world.log_in(ONE)).caller for _ in range(3)]
    stranger = (await world.log_in(TWO)).caller
    now = world.clock.now()
    async with world.database.transaction() as tx:
        assert len(await accounts.sessions(tx, mine[0], world.policy, now)) == 3
        with pytest.raises(NotFound):
            await accounts.end_session(tx, stranger, mine[1].session_id, now)
        await accounts.end_session(tx, mine[0], mine[1].session_id, now)
        with pytest.raises(NotFound):
            await accounts.end_session(tx, mine[0], mine[1].session_id, now)
        assert await accounts.end_other_sessions(tx, mine[0], now) == 1
        (left,) = await accounts.sessions(tx, mine[0], world.policy, now)
        assert left.session_id == mine[0].session_id
        assert len(await accounts.sessions(tx, stranger, world.policy, now)) == 1
