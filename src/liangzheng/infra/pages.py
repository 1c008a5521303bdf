"""What PostgreSQL itself can tell of its files: B-trees and tables walked through by `amcheck`, page checksums.

`amcheck` is one of PostgreSQL's own extensions, read-only and without locks that anybody waits for. It stands in a
schema of its own; making it needs a superuser, once. Where it is missing that is said, and nothing else is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import asyncpg

from liangzheng.infra.checks import Finding, Probe
from liangzheng.infra.postgres import Connection
from liangzheng.infra.postgres.amcheck import SCHEMA

INDEX_WHOLE: Final = "every index is in order, page by page"
TABLE_WHOLE: Final = "every table is in order, page by page"
NO_CHECKSUM_FAILED: Final = "no page was read with a wrong checksum"

_AREA: Final = "pages"
_DAY_S: Final = 86400.0
_WITH_SCHEMA: Final = "SELECT set_config('search_path', quote_ident($1) || ', public', true)"
_CORRUPTED: Final = ("XX001", "XX002")


@dataclass(frozen=True, slots=True)
class Pages:
    """What can be looked at here, and in `notes` what cannot, with the way out."""

    probes: list[Probe]
    notes: list[str] = field(default_factory=list)


async def pages(tx: Connection) -> Pages:
    """The probes of this database. Only reads."""
    found = Pages([Probe(_AREA, NO_CHECKSUM_FAILED, _checksum_failures)])
    if await tx.fetchval("SHOW data_checksums") != "on":
        found.notes.append("pages have no checksums: pg_checksums --enable, while the server is stopped")
    schema = await tx.fetchval(
        "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'amcheck'"
    )
    if schema is None:
        found.notes.append(
            f"pages of tables and indexes were not looked at: as superuser CREATE SCHEMA {SCHEMA}; "
            f"CREATE EXTENSION amcheck SCHEMA {SCHEMA}; GRANT USAGE ON SCHEMA {SCHEMA}, EXECUTE ON ALL FUNCTIONS IN SCHEMA "
            f"{SCHEMA} to our role"
        )
        return found
    may = await tx.fetchval(
        "SELECT has_schema_privilege($1, 'USAGE') AND bool_and(has_function_privilege(p.oid, 'EXECUTE')) "
        "FROM pg_proc AS p WHERE p.pronamespace = to_regnamespace($1) AND p.proname IN ('bt_index_check', 'verify_heapam')",
        schema,
    )
    if not may:
        found.notes.append(
            f"pages were not looked at: GRANT USAGE ON SCHEMA {schema} and EXECUTE on its functions to our role"
        )
        return found
    rows = await tx.fetch(
        "SELECT c.oid, c.relname, c.relkind::text AS relkind FROM pg_class AS c LEFT JOIN pg_index AS i ON i.indexrelid = c.oid "
        "LEFT JOIN pg_am AS a ON a.oid = c.relam WHERE c.relnamespace = 'public'::regnamespace AND c.relpersistence = 'p' "
        "AND (c.relkind = 'r' OR (c.relkind = 'i' AND a.amname = 'btree' AND i.indisvalid)) ORDER BY c.relpages DESC, c.relname"
    )
    for row in rows:
        made = _index if row["relkind"] == "i" else _table
        found.probes.append(made(schema, row["oid"], row["relname"]))
    return found


def _index(schema: str, oid: int, name: str) -> Probe:
    async def look(tx: Connection) -> list[Finding]:
        try:
            # What is corrupted ends the transaction it is found in.
            async with tx.transaction():
                await tx.execute(_WITH_SCHEMA, schema)
                await tx.execute("SELECT bt_index_check($1::oid::regclass)", oid, timeout=_DAY_S)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in _CORRUPTED:
                raise
            return [Finding(INDEX_WHOLE, name, type(error).__name__)]
        return []

    return Probe(_AREA, f"{INDEX_WHOLE}: {name}", look)


def _table(schema: str, oid: int, name: str) -> Probe:
    async def look(tx: Connection) -> list[Finding]:
        try:
            async with tx.transaction():
                await tx.execute(_WITH_SCHEMA, schema)
                row = await tx.fetchrow(
                    "SELECT blkno, msg FROM verify_heapam($1::oid::regclass, on_error_stop => true) LIMIT 1",
                    oid,
                    timeout=_DAY_S,
                )
        except asyncpg.PostgresError as error:
            if error.sqlstate not in _CORRUPTED:
                raise
            return [Finding(TABLE_WHOLE, name, type(error).__name__)]
        return [] if row is None else [Finding(TABLE_WHOLE, name, f"block {row['blkno']}")]

    return Probe(_AREA, f"{TABLE_WHOLE}: {name}", look)


async def _checksum_failures(tx: Connection) -> list[Finding]:
    row = await tx.fetchrow(
        "SELECT datname, checksum_failures AS failures FROM pg_stat_database WHERE datname = current_database()"
    )
    if row is None or not row["failures"]:
        return []
    return [Finding(NO_CHECKSUM_FAILED, row["datname"], f"{row['failures']} times")]
