"""Which page of a list ordered by time a request asks for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import AwareDatetime

from liangzheng.api.wired import wired
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.pages import Place

_FIRST, _LAST = datetime(2000, 1, 2), datetime(2099, 12, 30)  # noqa: DTZ001 (a day to spare for any offset)


def page_from(
    request: Request,
    before: AwareDatetime | None = None,
    after: Annotated[str | None, Query(max_length=60, description="`next` of the page before")] = None,
) -> Place:
    """After the line `next` named, else what was before an instant, else the newest. Raises Invalid."""
    if after is not None:
        return Place.parse("after", after)
    until = before or wired(request).clock.now() + timedelta(days=1)
    if not _FIRST <= until.replace(tzinfo=None) <= _LAST:
        raise Invalid("before", "a time from 2000 to 2099")
    return Place.before(until)


PageFrom = Annotated[Place, Depends(page_from)]
"""`async def act(place: PageFrom, …)`: where the page begins."""
