"""One act: read every chain again and say where the record is not what was sealed."""

from __future__ import annotations

from collections.abc import Collection

from liangzheng.audit import store
from liangzheng.audit.chain import Walk
from liangzheng.audit.model import BUCKETS, Fault, Head
from liangzheng.infra.checks import Finding, Probe
from liangzheng.infra.postgres import Connection, Database

WHOLE = "the audit chains are whole"
MOST_FAULTS = 1000


async def check(db: Database, known: Collection[Head] = ()) -> list[Fault]:
    """Faults of all chains, in order of bucket and link, at most `MOST_FAULTS`; the first names the first
    bad entry.

    Finds what was edited, deleted, swapped or slipped in. `known` are heads kept outside the database
    (`heads`): with them a chain that was cut at its end, or rewritten to its end by someone who can also
    rewrite the head, is found too; without them it is not. Reads one snapshot, so sealing may go on beside
    it.
    """
    faults: list[Fault] = []
    async with db.snapshot() as tx:
        heads = {head.bucket: head for head in await store.heads(tx)}
        for bucket in range(BUCKETS):
            faults += await _check_bucket(tx, bucket, heads.get(bucket), known)
            if len(faults) >= MOST_FAULTS:
                break
    return faults[:MOST_FAULTS]


def probes(known: Collection[Head] = ()) -> list[Probe]:
    """Every chain, each by itself; `known` as in `check`."""

    def probe(bucket: int) -> Probe:
        async def look(tx: Connection) -> list[Finding]:
            heads = {head.bucket: head for head in await store.heads(tx)}
            faults = await _check_bucket(tx, bucket, heads.get(bucket), known)
            return [Finding(WHOLE, str(fault), "") for fault in faults[:MOST_FAULTS]]

        return Probe("audit", f"{WHOLE}: chain {bucket}", look)

    return [probe(bucket) for bucket in range(BUCKETS)]


async def _check_bucket(
    tx: Connection, bucket: int, head: Head | None, known: Collection[Head]
) -> list[Fault]:
    walk, faults = Walk(bucket, known), []
    async for batch, entries in store.links(tx, bucket):
        faults += walk.step(batch, entries)
    return faults + walk.end(head, await store.sealed_beyond(tx, bucket, walk.seq, MOST_FAULTS))
