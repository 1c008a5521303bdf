"""What a holder reads: their applications with progress, their live licence, its credentials."""

from __future__ import annotations

from liangzheng import reviewing
from liangzheng.infra import blobs
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import ApplicationId, DriverId, PersonId
from liangzheng.licences.lifecycle import CredentialState
from liangzheng.licences.model import (
    Application,
    ApplicationEventRow,
    Credential,
    LicenceNumber,
    LiveLicence,
    PhotoReview,
    TurnedAway,
)
from liangzheng.licences.rare_characters import font_is_of_name_alone
from liangzheng.licences.store import applications, held
from liangzheng.licences.store.reviews import PHOTO_QUEUE

_MOST = 100


async def applications_of(
    tx: Connection, person_id: PersonId, driver_id: DriverId | None, *, proven: bool = True
) -> list[Application | TurnedAway]:
    """The person's applications, newest first, at most 100; the platform's own re-issues among them, and those the
    driver made through an earlier account, unless who asks is not `proven` to be the driver."""
    away = await applications.turned_away_of(tx, person_id, _MOST)
    own = await applications.of_driver(tx, driver_id, _MOST) if driver_id else []
    found: list[Application | TurnedAway] = [*(a for a in own if proven or a.person_id == person_id), *away]
    return sorted(found, key=lambda item: item.id, reverse=True)[:_MOST]


async def application(
    tx: Connection,
    person_id: PersonId,
    driver_id: DriverId | None,
    application_id: ApplicationId,
    *,
    proven: bool = True,
) -> Application | TurnedAway:
    """One of the applications of `applications_of`. Raises NotFound, also for another's."""
    own = await applications.one(tx, driver_id, application_id) if driver_id else None
    own = own if own is None or proven or own.person_id == person_id else None
    found = own or await applications.turned_away(tx, person_id, application_id)
    if found is None:
        raise NotFound("there is no such application")
    return found


async def progress(tx: Connection, application: Application) -> list[ApplicationEventRow]:
    """What happened to it, oldest first."""
    return await applications.events_of(tx, application.driver_id, application.id)


async def review_of(tx: Connection, application: Application) -> PhotoReview | None:
    """The review of its photo; None for one with the archived photo, or refused before any review."""
    return await reviewing.at(tx, PHOTO_QUEUE, (application.driver_id, application.id))


async def licence_for(tx: Connection, driver_id: DriverId) -> LiveLicence:
    """The live licence with its signed document. Raises NotFound."""
    found = await held.live_licence(tx, driver_id)
    if found is None:
        raise NotFound("there is no live electronic licence")
    return found


async def font_of(tx: Connection, licence: LiveLicence) -> bytes | None:
    """The font with the holder's rare characters; None where the document names none."""
    return None if licence.font_hash is None else await blobs.get(tx, licence.font_hash)


async def font_of_name(tx: Connection, driver_id: DriverId, number: LicenceNumber, name: str) -> bytes | None:
    """The font of a version for whoever is shown the name on it, and nothing else of the document.

    None too where the font would tell more than the name does: it has a rare character of the address.
    """
    found = await held.issued_font(tx, driver_id, number)
    if found is None or not font_is_of_name_alone(found[1], name):
        return None
    return await blobs.get(tx, found[0])


async def credentials(tx: Connection, driver_id: DriverId) -> list[Credential]:
    """Credentials that are live or on their way, by slot."""
    on_the_way = (CredentialState.LIVE, CredentialState.DRAFTED, CredentialState.REQUESTED)
    return await held.credentials(tx, driver_id, on_the_way)
