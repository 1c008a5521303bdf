"""The end of an audit chain cut off, with everything in the database that could tell: the heads kept outside tell."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from liangzheng import audit
from liangzheng.cli import fsck
from liangzheng.infra.keys_file import init
from liangzheng.infra.postgres import ConnectParams, Database
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Failure
from liangzheng.kernel.ids import DriverId
from liangzheng.standards.keys import Alg
from liangzheng.wiring import key_dirs
from tests.conftest import NOW

SOMEBODY = DriverId.new()


async def recorded(database: Database, purpose: str) -> None:
    async with database.transaction() as tx:
        await audit.record(
            tx, act="test.done", actor=audit.Actor("operator"), driver_id=SOMEBODY, purpose=purpose, now=NOW
        )
    await audit.seal(database, NOW)


async def cut_off(database: Database) -> None:
    """The last entries of the stream, their link and the head: all that somebody with the database can put back."""
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM audit_entry WHERE batch_seq = 2")
        await tx.execute("DELETE FROM audit_batch WHERE seq = 2")
        await tx.execute(
            "UPDATE audit_head AS h SET seq = 1, hash = b.hash FROM audit_batch AS b WHERE b.bucket = h.bucket"
        )


class Desk:
    """`./lz fsck` on one database."""

    def __init__(self, params: ConnectParams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Attached:
            async def __aenter__(self) -> Database:
                self.database = await Database.open(params, max=2)
                return self.database

            async def __aexit__(self, *_: object) -> None:
                await self.database.close()

        monkeypatch.setattr(fsck, "attach", lambda *_, **__: Attached())
        monkeypatch.setattr(fsck, "run", asyncio.run)  # without signal handlers: it runs in a thread here
        monkeypatch.setenv("LZ_DATA_DIR", str(tmp_path))
        monkeypatch.setenv("LZ_MODE", "test")
        init(key_dirs(Settings.from_env()), Alg.ES256, NOW, "Fictional Authority")

    async def run(self, *arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, fsck.app, list(arguments))


@pytest.fixture
def desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(database.params, tmp_path, monkeypatch)


async def test_a_chain_cut_at_its_end_is_found_with_the_heads_and_not_without(
    desk: Desk, database: Database, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.txt"
    await recorded(database, "one")
    await recorded(database, "two")
    assert (await desk.run("--write-heads", str(heads))).exit_code == 0
    await recorded(database, "three")  # later links are no fault
    assert (await desk.run("--heads", str(heads))).exit_code == 0
    await database_without_three(database)
    await cut_off(database)
    assert (await desk.run()).exit_code == 0
    found = await desk.run("--heads", str(heads))
    assert found.exit_code == 1
    assert f"chain cut: bucket {SOMEBODY.bucket}, batch 2" in found.output.replace("\n", " ")


async def database_without_three(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM audit_entry WHERE batch_seq = 3")
        await tx.execute("DELETE FROM audit_batch WHERE seq = 3")


async def test_heads_of_a_broken_chain_are_not_written(
    desk: Desk, database: Database, tmp_path: Path
) -> None:
    await recorded(database, "one")
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM audit_entry")
    assert (await desk.run("--write-heads", str(tmp_path / "heads.txt"))).exit_code == 1
    assert not (tmp_path / "heads.txt").exists()


@pytest.mark.parametrize("text", ["", "junk", "LZ-AUDIT-HEADS-1\n0 1 00\n", "LZ-AUDIT-HEADS-1\n"])
async def test_a_file_that_is_none_is_refused(desk: Desk, tmp_path: Path, text: str) -> None:
    (tmp_path / "heads.txt").write_text(text)
    answer = await desk.run("--heads", str(tmp_path / "heads.txt"))
    assert isinstance(answer.exception, Failure) and "--heads" in str(answer.exception)


async def test_a_file_that_is_not_there_is_refused(desk: Desk, tmp_path: Path) -> None:
    answer = await desk.run("--heads", str(tmp_path / "none"))
    assert isinstance(answer.exception, Failure) and "No such file" in str(answer.exception)


async def test_heads_come_back_as_they_were_written(database: Database) -> None:
    await recorded(database, "one")
    async with database.read() as tx:
        heads = await audit.heads(tx)
    text = audit.heads_to_text(heads)
    assert audit.heads_from_text(text) == heads
    with pytest.raises(Failure):
        audit.heads_from_text(text[: text.rindex("\n63 ") + 1])  # a line less
