"""What is open where, for everybody."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import Query, Request

from liangzheng import rollout
from liangzheng.api.auth import public
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.time import civil_day
from liangzheng.rollout import Measure, NotOpen, NotPublished, Open

router = resource("/open/rollout", "open")


class OpeningAnswer(Answer):
    """Whether a measure is open for licences of one authority on a day.

    `since` when open; `opens_on` when not open and announced; `latest` when a city's day was not published.
    """

    measure: str
    authority: str
    authority_name: str
    day: date
    opening: Literal["open", "not_open", "not_published"]
    wave: str | None = None
    since: date | None = None
    opens_on: date | None = None
    latest: date | None = None


@router.get("")
@public
async def show_opening(
    request: Request,
    authority: Annotated[
        str, Query(min_length=2, max_length=2, description="Issuing authority, such as 苏E")
    ],
    measure: Annotated[str, Query(max_length=40)] = Measure.E_LICENCE.value,
    day: Annotated[date | None, Query(description="A day in China; default: today")] = None,
) -> OpeningAnswer:
    """Where the electronic licence, or another measure, is open."""
    wiring = wired(request)
    on = day or civil_day(wiring.clock.now())
    asked = wiring.reference.authorities.get(authority)
    async with wiring.database.read() as tx:
        answer = await rollout.opening(tx, _measure(measure), asked, on)
    told = OpeningAnswer(
        measure=measure, authority=asked.code, authority_name=asked.name, day=on, opening="not_open"
    )
    match answer:
        case Open(since=since, wave=wave):
            return told.model_copy(update={"opening": "open", "since": since, "wave": wave})
        case NotPublished(wave=wave, latest=latest):
            return told.model_copy(update={"opening": "not_published", "wave": wave, "latest": latest})
        case NotOpen(opens_on=opens_on):
            return told.model_copy(update={"opens_on": opens_on})


def _measure(text: str) -> Measure:
    try:
        return Measure(text)
    except ValueError:
        raise Invalid("measure", "one of " + ", ".join(Measure)) from None
