"""Where the outside verifier reads from: a snapshot of the database, or a file that `export` wrote from one."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TextIO
from uuid import UUID

from liangzheng.audit import store
from liangzheng.audit.chain import microseconds
from liangzheng.audit.model import BUCKETS, Batch, Entry, Head
from liangzheng.audit.verify import Chain, CheckpointFault, Discovery, Record, compared
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import AuditId
from liangzheng.standards.trust import TrustBundle

FORMAT: Final = "LZ-AUDIT-EXPORT-1"
_MOST_BEYOND: Final = 1000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


# -- the database ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _StoredChain:
    tx: Connection
    bucket: int
    head: Head | None

    def links(self) -> AsyncIterator[tuple[Batch, Mapping[UUID, Entry]]]:
        return store.links(self.tx, self.bucket)

    async def beyond(self, seq: int) -> Sequence[tuple[int, UUID]]:
        return await store.sealed_beyond(self.tx, self.bucket, seq, _MOST_BEYOND)


@dataclass(frozen=True, slots=True)
class _Stored:
    tx: Connection

    async def checkpoints(self) -> Sequence[bytes]:
        return await store.checkpoints(self.tx)

    async def chains(self) -> AsyncIterator[Chain]:
        heads = {head.bucket: head for head in await store.heads(self.tx)}
        for bucket in range(BUCKETS):
            yield _StoredChain(self.tx, bucket, heads.get(bucket))


@asynccontextmanager
async def stored(db: Database) -> AsyncIterator[Record]:
    """The record as the database has it at one moment; nothing can be written through it."""
    async with db.snapshot() as tx:
        yield _Stored(tx)


async def check_checkpoints(db: Database, trust: TrustBundle, kept: Mapping[str, bytes]) -> list[Discovery]:
    """Faults of the checkpoints, of the record and in `kept`, and chains that are not those they were signed over.

    Does not walk the chains: for whoever has done so already (`check`).
    """
    async with db.snapshot() as tx:
        verdict, known = compared(await store.checkpoints(tx), kept, trust)
        for bucket, signed in known.items():
            there = await store.hashes_at(tx, bucket, [seq for seq in signed if seq > 0])
            verdict.discoveries += [
                Discovery(
                    CheckpointFault.REWRITTEN,
                    f"bucket {bucket}, batch {seq} is not the one checkpoint {name} names",
                )
                for seq, (hash_, name) in sorted(signed.items())
                if seq > 0 and there.get(seq) != hash_
            ]
    return verdict.discoveries


# -- an export -------------------------------------------------------------------------------------------


async def export(
    db: Database, path: Path, now: datetime, progress: Callable[[int], None] = lambda _: None
) -> int:
    """The sealed record, whole, in one file (gzip, a JSON array a line); how many entries. Names are ids, as in the record.

    `progress` is told the buckets done.
    """
    count = 0
    partial = path.with_name(path.name + ".partial")
    async with stored(db) as record:
        with gzip.open(partial, "wt", encoding="utf-8") as out:
            _line(out, "export", FORMAT, now.isoformat())
            for octets in await record.checkpoints():
                _line(out, "checkpoint", base64.b64encode(octets).decode())
            async for chain in record.chains():
                count += await _write_chain(out, chain)
                progress(chain.bucket + 1)
            _line(out, "end", count)
    partial.replace(path)
    return count


async def _write_chain(out: TextIO, chain: Chain) -> int:
    count = seq = 0
    head = chain.head
    _line(out, "chain", chain.bucket, *([head.seq, head.hash.hex()] if head else [None, None]))
    async for batch, entries in chain.links():
        seq = batch.seq
        names = [entry.hex for entry in batch.entries]
        sealed_at = microseconds(batch.sealed_at)
        _line(
            out,
            "batch",
            batch.seq,
            names,
            batch.leaves.hex(),
            batch.prev_hash.hex(),
            batch.hash.hex(),
            sealed_at,
        )
        for entry in entries.values():
            _line(out, "entry", *_fields(entry))
            count += 1
    for number, entry_id in await chain.beyond(seq):
        _line(out, "beyond", number, entry_id.hex)
    return count


def _fields(entry: Entry) -> list[Any]:
    hexed = [value.hex if value else None for value in (entry.scope, entry.actor, entry.subject)]
    return [
        entry.id.uuid.hex, hexed[0], microseconds(entry.at), entry.act, entry.actor_kind, hexed[1], entry.subject_kind,
        hexed[2], entry.purpose, dict(entry.detail),
    ]  # fmt: skip


def _line(out: TextIO, *parts: Any) -> None:
    out.write(json.dumps(parts, ensure_ascii=False, separators=(",", ":")) + "\n")


@dataclass(slots=True)
class _ExportedChain:
    bucket: int
    head: Head | None
    read: list[tuple[Batch, dict[UUID, Entry]]] = field(default_factory=list)
    after: list[tuple[int, UUID]] = field(default_factory=list)

    async def links(self) -> AsyncIterator[tuple[Batch, Mapping[UUID, Entry]]]:
        for link in self.read:
            yield link

    async def beyond(self, seq: int) -> Sequence[tuple[int, UUID]]:
        return self.after


@dataclass(frozen=True, slots=True)
class Exported:
    """The record in a file that `export` wrote; one bucket at a time is in memory."""

    path: Path

    async def checkpoints(self) -> Sequence[bytes]:
        found = []
        for kind, *parts in self._lines():
            if kind == "chain":
                break
            if kind == "checkpoint":
                with self._readable():
                    found.append(base64.b64decode(parts[0], validate=True))
        return found

    async def chains(self) -> AsyncIterator[Chain]:
        chain: _ExportedChain | None = None
        for kind, *parts in self._lines():
            if kind == "chain":
                if chain is not None:
                    yield chain
                with self._readable():
                    chain = _begun(*parts)
            elif chain is not None:
                with self._readable():
                    _take_in(chain, kind, parts)
        if chain is not None:
            yield chain

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Invalid for a line that says something else than `export` writes: what was changed by hand is no record."""
        try:
            yield
        except (ValueError, IndexError, TypeError, KeyError, OverflowError) as fault:
            raise Invalid(str(self.path), "is an export: a line is none of its format") from fault

    def _lines(self) -> Iterator[list[Any]]:
        """Every line; Invalid for a file that is none of ours, or does not go to its end."""
        kind = None
        try:
            with gzip.open(self.path, "rt", encoding="utf-8") as text:
                for number, line in enumerate(text):
                    parts = json.loads(line)
                    kind = parts[0]
                    if number == 0 and parts[:2] != ["export", FORMAT]:
                        raise Invalid(str(self.path), f"is an export of format {FORMAT}")
                    yield parts
        except FileNotFoundError:
            raise Invalid(str(self.path), "is a file") from None
        except (OSError, EOFError, ValueError, IndexError, TypeError) as fault:
            if isinstance(fault, Invalid):
                raise
            raise Invalid(str(self.path), "is a whole export: it cannot be read to its end") from None
        if kind != "end":
            raise Invalid(str(self.path), "is a whole export: it ends before its last line")


def _begun(bucket: int, seq: int | None, digest: str | None) -> _ExportedChain:
    if type(bucket) is not int:
        raise ValueError
    head = Head(bucket, seq, bytes.fromhex(digest)) if seq is not None and digest is not None else None
    return _ExportedChain(bucket, head)


def _take_in(chain: _ExportedChain, kind: str, parts: list[Any]) -> None:
    if kind == "batch":
        seq, names, leaves, prev, digest, sealed_at = parts
        ids = tuple(UUID(hex=name) for name in names)
        at = _EPOCH + timedelta(microseconds=sealed_at)
        batch = Batch(
            chain.bucket, seq, ids, bytes.fromhex(leaves), bytes.fromhex(prev), bytes.fromhex(digest), at
        )
        chain.read.append((batch, {}))
    elif kind == "entry":
        entry = _entry(parts)
        chain.read[-1][1][entry.id.uuid] = entry
    elif kind == "beyond":
        chain.after.append((parts[0], UUID(hex=parts[1])))


def _entry(parts: list[Any]) -> Entry:
    id_, scope, at, act, actor_kind, actor, subject_kind, subject, purpose, detail = parts
    return Entry(
        id=AuditId(UUID(hex=id_)),
        scope=UUID(hex=scope),
        at=_EPOCH + timedelta(microseconds=at),
        act=act,
        actor_kind=actor_kind,
        actor=UUID(hex=actor) if actor else None,
        subject_kind=subject_kind,
        subject=UUID(hex=subject) if subject else None,
        purpose=purpose,
        detail=detail,
    )
