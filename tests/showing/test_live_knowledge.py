"""After a change of status or points was acknowledged, no online verification answers from older knowledge.

A changer and several verifiers run at once and write down, by one clock, when each began and ended.
Versions only grow, so the check is linear: an answer's version is at least the highest acknowledged before
it began and at most the highest begun before it ended. A reader with a cache is caught by the same check.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from liangzheng.showing import Ask, Verifier, verify
from liangzheng.standards.livecode import Outcome
from tests.showing.world import World

CHANGES = 60
VERIFIERS = 4


@dataclass(frozen=True)
class Interval:
    """What a client saw or wrote: a version, and the ticks around it. `clean`: the register's status was A
    at that version."""

    began: int
    ended: int
    version: int


def stale_or_early(changes: list[Interval], reads: list[Interval]) -> list[Interval]:
    """Reads that break the rule; empty for a history in which no answer was older than what was
    acknowledged."""
    start = min(change.version for change in changes) - 1
    broken = []
    for read in reads:
        least = max([start, *(change.version for change in changes if change.ended < read.began)])
        most = max([start, *(change.version for change in changes if change.began < read.ended)])
        if not least <= read.version <= most:
            broken.append(read)
    return broken


async def history(
    world: World, look: Callable[[int], Awaitable[int]]
) -> tuple[list[Interval], list[Interval]]:
    ticks, changes, reads = itertools.count(), [], []
    done = asyncio.Event()

    async def change() -> None:
        for number in range(CHANGES):
            began = next(ticks)
            version = await world.change(status="D" if number % 2 == 0 else "A", points=number % 12)
            changes.append(Interval(began, next(ticks), version))
            await asyncio.sleep(0.001)
        done.set()

    async def keep_looking(number: int) -> None:
        while not done.is_set():
            began = next(ticks)
            version = await look(number)
            reads.append(Interval(began, next(ticks), version))

    await asyncio.gather(change(), *(keep_looking(number) for number in range(VERIFIERS)))
    return changes, reads


def online(world: World, officer: Verifier) -> Callable[[int], Awaitable[int]]:
    keys = itertools.count()

    async def look(_: int) -> int:
        code = world.phone.show(world.now)
        question = Ask(code, f"request-{next(keys)}", "roadside-check")
        answer = await verify(world.database, world.trust, world.lives, officer, question, world.now)
        assert answer.standing is not None
        # Even versions are suspended, odd ones are not (version 5 is the first): the answer fits its own
        # version.
        expected = Outcome.MAY_NOT_DRIVE if answer.standing.version % 2 == 0 else Outcome.VALID
        assert answer.outcome is expected
        return answer.standing.version

    return look


async def test_no_verification_answers_from_knowledge_older_than_acknowledged(
    world: World, officer: Verifier
) -> None:
    changes, reads = await history(world, online(world, officer))
    assert len(changes) == CHANGES
    assert len({read.version for read in reads}) > 5, "the verifiers saw too few versions to prove anything"
    assert stale_or_early(changes, reads) == []


async def test_a_reader_with_a_cache_is_caught(world: World, officer: Verifier) -> None:
    """Negative control: every tenth look asks, the others repeat what was heard."""
    ask = online(world, officer)
    heard: dict[int, tuple[int, int]] = {}

    async def cached(number: int) -> int:
        uses, version = heard.get(number, (10, 0))
        if uses >= 10:
            uses, version = 0, await ask(number)
        else:
            await asyncio.sleep(0.001)
        heard[number] = (uses + 1, version)
        return version

    changes, reads = await history(world, cached)
    assert stale_or_early(changes, reads) != []


def test_the_check_itself_knows_late_early_and_right() -> None:
    changes = [Interval(0, 1, 6), Interval(4, 7, 7)]
    assert (
        stale_or_early(changes, [Interval(2, 3, 6), Interval(5, 6, 6), Interval(5, 6, 7), Interval(8, 9, 7)])
        == []
    )
    assert stale_or_early(changes, [Interval(8, 9, 6)]) == [Interval(8, 9, 6)]
    assert stale_or_early(changes, [Interval(2, 3, 7)]) == [Interval(2, 3, 7)]
