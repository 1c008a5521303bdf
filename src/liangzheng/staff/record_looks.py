"""Looks at a driver's record that are neither a verification nor a look-up by number: in casework, in a photo review, in
the audit record, by the operator. Told from the audit record, so that none can be made without being in the holder's list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from liangzheng import audit
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.ids import AuditId, DriverId
from liangzheng.kernel.pages import Place
from liangzheng.staff import store
from liangzheng.staff.model import CaseNumber

RECORD_SHOWN: Final = "record.shown"
"""The operator saw a driver's record (subject: the driver; body: empty). What staff read in casework and in a photo review is
in the list only: the driver began the one, and hears what became of the other."""

LOOKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "proposal.read": "casework",
        "photo.viewed": "photo-review",
        "face-check.viewed": "face-review",
        RECORD_SHOWN: "operation",
        "audit.read": "audit",
    }
)
"""Act of the audit entry → the purpose the holder reads; what an operator typed there is the operator's."""


@dataclass(frozen=True, slots=True)
class RecordLook:
    """One look as the holder reads it: the unit of a member of staff, never the person; None for the operator."""

    entry: AuditId
    at: datetime
    unit: str | None
    purpose: str


async def show_record(
    tx: Connection,
    driver_id: DriverId,
    actor: audit.Actor,
    purpose: str,
    now: datetime,
    case: CaseNumber | None = None,
) -> None:
    """The operator looks at a record: on record, in the driver's list, and told to the driver."""
    await audit.record(
        tx, act=RECORD_SHOWN, actor=actor, subject=driver_id, driver_id=driver_id, purpose=purpose,
        detail={"case": str(case)} if case is not None else {}, now=now,
    )  # fmt: skip
    await outbox.put(tx, RECORD_SHOWN, driver_id, {}, now)


async def record_looks_at(
    db: Database, driver_id: DriverId, before: Place, limit: int = 50
) -> list[RecordLook]:
    """Who looked at this driver's record or pictures, or read what was done about them, newest first. `before` pages on."""
    async with db.read() as tx:
        found = await audit.acts_about(tx, driver_id.uuid, list(LOOKS), before, min(limit, 200))
        named = {each.actor for each in found if each.actor is not None}
        units = await store.units(tx, sorted(named)) if named else {}
    return [
        RecordLook(each.id, each.at, units.get(each.actor) if each.actor else None, LOOKS[each.act])
        for each in found
    ]
