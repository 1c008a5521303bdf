"""Members of staff logging in: the enrolment, the session, the second factor proved again.

Tokens and secrets are shown once and kept nowhere as they are, so these take no idempotency key.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import Request, Response
from pydantic import Field, StringConstraints

from liangzheng import staff
from liangzheng.api.auth import public
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.known import known_by_mark, known_mark
from liangzheng.api.passkey_bodies import Credential, credential_text
from liangzheng.api.staff.callers import OnDuty
from liangzheng.api.staff.second_factors import passkey_factor
from liangzheng.api.wired import wired
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.time import civil_day
from liangzheng.staff import Officer, OfficerLoggedIn, TotpFactor
from liangzheng.standards import totp

router = resource("/staff", "staff")
ISSUER = "LiangZheng"

Number = Annotated[str, StringConstraints(max_length=32)]
Secret = Annotated[str, StringConstraints(max_length=128)]
OneTimeCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class EnrolBody(Body):
    """The staff number, and the code the administration handed over."""

    number: Number
    enrolment_code: Secret = Field(repr=False)


class SecretAnswer(Answer):
    """The one-time-code secret, for an authenticator application; it counts once a code of it was sent."""

    secret: str = Field(repr=False)
    otpauth_uri: str = Field(repr=False)


class ConfirmBody(EnrolBody):
    """A password, and the present one-time code of the secret shown."""

    password: Secret = Field(repr=False)
    totp: OneTimeCode = Field(repr=False)


class SecondFactorProofBody(Body):
    """The present one-time code, one that was used does not serve again; or what `credentials.get()` gave, by `toJSON()`, over
    options of /staff/second-factors/passkey-challenges."""

    totp: OneTimeCode | None = Field(default=None, repr=False)
    passkey: Credential | None = Field(default=None, repr=False)

    def proven(self, request: Request) -> tuple[staff.SecondFactor, str]:
        """The factor, and its proof. Raises Invalid unless there is one of the two."""
        if self.totp is not None and self.passkey is None:
            return TotpFactor(wired(request).key_index), self.totp
        if self.passkey is not None and self.totp is None:
            return passkey_factor(request), credential_text(self.passkey)
        raise Invalid("totp", "either totp or passkey")


class StaffLogInBody(SecondFactorProofBody):
    """What a member of staff logs in with: number, password, and one of the second factors."""

    number: Number
    password: Secret = Field(repr=False)


class DutyAnswer(Answer):
    """A duty that holds today, where, and what it allows."""

    duty: str
    duty_zh: str
    region: str
    until: date | None
    acts: list[str]


class OfficerAnswer(Answer):
    """Who is logged in. `fresh_until`: until then the second factor is fresh enough for every act; `idle_s`: seconds without use
    that end the login."""

    staff_id: str
    number: str
    name: str
    unit: str
    duties: list[DutyAnswer]
    fresh_until: datetime
    idle_s: int

    @classmethod
    def of(cls, who: Officer, policy: staff.StaffPolicy, now: datetime) -> OfficerAnswer:
        """What may leave of it."""
        return cls(
            staff_id=str(who.staff_id),
            number=who.number.value,
            name=who.name,
            unit=who.unit,
            duties=[
                DutyAnswer(
                    duty=held.duty.value,
                    duty_zh=held.duty.chinese,
                    region=str(held.region),
                    until=held.until_day,
                    acts=[act.value for act in staff.DUTIES[held.duty]],
                )
                for held in who.duties_on(civil_day(now))
            ],
            fresh_until=who.proved_at + timedelta(seconds=policy.fresh_s),
            idle_s=policy.idle_s,
        )


class StaffLoggedInAnswer(OfficerAnswer):
    """The token, this once: send it as `Authorization: Bearer`. `known_mark`: for the next log-in, as `X-Known-Mark`
    (api/known.py)."""

    token: str = Field(repr=False)
    known_mark: str = Field(repr=False)
    expires_at: datetime

    @classmethod
    def opened(
        cls, found: OfficerLoggedIn, keys: KeyIndex, policy: staff.StaffPolicy, now: datetime
    ) -> StaffLoggedInAnswer:
        """The answer to a log-in."""
        who = OfficerAnswer.of(found.officer, policy, now)
        return cls(
            **who.model_dump(exclude={"duties"}),
            duties=who.duties,
            token=found.token,
            known_mark=known_mark(keys, found.officer.staff_id.uuid),
            expires_at=found.expires_at,
        )


@router.post("/enrolments", status_code=201)
@public
async def begin_enrolment(request: Request, body: EnrolBody) -> SecretAnswer:
    """The first step of the first log-in: a secret for one-time codes. Again shows a new one, and only that counts."""
    wiring = wired(request)
    secret = await staff.show_secret(
        wiring.database,
        body.number,
        body.enrolment_code,
        factor=TotpFactor(wiring.key_index),
        keys=wiring.key_index,
        policy=wiring.staff_policy,
        now=wiring.clock.now(),
    )
    return SecretAnswer(
        secret=totp.to_base32(secret), otpauth_uri=totp.otpauth_uri(secret, ISSUER, body.number)
    )


@router.post("/enrolments/confirmations", status_code=201)
@public
async def confirm_enrolment(request: Request, body: ConfirmBody) -> StaffLoggedInAnswer:
    """The second step: password and one-time code. The enrolment code is used up; the caller is logged in."""
    wiring = wired(request)
    now = wiring.clock.now()
    found = await staff.enrol(
        wiring.database,
        body.number,
        body.enrolment_code,
        body.password,
        body.totp,
        passwords=wiring.passwords,
        factor=TotpFactor(wiring.key_index),
        keys=wiring.key_index,
        policy=wiring.staff_policy,
        now=now,
    )
    return StaffLoggedInAnswer.opened(found, wiring.key_index, wiring.staff_policy, now)


@router.post("/sessions", status_code=201)
@public
async def log_in_staff(request: Request, body: StaffLogInBody) -> StaffLoggedInAnswer:
    """Log in with number, password and a second factor; whatever is wrong is answered alike, and failures make a wait."""
    wiring = wired(request)
    now = wiring.clock.now()
    factor, proof = body.proven(request)
    found = await staff.log_in(
        wiring.database,
        body.number,
        body.password,
        proof,
        passwords=wiring.passwords,
        factor=factor,
        keys=wiring.key_index,
        policy=wiring.staff_policy,
        now=now,
        known=known_by_mark(request, wiring.key_index),
    )
    return StaffLoggedInAnswer.opened(found, wiring.key_index, wiring.staff_policy, now)


@router.get("/sessions/current")
async def show_staff_session(request: Request, who: OnDuty) -> OfficerAnswer:
    """Who the token belongs to, and the duties that hold today."""
    wiring = wired(request)
    return OfficerAnswer.of(who, wiring.staff_policy, wiring.clock.now())


@router.post("/sessions/current/proofs", status_code=204)
async def prove_second_factor(request: Request, who: OnDuty, body: SecondFactorProofBody) -> Response:
    """The second factor again: suspension, restoration, correction and keys want it minutes old, not hours."""
    wiring = wired(request)
    factor, proof = body.proven(request)
    await staff.prove_again(
        wiring.database,
        who,
        proof,
        factor=factor,
        keys=wiring.key_index,
        policy=wiring.staff_policy,
        now=wiring.clock.now(),
    )
    return Response(status_code=204)


@router.delete("/sessions/current", status_code=204)
async def log_out_staff(request: Request, who: OnDuty) -> Response:
    """The token is no good any more."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        await staff.log_out(tx, who, wiring.clock.now())
    return Response(status_code=204)
