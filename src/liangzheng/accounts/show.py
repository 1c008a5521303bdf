"""What is there: an account for its own person, the person of a driver for other contexts."""

from __future__ import annotations

from liangzheng.accounts import store
from liangzheng.accounts.model import Account
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import DriverId, PersonId


async def account(tx: Connection, person_id: PersonId) -> Account:
    """The person with their mobile; masked before it leaves. Raises NotFound."""
    found = await store.find_account(tx, person_id)
    if found is None:
        raise NotFound("there is no such person")
    return found


async def person_of(tx: Connection, driver_id: DriverId) -> PersonId | None:
    """Whose driver this is; None while nobody with an account matched it."""
    return await store.find_person_of(tx, driver_id)
