"""The act of forgetting what stood under old numbers of a source. The numbers stay done for ever."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from liangzheng.drivers import store_feed
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.ids import SourceId

_AT_ONCE: Final = 5_000


async def forget_lines(database: Database, before: datetime, at_most: int = 200_000) -> int:
    """Lines that were done before an instant are not kept any more; how many went. Safe to repeat and to lose half-way.

    A forgotten number that is sent again is known, whatever stands under it: it has no effect, and contradicts
    nothing any more.
    """
    async with database.read() as tx:
        waiting = [source.id for source in await store_feed.sources(tx)]
    gone = 0
    # In turns, so that one source with much to forget holds up no other.
    while waiting and gone < at_most:
        for source_id in tuple(waiting):

            async def some(tx: Connection, source_id: SourceId = source_id) -> int:
                return await _forget(tx, source_id, before)

            done = await database.retrying(some)
            gone += done
            if done < _AT_ONCE:
                waiting.remove(source_id)
    return gone


async def _forget(tx: Connection, source_id: SourceId, before: datetime) -> int:
    source = await store_feed.hold(tx, source_id)
    assert source is not None, "a source is never deleted"
    last = await store_feed.last_done_before(tx, source_id, source.forgotten_to, before, _AT_ONCE)
    if last <= source.forgotten_to:
        return 0
    return await store_feed.forget(tx, source_id, last)
