"""The outside verifier: chains and signed checkpoints against each other, from a read-only connection or an export.

It trusts the root's trust bundle and whatever checkpoints were copied out of reach of this database's owner; it
trusts nothing the database says by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from liangzheng.audit.chain import Walk
from liangzheng.audit.checkpoint import NOTHING_BEFORE, Signed, opened
from liangzheng.audit.model import BUCKETS, Batch, Entry, Fault, FaultKind, Head
from liangzheng.kernel.errors import NotVerified
from liangzheng.kernel.ids import AuditId
from liangzheng.standards.trust import TrustBundle

MOST_FAULTS = 1000


class Chain(Protocol):
    """One bucket as it is recorded."""

    @property
    def bucket(self) -> int: ...
    @property
    def head(self) -> Head | None: ...
    def links(self) -> AsyncIterator[tuple[Batch, Mapping[UUID, Entry]]]:
        """Every link in order, with the entries that say they belong to it."""
        ...

    async def beyond(self, seq: int) -> Sequence[tuple[int, UUID]]:
        """Entries that name a link after `seq`, the last there is."""
        ...


class Record(Protocol):
    """An audit record of one moment: a database snapshot, or an export."""

    async def checkpoints(self) -> Sequence[bytes]: ...
    def chains(self) -> AsyncIterator[Chain]: ...


OpenRecord = AbstractAsyncContextManager[Record]


class CheckpointFault(StrEnum):
    """What can be wrong with a checkpoint."""

    FORGED = "checkpoint forged"
    MISSING = "checkpoint missing"
    TWO = "two checkpoints in one place"
    REWRITTEN = "record rewritten"


@dataclass(frozen=True, slots=True)
class Discovery:
    """One thing that is not as it was signed: a fault of a chain, or of a checkpoint."""

    what: str
    where: str
    entry: AuditId | None = None

    def __str__(self) -> str:
        return f"{self.what}: {self.where}" + (f", entry {self.entry}" if self.entry else "")

    @classmethod
    def of(cls, fault: Fault) -> Discovery:
        """The fault of a chain in these terms."""
        return cls(fault.kind.value.replace("_", " "), fault.where, fault.entry)


@dataclass(slots=True)
class Verdict:
    """What was found, the first bad entry first, and how much was looked at."""

    discoveries: list[Discovery] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    checkpoints: int = 0
    links: int = 0
    entries: int = 0


@dataclass(slots=True)
class _Known:
    """Heads that were signed: bucket → seq → (hash, name of the checkpoint)."""

    of_bucket: dict[int, dict[int, tuple[bytes, str]]] = field(default_factory=dict)

    def add(self, signed: Signed) -> Head | None:
        """Takes in its heads; the first that contradicts one known before, if any."""
        for head in signed.checkpoint.heads:
            heads = self.of_bucket.setdefault(head.bucket, {})
            hash_, _ = heads.setdefault(head.seq, (head.hash, signed.checkpoint.name))
            if hash_ != head.hash:
                return head
        return None

    def heads(self, bucket: int) -> list[Head]:
        return [Head(bucket, seq, hash_) for seq, (hash_, _) in self.of_bucket.get(bucket, {}).items()]


async def verify(record: Record, trust: TrustBundle, kept: Mapping[str, bytes] | None = None) -> Verdict:
    """Every chain, link by link, against every checkpoint of the record and every one in `kept` (name → octets).

    Finds any edit, deletion, swap, slipped-in entry, cut, fork, and an older database put in the place of this one;
    a record rewritten to its end only from the checkpoints in `kept`. At most `MOST_FAULTS` discoveries.
    """
    verdict = Verdict()
    known = _checkpoints(await record.checkpoints(), kept or {}, trust, verdict)
    if not kept:
        verdict.notices.append(
            "no checkpoints kept elsewhere: a record cut or rewritten together with its own checkpoints is not found"
        )
    there: list[int] = []
    async for chain in record.chains():
        there.append(chain.bucket)
        verdict.discoveries += await _chain(chain, known, verdict)
        if len(verdict.discoveries) >= MOST_FAULTS:
            break
    else:
        verdict.discoveries += _whole_chains(there, known)
    del verdict.discoveries[MOST_FAULTS:]
    return verdict


# -- checkpoints ---------------------------------------------------------------------------------------


def _checkpoints(
    recorded: Sequence[bytes], kept: Mapping[str, bytes], trust: TrustBundle, verdict: Verdict
) -> _Known:
    """Opens all, compares them with each other, and gives the heads they vouch for."""
    inside = _open(
        {f"of the record, number {n}": octets for n, octets in enumerate(recorded, 1)}, trust, verdict
    )
    outside = _open(kept, trust, verdict)
    every = outside | inside  # both sides are compared first
    verdict.checkpoints = len(every)
    standing = _in_line(every, verdict)
    for place, signed in outside.items():
        there, name = inside.get(place), signed.checkpoint.name
        if there is None and place in standing:
            where = f"{name} was signed and is not in the record: cut, or an older database"
            verdict.discoveries.append(Discovery(CheckpointFault.MISSING, where))
        elif there is not None and there.octets != signed.octets:
            where = f"{name}: one in the record, another kept"
            verdict.discoveries.append(Discovery(CheckpointFault.TWO, where))
    known = _Known()
    for place in standing:
        signed = every[place]
        contradicted = known.add(signed)
        if contradicted is not None:
            where = (
                f"{signed.checkpoint.name} contradicts an earlier one in bucket {contradicted.bucket}, "
                f"batch {contradicted.seq}"
            )
            verdict.discoveries.append(Discovery(CheckpointFault.TWO, where))
    return known


def compared(
    recorded: Sequence[bytes], kept: Mapping[str, bytes], trust: TrustBundle
) -> tuple[Verdict, Mapping[int, Mapping[int, tuple[bytes, str]]]]:
    """What is wrong with checkpoints by themselves, and what they vouch for: bucket → seq → (hash, checkpoint)."""
    verdict = Verdict()
    return verdict, _checkpoints(recorded, kept, trust, verdict).of_bucket


Place = tuple[int, int]
"""Epoch and number."""


def _open(named: Mapping[str, bytes], trust: TrustBundle, verdict: Verdict) -> dict[Place, Signed]:
    found: dict[Place, Signed] = {}
    for name, octets in named.items():
        try:
            signed = opened(octets, trust)
        except NotVerified as fault:
            verdict.discoveries.append(Discovery(CheckpointFault.FORGED, f"{name}: {fault.why}"))
            continue
        place = (signed.checkpoint.epoch, signed.checkpoint.number)
        before = found.setdefault(place, signed)
        if before.octets != octets:
            verdict.discoveries.append(
                Discovery(CheckpointFault.TWO, f"{signed.checkpoint.name}: {name} and another")
            )
    return found


def _in_line(every: Mapping[Place, Signed], verdict: Verdict) -> list[Place]:
    """Those that still speak of this record, oldest first: what a restore left behind is told as a notice."""
    digests = {signed.digest: place for place, signed in every.items()}
    epochs = sorted({epoch for epoch, _ in every})
    ends: dict[int, int] = {}
    for epoch in epochs:
        numbers = sorted(number for of_epoch, number in every if of_epoch == epoch)
        for number in range(1, numbers[-1] + 1):
            signed = every.get((epoch, number))
            if signed is None:
                verdict.discoveries.append(Discovery(CheckpointFault.MISSING, f"{epoch}-{number}"))
                continue
            before = signed.checkpoint.before
            earlier = every.get((epoch, number - 1))
            if number > 1 and earlier is not None and before != earlier.digest:
                verdict.discoveries.append(
                    Discovery(CheckpointFault.TWO, f"{epoch}-{number} follows another {epoch}-{number - 1}")
                )
        first = every.get((epoch, 1))
        if first is not None and first.checkpoint.before != NOTHING_BEFORE:
            since = digests.get(first.checkpoint.before)
            if since is None:
                verdict.discoveries.append(
                    Discovery(CheckpointFault.MISSING, f"the one that {epoch}-1 follows")
                )
            else:
                _left_behind(every, since, epoch, ends, verdict)
    return [place for place in sorted(every) if place[1] <= ends.get(place[0], place[1])]


def _left_behind(
    every: Mapping[Place, Signed], since: Place, epoch: int, ends: dict[int, int], verdict: Verdict
) -> None:
    """Epoch `epoch` began from a backup that ended with `since`: later ones of earlier epochs speak of what was lost."""
    lost = [place for place in every if since < place < (epoch, 1)]
    for place in lost:
        ends[place[0]] = min(ends.get(place[0], place[1] - 1), place[1] - 1)
    if lost:
        first, last = every[min(lost)].checkpoint, every[max(lost)].checkpoint
        verdict.notices.append(
            f"epoch {epoch} was restored from a backup that ended with checkpoint {since[0]}-{since[1]}: "
            f"{len(lost)} checkpoints, {first.name} to {last.name}, speak of entries that are gone"
        )


# -- chains --------------------------------------------------------------------------------------------


def _whole_chains(there: Sequence[int], known: _Known) -> Iterator[Discovery]:
    """A chain that is left out has no bad entry of its own to name it, and one told twice hides which is the record's."""
    kind = FaultKind.CHAIN_CUT.value.replace("_", " ")
    for bucket in sorted({*range(BUCKETS), *there}):
        if bucket not in there:
            last = max((head.seq for head in known.heads(bucket)), default=0)
            signed = f", {last} batches of it were signed" if last else ""
            yield Discovery(kind, f"bucket {bucket} is not in the record{signed}")
        elif bucket >= BUCKETS or there.count(bucket) > 1:
            yield Discovery(kind, f"bucket {bucket} is in the record twice, or is none of {BUCKETS}")


async def _chain(chain: Chain, known: _Known, verdict: Verdict) -> list[Discovery]:
    heads = known.heads(chain.bucket)
    walk, found = Walk(chain.bucket, heads), []
    async for batch, entries in chain.links():
        verdict.links += 1
        verdict.entries += len(entries)
        faults = walk.step(batch, entries)
        found += [_told(fault, batch, heads, known) for fault in faults]
    faults = walk.end(chain.head, await chain.beyond(walk.seq))
    return found + [Discovery.of(fault) for fault in faults]


def _told(fault: Fault, batch: Batch, heads: Sequence[Head], known: _Known) -> Discovery:
    """A link that is whole in itself but not the one that was signed: it, or one since the checkpoint before, was made anew."""
    signed = known.of_bucket.get(fault.bucket, {}).get(fault.seq) if fault.seq == batch.seq else None
    rewritten = fault.kind is FaultKind.BATCH_CHANGED and signed is not None and signed[0] != batch.hash
    if not rewritten or signed is None:
        return Discovery.of(fault)
    good = max((head.seq for head in heads if head.seq < fault.seq), default=0)
    where = f"bucket {fault.bucket}, batches {good + 1} to {fault.seq} are not those checkpoint {signed[1]} was signed over"
    return Discovery(
        CheckpointFault.REWRITTEN, where, AuditId(batch.entries[0]) if good + 1 == fault.seq else None
    )
