"""Checks an engine left open go to the reviewers, with the promise of one working day and their pictures sealed; and the end
of both: with the decision, with the agreement, or with their time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from liangzheng import reviewing
from liangzheng.accounts import rules, store_face_reviews
from liangzheng.accounts.agreements import agrees
from liangzheng.accounts.model import AccountPolicy, AgreementKind, FaceCheck
from liangzheng.accounts.ports import FaceReviews
from liangzheng.accounts.store_face_reviews import FACE_QUEUE
from liangzheng.infra import jpeg, outbox
from liangzheng.infra.face import FaceFrame
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.ids import DriverId, FaceCheckId, PersonId
from liangzheng.kernel.reviews import Reviewer

SYSTEM: Final = Reviewer("system", None)
_AT_ONCE: Final = 500


async def send_to_review(
    tx: Connection,
    check: FaceCheck,
    driver_id: DriverId | None,
    looked_at: Sequence[FaceFrame],
    reviews: FaceReviews,
    policy: AccountPolicy,
    now: datetime,
) -> None:
    """The check waits for a reviewer of the driver's authority, where its person agreed to that; else for a counter alone.
    `looked_at`: the frames an engine has seen, none where it has seen none."""
    agreed = await agrees(tx, check.person_id, AgreementKind.FACE_REVIEW)
    authority = await reviews.authority_of(tx, driver_id) if driver_id is not None else None
    if not rules.may_be_reviewed(bool(looked_at), agreed, authority):
        return
    assert driver_id is not None and authority is not None
    promise = reviewing.promised(now)
    await store_face_reviews.add(tx, check.person_id, check.face_check_id, driver_id, authority, promise, now)
    sealed = [
        (frame.step, reviews.seal.close(jpeg.bare(frame.jpeg), check.face_check_id)) for frame in looked_at
    ]
    until = now + timedelta(days=policy.face_captures_days)
    await store_face_reviews.add_captures(tx, check.person_id, check.face_check_id, sealed, until)
    body = {
        "face_check_id": str(check.face_check_id),
        "due_day": promise.day.isoformat(),
        "provisional": promise.provisional,
    }
    await outbox.put(tx, "face-review.opened", check.person_id, body, now)


async def end_review(
    tx: Connection, person_id: PersonId, face_check_id: FaceCheckId, by: Reviewer, now: datetime
) -> bool:
    """No reviewer decides it any more, and its pictures are gone; whether one could have."""
    await store_face_reviews.drop_captures(tx, person_id, face_check_id)
    return await reviewing.close(tx, FACE_QUEUE, (person_id, face_check_id), "withdrawn", (), by, now)


async def end_reviews(tx: Connection, person_id: PersonId, now: datetime) -> None:
    """None of the person's checks is reviewed any more, and no picture of their face is kept."""
    for face_check_id in await store_face_reviews.open_of(tx, person_id):
        await end_review(tx, person_id, face_check_id, Reviewer("person", person_id.uuid), now)


async def let_go_of_captures(database: Database, now: datetime) -> int:
    """Pictures nobody decided on in their time are gone, and told in `face-review.ended`: the check waits for a counter;
    how many checks."""
    done = 0
    while True:
        async with database.transaction() as tx:
            over = await store_face_reviews.over(tx, now, _AT_ONCE)
            for person_id, face_check_id in over:
                await end_review(tx, person_id, face_check_id, SYSTEM, now)
            told = [(person_id, {"face_check_id": str(check)}) for person_id, check in over]
            await outbox.put_many(tx, "face-review.ended", told, now)
        done += len(over)
        if len(over) < _AT_ONCE:
            return done
