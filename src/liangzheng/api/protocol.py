"""uvicorn's HTTP/1.1 protocol on httptools, with an end to everything a client may take its time or space for, and one host
to every request.

httptools sets no limit of its own: a header may be as long as it likes and take as long as it likes. Here one
instant a connection says until when what is being read must be whole, and one timer looks at it now and then:
a request that comes in one piece costs two looks at the clock.
"""

from __future__ import annotations

import re
from asyncio import Transport
from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from liangzheng.api.frame import KIB, SECURITY_HEADERS
from liangzheng.api.problems import PROTOCOL, problem
from liangzheng.infra.limits import Network, network_of

_BETWEEN: Final = 0
_HEADERS: Final = 1
_BODY: Final = 2


_HOST: Final = re.compile(
    rb"(?:\[[0-9A-Za-z:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?[ \t]*"
)
"""`uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2), and the spaces a parser may leave behind it. May be empty."""

_HELD: Final[WeakKeyDictionary[ServerState, Counter[Network]]] = WeakKeyDictionary()
"""Connections of each network, by server."""


class _Refused(Exception):
    """Stops the parser in the middle of a request; httptools turns it into its own error."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. What breaks a limit is answered by a problem, if an answer can still be told from
    others, and the connection is closed."""

    header_octets = 16 * KIB
    """Request line and headers together."""

    header_s = 15.0
    """From the connection's opening, or the first octet of a further request, to the end of its headers."""

    body_s = 60.0
    """From the end of the headers to the end of the body, whether or not somebody reads it (frame.py is
    stricter with those who are read)."""

    write_s = 60.0
    """So long what is ready for a client may lie there, without one piece (48 KiB) of it being taken."""

    body_octets = 4096 * KIB
    """Body with its chunk sizes and trailers, on the wire. How much is taken in decides the frame."""

    share = 3
    """One network (IPv4 /24, IPv6 /48) may hold one connection of so many there may be: nobody alone takes them all."""

    exempt: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    """Whose connections are many people's: this machine's own, and reverse proxies (`behind`)."""

    @classmethod
    def behind(cls, proxies: Iterable[str]) -> type[BoundedProtocol]:
        """The same, with these addresses and networks for proxies too."""
        return type(cls.__name__, (cls,), {"exempt": (*cls.exempt, *map(ip_network, proxies))})

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._network: Network | None = None  # under which this connection is counted
        self._reading = _BETWEEN
        self._until: float | None = None  # when what is being read must be whole; None: nothing is awaited
        self._begun = 0  # requests on this connection
        self._octets = 0  # of the headers or the body being read, without the piece in hand
        self._piece = 0
        self._waited = False  # for us, when the clock was last looked at
        self._refusal: int | None = None
        self._unread_since: float | None = None  # what is to be written waits for the client
        self._look: Any = None

    # --- the clock ----------------------------------------------------------------------------------

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.limit_concurrency is not None and not self._has_place(self.limit_concurrency):
            self.connections.discard(self)  # uvicorn would count it until it is closed
            self._refuse(503)  # now, before it can hold a place by saying nothing
            return
        self._until = self.loop.time() + self.header_s
        self._look = self.loop.call_at(self._until, self._look_at_the_clock)

    def _has_place(self, most: int) -> bool:
        """Whether there is room for it, and its network has not more than its share; then it is counted."""
        if len(self.connections) >= most:
            return False
        network = network_of(self.client[0]) if self.client else None
        if network is None or any(self._is_of(each) for each in self.exempt):
            return True
        held = _HELD.setdefault(self.server_state, Counter())
        if held[network] >= most // self.share:
            return False
        held[network] += 1
        self._network = network
        return True

    def _is_of(self, network: Network) -> bool:
        assert self.client is not None, "asked of a client with an address"
        found = ip_address(self.client[0].partition("%")[0])
        mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
        return (mapped or found) in network

    def connection_lost(self, exc: Exception | None) -> None:
        if self._network is not None:
            held = _HELD[self.server_state]
            held[self._network] -= 1
            if not held[self._network]:
                del held[self._network]
            self._network = None
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More is ready than the client takes."""
        super().pause_writing()
        self._unread_since = self.loop.time()

    def resume_writing(self) -> None:
        """It has taken some."""
        super().resume_writing()
        self._unread_since = None

    def _look_at_the_clock(self) -> None:
        """Never later than `header_s` after the last look, so no deadline set meanwhile is missed."""
        now = self.loop.time()
        if self._unread_since is not None and now >= self._unread_since + self.write_s:
            self.transport.abort()  # closing would wait for it to be read
            return
        if self.transport.is_closing():
            self._unread_since = self._unread_since or now
            self._look = self.loop.call_at(now + self.header_s, self._look_at_the_clock)
            return
        if self._until is not None and now >= self._until:
            waited, self._waited = self._waited, self._is_waiting_for_us()
            if not (waited or self._waited):
                self._refuse(408)
                return
            self._until = now + self.header_s  # and once more after we were the slow ones
        following = now + self.header_s
        self._look = self.loop.call_at(
            following if self._until is None else min(self._until, following), self._look_at_the_clock
        )

    def _is_waiting_for_us(self) -> bool:
        """Whether the client cannot go on, or could not tell our answer from that to its last request."""
        return self.flow.read_paused or (self._reading is not _BODY and self._is_answering())

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    # --- what comes in ------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None:
            return
        reading, begun = self._reading, self._begun
        self._piece = len(data)
        if self._until is None and not self._is_answering():
            # Also empty lines: they end uvicorn's own wait for the next request, and begin none.
            self._until = self.loop.time() + self.header_s
        super().data_received(data)
        if self._refusal is not None:
            return
        if self._reading is _HEADERS:
            # Exact where the piece holds nothing but these headers; else it counts from the next piece on.
            if self._begun - begun == (1 if reading is _BETWEEN else 0):
                self._octets += len(data)
            if self._octets > self.header_octets:
                self._refuse(431)
        elif self._reading is _BODY and reading is _BODY and begun == self._begun:
            self._octets += len(data)
            if self._octets > self.body_octets:
                self._refuse(413)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._begun:
            self._until = self.loop.time() + self.header_s
        self._begun += 1
        self._reading, self._octets = _HEADERS, 0

    def on_headers_complete(self) -> None:
        # The sum is made only where these headers can be too long at all.
        if self._octets + self._piece > self.header_octets and self._weight() > self.header_octets:
            self._refusal = 431
            raise _Refused
        if not self._names_one_host():
            self._refusal = 400
            raise _Refused
        self._reading, self._octets = _BODY, 0
        self._until = self.loop.time() + self.body_s
        super().on_headers_complete()

    def _names_one_host(self) -> bool:
        """Whether it is clear whom the request is for: with two host names what stands before us may have read the other
        one. Only HTTP/1.0 may name none (RFC 9112 §3.2)."""
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) != 1:
            return not hosts and self.parser.get_http_version() != "1.1"
        return _HOST.fullmatch(hosts[0]) is not None

    def _weight(self) -> int:
        """Octets of the request line and headers as they were sent, but for the method and optional spaces."""
        line = len(self.url) + len("  HTTP/1.1\r\n")
        return line + sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)

    def on_message_complete(self) -> None:
        self._reading, self._octets = _BETWEEN, 0
        # After an answer that did not wait for the body nobody else would end a connection that falls silent.
        self._until = None if self._is_answering() else self.loop.time() + self.timeout_keep_alive
        super().on_message_complete()

    # --- refusals -----------------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        """For what the parser cannot read, or was told not to read on."""
        self._refuse(self._refusal or 400)

    def _refuse(self, status: int) -> None:
        self._refusal = status
        cycle = self.cycle
        if self._reading is _BODY and cycle is not None:
            told = not cycle.response_started
            cycle.disconnected = True  # whatever it answers now would come after the refusal
            cycle.message_event.set()
        else:
            # Where nothing of a request has come there is nothing to be late with.
            told = not self._is_answering() and not (status == 408 and self._reading is _BETWEEN)
        if told and not self.transport.is_closing():
            self.transport.write(_answer(status))
        self.transport.close()


def _answer(status: int) -> bytes:
    response = problem(PROTOCOL[status], headers={"Connection": "close"})
    headers = b"".join(b"%b: %b\r\n" % pair for pair in (*response.raw_headers, *SECURITY_HEADERS))
    return STATUS_LINE[status] + headers + b"\r\n" + bytes(response.body)
