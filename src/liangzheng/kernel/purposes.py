"""What companies may ask for: the catalogue of purposes and, for each, the most a registration can hold.

A registration takes purposes out of it and fields out of theirs; it never adds one. Nothing in it is a status
letter, a point, an address or a whole identity number: no purpose here needs one (PIPL art. 6: the least that
serves the purpose).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class AskedField(StrEnum):
    """One thing an answer may say of a driver, in the order it is shown."""

    MAY_DRIVE = "may_drive"
    VALID_UNTIL = "valid_until"
    CLASSES = "classes"
    FIRST_ISSUE_DATE = "first_issue_date"
    NAME = "name"
    MASKED_NUMBER = "masked_number"
    PORTRAIT = "portrait"

    @property
    def words(self) -> tuple[str, str]:
        """What the driver is told will be said, in Chinese and English."""
        return _FIELD_WORDS[self]


_FIELD_WORDS: Final[Mapping[AskedField, tuple[str, str]]] = {
    AskedField.MAY_DRIVE: ("今天能否驾驶所问车型", "whether you may drive the class asked for today"),
    AskedField.VALID_UNTIL: ("驾驶证有效期止", "the last day your licence is valid"),
    AskedField.CLASSES: ("准驾车型", "your driving classes"),
    AskedField.FIRST_ISSUE_DATE: ("初次领证日期", "the day of your first licence"),
    AskedField.NAME: ("姓名", "your name"),
    AskedField.MASKED_NUMBER: ("部分遮盖的证号", "your licence number, mostly masked"),
    AskedField.PORTRAIT: ("驾驶证照片", "the photo of your licence"),
}


@dataclass(frozen=True, slots=True)
class CompanyPurpose:
    """One purpose of the catalogue. `standing`: whether a consent for it may last (bulk checks, notices)."""

    name: str
    words: tuple[str, str]
    fields: frozenset[AskedField]
    standing: bool


_F = AskedField
COMPANY_PURPOSES: Final[Mapping[str, CompanyPurpose]] = {
    purpose.name: purpose
    for purpose in (
        CompanyPurpose(
            "rental",
            ("汽车租赁", "car rental"),
            # The one purpose with a photo: somebody hands a car to the person before them.
            frozenset({_F.MAY_DRIVE, _F.VALID_UNTIL, _F.NAME, _F.MASKED_NUMBER, _F.PORTRAIT}),
            standing=True,
        ),
        CompanyPurpose(
            "insurance",
            ("车辆保险", "motor insurance"),
            frozenset({_F.MAY_DRIVE, _F.VALID_UNTIL, _F.CLASSES, _F.FIRST_ISSUE_DATE, _F.NAME}),
            standing=False,
        ),
        CompanyPurpose(
            "employment",
            ("招聘用工", "employment as a driver"),
            frozenset(
                {_F.MAY_DRIVE, _F.VALID_UNTIL, _F.CLASSES, _F.FIRST_ISSUE_DATE, _F.NAME, _F.MASKED_NUMBER}
            ),
            standing=True,
        ),
        CompanyPurpose(
            "freight",
            ("货运客运", "freight and passenger transport"),
            frozenset({_F.MAY_DRIVE, _F.VALID_UNTIL, _F.CLASSES, _F.NAME, _F.MASKED_NUMBER}),
            standing=True,
        ),
    )
}
"""By name. Source: docs/reference.md §4.5 (rental, insurance, hiring, freight); the fields are our choice."""


def in_order(fields: Iterable[AskedField]) -> tuple[AskedField, ...]:
    """The fields, each once, in the order of the enum."""
    wanted = set(fields)
    return tuple(field for field in AskedField if field in wanted)
