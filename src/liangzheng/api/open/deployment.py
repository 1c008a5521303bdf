"""What a web app must know of the deployment that serves it: its root key, its times, and what in it is simulated."""

from __future__ import annotations

from typing import Literal

from fastapi import Request, Response

from liangzheng.api.auth import public
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.open.start_page import simulated_neighbours
from liangzheng.api.wired import wired

router = resource("/open/deployment", "open")

MAX_AGE_S = 300


class SimulatedAnswer(Answer):
    """A neighbour that only plays one, in both languages."""

    zh: str
    en: str


class LivesAnswer(Answer):
    """How long things live, in seconds (docs/live-code.md)."""

    rotate: int
    accepted: int
    skew: int
    snapshot: int
    amber: int
    credential: int


class DeploymentAnswer(Answer):
    """`root`: SHA-256 of the root's SubjectPublicKeyInfo, hex; an app takes only a trust bundle this root signed, and keeps
    the first it was given. `simulated`: empty in production."""

    mode: Literal["demo", "test", "production"]
    alg: str
    root: str
    lives: LivesAnswer
    demands_mobile_proof: bool
    simulated: list[SimulatedAnswer]


@router.get("")
@public
async def show_deployment(request: Request, response: Response) -> DeploymentAnswer:
    """Whose service this is, by its root key, and what in it is simulated."""
    wiring = wired(request)
    settings, lives = wiring.settings, wiring.lives
    bundle, _ = wiring.trust.published()
    simulated = simulated_neighbours(
        settings.mode,
        face=wiring.face_verifier.simulated,
        real_name=wiring.real_name.simulated,
        sms=wiring.sms.simulated,
    )
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_S}"
    return DeploymentAnswer(
        mode=settings.mode,
        alg=settings.alg.name,
        root=bundle.root.fingerprint.hex(),
        lives=LivesAnswer(
            rotate=lives.rotate, accepted=lives.accepted, skew=lives.skew, snapshot=lives.snapshot,
            amber=lives.amber, credential=lives.credential,
        ),
        demands_mobile_proof=settings.demands_mobile_proof,
        simulated=[SimulatedAnswer(zh=zh, en=en) for zh, en in simulated],
    )  # fmt: skip
