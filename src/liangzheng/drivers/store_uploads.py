"""Every statement on register_upload and register_upload_part."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from liangzheng.infra.postgres import Connection, Database, Row
from liangzheng.kernel.ids import StaffId, UploadId

COLUMNS = (
    "upload_id, state, file_name, octets, received, drawn_at, sent_by, begun_at, decided_by, decided_at, octets_done, "
    "lines_done, counts, fault, ended_at"
)


async def add(
    tx: Connection,
    upload_id: UploadId,
    name: str,
    octets: int,
    drawn_at: datetime,
    by: StaffId,
    now: datetime,
) -> None:
    """An upload of which nothing has come yet."""
    await tx.execute(
        "INSERT INTO register_upload (upload_id, state, file_name, octets, drawn_at, sent_by, begun_at) "
        "VALUES ($1, 'sending', $2, $3, $4, $5, $6)",
        upload_id.uuid, name, octets, drawn_at, by.uuid, now,
    )  # fmt: skip


async def one(tx: Connection, upload_id: UploadId, *, for_update: bool = False) -> Row | None:
    """Its row; `for_update` holds it until the transaction ends."""
    return await tx.fetchrow(
        f"SELECT {COLUMNS} FROM register_upload WHERE upload_id = $1"
        + (" FOR NO KEY UPDATE" if for_update else ""),
        upload_id.uuid,
    )


async def latest(tx: Connection, limit: int) -> list[Row]:
    """Rows, newest first."""
    return await tx.fetch(f"SELECT {COLUMNS} FROM register_upload ORDER BY upload_id DESC LIMIT $1", limit)


_BEGIN_LOCK: Final = 0x4C5A_0009


async def waiting(tx: Connection) -> int:
    """How many are on their way: begun and not ended. Until the transaction ends nobody else counts them: of several who begin at
    once each counts those before."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _BEGIN_LOCK)
    found: int = await tx.fetchval(
        "SELECT count(*) FROM register_upload WHERE state IN ('sending', 'sent', 'released')"
    )
    return found


async def add_part(tx: Connection, upload_id: UploadId, kind: str, start: int, octets: bytes) -> None:
    """One part, once."""
    await tx.execute(
        "INSERT INTO register_upload_part (upload_id, kind, start, octets) VALUES ($1, $2, $3, $4)",
        upload_id.uuid, kind, start, octets,
    )  # fmt: skip


async def received(tx: Connection, upload_id: UploadId, octets: int) -> None:
    """So much of it is here; whole, it is sent."""
    await tx.execute(
        "UPDATE register_upload SET received = $2, state = CASE WHEN octets = $2 THEN 'sent' ELSE state END "
        "WHERE upload_id = $1",
        upload_id.uuid, octets,
    )  # fmt: skip


async def decide(tx: Connection, upload_id: UploadId, state: str, by: StaffId, now: datetime) -> None:
    """Released, or refused and over."""
    await tx.execute(
        "UPDATE register_upload SET state = $2, decided_by = $3, decided_at = $4, "
        "ended_at = CASE WHEN $2 = 'refused' THEN $4::timestamptz END WHERE upload_id = $1",
        upload_id.uuid, state, by.uuid, now,
    )  # fmt: skip


async def take(tx: Connection, now: datetime, hold: timedelta) -> Row | None:
    """The oldest released one nobody has; it is the caller's for `hold`."""
    return await tx.fetchrow(
        f"UPDATE register_upload SET worked_until = $2 WHERE upload_id = ("
        "SELECT upload_id FROM register_upload WHERE state = 'released' "
        "AND (worked_until IS NULL OR worked_until < $1) ORDER BY upload_id LIMIT 1 FOR UPDATE SKIP LOCKED) "
        f"RETURNING {COLUMNS}",
        now, now + hold,
    )  # fmt: skip


async def progress(
    tx: Connection, upload_id: UploadId, octets: int, lines: int, counts: Mapping[str, Any], until: datetime
) -> None:
    """How far its import is; the worker has it on until `until`."""
    await tx.execute(
        "UPDATE register_upload SET octets_done = $2, lines_done = $3, counts = $4, worked_until = $5 "
        "WHERE upload_id = $1 AND state = 'released'",
        upload_id.uuid, octets, lines, dict(counts), until,
    )  # fmt: skip


async def let_go(tx: Connection, upload_id: UploadId) -> None:
    """Nobody works at it: the next who looks goes on."""
    await tx.execute("UPDATE register_upload SET worked_until = NULL WHERE upload_id = $1", upload_id.uuid)


async def end(
    tx: Connection,
    upload_id: UploadId,
    state: str,
    counts: Mapping[str, Any],
    fault: str | None,
    now: datetime,
) -> None:
    """It is over, and its file is gone."""
    await tx.execute(
        "UPDATE register_upload SET state = $2, counts = $3, fault = $4, ended_at = $5, worked_until = NULL, "
        "octets_done = CASE WHEN $2 = 'finished' THEN octets ELSE octets_done END WHERE upload_id = $1",
        upload_id.uuid, state, dict(counts), fault, now,
    )  # fmt: skip
    await drop_parts(tx, upload_id, "file")


async def drop_parts(tx: Connection, upload_id: UploadId, kind: str) -> None:
    """Its parts of a kind are gone."""
    await tx.execute(
        "DELETE FROM register_upload_part WHERE upload_id = $1 AND kind = $2", upload_id.uuid, kind
    )


async def parts(db: Database, upload_id: UploadId, kind: str) -> AsyncIterator[bytes]:
    """Its parts in their order, one at a time: a file need not fit in memory."""
    at = 0
    while True:
        async with db.read() as tx:
            octets = await tx.fetchval(
                "SELECT octets FROM register_upload_part WHERE upload_id = $1 AND kind = $2 AND start = $3",
                upload_id.uuid, kind, at,
            )  # fmt: skip
        if octets is None:
            return
        yield bytes(octets)
        at += len(octets)


async def forget(tx: Connection, begun_before: datetime, ended_before: datetime, now: datetime) -> None:
    """What began before and was not released is refused; parts of what is refused, and of what ended before, are gone."""
    await tx.execute(
        "UPDATE register_upload SET state = 'refused', ended_at = $2 "
        "WHERE state IN ('sending', 'sent') AND begun_at < $1",
        begun_before, now,
    )  # fmt: skip
    await tx.execute(
        "DELETE FROM register_upload_part AS p USING register_upload AS u "
        "WHERE u.upload_id = p.upload_id AND (u.state = 'refused' OR u.ended_at < $1)",
        ended_before,
    )
