"""An operator's SMS gateway over HTTPS: docs/sms-gateway.md is the contract.

One request a message, signed with a shared key; nothing is followed and nothing retried here: whoever sends (the outbox)
tries again under the same reference. Only the gateway's own word that it will never send makes an end of it; whatever is
not exactly the contract is "later", so that no fault of a proxy between us loses a message.
"""

from __future__ import annotations

import asyncio
import hmac
import io
import ssl
import time
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Final, Literal, cast
from urllib.parse import urlsplit

import msgspec

from liangzheng.infra.logs import logger
from liangzheng.infra.sms import checked_text, demand_sms_url
from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.kernel.people import Mobile

_log = logger(__name__)

DOMAIN: Final = b"LZ-SMS-1\x00"
SHORTEST_KEY_OCTETS: Final = 32
LARGEST_ANSWER_OCTETS: Final = 16 * 1024
_LONGEST_WAIT_S: Final = 3600


class _Answer(msgspec.Struct, frozen=True):
    """What the gateway says; fields it adds are not read."""

    id: str
    state: Literal["taken", "refused"]
    reason: Literal["number", "text", ""] = ""


@dataclass(frozen=True, slots=True)
class SmsEndpoint:
    """Where the gateway is, and the key both sides know. `plain` allows http, never in production."""

    url: str
    key: bytes = field(repr=False)
    plain: bool = False
    within_s: float = 8.0

    def __post_init__(self) -> None:
        demand_sms_url(self.url, plain=self.plain)
        if len(self.key) < SHORTEST_KEY_OCTETS:
            raise Invalid("LZ_SMS_KEY_FILE", f"holds at least {SHORTEST_KEY_OCTETS} octets")


def read_sms_key(file: Path) -> bytes:
    """The key, without white space around it. Raises Unavailable."""
    try:
        return file.read_bytes().strip()
    except OSError as error:
        raise Unavailable(f"LZ_SMS_KEY_FILE {file} cannot be read: {error.strerror}") from None


class HttpSms:
    """The gateway behind an endpoint."""

    simulated = False

    def __init__(self, endpoint: SmsEndpoint, *, tls: ssl.SSLContext | None = None) -> None:
        self._endpoint = endpoint
        self._tls = tls or ssl.create_default_context()

    async def send(self, mobile: Mobile, text: str, reference: str) -> None:
        """The gateway has taken the message. Raises Invalid when it says it never will, Unavailable for all else."""
        body = msgspec.json.encode({"id": reference, "mobile": mobile.value, "text": checked_text(text)})
        try:
            async with asyncio.timeout(self._endpoint.within_s):
                status, wait_s, octets = _read(await self._exchange(_signed(self._endpoint, reference, body)))
        except (OSError, TimeoutError, HTTPException, ValueError) as fault:
            raise _later(reference, type(fault).__name__) from None
        if status not in (200, 202):
            raise _later(reference, f"status {status}", wait_s)
        try:
            answer = msgspec.json.decode(octets, type=_Answer)
        except msgspec.DecodeError:
            raise _later(reference, "not the contract's answer") from None
        if answer.id != reference:
            raise _later(reference, "an answer about another message")
        if answer.state == "refused":
            _log.warning(
                "the SMS gateway refused a message for good", reason=answer.reason, reference=reference
            )
            raise Invalid("text" if answer.reason == "text" else "mobile", "one the gateway serves")

    async def _exchange(self, request: bytes) -> bytes:
        """All the gateway answers until it closes the connection. Raises ValueError past the limit."""
        parts = urlsplit(self._endpoint.url)
        tls = self._tls if parts.scheme == "https" else None
        port = parts.port or (443 if tls else 80)
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=tls)
        try:
            writer.write(request)
            await writer.drain()
            octets = b""
            while chunk := await reader.read(4096):
                octets += chunk
                if len(octets) > LARGEST_ANSWER_OCTETS:
                    raise ValueError("too large")
            return octets
        finally:
            writer.transport.abort()


def _signed(endpoint: SmsEndpoint, reference: str, body: bytes) -> bytes:
    parts = urlsplit(endpoint.url)
    at = str(int(time.time()))
    signature = hmac.digest(endpoint.key, DOMAIN + at.encode() + b"\x00" + body, "sha256").hex()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    assert reference.isascii() and reference.isprintable(), "references are ours"
    lines = [
        f"POST {target} HTTP/1.1",
        f"Host: {parts.netloc}",
        "User-Agent: liangzheng",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        f"Idempotency-Key: {reference}",
        f"LZ-Time: {at}",
        f"LZ-Signature: {signature}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii") + body


class _Octets:
    """What the library's reader takes for a socket."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._octets)


def _read(octets: bytes) -> tuple[int, int | None, bytes]:
    """Status, seconds of Retry-After, body. Raises HTTPException, ValueError for what is no whole answer."""
    answer = HTTPResponse(cast("ssl.SSLSocket", _Octets(octets)))
    answer.begin()
    wait = answer.getheader("Retry-After") or ""
    wait_s = min(int(wait), _LONGEST_WAIT_S) if wait.isascii() and wait.isdigit() and len(wait) < 9 else None
    return answer.status, wait_s, answer.read()


def _later(reference: str, reason: str, wait_s: int | None = None) -> Unavailable:
    _log.warning("the SMS gateway did not take a message", reason=reason, reference=reference)
    return Unavailable("the SMS gateway did not take the message", retry_after_s=wait_s)
