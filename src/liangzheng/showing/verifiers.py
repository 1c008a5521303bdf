"""Who may verify online: made by an operator, known by a token that is kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime

from liangzheng import audit
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Invalid, NotAuthenticated, NotFound
from liangzheng.kernel.ids import VerifierId
from liangzheng.showing import store
from liangzheng.showing.model import Verifier, VerifierKind

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_NOBODY = bytes(32)


async def add_verifier(db: Database, name: str, kind: VerifierKind, now: datetime) -> tuple[Verifier, str]:
    """A new verifier and its token, which is shown this once. Raises Invalid for a name that cannot be
    shown to a holder, and for a company: that verifies under its registration (companies.py)."""
    if kind is VerifierKind.COMPANY:
        raise Invalid(
            "kind", "police or public; a company verifies under its registration: ./lz company register"
        )
    name = name.strip()
    if not 1 <= len(name) <= 100 or _UNSAFE.search(name):
        raise Invalid("name", "1 to 100 visible characters")
    verifier = Verifier(VerifierId.new(), name, kind)
    secret = secrets.token_urlsafe(32)
    async with db.transaction() as tx:
        await store.add_verifier(tx, verifier, _hash(secret), now)
        await _record(tx, "verifier.added", verifier.id, now, kind)
    return verifier, f"{verifier.id}.{secret}"


async def end_verifier(db: Database, verifier_id: VerifierId, now: datetime) -> None:
    """From now on its token opens nothing. Raises NotFound when there is no such active verifier."""
    async with db.transaction() as tx:
        if not await store.end_verifier(tx, verifier_id):
            raise NotFound("no active verifier has this id")
        await _record(tx, "verifier.ended", verifier_id, now, None)


async def keep_officer(
    tx: Connection, verifier_id: VerifierId, unit: str, *, active: bool, now: datetime
) -> None:
    """A member of staff verifies under this id as long as they are active; holders read the unit. No token opens it."""
    verifier = Verifier(verifier_id, unit, VerifierKind.POLICE)
    await store.keep_verifier(tx, verifier, active, secrets.token_bytes(32), now)


async def authenticate(db: Database, token: str) -> Verifier:
    """The active verifier whose token this is. Raises NotAuthenticated, in the same words for every fault."""
    verifier_id, secret = _parts(token)
    async with db.read() as tx:
        known = await store.verifier_with_hash(tx, verifier_id) if verifier_id else None
    # Compared also when there is nobody, so that the time does not tell who there is.
    right = hmac.compare_digest(_hash(secret), known[1] if known else _NOBODY)
    # A company's way in is the token of its registration.
    if not right or known is None or known[0].kind is VerifierKind.COMPANY:
        raise NotAuthenticated("send Authorization: Bearer with a verifier's token")
    return known[0]


async def list_verifiers(db: Database) -> list[tuple[Verifier, str, datetime]]:
    """Every verifier, its state and when it was made."""
    async with db.read() as tx:
        return await store.verifiers(tx)


def _parts(token: str) -> tuple[VerifierId | None, str]:
    text, _, secret = token.partition(".")
    try:
        return VerifierId.parse(text), secret
    except Invalid:
        return None, secret


def _hash(secret: str) -> bytes:
    # A plain hash is enough: the secret has 256 bits, there is nothing to guess.
    return hashlib.sha256(secret.encode()).digest()


async def _record(
    tx: Connection, act: str, subject: VerifierId, now: datetime, kind: VerifierKind | None
) -> None:
    await audit.record(
        tx,
        act=act,
        actor=audit.Actor("operator"),
        subject=subject,
        purpose="administration",
        detail={"kind": kind} if kind else {},
        now=now,
    )
