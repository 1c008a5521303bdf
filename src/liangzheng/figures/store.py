"""Every statement on figure_count, figure_part and figure_mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from liangzheng.figures.model import Count, Counted, Figure, Part, Summary
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.time import civil_day


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


async def add_parts(tx: Connection, parts: Mapping[Part, int]) -> None:
    """As `add`, of the finer counters."""
    ordered = sorted(
        parts.items(), key=lambda item: (item[0].measure, item[0].day, item[0].city, item[0].reason)
    )
    await tx.execute(
        "INSERT INTO figure_part AS f (measure, day, city, reason, value) "
        "SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::text[], $5::bigint[]) "
        "ON CONFLICT (measure, day, city, reason) DO UPDATE SET value = f.value + excluded.value",
        [part.measure.value for part, _ in ordered], [part.day for part, _ in ordered],
        [part.city for part, _ in ordered], [part.reason for part, _ in ordered], [value for _, value in ordered],
    )  # fmt: skip


async def counted_to(tx: Connection, measure: Counted) -> datetime | None:
    """Up to when a measure that leaves no events was counted; held until the transaction ends. None: never."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _MARK_LOCK)
    found: datetime | None = await tx.fetchval("SELECT at FROM figure_mark WHERE measure = $1", measure.value)
    return found


_MARK_LOCK: Final = 0x4C5A_0008


async def set_mark(tx: Connection, measure: Counted, at: datetime) -> None:
    """Everything up to `at` is counted."""
    await tx.execute(
        "INSERT INTO figure_mark (measure, at) VALUES ($1, $2) ON CONFLICT (measure) DO UPDATE SET at = $2",
        measure.value, at,
    )  # fmt: skip


async def summary(tx: Connection, first: date, last: date, measures: Sequence[Counted]) -> Summary:
    """The counters of the days from `first` to `last`, in sums, and the totals since the beginning."""
    asked = ([measure.value for measure in measures], first, last)
    days = await tx.fetch(
        "SELECT measure, day, sum(value)::bigint AS value FROM figure_count "
        "WHERE measure = ANY ($1) AND day BETWEEN $2 AND $3 GROUP BY 1, 2 ORDER BY 1, 2", *asked,
    )  # fmt: skip
    provinces = await tx.fetch(
        "SELECT measure, division, sum(value)::bigint AS value FROM figure_count "
        "WHERE measure = ANY ($1) AND day BETWEEN $2 AND $3 GROUP BY 1, 2 ORDER BY 1, 2", *asked,
    )  # fmt: skip
    parts = await tx.fetch(
        "SELECT measure, city, reason, sum(value)::bigint AS value FROM figure_part "
        "WHERE measure = ANY ($1) AND day BETWEEN $2 AND $3 AND (city <> '' OR reason <> '') "
        "GROUP BY GROUPING SETS ((1, 2), (1, 3)) ORDER BY 1, 2, 3", *asked,
    )  # fmt: skip
    totals = await tx.fetch("SELECT measure, sum(value)::bigint AS value FROM figure_count GROUP BY 1")
    apart: datetime | None = await tx.fetchval(
        "SELECT at FROM figure_mark WHERE measure = $1", Counted.REPLACEMENT_ACCEPTED.value
    )
    return Summary(
        days=[(Counted(row["measure"]), row["day"], row["value"]) for row in days],
        provinces=[(Counted(row["measure"]), row["division"], row["value"]) for row in provinces],
        cities=[(Counted(row["measure"]), row["city"], row["value"]) for row in parts if row["city"]],
        reasons=[(Counted(row["measure"]), row["reason"], row["value"]) for row in parts if row["reason"]],
        totals={Counted(row["measure"]): row["value"] for row in totals},
        together_until=civil_day(apart) if apart else None,
    )
