"""One act: after a restore, the register was read again and every standing is certain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from liangzheng import audit
from liangzheng.audit import Actor
from liangzheng.drivers import store_feed, store_restored
from liangzheng.drivers.certain_rules import Certain, CertainFacts, NotCertain, SourceRead, decide_certain
from liangzheng.drivers.feed_rules import province_of
from liangzheng.drivers.lifecycle import SourceState
from liangzheng.drivers.reading import code_tables
from liangzheng.infra import epochs
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import SourceId

_WORDS: Final[Mapping[NotCertain, str]] = {
    NotCertain.IMPORT_RUNS: "an import is running, or was stopped half-way: let it end",
    NotCertain.SOURCE_NOT_SAID: "say for each source its last number, as the source has it (--feed SOURCE=NUMBER)",
    NotCertain.SOURCE_BEHIND: "a source has not told everything again up to the number given",
    NotCertain.SOURCES_IN_PART: (
        "the sources of before the restore that told anything do not speak for every province with drivers: for the others "
        "read a register file drawn after the backup was made (./lz register import --as-of)"
    ),
    NotCertain.REGISTER_NOT_READ: "read a register file drawn after the backup was made (./lz register import --as-of)",
    NotCertain.REGISTER_READ_IN_PART: (
        "no file read since the restore has as many rows as the register has drivers: read one of the whole register, "
        "or say that those read, with what sources told, are all (--in-part)"
    ),
}


async def confirm_register(
    database: Database, said: Mapping[SourceId, int], in_part: bool, now: datetime
) -> Certain:
    """Standings are told and signed again; recorded. `said`: each source's last number, as the source has it.

    Raises Conflict with what is still to do, and when nothing was restored.
    """
    authorities = code_tables().authorities
    async with database.transaction() as tx:
        restore = await epochs.unconfirmed(tx)
        if restore is None:
            raise Conflict("no restore waits to be confirmed: every standing is certain")
        runs, read = await store_restored.read_since(tx, restore.restored_at)
        drivers = await store_restored.drivers_by_authority(tx)
        sources = await store_feed.sources(tx)
        decided = decide_certain(
            CertainFacts(
                restored_at=restore.restored_at,
                uncertain_since=restore.uncertain_since,
                backup_made_at=restore.backup_made_at,
                import_runs=runs,
                read=read,
                drivers=sum(drivers.values()),
                provinces=frozenset(province_of(each, authorities) for each in drivers),
                sources={
                    each.id: SourceRead(each.added_at, each.done_to, each.provinces)
                    for each in sources
                    if each.state is not SourceState.ENDED
                },
                said=said,
                in_part=in_part,
            )
        )
        if isinstance(decided, NotCertain):
            raise Conflict(_WORDS[decided], rule=decided.value)
        await epochs.confirm(tx, decided.value, now)
        await audit.record(
            tx, act="register.confirmed", actor=Actor("operator"), purpose="restore", now=now,
            detail={"epoch": restore.epoch, "by": decided.value, "rows": sum(each.rows for each in read)},
        )  # fmt: skip
    return decided
