"""Somebody else's face before the camera, through the whole check: a calibrated engine, a played comparer, every trick of the
protocol. What passes nobody here is a replay, another order, a still picture, a flat photo, a clip made for another challenge.

How often a good actor, a mask or a made-up camera passes is not shown by any of this: docs/face-dlib.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng import accounts
from liangzheng.accounts.lifecycle import State
from liangzheng.accounts.model import FaceCheck, Level
from liangzheng.infra.face import FaceFrame
from liangzheng.infra.face_calibration import Calibration
from liangzheng.infra.face_dlib import DlibFace, Seen, SeenFrame, judge
from liangzheng.infra.face_simulated import played_frames
from liangzheng.kernel.errors import Conflict, NotVerified
from liangzheng.kernel.ids import PersonId
from tests.accounts.people import MADE_UP
from tests.accounts.world import World

ONE, TWO = MADE_UP[:2]
MODELS = "ab" * 32
CALIBRATION = Calibration(
    engine="dlib", version="20.0", models=MODELS, pass_at_most=0.35, fail_above=0.6, same_pairs=1000, other_pairs=1000,
    false_matches=0, false_non_matches=40, not_compared=0, measured_on="2026-11-20",
)  # fmt: skip
LEFT, RIGHT = "turn:left", "turn:right"


class Head:
    """A comparer that sees a head which, in each step, turns as it is told: the archived face, alike."""

    version, models = "20.0", MODELS

    def __init__(self) -> None:
        self.turns: tuple[float, ...] = ()
        self.asked = 0

    async def compare(self, portrait: bytes, frames: Sequence[FaceFrame]) -> Seen | None:
        self.asked += 1
        seen = tuple(SeenFrame(f.step, 1, self.turns[f.step], 0.3 if f.step else 0.0) for f in frames)
        return Seen(1, seen, 0.1)

    def close(self) -> None:
        """Nothing runs."""


@pytest.fixture
def head(world: World) -> Head:
    """Before a calibrated engine, that passes who it finds alike."""
    seen = Head()

    async def portrait(_: PersonId) -> bytes:
        return b"archived"

    world.engine = DlibFace(seen, portrait, CALIBRATION)
    return seen


def does(check: FaceCheck) -> tuple[float, ...]:
    """What a live person does: the steps, in the order of this challenge."""
    return tuple({LEFT: 0.14, RIGHT: -0.14}.get(step, 0.0) for step in check.steps)


async def level(world: World, person_id: PersonId) -> Level:
    async with world.database.read() as tx:
        return (await accounts.assurance(tx, person_id)).level


async def test_the_control_who_does_the_steps_passes(world: World, head: Head) -> None:
    check = await world.begin(await world.person(ONE))
    head.turns = does(check)
    assert (await world.finish(check)).state is State.PASSED


@pytest.mark.parametrize("whose", ["one's own, of before", "another person's"])
async def test_a_nonce_of_another_challenge_fails_and_spends_this_one(
    world: World, head: Head, whose: str
) -> None:
    person_id = await world.person(ONE)
    other = await world.begin(person_id if "own" in whose else await world.person(TWO))
    check = await world.begin(person_id)
    head.turns = does(check)
    result = await world.finish(check, nonce=other.nonce)
    assert (result.state, result.reasons, head.asked) == (State.FAILED, ("wrong_nonce",), 0)
    with pytest.raises(Conflict):
        await world.finish(check)
    assert await level(world, person_id) is Level.IDENTITY_MATCHED


async def test_a_whole_submission_of_before_is_no_submission_of_now(world: World, head: Head) -> None:
    person_id = await world.person(ONE)
    first = await world.begin(person_id)
    head.turns, frames = does(first), played_frames(3)
    assert (await world.finish(first, frames)).state is State.PASSED
    again = await world.begin(person_id)
    result = await world.finish(again, frames, nonce=first.nonce)
    assert (result.state, set(result.reasons)) == (State.FAILED, {"wrong_nonce", "replayed_frames"})
    assert head.asked == 1


async def test_pictures_kept_back_until_the_challenge_is_over_are_too_late(world: World, head: Head) -> None:
    check = await world.begin(await world.person(ONE))
    head.turns = does(check)
    world.clock.advance(60)
    with pytest.raises(NotVerified, match="expired"):
        await world.finish(check)


def swapped(frames: Sequence[FaceFrame]) -> list[FaceFrame]:
    return [replace(frame, step={1: 2, 2: 1}.get(frame.step, frame.step)) for frame in frames]


def one_twice(frames: Sequence[FaceFrame]) -> list[FaceFrame]:
    return [*frames[:-1], replace(frames[-1], jpeg=frames[-2].jpeg)]


def one_step_left_out(frames: Sequence[FaceFrame]) -> list[FaceFrame]:
    return [replace(frame, step=min(frame.step, 1)) for frame in frames]


@pytest.mark.parametrize(
    ("trick", "reason"),
    [
        (swapped, "steps_out_of_order"),
        (lambda frames: frames[::-1], "times_out_of_order"),
        (one_twice, "duplicate_frames"),
        (one_step_left_out, "steps_out_of_order"),
        (lambda frames: [replace(f, at_ms=1_000) for f in frames], "times_out_of_order"),
        (lambda frames: [replace(f, at_ms=f.at_ms * 60) for f in frames], "too_long"),
    ],
    ids=["steps swapped", "backwards", "one twice", "a step left out", "all at once", "over minutes"],
)
async def test_a_capture_out_of_order_fails_and_no_engine_is_asked(
    world: World, head: Head, trick: Any, reason: str
) -> None:
    check = await world.begin(await world.person(ONE))
    head.turns = does(check)
    result = await world.finish(check, trick(played_frames(len(check.steps))))
    assert (result.state, head.asked) == (State.FAILED, 0)
    assert reason in result.reasons


@pytest.mark.parametrize(
    "turned",
    [
        lambda right: (0.0, 0.0, 0.0),
        lambda right: tuple(turn / 2 for turn in right),
        lambda right: (right[0], right[2], right[1]),
        lambda right: (right[0], right[1], right[1]),
        lambda right: (right[1], right[1], right[2]),
    ],
    ids=[
        "a still picture",
        "a flat photo, tilted by 30°",
        "a clip of the other order",
        "one turn for both",
        "never ahead",
    ],
)
async def test_what_does_not_do_these_steps_in_this_order_passes_nobody(
    world: World, head: Head, turned: Any
) -> None:
    person_id = await world.person(ONE)
    check = await world.begin(person_id)
    head.turns = turned(does(check))
    result = await world.finish(check)
    assert (result.state, head.asked) == (State.RETAKE, 1)
    assert await level(world, person_id) is Level.IDENTITY_MATCHED


@given(
    turn=st.floats(-0.4, 0.4),
    distance=st.floats(0, 1.5),
    order=st.permutations([LEFT, RIGHT]),
    many=st.integers(1, 4),
)
def test_whatever_it_shows_a_picture_that_never_moves_passes_no_calibrated_engine(
    turn: float, distance: float, order: list[str], many: int
) -> None:
    still = tuple(SeenFrame(step, 1, turn, 0.0) for step in range(3) for _ in range(many))
    assert judge(Seen(1, still, distance), ("hold", *order), CALIBRATION).outcome == "retake"


async def test_a_clip_made_for_one_order_fits_every_second_challenge_and_no_more(
    world: World, head: Head
) -> None:
    """What two orders are worth, said as a number: 1 of 2. The pictures themselves serve once."""
    person_id, fits = await world.person(ONE), []
    for _ in range(12):
        check = await world.begin(person_id)
        head.turns = (0.0, 0.14, -0.14)
        fits.append(((await world.finish(check)).state is State.PASSED, check.steps[1] == LEFT))
        world.clock.advance(300)
    assert all(passed is same for passed, same in fits)
