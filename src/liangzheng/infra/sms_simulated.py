"""A gateway that only plays one: messages go into a file beside the database and to no mobile.

For the demo and for tests, where it can be told to misbehave. It says so in the file and in the log, and refuses to be
made in production.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from liangzheng.infra.logs import logger
from liangzheng.infra.sms import checked_text
from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.kernel.people import Mobile

_log = logger(__name__)
FILE: Final = "simulated-sms.ndjson"
"""In the data directory; one message a line. It holds mobiles and codes: closed to others, and never in production."""


class Fault(StrEnum):
    """What the simulated gateway is told to do with a message."""

    OUT_OF_REACH = "out_of_reach"
    LOST = "lost"
    """Taken, and never delivered."""
    ANSWER_LOST = "answer_lost"
    """Delivered, and said not to be: the same reference comes again."""
    NUMBER_REFUSED = "number_refused"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message as the simulated mobile shows it."""

    at: str
    mobile: str
    text: str
    reference: str
    simulated: bool = True


class SimulatedSms:
    """Delivers into `file`, once for each reference, unless a fault is due."""

    simulated = True

    def __init__(self, mode: str, file: Path) -> None:
        """Raises Unavailable in production."""
        if mode == "production":
            raise Unavailable("the simulated SMS gateway does not run in production")
        self._file = file
        self._faults: deque[Fault] = deque()

    def will(self, *faults: Fault) -> None:
        """The next messages fare like this, in order."""
        self._faults.extend(faults)

    async def send(self, mobile: Mobile, text: str, reference: str) -> None:
        """The message is in the file, once. Raises as a gateway would when a fault is due."""
        checked_text(text)
        fault = self._faults.popleft() if self._faults else None
        _log.warning("SIMULATED SMS: no mobile was reached", reference=reference)
        if fault is Fault.SLOW:
            await asyncio.sleep(3600)
        if fault is Fault.OUT_OF_REACH:
            raise Unavailable("the simulated SMS gateway plays dead")
        if fault is Fault.NUMBER_REFUSED:
            raise Invalid("mobile", "a number the gateway serves")
        if fault is Fault.LOST:
            return
        if all(known.reference != reference for known in delivered(self._file)):
            self._append(Delivered(datetime.now(UTC).isoformat(), mobile.value, text, reference))
        if fault is Fault.ANSWER_LOST:
            raise Unavailable("the simulated SMS gateway lost its answer")

    def recent(self, mobile: Mobile, within: timedelta) -> list[tuple[datetime, str]]:
        """Time and text of what was delivered to `mobile` within that time, newest first."""
        first = datetime.now(UTC) - within
        found = [(datetime.fromisoformat(each.at), each.text) for each in delivered(self._file, mobile)]
        return [each for each in reversed(found) if each[0] >= first]

    def _append(self, message: Delivered) -> None:
        line = msgspec.json.encode(message) + b"\n"
        fd = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.write(fd, line)  # one write: two processes never mix their lines
        finally:
            os.close(fd)


def delivered(file: Path, mobile: Mobile | None = None) -> list[Delivered]:
    """What was delivered (to `mobile`), oldest first; nothing while there is no file."""
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = [msgspec.json.decode(line, type=Delivered) for line in lines]
    return [message for message in found if mobile is None or message.mobile == mobile.value]
