"""A forgotten password replaced, and a second factor chosen."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Request, Response
from pydantic import Field, StringConstraints

from liangzheng import accounts
from liangzheng.accounts import Caller
from liangzheng.api.auth import Holder, public
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.holder.codes import MobileText, TokenText
from liangzheng.api.wired import wired
from liangzheng.kernel.people import IdentityKind, IdentityNumber, Mobile, PersonName

router = resource("/holder", "holder")

PasswordText = Annotated[str, StringConstraints(max_length=1024)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ResetBody(Body):
    """A code for reset-password given back, who the account is of, and the new password."""

    mobile: MobileText
    mobile_proof: TokenText = Field(repr=False)
    identity_kind: Literal["A", "C", "D", "E", "F", "G", "M"] = "A"
    identity_number: Text
    name: Text
    password: PasswordText = Field(repr=False)

    def identity(self) -> IdentityNumber:
        """As people type it."""
        return IdentityNumber.typed(IdentityKind(self.identity_kind), self.identity_number)


class SecondFactorBody(Body):
    """Whether a one-time code is asked for besides the password."""

    wanted: bool
    password: PasswordText = Field(repr=False)


async def demand_password(request: Request, who: Caller, password: str) -> None:
    """The caller knows their password still. Raises NotVerified, TooMany."""
    wiring = wired(request)
    await accounts.check_password(
        wiring.database, who.person_id, password, passwords=wiring.passwords, key_index=wiring.key_index,
        policy=wiring.account_policy, now=wiring.clock.now(),
    )  # fmt: skip


class ResetAnswer(Answer):
    """What went with the old password, besides every login."""

    passkeys_removed: int


@router.post("/password-resets")
@public
async def reset(request: Request, body: ResetBody) -> ResetAnswer:
    """Another password. Every login ends, every passkey is removed, and the holder is told. Other identity data and a mobile
    without an account are answered alike."""
    wiring = wired(request)
    removed = await accounts.reset_password(
        wiring.database, Mobile(body.mobile), body.mobile_proof, body.identity(), PersonName(body.name), body.password,
        passwords=wiring.passwords, key_index=wiring.key_index, policy=wiring.account_policy, now=wiring.clock.now(),
    )  # fmt: skip
    return ResetAnswer(passkeys_removed=removed)


def demand_fresh(request: Request, who: Caller) -> None:
    """The caller logged in, or proved who they are, minutes ago. Raises Forbidden."""
    wiring = wired(request)
    accounts.demand_fresh(who, wiring.account_policy, wiring.clock.now())


@router.put("/second-factor", status_code=204)
async def choose_second_factor(request: Request, who: Holder, body: SecondFactorBody) -> Response:
    """A one-time code is asked for besides the password, or not; the same again changes nothing."""
    wiring = wired(request)
    await demand_password(request, who, body.password)
    async with wiring.database.transaction() as tx:
        await accounts.choose_second_factor(tx, who, body.wanted, wiring.clock.now())
    return Response(status_code=204)
