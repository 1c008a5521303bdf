"""Bytes under their own hash."""

from __future__ import annotations

import hashlib

import pytest

from liangzheng.infra import blobs
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import NotFound, TooLarge

PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 40


async def test_what_was_put_is_what_is_got_and_twice_is_one_row(tx: Connection) -> None:
    digest = await blobs.put(tx, PHOTO)
    assert digest == hashlib.sha256(PHOTO).digest() == await blobs.put(tx, PHOTO)
    assert await blobs.get(tx, digest) == PHOTO
    assert await tx.fetchval("SELECT count(*) FROM blob") == 1


async def test_of_several_only_the_missing_are_put(tx: Connection) -> None:
    there = await blobs.put(tx, PHOTO)
    other = hashlib.sha256(b"other").digest()
    for _ in range(2):
        await blobs.put_missing(tx, {there: PHOTO, other: b"other"})
    assert await blobs.get(tx, other) == b"other"
    assert await tx.fetchval("SELECT count(*) FROM blob") == 2
    with pytest.raises(AssertionError):
        await blobs.put_missing(tx, {bytes(32): b"not under its own hash"})


async def test_bytes_that_changed_in_store_are_not_given_out(tx: Connection) -> None:
    digest = await blobs.put(tx, PHOTO)
    await tx.execute("UPDATE blob SET bytes = set_byte(bytes, 100, 7)")
    with pytest.raises(blobs.Damaged):
        await blobs.get(tx, digest)


async def test_unknown_bytes_are_not_found_and_dropped_ones_neither(tx: Connection) -> None:
    digest = await blobs.put(tx, PHOTO)
    assert await blobs.has(tx, digest)
    assert await blobs.drop(tx, digest)
    assert not await blobs.drop(tx, digest)
    assert not await blobs.has(tx, digest)
    with pytest.raises(NotFound):
        await blobs.get(tx, digest)


async def test_too_many_bytes_are_refused(tx: Connection) -> None:
    await blobs.put(tx, bytes(blobs.LARGEST))
    with pytest.raises(TooLarge):
        await blobs.put(tx, bytes(blobs.LARGEST + 1))
