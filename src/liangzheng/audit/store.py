"""Every statement on audit_entry, audit_batch, audit_head and audit_checkpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from liangzheng.audit.model import Batch, Entry, Head
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import AuditId
from liangzheng.kernel.pages import Place

_COLUMNS = "scope, bucket, id, at, act, actor_kind, actor, subject_kind, subject, purpose, detail"


def insert_from(source: str, **columns: str) -> str:
    """INSERT of entries for an act that must record in the very statement that acts: one for each row of
    `source`, which stands after the SELECT list ("FROM seen").

    `columns`: every column but the bucket, as an SQL expression. The caller answers for what `entry_of`
    would have refused: nothing personal, no floating-point number in the detail, act as 'thing.done'.
    """
    bucket = f"(get_byte(uuid_send({columns['scope']}), 15) & 63)::smallint"
    expressions = {"bucket": bucket, **columns}
    values = ", ".join(expressions[name] for name in _COLUMNS.split(", "))
    return f"INSERT INTO audit_entry ({_COLUMNS}) SELECT {values} {source}"


_INSERT = insert_from(
    "",
    scope="$1::uuid",
    id="$2::uuid",
    at="$3::timestamptz",
    act="$4::text",
    actor_kind="$5::text",
    actor="$6::uuid",
    subject_kind="$7::text",
    subject="$8::uuid",
    purpose="$9::text",
    detail="$10::text::jsonb",
)


async def add(tx: Connection, entry: Entry) -> None:
    """The entry is part of the caller's transaction."""
    await tx.execute(
        _INSERT,
        entry.scope,
        entry.id.uuid,
        entry.at,
        entry.act,
        entry.actor_kind,
        entry.actor,
        entry.subject_kind,
        entry.subject,
        entry.purpose,
        json.dumps(dict(entry.detail), ensure_ascii=False),
    )


async def add_many(tx: Connection, entries: Sequence[Entry]) -> None:
    """The entries of one batch, in one statement, part of the caller's transaction."""
    await tx.copy_records_to_table(
        "audit_entry",
        records=[
            (
                entry.scope, entry.bucket, entry.id.uuid, entry.at, entry.act, entry.actor_kind, entry.actor,
                entry.subject_kind, entry.subject, entry.purpose, dict(entry.detail),
            )
            for entry in entries
        ],
        columns=_COLUMNS.split(", "),
    )  # fmt: skip


def _entry(row: Row) -> Entry:
    return Entry(
        id=AuditId(row["id"]),
        scope=row["scope"],
        at=row["at"],
        act=row["act"],
        actor_kind=row["actor_kind"],
        actor=row["actor"],
        subject_kind=row["subject_kind"],
        subject=row["subject"],
        purpose=row["purpose"],
        detail=json.loads(row["detail"]),
    )


_READ = (
    "SELECT scope, id, at, act, actor_kind, actor, subject_kind, subject, purpose, detail::text AS detail, "
    "batch_seq FROM audit_entry"
)


async def buckets_to_seal(tx: Connection) -> list[int]:
    """Buckets that have entries not yet sealed."""
    rows = await tx.fetch(
        "SELECT bucket FROM audit_head AS h WHERE EXISTS ("
        "SELECT 1 FROM audit_entry WHERE bucket = h.bucket AND batch_seq IS NULL) ORDER BY bucket"
    )
    return [row["bucket"] for row in rows]


async def hold_head(tx: Connection, bucket: int) -> Head | None:
    """The end of the chain, held until the transaction ends; None while another sealer holds it."""
    row = await tx.fetchrow(
        "SELECT bucket, seq, hash FROM audit_head WHERE bucket = $1 FOR UPDATE SKIP LOCKED", bucket
    )
    return Head(row["bucket"], row["seq"], row["hash"]) if row else None


async def unsealed(tx: Connection, bucket: int, limit: int) -> list[Entry]:
    """The oldest entries of a bucket that no link names, whenever they were committed."""
    rows = await tx.fetch(
        f"{_READ} WHERE bucket = $1 AND batch_seq IS NULL ORDER BY id LIMIT $2", bucket, limit
    )
    return [_entry(row) for row in rows]


async def add_batch(tx: Connection, batch: Batch, scopes: Sequence[UUID]) -> None:
    """Keeps the link, marks its entries and moves the head, which the caller holds."""
    await tx.execute(
        "INSERT INTO audit_batch (bucket, seq, entries, leaves, prev_hash, hash, sealed_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        batch.bucket,
        batch.seq,
        batch.entries,
        batch.leaves,
        batch.prev_hash,
        batch.hash,
        batch.sealed_at,
    )
    await tx.execute(
        "UPDATE audit_entry AS e SET batch_seq = $3 "
        "FROM unnest($1::uuid[], $2::uuid[]) AS sealed (scope, id) "
        "WHERE e.scope = sealed.scope AND e.id = sealed.id AND e.batch_seq IS NULL",
        scopes,
        batch.entries,
        batch.seq,
    )
    await tx.execute(
        "UPDATE audit_head SET seq = $2, hash = $3 WHERE bucket = $1", batch.bucket, batch.seq, batch.hash
    )


async def heads(tx: Connection) -> list[Head]:
    """The end of every chain."""
    rows = await tx.fetch("SELECT bucket, seq, hash FROM audit_head ORDER BY bucket")
    return [Head(row["bucket"], row["seq"], row["hash"]) for row in rows]


_LINKS_AT_ONCE = 100
_ENTRIES_AT_ONCE = 5_000


async def batches_after(tx: Connection, bucket: int, seq: int, limit: int) -> list[Batch]:
    """The next links of a chain, in order."""
    rows = await tx.fetch(
        "SELECT bucket, seq, entries, leaves, prev_hash, hash, sealed_at FROM audit_batch "
        "WHERE bucket = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        bucket,
        seq,
        limit,
    )
    return [
        Batch(
            r["bucket"], r["seq"], tuple(r["entries"]), r["leaves"], r["prev_hash"], r["hash"], r["sealed_at"]
        )
        for r in rows
    ]


async def sealed_between(tx: Connection, bucket: int, after: int, until: int) -> dict[int, dict[UUID, Entry]]:
    """Entries that say they belong to links `after` < seq <= `until`, by link and id."""
    found: dict[int, dict[UUID, Entry]] = {}
    rows = await tx.fetch(
        f"{_READ} WHERE bucket = $1 AND batch_seq > $2 AND batch_seq <= $3", bucket, after, until
    )
    for row in rows:
        found.setdefault(row["batch_seq"], {})[row["id"]] = _entry(row)
    return found


async def links(tx: Connection, bucket: int) -> AsyncIterator[tuple[Batch, Mapping[UUID, Entry]]]:
    """Every link of a chain in order, with the entries that say they belong to it; few of them at a time."""
    seq = 0
    while batches := await batches_after(tx, bucket, seq, _LINKS_AT_ONCE):
        for some in _in_parts(batches):
            found = await sealed_between(tx, bucket, seq, some[-1].seq)
            for batch in some:
                yield batch, found.get(batch.seq, {})
            seq = some[-1].seq


def _in_parts(batches: Sequence[Batch]) -> Iterator[list[Batch]]:
    """In order, each part of at most _ENTRIES_AT_ONCE entries or of one link."""
    part: list[Batch] = []
    entries = 0
    for batch in batches:
        if part and entries + len(batch.entries) > _ENTRIES_AT_ONCE:
            yield part
            part, entries = [], 0
        part.append(batch)
        entries += len(batch.entries)
    yield part


async def sealed_beyond(tx: Connection, bucket: int, seq: int, limit: int) -> list[tuple[int, UUID]]:
    """Entries that name a link after the last one there is."""
    rows = await tx.fetch(
        "SELECT batch_seq, id FROM audit_entry WHERE bucket = $1 AND batch_seq > $2 "
        "ORDER BY batch_seq, id LIMIT $3",
        bucket,
        seq,
        limit,
    )
    return [(row["batch_seq"], row["id"]) for row in rows]


async def about(tx: Connection, scope: UUID, act: str, limit: int) -> list[Entry]:
    """The newest entries of one act about one driver or person, newest first."""
    rows = await tx.fetch(
        f"{_READ} WHERE scope = $1 AND act = $2 ORDER BY id DESC LIMIT $3", scope, act, limit
    )
    return [_entry(row) for row in rows]


async def acts_about(
    tx: Connection, scope: UUID, acts: Sequence[str], before: Place, limit: int
) -> list[Entry]:
    """The newest entries of several acts about one driver or person before a place, newest first."""
    rows = await tx.fetch(
        f"{_READ} WHERE scope = $1 AND act = ANY ($2::text[]) AND (at, id) < ($3, $4) ORDER BY at DESC, id DESC LIMIT $5",
        scope, list(acts), before.at, before.id, limit,
    )  # fmt: skip
    return [_entry(row) for row in rows]


async def found(
    tx: Connection,
    scope: UUID | None,
    staff: UUID | None,
    since: datetime,
    until: datetime,
    before: AuditId,
    limit: int,
) -> list[Entry]:
    """Entries made from `since` and before `until`, older than `before`, newest first: about a driver, person or other
    subject (`scope`), by a member of staff, or both."""
    # One statement for each index; a null parameter in one for all would let neither be used.
    wanted = {
        (True, False): "scope = $5",
        (False, True): "actor = $5 AND actor_kind = 'staff'",
        (True, True): "scope = $5 AND actor = $6 AND actor_kind = 'staff'",
    }[scope is not None, staff is not None]
    rows = await tx.fetch(
        f"{_READ} WHERE {wanted} AND at >= $1 AND at < $2 AND id < $3 ORDER BY id DESC LIMIT $4",
        since, until, before.uuid, limit, *(each for each in (scope, staff) if each is not None),
    )  # fmt: skip
    return [_entry(row) for row in rows]


# -- checkpoints ---------------------------------------------------------------------------------------

CONSTRAINTS = {"audit_checkpoint_pkey": "another worker made this checkpoint"}


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """One row. `heads` is the SHA-256 of the heads in it."""

    epoch: int
    number: int
    heads: bytes
    octets: bytes


def heads_octets(heads: Sequence[Head]) -> bytes:
    """SHA-256 over heads: equal when nothing was sealed in between."""
    digest = hashlib.sha256()
    for head in heads:
        digest.update(head.bucket.to_bytes(2, "big") + head.seq.to_bytes(8, "big") + head.hash)
    return digest.digest()


async def newest_checkpoints(tx: Connection, limit: int) -> list[KeptCheckpoint]:
    """The newest, newest first."""
    rows = await tx.fetch(
        "SELECT epoch, number, heads, octets FROM audit_checkpoint ORDER BY epoch DESC, number DESC LIMIT $1",
        limit,
    )
    return [KeptCheckpoint(row["epoch"], row["number"], row["heads"], row["octets"]) for row in rows]


async def last_checkpoint(tx: Connection) -> KeptCheckpoint | None:
    """The newest, None before the first."""
    return next(iter(await newest_checkpoints(tx, 1)), None)


async def add_checkpoint(
    tx: Connection, epoch: int, number: int, made_at: datetime, octets: bytes, heads: bytes
) -> None:
    """Keeps it. Raises Conflict at commit or before when this number is taken."""
    await tx.execute(
        "INSERT INTO audit_checkpoint (epoch, number, made_at, octets, heads) VALUES ($1, $2, $3, $4, $5)",
        epoch, number, made_at, octets, heads,
    )  # fmt: skip


async def checkpoints(tx: Connection) -> list[bytes]:
    """The octets of every checkpoint, oldest first."""
    rows = await tx.fetch("SELECT octets FROM audit_checkpoint ORDER BY epoch, number")
    return [row["octets"] for row in rows]


async def hashes_at(tx: Connection, bucket: int, seqs: Sequence[int]) -> dict[int, bytes]:
    """The hash of each of these links that there is."""
    rows = await tx.fetch(
        "SELECT seq, hash FROM audit_batch WHERE bucket = $1 AND seq = ANY($2::bigint[])", bucket, list(seqs)
    )
    return {row["seq"]: row["hash"] for row in rows}
