"""Places in a status list: a keyed permutation of a counter, so that neighbours in time are no neighbours in
the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from liangzheng.licences.model import StatusPlace

LIST_SIZE = 1 << 20
"""Entries of one list: who fetches it asks about one of a million and does not say which (docs/reference.md
§4.8).
"""

_HALF_BITS = 10
_HALF_MASK = (1 << _HALF_BITS) - 1
_ROUNDS = 6


def place_of(secret: bytes, counter: int) -> int:
    """The index of the `counter`-th place taken in a list with this secret; one to one on 0 … LIST_SIZE − 1.

    A balanced Feistel network of six rounds over two halves of ten bits, its round function BLAKE2b under
    the list's
    secret (16 octets): whoever does not know it learns nothing of an index's neighbours.
    """
    left, right = counter >> _HALF_BITS, counter & _HALF_MASK
    for turn in range(_ROUNDS):
        mixed = blake2b(bytes((turn, right >> 8, right & 0xFF)), key=secret, digest_size=2).digest()
        left, right = right, left ^ int.from_bytes(mixed, "big") & _HALF_MASK
    return left << _HALF_BITS | right


def places(list_id: int, secret: bytes, first: int, count: int) -> Iterator[StatusPlace]:
    """The places of a block of counters."""
    return (StatusPlace(list_id, place_of(secret, counter)) for counter in range(first, first + count))
