"""A forgotten password replaced, and the choice of a second factor."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from liangzheng import audit
from liangzheng.accounts import store
from liangzheng.accounts.codes import use_mobile_proof
from liangzheng.accounts.model import AccountPolicy, Caller, CodePurpose
from liangzheng.accounts.passkeys import remove_passkeys
from liangzheng.accounts.register import REFUSED, hash_new_password, mobile_hash
from liangzheng.infra import attempts, keyindex, outbox
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.passwords import Passwords
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import NotAuthenticated
from liangzheng.kernel.ids import PersonId
from liangzheng.kernel.people import IdentityNumber, Mobile, PersonName


async def reset_password(
    database: Database,
    mobile: Mobile,
    mobile_proof: str,
    identity: IdentityNumber,
    name: PersonName,
    password: str,
    *,
    passwords: Passwords,
    key_index: KeyIndex,
    policy: AccountPolicy,
    now: datetime,
) -> int:
    """The account has a new password, every login has ended, the passkeys are gone, and the holder is told; how many
    passkeys there were. Whoever resets was locked out or fears a thief, and a thief's passkey would outlive the password.

    Raises NotVerified when the proof does not hold, Invalid for a password that breaks a rule, TooMany as a log-in does, and
    NotAuthenticated alike for a mobile without an account and for other identity data. A stranger with the SIM card and the
    identity data gets in, and no further: binding a phone, applying and changing the mobile need a face, or a passkey that was
    there before.
    """
    # 1. Counted with the failures to log in, before anything is compared.
    hashed = mobile_hash(key_index, mobile)
    await attempts.count(database, store.ATTEMPTS, hashed, policy, now)
    new = await hash_new_password(passwords, password, mobile, identity)
    # 2. The proof is used up whether or not the rest holds: identity data cannot be tried again and again with it.
    async with database.transaction() as tx:
        await use_mobile_proof(tx, mobile, CodePurpose.RESET_PASSWORD, mobile_proof, key_index, now)
    # 3. The right person.
    async with database.transaction() as tx:
        owner = await keyindex.find(tx, Kind.MOBILE, hashed)
        person = await store.find_person(tx, PersonId(owner or UUID(int=0)), for_update=True)
        same = person is not None and secrets.compare_digest(
            f"{person.identity.canonical}\n{person.name.value}".encode(),
            f"{identity.canonical}\n{name.value}".encode(),
        )
        if person is None or not same:
            raise NotAuthenticated(REFUSED)
        # 4. Kept.
        await store.set_password(tx, person.person_id, new)
        await store.end_sessions(tx, person.person_id, None, now)
        removed = await remove_passkeys(tx, person.person_id, now)
        await attempts.forget(tx, store.ATTEMPTS, hashed)
        await outbox.put(tx, "password.reset", person.person_id, {}, now)
        await audit.record(
            tx, act="password.reset", actor=audit.Actor("person", person.person_id), subject=person.person_id,
            driver_id=person.driver_id, purpose="forgotten password", detail={"passkeys_removed": removed}, now=now,
        )  # fmt: skip
    return removed


async def choose_second_factor(tx: Connection, who: Caller, wanted: bool, now: datetime) -> None:
    """A one-time code is asked for besides the password, or not any more. The password was checked before."""
    await store.set_second_factor(tx, who.person_id, wanted)
    await audit.record(
        tx, act="second-factor.chosen", actor=audit.Actor("person", who.person_id), subject=who.person_id,
        driver_id=who.driver_id, purpose="account", detail={"wanted": wanted}, now=now,
    )  # fmt: skip
