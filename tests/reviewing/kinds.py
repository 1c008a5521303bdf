"""The queues of reviews, each with how something comes into it and how its owner looks and decides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from uuid import uuid4

import httpx

from liangzheng import accounts, audit, licences, reviewing
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import ApplicationId, FaceCheckId, Id, VerifierId
from liangzheng.reviewing import Queue, ReviewDesk
from tests.licences.holders import Deployment, Holder
from tests.licences.photos import apply_with_own
from tests.staff.place import Badge, Place

REGION, AUTHORITY = "3205", "苏E"


def desk(*authorities: str, **more: Any) -> ReviewDesk:
    """A reviewer of their own."""
    return ReviewDesk(audit.Actor("staff", VerifierId(uuid4())), frozenset(authorities) or None, **more)


class Kind(ABC):
    """One queue."""

    queue: ClassVar[Queue[Any]]
    path: ClassVar[str]
    duty: ClassVar[str]
    named: ClassVar[str]
    """The member a review is named by."""
    id: ClassVar[type[Id]]
    reasons: ClassVar[tuple[Any, ...]]
    pictures: ClassVar[tuple[str, ...]]
    """Routes that show them."""
    told: ClassVar[frozenset[str]]
    """Topics of outcomes."""
    own_act: ClassVar[str]
    refused_act: ClassVar[str]
    """On record for who reaches for their own, and for who may not review."""

    @abstractmethod
    async def submit(self, holder: Holder) -> str:
        """Something of the holder's waits for a reviewer."""

    @abstractmethod
    async def look(self, tx: Connection, place: Deployment, at: ReviewDesk, named: Any) -> Any: ...

    @abstractmethod
    async def decide(
        self, tx: Connection, place: Deployment, at: ReviewDesk, named: Any, *why: Any
    ) -> Any: ...


class Photos(Kind):
    """Holders' own photos."""

    queue, path, duty = licences.PHOTO_QUEUE, "/staff/photo-reviews", "photo-review"
    named, id, reasons = "application_id", ApplicationId, tuple(licences.PhotoReason)
    pictures, own_act, refused_act = ("new", "archived"), "photo.own-refused", "review.refused"
    told = frozenset({"application.accepted", "application.refused"})

    async def submit(self, holder: Holder) -> str:
        return str((await apply_with_own(holder))["application_id"])

    async def look(self, tx: Connection, place: Deployment, at: ReviewDesk, named: Any) -> Any:
        return await licences.review_pictures(tx, at, named, place.now)

    async def decide(self, tx: Connection, place: Deployment, at: ReviewDesk, named: Any, *why: Any) -> Any:
        if why:
            return await licences.refuse_photo(tx, at, named, why, place.now)
        return await licences.approve_photo(tx, at, named, place.now)


class Faces(Kind):
    """Face checks an engine left open."""

    queue, path, duty = accounts.FACE_QUEUE, "/staff/face-reviews", "counter"
    named, id, reasons = "face_check_id", FaceCheckId, tuple(accounts.FaceReason)
    pictures, own_act, refused_act = ("pictures",), "face-check.refused", "face-check.refused"
    told = frozenset({"face-check.approved", "face-check.refused"})

    async def submit(self, holder: Holder) -> str:
        await holder.phone.agree("face-review")
        return await holder.phone.leave_open()

    async def look(self, tx: Connection, place: Deployment, at: ReviewDesk, named: Any) -> Any:
        return await accounts.face_review_pictures(tx, at, named, place.wiring.face_reviews, place.now)

    async def decide(self, tx: Connection, place: Deployment, at: ReviewDesk, named: Any, *why: Any) -> Any:
        return await accounts.decide_face_review(tx, at, named, why, place.wiring.account_policy, place.now)


KINDS: Final = (Photos(), Faces())


@dataclass
class Bench:
    """A deployment where one kind is reviewed, one act a transaction."""

    place: Deployment
    kind: Kind
    staff: Place = field(init=False)

    def __post_init__(self) -> None:
        place = self.place
        self.staff = Place(place.world.database, place.world, place.clock, place.wiring, place.phone)  # type: ignore[arg-type]

    async def waiting(self, count: int, **columns: object) -> list[tuple[Holder, Any]]:
        """Holders of whom something waits, in order, and its name."""
        holders = [await self.place.holder(**columns) for _ in range(count)]
        return [(holder, self.kind.id.parse(await self.kind.submit(holder))) for holder in holders]

    async def act(self, act: Any, *args: Any, **more: Any) -> Any:
        """An act of `reviewing` on the queue."""
        async with self.place.world.database.transaction() as tx:
            return await act(tx, self.kind.queue, *args, **more)

    async def take(self, at: ReviewDesk, named: Id | None = None) -> Any:
        """What is in that hand now."""
        taken = await self.act(reviewing.take, at, self.place.now, named)
        return taken and taken.key[1]

    async def put_back(self, at: ReviewDesk, named: Id) -> None:
        await self.act(reviewing.put_back, at, named, self.place.now)

    async def page(self, at: ReviewDesk, *args: Any, **more: Any) -> list[Any]:
        return [review.key[1] for review in await self.act(reviewing.page, at, *args, **more)]

    async def look(self, at: ReviewDesk, named: Id) -> Any:
        async with self.place.world.database.transaction() as tx:
            return await self.kind.look(tx, self.place, at, named)

    async def decide(self, at: ReviewDesk, named: Id, *why: Any) -> Any:
        async with self.place.world.database.transaction() as tx:
            return await self.kind.decide(tx, self.place, at, named, *why)

    async def entries(self, act: str) -> list[dict[str, Any]]:
        """Audit entries of one act, oldest first."""
        found = [row for row in await self.place.world.rows("audit_entry") if row["act"] == act]
        return sorted(found, key=lambda row: str(row["id"]))

    async def outcomes(self) -> list[Any]:
        return [row["outcome"] for row in await self.place.world.rows(self.kind.queue.table)]

    async def reviewer(self, region: str = REGION, duty: str | None = None) -> Badge:
        """Somebody logged in at a console."""
        return await self.staff.on_duty(duty or self.kind.duty, region=region)


class Console:
    """One reviewer's terminal, at the queue."""

    def __init__(self, bench: Bench, badge: Badge) -> None:
        self.kind, self.badge = bench.kind, badge

    async def get(self, path: str = "") -> httpx.Response:
        return await self.badge.get(f"{self.kind.path}{path}")

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.badge.phone.post(f"{self.kind.path}{path}", body, headers=headers or {})

    async def take(self, named: str | None = None) -> httpx.Response:
        return await self.post("/take", {self.kind.named: named} if named else {})

    async def decide(self, named: str, *reasons: str, key: str | None = None) -> httpx.Response:
        body = {"decision": "refuse" if reasons else "approve", "reasons": list(reasons)}
        return await self.post(f"/{named}/decision", body, {"Idempotency-Key": key} if key else None)

    async def looks(self, named: str) -> list[httpx.Response]:
        return [await self.get(f"/{named}/{picture}") for picture in self.kind.pictures]
