"""The calendar of the rollout, for who opens cities. Opening one is a proposal (`open-wave`)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query, Request

from liangzheng import drivers, rollout
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.staff.callers import OnDuty, permitted
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.time import civil_day
from liangzheng.rollout import Measure, Open
from liangzheng.staff import Act

router = resource("/staff/waves", "staff")


class WaveAnswer(Answer):
    """One wave. `opens_from` null: the first day was not published; `complete` false: not every place was."""

    measure: str
    wave: str
    opens_from: date | None
    opens_until: date
    nationwide: bool
    complete: bool
    places: dict[str, date | None]
    source: str


class WavesAnswer(Answer):
    """Every wave, by opening day."""

    waves: list[WaveAnswer]


@router.get("")
async def list_waves(request: Request, who: OnDuty) -> WavesAnswer:
    """What is open and what is planned."""
    await permitted(request, who, Act.OPEN_WAVE, "calendar.refused", fresh=False)
    async with wired(request).database.read() as tx:
        found = await rollout.calendar(tx)
    return WavesAnswer(
        waves=[
            WaveAnswer(
                measure=wave.measure.value,
                wave=wave.name,
                opens_from=wave.opens_from,
                opens_until=wave.opens_until,
                nationwide=wave.nationwide,
                complete=wave.complete,
                places=dict(wave.places),
                source=wave.source,
            )
            for wave in found.waves
        ]
    )


class PlaceAnswer(Answer):
    """A province or a unit at prefecture level that issues licences. `open_since` null: not open today."""

    code: str
    name: str
    province: str
    open_since: date | None


class PlacesAnswer(Answer):
    """Where a wave can open, and where the measure is open today."""

    measure: str
    day: date
    places: list[PlaceAnswer]


class DryRunAnswer(Answer):
    """What a wave would open: `cities` that are not open by then, and the `drivers` whose licence is from there. `exact`
    false: counted in a sample of a large register."""

    cities: int
    already_open: int
    drivers: int
    exact: bool


@router.get("/places")
async def list_places(request: Request, who: OnDuty, measure: Measure = Measure.E_LICENCE) -> PlacesAnswer:
    """Every unit at prefecture level that issues licences, and since when the measure is open there."""
    await permitted(request, who, Act.OPEN_WAVE, "calendar.refused", fresh=False)
    wiring = wired(request)
    authorities, today = wiring.reference.authorities, civil_day(wiring.clock.now())
    async with wiring.database.read() as tx:
        calendar = await rollout.calendar(tx)
    places: dict[str, PlaceAnswer] = {}
    for authority in authorities:
        unit = authorities.prefecture_of(authority.code)
        if unit is None or unit.code in places:
            continue
        opening = rollout.decide_opening(calendar, measure, authority, today)
        places[unit.code] = PlaceAnswer(
            code=unit.code, name=unit.name, province=authorities.province_of(authority.code).name,
            open_since=opening.since if isinstance(opening, Open) else None,
        )  # fmt: skip
    return PlacesAnswer(
        measure=measure.value, day=today, places=sorted(places.values(), key=lambda each: each.code)
    )


@router.get("/dry-run")
async def try_wave(
    request: Request,
    who: OnDuty,
    opens_on: date,
    measure: Measure = Measure.E_LICENCE,
    place: Annotated[list[str] | None, Query(max_length=400, description="Codes; none: nationwide")] = None,
) -> DryRunAnswer:
    """What opening these places on a day would open. Nothing is changed."""
    await permitted(request, who, Act.OPEN_WAVE, "calendar.refused", fresh=False)
    wiring = wired(request)
    authorities = wiring.reference.authorities
    chosen = _served(authorities, place)
    async with wiring.database.read() as tx:
        calendar = await rollout.calendar(tx)
        opening = {
            code: isinstance(rollout.decide_opening(calendar, measure, authorities.get(code), opens_on), Open)
            for code in chosen
        }
        fresh = [code for code, is_open in opening.items() if not is_open]
        counted, exact = await drivers.count_of(tx, fresh)

    def cities(codes: list[str]) -> int:
        return len({getattr(authorities.prefecture_of(code), "code", code) for code in codes})

    return DryRunAnswer(
        cities=cities(fresh), already_open=cities([code for code in chosen if opening[code]]), drivers=counted,
        exact=exact,
    )  # fmt: skip


def _served(authorities: Authorities, places: list[str] | None) -> list[str]:
    if places is None:
        return [authority.code for authority in authorities]
    found: list[str] = []
    for code in dict.fromkeys(places):
        serving = [authority.code for authority in authorities.serving(code)]
        if not serving:
            raise Invalid("place", "codes of provinces or units at prefecture level that issue licences")
        found += serving
    return list(dict.fromkeys(found))
