"""What a request asks of accounts, for many people at once: the same answers as one by one, in one statement each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from liangzheng.accounts import rules, store_many
from liangzheng.accounts.lifecycle import FACE_CHECK, Event, State
from liangzheng.accounts.model import Assurance, PhoneKey, Purpose
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import DriverId, FaceCheckId, Id, PersonId, PhoneKeyId


async def assurances(tx: Connection, people: Sequence[PersonId]) -> Mapping[PersonId, Assurance]:
    """How sure we are who each of them is; people who do not exist are left out."""
    return {found.person_id: found for found in await store_many.assurances(tx, people)}


async def people_of(tx: Connection, drivers: Sequence[DriverId]) -> Mapping[DriverId, PersonId]:
    """Whose drivers they are; those whose face nobody with an account has shown are left out."""
    return await store_many.people_of(tx, drivers) if drivers else {}


async def live_phone_keys(
    tx: Connection, asked: Sequence[tuple[PersonId, PhoneKeyId]]
) -> Mapping[PhoneKeyId, PhoneKey]:
    """Those of the keys that are their person's and live."""
    found = await store_many.phone_keys(tx, asked) if asked else []
    return {key.phone_key_id: key for key in found if key.is_live}


async def consume_face_checks(
    tx: Connection, asked: Sequence[tuple[PersonId, FaceCheckId, Id]], purpose: Purpose, now: datetime
) -> set[FaceCheckId]:
    """Checks used up by their subjects, and by nothing else ever: those that were the person's own, made for
    `purpose`, passed, in time and unused. The others are not in the answer, and stay as they are.
    """
    subjects = {check: subject for _, check, subject in asked}
    found = await store_many.face_checks(tx, [(person, check) for person, check, _ in asked])
    usable = [check for check in found if rules.may_consume_face_check(check, purpose, now) is None]
    if not usable:
        return set()
    (target,) = {FACE_CHECK.step(check.state, Event.USED) for check in usable}
    assert target is State.CONSUMED
    used = [(check, subjects[check.face_check_id]) for check in usable]
    return await store_many.consume_face_checks(tx, used, target.value)
