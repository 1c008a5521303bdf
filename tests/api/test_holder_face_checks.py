from __future__ import annotations

import json
from typing import Any

import pytest

from liangzheng.api.app import create_app
from liangzheng.infra.face import FaceFrame
from liangzheng.infra.face_simulated import Behaviour, played_frames
from liangzheng.kernel.ids import FaceCheckId
from tests.accounts.people import MadeUp
from tests.api.conftest import SmallWiring
from tests.api.phone import Phone, b64, done, refused, submission
from tests.api.sockets import running


async def begun(phone: Phone, person: MadeUp) -> dict[str, Any]:
    await phone.register(person)
    await phone.log_in(person)
    return done(await phone.post("/holder/face-checks", {"purpose": "apply"}), 201)


def frames_of(challenge: dict[str, Any]) -> str:
    return f"/holder/face-checks/{challenge['face_check_id']}/frames"


async def test_a_played_check_passes_and_says_that_it_is_played(phone: Phone, person: MadeUp) -> None:
    challenge = await begun(phone, person)
    assert (challenge["simulated"], challenge["engine"]) == (True, "simulated")
    assert challenge["expires_at"] == "2026-11-20T02:01:00Z"
    answer = done(await phone.post(frames_of(challenge), submission(challenge)), 200)
    assert (answer["state"], answer["simulated"], answer["calibrated"]) == ("passed", True, False)
    assert answer["usable_until"] == "2026-11-20T02:10:00Z"
    shown = await phone.get(f"/holder/face-checks/{challenge['face_check_id']}")
    assert done(shown, 200) == answer
    assert done(await phone.get("/holder/account"), 200)["level"] == 2


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        (Behaviour.FAIL, "failed"), (Behaviour.RETAKE, "retake"), (Behaviour.REVIEW, "in_review"),
        (Behaviour.OUT_OF_REACH, "retake"),
    ],
)  # fmt: skip
async def test_an_engine_that_does_not_pass_lifts_nobody(
    phone: Phone, wiring: SmallWiring, person: MadeUp, behaviour: Behaviour, state: str
) -> None:
    wiring.face_verifier.will(behaviour)
    challenge = await begun(phone, person)
    answer = done(await phone.post(frames_of(challenge), submission(challenge)), 200)
    assert (answer["state"], answer["usable_until"]) == (state, None)
    assert done(await phone.get("/holder/account"), 200)["level"] == 1


async def test_twelve_pictures_of_the_largest_size_fit_the_body(phone: Phone, person: MadeUp) -> None:
    challenge = await begun(phone, person)
    frames = [
        type(frame)(
            frame.step, frame.at_ms, frame.jpeg[:-2] + b"\0" * (120 * 1024 - len(frame.jpeg)) + b"\xff\xd9"
        )
        for frame in played_frames(len(challenge["steps"]), at_least=12)
    ]
    assert {len(frame.jpeg) for frame in frames} == {120 * 1024}
    answer = await phone.post(frames_of(challenge), submission(challenge, frames))
    assert done(answer, 200)["state"] == "passed"


async def test_two_mebibytes_and_more_are_refused(phone: Phone, person: MadeUp) -> None:
    challenge = await begun(phone, person)
    body = submission(challenge)
    body["frames"][0]["jpeg"] = "A" * (2048 * 1024)
    refused(await phone.post(frames_of(challenge), body), 413, "too-large")


def changed_frame(body: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {**body, "frames": [*body["frames"][:-1], {**body["frames"][-1], **changed}]}


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (lambda b: {**b, "nonce": b["nonce"] + "="}, "body.nonce"),
        (lambda b: {**b, "nonce": "A"}, "nonce"),
        (lambda b: {**b, "nonce": None}, "body.nonce"),
        (lambda b: {**b, "person_id": "per_x"}, "body.person_id"),
        (lambda b: {**b, "frames": []}, "body.frames"),
        (lambda b: {**b, "frames": b["frames"][:7]}, "frames"),
        (lambda b: {**b, "frames": b["frames"] * 5}, "body.frames"),
        (lambda b: changed_frame(b, step=-1), "body.frames[7].step"),
        (lambda b: changed_frame(b, step="2"), "body.frames[7].step"),
        (lambda b: changed_frame(b, step=32), "body.frames[7].step"),
        (lambda b: changed_frame(b, at_ms=2**53 + 1), "body.frames[7].at_ms"),
        (lambda b: changed_frame(b, at_ms=1.5), "body.frames[7].at_ms"),
        (lambda b: changed_frame(b, jpeg="!"), "body.frames[7].jpeg"),
        (lambda b: changed_frame(b, jpeg=b64(b"GIF89a")), "frames[7].jpeg"),
        (lambda b: changed_frame(b, jpeg="A" * 200_001), "body.frames[7].jpeg"),
        (lambda b: changed_frame(b, exif={}), "body.frames[7].exif"),
    ],
)
async def test_a_bad_submission_names_the_place_and_spends_nothing(
    phone: Phone, person: MadeUp, spoil: Any, place: str
) -> None:
    challenge = await begun(phone, person)
    good = submission(challenge)
    assert refused(await phone.post(frames_of(challenge), spoil(good)), 422, "invalid")["place"] == place
    assert done(await phone.post(frames_of(challenge), good), 200)["state"] == "passed"


async def test_the_same_frames_again_get_the_same_answer_without_a_key(phone: Phone, person: MadeUp) -> None:
    challenge = await begun(phone, person)
    body = submission(challenge)
    first = done(await phone.post(frames_of(challenge), body), 200)
    assert done(await phone.post(frames_of(challenge), body), 200) == first
    refused(await phone.post(frames_of(challenge), submission(challenge)), 409, "conflict")


async def test_a_late_submission_is_told_why(phone: Phone, wiring: SmallWiring, person: MadeUp) -> None:
    challenge = await begun(phone, person)
    wiring.clock.advance(60)
    body = refused(await phone.post(frames_of(challenge), submission(challenge)), 400, "not-verified")
    assert (body["place"], body["rule"]) == ("face check", "the challenge has expired: begin a new check")


async def test_a_strangers_check_is_not_there(phone: Phone, person: MadeUp, other: MadeUp) -> None:
    challenge = await begun(phone, person)
    stranger = phone.another()
    await stranger.register(other)
    await stranger.log_in(other)
    for path in (challenge["face_check_id"], str(FaceCheckId.new())):
        refused(await stranger.get(f"/holder/face-checks/{path}"), 404, "not-found")
        refused(
            await stranger.post(f"/holder/face-checks/{path}/frames", submission(challenge)), 404, "not-found"
        )
    for path in ("x", challenge["face_check_id"].replace("fch_", "pky_")):
        refused(await stranger.get(f"/holder/face-checks/{path}"), 422, "invalid")


@pytest.mark.parametrize(
    "body", [{}, {"purpose": "anything"}, {"purpose": None}, {"purpose": "apply", "level": 2}]
)
async def test_a_check_is_for_something(phone: Phone, person: MadeUp, body: Any) -> None:
    await phone.register(person)
    await phone.log_in(person)
    refused(await phone.post("/holder/face-checks", body), 422, "invalid")


async def test_a_repeated_beginning_is_one_challenge(phone: Phone, person: MadeUp) -> None:
    await phone.register(person)
    await phone.log_in(person)
    key = {"Idempotency-Key": "0123456789abcdef"}
    one, two = [await phone.post("/holder/face-checks", {"purpose": "apply"}, headers=key) for _ in range(2)]
    assert done(one, 201) == done(two, 201)
    refused(
        await phone.post("/holder/face-checks", {"purpose": "bind-phone-key"}, headers=key), 409, "conflict"
    )


async def test_without_a_real_name_there_is_no_face_check(phone: Phone, person: MadeUp) -> None:
    await phone.post("/holder/accounts", {**_named(person), "name": "别人"})
    await phone.log_in(person)
    body = refused(await phone.post("/holder/face-checks", {"purpose": "apply"}), 403, "forbidden")
    assert (body["place"], body["rule"]) == ("level", "at least 1")


def _named(person: MadeUp) -> dict[str, Any]:
    from tests.api.phone import registration

    return registration(person)


# --- two mebioctets from whom ------------------------------------------------------------------------


def _head(path: str, length: int, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: test", "Content-Type: application/json", *more]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


STRANGERS = {
    "no login": (),
    "an unknown one": ("Authorization: Bearer " + "A" * 64,),
    "another scheme": ("Authorization: Basic eDp4",),
    "asking for leave": ("Authorization: Bearer " + "A" * 64, "Expect: 100-continue"),
}


@pytest.mark.parametrize("lines", STRANGERS.values(), ids=STRANGERS)
async def test_a_stranger_is_turned_away_before_sending_anything(
    wiring: SmallWiring, lines: tuple[str, ...]
) -> None:
    """The body never comes: whoever waited for it would not answer."""
    async with running(create_app(wiring)) as server:  # type: ignore[arg-type]
        client = await server.connect()
        await client.send(_head("/holder/face-checks/fch_x/frames", 1_900_000, *lines))
        status, headers, body = await client.answer()
        assert (status, json.loads(body)["code"]) == (401, "not-authenticated")
        assert headers["www-authenticate"] == "Bearer"


async def test_a_stranger_who_sends_it_all_the_same_hears_why_not(wiring: SmallWiring) -> None:
    async with running(create_app(wiring)) as server:  # type: ignore[arg-type]
        client = await server.connect()
        await client.send(_head("/holder/face-checks/fch_x/frames", 1_900_000) + b" " * 1_900_000)
        assert (await client.answer())[0] == 401
        await client.send(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
        assert (await client.answer())[0] == 200


async def test_who_is_logged_in_sends_it_after_leave(
    phone: Phone, wiring: SmallWiring, person: MadeUp
) -> None:
    await phone.register(person)
    await phone.log_in(person)
    challenge = done(await phone.post("/holder/face-checks", {"purpose": "apply"}), 201)
    frames = [
        FaceFrame(f.step, f.at_ms, f.jpeg[:-2] + b"\0" * (120_000 - len(f.jpeg)) + f.jpeg[-2:])
        for f in played_frames(len(challenge["steps"]), at_least=12)
    ]
    body = json.dumps(submission(challenge, frames)).encode()
    assert len(body) > 1_900_000
    token = f"Authorization: {phone.headers['Authorization']}"
    path = f"/holder/face-checks/{challenge['face_check_id']}/frames"
    async with running(create_app(wiring)) as server:  # type: ignore[arg-type]
        client = await server.connect()
        await client.send(_head(path, len(body), token, "Expect: 100-continue"))
        assert (await client.answer())[0] == 100
        await client.send(body)
        status, _, answer = await client.answer()
    assert (status, json.loads(answer)["state"]) == (200, "passed")
