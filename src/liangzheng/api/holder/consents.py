"""The driver's side of a company's request: read it by its code, approve it with the phone, refuse it; and the
consents that last."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import Query, Request
from pydantic import StringConstraints

from liangzheng import relying
from liangzheng.accounts import Caller
from liangzheng.api.auth import Holder
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.idempotent import IdempotencyKey, once
from liangzheng.api.octets import Base64Url, from_base64url, to_base64url
from liangzheng.api.rates import REQUEST_CODES_TRIED, take
from liangzheng.api.wired import wired
from liangzheng.api.words import WordsAnswer
from liangzheng.kernel.ids import ConsentId, PhoneKeyId
from liangzheng.kernel.purposes import COMPANY_PURPOSES
from liangzheng.relying import ConsentRequest, OpenedRequest, StandingConsent

router = resource("/holder/consents", "holder")


class FieldAnswer(Answer):
    """One thing the company would be told."""

    field: str
    words: WordsAnswer


class OpenedAnswer(Answer):
    """What the consent screen shows. `to_be_signed`: what the phone's key signs to approve exactly this."""

    request: str
    company: str
    company_name: str
    purpose: str
    purpose_words: WordsAnswer
    fields: list[FieldAnswer]
    class_asked: str | None
    standing_until: date | None
    asked_at: datetime
    expires_at: datetime
    to_be_signed: str

    @classmethod
    def of(cls, opened: OpenedRequest) -> OpenedAnswer:
        """All of it: it is what the driver decides on."""
        request, terms = opened.request, opened.request.terms
        return cls(
            request=str(request.id),
            company=str(request.company_id),
            company_name=opened.company_name,
            purpose=terms.purpose,
            purpose_words=_words(COMPANY_PURPOSES[terms.purpose].words),
            fields=[FieldAnswer(field=field.value, words=_words(field.words)) for field in terms.fields],
            class_asked=terms.class_asked.value if terms.class_asked else None,
            standing_until=terms.standing_until,
            asked_at=request.asked_at,
            expires_at=request.expires_at,
            to_be_signed=to_base64url(opened.to_be_signed),
        )


class ApproveBody(Body):
    """The phone's key and its signature (r‖s, 64 octets, ES256) over `to_be_signed`."""

    phone_key: Annotated[str, StringConstraints(max_length=40)]
    signature: Base64Url


class DecidedAnswer(Answer):
    """A request the driver decided. `consent`: the standing one it made, if any."""

    request: str
    state: str
    consent: str | None = None

    @classmethod
    def of(cls, request: ConsentRequest, consent: StandingConsent | None = None) -> DecidedAnswer:
        """What became of it."""
        return cls(
            request=str(request.id), state=request.state.value, consent=str(consent.id) if consent else None
        )


class ConsentAnswer(Answer):
    """A standing consent. `in_force`: whether it covers a check at this moment."""

    consent: str
    company: str
    company_name: str
    purpose: str
    fields: list[str]
    class_asked: str | None
    until: date
    state: str
    in_force: bool
    given_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, consent: StandingConsent, now: datetime) -> ConsentAnswer:
        """All of it: it is the driver's own."""
        return cls(
            consent=str(consent.id),
            company=str(consent.company_id),
            company_name=consent.company_name,
            purpose=consent.terms.purpose,
            fields=[field.value for field in consent.terms.fields],
            class_asked=consent.terms.class_asked.value if consent.terms.class_asked else None,
            until=consent.until,
            state=consent.state.value,
            in_force=relying.covers_today(consent, now),
            given_at=consent.given_at,
            ended_at=consent.ended_at,
        )


class ConsentsAnswer(Answer):
    """Newest first; `before` of the next page is the last `consent`."""

    consents: list[ConsentAnswer]


@router.get("/requests/{code}")
async def open_request(request: Request, who: Holder, code: str) -> OpenedAnswer:
    """Who asks what, for what and for how long, by the code the company shows. Looking decides nothing."""
    wiring = wired(request)
    now = wiring.clock.now()
    _limit(request, who, now)
    async with wiring.database.read() as tx:
        return OpenedAnswer.of(await relying.open_request(tx, who, code, now))


@router.post("/requests/{code}/approval")
async def approve(
    request: Request, who: Holder, code: str, body: ApproveBody, key: IdempotencyKey = None
) -> DecidedAnswer:
    """Approve, with the signature of the phone."""
    wiring = wired(request)
    now = wiring.clock.now()
    _limit(request, who, now)
    phone_key, signature = PhoneKeyId.parse(body.phone_key), from_base64url(body.signature, "signature")

    async with wiring.database.transaction() as tx:

        async def perform() -> DecidedAnswer:
            return DecidedAnswer.of(
                *await relying.approve(
                    tx, wiring.key_index, who, code, phone_key, signature, wiring.consent_policy, now
                )
            )

        return await once(
            tx, key, owner=who.person_id, act=f"consent.approve {code}"[:200], body=body, answer=DecidedAnswer,
            now=now, perform=perform,
        )  # fmt: skip


@router.delete("/requests/{code}/approval")
async def take_back(request: Request, who: Holder, code: str) -> DecidedAnswer:
    """Take an approval for this once back, until the company has fetched its answer: it hears that you refused. Again changes
    nothing. A consent that lasts is withdrawn instead."""
    wiring = wired(request)
    now = wiring.clock.now()
    _limit(request, who, now)
    async with wiring.database.transaction() as tx:
        return DecidedAnswer.of(await relying.take_back(tx, who, code, now))


@router.post("/requests/{code}/refusal")
async def refuse(request: Request, who: Holder, code: str, key: IdempotencyKey = None) -> DecidedAnswer:
    """Refuse: the company hears that, and nothing about you."""
    wiring = wired(request)
    now = wiring.clock.now()
    _limit(request, who, now)

    async with wiring.database.transaction() as tx:

        async def perform() -> DecidedAnswer:
            return DecidedAnswer.of(await relying.refuse(tx, who, code, now))

        return await once(
            tx, key, owner=who.person_id, act=f"consent.refuse {code}"[:200], body=None, answer=DecidedAnswer,
            now=now, perform=perform,
        )  # fmt: skip


@router.get("")
async def listed(
    request: Request,
    who: Holder,
    before: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ConsentsAnswer:
    """The caller's standing consents, ended ones among them."""
    wiring = wired(request)
    now, until = wiring.clock.now(), ConsentId.parse(before) if before is not None else None
    async with wiring.database.read() as tx:
        found = await relying.consents_of(tx, who, until, limit)
    return ConsentsAnswer(consents=[ConsentAnswer.of(consent, now) for consent in found])


@router.delete("/{consent_id}")
async def withdraw(request: Request, who: Holder, consent_id: str) -> ConsentAnswer:
    """Withdraw a consent: from this moment it covers nothing. Again changes nothing."""
    wiring = wired(request)
    now = wiring.clock.now()
    async with wiring.database.transaction() as tx:
        return ConsentAnswer.of(await relying.withdraw(tx, who, ConsentId.parse(consent_id), now), now)


def _words(both: tuple[str, str]) -> WordsAnswer:
    return WordsAnswer(zh=both[0], en=both[1])


def _limit(request: Request, who: Caller, now: datetime) -> None:
    take(request, REQUEST_CODES_TRIED, "request codes", who.person_id, now)
