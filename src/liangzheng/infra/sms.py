"""Text messages to mobiles: the interface of the neighbour that sends them, and the one that is not there."""

from __future__ import annotations

from typing import Final, Protocol
from urllib.parse import urlsplit

from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.kernel.people import Mobile

LONGEST_TEXT: Final = 500
"""Characters; about eight parts of a long message. An operator's gateway may allow fewer."""


class Sms(Protocol):
    """Who sends text messages.

    A `reference` names one message for ever: a gateway that is told the same reference again sends nothing more, so
    that a lost answer costs no second message. Raises Unavailable when it is to be tried again later, Invalid for a
    number or text it will never send.
    """

    simulated: bool

    async def send(self, mobile: Mobile, text: str, reference: str) -> None:
        """The gateway has taken the message. Nothing is promised about when it is read."""
        ...


class NoSms:
    """A deployment without a gateway: messages are read in the app only, and one-time codes are not to be had."""

    simulated = False

    async def send(self, mobile: Mobile, text: str, reference: str) -> None:
        """Raises Unavailable."""
        raise Unavailable("no SMS gateway is set up (LZ_SMS)")


def checked_text(text: str) -> str:
    """The text. Raises Invalid for one no gateway takes: empty, too long or with control characters."""
    if not 0 < len(text) <= LONGEST_TEXT or not text.isprintable():
        raise Invalid("text", f"1 to {LONGEST_TEXT} printable characters")
    return text


def demand_sms_url(url: str, *, plain: bool) -> None:
    """Raises Invalid for anything but an https address, or http where `plain` allows it."""
    try:
        parts = urlsplit(url)
        known = (
            parts.scheme in (("https", "http") if plain else ("https",))
            and bool(parts.hostname)
            and parts.port != 0
            and not parts.username
            and not parts.fragment
            and url.isascii()
            and url.isprintable()
            and " " not in url
        )
    except ValueError:
        known = False
    if not known:
        raise Invalid("LZ_SMS_URL", "is an https address without user or fragment; http outside production")
