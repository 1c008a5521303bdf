"""Codes shown to a verifier, good and forged, and what must come of each: one table for all who verify.

A case makes a code once, with the real modules; `come_of` shows it to whatever verifier is handed in. So
the same table judges the verifier as it is (test_livecode.py) and every verifier with one check taken out
(test_every_check_counts.py).
"""

from tests.standards.showings import forged, good, unreadable
from tests.standards.showings.frame import CASES, LIVE, Case, Shown, come_of, made, octets_of, parts_of

__all__ = [
    "CASES",
    "LIVE",
    "Case",
    "Shown",
    "come_of",
    "forged",
    "good",
    "made",
    "octets_of",
    "parts_of",
    "unreadable",
]
