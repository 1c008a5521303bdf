"""Facts in, decision out: what a company may ask, what a driver's consent covers, what an answer says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from liangzheng.kernel.classes import Classes, DrivingClass
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import CompanyId, ConsentRequestId, PersonId
from liangzheng.kernel.purposes import AskedField, in_order
from liangzheng.kernel.status import DEFAULT_POLICY, Status, StatusPolicy, may_drive
from liangzheng.relying.lifecycle import CompanyState, ConsentState, RequestState
from liangzheng.relying.model import (
    ConsentPolicy,
    ConsentRequest,
    DriverSays,
    Grant,
    MinimalAnswer,
    Question,
    StandingConsent,
    Terms,
)

MOST_CHECKED: Final = 1000
"""Pseudonyms in one bulk check."""

ATTEMPTS: Final = 10
_FIRST_WAIT_S: Final = 10
_LONGEST_WAIT_S: Final = 6 * 3600


class AskRefusal(StrEnum):
    """Why a company may not ask this, in order of precedence. Each is kept in the audit record."""

    NOT_APPROVED = "not_approved"
    PURPOSE_NOT_REGISTERED = "purpose_not_registered"
    TOKEN_WITHOUT_PURPOSE = "token_without_purpose"  # noqa: S105 (no secret: a reason)
    FIELD_NOT_REGISTERED = "field_not_registered"
    STANDING_NOT_REGISTERED = "standing_not_registered"
    STANDING_TOO_LONG = "standing_too_long"
    PORTRAIT_NEVER_STANDING = "portrait_never_standing"
    BULK_NOT_REGISTERED = "bulk_not_registered"
    PORTRAIT_NOT_AGREED = "portrait_not_agreed"


@dataclass(frozen=True, slots=True)
class AskFacts:
    """Everything a question is decided on. `grant`: what is registered for its purpose, if anything."""

    state: CompanyState
    token_has_purpose: bool
    grant: Grant | None
    question: Question
    today: date
    standing_days: int
    bulk: bool = False


def decide_request(facts: AskFacts) -> Terms | AskRefusal:
    """What the driver is to be asked, or why the company may not ask it: the first reason of the list.

    A question is never cut down to what would be allowed: a company that asks for everything hears no, and the
    record says so.
    Source: docs/reference.md §4.6 (companies ask online); PIPL art. 6 (least), art. 13, 14 (consent for a
    stated purpose); the order is our choice.
    """
    if facts.state is not CompanyState.APPROVED:
        return AskRefusal.NOT_APPROVED
    if facts.grant is None:
        return AskRefusal.PURPOSE_NOT_REGISTERED
    if not facts.token_has_purpose:
        return AskRefusal.TOKEN_WITHOUT_PURPOSE
    question, known = facts.question, _known(facts.question.fields)
    if known is None or not set(known) <= facts.grant.fields:
        return AskRefusal.FIELD_NOT_REGISTERED
    if question.standing_until is not None:
        if not facts.grant.standing:
            return AskRefusal.STANDING_NOT_REGISTERED
        if question.standing_until > facts.today + timedelta(days=facts.standing_days):
            return AskRefusal.STANDING_TOO_LONG
    lasting = facts.bulk or question.standing_until is not None
    if lasting and AskedField.PORTRAIT in known:
        return AskRefusal.PORTRAIT_NEVER_STANDING
    if facts.bulk and not facts.grant.bulk:
        return AskRefusal.BULK_NOT_REGISTERED
    return Terms(question.purpose, in_order(known), question.class_asked, question.standing_until)


def decide_fetch(
    terms: Terms, grant: Grant | None, *, token_has_purpose: bool, portrait: bool
) -> Terms | AskRefusal:
    """What a company may fetch of the terms a driver agreed to, or why nothing: the registration and the token of today
    count, not those of the day it asked. `portrait`: the photo, which the driver must have agreed to by name.

    Source: PIPL art. 14 (consent for a stated purpose), art. 6 (least).
    """
    if grant is None:
        return AskRefusal.PURPOSE_NOT_REGISTERED
    if not token_has_purpose:
        return AskRefusal.TOKEN_WITHOUT_PURPOSE
    left = in_order(set(terms.fields) & grant.fields)
    if not left or (portrait and AskedField.PORTRAIT not in grant.fields):
        return AskRefusal.FIELD_NOT_REGISTERED
    if portrait and AskedField.PORTRAIT not in terms.fields:
        return AskRefusal.PORTRAIT_NOT_AGREED
    return replace(terms, fields=left)


def refuse_malformed(question: Question, today: date) -> None:
    """Raises Invalid for a question that makes no sense whoever asks it."""
    if not question.fields or len(set(question.fields)) != len(question.fields):
        raise Invalid("fields", "at least one, each once")
    if (AskedField.MAY_DRIVE.value in question.fields) != (question.class_asked is not None):
        raise Invalid("class", "stands with the field may_drive, and only with it")
    if question.standing_until is not None and question.standing_until < today:
        raise Invalid("standing_until", "today or later")
    if question.reference is not None and not _is_reference(question.reference):
        raise Invalid("reference", "1 to 64 printable ASCII characters")


def _is_reference(text: str) -> bool:
    return 1 <= len(text) <= 64 and text.isascii() and text.isprintable()


def _known(fields: tuple[str, ...]) -> list[AskedField] | None:
    """The fields, None when one of them is no field at all."""
    try:
        return [AskedField(name) for name in fields]
    except ValueError:
        return None


# --- the driver ---------------------------------------------------------------------------------------


class Opening(StrEnum):
    """Whether a driver can still answer a request."""

    OPEN = "open"
    DECIDED = "decided"
    OVER = "over"


def decide_opening_of(request: ConsentRequest, now: datetime) -> Opening:
    """Whether the driver may approve or refuse: once, and before it runs out."""
    if request.state is not RequestState.ASKED:
        return Opening.DECIDED
    return Opening.OPEN if now < request.expires_at else Opening.OVER


def may_fetch_answer(request: ConsentRequest, policy: ConsentPolicy, now: datetime) -> bool:
    """Whether the company may have the answer: some minutes after the approval, once; again within a moment,
    for a connection that was lost."""
    if request.state is RequestState.APPROVED and request.decided_at is not None:
        return now < request.decided_at + timedelta(seconds=policy.answer_s)
    if request.state is RequestState.ANSWERED and request.answered_at is not None:
        return now < request.answered_at + timedelta(seconds=policy.again_s)
    return False


def may_fetch_portrait(request: ConsentRequest, policy: ConsentPolicy, now: datetime) -> bool:
    """Whether the company may have the photo: with the answer of a request for this once that named it.

    Source: a portrait never comes from an identifier, only from the driver's own act a moment ago.
    """
    return (
        AskedField.PORTRAIT in request.terms.fields
        and request.terms.standing_until is None
        and may_fetch_answer(request, policy, now)
    )


def is_in_force(consent: StandingConsent, today: date) -> bool:
    """Whether a standing consent covers a check today: its company must be one that may ask."""
    return (
        consent.state is ConsentState.ACTIVE
        and today <= consent.until
        and consent.company_state is CompanyState.APPROVED
    )


def consent_message(
    company_id: CompanyId, company_name: str, request_id: ConsentRequestId, person_id: PersonId, terms: Terms
) -> bytes:
    """What the phone signs to approve: 'LZ-CONSENT-1', a nought octet, request and person (16 octets each) and
    the SHA-256 of the terms as JSON (keys sorted, no spaces, UTF-8). Nothing on the screen is outside of it."""
    said = {
        "company": company_id.uuid.hex,
        "name": company_name,
        "purpose": terms.purpose,
        "fields": [field.value for field in terms.fields],
        "class": terms.class_asked.value if terms.class_asked else None,
        "standing_until": terms.standing_until.isoformat() if terms.standing_until else None,
    }
    octets = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    ends = request_id.uuid.bytes + person_id.uuid.bytes
    return b"LZ-CONSENT-1\0" + ends + hashlib.sha256(octets).digest()


# --- the answer ---------------------------------------------------------------------------------------


def fields_of_check(
    asked: frozenset[AskedField], consent: StandingConsent, grant: Grant
) -> tuple[AskedField, ...]:
    """What a bulk check may say of one driver: asked now, consented then, and still registered; never a photo."""
    return in_order((asked & set(consent.terms.fields) & grant.fields) - {AskedField.PORTRAIT})


def minimal_answer(
    says: DriverSays,
    fields: tuple[AskedField, ...],
    class_asked: DrivingClass | None,
    today: date,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> MinimalAnswer:
    """The fields named and nothing else. The portrait has a way of its own."""
    wanted = set(fields)
    return MinimalAnswer(
        fields=in_order(wanted),
        may_drive=may_drive_today(says, class_asked, today, policy)
        if AskedField.MAY_DRIVE in wanted and class_asked is not None
        else None,
        class_asked=class_asked if AskedField.MAY_DRIVE in wanted else None,
        valid_until=says.valid_until if AskedField.VALID_UNTIL in wanted else None,
        is_long_term=says.valid_until is None if AskedField.VALID_UNTIL in wanted else None,
        classes=says.classes if AskedField.CLASSES in wanted else None,
        first_issue_date=says.first_issue_date if AskedField.FIRST_ISSUE_DATE in wanted else None,
        name=says.name if AskedField.NAME in wanted else None,
        masked_number=says.masked_number if AskedField.MASKED_NUMBER in wanted else None,
    )


def may_drive_today(
    says: DriverSays, wanted: DrivingClass, today: date, policy: StatusPolicy = DEFAULT_POLICY
) -> bool:
    """Whether the driver may drive class `wanted` today: status, validity and class together, as a
    verification says it. What cannot be read denies.

    Source: docs/reference.md §3.2 (status), §2.1 (what a class also allows).
    """
    try:
        by_status, _ = may_drive(Status.parse(says.status), policy)
        by_class = Classes.parse_outside(says.classes, today).allow(wanted, today)
    except Invalid:
        return False
    in_time = says.valid_from <= today and (says.valid_until is None or today <= says.valid_until)
    return by_status and by_class and in_time


def decide_retry(attempts: int) -> timedelta | None:
    """How long a notice waits after its `attempts`-th failure, four times as long each time, from ten seconds to six hours; None:
    it is given up and parked."""
    if attempts >= ATTEMPTS:
        return None
    return timedelta(seconds=min(_FIRST_WAIT_S * 4 ** (attempts - 1), _LONGEST_WAIT_S))
