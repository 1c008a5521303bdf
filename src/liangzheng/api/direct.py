"""The application, with a short way to hot routes: frame → endpoint, past the framework's layers and its
router.

Those layers (exceptions told twice, telemetry, exit stacks, a regular expression for each route) cost more
than half of what a bare route costs, and do nothing for a hot one: it authenticates, decodes, encodes and
raises by itself (hot.py), and the frame around it is the same. Only fixed paths go this way; everything
else, the description included, is as ever.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from liangzheng.api.frame import HOT_PATH, Frame
from liangzheng.api.problems import of_failure
from liangzheng.kernel.errors import Failure

_HTTP: Final = "http"


class Application(FastAPI):
    """A FastAPI application that answers hot routes first."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == _HTTP and (scope["method"], scope["path"]) in self._hot:
            scope["app"], scope[HOT_PATH] = self, scope["path"]
            await self._short_way(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    @cached_property
    def _hot(self) -> dict[tuple[str, str], Any]:
        """Endpoints of hot routes by method and path; complete, since routes are added before the first
        request."""
        hot = [
            route
            for route in self.router.routes
            if isinstance(route, Route) and hasattr(route.endpoint, "described")
        ]
        return {
            (method, route.path): route.endpoint
            for route in hot
            if "{" not in route.path
            for method in (route.methods or set()) - {"HEAD"}
        }

    @cached_property
    def _short_way(self) -> ASGIApp:
        """The frame of this application, around the endpoint alone."""
        layers: list[Any] = list(self.user_middleware)
        (frame,) = [layer for layer in layers if layer.cls is Frame]
        return Frame(self._answer, **frame.kwargs)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: Response
        try:
            answer = await self._hot[scope["method"], scope["path"]](Request(scope, receive, send))
        except Failure as failure:
            answer = of_failure(failure)
        await answer(scope, receive, send)
