"""What a server process remembers of verifiers, and for how long."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from liangzheng.api.verifier import callers
from liangzheng.api.verifier.callers import KNOWN_FOR_S, TRUST_FOR_S, Doorkeeper
from liangzheng.kernel.ids import VerifierId
from liangzheng.showing import Verifier, VerifierKind

SOMEBODY = Verifier(VerifierId.new(), "样本大队", VerifierKind.POLICE)


class Clock:
    """Stands unless moved; in the place of `time` in callers.py."""

    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at


def standing_still(patch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    patch.setattr(callers, "time", clock)
    return clock


def test_a_token_is_known_for_half_a_minute_and_not_longer() -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock, door = standing_still(patch), Doorkeeper()
        assert door.recall(b"a") is None
        door.keep(b"a", SOMEBODY)
        clock.at += KNOWN_FOR_S - 0.5
        assert door.recall(b"a") is SOMEBODY
        clock.at += 0.5
        assert door.recall(b"a") is None


def test_who_was_here_longest_ago_is_forgotten_first_and_only_when_it_is_full() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callers, "_MOST_KNOWN", 2)
        standing_still(patch)
        door = Doorkeeper()
        for header in (b"a", b"b"):
            door.keep(header, SOMEBODY)
        assert door.recall(b"a") is door.recall(b"b") is SOMEBODY
        for header in (b"a", b"c"):
            door.keep(header, SOMEBODY)
        assert [door.recall(header) for header in (b"a", b"b", b"c")] == [SOMEBODY, None, SOMEBODY]


def test_the_trust_bundle_is_asked_for_once_a_second() -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock, door, asked = standing_still(patch), Doorkeeper(), iter(range(9))
        wiring: Any = SimpleNamespace(trust=lambda: next(asked), lives="lives")
        assert door.grounds(wiring) == (0, "lives")
        clock.at += TRUST_FOR_S / 2
        assert door.grounds(wiring) == (0, "lives")
        clock.at += TRUST_FOR_S / 2
        assert door.grounds(wiring) == (1, "lives")


async def test_a_token_is_asked_about_once_while_it_is_known() -> None:
    asked: list[str] = []

    async def authenticate(_: object, token: str) -> Verifier:
        asked.append(token)
        return SOMEBODY

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callers, "showing", SimpleNamespace(authenticate=authenticate))
        state = SimpleNamespace(wiring=SimpleNamespace(database=None))
        scope = {
            "type": "http",
            "app": SimpleNamespace(state=state),
            "headers": [(b"authorization", b"Bearer t")],
        }
        for _ in range(3):
            assert await callers.verifier(Request(scope)) is SOMEBODY
    assert asked == ["t"]


async def test_a_company_is_asked_about_each_time() -> None:
    """What it registered and whether it is approved is of this moment, not of half a minute ago."""
    asked: list[str] = []

    async def company(_: object, token: str) -> Verifier:
        asked.append(token)
        return Verifier(VerifierId.new(), "样本租车", VerifierKind.COMPANY, {})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callers, "_company", company)
        scope = {
            "type": "http",
            "app": SimpleNamespace(state=SimpleNamespace()),
            "headers": [(b"authorization", b"Bearer com_0.t")],
        }
        for _ in range(2):
            assert (await callers.verifier(Request(scope))).grants == {}
    assert asked == ["com_0.t"] * 2
