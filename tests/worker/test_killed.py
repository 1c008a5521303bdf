"""`./lz work` as the operator starts it: killed with kill -9 at named points and at any moment; stopped in
order."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

import liangzheng
from liangzheng.infra.keys_file import FileSigners, KeyDirs, Trust, init
from liangzheng.infra.postgres import Database
from liangzheng.infra.settings import Settings
from liangzheng.kernel.time import SystemClock
from liangzheng.licences import Issuer
from liangzheng.licences.model import BatchResult
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import Lives
from liangzheng.standards.x509 import Role
from tests.licences.world import AUTHORITIES, World, keys, later

pytestmark = pytest.mark.crash
SOURCE = Path(liangzheng.__file__).parents[1]
SECONDS = 60


@dataclass
class Site:
    """A database with applications, a data directory with keys, and worker processes over both."""

    world: World
    settings: Settings
    dirs: KeyDirs

    @asynccontextmanager
    async def worker(self, *words: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """`./lz work WORDS` for the length of the block, or until it ends."""
        settings = {
            "LZ_MODE": "test",
            "LZ_DATA_DIR": str(self.settings.data_dir),
            "LZ_DATABASE_URL": self.world.database.params.url(),
            "PYTHONPATH": str(SOURCE),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "liangzheng",
            "work",
            *words,
            env={"PATH": os.environ["PATH"]} | settings | environment,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def finish(self) -> None:
        """Another issuer, later than every lease."""
        trust = Trust(self.dirs.trust)
        signers = FileSigners(self.dirs.issuer, Role.DOCUMENT, trust)
        issuer = Issuer(self.world.database, signers, trust, AUTHORITIES, Lives())
        at = SystemClock().now() + timedelta(seconds=61)
        while (await issuer.recover(at)) != BatchResult():
            pass
        while (await issuer.batch(at)).claimed:
            pass

    async def one_outcome_each(self, count: int) -> None:
        assert await self.world.states("application") == ["issued"] * count
        assert [state for state in await self.world.states("licence") if state != "abandoned"] == [
            "live"
        ] * count
        issued = "SELECT count(*) FROM outbox WHERE topic = 'licence.issued'"
        counted = "SELECT coalesce(sum(value), 0) FROM figure_count WHERE measure = 'licence.issued'"
        assert await self.world.count(issued) + await self.world.count(counted) == count


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    now = SystemClock().now()
    settings = Settings.from_env({"LZ_MODE": "test", "LZ_DATA_DIR": str(tmp_path)})
    dirs = KeyDirs.under(tmp_path / "keys")
    init(dirs, Alg.ES256, now - timedelta(minutes=5), "Fictional Authority")
    return Site(World(database, keys(), now=later(now, -60)), settings, dirs)


@pytest.mark.parametrize("point", ["drafts written", "drafts kept", "signed", "signatures written", "kept"])
async def test_an_issuer_killed_at_a_named_point_leaves_one_outcome_each(site: Site, point: str) -> None:
    await site.world.accepted(5)
    words = ("--role", "issuer", "--until-empty")
    async with site.worker(*words, LZ_TEST_CRASH_AT=point) as killed:
        assert await asyncio.wait_for(killed.wait(), SECONDS) == -signal.SIGKILL
    await site.finish()
    await site.one_outcome_each(5)


async def test_issuers_killed_at_any_moment_leave_one_outcome_each(site: Site) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    await site.world.accepted(120)
    for _ in range(3):
        async with site.worker("--role", "issuer", "--batch", "10") as killed:
            assert killed.stderr is not None
            await asyncio.wait_for(killed.stderr.readline(), SECONDS)  # "working: issuer"
            await asyncio.sleep(chance.uniform(0, 0.25))
            killed.kill()
            await killed.wait()
    await site.finish()
    await site.one_outcome_each(120)


async def test_told_to_stop_a_worker_finishes_and_leaves_nothing_half_done(site: Site) -> None:
    await site.world.accepted(40)
    async with site.worker("--role", "issuer", "--batch", "5") as worker:
        assert worker.stderr is not None
        await asyncio.wait_for(worker.stderr.readline(), SECONDS)
        await asyncio.sleep(0.1)
        worker.terminate()
        assert await asyncio.wait_for(worker.wait(), SECONDS) == 0
    assert "drafted" not in await site.world.states("licence")
    assert "drafted" not in await site.world.states("application")


async def test_queue_and_issuer_together_do_everything_that_is_due(site: Site) -> None:
    await site.world.accepted(3)
    async with site.worker("--role", "issuer", "--until-empty") as issuer:
        assert await asyncio.wait_for(issuer.wait(), SECONDS) == 0
    async with site.worker("--role", "outbox", "--until-empty") as queue:
        assert await asyncio.wait_for(queue.wait(), SECONDS) == 0
    await site.one_outcome_each(3)
    assert await site.world.count("SELECT count(*) FROM outbox") == 0


async def test_the_queue_worker_works_without_document_signers(site: Site) -> None:
    for key in site.dirs.issuer.iterdir():
        key.unlink()
    site.dirs.issuer.rmdir()
    async with site.worker("--role", "outbox", "--until-empty") as queue:
        assert await asyncio.wait_for(queue.wait(), SECONDS) == 0


async def test_a_crash_point_means_nothing_outside_of_tests(site: Site) -> None:
    await site.world.accepted(1)
    words = ("--role", "issuer", "--until-empty")
    async with site.worker(*words, LZ_TEST_CRASH_AT="drafts kept", LZ_MODE="demo") as issuer:
        assert await asyncio.wait_for(issuer.wait(), SECONDS) == 0
    await site.one_outcome_each(1)
