"""The rules every table keeps, read from the catalogue of a migrated database, so that Citus can run it unchanged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import liangzheng.migrations
from house.shards import REFERENCE_TABLES, SHARD_KEYS
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.postgres.catalog import schema_text
from liangzheng.infra.postgres.migrate import Migration, bring_up, ours, read

SUM = Path(liangzheng.migrations.__path__[0]) / "schema.sql"

KEYS = """
    SELECT c.relname AS table, i.relname AS name, x.indisprimary AS is_primary,
           ARRAY(SELECT a.attname::text FROM unnest(x.indkey) WITH ORDINALITY k (n, place)
                   LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.n ORDER BY place) AS columns
      FROM pg_index x
      JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND (x.indisunique OR x.indisexclusion)
"""
FOREIGN_KEYS = """
    SELECT o.conname AS name, o.conrelid::regclass::text AS table, o.confrelid::regclass::text AS target,
           ARRAY(SELECT attname::text FROM unnest(o.conkey) k JOIN pg_attribute ON attrelid = o.conrelid AND attnum = k)
               AS columns,
           ARRAY(SELECT attname::text FROM unnest(o.confkey) k JOIN pg_attribute ON attrelid = o.confrelid AND attnum = k)
               AS targets
      FROM pg_constraint o WHERE o.contype = 'f'
"""
FORBIDDEN = {
    "triggers": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    "rules": "SELECT rulename FROM pg_rules WHERE schemaname = 'public'",
    "identity columns": "SELECT attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid "
    "WHERE attidentity <> '' AND relnamespace = 'public'::regnamespace",
    "sequences": "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'",
    "views": "SELECT viewname FROM pg_views WHERE schemaname = 'public'",
    "functions": "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    # No table may need one. amcheck is only asked by fsck, in a schema of its own, where the server ships it.
    "extensions": "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' "
    "AND (extname, extnamespace::regnamespace::text) <> ('amcheck', 'amcheck')",
    "indexes on a column that every update changes": "SELECT i.relname FROM pg_index x "
    "JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_attribute a ON a.attrelid = i.oid "
    "WHERE a.attname = 'updated_at' AND i.relnamespace = 'public'::regnamespace",
    "defaults that are not the same twice": "SELECT d.oid FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid "
    "WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> 'schema_migration' "
    "AND pg_get_expr(d.adbin, d.adrelid) ~ '\\('",
    "tables without a primary key": "SELECT relname FROM pg_class c WHERE relkind IN ('r', 'p') "
    "AND relnamespace = 'public'::regnamespace "
    "AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)",
}


async def faults(tx: Connection) -> list[str]:
    """Every breach of the rules in the database behind `tx`."""
    found = [f"{what}: {row[0]}" for what, query in FORBIDDEN.items() for row in await tx.fetch(query)]
    names = [row["relname"] for row in await tx.fetch(_TABLES)]
    found += [
        f"{name} has no shard key listed" for name in names if name not in {*SHARD_KEYS, *REFERENCE_TABLES}
    ]
    for row in await tx.fetch(KEYS):
        key = SHARD_KEYS.get(row["table"])
        if key is None:
            continue
        if key not in row["columns"]:
            found.append(f"{row['name']} is unique without {key}")
        elif row["is_primary"] and row["columns"][0] != key:
            found.append(f"{row['name']} does not begin with {key}")
    for row in await tx.fetch(FOREIGN_KEYS):
        if row["target"] in REFERENCE_TABLES:
            continue
        pair = (SHARD_KEYS.get(row["table"]), SHARD_KEYS.get(row["target"]))
        if pair not in set(zip(row["columns"], row["targets"], strict=True)):
            found.append(f"{row['name']} leaves its shard")
        if "key_index" in (row["table"], row["target"]):
            found.append(f"{row['name']}: no foreign key to or from key_index")
    return found


_TABLES = """
    SELECT relname FROM pg_class
     WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
"""


async def test_every_table_keeps_the_rules(tx: Connection) -> None:
    assert await faults(tx) == []


async def test_every_table_of_the_list_is_there(tx: Connection) -> None:
    names = {row["relname"] for row in await tx.fetch(_TABLES)}
    assert {*SHARD_KEYS, *REFERENCE_TABLES} == names


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("CREATE TABLE stray (id uuid PRIMARY KEY)", "stray has no shard key listed"),
        ("CREATE TABLE stray (id uuid)", "tables without a primary key: stray"),
        ("CREATE UNIQUE INDEX twice ON driver (file_number)", "twice is unique without driver_id"),
        ("ALTER TABLE licence_event DROP CONSTRAINT licence_event_pkey, "
         "ADD PRIMARY KEY (licence_id, driver_id)", "licence_event_pkey does not begin with driver_id"),
        ("ALTER TABLE driver ADD FOREIGN KEY (portrait_hash) REFERENCES blob (hash)", "leaves its shard"),
        ("ALTER TABLE outbox ADD COLUMN n int GENERATED ALWAYS AS IDENTITY", "identity columns: n"),
        ("CREATE SEQUENCE numbers", "sequences: numbers"),
        ("CREATE VIEW everyone AS SELECT name FROM driver", "views: everyone"),
        ("CREATE RULE quiet AS ON DELETE TO blob DO INSTEAD NOTHING", "rules: quiet"),
        ("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'", "functions: one"),
        ("CREATE INDEX hot ON driver (updated_at)", "indexes on a column that every update changes: hot"),
        ("ALTER TABLE blob ADD COLUMN made_at timestamptz DEFAULT now()", "defaults that are not the same twice"),
    ],
)  # fmt: skip
async def test_a_planted_breach_is_seen(tx: Connection, statement: str, fault: str) -> None:
    await tx.execute(statement)
    assert [found for found in await faults(tx) if fault in found]


async def test_the_sum_of_the_migrations_is_as_written(tx: Connection) -> None:
    assert await schema_text(tx) == SUM.read_text(encoding="utf-8"), "run `./lz migrate --sum`"


@pytest.fixture
async def from_the_sum(empty_database: Database) -> Database:
    async with empty_database.transaction() as tx:
        await tx.execute(SUM.read_text(encoding="utf-8"))
    return empty_database


async def test_the_sum_makes_the_very_schema_the_migrations_make(from_the_sum: Database) -> None:
    async with from_the_sum.read() as connection:
        assert await schema_text(connection) == SUM.read_text(encoding="utf-8")


async def test_a_column_more_would_be_seen_in_the_sum(tx: Connection) -> None:
    await tx.execute("ALTER TABLE blob ADD COLUMN kind text")
    assert await schema_text(tx) != SUM.read_text(encoding="utf-8")


def misplaced_foreign_keys(migration: Migration) -> list[str]:
    """References that stand before the last table of their file is made (comments aside)."""
    text = re.sub(r"--[^\n]*", "", migration.sql)
    last_table = max(
        (match.start() for match in re.finditer(r"\bCREATE (?:UNLOGGED )?TABLE\b", text)), default=0
    )
    return [
        str(migration)
        for match in re.finditer(r"\bREFERENCES\b", text)
        if match.start() < _end(text, last_table)
    ]


def _end(text: str, start: int) -> int:
    return text.find(";", start)


@pytest.mark.parametrize("migration", ours(), ids=str)
def test_foreign_keys_stand_at_the_end_of_their_file(migration: Migration) -> None:
    assert misplaced_foreign_keys(migration) == []


def test_a_foreign_key_in_the_middle_is_seen() -> None:
    early = "CREATE TABLE a (n int REFERENCES b); CREATE TABLE c (n int); ALTER TABLE c ADD FOREIGN KEY (n) REFERENCES a;"
    (migration,) = read([("0001_early.sql", early)])
    assert len(misplaced_foreign_keys(migration)) == 1


async def test_every_migration_leaves_the_rules_kept(empty_database: Database) -> None:
    # Not only the sum: a deployment may stop at any version.
    for count in range(1, len(ours()) + 1):
        await bring_up(empty_database, ours()[:count])
        async with empty_database.read() as connection:
            assert await faults(connection) == []
