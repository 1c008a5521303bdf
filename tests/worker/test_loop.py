"""The loop of a background process: it works, waits, is told to stop, and lets no batch be cut off."""

from __future__ import annotations

import asyncio

import pytest

from liangzheng.kernel.errors import Unavailable
from liangzheng.worker import loop
from liangzheng.worker.loop import work


async def test_it_goes_on_while_there_is_something_to_do_and_leaves_when_empty() -> None:
    left = [True, True, True, False]
    await work("test", lambda: _next(left), asyncio.Event(), until_empty=True)
    assert left == []


async def _next(left: list[bool]) -> bool:
    return left.pop(0)


async def test_told_to_stop_it_finishes_the_batch_in_hand() -> None:
    stop, done = asyncio.Event(), []

    async def batch() -> bool:
        stop.set()
        await asyncio.sleep(0.01)
        done.append("whole")
        return True

    await work("test", batch, stop)
    assert done == ["whole"]


async def test_told_to_stop_while_it_waits_it_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_FIRST_WAIT_S", 3600.0)
    stop = asyncio.Event()

    async def idle() -> bool:
        asyncio.get_running_loop().call_later(0.01, stop.set)
        return False

    await asyncio.wait_for(work("test", idle, stop), 5)


async def test_a_neighbour_out_of_reach_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_LONGEST_WAIT_S", 0.001)
    tries: list[int] = []

    async def batch() -> bool:
        tries.append(1)
        if len(tries) < 4:
            raise Unavailable("away")
        return False

    await work("test", batch, asyncio.Event(), until_empty=True)
    assert len(tries) == 4


async def test_a_bug_ends_the_process() -> None:
    async def batch() -> bool:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await work("test", batch, asyncio.Event())
