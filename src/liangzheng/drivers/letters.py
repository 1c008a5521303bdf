"""Letters of a status by who put them there: the register, or an act of staff here.

A status says which letters hold, not why. So an act of staff (retained on the spot, suspended) has its letter
kept apart as well, until the register says something newer or the act is over (decisions/0011).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from liangzheng.kernel.status import Status, StatusLetter


@dataclass(frozen=True, slots=True)
class PutHere:
    """A letter that an act of staff put. `also_said`: the register has said it since, so it outlives the act."""

    letter: StatusLetter
    put_by: UUID
    put_at: datetime
    also_said: bool = False


def decide_letters(
    said: Status, put: Sequence[PutHere], said_at: datetime
) -> tuple[Status, tuple[PutHere, ...]]:
    """The status once the register has said one, and what is left of the letters put here.

    A letter the register names as well is the register's too. One it does not name is gone, unless it was put
    after `said_at`: then the register did not know of it, and an old word lifts no retention.

    Source: docs/reference.md §3.1 (U, D); who outweighs whom is a modelling choice.
    """
    status, left = said, []
    for each in put:
        if each.letter in said:
            left.append(replace(each, also_said=True))
        elif said_at < each.put_at.replace(microsecond=0):  # what says no fraction means the whole second
            left.append(replace(each, also_said=False))
            status = status.with_letter(each.letter)
    return status, tuple(left)
