"""Phone keys: bound by proof of possession and a fresh face check, replaced, ended. At most three live."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from liangzheng import audit
from liangzheng.accounts import rules, store
from liangzheng.accounts.check_face import consume_face_check
from liangzheng.accounts.model import (
    AccountPolicy,
    Person,
    PhoneKey,
    PhoneKeyChallenge,
    PhoneKeyOffer,
    Purpose,
)
from liangzheng.accounts.waiting import demand_no_mobile_change
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound, NotVerified
from liangzheng.kernel.ids import PersonId, PhoneKeyId
from liangzheng.kernel.time import civil_day
from liangzheng.standards.errors import BadKey, BadSignature
from liangzheng.standards.keys import Alg, PublicKey

BOUND = "phone-key.bound"
ENDED = "phone-key.ended"
NONCE_OCTETS = 32
_COMPRESSED_OCTETS = 33
_STEP = "proof of possession"


async def begin_phone_key(
    tx: Connection, person_id: PersonId, policy: AccountPolicy, now: datetime
) -> PhoneKeyChallenge:
    """A nonce to sign with the phone's key, good once. Raises Forbidden below level 2."""
    await _person_who_may_bind(tx, person_id)
    nonce = secrets.token_bytes(NONCE_OCTETS)
    expires_at = now + timedelta(seconds=policy.phone_key_challenge_s)
    await store.add_phone_key_challenge(tx, person_id, nonce, expires_at)
    return PhoneKeyChallenge(nonce, rules.phone_key_message(nonce, person_id.uuid.bytes), expires_at)


async def bind_phone_key(
    tx: Connection, person_id: PersonId, offer: PhoneKeyOffer, now: datetime
) -> PhoneKey:
    """The key is bound, in the place of `offer.replaces` when that is given. Events bound and ended are put.

    Raises Invalid for a key that is no P-256 point or a label that breaks its rule, Forbidden below level 2,
    NotVerified when the nonce, the signature or the face check does not hold, Conflict when three phones are
    bound already or the key was bound before.
    """
    # 1. Whose turn it is: binds of one person go one after the other.
    person = await _person_who_may_bind(tx, person_id)
    fault = rules.label_fault(offer.label)
    if fault is not None:
        raise Invalid("label", fault)
    # 2. The phone holds the key.
    public_key = await _proven(tx, person_id, offer, now)
    # 3. There is a place for it.
    live = await store.phone_keys(tx, person_id)
    replaced = _replaced(live, offer.replaces)
    slot = rules.decide_slot([key.slot for key in live], replaced.slot if replaced else None)
    if slot is None:
        raise Conflict(
            store.CONSTRAINTS["phone_key_slot"], place="replaces", rule="one of your live phone keys"
        )
    key = PhoneKey(
        person_id,
        PhoneKeyId.new(),
        public_key.compressed,
        offer.label,
        slot,
        now,
        ended_at=None,
        replaced_by=None,
        used_on=None,
    )
    # 4. The person was before the phone a moment ago, for this and nothing else.
    await consume_face_check(
        tx, person_id, offer.face_check_id, Purpose.BIND_PHONE_KEY, key.phone_key_id, now
    )
    # 5. Kept: the old one ends first, its slot holds one live key at a time.
    if replaced is not None:
        await _end(tx, person, replaced, key.phone_key_id, now)
    await store.add_phone_key(tx, key)
    await _tell(tx, BOUND, person, key.phone_key_id, now)
    return key


async def revoke_phone_key(
    tx: Connection, person_id: PersonId, phone_key_id: PhoneKeyId, now: datetime
) -> PhoneKey:
    """The key has ended; again changes nothing. Raises NotFound, also for another person's."""
    person = await store.find_person(tx, person_id, for_update=True)
    key = await store.find_phone_key(tx, person_id, phone_key_id)
    if person is None or key is None:
        raise NotFound("there is no such phone key")
    if key.is_live:
        await _end(tx, person, key, None, now)
    return await phone_key(tx, person_id, phone_key_id)


async def phone_keys(tx: Connection, person_id: PersonId) -> list[PhoneKey]:
    """The live keys, by slot."""
    return await store.phone_keys(tx, person_id)


async def phone_key(tx: Connection, person_id: PersonId, phone_key_id: PhoneKeyId) -> PhoneKey:
    """The key, live or ended. Raises NotFound, also for another person's."""
    key = await store.find_phone_key(tx, person_id, phone_key_id)
    if key is None:
        raise NotFound("there is no such phone key")
    return key


async def phone_key_used(tx: Connection, person_id: PersonId, public_key: bytes, now: datetime) -> None:
    """The live key (33 octets) proved itself to us today: for the list of devices. Written at most once a day a key."""
    await store.keep_use(tx, person_id, public_key, civil_day(now))


def read_phone_key(octets: bytes) -> PublicKey:
    """A P-256 key from 33 octets of compressed point or 91 of SubjectPublicKeyInfo. Raises Invalid.

    P-256 always: browsers make no SM2 keys.
    """
    try:
        if len(octets) == _COMPRESSED_OCTETS:
            return PublicKey.from_compressed(Alg.ES256, octets)
        return PublicKey(Alg.ES256, octets)
    except BadKey:
        raise Invalid(
            "public_key", "a P-256 point, compressed (33 octets) or as SubjectPublicKeyInfo (91 octets)"
        ) from None


async def _person_who_may_bind(tx: Connection, person_id: PersonId) -> Person:
    person = await store.find_person(tx, person_id, for_update=True)
    if person is None or not rules.may_bind_phone_key(person.level):
        raise Forbidden("a face check comes first", place="level", rule="at least 2")
    await demand_no_mobile_change(tx, person_id)
    return person


async def _proven(tx: Connection, person_id: PersonId, offer: PhoneKeyOffer, now: datetime) -> PublicKey:
    """The offered key, after its phone signed a nonce of ours for this person; the nonce is spent."""
    public_key = read_phone_key(offer.public_key)
    if not await store.use_phone_key_challenge(tx, person_id, offer.nonce, now):
        raise NotVerified(_STEP, "the nonce is unknown, used or too old")
    try:
        public_key.verify(rules.phone_key_message(offer.nonce, person_id.uuid.bytes), offer.signature)
    except BadSignature:
        raise NotVerified(_STEP, "the signature is not this key's over the message") from None
    return public_key


def _replaced(live: Sequence[PhoneKey], replaces: PhoneKeyId | None) -> PhoneKey | None:
    if replaces is None:
        return None
    found = next((key for key in live if key.phone_key_id == replaces), None)
    if found is None:
        raise NotFound("the key to replace is none of your live ones")
    return found


async def _end(
    tx: Connection, person: Person, key: PhoneKey, replaced_by: PhoneKeyId | None, now: datetime
) -> None:
    if await store.end_phone_key(tx, key, replaced_by, now):
        await _tell(tx, ENDED, person, key.phone_key_id, now)


async def _tell(tx: Connection, topic: str, person: Person, phone_key_id: PhoneKeyId, now: datetime) -> None:
    """Event and entry in the record: the person's own act."""
    driver_id = str(person.driver_id) if person.driver_id else None
    body = {"driver_id": driver_id, "phone_key_id": str(phone_key_id)}
    await outbox.put(tx, topic, person.person_id, body, now)
    await audit.record(
        tx, act=topic, actor=audit.Actor("person", person.person_id), subject=person.person_id,
        driver_id=person.driver_id, purpose="phone keys", detail={"phone_key": str(phone_key_id)}, now=now,
    )  # fmt: skip
