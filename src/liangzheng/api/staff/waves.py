"""The calendar of the rollout, for who opens cities. Opening one is a proposal (`open-wave`)."""

from __future__ import annotations

from datetime import date

from fastapi import Request

from liangzheng import rollout
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.staff.callers import OnDuty, permitted
from liangzheng.api.wired import wired
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
