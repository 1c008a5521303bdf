"""Registering: person, account and, when the register agrees, level 1. One transaction, all or nothing."""

from __future__ import annotations

from datetime import datetime

from liangzheng import audit
from liangzheng.accounts import rules, store
from liangzheng.accounts.model import Account, Level, Person, Registration
from liangzheng.accounts.ports import RealName
from liangzheng.infra import keyindex
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.passwords import Passwords, common_passwords
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Invalid, NotAuthenticated, Unavailable
from liangzheng.kernel.ids import DriverId, PersonId
from liangzheng.kernel.people import IdentityNumber, Mobile, PersonName

REFUSED = "the mobile, identity number or password is not accepted"
"""Said alike at registration and at log-in."""


async def hash_new_password(
    passwords: Passwords, password: str, mobile: Mobile, identity: IdentityNumber
) -> str:
    """The hash of a password that passed the rules. Raises Invalid naming the rule, Unavailable."""
    fault = rules.decide_password(password, common_passwords(), {mobile.value, identity.value})
    if fault is not None:
        raise Invalid("password", fault)
    return await passwords.hash(password)


async def register(
    tx: Connection, registration: Registration, key_index: KeyIndex, real_name: RealName, now: datetime
) -> Account:
    """The account is there, at level 1 with its driver when number and name match the register and no other account has
    shown the driver's face, else at 0: one answer for a number that is unknown, goes with another name or has an account.

    Raises NotAuthenticated when the mobile has an account already.
    """
    person_id = PersonId.new()
    # 1. The mobile is this person's, or nothing happens.
    try:
        await keyindex.claim(tx, Kind.MOBILE, mobile_hash(key_index, registration.mobile), person_id)
    except Conflict:
        raise NotAuthenticated(REFUSED) from None
    # 2. The real name, if the source can be asked now; `check_real_name` asks again later.
    driver_id = await matching_driver(tx, real_name, registration.identity, registration.name, person_id)
    person = Person(
        person_id=person_id,
        identity=registration.identity,
        name=registration.name,
        level=Level.UNVERIFIED if driver_id is None else Level.IDENTITY_MATCHED,
        driver_id=driver_id,
        created_at=now,
        real_name_checked_at=None if driver_id is None else now,
        face_checked_at=None,
    )
    # 3. Kept, with its entry in the record.
    await store.add_person(tx, person, registration.mobile, registration.password_hash)
    await audit.record(
        tx, act="account.registered", actor=audit.Actor("person", person_id), subject=person_id,
        driver_id=driver_id, purpose="registration", detail={"level": int(person.level)}, now=now,
    )  # fmt: skip
    return Account(person, registration.mobile)


async def matching_driver(
    tx: Connection, real_name: RealName, identity: IdentityNumber, name: PersonName, person_id: PersonId
) -> DriverId | None:
    """The driver with that number and name; None when there is none or another account has shown the driver's face.

    Nothing is taken by it: whoever knows both keeps their owner from nothing (`claim_driver` does that).
    """
    try:
        driver_id = await real_name.driver_for(tx, identity, name)
    except Unavailable:
        return None
    # Also when there is nobody: as much work as when somebody's account has shown the face.
    shown_by = await store.find_person_of(tx, driver_id or DriverId.new())
    return driver_id if shown_by in (None, person_id) else None


def mobile_hash(key_index: KeyIndex, mobile: Mobile) -> bytes:
    """Sixteen octets: where the index keeps a mobile."""
    return key_index.hash(Kind.MOBILE, mobile.value)


def identity_hash(key_index: KeyIndex, identity: IdentityNumber) -> bytes:
    """Sixteen octets: under which tries with an identity number are counted, without holding it in memory.

    The register keeps the same number as a driver's under the plain hash; the prefix keeps the two apart.
    """
    return key_index.hash(Kind.IDENTITY_NUMBER, "account " + identity.canonical)
