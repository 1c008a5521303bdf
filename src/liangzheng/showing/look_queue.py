"""Looks of one process that wait at the same time go to the database together, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from weakref import WeakKeyDictionary

from liangzheng.infra.postgres import Database
from liangzheng.infra.together import Together
from liangzheng.showing import store
from liangzheng.showing.store import Found, Look, Missing

MOST: Final = 32
"""Looks in one statement. Where tables are sharded: 1, so that a statement stays with one driver."""

AT_ONCE: Final = 4
"""Statements on their way, at most."""


class LookQueue:
    """One for each database of a process; see `queue_of`. Two looks at one showing never go in one
    statement."""

    def __init__(self, most: int = MOST, at_once: int = AT_ONCE) -> None:
        self._together: Together[tuple[Database, Look], Found | Missing] = Together(
            _ask, lambda asked: asked[1].code_hash, most=most, at_once=at_once
        )

    async def look(self, db: Database, look: Look) -> Found | Missing:
        """What the register says; the look is recorded, also when the caller stops waiting. Raises
        Unavailable."""
        return await self._together.go((db, look))


async def _ask(batch: Sequence[tuple[Database, Look]]) -> Sequence[Found | Missing]:
    async with batch[0][0].statement() as tx:
        return await store.verify(tx, [look for _, look in batch])


_queues: WeakKeyDictionary[Database, LookQueue] = WeakKeyDictionary()


def queue_of(db: Database) -> LookQueue:
    """The queue of this database in this process."""
    found = _queues.get(db)
    if found is None:
        found = _queues[db] = LookQueue()
    return found
