"""A server that runs, and clients that say octet by octet what they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import uvicorn

from liangzheng.api.app import SERVER_OPTIONS
from liangzheng.cli.serve import listen

WITHIN_S = 20
"""So long a test waits before it gives up; nothing takes a tenth of it."""


class Server:
    """One that runs in this test's loop."""

    def __init__(self, port: int, server: uvicorn.Server) -> None:
        self.port, self.server = port, server

    async def connect(self, address: str = "127.0.0.1") -> Connection:
        """A client at that address of this machine."""
        return Connection(*await asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0)))


class Connection:
    """A client that says exactly what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next answer: status, headers, body."""
        async with asyncio.timeout(WITHIN_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(first.split()[1]), headers, body

    async def closed(self) -> bytes:
        """What still comes until the server closes."""
        async with asyncio.timeout(WITHIN_S):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def refused(self, status: int, code: str) -> None:
        """A problem of this kind, and the end."""
        found, headers, body = await self.answer()
        assert (found, msgspec.json.decode(body)["code"]) == (status, code)
        assert headers["content-type"] == "application/problem+json"
        assert headers["connection"] == "close"
        assert headers["x-content-type-options"] == "nosniff"
        assert await self.closed() == b""

    async def trickle(self, octets: bytes, every_s: float) -> None:
        """The same octets again and again until the server has had enough."""
        try:
            while not self.reader.at_eof() and not self.writer.is_closing():
                await self.send(octets)
                await asyncio.sleep(every_s)
        except (ConnectionResetError, BrokenPipeError):
            return


@asynccontextmanager
async def running(app: Any, **options: Any) -> AsyncIterator[Server]:
    """A server as `./lz serve` starts it, but for these options of uvicorn's."""
    listener = listen("127.0.0.1", 0)
    settings: dict[str, Any] = {"lifespan": "off", "log_config": None, "timeout_graceful_shutdown": 1}
    server = uvicorn.Server(uvicorn.Config(app, **(settings | SERVER_OPTIONS | options)))
    serving = asyncio.create_task(server._serve([listener]))
    try:
        async with asyncio.timeout(WITHIN_S):
            while not server.started:
                await asyncio.sleep(0.01)
        yield Server(listener.getsockname()[1], server)
    finally:
        server.should_exit = True
        await serving
        listener.close()
