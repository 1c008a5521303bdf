"""The demonstration's own way to the HTTP API: what a phone or a terminal would send, and what came back."""

from __future__ import annotations

import http.client
import secrets
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from liangzheng.kernel.errors import Unavailable

_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: the status, the JSON body (None when there is none), and the seconds of a Retry-After."""

    status: int
    body: Any
    retry_after_s: int | None = None

    def expect(self, *statuses: int) -> Any:
        """The body, when the status is one of these. Raises Unavailable with the problem's own words otherwise."""
        if self.status not in statuses:
            detail = self.body.get("detail") or self.body.get("title") if isinstance(self.body, dict) else ""
            raise Unavailable(f"the API answered {self.status} where {statuses[0]} was expected: {detail}")
        return self.body


@dataclass(frozen=True, slots=True)
class Client:
    """Talks to one API as one caller. A connection a request: the API may have been killed in between."""

    host: str
    port: int
    token: str | None = None
    traceparent: str | None = None
    asked_as: str | None = None
    """The host name that is asked for, where it is not the address: what a browser would have in its bar."""

    def as_caller(self, token: str) -> Client:
        """The same API with another `Authorization: Bearer`."""
        return replace(self, token=token)

    def at_host(self, name: str) -> Client:
        """The same server asked under another host name."""
        return replace(self, asked_as=name)

    def in_trace(self, trace: str) -> Client:
        """The same caller, whose requests belong to a trace (32 hexadecimal digits)."""
        return replace(self, traceparent=f"00-{trace}-{secrets.token_hex(8)}-01")

    def get(self, path: str) -> Reply:
        """GET."""
        return self._send("GET", path, None, None)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Reply:
        """POST of JSON. `key`: the Idempotency-Key, the same at every retry."""
        return self._send("POST", path, body, key)

    def put(self, path: str, body: Any, *, key: str | None = None) -> Reply:
        """PUT of JSON; `key` as in `post`."""
        return self._send("PUT", path, body, key)

    def put_octets(self, path: str, octets: bytes) -> Reply:
        """PUT of octets as they are."""
        headers = self._headers(None) | {"Content-Type": "application/octet-stream"}
        status, answer, _ = self._exchange("PUT", path, octets, headers)
        return Reply(status, msgspec.json.decode(answer) if answer else None)

    def delete(self, path: str) -> Reply:
        """DELETE."""
        return self._send("DELETE", path, None, None)

    def page(self, path: str) -> tuple[http.client.HTTPMessage, bytes]:
        """GET of a page: headers and octets. Raises Unavailable unless it is answered 200."""
        status, octets, headers = self._exchange("GET", path, None, self._headers(None))
        if status != 200:
            raise Unavailable(f"{self.asked_as or self.host} answered {status} where a page was expected")
        return headers, octets

    def announce(self, path: str, octets: int) -> int:
        """POST of a body of so many octets, of which none is sent: the status of the answer to its head."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT_S)
        try:
            connection.putrequest("POST", path)
            for name, value in self._headers(secrets.token_hex(8)).items():
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(octets))
            connection.endheaders()
            return connection.getresponse().status
        except (OSError, http.client.HTTPException) as trouble:
            raise Unavailable(f"the API does not answer: {type(trouble).__name__}") from trouble
        finally:
            connection.close()

    def octets(self, path: str) -> tuple[int, bytes]:
        """GET of something that is not JSON: status and octets."""
        status, octets, _ = self._exchange("GET", path, None, self._headers(None))
        return status, octets

    def _send(self, method: str, path: str, body: Any, key: str | None) -> Reply:
        payload = None if body is None else msgspec.json.encode(body)
        status, octets, told = self._exchange(method, path, payload, self._headers(key))
        after = told.get("Retry-After", "")
        wait = int(after) if after.isascii() and after.isdigit() else None
        try:
            return Reply(status, msgspec.json.decode(octets) if octets else None, wait)
        except msgspec.DecodeError:
            return Reply(status, None, wait)

    def _headers(self, key: str | None) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.traceparent is not None:
            headers["traceparent"] = self.traceparent
        if key is not None:
            headers["Idempotency-Key"] = key
        if self.asked_as is not None:
            headers["Host"] = f"{self.asked_as}:{self.port}"
        return headers

    def _exchange(
        self, method: str, path: str, payload: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT_S)
        try:
            connection.request(method, path, payload, headers)
            reply = connection.getresponse()
            return reply.status, reply.read(), reply.headers
        except (OSError, http.client.HTTPException) as trouble:
            raise Unavailable(f"the API does not answer: {type(trouble).__name__}") from trouble
        finally:
            connection.close()
