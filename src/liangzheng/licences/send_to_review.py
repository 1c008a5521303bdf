"""Applications whose photo is new go to the reviewers, with the promise of one working day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from liangzheng import reviewing
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import ApplicationId, DriverId, PhotoId
from liangzheng.kernel.reviews import Reviewer
from liangzheng.licences.lifecycle import ApplicationEvent, ApplicationState
from liangzheng.licences.model import Application
from liangzheng.licences.rules import Refusal
from liangzheng.licences.store import applications, reviews
from liangzheng.licences.store.applications import ApplicationMove
from liangzheng.licences.store.reviews import PHOTO_QUEUE

UNDER_REVIEW: Final = "application.under-review"


async def send_to_review(tx: Connection, new: Sequence[tuple[Application, str]], now: datetime) -> None:
    """The photos of these applications, kept in the same transaction, wait for a reviewer of their authority."""
    if not new:
        return
    rows: list[tuple[DriverId, ApplicationId, PhotoId, str]] = []
    for application, authority in new:
        assert application.photo_id is not None, "only a new photo is reviewed"
        rows.append((application.driver_id, application.id, application.photo_id, authority))
    promise = reviewing.promised(now)
    await reviews.add(tx, rows, promise, now)
    told = [
        (
            driver_id,
            {
                "driver_id": str(driver_id),
                "application_id": str(application_id),
                "authority": authority,
                "due_day": promise.day.isoformat(),
                "provisional": promise.provisional,
            },
        )
        for driver_id, application_id, _, authority in rows
    ]
    await outbox.put_many(tx, UNDER_REVIEW, told, now)


async def end_replacement(tx: Connection, driver_id: DriverId, authority: str, now: datetime) -> None:
    """The licence is no more, and with it a replacement of its photo that waits for a reviewer."""
    found = await reviews.open_replacement(tx, driver_id)
    if found is None:
        return
    application_id, move = found
    asked = ApplicationMove(driver_id, application_id, move, Refusal.NOT_HELD)
    moved = await applications.move(
        tx, [asked], ApplicationState.UNDER_REVIEW, ApplicationEvent.FACTS_CHANGED, now
    )
    if not moved:
        return  # decided at this moment: the draft asks the register again
    system = Reviewer("system", None)
    await reviewing.close(tx, PHOTO_QUEUE, (driver_id, application_id), "withdrawn", (), system, now)
    body = {
        "driver_id": str(driver_id),
        "application_id": str(application_id),
        "refusal": Refusal.NOT_HELD.value,
        "authority": authority,
        "origin": "photo",
    }
    await outbox.put(tx, "application.refused", driver_id, body, now)
