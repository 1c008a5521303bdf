"""The second transaction of a batch: signatures kept, licences live, old versions ended – or drafts
abandoned.

Every draft is compared with what holds now: whose lease it is under, the standing, the phones. Whatever moved
since the draft was kept makes it fall, and what it was for is asked for anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from liangzheng import audit, drivers
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import CredentialId, DriverId, Id, PhoneKeyId
from liangzheng.licences.draft import TRY_AGAIN, TRY_MUCH_LATER
from liangzheng.licences.lifecycle import ApplicationEvent, ApplicationState, CredentialEvent, CredentialState
from liangzheng.licences.model import BatchResult, StatusPlace
from liangzheng.licences.rules import StatusValue
from liangzheng.licences.store import applications, drafting, held, lists
from liangzheng.licences.store.applications import ApplicationMove, Waiting
from liangzheng.licences.store.drafting import HeldCredential, HeldDraft

ISSUED = "licence.issued"
"""The event, and the act in the audit record."""


@dataclass(frozen=True, slots=True)
class Signatures:
    """What became of a batch's octets: signed and verified, or signed and `bad`; in neither when no key may
    sign.
    """

    of: Mapping[bytes, bytes]
    bad: frozenset[bytes] = frozenset()

    def again_after(self, octets: bytes) -> timedelta:
        """How long a draft that was not kept waits: a bad signature is a key's fault, and trying on would
        turn in a circle.
        """
        return TRY_MUCH_LATER if octets in self.bad else timedelta(0)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What decides over drafts: their signatures, the standings and phones as they are now."""

    signatures: Signatures
    versions: Mapping[DriverId, int]
    ended: set[tuple[DriverId, PhoneKeyId]]
    now: datetime

    def stands(self, draft: HeldDraft | HeldCredential) -> bool:
        """Signed well, and the standing is the one it was drafted on."""
        unchanged = self.versions.get(draft.driver_id) == draft.standing_version
        return unchanged and draft.octets in self.signatures.of

    def phone_ended(self, credential: HeldCredential) -> bool:
        """Whether its phone's key has ended since."""
        return (credential.driver_id, credential.phone.key_id) in self.ended

    def serves(self, credential: HeldCredential) -> bool:
        """Signed well, for a phone that is still there."""
        return credential.octets in self.signatures.of and not self.phone_ended(credential)


async def keep(
    tx: Connection, whose: Sequence[DriverId], signatures: Signatures, token: UUID, now: datetime
) -> BatchResult:
    """Drafts still ours, unchanged in standing and with a good signature become live; the others are
    abandoned.

    The old version ends in the same transaction; each licence puts `licence.issued` and has its audit entry.
    """
    # 1. What is still ours; who took a draft over, or ended it, wrote another token or state.
    licences = await drafting.hold_licence_drafts(tx, whose, token)
    credentials = await drafting.hold_credential_drafts(tx, whose, token)
    if not licences and not credentials:
        return BatchResult()
    # 2. The standing and the phones as they are now: a change that came after the draft was kept.
    holders = sorted({d.driver_id for d in licences} | {c.driver_id for c in credentials})
    fate = _Fate(
        signatures,
        await drivers.standing_versions(tx, holders),
        await drafting.ended_phones(tx, holders),
        now,
    )
    good = [d for d in licences if fate.stands(d)]
    coming = {d.number for d in good}
    falling = {d.number for d in licences} - coming
    # 3. Drafts that cannot become live give way; what they were for waits again.
    bad = [d for d in licences if d.number in falling]
    await _abandon(tx, bad, fate, [c for c in credentials if c.number in falling])
    beside = [c for c in credentials if c.number in coming]
    alone = [c for c in credentials if c.number not in coming | falling]
    able = await _able_alone(tx, alone, fate)
    live = [*(c for c in beside if fate.serves(c)), *able]
    dead = [c for c in beside if fate.phone_ended(c)]
    lost = [c for c in (*beside, *alone) if c not in live and c not in dead]
    await _end(tx, dead, CredentialEvent.PHONE_ENDED, now)
    await _end(tx, lost, CredentialEvent.SIGNING_ABANDONED, now)
    await _ask_anew(tx, lost, fate)
    # 4. Old versions end, new ones begin.
    await _supersede(tx, [d.driver_id for d in good if d.number.version > 1], able, now)
    return await _make_live(tx, good, live, signatures, token, now, abandoned=len(bad))


async def _make_live(
    tx: Connection,
    good: Sequence[HeldDraft],
    live: Sequence[HeldCredential],
    signatures: Signatures,
    token: UUID,
    now: datetime,
    abandoned: int,
) -> BatchResult:
    if good:
        count = await drafting.keep_licence_signatures(
            tx, [(d, signatures.of[d.octets]) for d in good], token, now
        )
        assert count == len(good), "held since they were read"
        issued = [ApplicationMove(d.driver_id, d.application_id, d.application_move) for d in good]
        moved = await applications.move(tx, issued, ApplicationState.DRAFTED, ApplicationEvent.SIGNED, now)
        assert len(moved) == len(good), "held since they were read"
    if live:
        count = await drafting.keep_credential_signatures(
            tx, [(c, signatures.of[c.octets]) for c in live], token, now
        )
        assert count == len(live), "held since they were read"
    await outbox.put_many(tx, ISSUED, [_issued(d) for d in good], now)
    await audit.record_many(tx, [_entry(d, now) for d in good])
    replaced = [_issued(d) for d in good if d.origin == "photo"]
    await outbox.put_many(tx, "photo.replaced", replaced, now)
    return BatchResult(issued=len(good), credentials=len(live), abandoned=abandoned)


def _issued(draft: HeldDraft) -> tuple[Id, Mapping[str, str | int]]:
    return draft.driver_id, {
        "driver_id": str(draft.driver_id),
        "application_id": str(draft.application_id),
        "licence_id": str(draft.number.licence_id),
        "version": draft.number.version,
        "authority": draft.authority,
        "origin": draft.origin,
    }


def _entry(draft: HeldDraft, now: datetime) -> audit.Entry:
    """A licence without its entry is one that did not come this way: fsck looks for it."""
    return audit.entry_of(
        ISSUED,
        audit.Actor("worker"),
        draft.number.licence_id,
        draft.driver_id,
        "issuing",
        {"version": draft.number.version, "origin": draft.origin},
        now,
    )


async def _able_alone(tx: Connection, alone: Sequence[HeldCredential], fate: _Fate) -> list[HeldCredential]:
    """Credentials for a further phone that may become live: their version is live and no new one is in hand."""
    if not alone:
        return []
    lineages = await drafting.hold_lineages(tx, sorted({c.driver_id for c in alone}))

    def able(credential: HeldCredential) -> bool:
        lineage = lineages.get(credential.driver_id)
        if lineage is None or lineage.live is None or lineage.drafted:
            return False
        return fate.stands(credential) and fate.serves(credential) and lineage.live[0] == credential.number

    return [credential for credential in alone if able(credential)]


async def _supersede(
    tx: Connection, renewed: Sequence[DriverId], able: Sequence[HeldCredential], now: datetime
) -> None:
    invalid: list[StatusPlace] = []
    if renewed:
        invalid += [place for _, _, place in await held.supersede(tx, renewed, now)]
    if able:
        same_phone = [(c.driver_id, c.id, c.phone.key_id) for c in able]
        invalid += await held.replace_on_phones(tx, same_phone, now)
    await lists.set_values(tx, [(place, StatusValue.INVALID) for place in invalid], now)


async def _abandon(
    tx: Connection, drafts: Sequence[HeldDraft], fate: _Fate, beside: Sequence[HeldCredential]
) -> None:
    """Licence drafts fall, with the credentials drafted beside them; their applications wait again."""
    if not drafts:
        return
    now = fate.now
    await drafting.abandon_licence_drafts(tx, drafts, now)
    back = [ApplicationMove(d.driver_id, d.application_id, d.application_move) for d in drafts]
    await applications.move(tx, back, ApplicationState.DRAFTED, ApplicationEvent.SIGNING_ABANDONED, now)
    waits = [
        Waiting(d.driver_id, d.application_id, now + fate.signatures.again_after(d.octets)) for d in drafts
    ]
    await applications.enqueue(tx, waits)
    # A new draft makes new credentials for the phones there are; what waited as a request waits again.
    await _end(tx, beside, CredentialEvent.SIGNING_ABANDONED, now)
    await _ask_anew(tx, [credential for credential in beside if credential.asked], fate)


async def _ask_anew(tx: Connection, credentials: Sequence[HeldCredential], fate: _Fate) -> None:
    """The phones of abandoned drafts wait for a credential under a new id: abandoned octets stay as they are."""
    for credential in credentials:
        if (credential.driver_id, credential.phone.key_id) in fate.ended:
            continue
        driver_id, new_id = credential.driver_id, CredentialId.new()
        licence_id = credential.number.licence_id
        await held.add_request(tx, driver_id, new_id, licence_id, credential.slot, credential.phone, fate.now)
        again_after = max(TRY_AGAIN, fate.signatures.again_after(credential.octets))
        await applications.enqueue(tx, [Waiting(driver_id, new_id, fate.now + again_after)])


async def _end(
    tx: Connection, credentials: Sequence[HeldCredential], event: CredentialEvent, now: datetime
) -> None:
    """Drafts of credentials take `event`; their places are spent."""
    for credential in credentials:
        await held.move_credentials(
            tx, credential.driver_id, CredentialState.DRAFTED, event, now, only=[credential.id]
        )
    await lists.set_values(tx, [(c.place, StatusValue.INVALID) for c in credentials], now)
