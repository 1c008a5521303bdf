"""Reviews of photos: what a decision, a withdrawal and a lost process leave behind. (reviewing/test_queue.py: the queue.)"""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from liangzheng import licences, reviewing
from liangzheng.infra import blobs, checks
from liangzheng.infra.checks import Finding
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Invalid
from liangzheng.kernel.ids import ApplicationId
from liangzheng.kernel.time import FixedClock
from liangzheng.licences import PhotoReason, review
from liangzheng.licences.store import findings
from liangzheng.reviewing import promised
from tests.api.phone import done
from tests.licences.holders import Deployment
from tests.licences.photos import apply_with_own
from tests.licences.reviewers import (
    approve,
    clean,
    officer,
    progress,
    refuse,
    reviewed,
    take,
    topics,
    waiting,
)


async def unheard(tx: Connection, on: date) -> list[Finding]:
    return await reviewing.late_unheard("licences", "late", licences.PHOTO_QUEUE, on).look(tx)


async def test_fsck_names_a_late_review_nobody_heard_of(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    await apply_with_own(holder)
    promise = promised(place.now)
    due_day = promise.day
    async with place.world.database.read() as tx:
        assert await unheard(tx, due_day + timedelta(days=1)) == []
        [late] = await unheard(tx, due_day + timedelta(days=2))
    assert late.found == f"promised by {due_day}"
    await reviewing.escalate(place.world.database, licences.PHOTO_QUEUE, promise.ends_at)
    async with place.world.database.read() as tx:
        assert await unheard(tx, due_day + timedelta(days=2)) == []


async def test_a_decision_after_the_withdrawal_hears_so(place: Deployment) -> None:
    await place.open_city()
    [(holder, application)] = await waiting(place, 1)
    desk = officer()
    await take(place, desk)
    shown = done(await holder.phone.delete(f"/holder/applications/{application}"), 200)
    assert shown["state"] == "withdrawn"
    for decide in (approve, refuse):
        with pytest.raises(Conflict, match="withdrawn"):
            await decide(place, desk, application)
    assert await take(place, officer()) is None
    with pytest.raises(Conflict, match="withdrawn"):
        await take(place, officer(), application)
    assert await progress(holder, application) == ["photo_is_new", "withdrew"]
    await clean(place)


async def test_withdrawal_and_decision_at_once_leave_one_outcome(place: Deployment) -> None:
    await place.open_city()
    for holder, application in await waiting(place, 4):
        desk = officer()
        await take(place, desk, application)
        withdrawal, decision = await asyncio.gather(
            holder.phone.delete(f"/holder/applications/{application}"),
            approve(place, desk, application),
            return_exceptions=True,
        )
        [state] = await place.world.states("application", holder.driver_id)
        if decision is None:  # type: ignore[comparison-overlap]
            # The approval came first; an accepted application may still be taken back.
            assert state in ("accepted", "withdrawn")
        else:
            assert isinstance(decision, Conflict) and state == "withdrawn", (withdrawal, decision)
    await clean(place)


async def test_a_refusal_has_reasons(place: Deployment) -> None:
    await place.open_city()
    [(_, application)] = await waiting(place, 1)
    desk = officer()
    await take(place, desk)
    async with place.world.database.transaction() as tx:
        with pytest.raises(Invalid):
            await licences.refuse_photo(tx, desk, ApplicationId.parse(application), (), place.now)
        with pytest.raises(Invalid):
            await licences.refuse_photo(
                tx, desk, ApplicationId.parse(application), list(PhotoReason)[:6], place.now
            )
    assert await place.world.states("application") == ["under_review"]


class PowerCut(BaseException):
    """The process is gone before its transaction is kept."""


@pytest.mark.parametrize("decide", [approve, refuse])
async def test_a_decision_lost_before_it_was_kept_never_happened(
    place: Deployment, decide: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut at the last statement of the act: everything before it is undone with it."""

    await place.open_city()
    [(_holder, application)] = await waiting(place, 1)
    desk = officer()
    await take(place, desk)

    async def cut(*_: object, **__: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(review, "_record", cut)
        with pytest.raises(PowerCut):
            await decide(place, desk, application)  # type: ignore[operator]
    assert await place.world.states("application") == ["under_review"]
    assert await topics(place) == ["application.under-review"]
    assert await place.world.count("SELECT count(*) FROM issue_queue") == 0
    await clean(place)
    await decide(place, desk, application)  # type: ignore[operator]
    with pytest.raises(Conflict, match="decided"):  # its answer was lost: asked again
        await decide(place, desk, application)  # type: ignore[operator]
    assert len(await topics(place)) == 2
    await clean(place)


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ("UPDATE photo_review SET outcome = NULL, decided_at = NULL, decided_by_kind = NULL",
         "every application with an own photo that was accepted has its approved review"),
        ("DELETE FROM blob WHERE hash = (SELECT portrait_hash FROM photo)",
         "every approved photo is kept under its hash"),
        ("UPDATE photo SET portrait_hash = sha256('x')", "a version with an own photo has that photo"),
        ("UPDATE application SET state = 'under_review'",
         "every application under review has an open review with its picture, and every open review its application"),
    ],
)  # fmt: skip
async def test_fsck_sees_what_does_not_agree(place: Deployment, damage: str, rule: str) -> None:
    holder = await place.holder()
    await place.open_city()
    applied = await apply_with_own(holder)
    await reviewed(place, applied["application_id"])
    await place.issue()
    await clean(place)
    async with place.world.database.transaction() as tx:
        await tx.execute(damage)
    async with place.world.database.read() as tx:
        assert rule in {finding.rule for finding in await checks.find(tx, findings.CHECKS)}


async def test_a_picture_refused_a_month_ago_is_let_go_and_its_decision_stays(place: Deployment) -> None:
    await place.open_city()
    [(_, application)] = await waiting(place, 1)
    desk = officer()
    await take(place, desk)
    await refuse(place, desk, application)
    database = place.world.database
    assert await licences.let_go_of_photos(database, place.now + timedelta(days=30)) == 0
    assert await licences.let_go_of_photos(database, place.now + timedelta(days=31)) == 1
    [review] = await place.world.rows("photo_review")
    assert review["outcome"] == "refused"
    await clean(place)


async def test_the_picture_of_an_open_review_is_never_let_go(place: Deployment) -> None:
    await place.open_city()
    await waiting(place, 1)
    assert await licences.let_go_of_photos(place.world.database, place.now + timedelta(days=90)) == 0


async def test_an_approved_photo_stays_a_blob(place: Deployment, clock: FixedClock) -> None:
    await place.open_city()
    [(_, application)] = await waiting(place, 1)
    await reviewed(place, application)
    [photo] = await place.world.rows("photo")
    await licences.let_go_of_photos(place.world.database, place.now + timedelta(days=90))
    async with place.world.database.read() as tx:
        assert await blobs.has(tx, bytes(photo["portrait_hash"]))  # type: ignore[call-overload]
