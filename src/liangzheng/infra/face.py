"""The interface of every face engine. Whether an engine's word is enough is decided in accounts, not here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from liangzheng.kernel.ids import FaceCheckId, PersonId


@dataclass(frozen=True, slots=True)
class FaceContext:
    """Whose face, for what. The nonce is made by the server; an engine carries it and returns it."""

    person_id: PersonId
    face_check_id: FaceCheckId
    purpose: str
    nonce: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FaceChallenge:
    """What the person must do, in order: `turn:left`, `turn:right`, `hold`. Good once, for a minute."""

    nonce: bytes = field(repr=False)
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FaceFrame:
    """One JPEG picture: the step it was taken in and when, in milliseconds of the phone."""

    step: int
    at_ms: int
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FaceResult:
    """What an engine found. `nonce` is the context's again: a result for another challenge is no result.

    `score` is the engine's own measure. `calibrated`: thresholds were set on a recorded calibration.
    """

    outcome: Literal["pass", "fail", "review", "retake"]
    nonce: bytes = field(repr=False)
    engine: str
    engine_version: str
    calibrated: bool
    simulated: bool
    liveness: Literal["none", "challenge", "certified"] = "none"
    score: float | None = None
    reasons: tuple[str, ...] = ()


class FaceVerifier(Protocol):
    """A face engine."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def calibrated(self) -> bool: ...

    @property
    def simulated(self) -> bool: ...

    async def challenge(self, context: FaceContext) -> FaceChallenge:
        """Steps nobody can know beforehand, under the context's nonce. Raises Unavailable."""
        ...

    async def verify(
        self, context: FaceContext, frames: Sequence[FaceFrame], challenge: FaceChallenge
    ) -> FaceResult:
        """Whether the frames show the person doing the steps. Keeps no frame. Raises Unavailable."""
        ...
