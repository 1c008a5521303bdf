"""Global uniqueness by keyed hash: one owner a number, however many ask at once."""

from __future__ import annotations

import asyncio
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.infra import keyindex
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict, Invalid
from liangzheng.kernel.ids import DriverId

INDEX = KeyIndex(bytes(range(32)))
MOBILE = INDEX.hash(Kind.MOBILE, "13800000000")


async def test_a_number_is_found_by_its_hash_once_it_is_claimed(tx: Connection) -> None:
    driver = DriverId.new()
    assert await keyindex.find(tx, Kind.MOBILE, MOBILE) is None
    await keyindex.claim(tx, Kind.MOBILE, MOBILE, driver)
    assert await keyindex.find(tx, Kind.MOBILE, MOBILE) == driver.uuid
    assert await keyindex.find(tx, Kind.IDENTITY_NUMBER, MOBILE) is None
    assert await keyindex.find_many(tx, Kind.MOBILE, [MOBILE, b"\0" * 16]) == {MOBILE: driver.uuid}


async def test_claiming_again_for_the_same_owner_changes_nothing(tx: Connection) -> None:
    driver = DriverId.new()
    for _ in range(3):
        await keyindex.claim(tx, Kind.MOBILE, MOBILE, driver)
    assert await tx.fetchval("SELECT count(*) FROM key_index") == 1


async def test_another_owner_is_refused_without_naming_the_number(database: Database) -> None:
    async with database.transaction() as tx:
        await keyindex.claim(tx, Kind.MOBILE, MOBILE, DriverId.new())
    with pytest.raises(Conflict, match="this mobile number is registered already"):
        async with database.transaction() as tx:
            await keyindex.claim(tx, Kind.MOBILE, MOBILE, DriverId.new())


async def test_of_many_who_claim_at_once_one_gets_it(database: Database) -> None:
    async def claim(driver: DriverId) -> DriverId:
        async with database.transaction() as tx:
            await keyindex.claim(tx, Kind.MOBILE, MOBILE, driver)
            await asyncio.sleep(0.02)
        return driver

    drivers = [DriverId.new() for _ in range(8)]
    answers = await asyncio.gather(*map(claim, drivers), return_exceptions=True)
    winners = [answer for answer in answers if isinstance(answer, DriverId)]
    assert len(winners) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 7
    async with database.read() as tx:
        assert await keyindex.find(tx, Kind.MOBILE, MOBILE) == winners[0].uuid


async def test_only_its_owner_gives_a_number_up(tx: Connection) -> None:
    driver = DriverId.new()
    await keyindex.claim(tx, Kind.MOBILE, MOBILE, driver)
    assert not await keyindex.release(tx, Kind.MOBILE, MOBILE, DriverId.new())
    assert await keyindex.release(tx, Kind.MOBILE, MOBILE, driver)
    await keyindex.claim(tx, Kind.MOBILE, MOBILE, DriverId.new())


@given(st.sampled_from(Kind), st.text(max_size=30))
def test_the_hash_is_keyed_blake2b_with_the_kind_as_personalisation(kind: Kind, value: str) -> None:
    found = INDEX.hash(kind, value)
    assert len(found) == 16
    others = {INDEX.hash(other, value) for other in Kind if other is not kind}
    assert found not in others
    assert found != KeyIndex(bytes(32)).hash(kind, value)
    assert found != hmac.new(bytes(range(32)), value.encode(), hashlib.blake2b).digest()[:16]


def test_the_hash_is_the_one_in_the_database_for_ever() -> None:
    # A change of the construction would orphan every row: this value was computed when it was chosen.
    expected = hashlib.blake2b(
        b"13800000000", key=bytes(range(32)), digest_size=16, person=b"lz-key-02"
    ).hexdigest()
    assert INDEX.hash(2, "13800000000").hex() == expected == "ebc0040b7c5f104f65e75b30e34985d2"


def test_the_secret_has_one_length_and_is_never_printed() -> None:
    with pytest.raises(Invalid):
        KeyIndex(b"short")
    assert "0001" not in repr(INDEX)
    assert repr(INDEX) == "KeyIndex(…)"
