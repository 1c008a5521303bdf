"""Reviewers of the tests, and what they do; what holders see of it."""

from __future__ import annotations

from uuid import uuid4

from liangzheng import audit, licences, reviewing
from liangzheng.infra import checks
from liangzheng.kernel.ids import ApplicationId, VerifierId
from liangzheng.licences import PhotoReason
from liangzheng.licences.store import findings
from liangzheng.reviewing import ReviewDesk
from tests.api.phone import done
from tests.licences.holders import Deployment, Holder
from tests.licences.photos import apply_with_own


def officer(*authorities: str) -> ReviewDesk:
    """A reviewer of their own; any id stands for one until there are members of staff."""
    return ReviewDesk(audit.Actor("staff", VerifierId(uuid4())), frozenset(authorities) or None)


async def take(place: Deployment, desk: ReviewDesk, application: str | None = None) -> str | None:
    """The application in hand."""
    named = ApplicationId.parse(application) if application else None
    async with place.world.database.transaction() as tx:
        found = await reviewing.take(tx, licences.PHOTO_QUEUE, desk, place.now, named)
    return str(found.application_id) if found else None


async def approve(place: Deployment, desk: ReviewDesk, application: str) -> None:
    async with place.world.database.transaction(licences.REVIEW_CONSTRAINTS) as tx:
        await licences.approve_photo(tx, desk, ApplicationId.parse(application), place.now)


async def refuse(place: Deployment, desk: ReviewDesk, application: str, *reasons: PhotoReason) -> None:
    async with place.world.database.transaction(licences.REVIEW_CONSTRAINTS) as tx:
        named = reasons or (PhotoReason.BACKGROUND,)
        await licences.refuse_photo(tx, desk, ApplicationId.parse(application), named, place.now)


async def reviewed(place: Deployment, application: str) -> None:
    """Taken and approved by somebody."""
    desk = officer()
    assert await take(place, desk, application) == application
    await approve(place, desk, application)


async def clean(place: Deployment) -> None:
    async with place.world.database.read() as tx:
        assert await checks.find(tx, findings.CHECKS) == []


async def progress(holder: Holder, application: str) -> list[str]:
    shown = done(await holder.phone.get(f"/holder/applications/{application}"), 200)
    return [step["event"] for step in shown["progress"]]


async def topics(place: Deployment) -> list[str]:
    rows = await place.world.rows("outbox")
    return [
        str(row["topic"])
        for row in rows
        if str(row["topic"]).split(".")[0] in ("application", "review", "photo", "licence")
    ]


async def waiting(place: Deployment, count: int, **columns: object) -> list[tuple[Holder, str]]:
    """Holders whose photos wait, in order."""
    found = []
    for _ in range(count):
        holder = await place.holder(**columns)
        applied = await apply_with_own(holder)
        assert applied["state"] == "under_review", applied
        found.append((holder, applied["application_id"]))
    return found
