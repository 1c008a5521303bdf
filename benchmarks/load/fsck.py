"""`./lz restore` of many licences into an empty place, and `./lz fsck` over them there, each as an operator runs it.

The licences are real: every driver has a person with a phone, the issuers sign (two signatures a licence), the audit
record is sealed and a checkpoint of it signed. Limits are the promises: a million licences checked in five minutes,
and restored, with that check, in ten. Portraits apart: every driver has the same one.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import uvloop

from benchmarks.figure import Figure
from benchmarks.load.issue import issue_all
from benchmarks.load.place import room
from liangzheng import audit
from liangzheng.infra import blobs, epochs
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.keys_file import FileSigners, Trust, init, read_index_secret
from liangzheng.infra.postgres import Connection, Database, attach
from liangzheng.infra.postgres.dump import MANIFEST, read_manifest
from liangzheng.infra.postgres.provider import joined_params
from liangzheng.infra.sealed_files import Sealer
from liangzheng.infra.settings import Settings
from liangzheng.kernel.ids import ApplicationId, DriverId, FaceCheckId, PersonId, PhoneKeyId
from liangzheng.kernel.people import citizen_check_character
from liangzheng.kernel.time import SystemClock
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.x509 import Role
from liangzheng.wiring import key_dirs
from tests.licences.world import PORTRAIT, driver_row

CHECKED_PER_S = 1_000_000 / 300
RESTORED_PER_S = 1_000_000 / 600
MEMORY_MB = 600
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Size:
    """Licences there are."""

    licences: int


FULL, QUICK = Size(100_000), Size(10_000)


def run(quick: bool, licences: int | None = None, kept: Path | None = None) -> list[Figure]:
    """`fsck`, `fsck-memory`, `restore` and the same with SM2. `licences`: so many. `kept`: their backups and keys stay there,
    and are measured again where they are there already: making a million takes longer than all that is measured."""
    size = Size(licences) if licences else QUICK if quick else FULL
    return [figure for alg in Alg for figure in measured(alg, size, kept)]


def measured(alg: Alg, size: Size, kept: Path | None = None) -> list[Figure]:
    """`run` of that size, one algorithm."""
    with room() as directory:
        return uvloop.run(_measure(alg, size, directory, kept / alg.name if kept else directory / "kept"))


async def _measure(alg: Alg, size: Size, directory: Path, kept: Path) -> list[Figure]:
    if not (kept / "backup" / MANIFEST).is_file():
        there = _place(alg, directory / "var")
        init(key_dirs(there), alg, SystemClock().now() - timedelta(days=1), "Benchmark")
        async with attach(there) as database:
            await _fill(database, there, size.licences)
            await asyncio.to_thread(_command, there, "backup", str(kept / "backup"))
        shutil.copytree(there.data_dir / "keys", kept / "keys", symlinks=True)
    manifest, _ = read_manifest(kept / "backup", _not_sealed)
    (licences,) = (each.rows for each in manifest.tables if each.table == "licence")
    empty = _place(alg, directory / "new")
    shutil.copytree(kept / "keys", empty.data_dir / "keys", symlinks=True)
    restored = await asyncio.to_thread(_command, empty, "restore", str(kept / "backup"))
    async with attach(empty):
        checked = await asyncio.to_thread(_command, empty, "fsck", "--json")
    return _figures(alg, licences, checked, restored)


def _place(alg: Alg, data: Path) -> Settings:
    settings = Settings.from_env({"LZ_MODE": "test", "LZ_DATA_DIR": str(data), "LZ_ALG": alg.name})
    settings.make_data_dir()
    return settings


def _not_sealed(salt: bytes) -> Sealer:
    raise AssertionError("made without a passphrase")


def _figures(alg: Alg, licences: int, checked: Ran, restored: Ran) -> list[Figure]:
    report = json.loads(checked.output)
    assert report["faults"] == [] and report["pending"] == 0, report["faults"]
    suffix = "-sm2" if alg is Alg.SM2 else ""
    rate, back = licences / checked.seconds, licences / restored.seconds
    costly = sorted(report["areas"], key=lambda area: -area[2])[:4]
    areas = ", ".join(f"{area} {seconds:.1f} s" for area, _, seconds in costly)
    return [
        Figure(
            f"fsck{suffix}", rate, "licences/s", CHECKED_PER_S, rate / CHECKED_PER_S, 1.0,
            f"1 M in 5 minutes; {licences:,} licences, every signature, {checked.seconds:.1f} s, "
            f"{checked.cpu_s:.1f} s of cores beside PostgreSQL ({areas})",
        ),
        Figure(
            f"fsck{suffix}-memory", checked.peak_mb, "MB", MEMORY_MB, MEMORY_MB / checked.peak_mb, 1.0,
            "the command and its processes at their peaks, together; PostgreSQL apart",
        ),
        Figure(
            f"restore{suffix}", back, "licences/s", RESTORED_PER_S, back / RESTORED_PER_S, 1.0,
            f"1 M in 10 minutes; {licences:,} licences, its own fsck included, {restored.seconds:.1f} s",
        ),
    ]  # fmt: skip


# -- the commands -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that went well: what it printed, how long it took, seconds of cores it and its processes used, and the
    most memory they held."""

    output: str
    seconds: float
    cpu_s: float
    peak_mb: float


def _command(settings: Settings, *words: str) -> Ran:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LZ_")} | {
        "LZ_MODE": "test",
        "LZ_DATA_DIR": str(settings.data_dir),
        "LZ_ALG": settings.alg.name,
        "PYTHONPATH": os.pathsep.join(path for path in ("src", *sys.path) if path),
    }
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen(
        [sys.executable, "-m", "liangzheng", *words], env=environment, stdout=subprocess.PIPE, text=True
    )
    most: dict[int, int] = {}
    done = threading.Event()
    looking = threading.Thread(target=_look, args=(child.pid, most, done), daemon=True)
    looking.start()
    output, _ = child.communicate()
    seconds = time.perf_counter() - began
    done.set()
    looking.join()
    if child.returncode:
        raise RuntimeError(f"{words[0]} ended with {child.returncode}: {output}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return Ran(output, seconds, cpu_s, max(1, sum(most.values())) / 1024)


def _look(pid: int, most: dict[int, int], done: threading.Event) -> None:
    """Peaks of the process and those it started, but not of a database server among them; until it is done."""
    while not done.wait(0.2):
        try:
            us = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for each in us:
            with suppress(psutil.NoSuchProcess, OSError):
                if "python" in each.name():
                    lines = Path(f"/proc/{each.pid}/status").read_text().splitlines()
                    # Of one that has ended nothing is told any more.
                    peak = next((int(row.split()[1]) for row in lines if row.startswith("VmHWM")), 0)
                    most[each.pid] = max(most.get(each.pid, 0), peak)


# -- the licences -------------------------------------------------------------------------------------


async def _fill(database: Database, settings: Settings, licences: int) -> None:
    """Drivers with people and phones, applications accepted, licences issued, the record sealed."""
    keys = KeyIndex(read_index_secret(key_dirs(settings)))
    async with database.transaction() as tx:
        await blobs.put(tx, PORTRAIT)
    for first in range(0, licences, _AT_ONCE):
        async with database.transaction() as tx:
            rows = _rows(keys, range(first, min(licences, first + _AT_ONCE)), SystemClock().now())
            await _copy(tx, rows)
    await _settled(database)
    await issue_all(joined_params(settings), key_dirs(settings))
    async with database.transaction() as tx:
        await tx.execute("SET LOCAL statement_timeout = 0")
        assert await tx.fetchval("SELECT count(*) FROM licence WHERE state = 'live'") == licences
        # What the events become is no work of fsck.
        await tx.execute("TRUNCATE outbox")
    now = SystemClock().now()
    await audit.seal(database, now)
    dirs = key_dirs(settings)
    signer = FileSigners(dirs.audit, Role.AUDIT, Trust(dirs.trust)).signing(None, now)
    await audit.checkpoint(database, signer, await epochs.current(database), now)
    await audit.write_files(database, settings.checkpoints)
    await _settled(database)


async def _settled(database: Database) -> None:
    async with database.statement() as connection:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        await connection.execute("RESET statement_timeout")


async def _copy(tx: Connection, rows: dict[str, list[dict[str, Any]]]) -> None:
    for table, records in rows.items():
        await tx.copy_records_to_table(
            table, records=[tuple(row.values()) for row in records], columns=list(records[0]), timeout=600
        )


def _rows(keys: KeyIndex, numbers: range, now: datetime) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    phone = SoftwareSigner.generate(Alg.ES256).public_key.compressed
    for number in numbers:
        for table, row in _of_one(keys, number, phone, now):
            rows.setdefault(table, []).append(row)
    return rows


def _of_one(keys: KeyIndex, number: int, phone: bytes, now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    driver, person, application, key = DriverId.new(), PersonId.new(), ApplicationId.new(), PhoneKeyId.new()
    of_driver = driver_row(driver, number) | {"document_number": _citizen(number), "updated_at": now}
    mobile = f"199{number:08d}"
    yield "driver", of_driver
    for kind, value, owner in (
        (Kind.IDENTITY_NUMBER, f"A{of_driver['document_number']}", driver),
        (Kind.FILE_NUMBER, str(of_driver["file_number"]), driver),
        (Kind.MOBILE, mobile, person),
    ):
        yield "key_index", {"key_hash": keys.hash(kind, value), "kind": int(kind), "owner": owner.uuid}
    yield "person", {
        "person_id": person.uuid, "created_at": now, "driver_id": driver.uuid, "real_name_checked_at": now,
        "face_checked_at": now, "level": 2, "identity_kind": "A", "identity_number": of_driver["document_number"],
        "name": of_driver["name"],
    }  # fmt: skip
    yield "driver_person", {"driver_id": driver.uuid, "person_id": person.uuid, "bound_at": now}
    yield "account", {"person_id": person.uuid, "created_at": now, "mobile": mobile}
    yield "phone_key", {
        "person_id": person.uuid, "id": key.uuid, "bound_at": now, "slot": 1, "label": "phone", "public_key": phone,
    }  # fmt: skip
    yield "application", {
        "driver_id": driver.uuid, "id": application.uuid, "state": "accepted", "move": 1, "origin": "holder",
        "photo": "archived", "person_id": person.uuid, "face_check_id": FaceCheckId.new().uuid,
        "phone_key_id": key.uuid, "phone_key": phone, "standing_version": 1, "submitted_at": now, "moved_at": now,
    }  # fmt: skip
    yield "application_event", {
        "driver_id": driver.uuid, "application_id": application.uuid, "move": 1, "event": "facts_held", "at": now,
    }  # fmt: skip
    yield "issue_queue", {
        "bucket": driver.bucket, "due_at": now, "subject": application.uuid, "kind": "application",
        "driver_id": driver.uuid,
    }  # fmt: skip


def _citizen(number: int) -> str:
    year, rest = 1800 + number // 300_000, number % 300_000
    head = f"320505{year}{1 + rest // 25000:02d}{1 + rest // 1000 % 25:02d}{rest % 1000:03d}"
    return head + citizen_check_character(head)
