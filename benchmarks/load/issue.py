"""Accepted applications → licences kept, signed, verified as a stranger would, their places taken and
events written.

Two issuer processes over one PostgreSQL that keeps its promises (fsync on), all on one machine. The limit:
two processes that insert the very rows the issuers left, batched in the same way, and make as many bare
signatures.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from statistics import median
from typing import Any

import uvloop

from benchmarks.figure import Figure
from benchmarks.load.place import room
from liangzheng.infra import blobs
from liangzheng.infra.keys_file import FileSigners, KeyDirs, Trust, init
from liangzheng.infra.postgres import ConnectParams, Database, attach
from liangzheng.infra.postgres.provider import joined_params
from liangzheng.infra.reference import load_reference
from liangzheng.infra.settings import Settings
from liangzheng.kernel.ids import ApplicationId, DriverId, FaceCheckId, PersonId, PhoneKeyId
from liangzheng.kernel.time import SystemClock
from liangzheng.licences import Issuer
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.livecode import Lives
from liangzheng.standards.x509 import Role
from liangzheng.wiring import key_dirs
from tests.licences.world import PORTRAIT, driver_row

PROCESSES = 2
BATCH = 500
GOAL = 0.5
WANTED_PER_S = 1_500
"""2.72 million, the first day of the first batch, in half an hour."""

KEPT = (
    "licence",
    "credential",
    "status_entry",
    "application_event",
    "licence_event",
    "credential_event",
    "outbox",
)
"""Tables an issue adds rows to; the limit inserts the same rows into the same tables of another database."""


@dataclass(frozen=True, slots=True)
class Size:
    """Licences of one run, and runs that count."""

    licences: int
    runs: int


FULL, QUICK = Size(20_000, 5), Size(4_000, 3)


def run(quick: bool) -> list[Figure]:
    """`issue` and `issue-sm2`, and their rates against what the first day needs."""
    size = QUICK if quick else FULL
    return [figure for alg in Alg for figure in measured(alg, size)]


def measured(alg: Alg, size: Size) -> list[Figure]:
    """`run` of that size, one algorithm."""
    return uvloop.run(_measure(alg, size))


async def _measure(alg: Alg, size: Size) -> list[Figure]:
    with room() as directory:
        data_dir = str(directory / "var")
        settings = Settings.from_env({"LZ_MODE": "test", "LZ_DATA_DIR": data_dir, "LZ_ALG": alg.name})
        settings.make_data_dir()
        init(key_dirs(settings), alg, SystemClock().now() - timedelta(days=1), "Benchmark")
        async with attach(settings) as database:
            return await _figures(alg, size, settings, database)


async def _figures(alg: Alg, size: Size, settings: Settings, database: Database) -> list[Figure]:
    params = joined_params(settings)
    times: list[float] = []
    limits: list[float] = []
    for number in range(size.runs + 1):  # the first run warms up
        before = await _counts(database)
        await _accept(database, size.licences, number)
        worked = await _race(_issue, params, key_dirs(settings))
        rows = await _rows_since(database, before)
        assert len(rows["licence"][1]) == size.licences, "every accepted application became a licence"
        bare = await _bare(settings, alg, rows)
        if number:
            times.append(worked)
            limits.append(bare)
    rate, limit_rate = size.licences / median(times), size.licences / median(limits)
    ratio = median(bare / worked for worked, bare in zip(times, limits, strict=True))
    name = "issue" + ("-sm2" if alg is Alg.SM2 else "")
    how = f"{PROCESSES} issuer processes, database beside them; two signatures a licence, both verified"
    return [
        Figure(
            name, rate, "1/s", limit_rate, ratio, GOAL,
            f"the same rows by batched INSERT and as many bare signatures, {PROCESSES} processes; {how}",
        ),
        Figure(
            f"{name}-rate", rate, "1/s", WANTED_PER_S, rate / WANTED_PER_S, 1.0,
            f"the rate 2.72 million in 30 minutes needs; at this one {2.72e6 / rate / 60:.0f} minutes",
        ),
    ]  # fmt: skip


# -- the work -----------------------------------------------------------------------------------------


async def issue_all(params: ConnectParams, dirs: KeyDirs) -> float:
    """Seconds two issuers took for everything that waited."""
    return await _race(_issue, params, dirs)


def _issue(start: Barrier, params: ConnectParams, dirs: KeyDirs) -> None:
    """One issuer process: ready, then batches until nothing waits."""

    async def act() -> None:
        trust = Trust(dirs.trust)
        async with await Database.open(params, min=2, max=4) as database:
            signers = FileSigners(dirs.issuer, Role.DOCUMENT, trust)
            issuer = Issuer(database, signers, trust, load_reference().authorities, Lives())
            signers.signing("CN-32", SystemClock().now())
            start.wait()
            while (await issuer.batch(SystemClock().now(), BATCH)).claimed:
                pass

    uvloop.run(act())


async def _accept(database: Database, count: int, run: int) -> None:
    """Drivers with accepted applications, each from a phone of its own, straight into the tables."""
    now = SystemClock().now()
    phone_key = SoftwareSigner.generate(Alg.ES256).public_key.compressed
    drivers, applications, queue = [], [], []
    for number in range(count):
        driver_id, application_id = DriverId.new(), ApplicationId.new()
        drivers.append(driver_row(driver_id, run * count + number))
        applications.append(
            {
                "driver_id": driver_id.uuid, "id": application_id.uuid, "state": "accepted", "move": 1,
                "origin": "holder", "photo": "archived", "person_id": PersonId.new().uuid,
                "face_check_id": FaceCheckId.new().uuid, "phone_key_id": PhoneKeyId.new().uuid,
                "phone_key": phone_key, "standing_version": 1, "submitted_at": now, "moved_at": now,
            }
        )  # fmt: skip
        queue.append(
            {
                "bucket": driver_id.bucket, "due_at": now, "subject": application_id.uuid,
                "kind": "application", "driver_id": driver_id.uuid,
            }
        )  # fmt: skip
    async with database.transaction() as tx:
        await blobs.put(tx, PORTRAIT)
        for table, rows in (("driver", drivers), ("application", applications), ("issue_queue", queue)):
            await tx.copy_records_to_table(
                table, records=[tuple(row.values()) for row in rows], columns=list(rows[0])
            )
    async with database.statement() as connection:
        await connection.execute("VACUUM ANALYZE driver, application, issue_queue")


# -- the limit ----------------------------------------------------------------------------------------


async def _bare(
    settings: Settings, alg: Alg, rows: dict[str, tuple[list[str], list[tuple[Any, ...]]]]
) -> float:
    """Seconds two processes take for the same rows and bare signatures, in a database of the same schema."""
    from liangzheng.infra.postgres.migrate import bring_up

    params = joined_params(settings)
    async with (
        await Database.open(params.on("postgres"), max=1) as postgres,
        postgres.statement() as connection,
    ):
        await connection.execute("DROP DATABASE IF EXISTS bare")
        await connection.execute("CREATE DATABASE bare")
    async with await Database.open(params.on("bare"), max=2) as bare:
        await bring_up(bare)
        async with bare.statement() as connection:
            # Applications are there before, as in the work; what licences refer to must stand.
            await connection.execute(
                "ALTER TABLE licence DROP CONSTRAINT licence_driver_id_application_id_fkey"
            )
    halves = [
        {
            table: (
                columns,
                records[half * len(records) // PROCESSES : (half + 1) * len(records) // PROCESSES],
            )
            for table, (columns, records) in rows.items()
        }
        for half in range(PROCESSES)
    ]
    return await _race(_insert, params.on("bare"), alg, halves=halves)


def _insert(start: Barrier, params: ConnectParams, alg: Alg, rows: dict[str, Any]) -> None:
    """One process of the limit: as many transactions as batches, each a bare INSERT a table and its
    signatures."""

    async def act() -> None:
        signer = SoftwareSigner.generate(alg)
        async with await Database.open(params, min=1, max=1) as database:
            statements = {
                table: await _statement(database, table, columns) for table, (columns, _) in rows.items()
            }
            start.wait()
            count = len(rows["licence"][1])
            for first in range(0, count, BATCH):
                batch = {
                    table: records[
                        first * len(records) // count : min(count, first + BATCH) * len(records) // count
                    ]
                    for table, (_, records) in rows.items()
                }
                signed = [
                    *_octets(rows, batch, "licence", "document"),
                    *_octets(rows, batch, "credential", "octets"),
                ]
                for octets in signed:
                    signer.sign(octets)
                async with database.transaction() as tx:
                    for table, records in batch.items():
                        await tx.execute(statements[table], *map(list, zip(*records, strict=True)))

    uvloop.run(act())


def _octets(rows: dict[str, Any], batch: dict[str, Any], table: str, column: str) -> list[bytes]:
    place = rows[table][0].index(column)
    return [record[place] for record in batch[table]]


async def _statement(database: Database, table: str, columns: Sequence[str]) -> str:
    async with database.statement() as connection:
        types = {
            row["name"]: row["type"]
            for row in await connection.fetch(
                "SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute "
                "WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped",
                table,
            )
        }
    arrays = ", ".join(f"${place}::{types[column]}[]" for place, column in enumerate(columns, 1))
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM unnest({arrays})"


async def _counts(database: Database) -> dict[str, int]:
    async with database.statement() as connection:
        return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in KEPT}


async def _rows_since(
    database: Database, before: dict[str, int]
) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """The rows a run left, whole; the tables are emptied of them, so that each run starts alike."""
    found: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {}
    async with database.statement() as connection:
        for table in KEPT:
            # By driver, so that what belongs together is inserted together.
            by = "subject" if table == "outbox" else "driver_id"
            rows = await connection.fetch(f"SELECT * FROM {table} ORDER BY {by}")
            assert before[table] == 0, "emptied after the run before"
            found[table] = (list(rows[0].keys()), [tuple(row.values()) for row in rows])
        await connection.execute(f"TRUNCATE {', '.join(KEPT)}, issue_queue, application, driver CASCADE")
    return found


# -- two processes at once ----------------------------------------------------------------------------


async def _race(act: Callable[..., None], *arguments: object, halves: Sequence[object] = ()) -> float:
    """Seconds from the moment every process is ready until the last one is done."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(PROCESSES + 1)
    each = [(start, *arguments, *((halves[number],) if halves else ())) for number in range(PROCESSES)]
    processes = [context.Process(target=act, args=given, daemon=True) for given in each]
    for process in processes:
        process.start()
    await asyncio.to_thread(start.wait, 120)
    began = time.perf_counter()
    await asyncio.gather(*(asyncio.to_thread(process.join) for process in processes))
    took = time.perf_counter() - began
    assert all(process.exitcode == 0 for process in processes), "a process of the benchmark failed"
    return took
