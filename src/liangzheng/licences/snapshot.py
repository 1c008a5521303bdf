"""The status snapshot a phone shows beside its credential: signed when asked for, on the standing of that
moment.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from liangzheng import drivers
from liangzheng.infra import epochs
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.licences import as_code
from liangzheng.licences.model import SnapshotIssued
from liangzheng.licences.store import held
from liangzheng.standards.keys import Signer
from liangzheng.standards.livecode import Lives, sign_snapshot


async def snapshot(
    tx: Connection,
    driver_id: DriverId,
    signer: Signer,
    lives: Lives,
    now: datetime,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> SnapshotIssued:
    """The live version's standing as the primary has it now, signed by the status signer.

    `tx`: licence and standing are read in one transaction. Raises NotFound without a live licence, Unavailable while
    the register is that of a backup.
    """
    await epochs.demand_certain(tx)
    number = await held.live_number(tx, driver_id)
    if number is None:
        raise NotFound("there is no live electronic licence")
    standing = await drivers.standing(tx, driver_id)
    claims = as_code.snapshot_claims(standing, number, now, lives.snapshot, policy)
    return SnapshotIssued(sign_snapshot(claims, signer), now, now + timedelta(seconds=lives.snapshot))
