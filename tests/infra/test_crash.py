"""kill -9 at random moments of everything that takes part in a write: what was acknowledged is there.

A writer process inserts numbered rows and acknowledges each over a pipe once its transaction has committed. Meanwhile
its own process, the owner of the server, the server and single backends are killed. At the end the server is started
once more: every acknowledged number must be a row, and after its end no process of the server may be left.

K cycles without a loss bound the loss per crash below 3/K at 95 %; the default of 24 says 12 %. LZ_TEST_CRASH_CYCLES
sets it for a night's run. The two controls lose on purpose, and must be caught.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import liangzheng
from liangzheng.infra.postgres import Database, process
from liangzheng.infra.postgres.process import ProcessIdentity
from liangzheng.infra.postgres.provider import served
from liangzheng.infra.postgres.supervisor import Server
from liangzheng.infra.settings import Settings

pytestmark = pytest.mark.crash

SEEDS = (1, 2, 3)
CYCLES = max(1, int(os.environ.get("LZ_TEST_CRASH_CYCLES", "24")) // len(SEEDS))

_OWNER = """
import asyncio
from liangzheng.infra.postgres import provider
from liangzheng.infra.postgres.provider import served
from liangzheng.infra.settings import Settings

provider._AT_ONCE = 10**9  # a server that dies this often is otherwise given pauses

async def main():
    async with served(Settings.from_env()):
        print("ready", flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""

_WRITER = """
import asyncio, os, sys
from liangzheng.infra.postgres import Database
from liangzheng.infra.postgres.provider import joined_params
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import NotFound, Unavailable

settings, first, early = Settings.from_env(), int(sys.argv[1]), sys.argv[2] == "early"

def acknowledge(number):
    os.write(1, number.to_bytes(8, "big"))

async def write(number, step):
    database = None
    while True:
        try:
            if database is None:
                database = await Database.open(joined_params(settings), min=1, max=1)
            async with database.transaction() as tx:
                # The outcome of an earlier try may be unknown: the same number again is no second row.
                await tx.execute("INSERT INTO written (n) VALUES ($1) ON CONFLICT DO NOTHING", number)
                if early:
                    acknowledge(number)
                    await asyncio.sleep(0.02)
            if not early:
                acknowledge(number)
            number += step
        except (NotFound, Unavailable):
            await asyncio.sleep(0.01)

async def main():
    await asyncio.gather(*(write(first + lane, 4) for lane in range(4)))

asyncio.run(main())
"""


class Scene:
    """An owner, a writer, and everything the writer has acknowledged."""

    def __init__(self, settings: Settings, server: Server, *, early: bool = False) -> None:
        self.settings = settings
        self.server = server
        self.early = "early" if early else "late"
        self.acknowledged: set[int] = set()
        self.owner: subprocess.Popen[bytes] | None = None
        self.writer: subprocess.Popen[bytes] | None = None
        self._readers: list[threading.Thread] = []
        self._writers = 0

    def keep_going(self) -> None:
        """Whoever is dead is started again."""
        if self.owner is None or self.owner.poll() is not None:
            self.owner = self._start(_OWNER)
            assert self.owner.stdout is not None
            assert self.owner.stdout.readline() == b"ready\n", "the owner did not bring the server back"
        if self.writer is None or self.writer.poll() is not None:
            self._writers += 1
            self.writer = self._start(_WRITER, str(self._writers * 1_000_000), self.early)
            reader = threading.Thread(target=self._read, args=[self.writer], daemon=True)
            reader.start()
            self._readers.append(reader)

    def _start(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", program, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(liangzheng.__file__).parents[1]),
                "LZ_MODE": "test",
                "LZ_DATA_DIR": str(self.settings.data_dir),
                "LZ_PG_BIN": str(self.settings.pg_bin),
            },
        )

    def _read(self, writer: subprocess.Popen[bytes]) -> None:
        assert writer.stdout is not None
        while len(octets := writer.stdout.read(8)) == 8:
            self.acknowledged.add(int.from_bytes(octets, "big"))

    def more_acknowledged(self, seconds: float = 90.0) -> None:
        """Waits until the writer gets on: the platform is back.

        Longer than the half minute an owner pauses before it starts a server anew that keeps dying (provider._watch): on a
        quick machine the kills here are enough for the longest pause.
        """
        before, until = len(self.acknowledged), time.monotonic() + seconds
        while len(self.acknowledged) < before + 8:
            assert time.monotonic() < until, f"not back after {seconds} s"
            time.sleep(0.005)

    def kill(self, what: str, luck: random.Random) -> None:
        victim: int | None = None
        if what == "owner" and self.owner is not None:
            victim = self.owner.pid
        elif what == "writer" and self.writer is not None:
            victim = self.writer.pid
        elif what == "server":
            victim = self.server.postmaster_on_file()
            if victim is not None and not self.server.is_postmaster(victim):
                victim = None
        elif what == "backend":
            victim = luck.choice([backend.pid for backend in self.server.backends()] or [0]) or None
        identity = ProcessIdentity.of(victim) if victim is not None else None
        if identity is not None:
            identity.send(signal.SIGKILL)
        if what in ("owner", "writer"):
            child = self.owner if what == "owner" else self.writer
            assert child is not None
            child.wait(10)

    def close(self) -> None:
        for child in (self.writer, self.owner):
            if child is not None:
                child.kill() if child is self.writer else child.terminate()
                child.wait(30)
        for reader in self._readers:
            reader.join(10)
        for child in (self.writer, self.owner):
            if child is not None and child.stdout is not None:
                child.stdout.close()


async def _prepared(settings: Settings) -> None:
    async with served(settings) as params:
        async with await Database.open(params, max=1) as database:
            async with database.transaction() as tx:
                await tx.execute("CREATE TABLE written (n bigint PRIMARY KEY)")


async def _missing(settings: Settings, acknowledged: set[int]) -> set[int]:
    async with served(settings) as params:
        async with await Database.open(params, max=1) as database:
            async with database.read() as connection:
                rows = {row["n"] for row in await connection.fetch("SELECT n FROM written")}
    return acknowledged - rows


def _left_behind(server: Server) -> list[int]:
    """Processes of the server that are still there ten seconds after its owner has gone."""
    mark = str(server.cluster.directory)
    postmasters = [pid for pid in process.everyone() if mark in process.command_line(pid)[1:3]]
    identities = [ProcessIdentity.of(pid) for pid in postmasters] + server.backends()
    return [left.pid for left in identities if left is not None and not left.gone_within(10)]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_acknowledged_is_there_whatever_was_killed(
    own_settings: Settings, durable_server: Server, seed: int
) -> None:
    luck = random.Random(seed)
    print(f"seed {seed}, {CYCLES} cycles")
    asyncio.run(_prepared(own_settings))
    scene = Scene(own_settings, durable_server)
    try:
        for _ in range(CYCLES):
            scene.keep_going()
            scene.more_acknowledged()
            time.sleep(luck.random() * 0.2)
            scene.kill(luck.choice(["owner", "writer", "server", "server", "backend"]), luck)
    finally:
        scene.close()

    assert len(scene.acknowledged) >= 8 * CYCLES
    assert asyncio.run(_missing(own_settings, scene.acknowledged)) == set()
    assert _left_behind(durable_server) == []


def test_control_an_acknowledgement_before_the_commit_is_caught(
    own_settings: Settings, durable_server: Server
) -> None:
    asyncio.run(_prepared(own_settings))
    scene = Scene(own_settings, durable_server, early=True)
    try:
        for _ in range(3):
            scene.keep_going()
            scene.more_acknowledged()
            scene.kill("writer", random.Random(0))
    finally:
        scene.close()
    assert asyncio.run(_missing(own_settings, scene.acknowledged)) != set()


def test_control_a_server_that_answers_before_it_writes_is_caught(
    own_settings: Settings, durable_server: Server
) -> None:
    local = own_settings.cluster_dir / "local.conf"
    local.write_text("synchronous_commit = off\nwal_writer_delay = 10s\n")
    durable_server.account.give(local)
    asyncio.run(_prepared(own_settings))
    scene = Scene(own_settings, durable_server)
    try:
        for _ in range(3):
            scene.keep_going()
            scene.more_acknowledged()
            scene.kill("server", random.Random(0))
    finally:
        scene.close()
    assert asyncio.run(_missing(own_settings, scene.acknowledged)) != set()
