"""Every statement on driver, driver_change, register_import and register_import_seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from liangzheng.drivers import pgcopy
from liangzheng.drivers.chunk import COPIED, id_of
from liangzheng.drivers.columns import SQL_COLUMNS
from liangzheng.drivers.lines import Start
from liangzheng.drivers.merge import Known
from liangzheng.drivers.model import ClassHistory, Driver, Standing, ValidityTerm
from liangzheng.infra.keyindex import Kind
from liangzheng.infra.postgres import Connection
from liangzheng.infra.postgres.connection import Row
from liangzheng.kernel.classes import ORDER_172_DAY, Classes
from liangzheng.kernel.errors import Conflict, NotFound
from liangzheng.kernel.ids import DriverId, ImportId
from liangzheng.kernel.people import CardCoreNumber, FileNumber, IdentityKind, IdentityNumber, PersonName, Sex
from liangzheng.kernel.status import Status

STANDING_COLUMNS: Final = frozenset(
    {"status", "extended_until", "points", "classes", "class_history", "first_issue_date", "valid_from", "valid_until",
     "validity_term", "issuing_authority"}
)  # fmt: skip
"""A change of one of these gives a new standing version."""

_STANDING: Final = (
    "driver_id, standing_version, status, extended_until, points, classes, class_history, first_issue_date,"
    " valid_from, valid_until, validity_term, issuing_authority, portrait_hash"
)


# ---- reading records ----


def _standing(row: Row) -> Standing:
    return Standing(
        driver_id=DriverId(row["driver_id"]),
        version=row["standing_version"],
        status=Status.parse(row["status"]),
        extended_until=row["extended_until"],
        points=row["points"],
        classes=_classes(row["classes"]),
        class_history=ClassHistory.parse(row["class_history"]),
        first_issue_date=row["first_issue_date"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        validity_term=ValidityTerm(row["validity_term"]),
        authority=row["issuing_authority"],
        portrait_hash=row["portrait_hash"],
    )


def _classes(text: str) -> Classes:
    # Any day after the last change of the class table will do: that a class existed when gained was asked at
    # import.
    return Classes.parse_outside(text, ORDER_172_DAY) if text else Classes(())


def _driver(row: Row) -> Driver:
    former, core = row["former_file_number"], row["card_core_number"]
    same = {name: row[name] for name in _SAME}
    return Driver(
        driver_id=DriverId(row["driver_id"]),
        identity=IdentityNumber(IdentityKind(row["identity_kind"]), row["document_number"]),
        name=PersonName(row["name"]),
        sex=Sex.from_code(str(row["sex"])),
        standing=_standing(row),
        school_bus_classes=_classes(row["school_bus_classes"]),
        card_core_number=CardCoreNumber(core) if core else None,
        file_number=FileNumber(row["file_number"]),
        former_file_number=FileNumber(former) if former else None,
        **same,
    )


_SAME: Final = (
    "record_version", "updated_at", "name_key", "nationality", "birth_date", "points_reset_on", "points_exceeded_on",
    "study_notice_on", "review_due_on", "review_valid_until", "probation", "probation_until", "hearing_aid",
    "resident_address", "address_division", "department", "first_issuing_authority", "reissue_count", "notes",
)  # fmt: skip


async def driver(tx: Connection, driver_id: DriverId) -> Driver:
    """Raises NotFound."""
    row = await tx.fetchrow("SELECT * FROM driver WHERE driver_id = $1", driver_id.uuid)
    if row is None:
        raise NotFound("no such driver")
    return _driver(row)


async def standing(tx: Connection, driver_id: DriverId) -> Standing:
    """Raises NotFound."""
    row = await tx.fetchrow(f"SELECT {_STANDING} FROM driver WHERE driver_id = $1", driver_id.uuid)
    if row is None:
        raise NotFound("no such driver")
    return _standing(row)


async def held_standing(tx: Connection, driver_id: DriverId) -> tuple[Standing, int]:
    """The standing and the record's version, locked until the transaction ends. Raises NotFound."""
    row = await tx.fetchrow(
        f"SELECT record_version, {_STANDING} FROM driver WHERE driver_id = $1 FOR UPDATE", driver_id.uuid
    )
    if row is None:
        raise NotFound("no such driver")
    return _standing(row), row["record_version"]


async def standing_versions(tx: Connection, driver_ids: Sequence[DriverId]) -> dict[DriverId, int]:
    """The version of each standing as it is now; drivers that do not exist are left out."""
    rows = await tx.fetch(
        "SELECT driver_id, standing_version FROM driver WHERE driver_id = ANY ($1::uuid[])",
        [driver_id.uuid for driver_id in driver_ids],
    )
    return {DriverId(row["driver_id"]): row["standing_version"] for row in rows}


async def name_of(tx: Connection, driver_id: DriverId) -> str | None:
    """The name of a record, None when there is no such record."""
    name: str | None = await tx.fetchval("SELECT name FROM driver WHERE driver_id = $1", driver_id.uuid)
    return name


async def history(tx: Connection, driver_id: DriverId) -> list[Row]:
    """Every change of a record, oldest first."""
    return await tx.fetch(
        "SELECT version, at, source, standing_version, before, after FROM driver_change"
        " WHERE driver_id = $1 ORDER BY version",
        driver_id.uuid,
    )


async def drivers(tx: Connection, driver_ids: Sequence[DriverId]) -> list[Driver]:
    """Those of the records that exist, in no order."""
    rows = await tx.fetch(
        "SELECT * FROM driver WHERE driver_id = ANY ($1::uuid[])",
        [driver_id.uuid for driver_id in driver_ids],
    )
    return [_driver(row) for row in rows]


async def standings(tx: Connection, driver_ids: Sequence[DriverId]) -> list[Standing]:
    """Those of the standings that exist, in no order."""
    rows = await tx.fetch(
        f"SELECT {_STANDING} FROM driver WHERE driver_id = ANY ($1::uuid[])",
        [driver_id.uuid for driver_id in driver_ids],
    )
    return [_standing(row) for row in rows]


# ---- changing records ----


@dataclass(frozen=True, slots=True)
class Change:
    """New values of some columns of one record, and what they were, both as column → value of the table."""

    driver_id: UUID
    record_version: int
    standing_version: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def changes_standing(self) -> bool:
        """Whether the standing gets a new version."""
        return not STANDING_COLUMNS.isdisjoint(self.after)

    @property
    def new_standing_version(self) -> int:
        """The standing version after the change."""
        return self.standing_version + self.changes_standing


async def change(tx: Connection, changed: Change, source: str, now: datetime) -> int:
    """The record has its new values and a line in its history; returns its standing version.

    Raises Conflict when the record moved on since it was read.
    """
    assert changed.after.keys() == changed.before.keys() <= set(SQL_COLUMNS), "columns of the register only"
    columns = sorted(changed.after)
    assignments = "".join(f", {column} = ${place}" for place, column in enumerate(columns, 5))
    moved = await tx.execute(
        # No file says this any more: the next import compares column by column.
        "UPDATE driver SET record_version = record_version + 1, standing_version = $3, updated_at = $4, "
        f"row_hash = decode(repeat('00', 16), 'hex'){assignments} WHERE driver_id = $1 AND record_version = $2",
        changed.driver_id, changed.record_version, changed.new_standing_version, now,
        *[changed.after[column] for column in columns],
    )  # fmt: skip
    if moved != "UPDATE 1":
        raise Conflict("the record was changed by another; read it again")
    await tx.execute(
        f"INSERT INTO driver_change ({', '.join(_HISTORY)}) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *_history_row(changed, source, now),
    )
    return changed.new_standing_version


async def set_name_key(tx: Connection, driver_id: DriverId, key: str) -> None:
    """By what a record is sorted, after its name was corrected."""
    await tx.execute("UPDATE driver SET name_key = $2 WHERE driver_id = $1", driver_id.uuid, key)


_HISTORY: Final = ("driver_id", "version", "at", "source", "standing_version", "before", "after")


def _history_row(changed: Change, source: str, now: datetime) -> tuple[Any, ...]:
    return (
        changed.driver_id,
        changed.record_version + 1,
        now,
        source,
        changed.new_standing_version,
        _told(changed.before),
        _told(changed.after),
    )


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON: dates as ISO text, octets as hex."""
    told: dict[str, Any] = {}
    for column, value in values.items():
        if isinstance(value, bytes):
            told[column] = value.hex()
        else:
            told[column] = value if value is None or isinstance(value, str | int | bool) else str(value)
    return told


async def columns_held(tx: Connection, driver_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Whole rows, locked until the transaction ends."""
    rows = await tx.fetch(
        "SELECT * FROM driver WHERE driver_id = ANY ($1::uuid[]) ORDER BY driver_id FOR UPDATE",
        list(driver_ids),
    )
    return {row["driver_id"]: row for row in rows}


IMPORT_SOURCE: Final = "register import "


async def standing_made_here_since(tx: Connection, driver_ids: Sequence[UUID], since: datetime) -> set[UUID]:
    """Those whose standing as it is now was made by a change after an instant, and not by an import."""
    rows = await tx.fetch(
        "SELECT DISTINCT ON (c.driver_id) c.driver_id, c.at > $2 AND NOT starts_with(c.source, $3) AS here "
        "FROM driver AS d JOIN driver_change AS c ON c.driver_id = d.driver_id AND c.standing_version = d.standing_version "
        "WHERE d.driver_id = ANY ($1::uuid[]) AND d.standing_version > 1 ORDER BY c.driver_id, c.version",
        list(driver_ids), since, IMPORT_SOURCE,
    )  # fmt: skip
    return {row["driver_id"] for row in rows if row["here"]}


# ---- importing ----


class Taken(Exception):
    """A number in the chunk has an owner already, or stands in it twice: the chunk needs to be looked at row
    by row."""


_KEY_COLUMNS: Final = ("key_hash", "kind", "owner")


def _key_rows(hashes: Iterable[bytes], kind: Kind, owners: Iterable[bytes]) -> list[bytes]:
    start = pgcopy.row_start(len(_KEY_COLUMNS)) + pgcopy.length_of(16)
    middle = pgcopy.small(int(kind)) + pgcopy.length_of(16)
    return [start + key_hash + middle + owner for key_hash, owner in zip(hashes, owners, strict=True)]


async def add_all(
    tx: Connection, rows: Sequence[bytes], identities: Sequence[bytes], files: Sequence[bytes]
) -> None:
    """The rows (see Chunk) are drivers, and their numbers, given as look-up hashes, are theirs.

    Raises Taken, having changed nothing.
    """
    ids = list(map(id_of, rows))
    # In the order of the index, so that neighbouring entries are written together.
    keys = sorted(_key_rows(identities, Kind.IDENTITY_NUMBER, ids) + _key_rows(files, Kind.FILE_NUMBER, ids))
    try:
        async with tx.transaction():
            await _copy(tx, "key_index", _KEY_COLUMNS, keys)
            await _copy(tx, "driver", COPIED, rows)
    except asyncpg.UniqueViolationError as trouble:
        raise Taken from trouble


async def _copy(tx: Connection, table: str, columns: Sequence[str], rows: Sequence[bytes]) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield pgcopy.HEADER
        for start in range(0, len(rows), _ROWS_A_PIECE):
            yield b"".join(rows[start : start + _ROWS_A_PIECE])
        yield pgcopy.TRAILER

    await tx.copy_to_table(table, source=pieces(), columns=columns, format="binary")


_ROWS_A_PIECE: Final = 1_000


_REWRITTEN: Final = (*SQL_COLUMNS, "name_key", "row_hash", "import_number", "import_line")
_REWRITE: Final = (
    "UPDATE driver SET record_version = record_version + 1, standing_version = $2, updated_at = $3"
    + "".join(f", {column} = ${place}" for place, column in enumerate(_REWRITTEN, 4))
    + " WHERE driver_id = $1"
)


async def rewrite_all(
    tx: Connection, changes: Sequence[tuple[Change, Mapping[str, Any]]], source: str, now: datetime
) -> None:
    """Records become what a file says of them (all columns of `_REWRITTEN`), with a line each in their
    history.

    The caller holds the rows (`columns_held`).
    """
    await tx.executemany(
        _REWRITE,
        [
            (changed.driver_id, changed.new_standing_version, now, *[values[column] for column in _REWRITTEN])
            for changed, values in changes
        ],
    )
    await tx.copy_records_to_table(
        "driver_change",
        records=[_history_row(changed, source, now) for changed, _ in changes],
        columns=_HISTORY,
    )


async def known(tx: Connection, driver_ids: Sequence[UUID]) -> dict[UUID, Known]:
    """Those of the records that exist."""
    rows = await tx.fetch(
        "SELECT driver_id, row_hash, import_number, import_line FROM driver WHERE driver_id = ANY ($1::uuid[])",
        list(driver_ids),
    )
    return {row["driver_id"]: Known(*row.values()) for row in rows}


async def seen(tx: Connection, import_id: ImportId, hashes: Sequence[bytes]) -> dict[bytes, int]:
    """Identities this import met unchanged → line."""
    rows = await tx.fetch(
        "SELECT key_hash, line FROM register_import_seen WHERE import_id = $1 AND key_hash = ANY ($2::bytea[])",
        import_id.uuid, list(hashes),
    )  # fmt: skip
    return {row["key_hash"]: row["line"] for row in rows}


async def note_seen(tx: Connection, import_id: ImportId, met: Mapping[bytes, int]) -> None:
    """These identities were met unchanged at these lines."""
    await tx.copy_records_to_table(
        "register_import_seen",
        records=[(import_id.uuid, key_hash, met[key_hash]) for key_hash in sorted(met)],
        columns=("import_id", "key_hash", "line"),
    )


@dataclass(slots=True)
class Run:
    """One run over a file, as kept. `rejects_bytes` belongs to `start`: both are of the last committed chunk."""

    import_id: ImportId
    number: int
    file_name: str
    file_bytes: int
    encoding: str
    start: Start
    rejects_bytes: int
    counts: dict[str, int]
    warnings: dict[str, int]


COUNTS: Final = ("fresh", "changed", "unchanged", "rejected")


async def unfinished(tx: Connection, file_bytes: int) -> list[Run]:
    """Runs that were stopped, over files of this size; the latest first."""
    rows = await tx.fetch(
        "SELECT * FROM register_import WHERE state = 'running' AND file_bytes = $1 ORDER BY number DESC",
        file_bytes,
    )
    return [
        Run(
            ImportId(row["import_id"]),
            row["number"],
            row["file_name"],
            row["file_bytes"],
            row["encoding"],
            Start(row["lines_done"], row["position"], row["prefix_hash"]),
            row["rejects_bytes"],
            {name: row[name] for name in COUNTS},
            row["warnings"],
        )
        for row in rows
    ]


async def begin(
    tx: Connection, file_name: str, file_bytes: int, encoding: str, drawn_at: datetime | None, now: datetime
) -> Run:
    """A new run, numbered after all others. The caller holds the import lock. `drawn_at`: where the operator said it."""
    number = 1 + (await tx.fetchval("SELECT coalesce(max(number), 0) FROM register_import"))
    run = Run(
        ImportId.new(), number, file_name, file_bytes, encoding, Start(), 0, dict.fromkeys(COUNTS, 0), {}
    )
    await tx.execute(
        "INSERT INTO register_import (import_id, number, state, file_name, file_bytes, encoding, position, prefix_hash,"
        " lines_done, rejects_bytes, drawn_at, started_at, moved_at)"
        " VALUES ($1, $2, 'running', $3, $4, $5, 0, $6, 0, 0, $8, $7, $7)",
        run.import_id.uuid, number, file_name, file_bytes, encoding, run.start.prefix_hash, now, drawn_at,
    )  # fmt: skip
    return run


async def move(tx: Connection, run: Run, now: datetime) -> None:
    """The run stands where `run` says."""
    await tx.execute(
        "UPDATE register_import SET position = $2, prefix_hash = $3, lines_done = $4, rejects_bytes = $5, fresh = $6,"
        " changed = $7, unchanged = $8, rejected = $9, warnings = $10, moved_at = $11"
        " WHERE import_id = $1 AND state = 'running'",
        run.import_id.uuid, run.start.position, run.start.prefix_hash, run.start.lines, run.rejects_bytes,
        *[run.counts[name] for name in COUNTS], run.warnings, now,
    )  # fmt: skip


async def end(
    tx: Connection, import_id: ImportId, state: str, now: datetime, as_of: datetime | None = None
) -> None:
    """The run is `finished` or `abandoned`; what only a running import needs is gone. `as_of`: when its file was drawn."""
    await tx.execute("DELETE FROM register_import_seen WHERE import_id = $1", import_id.uuid)
    await tx.execute(
        "UPDATE register_import SET state = $2, moved_at = $3, as_of = $4 WHERE import_id = $1",
        import_id.uuid,
        state,
        now,
        as_of,
    )


async def files_drawn_at(tx: Connection, numbers: Sequence[int]) -> dict[int, datetime]:
    """When the files of these runs were drawn; those of which nobody said it are left out."""
    rows = await tx.fetch(
        "SELECT number, drawn_at FROM register_import WHERE number = ANY ($1::integer[]) AND drawn_at IS NOT NULL",
        list(numbers),
    )
    return {row["number"]: row["drawn_at"] for row in rows}


async def hold_import_lock(connection: Connection) -> bool:
    """Whether this connection now holds the one lock of imports; it does until it is given back to the pool."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", _IMPORT_LOCK))


_IMPORT_LOCK: Final = 0x4C5A_0004


async def missing_portraits(tx: Connection, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of the hashes nothing is kept under."""
    rows = await tx.fetch(
        "SELECT h FROM unnest($1::bytea[]) AS named (h) WHERE NOT EXISTS (SELECT FROM blob WHERE hash = h)",
        list(hashes),
    )
    return {row["h"] for row in rows}


async def ending_between(
    tx: Connection, first: date, last: date, after: DriverId | None, limit: int
) -> list[tuple[DriverId, date]]:
    """Drivers whose licence's last good day lies in these days, in order of their ids, from `after` on."""
    rows = await tx.fetch(
        "SELECT driver_id, valid_until FROM driver WHERE valid_until BETWEEN $1 AND $2 AND driver_id > $3 "
        "ORDER BY driver_id LIMIT $4",
        first, last, UUID(int=0) if after is None else after.uuid, limit,
    )  # fmt: skip
    return [(DriverId(row["driver_id"]), row["valid_until"]) for row in rows]


async def authorities_of(tx: Connection, driver_ids: Sequence[DriverId]) -> dict[DriverId, str]:
    """Who issued the licences of these drivers; drivers that do not exist are left out."""
    rows = await tx.fetch(
        "SELECT driver_id, issuing_authority FROM driver WHERE driver_id = ANY ($1::uuid[])",
        [driver.uuid for driver in driver_ids],
    )
    return {DriverId(row["driver_id"]): row["issuing_authority"] for row in rows}


_COUNTED_EXACTLY: Final = 500_000
"""Records up to here are counted one by one; of a larger register a sample of blocks, about as many rows, is."""


async def count_of(tx: Connection, authorities: Sequence[str]) -> tuple[int, bool]:
    """How many drivers have their licence from these authorities, and whether that is exact: a register of a country is not read
    whole for it."""
    about = max(
        0.0, float(await tx.fetchval("SELECT reltuples FROM pg_class WHERE oid = 'driver'::regclass"))
    )
    if about <= _COUNTED_EXACTLY:
        counted = await tx.fetchval(
            "SELECT count(*) FROM driver WHERE issuing_authority = ANY ($1)", list(authorities)
        )
        return int(counted), True
    row = await tx.fetchrow(
        "SELECT count(*) FILTER (WHERE issuing_authority = ANY ($1)) AS of_these, count(*) AS seen "
        "FROM driver TABLESAMPLE SYSTEM ($2)",
        list(authorities),
        100 * _COUNTED_EXACTLY / about,
    )
    assert row is not None
    return round(row["of_these"] / max(1, row["seen"]) * about), False
