"""Which company calls, by the access token of POST /relying/token; and how often it may call at all."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request

from liangzheng import relying
from liangzheng.api.auth import authenticates, bearer_token
from liangzheng.api.wired import wired
from liangzheng.infra.limits import Limiter, Rate
from liangzheng.relying import CompanyCaller

CALLS: Final = Rate(1200, 60)
"""Calls of any sort a minute, polling included; what is asked about drivers is counted exactly (relying/count.py)."""


@authenticates
async def company(request: Request) -> CompanyCaller:
    """The approved company whose token this is. Raises NotAuthenticated, TooMany."""
    wiring = wired(request)
    now = wiring.clock.now()
    found = await relying.caller(wiring.database, bearer_token(request), now)
    limiter: Limiter | None = getattr(request.app.state, "company_calls", None)
    if limiter is None:
        limiter = request.app.state.company_calls = Limiter(CALLS, "calls")
    limiter.take(found.id, now)
    return found


Company = Annotated[CompanyCaller, Depends(company)]
"""`async def act(who: Company, …)`: the calling company."""
