"""A port of its own for operators: `/metrics`, `/healthz`, `/readyz` of one process, never on the public listener.

A few lines over asyncio: nothing here takes a body, keeps a connection or knows a caller but by the token.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from liangzheng.infra import metrics
from liangzheng.infra.readiness import Readiness
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Unavailable

_PATIENCE_S: Final = 5.0
_LONGEST_HEAD: Final = 8192
_TEXT: Final = "text/plain; charset=utf-8"
_REASONS: Final = {
    200: "OK",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}

Answer = tuple[int, str, bytes]


@asynccontextmanager
async def serving(settings: Settings, ready: Callable[[], Awaitable[Readiness]]) -> AsyncIterator[int | None]:
    """Serves while the block lasts, on LZ_METRICS_HOST and LZ_METRICS_PORT; gives the port, None when none is set.

    Raises Unavailable when the port is taken.
    """
    if settings.metrics_port is None:
        yield None
        return

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _answer(reader, writer, settings.metrics_token, ready)

    host, port = settings.metrics_host, settings.metrics_port
    try:
        server = await asyncio.start_server(answer, host, port, limit=_LONGEST_HEAD)
    except OSError as error:
        raise Unavailable(f"metrics cannot be served on {host} port {port}: {error.strerror}") from None
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await server.wait_closed()


async def _answer(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    token: str | None,
    ready: Callable[[], Awaitable[Readiness]],
) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n")
            status, media_type, body = await _found(head, token, ready)
            writer.write(
                f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
                "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
    except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # half a request, or nobody who waits for the answer
    finally:
        writer.close()


async def _found(head: bytes, token: str | None, ready: Callable[[], Awaitable[Readiness]]) -> Answer:
    request, *headers = head.decode("latin-1").split("\r\n")
    method, _, rest = request.partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    if method != "GET":
        return 405, _TEXT, b"GET\n"
    if path == "/healthz":
        return 200, _TEXT, b"ok\n"
    if token is not None and not _knows(headers, token):
        return 401, _TEXT, b"send Authorization: Bearer with LZ_METRICS_TOKEN\n"
    if path == "/metrics":
        return 200, metrics.CONTENT_TYPE, metrics.exposition()
    if path == "/readyz":
        found = await ready()
        until = found.signs_until.isoformat() if found.signs_until else None
        said = {"ready": found.ready, "checks": dict(found.checks), "signs_until": until}
        body = json.dumps(said | {"standing_certain": found.standing_certain}).encode()
        return 200 if found.ready else 503, "application/json", body
    return 404, _TEXT, b"/metrics /healthz /readyz\n"


def _knows(headers: list[str], token: str) -> bool:
    for line in headers:
        name, _, value = line.partition(":")
        if name.strip().lower() == "authorization":
            return hmac.compare_digest(value.strip().encode(), f"Bearer {token}".encode())
    return False
