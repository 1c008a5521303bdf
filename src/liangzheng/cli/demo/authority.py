"""The authority's face engine of the demonstration: it compares nothing, and misbehaves when it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from liangzheng.infra.face_authority import ANSWER_DOMAIN, ASK_DOMAIN
from liangzheng.standards.keys import Alg, SoftwareSigner


class Authority:
    """Answers by the contract of docs/face-authority.md, unless told otherwise. SIMULATED: every face passes."""

    def __init__(self, folder: Path) -> None:
        """Its public key and our signing key are in `folder`, as the API's settings name them."""
        self.changed: dict[str, Any] = {}
        self.silent = False
        self._ours, self._own, self._stranger = (SoftwareSigner.generate(Alg.ES256) for _ in range(3))
        self.signs_as_stranger = False
        self._released = threading.Event()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._key, self._signer = folder / "authority.der", folder / "ours.der"
        self._key.write_bytes(self._own.public_key.spki)
        self._signer.write_bytes(self._ours.to_pkcs8())
        self._signer.chmod(0o600)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def settings(self) -> dict[str, str]:
        """Of an API that asks it."""
        return {
            "LZ_FACE_ENGINE": "authority",
            "LZ_FACE_AUTHORITY_URL": f"http://127.0.0.1:{self._server.server_port}/check",
            "LZ_FACE_AUTHORITY_KEY": str(self._key),
            "LZ_FACE_AUTHORITY_SIGNER": str(self._signer),
            "LZ_FACE_AUTHORITY_S": "1",
        }

    def close(self) -> None:
        """Nobody is kept waiting any more."""
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, body: bytes) -> tuple[bytes, bytes]:
        asked = json.loads(body)
        answer = {
            "face_check": asked["face_check"], "purpose": asked["purpose"], "nonce": asked["nonce"],
            "capture": hashlib.sha256(body).hexdigest(), "outcome": "pass", "engine_version": "demonstration",
            "calibrated": True, "liveness": "challenge",
        } | self.changed  # fmt: skip
        octets = json.dumps(answer).encode()
        signer = self._stranger if self.signs_as_stranger else self._own
        return octets, signer.sign(ANSWER_DOMAIN + octets)

    def _handler(authority) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Nothing: what it is asked about is nobody's business."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signature = base64.b64decode(self.headers["LZ-Signature"])
                authority._ours.public_key.verify(ASK_DOMAIN + body, signature)
                if authority.silent:
                    authority._released.wait(30)
                    return
                octets, signed = authority._answer(body)
                with suppress(OSError):
                    self.send_response(200)
                    self.send_header("LZ-Signature", base64.b64encode(signed).decode())
                    self.send_header("Content-Length", str(len(octets)))
                    self.end_headers()
                    self.wfile.write(octets)

        return Handler
