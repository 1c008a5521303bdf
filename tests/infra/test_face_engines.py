from __future__ import annotations

import pytest

from liangzheng.infra import face_simulated
from liangzheng.infra.face import FaceContext, FaceResult, FaceVerifier
from liangzheng.infra.face_manual import ManualFace
from liangzheng.infra.face_simulated import Behaviour, SimulatedFace, played_frames
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import FaceCheckId, PersonId

CONTEXT = FaceContext(PersonId.new(), FaceCheckId.new(), "apply", b"n" * 32)


async def result_of(engine: FaceVerifier) -> FaceResult:
    challenge = await engine.challenge(CONTEXT)
    return await engine.verify(CONTEXT, played_frames(len(challenge.steps)), challenge)


def test_what_is_simulated_cannot_be_made_in_production() -> None:
    with pytest.raises(Unavailable, match="production"):
        SimulatedFace("production")


class Log:
    """Writes down what was logged."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, event: str, **_: object) -> None:
        self.lines.append(event)


async def test_every_result_of_the_simulated_engine_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    monkeypatch.setattr(face_simulated, "_log", log)
    for behaviour in (Behaviour.PASS, Behaviour.FAIL, Behaviour.RETAKE, Behaviour.REVIEW):
        result = await result_of(SimulatedFace("test", behaviour))
        assert (result.simulated, result.calibrated, result.engine) == (True, False, "simulated")
        assert "simulated" in result.reasons
    assert ["SIMULATED" in line for line in log.lines] == [True] * 4


async def test_the_simulated_engine_does_what_it_was_told_in_order_then_the_usual() -> None:
    engine = SimulatedFace("demo", Behaviour.REVIEW)
    engine.will(Behaviour.FAIL, Behaviour.PASS)
    assert [(await result_of(engine)).outcome for _ in range(4)] == ["fail", "pass", "review", "review"]


async def test_a_played_frame_says_what_the_simulated_engine_answers_and_what_is_queued_comes_first() -> None:
    engine = SimulatedFace("test")
    for say, outcome in (
        (Behaviour.REVIEW, "review"),
        (Behaviour.FAIL, "fail"),
        (None, "pass"),
        (Behaviour.PASS, "pass"),
    ):
        frames = played_frames(3, say=say)
        assert (await engine.verify(CONTEXT, frames, await engine.challenge(CONTEXT))).outcome == outcome
    engine.will(Behaviour.RETAKE)
    frames = played_frames(3, say=Behaviour.REVIEW)
    assert (await engine.verify(CONTEXT, frames, await engine.challenge(CONTEXT))).outcome == "retake"


async def test_the_simulated_engine_can_answer_for_another_challenge_or_not_at_all() -> None:
    assert (await result_of(SimulatedFace("test", Behaviour.WRONG_NONCE))).nonce != CONTEXT.nonce
    with pytest.raises(Unavailable):
        await result_of(SimulatedFace("test", Behaviour.OUT_OF_REACH))


async def test_the_manual_engine_passes_nobody_and_pretends_nothing() -> None:
    result = await result_of(ManualFace())
    assert (result.outcome, result.simulated, result.calibrated) == ("review", False, False)


async def test_neither_context_nor_result_prints_its_nonce_and_no_frame_its_picture() -> None:
    result = await result_of(ManualFace())
    shown = repr((CONTEXT, result, played_frames(3)))
    assert repr(CONTEXT.nonce) not in shown
    assert "no face" not in shown
