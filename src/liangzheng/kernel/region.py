"""Administrative divisions (GB/T 2260) and issuing authorities (发证机关), built from rows handed in.

The rows live in `liangzheng/data/*.csv` and are read by `liangzheng.infra.reference`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from liangzheng.kernel.errors import Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Province:
    """A province-level unit: two-digit prefix, name, character on its plates (None where it issues none), name in English."""

    prefix: str
    name: str
    abbreviation: str | None
    english: str

    @property
    def code(self) -> str:
        """Six digits, `320000`."""
        return self.prefix + "0000"


_PROVINCE_ROWS = (
    ("11", "北京市", "京", "Beijing"), ("12", "天津市", "津", "Tianjin"), ("13", "河北省", "冀", "Hebei"),
    ("14", "山西省", "晋", "Shanxi"), ("15", "内蒙古自治区", "蒙", "Inner Mongolia"), ("21", "辽宁省", "辽", "Liaoning"),
    ("22", "吉林省", "吉", "Jilin"), ("23", "黑龙江省", "黑", "Heilongjiang"), ("31", "上海市", "沪", "Shanghai"),
    ("32", "江苏省", "苏", "Jiangsu"), ("33", "浙江省", "浙", "Zhejiang"), ("34", "安徽省", "皖", "Anhui"),
    ("35", "福建省", "闽", "Fujian"), ("36", "江西省", "赣", "Jiangxi"), ("37", "山东省", "鲁", "Shandong"),
    ("41", "河南省", "豫", "Henan"), ("42", "湖北省", "鄂", "Hubei"), ("43", "湖南省", "湘", "Hunan"),
    ("44", "广东省", "粤", "Guangdong"), ("45", "广西壮族自治区", "桂", "Guangxi"), ("46", "海南省", "琼", "Hainan"),
    ("50", "重庆市", "渝", "Chongqing"), ("51", "四川省", "川", "Sichuan"), ("52", "贵州省", "贵", "Guizhou"),
    ("53", "云南省", "云", "Yunnan"), ("54", "西藏自治区", "藏", "Tibet"), ("61", "陕西省", "陕", "Shaanxi"),
    ("62", "甘肃省", "甘", "Gansu"), ("63", "青海省", "青", "Qinghai"), ("64", "宁夏回族自治区", "宁", "Ningxia"),
    ("65", "新疆维吾尔自治区", "新", "Xinjiang"), ("71", "台湾省", None, "Taiwan"),
    ("81", "香港特别行政区", None, "Hong Kong"), ("82", "澳门特别行政区", None, "Macao"),
)  # fmt: skip

PROVINCES: Mapping[str, Province] = MappingProxyType({row[0]: Province(*row) for row in _PROVINCE_ROWS})
"""The 34 province-level units by two-digit prefix. Source: GB/T 2260 (list of 2021)."""

RESIDENCE_PERMIT_PREFIXES = frozenset({"81", "82", "83"})
"""Prefixes of identity numbers on residence permits for residents of Hong Kong, Macau and Taiwan
(marked check in docs/reference.md §1.3).

83 is no division: it occurs in identity numbers only.
"""

RESIDENCE_PERMIT_DIVISIONS = frozenset(prefix + "0000" for prefix in RESIDENCE_PERMIT_PREFIXES)
"""First six digits of those numbers. They are in no county list."""

IDENTITY_PREFIXES = frozenset(PROVINCES) | RESIDENCE_PERMIT_PREFIXES
"""First two digits an identity number may begin with."""

_PREFIX_OF_ABBREVIATION = {row[2]: row[0] for row in _PROVINCE_ROWS if row[2]}


def is_division_code(text: str) -> bool:
    """Whether `text` has the form of a GB/T 2260 code: six ASCII digits.

    Says nothing of whether it was ever given.
    """
    return len(text) == 6 and text.isascii() and text.isdigit()


class DivisionLevel(StrEnum):
    """The three levels of GB/T 2260."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"


@dataclass(frozen=True, slots=True)
class Division:
    """A unit of administration: six-digit code, name, level."""

    code: str
    name: str
    level: DivisionLevel

    def __post_init__(self) -> None:
        if not is_division_code(self.code) or self.code[:2] not in PROVINCES:
            raise Invalid("division code", "six digits that begin with a province prefix")
        if not self.name:
            raise Invalid("division name", "not empty")

    @property
    def province_code(self) -> str:
        """Six digits of the province it belongs to (its own for a province)."""
        return self.code[:2] + "0000"


class Divisions:
    """The divisions of today and the codes of yesterday.

    Lookups by six-digit code; immutable after building.
    """

    def __init__(self, current: Iterable[Division], historical: Mapping[str, str]) -> None:
        """`current`: all levels; `historical`: abolished code → its last name.

        Raises Invalid for a code given twice.
        """
        self._current: dict[str, Division] = {}
        for division in current:
            if division.code in self._current:
                raise Invalid(f"division {division.code}", "given once")
            self._current[division.code] = division
        self._historical = {code: name for code, name in historical.items() if code not in self._current}

    def __iter__(self) -> Iterator[Division]:
        return iter(self._current.values())

    def __len__(self) -> int:
        return len(self._current)

    def current(self, code: str) -> bool:
        """Whether `code` is in the current list, at any level."""
        return code in self._current

    def historical(self, code: str) -> bool:
        """Whether `code` was abolished: known from an older list and not current."""
        return code in self._historical

    def known(self, code: str) -> bool:
        """Current or historical. False is a mark, not a proof: some codes given long ago are in no list."""
        return code in self._current or code in self._historical

    def get(self, code: str) -> Division:
        """The current division. Raises NotFound."""
        try:
            return self._current[code]
        except KeyError:
            raise NotFound("no current division has this code", place="division") from None

    def name_of(self, code: str) -> str | None:
        """Its name today, else its last name, else None."""
        division = self._current.get(code)
        return division.name if division else self._historical.get(code)

    def province(self, code: str) -> Division:
        """The province-level unit a code of any level lies in, by its first two digits. Raises NotFound."""
        return self.get(code[:2] + "0000")

    def prefecture(self, code: str) -> Division:
        """The unit that acts at prefecture level for a current code.

        A prefecture for most; the municipality itself for 北京 天津 上海 重庆 and the special regions; the
        county itself where it is run by the province directly (济源 419001, 仙桃 429004 …). A province's own
        code gives the province. Raises NotFound for a code that is not current.
        """
        division = self.get(code)
        if division.level is not DivisionLevel.COUNTY:
            return division
        parent = self._current.get(code[:4] + "00")
        if parent is not None:
            return parent
        # 4690xx, 4290xx …: directly under the province. Municipalities have no row ..0100 either.
        return division if code[2:4] == "90" else self.province(code)

    def counties_of(self, prefecture_code: str) -> tuple[Division, ...]:
        """Counties whose prefecture-level unit is `prefecture_code`, in the order of the list."""
        return tuple(
            division
            for division in self._current.values()
            if division.level is DivisionLevel.COUNTY
            and self.prefecture(division.code).code == prefecture_code
        )


@dataclass(frozen=True, slots=True)
class IssuingAuthority:
    """发证机关: plate prefix (`苏E`), name, and the code of the division it serves.

    `division_code` is None for authorities that serve no division of their own (垦区, 省直机关 …).
    """

    code: str
    name: str
    division_code: str | None

    def __post_init__(self) -> None:
        if not is_authority_code(self.code):
            raise Invalid("issuing authority", "a province character and a capital letter")
        if self.division_code is not None and not is_division_code(self.division_code):
            raise Invalid("issuing authority's division", "six digits or nothing")

    @property
    def province_prefix(self) -> str:
        """Two digits of its province, by the plate character."""
        return _PREFIX_OF_ABBREVIATION[self.code[0]]


def is_authority_code(text: str) -> bool:
    """Whether `text` has the form of an issuing-authority code: province character and one letter A–Z."""
    return len(text) == 2 and text[0] in _PREFIX_OF_ABBREVIATION and "A" <= text[1] <= "Z"


class Authorities:
    """The issuing authorities by code; immutable after building."""

    def __init__(self, authorities: Iterable[IssuingAuthority], divisions: Divisions) -> None:
        """Raises Invalid for a code given twice or a division that is not current."""
        self._by_code: dict[str, IssuingAuthority] = {}
        self._divisions = divisions
        for authority in authorities:
            if authority.code in self._by_code:
                raise Invalid(f"issuing authority {authority.code}", "given once")
            if authority.division_code is not None and not divisions.current(authority.division_code):
                raise Invalid(f"issuing authority {authority.code}", "serves a current division")
            self._by_code[authority.code] = authority

    def __iter__(self) -> Iterator[IssuingAuthority]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def get(self, code: str) -> IssuingAuthority:
        """The authority with code `苏E`. Raises NotFound."""
        try:
            return self._by_code[code]
        except KeyError:
            raise NotFound("no issuing authority has this code", place="issuing authority") from None

    def prefecture_of(self, code: str) -> Division | None:
        """The prefecture-level unit (see Divisions.prefecture) of an authority; None where it serves none.

        Raises NotFound.
        """
        division_code = self.get(code).division_code
        return None if division_code is None else self._divisions.prefecture(division_code)

    def province_of(self, code: str) -> Division:
        """The province-level unit of an authority, by its plate character. Raises NotFound."""
        return self._divisions.province(self.get(code).province_prefix)

    def serving(self, division_code: str) -> tuple[IssuingAuthority, ...]:
        """Every authority of a prefecture-level unit or province, in code order of the list."""
        return tuple(
            authority
            for authority in self._by_code.values()
            if division_code == self.province_of(authority.code).code
            or division_code == getattr(self.prefecture_of(authority.code), "code", None)
        )
