"""Small secrets in the database: closed to another owner, another key, another purpose, and to whoever alters them."""

from __future__ import annotations

import pytest

from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.keys_sealed import Seal
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import StaffId

KEYS = KeyIndex(b"k" * 32)
OWNER = StaffId.new()
SEAL = Seal(KEYS, "one")


def test_what_was_sealed_opens_for_its_owner_and_never_looks_the_same() -> None:
    one, two = SEAL.close(b"a secret", OWNER), SEAL.close(b"a secret", OWNER)
    assert one != two and b"a secret" not in one
    assert SEAL.open(one, OWNER) == SEAL.open(two, OWNER) == b"a secret"


@pytest.mark.parametrize(
    ("seal", "owner"),
    [(SEAL, StaffId.new()), (Seal(KEYS, "two"), OWNER), (Seal(KeyIndex(b"x" * 32), "one"), OWNER)],
    ids=["another owner", "another purpose", "another key"],
)
def test_it_opens_for_nobody_else(seal: Seal, owner: StaffId) -> None:
    with pytest.raises(Unavailable, match="does not open"):
        seal.open(SEAL.close(b"a secret", OWNER), owner)


@pytest.mark.parametrize("at", [0, 11, 12, -1])
def test_an_altered_octet_is_seen(at: int) -> None:
    sealed = bytearray(SEAL.close(b"a secret", OWNER))
    sealed[at] ^= 1
    with pytest.raises(Unavailable):
        SEAL.open(bytes(sealed), OWNER)
