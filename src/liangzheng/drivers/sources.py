"""Who tells the register of changes: added, halted, let go on and ended by an operator; known by signatures.

A source signs every body: a COSE_Sign1 over its octets, which travel beside it, with the source's id as
external data, so that what was meant for one deployment says nothing in another.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from liangzheng import audit
from liangzheng.audit import Actor
from liangzheng.drivers import store_feed
from liangzheng.drivers.lifecycle import REGISTER_SOURCE, SourceEvent, SourceState
from liangzheng.drivers.store_feed import DoneLine, RegisterSource
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict, Invalid, NotAuthenticated, NotFound
from liangzheng.kernel.ids import SourceId
from liangzheng.kernel.region import PROVINCES
from liangzheng.standards import cose
from liangzheng.standards.errors import BadSignature, Malformed
from liangzheng.standards.keys import PublicKey, Signer

OPERATOR: Final = Actor("operator")
_PURPOSE: Final = "administration"
_SCOPE: Final = b"register changes of "
_LONGEST_PROOF: Final = 256
CLOSED: Final = "closed by an operator before it came: send it under a new number"
"""The rule under which a line is refused that comes for a number of a closed gap."""
_NOT_KNOWN: Final = "send Authorization: Source with the source's id and its signature over the body"


async def add_source(
    database: Database, name: str, provinces: Sequence[str], key: PublicKey, now: datetime
) -> RegisterSource:
    """A new source with one key. Raises Invalid for a name or provinces that cannot be."""
    name = name.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise Invalid("name", "1 to 100 visible characters")
    if not provinces or not set(provinces) <= PROVINCES.keys():
        raise Invalid("provinces", "two-digit prefixes of GB/T 2260, such as 32")
    source = RegisterSource(SourceId.new(), name, REGISTER_SOURCE.start, frozenset(provinces), 0, None, now)
    async with database.transaction() as tx:
        await store_feed.add_source(tx, source)
        await store_feed.add_key(tx, source.id, key.kid, key.spki, now)
        await _record(tx, "register-source.added", source.id, now, key)
    return source


async def add_source_key(database: Database, source_id: SourceId, key: PublicKey, now: datetime) -> None:
    """The source signs with this key as well. Raises NotFound for a source that is not there or ended, Conflict for a
    key that it ever had: one that ended stays ended, because somebody else may have it."""
    async with database.transaction() as tx:
        await _held(tx, source_id)
        if not await store_feed.add_key(tx, source_id, key.kid, key.spki, now):
            raise Conflict("this source has or had this key; make a new one", rule="a key once")
        await _record(tx, "register-source.key-added", source_id, now, key)


async def end_source_key(database: Database, source_id: SourceId, kid: bytes, now: datetime) -> None:
    """The key opens nothing from now on. Raises NotFound."""
    async with database.transaction() as tx:
        await _held(tx, source_id)
        if not await store_feed.end_key(tx, source_id, kid, now):
            raise NotFound("this source has no such key")
        await _record(tx, "register-source.key-ended", source_id, now)


async def let_source_go_on(database: Database, source_id: SourceId, now: datetime) -> None:
    """A halted source is heard again; what it said first stays. Raises NotFound, Conflict when it is not halted."""
    await _move(database, source_id, SourceEvent.LET_GO_ON, "register-source.let-go-on", now)


async def close_gap(database: Database, source_id: SourceId, reason: str, now: datetime) -> tuple[int, int]:
    """The numbers that waiting lines wait for are done, without a line, for good; the first and the last of them. What waits
    is applied with the next body. `reason` is for the record: nobody's name or number.

    Raises NotFound, Invalid for no reason, Conflict for a source that is halted or has no gap. The reason stands in the audit
    record alone: the source's answers say only that it was closed.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= 200 or not reason.isprintable():
        raise Invalid("reason", "1 to 200 visible characters")
    async with database.transaction() as tx:
        source = await _held(tx, source_id)
        if source.state is SourceState.HALTED:
            raise Conflict("this source is halted: let it go on first")
        waits = await store_feed.first_waiting(tx, source_id)
        if waits is None:
            raise Conflict("nothing waits, so no line is missing", place="source", rule="a gap")
        first, last = source.done_to + 1, waits - 1
        if first > last:
            raise Conflict(f"line {first} is there: the next body brings it", place="source", rule="a gap")
        closed = [DoneLine(n, None, "sequence", CLOSED) for n in range(first, last + 1)]
        await store_feed.note_done(tx, source_id, closed, now)
        await store_feed.advance(tx, source_id, last, now)
        await audit.record(
            tx, act="register-source.gap-closed", actor=OPERATOR, subject=source_id, purpose=_PURPOSE,
            detail={"first": first, "last": last, "reason": reason}, now=now,
        )  # fmt: skip
    return first, last


async def end_source(database: Database, source_id: SourceId, now: datetime) -> None:
    """The source is not heard any more, for good; what it said stays. Raises NotFound."""
    await _move(database, source_id, SourceEvent.TAKEN_OFF, "register-source.ended", now)


async def _move(database: Database, source_id: SourceId, event: SourceEvent, act: str, now: datetime) -> None:
    async with database.transaction() as tx:
        source = await _held(tx, source_id)
        state = REGISTER_SOURCE.step(source.state, event)
        await store_feed.move_source(tx, source_id, state, None, now)
        if state is SourceState.ENDED:
            # What waited names people, and will never be applied.
            await store_feed.drop_waiting(tx, source_id)
        await _record(tx, act, source_id, now)


async def _held(tx: Connection, source_id: SourceId) -> RegisterSource:
    source = await store_feed.hold(tx, source_id)
    if source is None or source.state is SourceState.ENDED:
        raise NotFound("no source that is heard has this id")
    return source


async def _record(
    tx: Connection, act: str, source_id: SourceId, now: datetime, key: PublicKey | None = None
) -> None:
    detail = {} if key is None else {"kid": key.kid.hex()}
    await audit.record(
        tx, act=act, actor=OPERATOR, subject=source_id, purpose=_PURPOSE, detail=detail, now=now
    )


async def waiting_since(database: Database) -> list[tuple[SourceId, int, datetime]]:
    """Sources with lines that wait for a missing one: how many, and since when the oldest does."""
    async with database.read() as tx:
        return await store_feed.waiting_since(tx)


async def list_sources(database: Database) -> list[tuple[RegisterSource, int, list[bytes]]]:
    """Every source, how many of its lines wait, and the ids of its keys."""
    async with database.read() as tx:
        return [
            (source, await store_feed.waiting_count(tx, source.id), await store_feed.keys_of(tx, source.id))
            for source in await store_feed.sources(tx)
        ]


async def refused_lines(database: Database, source_id: SourceId, limit: int = 100) -> list[DoneLine]:
    """The latest lines of a source that were refused: number, place and rule."""
    async with database.read() as tx:
        return await store_feed.refused_lines(tx, source_id, limit)


# ---- proof ----


def prove(source_id: SourceId, signer: Signer, body: bytes) -> str:
    """What goes after `Authorization: Source `: the source's id and its signature over a body."""
    proof = cose.sign_detached(body, signer, _external(source_id))
    return f"{source_id}.{urlsafe_b64encode(proof).rstrip(b'=').decode()}"


async def announced_source(database: Database, proof: str) -> None:
    """A source with the key the proof names is there; whether it signed anything is not known yet.

    For before a large body is taken in. Raises NotAuthenticated.
    """
    await _named(database, proof, b"")


async def authenticate_source(database: Database, proof: str, body: bytes) -> tuple[RegisterSource, bytes]:
    """The source whose signature over `body` this is, halted ones included, and the id of its key.

    Raises NotAuthenticated, in the same words for every fault.
    """
    found, signed = await _named(database, proof, body)
    try:
        PublicKey.from_spki(found[1]).verify(signed.to_be_signed, signed.signature)
    except (Invalid, Malformed, BadSignature, ValueError):
        raise NotAuthenticated(_NOT_KNOWN) from None
    return found[0], signed.kid


async def _named(
    database: Database, proof: str, body: bytes
) -> tuple[tuple[RegisterSource, bytes], cose.Sign1]:
    """The source and key the proof names, and what it is said to have signed. Raises NotAuthenticated."""
    text, _, signature = proof.partition(".")
    try:
        source_id = SourceId.parse(text)
        if len(signature) > _LONGEST_PROOF:
            raise NotAuthenticated(_NOT_KNOWN)
        octets = urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        signed = cose.parse_detached(octets, body, _external(source_id))
        async with database.read() as tx:
            found = await store_feed.with_key(tx, source_id, signed.kid)
    except (Invalid, Malformed, ValueError):
        raise NotAuthenticated(_NOT_KNOWN) from None
    if found is None:
        raise NotAuthenticated(_NOT_KNOWN)
    return found, signed


def _external(source_id: SourceId) -> bytes:
    return _SCOPE + str(source_id).encode()
