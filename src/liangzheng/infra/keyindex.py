"""Look-up and global uniqueness of numbers that are nobody's shard key, by keyed hash.

The number itself is not in the index, and without the secret a stolen table cannot be searched: identity
numbers are too few for a plain hash. BLAKE2b's own keyed mode is the HMAC here; sixteen octets are enough for
10^10 rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Final
from uuid import UUID

from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Invalid
from liangzheng.kernel.ids import Id

_SECRET_OCTETS: Final = 32
HASH_OCTETS: Final = 16


class Kind(IntEnum):
    """What the number is. The values are in the database."""

    IDENTITY_NUMBER = 1
    MOBILE = 2
    FILE_NUMBER = 3
    LICENCE_NUMBER = 4


_WORDS: Final[Mapping[Kind, str]] = {
    Kind.IDENTITY_NUMBER: "identity number",
    Kind.MOBILE: "mobile number",
    Kind.FILE_NUMBER: "file number",
    Kind.LICENCE_NUMBER: "licence number",
}


class KeyIndex:
    """Hashes with the deployment's secret (from `lz keys init`; losing it means building the index anew)."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != _SECRET_OCTETS:
            raise Invalid("key index secret", f"is {_SECRET_OCTETS} octets")
        self._secret = secret

    def hash(self, kind: Kind | int, value: str) -> bytes:
        """Sixteen octets. The kind is part of it: the same digits as a mobile and as a file number differ."""
        return self.hasher(kind)(value.encode())

    def hasher(self, kind: Kind | int) -> Callable[[bytes], bytes]:
        """`hash` for many values of one kind, given in UTF-8: the secret goes into the hash once, not each time."""
        person = b"lz-key-%02d" % int(kind)
        keyed = hashlib.blake2b(key=self._secret, digest_size=HASH_OCTETS, person=person)

        def hash_of(value: bytes) -> bytes:
            state = keyed.copy()
            state.update(value)
            return state.digest()

        return hash_of

    def derive(self, what: str, subject: bytes) -> bytes:
        """32 octets for one use and one subject: a key that need not be stored, since it can be made again."""
        octets = what.encode()
        message = len(octets).to_bytes(2, "big") + octets + subject
        return hashlib.blake2b(message, key=self._secret, digest_size=32, person=b"lz-derived-key").digest()

    def __repr__(self) -> str:
        return "KeyIndex(…)"


async def find(tx: Connection, kind: Kind | int, key_hash: bytes) -> UUID | None:
    """Whose number this is; None when nobody's."""
    found: UUID | None = await tx.fetchval(
        "SELECT owner FROM key_index WHERE key_hash = $1 AND kind = $2", key_hash, int(kind)
    )
    return found


async def find_many(tx: Connection, kind: Kind | int, hashes: Sequence[bytes]) -> dict[bytes, UUID]:
    """The owners of those hashes that have one."""
    rows = await tx.fetch(
        "SELECT key_hash, owner FROM key_index WHERE key_hash = ANY ($1::bytea[]) AND kind = $2",
        list(hashes), int(kind),
    )  # fmt: skip
    return {bytes(row["key_hash"]): row["owner"] for row in rows}


async def claim(tx: Connection, kind: Kind | int, key_hash: bytes, owner: Id | UUID) -> None:
    """The number is `owner`'s, however often that is said. Raises Conflict when it is another's."""
    uuid = owner.uuid if isinstance(owner, Id) else owner
    held = await tx.fetchval(
        """
        WITH mine AS (
            INSERT INTO key_index (key_hash, kind, owner) VALUES ($1, $2, $3)
            ON CONFLICT (key_hash, kind) DO NOTHING RETURNING owner)
        SELECT owner FROM mine
         UNION ALL
        SELECT owner FROM key_index WHERE key_hash = $1 AND kind = $2
         LIMIT 1
        """,
        key_hash, int(kind), uuid,
    )  # fmt: skip
    if held is None:
        # Inserted by another transaction that committed while we waited: our snapshot was older, a new one
        # sees it.
        held = await find(tx, kind, key_hash)
    if held != uuid:
        raise Conflict(f"this {_WORDS[Kind(kind)]} is registered already", rule="key_index")


async def release(tx: Connection, kind: Kind | int, key_hash: bytes, owner: Id | UUID) -> bool:
    """The number is nobody's; False when it was not `owner`'s in the first place."""
    uuid = owner.uuid if isinstance(owner, Id) else owner
    status = await tx.execute(
        "DELETE FROM key_index WHERE key_hash = $1 AND kind = $2 AND owner = $3", key_hash, int(kind), uuid
    )
    return status == "DELETE 1"
