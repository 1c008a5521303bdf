"""The mark of who logged in before: it lets the next log-in past a network that strangers have used up (rates.py).

It is the same for a person each time and kept nowhere, so that any process can tell a right one, without asking the database,
before a body is taken in. Failures with it are counted apart as well: whoever fails on purpose with somebody's number keeps
nobody out who has logged in here before. It opens nothing else, and whoever has it has the small allowance of its one person.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final
from uuid import UUID

from starlette.requests import Request

from liangzheng.infra.keyindex import KeyIndex

KNOWN_MARK: Final = b"x-known-mark"
"""The header a phone or a terminal sends it in, with a log-in."""
_TAG_OCTETS: Final = 16
_LENGTH: Final = 44  # 32 octets in base64url, with its padding


def known_mark(keys: KeyIndex, who: UUID) -> str:
    """Of a person or a member of staff: whose it is, then a tag; 32 octets in base64url."""
    return base64.urlsafe_b64encode(who.bytes + _tag(keys, who.bytes)).decode()


def who_is_known(keys: KeyIndex, mark: bytes) -> UUID | None:
    """Whose mark it is; None for what is none of ours."""
    if len(mark) != _LENGTH:
        return None
    try:
        octets = base64.b64decode(mark, altchars=b"-_", validate=True)
    except ValueError:
        return None
    who, tag = octets[:16], octets[16:]
    return UUID(bytes=who) if hmac.compare_digest(tag, _tag(keys, who)) else None


def known_by_mark(request: Request, keys: KeyIndex) -> UUID | None:
    """Whose mark came with a log-in; None without one of ours."""
    marks = request.headers.getlist(KNOWN_MARK.decode())
    return who_is_known(keys, marks[0].encode("latin-1")) if len(marks) == 1 else None


def _tag(keys: KeyIndex, who: bytes) -> bytes:
    return keys.derive("known mark", who)[:_TAG_OCTETS]
