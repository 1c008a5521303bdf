"""What the driver heard of it all, in the app and by (simulated) text message."""

from __future__ import annotations

import asyncio
import time
from datetime import date, timedelta
from typing import Any, Final

from liangzheng import messages
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.operations import Lz
from liangzheng.cli.demo.stage import Stage
from liangzheng.infra.settings import Settings
from liangzheng.infra.sms_simulated import FILE, delivered
from liangzheng.kernel.people import Mobile
from liangzheng.kernel.time import SystemClock, civil_day

_WITHIN_S: Final = 30.0
_LOOKS_WITHIN_S: Final = 90.0
"""Looks are told every half minute, those of half a minute before (messages/look_around.py)."""
_LOOKS: Final = {"looked-at", "company-answered", "looked-up", "record-shown"}
_DAYS_AHEAD: Final = 90
"""Order 162 art. 63: a licence may be renewed from then on."""
_EXPECTED: Final = {
    "application-accepted", "licence-issued", "licence-reissued", "standing-changed", "licence-retained", "looked-up",
    "record-shown", "consent-given", "consent-withdrawn",
}  # fmt: skip


async def told(settings: Settings, holder: Client, mobile: str) -> str:
    """Progress, issue, re-issue, suspension, what officers and companies did are in the app, the issue came by text message
    too, and no text message names the standing, an officer's act or a company."""
    until = time.monotonic() + _WITHIN_S
    found: dict[str, Any] = {}
    while time.monotonic() < until:
        inbox = (await asyncio.to_thread(holder.get, "/holder/messages?limit=200")).expect(200)
        found = {message["kind"]: message for message in inbox["messages"]}
        if set(found) >= _EXPECTED and found["licence-issued"]["sms"] == "sent":
            break
        await asyncio.sleep(0.2)
    hold(
        set(found) >= _EXPECTED,
        f"told of {', '.join(sorted(_EXPECTED))}, and not only of {', '.join(sorted(found)) or 'nothing'}",
    )
    hold(
        "演示物流公司" in found["consent-given"]["words"]["zh"],
        "the app names the company that was consented to",
    )
    texts = [message.text for message in delivered(settings.data_dir / FILE, Mobile(mobile))]
    hold(any("已签发" in text for text in texts), "the text message of the issue was handed to the gateway")
    shown = (await asyncio.to_thread(holder.get, f"/open/simulated-messages?mobile={mobile}")).expect(200)
    hold(shown["notice"].startswith("SIMULATED"), "a browser reads simulated messages, labelled so")
    hold(
        all(message["text"] in texts for message in shown["messages"]),
        "and none but those to this mobile",
    )
    said = "".join(texts)
    hold(
        not any(word in said for word in ("暂扣", "扣留", "演示物流公司", "查询")),
        "no text message names standing, act or company: a locked screen shows it to others",
    )
    return f"{len(found)} kinds in the app; {len(texts)} by text message (SIMULATED: a file, no mobile)"


async def looked_at(holder: Client) -> str:
    """Who looked is told: by a code shown, counted up over the day; by number, by consent and by the operator, each."""
    until, found = time.monotonic() + _LOOKS_WITHIN_S, dict[str, str]()
    while time.monotonic() < until:
        inbox = (await asyncio.to_thread(holder.get, "/holder/messages?limit=200")).expect(200)["messages"]
        found = {each["kind"]: each["words"]["zh"] for each in reversed(inbox)}
        if set(found) >= _LOOKS:
            break
        await asyncio.sleep(0.5)
    hold(
        set(found) >= _LOOKS,
        f"told of {', '.join(sorted(_LOOKS))}, and not only of {', '.join(sorted(found))}",
    )
    hold("DEMO" not in str(found), "no message names who looked by their number")
    return f"{found['looked-at']} And by number, by the operator, by a company: {len(_LOOKS)} kinds"


async def expiring(stage: Stage, actor: Actor, holder: Client, lz: Lz) -> str:
    """91 days before a licence ends nothing is said; 90 days before it is, in the app and by text message, once."""
    last = civil_day(SystemClock().now()) + timedelta(days=_DAYS_AHEAD)
    await _ends(stage, actor, lz, last + timedelta(days=1))
    early = await _expiring(holder, last + timedelta(days=1))
    hold(not early, f"{_DAYS_AHEAD + 1} days before nothing is said")
    await _ends(stage, actor, lz, last)
    await messages.tell_expiry(stage.database, SystemClock().now())
    until, told = time.monotonic() + _WITHIN_S, []
    while time.monotonic() < until:
        told = await _expiring(holder, last)
        if told and told[0]["sms"] == "sent":
            break
        await asyncio.sleep(0.1)
    hold(len(told) == 1, f"told once, and not {len(told)} times")
    hold(told[0]["sms"] == "sent", f"by text message too, and not {told[0]['sms']}")
    texts = [message.text for message in delivered(stage.settings.data_dir / FILE, Mobile(actor.mobile))]
    hold(any(told[0]["words"]["zh"] in text for text in texts), "the gateway was handed the same words")
    return f"{told[0]['words']['zh']} / {told[0]['words']['en']} In the app and by text message (SIMULATED), once"


async def _ends(stage: Stage, actor: Actor, lz: Lz, last: date) -> None:
    """The register says so, and the job of the schedule that looks for licences that end is done now."""
    done = await lz(
        "register", "change", "--identity", actor.identity_number, "--valid-until", str(last), "--reason", "demonstration",
    )  # fmt: skip
    hold(done.returncode == 0, f"./lz register change: {done.stderr.strip()[-200:]}")
    await messages.tell_expiry(stage.database, SystemClock().now())


async def _expiring(holder: Client, last: date) -> list[dict[str, Any]]:
    """Messages that name this last day."""
    inbox = (await asyncio.to_thread(holder.get, "/holder/messages?limit=200")).expect(200)["messages"]
    return [each for each in inbox if each["kind"] == "licence-expiring" and str(last) in each["words"]["zh"]]
