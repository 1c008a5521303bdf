"""Where and from which day each measure is open.

`decide_opening` is the rule, over any calendar: the history of 2021 (`history.load`) or what this deployment
has opened
(`opening` reads that). A wave decides who may apply; a licence once issued counts everywhere.
"""

from __future__ import annotations

from datetime import date

from liangzheng.infra.postgres import Connection
from liangzheng.kernel.region import IssuingAuthority
from liangzheng.rollout import store
from liangzheng.rollout.model import Calendar, Measure, NotOpen, NotPublished, Open, Opening, Wave
from liangzheng.rollout.open_wave import open_wave
from liangzheng.rollout.rules import decide_opening
from liangzheng.rollout.store import calendar

__all__ = [
    "Calendar",
    "Measure",
    "NotOpen",
    "NotPublished",
    "Open",
    "Opening",
    "Wave",
    "calendar",
    "decide_opening",
    "open_wave",
    "opening",
]


async def opening(tx: Connection, measure: Measure, authority: IssuingAuthority, day: date) -> Opening:
    """The deployment's own answer for licences issued by `authority`; the database is read in one
    statement.
    """
    code = authority.division_code or authority.province_prefix + "0000"
    known = await store.calendar_for(tx, measure, (code, code[:2] + "0000"))
    return decide_opening(known, measure, authority, day)
