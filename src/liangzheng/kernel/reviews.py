"""What every queue of a person's decisions shares: who reviews, in whose hand a review is, and who may decide it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from liangzheng.kernel.ids import DriverId, Id

REVIEW_WORKING_DAYS: Final = 1
"""What a holder sent is reviewed within one working day (docs/reference.md §4.2 no. 3)."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who reviews: kind and id as in the audit record."""

    kind: str
    id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(ABC):
    """What waits for a person's decision, or what was decided. `due_at`: the instant after which it is late.

    `provisional`: the promise counts a year whose holidays were not announced. `reasons` only when refused.
    """

    driver_id: DriverId
    """Who is seen in its pictures."""
    authority: str
    submitted_at: datetime
    due_day: date
    due_at: datetime
    provisional: bool
    taken_by: Reviewer | None
    taken_until: datetime | None
    escalated_at: datetime | None
    outcome: Literal["approved", "refused", "withdrawn"] | None
    reasons: tuple[str, ...]

    @property
    @abstractmethod
    def key(self) -> tuple[Id, Id]:
        """Its shard, and what it is a review of, by which reviewers name it."""


class Hand(StrEnum):
    """In whose hand a review is, as one reviewer sees it. A hand that was closed too long ago counts as nobody's."""

    OWN = "own"
    NOBODYS = "nobodys"
    ANOTHERS = "anothers"


def hand_of(
    taken_by: Reviewer | None, taken_until: datetime | None, reviewer: Reviewer, now: datetime
) -> Hand:
    """In whose hand it is for this reviewer."""
    if taken_until is None or taken_until <= now:
        return Hand.NOBODYS
    return Hand.OWN if taken_by == reviewer else Hand.ANOTHERS


def may_decide_review(outcome: str | None, hand: Hand) -> str | None:
    """Why this reviewer may not decide now, or None: the review is open and in their hand.

    Source: docs/reference.md §4.2 no. 3 (reviewed by the police), §4.8 (one outcome).
    """
    if outcome == "withdrawn":
        return "it was withdrawn: there is nothing to decide any more"
    if outcome is not None:
        return "it was decided on already"
    if hand is Hand.ANOTHERS:
        return "another reviewer has it in hand"
    return None if hand is Hand.OWN else "take it in hand first, or again: nobody has it now"
