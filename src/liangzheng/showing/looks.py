"""What stays of a verification: the portrait for a few minutes, the holder's list of who looked, and an end
to both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from liangzheng import audit, relying
from liangzheng.infra import blobs
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Forbidden, NotFound
from liangzheng.kernel.ids import DriverId, VerificationId, VerifierId
from liangzheng.kernel.pages import Place
from liangzheng.showing import store
from liangzheng.showing.model import Verifier, VerifierKind
from liangzheng.showing.rules import may_see_portrait

PORTRAIT_VIEWED: Final = "portrait.viewed"
_PORTRAITS_AT_MOST: Final = 1000
PORTRAIT_FOR: Final = timedelta(minutes=5)
KEPT_FOR: Final = timedelta(days=400)
"""Logs are kept at least six months (Cybersecurity Law art. 21); a little over a year by default."""


@dataclass(frozen=True, slots=True)
class Look:
    """One line of the holder's list."""

    id: VerificationId
    at: datetime
    shown_at: datetime
    """By the phone's clock; the order of the list."""
    verifier_name: str
    verifier_kind: VerifierKind
    purpose: str
    class_asked: str | None
    fields: tuple[str, ...] | None = None
    """What a company was told under a consent; None where a code was shown."""
    portrait_seen: bool = False
    """The verifier also opened the portrait."""

    @property
    def place(self) -> Place:
        """Where it stands in the list."""
        return Place(self.shown_at, self.id.uuid)


async def portrait(
    db: Database,
    verifier: Verifier,
    verification: VerificationId,
    of: DriverId,
    now: datetime,
    duty: str | None = None,
) -> bytes:
    """The picture the verified licence was issued with; the look is recorded, with the duty of a member of staff.

    Only who may see it for the purpose it was verified for (`rules.may_see_portrait`), only the verifier who verified, only
    for a few minutes after the code was shown. Raises Forbidden for kinds that never see one, NotFound for everything else,
    so that nobody learns which verifications there are.
    """
    if verifier.kind is not VerifierKind.POLICE and verifier.grants is None:
        raise Forbidden("only police, and companies whose purpose has it, see a portrait")
    async with db.transaction() as tx:
        found = await store.portrait_hash(tx, of, verification, verifier.id, now - PORTRAIT_FOR)
        if found is None or not may_see_portrait(verifier, found[1]):
            raise NotFound(
                "no portrait: it is there for five minutes, for the verifier who verified the code"
            )
        digest, purpose = found
        await audit.record(
            tx,
            act=PORTRAIT_VIEWED,
            actor=audit.Actor("staff" if duty else "verifier", verifier.id),
            subject=verification,
            driver_id=of,
            purpose="compare-face" if verifier.kind is VerifierKind.POLICE else purpose,
            detail={"duty": duty} if duty else {},
            now=now,
        )
        return await blobs.get(tx, digest)


async def verified_by(
    tx: Connection, verifier_id: VerifierId, verification: VerificationId, of: DriverId, since: datetime
) -> bool:
    """Whether this verifier, active still, verified a live code of this driver that was shown after `since`."""
    return await store.verified_by(tx, of, verification, verifier_id, since)


async def looks_at(db: Database, driver_id: DriverId, before: Place, limit: int = 50) -> list[Look]:
    """Who verified this driver's codes, and which companies were answered by consent, newest first; `before`
    pages on."""
    most = min(limit, 200)
    async with db.read() as tx:
        rows = await store.looks_at(tx, driver_id, before, most)
        answered = await relying.looks_by_consent(tx, driver_id, before, most)
        seen = await audit.about(tx, driver_id.uuid, PORTRAIT_VIEWED, _PORTRAITS_AT_MOST)
    with_portrait = {entry.subject for entry in seen}
    shown = [
        Look(
            id=VerificationId(row["verification_id"]),
            at=row["at"],
            shown_at=row["shown_at"],
            verifier_name=row["name"],
            verifier_kind=VerifierKind(row["kind"]),
            purpose=row["purpose"],
            class_asked=row["class_asked"],
            portrait_seen=row["verification_id"] in with_portrait,
        )
        for row in rows
    ]
    consented = [
        Look(
            id=look.id,
            at=look.at,
            shown_at=look.at,
            verifier_name=look.company_name,
            verifier_kind=VerifierKind.COMPANY,
            purpose=look.purpose,
            class_asked=look.class_asked,
            fields=look.fields,
        )
        for look in answered
    ]
    return sorted([*shown, *consented], key=lambda look: look.place, reverse=True)[:most]


async def looks_between(
    tx: Connection, since: datetime, until: datetime, limit: int
) -> tuple[list[tuple[DriverId, datetime]], datetime]:
    """Whose code was verified after `since` and when, about `limit` of them; and until when these are all there are."""
    found = await store.looks_between(tx, since, until, limit)
    return found, found[-1][1] if len(found) >= limit else until


async def prune(tx: Connection, now: datetime, limit: int, kept_for: timedelta = KEPT_FOR) -> int:
    """Short codes that are over and verifications older than `kept_for` are gone, at most `limit` each; how many. Audit
    entries stay."""
    codes = await store.forget_short_codes(tx, now, limit)
    return codes + await store.forget_looks(tx, now - kept_for, limit)
