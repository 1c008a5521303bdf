"""A register file, or a pack of portraits, over HTTP: sent in parts that may be sent again, released by another person, imported
by a worker.

The parts lie in the database, so that any process may take them in and any worker may import them. The import is that of
`import_register`: stopped half-way, it goes on where it stopped where its working files still are, else from the beginning,
which changes nothing twice. A pack is told by its name, which ends in .tar; its pictures are kept by their hash, for the rows of
any file that name them.
"""

from __future__ import annotations

import asyncio
import csv
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from liangzheng import audit
from liangzheng.drivers import store_uploads as store
from liangzheng.drivers.import_register import ImportOptions, ImportReport, Progress, import_register
from liangzheng.drivers.portraits import PackReport, import_pack
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection, Database, Row
from liangzheng.kernel.errors import Conflict, Failure, Forbidden, Invalid, NotFound, Unavailable
from liangzheng.kernel.ids import StaffId, UploadId
from liangzheng.kernel.time import Clock

MOST_PART_OCTETS: Final = 4 << 20
LARGEST_UPLOAD: Final = 2 << 30
"""A register of a country is imported where it lies (`./lz register import`)."""
_MOST_WAITING: Final = 10
_HELD_FOR: Final = timedelta(minutes=2)
_TOLD_EVERY_S: Final = 1.0
_WAITS_FOR: Final = timedelta(days=7)
_REJECTS_KEPT: Final = timedelta(days=30)


class UploadState(StrEnum):
    """Where an upload stands. `released` until its import has ended."""

    SENDING = "sending"
    SENT = "sent"
    RELEASED = "released"
    FINISHED = "finished"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload. `received`: octets that are here, where the next part begins; `octets_done`: of them imported.
    `counts`: fresh, changed, unchanged, rejected, of lines or of pictures; `fault`: why it failed."""

    id: UploadId
    state: UploadState
    file_name: str
    octets: int
    received: int
    drawn_at: datetime
    sent_by: StaffId
    begun_at: datetime
    decided_by: StaffId | None
    decided_at: datetime | None
    octets_done: int
    lines_done: int
    counts: Mapping[str, int]
    fault: str | None
    ended_at: datetime | None

    @property
    def is_pack(self) -> bool:
        """Whether it is one of portraits."""
        return self.file_name.lower().endswith(".tar")


def _upload(row: Row) -> Upload:
    decided_by = row["decided_by"]
    return Upload(
        UploadId(row["upload_id"]), UploadState(row["state"]), row["file_name"], row["octets"], row["received"],
        row["drawn_at"], StaffId(row["sent_by"]), row["begun_at"], StaffId(decided_by) if decided_by else None,
        row["decided_at"], row["octets_done"], row["lines_done"], row["counts"], row["fault"], row["ended_at"],
    )  # fmt: skip


async def begin_upload(
    tx: Connection, name: str, octets: int, drawn_at: datetime, by: StaffId, now: datetime, *, duty: str
) -> Upload:
    """An upload that waits for its first part. `drawn_at`: when the file was drawn from the register; a standing changed
    here since then stays. Raises Invalid, Conflict while too many wait."""
    name = name.strip()
    if not 1 <= len(name) <= 120 or not name.isprintable() or "/" in name or "\\" in name:
        raise Invalid("file_name", "1 to 120 visible characters and no path")
    if not 1 <= octets <= LARGEST_UPLOAD:
        raise Invalid("octets", f"1 to {LARGEST_UPLOAD}; a larger file is imported where it lies")
    if drawn_at > now:
        raise Invalid("drawn_at", "not in the future")
    if await store.waiting(tx) >= _MOST_WAITING:
        raise Conflict(
            "other files wait to be released or imported; decide those first", rule="too-many-waiting"
        )
    upload_id = UploadId.new()
    await store.add(tx, upload_id, name, octets, drawn_at, by, now)
    await _record(tx, "register-upload.begun", upload_id, by, {"octets": octets}, now, duty)
    return await upload(tx, upload_id)


async def take_part(tx: Connection, upload_id: UploadId, start: int, part: bytes, by: StaffId) -> Upload:
    """The part that begins at octet `start` is kept; one that is here already changes nothing.

    Raises NotFound, Invalid, Conflict for a part after a gap, and for one of an upload that is whole.
    """
    held = await _held(tx, upload_id)
    if held.sent_by != by:
        raise NotFound("there is no such upload")
    if not part or len(part) > MOST_PART_OCTETS:
        raise Invalid("part", f"1 to {MOST_PART_OCTETS} octets")
    if start < held.received:
        return held  # sent again: the answer was lost, the part was not
    if held.state is not UploadState.SENDING:
        raise Conflict("the file is whole", rule="not-sending")
    if start > held.received:
        raise Conflict(f"the next part begins at octet {held.received}", place="start", rule="gap")
    if start + len(part) > held.octets:
        raise Invalid("part", f"ends with the file, at octet {held.octets}")
    await store.add_part(tx, upload_id, "file", start, part)
    await store.received(tx, upload_id, start + len(part))
    return await upload(tx, upload_id)


async def decide_upload(
    tx: Connection, upload_id: UploadId, by: StaffId, now: datetime, *, release: bool, duty: str
) -> Upload:
    """Another person than who sent it releases it for import, or refuses it; then what was sent is gone. Who sent it may
    refuse it too, whole or not. Raises NotFound, Forbidden, Conflict."""
    held = await _held(tx, upload_id)
    if release and held.sent_by == by:
        raise Forbidden("another person than who sent the file releases it", rule="own-proposal")
    open_ones = (UploadState.SENT,) if release else (UploadState.SENT, UploadState.SENDING)
    if held.state not in open_ones:
        raise Conflict("the file is not waiting for this decision", rule="already-decided")
    if release:
        await store.decide(tx, upload_id, UploadState.RELEASED, by, now)
    elif held.sent_by == by:
        await store.end(tx, upload_id, UploadState.REFUSED, {}, None, now)
    else:
        await store.decide(tx, upload_id, UploadState.REFUSED, by, now)
        await store.drop_parts(tx, upload_id, "file")
    act = "register-upload.released" if release else "register-upload.refused"
    await _record(tx, act, upload_id, by, {}, now, duty)
    return await upload(tx, upload_id)


async def upload(tx: Connection, upload_id: UploadId) -> Upload:
    """One upload. Raises NotFound."""
    row = await store.one(tx, upload_id)
    if row is None:
        raise NotFound("there is no such upload")
    return _upload(row)


async def list_uploads(tx: Connection, limit: int = 50) -> list[Upload]:
    """The latest, newest first."""
    return [_upload(row) for row in await store.latest(tx, limit)]


async def forget_uploads(tx: Connection, now: datetime) -> None:
    """Files nobody released within a week are refused, and lines rejected a month ago are gone: both hold personal data."""
    await store.forget(tx, now - _WAITS_FOR, now - _REJECTS_KEPT, now)


def rejects_of(db: Database, upload_id: UploadId) -> AsyncIterator[bytes]:
    """The file of lines that were not imported, part by part; nothing where there were none."""
    return store.parts(db, upload_id, "rejects")


async def read_rejects(tx: Connection, upload_id: UploadId, by: StaffId, now: datetime, *, duty: str) -> None:
    """Who reads rejected lines is on record: they hold personal data. Raises NotFound."""
    await upload(tx, upload_id)
    await _record(tx, "register-upload.rejects-read", upload_id, by, {}, now, duty)


async def import_next_upload(
    db: Database, keys: KeyIndex, folder: Path, clock: Clock, options: ImportOptions
) -> Upload | None:
    """Imports the oldest released file; None where none waits. Raises Unavailable and Conflict (another import runs) with
    the file left for the next time. A file that is no register ends as failed, with the reason."""
    async with db.transaction() as tx:
        row = await store.take(tx, clock.now(), _HELD_FOR)
    if row is None:
        return None
    taken = _upload(row)
    suffix = ".tar" if taken.is_pack else ".gz" if taken.file_name.endswith(".gz") else ""
    path = folder / f"{taken.id}{suffix}"
    rejects = folder / f"{taken.id}.rejects.csv"
    assert taken.decided_by is not None, "released by somebody"
    started_here = await asyncio.to_thread(rejects.exists)
    options = ImportOptions(
        encoding=options.encoding, rejects_file=rejects, anew=not started_here, as_of=taken.drawn_at,
        photos=options.photos, actor=audit.Actor("staff", taken.decided_by),
    )  # fmt: skip
    told = _Telling(db, clock, taken.id)
    telling = asyncio.create_task(told.keep_telling())
    try:
        await _written(db, taken.id, path)
        if taken.is_pack:
            lines, counts, bad = await _take_pack(db, path, rejects, options, told)
        else:
            report = await import_register(db, keys, path, clock, options, told.hear)
            lines, counts, bad = report.lines, _counts(report), report.rejects_file
    except (Unavailable, Conflict):
        async with db.transaction() as tx:
            await store.let_go(tx, taken.id)
        raise
    except Failure as failure:
        async with db.transaction() as tx:
            await store.end(tx, taken.id, UploadState.FAILED, {}, str(failure)[:500], clock.now())
            return await upload(tx, taken.id)
    finally:
        telling.cancel()
        path.unlink(missing_ok=True)
    async with db.transaction() as tx:
        await store.progress(tx, taken.id, taken.octets, lines, counts, clock.now())
        if bad:
            await _keep_rejects(tx, taken.id, bad)
        if taken.is_pack:
            await _record(
                tx, "register-upload.pictures-kept", taken.id, taken.decided_by, counts, clock.now()
            )
        await store.end(tx, taken.id, UploadState.FINISHED, counts, None, clock.now())
        done = await upload(tx, taken.id)
    rejects.unlink(missing_ok=True)
    return done


def _counts(report: ImportReport) -> dict[str, int]:
    return {
        "fresh": report.fresh, "changed": report.changed, "unchanged": report.unchanged, "rejected": report.rejected,
    }  # fmt: skip


async def _take_pack(
    db: Database, path: Path, rejects: Path, options: ImportOptions, told: _Telling
) -> tuple[int, dict[str, int], Path | None]:
    """The pictures are kept; how many there were, what became of them, and the file of those that were turned away."""
    size = (await asyncio.to_thread(path.stat)).st_size

    def hear(so_far: PackReport) -> None:
        counts = _pack_counts(so_far)
        # Where in the file it is, is not known; the share of it is told at the end.
        told.hear(Progress(0, size, sum(counts.values()), counts))

    report = await import_pack(db, path, options.photos, hear)
    counts = _pack_counts(report)
    if not report.refused:
        return sum(counts.values()), counts, None
    await asyncio.to_thread(_write_refused, rejects, report)
    return sum(counts.values()), counts, rejects


def _pack_counts(report: PackReport) -> dict[str, int]:
    return {"fresh": report.added, "changed": 0, "unchanged": report.known, "rejected": len(report.refused)}


def _write_refused(path: Path, report: PackReport) -> None:
    """As the rejects of a register file: what, and the rule it broke."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("reject_picture", "reject_reason"))
        writer.writerows((refused.place, refused.rule) for refused in report.refused)


class _Telling:
    """Keeps the row in step with the import, about every second, and with it the worker's hold on it."""

    def __init__(self, db: Database, clock: Clock, upload_id: UploadId) -> None:
        self._db, self._clock, self._id = db, clock, upload_id
        self._last = Progress(0, 0, 0, {})

    def hear(self, progress: Progress) -> None:
        self._last = progress

    async def keep_telling(self) -> None:
        while True:
            await asyncio.sleep(_TOLD_EVERY_S)
            last, until = self._last, self._clock.now() + _HELD_FOR
            try:
                async with self._db.transaction() as tx:
                    await store.progress(tx, self._id, last.octets, last.lines, last.counts, until)
            except Unavailable:
                continue  # the import itself says so


async def _written(db: Database, upload_id: UploadId, path: Path) -> None:
    await asyncio.to_thread(path.parent.mkdir, 0o700, True, True)
    handle = await asyncio.to_thread(
        os.open, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
    )
    with os.fdopen(handle, "wb") as file:
        async for part in store.parts(db, upload_id, "file"):
            await asyncio.to_thread(file.write, part)


async def _keep_rejects(tx: Connection, upload_id: UploadId, path: Path) -> None:
    at = 0
    with path.open("rb") as file:
        while part := await asyncio.to_thread(file.read, MOST_PART_OCTETS):
            await store.add_part(tx, upload_id, "rejects", at, part)
            at += len(part)


async def _held(tx: Connection, upload_id: UploadId) -> Upload:
    row = await store.one(tx, upload_id, for_update=True)
    if row is None:
        raise NotFound("there is no such upload")
    return _upload(row)


async def _record(
    tx: Connection,
    act: str,
    upload_id: UploadId,
    by: StaffId,
    detail: Mapping[str, Any],
    now: datetime,
    duty: str | None = None,
) -> None:
    await audit.record(
        tx, act=act, actor=audit.Actor("staff", by, duty), subject=upload_id, purpose="register import",
        detail=dict(detail), now=now,
    )  # fmt: skip
