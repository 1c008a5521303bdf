"""Hot routes: plain Starlette and msgspec in the same application, for verification, status and apply.

Authentication, decoding and encoding happen here, so a hot route can forget none of them:

    class AskBody(msgspec.Struct, forbid_unknown_fields=True):
        code: str

    async def verify(request: Request, who: VerifierId, body: AskBody) -> Verdict: ...

    hot = [hot_post("/verifier/verifications", verify, who=verifier, body=AskBody, answer=Verdict,
                    status=200, summary="Verify a shown code")]

`hot` is read from a module of routes beside its `router` (table.py). Failures are raised, as everywhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from liangzheng.api.auth import is_authenticating
from liangzheng.api.bodies import decode_json
from liangzheng.api.problems import FAILURES, JSON_RULE, Breach, of_failure, of_msgspec, problem
from liangzheng.kernel.errors import Invalid

P = TypeVar("P")
P_co = TypeVar("P_co", covariant=True)
B = TypeVar("B", bound=msgspec.Struct)


class Authenticator(Protocol[P_co]):
    """A function marked `authenticates`: returns who calls or raises NotAuthenticated."""

    async def __call__(self, request: Request, /) -> P_co: ...


@dataclass(frozen=True, slots=True)
class Described:
    """What OpenAPI says about a hot route."""

    summary: str
    tag: str
    body: type[msgspec.Struct] | None
    answer: Any
    status: int
    query: tuple[str, ...] = ()
    """Names of query parameters, texts that must be there."""
    media_type: str = "application/json"
    needs_key: bool = False
    """Whether the request must carry an Idempotency-Key."""


_ENCODE = msgspec.json.Encoder().encode


class _Endpoint(ABC, Generic[P]):
    """An ASGI-callable endpoint that carries its authenticator and description where tests can see them."""

    def __init__(self, who: Authenticator[P], described: Described) -> None:
        if not is_authenticating(who):
            raise ValueError("a hot route needs an authenticator marked `authenticates`")
        self.who = who
        self.described = described

    @abstractmethod
    async def __call__(self, request: Request) -> Response: ...

    def _answer(self, result: Any) -> Response:
        if isinstance(result, Response):
            return result
        return Response(_ENCODE(result), status_code=self.described.status, media_type="application/json")


class _Post(_Endpoint[P], Generic[P, B]):
    def __init__(
        self,
        act: Callable[[Request, P, B], Awaitable[Any]],
        who: Authenticator[P],
        body: type[B],
        described: Described,
    ) -> None:
        super().__init__(who, described)
        if not body.__struct_config__.forbid_unknown_fields:
            raise ValueError(f"{body.__name__} must be declared with forbid_unknown_fields=True")
        self._act = act
        self._decode = msgspec.json.Decoder(body, strict=True).decode

    async def __call__(self, request: Request) -> Response:
        who = await self.who(request)
        octets = await request.body()
        try:
            body = self._decode(octets)
            # msgspec takes the last of two equal keys without a word, so the strict reader looks too: 3 µs.
            decode_json(octets)
        except JSONDecodeError:
            return problem(FAILURES[Invalid], breaches=[Breach("body", JSON_RULE)])
        except UnicodeDecodeError:
            return of_failure(Invalid("body", "text in UTF-8"))
        except msgspec.DecodeError as error:
            return of_msgspec(error)
        return self._answer(await self._act(request, who, body))


class _Get(_Endpoint[P]):
    def __init__(
        self, act: Callable[[Request, P], Awaitable[Any]], who: Authenticator[P], described: Described
    ) -> None:
        super().__init__(who, described)
        self._act = act

    async def __call__(self, request: Request) -> Response:
        return self._answer(await self._act(request, await self.who(request)))


def hot_post(
    path: str,
    act: Callable[[Request, P, B], Awaitable[Any]],
    *,
    who: Authenticator[P],
    body: type[B],
    answer: Any,
    summary: str,
    status: int = 200,
    needs_key: bool = False,
) -> Route:
    """A POST route: who calls, the body, then `act`. Its result is encoded; a Response is sent as it is.

    `needs_key`: `act` asks for an Idempotency-Key; said here, so that the description says so.
    """
    described = Described(summary, _tag(path), body, answer, status, needs_key=needs_key)
    endpoint = _Post(act, who, body, described)
    return _route(path, endpoint, "POST", getattr(act, "__name__", "act"))


def hot_get(
    path: str,
    act: Callable[[Request, P], Awaitable[Any]],
    *,
    who: Authenticator[P],
    answer: Any,
    summary: str,
    status: int = 200,
    query: tuple[str, ...] = (),
    media_type: str = "application/json",
) -> Route:
    """A GET route; path parameters are in `request.path_params`, as text. `query` and `media_type` describe it."""
    described = Described(summary, _tag(path), None, answer, status, query, media_type)
    endpoint = _Get(act, who, described)
    return _route(path, endpoint, "GET", getattr(act, "__name__", "act"))


def _route(path: str, endpoint: _Endpoint[Any], method: str, name: str) -> Route:
    # Starlette takes an object for a whole ASGI application, so it is given a function.
    async def call(request: Request) -> Response:
        return await endpoint(request)

    call.who = endpoint.who  # type: ignore[attr-defined]
    call.described = endpoint.described  # type: ignore[attr-defined]
    call.pattern = path  # type: ignore[attr-defined]
    return Route(path, call, methods=[method], name=name)


def _tag(path: str) -> str:
    return path.strip("/").partition("/")[0] or "open"
