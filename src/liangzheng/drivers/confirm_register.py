"""One act: after a restore, the register was read again and every standing is certain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from liangzheng import audit
from liangzheng.audit import Actor
from liangzheng.drivers import store_feed, store_restored
from liangzheng.drivers.certain_rules import Certain, CertainFacts, NotCertain, decide_certain
from liangzheng.drivers.lifecycle import SourceState
from liangzheng.infra import epochs
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import SourceId

_WORDS: Final[Mapping[NotCertain, str]] = {
    NotCertain.IMPORT_RUNS: "an import is running, or was stopped half-way: let it end",
    NotCertain.SOURCE_NOT_SAID: "say for each source its last number, as the source has it (--feed SOURCE=NUMBER)",
    NotCertain.SOURCE_BEHIND: "a source has not told everything again up to the number given",
    NotCertain.REGISTER_NOT_READ: "read a register file drawn after the backup was made (./lz register import --as-of)",
    NotCertain.REGISTER_READ_IN_PART: (
        "the files read since the restore have fewer rows than the register has drivers: read the others, "
        "or say that these are all (--in-part)"
    ),
}


async def confirm_register(
    database: Database, said: Mapping[SourceId, int], in_part: bool, now: datetime
) -> Certain:
    """Standings are told and signed again; recorded. `said`: each source's last number, as the source has it.

    Raises Conflict with what is still to do, and when nothing was restored.
    """
    async with database.transaction() as tx:
        restore = await epochs.unconfirmed(tx)
        if restore is None:
            raise Conflict("no restore waits to be confirmed: every standing is certain")
        runs, read, count = await store_restored.read_since(tx, restore.restored_at)
        sources = await store_feed.sources(tx)
        done_to = {each.id: each.done_to for each in sources if each.state is not SourceState.ENDED}
        decided = decide_certain(
            CertainFacts(
                restored_at=restore.restored_at,
                backup_made_at=restore.backup_made_at,
                import_runs=runs,
                read=read,
                drivers=count,
                done_to=done_to,
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
