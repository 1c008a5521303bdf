"""The same request twice: one act, one answer."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.infra import idempotency
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict, Invalid
from liangzheng.kernel.ids import PersonId

KEY = "0123456789abcdef"


class Till:
    """An act with an effect that shows: each time it really happens, the till holds one more."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database = database
        self.now = now
        self.owner = PersonId.new()

    async def pay(self, amount: int, *, key: str = KEY, act: str = "till.pay", pause_s: float = 0) -> Any:
        asked = idempotency.request_hash(act, {"amount": amount})
        async with self.database.transaction() as tx:
            before = await idempotency.claim(tx, self.owner, key, act, asked, self.now)
            if before is not None:
                return before
            await asyncio.sleep(pause_s)
            receipt = await tx.fetchval("INSERT INTO paid (amount) VALUES ($1) RETURNING receipt", amount)
            answer = {"receipt": receipt}
            await idempotency.record(tx, self.owner, key, answer)
            return answer

    async def count(self) -> int:
        async with self.database.read() as tx:
            return int(await tx.fetchval("SELECT count(*) FROM paid"))


@pytest.fixture
async def till(database: Database, now: datetime) -> Till:
    async with database.transaction() as tx:
        await tx.execute("CREATE TABLE paid (receipt serial PRIMARY KEY, amount int)")
    return Till(database, now)


async def test_the_same_request_again_gets_the_same_answer_and_happens_once(till: Till) -> None:
    first = await till.pay(5)
    assert await till.pay(5) == first
    assert await till.count() == 1


async def test_twenty_at_once_happen_once_and_all_get_the_one_answer(till: Till) -> None:
    answers = await asyncio.gather(*(till.pay(5, pause_s=0.05) for _ in range(20)))
    assert answers == [{"receipt": 1}] * 20
    assert await till.count() == 1


async def test_without_the_claim_twenty_at_once_would_happen_twenty_times(till: Till) -> None:
    # The negative control: a key each.
    await asyncio.gather(*(till.pay(5, key=f"{KEY}{n}") for n in range(20)))
    assert await till.count() == 20


async def test_a_key_used_for_another_amount_or_another_act_is_a_conflict(till: Till) -> None:
    await till.pay(5)
    with pytest.raises(Conflict):
        await till.pay(6)
    with pytest.raises(Conflict):
        await till.pay(5, act="till.refund")
    assert await till.count() == 1


async def test_one_persons_key_is_not_anothers(till: Till, now: datetime) -> None:
    await till.pay(5)
    other = Till(till.database, now)
    assert (await other.pay(5))["receipt"] == 2


async def test_a_request_that_failed_may_come_again_under_its_key(till: Till) -> None:
    with pytest.raises(ZeroDivisionError):
        async with till.database.transaction() as tx:
            asked = idempotency.request_hash("till.pay", {"amount": 5})
            assert await idempotency.claim(tx, till.owner, KEY, "till.pay", asked, till.now) is None
            raise ZeroDivisionError
    assert await till.pay(5) == {"receipt": 1}


async def test_forgetting_takes_the_old_and_leaves_the_young(till: Till, now: datetime) -> None:
    await till.pay(5)
    till.now = now + timedelta(days=1)
    await till.pay(6, key=KEY + "x")
    async with till.database.transaction() as tx:
        assert await idempotency.forget(tx, now + timedelta(hours=1), 9) == 1
        assert await idempotency.forget(tx, now + timedelta(hours=1), 9) == 0
    assert await till.pay(6, key=KEY + "x") == {"receipt": 2}


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with\nnewline", "钥匙钥匙钥匙钥匙"])
async def test_what_is_no_key_is_refused_before_anything_is_asked_of_the_database(
    tx: Connection, key: str, now: datetime
) -> None:
    with pytest.raises(Invalid, match="Idempotency-Key"):
        await idempotency.claim(tx, PersonId.new(), key, "act", b"\0" * 32, now)


@given(st.permutations([("a", 1), ("b", [1, 2]), ("c", {"x": None})]))
def test_the_order_of_keys_does_not_make_another_request(pairs: list[tuple[str, Any]]) -> None:
    assert idempotency.request_hash("act", dict(pairs)) == idempotency.request_hash(
        "act", {"a": 1, "b": [1, 2], "c": {"x": None}}
    )


@given(st.text(), st.text())
def test_different_acts_or_bodies_are_different_requests(one: str, other: str) -> None:
    assert (idempotency.request_hash(one, "") == idempotency.request_hash(other, "")) == (one == other)
    assert (idempotency.request_hash("act", one) == idempotency.request_hash("act", other)) == (one == other)
