"""The same request twice is one act and one answer.

Inside the act's transaction: `claim` first, `record` last. A second request with the same key waits for the
first one's transaction, then gets its answer; with another content it is a Conflict.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Invalid
from liangzheng.kernel.ids import Id


def request_hash(act: str, body: object) -> bytes:
    """SHA-256 of an act and its body (anything msgspec can write as JSON), whatever the order of its keys."""
    octets = msgspec.json.encode(body, order="deterministic")
    return hashlib.sha256(act.encode() + b"\0" + octets).digest()


async def claim(
    tx: Connection, owner: Id | UUID, key: str, act: str, request_hash: bytes, now: datetime
) -> Any | None:
    """None: the act is ours to do, once. Otherwise the answer given before, which is never None.

    Raises Conflict when the key was used for another request, Invalid when it is no key (8 to 64 characters).
    """
    refuse_key(key)
    uuid = owner.uuid if isinstance(owner, Id) else owner
    # The insert waits while another transaction holds the same key, and inserts nothing once that has
    # committed.
    fresh = await tx.fetchval(
        """
        INSERT INTO idempotency (owner, key, act, request_hash, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (owner, key) DO NOTHING RETURNING true
        """,
        uuid, key, act, request_hash, now,
    )  # fmt: skip
    if fresh:
        return None
    before = await _answer_before(tx, uuid, key, act, request_hash)
    if isinstance(before, Conflict):
        raise before
    return before


def refuse_key(key: str) -> None:
    """Raises Invalid when it is no key: 8 to 64 printable ASCII characters."""
    if not 8 <= len(key) <= 64 or not key.isascii() or not key.isprintable():
        raise Invalid("Idempotency-Key", "is 8 to 64 printable ASCII characters")


@dataclass(frozen=True, slots=True)
class Claim:
    """One request, as `claim` takes it."""

    owner: UUID
    key: str
    request_hash: bytes


async def claim_many(
    tx: Connection, act: str, claims: Sequence[Claim], now: datetime
) -> dict[Claim, Any | Conflict | None]:
    """As `claim`, for requests that go together, each with another owner: None, the answer given before, or
    the Conflict it would have raised. Keys were checked by the caller (`refuse_key`).
    """
    rows = await tx.fetch(
        """
        INSERT INTO idempotency (owner, key, act, request_hash, created_at)
        SELECT owner, key, $3, request_hash, $5
          FROM unnest($1::uuid[], $2::text[], $4::bytea[]) AS c (owner, key, request_hash)
        ON CONFLICT (owner, key) DO NOTHING RETURNING owner
        """,
        [claim.owner for claim in claims], [claim.key for claim in claims], act,
        [claim.request_hash for claim in claims], now,
    )  # fmt: skip
    fresh = {row["owner"] for row in rows}
    answers: dict[Claim, Any | Conflict | None] = {claim: None for claim in claims if claim.owner in fresh}
    for claim in claims:
        if claim.owner not in fresh:
            answers[claim] = await _answer_before(tx, claim.owner, claim.key, act, claim.request_hash)
    return answers


async def release_many(tx: Connection, claims: Sequence[Claim]) -> None:
    """These claims of this transaction are given back: nothing was done, so the keys may come again."""
    status = await tx.execute(
        """
        DELETE FROM idempotency AS i USING unnest($1::uuid[], $2::text[]) AS c (owner, key)
         WHERE i.owner = c.owner AND i.key = c.key AND i.answer IS NULL
        """,
        [claim.owner for claim in claims], [claim.key for claim in claims],
    )  # fmt: skip
    assert int(status.rsplit(" ", 1)[1]) == len(claims), "given back without a claim in the same transaction"


async def _answer_before(
    tx: Connection, owner: UUID, key: str, act: str, request_hash: bytes
) -> Any | Conflict:
    row = await tx.fetchrow(
        "SELECT act, request_hash, answer FROM idempotency WHERE owner = $1 AND key = $2", owner, key
    )
    if row is None or row["act"] != act or bytes(row["request_hash"]) != request_hash:
        return Conflict(
            "this idempotency key was used for another request", place="Idempotency-Key", rule="new-key"
        )
    assert row["answer"] is not None, f"{act} committed without recording its answer"
    return row["answer"]


async def record_many(tx: Connection, answers: Sequence[tuple[Claim, Any]]) -> None:
    """As `record`, for claims of this transaction."""
    status = await tx.execute(
        """
        UPDATE idempotency AS i SET answer = a.answer
          FROM unnest($1::uuid[], $2::text[], $3::jsonb[]) AS a (owner, key, answer)
         WHERE i.owner = a.owner AND i.key = a.key AND i.answer IS NULL
        """,
        [claim.owner for claim, _ in answers], [claim.key for claim, _ in answers],
        [answer for _, answer in answers],
    )  # fmt: skip
    assert int(status.rsplit(" ", 1)[1]) == len(answers), "recorded without a claim in the same transaction"


async def record(tx: Connection, owner: Id | UUID, key: str, answer: Any) -> None:
    """`answer` (JSON, not None) is what the same request will be given from now on."""
    assert answer is not None
    uuid = owner.uuid if isinstance(owner, Id) else owner
    status = await tx.execute(
        "UPDATE idempotency SET answer = $3 WHERE owner = $1 AND key = $2 AND answer IS NULL",
        uuid,
        key,
        answer,
    )
    assert status == "UPDATE 1", "recorded without a claim in the same transaction"


async def forget(tx: Connection, before: datetime, limit: int) -> int:
    """Keys of requests made before `before` are gone, at most `limit`; returns how many."""
    status = await tx.execute(
        """
        DELETE FROM idempotency WHERE (owner, key) IN (
            SELECT owner, key FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2)
        """,
        before, limit,
    )  # fmt: skip
    return int(status.rsplit(" ", 1)[1])
