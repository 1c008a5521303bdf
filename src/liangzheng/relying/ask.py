"""A company's acts: ask, see what became of it, take it back, fetch the answer once.

What a company may not ask is refused before anything is kept of it, and the refusal is in the audit record.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from liangzheng import accounts, audit, drivers
from liangzheng.infra import epochs
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from liangzheng.kernel.ids import CompanyId, ConsentRequestId, DriverId, VerificationId
from liangzheng.kernel.people import IdentityKind, IdentityNumber
from liangzheng.kernel.purposes import COMPANY_PURPOSES, AskedField
from liangzheng.kernel.time import civil_day
from liangzheng.relying.lifecycle import RequestState
from liangzheng.relying.model import (
    Answered,
    CompanyCaller,
    ConsentPolicy,
    ConsentRequest,
    DriverSays,
    Question,
    Terms,
)
from liangzheng.relying.pseudonyms import pseudonym
from liangzheng.relying.rules import (
    AskFacts,
    AskRefusal,
    decide_fetch,
    decide_request,
    may_fetch_answer,
    may_fetch_portrait,
    minimal_answer,
    refuse_malformed,
)
from liangzheng.relying.store import consents

CODE_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 10
CODE_PREFIX: Final = "LZR1:"
"""Before the code in a picture: capitals, so that a QR code stays in its small alphabet."""

_NO_PORTRAIT: Final = "no portrait: it comes with the answer of a request that named it, for some minutes"


async def refuse_question(
    db: Database,
    who: CompanyCaller,
    question: Question,
    policy: ConsentPolicy,
    now: datetime,
    *,
    bulk: bool = False,
) -> Terms:
    """The terms the question comes to. Raises Forbidden, after the refusal was recorded, in a transaction of its own."""
    today = civil_day(now)
    facts = AskFacts(
        state=who.state,
        token_has_purpose=question.purpose in who.purposes,
        # What is registered decides, so that the first reason is the more important one.
        grant=who.grants.get(question.purpose),
        question=question,
        today=today,
        standing_days=policy.standing_days,
        bulk=bulk,
    )
    decision = decide_request(facts)
    if isinstance(decision, Terms):
        return decision
    await record_refusal(db, who.id, decision, question.purpose, question.fields, now)
    raise _forbidden(decision)


async def refuse_fetch(
    db: Database, who: CompanyCaller, request_id: ConsentRequestId, now: datetime, *, portrait: bool = False
) -> None:
    """Raises for an answer outside the registration of today, or a photo nobody agreed to, after the refusal was recorded,
    in a transaction of its own: Forbidden for an answer, NotFound for a photo; and NotFound for no request of theirs."""
    async with db.read() as tx:
        held = await _held(tx, who, request_id, for_update=False)
    decision = _decide_fetch(who, held.terms, portrait=portrait)
    if isinstance(decision, Terms):
        return
    fields = (AskedField.PORTRAIT,) if portrait else held.terms.fields
    await record_refusal(db, who.id, decision, held.terms.purpose, fields, now)
    raise NotFound(_NO_PORTRAIT) if portrait else _forbidden(decision)


async def record_refusal(
    db: Database,
    company_id: CompanyId,
    refusal: AskRefusal,
    purpose: str,
    fields: tuple[str, ...],
    now: datetime,
) -> None:
    """A question outside the registration is on record: who, why, and of what was asked only words of ours."""
    known = [field for field in AskedField if field.value in fields]
    async with db.transaction() as tx:
        await audit.record(
            tx, act="request.refused", actor=audit.Actor("company", company_id), subject=company_id,
            purpose=purpose if purpose in COMPANY_PURPOSES else "unknown",
            detail={"refusal": refusal.value, "fields": known, "unknown_fields": len(fields) - len(known)}, now=now,
        )  # fmt: skip


async def ask(
    tx: Connection,
    keys: KeyIndex,
    who: CompanyCaller,
    question: Question,
    terms: Terms,
    policy: ConsentPolicy,
    now: datetime,
) -> ConsentRequest:
    """The request, to be opened by its `request_code`. `terms` are those of `refuse_question`."""
    refuse_malformed(question, civil_day(now))
    request = ConsentRequest(
        who.id, ConsentRequestId.new(), RequestState.ASKED, 0, terms, question.reference, now,
        now + timedelta(seconds=policy.request_s),
    )  # fmt: skip
    await consents.add_request(tx, request, code_hash(read_code(request_code(keys, request.id))))
    await audit.record(
        tx, act="request.made", actor=audit.Actor("company", who.id), subject=request.id, purpose=terms.purpose,
        detail={"fields": list(terms.fields), "standing": terms.standing_until is not None}, now=now,
    )  # fmt: skip
    return request


def request_code(keys: KeyIndex, request_id: ConsentRequestId) -> str:
    """The code the company shows: 50 bits made from the deployment's secret, so that it is in no table and a
    repeated request is answered with it all the same. What is looked up is its hash."""
    number = int.from_bytes(keys.derive("request-code", request_id.uuid.bytes)[:8], "big")
    code = "".join(CODE_LETTERS[number >> 5 * place & 31] for place in range(CODE_LENGTH))
    return f"{code[:5]}-{code[5:]}"


def read_code(text: str) -> str:
    """The code in what was scanned or typed; small letters, spaces and hyphens do no harm. Raises Invalid."""
    code = text.strip().upper().removeprefix(CODE_PREFIX).replace("-", "").replace(" ", "")
    code = code.translate(str.maketrans("OIL", "011"))
    if len(code) != CODE_LENGTH or not set(code) <= set(CODE_LETTERS):
        raise Invalid("code", f"a request code: {CODE_LENGTH} letters and digits")
    return code


def code_hash(code: str) -> bytes:
    """What is kept of a code."""
    return hashlib.sha256(f"LZ-REQUEST-CODE-1 {code}".encode()).digest()


async def request_of(tx: Connection, who: CompanyCaller, request_id: ConsentRequestId) -> ConsentRequest:
    """One request of the company. Raises NotFound, also for another's."""
    return await _held(tx, who, request_id, for_update=False)


async def cancel(
    tx: Connection, who: CompanyCaller, request_id: ConsentRequestId, now: datetime
) -> ConsentRequest:
    """The request is taken back; again changes nothing. Raises NotFound, Conflict once the driver decided."""
    held = await _held(tx, who, request_id)
    if held.state is RequestState.CANCELLED:
        return held
    await consents.cancel(tx, held, now)
    await audit.record(
        tx, act="request.cancelled", actor=audit.Actor("company", who.id), subject=request_id,
        purpose=held.terms.purpose, now=now,
    )  # fmt: skip
    return await _held(tx, who, request_id)


async def fetch_answer(
    tx: Connection,
    keys: KeyIndex,
    who: CompanyCaller,
    request_id: ConsentRequestId,
    policy: ConsentPolicy,
    now: datetime,
) -> Answered:
    """The answer to an approved request, from the register of this moment; recorded where the driver reads it.

    Raises NotFound, Conflict naming the state when there is nothing (more) to fetch, Forbidden when the purpose
    is not registered any more.
    """
    # 1. The request, held, and still within its time and the registration of today.
    held = await _held(tx, who, request_id)
    has_account = await _has_account(tx, held)
    if not may_fetch_answer(held, policy, now) or held.driver_id is None or not has_account:
        raise Conflict(_why_no_answer(held), place="request", rule=held.state.value)
    if not await _stands(tx, held):
        raise Conflict("the consent that lasts stands no more: ask again", place="request", rule="ended")
    terms = _as_registered(who, held.terms)
    # 2. What the register says now, cut to the fields.
    answer = minimal_answer(
        await says_of(tx, held.driver_id),
        terms.fields,
        terms.class_asked,
        civil_day(now),
        policy.status,
    )
    # 3. That it was answered is kept, and with which fields; what was answered is not.
    look = VerificationId.new()
    await consents.add_looks(tx, who.id, [(held.driver_id, look, terms, held.id)], now)
    if held.state is RequestState.APPROVED:
        await consents.note_answered(tx, held, now)
    await audit.record(
        tx, act="request.answered", actor=audit.Actor("company", who.id), subject=look, driver_id=held.driver_id,
        purpose=terms.purpose, detail={"fields": list(terms.fields), "request": str(held.id)}, now=now,
    )  # fmt: skip
    return Answered(pseudonym(keys, who.id, held.driver_id), look, answer)


async def fetch_portrait(
    tx: Connection, who: CompanyCaller, request_id: ConsentRequestId, policy: ConsentPolicy, now: datetime
) -> bytes:
    """The photo of the licence, for a request that named it, while its answer may be fetched. Recorded.

    Raises NotFound, in the same words, for everything else.
    """
    held = await _held(tx, who, request_id)
    allowed = (
        may_fetch_portrait(held, policy, now)
        and AskedField.PORTRAIT in _as_registered(who, held.terms).fields
        and await _has_account(tx, held)
    )
    if not allowed or held.driver_id is None:
        raise NotFound(_NO_PORTRAIT)
    record = await drivers.licence_record(tx, held.driver_id)
    if record.portrait_hash is None:
        raise NotFound("no portrait is kept of this driver")
    look = VerificationId.new()
    terms = replace(held.terms, fields=(AskedField.PORTRAIT,))
    await consents.add_looks(tx, who.id, [(held.driver_id, look, terms, held.id)], now)
    await audit.record(
        tx, act="portrait.viewed", actor=audit.Actor("company", who.id), subject=look, driver_id=held.driver_id,
        purpose=terms.purpose, detail={"request": str(held.id)}, now=now,
    )  # fmt: skip
    return await drivers.portrait(tx, record.portrait_hash)


async def says_of(tx: Connection, driver_id: DriverId) -> DriverSays:
    """What the register says of one driver now."""
    return (await says_of_many(tx, [driver_id]))[driver_id]


async def says_of_many(tx: Connection, driver_ids: list[DriverId]) -> dict[DriverId, DriverSays]:
    """What the register says of them now; drivers that do not exist are left out. Raises Unavailable while the register
    is that of a backup."""
    await epochs.demand_certain(tx)
    records = await drivers.licence_records(tx, driver_ids)
    return {driver_id: _says(record) for driver_id, record in records.items()}


def _says(record: drivers.LicenceRecord) -> DriverSays:
    return DriverSays(
        status=str(record.status),
        classes=str(record.classes),
        valid_from=record.valid_from,
        valid_until=record.valid_until,
        first_issue_date=record.first_issue_date,
        name=record.name,
        masked_number=IdentityNumber(IdentityKind(record.identity_kind), record.document_number).masked,
    )


def _decide_fetch(who: CompanyCaller, terms: Terms, *, portrait: bool = False) -> Terms | AskRefusal:
    return decide_fetch(
        terms,
        who.grants.get(terms.purpose),
        token_has_purpose=terms.purpose in who.purposes,
        portrait=portrait,
    )


def _as_registered(who: CompanyCaller, terms: Terms) -> Terms:
    """The terms less what is not registered any more. Raises Forbidden when nothing is left."""
    decision = _decide_fetch(who, terms)
    if isinstance(decision, AskRefusal):
        raise _forbidden(decision)
    return decision


def _forbidden(refusal: AskRefusal) -> Forbidden:
    return Forbidden(_WORDS[refusal], place=_PLACES.get(refusal, "purpose"), rule=refusal.value)


async def _has_account(tx: Connection, held: ConsentRequest) -> bool:
    """Whether who approved has the account still: with it went what it had agreed to."""
    if held.driver_id is None:
        return False
    return (await accounts.people_of(tx, [held.driver_id])).get(held.driver_id) == held.person_id


async def _stands(tx: Connection, held: ConsentRequest) -> bool:
    """Whether a consent that lasts was not withdrawn since; one for this once stands."""
    if held.terms.standing_until is None or held.driver_id is None:
        return True
    return await consents.is_active(tx, held.driver_id, held.id)


async def _held(
    tx: Connection, who: CompanyCaller, request_id: ConsentRequestId, *, for_update: bool = True
) -> ConsentRequest:
    found = await consents.request(tx, who.id, request_id, for_update=for_update)
    if found is None:
        raise NotFound("there is no such request")
    return found


def _why_no_answer(request: ConsentRequest) -> str:
    return {
        RequestState.ASKED: "the driver has not decided",
        RequestState.REFUSED: "the driver refused",
        RequestState.CANCELLED: "the request was taken back",
        RequestState.APPROVED: "the answer was not fetched in time: ask again",
        RequestState.ANSWERED: "the answer was fetched: ask again",
    }[request.state]


_WORDS: Final = {
    AskRefusal.NOT_APPROVED: "the company is not approved",
    AskRefusal.TOKEN_WITHOUT_PURPOSE: "the token was not granted for this purpose",
    AskRefusal.PURPOSE_NOT_REGISTERED: "the company has not registered this purpose",
    AskRefusal.FIELD_NOT_REGISTERED: "a field the company has not registered for this purpose",
    AskRefusal.STANDING_NOT_REGISTERED: "no standing consent is registered for this purpose",
    AskRefusal.STANDING_TOO_LONG: "a standing consent does not last that long",
    AskRefusal.PORTRAIT_NEVER_STANDING: "a portrait is given to a request for this once only",
    AskRefusal.BULK_NOT_REGISTERED: "bulk checks are not registered for this purpose",
    AskRefusal.PORTRAIT_NOT_AGREED: "a photo the driver did not agree to",
}
_PLACES: Final = {
    AskRefusal.FIELD_NOT_REGISTERED: "fields",
    AskRefusal.PORTRAIT_NEVER_STANDING: "fields",
    AskRefusal.STANDING_NOT_REGISTERED: "standing_until",
    AskRefusal.STANDING_TOO_LONG: "standing_until",
}
