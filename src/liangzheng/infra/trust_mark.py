"""Which trust bundles this deployment has used, in its database: an older copy on a disk is then known for one.

A verifier remembers the highest version it has seen; so does a server, and across restarts, because whoever can
put an old bundle in place would else bring back a key that was stolen.
"""

from __future__ import annotations

import asyncio
from typing import Final

from liangzheng.infra.keys_file import Trust, TrustMark
from liangzheng.infra.logs import logger
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Failure
from liangzheng.kernel.time import Clock

_log = logger(__name__)

LOOK_EVERY_S: Final = 1.0


async def newest(tx: Connection) -> TrustMark | None:
    """The bundle of the highest version used so far."""
    row = await tx.fetchrow("SELECT version, sha256 FROM trust_bundle ORDER BY version DESC LIMIT 1")
    return None if row is None else TrustMark(row["version"], bytes(row["sha256"]))


async def take(database: Database, trust: Trust, clock: Clock) -> None:
    """The bundle on disk is the one in use, and the database knew it first.

    Raises Unavailable for one older than any that was used, or another of the same version; NotFound, Unavailable
    as `load_bundle`.
    """
    mark = TrustMark.of(trust.on_disk())
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO trust_bundle (version, sha256, used_from) SELECT $1::integer, $2::bytea, $3::timestamptz "
            "WHERE NOT EXISTS (SELECT 1 FROM trust_bundle WHERE version >= $1) ON CONFLICT (version) DO NOTHING",
            mark.version,
            mark.sha256,
            clock.now(),
        )
        known = await newest(tx)
        assert known is not None, "it was put there, or there was one"
        mark.refuse_before(known)
    trust.hold(mark)
    trust()


async def follow(database: Database, trust: Trust, clock: Clock) -> None:
    """For as long as a process runs: a bundle that replaces the one in use is taken within a second or so."""
    said: str | None = None
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            if trust.replaced():
                await take(database, trust, clock)
            said = None
        except Failure as failure:
            if str(failure) != said:
                said = str(failure)
                _log.error("trust bundle not taken", reason=said)
