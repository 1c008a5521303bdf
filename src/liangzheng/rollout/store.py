"""Every statement on rollout_wave and rollout_place."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import WaveId
from liangzheng.rollout.model import Calendar, Measure, Wave

_WAVE = "w.measure, w.name, w.opens_from, w.opens_until, w.nationwide, w.complete, w.source"


def _waves(rows: Iterable[Row]) -> list[Wave]:
    """Waves of rows `w.id, <wave columns>, division_code, opens_on` (null where a wave has no matching
    place).
    """
    heads: dict[object, Row] = {}
    places: dict[object, dict[str, date | None]] = {}
    for row in rows:
        heads[row["id"]] = row
        listed = places.setdefault(row["id"], {})
        if row["division_code"] is not None:
            listed[row["division_code"]] = row["opens_on"]
    return [
        Wave(
            measure=Measure(row["measure"]),
            name=row["name"],
            opens_from=row["opens_from"],
            opens_until=row["opens_until"],
            places=places[wave_id],
            nationwide=row["nationwide"],
            complete=row["complete"],
            source=row["source"],
        )
        for wave_id, row in heads.items()
    ]


async def calendar(tx: Connection) -> Calendar:
    """Everything the deployment has planned or opened."""
    rows = await tx.fetch(
        f"SELECT w.id, {_WAVE}, p.division_code, p.opens_on "
        "FROM rollout_wave AS w LEFT JOIN rollout_place AS p ON p.wave_id = w.id"
    )
    return Calendar.of(_waves(rows))


async def calendar_for(tx: Connection, measure: Measure, codes: tuple[str, ...]) -> Calendar:
    """What the calendar says of one measure in the places `codes`: enough to decide for them, one round trip.

    Waves of other places are left out; where a wave lists other places only, it says nothing of these.
    """
    rows = await tx.fetch(
        f"SELECT w.id, {_WAVE}, p.division_code, p.opens_on "
        "FROM rollout_wave AS w LEFT JOIN rollout_place AS p ON p.wave_id = w.id AND p.division_code = "
        "ANY($2) "
        "WHERE w.measure = $1 AND (w.nationwide OR NOT w.complete OR p.wave_id IS NOT NULL)",
        measure.value,
        list(codes),
    )
    return Calendar.of(_waves(rows))


async def wave(tx: Connection, measure: Measure, name: str) -> Wave | None:
    """One wave with all its places."""
    rows = await tx.fetch(
        f"SELECT w.id, {_WAVE}, p.division_code, p.opens_on "
        "FROM rollout_wave AS w LEFT JOIN rollout_place AS p ON p.wave_id = w.id WHERE w.measure = $1 AND "
        "w.name = $2",
        measure.value,
        name,
    )
    return next(iter(_waves(rows)), None)


async def add(tx: Connection, wave: Wave, now: datetime) -> WaveId | None:
    """The wave's new id; None when one of its name exists in the measure (also one added this moment)."""
    wave_id = WaveId.new()
    added = await tx.fetchval(
        "INSERT INTO rollout_wave (id, measure, name, opens_from, opens_until, nationwide, complete, "
        "source, recorded_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (measure, name) DO NOTHING RETURNING id",
        wave_id.uuid, wave.measure.value, wave.name, wave.opens_from, wave.opens_until,
        wave.nationwide, wave.complete, wave.source, now,
    )  # fmt: skip
    if added is None:
        return None
    await tx.execute(
        "INSERT INTO rollout_place (wave_id, division_code, opens_on) "
        "SELECT $1, code, day FROM unnest($2::text[], $3::date[]) AS listed (code, day)",
        wave_id.uuid, list(wave.places), list(wave.places.values()),
    )  # fmt: skip
    return wave_id
