"""Opening the next cities is proposed by one person of the rollout and agreed to by another."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from liangzheng import rollout
from liangzheng.audit import Actor
from liangzheng.infra.postgres import Connection
from liangzheng.infra.reference import Reference
from liangzheng.kernel.errors import Conflict, Invalid
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.time import civil_day
from liangzheng.rollout import Measure, Wave
from liangzheng.staff.model import NATIONWIDE_DIVISION, Proposal, named
from liangzheng.staff.what import What, common_division, day_in, exactly, text_in

EVERYWHERE = "nationwide"
_MOST_PLACES = 400


def wave_of(what: What) -> Wave:
    """The wave proposed: `measure`, `wave` (its name), `places` (codes, or "nationwide"), `opens_on`. Raises Invalid."""
    exactly(what, "measure", "wave", "places", "opens_on")
    if what["measure"] not in set(Measure):
        raise Invalid("what", "measure is one of " + ", ".join(Measure))
    opens, places = day_in(what, "opens_on"), what["places"]
    if places != EVERYWHERE and not (
        isinstance(places, list)
        and 1 <= len(places) <= _MOST_PLACES
        and all(isinstance(code, str) for code in places)
    ):
        raise Invalid("what", f"places are 1 to {_MOST_PLACES} codes, or {EVERYWHERE}")
    listed = {} if places == EVERYWHERE else dict.fromkeys(sorted(set(places)), opens)
    name = named("wave", text_in(what, "wave"), 60)
    return Wave(
        Measure(what["measure"]), name, opens, opens, listed, nationwide=places == EVERYWHERE,
        source="opened by two people",
    )  # fmt: skip


async def place(tx: Connection, what: What) -> str:
    """The city, the province of several, or the whole country."""
    wave = wave_of(what)
    return NATIONWIDE_DIVISION if wave.nationwide else common_division(list(wave.places))


async def prepare(
    tx: Connection, reference: Reference, driver_id: DriverId | None, what: What, now: datetime
) -> dict[str, Any]:
    """Raises Invalid for a place there is not and for a day that is over, Conflict for a name that is taken."""
    wave = wave_of(what)
    if any(reference.divisions.name_of(code) is None for code in wave.places):
        raise Invalid("what", "places are divisions there are")
    if wave.first_day < civil_day(now):
        raise Invalid("what", "opens_on is today or later")
    if any(known.name == wave.name for known in (await rollout.calendar(tx)).of_measure(wave.measure)):
        raise Conflict("the calendar has a wave of this name", place="what", rule="name-taken")
    return {**what, "wave": wave.name, "places": EVERYWHERE if wave.nationwide else list(wave.places)}


async def carry_out(
    tx: Connection, reference: Reference, proposal: Proposal, actor: Actor, now: datetime
) -> None:
    """The wave is in the calendar. Raises Conflict when its day or its name has gone meanwhile."""
    wave = wave_of(proposal.what)
    if wave.first_day < civil_day(now):
        raise Conflict("its day is over: propose another", rule="day-over")
    if not await rollout.open_wave(tx, wave, now, actor):
        raise Conflict("the calendar has this wave already", rule="name-taken")
