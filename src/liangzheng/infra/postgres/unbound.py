"""Tables without what binds their rows while they are filled whole: indexes made and foreign keys checked once, at the
end, over everything, cost a fraction of what they cost row by row (benchmarks/load/fsck.py measures a restore)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from liangzheng.infra.postgres.catalog import schema_text
from liangzheng.infra.postgres.connection import Row
from liangzheng.infra.postgres.pool import Database
from liangzheng.kernel.errors import Unavailable

T = TypeVar("T")

_AT_ONCE: Final = 2
"""Connections at work: a core each on the smallest machine, and the pool keeps one for others."""
_DAY_S: Final = 86400.0

# Primary keys stay: rows come in their order or nearly, and foreign keys lead to them.
# The server writes the statements, with names as it quotes them.
_CONSTRAINTS: Final = """
    SELECT o.conname AS name, o.conrelid::regclass::text AS table, o.contype = 'f' AS is_foreign,
           format('ALTER TABLE %s DROP CONSTRAINT %I', o.conrelid::regclass, o.conname) AS remove,
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', o.conrelid::regclass, o.conname, pg_get_constraintdef(o.oid))
             || CASE WHEN o.contype = 'f' THEN ' NOT VALID' ELSE '' END AS add,
           format('ALTER TABLE %s VALIDATE CONSTRAINT %I', o.conrelid::regclass, o.conname) AS check
      FROM pg_constraint o JOIN pg_namespace n ON n.oid = o.connamespace
     WHERE n.nspname = 'public' AND o.contype IN ('f', 'u', 'x')
     ORDER BY o.contype = 'f' DESC, o.conname
"""
_INDEXES: Final = """
    SELECT format('DROP INDEX %s', i.indexrelid::regclass) AS remove, pg_get_indexdef(i.indexrelid) AS add
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = i.indexrelid)
     ORDER BY c.relname
"""


@asynccontextmanager
async def unbound(database: Database) -> AsyncIterator[None]:
    """No foreign keys, unique constraints and indexes but primary keys in the block; all of them, checked, after it.

    For a database nobody else uses. If the block raises they stay away: whoever asked throws the schema away.
    Raises Conflict or Invalid when the rows break one, naming it; Unavailable when the schema is not again what it was.
    """
    async with database.transaction() as tx:
        was = await schema_text(tx)
        constraints, indexes = await tx.fetch(_CONSTRAINTS), await tx.fetch(_INDEXES)
        for row in (*constraints, *indexes):
            await tx.execute(row["remove"])
    yield
    await _bind(database, constraints, indexes)
    async with database.statement() as connection:
        # The planner knows nothing yet, and the next to ask is fsck.
        await connection.execute("SET statement_timeout = 0")
        try:
            await connection.execute("ANALYZE", timeout=_DAY_S)
        finally:
            await connection.execute("RESET statement_timeout")
        if await schema_text(connection) != was:
            raise Unavailable("the schema is not what it was before its tables were filled")


async def _bind(database: Database, constraints: list[Row], indexes: list[Row]) -> None:
    foreign = [row for row in constraints if row["is_foreign"]]
    unique = [row for row in constraints if not row["is_foreign"]]
    breaches = {row["name"]: f"holds for every row ({row['table']})" for row in constraints}

    async def make(statement: str) -> None:
        async with database.transaction(breaches) as tx:
            await tx.execute("SET LOCAL statement_timeout = 0")
            await tx.execute(statement, timeout=_DAY_S)

    await side_by_side(make, [row["add"] for row in (*indexes, *unique)])
    # Put back unchecked by one, checked by several: this way none holds a table another waits for.
    async with database.transaction() as tx:
        for row in foreign:
            await tx.execute(row["add"])
    await side_by_side(make, [row["check"] for row in foreign])


async def side_by_side(act: Callable[[T], Awaitable[None]], each: Iterable[T]) -> None:
    """`act` on each, in order, a few at once. The first that raises ends the others."""
    waiting = iter(each)

    async def work() -> None:
        for one in waiting:
            await act(one)

    workers = [asyncio.ensure_future(work()) for _ in range(_AT_ONCE)]
    try:
        await asyncio.gather(*workers)
    except BaseException:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        raise
