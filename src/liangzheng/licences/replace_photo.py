"""Another photo for a licence that is held: to review at once, and when approved a new version with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from liangzheng import accounts, audit, drivers
from liangzheng.drivers import LicenceRecord
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Invalid, NotFound, TooMany
from liangzheng.kernel.ids import ApplicationId, DriverId, FaceCheckId, PersonId, PhotoId
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.kernel.time import civil_day
from liangzheng.licences import as_code
from liangzheng.licences.apply import PHOTO_USABLE_FOR, Decided
from liangzheng.licences.lifecycle import ApplicationState
from liangzheng.licences.model import Application
from liangzheng.licences.photo_rules import PhotoSource, replaceable_from
from liangzheng.licences.rules import Refuse, ReplacementFacts, Review, decide_replacement
from liangzheng.licences.send_to_review import send_to_review
from liangzheng.licences.store import applications, held, reviews

REFUSED_A_DAY: Final = 20
_DAY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Replacement:
    """What the holder asks: the photo sent before, from where, and a face check passed for applying."""

    photo: PhotoSource
    photo_id: PhotoId
    face_check_id: FaceCheckId

    def __post_init__(self) -> None:
        if self.photo is PhotoSource.ARCHIVED:
            raise Invalid("photo", "is camera or album: a photo of one's own replaces the present one")


@dataclass(frozen=True, slots=True)
class PhotoState:
    """The photo of the live licence, and from which day it may be replaced; None: at once."""

    source: PhotoSource
    replaceable_from: date | None


async def replace_photo(
    tx: Connection,
    person_id: PersonId,
    driver_id: DriverId,
    asked: Replacement,
    now: datetime,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> Decided:
    """The replacement is decided and kept with its event: under review, or refused with the reason and the day from
    which it is allowed.

    The caller's transaction holds the idempotency key. Raises Conflict when two applications of one driver race, TooMany
    after twenty refusals within a day, and then nothing is kept.
    """
    if await reviews.replacements_refused_since(tx, driver_id, now - _DAY) >= REFUSED_A_DAY:
        raise TooMany("too many refused replacements in a day", retry_after_s=3600)
    # 1. Facts: the face check is used up, whatever is decided.
    record = await drivers.licence_record(tx, driver_id)
    application_id = ApplicationId.new()
    checks = [(person_id, asked.face_check_id, application_id)]
    verified = await accounts.consume_face_checks(tx, checks, accounts.Purpose.APPLY, now)
    named = reviews.Named(person_id, driver_id, asked.photo_id, asked.photo)
    situation = (await applications.situations(tx, [driver_id], None))[driver_id]
    facts = ReplacementFacts(
        face_verified=asked.face_check_id in verified,
        held=situation.held is not None,
        standing=as_code.standing_of(record),
        photo_usable=bool(await reviews.usable(tx, [named], now - PHOTO_USABLE_FOR)),
        application_under_way=situation.under_way or situation.under_review,
        last_new_photo=await _last_new_photo(tx, driver_id),
        on=civil_day(now),
    )
    # 2. The decision, kept like every other.
    decided = Decided(application_id, decide_replacement(facts, policy))
    application = _application(person_id, record, asked, decided, now)
    await applications.add(tx, [(application, asked.face_check_id)])
    # 3. To the reviewers, or back to the holder.
    if isinstance(decided.decision, Review):
        await send_to_review(tx, [(application, record.issuing_authority)], now)
    else:
        await _tell_refusal(tx, application, record, now)
    await audit.record(
        tx,
        act="photo.replacement-asked",
        actor=audit.Actor("person", person_id),
        subject=application_id,
        driver_id=driver_id,
        purpose="replacing the photo of the electronic licence",
        detail={"refusal": application.refusal.value if application.refusal else None},
        now=now,
    )
    return decided


async def photo_state(tx: Connection, driver_id: DriverId, now: datetime) -> PhotoState:
    """What the holder may do about the photo of their licence. Raises NotFound without a live one."""
    source = await held.photo_of_live(tx, driver_id)
    if source is None:
        raise NotFound("there is no live electronic licence")
    opens = replaceable_from(await _last_new_photo(tx, driver_id))
    return PhotoState(source, opens if opens and opens > civil_day(now) else None)


async def _last_new_photo(tx: Connection, driver_id: DriverId) -> date | None:
    at = await reviews.last_new_photo(tx, driver_id)
    return civil_day(at) if at else None


def _application(
    person_id: PersonId, record: LicenceRecord, asked: Replacement, decided: Decided, now: datetime
) -> Application:
    refused = decided.decision if isinstance(decided.decision, Refuse) else None
    return Application(
        driver_id=record.driver_id,
        id=decided.application_id,
        state=ApplicationState.REFUSED if refused else ApplicationState.UNDER_REVIEW,
        move=1,
        origin="photo",
        person_id=person_id,
        phone=None,
        refusal=refused.refusal if refused else None,
        standing_version=record.standing_version,
        submitted_at=now,
        moved_at=now,
        photo=asked.photo,
        photo_id=asked.photo_id,
    )


async def _tell_refusal(
    tx: Connection, application: Application, record: LicenceRecord, now: datetime
) -> None:
    assert application.refusal is not None
    body = {
        "driver_id": str(application.driver_id),
        "application_id": str(application.id),
        "authority": record.issuing_authority,
        "refusal": application.refusal.value,
        "origin": application.origin,
    }
    await outbox.put(tx, "application.refused", application.driver_id, body, now)
