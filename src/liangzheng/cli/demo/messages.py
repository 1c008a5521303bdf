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
_EXPECTED: Final = {"licence-issued", "standing-changed"}


async def told(settings: Settings, holder: Client, mobile: str) -> str:
    """Issue and suspension are in the app, the issue came by text message too, and neither names the standing."""
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
        f"told of issue and suspension, and not only of {', '.join(sorted(found)) or 'nothing'}",
    )
    texts = [message.text for message in delivered(settings.data_dir / FILE, Mobile(mobile))]
    hold(any("已签发" in text for text in texts), "the text message of the issue was handed to the gateway")
    hold(
        "暂扣" not in "".join(texts), "no text message names the standing: a locked screen shows it to others"
    )
    return f"{len(found)} kinds in the app; {len(texts)} by text message (SIMULATED: a file, no mobile)"
