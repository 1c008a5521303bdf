"""The HTTP application: `create_app(wiring)`."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from liangzheng import drivers
from liangzheng.api.auth import caller, undeclared
from liangzheng.api.direct import Application
from liangzheng.api.frame import KIB, Frame, LargerBody, Limits
from liangzheng.api.openapi import describe
from liangzheng.api.problems import answer_failure, answer_protocol, answer_validation
from liangzheng.api.protocol import BoundedProtocol
from liangzheng.api.rates import Rates
from liangzheng.api.source.callers import announced
from liangzheng.api.staff.callers import officer
from liangzheng.api.table import RESOURCES
from liangzheng.kernel.errors import Failure
from liangzheng.kernel.time import Clock, SystemClock

if TYPE_CHECKING:
    from liangzheng.wiring import Wiring

LARGER_BODIES: Final[Sequence[LargerBody]] = (
    LargerBody(re.compile(r"/holder/face-checks/[^/]+/frames"), 2048 * KIB, caller),
    LargerBody(
        re.compile(r"/source/register-changes"),
        drivers.MOST_OCTETS,
        announced,
        re.compile(rb"application/x-ndjson", re.IGNORECASE),
    ),
    LargerBody(
        re.compile(r"/staff/register-uploads/[^/]+/parts"),
        drivers.MOST_PART_OCTETS,
        officer,
        re.compile(rb"application/octet-stream", re.IGNORECASE),
    ),
    # A photo of a mebibyte is a third larger in base64.
    LargerBody(re.compile(r"/holder/photos"), 1536 * KIB, caller),
)
"""Every other body is limited to 64 KiB."""

FORMS: Final = frozenset({"/relying/token"})
"""Paths that take a form, because their standard says so."""

SERVER_OPTIONS: Final[dict[str, Any]] = {
    # The access log costs 18 % and would hold ids; the date comes from our clock (frame.py), once.
    "access_log": False,
    "server_header": False,
    "date_header": False,
    "proxy_headers": False,
    "ws": "none",
    "http": BoundedProtocol,
    "timeout_keep_alive": 20,
    # Connections of one process, idle ones too; more are answered 503. Below the 1,024 descriptors a process
    # usually may have, so that the database and the log still get theirs.
    "limit_concurrency": 900,
}
"""What uvicorn must be started with, besides host and port."""


def create_app(wiring: Wiring, resources: Sequence[str] = RESOURCES) -> FastAPI:
    """The application over `wiring`. Raises RuntimeError when a route does not say who may call it."""
    app = _bare()
    app.state.wiring = wiring
    hosts = frozenset(wiring.settings.hosts)
    hosts |= frozenset(wiring.settings.face_hosts.values()) if hosts else frozenset()
    limits = Limits(larger=LARGER_BODIES, hosts=hosts, forms=FORMS)
    app.state.rates = Rates(lambda: wiring.settings, wiring.clock, lambda: wiring.key_index)
    return dress(app, routes_of(resources), wiring.clock, limits, app.state.rates)


def described(resources: Sequence[str] = RESOURCES) -> dict[str, Any]:
    """The OpenAPI description of the whole application, without a database or keys behind it."""
    description: dict[str, Any] = dress(_bare(), routes_of(resources), SystemClock(), Limits()).openapi()
    return description


def _bare() -> FastAPI:
    return Application(
        title="LiangZheng 亮证",
        version=_version(),
        docs_url=None,  # FastAPI's pages load from a CDN
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )


def dress(
    app: FastAPI, routes: Sequence[BaseRoute], clock: Clock, limits: Limits, rates: Rates | None = None
) -> FastAPI:
    """`app` with these routes, problems for every failure and the frame around it all.

    Raises RuntimeError when a route does not say who may call it.
    """
    open_doors = undeclared(routes)
    if open_doors:
        raise RuntimeError(f"routes that do not say who may call them: {', '.join(open_doors)}")
    app.router.routes.extend(routes)
    app.add_exception_handler(Failure, answer_failure)
    app.add_exception_handler(RequestValidationError, answer_validation)
    app.add_exception_handler(HTTPException, answer_protocol)
    app.add_middleware(Frame, clock=clock, limits=limits, rates=rates)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def routes_of(resources: Sequence[str]) -> list[BaseRoute]:
    """The routes of the modules named, hot ones first."""
    modules = [importlib.import_module(name) for name in resources]
    hot = [route for module in modules for route in getattr(module, "hot", ())]
    usual = [route for module in modules if hasattr(module, "router") for route in module.router.routes]
    return [*hot, *usual]


def _version() -> str:
    from liangzheng import __version__

    return __version__
