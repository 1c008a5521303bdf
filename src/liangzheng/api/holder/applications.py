"""Applications of the caller: submitted with the archived photo, decided at once, issued soon; with their
progress."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from fastapi import Request

from liangzheng import licences
from liangzheng.accounts import Caller
from liangzheng.api.auth import Holder, caller
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.hot import hot_post
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import Invalid, NotFound
from liangzheng.kernel.ids import ApplicationId, FaceCheckId, PhoneKeyId
from liangzheng.licences import REFUSAL_TEXTS, Application, Refusal, Refuse, TurnedAway

router = resource("/holder/applications", "holder")


class ApplyBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the phone sends. Who applies comes from the login, never from the body.

    `face_check`: one passed for applying. `phone_key`: the phone that gets the licence; none for a licence
    without one.
    """

    photo: Literal["archived"]
    face_check: str
    phone_key: str | None = None

    def request(self, key: str) -> licences.Request:
        """As kernel values. Raises Invalid."""
        phone_key = PhoneKeyId.parse(self.phone_key) if self.phone_key is not None else None
        return licences.Request(self.photo, FaceCheckId.parse(self.face_check), phone_key, key)


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
    """The durable id and the decision. `accepted` is issued within seconds; ask for its progress."""

    application_id: str
    state: Literal["accepted", "refused"]
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
        state="refused" if refused else "accepted",
        refusal=RefusalText.of(refused.refusal) if refused else None,
    )


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
        summary="Apply for an electronic licence with the archived photo",
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
    """One application. `origin` is `reissue` for a new version the platform made by itself."""

    application_id: str
    state: str
    origin: str
    refusal: RefusalAnswer | None
    submitted_at: datetime
    moved_at: datetime

    @classmethod
    def of(cls, found: Application | TurnedAway) -> ApplicationAnswer:
        """What may leave of it."""
        state, origin, moved_at = "refused", "holder", found.submitted_at
        if isinstance(found, Application):
            state, origin, moved_at = found.state.value, found.origin, found.moved_at
        return cls(
            application_id=str(found.id),
            state=state,
            origin=origin,
            refusal=RefusalAnswer.of(found.refusal),
            submitted_at=found.submitted_at,
            moved_at=moved_at,
        )


class ApplicationsAnswer(Answer):
    """The caller's applications, newest first."""

    applications: list[ApplicationAnswer]


class ApplicationWithProgress(ApplicationAnswer):
    """One application and what happened to it, oldest first."""

    progress: list[ProgressAnswer]


@router.get("")
async def list_applications(request: Request, who: Holder) -> ApplicationsAnswer:
    """The caller's applications, newest first, at most 100."""
    async with wired(request).database.read() as tx:
        found = await licences.applications_of(tx, who.person_id, who.driver_id)
    return ApplicationsAnswer(applications=[ApplicationAnswer.of(each) for each in found])


@router.get("/{application_id}")
async def show_application(request: Request, who: Holder, application_id: str) -> ApplicationWithProgress:
    """One application of the caller, with its progress."""
    async with wired(request).database.read() as tx:
        found = await licences.application(
            tx, who.person_id, who.driver_id, ApplicationId.parse(application_id)
        )
        steps = await licences.progress(tx, found) if isinstance(found, Application) else []
    progress = [ProgressAnswer(event=step.event, at=step.at) for step in steps]
    return ApplicationWithProgress(**ApplicationAnswer.of(found).model_dump(), progress=progress)


@router.delete("/{application_id}")
async def withdraw_application(request: Request, who: Holder, application_id: str) -> ApplicationAnswer:
    """Take an application back, as long as it is only accepted; again changes nothing."""
    wiring = wired(request)
    asked = ApplicationId.parse(application_id)
    if who.driver_id is None:
        raise NotFound("there is no such application")
    async with wiring.database.transaction() as tx:
        await licences.withdraw(
            tx, who.person_id, who.driver_id, asked, wiring.clock.now(), wiring.settings.status_policy
        )
        found = await licences.application(tx, who.person_id, who.driver_id, asked)
    return ApplicationAnswer.of(found)
