"""HTTP clients that cost little: requests made beforehand, connections kept, answers read only as far as
needed."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of clients saw."""

    rate: float
    """Answers a second."""
    latencies_s: Sequence[float]
    """Sorted. Open loop: from the moment a request was due, so a server that stalls is charged for all that
    waited."""
    client_cpu_s: float
    """CPU seconds of this process for one answer."""

    def percentile(self, share: float) -> float:
        """Latency that `share` of the answers did not exceed, in seconds."""
        return self.latencies_s[min(len(self.latencies_s) - 1, math.ceil(share * len(self.latencies_s)) - 1)]


class _Connection(asyncio.Protocol):
    """One keep-alive connection: one request out, one answer in."""

    def __init__(self, expected: bytes) -> None:
        self._expected = expected
        self._buffer = b""
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one, but not by inheritance

    def data_received(self, octets: bytes) -> None:
        self._buffer += octets
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._buffer.find(b"content-length: ", 0, head) + 16
        length = int(self._buffer[at : self._buffer.find(b"\r\n", at)])
        if len(self._buffer) < head + 4 + length:
            return
        answer, self._buffer = self._buffer, b""
        waiter, self._waiter = self._waiter, None
        if waiter is None or waiter.done():
            return
        if self._expected in answer:
            waiter.set_result(None)
        else:
            waiter.set_exception(AssertionError(f"an unexpected answer: {answer[:600]!r}"))

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ConnectionError("the server hung up"))

    def ask(self, request: bytes) -> asyncio.Future[None]:
        assert self._transport is not None
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiter

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def post(path: str, body: bytes, token: str) -> bytes:
    """The octets of one request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def closed_loop(port: int, requests: Sequence[bytes], connections: int, expected: bytes) -> Run:
    """Every request once, as fast as `connections` clients go, each waiting for its answer. `expected`
    stands in every answer."""
    todo = iter(requests)
    latencies: list[float] = []

    async def client(connection: _Connection) -> None:
        for request in todo:
            started = time.perf_counter()
            await connection.ask(request)
            latencies.append(time.perf_counter() - started)

    return await _run(port, connections, expected, client, latencies)


async def open_loop(
    port: int, requests: Sequence[bytes], connections: int, expected: bytes, rate: float
) -> Run:
    """Every request at its own moment, `rate` a second whatever the server does."""
    todo = iter(enumerate(requests))
    latencies: list[float] = []
    start = time.perf_counter() + 0.05

    async def client(connection: _Connection) -> None:
        for number, request in todo:
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await connection.ask(request)
            latencies.append(time.perf_counter() - due)

    return await _run(port, connections, expected, client, latencies)


# type: ignore[no-untyped-def]
async def _run(port: int, connections: int, expected: bytes, client, latencies: list[float]) -> Run:
    loop = asyncio.get_running_loop()
    opened = [
        (await loop.create_connection(lambda: _Connection(expected), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    cpu, started = time.process_time(), time.perf_counter()
    try:
        await asyncio.gather(*(client(connection) for connection in opened))
    finally:
        for connection in opened:
            connection.close()
    took = time.perf_counter() - started
    return Run(len(latencies) / took, sorted(latencies), (time.process_time() - cpu) / len(latencies))
