"""Face checks an engine left open: who agreed finds a reviewer, with a promise and sealed pictures that go with the decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from liangzheng import accounts, reviewing
from liangzheng.accounts import (
    AgreementKind,
    FaceReason,
    FaceReview,
    FaceReviews,
    store_agreements,
)
from liangzheng.accounts.agreements import every_text
from liangzheng.accounts.lifecycle import State
from liangzheng.accounts.model import Decision, FaceCheck, Level, Purpose
from liangzheng.accounts.rules import may_be_reviewed
from liangzheng.audit import Actor
from liangzheng.infra import jpeg
from liangzheng.infra.face import FaceFrame
from liangzheng.infra.face_manual import ManualFace
from liangzheng.infra.face_simulated import Behaviour, SimulatedFace, played_frames
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.keys_sealed import Seal
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from liangzheng.kernel.ids import ApplicationId, DriverId, FaceCheckId, StaffId
from liangzheng.reviewing import ReviewDesk
from tests.accounts.people import MADE_UP
from tests.accounts.world import World

ONE, TWO = MADE_UP[:2]
AUTHORITY = "苏J"


def desk(number: int = 1, authorities: Sequence[str] | None = (AUTHORITY,), **more: Any) -> ReviewDesk:
    who = Actor("staff", StaffId.parse(f"stf_{'0' * 25}{number}"))
    return ReviewDesk(who, frozenset(authorities) if authorities is not None else None, **more)


def reviews(authority: str | None = AUTHORITY) -> FaceReviews:
    async def authority_of(_tx: Connection, _driver_id: DriverId) -> str | None:
        return authority

    async def portrait_of(_tx: Connection, _driver_id: DriverId) -> bytes | None:
        return b"archived"

    return FaceReviews(Seal(KeyIndex(b"k" * 32), "face captures"), authority_of, portrait_of)


class Queue:
    """The queue, one act a transaction."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def act(self, act: Any, *args: Any, **more: Any) -> Any:
        async with self.world.database.transaction() as tx:
            return await act(tx, *args, **more)

    async def opened(
        self,
        who: Any = ONE,
        *,
        agreed: bool = True,
        frames: Sequence[FaceFrame] | None = None,
        authority: str | None = AUTHORITY,
        person: Any = None,
    ) -> FaceCheck:
        """A check that ends in review."""
        world = self.world
        world.engine = ManualFace()
        person_id = person or await world.person(who)
        if agreed:
            text = accounts.agreement_texts()[AgreementKind.FACE_REVIEW]
            await self.act(store_agreements.add, person_id, text, True, world.clock.now())
        check = await world.begin(person_id)
        return await accounts.finish_face_check(
            world.database, person_id, check.face_check_id, check.nonce, frames or played_frames(len(check.steps)),
            world.engine, world.policy, world.clock.now(), reviews(authority),
        )  # fmt: skip

    async def waiting(self, at: ReviewDesk | None = None, **more: Any) -> list[FaceReview]:
        found: list[FaceReview] = await self.act(reviewing.page, accounts.FACE_QUEUE, at or desk(), **more)
        return found

    async def take(self, at: ReviewDesk, check: FaceCheck | None = None) -> FaceReview | None:
        named = check.face_check_id if check else None
        taken: FaceReview | None = await self.act(
            reviewing.take, accounts.FACE_QUEUE, at, self.world.clock.now(), named
        )
        return taken

    async def look(self, at: ReviewDesk, check: FaceCheck) -> accounts.FacePictures:
        seen: accounts.FacePictures = await self.act(
            accounts.face_review_pictures, at, check.face_check_id, reviews(), self.world.clock.now()
        )
        return seen

    async def decide(self, at: ReviewDesk, check: FaceCheck, *reasons: FaceReason) -> FaceReview:
        decided: FaceReview = await self.act(
            accounts.decide_face_review,
            at,
            check.face_check_id,
            reasons,
            self.world.policy,
            self.world.clock.now(),
        )
        return decided

    async def stands(self, check: FaceCheck) -> FaceCheck:
        found: FaceCheck = await self.act(accounts.face_check, check.person_id, check.face_check_id)
        return found

    async def topics(self) -> list[str]:
        return [row["topic"] for row in await self.world.rows("SELECT topic FROM outbox ORDER BY id")]


@pytest.fixture
def queue(world: World) -> Queue:
    return Queue(world)


# --- into the queue -----------------------------------------------------------------------------------


@pytest.mark.parametrize("looked", [True, False])
@pytest.mark.parametrize("agreed", [True, False])
@pytest.mark.parametrize("authority", ["苏J", None])
def test_all_of_it_or_a_counter(looked: bool, agreed: bool, authority: str | None) -> None:
    assert may_be_reviewed(looked, agreed, authority) is (looked and agreed and authority is not None)


async def test_a_check_left_open_waits_with_a_promise_and_its_person_is_told(queue: Queue) -> None:
    check = await queue.opened()
    assert check.state is State.IN_REVIEW
    [review] = await queue.waiting()
    assert (review.face_check_id, review.purpose, review.found) == (
        check.face_check_id, Purpose.APPLY, ("a_person_decides",),
    )  # fmt: skip
    assert review.due_day.isoformat() == "2026-11-23", "submitted on a Friday: the end of Monday"
    [event] = await queue.world.rows("SELECT topic, subject, body FROM outbox")
    assert (event["topic"], event["subject"]) == ("face-review.opened", check.person_id.uuid)
    assert event["body"] == {
        "face_check_id": str(check.face_check_id), "due_day": "2026-11-23", "provisional": False,
    }  # fmt: skip


async def test_pictures_are_kept_sealed_and_without_what_is_told_beside_them(queue: Queue) -> None:
    frames = played_frames(1)
    check = await queue.opened(frames=frames)
    kept = await queue.world.rows("SELECT sealed, kept_until FROM face_capture ORDER BY number")
    assert len(kept) == len(frames)
    assert all(bytes(row["sealed"]).find(b"\xff\xd8") < 0 for row in kept), "no JPEG begins there"
    assert kept[0]["kept_until"] == queue.world.clock.now() + timedelta(days=14)
    await queue.take(desk())
    seen = await queue.look(desk(), check)
    assert seen.archived == b"archived"
    assert [step for step, _ in seen.frames] == [frame.step for frame in frames]
    for (_, octets), frame in zip(seen.frames, frames, strict=True):
        assert b"simulated" in frame.jpeg and b"simulated" not in octets
        assert jpeg.picture_hash(octets) == jpeg.picture_hash(frame.jpeg)


async def test_pictures_open_under_no_other_key_and_for_no_other_check(queue: Queue) -> None:
    check = await queue.opened()
    [row, *_] = await queue.world.rows("SELECT sealed FROM face_capture ORDER BY number")
    sealed = bytes(row["sealed"])
    assert reviews().seal.open(sealed, check.face_check_id).startswith(b"\xff\xd8")
    with pytest.raises(Unavailable):
        reviews().seal.open(sealed, FaceCheckId.new())
    with pytest.raises(Unavailable):
        Seal(KeyIndex(b"x" * 32), "face captures").open(sealed, check.face_check_id)


async def test_who_did_not_agree_to_it_waits_for_a_counter_alone_and_nothing_is_kept(queue: Queue) -> None:
    check = await queue.opened(agreed=False)
    assert check.state is State.IN_REVIEW
    assert await queue.waiting() == []
    assert (await queue.world.count("face_capture"), await queue.topics()) == (0, [])


async def test_whose_authority_nobody_knows_waits_for_a_counter(queue: Queue) -> None:
    assert (await queue.opened(authority=None)).state is State.IN_REVIEW
    assert await queue.world.count("face_review") == 0


async def test_what_no_engine_looked_at_is_worth_no_look_and_is_not_kept(queue: Queue) -> None:
    world = queue.world
    person_id = await world.person(ONE)
    states = [
        (await queue.opened(person=person_id, frames=played_frames(1)[::-1], agreed=n == 0)).state
        for n in range(3)
    ]
    assert states == [State.FAILED, State.FAILED, State.IN_REVIEW], (
        "the third failure goes to a person, at a counter"
    )
    assert (await world.count("face_review"), await world.count("face_capture")) == (0, 0)


async def test_what_an_engine_passed_or_failed_is_kept_nowhere(queue: Queue) -> None:
    world = queue.world
    check = await queue.opened()
    person_id = check.person_id
    before = await world.count("face_capture")
    for behaviour, state in (
        (Behaviour.PASS, State.PASSED),
        (Behaviour.FAIL, State.FAILED),
        (Behaviour.RETAKE, State.RETAKE),
    ):
        world.engine = SimulatedFace("test", behaviour)
        begun = await world.begin(person_id)
        judged = await accounts.finish_face_check(
            world.database, person_id, begun.face_check_id, begun.nonce, played_frames(len(begun.steps)), world.engine,
            world.policy, world.clock.now(), reviews(),
        )  # fmt: skip
        assert judged.state is state
    assert await world.count("face_capture") == before


# --- deciding -----------------------------------------------------------------------------------------


async def test_approved_the_check_has_passed_once_and_the_pictures_are_gone(queue: Queue) -> None:
    check = await queue.opened()
    await queue.take(desk())
    decided = await queue.decide(desk(), check)
    assert (decided.outcome, decided.reasons) == ("approved", ())
    passed = await queue.stands(check)
    assert passed.state is State.PASSED and passed.usable_until is not None
    async with queue.world.database.transaction() as tx:
        assert (await accounts.assurance(tx, check.person_id)).level is Level.FACE_VERIFIED, (
            "nobody saw a document"
        )
        await accounts.consume_face_check(
            tx,
            check.person_id,
            check.face_check_id,
            Purpose.APPLY,
            ApplicationId.new(),
            queue.world.clock.now(),
        )
    assert await queue.world.count("face_capture") == 0
    assert await queue.topics() == ["face-review.opened", "face-check.approved"]
    [entry] = await queue.world.rows(
        "SELECT actor_kind, detail FROM audit_entry WHERE act = 'face-check.decided'"
    )
    assert (entry["actor_kind"], entry["detail"]["decision"]) == ("staff", "approve")


async def test_refused_the_check_has_failed_with_its_reasons(queue: Queue) -> None:
    check = await queue.opened()
    await queue.take(desk())
    with pytest.raises(Invalid):
        await queue.decide(desk(), check, *[*FaceReason, FaceReason.NOT_LIVE][:5], *["x"])  # type: ignore[list-item]
    decided = await queue.decide(desk(), check, FaceReason.NOT_LIVE, FaceReason.NOT_LIVE)
    assert (decided.outcome, decided.reasons) == ("refused", (FaceReason.NOT_LIVE,))
    failed = await queue.stands(check)
    assert (failed.state, failed.reasons[-2:]) == (State.FAILED, ("not-live", "review_failed"))
    assert await queue.world.count("face_capture") == 0
    [event] = await queue.world.rows("SELECT body FROM outbox WHERE topic = 'face-check.refused'")
    assert event["body"]["reasons"] == ["not-live"]


# --- the end of it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "state"), [(AgreementKind.FACE_REVIEW, State.IN_REVIEW), (AgreementKind.FACE_DATA, State.VOID)]
)
async def test_who_takes_the_agreement_back_has_no_picture_kept_at_once(
    queue: Queue, kind: AgreementKind, state: State
) -> None:
    check = await queue.opened()
    await queue.take(desk())
    await queue.act(accounts.withdraw_agreement, check.person_id, kind, queue.world.clock.now())
    assert await queue.world.count("face_capture") == 0
    assert (await queue.stands(check)).state is state
    with pytest.raises(Conflict, match="withdrawn"):
        await queue.decide(desk(), check)
    if state is State.IN_REVIEW:
        decided = await queue.act(
            accounts.decide_face_check, check.person_id, check.face_check_id, ONE.identity, Decision.APPROVE,
            desk().actor, queue.world.policy, queue.world.clock.now(),
        )  # fmt: skip
        assert decided.state is State.PASSED, "the counter decides all the same"


async def test_who_agreed_to_it_takes_back_something_else_and_still_waits(queue: Queue) -> None:
    check = await queue.opened()
    text = accounts.agreement_texts()[AgreementKind.NOTICES]
    await queue.act(store_agreements.add, check.person_id, text, True, queue.world.clock.now())
    await queue.act(
        accounts.withdraw_agreement, check.person_id, AgreementKind.NOTICES, queue.world.clock.now()
    )
    assert len(await queue.waiting()) == 1


async def test_agreement_to_the_words_before_keeps_no_picture_under_those_of_today(queue: Queue) -> None:
    """Who agreed to version 1 is asked again; a check that waits on it already goes on."""
    now, kind = queue.world.clock.now(), AgreementKind.FACE_REVIEW
    waits = await queue.opened()
    before = next(text for text in every_text() if (text.kind, text.version) == (kind, 1))
    assert accounts.agreement_texts()[kind].version > 1
    await queue.act(store_agreements.add, waits.person_id, before, True, now)
    check = await queue.opened(person=waits.person_id, agreed=False)
    assert [each.face_check_id for each in await queue.waiting()] == [waits.face_check_id]
    assert (await queue.stands(check)).state is State.IN_REVIEW, "a counter decides it"


async def test_decided_at_a_counter_nobody_else_looks(queue: Queue) -> None:
    check = await queue.opened()
    await queue.act(
        accounts.decide_face_check, check.person_id, check.face_check_id, ONE.identity, Decision.APPROVE, desk(2).actor,
        queue.world.policy, queue.world.clock.now(),
    )  # fmt: skip
    assert (await queue.waiting(), await queue.world.count("face_capture")) == ([], 0)
    with pytest.raises(Conflict):
        await queue.take(desk(), check)


async def test_another_person_s_document_at_the_counter_ends_nothing(queue: Queue) -> None:
    check = await queue.opened()
    with pytest.raises(NotFound):
        await queue.act(
            accounts.decide_face_check, check.person_id, check.face_check_id, TWO.identity, Decision.APPROVE,
            desk(2).actor, queue.world.policy, queue.world.clock.now(),
        )  # fmt: skip
    assert len(await queue.waiting()) == 1


async def test_what_nobody_decided_in_its_time_is_deleted_and_waits_for_a_counter(queue: Queue) -> None:
    world = queue.world
    world.policy = replace(world.policy, face_captures_days=1)
    check = await queue.opened()
    over = world.clock.now() + timedelta(days=1)
    assert await accounts.let_go_of_captures(world.database, over - timedelta(seconds=1)) == 0
    assert await accounts.let_go_of_captures(world.database, over) == 1
    assert await accounts.let_go_of_captures(world.database, over) == 0
    assert (await world.count("face_capture"), await queue.waiting()) == (0, [])
    assert (await queue.stands(check)).state is State.IN_REVIEW
    assert (await queue.topics())[-1] == "face-review.ended"


async def test_the_day_it_is_promised_by_is_its_own_person_s_to_read_and_only_while_it_waits(
    queue: Queue,
) -> None:
    check, other = await queue.opened(ONE), await queue.opened(TWO)
    due = await queue.act(accounts.face_review_due, check.person_id, check.face_check_id)
    assert due.isoformat() == "2026-11-23"
    assert await queue.act(accounts.face_review_due, other.person_id, check.face_check_id) is None
    await queue.take(desk(), check)
    await queue.decide(desk(), check)
    assert await queue.act(accounts.face_review_due, check.person_id, check.face_check_id) is None


async def test_own_data_says_how_many_pictures_are_kept(queue: Queue) -> None:
    check = await queue.opened()
    told = await queue.act(accounts.export, check.person_id, queue.world.clock.now())
    assert told["face_pictures_kept"] == 8
    assert "sealed" not in str(told)
