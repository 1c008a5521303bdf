"""The restore drill as an operator does it, command by command, into a new data directory with a server of its own."""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from liangzheng.infra.postgres import Database, attach
from liangzheng.infra.settings import Settings
from tests.cli.test_main import lz
from tests.journeys.test_backup import PASSPHRASE, contents, holder  # noqa: F401
from tests.licences.holders import Deployment, Holder


class Desk:
    """A shell with the settings of one deployment."""

    def __init__(self, data_dir: Path, database_url: str | None = None) -> None:
        self.environment = {"LZ_MODE": "test", "LZ_DATA_DIR": str(data_dir)}
        if database_url is not None:
            self.environment["LZ_DATABASE_URL"] = database_url

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.environment)

    async def does(self, *words: str) -> str:
        """What it printed; it went well."""
        done = await asyncio.to_thread(lz, *words, **self.environment)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    async def is_refused(self, *words: str) -> str:
        done = await asyncio.to_thread(lz, *words, **self.environment)
        assert done.returncode == 1, f"{words}: {done.stdout}"
        return done.stderr


@pytest.fixture
def new_place(server_room: Path) -> Path:
    """A data directory the database's account can enter."""
    made = server_room / "restored"
    made.mkdir(mode=0o711)
    return made


async def blobs(database: Database) -> dict[bytes, bytes]:
    async with database.read() as tx:
        return {row["hash"]: row["bytes"] for row in await tx.fetch("SELECT hash, bytes FROM blob")}


async def test_a_backup_becomes_a_working_deployment_in_a_new_place(
    place: Deployment,
    holder: Holder,  # noqa: F811
    tmp_path: Path,
    new_place: Path,
) -> None:
    old = Desk(place.wiring.settings.data_dir, place.world.database.params.url())
    new = Desk(new_place)
    backup, secret, register = tmp_path / "backup", tmp_path / "passphrase", tmp_path / "register.csv"
    secret.write_bytes(PASSPHRASE + b"\n")
    sealed = ("--passphrase-file", str(secret))
    # 1. Some more drivers with pictures, then the backup.
    await old.does("register", "generate", "--drivers", "3", "--portraits", "2", "--out", str(register))
    await old.does("register", "import", str(register))
    await old.does("backup", str(backup), *sealed)
    before, pictures = await contents(place.world.database), await blobs(place.world.database)
    assert len(pictures) >= 2
    # 2. Beside other keys nothing is restored; beside its own it is, and is whole.
    await asyncio.to_thread(shutil.copytree, old.settings.data_dir / "keys", new_place / "keys")
    index = new_place / "keys" / "index" / "index.secret"
    good = index.read_bytes()
    index.write_bytes(bytes([good[0] ^ 1]) + good[1:])
    assert "index key in its place is not the one of the backup" in await new.is_refused(
        "restore", str(backup), *sealed
    )
    assert not new.settings.cluster_dir.exists()
    index.write_bytes(good)
    said = await new.does("restore", str(backup), *sealed)
    assert "epoch 1 begins" in said and ", 0 faults" in said and "standings are not certain" in said
    assert "exists" in await new.is_refused("restore", str(backup), *sealed)
    # 3. What was written is there, pictures octet by octet, with a server that is this directory's own.
    async with attach(new.settings, migrate=False) as database:
        after = await contents(database)
        assert await blobs(database) == pictures
        for table in ("person", "licence", "credential", "application", "key_index", "phone_key"):
            assert after[table] == before[table], table
        # 4. Not certain until the register was read again.
        assert "drawn after the backup" in await new.is_refused("register", "confirm")
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        await new.does("register", "import", str(register), "--as-of", now)
        assert "--in-part" in await new.is_refused("register", "confirm")
        assert "standings are certain" in await new.does("register", "confirm", "--in-part")
        report = json.loads(await new.does("fsck", "--json", "--parallel", "2"))
    assert report["faults"] == [] and report["notes"] == []
    assert "pages" in {area for area, _, _ in report["areas"]}
