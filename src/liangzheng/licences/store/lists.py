"""Status lists: places taken by the block, values set, lists read for publishing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import CredentialId, DriverId
from liangzheng.licences.model import StatusList, StatusPlace
from liangzheng.licences.rules import StatusValue


@dataclass(frozen=True, slots=True)
class ListVersion:
    """A list, the version of its values, and when that came to be."""

    list_id: int
    version: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Block:
    """Counters `first` … `first + count - 1` of a list, ours alone, and the list's secret to permute them
    by.
    """

    list_id: int
    secret: bytes
    first: int
    count: int


async def take_block(tx: Connection, count: int, size: int) -> Block | None:
    """A block of the newest list; None when there is no list yet or its end has come."""
    row = await tx.fetchrow(
        "UPDATE status_list SET taken = taken + $1 WHERE list_id = (SELECT max(list_id) FROM status_list) "
        "AND taken + $1 <= $2 RETURNING list_id, secret, taken - $1 AS first",
        count,
        size,
    )
    return Block(row["list_id"], row["secret"], row["first"], count) if row else None


async def open_list(tx: Connection, after: int, secret: bytes, now: datetime) -> bool:
    """The list after `after` exists; whether this call made it (another issuer may have, at the same
    moment).
    """
    made = await tx.fetchval(
        "INSERT INTO status_list (list_id, taken, secret, version, opened_at, changed_at) VALUES ($1, 0, "
        "$2, 1, $3, $3) "
        "ON CONFLICT (list_id) DO NOTHING RETURNING list_id",
        after + 1,
        secret,
        now,
    )
    return made is not None


async def newest(tx: Connection) -> int:
    """The highest list id; 0 when there is none."""
    found: int = await tx.fetchval("SELECT coalesce(max(list_id), 0) FROM status_list")
    return found


async def keep_places(
    tx: Connection, places: Sequence[tuple[StatusPlace, DriverId, CredentialId, StatusValue]], now: datetime
) -> None:
    """Each credential has its place, with its value from the start. A place is given once, whatever becomes
    of it.
    """
    await tx.copy_records_to_table(
        "status_entry",
        records=[
            (place.list_id, place.index, driver.uuid, credential.uuid, int(value))
            for place, driver, credential, value in places
        ],
        columns=("list_id", "list_index", "driver_id", "credential_id", "value"),
    )
    set_already = {place.list_id for place, _, _, value in places if value is not StatusValue.VALID}
    if set_already:
        await _grow(tx, sorted(set_already), now)


async def set_values(tx: Connection, values: Sequence[tuple[StatusPlace, StatusValue]], now: datetime) -> int:
    """The places say these values; how many changed. INVALID is for good: what is invalid stays so.

    Versions of the lists that changed grow by one.
    """
    if not values:
        return 0
    ordered = sorted(values, key=lambda item: (item[0].list_id, item[0].index))
    rows = await tx.fetch(
        "UPDATE status_entry AS e SET value = n.value FROM unnest($1::integer[], $2::integer[], "
        "$3::smallint[]) "
        "AS n (list_id, list_index, value) WHERE e.list_id = n.list_id AND e.list_index = n.list_index "
        "AND e.value <> n.value AND e.value <> 1 RETURNING e.list_id",
        [place.list_id for place, _ in ordered], [place.index for place, _ in ordered], [int(value) for _, value in ordered],
    )  # fmt: skip
    if rows:
        await _grow(tx, sorted({row["list_id"] for row in rows}), now)
    return len(rows)


async def _grow(tx: Connection, list_ids: Sequence[int], now: datetime) -> None:
    # One statement a list, in order: two transactions never wait for each other crosswise.
    for list_id in list_ids:
        await tx.execute(
            "UPDATE status_list SET version = version + 1, changed_at = $2 WHERE list_id = $1", list_id, now
        )


async def version_of(tx: Connection, list_id: int) -> int | None:
    """The version of a list, None when there is no such list."""
    found: int | None = await tx.fetchval("SELECT version FROM status_list WHERE list_id = $1", list_id)
    return found


async def versions(tx: Connection) -> list[ListVersion]:
    """Every list there is, by its number."""
    rows = await tx.fetch("SELECT list_id, version, changed_at FROM status_list ORDER BY list_id")
    return [ListVersion(row["list_id"], row["version"], row["changed_at"]) for row in rows]


async def how_many_set(tx: Connection, list_ids: Sequence[int]) -> dict[int, int]:
    """How many entries of each of these lists are not VALID."""
    rows = await tx.fetch(
        "SELECT list_id, count(*) AS set FROM status_entry WHERE value <> 0 AND list_id = ANY($1::integer[]) "
        "GROUP BY list_id",
        list(list_ids),
    )
    found: dict[int, int] = {row["list_id"]: row["set"] for row in rows}
    return {list_id: found.get(list_id, 0) for list_id in list_ids}


async def read(tx: Connection, list_id: int) -> StatusList | None:
    """A list as it stands: version and values of one moment. None when there is no such list."""
    row = await tx.fetchrow(
        "SELECT l.version, ARRAY(SELECT e.list_index * 4 + e.value FROM status_entry AS e "
        "WHERE e.list_id = l.list_id AND e.value <> 0) AS packed FROM status_list AS l WHERE l.list_id = $1",
        list_id,
    )
    if row is None:
        return None
    return StatusList(
        list_id, row["version"], tuple((packed >> 2, StatusValue(packed & 3)) for packed in row["packed"])
    )
