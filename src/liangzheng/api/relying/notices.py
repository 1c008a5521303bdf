"""Change notices a company was sent, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query, Request, Response

from liangzheng import relying
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.relying.callers import Company
from liangzheng.api.wired import wired
from liangzheng.kernel.ids import NoticeId

router = resource("/relying/notices", "relying")


class NoticeAnswer(Answer):
    """One notice. `last_error` is a code: `status-500`, `unreachable`, `place-refused` …"""

    notice: str
    pseudonym: str
    purpose: str
    state: str
    attempts: int
    made_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    last_error: str | None


class NoticesAnswer(Answer):
    """Newest first; `before` of the next page is the last `notice`."""

    notices: list[NoticeAnswer]


@router.get("")
async def listed(
    request: Request,
    who: Company,
    before: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> NoticesAnswer:
    """The notices to the calling company."""
    until = NoticeId.parse(before) if before is not None else None
    async with wired(request).database.read() as tx:
        found = await relying.notices_of(tx, who, until, limit)
    return NoticesAnswer(
        notices=[
            NoticeAnswer(
                notice=str(notice.id),
                pseudonym=str(notice.pseudonym),
                purpose=notice.purpose,
                state=notice.state.value,
                attempts=notice.attempts,
                made_at=notice.made_at,
                due_at=None if notice.ended_at else notice.due_at,
                ended_at=notice.ended_at,
                last_error=notice.last_error,
            )
            for notice in found
        ]
    )


@router.post("/{notice_id}/attempts", status_code=202, response_class=Response)
async def again(request: Request, who: Company, notice_id: str) -> Response:
    """Try a notice again that was given up. A second call finds nothing given up, and sends nothing twice."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        await relying.ask_again(tx, who, NoticeId.parse(notice_id), wiring.clock.now())
    return Response(status_code=202)
