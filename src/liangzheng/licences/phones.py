"""A licence on further phones: asked for, renewed, and ended when the phone's key ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from liangzheng import accounts, audit
from liangzheng.infra import idempotency
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict, NotFound
from liangzheng.kernel.ids import CredentialId, DriverId, PersonId, PhoneKeyId
from liangzheng.licences.lifecycle import CredentialEvent, CredentialState
from liangzheng.licences.model import Phone
from liangzheng.licences.rules import MAX_PHONES, StatusValue, free_slot
from liangzheng.licences.store import applications, held, lists
from liangzheng.licences.store.applications import Waiting

ACT: Final = "licences.request-credential"
RENEW_BEFORE: Final = timedelta(days=30)
_ON_THE_WAY: Final = (CredentialState.LIVE, CredentialState.REQUESTED, CredentialState.DRAFTED)


async def request_credential(
    tx: Connection,
    person_id: PersonId,
    driver_id: DriverId,
    phone_key_id: PhoneKeyId,
    key: str,
    now: datetime,
) -> CredentialId:
    """The live licence comes to a further phone soon; the same key again gives the same answer.

    Raises NotFound without a live licence or for a key that is not the person's and live, Conflict when the
    licence is
    on this phone, on its way to it, or on three phones already.
    """
    asked = idempotency.request_hash(ACT, [str(phone_key_id)])
    answer = await idempotency.claim(tx, person_id, key, ACT, asked, now)
    if answer is not None:
        return CredentialId.parse(answer["credential_id"])
    phone_key = await accounts.phone_key(tx, person_id, phone_key_id)
    if not phone_key.is_live:
        raise NotFound("there is no such phone key")
    number = await held.live_number(tx, driver_id)
    if number is None:
        raise NotFound("there is no live electronic licence")
    there = await held.credentials(tx, driver_id, _ON_THE_WAY)
    if phone_key_id in {credential.phone_key_id for credential in there}:
        raise Conflict("the licence is on this phone already, or on its way to it", place="phone_key")
    slot = free_slot([credential.slot for credential in there])
    if slot is None:
        raise Conflict(f"the licence is on {MAX_PHONES} phones already: remove one first", place="phone_key")
    credential_id = CredentialId.new()
    phone = Phone(phone_key_id, phone_key.public_key)
    await held.add_request(tx, driver_id, credential_id, number.licence_id, slot, phone, now)
    await applications.enqueue(tx, [Waiting(driver_id, credential_id, now)])
    await audit.record(
        tx,
        act="credential.requested",
        actor=audit.Actor("person", person_id),
        subject=credential_id,
        driver_id=driver_id,
        purpose="the licence on a further phone",
        detail={"phone_key": str(phone_key_id)},
        now=now,
    )
    await idempotency.record(tx, person_id, key, {"credential_id": str(credential_id)})
    return credential_id


async def follow_phone_keys(tx: Connection, events: Sequence[Event], now: datetime) -> None:
    """Handler of `phone-key.ended`: credentials of ended phones end, live, drafted or requested; the licence
    stays.
    """
    for event in events:
        if event.body["driver_id"] is not None:
            driver_id = DriverId.parse(event.body["driver_id"])
            await end_credential(tx, driver_id, PhoneKeyId.parse(event.body["phone_key_id"]), now)


async def end_credential(tx: Connection, driver_id: DriverId, phone_key_id: PhoneKeyId, now: datetime) -> int:
    """Nothing signed for this phone key is valid from here on, also no draft in an issuer's hands; how many
    ended.
    """
    await held.end_phone(tx, driver_id, phone_key_id, now)
    await applications.forget_phone(tx, driver_id, phone_key_id)
    count = 0
    for state in _ON_THE_WAY:
        ended = await held.move_credentials(
            tx, driver_id, state, CredentialEvent.PHONE_ENDED, now, phone=phone_key_id
        )
        await lists.set_values(tx, [(c.place, StatusValue.INVALID) for c in ended if c.place], now)
        if state is CredentialState.REQUESTED:
            await applications.unqueue(tx, [(driver_id, c.id) for c in ended])
        count += len(ended)
    return count


async def renew(database: Database, now: datetime, limit: int = 500) -> int:
    """Credentials that run out within RENEW_BEFORE are asked for anew, silently, on the same phone; how
    many.
    """
    async with database.read() as connection:
        ending = await held.expiring(connection, now + RENEW_BEFORE, limit)
    for credential in ending:
        async with database.transaction() as tx:
            phone = await held.phone_of(tx, credential)
            assert credential.number is not None, "live"
            new_id = CredentialId.new()
            await held.add_request(
                tx, credential.driver_id, new_id, credential.number.licence_id, credential.slot, phone, now
            )
            await applications.enqueue(tx, [Waiting(credential.driver_id, new_id, now)])
    return len(ending)
