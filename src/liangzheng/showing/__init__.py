"""The 亮码 verified: online against the live register, offline against a trust bundle alone, or by eight
digits.

`verify` answers from the live register and nothing older, knows a code that was shown before, and records
every look where the driver can read it. What a verifier may hear is decided in one place
(`rules.decide_answer`, `rules.disclose`) for online and offline. Offline verification is
`liangzheng.verify_offline`; it needs none of the names below that reach a database, so they load when asked
for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liangzheng.showing.check import check, probes
    from liangzheng.showing.companies import follow_companies
    from liangzheng.showing.looks import Look, looks_at, looks_between, portrait, prune, verified_by
    from liangzheng.showing.model import PURPOSES, Answer, Verifier, VerifierKind
    from liangzheng.showing.short_code import ShortCode, ask_by_short_code, make_short_code
    from liangzheng.showing.verifiers import (
        add_verifier,
        authenticate,
        end_verifier,
        keep_officer,
        list_verifiers,
    )
    from liangzheng.showing.verify_online import Ask, verify

__all__ = [
    "PURPOSES",
    "Answer",
    "Ask",
    "Look",
    "ShortCode",
    "Verifier",
    "VerifierKind",
    "add_verifier",
    "ask_by_short_code",
    "authenticate",
    "check",
    "end_verifier",
    "follow_companies",
    "keep_officer",
    "list_verifiers",
    "looks_at",
    "looks_between",
    "make_short_code",
    "portrait",
    "probes",
    "prune",
    "verified_by",
    "verify",
]

_HOME = {
    "check": ("check", "probes"),
    "looks": ("Look", "looks_at", "looks_between", "portrait", "prune", "verified_by"),
    "companies": ("follow_companies",),
    "model": ("PURPOSES", "Answer", "Verifier", "VerifierKind"),
    "short_code": ("ShortCode", "ask_by_short_code", "make_short_code"),
    "verifiers": ("add_verifier", "authenticate", "end_verifier", "keep_officer", "list_verifiers"),
    "verify_online": ("Ask", "verify"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    """Loaded on first use (PEP 562): who verifies offline never loads a database driver."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULE_OF[name]}")
    # Every name of the module at once: importing it put the module itself under `check`.
    globals().update({each: getattr(module, each) for each in _HOME[_MODULE_OF[name]]})
    return globals()[name]
