"""A face engine behind an authority's HTTP interface: docs/face-authority.md is the contract.

The request is signed by us, the answer by the authority (ES256); an answer counts only for the very check it was asked
about: its id, its purpose and our nonce are inside what is signed. Pictures are sent and kept nowhere. Nothing is followed,
nothing is retried, and whatever is not exactly the contract is "no result": a retake, never a pass.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from liangzheng.infra.face import FaceChallenge, FaceContext, FaceFrame, FaceResult
from liangzheng.infra.logs import logger
from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.standards.errors import BadSignature
from liangzheng.standards.keys import PublicKey, Signer

_log = logger(__name__)

LARGEST_ANSWER_OCTETS: Final = 16 * 1024
ASK_DOMAIN: Final = b"LZ-FACE-ASK-1\x00"
ANSWER_DOMAIN: Final = b"LZ-FACE-ANSWER-1\x00"
_STEPS: Final = ("hold", "turn:left", "turn:right")


class _Answer(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the authority signs."""

    face_check: str
    purpose: str
    nonce: str
    capture: str
    outcome: Literal["pass", "fail", "review", "retake"]
    engine_version: str
    calibrated: bool
    liveness: Literal["none", "challenge", "certified"]
    score: float | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorityEndpoint:
    """Where the authority is and which key it signs with. `plain` allows http: for tests and the
    demonstration, never in production."""

    url: str
    key: PublicKey
    timeout_s: float = 10.0
    plain: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        allowed = ("https", "http") if self.plain else ("https",)
        if (
            parts.scheme not in allowed
            or not parts.hostname
            or parts.username
            or parts.query
            or parts.fragment
        ):
            raise Invalid("LZ_FACE_AUTHORITY_URL", "is an https address without user, query or fragment")


class AuthorityFace:
    """The engine. It is calibrated only when the authority's signed answer says so, check by check."""

    name = "authority"
    version = "1"
    calibrated = True
    """What this engine can be; each result says what it was."""
    simulated = False

    def __init__(self, endpoint: AuthorityEndpoint, signer: Signer) -> None:
        self._endpoint, self._signer = endpoint, signer

    async def challenge(self, context: FaceContext) -> FaceChallenge:
        """Look ahead, then two turns in an order that follows from the nonce, which nobody knows before."""
        first, second = _STEPS[1:] if context.nonce[0] & 1 else _STEPS[:0:-1]
        return FaceChallenge(context.nonce, (_STEPS[0], first, second))

    async def verify(
        self, context: FaceContext, frames: Sequence[FaceFrame], challenge: FaceChallenge
    ) -> FaceResult:
        """The authority's word on exactly these frames. Raises Unavailable for everything that is not its contract."""
        body = _request(context, frames, challenge)
        signature = base64.b64encode(self._signer.sign(ASK_DOMAIN + body)).decode()
        try:
            payload, signed = await asyncio.to_thread(self._exchange, body, signature)
            answer = self._read(payload, signed)
        except (OSError, http.client.HTTPException, ValueError, BadSignature) as fault:
            reason = type(fault).__name__
            _log.warning("the face authority gave no result", reason=reason, subject=context.face_check_id)
            raise Unavailable("the face authority gave no result") from None
        expected = (
            str(context.face_check_id), context.purpose, _b64(context.nonce), hashlib.sha256(body).hexdigest(),
        )  # fmt: skip
        if (answer.face_check, answer.purpose, answer.nonce, answer.capture) != expected:
            _log.warning("the face authority answered for another check", subject=context.face_check_id)
            raise Unavailable("the face authority answered for another check")
        return FaceResult(
            answer.outcome, context.nonce, self.name, answer.engine_version[:40], answer.calibrated, self.simulated,
            answer.liveness, answer.score, tuple(reason[:80] for reason in answer.reasons[:10]),
        )  # fmt: skip

    def _exchange(self, body: bytes, signature: str) -> tuple[bytes, bytes]:
        """One request, one answer of limited size within the time; 200 and nothing else. Runs in a thread."""
        parts = urlsplit(self._endpoint.url)
        assert parts.hostname is not None, "checked when the endpoint was made"
        until = time.monotonic() + self._endpoint.timeout_s
        if parts.scheme == "https":
            context = ssl.create_default_context()
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=self._endpoint.timeout_s, context=context
            )
        else:
            connection = http.client.HTTPConnection(
                parts.hostname, parts.port, timeout=self._endpoint.timeout_s
            )  # type: ignore[assignment]
        try:
            headers = {
                "Content-Type": "application/json", "LZ-Key": self._signer.kid.hex(), "LZ-Signature": signature,
            }  # fmt: skip
            connection.request("POST", parts.path or "/", body, headers)
            reply = connection.getresponse()
            if reply.status != 200:
                raise ValueError("not answered with 200")  # no redirect is followed
            octets = b""
            while chunk := reply.read1(4096):
                octets += chunk
                if len(octets) > LARGEST_ANSWER_OCTETS or time.monotonic() > until:
                    raise ValueError("too large or too slow")
            return octets, base64.b64decode(reply.getheader("LZ-Signature") or "", validate=True)
        finally:
            connection.close()

    def _read(self, payload: bytes, signature: bytes) -> _Answer:
        """Raises BadSignature, ValueError."""
        self._endpoint.key.verify(ANSWER_DOMAIN + payload, signature)
        try:
            return msgspec.json.decode(payload, type=_Answer)
        except msgspec.DecodeError:
            raise ValueError("not the contract's answer") from None


def _request(context: FaceContext, frames: Sequence[FaceFrame], challenge: FaceChallenge) -> bytes:
    asked: dict[str, Any] = {
        "face_check": str(context.face_check_id),
        "person": str(context.person_id),
        "purpose": context.purpose,
        "nonce": _b64(context.nonce),
        "steps": list(challenge.steps),
        "frames": [{"step": f.step, "at_ms": f.at_ms, "jpeg": _b64(f.jpeg)} for f in frames],
    }
    return msgspec.json.encode(asked)


def _b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
