"""驾驶证状态: status letters, a licence's status as a set of them, and what a status does.

What a status *shows* and whether its holder *may drive* are two results, because they differ: an extended
licence (N, P, T) is shown as normal until its extended day, and forbids driving before and after it
(Order 162 art. 75).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from liangzheng.kernel.errors import Invalid


class StatusLetter(StrEnum):
    """One-letter status codes of the register. O and Q are not used; Z occurs in third-party feeds only."""

    NORMAL = "A"
    POINTS_EXCEEDED = "B"
    TRANSFERRED_OUT = "C"
    SUSPENDED = "D"
    RESCINDED = "E"
    REVOKED = "F"
    CANCELLED = "G"
    VIOLATION_PENDING = "H"
    ACCIDENT_PENDING = "I"
    USE_STOPPED = "J"
    SEIZED = "K"
    LOCKED = "L"
    RENEWAL_OVERDUE = "M"
    RENEWAL_EXTENDED = "N"
    MEDICAL_EXTENDED = "P"
    CANCELLED_RESTORABLE = "R"
    REVIEW_OVERDUE = "S"
    REVIEW_EXTENDED = "T"
    RETAINED = "U"
    OTHER = "Z"

    @property
    def identifier(self) -> str:
        """English identifier, `points_exceeded`."""
        return self.name.lower()

    @property
    def chinese(self) -> str:
        """The register's word, 超分."""
        return _CHINESE[self.value]

    @property
    def shown_as(self) -> str:
        """The word people read: the register's word, except 记满12分 for B."""
        return "记满12分" if self is StatusLetter.POINTS_EXCEEDED else self.chinese


_CHINESE = {
    "A": "正常",
    "B": "超分",
    "C": "转出",
    "D": "暂扣",
    "E": "撤销",
    "F": "吊销",
    "G": "注销",
    "H": "违法未处理",
    "I": "事故未处理",
    "J": "停止使用",
    "K": "扣押",
    "L": "锁定",
    "M": "逾期未换证",
    "N": "延期换证",
    "P": "延期体检",
    "R": "注销可恢复",
    "S": "逾期未审验",
    "T": "延期审验",
    "U": "扣留",
    "Z": "其他",
}

_LONGEST = 16  # the register's column


@dataclass(frozen=True, slots=True)
class Status:
    """One licence's status: one to sixteen different letters, A only alone.

    Written in canonical (alphabetical) order.
    """

    letters: tuple[StatusLetter, ...]

    def __post_init__(self) -> None:
        letters = tuple(sorted(self.letters))
        object.__setattr__(self, "letters", letters)
        if not 1 <= len(letters) <= _LONGEST:
            raise Invalid("status", f"1 to {_LONGEST} letters")
        if len(set(letters)) != len(letters):
            raise Invalid("status", "each letter once")
        if StatusLetter.NORMAL in letters and len(letters) > 1:
            raise Invalid("status", "A (normal) stands alone")

    @classmethod
    def parse(cls, text: str) -> Status:
        """Letters run together in any order, `BDJ`.

        Raises Invalid for none, an unknown letter, a letter twice, A beside others.
        """
        return _parsed(text)

    def with_letter(self, letter: StatusLetter) -> Status:
        """This status and `letter`; A gives way. Adding A is Invalid unless the status is A."""
        if letter in self.letters:
            return self
        rest = tuple(held for held in self.letters if held is not StatusLetter.NORMAL)
        return Status((*rest, letter))

    def without(self, letter: StatusLetter) -> Status:
        """This status less `letter`; A when nothing else is left."""
        rest = tuple(held for held in self.letters if held is not letter)
        return Status(rest or (StatusLetter.NORMAL,))

    @property
    def shown_as(self) -> str:
        """The words people read, `记满12分、暂扣`."""
        return "、".join(letter.shown_as for letter in self.letters)

    def __contains__(self, letter: object) -> bool:
        return letter in self.letters

    def __iter__(self) -> Iterator[StatusLetter]:
        return iter(self.letters)

    def __str__(self) -> str:
        return "".join(self.letters)

    def __repr__(self) -> str:
        return f"Status({self})"


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Status:
    if not text:
        raise Invalid("status", f"1 to {_LONGEST} letters")
    try:
        return Status(tuple(map(StatusLetter, text)))
    except Invalid:
        raise
    except ValueError:
        raise Invalid("status", "letters A to N, P, R, S, T, U, Z") from None


NORMAL = Status((StatusLetter.NORMAL,))


class Display(StrEnum):
    """How a held e-licence appears, from mild to severe."""

    NORMAL = "normal"
    RED = "red"
    MESSAGE = "message"
    HIDDEN = "hidden"


_SEVERITY = {display: rank for rank, display in enumerate(Display)}


@dataclass(frozen=True, slots=True)
class Effect:
    """What one letter does.

    `until_extended`: how it is shown up to and on the extended day, where it has one.
    """

    shows: Display
    may_drive: bool
    source: str
    until_extended: Display | None = None


_APPLY = "published guidance on applying and showing; RTSL art. 99, RTSR art. 28"
_EXTENDED = "shown: published guidance; driving: Order 162 art. 75"
_PROPOSAL = "modelling choice (check)"

_EFFECTS: Mapping[StatusLetter, Effect] = MappingProxyType(
    {
        StatusLetter(letter): effect
        for letters, effect in (
            ("AHI", Effect(Display.NORMAL, True, _APPLY)),
            ("BDKUMS", Effect(Display.RED, False, _APPLY)),
            ("EFG", Effect(Display.HIDDEN, False, _APPLY)),
            ("R", Effect(Display.HIDDEN, False, _PROPOSAL)),
            ("J", Effect(Display.MESSAGE, False, _APPLY)),
            ("L", Effect(Display.MESSAGE, False, _APPLY + "; driving: check")),
            ("NPT", Effect(Display.RED, False, _EXTENDED, until_extended=Display.NORMAL)),
            ("C", Effect(Display.HIDDEN, False, _PROPOSAL + ": the new record decides")),
            ("Z", Effect(Display.MESSAGE, False, _PROPOSAL + ": unknown meaning, deny by default")),
        )
        for letter in letters
    }
)


@dataclass(frozen=True, slots=True)
class StatusPolicy:
    """The table of effects.

    An authority that reads an open row otherwise hands in its own; every letter must have a row.
    """

    effects: Mapping[StatusLetter, Effect]

    def __post_init__(self) -> None:
        if set(self.effects) != set(StatusLetter):
            raise Invalid("status policy", "one row for every letter")


DEFAULT_POLICY = StatusPolicy(_EFFECTS)


@dataclass(frozen=True, slots=True)
class Shown:
    """A display and the letters that caused it, most severe first, then alphabetical; none when normal."""

    display: Display
    reasons: tuple[StatusLetter, ...]


def shown(
    status: Status, extended_until: date | None, on: date, policy: StatusPolicy = DEFAULT_POLICY
) -> Shown:
    """How a held e-licence appears on a day: the most severe letter wins (hidden > message > red > normal).

    `extended_until`: the extended day of N, P, T, still inside; None when not known, and then the letter
    counts as past it.
    """
    extended = extended_until is not None and on <= extended_until
    each: list[tuple[int, StatusLetter, Display]] = []
    for letter in status.letters:
        effect = policy.effects[letter]
        display = effect.until_extended if extended and effect.until_extended else effect.shows
        each.append((-_SEVERITY[display], letter, display))
    each.sort()
    reasons = tuple(letter for _, letter, display in each if display is not Display.NORMAL)
    return Shown(each[0][2], reasons)


def display(
    status: Status, extended_until: date | None, on: date, policy: StatusPolicy = DEFAULT_POLICY
) -> Display:
    """`shown(...)` without its reasons."""
    return shown(status, extended_until, on, policy).display


def may_drive(status: Status, policy: StatusPolicy = DEFAULT_POLICY) -> tuple[bool, tuple[StatusLetter, ...]]:
    """Whether the status lets the holder drive, and the letters that forbid it, most severe first.

    Takes no day: N, P and T forbid driving before and after the extended day alike. Validity and classes are
    asked elsewhere.
    """
    against = [letter for letter in status.letters if not policy.effects[letter].may_drive]
    against.sort(key=lambda letter: (-_SEVERITY[policy.effects[letter].shows], letter))
    return not against, tuple(against)


def may_apply(
    status: Status, extended_until: date | None, on: date, policy: StatusPolicy = DEFAULT_POLICY
) -> tuple[bool, tuple[StatusLetter, ...]]:
    """Whether the status lets the holder apply for an e-licence (exactly when it would show as normal).

    Also the letters against it.
    """
    result = shown(status, extended_until, on, policy)
    return result.display is Display.NORMAL, result.reasons
