"""`world`: a database with drivers and an issuer, ES256. `place`: a deployment over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from liangzheng.infra.keys_file import KeyDirs, init
from liangzheng.infra.postgres import Database
from liangzheng.kernel.time import FixedClock
from liangzheng.standards.keys import Alg
from tests.licences.holders import Deployment
from tests.licences.world import NOW, World, keys


@pytest.fixture
def world(database: Database) -> World:
    return World(database, keys())


@pytest.fixture(scope="session")
def key_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys of every role, made once; each deployment has a copy."""
    room = tmp_path_factory.mktemp("keys")
    init(KeyDirs.under(room), Alg.ES256, NOW, "Fictional Authority")
    return room


@pytest.fixture
async def place(
    database: Database, clock: FixedClock, tmp_path: Path, key_room: Path
) -> AsyncIterator[Deployment]:
    """A deployment over HTTP in which nothing is open yet."""
    shutil.copytree(key_room, tmp_path / "keys")
    async with Deployment.over(database, clock, tmp_path, LZ_SMS="simulated", LZ_MOBILE_PROOF="no") as opened:
        yield opened
