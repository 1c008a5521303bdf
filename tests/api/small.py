"""An application of a few routes, with the whole frame around it and no database behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI
from starlette.routing import BaseRoute

from liangzheng.api.app import dress
from liangzheng.api.frame import Limits
from liangzheng.kernel.time import FixedClock
from tests.conftest import NOW


def small_app(
    routes: Sequence[BaseRoute], limits: Limits | None = None, clock: FixedClock | None = None
) -> FastAPI:
    """The routes as `create_app` would serve them."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    return dress(app, routes, clock or FixedClock(NOW), limits or Limits())


@asynccontextmanager
async def client_of(app: FastAPI, host: str = "test") -> AsyncIterator[httpx.AsyncClient]:
    """A client without a socket. What escapes the application fails the test."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=f"http://{host}") as client:
        yield client
