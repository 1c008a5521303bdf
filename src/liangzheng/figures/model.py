"""What is counted: a measure, the civil day in China, the province; and in parts, the city and a refusal's reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class Counted(StrEnum):
    """The measures folded from events, and verifications, which leave none."""

    APPLICATION_ACCEPTED = "application.accepted"
    APPLICATION_REFUSED = "application.refused"
    REPLACEMENT_ACCEPTED = "replacement.accepted"
    REPLACEMENT_REFUSED = "replacement.refused"
    LICENCE_ISSUED = "licence.issued"
    LICENCE_REISSUED = "licence.reissued"
    LICENCE_WITHDRAWN = "licence.withdrawn"
    CODE_VERIFIED = "code.verified"


@dataclass(frozen=True, slots=True)
class Figure:
    """One counter. `division`: two digits of the province, empty where none is known."""

    measure: Counted
    day: date
    division: str


@dataclass(frozen=True, slots=True)
class Part:
    """One counter of the finer ones. `city`: six digits of a prefecture-level unit, `reason`: of a refusal; else empty."""

    measure: Counted
    day: date
    city: str
    reason: str


@dataclass(frozen=True, slots=True)
class Count:
    """One counter and how far it stands."""

    figure: Figure
    value: int

    @classmethod
    def of_row(cls, measure: str, day: date, division: str, value: int) -> Count:
        """From the columns of figure_count."""
        return cls(Figure(Counted(measure), day, division), value)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counters over some days: by day, and over all of them by province, city and reason; `totals` since the beginning."""

    days: Sequence[tuple[Counted, date, int]]
    provinces: Sequence[tuple[Counted, str, int]]
    cities: Sequence[tuple[Counted, str, int]]
    reasons: Sequence[tuple[Counted, str, int]]
    totals: Mapping[Counted, int]
    together_until: date | None = None
    """Up to this day new photos were counted among the applications (0034); None: never."""


SMALLEST_TOLD: Final = 5
"""Of a city, for everybody: in a small place a smaller count may mean somebody one knows."""


def told_to_everybody(value: int) -> int | None:
    """The count of a city as everybody hears it: in fives, rounded down, so that two answers do not differ by one
    person; None below five. Our choice."""
    return value // SMALLEST_TOLD * SMALLEST_TOLD or None
