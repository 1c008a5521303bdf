"""The driver's acts: open a request by its code, approve it with the phone's key, take that back, refuse, withdraw a consent.

Approving takes a signature of a bound phone key over everything the screen says: a login alone, which knows a
number and a name, tells a company nothing about anybody. Refusing and withdrawing give nothing away and take
the login only, of somebody whose face was verified: what a driver consented to is the driver's to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from liangzheng import accounts, audit
from liangzheng.accounts import Caller
from liangzheng.infra import outbox
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Forbidden, NotFound, NotVerified
from liangzheng.kernel.ids import CompanyId, ConsentId, ConsentRequestId, DriverId, PersonId, PhoneKeyId
from liangzheng.kernel.pages import Place
from liangzheng.kernel.time import civil_day
from liangzheng.relying.ask import code_hash, read_code
from liangzheng.relying.lifecycle import CompanyState, ConsentEvent, ConsentState, RequestEvent, RequestState
from liangzheng.relying.model import (
    CompanyLook,
    ConsentPolicy,
    ConsentRequest,
    OpenedRequest,
    StandingConsent,
)
from liangzheng.relying.pseudonyms import pseudonym
from liangzheng.relying.rules import Opening, consent_message, decide_opening_of, is_in_force
from liangzheng.relying.store import companies, consents
from liangzheng.standards.errors import BadKey, BadSignature
from liangzheng.standards.keys import Alg, PublicKey

GIVEN: Final = "consent.given"
WITHDRAWN: Final = "consent.withdrawn"
_STEP: Final = "consent signature"
_NO_CODE: Final = "no such request code: one lives for some minutes and is answered once"


async def open_request(tx: Connection, who: Caller, code: str, now: datetime) -> OpenedRequest:
    """The request behind a code, for the driver who is logged in. Nothing is moved by looking at it.

    Raises Invalid for what is no code, NotFound, in the same words, for a code that is unknown, over or used,
    and for a company that may not ask any more; Forbidden for somebody who is no driver of the register.
    """
    _driver(who)
    return (await _opened(tx, who, code, now))[0]


async def approve(
    tx: Connection,
    keys: KeyIndex,
    who: Caller,
    code: str,
    phone_key_id: PhoneKeyId,
    signature: bytes,
    policy: ConsentPolicy,
    now: datetime,
) -> tuple[ConsentRequest, StandingConsent | None]:
    """The driver approves, once; a standing consent takes the place of an earlier one for the same purpose. An approval for
    this once can be taken back by the same code until its answer was fetched (`take_back`).

    Raises as `open_request`, and NotVerified when the signature is not that of a live phone key of the driver
    over exactly this request.
    """
    driver_id = _driver(who)
    # 1. The request, held: of two answers the first counts.
    opened, hashed = await _opened(tx, who, code, now, for_update=True)
    request = opened.request
    # 2. The phone signed what the screen said.
    await _prove(tx, who, phone_key_id, opened.to_be_signed, signature, now)
    # 3. Kept, and the code opens nothing but the taking back.
    proof = (phone_key_id, signature)
    await consents.decide(tx, request, RequestEvent.DRIVER_APPROVED, driver_id, who.person_id, proof, now)
    if request.terms.standing_until is None:
        await consents.keep_code(tx, hashed, now + timedelta(seconds=policy.answer_s))
    else:
        await consents.spend_code(tx, hashed)
    name = pseudonym(keys, request.company_id, driver_id)
    await consents.know_driver(tx, request.company_id, name, driver_id)
    standing = None
    if request.terms.standing_until is not None:
        standing = StandingConsent(
            driver_id, who.person_id, ConsentId.new(), request.company_id, opened.company_name, name, request.terms,
            ConsentState.ACTIVE, 1, now, ended_at=None,
        )  # fmt: skip
        await consents.add_consent(tx, standing, request)
    # 4. The driver hears of it, and the record has it.
    body = {
        "company_id": str(request.company_id),
        "purpose": request.terms.purpose,
        "standing": standing is not None,
    }
    await outbox.put(tx, GIVEN, driver_id, body, now)
    await _record(tx, GIVEN, who, driver_id, request, now)
    held = await consents.request(tx, request.company_id, request.id)
    assert held is not None, "it was held a moment ago"
    return held, standing


async def refuse(tx: Connection, who: Caller, code: str, now: datetime) -> ConsentRequest:
    """The driver refuses: the company hears that and nothing else. Raises as `open_request`."""
    driver_id = _driver(who)
    opened, hashed = await _opened(tx, who, code, now, for_update=True)
    request = opened.request
    await consents.decide(tx, request, RequestEvent.DRIVER_REFUSED, driver_id, who.person_id, None, now)
    await consents.spend_code(tx, hashed)
    await _record(tx, "consent.refused", who, driver_id, request, now)
    held = await consents.request(tx, request.company_id, request.id)
    assert held is not None, "it was held a moment ago"
    return held


async def take_back(tx: Connection, who: Caller, code: str, now: datetime) -> ConsentRequest:
    """An approval for this once is void, as long as its answer was not fetched: the company hears that the driver refused. Again
    changes nothing. Raises as `open_request`, also for what somebody else approved, and Conflict once the answer was fetched.
    """
    _driver(who)
    hashed = code_hash(read_code(code))
    behind = await consents.behind_code(tx, hashed, now)
    held = await consents.request(tx, *behind, for_update=True) if behind else None
    if held is None or held.driver_id is None or held.person_id != who.person_id:
        raise NotFound(_NO_CODE, place="code")
    if held.state is RequestState.REFUSED:
        return held
    if held.state is RequestState.ANSWERED:
        raise Conflict(
            "the answer was fetched: what was said cannot be taken back", place="code", rule=held.state.value
        )
    await consents.take_back(tx, held, now)
    await _record(tx, "consent.taken-back", who, held.driver_id, held, now)
    found = await consents.request(tx, held.company_id, held.id)
    assert found is not None, "it was held a moment ago"
    return found


async def consents_of(
    tx: Connection, who: Caller, before: ConsentId | None = None, limit: int = 50
) -> list[StandingConsent]:
    """The driver's standing consents, newest first, ended ones among them."""
    return await consents.consents_of(tx, _driver(who), before, min(limit, 200))


async def withdraw(tx: Connection, who: Caller, consent_id: ConsentId, now: datetime) -> StandingConsent:
    """The consent covers nothing from this moment; again changes nothing. Raises NotFound, also for another's."""
    driver_id = _driver(who)
    held = await consents.consent(tx, driver_id, consent_id)
    if held is None:
        raise NotFound("there is no such consent")
    if held.state is ConsentState.ACTIVE:
        await consents.withdraw(tx, held, now)
        body = {"company_id": str(held.company_id), "purpose": held.terms.purpose, "consent": str(consent_id)}
        await outbox.put(tx, WITHDRAWN, driver_id, body, now)
        await audit.record(
            tx, act=WITHDRAWN, actor=audit.Actor("person", who.person_id), subject=consent_id, driver_id=driver_id,
            purpose=held.terms.purpose, now=now,
        )  # fmt: skip
    found = await consents.consent(tx, driver_id, consent_id)
    assert found is not None, "consents are ended, never deleted"
    return found


async def follow_closed_accounts(tx: Connection, events: Sequence[Event], now: datetime) -> None:
    """Whatever the people of `account.closed` had consented to as drivers is withdrawn; again changes nothing.

    Nothing is answered or sent meanwhile: `check_many`, `send_due` and `fetch_answer` ask for the account itself.
    """
    given_by = [
        (DriverId.parse(event.body["driver_id"]), PersonId(event.subject))
        for event in events
        if "driver_id" in event.body
    ]
    for driver_id, person_id, consent_id, purpose in await consents.void(tx, given_by, now):
        await audit.record(
            tx, act=WITHDRAWN, actor=audit.Actor("person", person_id), subject=consent_id, driver_id=driver_id,
            purpose=purpose, detail={"why": ConsentEvent.ACCOUNT_CLOSED.value}, now=now,
        )  # fmt: skip


async def answers_between(
    tx: Connection, since: datetime, until: datetime, limit: int
) -> tuple[list[tuple[DriverId, CompanyId, datetime]], datetime]:
    """About whom which company was answered after `since`, about `limit` of them; and until when these are all there are."""
    found = await consents.answers_between(tx, since, until, limit)
    return found, found[-1][2] if len(found) >= limit else until


async def looks_by_consent(
    tx: Connection, driver_id: DriverId, before: Place, limit: int
) -> list[CompanyLook]:
    """What companies were answered about a driver under a consent, newest first."""
    return await consents.looks_at(tx, driver_id, before, limit)


def covers_today(consent: StandingConsent, now: datetime) -> bool:
    """Whether a consent is in force at this moment, for the driver's list."""
    return is_in_force(consent, civil_day(now))


async def _opened(
    tx: Connection, who: Caller, code: str, now: datetime, *, for_update: bool = False
) -> tuple[OpenedRequest, bytes]:
    hashed = code_hash(read_code(code))
    # A code nobody has costs what a used one does, so that no delay tells of another driver's.
    behind = await consents.behind_code(tx, hashed, now) or (CompanyId.new(), ConsentRequestId.new())
    request = await consents.request(tx, *behind, for_update=for_update)
    company = await companies.one(tx, behind[0])
    if request is None or company is None or company.state is not CompanyState.APPROVED:
        raise NotFound(_NO_CODE, place="code")
    if request.driver_id is not None:
        raise NotFound(_NO_CODE, place="code")  # to anybody: a decided one is nobody's to read
    opening = decide_opening_of(request, now)
    if opening is not Opening.OPEN:
        raise Conflict("this request was decided or has run out", place="code", rule=opening.value)
    message = consent_message(company.id, company.name, request.id, who.person_id, request.terms)
    return OpenedRequest(request, company.name, message), hashed


async def _prove(
    tx: Connection, who: Caller, phone_key_id: PhoneKeyId, message: bytes, signature: bytes, now: datetime
) -> None:
    try:
        key = await accounts.phone_key(tx, who.person_id, phone_key_id)
        if not key.is_live:
            raise NotVerified(_STEP, "no live phone key of yours")
        PublicKey.from_compressed(Alg.ES256, key.public_key).verify(message, signature)
        await accounts.phone_key_used(tx, who.person_id, key.public_key, now)
    except NotFound:
        raise NotVerified(_STEP, "no live phone key of yours") from None
    except (BadSignature, BadKey):
        raise NotVerified(_STEP, "the signature is not this phone's over this request") from None


def _driver(who: Caller) -> DriverId:
    if who.proven_driver_id is None:
        raise Forbidden("only a driver whose face was verified is asked", place="level", rule="at least 2")
    return who.proven_driver_id


async def _record(
    tx: Connection, act: str, who: Caller, driver_id: DriverId, request: ConsentRequest, now: datetime
) -> None:
    await audit.record(
        tx, act=act, actor=audit.Actor("person", who.person_id), subject=request.id, driver_id=driver_id,
        purpose=request.terms.purpose,
        detail={
            "company": str(request.company_id), "fields": list(request.terms.fields),
            "standing": request.terms.standing_until is not None,
        },
        now=now,
    )  # fmt: skip
