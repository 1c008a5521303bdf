"""Passkeys: WebAuthn credentials that log their person in, and confirm who is there before something weighty.

The ceremonies' checks are the `webauthn` library's; ours are the challenge (made here, spent once, in the database), whose
credential it is, the user verification that is always demanded, and the counter.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import webauthn
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from liangzheng import audit
from liangzheng.accounts import rules, store, store_passkeys
from liangzheng.accounts.log_in import open_session
from liangzheng.accounts.model import AccountPolicy, Caller, Ceremony, LoggedIn, Passkey
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict, Invalid, NotAuthenticated, NotFound, NotVerified
from liangzheng.kernel.ids import PasskeyId, PersonId

CHALLENGE_OCTETS: Final = 32
LARGEST_OCTETS: Final = 16 * 1024
REFUSED: Final = "the passkey is not accepted"
"""Said alike for every reason: an unknown credential, another's, a challenge that was used."""
_STEP: Final = "passkey"
_ALGORITHMS: Final = [COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.EDDSA]
_RP_NAME: Final = "亮证 LiangZheng"


@dataclass(frozen=True, slots=True)
class PasskeySite:
    """Where passkeys are good: the relying-party id (a domain) and the origins of our pages under it."""

    rp_id: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Sent:
    """What an authenticator sent, as far as we must read it before the library does."""

    credential: dict[str, Any] = field(repr=False)
    challenge: bytes
    credential_id: bytes
    user_handle: bytes | None


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
    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name=_RP_NAME,
        user_id=person_id.uuid.bytes,
        user_name="亮证",
        user_display_name="亮证",
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in known],
        supported_pub_key_algs=_ALGORITHMS,
    )
    return options_to_json_dict(options)


async def add_passkey(
    tx: Connection, person_id: PersonId, label: str, sent: str, site: PasskeySite, now: datetime
) -> Passkey:
    """The passkey is there, and its person is told. `sent`: the credential in the JSON form of WebAuthn.

    Raises Invalid for what is none, NotVerified when the ceremony does not hold, Conflict when it is there already.
    """
    fault = rules.label_fault(label)
    if fault is not None:
        raise Invalid("label", fault)
    read = _read(sent)
    await store.find_person(tx, person_id, for_update=True)
    if not await store_passkeys.use_challenge(tx, read.challenge, person_id, Ceremony.ADD, now):
        raise NotVerified(_STEP, REFUSED)
    try:
        verified = webauthn.verify_registration_response(
            credential=read.credential,
            expected_challenge=read.challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise NotVerified(_STEP, REFUSED) from None
    passkey = Passkey(
        person_id, PasskeyId.new(), now, None, verified.sign_count, verified.credential_backed_up, label,
        verified.credential_id, verified.credential_public_key,
    )  # fmt: skip
    await store_passkeys.add(tx, passkey)
    await _tell(tx, "passkey.added", person_id, passkey.passkey_id, now)
    return passkey


# --- using ------------------------------------------------------------------------------------------------


async def begin_passkey_use(
    tx: Connection, person_id: PersonId | None, site: PasskeySite, policy: AccountPolicy, now: datetime
) -> dict[str, Any]:
    """`PublicKeyCredentialRequestOptions`: to log in (nobody is named, so nothing is learnt of anybody), or for `person_id`
    to confirm that they are there."""
    ceremony = Ceremony.LOG_IN if person_id is None else Ceremony.CONFIRM
    known = [] if person_id is None else await store_passkeys.of_person(tx, person_id)
    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        challenge=await _challenge(tx, person_id, ceremony, policy, now),
        allow_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


async def use_passkey(
    tx: Connection, person_id: PersonId, sent: str, site: PasskeySite, policy: AccountPolicy, now: datetime
) -> None:
    """The person confirmed with a passkey of theirs that was not added a moment ago. Raises NotVerified."""
    passkey = await _verified(tx, _read(sent), person_id, Ceremony.CONFIRM, site, now)
    if not rules.may_confirm_with(passkey.made_at, policy, now):
        raise NotVerified(_STEP, "it was added too lately to confirm this")


async def log_in_with_passkey(
    database: Database,
    sent: str,
    site: PasskeySite,
    policy: AccountPolicy,
    now: datetime,
    phone_offset_ms: int | None = None,
) -> LoggedIn:
    """A new session. Raises NotAuthenticated alike for every reason; the challenge is spent then too."""
    read = _read(sent)
    # Spent in a transaction of its own: a failed ceremony leaves nothing to try again with.
    async with database.transaction() as tx:
        if not await store_passkeys.use_challenge(tx, read.challenge, None, Ceremony.LOG_IN, now):
            raise NotAuthenticated(REFUSED)
    if read.user_handle is None or len(read.user_handle) != 16:
        raise NotAuthenticated(REFUSED)
    person_id = PersonId(UUID(bytes=read.user_handle))
    async with database.transaction() as tx:
        try:
            await _verified(tx, read, person_id, None, site, now)
        except NotVerified:
            raise NotAuthenticated(REFUSED) from None
        return await open_session(tx, person_id, policy, now, phone_offset_ms, "log-in with a passkey")


async def _verified(
    tx: Connection,
    read: _Sent,
    person_id: PersonId,
    ceremony: Ceremony | None,
    site: PasskeySite,
    now: datetime,
) -> Passkey:
    """The assertion is this person's passkey's, over a challenge of ours. `ceremony` None: the challenge is spent already."""
    if ceremony is not None and not await store_passkeys.use_challenge(
        tx, read.challenge, person_id, ceremony, now
    ):
        raise NotVerified(_STEP, REFUSED)
    passkey = await store_passkeys.find_by_credential(tx, person_id, read.credential_id)
    if passkey is None or read.user_handle not in (None, person_id.uuid.bytes):
        raise NotVerified(_STEP, REFUSED)
    try:
        verified = webauthn.verify_authentication_response(
            credential=read.credential,
            expected_challenge=read.challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # judged below, by our own rule
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise NotVerified(_STEP, REFUSED) from None
    if rules.sign_count_fault(passkey.sign_count, verified.new_sign_count):
        raise NotVerified(_STEP, REFUSED)
    await store_passkeys.used(tx, passkey, verified.new_sign_count, now)
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
    tx: Connection, person_id: PersonId | None, ceremony: Ceremony, policy: AccountPolicy, now: datetime
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


def _read(sent: str) -> _Sent:
    """Raises Invalid for what is no credential in the JSON form of WebAuthn."""
    try:
        if len(sent) > LARGEST_OCTETS:
            raise ValueError
        credential = json.loads(sent)
        response = credential["response"]
        client = json.loads(_unb64(response["clientDataJSON"]))
        handle = response.get("userHandle")
        return _Sent(
            credential,
            _unb64(client["challenge"]),
            _unb64(credential["rawId"]),
            _unb64(handle) if handle else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Invalid("credential", "a credential in the JSON form of WebAuthn") from None


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
