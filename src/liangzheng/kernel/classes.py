"""准驾车型: driving classes, what each allows, ages to apply and classes lost with age, each as of a day.

Sources: Order 162 (公安部令第162号) art. 11, 14, 16, 65, 79 and Annex 1; Order 172 art. 14, 65.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache

from liangzheng.kernel.errors import Invalid

ORDER_162_DAY = date(2022, 4, 1)
ORDER_172_DAY = date(2025, 1, 1)


class DrivingClass(StrEnum):
    """In canonical order (Order 162 art. 11): the order of display and of every comparison."""

    A1 = "A1"
    A2 = "A2"
    A3 = "A3"
    B1 = "B1"
    B2 = "B2"
    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    C6 = "C6"
    D = "D"
    E = "E"
    F = "F"
    M = "M"
    N = "N"
    P = "P"


_RANK = {cls: rank for rank, cls in enumerate(DrivingClass)}


def in_order(classes: Iterable[DrivingClass]) -> tuple[DrivingClass, ...]:
    """`classes` in canonical order."""
    return tuple(sorted(classes, key=_RANK.__getitem__))


def _set(codes: str) -> frozenset[DrivingClass]:
    return frozenset(DrivingClass(code) for code in codes.split())


@dataclass(frozen=True, slots=True)
class ClassRow:
    """What a class is between two days: `starts` its first (None: always), `ends` the first day after."""

    cls: DrivingClass
    chinese: str
    english: str
    also_allows: frozenset[DrivingClass]
    starts: date | None
    ends: date | None
    source: str

    def holds(self, on: date) -> bool:
        """Whether the row is in force on a day."""
        return (self.starts is None or self.starts <= on) and (self.ends is None or on < self.ends)


_ANNEX = "Order 162 Annex 1"
_BEFORE = "the annex in force before 2022-04-01"
_NEW = ORDER_162_DAY
_C5 = "残疾人专用小型自动挡载客汽车"

CLASS_TABLE: tuple[ClassRow, ...] = tuple(
    ClassRow(DrivingClass(code), chinese, english, _set(also), starts, ends, source)
    for code, chinese, english, also, starts, ends, source in (
        ("A1", "大型客车", "large passenger vehicle", "A3 B1 B2 C1 C2 C3 C4 M", None, None, _ANNEX),
        ("A2", "牵引车", "tractor-trailer", "B1 B2 C1 C2 C3 C4 M", None, _NEW, _BEFORE),
        ("A2", "重型牵引挂车", "heavy tractor-trailer", "B1 B2 C1 C2 C3 C4 C6 M", _NEW, None, _ANNEX),
        ("A3", "城市公交车", "city bus", "C1 C2 C3 C4", None, None, _ANNEX),
        ("B1", "中型客车", "medium passenger vehicle", "C1 C2 C3 C4 M", None, None, _ANNEX),
        ("B2", "大型货车", "large goods vehicle", "C1 C2 C3 C4 M", None, None, _ANNEX),
        ("C1", "小型汽车", "small vehicle", "C2 C3 C4", None, None, _ANNEX),
        ("C2", "小型自动挡汽车", "small automatic vehicle", "", None, None, _ANNEX),
        ("C3", "低速载货汽车", "low-speed lorry", "C4", None, None, _ANNEX),
        ("C4", "三轮汽车", "three-wheeled vehicle", "", None, None, _ANNEX),
        ("C5", _C5, "small automatic car for disabled drivers", "", None, None, _ANNEX),
        ("C6", "轻型牵引挂车", "light trailer combination", "", _NEW, None, _ANNEX),
        ("D", "普通三轮摩托车", "three-wheel motorcycle", "E F", None, None, _ANNEX),
        ("E", "普通二轮摩托车", "two-wheel motorcycle", "F", None, None, _ANNEX),
        ("F", "轻便摩托车", "moped", "", None, None, _ANNEX),
        ("M", "轮式自行机械车", "wheeled special machine", "", None, _NEW, _BEFORE),
        ("M", "轮式专用机械车", "wheeled special machine", "", _NEW, None, _ANNEX),
        ("N", "无轨电车", "trolleybus", "", None, None, _ANNEX),
        ("P", "有轨电车", "tram", "", None, None, _ANNEX),
    )
)
"""Every class as of every day. In Annex 1 B1 and B2 share one merged cell for what they also allow."""


def row(cls: DrivingClass, on: date) -> ClassRow | None:
    """The row of a class in force on a day; None when the class does not exist yet (C6 before 2022-04-01)."""
    return _row(cls, on >= ORDER_162_DAY)


@cache
def _row(cls: DrivingClass, since_order_162: bool) -> ClassRow | None:
    # The table changes on one day only (a test holds this), so two answers per class are enough to keep.
    on = ORDER_162_DAY if since_order_162 else date(2022, 3, 31)
    return next((entry for entry in CLASS_TABLE if entry.cls is cls and entry.holds(on)), None)


def exists(cls: DrivingClass, on: date) -> bool:
    """Whether a licence can carry the class on a day."""
    return row(cls, on) is not None


def also_allows(cls: DrivingClass, on: date) -> frozenset[DrivingClass]:
    """The classes a holder of `cls` may drive besides it on a day; none where `cls` does not exist yet."""
    entry = row(cls, on)
    return entry.also_allows if entry else frozenset()


_LONGEST_CODE_FIRST = sorted((cls.value for cls in DrivingClass), key=len, reverse=True)


@lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[DrivingClass, ...]:
    """Canonically ordered classes of codes run together. Raises Invalid."""
    found: list[DrivingClass] = []
    place = 0
    while place < len(text):
        code = next((code for code in _LONGEST_CODE_FIRST if text.startswith(code, place)), None)
        if code is None:
            raise Invalid("classes", f"a class code at character {place + 1}")
        cls = DrivingClass(code)
        if cls in found:
            raise Invalid("classes", f"each class once ({code} stands twice)")
        found.append(cls)
        place += len(code)
    return in_order(found)


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of one licence, in canonical order.

    Written without separators: `A1A2D`, `C1E`; none as 无.
    """

    members: tuple[DrivingClass, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", in_order(self.members))
        if len(set(self.members)) != len(self.members):
            raise Invalid("classes", "each class once")

    @classmethod
    def parse(cls, text: str, on: date) -> Classes:
        """Codes run together, longest match first, any order.

        Raises Invalid for none, unknown, twice, or not yet in force.
        """
        members = _tokens(text)
        if not members:
            raise Invalid("classes", "at least one class code")
        early = [member.value for member in members if not exists(member, on)]
        if early:
            raise Invalid("classes", f"classes that exist on the day asked about ({early[0]} does not)")
        return cls(members)

    @classmethod
    def parse_outside(cls, text: str, on: date) -> Classes:
        """As `parse`, and 无 ("none") of old records gives no class at all."""
        return cls(()) if text == "无" else cls.parse(text, on)

    def allow(self, wanted: DrivingClass, on: date) -> bool:
        """Whether a holder may drive class `wanted` on a day, by holding it or one that also allows it."""
        if not exists(wanted, on):
            return False
        return wanted in self.members or any(wanted in also_allows(held, on) for held in self.members)

    def allowed(self, on: date) -> tuple[DrivingClass, ...]:
        """Everything a holder may drive on a day, in canonical order."""
        return tuple(wanted for wanted in DrivingClass if self.allow(wanted, on))

    def __contains__(self, held: object) -> bool:
        return held in self.members

    def __iter__(self) -> Iterator[DrivingClass]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def __str__(self) -> str:
        return "".join(self.members) or "无"

    def __repr__(self) -> str:
        return f"Classes({self})"


# --- ages -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgeLimits:
    """Ages in full years at which a class may be applied for; both ends are inside (Order 162 art. 110).

    `oldest` None: no upper limit. `ability_test_from`: from this age only after the memory, judgement and
    reaction test. `student_youngest`: for full-time students of vocational driving schools.
    """

    youngest: int
    oldest: int | None = None
    ability_test_from: int | None = None
    student_youngest: int | None = None


@dataclass(frozen=True, slots=True)
class AgeRow:
    """Age limits of some classes between two days; `ends` is the first day after."""

    classes: frozenset[DrivingClass]
    limits: AgeLimits
    starts: date
    ends: date | None
    source: str

    @property
    def is_certain(self) -> bool:
        """Whether the row was read in an order; what is marked "check" must refuse nobody's record."""
        return "check" not in self.source


_O162 = "Order 162 art. 14"
_O172 = "Order 172 art. 14"
_2020 = "measures of 2020-11-20 (docs/reference.md §2.2, check)"
_NOV_2020 = date(2020, 11, 20)
_2025 = ORDER_172_DAY

AGE_TABLE: tuple[AgeRow, ...] = tuple(
    AgeRow(_set(codes), limits, starts, ends, source)
    for codes, limits, starts, ends, source in (
        ("C1 C2 F", AgeLimits(18, None, 70), _NOV_2020, _NEW, _2020),
        ("A1 A2", AgeLimits(22, 60), _NOV_2020, _NEW, _2020),
        ("C1 C2 C5 F", AgeLimits(18, None, 70), _NEW, None, _O162),
        ("C3 C4 M", AgeLimits(18, 60), _NEW, _2025, _O162),
        ("C3 C4 M", AgeLimits(18, 63), _2025, None, _O172),
        ("D E", AgeLimits(18, 60), _NEW, _2025, _O162),
        ("D E", AgeLimits(18, 70), _2025, None, _O172),
        ("C6", AgeLimits(20, 60), _NEW, _2025, _O162),
        ("C6", AgeLimits(20, 70), _2025, None, _O172),
        ("A3 B1 B2 N P", AgeLimits(20, 60), _NEW, _2025, _O162),
        ("A3 B1 B2 N P", AgeLimits(20, 63), _2025, None, _O172),
        ("A1 A2", AgeLimits(22, 60, student_youngest=19), _NEW, _2025, _O162),
        ("A1 A2", AgeLimits(22, 63, student_youngest=19), _2025, None, _O172),
    )
)
"""Ages to apply as of a day. Nothing is claimed for days before the first row of a class."""


def age_row(cls: DrivingClass, on: date) -> AgeRow | None:
    """The row of AGE_TABLE for `cls` on a day; None where this table has no rule of that day."""
    for entry in AGE_TABLE:
        if cls in entry.classes and entry.starts <= on and (entry.ends is None or on < entry.ends):
            return entry
    return None


def turning_days(cls: DrivingClass) -> list[date]:
    """The days, in order, from which CLASS_TABLE or AGE_TABLE may say something else of `cls`."""
    spans = [(entry.starts, entry.ends) for entry in CLASS_TABLE if entry.cls is cls]
    spans += [(entry.starts, entry.ends) for entry in AGE_TABLE if cls in entry.classes]
    return sorted({day for span in spans for day in span if day is not None})


def age_limits(cls: DrivingClass, on: date) -> AgeLimits | None:
    """The ages at which `cls` may be applied for on a day; None where this table has no rule of that day."""
    found = age_row(cls, on)
    return None if found is None else found.limits


_HEAVY = _set("A1 A2 A3 B1 B2")
_LOST_FIRST = _set("A1 A2 A3 B1 B2 M N P")
_LOST_AT_70 = _set("C3 C4 C6 D E")
_SMALL = _set("C1 C2")
_LONGEST_EXCEPTION = 3


def heavy_age_limit(on: date) -> int:
    """The age from which A1 A2 A3 B1 B2 M N P may not be driven: 60, from 2025-01-01 63 (Order 172)."""
    return 63 if on >= ORDER_172_DAY else 60


@dataclass(frozen=True, slots=True)
class Ageing:
    """What age does to a licence: classes lost, classes that stay, classes that may take their place.

    Of `offered` the holder takes C1 or C2 (never both) and F where it stands. `cancelled`: nothing stays or
    is offered.
    """

    lost: tuple[DrivingClass, ...]
    kept: tuple[DrivingClass, ...]
    offered: tuple[DrivingClass, ...]

    @property
    def cancelled(self) -> bool:
        """The licence is cancelled (Order 162 art. 79 (10))."""
        return bool(self.lost) and not self.kept and not self.offered


def ageing(held: Classes, age: int, on: date, *, heavy_kept_by_test: bool = False) -> Ageing:
    """What a holder of `age` full years loses, keeps and may change to on a day.

    `heavy_kept_by_test`: from 2025 the holder passed medical and ability test and keeps the heavy classes,
    for at most three years past the limit. Source: Order 162 art. 65, 79 (10); Order 172. Losing is due 30
    days after notice.
    """
    limit = heavy_age_limit(on)
    excepted = heavy_kept_by_test and on >= ORDER_172_DAY and age < limit + _LONGEST_EXCEPTION
    gone: set[DrivingClass] = set()
    if age >= limit:
        gone |= _LOST_FIRST - (_HEAVY if excepted else frozenset())
    if age >= 70:
        gone |= _LOST_AT_70
    lost = gone & set(held.members)
    kept = set(held.members) - lost
    offered: set[DrivingClass] = set()
    if lost & (_HEAVY | {DrivingClass.C6}) and not kept & _SMALL:
        offered |= _SMALL
    if DrivingClass.A2 in lost and age < 70 and exists(DrivingClass.C6, on) and DrivingClass.C6 not in kept:
        offered.add(DrivingClass.C6)
    if lost & _set("D E") and DrivingClass.F not in kept:
        offered.add(DrivingClass.F)
    return Ageing(in_order(lost), in_order(kept), in_order(offered))


# --- how a class is come by -------------------------------------------------------------------------

ONLY_BY_ADDING = _set("A1 A2 B1 C6")
"""Classes no first licence may carry. Source: Order 162 art. 16."""


def may_be_first(cls: DrivingClass, on: date) -> bool:
    """Whether a first licence may be of this class on a day (Order 162 art. 16)."""
    return exists(cls, on) and cls not in ONLY_BY_ADDING
