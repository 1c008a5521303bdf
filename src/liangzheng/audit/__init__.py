"""Who looked at or changed what, for which purpose.

`record` writes an entry in the caller's transaction: the act and its entry happen together or not at all.
The worker chains entries a moment later (`seal`), per bucket and batch; `check` reads the chains again and
names the first entry that is not what was sealed. Once a minute
all chain heads are signed (`checkpoint`) and written where they can be copied out of reach; `verify` is the
outsider's check against those. Nothing here updates or deletes an entry, except that sealing writes the number of
its link. Details carry ids, never personal data.
"""

from __future__ import annotations

from datetime import datetime

from liangzheng.audit import store
from liangzheng.audit.check import WHOLE, check, probes
from liangzheng.audit.checkpoint import Checkpoint, checkpoint, opened, path_of, read_files, write_files
from liangzheng.audit.model import (
    BUCKETS,
    Actor,
    Batch,
    Detail,
    Entry,
    Fault,
    FaultKind,
    Head,
    entry_of,
    heads_from_text,
    heads_to_text,
)
from liangzheng.audit.records import Exported, check_checkpoints, export, stored
from liangzheng.audit.seal import seal
from liangzheng.audit.store import about, acts_about, found, heads, insert_from
from liangzheng.audit.store import add_many as record_many
from liangzheng.audit.verify import Discovery, Verdict, verify
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import AuditId, DriverId, Id

__all__ = [
    "BUCKETS",
    "WHOLE",
    "Actor",
    "Batch",
    "Checkpoint",
    "Detail",
    "Discovery",
    "Entry",
    "Exported",
    "Fault",
    "FaultKind",
    "Head",
    "Verdict",
    "about",
    "acts_about",
    "check",
    "check_checkpoints",
    "checkpoint",
    "entry_of",
    "export",
    "found",
    "heads",
    "heads_from_text",
    "heads_to_text",
    "insert_from",
    "opened",
    "path_of",
    "probes",
    "read_files",
    "record",
    "record_many",
    "seal",
    "stored",
    "verify",
    "write_files",
]


async def record(
    tx: Connection,
    *,
    act: str,
    actor: Actor,
    purpose: str,
    now: datetime,
    subject: Id | None = None,
    driver_id: DriverId | None = None,
    detail: Detail | None = None,
) -> AuditId:
    """The entry is part of the caller's transaction. `act` is 'thing.done'; the shard is the driver's, else
    the subject's.

    Raises ValueError, a bug of the caller, for a detail that looks like personal data or holds a float.
    """
    entry = entry_of(act, actor, subject, driver_id, purpose, detail or {}, now)
    await store.add(tx, entry)
    return entry.id
