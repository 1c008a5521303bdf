"""The real waves of 2020–2024 as a calendar, from the published rows of `data/waves.csv` and
`data/wave_places.csv`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from liangzheng.infra.reference import WaveRow
from liangzheng.rollout.model import Calendar, Measure, Wave


def calendar_of_history(rows: Iterable[WaveRow]) -> Calendar:
    """What was published and nothing else: a place of a staggered wave is named without a day of its own.

    `rows` stand in order of time within a measure, so a wave whose first day was not found began no earlier
    than the
    wave before it. For "nationwide" the day by which it held everywhere is a published day.
    """
    waves: list[Wave] = []
    began: dict[Measure, date | None] = {}
    for row in rows:
        measure = Measure(row.measure)
        everywhere = row.wave == "nationwide"
        one_day = everywhere or row.opens_on == row.latest_on
        first = row.latest_on if one_day else row.opens_on or began.get(measure)
        day = row.latest_on if one_day else None
        waves.append(
            Wave(
                measure=measure,
                name=row.wave,
                opens_from=first,
                opens_until=row.latest_on,
                places=dict.fromkeys(sorted(row.places), day) if not everywhere else {},
                nationwide=everywhere,
                complete=row.cities_known,
                source=row.source,
            )
        )
        began[measure] = first
    return Calendar.of(waves)
