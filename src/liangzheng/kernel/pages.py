"""Where a page of a list ordered by time begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from uuid import UUID

from liangzheng.kernel.errors import Invalid

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_FORM: Final = re.compile(r"([0-9a-f]{1,14})\.([0-9a-f]{32})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One line of such a list: its instant and, because several lines may have one instant, its id.

    A page, newest first, holds what is smaller than the place it is asked for; its last line is the place of the next.
    """

    at: datetime
    id: UUID

    @classmethod
    def before(cls, at: datetime) -> Self:
        """The place of a page that begins with what was before an instant."""
        return cls(at, UUID(int=0))

    @classmethod
    def parse(cls, place: str, text: str) -> Self:
        """What `str` wrote. Raises Invalid at `place`."""
        form = _FORM.fullmatch(text)
        try:
            at = _EPOCH + int(form[1], 16) * _MICROSECOND if form else None
        except OverflowError:
            at = None
        if form is None or at is None or not _FIRST <= at < _LAST:
            raise Invalid(place, "as the answer before said under `next`")
        return cls(at, UUID(form[2]))

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND:x}.{self.id.hex}"
