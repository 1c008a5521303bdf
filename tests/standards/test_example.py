"""The codes printed for other programmers (docs/live-code-example.json) do what the document says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from liangzheng.standards.livecode import NotVerifiedStep, Outcome, Step, TrustBundle, Verifier

EXAMPLE = json.loads((Path(__file__).parents[2] / "docs" / "live-code-example.json").read_text())
NOW = datetime.fromtimestamp(EXAMPLE["at"], UTC)


@pytest.mark.parametrize("profile", EXAMPLE["profiles"])
def test_the_example_codes_come_to_what_their_names_say(profile: str) -> None:
    given: dict[str, Any] = EXAMPLE["profiles"][profile]
    bundle = bytes.fromhex(given["trust_bundle"])
    trust = TrustBundle.load(bundle, bytes.fromhex(given["root_spki_sha256"]))
    assert {entry.alg.name for entry in trust.entries} == {profile}
    for name, outcome in (
        ("code", Outcome.STATUS_NOT_CHECKED),
        ("code_with_snapshot", Outcome.VALID),
        ("suspended", Outcome.MAY_NOT_DRIVE),
    ):
        verified = Verifier(trust).verify(given[name], NOW)
        assert (name, verified.outcome) == (name, outcome)
        assert verified.claims.name == "张示例"
    for name, step in (("same_code_by_another_phone", Step.DEVICE_SIGNATURE), ("too_old", Step.FRESH)):
        with pytest.raises(NotVerifiedStep) as failure:
            Verifier(trust).verify(given[name], NOW)
        assert (name, failure.value.step) == (name, step)
