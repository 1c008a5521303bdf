"""A refusal as the failure its caller hears. What is in another region is not there."""

from __future__ import annotations

from typing import Final

from liangzheng.kernel.errors import Conflict, Failure, Forbidden, Invalid, NotFound, TooMany
from liangzheng.staff.rules import Refusal

_WORDS: Final[dict[Refusal, str]] = {
    Refusal.DUTY_NOT_HELD: "none of your duties allows this today",
    Refusal.NOT_HERE: "there is no such thing in your region",
    Refusal.SECOND_FACTOR_NOT_FRESH: "prove your second factor again first",
    Refusal.NOT_LINKED: "an administrator says first which person you are",
    Refusal.PURPOSE_UNKNOWN: "a purpose of the catalogue",
    Refusal.CASE_MISSING: "kind letter, division, day and serial, R-320500-20261120-0001",
    Refusal.CASE_OF_OTHER_KIND: "a case of the kind this needs",
    Refusal.CASE_ELSEWHERE: "a case of your region",
    Refusal.CASE_IN_FUTURE: "a case of today or before",
    Refusal.OWN_LOOK_UP: "somebody else reviews your look-ups",
    Refusal.OVER_BUDGET: "the look-ups of this duty are used up for today",
    Refusal.REASON_UNKNOWN: "a reason of the catalogue",
    Refusal.ABOUT_ONESELF: "somebody else proposes and decides what is about you",
    Refusal.OWN_PROPOSAL: "somebody else decides what you proposed, under whichever duty",
    Refusal.NOT_OWN_PROPOSAL: "only who proposed it takes it back",
    Refusal.ALREADY_DECIDED: "this was decided already: read it again",
    Refusal.RAN_OUT: "the time to decide this is over",
    Refusal.NOT_VERIFIED_BY_YOU: "verify the driver's code first: it is retained within minutes, by who verified it",
    Refusal.ALREADY_RETAINED: "the licence is retained already",
}

_PLACES: Final[dict[Refusal, str]] = {
    Refusal.PURPOSE_UNKNOWN: "purpose",
    Refusal.CASE_MISSING: "case_number",
    Refusal.CASE_OF_OTHER_KIND: "case_number",
    Refusal.CASE_ELSEWHERE: "case_number",
    Refusal.CASE_IN_FUTURE: "case_number",
    Refusal.REASON_UNKNOWN: "reason",
}

_CONFLICTS: Final = frozenset({Refusal.ALREADY_DECIDED, Refusal.RAN_OUT, Refusal.ALREADY_RETAINED})


def failure_of(refusal: Refusal) -> Failure:
    """Invalid for what the request says wrongly, NotFound for another region, else Forbidden, Conflict or TooMany."""
    words = _WORDS[refusal]
    if refusal in _PLACES:
        return Invalid(_PLACES[refusal], words)
    if refusal is Refusal.NOT_HERE:
        return NotFound(words)
    if refusal is Refusal.OVER_BUDGET:
        return TooMany(words)
    if refusal in _CONFLICTS:
        return Conflict(words, rule=refusal.value)
    return Forbidden(words, rule=refusal.value)


_BY_WORDS: Final = {words: refusal for refusal, words in _WORDS.items()}
"""Each refusal has words of its own, so that they lead back to it."""


def reason_of(failure: Failure) -> str:
    """The code under which a failure is recorded: the refusal it says, else the rule a conflict names, else its own code."""
    words = failure.rule if isinstance(failure, Invalid) else failure.message
    refusal = _BY_WORDS.get(words)
    if refusal is not None:
        return refusal.value
    return (
        failure.rule
        if failure.rule is not None and isinstance(failure, Conflict | Forbidden)
        else failure.code
    )
