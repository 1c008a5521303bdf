"""`world`: a database with drivers and an issuer, ES256. `place`: a deployment over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from liangzheng.infra.keys_file import KeyDirs, init
from liangzheng.infra.postgres import Database
from liangzheng.infra.settings import Settings
from liangzheng.kernel.time import FixedClock
from liangzheng.standards.keys import Alg
from tests.api.phone import Phone
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
    settings = Settings.from_env(
        {
            "LZ_MODE": "test",
            "LZ_DATA_DIR": str(tmp_path),
            "LZ_FACE_ENGINE": "simulated",
            "LZ_SMS": "simulated",
            "LZ_MOBILE_PROOF": "no",
        }
    )
    async with AsyncExitStack() as stack:
        opened = await Deployment.open(
            settings, database, clock, lambda app: stack.enter_async_context(Phone.over(app))
        )
        stack.callback(opened.wiring.passwords.close)
        stack.callback(opened.wiring.photo_process.close)
        yield opened
