"""A register file → checked rows with all their indexes, in a PostgreSQL that keeps its promises (fsync on).

The limit: COPY, in its binary form and from a file on the same disk, of the very rows the import writes,
driver and look-up index, into tables with the same columns and constraints; their primary keys are made
afterwards. Import and limit take turns. The import is a process of its own with its reader beside it, as `lz
register import` is.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from benchmarks.figure import Figure
from benchmarks.load.place import room
from liangzheng import drivers
from liangzheng.drivers import pgcopy
from liangzheng.drivers.chunk import COPIED, ChunkReader, id_of
from liangzheng.drivers.lines import RegisterFile
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.postgres import Connection, Database, attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.time import SystemClock

GOAL = 0.5
MEMORY_MB = 300
OCTETS_A_DRIVER = 800
SECRET = b"a secret of thirty-two octets .."
NOTE = "limit: binary COPY of the same rows and index entries, same constraints, primary keys made afterwards"


@dataclass(frozen=True, slots=True)
class Size:
    """Drivers in the file, and runs that count."""

    drivers: int
    runs: int


FULL, QUICK = Size(1_000_000, 5), Size(100_000, 3)


def run(quick: bool) -> list[Figure]:
    """`import`, and what it takes of memory and leaves on disk."""
    return measured(QUICK if quick else FULL)


def measured(size: Size) -> list[Figure]:
    """`run` of that size."""
    with room() as place:
        return asyncio.run(_measured(place, size))


async def _measured(place: Path, size: Size) -> list[Figure]:
    file = place / "register.csv"
    options = drivers.GenerateOptions(size.drivers, 1, date(2026, 1, 1), portraits=0)
    drivers.generate_register(file, drivers.code_tables(), options)
    copies = _written_as_copies(file, place)
    settings = Settings.from_env({"LZ_MODE": "test", "LZ_DATA_DIR": str(place / "data")})
    limits: list[float] = []
    imports: list[float] = []
    peak_mb: list[float] = []
    async with attach(settings) as database:
        for turn in range(size.runs + 1):
            limit = await _limit(database, copies)
            await _emptied(database)
            seconds, kilobytes = await asyncio.to_thread(_import, settings, file)
            if turn:  # the first turn warms up
                limits.append(limit)
                imports.append(seconds)
                peak_mb.append(kilobytes / 1024)
        octets = await _octets_a_driver(database)
    ratio = median(limit / seconds for limit, seconds in zip(limits, imports, strict=True))
    memory = max(peak_mb)
    return [
        Figure("import", size.drivers / median(imports), "drivers/s", size.drivers / median(limits), ratio, GOAL, NOTE),
        Figure("import-memory", memory, "MB", MEMORY_MB, MEMORY_MB / memory, 1.0, "importer and reader at their peaks, together"),
        Figure(
            "import-size", octets, "octets/driver", OCTETS_A_DRIVER, OCTETS_A_DRIVER / octets, 1.0,
            "driver and key_index with their indexes, as the import leaves them; portraits apart",
        ),
    ]  # fmt: skip


# -- the limit
# ----------------------------------------------------------------------------------------------------


def _written_as_copies(file: Path, place: Path) -> tuple[Path, Path]:
    """The rows of the file in COPY form: drivers, index entries."""
    keys = KeyIndex(SECRET)
    paths = place / "driver.copy", place / "key_index.copy"
    with paths[0].open("wb") as to_driver, paths[1].open("wb") as to_index, RegisterFile(file) as register:
        reader = ChunkReader(
            register.header(), drivers.code_tables(), import_number=1, at=datetime(2026, 1, 1, tzinfo=UTC)
        )
        for out in (to_driver, to_index):
            out.write(pgcopy.HEADER)
        for part in register.slices(1):
            chunk = reader.chunk(part)
            to_driver.writelines(chunk.rows)
            for kind, numbers in ((Kind.IDENTITY_NUMBER, chunk.identities), (Kind.FILE_NUMBER, chunk.files)):
                to_index.writelines(_entries(kind, map(keys.hasher(kind), numbers), map(id_of, chunk.rows)))
        for out in (to_driver, to_index):
            out.write(pgcopy.TRAILER)
    return paths


def _entries(kind: Kind, hashes: Iterator[bytes], owners: Iterator[bytes]) -> Iterator[bytes]:
    start, middle = pgcopy.row_start(3) + pgcopy.length_of(16), pgcopy.small(kind) + pgcopy.length_of(16)
    return (start + key_hash + middle + owner for key_hash, owner in zip(hashes, owners, strict=True))


async def _limit(database: Database, copies: tuple[Path, Path]) -> float:
    """Seconds of bare COPY and making the indexes."""
    async with database.transaction() as tx:
        await tx.execute("DROP TABLE IF EXISTS bare_driver, bare_key_index")
        await tx.execute(
            "CREATE TABLE bare_driver (LIKE driver INCLUDING CONSTRAINTS) WITH (fillfactor = 90)"
        )
        await tx.execute("CREATE TABLE bare_key_index (LIKE key_index INCLUDING CONSTRAINTS)")
    await _settled(database)
    started = time.perf_counter()
    async with _patient(database) as tx:
        await tx.copy_to_table("bare_driver", source=copies[0], columns=COPIED, format="binary", timeout=600)
    async with _patient(database) as tx:
        await tx.copy_to_table(
            "bare_key_index",
            source=copies[1],
            columns=("key_hash", "kind", "owner"),
            format="binary",
            timeout=600,
        )
    for statement in (
        "ALTER TABLE bare_driver ADD PRIMARY KEY (driver_id)",
        "ALTER TABLE bare_key_index ADD PRIMARY KEY (key_hash, kind)",
    ):
        async with _patient(database) as tx:
            await tx.execute(statement, timeout=600)
    seconds = time.perf_counter() - started
    async with database.transaction() as tx:
        await tx.execute("DROP TABLE bare_driver, bare_key_index")
    return seconds


class _patient:
    """A transaction without the limits meant for requests."""

    def __init__(self, database: Database) -> None:
        self._transaction = database.transaction()

    async def __aenter__(self) -> Connection:
        tx = await self._transaction.__aenter__()
        await tx.execute("SET LOCAL statement_timeout = 0")
        return tx

    async def __aexit__(self, *trouble: Any) -> None:
        await self._transaction.__aexit__(*trouble)


# -- the import --------------------------------------------------------------------------------------


def _import(settings: Settings, file: Path) -> tuple[float, float]:
    """Seconds, and kilobytes at the peak, of an import in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LZ_")} | {
        "LZ_MODE": "test",
        "LZ_DATA_DIR": str(settings.data_dir),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.import_register", str(file)],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds, kilobytes = json.loads(answer.stdout)
    return seconds, kilobytes


async def _import_here(file: Path) -> tuple[float, int]:
    peak = 0

    def look(_: drivers.Progress) -> None:
        nonlocal peak
        peak = max(
            peak, _peak_kb(os.getpid()) + sum(_peak_kb(child.pid) for child in psutil.Process().children())
        )

    async with attach(Settings.from_env(), migrate=False) as database:
        started = time.perf_counter()
        report = await drivers.import_register(
            database, KeyIndex(SECRET), file, SystemClock(), on_progress=look
        )
        assert not report.rejected
        assert not report.unchanged
        return time.perf_counter() - started, peak


def _peak_kb(pid: int) -> int:
    """Most memory the process held since it began. (What `getrusage` says is at least what its parent had.)"""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def main() -> None:
    """Entry of that process."""
    import uvloop

    print(json.dumps(uvloop.run(_import_here(Path(sys.argv[1])))))


async def _emptied(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            "TRUNCATE driver, driver_change, key_index, register_import, register_import_seen, audit_entry CASCADE"
        )
    await _settled(database)


async def _settled(database: Database) -> None:
    """What was written before does not burden what is measured next."""
    async with database.statement() as connection:
        await connection.execute("CHECKPOINT", timeout=600)


async def _octets_a_driver(database: Database) -> float:
    async with database.statement() as connection:
        return float(
            await connection.fetchval(
                "SELECT (pg_table_size('driver') + pg_indexes_size('driver') + pg_table_size('key_index')"
                " + pg_indexes_size('key_index'))::float8 / (SELECT count(*) FROM driver)"
            )
        )


if __name__ == "__main__":
    main()
