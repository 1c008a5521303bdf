"""A face engine on this machine: dlib's detector, its 5-point shape and its ResNet, in a guarded child (face_dlib_process.py).

Compared is the frontal frame with the archived photo; the turns of the head must be the ones the server chose. None of this stops
a screen held before the camera by a good actor, a mask, or a camera that is none: docs/face-dlib.md says what was measured and what
was not. Without a signed calibration (face_calibration.py) it passes nobody: every comparison goes to a person.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import importlib.util
import secrets
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec

from liangzheng.infra.face import FaceChallenge, FaceContext, FaceFrame, FaceResult
from liangzheng.infra.face_calibration import Calibration
from liangzheng.infra.guarded import Guarded
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import PersonId

NAME: Final = "dlib"
STRONG_AT_MOST: Final = 0.40
FAIL_ABOVE: Final = 0.55
"""Where nothing was calibrated yet; published distances of different people reach far below the second."""
LEAST_TURN: Final = 0.09
"""Of the nose against the eyes, in eye distances: a head turned by 20° gives 0.11 and more, a flat photo tilted 30° 0.07."""
MOST_TURN_IN_FRONT: Final = 0.08
ONE_PERSON_AT_MOST: Final = 0.60
"""Between the frontal frame and a turned one: at 30° one person reaches 0.52."""
MOST_WAITING: Final = 4
MODELS: Final = ("shape_predictor_5_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat")
"""The two files that are loaded. The 68-point shape, which may stand beside them, never is: its training set excludes
commercial use."""
_TURNS: Final = ("turn:left", "turn:right")

Portraits = Callable[[PersonId], Awaitable[bytes | None]]
"""The archived photo of a person, JPEG; None when there is none."""


class SeenFrame(msgspec.Struct, frozen=True):
    """What one frame shows. `turn`: of the nose to the person's left, in eye distances. `apart`: from the frontal frame."""

    step: int
    faces: int
    turn: float = 0.0
    apart: float | None = None


class Seen(msgspec.Struct, frozen=True):
    """What the comparer saw. `distance`: between the archived photo and the frontal frame; None when either has not one face."""

    portrait_faces: int
    frames: tuple[SeenFrame, ...]
    distance: float | None = None


class Comparer(Protocol):
    """What looks at pictures."""

    @property
    def version(self) -> str:
        """Of the library."""
        ...

    @property
    def models(self) -> str:
        """SHA-256 over the models, in hexadecimal."""
        ...

    async def compare(self, portrait: bytes, frames: Sequence[FaceFrame]) -> Seen | None:
        """What is seen; None when the pictures cannot be looked at. Raises Unavailable."""
        ...

    def close(self) -> None:
        """Nothing runs any more."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows of what was seen."""

    outcome: Literal["pass", "fail", "review", "retake"]
    liveness: Literal["none", "challenge"]
    reasons: tuple[str, ...]


def judge(seen: Seen, steps: Sequence[str], calibration: Calibration | None) -> Verdict:
    """Retake while the pictures show no single face doing the steps; then pass, review or fail by the distance.

    Without a calibration always review: its thresholds are no more than where a person should look first.
    """
    faults = _capture_faults(seen, steps)
    if faults:
        return Verdict("retake", "none", faults)
    if seen.portrait_faces != 1 or seen.distance is None:
        # The person can do nothing about it.
        return Verdict("review", "challenge", ("archived_photo_not_comparable",))
    if any(
        frame.apart is None or frame.apart > ONE_PERSON_AT_MOST for frame in seen.frames if frame.step > 0
    ):
        return Verdict("review", "challenge", ("frames_of_two_people",))
    strong = calibration.pass_at_most if calibration else STRONG_AT_MOST
    weak = calibration.fail_above if calibration else FAIL_ABOVE
    said = "alike" if seen.distance <= strong else "unlike" if seen.distance > weak else "undecided"
    if calibration is None:
        return Verdict("review", "challenge", ("not_calibrated", said))
    outcomes: dict[str, Literal["pass", "fail", "review"]] = {
        "alike": "pass",
        "unlike": "fail",
        "undecided": "review",
    }
    return Verdict(outcomes[said], "challenge", (said,))


def _capture_faults(seen: Seen, steps: Sequence[str]) -> tuple[str, ...]:
    faults = []
    if any(frame.faces == 0 for frame in seen.frames):
        faults.append("no_face")
    if any(frame.faces > 1 for frame in seen.frames):
        faults.append("several_faces")
    if faults:
        return tuple(faults)
    front = min((abs(frame.turn) for frame in seen.frames if frame.step == 0), default=None)
    if front is None or front > MOST_TURN_IN_FRONT:
        faults.append("not_frontal")
    for number, step in enumerate(steps):
        sign = {"turn:left": 1, "turn:right": -1}.get(step)
        turns = [frame.turn * sign for frame in seen.frames if frame.step == number] if sign else None
        if turns is not None and max(turns, default=0.0) < LEAST_TURN:
            faults.append("head_not_turned")
            break
    return tuple(faults)


class DlibFace:
    """The engine."""

    name = NAME
    simulated = False

    def __init__(self, comparer: Comparer, portraits: Portraits, calibration: Calibration | None) -> None:
        """A calibration of anything but this very version and these models counts for none."""
        fits = calibration is not None and calibration.is_for(NAME, comparer.version, comparer.models)
        self._comparer, self._portraits = comparer, portraits
        self._calibration = calibration if fits else None
        self.version = f"{comparer.version} {comparer.models[:16]}"[:40]

    @property
    def calibrated(self) -> bool:
        """Whether a signed record of these very models was given."""
        return self._calibration is not None

    async def challenge(self, context: FaceContext) -> FaceChallenge:
        """Look ahead, then two turns in an order drawn now."""
        first, second = _TURNS if secrets.randbelow(2) else _TURNS[::-1]
        return FaceChallenge(context.nonce, ("hold", first, second))

    async def verify(
        self, context: FaceContext, frames: Sequence[FaceFrame], challenge: FaceChallenge
    ) -> FaceResult:
        """The frames against the archived photo of the person. Raises Unavailable."""
        portrait = await self._portraits(context.person_id)
        if portrait is None:
            return self._result(context, Verdict("review", "none", ("no_archived_photo",)), None)
        seen = await self._comparer.compare(portrait, frames)
        if seen is None:
            return self._result(context, Verdict("retake", "none", ("pictures_cannot_be_read",)), None)
        verdict = judge(seen, challenge.steps, self._calibration)
        return self._result(context, verdict, None if verdict.outcome == "retake" else seen.distance)

    def _result(self, context: FaceContext, verdict: Verdict, score: float | None) -> FaceResult:
        return FaceResult(
            verdict.outcome, context.nonce, self.name, self.version, self.calibrated, self.simulated,
            verdict.liveness, score, verdict.reasons,
        )  # fmt: skip

    def close(self) -> None:
        """Nothing runs any more."""
        self._comparer.close()


# --- the real comparer --------------------------------------------------------------------------------


def find_models(folder: Path | None) -> tuple[Path, Path]:
    """The two model files: in `folder`, else in the package face_recognition_models, which is found and not imported.

    Raises Unavailable naming what is missing.
    """
    if folder is None:
        found = importlib.util.find_spec("face_recognition_models")
        if found is None or found.origin is None:
            raise Unavailable(f"LZ_FACE_MODELS names a folder with {' and '.join(MODELS)}")
        folder = Path(found.origin).parent / "models"
    shape, resnet = (folder / name for name in MODELS)
    for file in (shape, resnet):
        if not file.is_file():
            raise Unavailable(f"the face model {file.name} is not where it is looked for (LZ_FACE_MODELS)")
    return shape, resnet


@dataclass(slots=True)
class DlibComparer:
    """The child of one server process; checks take turns, and there is an end to how many wait."""

    version: str
    models: str
    _child: Guarded
    _waiting: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def with_models(cls, folder: Path | None) -> DlibComparer:
        """Raises Unavailable without the library or its models. Nothing is started yet."""
        try:
            version = importlib.metadata.version("dlib-bin")
        except importlib.metadata.PackageNotFoundError:
            raise Unavailable("LZ_FACE_ENGINE=dlib needs the extra: pip install 'liangzheng[face]'") from None
        files = find_models(folder)
        digest = hashlib.sha256()
        for file in files:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        child = Guarded("liangzheng.infra.face_dlib_process", told=[str(file) for file in files])
        return cls(version, digest.hexdigest(), child)

    async def compare(self, portrait: bytes, frames: Sequence[FaceFrame]) -> Seen | None:
        """What is seen. Raises Unavailable while many wait already."""
        if self._waiting >= MOST_WAITING:
            raise Unavailable("many faces are being looked at; try again shortly", retry_after_s=5)
        self._waiting += 1
        try:
            question = msgspec.msgpack.encode((portrait, [(frame.step, frame.jpeg) for frame in frames]))
            answer = await asyncio.to_thread(self._ask, question)
        finally:
            self._waiting -= 1
        return msgspec.msgpack.decode(answer, type=Seen) if answer else None

    def _ask(self, question: bytes) -> bytes | None:
        with self._turn:
            return self._child.ask(question)

    def close(self) -> None:
        """The child is gone."""
        with self._turn:
            self._child.end()
