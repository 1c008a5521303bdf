"""What an audit entry, a link of its chain and a fault found in it are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import AuditId, Id

BUCKETS = 64

ActorKind = Literal["person", "verifier", "company", "staff", "worker", "operator", "system", "source"]
Detail = Mapping[str, "str | int | bool | Sequence[str] | Sequence[int] | None"]

_LOOKS_PERSONAL = re.compile(r"(?<![0-9A-Za-z])(?:[1-9]\d{16}[0-9Xx]|1[3-9]\d{9})(?![0-9A-Za-z])")
_HEADS = "LZ-AUDIT-HEADS-1"
_HEAD = re.compile(r"([0-9]{1,2}) ([0-9]{1,18}) ([0-9a-f]{64})", re.ASCII)
_ACT = re.compile(r"[a-z][a-z-]*\.[a-z][a-z-]*")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted. `id` is None for the platform itself (a worker, a scheduled act). `duty`: under which a member of staff did; it
    is in the detail of every entry of theirs."""

    kind: ActorKind
    id: Id | None = None
    duty: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing somebody did. `scope` is the shard: the driver or person it is about, else the subject,
    else the entry itself."""

    id: AuditId
    scope: UUID
    at: datetime
    act: str
    actor_kind: str
    actor: UUID | None
    subject_kind: str | None
    subject: UUID | None
    purpose: str
    detail: Detail

    @property
    def bucket(self) -> int:
        """The chain this entry belongs to, 0…63: the last six bits of its scope."""
        return self.scope.int & (BUCKETS - 1)


def entry_of(
    act: str,
    actor: Actor,
    subject: Id | None,
    driver_id: Id | None,
    purpose: str,
    detail: Detail,
    now: datetime,
) -> Entry:
    """A new entry; refuses, as a bug of the caller, what looks like personal data or cannot be hashed for
    ever."""
    if not _ACT.fullmatch(act):
        raise ValueError(f"act {act!r} is not of the form 'thing.done'")
    if actor.duty is not None:
        if detail.get("duty", actor.duty) != actor.duty:
            raise ValueError("detail 'duty' is the duty of who acts, and another than theirs")
        detail = {**detail, "duty": actor.duty}
    refuse_unfit(detail)
    refuse_unfit({"purpose": purpose})
    entry_id = AuditId.new()
    scope = next((owner.uuid for owner in (driver_id, subject) if owner is not None), entry_id.uuid)
    return Entry(
        id=entry_id,
        scope=scope,
        at=now,
        act=act,
        actor_kind=actor.kind,
        actor=actor.id.uuid if actor.id else None,
        subject_kind=subject.prefix if subject else None,
        subject=subject.uuid if subject else None,
        purpose=purpose,
        detail=detail,
    )


def refuse_unfit(detail: Mapping[str, object]) -> None:
    """Raises ValueError for a detail with a number that is no integer, or a text that looks like an
    identity or mobile number."""
    for name, value in detail.items():
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, str):
                if _LOOKS_PERSONAL.search(item):
                    raise ValueError(
                        f"detail {name!r} looks like personal data; an audit entry names people by id"
                    )
            elif item is not None and not isinstance(item, bool | int):
                raise ValueError(
                    f"detail {name!r} is a {type(item).__name__}; only text, integers, booleans and null"
                )


@dataclass(frozen=True, slots=True)
class Batch:
    """One link: the entries it names, in order, and the hash of each."""

    bucket: int
    seq: int
    entries: tuple[UUID, ...]
    leaves: bytes
    prev_hash: bytes
    hash: bytes
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """The end of one chain. Kept outside the database it proves that nothing up to `seq` was cut off or
    rewritten."""

    bucket: int
    seq: int
    hash: bytes


def heads_to_text(heads: Iterable[Head]) -> str:
    """Heads as they are kept outside: a line for each chain, `bucket seq hash`, after a line that says what it is."""
    return "".join([f"{_HEADS}\n", *(f"{head.bucket} {head.seq} {head.hash.hex()}\n" for head in heads)])


def heads_from_text(text: str) -> list[Head]:
    """What `heads_to_text` wrote, the whole of it. Raises Invalid."""
    first, *lines = text.splitlines() or [""]
    found = [_HEAD.fullmatch(line) for line in lines]
    heads = [Head(int(m[1]), int(m[2]), bytes.fromhex(m[3])) for m in found if m is not None]
    if first != _HEADS or len(heads) != len(lines) or [head.bucket for head in heads] != list(range(BUCKETS)):
        raise Invalid(
            "heads", f"a line {_HEADS!r}, then one for each of {BUCKETS} chains: bucket, number, hash"
        )
    return heads


class FaultKind(StrEnum):
    """What a check found."""

    ENTRY_CHANGED = "entry_changed"
    ENTRY_MISSING = "entry_missing"
    ENTRY_ADDED = "entry_added"
    BATCH_CHANGED = "batch_changed"
    BATCH_MISSING = "batch_missing"
    CHAIN_CUT = "chain_cut"
    HEAD_CHANGED = "head_changed"


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the record is not what was sealed. `entry` is None when only the link can be named; `after` is then the
    last entry before it, where entries are gone."""

    kind: FaultKind
    bucket: int
    seq: int
    entry: AuditId | None = None
    after: AuditId | None = field(default=None, compare=False)

    @property
    def where(self) -> str:
        """In words, but for the entry."""
        return f"bucket {self.bucket}, batch {self.seq}" + (
            f", after entry {self.after}" if self.after else ""
        )

    def __str__(self) -> str:
        return f"{self.kind.value.replace('_', ' ')}: {self.where}" + (
            f", entry {self.entry}" if self.entry else ""
        )
