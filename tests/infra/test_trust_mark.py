"""What a deployment has used as its trust bundle is known after a restart, and an older copy is refused."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from liangzheng.infra import trust_mark
from liangzheng.infra.keys_file import KeyDirs, KeyOverlap, Trust, init, load_bundle, rotate, sign_again
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import NotFound, Unavailable
from liangzheng.kernel.time import FixedClock
from liangzheng.standards.keys import Alg
from liangzheng.standards.x509 import Role

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.fixture
def dirs(tmp_path: Path) -> KeyDirs:
    made = KeyDirs.under(tmp_path / "keys")
    init(made, Alg.ES256, NOW, "Fictional Authority")
    return made


async def started(database: Database, dirs: KeyDirs) -> Trust:
    """A process that begins: nothing in its memory, the database as it was left."""
    trust = Trust(dirs.trust)
    await trust_mark.take(database, trust, FixedClock(NOW))
    return trust


async def versions(database: Database) -> list[int]:
    async with database.read() as tx:
        return [row["version"] for row in await tx.fetch("SELECT version FROM trust_bundle ORDER BY version")]


async def test_a_restarted_server_refuses_an_older_bundle_and_says_the_way_out(
    database: Database, dirs: KeyDirs
) -> None:
    old = dirs.bundle.read_bytes()
    await started(database, dirs)
    rotate(dirs, [(Role.STATUS, None)], NOW, KeyOverlap())
    await started(database, dirs)
    dirs.bundle.write_bytes(old)
    with pytest.raises(
        Unavailable, match=r"version 1, older than version 2.* Put version 2 back.*\./lz keys trust-bundle"
    ):
        await started(database, dirs)
    # The way out: signed anew until it is above.
    assert sign_again(dirs, NOW).version == 2
    with pytest.raises(Unavailable, match="another one of version 2"):
        await started(database, dirs)
    assert sign_again(dirs, NOW).version == 3
    assert (await started(database, dirs))().version == 3
    assert await versions(database) == [1, 2, 3]


async def test_the_same_bundle_again_is_taken(database: Database, dirs: KeyDirs) -> None:
    for _ in range(2):
        assert (await started(database, dirs))().version == 1
    assert await versions(database) == [1]


async def test_a_refused_bundle_leaves_no_mark(database: Database, dirs: KeyDirs, tmp_path: Path) -> None:
    await started(database, dirs)
    other = KeyDirs.under(tmp_path / "other")
    init(other, Alg.ES256, NOW, "Another Fictional Authority")
    with pytest.raises(Unavailable, match="another one of version 1"):
        await started(database, other)
    assert await versions(database) == [1]
    assert (await started(database, dirs))().version == 1


async def test_a_newer_bundle_is_used_only_once_the_database_knows_of_it(
    database: Database, dirs: KeyDirs
) -> None:
    trust = await started(database, dirs)
    rotate(dirs, [(Role.STATUS, None)], NOW, KeyOverlap())
    assert trust.replaced()
    assert (trust().version, trust().version) == (1, 1)
    assert await versions(database) == [1]
    await trust_mark.take(database, trust, FixedClock(NOW))
    assert (trust().version, trust.replaced()) == (2, False)
    assert await versions(database) == [1, 2]


async def test_a_running_process_follows(
    database: Database, dirs: KeyDirs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust_mark, "LOOK_EVERY_S", 0.01)
    trust, old = await started(database, dirs), dirs.bundle.read_bytes()
    following = asyncio.create_task(trust_mark.follow(database, trust, FixedClock(NOW)))
    try:
        rotate(dirs, [(Role.STATUS, None)], NOW, KeyOverlap())
        await until(lambda: trust().version == 2)
        dirs.bundle.write_bytes(old)  # it goes on looking when what lies there is refused
        with pytest.raises(Unavailable, match="older than version 2"):
            trust()
        dirs.bundle.write_bytes(b"")
        sign_again_from(dirs, old)
        await until(lambda: not trust.replaced())
        assert trust().version == 3
    finally:
        following.cancel()


def sign_again_from(dirs: KeyDirs, octets: bytes) -> None:
    """What the message says: signed anew until the version is above."""
    dirs.bundle.write_bytes(octets)
    while sign_again(dirs, NOW).version < 3:
        pass
    assert load_bundle(dirs).version == 3


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


async def test_many_processes_that_begin_at_once_agree(database: Database, dirs: KeyDirs) -> None:
    found = await asyncio.gather(*(started(database, dirs) for _ in range(6)))
    assert {trust().version for trust in found} == {1}
    assert await versions(database) == [1]


async def test_without_a_bundle_there_is_nothing_to_take(database: Database, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="lz keys init"):
        await trust_mark.take(database, Trust(tmp_path), FixedClock(NOW))


def test_it_reaches_no_key(dirs: KeyDirs) -> None:
    """Its directory is the public one: that of bundle and root certificate, without a key in it."""
    for secret in (dirs.root, dirs.issuer, dirs.status, dirs.index):
        shutil.rmtree(secret)
    assert Trust(dirs.trust)().version == 1
    assert sorted(path.name for path in dirs.trust.iterdir()) == ["root.der", "trust-bundle.cbor"]
