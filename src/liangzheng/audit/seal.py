"""One act: entries not yet sealed become the next link of their bucket's chain."""

from __future__ import annotations

from datetime import datetime

from liangzheng.audit import store
from liangzheng.audit.chain import link_after
from liangzheng.infra.postgres import Database

LINK_SIZE = 2000


async def seal(db: Database, now: datetime, link_size: int = LINK_SIZE) -> int:
    """Every entry committed before the call is in a chain; how many were added.

    Any number of workers may run it at once: a chain's head is held while its link is made, and whoever
    finds it held goes on to the next bucket. An entry whose transaction was slow, and whose id is older
    than the last link, is sealed by a later one.
    """
    async with db.read() as tx:
        buckets = await store.buckets_to_seal(tx)
    return sum([await _seal_bucket(db, bucket, now, link_size) for bucket in buckets])


async def _seal_bucket(db: Database, bucket: int, now: datetime, link_size: int) -> int:
    sealed = 0
    while True:
        async with db.transaction() as tx:
            head = await store.hold_head(tx, bucket)
            entries = await store.unsealed(tx, bucket, link_size) if head else []
            if head and entries:
                await store.add_batch(tx, link_after(head, entries, now), [entry.scope for entry in entries])
        sealed += len(entries)
        if len(entries) < link_size:
            return sealed
