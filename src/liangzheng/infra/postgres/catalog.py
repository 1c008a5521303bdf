"""The schema as the server has it, as text: the sum of all migrations, for people to read.

Our own reader instead of pg_dump: the same text from every version of the server, in the order the migrations
made things, without what nobody reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from liangzheng.infra.postgres.connection import Connection, Row

_HEAD: Final = """\
-- The sum of the migrations, as the server has it. Written by `./lz migrate --sum`; a test keeps it true.
-- The reasons stand in the migrations.
"""
_OWN: Final = "schema_migration"

_TABLES: Final = """
    SELECT c.oid, c.relname AS name, c.relpersistence = 'u' AS unlogged, c.relkind = 'p' AS partitioned,
           c.reloptions AS options, pg_get_partkeydef(c.oid) AS partition_key
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     ORDER BY c.oid
"""
_COLUMNS: Final = """
    SELECT a.attrelid AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
           a.attnotnull AS required, pg_get_expr(d.adbin, d.adrelid) AS default,
           a.attgenerated <> '' AS generated, a.attidentity <> '' AS identity,
           CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END AS storage,
           CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE n.nspname = 'public' AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
     ORDER BY a.attrelid, a.attnum
"""
_CONSTRAINTS: Final = """
    SELECT o.conrelid AS table, o.conname AS name, o.contype::text AS kind,
           pg_get_constraintdef(o.oid) AS text
      FROM pg_constraint o JOIN pg_namespace n ON n.oid = o.connamespace
     WHERE n.nspname = 'public' AND o.conrelid <> 0 AND o.contype IN ('p', 'u', 'x', 'c', 'f')
       AND o.conparentid = 0
     ORDER BY o.conrelid, position(o.contype::text IN 'puxcf'), o.conname
"""
_INDEXES: Final = """
    SELECT i.indrelid AS table, pg_get_indexdef(i.indexrelid) AS text
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND NOT c.relispartition
       AND NOT EXISTS (
           SELECT FROM pg_constraint o WHERE o.conindid = i.indexrelid AND o.contype IN ('p', 'u', 'x'))
     ORDER BY i.indrelid, c.relname
"""
_STORAGE: Final = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}


async def schema_text(tx: Connection) -> str:
    """`CREATE TABLE` and `CREATE INDEX` for everything in the public schema, foreign keys last."""
    columns = _by_table(await tx.fetch(_COLUMNS))
    constraints = _by_table(await tx.fetch(_CONSTRAINTS))
    indexes = _by_table(await tx.fetch(_INDEXES))
    parts = [_HEAD]
    foreign: list[str] = []
    for table in await tx.fetch(_TABLES):
        if table["name"] == _OWN:
            continue
        oid = table["oid"]
        parts.append(_table(table, columns[oid], [row for row in constraints[oid] if row["kind"] != "f"]))
        parts.extend(
            f"{row['text'].replace(' public.', ' ')};\n".replace("ON public.", "ON ") for row in indexes[oid]
        )
        foreign.extend(
            f"ALTER TABLE {table['name']} ADD CONSTRAINT {row['name']} {row['text']};\n"
            for row in constraints[oid]
            if row["kind"] == "f"
        )
    parts.append("\n-- Foreign keys.\n\n")
    return "".join(parts + foreign)


def _table(table: Row, columns: list[Row], constraints: list[Row]) -> str:
    width = max(len(row["name"]) for row in columns)
    lines = [f"    {row['name']:<{width}}  {_column(row)}".rstrip() for row in columns]
    lines += [f"    CONSTRAINT {row['name']} {row['text']}" for row in constraints]
    kind = "UNLOGGED TABLE" if table["unlogged"] else "TABLE"
    partition = f" PARTITION BY {table['partition_key']}" if table["partitioned"] else ""
    options = f" WITH ({', '.join(sorted(table['options']))})" if table["options"] else ""
    storage = [
        f"ALTER TABLE {table['name']} ALTER COLUMN {row['name']} SET STORAGE {_STORAGE[row['storage']]};\n"
        for row in columns
        if row["storage"]
    ]
    return (
        f"\nCREATE {kind} {table['name']} (\n"
        + ",\n".join(lines)
        + f"\n){partition}{options};\n"
        + "".join(storage)
    )


def _column(row: Row) -> str:
    words = [row["type"]]
    if row["collation"]:
        words.append(f"COLLATE {row['collation']}")
    if row["identity"]:
        words.append("GENERATED AS IDENTITY")
    if row["default"] is not None:
        words.append(
            f"GENERATED ALWAYS AS ({row['default']})" if row["generated"] else f"DEFAULT {row['default']}"
        )
    if row["required"]:
        words.append("NOT NULL")
    return " ".join(words)


def _by_table(rows: Iterable[Row]) -> defaultdict[int, list[Row]]:
    answer: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        answer[row["table"]].append(row)
    return answer
