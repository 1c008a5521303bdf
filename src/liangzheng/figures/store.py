"""Every statement on figure_count."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from liangzheng.figures.model import Count, Figure
from liangzheng.infra.postgres import Connection


async def add(tx: Connection, counts: Mapping[Figure, int]) -> None:
    """Each counter grows. In one order always, so that two folds never wait for each other crosswise."""
    ordered = sorted(counts.items(), key=lambda item: (item[0].measure, item[0].day, item[0].division))
    await tx.execute(
        "INSERT INTO figure_count AS f (measure, day, division, value) "
        "SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::bigint[]) "
        "ON CONFLICT (measure, day, division) DO UPDATE SET value = f.value + excluded.value",
        [figure.measure.value for figure, _ in ordered], [figure.day for figure, _ in ordered],
        [figure.division for figure, _ in ordered], [value for _, value in ordered],
    )  # fmt: skip


async def between(tx: Connection, first: date, last: date) -> list[Count]:
    """Counters of the days from `first` to `last`, by measure, day and division."""
    rows = await tx.fetch(
        "SELECT measure, day, division, value FROM figure_count WHERE day BETWEEN $1 AND $2 ORDER BY "
        "measure, day, division",
        first,
        last,
    )
    return [Count.of_row(row["measure"], row["day"], row["division"], row["value"]) for row in rows]
