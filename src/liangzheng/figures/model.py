"""What is counted: a measure, the civil day in China, the province."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Counted(StrEnum):
    """The measures folded from events."""

    APPLICATION_ACCEPTED = "application.accepted"
    APPLICATION_REFUSED = "application.refused"
    LICENCE_ISSUED = "licence.issued"
    LICENCE_REISSUED = "licence.reissued"
    LICENCE_WITHDRAWN = "licence.withdrawn"


@dataclass(frozen=True, slots=True)
class Figure:
    """One counter. `division`: two digits of the province, empty where none is known."""

    measure: Counted
    day: date
    division: str


@dataclass(frozen=True, slots=True)
class Count:
    """One counter and how far it stands."""

    figure: Figure
    value: int

    @classmethod
    def of_row(cls, measure: str, day: date, division: str, value: int) -> Count:
        """From the columns of figure_count."""
        return cls(Figure(Counted(measure), day, division), value)
