"""Which person a member of staff is, so that nobody decides about themselves. By keyed hash: the number is kept nowhere."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final

from liangzheng import audit, drivers
from liangzheng.audit import Actor
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Forbidden, NotFound
from liangzheng.kernel.ids import DriverId, StaffId
from liangzheng.kernel.people import IdentityNumber
from liangzheng.staff import store

_PERSON: Final = 66
"""The kind of the keyed hash; none of the key index's own, so that the two tables cannot be joined."""


def link_of(keys: KeyIndex, number: IdentityNumber) -> bytes:
    """Sixteen octets; equal for one person's resident and temporary card."""
    return keys.hash(_PERSON, number.canonical)


async def link_person(
    tx: Connection, staff_id: StaffId, number: IdentityNumber, keys: KeyIndex, now: datetime, actor: Actor
) -> None:
    """It is known which person the member is, by a keyed hash of the number; the number is kept nowhere. Raises NotFound."""
    if await store.member(tx, staff_id) is None:
        raise NotFound("no such member of staff")
    await store.put_person_link(tx, staff_id, link_of(keys, number))
    await audit.record(
        tx, act="staff.linked", actor=actor, subject=staff_id, purpose="administration", now=now
    )


async def linked_members(tx: Connection) -> frozenset[StaffId]:
    """Of whom it is known which person they are."""
    return await store.linked(tx)


async def demand_link(tx: Connection, staff_id: StaffId) -> None:
    """Raises Forbidden for a member of whom it is not known which person they are."""
    if await store.person_link(tx, staff_id) is None:
        raise Forbidden("an administrator says first which person you are", place="staff", rule="not-linked")


async def is_driver(tx: Connection, keys: KeyIndex, staff_id: StaffId, driver_id: DriverId) -> bool:
    """Whether the member is this driver, by the driver's number of now. False for a member who is not linked."""
    if await store.person_link(tx, staff_id) is None:
        return False
    driver = await drivers.find(tx, driver_id)
    return await is_person(tx, keys, staff_id, driver.identity)


async def is_person(tx: Connection, keys: KeyIndex, staff_id: StaffId, number: IdentityNumber) -> bool:
    """Whether the number is the member's own. False for a member who is not linked."""
    link = await store.person_link(tx, staff_id)
    return link is not None and hmac.compare_digest(link, link_of(keys, number))
