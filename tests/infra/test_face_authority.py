"""The authority's engine over a real socket, played by a server that can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from liangzheng.accounts.lifecycle import Event
from liangzheng.accounts.model import AccountPolicy, Outcome
from liangzheng.accounts.rules import Judgement, decide_face_check
from liangzheng.infra.face import FaceContext, FaceResult
from liangzheng.infra.face_authority import ANSWER_DOMAIN, ASK_DOMAIN, AuthorityEndpoint, AuthorityFace
from liangzheng.infra.face_simulated import played_frames
from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.kernel.ids import FaceCheckId, PersonId
from liangzheng.standards.keys import Alg, SoftwareSigner

OURS, THEIRS, STRANGER = (SoftwareSigner.generate(Alg.ES256) for _ in range(3))


class Authority:
    """What it answers: a right answer, unless told otherwise."""

    def __init__(self) -> None:
        self.changed: dict[str, Any] = {}
        self.signer = THEIRS
        self.status = 200
        self.headers: dict[str, str] = {}
        self.tail = b""
        self.hangs = threading.Event()
        self.hang = False
        self.asked = 0
        self.spoil: Callable[[bytes], bytes] = lambda octets: octets


@pytest.fixture
def authority() -> Iterator[tuple[Authority, AuthorityFace]]:
    told = Authority()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

        def do_POST(self) -> None:
            told.asked += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            OURS.public_key.verify(ASK_DOMAIN + body, base64.b64decode(self.headers["LZ-Signature"]))
            if told.hang:
                told.hangs.wait(30)
                return
            asked = json.loads(body)
            answer = {
                "face_check": asked["face_check"], "purpose": asked["purpose"], "nonce": asked["nonce"],
                "capture": hashlib.sha256(body).hexdigest(), "outcome": "pass", "engine_version": "7",
                "calibrated": True, "liveness": "certified",
            } | told.changed  # fmt: skip
            octets = json.dumps(answer).encode() + told.tail
            signature = told.signer.sign(ANSWER_DOMAIN + octets)
            octets = told.spoil(octets)
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("LZ-Signature", base64.b64encode(signature).decode())
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            try:
                self.wfile.write(octets)
            except OSError:
                return  # who asked has heard enough

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/check"
    endpoint = AuthorityEndpoint(url, THEIRS.public_key, timeout_s=2.0, plain=True)
    yield told, AuthorityFace(endpoint, OURS)
    told.hangs.set()
    server.shutdown()
    server.server_close()


async def ask(engine: AuthorityFace) -> FaceResult:
    context = FaceContext(PersonId.new(), FaceCheckId.new(), "apply", b"n" * 32)
    return await engine.verify(context, played_frames(3), await engine.challenge(context))


async def test_a_signed_answer_about_this_check_is_taken(authority: tuple[Authority, AuthorityFace]) -> None:
    result = await ask(authority[1])
    assert (result.outcome, result.calibrated, result.engine_version) == ("pass", True, "7")
    assert result.nonce == b"n" * 32 and not result.simulated


@pytest.mark.parametrize(
    "changed",
    [
        {"face_check": str(FaceCheckId.new())}, {"purpose": "bind-phone-key"}, {"nonce": "AAAA"}, {"capture": "0" * 64},
        {"outcome": "certainly"}, {"calibrated": "yes"}, {"extra": 1}, {"engine_version": None},
    ],
    ids=["other check", "other purpose", "other nonce", "other capture", "other word", "no boolean", "extra", "null"],
)  # fmt: skip
async def test_an_answer_that_is_not_about_this_check_or_not_the_contract_is_none(
    authority: tuple[Authority, AuthorityFace], changed: dict[str, Any]
) -> None:
    authority[0].changed = changed
    with pytest.raises(Unavailable):
        await ask(authority[1])


def _another_key(told: Authority) -> None:
    told.signer = STRANGER


def _changed_after(told: Authority) -> None:
    told.changed = {"outcome": "fail"}
    told.spoil = lambda octets: octets.replace(b'"fail"', b'"pass"')


def _huge(told: Authority) -> None:
    told.tail = b" " * 1_000_000


def _busy(told: Authority) -> None:
    told.status = 429


def _elsewhere(told: Authority) -> None:
    told.status, told.headers = 302, {"Location": "/check"}


def _silent(told: Authority) -> None:
    told.hang = True


@pytest.mark.parametrize("fault", [_another_key, _changed_after, _huge, _busy, _elsewhere, _silent])
async def test_a_misbehaving_authority_gives_no_result_and_is_asked_once(
    authority: tuple[Authority, AuthorityFace], fault: Callable[[Authority], None]
) -> None:
    fault(authority[0])
    with pytest.raises(Unavailable):
        await ask(authority[1])
    assert authority[0].asked == 1


async def test_one_that_is_not_there_gives_no_result() -> None:
    endpoint = AuthorityEndpoint("http://127.0.0.1:1/check", THEIRS.public_key, timeout_s=2.0, plain=True)
    with pytest.raises(Unavailable):
        await ask(AuthorityFace(endpoint, OURS))


async def test_uncalibrated_by_its_own_word_it_never_passes_alone(
    authority: tuple[Authority, AuthorityFace],
) -> None:
    authority[0].changed = {"calibrated": False}
    result = await ask(authority[1])
    judged = Judgement(
        Outcome(result.outcome), result.calibrated and authority[1].calibrated, result.simulated
    )
    assert decide_face_check(judged, 0, AccountPolicy()) is Event.SENT_TO_REVIEW


async def test_the_turns_follow_from_the_nonce(authority: tuple[Authority, AuthorityFace]) -> None:
    steps = set()
    for first in (0, 1):
        context = FaceContext(PersonId.new(), FaceCheckId.new(), "apply", bytes([first]) + bytes(31))
        steps.add((await authority[1].challenge(context)).steps)
    assert steps == {("hold", "turn:left", "turn:right"), ("hold", "turn:right", "turn:left")}


@pytest.mark.parametrize(
    "url",
    [
        "http://faces.example/",
        "https://u@faces.example/",
        "https:///x",
        "ftp://x/",
        "https://faces.example/?a=b",
    ],
)
def test_only_a_plain_https_address_is_one(url: str) -> None:
    with pytest.raises(Invalid, match="LZ_FACE_AUTHORITY_URL"):
        AuthorityEndpoint(url, THEIRS.public_key)
