"""What is not done while a change of mobile waits."""

from __future__ import annotations

from liangzheng.accounts import store_held
from liangzheng.accounts.lifecycle import HeldKind
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Forbidden
from liangzheng.kernel.ids import PersonId


async def demand_no_mobile_change(tx: Connection, person_id: PersonId) -> None:
    """Raises Forbidden while the mobile is being changed: whoever stole an account gains nothing lasting before its owner
    had time to stop it."""
    if await store_held.is_waiting(tx, person_id, HeldKind.MOBILE):
        raise Forbidden(
            "your mobile is being changed: wait until it is done, or stop it", place="mobile_change",
            rule="none is waiting",
        )  # fmt: skip
