"""What the simulated gateway sent to a mobile, for people who try the platform with a browser alone.

There is no such page where messages reach a real mobile, and none in production.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import Query, Request

from liangzheng.api.auth import public
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.rates import SIMULATED_MESSAGES_READ, take_here
from liangzheng.api.wired import wired
from liangzheng.infra.sms_simulated import SimulatedSms
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.people import Mobile

router = resource("/open/simulated-messages", "open")

RECENT: Final = timedelta(minutes=10)
_MOST: Final = 5


class SimulatedMessageAnswer(Answer):
    """One text message that reached no mobile."""

    at: datetime
    text: str


class SimulatedMessagesAnswer(Answer):
    """Newest first. `notice` says that all of it is simulated."""

    notice: str = "SIMULATED: sent to no mobile"
    messages: list[SimulatedMessageAnswer]


@router.get("")
@public
async def read_simulated(
    request: Request, mobile: Annotated[str, Query(max_length=32)]
) -> SimulatedMessagesAnswer:
    """The simulated messages of the last ten minutes to a mobile. 404 where messages are real, and in production."""
    wiring = wired(request)
    sms, now = wiring.sms, wiring.clock.now()
    if wiring.settings.mode == "production" or not isinstance(sms, SimulatedSms):
        raise NotFound("messages are not simulated here")
    take_here(request, SIMULATED_MESSAGES_READ, "simulated messages read", "anybody", now)
    found = await asyncio.to_thread(sms.recent, Mobile(mobile), RECENT)
    return SimulatedMessagesAnswer(
        messages=[SimulatedMessageAnswer(at=at, text=text) for at, text in found[:_MOST]]
    )
