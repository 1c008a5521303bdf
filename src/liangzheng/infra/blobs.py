"""Bytes kept under their own SHA-256: photographs, documents. What was put is read back, or it raises."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from liangzheng.infra.checks import Check
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import NotFound, TooLarge

CHECKS: Final = (
    Check(
        "every kept file has its hash",
        "SELECT left(encode(hash, 'hex'), 16) AS subject, '' AS found FROM blob WHERE sha256(bytes) <> hash LIMIT $1",
    ),
)
LARGEST: Final = 8 * 1024 * 1024


class Damaged(Exception):
    """Stored bytes no longer have their hash: the disk or a hand changed them. Never the caller's doing."""


async def put(tx: Connection, octets: bytes) -> bytes:
    """The bytes are kept; returns their SHA-256 (32 octets). The same bytes twice are one row."""
    if len(octets) > LARGEST:
        raise TooLarge(f"a stored file has at most {LARGEST // 1024 // 1024} MiB")
    digest = hashlib.sha256(octets).digest()
    await tx.execute(
        "INSERT INTO blob (hash, bytes) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", digest, octets
    )
    return digest


async def put_missing(tx: Connection, files: Mapping[bytes, bytes]) -> None:
    """These bytes are kept, each under its SHA-256. In one order, and only those that are not there yet, so that two who put
    the same do not wait for each other twice."""
    asked = sorted(files)
    rows = await tx.fetch("SELECT hash FROM blob WHERE hash = ANY($1::bytea[])", asked)
    there = {bytes(row["hash"]) for row in rows}
    for digest in asked:
        if digest not in there:
            kept = await put(tx, files[digest])
            assert kept == digest, "kept under its own hash"


async def get(tx: Connection, digest: bytes) -> bytes:
    """The bytes whose SHA-256 is `digest`. Raises NotFound, or Damaged when they are no longer those."""
    octets = await tx.fetchval("SELECT bytes FROM blob WHERE hash = $1", digest)
    if octets is None:
        raise NotFound("no such file")
    if hashlib.sha256(octets).digest() != digest:
        raise Damaged(f"blob {digest.hex()[:16]} does not have its hash")
    return bytes(octets)


async def has(tx: Connection, digest: bytes) -> bool:
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM blob WHERE hash = $1)", digest))


async def drop(tx: Connection, digest: bytes) -> bool:
    """The bytes are gone; for callers that know nothing refers to them any more."""
    return await tx.execute("DELETE FROM blob WHERE hash = $1", digest) == "DELETE 1"
