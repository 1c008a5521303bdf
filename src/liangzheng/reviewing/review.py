"""A reviewer's acts on any queue: see it, take one in hand, put it back; and what a look or a decision demands first.

Two reviewers never work on the same review, and nobody reviews what is about themselves. The decision itself is an act of
the context that owns the queue: it holds its own rows first, then the review (`hold_in_hand`), and closes it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from liangzheng import audit
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Forbidden, NotFound
from liangzheng.kernel.ids import Id
from liangzheng.kernel.reviews import Hand, Review, hand_of, may_decide_review
from liangzheng.reviewing import store
from liangzheng.reviewing.desk import ReviewDesk
from liangzheng.reviewing.queue import Queue, R

MOST_REASONS: Final = 5
"""Of a refusal."""
_PAGE: Final = 100


class OwnReview(Forbidden):
    """The review is about the reviewer: somebody else looks and decides. Its rule is the queue's."""


async def page(
    tx: Connection,
    queue: Queue[R],
    desk: ReviewDesk,
    after: Id | None = None,
    limit: int = _PAGE,
    *,
    late: bool = False,
) -> list[R]:
    """Open reviews of the desk's authorities, the one due first in front; after `after`, at most 100. `late`: only those
    past their promise."""
    _ = desk.reviewer
    place = ((await _find(tx, queue, desk, after)).due_at, after) if after is not None else None
    return await store.waiting(tx, queue, desk.authorities, place, min(limit, _PAGE), late)


async def read_page(
    tx: Connection,
    queue: Queue[R],
    desk: ReviewDesk,
    after: Id | None,
    limit: int,
    now: datetime,
    *,
    late: bool = False,
) -> list[R]:
    """A page of open reviews, and on record that it was read; of the late ones too, so that an escalation nobody looked at can
    be told from one that was."""
    found = await page(tx, queue, desk, after, limit, late=late)
    ids = [str(review.key[1]) for review in found]
    detail: audit.Detail = {
        "late": late,
        "count": len(ids),
        "first": ids[0] if ids else None,
        "last": ids[-1] if ids else None,
    }
    await audit.record(
        tx, act=f"{queue.name}s.listed", actor=desk.actor, subject=desk.actor.id, purpose=queue.purpose, detail=detail,
        now=now,
    )  # fmt: skip
    return found


async def review_at(tx: Connection, queue: Queue[R], desk: ReviewDesk, named: Id) -> R:
    """One review of the desk's authorities, as it stands. Raises NotFound."""
    _ = desk.reviewer
    return await _find(tx, queue, desk, named)


async def take(
    tx: Connection, queue: Queue[R], desk: ReviewDesk, now: datetime, named: Id | None = None
) -> R | None:
    """A review is in this reviewer's hand for the lease: the one named, or the one they have, or the one due first;
    None when none is free.

    Raises NotFound for one that is not theirs to see, OwnReview, Conflict for one that is decided or in another's hand.
    """
    reviewer = desk.reviewer
    if named is None:
        free = await store.next_free(tx, queue, reviewer, desk.authorities, now)
        if free is not None and await desk.is_own(tx, free.driver_id):
            free = await store.next_free(tx, queue, reviewer, desk.authorities, now, free.driver_id)
        if free is None:
            return None
        named = free.key[1]
    found = await find_anothers(tx, queue, desk, named)
    review = await _hold(tx, queue, found)
    hand = hand_of(review.taken_by, review.taken_until, reviewer, now)
    _refuse(may_decide_review(review.outcome, Hand.OWN if hand is Hand.NOBODYS else hand))
    until = now + desk.lease
    await store.set_taken(tx, queue, review, reviewer, until)
    await _record(tx, queue, desk, review, "taken", now)
    return replace(review, taken_by=reviewer, taken_until=until)


async def put_back(tx: Connection, queue: Queue[R], desk: ReviewDesk, named: Id, now: datetime) -> None:
    """The review is in nobody's hand again. Raises NotFound, Conflict unless it was in this reviewer's.

    Also their own, should they have had it in hand before it was known to be.
    """
    review = await hold_in_hand(tx, queue, desk, await _find(tx, queue, desk, named), now)
    await store.set_taken(tx, queue, review, None, None)
    await _record(tx, queue, desk, review, "put-back", now)


async def find_anothers(tx: Connection, queue: Queue[R], desk: ReviewDesk, named: Id) -> R:
    """A review of the desk's authorities. Raises NotFound, OwnReview."""
    review = await _find(tx, queue, desk, named)
    if await desk.is_own(tx, review.driver_id):
        sentence, rule = queue.own
        raise OwnReview(sentence, place="review", rule=rule)
    return review


async def hold_in_hand(tx: Connection, queue: Queue[R], desk: ReviewDesk, found: R, now: datetime) -> R:
    """The review as it stands now, held until the transaction ends, open and in this reviewer's hand. Raises Conflict."""
    review = await _hold(tx, queue, found)
    demand_in_hand(review, desk, now)
    return review


def demand_in_hand(review: Review, desk: ReviewDesk, now: datetime) -> None:
    """Raises Conflict unless the review is open and in this reviewer's hand."""
    _refuse(
        may_decide_review(review.outcome, hand_of(review.taken_by, review.taken_until, desk.reviewer, now))
    )


async def _record(
    tx: Connection, queue: Queue[R], desk: ReviewDesk, review: R, done: str, now: datetime
) -> None:
    await audit.record(
        tx, act=f"{queue.name}.{done}", actor=desk.actor, subject=review.key[1], driver_id=review.driver_id,
        purpose=queue.purpose, now=now,
    )  # fmt: skip


def _refuse(why_not: str | None) -> None:
    if why_not is not None:
        raise Conflict(why_not, place="review")


async def _hold(tx: Connection, queue: Queue[R], found: R) -> R:
    review = await store.at(tx, queue, found.key, hold=True)
    assert review is not None, "found a moment ago, and reviews are not deleted"
    return review


async def _find(tx: Connection, queue: Queue[R], desk: ReviewDesk, named: Id) -> R:
    review = await store.find(tx, queue, named)
    elsewhere = review and desk.authorities is not None and review.authority not in desk.authorities
    if review is None or elsewhere:
        raise NotFound("there is no such review")
    return review
