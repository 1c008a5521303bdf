"""Migrations: forward only, once each, history as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from liangzheng.infra.postgres import Database
from liangzheng.infra.postgres.migrate import Migration, bring_up, check_level, level, ours, read
from liangzheng.kernel.errors import Unavailable

FIRST = Migration(1, "first", "CREATE TABLE first (n int PRIMARY KEY);")
SECOND = Migration(2, "second", "CREATE TABLE second (n int PRIMARY KEY); INSERT INTO second VALUES (1);")
BROKEN = Migration(2, "broken", "CREATE TABLE half (n int PRIMARY KEY); SELECT no_such_function();")


async def _tables(database: Database) -> set[str]:
    async with database.read() as connection:
        rows = await connection.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    return {row["name"] for row in rows} - {"schema_migration"}


async def test_missing_migrations_are_applied_in_order_and_once(empty_database: Database) -> None:
    assert await level(empty_database) == 0
    assert await bring_up(empty_database, [FIRST]) == [FIRST]
    assert await bring_up(empty_database, [FIRST, SECOND]) == [SECOND]
    assert await bring_up(empty_database, [FIRST, SECOND]) == []
    assert await _tables(empty_database) == {"first", "second"}
    assert await level(empty_database) == 2


async def test_many_at_once_apply_each_migration_once(empty_database: Database) -> None:
    applied = await asyncio.gather(*(bring_up(empty_database, [FIRST, SECOND]) for _ in range(6)))
    assert [migration for one in applied for migration in one] == [FIRST, SECOND]


async def test_a_failing_migration_is_undone_whole_and_those_before_it_stay(empty_database: Database) -> None:
    with pytest.raises(Unavailable, match="0002_broken failed and was undone"):
        await bring_up(empty_database, [FIRST, BROKEN])
    assert await _tables(empty_database) == {"first"}
    assert await bring_up(empty_database, [FIRST, SECOND]) == [SECOND]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ([replace(FIRST, sql=FIRST.sql + " -- tidied")], "0001_first was edited after it had been applied"),
        ([], "newer than this code: it has migration 0001"),
        ([Migration(0, "earlier", "SELECT 1"), FIRST], "0000_earlier is new but comes before 0001_first"),
    ],
)
async def test_a_history_that_does_not_match_is_refused(
    empty_database: Database, code: Sequence[Migration], why: str
) -> None:
    await bring_up(empty_database, [FIRST])
    for act in (bring_up, check_level):
        with pytest.raises(Unavailable, match=why):
            await act(empty_database, code)


async def test_checking_changes_nothing(empty_database: Database) -> None:
    with pytest.raises(Unavailable, match=r"lacks 2 change\(s\) from 0001_first"):
        await check_level(empty_database, [FIRST, SECOND])
    assert await _tables(empty_database) == set()
    await bring_up(empty_database, [FIRST, SECOND])
    await check_level(empty_database, [FIRST, SECOND])


def test_the_files_of_this_code_are_numbered_without_a_gap() -> None:
    assert [migration.number for migration in ours()] == list(range(1, len(ours()) + 1))


def test_two_files_with_one_number_are_a_bug() -> None:
    with pytest.raises(AssertionError, match="two migrations have number 1"):
        read([("0001_a.sql", "SELECT 1"), ("0001_b.sql", "SELECT 1")])


def test_files_that_are_not_migrations_are_passed_over() -> None:
    assert read([("schema.sql", "x"), ("__init__.py", "x"), ("0007_real.sql", "y")]) == (
        Migration(7, "real", "y"),
    )
