"""What the driver heard of it all, in the app and by (simulated) text message."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import hold
from liangzheng.infra.settings import Settings
from liangzheng.infra.sms_simulated import FILE, delivered
from liangzheng.kernel.people import Mobile

_WITHIN_S: Final = 30.0
_EXPECTED: Final = {
    "licence-issued", "standing-changed", "licence-retained", "looked-up", "record-shown", "consent-given", "consent-withdrawn",
}  # fmt: skip


async def told(settings: Settings, holder: Client, mobile: str) -> str:
    """Issue, suspension, what officers and companies did are in the app, the issue came by text message too, and no text
    message names the standing, an officer's act or a company."""
    until = time.monotonic() + _WITHIN_S
    found: dict[str, Any] = {}
    while time.monotonic() < until:
        inbox = (await asyncio.to_thread(holder.get, "/holder/messages")).expect(200)
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
    said = "".join(texts)
    hold(
        not any(word in said for word in ("暂扣", "扣留", "演示物流公司", "查询")),
        "no text message names standing, act or company: a locked screen shows it to others",
    )
    return f"{len(found)} kinds in the app; {len(texts)} by text message (SIMULATED: a file, no mobile)"
