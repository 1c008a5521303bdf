"""Logging in and out. A token is shown once and kept nowhere, so a log-in takes no idempotency key:
the same request again is another session, and one nobody uses expires."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Request, Response
from pydantic import Field, StringConstraints

from liangzheng import accounts
from liangzheng.api.auth import Holder, public
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.wired import wired
from liangzheng.kernel.people import Mobile

router = resource("/holder/sessions", "holder")


class LogInBody(Body):
    """What a person logs in with."""

    mobile: Annotated[str, StringConstraints(max_length=32)]
    password: Annotated[str, StringConstraints(max_length=1024)] = Field(repr=False)


class SessionAnswer(Answer):
    """Who is logged in."""

    person_id: str
    driver_id: str | None
    level: int

    @classmethod
    def of(cls, caller: accounts.Caller) -> SessionAnswer:
        """What may leave of it."""
        return cls(
            person_id=str(caller.person_id),
            driver_id=str(caller.driver_id) if caller.driver_id else None,
            level=int(caller.level),
        )


class LoggedInAnswer(SessionAnswer):
    """The token, this once: send it as `Authorization: Bearer`."""

    token: str = Field(repr=False)
    expires_at: datetime
    idle_s: int


@router.post("", status_code=201)
@public
async def log_in(request: Request, body: LogInBody) -> LoggedInAnswer:
    """Log in. An unknown mobile and a wrong password are answered alike; five failures make a wait."""
    wiring = wired(request)
    found = await accounts.log_in(
        wiring.database,
        Mobile(body.mobile),
        body.password,
        passwords=wiring.passwords,
        key_index=wiring.key_index,
        policy=wiring.account_policy,
        now=wiring.clock.now(),
        phone_offset_ms=request.state.phone_offset_ms,
    )
    return LoggedInAnswer(
        **SessionAnswer.of(found.caller).model_dump(),
        token=found.token,
        expires_at=found.session.expires_at,
        idle_s=wiring.account_policy.session_idle_s,
    )


@router.get("/current")
async def show_session(who: Holder) -> SessionAnswer:
    """Who the token belongs to; also how the phone learns how far its clock is off (X-Phone-Time)."""
    return SessionAnswer.of(who)


@router.delete("/current", status_code=204)
async def log_out(request: Request, who: Holder) -> Response:
    """The token is no good any more."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        await accounts.log_out(tx, who, wiring.clock.now())
    return Response(status_code=204)
