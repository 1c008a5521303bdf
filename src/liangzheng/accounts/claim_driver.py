"""Whose driver it is: the account's whose person showed the face. A name and a number are no secrets, so by them alone
several accounts may match one driver, and none keeps another out."""

from __future__ import annotations

from datetime import datetime

from liangzheng.accounts import store
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Forbidden
from liangzheng.kernel.ids import PersonId

NOT_MATCHED = "the real-name check comes first"
"""Said alike of whom nobody matched and of whom a face was shown for in another account."""


async def demand_unclaimed(tx: Connection, person_id: PersonId) -> None:
    """Raises Forbidden when no driver matched the person, or another account has shown the driver's face."""
    person = await store.find_person(tx, person_id)
    holder = await store.find_person_of(tx, person.driver_id) if person and person.driver_id else None
    if person is None or person.driver_id is None or holder not in (None, person_id):
        raise Forbidden(NOT_MATCHED, place="level", rule="at least 1")


async def claim_driver(tx: Connection, person_id: PersonId, now: datetime) -> None:
    """The driver is this person's, who has just shown the face. Raises Conflict when another account was faster."""
    person = await store.find_person(tx, person_id, for_update=True)
    assert person is not None and person.driver_id is not None, "a face is compared with a driver's portrait"
    if not await store.bind_driver(tx, person.driver_id, person_id, now):
        raise Conflict("another account has shown this driver's face")
