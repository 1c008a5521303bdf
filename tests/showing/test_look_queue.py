"""Looks that wait at the same time go together, each gets its own answer, and none waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import cast

import pytest

from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import VerificationId
from liangzheng.showing import Verifier
from liangzheng.showing.look_queue import LookQueue
from liangzheng.showing.store import Found, Look, Missing
from tests.showing.world import World


class Notebook:
    """In place of the database: writes down each statement's looks, and answers when it is let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements: list[list[bytes]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.trouble: dict[bytes, Exception] = {}
        self.most_at_once = self.at_once = 0
        monkeypatch.setattr("liangzheng.showing.store.verify", self._verify)

    @property
    def database(self) -> Database:
        return cast(Database, self)

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[None]:
        yield None

    async def _verify(self, _tx: None, looks: Sequence[Look]) -> list[Found | Missing]:
        names = [look.code_hash for look in looks]
        self.statements.append(names)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.gate.wait()
        self.at_once -= 1
        for name in names:
            if name in self.trouble:
                raise self.trouble[name]
        return [cast(Found, name) for name in names]


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    return Notebook(monkeypatch)


def named(number: int) -> Look:
    """A look nobody will read but for the name of its showing."""
    nothing = Look._make([None] * len(Look._fields))
    return nothing._replace(code_hash=number.to_bytes(16, "big"))


async def ask(queue: LookQueue, notebook: Notebook, number: int) -> int:
    answer = await queue.look(notebook.database, named(number))
    return int.from_bytes(cast(bytes, answer), "big")


async def test_a_lone_look_goes_at_once_and_alone(notebook: Notebook) -> None:
    assert await ask(LookQueue(), notebook, 7) == 7
    assert [len(names) for names in notebook.statements] == [1]


async def test_looks_that_come_meanwhile_go_together_and_each_gets_its_own_answer(notebook: Notebook) -> None:
    queue = LookQueue(most=8, at_once=1)
    notebook.gate.clear()
    asked = [asyncio.create_task(ask(queue, notebook, number)) for number in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    notebook.gate.set()
    assert await asyncio.gather(*asked) == list(range(20))
    assert [len(names) for names in notebook.statements] == [8, 8, 4]


async def test_a_further_statement_starts_only_when_half_a_one_waits_and_never_more_than_allowed(
    notebook: Notebook,
) -> None:
    queue = LookQueue(most=4, at_once=2)
    notebook.gate.clear()
    asked = []
    for number in range(12):
        asked.append(asyncio.create_task(ask(queue, notebook, number)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert [len(names) for names in notebook.statements] == [1, 2]
    notebook.gate.set()
    await asyncio.gather(*asked)
    assert notebook.most_at_once == 2


async def test_no_look_is_left_behind_by_a_statement_that_just_ended(notebook: Notebook) -> None:
    """A look that comes between the last glance at the queue and the end of the runner would wait for ever."""
    queue = LookQueue(at_once=1)
    async with asyncio.timeout(10):
        for number in range(300):
            assert await ask(queue, notebook, number) == number


async def test_two_looks_at_one_showing_go_one_after_the_other_in_their_order(notebook: Notebook) -> None:
    queue = LookQueue(at_once=1)
    notebook.gate.clear()
    asked = [asyncio.create_task(ask(queue, notebook, number)) for number in (1, 2, 2, 3, 2)]
    for _ in range(3):
        await asyncio.sleep(0)
    notebook.gate.set()
    await asyncio.gather(*asked)
    assert all(len(set(names)) == len(names) for names in notebook.statements)
    assert sum(len(names) for names in notebook.statements) == 5


async def test_one_look_the_database_will_not_take_fails_alone(notebook: Notebook) -> None:
    queue = LookQueue(at_once=1)
    notebook.trouble[named(3).code_hash] = ValueError("not this one")
    notebook.gate.clear()
    asked = [asyncio.create_task(ask(queue, notebook, number)) for number in range(6)]
    await asyncio.sleep(0)
    notebook.gate.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [answer for answer in answers if not isinstance(answer, Exception)] == [0, 1, 2, 4, 5]
    assert isinstance(answers[3], ValueError)


async def test_a_database_out_of_reach_is_told_to_all_and_asked_once(notebook: Notebook) -> None:
    queue = LookQueue(at_once=1)
    notebook.trouble[named(1).code_hash] = Unavailable("the database is out of reach")
    notebook.gate.clear()
    asked = [asyncio.create_task(ask(queue, notebook, number)) for number in range(3)]
    await asyncio.sleep(0)
    notebook.gate.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    assert len(notebook.statements) == 1


async def test_a_caller_that_stops_waiting_takes_nothing_from_the_others(notebook: Notebook) -> None:
    queue = LookQueue(at_once=1)
    notebook.gate.clear()
    asked = [asyncio.create_task(ask(queue, notebook, number)) for number in range(3)]
    await asyncio.sleep(0)
    asked[1].cancel()
    notebook.gate.set()
    assert [await asked[0], await asked[2]] == [0, 2]
    assert await ask(queue, notebook, 9) == 9


async def test_on_the_real_database_a_look_with_an_impossible_text_fails_alone(
    world: World, officer: Verifier, now: datetime
) -> None:
    def look(request_key: str, hashed: int) -> Look:
        return Look(
            verifier=officer.id,
            status_list=world.list_id,
            status_index=world.list_index,
            credential_octets=world.sign()[0],
            shown_at=now,
            code_hash=hashed.to_bytes(16, "big"),
            verification_id=VerificationId.new(),
            request_key=request_key,
            purpose="roadside-check",
            class_asked=None,
            at=now,
        )

    queue = LookQueue()
    looks = [look("request-1", 1), look("nul \x00 here", 2), look("request-3", 3)]
    asked = (queue.look(world.database, one) for one in looks)
    first, second, third = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, Found) and isinstance(third, Found)
    assert isinstance(second, Exception)
    async with world.database.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM verification") == 2
