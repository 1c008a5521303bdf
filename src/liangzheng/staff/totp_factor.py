"""The second factor by one-time codes. A time step serves once, for whatever."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.keys_sealed import Seal
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import StaffId
from liangzheng.staff import store
from liangzheng.standards import totp

_PURPOSE: Final = "lz-staff-totp"


class TotpFactor:
    """Second factors whose secrets are sealed under the deployment's index secret."""

    __slots__ = ("_seal",)

    def __init__(self, keys: KeyIndex) -> None:
        self._seal = Seal(keys, _PURPOSE)

    async def prove(self, tx: Connection, staff_id: StaffId, proof: str, now: datetime) -> bool:
        """Whether `proof` is the code of this moment, or of a neighbouring step, and was not used before."""
        kept = await store.totp(tx, staff_id, enrolled=True)
        if kept is None:
            return False
        step = totp.matching_step(self._seal.open(kept[0], staff_id), proof, now, after=kept[1])
        return step is not None and await store.use_step(tx, staff_id, step)

    async def show(self, tx: Connection, staff_id: StaffId, secret: bytes, now: datetime) -> None:
        """Keeps a secret that is being shown; it counts once `confirm` has seen a code of it."""
        await store.put_totp(tx, staff_id, self._seal.close(secret, staff_id), now)

    async def confirm(self, tx: Connection, staff_id: StaffId, proof: str, now: datetime) -> bool:
        """Whether `proof` is a code of the secret shown last; then that is the second factor, and the code is used up."""
        kept = await store.totp(tx, staff_id, enrolled=False)
        if kept is None:
            return False
        step = totp.matching_step(self._seal.open(kept[0], staff_id), proof, now)
        return step is not None and await store.confirm_totp(tx, staff_id, step, now)
