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
    Check(
        "the points of a record that has a ledger are the sum of its cycle's entries",
        "SELECT a.driver_id AS subject, d.points || ' points, entries make ' || coalesce(sum(e.points), 0) AS found "
        "FROM points_account AS a JOIN driver AS d ON d.driver_id = a.driver_id "
        "LEFT JOIN points_entry AS e ON e.driver_id = a.driver_id AND e.cycle_from = a.cycle_from "
        "GROUP BY a.driver_id, d.points, a.is_full HAVING d.points <> coalesce(sum(e.points), 0) "
        "OR a.is_full <> (d.points >= 12) LIMIT $1",
    ),
    Check(
        "no entry of a points ledger is missing, and none is without a ledger",
        "SELECT coalesce(a.driver_id, e.driver_id) AS subject, coalesce(a.entries, 0) || ' entries, ' || count(e.number) || "
        "' found' AS found FROM points_account AS a FULL JOIN points_entry AS e ON e.driver_id = a.driver_id "
        "GROUP BY a.driver_id, e.driver_id, a.entries "
        "HAVING coalesce(a.entries, -1) <> count(e.number) OR a.entries <> coalesce(max(e.number), 0) LIMIT $1",
    ),
    Check(
        "every number of a source up to where it stands is done or forgotten, and none beyond",
        "SELECT s.source_id AS subject, 'done to ' || s.done_to || ', forgotten to ' || s.forgotten_to || ', ' || "
        "count(l.sequence) || ' lines' AS found FROM register_source AS s LEFT JOIN register_line AS l "
        "ON l.source_id = s.source_id GROUP BY s.source_id, s.done_to, s.forgotten_to "
        "HAVING s.done_to - s.forgotten_to <> count(l.sequence) OR s.done_to <> coalesce(max(l.sequence), s.forgotten_to) LIMIT $1",
    ),
    Check(
        "a letter that staff put is in the status",
        "SELECT l.driver_id AS subject, l.letter || ' is not in ' || d.status AS found FROM status_letter AS l "
        "JOIN driver AS d ON d.driver_id = l.driver_id WHERE position(l.letter IN d.status) = 0 LIMIT $1",
    ),
    Check(
        "no line of a source waits that is done",
        "SELECT s.source_id AS subject, count(*) || ' lines' AS found FROM register_source AS s "
        "JOIN register_line_waiting AS w ON w.source_id = s.source_id WHERE w.sequence <= s.done_to GROUP BY s.source_id LIMIT $1",
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
