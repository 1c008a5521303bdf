"""Signed checkpoints: all chain heads of one moment, in octets that can be kept where nobody here can rewrite them.

    payload = {6: made_at, -65541: [epoch, number, SHA-256 of the checkpoint before, [[bucket, seq, hash], …]]}

A COSE_Sign1 of the audit signer over deterministic CBOR. Numbers run without gaps within an epoch; a restore
begins the next epoch at 1, whose `before` is the checkpoint the backup ended with (nought octets: none).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from liangzheng.audit import store
from liangzheng.audit.model import BUCKETS, Head
from liangzheng.infra.keys_file import write_whole
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import NotVerified
from liangzheng.standards import cbor, cose
from liangzheng.standards.errors import BadSignature, Malformed
from liangzheng.standards.keys import Signer
from liangzheng.standards.trust import TrustBundle
from liangzheng.standards.x509 import Role

_IAT: Final = 6
_CLAIM: Final = -65541
NOTHING_BEFORE: Final = bytes(32)
SUFFIX: Final = ".checkpoint"
_FILES_A_FOLDER: Final = 10_000


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What one checkpoint says. `before` is the SHA-256 of the octets of the one before it."""

    epoch: int
    number: int
    made_at: datetime
    before: bytes
    heads: tuple[Head, ...]

    @property
    def name(self) -> str:
        """For people: `0-17`."""
        return f"{self.epoch}-{self.number}"


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint and its signed octets."""

    checkpoint: Checkpoint
    octets: bytes

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.octets).digest()


def sign(checkpoint: Checkpoint, signer: Signer) -> Signed:
    """The checkpoint as the audit signer says it; its time is cut to the second."""
    heads = [[head.bucket, head.seq, head.hash] for head in checkpoint.heads]
    inner = [checkpoint.epoch, checkpoint.number, checkpoint.before, heads]
    payload = cbor.encode({_IAT: int(checkpoint.made_at.timestamp()), _CLAIM: inner})
    return Signed(checkpoint, cose.sign(payload, signer))


def opened(octets: bytes, trust: TrustBundle) -> Signed:
    """The checkpoint in `octets`. Raises NotVerified unless an audit signer of the trust bundle signed it in its time."""
    try:
        signed = cose.parse(octets)
        checkpoint = _read(cbor.decode(signed.payload))
        entry = trust.find(signed.kid, Role.AUDIT)
        if entry is None:
            raise NotVerified("trusted signer", "its key is no audit signer of the trust bundle")
        why = entry.why_not_at(int(checkpoint.made_at.timestamp()))
        if why is not None:
            raise NotVerified("trusted signer", why)
        entry.key.verify(signed.to_be_signed, signed.signature)
    except (Malformed, BadSignature) as fault:
        raise NotVerified("signature", str(fault)) from None
    return Signed(checkpoint, octets)


def _read(claims: Any) -> Checkpoint:
    inner = claims.get(_CLAIM) if type(claims) is dict and set(claims) == {_IAT, _CLAIM} else None
    if (
        type(inner) is not list
        or [type(item) for item in inner] != [int, int, bytes, list]
        or type(claims[_IAT]) is not int
    ):
        raise Malformed("not the claims of a checkpoint")
    epoch, number, before, rows = inner
    if epoch < 0 or number < 1 or len(before) != 32 or not 0 <= claims[_IAT] < 1 << 40:
        raise Malformed("not the claims of a checkpoint")
    heads = []
    for row in rows:
        if type(row) is not list or [type(item) for item in row] != [int, int, bytes] or len(row[2]) != 32:
            raise Malformed("not a head of a chain")
        heads.append(Head(*row))
    if [head.bucket for head in heads] != list(range(BUCKETS)):
        raise Malformed("not the heads of all chains, in order")
    return Checkpoint(epoch, number, datetime.fromtimestamp(claims[_IAT], UTC), before, tuple(heads))


async def checkpoint(db: Database, signer: Signer, epoch: int, now: datetime) -> Signed | None:
    """Every chain head is in a signed checkpoint; None when nothing was sealed since the last one.

    Several workers may ask at once: one makes it, the others raise Conflict and find it done at their next turn.
    """
    async with db.transaction(store.CONSTRAINTS) as tx:
        last = await store.last_checkpoint(tx)
        heads = tuple(await store.heads(tx))
        if last is not None and last.epoch == epoch and last.heads == store.heads_octets(heads):
            return None
        before = NOTHING_BEFORE if last is None else hashlib.sha256(last.octets).digest()
        number = last.number + 1 if last is not None and last.epoch == epoch else 1
        made = sign(Checkpoint(epoch, number, now, before, heads), signer)
        await store.add_checkpoint(tx, epoch, number, now, made.octets, store.heads_octets(heads))
    return made


async def write_files(db: Database, directory: Path, at_most: int = 1000) -> int:
    """The newest checkpoints are files under `directory`; how many were missing there.

    Goes back until one is there already, so that what a crash left out is caught up with.
    """
    written = 0
    async with db.read() as tx:
        newest = await store.newest_checkpoints(tx, at_most)
    for row in newest:
        path = directory / path_of(row.epoch, row.number)
        if path.exists():
            break
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, row.octets, 0o644)
        written += 1
    return written


def path_of(epoch: int, number: int) -> Path:
    """Where a checkpoint is in its directory; ten thousand files a folder."""
    return Path(f"{epoch:04d}") / f"{number // _FILES_A_FOLDER:06d}" / f"{number:010d}{SUFFIX}"


def read_files(directory: Path) -> dict[str, bytes]:
    """Octets of every checkpoint file under `directory`, by its path there."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob(f"*{SUFFIX}"))
    }
