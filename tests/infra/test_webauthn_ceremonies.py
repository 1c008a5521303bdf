"""Challenges that are kept nowhere: ours by their mark, over by their own word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.webauthn_ceremonies import CHALLENGE_OCTETS, OpenChallenges

KEYS = KeyIndex(bytes(32))
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
LIVES = timedelta(minutes=5)


def test_one_of_ours_is_good_until_its_end_and_not_at_it() -> None:
    ours = OpenChallenges(KEYS, "log-in")
    challenge = ours.make(NOW + LIVES)
    assert len(challenge) == CHALLENGE_OCTETS and challenge != ours.make(NOW + LIVES)
    assert ours.expires_at(challenge, NOW, LIVES) == NOW + LIVES
    assert ours.expires_at(challenge, NOW + LIVES - timedelta(milliseconds=1), LIVES) is not None
    assert ours.expires_at(challenge, NOW + LIVES, LIVES) is None


@pytest.mark.parametrize("at", range(CHALLENGE_OCTETS))
def test_an_octet_changed_anywhere_and_it_is_not_ours(at: int) -> None:
    ours = OpenChallenges(KEYS, "log-in")
    changed = bytearray(ours.make(NOW + LIVES))
    changed[at] ^= 1
    assert ours.expires_at(bytes(changed), NOW, LIVES) is None


def test_one_made_for_another_use_or_deployment_or_for_longer_is_none() -> None:
    ours = OpenChallenges(KEYS, "log-in")
    challenge = ours.make(NOW + LIVES)
    assert OpenChallenges(KEYS, "second factor").expires_at(challenge, NOW, LIVES) is None
    assert OpenChallenges(KeyIndex(b"1" * 32), "log-in").expires_at(challenge, NOW, LIVES) is None
    assert ours.expires_at(ours.make(NOW + LIVES * 2), NOW, LIVES) is None
    assert ours.expires_at(challenge[:-1], NOW, LIVES) is None
    assert ours.expires_at(b"", NOW, LIVES) is None
