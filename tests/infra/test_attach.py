"""One owner, everyone else joins: whoever comes first, and whatever happens to the owner."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import liangzheng
from liangzheng.infra.postgres import Database, attach, provider
from liangzheng.infra.postgres.process import ProcessIdentity
from liangzheng.infra.postgres.provider import joined_params, served
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import NotFound, Unavailable

pytestmark = pytest.mark.crash

_JOINER = """
import asyncio, sys
from liangzheng.infra.postgres import attach
from liangzheng.infra.settings import Settings

async def main():
    async with attach(Settings.from_env(), min=1, max=2) as database:
        async with database.read() as connection:
            line = await connection.fetchval("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
            print(line, flush=True)
        if sys.argv[1:] == ["stay"]:
            await asyncio.sleep(600)

asyncio.run(main())
"""


def _command(settings: Settings, *words: str) -> subprocess.Popen[str]:
    """Another process that attaches and prints the pid of the server's checkpointer."""
    return subprocess.Popen(
        [sys.executable, "-c", _JOINER, *words],
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(liangzheng.__file__).parents[1]),
            "LZ_MODE": "test",
            "LZ_DATA_DIR": str(settings.data_dir),
            "LZ_PG_BIN": str(settings.pg_bin),
        },
    )


async def _first_line(command: subprocess.Popen[str]) -> str:
    assert command.stdout is not None
    return (await asyncio.to_thread(command.stdout.readline)).strip()


def _end(command: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> None:
    command.send_signal(number)
    command.wait(20)
    assert command.stdout is not None
    command.stdout.close()


async def _checkpointer(database: Database) -> str:
    async with database.read() as connection:
        pid = await connection.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
        )
    return str(pid)


async def test_attaching_migrates_and_leaves_nothing_running(own_settings: Settings) -> None:
    async with attach(own_settings) as database:
        async with database.read() as connection:
            assert await connection.fetchval("SELECT count(*) FROM schema_migration") >= 1
        server = ProcessIdentity.of(int(await _checkpointer(database)))
        assert joined_params(own_settings) == database.params
    assert server is not None
    assert not server.alive()
    with pytest.raises(NotFound):
        joined_params(own_settings)


async def test_a_second_command_joins_the_first_ones_server(own_settings: Settings) -> None:
    async with attach(own_settings) as database:
        second = _command(own_settings)
        assert await _first_line(second) == await _checkpointer(database)
        assert second.wait(20) == 0
        assert await _checkpointer(database), "the second's end is not the server's"
        _end(second)


async def test_of_commands_that_race_one_owns_and_the_others_join(own_settings: Settings) -> None:
    racers = [_command(own_settings, "stay") for _ in range(4)]
    try:
        seen = [await _first_line(racer) for racer in racers]
        assert len(set(seen)) == 1, seen
        assert seen[0]
    finally:
        for racer in racers:
            _end(racer)


async def test_when_the_owner_is_killed_the_next_command_takes_over(own_settings: Settings) -> None:
    owner = _command(own_settings, "stay")
    before = await _first_line(owner)
    _end(owner, signal.SIGKILL)
    async with attach(own_settings) as database:
        assert await _checkpointer(database) != before


async def test_when_the_owner_ends_those_who_joined_are_told_unavailable(own_settings: Settings) -> None:
    owner = _command(own_settings, "stay")
    await _first_line(owner)
    async with attach(own_settings) as database:
        _end(owner)
        with pytest.raises(Unavailable):
            for _ in range(400):  # the kernel tells the server to stop, and it takes a moment to
                async with database.transaction() as tx:
                    await tx.execute("SELECT 1")
                await asyncio.sleep(0.05)


async def test_the_owner_notices_a_dead_server_and_starts_it_again(own_settings: Settings) -> None:
    async with attach(own_settings, max=1) as database:
        before = await _checkpointer(database)
        on_file = own_settings.cluster_dir / "postmaster.pid"
        server = ProcessIdentity.of(int(on_file.read_text().split("\n")[0]))
        assert server is not None
        server.send(signal.SIGKILL)
        for _ in range(400):
            await asyncio.sleep(0.05)
            try:
                if await _checkpointer(database) != before:
                    return
            except Unavailable:
                continue
        pytest.fail("the server did not come back")


async def test_a_server_that_keeps_dying_and_one_that_will_not_start_are_tried_again_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []

    class Mortal:
        """A server that is always found dead and starts every other time."""

        pid = None
        tried = 0

        async def ensure(self) -> bool:
            self.tried += 1
            if self.tried % 2:
                raise Unavailable("the disk is full")
            return True

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if mortal.tried == 12:
            raise asyncio.CancelledError

    mortal = Mortal()
    monkeypatch.setattr(provider.asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await provider._watch(mortal)  # type: ignore[arg-type]
    assert [pause for pause in pauses if pause != provider._WATCH_EVERY_S] == [2, 4, 8, 16, 30, 30, 30]


async def test_without_the_lock_two_commands_would_both_start_a_server(
    own_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Negative control of the race: with the lock taken out, the second command treats the first one's server as a
    # left-over and ends it.
    monkeypatch.setattr("liangzheng.infra.postgres.provider._WATCH_EVERY_S", 600)
    async with served(own_settings):
        first = ProcessIdentity.of(
            int((own_settings.cluster_dir / "postmaster.pid").read_text().split("\n")[0])
        )
        assert first is not None
        monkeypatch.setattr("liangzheng.infra.postgres.provider._Lock.take", lambda self: True)
        async with served(own_settings):
            assert not first.alive()


async def test_a_database_address_is_used_as_it_is_and_no_server_started(
    database: Database, tmp_path: Path, settings: Settings
) -> None:
    elsewhere = replace(settings, database_url=database.params.url(), data_dir=tmp_path / "nothing")
    async with attach(elsewhere) as joined:
        assert str(joined.params) == str(database.params)
    assert not (tmp_path / "nothing").exists()


async def test_a_server_older_than_the_oldest_is_refused(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider.binaries, "OLDEST", 99)
    with pytest.raises(Unavailable, match="too old: 99 is the oldest"):
        async with attach(replace(settings, database_url=database.params.url())):
            pass


async def test_an_address_nobody_answers_at_is_unavailable_and_its_password_stays_out_of_sight(
    settings: Settings,
) -> None:
    wrong = replace(settings, database_url="postgresql://lz:s3cr3t@127.0.0.1:1/lz?sslmode=disable")
    with pytest.raises(Unavailable, match=r"lz@127\.0\.0\.1:1/lz") as refused:
        async with attach(wrong):
            pass
    assert "s3cr3t" not in str(refused.value)
