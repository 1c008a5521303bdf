"""POST an application over HTTP until it is durable, against a bare route that inserts one row.

Every request is another person's: logged in, face checked a moment ago, from a bound phone, of an open city.
Two server processes each over the same PostgreSQL, which keeps its promises (fsync on); clients, servers and
database share the machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import uvloop

from benchmarks.figure import Figure
from benchmarks.load.clients import Run, closed_loop
from benchmarks.load.place import process, room
from liangzheng import audit, rollout
from liangzheng.infra import blobs
from liangzheng.infra.keys_file import init
from liangzheng.infra.postgres import Connection, Database, attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.ids import DriverId, FaceCheckId, PersonId, PhoneKeyId, SessionId
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.rollout import Measure, Wave
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.wiring import key_dirs
from tests.licences.world import PORTRAIT, citizen, driver_row

PROCESSES = 2
CONNECTIONS = 50
GOAL = 0.5


@dataclass(frozen=True, slots=True)
class Size:
    """Applications of one run, and runs that count."""

    requests: int
    runs: int


FULL, QUICK = Size(5_000, 5), Size(1_500, 3)


def run(quick: bool) -> list[Figure]:
    """`apply`."""
    return measured(QUICK if quick else FULL)


def measured(size: Size) -> list[Figure]:
    """`run` of that size."""
    return [uvloop.run(_measure(size))]


async def _measure(size: Size) -> Figure:
    with room() as directory:
        settings = Settings.from_env({"LZ_MODE": "test", "LZ_DATA_DIR": str(directory / "var")})
        settings.make_data_dir()
        init(key_dirs(settings), Alg.ES256, SystemClock().now() - timedelta(days=1), "Benchmark")
        async with attach(settings) as database:
            requests = await _fill(database, size)
            with (
                process(
                    settings, "-m", "liangzheng", "serve", "--port", "0", "--workers", f"{PROCESSES}"
                ) as apply,
                process(settings, "-m", "benchmarks.load.bare", f"{PROCESSES}") as bare,
            ):
                figure = await _figure(size, requests, apply, bare)
            async with database.statement() as connection:
                kept = await connection.fetchval("SELECT count(*) FROM application WHERE state = 'accepted'")
            assert kept == (size.runs + 1) * size.requests, "every answer was kept"
            return figure


async def _figure(size: Size, requests: Sequence[Request], apply: int, bare: int) -> Figure:
    runs: list[Run] = []
    limits: list[Run] = []
    for number in range(size.runs + 1):  # the first run warms up
        mine = requests[number * size.requests : (number + 1) * size.requests]
        limit = await closed_loop(bare, [r.octets("/bare") for r in mine], CONNECTIONS, b'"state":"accepted"')
        asked = [request.octets("/holder/applications") for request in mine]
        worked = await closed_loop(apply, asked, CONNECTIONS, b'"state":"accepted"')
        if number:
            limits.append(limit)
            runs.append(worked)
    rate, limit_rate = median(run.rate for run in runs), median(run.rate for run in limits)
    ratio = median(run.rate / limit.rate for run, limit in zip(runs, limits, strict=True))
    p99_ms = median(run.percentile(0.99) for run in runs) * 1e3
    client_us = median(run.client_cpu_s for run in runs) * 1e6
    return Figure(
        "apply", rate, "1/s", limit_rate, ratio, GOAL,
        f"bare Starlette route, one INSERT; {PROCESSES} server processes each, {CONNECTIONS} connections, closed "
        f"loop, p99 {p99_ms:.0f} ms, {client_us:.0f} µs of client CPU a request on the same machine",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """One application, ready to be sent."""

    token: str
    key: str
    body: bytes

    def octets(self, path: str) -> bytes:
        """The whole request."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\n"
            f"Idempotency-Key: {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


Row = dict[str, object]


async def _fill(database: Database, size: Size) -> list[Request]:
    """People who may apply, straight into the tables, and the requests they will send."""
    now = SystemClock().now()
    tables: dict[str, list[Row]] = {}
    requests = []
    for number in range((size.runs + 1) * size.requests):
        person = _Person(number, now)
        for table, row in person.rows():
            tables.setdefault(table, []).append(row)
        requests.append(person.request())
    async with database.transaction() as tx:
        await blobs.put(tx, PORTRAIT)
        for table, rows in tables.items():
            await tx.copy_records_to_table(
                table, records=[tuple(row.values()) for row in rows], columns=list(rows[0])
            )
        await _open_city(tx, now)
        await tx.execute(
            "CREATE TABLE bare_insert (id uuid PRIMARY KEY, photo text, face_check text, phone_key text, at timestamptz)"
        )
    async with database.statement() as connection:
        await connection.execute("VACUUM ANALYZE")
    return requests


async def _open_city(tx: Connection, now: datetime) -> None:
    day = civil_day(now)
    wave = Wave(Measure.E_LICENCE, "Suzhou", day, day, {"320500": day})
    await rollout.open_wave(tx, wave, now, audit.Actor("operator"))


_PHONE_KEY = SoftwareSigner.generate(Alg.ES256).public_key.compressed


class _Person:
    """Somebody who may apply: driver, account, session, phone, a face check that passed."""

    def __init__(self, number: int, now: datetime) -> None:
        self.number, self.now = number, now
        self.driver, self.person = DriverId.new(), PersonId.new()
        self.phone_key, self.face_check = PhoneKeyId.new(), FaceCheckId.new()
        self.token = self.person.uuid.bytes + secrets.token_bytes(32)

    def request(self) -> Request:
        body = {"photo": "archived", "face_check": str(self.face_check), "phone_key": str(self.phone_key)}
        token = base64.urlsafe_b64encode(self.token).decode()
        return Request(token, f"request-{self.number:08d}", json.dumps(body).encode())

    def rows(self) -> Iterator[tuple[str, Row]]:
        now, person = self.now, self.person.uuid
        driver = driver_row(self.driver, self.number)
        yield "driver", driver
        yield "person", {
            "person_id": person, "created_at": now, "driver_id": self.driver.uuid, "real_name_checked_at": now,
            "face_checked_at": now, "level": 2, "identity_kind": "A", "identity_number": citizen(self.number),
            "name": driver["name"],
        }  # fmt: skip
        yield "account", {
            "person_id": person, "created_at": now, "mobile": f"139{self.number:08d}", "password_hash": "none",
        }  # fmt: skip
        yield "session", {
            "person_id": person, "id": SessionId.new().uuid, "opened_at": now, "seen_at": now + timedelta(hours=1),
            "expires_at": now + timedelta(hours=12), "token_hash": hashlib.sha256(self.token).digest(),
        }  # fmt: skip
        yield "phone_key", {
            "person_id": person, "id": self.phone_key.uuid, "bound_at": now, "slot": 1, "label": "phone",
            "public_key": _PHONE_KEY,
        }  # fmt: skip
        yield "face_check", {
            "person_id": person, "id": self.face_check.uuid, "begun_at": now, "expires_at": now + timedelta(hours=1),
            "judged_at": now, "usable_until": now + timedelta(hours=1), "move": 3, "state": "passed",
            "purpose": "apply", "engine": "simulated", "engine_version": "1", "calibrated": False,
            "simulated": True, "liveness": "challenge", "nonce": secrets.token_bytes(32), "steps": [],
            "reasons": [], "submission_hash": secrets.token_bytes(32),
        }  # fmt: skip
