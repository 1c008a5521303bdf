"""A camera or album photo of the caller's: sent, judged by rule, and kept for a day to apply with."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import date, datetime
from typing import Annotated, Final, Literal

from fastapi import Request
from pydantic import Field, StringConstraints

from liangzheng import licences
from liangzheng.api.auth import Holder
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.holder.applications import idempotency_key
from liangzheng.api.idempotent import once
from liangzheng.api.octets import from_base64url
from liangzheng.api.wired import wired
from liangzheng.api.words import FindingAnswer
from liangzheng.infra import idempotency
from liangzheng.kernel.errors import Forbidden, Invalid
from liangzheng.kernel.ids import PersonId
from liangzheng.licences import DOUBT_TEXTS, FAULT_TEXTS, Photo, PhotoSource, SentPhoto, Usable

router = resource("/holder/photos", "holder")

_ACT: Final = "photo.send"


Picture = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]*$", max_length=1_470_000)]


class PhotoBody(Body):
    """`picture`: JPEG or PNG, base64url, at most 1 MiB, upright, width to height as 260 to 378.

    `taken_on`: the day of taking as the holder states it, for an album photo.
    """

    source: Literal["camera", "album"]
    picture: Picture = Field(repr=False)
    taken_on: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")

    def sent(self, octets: bytes) -> SentPhoto:
        """As kernel values. Raises Invalid."""
        return SentPhoto(PhotoSource(self.source), octets, _day(self.taken_on))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        raise Invalid("taken_on", "a day of the calendar, YYYY-MM-DD") from None


class PhotoAnswer(Answer):
    """Whether the picture may be applied with: then its id and until when; else every fault. Doubts go to the
    reviewer."""

    usable: bool
    photo_id: str | None
    usable_until: datetime | None
    faults: list[FindingAnswer]
    doubts: list[FindingAnswer]


@router.post("")
async def send_photo(request: Request, who: Holder, body: PhotoBody) -> PhotoAnswer:
    """Send a photo of your own. Needs an Idempotency-Key. It is made anew from its pixels; the file is not kept."""
    wiring = wired(request)
    key, now = idempotency_key(request), wiring.clock.now()
    if who.proven_driver_id is None:
        raise Forbidden(
            "a photo is sent by who has shown their face: begin a face check",
            place="level",
            rule="at least 2",
        )
    driver_id = who.proven_driver_id
    octets = await asyncio.to_thread(from_base64url, body.picture, "picture")
    sent = body.sent(octets)
    async with wiring.database.read() as tx:
        before = await licences.refused_photos(tx, driver_id)
    judged = await licences.judge_photo(
        sent, wiring.photo_process, wiring.face_finder, wiring.photo_policy, now, before
    )
    if not isinstance(judged.decision, Usable):
        # Nothing is kept, the key neither: the same picture is judged alike.
        faults = FindingAnswer.each(judged.decision.faults, FAULT_TEXTS)
        return PhotoAnswer(usable=False, photo_id=None, usable_until=None, faults=faults, doubts=[])
    asked = [body.source, body.taken_on or "", hashlib.sha256(octets).hexdigest()]
    async with wiring.database.transaction() as tx:

        async def perform() -> PhotoAnswer:
            photo = await licences.add_photo(tx, who.person_id, driver_id, judged, now)
            return _kept(photo)

        return await once(
            tx, key, owner=who.person_id, act=_ACT, body=None, answer=PhotoAnswer, now=now, perform=perform,
            request_hash=_keyed(who.person_id, asked),
        )  # fmt: skip


def _keyed(person_id: PersonId, asked: list[str]) -> bytes:
    return idempotency.request_hash(_ACT, [str(person_id), *asked])


def _kept(photo: Photo) -> PhotoAnswer:
    return PhotoAnswer(
        usable=True,
        photo_id=str(photo.id),
        usable_until=photo.added_at + licences.PHOTO_USABLE_FOR,
        faults=[],
        doubts=FindingAnswer.each(photo.doubts, DOUBT_TEXTS),
    )
