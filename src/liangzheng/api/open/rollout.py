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


class WavePlace(Answer):
    """A city, or a province with all its cities, and its day; null: not published."""

    code: str
    name: str
    opens_on: date | None


class PublicWave(Answer):
    """One wave. `opens_from` null: the first day was not published; `complete` false: not every place was."""

    measure: str
    measure_name: str
    wave: str
    opens_from: date | None
    opens_until: date
    nationwide: bool
    complete: bool
    places: list[WavePlace]


class PublicWaves(Answer):
    """Every wave, by opening day."""

    waves: list[PublicWave]


@router.get("/waves")
@public
async def list_waves(request: Request) -> PublicWaves:
    """What was opened in which wave, and what is announced."""
    wiring = wired(request)
    async with wiring.database.read() as tx:
        calendar = await rollout.calendar(tx)
    name_of = wiring.reference.divisions.name_of
    return PublicWaves(
        waves=[
            PublicWave(
                measure=wave.measure.value, measure_name=wave.measure.chinese, wave=wave.name,
                opens_from=wave.opens_from, opens_until=wave.opens_until, nationwide=wave.nationwide,
                complete=wave.complete,
                places=[
                    WavePlace(code=code, name=name_of(code) or code, opens_on=day)
                    for code, day in wave.places.items()
                ],
            )
            for wave in calendar.waves
        ]
    )  # fmt: skip
