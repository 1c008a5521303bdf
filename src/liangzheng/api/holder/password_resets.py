"""A forgotten password replaced, and a second factor chosen."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Request, Response
from pydantic import Field, StringConstraints

from liangzheng import accounts
from liangzheng.api.auth import Holder, public
from liangzheng.api.bodies import Body, resource
from liangzheng.api.holder.codes import MobileText, TokenText
from liangzheng.api.wired import wired
from liangzheng.kernel.people import CitizenNumber, IdentityKind, IdentityNumber, Mobile, PersonName

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
        kind = IdentityKind(self.identity_kind)
        number = self.identity_number
        return IdentityNumber(
            kind, CitizenNumber.typed(number).value if kind.holds_citizen_number else number
        )


class SecondFactorBody(Body):
    """Whether a one-time code is asked for besides the password."""

    wanted: bool
    password: PasswordText = Field(repr=False)


async def demand_password(request: Request, who: accounts.Caller, password: str) -> None:
    """Raises NotVerified unless it is the caller's, TooMany while attempts are refused."""
    wiring = wired(request)
    await accounts.check_password(
        wiring.database, who.person_id, password, passwords=wiring.passwords, key_index=wiring.key_index,
        policy=wiring.account_policy, now=wiring.clock.now(),
    )  # fmt: skip


@router.post("/password-resets", status_code=204)
@public
async def reset(request: Request, body: ResetBody) -> Response:
    """Another password. Every login ends, and the holder is told. Other identity data and a mobile without an account are
    answered alike."""
    wiring = wired(request)
    await accounts.reset_password(
        wiring.database, Mobile(body.mobile), body.mobile_proof, body.identity(), PersonName(body.name), body.password,
        passwords=wiring.passwords, key_index=wiring.key_index, policy=wiring.account_policy, now=wiring.clock.now(),
    )  # fmt: skip
    return Response(status_code=204)


@router.put("/second-factor", status_code=204)
async def choose_second_factor(request: Request, who: Holder, body: SecondFactorBody) -> Response:
    """A one-time code is asked for besides the password, or not; the same again changes nothing."""
    wiring = wired(request)
    await demand_password(request, who, body.password)
    async with wiring.database.transaction() as tx:
        await accounts.choose_second_factor(tx, who, body.wanted, wiring.clock.now())
    return Response(status_code=204)
