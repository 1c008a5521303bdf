"""Issuing in batches: draft kept → signed → verified as a stranger would → kept.

Two transactions a batch, restartable at every point in between. What was signed was kept before; what is
live carries
a signature that was verified; a driver never has two live licences (a unique index says so, not this file).
An issuer
that was paused past its lease finds its drafts under another's token, and its late write moves nothing.
"""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from liangzheng.infra import epochs, spans
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.licences.draft import Desk, DocumentSigners, Drafted, draft
from liangzheng.licences.keep import Signatures, keep
from liangzheng.licences.model import BatchResult, Lease, StatusPlace
from liangzheng.licences.places import LIST_SIZE, places
from liangzheng.licences.rare_characters import Draws, NoFonts
from liangzheng.licences.store import applications, drafting, lists
from liangzheng.licences.store.applications import Waiting
from liangzheng.standards import cose
from liangzheng.standards.document import verify_document
from liangzheng.standards.errors import BadSignature, Malformed
from liangzheng.standards.livecode import Lives, NotVerifiedStep, TrustBundle, Verifier

_log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=60)
"""How long a batch may take before another issuer finds its drafts."""

STALE: Final = timedelta(hours=1)
"""A draft older than this is drafted again: its words say when it was made."""

_PLACES_AT_ONCE: Final = 2048
_PHONES_AT_MOST: Final = 4

CRASH_POINTS: Final = (
    "claimed",
    "drafts written",
    "drafts kept",
    "signed one",
    "signed",
    "verified",
    "signatures written",
    "kept",
)
"""Where an issuer may be lost. Every one is reached once a batch that has something to do."""


def _go_on(point: str) -> None:
    """Nothing is lost in production; tests and rehearsals hand in what loses it."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Octets of drafts under our lease, with the key each names: all that may be signed."""

    licences: Sequence[tuple[bytes, bytes]]
    credentials: Sequence[tuple[bytes, bytes]]


class Issuer:
    """One issuer process: reaches the document signers, and nothing that talks to the internet reaches it."""

    def __init__(
        self,
        database: Database,
        signers: DocumentSigners,
        trust: Callable[[], TrustBundle],
        authorities: Authorities,
        lives: Lives,
        *,
        policy: StatusPolicy = DEFAULT_POLICY,
        fonts: Draws | None = None,
        reached: Callable[[str], None] = _go_on,
    ) -> None:
        self._database, self._signers, self._trust = database, signers, trust
        self._authorities, self._lives, self._policy = authorities, lives, policy
        self._fonts = fonts or NoFonts()
        self._reached = reached
        self._places: deque[StatusPlace] = deque()

    async def batch(self, now: datetime, size: int = 500) -> BatchResult:
        """Issues up to `size` of what has waited longest; a result with nothing claimed means that nothing
        is due. Raises Unavailable while the register is that of a backup.
        """
        lease = Lease(uuid4(), now + LEASE)
        await self._stock_places(size * _PHONES_AT_MOST, now)
        # First transaction: numbers, places, drafts.
        async with self._database.transaction() as tx:
            claimed = await _claim(tx, now, size)
            if not claimed:
                return BatchResult()
            # Nobody is made a licence on a standing of before a restore.
            await epochs.demand_certain(tx)
            self._reached("claimed")
            plan = await draft(tx, claimed, self._desk(lease, now))
            self._reached("drafts written")
        self._reached("drafts kept")
        kept = _Kept(
            [(d.kid, d.octets) for d in plan.licences], [(d.kid, d.octets) for d in plan.credentials]
        )
        result = await self._sign_and_keep(plan.drivers, kept, lease.token, now)
        return _counted(result, plan, len(claimed))

    async def recover(self, now: datetime, limit: int = 500) -> BatchResult:
        """Takes over drafts whose issuer was lost, and ends each in one way: signed as the same octets, or
        abandoned.
        """
        lease = Lease(uuid4(), now + LEASE)
        async with self._database.transaction() as tx:
            found = await drafting.take_over(tx, lease, now, limit)
            licences = await drafting.hold_licence_drafts(tx, found, lease.token)
            credentials = await drafting.hold_credential_drafts(tx, found, lease.token)
        if not found:
            return BatchResult()
        fresh = {d.number for d in licences if now - d.drafted_at < STALE}
        stale = {d.number for d in licences} - fresh
        kept = _Kept(
            [(d.kid, d.octets) for d in licences if d.number in fresh],
            [(d.kid, d.octets) for d in credentials if d.number not in stale],
        )
        return await self._sign_and_keep(found, kept, lease.token, now)

    def _desk(self, lease: Lease, now: datetime) -> Desk:
        take_place = self._places.popleft
        return Desk(
            self._signers, self._authorities, self._lives, take_place, lease, now, self._policy, self._fonts
        )

    async def _stock_places(self, needed: int, now: datetime) -> None:
        """At least `needed` places of the newest lists are ours, taken in transactions of their own.

        Places an issuer takes and loses in a crash stay unused: cheaper than holding a list while drafting.
        """
        while len(self._places) < needed:
            count = min(LIST_SIZE, max(_PLACES_AT_ONCE, needed))
            async with self._database.transaction() as tx:
                block = await lists.take_block(tx, count, LIST_SIZE)
                if block is None:
                    await lists.open_list(tx, await lists.newest(tx), secrets.token_bytes(16), now)
            if block is not None:
                self._places.extend(places(block.list_id, block.secret, block.first, block.count))

    async def _sign_and_keep(
        self, whose: Sequence[DriverId], kept: _Kept, token: UUID, now: datetime
    ) -> BatchResult:
        with spans.span("sign", count=len(kept.licences) + len(kept.credentials)):
            signatures = self._sign(kept, now)
        if signatures:
            self._reached("signed")
        with spans.span("verify", count=len(signatures)):
            verified = self._verify(kept, signatures, now)
        self._reached("verified")

        # Second transaction: signatures kept, licences live, old versions ended.
        async def keep_all(tx: Connection) -> BatchResult:
            result = await keep(tx, whose, verified, token, now)
            self._reached("signatures written")
            return result

        result = await self._database.retrying(keep_all)
        self._reached("kept")
        return result

    def _sign(self, kept: _Kept, now: datetime) -> dict[bytes, bytes]:
        """Octets → signature, for every kept draft whose key may sign now. Exactly the kept octets, nothing
        else.
        """
        signatures: dict[bytes, bytes] = {}
        signers = {kid: self._signers.of_kid(kid, now) for kid, _ in (*kept.licences, *kept.credentials)}
        for kid, octets in (*kept.licences, *kept.credentials):
            signer = signers[kid]
            if signer is not None:
                signatures[octets] = signer.sign(octets)
                if len(signatures) == 1:
                    self._reached("signed one")
        return signatures

    def _verify(self, kept: _Kept, signatures: Mapping[bytes, bytes], now: datetime) -> Signatures:
        """The signatures a stranger with today's trust bundle would accept. One that fails is an alarm."""
        trust = self._trust()
        stranger = Verifier(trust, self._lives)
        good: dict[bytes, bytes] = {}
        bad: set[bytes] = set()
        for is_credential, drafts in ((False, kept.licences), (True, kept.credentials)):
            for kid, octets in drafts:
                signature = signatures.get(octets)
                if signature is None:
                    continue
                try:
                    sealed = cose.seal(octets, signature)
                    if is_credential:
                        stranger.check_credential(sealed, now)
                    else:
                        verify_document(sealed, trust)
                except (NotVerifiedStep, BadSignature, Malformed) as fault:
                    _log.error(
                        "a signature of ours does not verify", extra={"kid": kid.hex(), "reason": str(fault)}
                    )
                    bad.add(octets)
                    continue
                good[octets] = signature
        return Signatures(good, frozenset(bad))


def _counted(result: BatchResult, plan: Drafted, claimed: int) -> BatchResult:
    return replace(result, claimed=claimed, refused=len(plan.refused), postponed=len(plan.postponed))


async def _claim(tx: Connection, now: datetime, size: int) -> list[Waiting]:
    """Up to `size` of what has waited longest, bucket by bucket."""
    claimed: list[Waiting] = []
    for bucket in await applications.waiting_buckets(tx, now):
        claimed += await applications.claim(tx, bucket, now, size - len(claimed))
        if len(claimed) >= size:
            break
    return claimed
