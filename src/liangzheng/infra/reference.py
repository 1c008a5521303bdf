"""Reads `liangzheng/data/*.csv` into the kernel's tables, once a process; a wrong row stops with its place.

What each column means and where each file comes from: `liangzheng/data/README.md`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from liangzheng.infra.working_days import PublishedCalendar
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.region import (
    PROVINCES,
    Authorities,
    Division,
    DivisionLevel,
    Divisions,
    IssuingAuthority,
    is_division_code,
)
from liangzheng.kernel.time import WorkingCalendar


@dataclass(frozen=True, slots=True)
class WaveRow:
    """One wave of one measure, as published. Columns as in `data/README.md`; `places` are division codes."""

    measure: str
    wave: str
    opens_on: date | None
    latest_on: date
    cities_known: bool
    announced: int | None
    places: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Everything read from the data files, and the working calendar."""

    divisions: Divisions
    authorities: Authorities
    calendar: WorkingCalendar
    waves: tuple[WaveRow, ...]


def rows(name: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Place (`file line n`) and row of a data file, in order. Raises Invalid for too few or many fields."""
    text = files("liangzheng").joinpath("data", name).read_text(encoding="utf-8")
    reader = csv.DictReader(text.splitlines())
    for row in reader:
        place = f"{name} line {reader.line_num}"
        if None in row or None in row.values():
            raise Invalid(place, "as many fields as the header has")
        yield place, row


def _division(place: str, code: str, name: str, level: str) -> Division:
    try:
        return Division(code, name, DivisionLevel(level))
    except Invalid as fault:
        raise fault.at(place) from None
    except ValueError:
        raise Invalid(place, "level is province, prefecture or county") from None


def _divisions() -> Divisions:
    current = [
        _division(place, row["code"], row["name"], row["level"])
        for place, row in rows("divisions_prefecture.csv")
    ]
    for place, row in rows("divisions_county.csv"):
        current.append(_division(place, row["code"], row["name"], DivisionLevel.COUNTY))
        if row["province_code"] != current[-1].province_code:
            raise Invalid(place, "a county lies in the province its code begins with")
    historical: dict[str, str] = {}
    for place, row in rows("divisions_historical.csv"):
        if not is_division_code(row["code"]) or row["code"][:2] not in PROVINCES:
            raise Invalid(place, "six digits that begin with a province prefix")
        if row["code"] in historical:
            raise Invalid(place, "each code once")
        historical[row["code"]] = row["name"]
    return Divisions(current, historical)


def _authorities(divisions: Divisions) -> Authorities:
    found = []
    for place, row in rows("issuing_authorities.csv"):
        try:
            found.append(IssuingAuthority(row["code"], row["name"], row["division_code"] or None))
        except Invalid as fault:
            raise fault.at(place) from None
    return Authorities(found, divisions)


def _day(place: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(place, "a day as YYYY-MM-DD") from None


def _wave_places(divisions: Divisions) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for place, row in rows("wave_places.csv"):
        code = row["division_code"]
        if not divisions.current(code) or divisions.get(code).level is DivisionLevel.COUNTY:
            raise Invalid(place, "a current province-level or prefecture-level division")
        codes = found.setdefault((row["measure"], row["wave"]), set())
        if code in codes:
            raise Invalid(place, "each place once in a wave")
        codes.add(code)
    return found


def _waves(divisions: Divisions) -> tuple[WaveRow, ...]:
    places = _wave_places(divisions)
    waves: list[WaveRow] = []
    for place, row in rows("waves.csv"):
        if row["cities_known"] not in ("yes", "no"):
            raise Invalid(place, "cities_known is yes or no")
        wave = WaveRow(
            measure=row["measure"],
            wave=row["wave"],
            opens_on=_day(place, row["opens_on"]) if row["opens_on"] else None,
            latest_on=_day(place, row["latest_on"]),
            cities_known=row["cities_known"] == "yes",
            announced=int(row["places"]) if row["places"] else None,
            places=frozenset(places.pop((row["measure"], row["wave"]), set())),
            source=row["source"],
        )
        if wave.opens_on is not None and wave.opens_on > wave.latest_on:
            raise Invalid(place, "latest_on is not before opens_on")
        waves.append(wave)
    if places:
        raise Invalid("wave_places.csv", "names only waves of waves.csv, each of them once there")
    return tuple(waves)


@cache
def load_reference() -> Reference:
    """The reference tables, read once a process. Raises Invalid naming file and line of a wrong row."""
    divisions = _divisions()
    return Reference(divisions, _authorities(divisions), PublishedCalendar(), _waves(divisions))
