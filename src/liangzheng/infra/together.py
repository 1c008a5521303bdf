"""Requests of one process that wait at the same time go to the database together.

A lone request goes at once. While a batch is on its way, those that come gather, and go with the next: under load one
transaction, one commit and a few round trips serve many. A request is worked after it was handed in, so its answer is
never older than the moment it was asked.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from liangzheng.kernel.errors import Unavailable

Q = TypeVar("Q")
A = TypeVar("A")


class Together(Generic[Q, A]):
    """Gathers requests for `ask`, which answers a batch in its order, or raises and has applied nothing."""

    def __init__(
        self,
        ask: Callable[[Sequence[Q]], Awaitable[Sequence[A]]],
        apart: Callable[[Q], Hashable],
        *,
        most: int,
        at_once: int,
    ) -> None:
        """`apart`: two requests with the same answer to it never go in one batch. `most`: requests of a batch.

        `at_once`: batches on their way, at most; a further one starts only when half a batch waits, so that they stay
        few and full.
        """
        self._ask, self._apart = ask, apart
        self._most, self._at_once = most, at_once
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._running = 0
        self._runners: set[asyncio.Task[None]] = set()  # tasks are kept by whoever made them

    async def go(self, request: Q) -> A:
        """The answer; the request is worked also when the caller stops waiting. Raises what `ask` raises for it."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        if not self._running or (self._running < self._at_once and 2 * len(self._waiting) >= self._most):
            self._running += 1
            runner = asyncio.create_task(self._run())
            self._runners.add(runner)
            runner.add_done_callback(self._runners.discard)
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._settle(self._take())
        finally:
            # In the same step as the look at the queue: a request that comes later finds nobody running.
            self._running -= 1

    async def _settle(self, batch: list[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._ask([request for request, _ in batch])
        except Unavailable as failure:
            _fail(batch, failure)
        except Exception as error:
            # One of them is something the database will not take. Nothing was applied: each goes alone, and it
            # alone fails.
            if len(batch) == 1:
                _fail(batch, error)
                return
            for one in batch:
                await self._settle([one])
        else:
            for (_, waiting), answer in zip(batch, answers, strict=True):
                if not waiting.done():
                    waiting.set_result(answer)

    def _take(self) -> list[tuple[Q, asyncio.Future[A]]]:
        """The longest-waiting requests; one that must stay apart from another waits for the next batch."""
        taken: dict[Hashable, tuple[Q, asyncio.Future[A]]] = {}
        later = []
        while self._waiting and len(taken) < self._most:
            one = self._waiting.popleft()
            name = self._apart(one[0])
            if name in taken:
                later.append(one)
            else:
                taken[name] = one
        self._waiting.extendleft(reversed(later))
        return list(taken.values())


def _fail(batch: Sequence[tuple[object, asyncio.Future[A]]], error: Exception) -> None:
    for _, waiting in batch:
        if not waiting.done():
            waiting.set_exception(error)
