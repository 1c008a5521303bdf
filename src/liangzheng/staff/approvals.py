"""The approval a key ceremony asks for: two people of the security administration have agreed to exactly this."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from liangzheng import audit
from liangzheng.audit import Actor
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, NotFound
from liangzheng.kernel.ids import ProposalId
from liangzheng.staff import store_casework
from liangzheng.staff.lifecycle import ProposalEvent, ProposalState
from liangzheng.staff.model import KEY_KINDS, NO_PROVINCE, Kind


async def use_approval(
    tx: Connection, proposal_id: ProposalId, kind: Kind, what: Mapping[str, Any], now: datetime
) -> None:
    """The approval is used up. Raises NotFound, Conflict when it is not approved, over, used, or for something else.

    Used before the ceremony begins: one that fails needs a new approval, and none is ever held twice.
    """
    assert kind in KEY_KINDS
    found = await store_casework.proposal(tx, [NO_PROVINCE], proposal_id, hold=True)
    if found is None:
        raise NotFound("there is no such approval", place="--approval")
    if found.kind is not kind or dict(found.what) != dict(what):
        raise Conflict("this approval is for something else", place="--approval", rule="other-approval")
    if found.state is not ProposalState.APPROVED or now >= found.expires_at:
        raise Conflict("this is not approved, or not any more", place="--approval", rule="not-approved")
    await store_casework.move_proposal(tx, found, ProposalEvent.CARRIED_OUT, None, now)
    await audit.record(
        tx, act="approval.used", actor=Actor("operator"), subject=found.proposal_id, purpose=found.reason,
        detail={"kind": kind.value, "case": str(found.case)}, now=now,
    )  # fmt: skip
