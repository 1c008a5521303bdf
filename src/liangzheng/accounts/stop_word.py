"""The word in the notice about a held act: whoever gives it back reads the mobile it went to.

It is made of the act's id with the deployment's secret, so that it need not be stored and a repeated notice carries the
same one. Eighty bits: there is nothing to guess, so nothing is counted that a stranger could use up.
"""

from __future__ import annotations

import secrets
from typing import Final

from liangzheng.infra.keyindex import KeyIndex
from liangzheng.kernel.ids import HeldActId

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Thirty-two characters without those that are mistaken for others (I, L, O, U)."""
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})
_LENGTH: Final = 16


def stop_word(key_index: KeyIndex, held_act_id: HeldActId) -> str:
    """Four groups of four characters."""
    number = int.from_bytes(key_index.derive("stop word", held_act_id.uuid.bytes)[:10], "big")
    word = "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
    return "-".join(word[at : at + 4] for at in range(0, _LENGTH, 4))


def is_stop_word(typed: str, key_index: KeyIndex, held_act_id: HeldActId) -> bool:
    """Whether it is the word of that act, as people type it: small letters, without hyphens, O for 0."""
    read = typed.upper().translate(_READ_AS)
    word = stop_word(key_index, held_act_id).replace("-", "")
    return read.isascii() and secrets.compare_digest(read, word)
