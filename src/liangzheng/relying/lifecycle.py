"""The lifecycles of a company, of one of its requests, of a standing consent and of a change notice.

Time ends a request and a consent too, without a move: see `rules.decide_opening_of` and `rules.is_in_force`.
"""

from __future__ import annotations

from enum import StrEnum

from liangzheng.kernel.machine import Arrow, Machine


class CompanyState(StrEnum):
    """Where a company's registration stands."""

    REGISTERED = "registered"
    APPROVED = "approved"
    SUSPENDED = "suspended"
    ENDED = "ended"


class CompanyEvent(StrEnum):
    """What moves a company."""

    APPROVED = "approved"
    SUSPENDED = "suspended"
    RESTORED = "restored"
    ENDED = "ended"
    CHANGED = "changed"


_C, _CE = CompanyState, CompanyEvent

COMPANY: Machine[CompanyState, CompanyEvent] = Machine(
    "company",
    _C.REGISTERED,
    (
        Arrow(_C.REGISTERED, _CE.APPROVED, _C.APPROVED),
        Arrow(_C.APPROVED, _CE.SUSPENDED, _C.SUSPENDED),
        # Purposes, quota and secret change before an approval only; restoring approves them as they are then.
        Arrow(_C.REGISTERED, _CE.CHANGED, _C.REGISTERED),
        Arrow(_C.SUSPENDED, _CE.CHANGED, _C.SUSPENDED),
        Arrow(_C.SUSPENDED, _CE.RESTORED, _C.APPROVED),
        Arrow(_C.REGISTERED, _CE.ENDED, _C.ENDED),
        Arrow(_C.APPROVED, _CE.ENDED, _C.ENDED),
        Arrow(_C.SUSPENDED, _CE.ENDED, _C.ENDED),
    ),
)


class RequestState(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    ANSWERED = "answered"
    CANCELLED = "cancelled"


class RequestEvent(StrEnum):
    """What moves a request."""

    DRIVER_APPROVED = "driver_approved"
    DRIVER_REFUSED = "driver_refused"
    DRIVER_TOOK_BACK = "driver_took_back"
    COMPANY_CANCELLED = "company_cancelled"
    ANSWER_FETCHED = "answer_fetched"


_R, _RE = RequestState, RequestEvent

CONSENT_REQUEST: Machine[RequestState, RequestEvent] = Machine(
    "consent request",
    _R.ASKED,
    (
        Arrow(_R.ASKED, _RE.DRIVER_APPROVED, _R.APPROVED),
        Arrow(_R.ASKED, _RE.DRIVER_REFUSED, _R.REFUSED),
        Arrow(_R.ASKED, _RE.COMPANY_CANCELLED, _R.CANCELLED),
        Arrow(_R.APPROVED, _RE.ANSWER_FETCHED, _R.ANSWERED),
        # Until the answer was fetched nothing was said: the company hears what it hears of any refusal.
        Arrow(_R.APPROVED, _RE.DRIVER_TOOK_BACK, _R.REFUSED),
    ),
)


class ConsentState(StrEnum):
    """Where a standing consent stands."""

    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


class ConsentEvent(StrEnum):
    """What moves a standing consent."""

    WITHDREW = "withdrew"
    GIVEN_ANEW = "given_anew"
    ACCOUNT_CLOSED = "account_closed"


_S, _SE = ConsentState, ConsentEvent

STANDING_CONSENT: Machine[ConsentState, ConsentEvent] = Machine(
    "standing consent",
    _S.ACTIVE,
    (
        Arrow(_S.ACTIVE, _SE.WITHDREW, _S.WITHDRAWN),
        # One consent for a company and purpose: the newer one says what the driver wants now.
        Arrow(_S.ACTIVE, _SE.GIVEN_ANEW, _S.REPLACED),
        # Who closes the account takes back whatever it gave.
        Arrow(_S.ACTIVE, _SE.ACCOUNT_CLOSED, _S.WITHDRAWN),
    ),
)


class NoticeState(StrEnum):
    """Where a change notice stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DROPPED = "dropped"
    PARKED = "parked"


class NoticeEvent(StrEnum):
    """What moves a change notice."""

    TAKEN = "taken"
    NOT_TAKEN = "not_taken"
    GIVEN_UP = "given_up"
    NOBODY_TO_TELL = "nobody_to_tell"
    ASKED_AGAIN = "asked_again"


_N, _NE = NoticeState, NoticeEvent

NOTICE: Machine[NoticeState, NoticeEvent] = Machine(
    "notice",
    _N.WAITING,
    (
        Arrow(_N.WAITING, _NE.TAKEN, _N.DELIVERED),
        Arrow(_N.WAITING, _NE.NOT_TAKEN, _N.WAITING),
        Arrow(_N.WAITING, _NE.GIVEN_UP, _N.PARKED),
        # The consent was withdrawn or ran out, the company was suspended or has no webhook any more.
        Arrow(_N.WAITING, _NE.NOBODY_TO_TELL, _N.DROPPED),
        Arrow(_N.PARKED, _NE.ASKED_AGAIN, _N.WAITING),
    ),
)
