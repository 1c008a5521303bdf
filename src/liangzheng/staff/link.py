"""Which person a member of staff is, so that nobody decides about themselves. By keyed hash: the number is kept nowhere."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from datetime import datetime
from typing import Final

from liangzheng import audit, drivers
from liangzheng.audit import Actor
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import DriverId, StaffId
from liangzheng.kernel.people import IdentityNumber
from liangzheng.staff import store
from liangzheng.staff.model import StaffPolicy
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import Refusal

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


async def demand_link(tx: Connection, staff_id: StaffId, policy: StaffPolicy) -> None:
    """Raises Forbidden, where the policy demands it, for a member of whom it is not known which person they are."""
    if policy.demands_links and await store.person_link(tx, staff_id) is None:
        raise failure_of(Refusal.NOT_LINKED)


async def demand_another(
    tx: Connection,
    keys: KeyIndex,
    staff_id: StaffId,
    subject: DriverId | None,
    policy: StaffPolicy,
    proposer: StaffId | None = None,
) -> None:
    """Whoever proposes or decides is a person that is known, where that is demanded, and neither the driver it is about nor,
    under another staff number, who proposed it. Raises Forbidden.
    """
    await demand_link(tx, staff_id, policy)
    if subject is not None and await is_driver(tx, keys, staff_id, subject):
        raise failure_of(Refusal.ABOUT_ONESELF)
    if proposer is not None and await are_one(tx, staff_id, proposer):
        raise failure_of(Refusal.OWN_PROPOSAL)


async def demand_second_person(
    tx: Connection, staff_id: StaffId, first: Collection[StaffId], policy: StaffPolicy
) -> None:
    """Whoever agrees to what `first` have made is a person that is known, where that is demanded, and none of them, under no other
    staff number either. Raises Forbidden."""
    await demand_link(tx, staff_id, policy)
    for other in first:
        if other == staff_id or await are_one(tx, staff_id, other):
            raise failure_of(Refusal.OWN_PROPOSAL)


async def are_one(tx: Connection, one: StaffId, other: StaffId) -> bool:
    """Whether both are known to be one person; what nobody said of either is not the same."""
    link, others = await store.person_link(tx, one), await store.person_link(tx, other)
    return link is not None and others is not None and hmac.compare_digest(link, others)


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
