"""Schema changes: numbered plain SQL files, forward only, each in one transaction, each remembered by its
hash.

A file that was applied and then edited is refused; so is a database that is ahead of this code.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import asyncpg

from liangzheng.infra.postgres import amcheck
from liangzheng.infra.postgres.connection import Connection
from liangzheng.infra.postgres.pool import Database
from liangzheng.kernel.errors import Unavailable

_FILE_NAME = re.compile(r"^(\d{4})_([a-z][a-z0-9_]*)\.sql$")
# One number for "the schema of LiangZheng is being changed", the same for every version of this code.
_ADVISORY_LOCK: Final = 0x4C5A_4D47
_OWN_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS schema_migration (
        number smallint PRIMARY KEY,
        name text NOT NULL,
        sha256 bytea NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.sql.encode()).digest()

    def __str__(self) -> str:
        return f"{self.number:04d}_{self.name}"


def ours() -> tuple[Migration, ...]:
    """The migrations of this code, in order."""
    return read(
        (entry.name, entry.read_text(encoding="utf-8"))
        for entry in files("liangzheng.migrations").iterdir()
        if entry.name.endswith(".sql")
    )


def read(named_texts: Iterable[tuple[str, str]]) -> tuple[Migration, ...]:
    """Migrations from (file name, text), in order of number; other files (schema.sql) are passed over."""
    found: dict[int, Migration] = {}
    for name, text in named_texts:
        match = _FILE_NAME.match(name)
        if match is None:
            continue
        number = int(match.group(1))
        assert number not in found, f"two migrations have number {number}"
        found[number] = Migration(number, match.group(2), text)
    return tuple(found[number] for number in sorted(found))


async def bring_up(database: Database, migrations: Sequence[Migration] | None = None) -> list[Migration]:
    """The schema is that of this code; returns what had to be applied. Two callers at once do it once.

    Raises Unavailable when the database is ahead of this code, when history was edited, or when a file fails
    (its transaction is undone, those before it stay).
    """
    wanted = ours() if migrations is None else tuple(migrations)
    async with database.statement() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", _ADVISORY_LOCK, timeout=600)
        try:
            await connection.execute(_OWN_TABLE)
            missing = _missing(wanted, await _applied(connection))
            for migration in missing:
                await _apply(connection, migration)
            if missing:
                await amcheck.make_ready(connection)
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", _ADVISORY_LOCK)
    return missing


async def check_level(database: Database, migrations: Sequence[Migration] | None = None) -> None:
    """Raises Unavailable unless the schema is exactly that of this code."""
    wanted = ours() if migrations is None else tuple(migrations)
    async with database.read() as connection:
        there = await connection.fetchval("SELECT to_regclass('schema_migration') IS NOT NULL")
        missing = _missing(wanted, await _applied(connection) if there else {})
    if missing:
        raise Unavailable(f"the schema lacks {len(missing)} change(s) from {missing[0]}: run `./lz migrate`")


async def level(database: Database) -> int:
    """The number of the newest migration applied; 0 when there is none."""
    async with database.read() as connection:
        if not await connection.fetchval("SELECT to_regclass('schema_migration') IS NOT NULL"):
            return 0
        return int(await connection.fetchval("SELECT coalesce(max(number), 0) FROM schema_migration"))


async def _applied(connection: Connection) -> dict[int, tuple[str, bytes]]:
    rows = await connection.fetch("SELECT number, name, sha256 FROM schema_migration")
    return {row["number"]: (row["name"], bytes(row["sha256"])) for row in rows}


def _missing(wanted: Sequence[Migration], applied: dict[int, tuple[str, bytes]]) -> list[Migration]:
    ahead = set(applied) - {migration.number for migration in wanted}
    if ahead:
        raise Unavailable(
            f"the database is newer than this code: it has migration {max(ahead):04d}; use the newer version"
        )
    missing: list[Migration] = []
    for migration in wanted:
        if migration.number not in applied:
            missing.append(migration)
            continue
        if applied[migration.number][1] != migration.sha256:
            raise Unavailable(f"{migration} was edited after it had been applied; history is not rewritten")
        if missing:
            raise Unavailable(f"{missing[0]} is new but comes before {migration}, which is applied already")
    return missing


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '2s'")
            await connection.execute("SET LOCAL statement_timeout = 0")
            await connection.execute(migration.sql, timeout=3600)
            await connection.execute(
                "INSERT INTO schema_migration (number, name, sha256) VALUES ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.sha256,
            )
    except asyncpg.PostgresError as error:
        raise Unavailable(f"{migration} failed and was undone: {error}") from error
