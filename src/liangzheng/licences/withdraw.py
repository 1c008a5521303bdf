"""Taking an application back while no draft of it is kept: under review or accepted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from liangzheng import audit, drivers, reviewing
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, NotFound
from liangzheng.kernel.ids import ApplicationId, DriverId, PersonId
from liangzheng.kernel.reviews import Reviewer
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.licences.follow_standing import follow
from liangzheng.licences.lifecycle import ApplicationEvent, ApplicationState
from liangzheng.licences.store import applications
from liangzheng.licences.store.applications import ApplicationMove
from liangzheng.licences.store.reviews import PHOTO_QUEUE


async def withdraw(
    tx: Connection,
    person_id: PersonId,
    driver_id: DriverId,
    application_id: ApplicationId,
    now: datetime,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> None:
    """The application has ended withdrawn; again changes nothing.

    Raises NotFound for what is not this person's own, Conflict when it is drafted, issued or refused.
    """
    found = await applications.one(tx, driver_id, application_id)
    if found is None or found.person_id != person_id:
        raise NotFound("there is no such application")
    if found.state is ApplicationState.WITHDRAWN:
        return
    move = ApplicationMove(driver_id, application_id, found.move)
    from_where = found.state if found.state is ApplicationState.UNDER_REVIEW else ApplicationState.ACCEPTED
    moved = await applications.move(tx, [move], from_where, ApplicationEvent.WITHDREW, now)
    if not moved:
        raise Conflict("the application has gone too far to be withdrawn", place="application")
    await applications.unqueue(tx, [(driver_id, application_id)])
    if from_where is ApplicationState.UNDER_REVIEW:
        applicant = Reviewer("person", person_id.uuid)
        await reviewing.close(tx, PHOTO_QUEUE, (driver_id, application_id), "withdrawn", (), applicant, now)
    # While it was under way it stood for a new version of a licence that is held.
    await follow(tx, await drivers.licence_record(tx, driver_id), now, policy)
    await audit.record(
        tx,
        act="application.withdrawn",
        actor=audit.Actor("person", person_id),
        subject=application_id,
        driver_id=driver_id,
        purpose="applying for an electronic licence",
        now=now,
    )


async def follow_closed_accounts(
    tx: Connection, events: Sequence[Event], now: datetime, policy: StatusPolicy = DEFAULT_POLICY
) -> None:
    """Handler of `account.closed`: what its people had applied for and is not drafted is withdrawn; again changes nothing.

    Nobody else could: left open, it would keep their next account from applying, and a reviewer would look at a face whose
    owner has left.
    """
    for event in events:
        if "driver_id" not in event.body:
            continue
        person_id, driver_id = PersonId(event.subject), DriverId.parse(event.body["driver_id"])
        for application_id in await applications.withdrawable(tx, driver_id, person_id):
            with suppress(Conflict):  # an issuer drafted it at this moment: a licence on no phone
                await withdraw(tx, person_id, driver_id, application_id, now, policy)
