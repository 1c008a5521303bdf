"""A face engine that only plays one: it looks at no picture and says so in every result, log line and answer.

For the demo and for tests, where it can be told to misbehave. It refuses to be made in production.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import struct
from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Literal

from liangzheng.infra.face import FaceChallenge, FaceContext, FaceFrame, FaceResult
from liangzheng.infra.face_dlib import Seen, SeenFrame
from liangzheng.infra.logs import logger
from liangzheng.kernel.errors import Unavailable

_log = logger(__name__)
_COMMENT, _SAY = b"simulated, no face", b"; say "
_TURNS: Final = ("turn:left", "turn:right")


class Behaviour(StrEnum):
    """What the simulated engine is told to do."""

    PASS = "pass"  # noqa: S105 -- an outcome
    FAIL = "fail"
    RETAKE = "retake"
    REVIEW = "review"
    TIMEOUT = "timeout"
    WRONG_NONCE = "wrong_nonce"
    OUT_OF_REACH = "out_of_reach"


_OUTCOMES: Final[dict[Behaviour, Literal["pass", "fail", "review", "retake"]]] = {
    Behaviour.PASS: "pass",
    Behaviour.WRONG_NONCE: "pass",
    Behaviour.FAIL: "fail",
    Behaviour.RETAKE: "retake",
    Behaviour.REVIEW: "review",
}


class SimulatedFace:
    """Says what it was told to say: first the queued behaviours, one a check, then what the comment of a played frame asks for,
    then its usual one."""

    name = "simulated"
    version = "1"
    calibrated = False
    simulated = True

    def __init__(self, mode: str, behaviour: Behaviour = Behaviour.PASS) -> None:
        """Raises Unavailable in production."""
        if mode == "production":
            raise Unavailable("the simulated face engine does not run in production")
        self._usual = behaviour
        self._next: deque[Behaviour] = deque()

    def will(self, *behaviours: Behaviour) -> None:
        """The next checks go like this, in order."""
        self._next.extend(behaviours)

    async def challenge(self, context: FaceContext) -> FaceChallenge:
        """Look ahead, then two turns in an order drawn now."""
        first, second = _TURNS if secrets.randbelow(2) else _TURNS[::-1]
        return FaceChallenge(context.nonce, ("hold", first, second))

    async def verify(
        self, context: FaceContext, frames: Sequence[FaceFrame], challenge: FaceChallenge
    ) -> FaceResult:
        """The behaviour that is due; the frames are not looked at."""
        behaviour = self._next.popleft() if self._next else _said(frames) or self._usual
        _log.warning("SIMULATED face check: no face was looked at", subject=context.face_check_id)
        if behaviour is Behaviour.TIMEOUT:
            await asyncio.sleep(3600)
        if behaviour is Behaviour.OUT_OF_REACH:
            raise Unavailable("the simulated face engine plays dead")
        nonce = secrets.token_bytes(32) if behaviour is Behaviour.WRONG_NONCE else context.nonce
        return FaceResult(
            _OUTCOMES[behaviour], nonce, self.name, self.version, self.calibrated, self.simulated,
            reasons=("simulated",),
        )  # fmt: skip


class PlayedComparer:
    """An engine to try `./lz face calibrate` with, over files that each begin with a number: two are as far apart as those.

    No picture is looked at; what holds no number shows no face. Its calibration is of the simulated engine and its "models",
    so that no other engine takes it, and the simulated one never counts as calibrated.
    """

    version = "1"
    models = hashlib.sha256(b"simulated: numbers, no faces").hexdigest()

    async def compare(self, portrait: bytes, frames: Sequence[FaceFrame]) -> Seen | None:
        """As the numbers say."""
        first, second = _number(portrait), _number(frames[0].jpeg)
        if first is None or second is None:
            return Seen(0, ())
        return Seen(1, (SeenFrame(0, 1),), abs(first - second))

    def close(self) -> None:
        """Nothing runs."""


def _number(octets: bytes) -> float | None:
    try:
        return float(octets.decode("ascii").split()[0])
    except (ValueError, IndexError):
        return None


def _said(frames: Sequence[FaceFrame]) -> Behaviour | None:
    wanted = (each for each in (Behaviour.FAIL, Behaviour.RETAKE, Behaviour.REVIEW) if frames)
    return next((each for each in wanted if _COMMENT + _SAY + each.encode() in frames[0].jpeg), None)


def played_frames(steps: int, at_least: int = 8, say: Behaviour | None = None) -> list[FaceFrame]:
    """Frames in the form a phone sends, that show nothing: for tests, the demo and load. Never two alike. `say`: what the
    simulated engine is to answer."""
    count = max(steps, at_least)
    return [
        FaceFrame(min(n * steps // count, steps - 1), 1_000 + 400 * n, _empty_jpeg(say)) for n in range(count)
    ]


def _empty_jpeg(say: Behaviour | None, width: int = 480, height: int = 640) -> bytes:
    """A grey JPEG header and a scan of random letters: right in form, a picture of nothing."""
    comment = _COMMENT + (_SAY + say.encode() if say else b"")
    return b"".join(
        (
            b"\xff\xd8",
            b"\xff\xe0", struct.pack(">H", 16), b"JFIF\0\1\1\0\0\1\0\1\0\0",
            b"\xff\xfe", struct.pack(">H", 2 + len(comment)), comment,
            b"\xff\xc0", struct.pack(">HBHHB", 11, 8, height, width, 1), b"\1\x11\0",
            b"\xff\xda", struct.pack(">HB", 8, 1), b"\1\0\0\x3f\0", secrets.token_hex(16).encode(),
            b"\xff\xd9",
        )
    )  # fmt: skip
