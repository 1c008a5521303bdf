"""What every request passes before a route sees it, and every answer before it leaves: one ASGI layer.

In: host name, size, time and depth of the body, its content type. Out: security headers, the server's time,
how far the phone's clock is off, and a plain 500 for a bug. One layer, not five: each costs every request.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate
from functools import lru_cache
from typing import Final

from prometheus_client import Histogram
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liangzheng.api.bodies import is_deeper_than
from liangzheng.api.problems import FAILURES, PROTOCOL, Breach, of_failure, problem, unexpected
from liangzheng.api.rates import RATES, Rates
from liangzheng.infra import metrics, spans
from liangzheng.infra.trace import CURRENT, Trace
from liangzheng.kernel.errors import Failure, Invalid, TooLarge, TooMany
from liangzheng.kernel.time import Clock

KIB: Final = 1024
HOT_PATH: Final = "lz_hot_path"
"""In the scope of a request that went the short way (direct.py): its route, which has no parameters."""


@dataclass(frozen=True, slots=True)
class LargerBody:
    """Paths that match `path` may send up to `octets`, once `who` has said who calls (it raises
    NotAuthenticated): nobody unknown has us take in that much.

    `media`: of another type than JSON; its depth is then not looked at here, but where it is read.
    """

    path: re.Pattern[str]
    octets: int
    who: Callable[[Request], Awaitable[object]]
    media: re.Pattern[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may weigh. Hosts are names without port; empty: any host name is served.
    `forms`: the paths whose standard demands a form (RFC 6749) in place of JSON."""

    body_octets: int = 64 * KIB
    larger: Sequence[LargerBody] = ()
    body_s: float = 15.0
    depth: int = 16
    hosts: frozenset[str] = field(default_factory=frozenset)
    forms: frozenset[str] = field(default_factory=frozenset)

    def larger_for(self, path: str) -> LargerBody | None:
        """What holds for `path` in place of `body_octets`, if anything does."""
        return next((larger for larger in self.larger if larger.path.fullmatch(path)), None)


SECURITY_HEADERS: Final[Sequence[tuple[bytes, bytes]]] = (
    (
        b"content-security-policy",
        b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"cache-control", b"no-store"),
)
"""Set where the route has not set its own. Browsers ignore the transport header on plain HTTP."""

PHONE_TIME: Final = b"x-phone-time"
TRACEPARENT: Final = b"traceparent"
REQUEST_ID: Final = b"x-request-id"
"""The trace's id, for whoever sent a `traceparent`: what to tell the operator."""
CLOCK_OFFSET: Final = b"x-phone-clock-offset"
_UNIX_MS = re.compile(rb"[0-9]{1,15}")
_HAS_BODY: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_FORM = re.compile(rb"application/x-www-form-urlencoded(?:\s*;\s*charset=\"?utf-8\"?)?\s*", re.IGNORECASE)
_JSON = re.compile(rb"application/json(?:\s*;\s*charset=\"?utf-8\"?)?\s*", re.IGNORECASE)


class Frame:
    """The layer around the whole application."""

    def __init__(self, app: ASGIApp, *, clock: Clock, limits: Limits, rates: Rates | None = None) -> None:
        """`rates`: how often a network may write; None: nothing is counted."""
        self._app = app
        self._clock = clock
        self._limits = limits
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})  # we speak no WebSocket
            return
        headers = _Headers(scope["headers"])
        traceparent = headers.get(TRACEPARENT)
        trace = Trace(traceparent)
        dressed = _Dressed(send, self._clock, trace, told=traceparent is not None)
        began, token = time.perf_counter(), CURRENT.set(trace)
        try:
            await self._answer(scope, headers, receive, dressed)
        finally:
            CURRENT.reset(token)
            took_s = time.perf_counter() - began
            _count(scope, dressed.status, took_s)
            if spans.are_written():
                _write_span(trace, scope, dressed.status, took_s)

    async def _answer(self, scope: Scope, headers: _Headers, receive: Receive, dressed: _Dressed) -> None:
        offset_ms = _phone_offset_ms(headers.get(PHONE_TIME), self._clock.now())
        dressed.offset_ms = offset_ms
        state = scope.setdefault("state", {})
        state["phone_offset_ms"], state[RATES] = offset_ms, self._rates
        try:
            refusal, body = await self._take_in(scope, headers, receive)
        except _Gone:
            return  # half a request is no request
        if refusal is not None:
            await refusal(scope, receive, dressed)
            return
        try:
            await self._app(scope, _replaying(body, receive), dressed)
        except Exception as error:
            answer = unexpected(error)
            if dressed.started:
                return  # half an answer is out: cutting it short is all that is left
            await answer(scope, receive, dressed)

    async def _take_in(
        self, scope: Scope, headers: _Headers, receive: Receive
    ) -> tuple[Response | None, bytes]:
        """A refusal, or None and the whole body."""
        if (
            self._limits.hosts
            and host_name((headers.get(b"host") or b"").decode("latin-1")) not in self._limits.hosts
        ):
            return problem(PROTOCOL[421]), b""
        if self._rates is not None:
            try:
                self._rates.take_network(scope)
            except TooMany as failure:
                return of_failure(failure), b""
        if scope["method"] not in _HAS_BODY and not headers.announce_body():
            return None, b""
        larger = self._limits.larger_for(scope["path"])
        limit = self._limits.body_octets if larger is None else larger.octets
        announced = headers.get(b"content-length")
        if announced is not None and (
            not announced.isdigit() or len(announced) > 15 or int(announced) > limit
        ):
            return _too_large(limit), b""
        if larger is not None:
            refusal = await _stranger(larger, scope)
            if refusal is not None:
                return refusal, b""
        try:
            async with asyncio.timeout(self._limits.body_s):
                body = await _read(receive, limit)
        except TimeoutError:
            return problem(PROTOCOL[408], headers={"Connection": "close"}), b""
        if body is None:
            return _too_large(limit), b""
        if larger is not None:  # what is large takes long to look through
            return await asyncio.to_thread(self._judge, scope["path"], headers, body, larger.media), body
        return self._judge(scope["path"], headers, body), body

    def _judge(
        self, path: str, headers: _Headers, body: bytes, media: re.Pattern[bytes] | None = None
    ) -> Response | None:
        if not body:
            return None
        wanted = media or (_FORM if path in self._limits.forms else _JSON)
        if not wanted.fullmatch(headers.get(b"content-type") or b"") or headers.get(b"content-encoding"):
            return problem(PROTOCOL[415])
        if wanted is _JSON and is_deeper_than(body, self._limits.depth):
            breach = Breach("body", f"nested at most {self._limits.depth} deep")
            return problem(FAILURES[Invalid], breaches=[breach])
        return None


async def _stranger(larger: LargerBody, scope: Scope) -> Response | None:
    """The answer to who may not send that much; None for who may. The body is left unread: a client that
    waits for leave to send it (Expect: 100-continue) never does, another's goes nowhere."""
    try:
        await larger.who(Request(scope))
    except Failure as failure:
        return of_failure(failure)
    except Exception as error:
        return unexpected(error)
    return None


class _Headers:
    """Request headers by lower-case name; the first value counts."""

    def __init__(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        self._values: dict[bytes, bytes] = {}
        for name, value in pairs:
            self._values.setdefault(name, value)

    def get(self, name: bytes) -> bytes | None:
        return self._values.get(name)

    def announce_body(self) -> bool:
        return self._values.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in self._values


class _Dressed:
    """`send`, with our headers added where the route set none."""

    def __init__(self, send: Send, clock: Clock, trace: Trace, *, told: bool) -> None:
        self._send = send
        self._clock = clock
        self._trace, self._told = trace, told
        self.started = False
        self.status = 0
        self.offset_ms: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            present = {name.lower() for name, _ in headers}
            headers.extend(pair for pair in SECURITY_HEADERS if pair[0] not in present)
            if b"date" not in present:
                headers.append((b"date", _http_date(int(self._clock.now().timestamp()))))
            if self._told:
                headers.append((REQUEST_ID, self._trace.trace.encode()))
            if self.offset_ms is not None:
                headers.append((CLOCK_OFFSET, str(self.offset_ms).encode()))
            message = {**message, "headers": headers}
        await self._send(message)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _count(scope: Scope, status: int, took_s: float) -> None:
    """The request in the figures, under its route's pattern: a path would hold ids."""
    method = scope["method"] if scope["method"] in _METHODS else "other"
    _figure(method, _pattern(scope), status).observe(took_s)


def _write_span(trace: Trace, scope: Scope, status: int, took_s: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    route, ended = _pattern(scope), time.time_ns()
    spans.write(
        trace, f"{method} {route}", spans.Kind.SERVER, ended - int(took_s * 1e9), ended,
        {"http.request.method": method, "http.route": route, "http.response.status_code": status},
        failed=status >= 500,
    )  # fmt: skip


def _pattern(scope: Scope) -> str:
    """`/holder/applications/{application_id}`; FastAPI leaves its route in the scope, a hot route its endpoint."""
    found = scope.get(HOT_PATH) or getattr(scope.get("route"), "path", None)
    return str(found or getattr(scope.get("endpoint"), "pattern", "(none)"))


@lru_cache(maxsize=4096)
def _figure(method: str, route: str, status: int) -> Histogram:
    return metrics.REQUESTS.labels(method, route, str(status))


class _Gone(Exception):
    """The client went away before its request was whole."""


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The whole body, None when it is larger than `limit`. Raises _Gone when the client left meanwhile."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise _Gone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _replaying(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


@lru_cache(maxsize=4)
def _http_date(second: int) -> bytes:
    """The instant as HTTP writes it (RFC 9110 §5.6.7); thousands of answers share a second."""
    return formatdate(second, usegmt=True).encode()


def _too_large(limit: int) -> Response:
    # The rest of the body is not read, so the connection cannot be used again.
    return problem(FAILURES[TooLarge], f"at most {limit} octets", headers={"Connection": "close"})


def host_name(host: str) -> str:
    """The name in a Host header, without port, in lower case; an IPv6 address without its brackets."""
    text = host.lower()
    if text.startswith("["):
        return text.partition("]")[0].lstrip("[")
    return text.partition(":")[0]


def _phone_offset_ms(sent: bytes | None, now: datetime) -> int | None:
    """Phone clock minus ours in milliseconds; positive: the phone is ahead. None for a header we cannot read.

    That is not refused: a wrong clock must never lock an honest phone out.
    """
    if sent is None or not _UNIX_MS.fullmatch(sent):
        return None
    return int(sent) - int(now.timestamp() * 1000)
