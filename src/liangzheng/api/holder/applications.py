"""Applications of the caller: decided at once; with the archived photo issued soon, with an own one after its review;
with their progress."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec
from fastapi import Request

from liangzheng import licences
from liangzheng.accounts import Caller
from liangzheng.api.auth import Holder, caller
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.hot import hot_post
from liangzheng.api.wired import wired
from liangzheng.api.words import FindingAnswer
from liangzheng.kernel.errors import Invalid, NotFound
from liangzheng.kernel.ids import ApplicationId, FaceCheckId, PhoneKeyId, PhotoId
from liangzheng.licences import (
    REASON_TEXTS,
    REFUSAL_TEXTS,
    Application,
    PhotoReview,
    PhotoSource,
    Refusal,
    Refuse,
    Review,
    TurnedAway,
)

router = resource("/holder/applications", "holder")


class ApplyBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the phone sends. Who applies comes from the login, never from the body.

    `face_check`: one passed for applying. `phone_key`: the phone that gets the licence; none for a licence
    without one. `photo_id`: with a camera or album photo, the one sent to /holder/photos.
    """

    photo: Literal["archived", "camera", "album"]
    face_check: str
    phone_key: str | None = None
    photo_id: str | None = None

    def request(self, key: str) -> licences.Request:
        """As kernel values. Raises Invalid."""
        phone_key = PhoneKeyId.parse(self.phone_key) if self.phone_key is not None else None
        photo_id = PhotoId.parse(self.photo_id) if self.photo_id is not None else None
        face_check = FaceCheckId.parse(self.face_check)
        return licences.Request(PhotoSource(self.photo), face_check, phone_key, key, photo_id)


class RefusalText(msgspec.Struct, frozen=True):
    """Why an application was refused: a stable code, and the words for people in both languages."""

    code: str
    zh: str
    en: str

    @classmethod
    def of(cls, refusal: Refusal) -> RefusalText:
        """From the one catalogue."""
        text = REFUSAL_TEXTS[refusal]
        return cls(refusal.value, text.zh, text.en)


class DecidedAnswer(msgspec.Struct, frozen=True):
    """The durable id and the decision. `accepted` is issued within seconds, `under_review` decided within one
    working day; ask for its progress."""

    application_id: str
    state: Literal["accepted", "under_review", "refused"]
    refusal: RefusalText | None


async def submit(request: Request, who: Caller, body: ApplyBody) -> DecidedAnswer:
    """Apply for an electronic licence. Needs an Idempotency-Key: the same request again gets the same answer.

    After 20 refusals within 24 hours (LZ_REFUSED_A_DAY) no further application is heard until the oldest is a day old.
    """
    wiring = wired(request)
    asked = body.request(idempotency_key(request))
    decided = await licences.apply(
        wiring.database,
        who.person_id,
        asked,
        wiring.reference.authorities,
        wiring.clock.now(),
        wiring.settings.status_policy,
        wiring.settings.refused_a_day,
    )
    refused = decided.decision if isinstance(decided.decision, Refuse) else None
    return DecidedAnswer(
        application_id=str(decided.application_id),
        state=state_of(decided),
        refusal=RefusalText.of(refused.refusal) if refused else None,
    )


def state_of(decided: licences.Decided) -> Literal["accepted", "under_review", "refused"]:
    """The decision in the word of the application's state."""
    if isinstance(decided.decision, Refuse):
        return "refused"
    return "under_review" if isinstance(decided.decision, Review) else "accepted"


def idempotency_key(request: Request) -> str:
    """The key of a request that must have one: without it a retry could act twice. Raises Invalid."""
    key = request.headers.get("idempotency-key")
    if key is None:
        raise Invalid(
            "Idempotency-Key", "is sent with this request: 8 to 64 characters, the same at every retry"
        )
    return key


hot = [
    hot_post(
        "/holder/applications",
        submit,
        who=caller,
        body=ApplyBody,
        answer=DecidedAnswer,
        status=202,
        needs_key=True,
        summary="Apply for an electronic licence, with the archived or an own photo",
    )
]


class RefusalAnswer(Answer):
    """Why, as in RefusalText."""

    code: str
    zh: str
    en: str

    @classmethod
    def of(cls, refusal: Refusal | None) -> RefusalAnswer | None:
        """From the one catalogue; None for no refusal."""
        if refusal is None:
            return None
        text = REFUSAL_TEXTS[refusal]
        return cls(code=refusal.value, zh=text.zh, en=text.en)


class ProgressAnswer(Answer):
    """One step of an application."""

    event: str
    at: datetime


class ApplicationAnswer(Answer):
    """One application. `origin` is `reissue` for a new version the platform made by itself, `photo` for a
    replacement of the photo; `photo` is archived, camera or album."""

    application_id: str
    state: str
    origin: str
    photo: str
    refusal: RefusalAnswer | None
    submitted_at: datetime
    moved_at: datetime

    @classmethod
    def of(cls, found: Application | TurnedAway) -> ApplicationAnswer:
        """What may leave of it."""
        state, origin, moved_at, photo = "refused", "holder", found.submitted_at, PhotoSource.ARCHIVED
        if isinstance(found, Application):
            state, origin, moved_at = found.state.value, found.origin, found.moved_at
            photo = found.photo
        return cls(
            application_id=str(found.id),
            state=state,
            origin=origin,
            photo=photo.value,
            refusal=RefusalAnswer.of(found.refusal),
            submitted_at=found.submitted_at,
            moved_at=moved_at,
        )


class ApplicationReviewAnswer(Answer):
    """The review of an own photo: the day it is promised by (`provisional`: its year's holidays are not announced
    yet), and what became of it."""

    due_day: date
    provisional: bool
    outcome: str | None
    reasons: list[FindingAnswer]

    @classmethod
    def of(cls, review: PhotoReview | None) -> ApplicationReviewAnswer | None:
        """What its holder may know: not who reviewed."""
        if review is None:
            return None
        return cls(
            due_day=review.due_day,
            provisional=review.provisional,
            outcome=review.outcome,
            reasons=FindingAnswer.each(review.reasons, REASON_TEXTS),
        )


class ApplicationsAnswer(Answer):
    """The caller's applications, newest first."""

    applications: list[ApplicationAnswer]


class ApplicationWithProgress(ApplicationAnswer):
    """One application and what happened to it, oldest first."""

    progress: list[ProgressAnswer]
    review: ApplicationReviewAnswer | None


@router.get("")
async def list_applications(request: Request, who: Holder) -> ApplicationsAnswer:
    """The caller's applications, newest first, at most 100."""
    async with wired(request).database.read() as tx:
        found = await licences.applications_of(
            tx, who.person_id, who.driver_id, proven=who.proven_driver_id is not None
        )
    return ApplicationsAnswer(applications=[ApplicationAnswer.of(each) for each in found])


@router.get("/{application_id}")
async def show_application(request: Request, who: Holder, application_id: str) -> ApplicationWithProgress:
    """One application of the caller, with its progress."""
    async with wired(request).database.read() as tx:
        found = await licences.application(
            tx,
            who.person_id,
            who.driver_id,
            ApplicationId.parse(application_id),
            proven=who.proven_driver_id is not None,
        )
        steps = await licences.progress(tx, found) if isinstance(found, Application) else []
        review = await licences.review_of(tx, found) if isinstance(found, Application) else None
    progress = [ProgressAnswer(event=step.event, at=step.at) for step in steps]
    return ApplicationWithProgress(
        **ApplicationAnswer.of(found).model_dump(),
        progress=progress,
        review=ApplicationReviewAnswer.of(review),
    )


@router.delete("/{application_id}")
async def withdraw_application(request: Request, who: Holder, application_id: str) -> ApplicationAnswer:
    """Take an application back, as long as it is under review or only accepted; again changes nothing."""
    wiring = wired(request)
    asked = ApplicationId.parse(application_id)
    if who.proven_driver_id is None:
        raise NotFound("there is no such application")
    async with wiring.database.transaction() as tx:
        await licences.withdraw(
            tx, who.person_id, who.proven_driver_id, asked, wiring.clock.now(), wiring.settings.status_policy
        )
        found = await licences.application(tx, who.person_id, who.proven_driver_id, asked)
    return ApplicationAnswer.of(found)
