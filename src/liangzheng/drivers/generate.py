"""A register of people who do not exist, consistent in itself, the same for the same seed and day.

Line k does not depend on how many lines are asked for. The first lines are the cases tests and demos look for
(`CASES`): every status, rare names, old numbers, every kind of document; then chance with its weights.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import accumulate
from math import gcd
from typing import Final, Generic, NamedTuple, TypeVar

from liangzheng.drivers import fictional as f
from liangzheng.drivers.columns import HEADERS, CodeTables
from liangzheng.drivers.draw import albums, seen
from liangzheng.kernel.classes import ORDER_162_DAY
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.people import Sex, card_core_check_character, citizen_check_character

MOST_DRIVERS: Final = 10_000_000
"""Up to here no identity number comes twice: each is a place in a table of days and sequence numbers, walked
in one cycle."""

_DAYS_IN_YEAR: Final = 365
_SPARE_SEQUENCES: Final = 990  # 990 to 999 are kept for CASES
_SERIALS: Final = 100_000_000
_YEAR: Final = 365.25
_SIX_YEARS: Final = 2192


@cache
def _iso(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _ordinal(iso: str) -> int:
    return date.fromisoformat(iso).toordinal()


def _years_on(iso: str, years: int) -> str:
    """The same day `years` later; for 29 February 1 March, so that no common year lacks it."""
    rest = iso[4:] if iso[4:] != "-02-29" else "-03-01"
    return f"{int(iso[:4]) + years}{rest}"


@dataclass(frozen=True, slots=True)
class Case:
    """What one of the first lines must show; everything left open falls to chance."""

    title: str
    age: int = 40
    status: str = "A"
    path: f.Path | None = None
    name: str | None = None
    kind: str = "A"
    old_number: bool = False
    old_division: bool = False
    held_years: float = 8.0
    hearing_aid: bool = False
    extended_days: int | None = None
    school_bus: bool = False
    ends_in_days: int | None = None
    female: bool | None = None
    authority: str | None = None


def _path(classes: str) -> f.Path:
    """The path that ends in exactly these classes."""
    return next(path for path in f.PATHS if path.held == classes)


CASES: Final = (
    *(Case(f"status {letter}", status=letter, extended_days=90 if letter in "NPT" else None) for _, letter in f.STATUSES),
    *(Case(f"statuses {letters}", status=letters, extended_days=-5 if "N" in letters else None) for letters in f.STATUS_SETS),
    *(Case(f"status {letter}, extension over", status=letter, extended_days=-1) for letter in "NPT"),
    *(Case(f"document {kind}", kind=kind) for kind in "CDEFGM"),
    *(Case(f"rare name {number}", name=name, path=_path("C1"), authority="苏E") for number, name in enumerate(f.RARE_NAMES)),
    *(Case(f"rare character {number}", name=f"例{rare}") for number, rare in enumerate(f.RARE)),
    Case("middle dot", name="买买提·虚拟江"),
    Case("longest name", name=f.LONGEST_NAME),
    Case("compound surname", name="欧阳虚明"),
    Case("15-digit number", age=70, old_number=True, held_years=30),
    Case("number of an abolished county", age=58, old_division=True, held_years=20),
    Case("just eighteen", age=18, held_years=0.1),
    Case("oldest", age=89, held_years=40),
    Case("long-term", age=50, held_years=18),
    Case("expires today", ends_in_days=0),
    Case("expired yesterday", ends_in_days=-1),
    Case("expired, overdue", status="M", ends_in_days=-40),
    Case("bus and lorry train", age=45, held_years=12, path=_path("A1A2")),
    Case("bus, lorry train, motorcycle", age=45, held_years=12, path=_path("A1A2D")),
    Case("school bus", age=44, held_years=12, path=_path("A1"), school_bus=True),
    Case("light trailer", age=35, held_years=10, path=f.LIGHT_TRAILER),
    Case("heavy class lost to age", age=66, held_years=30, path=f.LOST_TO_AGE),
    Case("adapted car with hearing aid", path=_path("C5"), hearing_aid=True, female=True),
    Case("hearing aid", hearing_aid=True),
    *(Case(f"class {p.spells[-1][0]}", age=42, held_years=9, path=p) for p in f.PATHS if p.years == 0),
)  # fmt: skip


_Item = TypeVar("_Item")


class _Weighted(Generic[_Item]):
    """Items drawn as often as their weight says."""

    def __init__(self, pairs: Sequence[tuple[int, _Item]]) -> None:
        self._sums = list(accumulate(weight for weight, _ in pairs))
        self._items = [item for _, item in pairs]

    def at(self, chance: float) -> _Item:
        """The item at `chance`, 0 ≤ chance < 1."""
        return self._items[bisect(self._sums, chance * self._sums[-1])]


class _Office(NamedTuple):
    code: str
    prefix: str  # first four digits of its file numbers
    department: str
    counties: tuple[tuple[str, str], ...]  # code, full name


def _offices(tables: CodeTables) -> list[tuple[int, _Office]]:
    """Issuing authorities with their weight: a province's people, shared between its authorities."""
    divisions, authorities = tables.divisions, tables.authorities
    by_province: dict[str, list[_Office]] = {}
    for authority in authorities:
        province = authorities.province_of(authority.code)
        seat = authorities.prefecture_of(authority.code) or province
        counties = divisions.counties_of(seat.code) or (seat,)
        start = province.name if seat.code == province.code else province.name + seat.name
        named = tuple((c.code, start if c.code == seat.code else start + c.name) for c in counties)
        office = _Office(authority.code, seat.code[:4], seat.code + "000400", named)
        by_province.setdefault(province.code[:2], []).append(office)
    return [
        (max(1, weight * 1000 // len(by_province[prefix])), office)
        for prefix, weight in f.POPULATION.items()
        for office in by_province.get(prefix, ())
    ]


def _birth_slots(as_of: date) -> list[tuple[int, str]]:
    """(1 January's ordinal, sequence) for every 365 identity numbers: all sequences for people of working
    age, fewer for the old.

    Two of three are odd (male), as among drivers.
    """
    slots: list[tuple[int, str]] = []
    for age in range(19, 91):
        used = _SPARE_SEQUENCES if age < 56 else max(40, _SPARE_SEQUENCES - (age - 55) * 28)
        new_year = date(as_of.year - age, 1, 1).toordinal()
        slots += [(new_year, f"{seq:03d}") for seq in range(1, used) if seq % 2 or seq % 4 == 0]
    return slots


def _abolished_counties(tables: CodeTables) -> list[str]:
    codes = (f"{prefix}{rest:04d}" for prefix in sorted(f.POPULATION) for rest in range(100, 3000))
    return [code for code in codes if code[4:] != "00" and tables.divisions.historical(code)]


def _coprime(near: int, modulus: int) -> int:
    while gcd(near, modulus) != 1:
        near += 1
    return near


class _Person(NamedTuple):
    kind: str
    number: str
    name: str
    sex: str
    nationality: str
    birth: int  # ordinal


class _Licence(NamedTuple):
    path: f.Path
    first: str
    classes: str
    history: str
    valid_from: str
    valid_until: str
    term: str


_ANYONE: Final = Case("anyone", age=0, held_years=0)


class Generator:
    """Makes the lines of one register. Every line moves its random stream: lines are made once and in order."""

    def __init__(self, tables: CodeTables, *, seed: int, as_of: date, portraits: Sequence[str] = ()) -> None:
        """`portraits`: SHA-256 in hex of the pictures drivers may share, in the order of their numbers, which say whom each shows
        (`draw.whose`); without any, no driver has one."""
        stream = random.Random(f"liangzheng register {seed}")
        self._chance = stream.random
        self._as_of = as_of
        self._today = as_of.toordinal()
        self._today_iso = as_of.isoformat()
        self._albums = albums(portraits) if portraits else {}
        offices = _offices(tables)
        self._office = _Weighted(offices)
        self._by_code = {office.code: office for _, office in offices}
        self._path = _Weighted([(path.weight, path) for path in f.PATHS])
        self._status = _Weighted(f.STATUSES)
        self._abolished = _abolished_counties(tables)
        self._slots = _birth_slots(as_of)
        self._cycle = len(self._slots) * _DAYS_IN_YEAR
        assert self._cycle >= MOST_DRIVERS, "identity numbers would come twice"
        self._step = _coprime(int(self._cycle * 0.6180339887), self._cycle)
        self._start = stream.randrange(self._cycle)
        self._serial_start = stream.randrange(_SERIALS)
        self._made = 0

    def lines(self, drivers: int) -> Iterator[str]:
        """CSV lines without line ends, the header first. Raises Invalid for more drivers than there are
        numbers."""
        if not 0 <= drivers <= MOST_DRIVERS:
            raise Invalid("drivers", f"0 to {MOST_DRIVERS}")
        yield ",".join(HEADERS)
        for _ in range(drivers):
            yield ",".join(self.next_fields())

    def next_fields(self) -> list[str]:
        """The fields of the next line, quoted where they must be."""
        index, self._made = self._made, self._made + 1
        case = CASES[index] if index < len(CASES) else _ANYONE
        office = self._office.at(self._chance())
        if case.authority is not None:
            office = self._by_code[case.authority]
        county, place = office.counties[int(self._chance() * len(office.counties))]
        person = self._person(index, case, county)
        licence, status = self._licence(person.birth, case)
        return self._line(index, case, person, licence, status, (office, county, place))

    def _person(self, index: int, case: Case, county: str) -> _Person:
        chance = self._chance
        if case is _ANYONE:
            slot = (self._start + index * self._step) % self._cycle
            new_year, sequence = self._slots[slot // _DAYS_IN_YEAR]
            birth = new_year + slot % _DAYS_IN_YEAR
        else:
            birth = self._today - int(case.age * _YEAR) - 30 - index
            sequence = str(_SPARE_SEQUENCES + 2 * (index % 5) + (0 if case.female else 1))
        kind = case.kind if case is not _ANYONE or chance() < 0.997 else "CDEFGM"[int(chance() * 6)]
        sex = "1" if sequence[2] in "13579" else "2"
        if kind not in "AM":
            name = case.name or (self._latin_name() if kind in "FG" else self._name())
            number = f"{'虚字第' if kind in 'CDE' else 'XU'}{(self._serial_start + index) % _SERIALS:08d}"
            return _Person(kind, number, name, sex, self._country() if kind in "FG" else "CHN", birth)
        if case.old_division or (
            birth < 729_000 and self._abolished and chance() < 0.08
        ):  # born before about 1997
            county = self._abolished[int(chance() * len(self._abolished))]
        head = county + _iso(birth).replace("-", "") + sequence
        number = head + citizen_check_character(head)
        if case.old_number or (
            kind == "A" and birth < 723_000 and chance() < 0.001
        ):  # born before about 1980
            number = head[:6] + head[8:]
        return _Person(kind, number, case.name or self._name(), sex, "CHN", birth)

    def _name(self) -> str:
        chance = self._chance
        sort = chance()
        mark = f.MARKS[int(chance() * len(f.MARKS))]
        if sort < 0.004:
            return f.DOTTED_FIRST[int(chance() * 12)] + "·" + f.DOTTED_SECOND[int(chance() * 7)]
        if sort < 0.006:
            return f.SURNAMES[int(chance() * len(f.SURNAMES))] + mark + f.RARE[int(chance() * len(f.RARE))]
        surnames = f.COMPOUND_SURNAMES if sort < 0.012 else f.SURNAMES
        surname = surnames[int(chance() * len(surnames))]
        return surname + mark if sort > 0.9 else surname + mark + f.SECOND[int(chance() * len(f.SECOND))]

    def _latin_name(self) -> str:
        chance = self._chance
        return f.LATIN[int(chance() * len(f.LATIN))] + " " + f.LATIN_GIVEN[int(chance() * len(f.LATIN_GIVEN))]

    def _country(self) -> str:
        return f.COUNTRIES[int(self._chance() * len(f.COUNTRIES))]

    def _licence(self, birth: int, case: Case) -> tuple[_Licence, str]:
        """A licence that fits the age, and the status, which some validities demand and others forbid."""
        path = case.path or self._path_for((self._today - birth) / _YEAR)
        earliest = max(birth + int(path.youngest * _YEAR) + 3, self._today - 40 * 366)
        latest = self._today - int(path.years * _YEAR) - 1
        if case.held_years:
            first = max(earliest, min(latest, self._today - int(case.held_years * _YEAR)))
        else:
            first = latest - int((latest - earliest) * self._chance() ** 1.4)
        status = case.status if case is not _ANYONE else self._status.at(self._chance())
        ends = None
        if case.ends_in_days is not None or status == "M":
            ends = self._today + (
                int(self._chance() * -350) - 1 if case.ends_in_days is None else case.ends_in_days
            )
            if ends - _SIX_YEARS < earliest:
                ends, status = None, "A" if status == "M" else status
            else:
                first = min(first, ends - _SIX_YEARS)
        return self._written(path, _iso(first), ends), status

    def _path_for(self, age: float) -> f.Path:
        for _ in range(6):
            path = self._path.at(self._chance())
            if path.youngest + path.years + 0.1 < age < path.oldest:
                return path
        return f.PATHS[0]

    def _written(self, path: f.Path, first: str, ends: int | None) -> _Licence:
        spells = [
            f"{cls}@{_years_on(first, gained)}" + (f"/{_years_on(first, lost)}" if lost else "")
            for cls, gained, lost in path.spells
        ]
        held = path.held
        if path is f.LIGHT_TRAILER:
            spells.append(f"C6@{max(_years_on(first, 2), ORDER_162_DAY.isoformat())}")
            held += "C6"
        if ends is not None:
            until = _iso(ends)
            start, until, term = max(first, _years_on(until, -6)), until, "6"
        else:
            start, until, term = self._validity(first)
        return _Licence(path, first, held, ";".join(spells), start, until, term)

    def _validity(self, first: str) -> tuple[str, str, str]:
        """Six years, then ten, then long-term (Order 162 art. 13, 62), for somebody who never reached 12
        points."""
        six, sixteen = _years_on(first, 6), _years_on(first, 16)
        if self._today_iso < six:
            return first, six, "6"
        return (six, sixteen, "10") if self._today_iso < sixteen else (sixteen, "", "L")

    def _line(
        self,
        index: int,
        case: Case,
        person: _Person,
        licence: _Licence,
        status: str,
        at: tuple[_Office, str, str],
    ) -> list[str]:
        chance = self._chance
        office, county, place = at
        points, exceeded, notice = self._points(status, licence.first)
        reset = self._next_reset(licence.first)
        heavy = licence.classes[0] in "AB"
        due = reset if heavy else licence.valid_until
        probation_until = _years_on(licence.first, 1)
        on_probation = probation_until > self._today_iso
        serial = (self._serial_start + index * 48_271) % _SERIALS
        core = f"{int(chance() * 1e12):012d}"
        moved = chance() < 0.04 and not case.old_number
        elsewhere = self._office.at(chance()) if moved else office
        house = int(chance() * 900)
        bus = case.school_bus or (heavy and chance() < 0.02 and licence.first < _iso(self._today - 1100))
        aid = case.hearing_aid or (licence.classes in ("C1", "C2", "C5") and chance() < 0.002)
        return [
            person.number, person.name, _iso(person.birth), licence.first, licence.history,
            licence.valid_from, licence.valid_until, reset, due, due, probation_until if on_probation else "",
            core[:2] + card_core_check_character(core) + core[2:],
            f"{place}虚构路{house + 1}号", county, office.code, office.department, elsewhere.code,
            f"{office.prefix}{serial:08d}", f"{elsewhere.prefix}{serial:08d}" if moved else "",
            self._portrait(person), person.kind, person.sex, person.nationality, licence.classes, licence.term, points, status,
            self._extended(status, case), exceeded, notice, str(int(chance() * 1.2)), "1" if on_probation else "2",
            licence.classes if bus else "", "1" if aid else "0",
            _quoted(f.NOTES[int(chance() * len(f.NOTES))]) if house % 50 == 0 else "",
        ]  # fmt: skip

    def _portrait(self, person: _Person) -> str:
        """One of the pictures that show somebody of this sex and about this age."""
        if not self._albums or self._chance() >= 0.97:
            return ""
        album = self._albums[seen(Sex.from_code(person.sex), (self._today - person.birth) / _YEAR)]
        return album[int(self._chance() * len(album))]

    def _points(self, status: str, first: str) -> tuple[str, str, str]:
        """Points, the day they were exceeded, the day of the study notice; B means 12 or more."""
        chance = self._chance()
        if "B" not in status:
            return ("0" if chance < 0.85 else str((1, 2, 3, 6, 9)[int(chance * 1e4) % 5])), "", ""
        day = max(_ordinal(first), self._today - 20 - int(chance * 30))
        return str(12 + int(chance * 13)), _iso(day), _iso(day + 5)

    def _next_reset(self, first: str) -> str:
        this_year = _years_on(first, self._as_of.year - int(first[:4]))
        return this_year if this_year > self._today_iso else _years_on(this_year, 1)

    def _extended(self, status: str, case: Case) -> str:
        if status == "A" or not ("N" in status or "P" in status or "T" in status):
            return ""
        days = case.extended_days if case.extended_days is not None else int(self._chance() * 700) - 100
        return _iso(self._today + days)


def _quoted(field: str) -> str:
    """As RFC 4180 wants it."""
    return '"' + field.replace('"', '""') + '"' if '"' in field or "," in field else field
