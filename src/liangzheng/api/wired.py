"""How a route reaches what `wiring.py` chose."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from starlette.requests import Request

if TYPE_CHECKING:
    from liangzheng.wiring import Wiring


def wired(request: Request) -> Wiring:
    """The wiring the application was made with."""
    return cast("Wiring", request.app.state.wiring)
