"""The engine where no engine is installed: every check goes to a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from liangzheng.infra.face import FaceChallenge, FaceContext, FaceFrame, FaceResult

_STEPS: Final = ("hold",)


class ManualFace:
    """Always `review`. Nothing is simulated about it, so it runs in production."""

    name = "manual"
    version = "1"
    calibrated = False
    simulated = False

    async def challenge(self, context: FaceContext) -> FaceChallenge:
        """One frontal picture is asked for; nothing is measured."""
        return FaceChallenge(context.nonce, _STEPS)

    async def verify(
        self, context: FaceContext, frames: Sequence[FaceFrame], challenge: FaceChallenge
    ) -> FaceResult:
        """A person decides."""
        return FaceResult(
            "review", context.nonce, self.name, self.version, self.calibrated, self.simulated,
            reasons=("a_person_decides",),
        )  # fmt: skip
