"""The face check: begin, send frames, ask. Pictures are judged and dropped; only their hashes are kept, and what a person
reviews until it is decided."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Request
from pydantic import Field

from liangzheng import accounts
from liangzheng.api.auth import Holder
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.idempotent import IdempotencyKey, once
from liangzheng.api.octets import Base64Url, from_base64url, to_base64url
from liangzheng.api.wired import wired
from liangzheng.infra.face import FaceFrame
from liangzheng.kernel.ids import FaceCheckId

router = resource("/holder/face-checks", "holder")

_LONGEST_MS = 2**53


class BeginFaceCheckBody(Body):
    """What the check is for; it will serve nothing else."""

    purpose: Literal["apply", "bind-phone-key", "change-mobile"]
    at_counter: bool = False
    """No capture: a person at a counter looks, and no agreement on face data is needed."""


class FrameBody(Body):
    """One picture: JPEG, at most 1280 pixels a side and 120 KiB."""

    step: Annotated[int, Field(ge=0, le=31)]
    at_ms: Annotated[int, Field(ge=0, le=_LONGEST_MS)]
    jpeg: Base64Url = Field(repr=False)


class FramesBody(Body):
    """8 to 12 pictures in the order they were taken, each with the number of the step it shows."""

    nonce: Base64Url = Field(repr=False)
    frames: Annotated[list[FrameBody], Field(min_length=1, max_length=32)]

    def read(self) -> list[FaceFrame]:
        """The frames with their octets. Raises Invalid."""
        return [
            FaceFrame(frame.step, frame.at_ms, from_base64url(frame.jpeg, f"frames[{number}].jpeg"))
            for number, frame in enumerate(self.frames)
        ]


class FaceCheckAnswer(Answer):
    """Where a check stands. `simulated`: no face was looked at. `usable_until` is set when it passed, `review_due_day` while a
    reviewer is to decide it: asked for by itself only."""

    face_check_id: str
    purpose: str
    state: str
    engine: str
    engine_version: str
    calibrated: bool
    simulated: bool
    reasons: list[str]
    usable_until: datetime | None
    review_due_day: date | None

    @classmethod
    def of(cls, check: accounts.FaceCheck, review_due_day: date | None = None) -> FaceCheckAnswer:
        """What may leave of it."""
        return cls(
            face_check_id=str(check.face_check_id),
            purpose=check.purpose.value,
            state=check.state.value,
            engine=check.engine,
            engine_version=check.engine_version,
            calibrated=check.calibrated,
            simulated=check.simulated,
            reasons=list(check.reasons),
            usable_until=check.usable_until,
            review_due_day=review_due_day,
        )


class FaceChallengeAnswer(FaceCheckAnswer):
    """What to do, in order, and until when to send it."""

    nonce: str
    steps: list[str]
    expires_at: datetime


@router.post("", status_code=201)
async def begin(
    request: Request, who: Holder, body: BeginFaceCheckBody, key: IdempotencyKey = None
) -> FaceChallengeAnswer:
    """Begin a check: a nonce and steps, good once and for a minute. Needs level 1 and the agreement on face data; without
    it (403 agreement-needed) a person looks: with `at_counter` the check waits there, and no frames are sent."""
    wiring = wired(request)
    now = wiring.clock.now()

    async with wiring.database.transaction() as tx:

        async def perform() -> FaceChallengeAnswer:
            purpose, policy = accounts.Purpose(body.purpose), wiring.account_policy
            if body.at_counter:
                check = await accounts.begin_counter_check(tx, who.person_id, purpose, policy, now)
            else:
                check = await accounts.begin_face_check(
                    tx, who.person_id, purpose, wiring.face_verifier, policy, now
                )
            return FaceChallengeAnswer(
                **FaceCheckAnswer.of(check).model_dump(),
                nonce=to_base64url(check.nonce),
                steps=list(check.steps),
                expires_at=check.expires_at,
            )

        return await once(
            tx, key, owner=who.person_id, act="face-check.begin", body=body, answer=FaceChallengeAnswer, now=now,
            perform=perform,
        )  # fmt: skip


@router.post("/{face_check_id}/frames")
async def submit(request: Request, who: Holder, face_check_id: str, body: FramesBody) -> FaceCheckAnswer:
    """Send the frames, once. The same frames again are answered alike, without a key."""
    wiring = wired(request)
    asked, nonce = FaceCheckId.parse(face_check_id), from_base64url(body.nonce, "nonce")
    # Two MiB of base64 take 5 ms, in which nobody else would be answered.
    frames = await asyncio.to_thread(body.read)
    check = await accounts.finish_face_check(
        wiring.database,
        who.person_id,
        asked,
        nonce,
        frames,
        wiring.face_verifier,
        wiring.account_policy,
        wiring.clock.now(),
        wiring.face_reviews,
    )
    return FaceCheckAnswer.of(check)


@router.get("/{face_check_id}")
async def show(request: Request, who: Holder, face_check_id: str) -> FaceCheckAnswer:
    """Where a check of the caller's stands."""
    asked = FaceCheckId.parse(face_check_id)
    async with wired(request).database.read() as tx:
        check = await accounts.face_check(tx, who.person_id, asked)
        return FaceCheckAnswer.of(check, await accounts.face_review_due(tx, who.person_id, asked))
