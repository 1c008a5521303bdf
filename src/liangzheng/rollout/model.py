"""推广批次: waves, the calendar they make, and the answers it gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from liangzheng.kernel.errors import Conflict, Invalid
from liangzheng.kernel.region import is_division_code


class Measure(StrEnum):
    """What was rolled out in waves of its own: the four measures of 2021-09-01, and two that came before and
    after.
    """

    E_LICENCE = "e-licence"
    USED_VEHICLE_TRANSFER = "used-vehicle-transfer"
    LORRY_PASS = "lorry-pass"  # noqa: S105 (a pass for lorries)
    ACCIDENT_EVIDENCE = "accident-evidence"
    INSPECTION_MARK = "inspection-mark"
    E_VEHICLE_LICENCE = "e-vehicle-licence"

    @property
    def chinese(self) -> str:
        """As the ministry names it."""
        return _CHINESE[self.value]


_CHINESE = {
    "e-licence": "驾驶证电子化",
    "used-vehicle-transfer": "二手车异地交易登记",
    "lorry-pass": "货车电子通行码",
    "accident-evidence": "交通事故证据材料网上查阅",
    "inspection-mark": "检验标志电子凭证",
    "e-vehicle-licence": "电子行驶证",
}


@dataclass(frozen=True, slots=True)
class Wave:
    """Places that open together, or staggered between two days (`opens_from` None: the first day was not
    published).

    `places`: division code of a prefecture-level unit (320500) or a whole province (320000) → its day, None
    where
    the place was named and its day never published. `complete`: every place of the wave is named.
    """

    measure: Measure
    name: str
    opens_from: date | None
    opens_until: date
    places: Mapping[str, date | None]
    nationwide: bool = False
    complete: bool = True
    source: str = ""

    def __post_init__(self) -> None:
        place = f"wave {self.name}"
        object.__setattr__(self, "places", MappingProxyType(dict(self.places)))
        if not 1 <= len(self.name) <= 60:
            raise Invalid("wave name", "1 to 60 characters")
        if self.first_day > self.opens_until:
            raise Invalid(place, "ends on or after the day it begins")
        if self.nationwide and (self.places or not self.complete or self.opens_until != self.opens_from):
            raise Invalid(place, "nationwide: one day and no list of places")
        if not self.nationwide and self.complete and not self.places:
            raise Invalid(place, "at least one place")
        for code, day in self.places.items():
            if not is_division_code(code) or not (code.endswith("00") or code[2:4] == "90"):
                raise Invalid(place, "places are codes of provinces or of units at prefecture level")
            if day is not None and not self.first_day <= day <= self.opens_until:
                raise Invalid(f"{place}, {code}", "opens between the first and the last day of its wave")

    @property
    def first_day(self) -> date:
        """The earliest day a place of it can have opened."""
        return self.opens_from or date.min

    def day_of(self, division_code: str) -> date | None:
        """The published day of a prefecture-level unit in this wave; None when not in it or not published."""
        if self.nationwide:
            return self.opens_from
        return self.places.get(division_code) or self.places.get(division_code[:2] + "0000")

    def names(self, division_code: str) -> bool:
        """Whether the wave's published list holds the unit or its province."""
        return division_code in self.places or division_code[:2] + "0000" in self.places


@dataclass(frozen=True, slots=True)
class Calendar:
    """Waves of any measures, by opening day. Raises Conflict for a name given twice in a measure."""

    waves: tuple[Wave, ...]

    def __post_init__(self) -> None:
        ordered = tuple(
            sorted(self.waves, key=lambda wave: (wave.first_day, wave.opens_until, wave.measure, wave.name))
        )
        object.__setattr__(self, "waves", ordered)
        if len({(wave.measure, wave.name) for wave in ordered}) != len(ordered):
            raise Conflict("a wave's name is given once in a measure", place="calendar")

    @classmethod
    def of(cls, waves: Iterable[Wave]) -> Calendar:
        """A calendar of `waves`, in any order."""
        return cls(tuple(waves))

    def of_measure(self, measure: Measure) -> Iterator[Wave]:
        """The waves of one measure, by opening day."""
        return (wave for wave in self.waves if wave.measure is measure)


@dataclass(frozen=True, slots=True)
class Open:
    """Open on the day asked about, since a published day, by a wave."""

    since: date
    wave: str


@dataclass(frozen=True, slots=True)
class NotOpen:
    """Certainly not open on that day. `opens_on`: the published day it will open, None where there is
    none.
    """

    opens_on: date | None


@dataclass(frozen=True, slots=True)
class NotPublished:
    """The city's day was never published and this day lies in or after the wave it may belong to.

    `latest`: the last day it can have opened: the end of the wave it was named in, else the first published
    day that
    covers it; None where there is neither.
    """

    wave: str
    latest: date | None


Opening = Open | NotOpen | NotPublished
