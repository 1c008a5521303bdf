"""Who is calling. Every route says so: it is `public`, or it depends on a function marked `authenticates`.

`create_app` refuses to start with a route that says neither (see `undeclared`). Who the person is comes from
the login, never from a path or a body.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from functools import wraps
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from liangzheng import accounts
from liangzheng.accounts import Caller
from liangzheng.api.rates import count_request
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import NotAuthenticated

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
Who = Callable[[Request], Coroutine[Any, Any, T]]

_PUBLIC = "__lz_public__"
_AUTHENTICATES = "__lz_authenticates__"
_LONGEST_TOKEN = 512


def public(endpoint: F) -> F:
    """Anybody may call this endpoint. Put nearest to the function, under the route decorator."""
    setattr(endpoint, _PUBLIC, True)
    return endpoint


def authenticates(who: Who[T]) -> Who[T]:
    """This dependency returns the caller, or raises NotAuthenticated; what the caller asks is counted (rates.py)."""

    @wraps(who)
    async def counted(request: Request) -> T:
        found = await who(request)
        count_request(request, found)
        return found

    setattr(counted, _AUTHENTICATES, True)
    return counted


def is_public(endpoint: object) -> bool:
    """Whether `public` was said about it."""
    return getattr(endpoint, _PUBLIC, False) is True


def is_authenticating(who: object) -> bool:
    """Whether `authenticates` was said about it."""
    return getattr(who, _AUTHENTICATES, False) is True


def bearer_token(request: Request) -> str:
    """The token of `Authorization: Bearer …`. Raises NotAuthenticated when there is none or more than one."""
    values = request.headers.getlist("authorization")
    scheme, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    token = token.strip()
    if scheme.lower() != "bearer" or not 0 < len(token) <= _LONGEST_TOKEN or not token.isascii():
        raise NotAuthenticated("send Authorization: Bearer with the token of a login")
    return token


@authenticates
async def caller(request: Request) -> Caller:
    """The person whose phone calls, by the session of their login. Raises NotAuthenticated."""
    token = bearer_token(request)
    wiring = wired(request)
    offset_ms = getattr(request.state, "phone_offset_ms", None)
    found = await accounts.session(
        wiring.database, token, wiring.account_policy, now=wiring.clock.now(), phone_offset_ms=offset_ms
    )
    request.state.caller = found
    return found


Holder = Annotated[Caller, Depends(caller)]
"""`async def act(who: Holder, …)`: the logged-in person."""


def undeclared(routes: Iterable[BaseRoute]) -> list[str]:
    """Paths of routes that neither say `public` nor authenticate; must be empty."""
    return [f"{_methods(route)} {_path(route)}" for route in routes if not _is_declared(route)]


def _is_declared(route: BaseRoute) -> bool:
    if isinstance(route, Route):
        return is_public(route.endpoint) or bool(authenticators(route))
    return is_public(getattr(route, "app", None))  # a mounted folder of built files


def authenticators(route: Route) -> list[str]:
    """Names of the functions that tell this route who calls: `caller`, `verifier` …"""
    if isinstance(route, APIRoute):
        found: list[Any] = [who for who in _calls(route.dependant) if is_authenticating(who)]
    else:  # a hot route carries its authenticator on the endpoint (hot.py)
        who = getattr(route.endpoint, "who", None)
        found = [who] if is_authenticating(who) else []
    return list(dict.fromkeys(who.__name__ for who in found))


def _calls(dependant: Dependant) -> Iterator[object]:
    for needed in dependant.dependencies:
        yield needed.call
        yield from _calls(needed)


def _methods(route: BaseRoute) -> str:
    return ",".join(sorted(getattr(route, "methods", None) or ())) or "ANY"


def _path(route: BaseRoute) -> str:
    return str(getattr(route, "path", route))
