"""What must hold in the tables of the register, statement by statement; reports over all shards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from liangzheng.infra.checks import Check
from liangzheng.infra.postgres import Connection, Row

CHECKS = (
    Check(
        "every version of a record after its first has its history",
        "SELECT d.driver_id AS subject, 'version ' || d.record_version || ', ' || count(c.version) || ' changes' AS found "
        "FROM driver AS d JOIN driver_change AS c ON c.driver_id = d.driver_id GROUP BY d.driver_id, d.record_version "
        "HAVING count(c.version) <> d.record_version - 1 OR max(c.version) <> d.record_version LIMIT $1",
    ),
    Check(
        "a record that was changed has a history",
        "SELECT d.driver_id AS subject, 'version ' || d.record_version AS found FROM driver AS d "
        "WHERE d.record_version > 1 AND NOT EXISTS (SELECT 1 FROM driver_change AS c WHERE c.driver_id = d.driver_id) LIMIT $1",
    ),
    Check(
        "every archived photo is kept",
        "SELECT d.driver_id AS subject, '' AS found FROM driver AS d WHERE d.portrait_hash IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM blob AS b WHERE b.hash = d.portrait_hash) LIMIT $1",
    ),
    Check(
        "an import that ended counted every line",
        "SELECT import_id AS subject, lines_done || ' lines' AS found FROM register_import WHERE state = 'finished' "
        "AND fresh + changed + unchanged + rejected > lines_done LIMIT $1",
    ),
)

_AT_ONCE = 5000


async def numbers_in_batches(tx: Connection) -> AsyncIterator[list[Row]]:
    """Identity and file number of every driver, five thousand at a time."""
    after = UUID(int=0)
    while rows := await tx.fetch(
        "SELECT driver_id, identity_kind, document_number, file_number FROM driver WHERE driver_id > $1 "
        "ORDER BY driver_id LIMIT $2",
        after,
        _AT_ONCE,
    ):
        yield rows
        after = rows[-1]["driver_id"]
