"""Transactions: all or nothing, with failures in the words of the kernel."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.infra.postgres import Connection, ConnectParams, Database
from liangzheng.infra.postgres.pool import Patience, _from_jsonb, _to_jsonb
from liangzheng.kernel.errors import Conflict, Invalid, Unavailable


async def _with_table(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            "CREATE TABLE thing (n int CONSTRAINT one_thing PRIMARY KEY, body jsonb, at timestamptz, "
            "size int CONSTRAINT size_positive CHECK (size > 0))"
        )


async def _count(database: Database) -> int:
    async with database.read() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM thing"))


async def test_a_block_that_ends_is_committed_and_one_that_raises_is_not(database: Database) -> None:
    await _with_table(database)
    async with database.transaction() as tx:
        await tx.execute("INSERT INTO thing (n) VALUES (1)")
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as tx:
            await tx.execute("INSERT INTO thing (n) VALUES (2)")
            raise ZeroDivisionError
    assert await _count(database) == 1


async def test_a_cancelled_block_is_rolled_back_and_its_connection_usable_again(database: Database) -> None:
    await _with_table(database)

    async def slow() -> None:
        async with database.transaction() as tx:
            await tx.execute("INSERT INTO thing (n) VALUES (1)")
            await tx.execute("SELECT pg_sleep(60)")

    tasks = [asyncio.create_task(slow()) for _ in range(1)]
    await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await _count(database) == 0


async def test_a_broken_unique_constraint_is_a_conflict_in_the_stores_words(database: Database) -> None:
    await _with_table(database)
    for number, words in ((1, "there is such a thing already"), (2, "this already exists (one_thing)")):
        table = {"one_thing": "there is such a thing already"} if number == 1 else {}
        with pytest.raises(Conflict) as refused:
            async with database.transaction(table) as tx:
                await tx.execute("INSERT INTO thing (n) VALUES ($1)", number)
                await tx.execute("INSERT INTO thing (n) VALUES ($1)", number)
        assert str(refused.value) == words
        assert refused.value.rule == "one_thing"
    assert await _count(database) == 0


async def test_a_broken_check_is_a_bug_unless_the_store_has_words_for_it(database: Database) -> None:
    await _with_table(database)
    with pytest.raises(Invalid, match="a size above zero"):
        async with database.transaction({"size_positive": "a size above zero"}) as tx:
            await tx.execute("INSERT INTO thing (n, size) VALUES (1, 0)")
    with pytest.raises(Exception, match="size_positive") as bug:
        async with database.transaction() as tx:
            await tx.execute("INSERT INTO thing (n, size) VALUES (1, 0)")
    assert type(bug.value).__name__ == "CheckViolationError"


async def test_waiting_too_long_for_a_lock_is_unavailable_and_changes_nothing(database: Database) -> None:
    await _with_table(database)
    hasty = await Database.open(database.params, patience=Patience(lock_s=0.05))
    async with database.transaction() as tx:
        await tx.execute("LOCK TABLE thing")
        with pytest.raises(Unavailable, match="busy"):
            async with hasty.transaction() as other:
                await other.execute("INSERT INTO thing (n) VALUES (1)")
    await hasty.close()
    assert await _count(database) == 0


async def test_a_statement_that_runs_too_long_is_stopped(database: Database) -> None:
    hasty = await Database.open(database.params, patience=Patience(statement_s=0.05))
    with pytest.raises(Unavailable, match="busy"):
        async with hasty.transaction() as tx:
            await tx.execute("SELECT pg_sleep(30)")
    await hasty.close()


async def test_a_pool_without_a_free_connection_is_unavailable(database: Database) -> None:
    small = await Database.open(database.params, max=1, patience=Patience(connection_s=0.1))
    async with small.read():
        with pytest.raises(Unavailable):
            async with small.read():
                pass
    await small.close()


async def test_a_connection_cut_in_the_middle_is_unavailable(database: Database) -> None:
    with pytest.raises(Unavailable):
        async with database.transaction() as tx:
            pid = await tx.fetchval("SELECT pg_backend_pid()")
            async with database.read() as other:
                await other.execute("SELECT pg_terminate_backend($1)", pid)
            await asyncio.sleep(0.05)
            await tx.execute("SELECT 1")


async def test_a_connection_lost_while_committing_says_that_the_outcome_is_unknown(
    database: Database,
) -> None:
    # A deferred check runs inside COMMIT; there we hold it long enough to cut the connection.
    await _with_table(database)
    async with database.transaction() as tx:
        await tx.execute(
            "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(30); RETURN NEW; END$$"
        )
        await tx.execute(
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON thing DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION linger()"
        )
    entered = asyncio.Event()
    tries = 0

    async def act(tx: Connection) -> None:
        nonlocal tries
        tries += 1
        await tx.execute("INSERT INTO thing (n) VALUES (1)")
        act.pid = await tx.fetchval("SELECT pg_backend_pid()")  # type: ignore[attr-defined]
        entered.set()

    committing = asyncio.create_task(database.retrying(act))
    await entered.wait()
    await asyncio.sleep(0.1)
    async with database.read() as other:
        await other.execute("SELECT pg_terminate_backend($1)", act.pid)  # type: ignore[attr-defined]
    with pytest.raises(Unavailable, match="not known whether"):
        await committing
    assert tries == 1, "what may have been applied is not tried again"


async def test_a_deadlock_is_tried_again_until_both_are_through(database: Database) -> None:
    await _with_table(database)
    async with database.transaction() as tx:
        await tx.execute("INSERT INTO thing (n, size) VALUES (1, 1), (2, 1)")
    meet = asyncio.Barrier(2)
    tries = [0, 0]

    def grow(who: int, first: int, second: int) -> Any:
        async def act(tx: Connection) -> None:
            tries[who] += 1
            await tx.execute("UPDATE thing SET size = size + 1 WHERE n = $1", first)
            if tries[who] == 1:
                await meet.wait()
            await tx.execute("UPDATE thing SET size = size + 1 WHERE n = $1", second)

        return act

    await asyncio.gather(database.retrying(grow(0, 1, 2)), database.retrying(grow(1, 2, 1)))
    async with database.read() as connection:
        assert [row["size"] for row in await connection.fetch("SELECT size FROM thing ORDER BY n")] == [3, 3]
    assert sorted(tries) == [1, 2]


async def test_without_the_retry_one_of_the_two_would_have_failed(database: Database) -> None:
    # The negative control: the same deadlock with a single attempt.
    await _with_table(database)
    async with database.transaction() as tx:
        await tx.execute("INSERT INTO thing (n, size) VALUES (1, 1), (2, 1)")
    meet = asyncio.Barrier(2)

    def grow(first: int, second: int) -> Any:
        async def act(tx: Connection) -> None:
            await tx.execute("UPDATE thing SET size = size + 1 WHERE n = $1", first)
            await meet.wait()
            await tx.execute("UPDATE thing SET size = size + 1 WHERE n = $1", second)

        return act

    both = await asyncio.gather(
        database.retrying(grow(1, 2), attempts=1),
        database.retrying(grow(2, 1), attempts=1),
        return_exceptions=True,
    )
    assert [type(answer) for answer in both].count(Conflict) == 1


async def test_instants_come_back_aware_and_in_utc(tx: Connection) -> None:
    china = datetime(2026, 11, 20, 10, 0, tzinfo=timezone(timedelta(hours=8)))
    back = await tx.fetchval("SELECT $1::timestamptz", china)
    assert back == china
    assert back.utcoffset() == timedelta(0)
    assert back.tzinfo is UTC


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", min_size=1), inner),
    )
)
def test_json_is_the_same_value_after_its_way_through_the_driver(value: Any) -> None:
    assert _from_jsonb(_to_jsonb(value)) == value


async def test_json_goes_through_statements_arrays_and_copy(database: Database) -> None:
    await _with_table(database)
    body = {"名": "韦·䶮", "n": [1, None, True], "half": 0.5}
    async with database.transaction() as tx:
        assert await tx.fetchval("SELECT $1::jsonb", body) == body
        assert await tx.fetchval("SELECT $1::json", body) == body
        assert await tx.fetchval("SELECT $1::jsonb[]", [body, body]) == [body, body]
        await tx.copy_records_to_table("thing", records=[(1, body)], columns=["n", "body"])
        assert await tx.fetchval("SELECT body->>'名' FROM thing") == "韦·䶮"


def test_a_number_that_json_has_no_word_for_is_not_written() -> None:
    assert _from_jsonb(_to_jsonb(math.nan)) is None


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u@h/d",
        "postgresql://h/d",
        "postgresql://u@h",
        "postgresql://u@h/d?options=-csearch_path",
        "postgresql://u@h/d?sslmode=maybe",
    ],
)
def test_an_address_that_is_not_whole_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="LZ_DATABASE_URL"):
        ConnectParams.from_url(url)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_an_address_keeps_every_character_of_a_password(password: str) -> None:
    params = ConnectParams("/run/x y", 6000, "lz", "亮证", password, "disable")
    assert ConnectParams.from_url(params.url()) == params
    assert password not in repr(params) or password in "ConnectParams(lz@/run/x y:6000/亮证)"


async def test_a_write_among_reads_is_refused_here_and_is_a_statement(database: Database) -> None:
    """What holds for every test: a `read` that writes does not go unnoticed (conftest.py)."""
    write = "INSERT INTO blob (hash, bytes) VALUES (sha256(''), '')"
    with pytest.raises(Unavailable, match="takes no writes"):
        async with database.read() as connection:
            await connection.execute(write)
    async with database.statement() as connection:
        await connection.execute(write)
    async with database.read() as connection:
        assert await connection.fetchval("SELECT count(*) FROM blob") == 1
