"""The gateway that only plays one: it delivers into a file, says so, misbehaves when told, and never in production."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from liangzheng.infra.sms import LONGEST_TEXT, NoSms
from liangzheng.infra.sms_simulated import Fault, SimulatedSms, delivered
from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.kernel.people import Mobile

MOBILE, OTHER = Mobile("13900000001"), Mobile("13900000002")


@pytest.fixture
def sms(tmp_path: Path) -> SimulatedSms:
    return SimulatedSms("test", tmp_path / "sms.ndjson")


def test_production_has_no_simulated_gateway(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="production"):
        SimulatedSms("production", tmp_path / "sms.ndjson")


async def test_without_a_gateway_sending_says_which_setting() -> None:
    with pytest.raises(Unavailable, match="LZ_SMS"):
        await NoSms().send(MOBILE, "text", "one")


async def test_a_message_arrives_once_for_its_reference_and_says_that_it_is_simulated(
    sms: SimulatedSms, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "sms.ndjson"
    assert delivered(file) == []
    for _ in range(2):
        await sms.send(MOBILE, "您好", "one")
    await sms.send(OTHER, "您好", "two")
    assert [(m.mobile, m.text, m.simulated) for m in delivered(file, MOBILE)] == [
        ("13900000001", "您好", True)
    ]
    assert len(delivered(file)) == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("fault", "raised", "arrived"),
    [
        (Fault.OUT_OF_REACH, Unavailable, 0),
        (Fault.NUMBER_REFUSED, Invalid, 0),
        (Fault.ANSWER_LOST, Unavailable, 1),
        (Fault.LOST, None, 0),
    ],
)
async def test_it_misbehaves_as_told_and_then_no_more(
    sms: SimulatedSms, tmp_path: Path, fault: Fault, raised: type[Exception] | None, arrived: int
) -> None:
    sms.will(fault)
    if raised is None:
        await sms.send(MOBILE, "text", "one")
    else:
        with pytest.raises(raised):
            await sms.send(MOBILE, "text", "one")
    assert len(delivered(tmp_path / "sms.ndjson")) == arrived
    await sms.send(MOBILE, "text", "one")
    assert len(delivered(tmp_path / "sms.ndjson")) == 1


@pytest.mark.parametrize("text", ["", "a\nb", "x" * (LONGEST_TEXT + 1), "\u202e"])
async def test_text_no_gateway_takes_is_refused(sms: SimulatedSms, text: str) -> None:
    with pytest.raises(Invalid):
        await sms.send(MOBILE, text, "one")
