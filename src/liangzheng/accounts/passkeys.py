"""Passkeys: WebAuthn credentials that log their person in, and confirm who is there before something weighty.

The ceremonies' checks are the `webauthn` library's; ours are the challenge (made here, spent once, in the database), whose
credential it is, the user verification that is always demanded, and the counter.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from liangzheng import audit
from liangzheng.accounts import rules, store, store_passkeys
from liangzheng.accounts.log_in import open_session
from liangzheng.accounts.model import AccountPolicy, Caller, Ceremony, LoggedIn, Passkey
from liangzheng.infra import outbox, webauthn_ceremonies
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.webauthn_ceremonies import CHALLENGE_OCTETS, REFUSED, OpenChallenges, PasskeySite, Sent
from liangzheng.infra.webauthn_ceremonies import STEP as _STEP
from liangzheng.kernel.errors import Conflict, Invalid, NotAuthenticated, NotFound, NotVerified
from liangzheng.kernel.ids import PasskeyId, PersonId

# --- the challenge ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answered:
    """What an authenticator answered, for which ceremony, and whether the challenge under it was good: it no longer is."""

    ceremony: Ceremony
    was_good: bool
    sent: Sent = field(repr=False)


async def spend_challenge(
    database: Database, person_id: PersonId, ceremony: Ceremony, sent: str, now: datetime
) -> Answered:
    """The challenge under `sent` (the credential in the JSON form of WebAuthn) is spent, whatever comes of the act it is for.

    A transaction of its own: the act's may be undone, and a failed ceremony leaves nothing to try again with. One that was no
    good is the act's to refuse, so that a repeated request is answered as the first was. Raises Invalid for what is none.
    """
    read = webauthn_ceremonies.read(sent)
    async with database.transaction() as tx:
        good = await store_passkeys.use_challenge(tx, read.challenge, person_id, ceremony, now)
    return Answered(ceremony, good, read)


def _demand_good(answered: Answered, ceremony: Ceremony) -> Sent:
    if not answered.was_good or answered.ceremony is not ceremony:
        raise NotVerified(_STEP, REFUSED)
    return answered.sent


# --- adding -----------------------------------------------------------------------------------------------


async def begin_passkey(
    tx: Connection, person_id: PersonId, site: PasskeySite, policy: AccountPolicy, now: datetime
) -> dict[str, Any]:
    """`PublicKeyCredentialCreationOptions` in the JSON form of WebAuthn. Raises Conflict when there are too many.

    The user handle is the person's id: it says nothing, and finds the person when they log in.
    """
    person = await store.find_person(tx, person_id, for_update=True)
    if person is None:
        raise NotFound("there is no such person")
    known = await store_passkeys.of_person(tx, person_id)
    if len(known) >= policy.most_passkeys:
        raise Conflict(f"at most {policy.most_passkeys} passkeys: remove one first")
    challenge = await _challenge(tx, person_id, Ceremony.ADD, policy, now)
    return webauthn_ceremonies.creation_options(
        site, challenge, person_id.uuid.bytes, [passkey.credential_id for passkey in known]
    )


async def add_passkey(
    tx: Connection, person_id: PersonId, label: str, answered: Answered, site: PasskeySite, now: datetime
) -> Passkey:
    """The passkey is there, and its person is told.

    Raises Invalid for such a label, NotVerified when the ceremony does not hold, Conflict when it is there already.
    """
    fault = rules.label_fault(label)
    if fault is not None:
        raise Invalid("label", fault)
    read = _demand_good(answered, Ceremony.ADD)
    await store.find_person(tx, person_id, for_update=True)
    made = webauthn_ceremonies.created(read, site)
    passkey = Passkey(
        person_id, PasskeyId.new(), now, None, made.sign_count, made.backed_up, label, made.credential_id,
        made.public_key,
    )  # fmt: skip
    await store_passkeys.add(tx, passkey)
    await _tell(tx, "passkey.added", person_id, passkey.passkey_id, now)
    return passkey


# --- using ------------------------------------------------------------------------------------------------


async def begin_passkey_use(
    tx: Connection, person_id: PersonId, site: PasskeySite, policy: AccountPolicy, now: datetime
) -> dict[str, Any]:
    """`PublicKeyCredentialRequestOptions` for the person to confirm that they are there."""
    known = await store_passkeys.of_person(tx, person_id)
    challenge = await _challenge(tx, person_id, Ceremony.CONFIRM, policy, now)
    return webauthn_ceremonies.request_options(site, challenge, [passkey.credential_id for passkey in known])


async def use_passkey(
    tx: Connection,
    person_id: PersonId,
    answered: Answered,
    site: PasskeySite,
    policy: AccountPolicy,
    now: datetime,
) -> None:
    """The person confirmed with a passkey of theirs that is no newer than `passkey_settles_s`. Raises NotVerified alike for
    every reason but that it is too new."""
    passkey = await _verified(tx, _demand_good(answered, Ceremony.CONFIRM), person_id, site, now)
    if not rules.may_confirm_with(passkey, policy, now):
        raise NotVerified(_STEP, "the passkey is too new for this: use an older one, or a face check")


def begin_passkey_log_in(
    site: PasskeySite, key_index: KeyIndex, policy: AccountPolicy, now: datetime
) -> dict[str, Any]:
    """`PublicKeyCredentialRequestOptions` to log in with: nobody is named, so nothing is learnt of anybody. Nothing is kept."""
    challenge = _to_log_in(key_index).make(now + timedelta(seconds=policy.passkey_challenge_s))
    return webauthn_ceremonies.request_options(site, challenge, [])


async def log_in_with_passkey(
    database: Database,
    sent: str,
    site: PasskeySite,
    key_index: KeyIndex,
    policy: AccountPolicy,
    now: datetime,
    phone_offset_ms: int | None = None,
) -> LoggedIn:
    """A new session. Raises NotAuthenticated alike for every reason; the challenge is spent then too, by whoever has a passkey."""
    read = webauthn_ceremonies.read(sent)
    lives = timedelta(seconds=policy.passkey_challenge_s)
    expires_at = _to_log_in(key_index).expires_at(read.challenge, now, lives)
    if expires_at is None or read.user_handle is None or len(read.user_handle) != 16:
        raise NotAuthenticated(REFUSED)
    person_id = PersonId(UUID(bytes=read.user_handle))
    # Who has no passkey here writes nothing.
    async with database.read() as tx:
        if not await store_passkeys.is_there(tx, person_id, read.credential_id):
            raise NotAuthenticated(REFUSED)
    # Spent in a transaction of its own: a failed ceremony leaves nothing to try again with.
    async with database.transaction() as tx:
        if not await store_passkeys.spend_open_challenge(tx, read.challenge, expires_at, now):
            raise NotAuthenticated(REFUSED)
    async with database.transaction() as tx:
        try:
            await _verified(tx, read, person_id, site, now)
        except NotVerified:
            raise NotAuthenticated(REFUSED) from None
        return await open_session(tx, person_id, policy, now, phone_offset_ms, "log-in with a passkey")


def _to_log_in(key_index: KeyIndex) -> OpenChallenges:
    return OpenChallenges(key_index, "holder log-in")


async def _verified(
    tx: Connection, read: Sent, person_id: PersonId, site: PasskeySite, now: datetime
) -> Passkey:
    """The passkey of this person that made the assertion, as it was before. Its challenge was spent before."""
    passkey = await store_passkeys.find_by_credential(tx, person_id, read.credential_id)
    if passkey is None or read.user_handle not in (None, person_id.uuid.bytes):
        raise NotVerified(_STEP, REFUSED)
    count = webauthn_ceremonies.asserted(read, site, passkey.public_key)
    if rules.sign_count_fault(passkey.sign_count, count):
        raise NotVerified(_STEP, REFUSED)
    await store_passkeys.used(tx, passkey, count, now)
    return passkey


# --- what there is ----------------------------------------------------------------------------------------


async def passkeys(tx: Connection, person_id: PersonId) -> Sequence[Passkey]:
    """A person's passkeys, oldest first."""
    return await store_passkeys.of_person(tx, person_id)


async def name_passkey(tx: Connection, person_id: PersonId, passkey_id: PasskeyId, label: str) -> None:
    """It has that label. Raises Invalid, NotFound also for another's."""
    fault = rules.label_fault(label)
    if fault is not None:
        raise Invalid("label", fault)
    if not await store_passkeys.rename(tx, person_id, passkey_id, label):
        raise NotFound("there is no such passkey")


async def remove_passkey(tx: Connection, who: Caller, passkey_id: PasskeyId, now: datetime) -> None:
    """It is gone, and its person is told. Raises NotFound, Conflict for the last way in."""
    await store.find_person(tx, who.person_id, for_update=True)
    known = await store_passkeys.of_person(tx, who.person_id)
    if all(passkey.passkey_id != passkey_id for passkey in known):
        raise NotFound("there is no such passkey")
    has_password = await store.find_password(tx, who.person_id) is not None
    if not rules.may_remove_passkey(has_password, len(known) - 1):
        raise Conflict("it is the last way in: set a password first")
    await store_passkeys.remove(tx, who.person_id, passkey_id)
    await _tell(tx, "passkey.removed", who.person_id, passkey_id, now)


async def remove_passkeys(tx: Connection, person_id: PersonId, now: datetime) -> int:
    """None is left, and their person is told of each; how many there were."""
    known = await store_passkeys.of_person(tx, person_id)
    for passkey in known:
        await store_passkeys.remove(tx, person_id, passkey.passkey_id)
        await _tell(tx, "passkey.removed", person_id, passkey.passkey_id, now)
    return len(known)


async def _challenge(
    tx: Connection, person_id: PersonId, ceremony: Ceremony, policy: AccountPolicy, now: datetime
) -> bytes:
    challenge = secrets.token_bytes(CHALLENGE_OCTETS)
    expires_at = now + timedelta(seconds=policy.passkey_challenge_s)
    await store_passkeys.add_challenge(tx, challenge, person_id, ceremony, expires_at)
    return challenge


async def _tell(
    tx: Connection, topic: str, person_id: PersonId, passkey_id: PasskeyId, now: datetime
) -> None:
    await outbox.put(tx, topic, person_id, {"passkey_id": str(passkey_id)}, now)
    person = await store.find_person(tx, person_id)
    await audit.record(
        tx, act=topic, actor=audit.Actor("person", person_id), subject=person_id,
        driver_id=person.driver_id if person else None, purpose="passkeys",
        detail={"passkey": str(passkey_id)}, now=now,
    )  # fmt: skip
