"""Applications whose photo is new go to the reviewers, with the promise of one working day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection
from liangzheng.infra.working_days import PublishedCalendar
from liangzheng.kernel.ids import ApplicationId, DriverId, PhotoId
from liangzheng.kernel.reviews import REVIEW_WORKING_DAYS, Reviewer
from liangzheng.kernel.time import WorkingCalendar, add_working_days, civil_day
from liangzheng.licences.lifecycle import ApplicationEvent, ApplicationState
from liangzheng.licences.model import Application
from liangzheng.licences.rules import Refusal
from liangzheng.licences.store import applications, reviews
from liangzheng.licences.store.applications import ApplicationMove
from liangzheng.licences.store.reviews import Promised

UNDER_REVIEW: Final = "application.under-review"
CALENDAR: Final[WorkingCalendar] = PublishedCalendar()


def promised(now: datetime, calendar: WorkingCalendar = CALENDAR) -> Promised:
    """Until when a photo submitted now is reviewed: the end of the next working day."""
    promise = add_working_days(civil_day(now), REVIEW_WORKING_DAYS, calendar)
    return Promised(now, promise.day, promise.ends_at, promise.provisional)


async def send_to_review(tx: Connection, new: Sequence[tuple[Application, str]], now: datetime) -> None:
    """The photos of these applications, kept in the same transaction, wait for a reviewer of their authority."""
    if not new:
        return
    rows: list[tuple[DriverId, ApplicationId, PhotoId, str]] = []
    for application, authority in new:
        assert application.photo_id is not None, "only a new photo is reviewed"
        rows.append((application.driver_id, application.id, application.photo_id, authority))
    promise = promised(now)
    await reviews.add(tx, rows, promise)
    told = [
        (
            driver_id,
            {
                "driver_id": str(driver_id),
                "application_id": str(application_id),
                "authority": authority,
                "due_day": promise.due_day.isoformat(),
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
    await reviews.close(tx, driver_id, application_id, "withdrawn", (), Reviewer("system", None), now)
    body = {
        "driver_id": str(driver_id),
        "application_id": str(application_id),
        "refusal": Refusal.NOT_HELD.value,
        "authority": authority,
    }
    await outbox.put(tx, "application.refused", driver_id, body, now)
