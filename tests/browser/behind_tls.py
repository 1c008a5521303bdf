"""The platform as production has it: a reverse proxy that speaks TLS, names of one's own, and what the proxy says believed."""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from liangzheng.cli.browser.stage import Stage, environment
from liangzheng.cli.demo.own_names import certificate
from liangzheng.infra.setting_words import FACES

DOMAIN: Final = "lz.test"
HOSTS: Final = {name: f"{name}.{DOMAIN}" for name in FACES}
CODES_AN_HOUR: Final = 2
_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"}
_ADDRESS: Final = re.compile(r"answers at http://127\.0\.0\.1:(\d+)")


@dataclass
class Behind:
    """Where everything is: the proxy's two ports, ours behind it, and what trusts its certificate."""

    server: int
    secure: int
    plain: int
    authority: Path
    key_hash: str
    asked_plainly: list[str] = field(default_factory=list)
    """Addresses that came to the proxy without TLS."""

    @property
    def flags(self) -> list[str]:
        """For a browser that finds these names at the proxy and takes its key for a good one: every other mistake in a
        certificate stays one."""
        rules = f"MAP *.test:443 127.0.0.1:{self.secure}, MAP *.test:80 127.0.0.1:{self.plain}"
        return [
            f"--host-resolver-rules={rules}",
            f"--ignore-certificate-errors-spki-list={self.key_hash}",
        ]

    def at(self, face: str) -> str:
        """The address of a face."""
        return f"https://{HOSTS[face]}"

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None, *,
        client: str = "127.0.0.1", past_the_proxy: bool = False,
    ) -> tuple[int, Mapping[str, str], bytes]:  # fmt: skip
        """What whoever sits at that address of this machine is answered, over TLS, or by the server itself."""
        port = self.server if past_the_proxy else self.secure
        plain = socket.create_connection(("127.0.0.1", port), 30, (client, 0))
        connection = http.client.HTTPConnection("127.0.0.1", port)
        trusting = ssl.create_default_context(cafile=self.authority)
        connection.sock = (
            plain if past_the_proxy else trusting.wrap_socket(plain, server_hostname=HOSTS["driver"])
        )
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()


@contextmanager
def behind_tls(stage: Stage, folder: Path) -> Iterator[Behind]:
    """One more API process on that platform, and the proxy before it, until the block ends."""
    chain, key = certificate(folder, DOMAIN, datetime.now(UTC))
    spki = x509.load_pem_x509_certificate(chain.read_bytes()).public_key()
    digest = hashlib.sha256(spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    with _served(stage) as server:
        proxy, redirect = _proxy(server, chain, key), _Listening(("127.0.0.1", 0), _Redirect)
        found = Behind(
            server, proxy.server_port, redirect.server_port, folder / f"{DOMAIN}-authority.crt",
            base64.b64encode(digest).decode(),
        )  # fmt: skip
        redirect.asked = found.asked_plainly  # type: ignore[attr-defined]
        for each in (proxy, redirect):
            threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield found
        finally:
            for each in (proxy, redirect):
                each.shutdown()
                each.server_close()


@contextmanager
def _served(stage: Stage) -> Iterator[int]:
    said = environment(stage.folder, stage.port) | {
        "LZ_HOSTS": DOMAIN, "LZ_FACES": ",".join(f"{name}={host}" for name, host in HOSTS.items()),
        "LZ_PROXIES": "127.0.0.1", "LZ_CODES_AN_HOUR": str(CODES_AN_HOUR), "LZ_LOG_LEVEL": "error",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "liangzheng", "serve", "--port", "0"],
        env=said,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        found = _ADDRESS.search(process.stdout.readline())
        assert found, "the server says where it is"
        yield int(found[1])
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


class _Listening(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Browsers drop connections; what of it matters is seen in the browser."""


def _proxy(server: int, chain: Path, key: Path) -> _Listening:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    made = _Listening(("127.0.0.1", 0), _Proxy)
    # The handshake is for the thread of the connection: one that never comes holds up nobody.
    made.socket = context.wrap_socket(made.socket, server_side=True, do_handshake_on_connect=False)
    made.behind = server  # type: ignore[attr-defined]
    return made


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class _Proxy(_Quiet):
    """As docs/how-to/operate.md has it: Host as it came, the client's address added to what was in X-Forwarded-For."""

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        before = self.headers.get("X-Forwarded-For")
        headers["X-Forwarded-For"] = (f"{before}, " if before else "") + self.client_address[0]
        there = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=60)
        try:
            there.request(self.command, self.path, body, headers)
            answer = there.getresponse()
            octets = answer.read()
        finally:
            there.close()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP | {"content-length"}:
                self.send_header(name, value)
        if answer.status not in {204, 304}:
            self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(octets)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on


class _Redirect(_Quiet):
    """Port 80: the same address over TLS."""

    def do_GET(self) -> None:
        self.server.asked.append(f"http://{self.headers['Host']}{self.path}")
        self.send_response_only(308)
        self.send_header("Location", f"https://{self.headers['Host']}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()
