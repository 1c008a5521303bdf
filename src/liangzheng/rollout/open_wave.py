"""Planning and opening a wave of this deployment's own calendar."""

from __future__ import annotations

from datetime import datetime

from liangzheng import audit
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict
from liangzheng.rollout import store
from liangzheng.rollout.model import Wave


async def open_wave(tx: Connection, wave: Wave, now: datetime, actor: audit.Actor) -> bool:
    """The wave is in the calendar and in the audit record; whether it is new.

    A wave whose day lies ahead is planned, one whose day has come is open: there is no second step. The same
    wave
    again changes nothing; another one under its name raises Conflict, because waves that were announced stay.
    """
    wave_id = await store.add(tx, wave, now)
    if wave_id is None:
        if await store.wave(tx, wave.measure, wave.name) != wave:
            raise Conflict(
                f"the calendar of {wave.measure} has another wave of this name; a wave that was announced "
                f"is not changed",
                place=wave.name,
            )
        return False
    detail = {"measure": wave.measure.value, "wave": wave.name, "opens-from": str(wave.opens_from or "")}
    await audit.record(
        tx, act="rollout.wave-opened", actor=actor, subject=wave_id, purpose="rollout", detail=detail, now=now
    )
    return True
