"""Phone keys of the caller: at most three, each bound by proof of possession and a fresh face check."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import Request
from pydantic import StringConstraints

from liangzheng import accounts
from liangzheng.api.auth import Holder
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.holder.password_resets import demand_fresh
from liangzheng.api.idempotent import IdempotencyKey, once
from liangzheng.api.octets import Base64Url, from_base64url, to_base64url
from liangzheng.api.wired import wired
from liangzheng.kernel.ids import FaceCheckId, PhoneKeyId

router = resource("/holder/phone-keys", "holder")

IdText = Annotated[str, StringConstraints(max_length=40)]


class BindBody(Body):
    """A key and the proof that this phone holds it.

    `signature`: r‖s, 64 octets (what WebCrypto makes), ES256 over the octets `to_be_signed` of the challenge:
    `LZ-PHONE-KEY-1`, a nought octet, the 32-octet nonce, the person's 16-octet id. `face_check`: one passed
    for bind-phone-key. `replaces`: the key whose place it takes.
    """

    public_key: Base64Url
    label: Annotated[str, StringConstraints(max_length=200)]
    nonce: Base64Url
    signature: Base64Url
    face_check: IdText
    replaces: IdText | None = None

    def offer(self) -> accounts.PhoneKeyOffer:
        """As kernel values. Raises Invalid."""
        return accounts.PhoneKeyOffer(
            public_key=from_base64url(self.public_key, "public_key"),
            label=self.label,
            nonce=from_base64url(self.nonce, "nonce"),
            signature=from_base64url(self.signature, "signature"),
            face_check_id=FaceCheckId.parse(self.face_check),
            replaces=PhoneKeyId.parse(self.replaces) if self.replaces is not None else None,
        )


class PhoneKeyAnswer(Answer):
    """One phone key; `public_key` is the compressed point. `used_on`: the last day on which it signed something for the
    service (a code handed in for digits, a consent); codes shown to verifiers are in the list of looks."""

    phone_key_id: str
    label: str
    slot: int
    public_key: str
    bound_at: datetime
    ended_at: datetime | None
    replaced_by: str | None
    used_on: date | None

    @classmethod
    def of(cls, key: accounts.PhoneKey) -> PhoneKeyAnswer:
        """What may leave of it: all of it, to its own person."""
        return cls(
            phone_key_id=str(key.phone_key_id),
            label=key.label,
            slot=key.slot,
            public_key=to_base64url(key.public_key),
            bound_at=key.bound_at,
            ended_at=key.ended_at,
            replaced_by=str(key.replaced_by) if key.replaced_by else None,
            used_on=key.used_on,
        )


class PhoneKeysAnswer(Answer):
    """The live keys."""

    phone_keys: list[PhoneKeyAnswer]


class PhoneKeyChallengeAnswer(Answer):
    """What to sign, once."""

    nonce: str
    to_be_signed: str
    expires_at: datetime


@router.get("")
async def list_keys(request: Request, who: Holder) -> PhoneKeysAnswer:
    """The caller's live phone keys, by slot."""
    async with wired(request).database.read() as tx:
        keys = await accounts.phone_keys(tx, who.person_id)
    return PhoneKeysAnswer(phone_keys=[PhoneKeyAnswer.of(key) for key in keys])


@router.post("/challenges", status_code=201)
async def begin(request: Request, who: Holder, key: IdempotencyKey = None) -> PhoneKeyChallengeAnswer:
    """A nonce to sign with the phone's key, good once and for two minutes. Needs level 2."""
    wiring = wired(request)
    now = wiring.clock.now()

    async with wiring.database.transaction() as tx:

        async def perform() -> PhoneKeyChallengeAnswer:
            challenge = await accounts.begin_phone_key(tx, who.person_id, wiring.account_policy, now)
            return PhoneKeyChallengeAnswer(
                nonce=to_base64url(challenge.nonce),
                to_be_signed=to_base64url(challenge.to_be_signed),
                expires_at=challenge.expires_at,
            )

        return await once(
            tx, key, owner=who.person_id, act="phone-key.begin", body=None, answer=PhoneKeyChallengeAnswer, now=now,
            perform=perform,
        )  # fmt: skip


@router.post("", status_code=201)
async def bind(request: Request, who: Holder, body: BindBody, key: IdempotencyKey = None) -> PhoneKeyAnswer:
    """Bind a phone key, or put it in the place of one of yours."""
    wiring = wired(request)
    now = wiring.clock.now()
    offer = body.offer()

    async with wiring.database.transaction(accounts.CONSTRAINTS) as tx:

        async def perform() -> PhoneKeyAnswer:
            return PhoneKeyAnswer.of(await accounts.bind_phone_key(tx, who.person_id, offer, now))

        return await once(
            tx, key, owner=who.person_id, act="phone-key.bind", body=body, answer=PhoneKeyAnswer, now=now,
            perform=perform,
        )  # fmt: skip


@router.delete("/{phone_key_id}")
async def end(request: Request, who: Holder, phone_key_id: str) -> PhoneKeyAnswer:
    """End a phone key of yours; again changes nothing. Asks for a login or a proof of the last minutes."""
    wiring = wired(request)
    demand_fresh(request, who)
    async with wiring.database.transaction() as tx:
        key = await accounts.revoke_phone_key(
            tx, who.person_id, PhoneKeyId.parse(phone_key_id), wiring.clock.now()
        )
    return PhoneKeyAnswer.of(key)
