"""Calling an address somebody else told us: one POST over a connection made to a place that was checked.

The name is resolved here, every place it leads to is checked (`kernel/web_address.py`), and the connection is
made to the very place that was checked: a name that changes between the look and the call changes nothing. No
redirect is followed, nothing of the answer is read but its first line, and all of it ends within ten seconds.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.web_address import CallPolicy, WebAddress, refuse_place

WITHIN_S: Final = 10.0
_LONGEST_LINE: Final = 1024
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")
_FIELD: Final = re.compile(r"[\x20-\x7e]*")

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port → the numeric places the name leads to."""


class NotTaken(Exception):
    """Nobody took it. `reason` is a code, fit for logs and for the receiver's owner."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Webhooks(Protocol):
    """Something that delivers a POST."""

    async def post(self, url: str, fields: Mapping[str, str], body: bytes) -> int:
        """The status of the answer. Raises NotTaken when there is none."""
        ...


def call_policy(mode: str) -> CallPolicy:
    """What may be called in a mode. Outside production receivers may run on this machine, over plain HTTP and on
    any port; other inner places are closed there too."""
    if mode == "production":
        return CallPolicy()
    return CallPolicy(plain_http=True, loopback=True, ports=None)


async def resolve(host: str, port: int) -> list[str]:
    """By the system's resolver. Raises NotTaken."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise NotTaken("unresolved") from None
    return list(dict.fromkeys(str(place[4][0]) for place in found))


class HttpWebhooks:
    """Over the network."""

    def __init__(
        self,
        policy: CallPolicy,
        *,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        within_s: float = WITHIN_S,
    ) -> None:
        self._policy, self._resolve, self._within_s = policy, resolve, within_s
        self._tls = tls or ssl.create_default_context()

    async def post(self, url: str, fields: Mapping[str, str], body: bytes) -> int:
        """As the protocol says. An address or place that must not be called is NotTaken, before any connection."""
        try:
            address = WebAddress.parse(url, self._policy)
        except Invalid:
            raise NotTaken("address-refused") from None
        try:
            async with asyncio.timeout(self._within_s):
                return await self._exchange(
                    address, await self._place(address), _head(address, fields, body) + body
                )
        except TimeoutError:
            raise NotTaken("too-slow") from None
        except ssl.SSLError:
            raise NotTaken("tls") from None
        except OSError:
            raise NotTaken("unreachable") from None

    async def _place(self, address: WebAddress) -> str:
        """The place to connect to. One that must not be called among them refuses them all: an honest name has none."""
        places = await self._resolve(address.host, address.port)
        if not places:
            raise NotTaken("unresolved")
        for place in places:
            try:
                refused = refuse_place(ipaddress.ip_address(place), self._policy)
            except ValueError:
                refused = "not a place"
            if refused is not None:
                raise NotTaken("place-refused")
        return places[0]

    async def _exchange(self, address: WebAddress, place: str, octets: bytes) -> int:
        tls = self._tls if address.scheme == "https" else None
        reader, writer = await asyncio.open_connection(
            # The name is for the certificate only; the number decides where the connection goes.
            place, address.port, ssl=tls, server_hostname=address.host if tls else None, limit=_LONGEST_LINE,
        )  # fmt: skip
        try:
            writer.write(octets)
            await writer.drain()
            line = await reader.readline()
        except (ValueError, asyncio.IncompleteReadError):
            raise NotTaken("malformed-answer") from None
        finally:
            writer.transport.abort()
        found = _STATUS_LINE.fullmatch(line)
        if found is None:
            raise NotTaken("malformed-answer")
        return int(found[1])


def _head(address: WebAddress, fields: Mapping[str, str], body: bytes) -> bytes:
    for name, value in fields.items():
        assert _FIELD.fullmatch(name + value), "fields are ours"
    lines = [
        f"POST {address.target} HTTP/1.1",
        f"Host: {address.authority}",
        "User-Agent: liangzheng",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in fields.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
