"""Which company calls, by the access token of POST /relying/token."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from liangzheng import relying
from liangzheng.api.auth import authenticates, bearer_token
from liangzheng.api.wired import wired
from liangzheng.relying import CompanyCaller


@authenticates
async def company(request: Request) -> CompanyCaller:
    """The approved company whose token this is. Raises NotAuthenticated, TooMany."""
    wiring = wired(request)
    now = wiring.clock.now()
    return await relying.caller(wiring.database, bearer_token(request), now)


Company = Annotated[CompanyCaller, Depends(company)]
"""`async def act(who: Company, …)`: the calling company."""
