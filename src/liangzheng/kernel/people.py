"""What is written about a person: identity numbers, file and card numbers, names, mobiles.

Each value passed its check at birth and prints masked. Each check is also a plain function, `…_fault(text)`,
which gives the broken rule or None: the class uses it, and so does the register import, row by row.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Self

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.region import IDENTITY_PREFIXES, RESIDENCE_PERMIT_DIVISIONS, Divisions


class Sex(StrEnum):
    """As on the licence. Codes of the register and of ISO/IEC 5218: 1 male, 2 female."""

    MALE = "male"
    FEMALE = "female"

    @property
    def code(self) -> str:
        """`1` or `2`."""
        return "1" if self is Sex.MALE else "2"

    @property
    def chinese(self) -> str:
        """男 or 女."""
        return "男" if self is Sex.MALE else "女"

    @classmethod
    def from_code(cls, code: str) -> Sex:
        """`1` or `2` only. Raises Invalid."""
        if code == "1":
            return cls.MALE
        if code == "2":
            return cls.FEMALE
        raise Invalid("sex", "1 (male) or 2 (female)")


# --- citizen number ---------------------------------------------------------------------------------

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FIRST_YEAR = 1800
_LAST_YEAR = 2199


def _weighted_sums(weights: tuple[int, ...], value_of_4: int = 4) -> dict[str, int]:
    """Weighted sum of every group of as many digits as weights; a digit 4 counts as `value_of_4`."""
    sums = {"": 0}
    for weight in weights:
        values = {str(digit): weight * (value_of_4 if digit == 4 else digit) for digit in range(10)}
        sums = {
            text + digit: total + value for text, total in sums.items() for digit, value in values.items()
        }
    return sums


# One million numbers are checked in a register import: six look-ups instead of seventeen multiplications.
_S0, _S3, _S6, _S9, _S12 = (_weighted_sums(_WEIGHTS[start : start + 3]) for start in (0, 3, 6, 9, 12))
_S15 = _weighted_sums(_WEIGHTS[15:])


def citizen_check_character(first_17: str) -> str:
    """The 18th character for 17 ASCII digits (ISO 7064 MOD 11-2, GB 11643).

    Raises Invalid for anything else.
    """
    if len(first_17) != 17:
        raise Invalid("citizen number", "17 digits before the check character")
    try:
        return _CHECKS[
            (
                _S0[first_17[:3]]
                + _S3[first_17[3:6]]
                + _S6[first_17[6:9]]
                + _S9[first_17[9:12]]
                + _S12[first_17[12:15]]
                + _S15[first_17[15:]]
            )
            % 11
        ]
    except KeyError:
        raise Invalid("citizen number", "17 digits before the check character") from None


@lru_cache(maxsize=1 << 16)
def _calendar_day(yyyymmdd: str) -> date | None:
    year = int(yyyymmdd[:4])
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    try:
        return date(year, int(yyyymmdd[4:6]), int(yyyymmdd[6:]))
    except ValueError:
        return None


def citizen_number_fault(text: str) -> str | None:
    """The first rule a citizen number breaks, or None.

    Order: length, characters, province, date, check character.
    """
    if len(text) != 18:
        return "18 characters"
    head = text[:17]
    if not (head.isascii() and head.isdigit() and text[17] in "0123456789X"):
        return "17 digits and a digit or capital X"
    if text[:2] not in IDENTITY_PREFIXES:
        return "begins with a province prefix"
    if _calendar_day(text[6:14]) is None:
        return f"positions 7 to 14 are a calendar day from {_FIRST_YEAR} on"
    if citizen_check_character(head) != text[17]:
        return "last character is the check character of the others (GB 11643)"
    return None


def _masked(text: str, head: int, tail: int) -> str:
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]


@dataclass(frozen=True, slots=True, order=True, repr=False)
class CitizenNumber:
    """公民身份号码, also the licence number: 6 division, 8 birth date, 3 sequence, 1 check (GB 11643).

    The province prefix is checked strictly, because a wrong one is always an error; the full six digits are
    not, because people keep codes abolished long ago: see `checked`.
    """

    value: str

    def __post_init__(self) -> None:
        fault = citizen_number_fault(self.value)
        if fault:
            raise Invalid("citizen number", fault)

    @classmethod
    def checked(cls, value: str, divisions: Divisions, on: date | None = None) -> Self:
        """Also refuses a division in no list, current or historical, and a birth date after `on`."""
        number = cls(value)
        if number.division not in RESIDENCE_PERMIT_DIVISIONS and not divisions.known(number.division):
            raise Invalid("citizen number", "first six digits are a division, current or historical")
        if on is not None and number.birth_date > on:
            raise Invalid("citizen number", "a birth date that is not in the future")
        return number

    @classmethod
    def typed(cls, text: str) -> Self:
        """As a person types it: spaces dropped, full-width digits and a small x accepted. Raises Invalid."""
        return cls("".join(unicodedata.normalize("NFKC", text).split()).upper())

    @classmethod
    def from_15(cls, old: str) -> Self:
        """The 18-character number of a 15-digit one: the birth year is 19YY, the check is computed.

        Raises Invalid.
        """
        if not (len(old) == 15 and old.isascii() and old.isdigit()):
            raise Invalid("citizen number", "15 digits")
        head = old[:6] + "19" + old[6:]
        return cls(head + citizen_check_character(head))

    @property
    def birth_date(self) -> date:
        """Positions 7 to 14."""
        day = _calendar_day(self.value[6:14])
        assert day is not None, "checked at birth"
        return day

    @property
    def sex(self) -> Sex:
        """By the 17th digit: odd male, even female (marked check in docs/reference.md §1.3)."""
        return Sex.MALE if self.value[16] in "13579" else Sex.FEMALE

    @property
    def division(self) -> str:
        """The first six digits: where the number was first given, perhaps abolished since."""
        return self.value[:6]

    @property
    def masked(self) -> str:
        """`320***********1234`, the form that may be shown and stored in audit records."""
        return _masked(self.value, 3, 4)

    def __repr__(self) -> str:
        return f"CitizenNumber({self.masked})"


# --- other identity documents -----------------------------------------------------------------------


class IdentityKind(StrEnum):
    """身份证明名称 codes of the register (`sfzmmc`)."""

    RESIDENT_CARD = "A"
    ORGANISATION_CODE = "B"
    OFFICER_CARD = "C"
    SOLDIER_CARD = "D"
    RETIRED_OFFICER_CARD = "E"
    OVERSEAS_PERSON = "F"
    DIPLOMAT = "G"
    HOUSEHOLD_BOOK = "H"
    UNIT_CANCELLED = "J"
    RESIDENCE_PROOF = "K"
    MISSION_IN_CHINA = "L"
    TEMPORARY_RESIDENT_CARD = "M"
    UNIFIED_CREDIT_CODE = "N"
    SOLE_TRADER = "P"
    OTHER = "Z"

    @property
    def chinese(self) -> str:
        """The document's name."""
        return _IDENTITY_KIND_NAMES[self.value]

    @property
    def holds_citizen_number(self) -> bool:
        """Resident card and temporary resident card carry the same number of the same person."""
        return self in (IdentityKind.RESIDENT_CARD, IdentityKind.TEMPORARY_RESIDENT_CARD)


_IDENTITY_KIND_NAMES = {
    "A": "居民身份证",
    "B": "组织机构代码证书",
    "C": "军官证",
    "D": "士兵证",
    "E": "军官离退休证",
    "F": "境外人员身份证明",
    "G": "外交人员身份证明",
    "H": "居民户口簿",
    "J": "单位注销证明",
    "K": "居住暂住证明",
    "L": "驻华机构证明",
    "M": "临时居民身份证",
    "N": "统一社会信用代码",
    "P": "个体工商户营业执照注册号",
    "Z": "其他证件",
}

DRIVER_IDENTITY_KINDS = frozenset(IdentityKind(code) for code in "ACDEFGM")
"""Kinds that make sense for a driver (modelling choice)."""

_LONGEST_IDENTITY_NUMBER = 18  # the register's column; an old client check said 17, credit codes have 18
_FULL_WIDTH = {ord(c) + 0xFEE0: c for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"}
_OTHER_NUMBER = re.compile(r"[0-9A-Z\u4e00-\u9fff()（）\-/.]+")


def identity_number_fault(kind: IdentityKind, text: str) -> str | None:
    """The rule a document number breaks, or None.

    Citizen numbers are checked in full, others by length and characters.
    """
    if kind.holds_citizen_number:
        return citizen_number_fault(text)
    if not 1 <= len(text) <= _LONGEST_IDENTITY_NUMBER:
        return f"1 to {_LONGEST_IDENTITY_NUMBER} characters"
    if not _OTHER_NUMBER.fullmatch(text):
        return "digits, capital letters, Chinese characters, brackets, hyphen, slash and full stop"
    return None


@dataclass(frozen=True, slots=True, repr=False)
class IdentityNumber:
    """The number of an identity document (身份证明号码) with the kind of document it stands on."""

    kind: IdentityKind
    value: str

    def __post_init__(self) -> None:
        fault = identity_number_fault(self.kind, self.value)
        if fault:
            raise Invalid("identity number", fault)

    @classmethod
    def typed(cls, kind: IdentityKind, text: str) -> Self:
        """As a person types it: without spaces, small and full-width letters and full-width digits as the register has them.
        Raises Invalid."""
        if kind.holds_citizen_number:
            return cls(kind, CitizenNumber.typed(text).value)
        # No full normal form: the register keeps brackets as they stand on the document.
        return cls(kind, "".join(text.split()).translate(_FULL_WIDTH).upper())

    @classmethod
    def of_citizen(cls, number: CitizenNumber) -> Self:
        """On the resident identity card."""
        return cls(IdentityKind.RESIDENT_CARD, number.value)

    @property
    def citizen(self) -> CitizenNumber | None:
        """The citizen number where the document carries one."""
        return CitizenNumber(self.value) if self.kind.holds_citizen_number else None

    @property
    def canonical(self) -> str:
        """Kind letter and number; equal for one person's resident and temporary card. For look-up hashes."""
        return ("A" if self.kind.holds_citizen_number else self.kind.value) + self.value

    @property
    def masked(self) -> str:
        """Citizen numbers keep 3 + 4 characters, others first and last, those under six characters none."""
        if self.kind.holds_citizen_number:
            return _masked(self.value, 3, 4)
        return _masked(self.value, 1, 1) if len(self.value) > 5 else "*" * len(self.value)

    def __repr__(self) -> str:
        return f"IdentityNumber({self.kind.value}, {self.masked})"


# --- numbers of the licence -------------------------------------------------------------------------


def file_number_fault(text: str) -> str | None:
    """The rule a file number breaks, or None."""
    if len(text) == 12 and text.isascii() and text.isdigit():
        return None
    return "12 digits"


@dataclass(frozen=True, slots=True, order=True, repr=False)
class FileNumber:
    """档案编号: 12 digits, four of the division and eight of a serial."""

    value: str

    def __post_init__(self) -> None:
        fault = file_number_fault(self.value)
        if fault:
            raise Invalid("file number", fault)

    @property
    def division(self) -> str:
        """Six digits of the prefecture-level unit that opened the file."""
        return self.value[:4] + "00"

    @property
    def masked(self) -> str:
        """First four (the division) and last two."""
        return _masked(self.value, 4, 2)

    def __repr__(self) -> str:
        return f"FileNumber({self.masked})"


_CARD_CORE = re.compile(r"[0-9]{2}[0-9X][0-9]{10}", re.ASCII)
_CARD_CORE_WEIGHTS = (9, 8, 8, 7, 3, 2, 3, 5, 6, 7, 8, 9)  # of the digits besides position 3, the check
_CORE_0, _CORE_4, _CORE_8 = (_weighted_sums(_CARD_CORE_WEIGHTS[start : start + 4], 8) for start in (0, 4, 8))


def card_core_check_character(without_check: str) -> str:
    """Position 3 for the other twelve digits: 4 counts as 8, weighted sum mod 11, 10 is X. Raises Invalid."""
    if len(without_check) != 12:
        raise Invalid("card-core number", "12 digits besides the check character")
    try:
        total = _CORE_0[without_check[:4]] + _CORE_4[without_check[4:8]] + _CORE_8[without_check[8:]]
    except KeyError:
        raise Invalid("card-core number", "12 digits besides the check character") from None
    return "0123456789X"[total % 11]


def card_core_number_fault(text: str) -> str | None:
    """The rule of form a card-core number breaks, or None.

    The check character is not looked at (see CardCoreNumber).
    """
    return None if _CARD_CORE.fullmatch(text) else "13 characters: digits, the third a digit or X"


@dataclass(frozen=True, slots=True, order=True, repr=False)
class CardCoreNumber:
    """证芯编号, the bar code of the licence: 13 characters, the third a check character.

    Numbers we make satisfy the check; numbers from outside are never refused for it, because published
    samples break it.
    """

    value: str

    def __post_init__(self) -> None:
        fault = card_core_number_fault(self.value)
        if fault:
            raise Invalid("card-core number", fault)

    @classmethod
    def made(cls, without_check: str) -> Self:
        """The number with its check, from the twelve digits around it. Raises Invalid."""
        check = card_core_check_character(without_check)
        return cls(without_check[:2] + check + without_check[2:])

    @property
    def satisfies_check(self) -> bool:
        """Whether position 3 is what the rule computes."""
        return card_core_check_character(self.value[:2] + self.value[3:]) == self.value[2]

    @property
    def masked(self) -> str:
        """Last four digits only."""
        return _masked(self.value, 0, 4)

    def __repr__(self) -> str:
        return f"CardCoreNumber({self.masked})"


# --- names and mobiles ------------------------------------------------------------------------------

_LONGEST_NAME = 50
_USUAL_NAME = re.compile(r"[\u4e00-\u9fff]{1,50}")
_MIDDLE_DOTS = dict.fromkeys(map(ord, "\u0387\u16eb\u2022\u2027\u2219\u22c5\u30fb\uff65"), "\u00b7")
_NAME_PUNCTUATION = frozenset(" ·'’-.,")
_NAME_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Mn", "Mc", "Co"})


def _may_stand_in_a_name(character: str) -> bool:
    if character in _NAME_PUNCTUATION:
        return True
    category = unicodedata.category(character)
    if category in _NAME_CATEGORIES:
        return True
    # Ideographs newer than this Python's Unicode tables: people have such names before libraries do.
    return category == "Cn" and 0x20000 <= ord(character) < 0x3FFFE and ord(character) & 0xFFFE != 0xFFFE


def is_usual_name(text: str) -> bool:
    """Whether a name is nothing but ideographs of Unicode's first block of them: its own normal form, and no fault."""
    return _USUAL_NAME.fullmatch(text) is not None


def normal_name(text: str) -> str:
    """`text` with every kind of middle dot as U+00B7.

    No other change: composing would alter rare ideographs.
    """
    return text if is_usual_name(text) else text.translate(_MIDDLE_DOTS)


def name_fault(text: str) -> str | None:
    """The rule a name (after `normal_name`) breaks, or None."""
    if is_usual_name(text):
        return None
    if not 1 <= len(text) <= _LONGEST_NAME:
        return f"1 to {_LONGEST_NAME} characters"
    if text[0] in " ·" or text[-1] in " ·" or "  " in text:
        return "no space or dot at either end, no two spaces together"
    if not all(map(_may_stand_in_a_name, text)):
        return "letters and ideographs, space, middle dot, apostrophe, hyphen, full stop, comma"
    if all(character in _NAME_PUNCTUATION for character in text):
        return "at least one letter or ideograph"
    return None


@dataclass(frozen=True, slots=True, repr=False)
class PersonName:
    """姓名: one string, Chinese or Latin, 1 to 50 characters; code points kept, middle dots all U+00B7.

    Rare ideographs are allowed: compatibility ideographs, private-use code points of older systems, and
    ideographs newer than this Python's tables. Controls, bidirectional marks and joiners are not.
    """

    value: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", normal_name(self.value))
        fault = name_fault(self.value)
        if fault:
            raise Invalid("name", fault)

    @property
    def masked(self) -> str:
        """First character and stars, `张**`; a one-character name is one star."""
        return self.value[0] + "*" * (len(self.value) - 1) if len(self.value) > 1 else "*"

    def __repr__(self) -> str:
        return f"PersonName({self.masked})"


_MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)


def mobile_fault(text: str) -> str | None:
    """The rule a mobile number breaks, or None."""
    return None if _MOBILE.fullmatch(text) else "11 digits that begin with 13 to 19"


@dataclass(frozen=True, slots=True, repr=False)
class Mobile:
    """A mobile number of mainland China: 11 digits, no country code."""

    value: str

    def __post_init__(self) -> None:
        fault = mobile_fault(self.value)
        if fault:
            raise Invalid("mobile", fault)

    @property
    def masked(self) -> str:
        """`138****1234`."""
        return _masked(self.value, 3, 4)

    def __repr__(self) -> str:
        return f"Mobile({self.masked})"
