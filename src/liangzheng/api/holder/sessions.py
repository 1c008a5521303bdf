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
from liangzheng.api.known import known_by_mark, known_mark
from liangzheng.api.wired import wired
from liangzheng.kernel.ids import SessionId
from liangzheng.kernel.people import Mobile
from liangzheng.wiring import Wiring

router = resource("/holder/sessions", "holder")


class PasswordLogInBody(Body):
    """What a person logs in with. `mobile_proof`: a code for log-in given back, of who chose a second factor."""

    mobile: Annotated[str, StringConstraints(max_length=32)]
    password: Annotated[str, StringConstraints(max_length=1024)] = Field(repr=False)
    mobile_proof: Annotated[str, StringConstraints(max_length=64)] | None = Field(default=None, repr=False)


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
    """The token, this once: send it as `Authorization: Bearer`. `known_mark`: keep it beyond the login and send it as
    `X-Known-Mark` with the next one; it lets it in from a network whose rate others have used up, and opens nothing else."""

    token: str = Field(repr=False)
    known_mark: str = Field(repr=False)
    expires_at: datetime
    idle_s: int

    @classmethod
    def opened(cls, found: accounts.LoggedIn, wiring: Wiring) -> LoggedInAnswer:
        """The answer to a log-in."""
        return cls(
            **SessionAnswer.of(found.caller).model_dump(),
            token=found.token,
            known_mark=known_mark(wiring.key_index, found.caller.person_id.uuid),
            expires_at=found.session.expires_at,
            idle_s=wiring.account_policy.session_idle_s,
        )


class DeviceAnswer(Answer):
    """One login that holds. `current`: the one that asks."""

    session_id: str
    opened_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


class DevicesAnswer(Answer):
    """Newest first."""

    sessions: list[DeviceAnswer]


class EndedAnswer(Answer):
    """How many logins ended."""

    ended: int


@router.post("", status_code=201)
@public
async def log_in(request: Request, body: PasswordLogInBody) -> LoggedInAnswer:
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
        mobile_proof=body.mobile_proof,
        known=known_by_mark(request, wiring.key_index),
    )
    return LoggedInAnswer.opened(found, wiring)


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


@router.get("")
async def list_sessions(request: Request, who: Holder) -> DevicesAnswer:
    """Where the caller is logged in."""
    wiring = wired(request)
    async with wiring.database.read() as tx:
        found = await accounts.sessions(tx, who, wiring.account_policy, wiring.clock.now())
    return DevicesAnswer(
        sessions=[
            DeviceAnswer(
                session_id=str(login.session_id),
                opened_at=login.opened_at,
                seen_at=login.seen_at,
                expires_at=login.expires_at,
                current=login.session_id == who.session_id,
            )
            for login in found
        ]
    )


@router.delete("")
async def end_others(request: Request, who: Holder) -> EndedAnswer:
    """Every login but this one ends. Asks for a login or a proof of the last minutes: a thief's would throw its owner out."""
    wiring = wired(request)
    accounts.demand_fresh(who, wiring.account_policy, wiring.clock.now())
    async with wiring.database.transaction() as tx:
        return EndedAnswer(ended=await accounts.end_other_sessions(tx, who, wiring.clock.now()))


@router.delete("/{session_id}", status_code=204)
async def end_session(request: Request, who: Holder, session_id: str) -> Response:
    """One login ends; another than this asks for a login or a proof of the last minutes."""
    wiring = wired(request)
    ended, now = SessionId.parse(session_id), wiring.clock.now()
    if ended != who.session_id:
        accounts.demand_fresh(who, wiring.account_policy, now)
    async with wiring.database.transaction() as tx:
        await accounts.end_session(tx, who, ended, now)
    return Response(status_code=204)
