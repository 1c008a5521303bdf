"""Failures a caller can act on, each with a stable code.

A *refusal* is a decision and is returned; a *bug* is an assertion; what is left is raised from here.
Every direct subclass of `Failure` has one HTTP status, in one table (`api/problems.py`).
Messages, places and rules never hold personal data: name the rule, not the value.
"""

from __future__ import annotations

from typing import ClassVar


class Failure(Exception):
    """Something the caller can act on. `code` is stable and goes over the wire; the message is for people."""

    code: ClassVar[str] = "failure"

    def __init__(self, message: str, *, place: str | None = None, rule: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.rule = rule

    def __str__(self) -> str:
        return self.message


class NotFound(Failure):
    """There is no such thing, or the caller may not learn that there is."""

    code = "not-found"


class Conflict(Failure):
    """The thing has moved on, or already exists: read it again before acting."""

    code = "conflict"


class NotVerified(Failure):
    """A verification stopped. `step` is the name of the numbered step that failed, `why` one sentence."""

    code = "not-verified"

    def __init__(self, step: str, why: str) -> None:
        super().__init__(f"{step}: {why}", place=step, rule=why)
        self.step = step
        self.why = why


class NotAuthenticated(Failure):
    """Nobody is logged in, or the proof of who calls did not hold."""

    code = "not-authenticated"


class Forbidden(Failure):
    """The caller is known and may not do this."""

    code = "forbidden"


class AgreementNeeded(Failure):
    """The person has not agreed to what this needs. `place` names the agreement, `rule` the version of its text."""

    code = "agreement-needed"


class Invalid(Failure, ValueError):
    """A value broke a rule. `place` says where it stood, `rule` what it should have been; never the value."""

    code = "invalid"

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}", place=place, rule=rule)
        self.place: str = place
        self.rule: str = rule

    def at(self, place: str) -> Invalid:
        """The same rule, broken at `place`: for callers that know the line or field the value came from."""
        return Invalid(place, self.rule)


class TooLarge(Failure):
    """The body or file is over its limit; the message says the limit."""

    code = "too-large"


class TooMany(Failure):
    """A rate or quota is used up. `retry_after_s` when it is known to refill."""

    code = "too-many"

    def __init__(self, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(Failure):
    """A neighbour (signer, source of real names, database) is out of reach; trying later may work."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
