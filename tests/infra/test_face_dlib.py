"""The dlib engine: what follows of what is seen, with a comparer that plays; and the real one where it is installed.

No picture of a person is in this repository. The real comparer is shown drawn faces: that it runs is
tested, how well it tells people apart is measured nowhere here.
"""

from __future__ import annotations

import base64
import importlib.machinery
import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from liangzheng.accounts.lifecycle import Event
from liangzheng.accounts.model import AccountPolicy, Outcome
from liangzheng.accounts.rules import Judgement, decide_face_check
from liangzheng.infra import face_dlib
from liangzheng.infra.face import FaceContext, FaceFrame, FaceResult
from liangzheng.infra.face_calibration import (
    DOMAIN,
    LEAST_PAIRS,
    Calibration,
    read_calibration,
    signed_calibration,
)
from liangzheng.infra.face_dlib import MODELS, DlibComparer, DlibFace, Seen, SeenFrame, find_models, judge
from liangzheng.infra.face_simulated import played_frames
from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.kernel.ids import FaceCheckId, PersonId
from liangzheng.standards.keys import Alg, SoftwareSigner

STEPS = ("hold", "turn:left", "turn:right")
CONTEXT = FaceContext(PersonId.new(), FaceCheckId.new(), "apply", b"n" * 32)
CALIBRATION = Calibration(
    engine="dlib", version="20.0", models="ab" * 32, pass_at_most=0.35, fail_above=0.6, same_pairs=1000, other_pairs=1000,
    false_matches=0, false_non_matches=40, not_compared=0, measured_on="2026-11-20",
)  # fmt: skip


def frame(step: int, turn: float, **more: Any) -> SeenFrame:
    return SeenFrame(step, more.get("faces", 1), turn, more.get("apart", 0.3))


def seen(distance: float | None = 0.3, **changed: Any) -> Seen:
    """A face that looks ahead, then turns left, then right."""
    frames = (frame(0, 0.01, apart=0.0), frame(1, 0.02), frame(1, 0.14), frame(2, -0.05), frame(2, -0.13))
    return Seen(**({"portrait_faces": 1, "frames": frames, "distance": distance} | changed))


# --- what follows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("distance", "outcome", "reason"),
    [
        (0.0, "pass", "alike"),
        (0.35, "pass", "alike"),
        (0.351, "review", "undecided"),
        (0.6, "review", "undecided"),
        (0.601, "fail", "unlike"),
    ],
)
def test_calibrated_the_distance_decides(distance: float, outcome: str, reason: str) -> None:
    verdict = judge(seen(distance), STEPS, CALIBRATION)
    assert (verdict.outcome, verdict.liveness, verdict.reasons) == (outcome, "challenge", (reason,))


@pytest.mark.parametrize(
    ("distance", "said"), [(0.40, "alike"), (0.41, "undecided"), (0.55, "undecided"), (0.56, "unlike")]
)
def test_not_calibrated_a_person_decides_and_is_told_what_was_seen(distance: float, said: str) -> None:
    verdict = judge(seen(distance), STEPS, None)
    assert (verdict.outcome, verdict.reasons) == ("review", ("not_calibrated", said))


@given(
    seen=st.builds(
        Seen,
        portrait_faces=st.integers(0, 2),
        frames=st.lists(
            st.builds(
                SeenFrame,
                step=st.integers(0, 2),
                faces=st.integers(0, 2) | st.just(1),
                turn=st.floats(-0.3, 0.3),
                apart=st.none() | st.floats(0, 1.5),
            ),
            max_size=12,
        ).map(tuple),
        distance=st.none() | st.floats(0, 1.5),
    ),
    failures=st.integers(0, 5),
)
def test_whatever_is_seen_an_engine_without_a_calibration_passes_nobody(seen: Seen, failures: int) -> None:
    verdict = judge(seen, STEPS, None)
    assert verdict.outcome in {"review", "retake"}
    # And were it to say so all the same, nobody would listen.
    lying = Judgement(Outcome.PASS, calibrated=False, simulated=False)
    assert decide_face_check(lying, failures, AccountPolicy()) is Event.SENT_TO_REVIEW


@given(
    changed=st.sampled_from(
        [
            {"engine": "authority"},
            {"version": "20.1"},
            {"models": "cd" * 32},
            {"models": "AB" * 32},
            {"version": ""},
        ]
    ),
    distance=st.floats(0, 1.5),
)
async def test_whatever_is_measured_a_record_of_anything_else_passes_nobody(
    changed: dict[str, str], distance: float
) -> None:
    anothers = msgspec.structs.replace(CALIBRATION, **changed)
    face = engine(seen(distance), calibration=anothers)
    assert not face.calibrated
    result = await asked(face)
    assert (result.outcome, result.calibrated) == ("review", False)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"frames": (*seen().frames, frame(2, 0.0, faces=0))}, "no_face"),
        ({"frames": (*seen().frames, frame(2, 0.0, faces=2))}, "several_faces"),
        ({"frames": (frame(0, 0.2), *seen().frames[1:])}, "not_frontal"),
        ({"frames": seen().frames[1:]}, "not_frontal"),
        ({"frames": (frame(0, 0.0), frame(1, 0.08), frame(2, -0.13))}, "head_not_turned"),
        ({"frames": (frame(0, 0.0), frame(1, -0.13), frame(2, 0.14))}, "head_not_turned"),
        ({"frames": (frame(0, 0.0), frame(1, 0.14))}, "head_not_turned"),
        ({"frames": (frame(0, 0.0), frame(1, 0.07), frame(2, -0.07))}, "head_not_turned"),
    ],
    ids=["no face", "two faces", "never ahead", "no first step", "one turn too small", "the other way round",
         "a turn left out", "a flat photo tilted by 30°"],
)  # fmt: skip
def test_what_does_not_show_one_face_doing_the_steps_is_taken_again(changed: Any, reason: str) -> None:
    verdict = judge(seen(**changed), STEPS, CALIBRATION)
    assert (verdict.outcome, verdict.reasons) == ("retake", (reason,))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"portrait_faces": 0, "distance": None}, "archived_photo_not_comparable"),
        ({"portrait_faces": 2}, "archived_photo_not_comparable"),
        # A printed face held still, and another's head that turns.
        ({"frames": (frame(0, 0.0), frame(1, 0.14, apart=0.61), frame(2, -0.13))}, "frames_of_two_people"),
        ({"frames": (frame(0, 0.0), frame(1, 0.14, apart=None), frame(2, -0.13))}, "frames_of_two_people"),
    ],
)
def test_what_no_retake_would_mend_goes_to_a_person(changed: Any, reason: str) -> None:
    verdict = judge(seen(**changed), STEPS, CALIBRATION)
    assert (verdict.outcome, verdict.reasons) == ("review", (reason,))


# --- the engine, with a comparer that plays -------------------------------------------------------------


class Played:
    """Sees what it is told to see, and writes down what it was shown."""

    version, models = "20.0", "ab" * 32

    def __init__(self, told: Seen | None) -> None:
        self.told, self.shown, self.closed = told, list[tuple[bytes, Sequence[FaceFrame]]](), False

    async def compare(self, portrait: bytes, frames: Sequence[FaceFrame]) -> Seen | None:
        self.shown.append((portrait, frames))
        return self.told

    def close(self) -> None:
        self.closed = True


def engine(
    told: Seen | None, portrait: bytes | None = b"archived", calibration: Calibration | None = CALIBRATION
) -> DlibFace:
    async def portraits(person_id: PersonId) -> bytes | None:
        return portrait if person_id == CONTEXT.person_id else None

    return DlibFace(Played(told), portraits, calibration)


async def asked(face: DlibFace) -> FaceResult:
    challenge = await face.challenge(CONTEXT)
    turned = face._comparer
    assert isinstance(turned, Played)
    if turned.told is not None and challenge.steps[1] == "turn:right":
        frames = tuple(msgspec.structs.replace(one, turn=-one.turn) for one in turned.told.frames)
        turned.told = msgspec.structs.replace(turned.told, frames=frames)
    return await face.verify(CONTEXT, played_frames(len(challenge.steps)), challenge)


async def test_the_engine_answers_under_the_nonce_and_says_what_it_is() -> None:
    result = await asked(engine(seen()))
    assert (result.outcome, result.score, result.nonce) == ("pass", 0.3, CONTEXT.nonce)
    assert (result.engine, result.calibrated, result.simulated) == ("dlib", True, False)
    assert result.engine_version == "20.0 abababababababab"
    without = await asked(engine(seen(), calibration=None))
    assert (without.outcome, without.calibrated) == ("review", False)


async def test_without_an_archived_photo_a_person_looks_and_nothing_is_compared() -> None:
    face = engine(seen(), portrait=None)
    result = await asked(face)
    assert (result.outcome, result.reasons) == ("review", ("no_archived_photo",))
    assert isinstance(face._comparer, Played) and face._comparer.shown == []


async def test_pictures_nobody_can_read_are_taken_again_and_have_no_score() -> None:
    result = await asked(engine(None))
    assert (result.outcome, result.score) == ("retake", None)


async def test_the_turns_come_in_either_order() -> None:
    orders = {(await engine(seen()).challenge(CONTEXT)).steps for _ in range(64)}
    assert orders == {("hold", "turn:left", "turn:right"), ("hold", "turn:right", "turn:left")}


async def test_the_engine_closes_what_it_started() -> None:
    face = engine(seen())
    face.close()
    assert isinstance(face._comparer, Played) and face._comparer.closed


# --- the calibration ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def signer() -> SoftwareSigner:
    return SoftwareSigner.generate(Alg.ES256)


def written(folder: Path, signer: SoftwareSigner, octets: bytes, **changed: str) -> tuple[Path, Path]:
    signed = {
        "record": base64.b64encode(octets).decode(),
        "signature": base64.b64encode(signer.sign(DOMAIN + octets)).decode(),
    }
    file, key = folder / "calibration.json", folder / "key.der"
    file.write_bytes(msgspec.json.encode(signed | changed))
    key.write_bytes(signer.public_key.spki)
    return file, key


def test_a_signed_record_of_these_models_is_read(tmp_path: Path, signer: SoftwareSigner) -> None:
    file, key = written(tmp_path, signer, msgspec.json.encode(CALIBRATION))
    assert read_calibration(file, key, "dlib", "20.0", "ab" * 32) == CALIBRATION


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"models": "cd" * 32}, "these very models"),
        ({"engine": "other"}, "these very models"),
        ({"version": "20.1"}, "its version"),
        ({"false_matches": 10}, "at most 1% false matches"),
        ({"same_pairs": LEAST_PAIRS - 1, "false_non_matches": 0}, "at least 300"),
        ({"other_pairs": LEAST_PAIRS - 1}, "at least 300"),
        ({"pass_at_most": 0.7}, "pass_at_most"),
        ({"pass_at_most": 0.0}, "pass_at_most"),
        ({"fail_above": 2.0}, "pass_at_most"),
        ({"false_matches": 1001}, "errors"),
    ],
)
def test_a_record_that_shows_nothing_is_none(
    tmp_path: Path, signer: SoftwareSigner, changed: dict[str, Any], rule: str
) -> None:
    record = msgspec.json.encode(msgspec.structs.replace(CALIBRATION, **changed))
    with pytest.raises(Invalid, match=rule):
        read_calibration(*written(tmp_path, signer, record), "dlib", "20.0", "ab" * 32)


def test_what_is_signed_here_is_read_here_and_what_shows_nothing_is_not_signed(
    tmp_path: Path, signer: SoftwareSigner
) -> None:
    file, key = tmp_path / "record.json", tmp_path / "key.der"
    file.write_bytes(signed_calibration(CALIBRATION, signer))
    key.write_bytes(signer.public_key.spki)
    assert read_calibration(file, key, "dlib", "20.0", "ab" * 32) == CALIBRATION
    with pytest.raises(Invalid, match="false matches"):
        signed_calibration(msgspec.structs.replace(CALIBRATION, false_matches=10), signer)


def test_a_record_nobody_signed_or_somebody_else_is_none(tmp_path: Path, signer: SoftwareSigner) -> None:
    record = msgspec.json.encode(CALIBRATION)
    other = base64.b64encode(SoftwareSigner.generate(Alg.ES256).sign(DOMAIN + record)).decode()
    bare = base64.b64encode(signer.sign(record)).decode()
    for changed in (
        {"signature": other},
        {"signature": bare},
        {"signature": ""},
        {"record": "e30="},
        {"more": "x"},
    ):
        with pytest.raises(Invalid, match="signed by"):
            read_calibration(*written(tmp_path, signer, record, **changed), "dlib", "20.0", "ab" * 32)
    with pytest.raises(Unavailable):
        read_calibration(tmp_path / "none", tmp_path / "key.der", "dlib", "20.0", "ab" * 32)


# --- library and models ---------------------------------------------------------------------------------


def test_models_are_found_in_a_folder_or_beside_the_package_and_68_points_are_not_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all("68" not in name for name in MODELS)
    with pytest.raises(Unavailable, match=MODELS[0]):
        find_models(tmp_path)
    (tmp_path / "models").mkdir()
    for name in MODELS:
        (tmp_path / "models" / name).write_bytes(name.encode())
    assert find_models(tmp_path / "models") == tuple(tmp_path / "models" / name for name in MODELS)
    spec = importlib.machinery.ModuleSpec(
        "face_recognition_models", None, origin=str(tmp_path / "__init__.py")
    )
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    assert find_models(None) == tuple(tmp_path / "models" / name for name in MODELS)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(Unavailable, match="LZ_FACE_MODELS"):
        find_models(None)


def test_without_the_extra_the_way_to_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise face_dlib.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(face_dlib.importlib.metadata, "version", missing)
    with pytest.raises(Unavailable, match=r"liangzheng\[face\]"):
        DlibComparer.with_models(tmp_path)


def drawn(*faces: tuple[int, int]) -> bytes:
    """A picture, with a drawn face at each place: the detector takes it for one."""
    picture, octets = Image.new("RGB", (480, 640), "white"), BytesIO()
    pen = ImageDraw.Draw(picture)
    for x, y in faces:
        pen.ellipse((x - 90, y - 120, x + 90, y + 120), outline="black", width=4)
        for eye in (x - 35, x + 35):
            pen.ellipse((eye - 12, y - 40, eye + 12, y - 22), fill="black")
    picture.save(octets, "JPEG")
    return octets.getvalue()


async def test_the_real_comparer_looks_at_pictures_in_its_child() -> None:
    pytest.importorskip("dlib", reason="the extra `face` is not installed")
    pytest.importorskip("numpy", reason="the extra `face` is not installed")
    try:
        comparer = DlibComparer.with_models(None)
    except Unavailable as missing:
        pytest.skip(f"dlib is installed, its models are not: {missing}")
    blank = [replace(one, jpeg=drawn()) for one in played_frames(3)]
    still = [replace(one, jpeg=drawn((240, 300))) for one in played_frames(3)]
    try:
        nobody = await comparer.compare(drawn(), blank)
        assert nobody is not None
        assert (nobody.portrait_faces, nobody.distance) == (0, None)
        assert [one.step for one in nobody.frames] == [one.step for one in blank]
        assert judge(nobody, STEPS, CALIBRATION).reasons == ("no_face",)
        assert await comparer.compare(b"no picture", blank) is None
        # The same picture is alike, and held before a camera it turns no head.
        same = await comparer.compare(drawn((240, 300)), still)
        assert same is not None and same.distance is not None
        assert (same.portrait_faces, same.distance < 0.1) == (1, True)
        assert judge(same, STEPS, CALIBRATION).reasons == ("head_not_turned",)
    finally:
        comparer.close()
