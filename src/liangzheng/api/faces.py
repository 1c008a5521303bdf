"""The faces: each built web app on a host name of its own, with the part of the API it needs under /api.

A host name each, because a browser keeps cookies and key stores apart by it: what goes wrong in one face opens no
other. The token of a log-in never reaches a script: it leaves as an HttpOnly cookie and comes back from one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liangzheng.api.frame import SECURITY_HEADERS, host_name
from liangzheng.api.pages import page
from liangzheng.api.problems import of_failure
from liangzheng.kernel.errors import Forbidden, NotFound

BUILT: Final = Path(__file__).parents[1] / "web"
"""Where `./lz web build` puts the apps, and a wheel carries them."""

COOKIE: Final = "__Host-lz"
"""The prefix has browsers refuse it without Secure, with a Domain or for a part of the paths (RFC 6265bis, 4.1.3)."""

API: Final = "/api"
_UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_TOKENS: Final = ("token", "access_token")
OPENING: Final = ("/sessions", "/relying/token", "/staff/enrolments/confirmations")
"""Where a log-in is opened."""


@dataclass(frozen=True, slots=True)
class Face:
    """One app: the first words of the API's paths it may use, whether it reads cameras, whether its scripts run under
    Trusted Types (ECharts and Element Plus write markup by themselves, so two do not)."""

    name: str
    api: tuple[str, ...]
    camera: bool = False
    trusted_types: bool = False
    begins_with: str | None = None
    """Path of the API's page whose body stands in the app's page until its script runs, or where none does."""

    def may_ask(self, path: str) -> bool:
        """Whether this face uses that path of the API."""
        return any(path == begin or path.startswith(begin + "/") for begin in self.api)


FACES: Final[Mapping[str, Face]] = {
    face.name: face
    for face in (
        Face("driver", ("/holder", "/open"), camera=True, trusted_types=True),
        Face(
            "verify",
            (
                "/verifier", "/relying", "/open", "/staff/sessions", "/staff/verifications", "/staff/retentions",
                "/staff/enrolments", "/staff/second-factors",
            ),
            camera=True,
            trusted_types=True,
        ),
        Face("staff", ("/staff", "/open"), camera=True),
        Face("open", ("/open",), begins_with="/open/figures.html"),
    )
}  # fmt: skip


class Faces:
    """The layer around the application: a request for a face's host is answered from its files, or goes on to the API."""

    def __init__(
        self, app: ASGIApp, hosts: Mapping[str, str], built: Path = BUILT, *, scheme: str = "http"
    ) -> None:
        """`hosts`: face → host name, without port. `scheme`: what browsers speak with us. Raises KeyError for a face there
        is not."""
        self._app, self._scheme = app, scheme
        self._by_host = {
            host: (FACES[name], _Files(FACES[name], built / name)) for name, host in hosts.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._by_host.get(_host(scope)) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        face, files = found
        send = _dressing(send)
        path: str = scope["path"]
        if path == API or path.startswith(API + "/"):
            await self._ask(face, scope, receive, send)
        elif face.begins_with and path == "/" and scope["method"] == "GET":
            await self._begun(face, files, scope, receive, send)
        else:
            await files(scope, receive, send)

    async def _ask(self, face: Face, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(API) or "/"
        if scope["method"] == "DELETE" and path == "/cookie":
            await Response(status_code=204, headers={"set-cookie": _cookie("", 0)})(scope, receive, send)
            return
        if not face.may_ask(path):
            await of_failure(NotFound(f"this page uses no {path}"))(scope, receive, send)
            return
        headers = Headers(scope=scope)
        here = _is_from_here(headers, self._scheme)
        if scope["method"] in _UNSAFE and not here:
            await of_failure(Forbidden("another site asked; open this page itself"))(scope, receive, send)
            return
        # Reading for somebody may leave a record that they read: what another page loads is asked by nobody.
        sent = _with_token(headers) if here else _without_login(headers)
        inner = dict(scope) | {"path": path, "raw_path": path.encode(), "headers": sent}
        opens = scope["method"] == "POST" and path.endswith(OPENING)
        await self._app(inner, receive, _Keeping(send) if opens else send)

    async def _begun(self, face: Face, files: _Files, scope: Scope, receive: Receive, send: Send) -> None:
        """The app's page with what the server made in it: it is read without a script, and before one has come."""
        whole = files.page()
        made = _Taking()
        await self._app(dict(scope) | {"path": face.begins_with}, receive, made)
        if whole is None or made.status != 200:
            # Not built: the server's page alone. Out of reach: what it says of that.
            await (files(scope, receive, send) if whole is not None else made.replay(send))
            return
        body = made.body.decode().partition("<body>")[2].partition("</body>")[0]
        answer = HTMLResponse(whole.replace(_PLACE, _PLACE.removesuffix("</div>") + body + "</div>", 1))
        files.dress(answer)
        await answer(scope, receive, send)


def _dressing(send: Send) -> Send:
    """`send`, with the headers every answer has where this layer's own has none of them: refusals, a range that is not there."""

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message.get("headers", ())}
            missing = [pair for pair in SECURITY_HEADERS if pair[0] not in present]
            message = {**message, "headers": [*message.get("headers", ()), *missing]} if missing else message
        await send(message)

    return dressed


_PLACE: Final = '<div id="app"></div>'


class _Taking:
    """An answer that is kept instead of sent."""

    def __init__(self) -> None:
        self.status, self.body = 0, b""
        self._messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self._messages.append(message)
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message.get("body", b"")

    async def replay(self, send: Send) -> None:
        """Sent after all."""
        for message in self._messages:
            await send(message)


class _Files(StaticFiles):
    """The files of one app, the compressed form where the browser takes it; names with a hash are kept for ever."""

    def __init__(self, face: Face, folder: Path) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)
        self._face, self._folder = face, folder
        camera = "(self)" if face.camera else "()"
        self._headers = dict(SECURITY_HEADERS) | {
            b"content-security-policy": content_security_policy(face).encode(),
            b"permissions-policy": f"camera={camera}, microphone=(), geolocation=(), payment=()".encode(),
        }

    async def check_config(self) -> None:
        """Nothing: an app that is not built yet is answered with how to build it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if not (self._folder / "index.html").is_file():
            return not_built()
        try:
            answer = await self._smallest(path, scope)
        except HTTPException as refusal:
            answer = (
                of_failure(NotFound("there is no such page"))
                if refusal.status_code == 404
                else Response(status_code=405)
            )
        answer.headers["cache-control"] = (
            "public, max-age=31536000, immutable"
            if path.startswith("assets/") and answer.status_code in {200, 304}
            else "no-cache"
        )
        self.dress(answer)
        return answer

    def dress(self, answer: Response) -> None:
        """The headers of this face's pages."""
        answer.headers.setdefault("cache-control", "no-cache")
        answer.headers["vary"] = "accept-encoding"
        for name, value in self._headers.items():
            answer.headers.setdefault(name.decode(), value.decode())

    def page(self) -> str | None:
        """The app's page as it was built; None: it is not."""
        try:
            return (self._folder / "index.html").read_text("utf-8")
        except FileNotFoundError:
            return None

    async def _smallest(self, path: str, scope: Scope) -> Response:
        accepted = Headers(scope=scope).get("accept-encoding", "")
        name = "index.html" if path in {"", "."} else path
        if Path(name).name.startswith("."):
            raise HTTPException(404)
        for coding, ending in (("br", ".br"), ("gzip", ".gz")):
            if scope["method"] == "GET" and _takes(accepted, coding):
                try:
                    answer = await super().get_response(name + ending, scope)
                except HTTPException:
                    continue
                if answer.status_code == 200:
                    answer.headers["content-type"] = _media_type(name)
                    answer.headers["content-encoding"] = coding
                    return answer
                if answer.status_code == 304:
                    return answer
        answer = await super().get_response(path, scope)
        if answer.status_code == 200:
            answer.headers["content-type"] = _media_type(name)
        return answer


def content_security_policy(face: Face) -> str:
    """What the pages of `face` may load and run: what this host serves, and nothing else."""
    rules = [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'" if face.camera else "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    if face.trusted_types:
        rules += ["require-trusted-types-for 'script'", "trusted-types vue liangzheng"]
    return "; ".join(rules)


def not_built() -> HTMLResponse:
    """What stands in place of an app that is not built yet: the one command."""
    body = (
        "<h1>网页尚未构建</h1><p>请运行 <code>./lz web build</code>，然后刷新本页。</p>"
        '<div lang="en"><h2>Not built yet</h2><p>Run <code>./lz web build</code> and reload this page.</p></div>'
    )
    answer = page("亮证 LiangZheng", body)
    answer.status_code = 503
    return answer


def _takes(accepted: str, coding: str) -> bool:
    """Whether an Accept-Encoding names `coding`, and not to refuse it (RFC 9110, 12.5.3)."""
    for named in accepted.lower().split(","):
        name, _, weight = named.partition(";")
        if name.strip() == coding:
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight)
    return False


_MEDIA: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


def _media_type(name: str) -> str:
    return _MEDIA.get(Path(name).suffix, "application/octet-stream")


def _host(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"host":
            return host_name(value.decode("latin-1"))
    return ""


def _is_from_here(headers: Headers, scheme: str) -> bool:
    """Whether a page of this very host sends: what browsers say themselves, which no script can change. SameSite keeps
    the cookie of other sites' requests already; this is the second wall."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return True
    spoken, _, host = origin.partition("://")
    # A page of this name without TLS is whoever sits on the line.
    return host == headers.get("host") and (spoken == "https" or scheme == "http")


def _without_login(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers.raw if name not in {b"cookie", b"authorization"}]


def _with_token(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The headers with the cookie's token as `Authorization`; what a script set there is dropped, and cookies go no further."""
    kept = _without_login(headers)
    basic = headers.get("authorization", "")
    if basic.startswith("Basic "):  # a company's log-in (RFC 6749, 2.3.1)
        return [*kept, (b"authorization", basic.encode("latin-1"))]
    token = token_in(headers.get("cookie", ""))
    return [*kept, (b"authorization", b"Bearer " + token.encode("latin-1"))] if token else kept


_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")


def token_in(cookies: str) -> str | None:
    """The token in a Cookie header, if one is there; of two, none.

    Cut at semicolons alone, as browsers join cookies (RFC 6265, 5.4). Python's own reader also cuts at spaces and believes
    quotes and `Path=`: `a=b __Host-lz=planted`, which a sibling host may set, would be a login it chose, past what browsers
    promise for the prefix.
    """
    pairs = (pair.strip(" \t").partition("=") for pair in cookies.split(";"))
    found = [value for name, _, value in pairs if name == COOKIE]
    return found[0] if len(found) == 1 and _TOKEN.fullmatch(found[0]) else None


def _cookie(token: str, seconds: int) -> str:
    return f"{COOKIE}={token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict"


class _Keeping:
    """The answer to a log-in, its token moved from the body into the cookie."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if not 200 <= message["status"] < 300:
                # A browser would answer a challenge itself: with a window that asks for a name and a password.
                headers = [pair for pair in message["headers"] if pair[0].lower() != b"www-authenticate"]
                await self._send({**message, "headers": headers})
            else:
                self._start = message
            return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False):
            return
        start, body = self._start, bytes(self._body)
        answer: Any = json.loads(body)
        token = next((answer.pop(name) for name in _TOKENS if answer.get(name)), None)
        headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
        if token is not None:
            body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
            headers.append((b"set-cookie", _cookie(token, _MOST_S).encode("latin-1")))
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


_MOST_S: Final = 43200
"""The browser forgets the cookie after twelve hours at most; the server ends the login by its own rule."""
