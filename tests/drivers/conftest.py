"""Registers to import, the act with its usual neighbours, and ways to compare what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from liangzheng import drivers
from liangzheng.drivers.columns import HEADERS, SQL_COLUMNS, CodeTables
from liangzheng.drivers.generate import Generator
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Database
from liangzheng.kernel.time import FixedClock

AS_OF = date(2026, 11, 20)
Import = Callable[..., Awaitable[drivers.ImportReport]]


@pytest.fixture(scope="session")
def tables() -> CodeTables:
    return drivers.code_tables()


@pytest.fixture
def keys() -> KeyIndex:
    return KeyIndex(b"a secret of thirty-two octets ..")


@pytest.fixture
def good_lines(tables: CodeTables) -> Callable[[int], list[list[str]]]:
    """The fields of the first so many generated lines, as they stand in the file."""

    def make(many: int, seed: int = 7) -> list[list[str]]:
        generator = Generator(tables, seed=seed, as_of=AS_OF, portraits=["ab" * 32])
        return [generator.next_fields() for _ in range(many)]

    return make


@pytest.fixture
def bring_in(database: Database, keys: KeyIndex, clock: FixedClock) -> Import:
    """Imports a file into the test's database."""

    async def act(path: Path, **options: Any) -> drivers.ImportReport:
        return await drivers.import_register(database, keys, path, clock, drivers.ImportOptions(**options))

    return act


def written(path: Path, lines: Iterable[list[str] | bytes], header: Iterable[str] = HEADERS) -> Path:
    """A register file of these lines."""
    octets = [
        ",".join(header).encode(),
        *(line if isinstance(line, bytes) else ",".join(line).encode() for line in lines),
    ]
    path.write_bytes(b"\n".join([*octets, b""]))
    return path


def changed(fields: list[str], **new: str) -> list[str]:
    """The line with other fields."""
    return [new.get(header, field) for header, field in zip(HEADERS, fields, strict=True)]


async def register_of(database: Database) -> list[tuple[Any, ...]]:
    """What every record says, in an order of its own; ids and times left out."""
    columns = ", ".join((*SQL_COLUMNS, "name_key", "row_hash", "standing_version", "record_version"))
    async with database.read() as connection:
        return [
            tuple(row.values())
            for row in await connection.fetch(f"SELECT {columns} FROM driver ORDER BY document_number")
        ]


async def physical(database: Database) -> list[tuple[Any, ...]]:
    """Every row version of the register and its index: the same only when nothing was written."""
    async with database.read() as connection:
        rows = await connection.fetch(
            "SELECT driver_id::text, xmin::text, ctid::text FROM driver ORDER BY driver_id"
        )
        index = await connection.fetch(
            "SELECT key_hash::text, xmin::text, ctid::text FROM key_index ORDER BY 1, kind"
        )
        events = await connection.fetch("SELECT id::text, xmin::text, ctid::text FROM outbox ORDER BY id")
    return [tuple(row.values()) for row in (*rows, *index, *events)]


async def one(database: Database, query: str, *values: Any) -> Any:
    """One value."""
    async with database.read() as connection:
        return await connection.fetchval(query, *values)
