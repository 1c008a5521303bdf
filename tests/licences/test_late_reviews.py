"""What is late is seen by who answers for the region, page by page, on record; and by nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest

from liangzheng import accounts, licences
from liangzheng.infra.face_simulated import Behaviour, played_frames
from liangzheng.reviewing import escalate
from liangzheng.staff import Duty
from tests.api.cast import on_duty
from tests.api.phone import done, refused, submission
from tests.licences.holders import Deployment, Holder
from tests.licences.photos import apply_with_own


async def ask(place: Deployment, duties: Sequence[Duty], region: str, **query: Any) -> httpx.Response:
    superior = await on_duty(place, region, duties)
    return await place.phone.client.get("/staff/late-reviews", headers=superior.headers, params=query)


async def left_open(holder: Holder) -> str:
    """A face check the engine left open."""
    phone = holder.phone
    await phone.agree("face-review")
    begun = done(await phone.post("/holder/face-checks", {"purpose": "apply"}), 201)
    frames = played_frames(len(begun["steps"]), say=Behaviour.REVIEW)
    path = f"/holder/face-checks/{begun['face_check_id']}/frames"
    assert done(await phone.post(path, submission(begun, frames)), 200)["state"] == "in_review"
    return str(begun["face_check_id"])


async def test_both_queues_tell_what_is_late_page_by_page_and_before_that_nothing(place: Deployment) -> None:
    await place.open_city()
    photos, faces = [], []
    for _ in range(2):
        holder = await place.holder()
        photos.append((await apply_with_own(holder))["application_id"])
        faces.append(await left_open(holder))
        place.clock.advance(60)
    early = done(await ask(place, [Duty.AUDIT], "3205", queue="photo-reviews"), 200)
    assert early == {"reviews": [], "next": None}
    place.clock.advance(timedelta(days=12).total_seconds())
    assert await escalate(place.world.database, licences.PHOTO_QUEUE, place.now) == 2
    assert await escalate(place.world.database, accounts.FACE_QUEUE, place.now) == 2
    for queue, late in (("photo-reviews", photos), ("face-reviews", faces)):
        seen: list[str] = []
        after: dict[str, str] = {}
        for _ in late:
            page = done(await ask(place, [Duty.SYSTEM], "32", queue=queue, limit=1, **after), 200)
            (review,) = page["reviews"]
            assert set(review) == {"review", "authority", "submitted_at", "due_day", "in_hand_until"}
            assert (review["authority"], review["in_hand_until"]) == ("苏E", None)
            seen.append(review["review"])
            after = {"after": page["next"]}
        assert seen == late
        assert (
            done(await ask(place, [Duty.SYSTEM], "32", queue=queue, limit=1, **after), 200)["reviews"] == []
        )
        elsewhere = done(await ask(place, [Duty.AUDIT], "3301", queue=queue), 200)
        assert elsewhere["reviews"] == []
    acts = [row["act"] for row in await place.world.rows("audit_entry")]
    assert (acts.count("photo-reviews.listed"), acts.count("face-reviews.listed")) == (5, 4)


@pytest.mark.parametrize(
    ("duties", "query", "status", "code"),
    [
        ([Duty.PATROL, Duty.PENALTY], {"queue": "photo-reviews"}, 403, "forbidden"),
        ([Duty.AUDIT], {}, 422, "invalid"),
        ([Duty.AUDIT], {"queue": "companies"}, 422, "invalid"),
        ([Duty.AUDIT], {"queue": "face-reviews", "after": "app_1"}, 422, "invalid"),
    ],
)
async def test_without_the_duty_or_a_queue_there_is_no_list(
    place: Deployment, duties: list[Duty], query: dict[str, str], status: int, code: str
) -> None:
    refused(await ask(place, duties, "3205", **query), status, code)
