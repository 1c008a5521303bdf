"""How the command line writes an instant: in China's time, and saying so."""

from __future__ import annotations

from datetime import datetime

from liangzheng.kernel.time import CHINA


def told(at: datetime) -> str:
    """`2026-11-22 03:51 UTC+8`: a reader elsewhere, or a log, need not guess."""
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M} UTC+8"
