"""A register file sent in parts, released by another person, imported by a worker; its rejected lines to be corrected."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request
from pydantic import AwareDatetime, Field, StringConstraints
from starlette.responses import Response, StreamingResponse

from liangzheng import drivers, staff
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.holder.applications import idempotency_key
from liangzheng.api.idempotent import once
from liangzheng.api.octets import OCTETS
from liangzheng.api.staff.callers import OnDuty, recorded
from liangzheng.api.wired import wired
from liangzheng.drivers import Upload
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import UploadId
from liangzheng.staff import NATIONWIDE_DIVISION, Act, Attempt, HeldDuty, Officer

router = resource("/staff/register-uploads", "staff")

_REFUSED: Final = "register-upload.refused"
_PART: Final[dict[str, Any]] = {
    "requestBody": {
        "description": f"The next octets of the file, at most {drivers.MOST_PART_OCTETS}.",
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string"}}},
    }
}


class UploadAnswer(Answer):
    """One upload. The next part begins at `received`. `counts`: fresh, changed, unchanged, rejected; `fault`: why it failed."""

    upload: str
    state: str
    file_name: str
    octets: int
    received: int
    drawn_at: datetime
    sent_by: str
    begun_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    octets_done: int
    lines_done: int
    counts: dict[str, int]
    fault: str | None
    ended_at: datetime | None
    mine: bool

    @classmethod
    def of(cls, found: Upload, who: Officer) -> UploadAnswer:
        """What the duty sees of it."""
        return cls(
            upload=str(found.id), state=found.state.value, file_name=found.file_name, octets=found.octets,
            received=found.received, drawn_at=found.drawn_at, sent_by=str(found.sent_by), begun_at=found.begun_at,
            decided_by=str(found.decided_by) if found.decided_by else None, decided_at=found.decided_at,
            octets_done=found.octets_done, lines_done=found.lines_done, counts=dict(found.counts), fault=found.fault,
            ended_at=found.ended_at, mine=found.sent_by == who.staff_id,
        )  # fmt: skip


class UploadsAnswer(Answer):
    """Newest first."""

    uploads: list[UploadAnswer]
    part_octets: int


class BeginUploadBody(Body):
    """The file. `drawn_at`: when it was drawn from the register; a standing changed here since then stays."""

    file_name: Annotated[str, StringConstraints(max_length=120)]
    octets: int
    drawn_at: Annotated[AwareDatetime, Field(strict=False)]


class UploadDecisionBody(Body):
    """Release it for import, or refuse it."""

    decision: Literal["release", "refuse"]


async def _permit(request: Request, who: Officer, *, fresh: bool = True) -> HeldDuty:
    """A register is the whole country's: only a nationwide duty imports it."""
    wiring = wired(request)
    async with recorded(request, who, Attempt(_REFUSED)):
        return staff.permit(
            who,
            Act.IMPORT_REGISTER,
            wiring.staff_policy,
            wiring.clock.now(),
            NATIONWIDE_DIVISION,
            fresh=fresh,
        )


@router.get("")
async def list_register_uploads(
    request: Request, who: OnDuty, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> UploadsAnswer:
    """The latest uploads and how far each is."""
    await _permit(request, who, fresh=False)
    async with wired(request).database.read() as tx:
        found = await drivers.list_uploads(tx, limit)
    return UploadsAnswer(
        uploads=[UploadAnswer.of(each, who) for each in found], part_octets=drivers.MOST_PART_OCTETS
    )


@router.post("", status_code=201)
async def begin_register_upload(request: Request, who: OnDuty, body: BeginUploadBody) -> UploadAnswer:
    """Begin an upload. Needs an Idempotency-Key and a fresh second factor."""
    wiring, key = wired(request), idempotency_key(request)
    now, held = wiring.clock.now(), await _permit(request, who)
    async with recorded(request, who, Attempt(_REFUSED)), wiring.database.transaction() as tx:

        async def perform() -> UploadAnswer:
            await staff.permit_still(tx, who, held, now)
            made = await drivers.begin_upload(
                tx, body.file_name, body.octets, body.drawn_at, who.staff_id, now, duty=held.duty.value
            )
            return UploadAnswer.of(made, who)

        return await once(
            tx, key, owner=who.staff_id, act="register-upload.begin", body=body, answer=UploadAnswer, now=now,
            perform=perform,
        )  # fmt: skip


@router.get("/{upload_id}")
async def show_register_upload(request: Request, who: OnDuty, upload_id: str) -> UploadAnswer:
    """One upload and how far its sending or its import is."""
    asked = UploadId.parse(upload_id)
    await _permit(request, who, fresh=False)
    async with wired(request).database.read() as tx:
        return UploadAnswer.of(await drivers.upload(tx, asked), who)


@router.put("/{upload_id}/parts", openapi_extra=_PART)
async def send_register_part(
    request: Request, who: OnDuty, upload_id: str, start: Annotated[int, Query(ge=0)]
) -> UploadAnswer:
    """The octets from `start` on. One that is here already changes nothing, so a part may be sent again; 409 names where the
    next one begins."""
    wiring, asked = wired(request), UploadId.parse(upload_id)
    held, part = await _permit(request, who, fresh=False), await request.body()
    tried = Attempt(_REFUSED, asked)
    async with recorded(request, who, tried), wiring.database.transaction() as tx:
        await staff.permit_still(tx, who, held, wiring.clock.now())
        return UploadAnswer.of(await drivers.take_part(tx, asked, start, part, who.staff_id), who)


@router.post("/{upload_id}/decisions", status_code=201)
async def decide_register_upload(
    request: Request, who: OnDuty, upload_id: str, body: UploadDecisionBody
) -> UploadAnswer:
    """Release somebody else's file for import, or refuse one. Needs an Idempotency-Key and a fresh second factor."""
    wiring, asked, key = wired(request), UploadId.parse(upload_id), idempotency_key(request)
    now, held = wiring.clock.now(), await _permit(request, who)
    tried = Attempt(_REFUSED, asked, detail={"decision": body.decision})
    async with recorded(request, who, tried), wiring.database.transaction() as tx:

        async def perform() -> UploadAnswer:
            await staff.permit_still(tx, who, held, now)
            release = body.decision == "release"
            if release:
                sent_by = (await drivers.upload(tx, asked)).sent_by
                await staff.demand_second_person(tx, who.staff_id, [sent_by], wiring.staff_policy)
            return UploadAnswer.of(
                await drivers.decide_upload(
                    tx, asked, who.staff_id, now, release=release, duty=held.duty.value
                ),
                who,
            )

        return await once(
            tx, key, owner=who.staff_id, act=f"register-upload.decide {upload_id}", body=body, answer=UploadAnswer,
            now=now, perform=perform,
        )  # fmt: skip


@router.get(
    "/{upload_id}/rejects",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": OCTETS}}}},
)
async def show_rejects(request: Request, who: OnDuty, upload_id: str) -> Response:
    """The lines that were not imported, each with its place and reason: a register file to be corrected. It holds personal data;
    that it was read is recorded."""
    wiring, asked = wired(request), UploadId.parse(upload_id)
    held, now = await _permit(request, who), wiring.clock.now()
    async with recorded(request, who, Attempt(_REFUSED, asked)), wiring.database.transaction() as tx:
        await staff.permit_still(tx, who, held, now)
        await drivers.read_rejects(tx, asked, who.staff_id, now, duty=held.duty.value)
    parts = drivers.rejects_of(wiring.database, asked)
    try:
        first = await anext(parts)
    except StopAsyncIteration:
        raise NotFound("no line was rejected") from None

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    headers = {"Content-Disposition": f'attachment; filename="{asked}.rejects.csv"'}
    return StreamingResponse(whole(), media_type="text/csv; charset=utf-8", headers=headers)
