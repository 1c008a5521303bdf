"""Registering, and what a person sees of their own account. Numbers leave masked, the name too."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request
from pydantic import Field, StringConstraints

from liangzheng import accounts
from liangzheng.api.auth import Holder, public
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.idempotent import IdempotencyKey, once
from liangzheng.api.rates import REGISTRATIONS_OF_A_NUMBER, take
from liangzheng.api.wired import wired
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.people import IdentityKind, IdentityNumber, Mobile, PersonName

router = resource("/holder", "holder")

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class RegisterBody(Body):
    """What a person registers with. The licence is found by number and name together. `mobile_proof`: a code for register
    given back (POST /holder/codes), where the service asks for one (LZ_MOBILE_PROOF)."""

    mobile: Text
    identity_kind: Literal["A", "C", "D", "E", "F", "G", "M"] = "A"
    identity_number: Text
    name: Text
    password: Annotated[str, StringConstraints(max_length=1024)] = Field(repr=False)
    mobile_proof: Annotated[str, StringConstraints(max_length=64)] | None = Field(default=None, repr=False)

    def identity(self) -> IdentityNumber:
        """As people type it, with spaces or small letters too."""
        return IdentityNumber.typed(IdentityKind(self.identity_kind), self.identity_number)

    def keyed_hash(self, key_index: KeyIndex) -> bytes:
        """32 octets for idempotency, keyed: a plain hash of a password and a number could be searched."""
        keyed = key_index.hash(Kind.IDENTITY_NUMBER, "registration " + self.model_dump_json())
        return hashlib.sha256(keyed).digest()


class AssuranceAnswer(Answer):
    """How sure we are who this is: 0 unverified, 1 number and name match, 2 face verified, 3 at a counter."""

    level: int
    driver_id: str | None


class AccountAnswer(AssuranceAnswer):
    """A person's own account, masked."""

    person_id: str
    mobile: str
    identity_kind: str
    identity_number: str
    name: str
    created_at: datetime

    @classmethod
    def of(cls, account: accounts.Account) -> AccountAnswer:
        """What may leave of it."""
        person = account.person
        return cls(
            person_id=str(person.person_id),
            level=int(person.level),
            driver_id=str(person.driver_id) if person.driver_id else None,
            mobile=account.mobile.masked,
            identity_kind=person.identity.kind.value,
            identity_number=person.identity.masked,
            name=person.name.masked,
            created_at=person.created_at,
        )


@router.post("/accounts", status_code=201)
@public
async def register(request: Request, body: RegisterBody, key: IdempotencyKey = None) -> AccountAnswer:
    """Register. Level 1 when number and name are in the register and no other account has shown the face, else level 0.

    A mobile that has an account is answered 401, in the words of a failed log-in; where codes are asked for, only to
    somebody who reads its messages.
    """
    wiring = wired(request)
    now = wiring.clock.now()
    mobile, identity, name = Mobile(body.mobile), body.identity(), PersonName(body.name)
    if wiring.settings.demands_mobile_proof and body.mobile_proof is None:
        raise Invalid("mobile_proof", "of a code for register")
    # Before the costly hash of a password, and alike for numbers that are known and that are not.
    number = accounts.identity_hash(wiring.key_index, identity)
    take(request, REGISTRATIONS_OF_A_NUMBER, "registrations with this identity number", number, now)
    password_hash = await accounts.hash_new_password(wiring.passwords, body.password, mobile, identity)
    registration = accounts.Registration(mobile, identity, name, password_hash)

    async with wiring.database.transaction() as tx:

        async def perform() -> AccountAnswer:
            if body.mobile_proof is not None:
                purpose = accounts.CodePurpose.REGISTER
                await accounts.use_mobile_proof(tx, mobile, purpose, body.mobile_proof, wiring.key_index, now)
            account = await accounts.register(tx, registration, wiring.key_index, wiring.real_name, now)
            return AccountAnswer.of(account)

        return await once(
            tx, key, owner=UUID(bytes=accounts.mobile_hash(wiring.key_index, mobile)), act="account.register",
            body=None, request_hash=body.keyed_hash(wiring.key_index), answer=AccountAnswer, now=now,
            perform=perform,
        )  # fmt: skip


@router.get("/account")
async def show_account(request: Request, who: Holder) -> AccountAnswer:
    """The caller's own account."""
    async with wired(request).database.read() as tx:
        return AccountAnswer.of(await accounts.account(tx, who.person_id))


@router.post("/real-name-checks")
async def check_real_name(request: Request, who: Holder, key: IdempotencyKey = None) -> AssuranceAnswer:
    """Ask the register again: for people it did not know when they registered."""
    wiring = wired(request)
    now = wiring.clock.now()

    async with wiring.database.transaction() as tx:

        async def perform() -> AssuranceAnswer:
            found = await accounts.check_real_name(tx, who.person_id, wiring.real_name, now)
            return AssuranceAnswer(
                level=int(found.level), driver_id=str(found.driver_id) if found.driver_id else None
            )

        return await once(
            tx, key, owner=who.person_id, act="real-name.check", body=None, answer=AssuranceAnswer, now=now,
            perform=perform,
        )  # fmt: skip
