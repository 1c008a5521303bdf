"""A holder's own photo: judged before anything is kept, and kept only as made anew from its pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, Protocol

import msgspec

from liangzheng import audit
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import TooMany
from liangzheng.kernel.ids import DriverId, PersonId, PhotoId
from liangzheng.kernel.time import civil_day
from liangzheng.licences.model import Photo
from liangzheng.licences.photo_process import Measured, PhotoProcess
from liangzheng.licences.photo_rules import (
    Faces,
    NotUsable,
    PhotoFacts,
    PhotoPolicy,
    PhotoSource,
    Usable,
    decide_photo,
)
from liangzheng.licences.store import reviews

PHOTOS_A_DAY: Final = 20
_DAY: Final = timedelta(hours=24)
UNUSED_KEPT_FOR: Final = timedelta(hours=25)
"""Longer than a photo may be applied with."""
REFUSED_KEPT_FOR: Final = timedelta(days=30)
"""Pictures refused or withdrawn, for whoever complains."""
_AT_ONCE: Final = 500


class FaceFinder(Protocol):
    """An engine that finds faces in a photo."""

    @property
    def simulated(self) -> bool:
        """Whether it only plays one."""
        ...

    async def faces(self, jpeg: bytes) -> tuple[int, bool | None] | None:
        """How many, and whether the one is frontal; None when the engine cannot say. Keeps nothing."""
        ...

    def close(self) -> None:
        """Nothing of it runs any more."""
        ...


class NoFaceFinder:
    """No engine: the reviewer looks."""

    simulated = False

    async def faces(self, jpeg: bytes) -> tuple[int, bool | None] | None:
        """Nobody looked."""
        return None

    def close(self) -> None:
        """Nothing ran."""


@dataclass(frozen=True, slots=True)
class SentPhoto:
    """What the phone sent. `taken_on`: the day of taking as the holder states it."""

    source: PhotoSource
    picture: bytes = field(repr=False)
    taken_on: date | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A picture that was looked at: the decision, what it stands on, and the picture made anew if it may be used."""

    facts: PhotoFacts
    decision: Usable | NotUsable
    jpeg: bytes = field(repr=False)


async def judge_photo(
    sent: SentPhoto,
    process: PhotoProcess,
    finder: FaceFinder,
    policy: PhotoPolicy,
    now: datetime,
    refused: Collection[bytes] = (),
) -> Judged:
    """The decision on a picture. Decoding happens in a guarded child; what is too small or too large is not decoded.

    `refused`: SHA-256 of what reviewers refused this driver before (`refused_photos`).
    """
    measured: Measured | None = None
    if policy.least_octets <= len(sent.picture) <= policy.most_octets:
        measured = await process.judge(sent.picture)
    found = await finder.faces(measured.jpeg) if measured else None
    facts = _facts(sent, measured, Faces(*found) if found else None)
    if measured and refused:
        facts = replace(facts, refused_before=hashlib.sha256(measured.jpeg).digest() in refused)
    return Judged(facts, decide_photo(facts, policy, civil_day(now)), measured.jpeg if measured else b"")


def _facts(sent: SentPhoto, measured: Measured | None, faces: Faces | None) -> PhotoFacts:
    if measured is None:
        return PhotoFacts(sent.source, len(sent.picture), readable=False)
    seen = msgspec.structs.asdict(measured)
    del seen["jpeg"]
    return PhotoFacts(
        sent.source, len(sent.picture), readable=True, faces=faces, declared_day=sent.taken_on, **seen
    )


async def refused_photos(tx: Connection, driver_id: DriverId) -> frozenset[bytes]:
    """SHA-256 of the pictures reviewers refused this driver: they are not looked at twice."""
    return await reviews.refused_hashes(tx, driver_id)


async def photos_of(tx: Connection, driver_id: DriverId) -> list[tuple[PhotoSource, datetime, bool]]:
    """What is kept of a driver's own photos, newest first: from where, when sent, and whether the picture is there still."""
    return await reviews.photos_of(tx, driver_id)


async def add_photo(
    tx: Connection, person_id: PersonId, driver_id: DriverId, judged: Judged, now: datetime
) -> Photo:
    """A photo that may be used is kept for a day, to apply with. Raises TooMany after twenty within a day."""
    assert isinstance(judged.decision, Usable), "what may not be used is not kept"
    if await reviews.added_since(tx, driver_id, now - _DAY) >= PHOTOS_A_DAY:
        raise TooMany(f"at most {PHOTOS_A_DAY} photos a day", retry_after_s=3600)
    portrait_hash = hashlib.sha256(judged.jpeg).digest()
    photo = Photo(
        driver_id, PhotoId.new(), judged.facts.source, portrait_hash, judged.decision.doubts, now, judged.jpeg
    )
    await reviews.add_photo(tx, photo, person_id, _kept(judged.facts))
    await audit.record(
        tx,
        act="photo.added",
        actor=audit.Actor("person", person_id),
        subject=photo.id,
        driver_id=driver_id,
        purpose="a photo of one's own for the electronic licence",
        detail={"source": photo.source.value},
        now=now,
    )
    return photo


def _kept(facts: PhotoFacts) -> dict[str, str | int | bool | None]:
    """What was measured, as it is kept with the photo: numbers and days."""
    return {
        "octets": facts.octets,
        "width": facts.width,
        "height": facts.height,
        "colour": facts.colour,
        "white_permille": facts.white_permille,
        "brightness": facts.brightness,
        "sharpness": facts.sharpness,
        "faces": facts.faces.count if facts.faces else None,
        "frontal": facts.faces.frontal if facts.faces else None,
        "declared_day": facts.declared_day.isoformat() if facts.declared_day else None,
        "embedded_day": facts.embedded_day.isoformat() if facts.embedded_day else None,
    }


async def let_go_of_photos(database: Database, now: datetime) -> int:
    """Pictures nobody applied with, and those refused or withdrawn a month ago, are gone; how many."""
    gone = 0
    while True:
        async with database.transaction() as tx:
            batch = await reviews.let_go_of_old(tx, now - UNUSED_KEPT_FOR, now - REFUSED_KEPT_FOR, _AT_ONCE)
        gone += batch
        if batch < _AT_ONCE:
            return gone
