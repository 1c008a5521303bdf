"""A company asks a driver: a request with a code to show, what became of it, and its answer, once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import Field, StringConstraints

from liangzheng import relying
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.idempotent import IdempotencyKey, once
from liangzheng.api.octets import JPEG
from liangzheng.api.relying.answers import DriverAnswer
from liangzheng.api.relying.callers import Company
from liangzheng.api.wired import wired
from liangzheng.kernel.classes import DrivingClass
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import ConsentRequestId
from liangzheng.kernel.time import civil_day
from liangzheng.relying import ConsentRequest, Question

router = resource("/relying/requests", "relying")

Word = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class ConsentRequestBody(Body):
    """What is asked, for what, and of which class.

    `class` stands with the field `may_drive`. `standing_until`: the consent is to last until this day; else it is
    for this once. `reference` is the company's own word for it and stays between us.
    """

    purpose: Word
    fields: Annotated[list[Word], Field(min_length=1, max_length=20)]
    driving_class: Annotated[str | None, StringConstraints(max_length=4)] = Field(default=None, alias="class")
    standing_until: Day | None = None
    reference: Annotated[str | None, StringConstraints(max_length=64)] = None

    def question(self) -> Question:
        """As kernel values. Raises Invalid."""
        return Question(
            self.purpose,
            tuple(self.fields),
            class_of(self.driving_class),
            day_of(self.standing_until, "standing_until"),
            self.reference,
        )


class RequestAnswer(Answer):
    """A request and where it stands."""

    request: str
    state: str
    purpose: str
    fields: list[str]
    class_asked: str | None
    standing_until: date | None
    reference: str | None
    asked_at: datetime
    expires_at: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, request: ConsentRequest) -> RequestAnswer:
        """What the company that asked may see: not who answered."""
        return cls(**_members(request))


class MadeAnswer(RequestAnswer):
    """With the code to show the driver, as text and as what a QR code holds; also to a repeated request."""

    code: str
    qr: str


class AnsweredAnswer(Answer):
    """The answer, from the register of this moment. `pseudonym`: the driver, as this company knows them."""

    request: str
    pseudonym: str
    answered_at: datetime
    driver: DriverAnswer


def class_of(text: str | None) -> DrivingClass | None:
    """The driving class. Raises Invalid."""
    try:
        return None if text is None else DrivingClass(text)
    except ValueError:
        raise Invalid("class", f"one of {' '.join(DrivingClass)}") from None


def day_of(text: str | None, place: str) -> date | None:
    """A day of the calendar. Raises Invalid."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise Invalid(place, "a day, YYYY-MM-DD") from None


def _members(request: ConsentRequest) -> dict[str, Any]:
    terms = request.terms
    return {
        "request": str(request.id),
        "state": request.state.value,
        "purpose": terms.purpose,
        "fields": [field.value for field in terms.fields],
        "class_asked": terms.class_asked.value if terms.class_asked else None,
        "standing_until": terms.standing_until,
        "reference": request.reference,
        "asked_at": request.asked_at,
        "expires_at": request.expires_at,
        "decided_at": request.decided_at,
    }


@router.post("", status_code=201)
async def make(
    request: Request, who: Company, body: ConsentRequestBody, key: IdempotencyKey = None
) -> MadeAnswer:
    """Ask a driver, who is yet to be found by the code. A question outside the registration is refused as a whole, and the
    refusal is recorded."""
    wiring = wired(request)
    now, question = wiring.clock.now(), body.question()
    await relying.count(wiring.database, who.id, 1, now)
    # Outside the registration first: a question for everything is on record, however badly it is put.
    terms = await relying.refuse_question(wiring.database, who, question, wiring.consent_policy, now)
    relying.refuse_malformed(question, civil_day(now))

    async with wiring.database.transaction() as tx:

        async def perform() -> RequestAnswer:
            return RequestAnswer.of(
                await relying.ask(tx, wiring.key_index, who, question, terms, wiring.consent_policy, now)
            )

        made = await once(
            tx,
            key,
            owner=who.id,
            act="consent-request.make",
            body=body,
            answer=RequestAnswer,
            now=now,
            perform=perform,
        )
    # After what is kept for a repeated request: the code is in no table.
    code = relying.request_code(wiring.key_index, ConsentRequestId.parse(made.request))
    return MadeAnswer(**made.model_dump(), code=code, qr=relying.CODE_PREFIX + code.replace("-", ""))


@router.get("/{request_id}")
async def show(request: Request, who: Company, request_id: str) -> RequestAnswer:
    """Where a request stands: asked, approved, refused, answered or cancelled."""
    async with wired(request).database.read() as tx:
        return RequestAnswer.of(await relying.request_of(tx, who, ConsentRequestId.parse(request_id)))


@router.delete("/{request_id}")
async def cancel(request: Request, who: Company, request_id: str) -> RequestAnswer:
    """Take a request back that the driver has not decided; again changes nothing."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        taken_back = await relying.cancel(tx, who, ConsentRequestId.parse(request_id), wiring.clock.now())
    return RequestAnswer.of(taken_back)


@router.post("/{request_id}/answer")
async def fetch(request: Request, who: Company, request_id: str) -> AnsweredAnswer:
    """The answer of an approved request, once, within ten minutes; again within two for a connection that was
    lost. It is made now, kept nowhere, and takes no idempotency key."""
    wiring = wired(request)
    now = wiring.clock.now()
    asked = ConsentRequestId.parse(request_id)
    await relying.count(wiring.database, who.id, 1, now)
    await relying.refuse_fetch(wiring.database, who, asked, now)
    async with wiring.database.transaction() as tx:
        answered = await relying.fetch_answer(tx, wiring.key_index, who, asked, wiring.consent_policy, now)
    return AnsweredAnswer(
        request=request_id,
        pseudonym=str(answered.pseudonym),
        answered_at=now,
        driver=DriverAnswer.of(answered.answer),
    )


@router.get("/{request_id}/portrait", response_class=Response, responses={200: JPEG})
async def portrait(request: Request, who: Company, request_id: str) -> Response:
    """The photo of the licence (image/jpeg), where the request named it, as long as its answer can be fetched."""
    wiring = wired(request)
    now = wiring.clock.now()
    asked = ConsentRequestId.parse(request_id)
    await relying.count(wiring.database, who.id, 1, now)
    await relying.refuse_fetch(wiring.database, who, asked, now, portrait=True)
    async with wiring.database.transaction() as tx:
        picture = await relying.fetch_portrait(tx, who, asked, wiring.consent_policy, now)
    return Response(picture, media_type="image/jpeg")
