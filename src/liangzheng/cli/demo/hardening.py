"""What the API refuses before any act: too much, too deep, too slow, too often; each in words a program understands."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from liangzheng.api.frame import Limits
from liangzheng.api.problems import MEDIA_TYPE, TYPE_PREFIX
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import hold
from liangzheng.cli.papers import ROOT
from liangzheng.infra.limits import network_of

_PATIENCE_S: Final = 40.0
_HOLDER: Final = "/holder/sessions"
_STAFF: Final = "/staff/sessions"
_STAFF_LOG_INS: Final = 120
"""A minute and network (api/rates.py)."""
_SHORT_CODES: Final = 6
"""A minute and holder."""
_ELSEWHERE: Final = "127.77.0.1"
_NEIGHBOUR: Final = "127.77.0.200"
"""Another network of this machine's own: what is used up there is not missed by the rest of the story."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    octets: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The members of a problem. Raises StepFailed when it is none."""
        hold(self.headers.get("content-type") == MEDIA_TYPE, f"{self.status} is {MEDIA_TYPE}")
        found: dict[str, Any] = json.loads(self.octets)
        hold(
            found["status"] == self.status and found["type"] == TYPE_PREFIX + found["code"],
            "it says so itself",
        )
        return found


class Hardening:
    """The steps at the edge of the API. `holder`: the driver, asked late."""

    def __init__(self, anybody: Client, holder: Callable[[], Client]) -> None:
        self._anybody, self._holder = anybody, holder
        self._slow: socket.socket | None = None
        self._began = 0.0

    def begin(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Told early: a slow client takes its time."""
        return [("description", self.described), ("too much, too deep", self.too_much)]

    def end(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Told late: what became of the slow client; and what is asked too often."""
        return [
            ("too slow", self.too_slow),
            ("a subject's rate", self.subject_rate),
            ("a network's rate", self.network_rate),
        ]

    async def described(self) -> str:
        """The description that is served is the one that is checked in, operation by operation."""
        served = (await asyncio.to_thread(self._anybody.get, "/openapi.json")).expect(200)
        count = sum(len(methods) for methods in served["paths"].values())
        paper = ROOT / "docs" / "openapi.json"
        if not paper.exists():
            return f"{count} operations served; installed without its papers, there is none to compare with"
        checked_in = json.loads(await asyncio.to_thread(paper.read_text, "utf-8"))
        hold(served == checked_in, "the description served is the one in docs/openapi.json")
        return f"{count} operations, the same in docs/openapi.json and as served"

    async def too_much(self) -> str:
        """Each of these is a problem with a code of its own, and none repeats what was sent; a slow client is left waiting."""
        limits = Limits()
        canary = "canary-110101180001010001"
        large = json.dumps({"mobile": canary + "x" * limits.body_octets}).encode()
        deep = b'{"mobile":' + b"[" * limits.depth + b"]" * limits.depth + b"}"
        json_, text = {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}
        tried: list[tuple[str, str, str, bytes | None, dict[str, str], int, str]] = [
            ("a body of 64 KiB and more", "POST", _HOLDER, large, json_, 413, "too-large"),
            ("17 deep", "POST", _HOLDER, deep, json_, 422, "invalid"),
            ("no JSON", "POST", _HOLDER, b"{" + canary.encode(), json_, 422, "invalid"),
            ("a field nobody knows", "POST", _HOLDER, json.dumps({canary: 1}).encode(), json_, 422, "invalid"),
            ("another type", "POST", _HOLDER, canary.encode(), text, 415, "unsupported-media-type"),
            ("packed", "POST", _HOLDER, b"{}", json_ | {"Content-Encoding": "gzip"}, 415, "unsupported-media-type"),
            ("another method", "PUT", _HOLDER, b"{}", json_, 405, "method-not-allowed"),
            ("no such place", "GET", "/" + canary, None, {}, 404, "not-found"),
            ("two hosts", "GET", "/open/deployment", None, {"Host": "one.example", "HOST": canary}, 400, "bad-request"),
            ("nobody's token", "GET", "/holder/account", None, {"Authorization": f"Bearer {canary}"}, 401, "not-authenticated"),
        ]  # fmt: skip
        codes: dict[str, str] = {}
        for what, method, path, body, headers, status, code in tried:
            said = await self._send(method, path, body, headers)
            hold(said.status == status, f"{what} is {status}, and not {said.status}")
            hold(said.problem["code"] == code, f"{what} is {code}, and not {said.problem['code']}")
            hold(canary.encode() not in said.octets, f"{what}: nothing that was sent comes back")
            codes[what] = f"{status} {code}"
        just = json.dumps({"mobile": "1" * 11, "password": "x" * 100}).encode()
        fine = await self._send("POST", _HOLDER, just, json_)
        hold(fine.status in (401, 422), f"what keeps within them is judged by its content ({fine.status})")
        self._begin_slowly()
        return (
            "; ".join(f"{what}: {said}" for what, said in list(codes.items())[:5]) + f"; {len(codes)} in all"
        )

    def _begin_slowly(self) -> None:
        """The head of a request, and the first of its hundred octets."""
        self._slow = socket.create_connection((self._anybody.host, self._anybody.port), timeout=_PATIENCE_S)
        head = f"POST {_HOLDER} HTTP/1.1\r\nHost: {self._anybody.host}\r\nContent-Type: application/json\r\n"
        self._slow.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        self._began = time.monotonic()

    async def too_slow(self) -> str:
        """Who sends the head of a request and then nothing more is told so, and the connection is closed."""
        hold(self._slow is not None, "a slow client has begun")
        assert self._slow is not None
        with self._slow as slow:
            octets = await asyncio.to_thread(_to_the_end, slow)
        head, _, body = octets.partition(b"\r\n\r\n")
        hold(head.startswith(b"HTTP/1.1 408"), f"408, and not {head[:12]!r}")
        hold(json.loads(body)["code"] == "too-slow", "and says so")
        hold(b"connection: close" in head.lower(), "the connection is not used again")
        return f"a client that sent 1 of 100 octets: 408 too-slow after {Limits().body_s:.0f} s, closed"

    async def subject_rate(self) -> str:
        """One holder asks for more short codes than a minute has: 429 with the seconds to wait; what else they do goes on."""
        asked, said = await self._until_refused(self._short_code, _SHORT_CODES, 400)
        waits = _waits(said)
        other = await asyncio.to_thread(self._holder().get, "/holder/account")
        hold(other.status == 200, "what else they do goes on")
        return f"the {asked}th short code of a minute: 429 too-many, Retry-After {waits} s; the rest goes on"

    async def _short_code(self) -> Said:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._holder().token}"}
        return await self._send("POST", "/holder/showings", b'{"code":"LZ1.no-code-at-all"}', headers)

    async def network_rate(self) -> str:
        """One network tries more staff log-ins than a minute has: 429 there, before anything is compared; elsewhere none."""
        here = network_of(self._anybody.host)
        if here is None or here.version != 4 or network_of(_ELSEWHERE) == here:
            return f"not tried: {self._anybody.host} has no second network on this machine"
        json_ = {"Content-Type": "application/json"}
        turns = itertools.cycle((_ELSEWHERE, _NEIGHBOUR))  # of one /24: they have one count between them
        asked, said = await self._until_refused(
            lambda: self._send("POST", _STAFF, b"{}", json_, next(turns)), _STAFF_LOG_INS, 422
        )
        waits = _waits(said)
        ours = await self._send("POST", _STAFF, b"{}", json_)
        hold(ours.status == 422, f"another network is not touched by it ({ours.status})")
        return f"the {asked}th staff log-in of a network's minute: 429, Retry-After {waits} s; another network 422"

    async def _until_refused(
        self, ask: Callable[[], Awaitable[Said]], most: int, judged: int
    ) -> tuple[int, Said]:
        """How many were asked until one was refused, and the refusal: no fewer than there may be, and hardly more, since the
        count refills while they are asked."""
        asked, said = 1, await ask()
        while said.status != 429 and asked < 2 * most:
            hold(said.status == judged, f"the {asked}th is judged by its content, and not {said.status}")
            asked, said = asked + 1, await ask()
        hold(asked > most, f"{most} are let in, and not {asked - 1}")
        return asked, said

    async def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], source: str | None = None
    ) -> Said:
        return await asyncio.to_thread(_exchange, self._anybody, method, path, body, headers, source)


def _exchange(
    to: Client, method: str, path: str, body: bytes | None, headers: dict[str, str], source: str | None
) -> Said:
    address = (source, 0) if source is not None else None
    connection = http.client.HTTPConnection(to.host, to.port, timeout=_PATIENCE_S, source_address=address)
    try:
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        named = {name.lower(): value for name, value in reply.getheaders()}
        return Said(reply.status, named, reply.read())
    finally:
        connection.close()


def _waits(said: Said) -> int:
    """The seconds a caller is told to wait; a 429 that says them."""
    hold(said.status == 429 and said.problem["code"] == "too-many", f"429 too-many, and not {said.status}")
    seconds = int(said.headers.get("retry-after", "0"))
    hold(
        seconds >= 1 and said.problem["retry_after_s"] == seconds,
        "Retry-After says how long, in head and body",
    )
    return seconds


def _to_the_end(slow: socket.socket) -> bytes:
    chunks = []
    while chunk := slow.recv(4096):
        chunks.append(chunk)
    return b"".join(chunks)
