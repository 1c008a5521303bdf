"""Every statement on register_source, register_source_key, register_line, register_line_waiting and last_said, and the
writing of many records at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from liangzheng.drivers.feed_lines import ChangeKind
from liangzheng.drivers.lifecycle import SourceState
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import SourceId

# ---- sources ----


@dataclass(frozen=True, slots=True)
class RegisterSource:
    """Who tells of changes. `done_to`: every line up to this number is applied or refused. `provinces`:
    two-digit prefixes of GB/T 2260. `forgotten_to`: what stood under numbers up to this one is not kept."""

    id: SourceId
    name: str
    state: SourceState
    provinces: frozenset[str]
    done_to: int
    halted_at_sequence: int | None
    added_at: datetime
    forgotten_to: int = 0


_SOURCE: Final = "source_id, name, state, provinces, done_to, halted_at_sequence, added_at, forgotten_to"


def _source(row: Row) -> RegisterSource:
    return RegisterSource(
        SourceId(row["source_id"]), row["name"], SourceState(row["state"]), frozenset(row["provinces"]),
        row["done_to"], row["halted_at_sequence"], row["added_at"], row["forgotten_to"],
    )  # fmt: skip


async def add_source(tx: Connection, source: RegisterSource) -> None:
    """A new source."""
    await tx.execute(
        "INSERT INTO register_source (source_id, done_to, added_at, moved_at, state, name, provinces) "
        "VALUES ($1, $2, $3, $3, $4, $5, $6)",
        source.id.uuid, source.done_to, source.added_at, source.state.value, source.name, sorted(source.provinces),
    )  # fmt: skip


async def add_key(tx: Connection, source_id: SourceId, kid: bytes, spki: bytes, now: datetime) -> bool:
    """Whether the source signs with this key from now on: it did not before, and the key has not ended."""
    added = await tx.execute(
        "INSERT INTO register_source_key (source_id, kid, added_at, spki) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (source_id, kid) DO NOTHING",
        source_id.uuid, kid, now, spki,
    )  # fmt: skip
    return bool(added == "INSERT 0 1")


async def end_key(tx: Connection, source_id: SourceId, kid: bytes, now: datetime) -> bool:
    """Whether there was such a key, and now it opens nothing."""
    moved: str = await tx.execute(
        "UPDATE register_source_key SET ended_at = $3 WHERE source_id = $1 AND kid = $2 AND ended_at IS NULL",
        source_id.uuid, kid, now,
    )  # fmt: skip
    return moved == "UPDATE 1"


async def keys_of(tx: Connection, source_id: SourceId) -> list[bytes]:
    """The ids of the keys a source signs with."""
    rows = await tx.fetch(
        "SELECT kid FROM register_source_key WHERE source_id = $1 AND ended_at IS NULL ORDER BY added_at, kid",
        source_id.uuid,
    )
    return [row["kid"] for row in rows]


async def with_key(tx: Connection, source_id: SourceId, kid: bytes) -> tuple[RegisterSource, bytes] | None:
    """A source that has not ended and the SubjectPublicKeyInfo of one of its keys; None when there is none."""
    row = await tx.fetchrow(
        "SELECT s.*, k.spki FROM register_source AS s JOIN register_source_key AS k ON k.source_id = s.source_id "
        "WHERE s.source_id = $1 AND k.kid = $2 AND k.ended_at IS NULL AND s.state <> 'ended'",
        source_id.uuid, kid,
    )  # fmt: skip
    return None if row is None else (_source(row), row["spki"])


async def sources(tx: Connection) -> list[RegisterSource]:
    """Every source, the oldest first."""
    return [
        _source(row) for row in await tx.fetch(f"SELECT {_SOURCE} FROM register_source ORDER BY source_id")
    ]


async def hold(tx: Connection, source_id: SourceId) -> RegisterSource | None:
    """The source, held until the transaction ends: what it says is taken in one at a time."""
    row = await tx.fetchrow(
        f"SELECT {_SOURCE} FROM register_source WHERE source_id = $1 FOR UPDATE", source_id.uuid
    )
    return None if row is None else _source(row)


async def move_source(
    tx: Connection, source_id: SourceId, state: SourceState, halted_at: int | None, now: datetime
) -> None:
    """The source, which the caller holds, is in `state`."""
    await tx.execute(
        "UPDATE register_source SET state = $2, halted_at_sequence = $3, moved_at = $4 WHERE source_id = $1",
        source_id.uuid, state.value, halted_at, now,
    )  # fmt: skip


async def advance(tx: Connection, source_id: SourceId, done_to: int, now: datetime) -> None:
    """Everything up to `done_to` is done."""
    await tx.execute(
        "UPDATE register_source SET done_to = $2, moved_at = $3 WHERE source_id = $1",
        source_id.uuid,
        done_to,
        now,
    )


# ---- lines ----


@dataclass(frozen=True, slots=True)
class DoneLine:
    """A number that is done. `line_hash` is None where no line ever stood: an operator closed a gap. `place` and `rule` say
    why it was refused; None for one that was not. `older`: it was
    taken and had no effect, because a line of its kind that happened later was there before it."""

    sequence: int
    line_hash: bytes | None
    place: str | None = None
    rule: str | None = None
    done_at: datetime | None = None
    older: bool = False


async def done_lines(tx: Connection, source_id: SourceId, sequences: Sequence[int]) -> dict[int, DoneLine]:
    """Those of the numbers that are done."""
    rows = await tx.fetch(
        "SELECT sequence, line_hash, place, rule, done_at, older FROM register_line "
        "WHERE source_id = $1 AND sequence = ANY ($2::bigint[])",
        source_id.uuid, list(sequences),
    )  # fmt: skip
    return {row["sequence"]: DoneLine(*row.values()) for row in rows}


async def note_done(tx: Connection, source_id: SourceId, lines: Sequence[DoneLine], now: datetime) -> None:
    """The numbers are done, and those among them that waited wait no longer."""
    await tx.copy_records_to_table(
        "register_line",
        records=[
            (source_id.uuid, line.sequence, now, line.line_hash, line.place, line.rule, line.older)
            for line in lines
        ],
        columns=("source_id", "sequence", "done_at", "line_hash", "place", "rule", "older"),
    )
    await tx.execute(
        "DELETE FROM register_line_waiting WHERE source_id = $1 AND sequence <= $2",
        source_id.uuid, lines[-1].sequence,
    )  # fmt: skip


async def last_done_before(
    tx: Connection, source_id: SourceId, after: int, before: datetime, limit: int
) -> int:
    """The last number after `after`, at most so many further, up to which every line was done before an instant."""
    last = await tx.fetchval(
        "WITH next AS (SELECT sequence, done_at FROM register_line WHERE source_id = $1 AND sequence > $2 "
        "ORDER BY sequence LIMIT $4) SELECT coalesce((SELECT min(sequence) - 1 FROM next WHERE done_at >= $3), "
        "(SELECT max(sequence) FROM next), $2)",
        source_id.uuid, after, before, limit,
    )  # fmt: skip
    return int(last)


async def forget(tx: Connection, source_id: SourceId, last: int) -> int:
    """What stood under the numbers up to `last` is gone, and the source, which the caller holds, says so; how many."""
    gone = await tx.execute(
        "DELETE FROM register_line WHERE source_id = $1 AND sequence <= $2", source_id.uuid, last
    )
    await tx.execute(
        "UPDATE register_source SET forgotten_to = $2 WHERE source_id = $1", source_id.uuid, last
    )
    return int(gone.rsplit(" ", 1)[1])


async def waiting_since(tx: Connection) -> list[tuple[SourceId, int, datetime]]:
    """Sources with lines that wait: how many, and since when the oldest does."""
    rows = await tx.fetch(
        "SELECT source_id, count(*), min(received_at) FROM register_line_waiting GROUP BY source_id ORDER BY source_id"
    )
    return [(SourceId(source_id), count, since) for source_id, count, since in (row.values() for row in rows)]


async def refused_lines(tx: Connection, source_id: SourceId, limit: int) -> list[DoneLine]:
    """The latest lines that were refused, latest first."""
    rows = await tx.fetch(
        "SELECT sequence, line_hash, place, rule, done_at FROM register_line WHERE source_id = $1 AND rule IS NOT NULL "
        "ORDER BY sequence DESC LIMIT $2",
        source_id.uuid, limit,
    )  # fmt: skip
    return [DoneLine(*row.values()) for row in rows]


async def waiting_among(tx: Connection, source_id: SourceId, sequences: Sequence[int]) -> dict[int, bytes]:
    """Those of the numbers whose lines wait for one before them."""
    rows = await tx.fetch(
        "SELECT sequence, line FROM register_line_waiting WHERE source_id = $1 AND sequence = ANY ($2::bigint[])",
        source_id.uuid, list(sequences),
    )  # fmt: skip
    return {row["sequence"]: row["line"] for row in rows}


async def first_waiting(tx: Connection, source_id: SourceId) -> int | None:
    """The lowest number that waits; None when none does."""
    found: int | None = await tx.fetchval(
        "SELECT min(sequence) FROM register_line_waiting WHERE source_id = $1", source_id.uuid
    )
    return found


async def waiting_from(tx: Connection, source_id: SourceId, sequence: int, limit: int) -> dict[int, bytes]:
    """Waiting lines from a number on, at most so many numbers further."""
    rows = await tx.fetch(
        "SELECT sequence, line FROM register_line_waiting WHERE source_id = $1 AND sequence >= $2 AND sequence < $3",
        source_id.uuid, sequence, sequence + limit,
    )  # fmt: skip
    return {row["sequence"]: row["line"] for row in rows}


async def waiting_count(tx: Connection, source_id: SourceId) -> int:
    """How many lines of a source wait."""
    return int(
        await tx.fetchval("SELECT count(*) FROM register_line_waiting WHERE source_id = $1", source_id.uuid)
    )


async def let_wait(tx: Connection, source_id: SourceId, lines: Mapping[int, bytes], now: datetime) -> None:
    """The lines wait for those before them."""
    await tx.copy_records_to_table(
        "register_line_waiting",
        records=[(source_id.uuid, sequence, now, lines[sequence]) for sequence in sorted(lines)],
        columns=("source_id", "sequence", "received_at", "line"),
    )


async def drop_waiting(tx: Connection, source_id: SourceId) -> None:
    """Nothing of the source waits any more."""
    await tx.execute("DELETE FROM register_line_waiting WHERE source_id = $1", source_id.uuid)


# ---- when the last lines happened ----


async def last_said(tx: Connection, driver_ids: Sequence[UUID]) -> dict[UUID, dict[ChangeKind, datetime]]:
    """When the last applied line of each kind happened, of those drivers that lines were about. The caller holds the
    drivers' rows."""
    rows = await tx.fetch(
        "SELECT driver_id, change, occurred_at FROM last_said WHERE driver_id = ANY ($1::uuid[])",
        list(driver_ids),
    )
    found: dict[UUID, dict[ChangeKind, datetime]] = {}
    for row in rows:
        found.setdefault(row["driver_id"], {})[ChangeKind(row["change"])] = row["occurred_at"]
    return found


async def keep_last_said(tx: Connection, said: Sequence[tuple[UUID, ChangeKind, datetime]]) -> None:
    """Of these drivers and kinds the last applied line happened then."""
    if not said:
        return
    await tx.execute(
        "INSERT INTO last_said (driver_id, occurred_at, change) SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) "
        "ON CONFLICT (driver_id, change) DO UPDATE SET occurred_at = excluded.occurred_at",
        [driver_id for driver_id, _, _ in said], [at for _, _, at in said], [kind.value for _, kind, _ in said],
    )  # fmt: skip


# ---- records ----


@dataclass(frozen=True, slots=True)
class Version:
    """One new version of a record: what it was and became, by changed column, and where the change came from."""

    driver_id: UUID
    record_version: int
    standing_version: int
    source: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


_CHANGED_BY_LINES: Final = (
    "status", "extended_until", "points", "points_reset_on", "points_exceeded_on", "classes", "class_history",
    "school_bus_classes", "valid_from", "valid_until", "validity_term", "issuing_authority", "department",
    "resident_address", "address_division",
)  # fmt: skip

_UPDATE: Final = """
    UPDATE driver SET record_version = $2, standing_version = $3, updated_at = $4, row_hash = decode(repeat('00', 16), 'hex'),
           status = $5, extended_until = $6, points = $7, points_reset_on = $8, points_exceeded_on = $9, classes = $10,
           class_history = $11, school_bus_classes = $12, valid_from = $13, valid_until = $14, validity_term = $15,
           issuing_authority = $16, department = $17, resident_address = $18, address_division = $19
     WHERE driver_id = $1
"""


async def rewrite(tx: Connection, records: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """The records, which the caller holds, have these values."""
    await tx.executemany(
        _UPDATE,
        [
            (
                record["driver_id"], record["record_version"], record["standing_version"], now,
                *[record[column] for column in _CHANGED_BY_LINES],
            )
            for record in records
        ],
    )  # fmt: skip


async def add_history(tx: Connection, versions: Sequence[Version], now: datetime) -> None:
    """The versions are in the records' histories."""
    await tx.copy_records_to_table(
        "driver_change",
        records=[
            (
                version.driver_id, version.record_version, now, version.source, version.standing_version,
                _told(version.before), _told(version.after),
            )
            for version in versions
        ],
        columns=("driver_id", "version", "at", "source", "standing_version", "before", "after"),
    )  # fmt: skip


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON: dates as ISO text."""
    return {
        column: value if value is None or isinstance(value, str | int | bool) else str(value)
        for column, value in values.items()
    }
