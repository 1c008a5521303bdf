"""The browser's phone and verifier, run in Node, against this program's."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest

from liangzheng.standards.keys import Alg, PublicKey
from liangzheng.standards.livecode import Outcome
from tests.standards.making import AT, NOW, deployment
from tests.standards.showings.frame import default_bundle
from tests.web import mutator
from tests.web.live_code_vectors import judged
from tests.web.node import WEB, LiveCode, node, why_not
from tests.web.signed_objects import root_of

# Under CI=true they run, and fail where something is missing: a skip there would pass for a comparison.
pytestmark = pytest.mark.skipif(
    why_not() is not None and os.environ.get("CI") != "true", reason=str(why_not())
)

EACH = 40


@pytest.fixture(scope="module")
def browser() -> Iterator[LiveCode]:
    with LiveCode() as live_code:
        yield live_code


def test_the_browsers_own_tests_pass() -> None:
    tests = sorted(str(file) for file in (WEB / "shared" / "live-code").glob("*.test.ts"))
    assert tests
    run = subprocess.run([str(node()), "--test", *tests], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4000:]


@pytest.mark.parametrize("alg", list(Alg))
def test_both_verifiers_say_the_same_of_codes_nobody_has_seen(alg: Alg, browser: LiveCode) -> None:
    place = deployment(alg)
    seed = secrets.randbits(32)
    codes = list(mutator.changed_codes(Random(seed), place, EACH))
    said = browser.ask("judge", bundle=default_bundle(alg).hex(), root=root_of(place), at=AT, codes=codes)
    expected = [judged(place.trust, code) for code in codes]
    differing = [row for row in zip(codes, said, expected, strict=True) if row[1] != row[2]]
    assert differing == [], f"seed {seed}"
    # Nor do they agree because everything is refused at the door.
    assert len(Counter(map(str, expected))) > 6


@pytest.mark.parametrize("alg", list(Alg))
def test_a_code_the_browser_made_is_taken_here(alg: Alg, browser: LiveCode) -> None:
    place = deployment(alg)
    phone_key = bytes.fromhex(browser.ask("key"))
    credential, snapshot = place.credential(phone_key=phone_key), place.snapshot()
    asked = {"credential": credential.hex(), "snapshot": snapshot.hex(), "nowMs": 1000 * AT - 1, "offsetS": 0}
    code = browser.ask("show", **asked)
    verified = place.verifier.verify(code, NOW)
    assert verified.outcome is Outcome.VALID
    assert (verified.showing.shown_at, verified.claims.phone_key) == (AT - 1, phone_key)
    without = browser.ask("show", **(asked | {"snapshot": None}))
    assert place.verifier.verify(without, NOW).outcome is Outcome.STATUS_NOT_CHECKED
    # A phone whose clock is an hour behind, and knows it.
    late = browser.ask("show", **(asked | {"offsetS": 3600}))
    assert place.verifier.verify(late, NOW + timedelta(hours=1)).outcome is Outcome.VALID
    assert judged(place.trust, late) == ["fresh", "clock_ahead"]


def test_a_challenge_the_browser_signed_is_taken_here(browser: LiveCode) -> None:
    key = PublicKey.from_compressed(Alg.ES256, bytes.fromhex(browser.ask("key")))
    key.verify(b"challenge", bytes.fromhex(browser.ask("prove", octets=b"challenge".hex())))
