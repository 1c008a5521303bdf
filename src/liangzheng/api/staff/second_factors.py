"""The second factors of the caller: passkeys added, listed and removed, one-time codes given up. One always remains.

All but the list want the second factor proved minutes ago. Ceremonies spend their challenge and removals are the same twice,
so none takes an idempotency key.
"""

from __future__ import annotations

from datetime import datetime

from fastapi import Request, Response
from pydantic import Field

from liangzheng import staff
from liangzheng.api.auth import public
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.passkey_bodies import Credential, LabelText, OptionsAnswer, credential_text, passkey_site
from liangzheng.api.staff.callers import OnDuty
from liangzheng.api.wired import wired
from liangzheng.kernel.ids import PasskeyId

router = resource("/staff/second-factors", "staff")


class NewStaffPasskeyBody(Body):
    """What `credentials.create()` gave, by `toJSON()`, and what the caller calls it."""

    label: LabelText
    credential: Credential = Field(repr=False)


class StaffPasskeyAnswer(Answer):
    """One passkey. `backed_up`: it exists on more than one device."""

    passkey_id: str
    label: str
    made_at: datetime
    used_at: datetime | None
    backed_up: bool

    @classmethod
    def of(cls, passkey: staff.StaffPasskey) -> StaffPasskeyAnswer:
        """What may leave of it."""
        return cls(
            passkey_id=str(passkey.passkey_id), label=passkey.label, made_at=passkey.made_at,
            used_at=passkey.used_at, backed_up=passkey.backed_up,
        )  # fmt: skip


class SecondFactorsAnswer(Answer):
    """Whether one-time codes are one, and the passkeys, oldest first."""

    one_time_codes: bool
    passkeys: list[StaffPasskeyAnswer]


@router.get("")
async def list_second_factors(request: Request, who: OnDuty) -> SecondFactorsAnswer:
    """The caller's second factors."""
    async with wired(request).database.read() as tx:
        codes, passkeys = await staff.second_factors(tx, who)
    return SecondFactorsAnswer(
        one_time_codes=codes, passkeys=[StaffPasskeyAnswer.of(one) for one in passkeys]
    )


@router.post("/passkey-challenges", status_code=201)
@public
async def begin_proof(request: Request) -> OptionsAnswer:
    """Options to prove a passkey with, at a log-in or again: nobody is named, and nothing is kept."""
    return OptionsAnswer(options=passkey_factor(request).options(wired(request).clock.now()))


@router.post("/passkeys/challenges", status_code=201)
async def begin_staff_passkey(request: Request, who: OnDuty) -> OptionsAnswer:
    """Options to make a passkey with, good once and for five minutes."""
    wiring = wired(request)
    site, now = passkey_site(request), wiring.clock.now()
    async with wiring.database.transaction() as tx:
        return OptionsAnswer(options=await staff.begin_passkey(tx, who, site, wiring.staff_policy, now))


@router.post("/passkeys", status_code=201)
async def add_staff_passkey(request: Request, who: OnDuty, body: NewStaffPasskeyBody) -> StaffPasskeyAnswer:
    """Add the passkey that was made."""
    wiring = wired(request)
    added = await staff.add_passkey(
        wiring.database,
        who,
        body.label,
        credential_text(body.credential),
        passkey_site(request),
        wiring.staff_policy,
        wiring.clock.now(),
    )
    return StaffPasskeyAnswer.of(added)


@router.delete("/passkeys/{passkey_id}", status_code=204)
async def remove_staff_passkey(request: Request, who: OnDuty, passkey_id: str) -> Response:
    """Remove a passkey, unless it is the last second factor."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        await staff.remove_passkey(
            tx, who, PasskeyId.parse(passkey_id), wiring.staff_policy, wiring.clock.now()
        )
    return Response(status_code=204)


@router.delete("/one-time-codes", status_code=204)
async def give_up_one_time_codes(request: Request, who: OnDuty) -> Response:
    """One-time codes prove nothing any more; a passkey must be there. Again changes nothing."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        await staff.give_up_codes(tx, who, wiring.staff_policy, wiring.clock.now())
    return Response(status_code=204)


def passkey_factor(request: Request) -> staff.PasskeyFactor:
    """The second factor by passkeys, of this site."""
    wiring = wired(request)
    return staff.PasskeyFactor(wiring.key_index, passkey_site(request), wiring.staff_policy)
