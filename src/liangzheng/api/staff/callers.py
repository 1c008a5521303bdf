"""Which member of staff calls, by the session of a log-in with two factors."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from liangzheng import staff
from liangzheng.api.auth import authenticates, bearer_token
from liangzheng.api.wired import wired
from liangzheng.staff import Officer


@authenticates
async def officer(request: Request) -> Officer:
    """The member of staff, with the duties of this moment. Raises NotAuthenticated."""
    token, wiring = bearer_token(request), wired(request)
    return await staff.officer_of(wiring.database, token, wiring.staff_policy, wiring.clock.now())


OnDuty = Annotated[Officer, Depends(officer)]
"""`async def act(who: OnDuty, …)`: the logged-in member of staff."""
