"""Verification without us: the public Python API.

    from liangzheng import Memory, TrustBundle, verify_offline

    trust = TrustBundle.load(octets, root_fingerprint, not_older_than=memory.trust_version)
    answer = verify_offline("LZ1:…", trust, datetime.now(UTC), want_class="C1", memory=memory)
    answer.outcome, answer.trust_age, answer.status_age

Needs a trust bundle and the root's fingerprint, no server, no database, no network. Names here are
promised: they change only with a new major version.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from liangzheng.kernel.classes import DrivingClass
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.kernel.time import civil_day
from liangzheng.showing import facts, words
from liangzheng.showing.model import Answer, Because, Decision, Holder, Reason, Standing, Tone
from liangzheng.showing.reading import code_in
from liangzheng.showing.rules import decide_answer
from liangzheng.showing.words import Words
from liangzheng.standards import livecode
from liangzheng.standards.errors import BadTrust
from liangzheng.standards.livecode import Lives, NotVerifiedStep, Outcome, Step, TrustBundle

__all__ = [
    "TRUST_AGES_AFTER",
    "Answer",
    "BadTrust",
    "Because",
    "Decision",
    "Holder",
    "Lives",
    "Memory",
    "OfflineAnswer",
    "Outcome",
    "Reason",
    "Standing",
    "Step",
    "Tone",
    "TrustBundle",
    "Words",
    "verify_offline",
]

TRUST_AGES_AFTER: Final = timedelta(days=7)
"""A bundle older than this is still used, and said to be old: amber, never green."""

_MOST_STANDINGS: Final = 100_000


@dataclass(slots=True)
class Memory:
    """What a verifier remembers between codes; keep one for each terminal (`./lz verify` keeps it in a file).

    With it an older trust bundle and an older status are refused, and the same code a second time is known.
    """

    trust_version: int = 0
    """Highest version of a trust bundle used; pass it to `TrustBundle.load(…, not_older_than=…)`."""
    shown: dict[bytes, datetime] = field(default_factory=dict)
    """Showings taken, and until when their codes could still pass as fresh."""
    standings: dict[bytes, int] = field(default_factory=dict)
    """Highest standing version seen, by licence id."""

    def meet(self, trust: TrustBundle, trust_age: timedelta, lives: Lives) -> None:
        """This bundle is used from now on.

        Raises BadTrust for an older one, Invalid for a clock that cannot be right.
        """
        if trust.version < self.trust_version:
            raise BadTrust(
                f"trust bundle: version {trust.version} is older than {self.trust_version}, seen before"
            )
        if trust_age.total_seconds() < -lives.skew:
            raise Invalid("now", "a time after the trust bundle was made: this machine's clock is behind")
        self.trust_version = trust.version

    def take(self, showing: livecode.Showing, until: datetime, now: datetime) -> bool:
        """Whether this showing is met for the first time."""
        self.shown = {known: end for known, end in self.shown.items() if end >= now}
        if showing.id in self.shown:
            return False
        self.shown[showing.id] = until
        return True

    def trim(self) -> None:
        """Bounded: the licences met longest ago are forgotten first."""
        for licence in list(self.standings)[: max(0, len(self.standings) - _MOST_STANDINGS)]:
            del self.standings[licence]


@dataclass(frozen=True, slots=True)
class OfflineAnswer:
    """What can be said without asking anybody, and how old that knowledge is."""

    answer: Answer
    trust_version: int
    trust_age: timedelta
    """Since the root signed the trust bundle."""
    status_age: timedelta | None
    """Since the status signer signed the status in the code; None when the answer rests on no status."""

    @property
    def outcome(self) -> Outcome:
        return self.answer.outcome

    @property
    def tone(self) -> Tone:
        return self.answer.decision.tone

    @property
    def headline(self) -> Words:
        """The outcome in Chinese and English."""
        return words.headline(self.answer.decision)[1]

    @property
    def reasons(self) -> tuple[Words, ...]:
        """Why it is not a plain yes, in Chinese and English, the deciding reason first."""
        return tuple(words.of_reason(reason) for reason in self.answer.decision.reasons)


def verify_offline(
    code: str,
    trust: TrustBundle,
    now: datetime,
    *,
    want_class: str | None = None,
    memory: Memory | None = None,
    lives: Lives | None = None,
    trust_ages_after: timedelta = TRUST_AGES_AFTER,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> OfflineAnswer:
    """What the code proves by itself under `trust`, at `now` (aware). Never raises for what is in the code.

    The steps are those of standards/livecode.py, the same as online; the status comes from the snapshot in
    the code, and without one that is in time the answer is `status_not_checked`, never `valid`. `may drive
    class X` is answered by the class table as of `now`. Without `memory` a code that is shown twice cannot
    be known, and `now` may lie in the past. `policy`: the authority's table of what each status letter does, where
    it is not the usual one. Raises Invalid for a class there is not, a naive `now` and a
    clock that is behind; BadTrust for a bundle older than one `memory` has seen.
    """
    if want_class is not None and want_class not in tuple(DrivingClass):
        raise Invalid("class", f"one of {' '.join(DrivingClass)}")
    on, steps = civil_day(now), livecode.Verifier(trust, lives)
    trust_age = now - datetime.fromtimestamp(trust.issued_at, UTC)
    if memory is not None:
        memory.meet(trust, trust_age, steps.lives)
    aged = trust_age > trust_ages_after
    showing: livecode.Showing | None = None
    try:
        showing = steps.open(code_in(code), now)
        verified = steps.conclude(
            showing,
            now,
            first_showing=_is_first(showing, memory, steps.lives, now),
            want_class=want_class,
            allows=facts.allowing(on),
            known_status_versions=None if memory is None else memory.standings,
        )
    except NotVerifiedStep as failure:
        return OfflineAnswer(_refusal(failure, showing, aged, now), trust.version, trust_age, None)
    if memory is not None:
        memory.trim()
    return OfflineAnswer(
        _answer(verified, aged, now, policy), trust.version, trust_age, _status_age(verified)
    )


def _refusal(
    failure: NotVerifiedStep, showing: livecode.Showing | None, trust_aged: bool, now: datetime
) -> Answer:
    # Genuine, but with a status this verifier knows to be old: whose it is may be said.
    genuine = showing is not None and failure.outcome is Outcome.STATUS_SUPERSEDED
    return Answer(
        decision=decide_answer(facts.of_failure(failure, trust_aged=trust_aged)),
        checked_at=now,
        step=failure.step,
        why=failure.why,
        holder=facts.holder_of(showing.credential, now) if showing and genuine else None,
    )


def _is_first(showing: livecode.Showing, memory: Memory | None, lives: Lives, now: datetime) -> bool:
    if memory is None:
        return True
    until = datetime.fromtimestamp(showing.shown_at + lives.accepted + lives.skew, UTC)
    return memory.take(showing, until, now)


def _answer(verified: livecode.Verified, trust_aged: bool, now: datetime, policy: StatusPolicy) -> Answer:
    claims, on = verified.claims, civil_day(now)
    return Answer(
        decision=decide_answer(facts.of_verified(verified, trust_aged=trust_aged, policy=policy)),
        checked_at=now,
        licence_version=claims.version,
        holder=facts.holder_of(claims, now),
        standing=facts.standing_of(verified.standing, None, on, policy) if verified.standing else None,
        class_asked=None if verified.want_class is None else DrivingClass(verified.want_class),
        class_held=verified.class_allowed,
        shown_at=datetime.fromtimestamp(verified.showing.shown_at, UTC),
    )


def _status_age(verified: livecode.Verified) -> timedelta | None:
    return None if verified.standing_age_s is None else timedelta(seconds=verified.standing_age_s)
