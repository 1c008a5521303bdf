"""Reaching the database of a data directory: one command owns the server, all others join it.

Who owns is decided by a file lock the kernel gives back whatever happens to the owner. While the owner lives,
others connect to its server; when it stops, its server stops, and those others get Unavailable. A command
that finds the lock free becomes the owner for its own life.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from liangzheng.infra import metrics
from liangzheng.infra.postgres import binaries
from liangzheng.infra.postgres.binaries import Account
from liangzheng.infra.postgres.cluster import DATABASE, Cluster
from liangzheng.infra.postgres.params import ConnectParams
from liangzheng.infra.postgres.pool import Database
from liangzheng.infra.postgres.supervisor import Server
from liangzheng.kernel.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from liangzheng.infra.settings import Settings

_log = logging.getLogger(__name__)
_JOIN_WITHIN_S: Final = 60.0
_WATCH_EVERY_S: Final = 0.25
_AT_ONCE: Final = 5
_RECENT_S: Final = 60.0
_LONGEST_PAUSE_S: Final = 30.0


@asynccontextmanager
async def attach(
    settings: Settings, *, min: int = 1, max: int = 8, migrate: bool = True
) -> AsyncIterator[Database]:
    """The database of `settings`, migrated to this code's schema.

    LZ_DATABASE_URL: connects there. Else joins the running server of the data directory, or starts one for as
    long as the block lasts. Raises Unavailable when neither works, or when the schema is not this code's.
    """
    if settings.database_url is not None:
        async with _opened(ConnectParams.from_url(settings.database_url), min, max, migrate) as database:
            yield database
        return
    async with served(settings) as params:
        async with _opened(params, min, max, migrate) as database:
            yield database


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[ConnectParams]:
    """A server of the data directory takes connections: an owner's, or ours for the length of the block."""
    cluster = Cluster(settings.cluster_dir)
    settings.make_data_dir()
    lock = _Lock(settings.data_dir / "postgres.lock")
    try:
        joined = await _lock_or_join(lock, _card(settings))
        if joined is not None:
            yield joined
            return
        async with _owning(settings, cluster) as params:
            yield params
    finally:
        lock.release()


@asynccontextmanager
async def _owning(settings: Settings, cluster: Cluster) -> AsyncIterator[ConnectParams]:
    account = Account.choose(cluster.directory)
    chosen = binaries.choose(account, pg_bin=settings.pg_bin, major=cluster.major)
    server = Server(cluster, chosen, account)
    card = _card(settings)
    watcher: asyncio.Task[None] | None = None
    try:
        await server.start()
        await _make_database(server.params)
        _publish(card, server.params)
        watcher = asyncio.create_task(_watch(server), name="postgres-watch")
        yield server.params
    finally:
        if watcher is not None:
            watcher.cancel()
            with suppress(asyncio.CancelledError, Unavailable):
                await watcher
        card.unlink(missing_ok=True)
        server.stop()


async def _watch(server: Server) -> None:
    """Starts the server again whenever it has died: at once, then after longer and longer, but for ever."""
    deaths: list[float] = []
    while True:
        await asyncio.sleep(_WATCH_EVERY_S)
        if server.pid is not None:
            continue
        now = time.monotonic()
        deaths = [at for at in deaths if now - at < _RECENT_S] + [now]
        metrics.DATABASE_RESTARTS.inc()
        if len(deaths) > _AT_ONCE:
            pause_s = min(2.0 ** (len(deaths) - _AT_ONCE), _LONGEST_PAUSE_S)
            _log.error("database server keeps dying", extra={"count": len(deaths), "seconds": pause_s})
            await asyncio.sleep(pause_s)
        try:
            await server.ensure()
        except Unavailable as failure:
            _log.error("database server cannot be started again", extra={"reason": str(failure)})


@asynccontextmanager
async def _opened(params: ConnectParams, min: int, max: int, migrate: bool) -> AsyncIterator[Database]:
    from liangzheng.infra.postgres.migrate import bring_up, check_level

    database = await Database.open(params, min=min, max=max)
    try:
        await _check_version(database)
        if migrate:
            await bring_up(database)
        else:
            await check_level(database)
        yield database
    finally:
        await database.close()


async def _check_version(database: Database) -> None:
    async with database.read() as connection:
        major = int(await connection.fetchval("SHOW server_version_num")) // 10_000
    if major < binaries.OLDEST:
        raise Unavailable(f"PostgreSQL {major} is too old: {binaries.OLDEST} is the oldest that will do")
    if major > binaries.NEWEST:
        _log.warning("PostgreSQL is newer than any this was tested with", extra={"version": major})


async def _lock_or_join(lock: _Lock, card: Path) -> ConnectParams | None:
    """None when the lock is ours; else how to reach the owner's server."""
    until = time.monotonic() + _JOIN_WITHIN_S
    while True:
        if lock.take():
            return None
        params = _published(card)
        if params is not None and await _answers(params):
            return params
        if time.monotonic() > until:
            raise Unavailable(f"another process holds {lock.path}, and its database server does not answer")
        await asyncio.sleep(0.05)


async def _answers(params: ConnectParams) -> bool:
    try:
        database = await Database.open(params, min=1, max=1)
    except Unavailable:
        return False
    await database.close()
    return True


async def _make_database(params: ConnectParams) -> None:
    async with await Database.open(params.on("postgres"), min=1, max=1) as postgres:
        async with postgres.statement() as connection:
            if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")


def joined_params(settings: Settings) -> ConnectParams:
    """How to reach the server that is running now. Raises NotFound when none has said so."""
    params = _published(_card(settings))
    if params is None:
        raise NotFound("no database server of this data directory is running")
    return params


def _card(settings: Settings) -> Path:
    return settings.data_dir / "postgres.json"


def _publish(card: Path, params: ConnectParams) -> None:
    new = card.with_name(card.name + ".new")
    new.write_bytes(msgspec.json.encode(asdict(params)))
    new.replace(card)


def _published(card: Path) -> ConnectParams | None:
    try:
        return msgspec.json.decode(card.read_bytes(), type=ConnectParams)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


class _Lock:
    """An exclusive lock on a file; the kernel takes it back when its holder dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def take(self) -> bool:
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except PermissionError:
            raise Unavailable(f"{self.path} belongs to another user: run as that user") from None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        self._fd = fd
        return True

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
