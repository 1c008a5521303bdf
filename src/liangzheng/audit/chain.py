"""The octets that are hashed, and the walk along a chain. Pure: rows in, faults out.

An entry's octets are a JSON array of its fields in a fixed order, keys of objects sorted, no spaces, UTF-8,
times as integer microseconds since 1970; numbers are integers only, so the octets do not depend on a
database's or a language's float printing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from liangzheng.audit.model import Batch, Entry, Fault, FaultKind, Head
from liangzheng.kernel.ids import AuditId

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = bytes(32)
_as_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970, exact (a float of seconds would not be)."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def leaf(entry: Entry) -> bytes:
    """SHA-256 over the entry's canonical octets."""
    fields = [
        "LZ-AUDIT-ENTRY-1",
        entry.id.uuid.hex,
        entry.scope.hex,
        microseconds(entry.at),
        entry.act,
        entry.actor_kind,
        entry.actor.hex if entry.actor else None,
        entry.subject_kind,
        entry.subject.hex if entry.subject else None,
        entry.purpose,
        dict(entry.detail),
    ]
    return hashlib.sha256(_as_json(fields).encode()).digest()


def link_hash(
    bucket: int, seq: int, entries: Sequence[UUID], leaves: bytes, prev: bytes, sealed_at: datetime
) -> bytes:
    """SHA-256 over one link; every part has a fixed width or a length before it."""
    digest = hashlib.sha256(b"LZ-AUDIT-BATCH-1")
    for number in (bucket, seq, microseconds(sealed_at), len(entries)):
        digest.update(number.to_bytes(8, "big", signed=True))
    digest.update(prev)
    for entry in entries:
        digest.update(entry.bytes)
    digest.update(leaves)
    return digest.digest()


def link_after(head: Head, entries: Sequence[Entry], now: datetime) -> Batch:
    """The next link after `head`, over `entries` in the order given."""
    ids = tuple(entry.id.uuid for entry in entries)
    leaves = b"".join(leaf(entry) for entry in entries)
    seq = head.seq + 1
    digest = link_hash(head.bucket, seq, ids, leaves, head.hash, now)
    return Batch(head.bucket, seq, ids, leaves, head.hash, digest, now)


def faults_in_batch(batch: Batch, prev: bytes, found: Mapping[UUID, Entry]) -> Iterator[Fault]:
    """What is wrong with one link, its entries first: `found` are the rows that say they belong to it."""
    for place, entry_id in enumerate(batch.entries):
        entry = found.get(entry_id)
        name = AuditId(entry_id)
        if entry is None:
            yield Fault(FaultKind.ENTRY_MISSING, batch.bucket, batch.seq, name)
        elif leaf(entry) != batch.leaves[32 * place : 32 * place + 32]:
            yield Fault(FaultKind.ENTRY_CHANGED, batch.bucket, batch.seq, name)
    for entry_id in sorted(found.keys() - set(batch.entries)):
        yield Fault(FaultKind.ENTRY_ADDED, batch.bucket, batch.seq, AuditId(entry_id))
    expected = link_hash(batch.bucket, batch.seq, batch.entries, batch.leaves, prev, batch.sealed_at)
    if batch.prev_hash != prev or batch.hash != expected:
        yield Fault(FaultKind.BATCH_CHANGED, batch.bucket, batch.seq)


class Walk:
    """One bucket's chain, walked link by link. A fault does not hide those after it."""

    def __init__(self, bucket: int, known: Iterable[Head] = ()) -> None:
        self._bucket = bucket
        self._known = {head.seq: head.hash for head in known if head.bucket == bucket}
        self.seq = 0
        self.hash = START
        self._last: AuditId | None = None
        self._before: Batch | None = None
        self._is_vouched_for = self._is_named = False
        """The link before: whether a signed head says that it is the one, and whether a fault of it is named already."""

    def step(self, batch: Batch, found: Mapping[UUID, Entry]) -> list[Fault]:
        """Faults of this link, and of the links missing before it."""
        gap = [
            Fault(FaultKind.BATCH_MISSING, self._bucket, seq, after=self._last)
            for seq in range(self.seq + 1, batch.seq)
        ]
        follows_another = not gap and self._follows_another(batch)
        before = [] if not follows_another or self._is_named else [self._made_anew()]
        # Where the link before is gone or made anew, this one's own word for it is taken: that fault is already named.
        own = list(faults_in_batch(batch, batch.prev_hash if gap or follows_another else self.hash, found))
        known = self._known.pop(batch.seq, None)
        if known is not None and known != batch.hash and not gap and not own:
            own.append(Fault(FaultKind.BATCH_CHANGED, self._bucket, batch.seq))
        # The recorded hash is carried on, so that one changed link is named once and not at all that follow.
        self.seq, self.hash, self._before = batch.seq, batch.hash, batch
        self._last = AuditId(batch.entries[-1]) if batch.entries else self._last
        self._is_vouched_for, self._is_named = known == batch.hash, bool(own)
        return gap + before + own

    def _follows_another(self, batch: Batch) -> bool:
        """Whether a link is whole in itself and follows another one than stands before it: then the one before was made anew, with
        a hash that fits it. Unless a signed head says of that one that it is right: then it was this one."""
        if self._before is None or batch.prev_hash == self.hash or self._is_vouched_for:
            return False
        parts = batch.entries, batch.leaves, batch.prev_hash, batch.sealed_at
        return batch.hash == link_hash(batch.bucket, batch.seq, *parts)

    def _made_anew(self) -> Fault:
        assert self._before is not None
        entries = self._before.entries
        only = AuditId(entries[0]) if len(entries) == 1 else None
        return Fault(FaultKind.BATCH_CHANGED, self._bucket, self._before.seq, only)

    def end(self, head: Head | None, added: Sequence[tuple[int, UUID]]) -> list[Fault]:
        """Faults at the end: entries that name links beyond it, and a head, recorded or remembered, that
        disagrees with it."""
        faults = [Fault(FaultKind.ENTRY_ADDED, self._bucket, seq, AuditId(entry)) for seq, entry in added]
        if any(seq > self.seq for seq in self._known) or (head is not None and head.seq > self.seq):
            faults.append(Fault(FaultKind.CHAIN_CUT, self._bucket, self.seq + 1, after=self._last))
        elif head is None or (head.seq, head.hash) != (self.seq, self.hash):
            faults.append(Fault(FaultKind.HEAD_CHANGED, self._bucket, self.seq))
        return faults
