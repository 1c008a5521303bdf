"""POST a code over HTTP: every step, live status, first showing and audit entry, against one primary-key
lookup by a bare route.

One server process each over the same PostgreSQL, which keeps its promises (fsync on); clients, server and
database share the machine. Every request carries another code of another driver, signed by another phone.
Latency is measured at half the rate, open loop.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

import uvloop

from benchmarks.figure import Figure
from benchmarks.load.clients import Run, closed_loop, open_loop, post
from benchmarks.load.place import process, room
from liangzheng.infra import blobs
from liangzheng.infra.keys_file import FileSigners, Trust, init
from liangzheng.infra.postgres import Database, attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.time import SystemClock
from liangzheng.showing import VerifierKind, add_verifier
from liangzheng.standards.keys import Alg
from liangzheng.standards.x509 import Role
from liangzheng.wiring import key_dirs
from tests.showing.world import PORTRAIT, Row, Signers, World, driver_row, licence_rows

PROCESSES = 2
"""Of each server: as many as the machine has cores."""

CONNECTIONS = 32
GOALS = {Alg.ES256: 0.4, Alg.SM2: 0.25}
P99_MS = 50.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done: the drivers there are, requests in one run, runs that count."""

    drivers: int
    requests: int
    runs: int


FULL, QUICK = Size(20_000, 10_000, 5), Size(2_000, 2_000, 3)


def run(quick: bool) -> list[Figure]:
    """`verify-online` and `verify-online-p99`, for both algorithms."""
    size = QUICK if quick else FULL
    return [figure for alg in Alg for figure in measured(alg, size)]


def measured(alg: Alg, size: Size) -> list[Figure]:
    """`run` of that size, one algorithm."""
    return uvloop.run(_measure(alg, size))


async def _measure(alg: Alg, size: Size) -> list[Figure]:
    async with _deployment(alg, size) as place:
        with (
            process(
                place.settings, "-m", "liangzheng", "serve", "--port", "0", "--workers", f"{PROCESSES}"
            ) as verify,
            process(place.settings, "-m", "benchmarks.load.bare", f"{PROCESSES}") as bare,
        ):
            return await _figures(alg, size, place, verify, bare)


async def _figures(alg: Alg, size: Size, place: Deployment, verify: int, bare: int) -> list[Figure]:
    looks = place.looks(size.requests)
    limits: list[Run] = []
    runs: list[Run] = []
    for number in range(size.runs + 1):  # the first run warms up
        limit = await closed_loop(bare, looks, CONNECTIONS, b'"status":"A"')
        worked = await closed_loop(verify, place.questions(size.requests), CONNECTIONS, b'"outcome":"valid"')
        if number:
            limits.append(limit)
            runs.append(worked)
    rate, limit_rate = median(run.rate for run in runs), median(run.rate for run in limits)
    ratio = median(run.rate / limit.rate for run, limit in zip(runs, limits, strict=True))
    client_us = median(run.client_cpu_s for run in runs) * 1e6
    half = await open_loop(
        verify, place.questions(size.requests), 4 * CONNECTIONS, b'"outcome":"valid"', rate / 2
    )
    p99_ms = half.percentile(0.99) * 1e3
    name = "verify-online" + ("-sm2" if alg is Alg.SM2 else "")
    return [
        Figure(
            name, rate, "1/s", limit_rate, ratio, GOALS[alg],
            f"bare Starlette route that takes the same request and does one primary-key lookup; {PROCESSES} server "
            f"processes each, {CONNECTIONS} connections, "
            f"{client_us:.0f} µs of client CPU a request on the same machine",
        ),
        Figure(
            f"{name}-p99", p99_ms, "ms", P99_MS, P99_MS / p99_ms, 1.0,
            f"at half the rate ({half.rate:.0f}/s, open loop); median {half.percentile(0.5) * 1e3:.1f} ms",
        ),
    ]  # fmt: skip


@dataclass(slots=True)
class Deployment:
    """A data directory with keys, a database with licences, and phones that hold them."""

    settings: Settings
    worlds: Sequence[World]
    tokens: Sequence[str]
    asked: int = 0

    def questions(self, count: int) -> list[bytes]:
        """Requests with fresh codes; made before a run, they are good for a minute and a half."""
        return [post("/verifier/verifications", *asked) for _, *asked in self._asked(count)]

    def looks(self, count: int) -> list[bytes]:
        """The same requests to the bare route, which looks the driver up."""
        return [post(f"/drivers/{world.driver_id.uuid}", *asked) for world, *asked in self._asked(count)]

    def _asked(self, count: int) -> Iterator[tuple[World, bytes, str]]:
        now = SystemClock().now()
        for _ in range(count):
            self.asked += 1
            world = self.worlds[self.asked % len(self.worlds)]
            body = {"request": f"request-{self.asked}", "code": world.phone.show(now), "class": "C1"}
            yield world, json.dumps(body).encode(), self.tokens[self.asked % len(self.tokens)]


@asynccontextmanager
async def _deployment(alg: Alg, size: Size) -> AsyncIterator[Deployment]:
    with room() as made:
        settings = Settings.from_env(
            {"LZ_MODE": "test", "LZ_DATA_DIR": str(made / "var"), "LZ_ALG": alg.name}
        )
        settings.make_data_dir()
        now = SystemClock().now()
        dirs = key_dirs(settings)
        init(dirs, alg, now - timedelta(days=2), "Benchmark")
        signer = FileSigners(dirs.issuer, Role.DOCUMENT, Trust(dirs.trust)).signing("CN-32", now)
        async with attach(settings) as database:
            keys = Signers(alg, signer, b"", signer, signer, ())
            worlds = [World(database, keys, now=now, list_index=index) for index in range(size.drivers)]
            await _fill(database, worlds)
            tokens = [
                (await add_verifier(database, f"terminal {n}", VerifierKind.POLICE, now))[1]
                for n in range(min(2_000, size.requests))
            ]
            yield Deployment(settings, worlds, tokens)


async def _fill(database: Database, worlds: Sequence[World]) -> None:
    tables: dict[str, list[Row]] = {}
    async with database.transaction() as tx:
        portrait = await blobs.put(tx, PORTRAIT)
        for world in worlds:
            octets, credential = world.sign()
            world.phone.keep(credential)
            rows = {"driver": driver_row(world.driver_id, portrait, world.now)}
            for table, row in (rows | licence_rows(world, octets, credential[-64:], portrait)).items():
                tables.setdefault(table, []).append(row)
        for table, rows_of_table in tables.items():
            await tx.copy_records_to_table(
                table, records=[tuple(row.values()) for row in rows_of_table], columns=list(rows_of_table[0])
            )
    async with database.statement() as tx:
        await tx.execute("VACUUM ANALYZE")
