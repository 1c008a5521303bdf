"""Messages end: with time, and for nobody with a closed account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from liangzheng.infra.forgetting import AT_MOST, forget_all
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.ids import PersonId
from liangzheng.messages import store

_AT_ONCE: Final = 5_000


async def prune(db: Database, before: datetime, at_most: int = AT_MOST) -> int:
    """Messages told before an instant are gone; how many. Safe to repeat and to lose half-way.

    What nobody has read stays, but for what counts looks; so does the notice of a held act whose text message is still to be
    sent, since the act waits for it.
    """

    async def some(tx: Connection, limit: int) -> int:
        return await store.forget(tx, before, limit)

    return await forget_all(db, some, _AT_ONCE, at_most)


async def follow_closed_accounts(tx: Connection, events: Sequence[Event], now: datetime) -> None:
    """Handler of `account.closed`: nobody is left to read what is unread; it goes with its time. Again changes nothing."""
    await store.read_all(tx, [PersonId(event.subject) for event in events], now)
