"""What a proposal holds: an object with exactly the fields of its kind, and the readers of those fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import StaffId

What = Mapping[str, Any]


def exactly(what: What, *names: str) -> None:
    """Raises Invalid unless it has these fields and no others."""
    if set(what) != set(names):
        raise Invalid("what", f"holds {', '.join(names)}" if names else "is empty for this kind")


def text_in(what: What, name: str) -> str:
    """Raises Invalid for what is no text."""
    value = what[name]
    if not isinstance(value, str):
        raise Invalid("what", f"{name} is a text")
    return value


def day_in(what: What, name: str) -> date:
    """A day written 2026-11-20. Raises Invalid."""
    try:
        return date.fromisoformat(text_in(what, name))
    except ValueError:
        raise Invalid("what", f"{name} is a day, 2026-11-20") from None


def staff_in(what: What) -> StaffId:
    """The member of staff it is about. Raises Invalid."""
    return StaffId.parse(text_in(what, "staff"))


def common_division(codes: list[str]) -> str:
    """Six digits of the smallest place that holds all of these prefixes or codes; 000000 when no province does, or for none."""
    shortest = [code[: len(code.rstrip("0")) + len(code.rstrip("0")) % 2] for code in codes]
    for length in (6, 4, 2):
        prefixes = {code[:length] for code in shortest}
        if len(prefixes) == 1 and all(len(code) >= length for code in shortest):
            return prefixes.pop().ljust(6, "0")
    return "000000"
