"""The promise of one working day, and the reviewers: one photo in one hand, one decision, whatever happens at once."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import pytest

from liangzheng import audit, licences
from liangzheng.infra import blobs, checks
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from liangzheng.kernel.ids import ApplicationId, PersonId
from liangzheng.kernel.time import CHINA, FixedClock
from liangzheng.licences import (
    PhotoReason,
    ReviewDesk,
    review,
)
from liangzheng.licences.send_to_review import promised
from liangzheng.licences.store import findings
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

# --- the promise --------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("submitted", "due"),
    [
        ("2026-11-19 09:00", date(2026, 11, 20)),
        ("2026-11-20 23:59", date(2026, 11, 23)),
        ("2026-11-21 00:00", date(2026, 11, 23)),
        ("2026-09-30 12:00", date(2026, 10, 8)),
        ("2026-02-13 12:00", date(2026, 2, 14)),  # a Saturday worked for the Spring Festival
    ],
)
def test_a_review_is_promised_for_the_next_working_day(submitted: str, due: date) -> None:
    promise = promised(at(submitted))
    assert (promise.due_day, promise.provisional) == (due, False)
    assert promise.due_at == at(f"{due} 00:00") + timedelta(days=1)


def test_past_the_announced_years_the_promise_is_provisional() -> None:
    promise = promised(at("2051-01-02 12:00"))
    assert promise.provisional and promise.due_day == date(2051, 1, 3)


async def test_what_is_late_is_escalated_once_and_stays_in_the_queue(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    applied = await apply_with_own(holder)
    due = promised(place.now).due_at
    database = place.world.database
    assert await licences.escalate_reviews(database, due - timedelta(seconds=1)) == 0
    counts = await asyncio.gather(*(licences.escalate_reviews(database, due) for _ in range(3)))
    assert sum(counts) == 1
    assert (await topics(place)).count("review.escalated") == 1
    [entry] = [row for row in await place.world.rows("audit_entry") if row["act"] == "review.escalated"]
    assert (entry["actor_kind"], entry["scope"]) == ("worker", holder.driver_id.uuid)
    assert entry["detail"]["due_day"] == promised(place.now).due_day.isoformat()
    async with database.read() as tx:
        figures = await licences.review_figures(tx, due)
    assert (figures.waiting, figures.late, figures.escalated) == (1, 1, 1)
    assert figures.oldest_s == int((due - place.now).total_seconds())
    assert await take(place, officer()) == applied["application_id"]
    await place.drain()


async def test_fsck_names_a_late_review_nobody_heard_of(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    await apply_with_own(holder)
    due_day = promised(place.now).due_day
    async with place.world.database.read() as tx:
        assert await findings.late_unheard(tx, due_day, 20) == []
        assert len(await findings.late_unheard(tx, due_day + timedelta(days=1), 20)) == 1
    await licences.escalate_reviews(place.world.database, promised(place.now).due_at)
    async with place.world.database.read() as tx:
        assert await findings.late_unheard(tx, due_day + timedelta(days=1), 20) == []


# --- the reviewers ------------------------------------------------------------------------------------


async def test_two_reviewers_never_have_the_same_photo_in_hand(place: Deployment) -> None:
    await place.open_city()
    cases = await waiting(place, 3)
    desks = [officer() for _ in range(4)]
    taken = await asyncio.gather(*(take(place, desk) for desk in desks))
    assert sorted(filter(None, taken)) == sorted(application for _, application in cases)
    assert taken.count(None) == 1
    mine = desks[taken.index(cases[0][1])]
    assert await take(place, mine) == cases[0][1], "the one in hand comes again"
    with pytest.raises(Conflict, match="another reviewer"):
        await take(place, officer(), cases[0][1])
    with pytest.raises(Conflict, match="another reviewer"):
        await approve(place, officer(), cases[0][1])


async def test_of_two_deciding_at_once_one_hears_conflict(place: Deployment) -> None:
    await place.open_city()
    [(holder, application)] = await waiting(place, 1)
    operator = ReviewDesk(audit.Actor("operator"))  # two terminals of one operator
    await take(place, operator, application)
    answers = await asyncio.gather(
        approve(place, operator, application),
        refuse(place, operator, application),
        approve(place, operator, application),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Conflict", "NoneType"]
    [review] = await place.world.rows("photo_review")
    [state] = await place.world.states("application", holder.driver_id)
    assert (review["outcome"], state) in (("approved", "accepted"), ("refused", "refused"))
    assert len(await topics(place)) == 2, "under review, and one outcome"
    await clean(place)


async def test_of_two_officers_deciding_at_once_the_one_with_it_in_hand_decides(place: Deployment) -> None:
    """The first one's time was over, the second took it, and both press their button in the same moment."""
    await place.open_city()
    [(holder, application)] = await waiting(place, 1)
    first, second = officer(), officer()
    await take(place, first)
    place.clock.advance(15 * 60)
    await take(place, second)
    answers = await asyncio.gather(
        approve(place, first, application), refuse(place, second, application), return_exceptions=True
    )
    assert [type(answer).__name__ for answer in answers] == ["Conflict", "NoneType"]
    [review] = await place.world.rows("photo_review")
    assert (review["outcome"], review["decided_by"]) == ("refused", second.reviewer.id)
    assert await place.world.states("application", holder.driver_id) == ["refused"]
    await clean(place)


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


async def test_a_hand_opens_again_when_its_time_is_over_or_it_is_put_back(place: Deployment) -> None:
    await place.open_city()
    [(_, application)] = await waiting(place, 1)
    first, second = officer(), officer()
    await take(place, first)
    place.clock.advance(15 * 60)
    with pytest.raises(Conflict, match="take"):
        await approve(place, first, application)
    assert await take(place, second) == application
    with pytest.raises(Conflict, match="another"):
        await approve(place, first, application)
    async with place.world.database.transaction() as tx:
        await licences.put_back(tx, second, ApplicationId.parse(application), place.now)
    assert await take(place, first) == application


async def test_a_region_sees_its_own_photos_only(place: Deployment) -> None:
    await place.open_city("320500", "320100")
    [(_, here)] = await waiting(place, 1)
    [(_, there)] = await waiting(place, 1, issuing_authority="苏A")
    nanjing = officer("苏A")
    async with place.world.database.read() as tx:
        queue = await licences.review_queue(tx, nanjing)
    assert [str(review.application_id) for review in queue] == [there]
    assert await take(place, nanjing) == there
    assert await take(place, nanjing) == there
    with pytest.raises(NotFound):
        await take(place, nanjing, here)
    with pytest.raises(NotFound):
        await approve(place, nanjing, here)
    async with place.world.database.transaction() as tx:
        with pytest.raises(NotFound):
            await licences.review_pictures(tx, nanjing, ApplicationId.parse(here), place.now)


async def test_the_queue_is_by_deadline_and_comes_in_pages(place: Deployment) -> None:
    await place.open_city()
    later = await waiting(place, 2)
    async with place.world.database.transaction() as tx:
        await tx.execute("UPDATE photo_review SET due_at = due_at + interval '3 days'")
    sooner = await waiting(place, 1)
    async with place.world.database.read() as tx:
        first = await licences.review_queue(tx, officer(), limit=2)
        rest = await licences.review_queue(tx, officer(), first[-1].application_id, 2)
    listed = [str(review.application_id) for review in (*first, *rest)]
    assert listed == [sooner[0][1], *(application for _, application in later)]


async def test_pictures_are_seen_by_whoever_has_them_in_hand_and_the_look_is_recorded(
    place: Deployment,
) -> None:
    await place.open_city()
    [(_holder, application)] = await waiting(place, 1)
    desk, asked = officer(), ApplicationId.parse(application)
    async with place.world.database.transaction() as tx:
        with pytest.raises(Conflict, match="take"):
            await licences.review_pictures(tx, desk, asked, place.now)
    await take(place, desk)
    async with place.world.database.transaction() as tx:
        seen = await licences.review_pictures(tx, desk, asked, place.now)
    assert seen.new.startswith(b"\xff\xd8") and "xff" not in repr(seen)
    entries = [row for row in await place.world.rows("audit_entry") if row["act"] == "photo.viewed"]
    assert [(row["actor_kind"], row["subject"]) for row in entries] == [("staff", asked.uuid)]


async def test_only_staff_and_operators_review_and_a_refusal_has_reasons(place: Deployment) -> None:
    await place.open_city()
    [(_, application)] = await waiting(place, 1)
    with pytest.raises(Forbidden):
        await take(place, ReviewDesk(audit.Actor("person", PersonId.new())), application)
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
