"""What the queues of reviews have in common over HTTP: a page of one, and what a decision says."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from fastapi import Query, Request
from pydantic import Field, model_validator

from liangzheng import reviewing
from liangzheng.api.bodies import Body
from liangzheng.api.wired import wired
from liangzheng.kernel.ids import Id
from liangzheng.reviewing import Queue, ReviewDesk
from liangzheng.reviewing.queue import R

After = Annotated[str | None, Query(max_length=40)]
Limit = Annotated[int, Query(ge=1, le=100)]


class DecisionBody(Body):
    """Approve, or refuse for one to five reasons of the catalogue."""

    catalogue: ClassVar[type[StrEnum]]
    decision: Literal["approve", "refuse"]
    reasons: list[str] = Field(default_factory=list, max_length=reviewing.MOST_REASONS)

    @model_validator(mode="after")
    def reasons_with_a_refusal(self) -> Self:
        """Reasons go with a refusal, and only with one."""
        if bool(self.reasons) is not (self.decision == "refuse"):
            raise ValueError("one to five reasons go with a refusal, and none with an approval")
        if not set(self.reasons) <= set(self.catalogue):
            raise ValueError("reasons are those of the catalogue")
        return self


async def page(
    request: Request, queue: Queue[R], desk: ReviewDesk, after: Id | None, limit: int, late: bool
) -> tuple[list[R], str | None]:
    """Open reviews, or the late ones, and what to give as `after` for the next page, if there is one. That the page was read is
    recorded."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        found = await reviewing.read_page(tx, queue, desk, after, limit, wiring.clock.now(), late=late)
    return found, str(found[-1].key[1]) if len(found) == limit else None
