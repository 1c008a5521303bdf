"""What a scanner or a keyboard handed over: a 亮码, or something that is not one and says so plainly. Nothing
is ever opened or fetched."""

from __future__ import annotations

import re
from typing import Final

from liangzheng.standards.livecode import MAX_CHARACTERS, PREFIX, NotVerifiedStep, Outcome, Step

_WEB = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.)", re.IGNORECASE)
_PAYMENT = re.compile(r"(?:wxp|alipays?|upwrp)://|(?:1[0-5]\d{16}|(?:2[5-9]|30)\d{14,22})$", re.IGNORECASE)
_SMALL = re.compile("[a-z]")
_FOREIGN = re.compile(r"[^0-9A-Z $%*+\-./:]")
_OTHER_VERSION = re.compile(r"LZ\d{1,3}:")

_RULE: Final = f"a live code begins with {PREFIX} and is in capitals"


def code_in(text: str) -> str:
    """The code in what was scanned or typed, line ends taken off.

    Raises NotVerifiedStep at `decodes`, naming the place and the rule and never quoting the text. Spaces at
    the end are kept: the alphabet of the code has a space.
    """
    code = text.strip("\r\n\t").lstrip(" ")
    why = _why_not(code)
    if why is not None:
        raise NotVerifiedStep(Step.DECODES, why, Outcome.UNREADABLE)
    return code


def _why_not(code: str) -> str | None:
    if not code.strip():
        return "nothing was read"
    if len(code) > MAX_CHARACTERS:
        return f"{len(code)} characters: a live code has at most {MAX_CHARACTERS}"
    if code.startswith(PREFIX):
        return _why_not_of_prefixed(code)
    if code.upper().startswith(PREFIX):
        return f"character 1: a small letter; {_RULE}"
    if _OTHER_VERSION.match(code):
        return "character 3: another version of the live code than this verifier knows; update it"
    if _PAYMENT.match(code):
        return f"character 1: a payment code; {_RULE}"
    if _WEB.match(code):
        return f"character 1: an address, which was not opened; {_RULE}"
    return f"character 1: {_RULE}"


def _why_not_of_prefixed(code: str) -> str | None:
    foreign = _FOREIGN.search(code)
    if foreign is not None:
        place = f"character {foreign.start() + 1}"
        if foreign[0] in "\r\n\t":
            return f"{place}: the line breaks here; a live code is one line"
        if _SMALL.match(foreign[0]):
            return f"{place}: a small letter; {_RULE}"
        return f"{place}: not one of the characters a live code is written in"
    if (len(code) - len(PREFIX)) % 3 == 1:
        return f"{len(code)} characters: cut off, or one too many"
    return None
