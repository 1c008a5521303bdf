"""The real-name check again: for people the register did not know when they registered."""

from __future__ import annotations

from datetime import datetime

from liangzheng import audit
from liangzheng.accounts import store
from liangzheng.accounts.model import Assurance, Level
from liangzheng.accounts.ports import RealName
from liangzheng.accounts.register import matching_driver
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import PersonId


async def check_real_name(
    tx: Connection, person_id: PersonId, real_name: RealName, now: datetime
) -> Assurance:
    """What is known of the person afterwards. A person who matched before stays as they are."""
    person = await store.find_person(tx, person_id, for_update=True)
    if person is None:
        raise NotFound("there is no such person")
    if person.level is Level.UNVERIFIED:
        driver_id = await matching_driver(tx, real_name, person.identity, person.name, person_id)
        if driver_id is not None:
            await store.keep_real_name(tx, person_id, driver_id, now)
        await audit.record(
            tx, act="real-name.checked", actor=audit.Actor("person", person_id), subject=person_id,
            driver_id=driver_id, purpose="real-name check", detail={"matched": driver_id is not None},
            now=now,
        )  # fmt: skip
    return await assurance(tx, person_id)


async def assurance(tx: Connection, person_id: PersonId) -> Assurance:
    """How sure we are who this is. Raises NotFound."""
    person = await store.find_person(tx, person_id)
    if person is None:
        raise NotFound("there is no such person")
    return Assurance(
        person_id, person.level, person.driver_id, person.real_name_checked_at, person.face_checked_at
    )
