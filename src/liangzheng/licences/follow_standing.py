"""What a change of the register does to a held licence: handler of `standing.changed`.

The event says only whose standing changed; what holds is read here, so an event that comes late or twice
does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from liangzheng import audit, drivers
from liangzheng.drivers import LicenceRecord
from liangzheng.infra import outbox
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import ApplicationId, DriverId
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.kernel.time import civil_day
from liangzheng.licences import as_code
from liangzheng.licences.lifecycle import (
    ApplicationState,
    CredentialEvent,
    CredentialState,
    LicenceEvent,
    LicenceState,
)
from liangzheng.licences.model import Application, HeldLicence
from liangzheng.licences.rules import FollowUp, Standing, StatusValue, decide_follow_up, status_value
from liangzheng.licences.send_to_review import end_replacement
from liangzheng.licences.store import applications, held, lists
from liangzheng.licences.store.applications import Waiting

_ENDS_BY_WITHDRAWAL = (CredentialState.LIVE, CredentialState.DRAFTED, CredentialState.REQUESTED)


async def follow_standing(
    tx: Connection, events: Sequence[Event], now: datetime, policy: StatusPolicy = DEFAULT_POLICY
) -> None:
    """Licences of the drivers in `events` say what the register says now.

    Ended standings (E F G R C) withdraw the licence; changed classes, validity or authority have a new
    version issued
    by itself; anything else is published in the status list. A draft in an issuer's hands is not touched: it
    compares
    the standing's version before it becomes live.
    """
    ids = sorted({DriverId(event.subject) for event in events})
    records = await drivers.licence_records(tx, ids)
    for driver_id in ids:
        if driver_id in records:
            await follow(tx, records[driver_id], now, policy)


async def follow(
    tx: Connection, record: LicenceRecord, now: datetime, policy: StatusPolicy = DEFAULT_POLICY
) -> None:
    """One driver's live licence, if any, becomes what the register's record wants it to be."""
    versions = await held.hold(tx, record.driver_id)
    live = [licence for licence in versions if licence.state is LicenceState.LIVE]
    if live:
        standing = as_code.standing_of(record, own_photo=live[0].photo_id is not None)
        await _follow(tx, live[0], standing, record.standing_version, now, policy)


async def _follow(
    tx: Connection,
    licence: HeldLicence,
    standing: Standing,
    standing_version: int,
    now: datetime,
    policy: StatusPolicy,
) -> None:
    follow_up = decide_follow_up(licence.terms, standing, civil_day(now), policy)
    if follow_up is FollowUp.WITHDRAW:
        await _withdraw(tx, licence, now)
        return
    # Also before a new version: until it is live the old one must say what the status is.
    value = status_value(standing.status, civil_day(now), policy)
    on_phones = await held.credentials(tx, licence.driver_id, (CredentialState.LIVE, CredentialState.DRAFTED))
    await lists.set_values(tx, [(c.place, value) for c in on_phones if c.place], now)
    if follow_up is FollowUp.REISSUE:
        await _reissue(tx, licence, standing_version, now)


async def _withdraw(tx: Connection, licence: HeldLicence, now: datetime) -> None:
    """The licence and everything on phones ends, for good."""
    driver_id = licence.driver_id
    assert await held.end_licence(tx, driver_id, licence.number, LicenceEvent.STANDING_ENDED, now), "held"
    for state in _ENDS_BY_WITHDRAWAL:
        ended = await held.move_credentials(tx, driver_id, state, CredentialEvent.LICENCE_WITHDRAWN, now)
        await lists.set_values(tx, [(c.place, StatusValue.INVALID) for c in ended if c.place], now)
        if state is CredentialState.REQUESTED:
            await applications.unqueue(tx, [(driver_id, c.id) for c in ended])
    await end_replacement(tx, driver_id, licence.terms.authority, now)
    body = {
        "driver_id": str(driver_id),
        "licence_id": str(licence.number.licence_id),
        "version": licence.number.version,
        "authority": licence.terms.authority,
    }
    await outbox.put(tx, "licence.withdrawn", driver_id, body, now)
    await audit.record(
        tx,
        act="licence.withdrawn",
        actor=audit.Actor("system"),
        subject=licence.number.licence_id,
        driver_id=driver_id,
        purpose="following the register",
        detail={"version": licence.number.version},
        now=now,
    )


async def _reissue(tx: Connection, licence: HeldLicence, standing_version: int, now: datetime) -> None:
    """An application of the platform's own, unless one is under way: that one will be drafted on the new
    standing.
    """
    situations = await applications.situations(tx, [licence.driver_id], None)
    if situations[licence.driver_id].under_way:
        return
    application = Application(
        driver_id=licence.driver_id,
        id=ApplicationId.new(),
        state=ApplicationState.ACCEPTED,
        move=1,
        origin="reissue",
        person_id=None,
        phone=None,
        refusal=None,
        standing_version=standing_version,
        submitted_at=now,
        moved_at=now,
        photo=licence.photo,
        photo_id=licence.photo_id,
    )
    await applications.add(tx, [(application, None)])
    await applications.enqueue(tx, [Waiting(licence.driver_id, application.id, now)])
