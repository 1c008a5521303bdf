"""What staff needs of a neighbour and may get in several ways."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import StaffId


class SecondFactor(Protocol):
    """A second factor: one-time codes, or a passkey."""

    async def prove(self, tx: Connection, staff_id: StaffId, proof: str, now: datetime) -> bool:
        """Whether `proof` is this person's, and for the first time; what it used up is used up in `tx`."""
        ...
