"""What people read: the same in Chinese and English, alone or with the stable code it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Protocol, TypeVar

from liangzheng.api.bodies import Answer

Code = TypeVar("Code", bound=StrEnum)


class Text(Protocol):
    """A catalogue's words."""

    @property
    def zh(self) -> str: ...

    @property
    def en(self) -> str: ...


class WordsAnswer(Answer):
    """The same in Chinese and English."""

    zh: str
    en: str


class FindingAnswer(Answer):
    """A fault, a doubt or a reason: a stable code and its words."""

    code: str
    zh: str
    en: str

    @classmethod
    def each(cls, codes: Iterable[Code], texts: Mapping[Code, Text]) -> list[FindingAnswer]:
        """With the words of the one catalogue."""
        return [cls(code=code.value, zh=texts[code].zh, en=texts[code].en) for code in codes]
