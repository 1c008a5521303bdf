"""POST lines about drivers; hear which numbers are done. An empty body only asks where the feed stands."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request

from liangzheng import drivers
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.source.callers import Source
from liangzheng.api.wired import wired

router = resource("/source/register-changes", "source")

NDJSON: Final = "application/x-ndjson"
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "description": f"At most {drivers.MOST_LINES} lines; the form of a line is in docs/how-to/feed-the-register.md.",
        "required": False,
        "content": {NDJSON: {"schema": {"type": "string"}}},
    }
}


class RefusedAnswer(Answer):
    """A line that had no effect, and never will under this number. `line` is its place in the body.

    `sequence` is null for what could not be read: nothing was recorded of it, and its number is still missing.
    """

    line: int | None
    sequence: int | None
    place: str
    rule: str


class FeedAnswer(Answer):
    """Every number up to `done_to` is done: applied, older or refused. The feed goes on with the next one.

    `older`: numbers that were taken and have no effect, because a line of their kind about the driver that happened
    later was applied before.
    """

    done_to: int
    applied: int
    known: int
    waiting: int
    refused: list[RefusedAnswer]
    older: list[int]


@router.post("", summary="Tell of changes", openapi_extra=_BODY)
async def tell_changes(request: Request, who: Source) -> FeedAnswer:
    """Applies the lines in the order of their numbers, each with its whole effect or none; safe to repeat.

    409 when a number stood for another line before: the source is then halted until an operator has looked.
    """
    wiring = wired(request)
    answer = await drivers.take_feed(
        wiring.database, wiring.key_index, drivers.code_tables(), who.source.id, await request.body(),
        wiring.clock.now(), wiring.feed_policy, who.kid,
    )  # fmt: skip
    refused = [
        RefusedAnswer(line=each.line, sequence=each.sequence, place=each.place, rule=each.rule)
        for each in answer.refused
    ]
    return FeedAnswer(
        done_to=answer.done_to,
        applied=answer.applied,
        known=answer.known,
        waiting=answer.waiting,
        refused=refused,
        older=list(answer.older),
    )
