"""Values of relying: a company and what it registered, what it asks, what a driver consented to, an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from liangzheng.kernel.classes import DrivingClass
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import (
    CompanyId,
    ConsentId,
    ConsentRequestId,
    DriverId,
    NoticeId,
    PersonId,
    PseudonymId,
    VerificationId,
)
from liangzheng.kernel.purposes import COMPANY_PURPOSES, AskedField
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.relying.lifecycle import CompanyState, ConsentState, NoticeState, RequestState

_CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE: Final = re.compile(f"[{_CREDIT_ALPHABET}]{{2}}[0-9]{{6}}[{_CREDIT_ALPHABET}]{{10}}")


@dataclass(frozen=True, slots=True)
class CreditCode:
    """统一社会信用代码, 18 characters, the last a check character (GB 32100-2015: weights 3^i, modulo 31)."""

    value: str

    def __post_init__(self) -> None:
        if (
            not _CREDIT_CODE.fullmatch(self.value)
            or credit_check_character(self.value[:17]) != self.value[17]
        ):
            raise Invalid("credit_code", "18 characters of a unified social credit code, the last its check")


def credit_check_character(first_17: str) -> str:
    """The 18th character (GB 32100-2015 §5)."""
    total = sum(_CREDIT_ALPHABET.index(one) * pow(3, place, 31) for place, one in enumerate(first_17))
    return _CREDIT_ALPHABET[-total % 31]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a company registered for one purpose. `fields` are among those the catalogue has for it."""

    purpose: str
    fields: frozenset[AskedField]
    bulk: bool = False
    notices: bool = False

    def __post_init__(self) -> None:
        entry = COMPANY_PURPOSES.get(self.purpose)
        if entry is None:
            raise Invalid("purpose", "one of " + ", ".join(COMPANY_PURPOSES))
        if not self.fields or not self.fields <= entry.fields:
            allowed = ", ".join(name for name in AskedField if name in entry.fields)
            raise Invalid("fields", f"at least one, and for {self.purpose} only of: {allowed}")
        if (self.bulk or self.notices) and not entry.standing:
            raise Invalid(
                "purpose", f"{self.purpose} has no standing consent, so no bulk checks and no notices"
            )

    @property
    def standing(self) -> bool:
        """Whether a consent for it may last."""
        return self.bulk or self.notices


@dataclass(frozen=True, slots=True)
class Quota:
    """How many drivers a company may ask about, in a minute and in a day of China."""

    per_minute: int = 600
    per_day: int = 20_000

    def __post_init__(self) -> None:
        if not (1 <= self.per_minute <= 60_000 and 1 <= self.per_day <= 10_000_000):
            raise Invalid("quota", "1 to 60,000 a minute and 1 to 10,000,000 a day")


@dataclass(frozen=True, slots=True)
class Company:
    """A company as registered."""

    id: CompanyId
    name: str
    credit_code: CreditCode
    state: CompanyState
    move: int
    quota: Quota
    webhook_url: str | None
    webhook_key: int
    registered_at: datetime
    approved_at: datetime | None


@dataclass(frozen=True, slots=True)
class CompanyMove:
    """One move of a company, and who made it."""

    event: str
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class CompanyCaller:
    """A company that calls with a token; `purposes` are those of the token."""

    id: CompanyId
    name: str
    state: CompanyState
    quota: Quota
    purposes: frozenset[str]
    grants: Mapping[str, Grant]


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, shown this once."""

    token: str = field(repr=False)
    purposes: tuple[str, ...]
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class Question:
    """What a company asks, as it came: names that mean nothing here are still to be refused by the rules."""

    purpose: str
    fields: tuple[str, ...]
    class_asked: DrivingClass | None
    standing_until: date | None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a driver is asked to agree to, and signs. Everything the consent screen says is in it."""

    purpose: str
    fields: tuple[AskedField, ...]
    class_asked: DrivingClass | None
    standing_until: date | None


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """One request as it is kept."""

    company_id: CompanyId
    id: ConsentRequestId
    state: RequestState
    move: int
    terms: Terms
    reference: str | None
    asked_at: datetime
    expires_at: datetime
    driver_id: DriverId | None = None
    person_id: PersonId | None = None
    decided_at: datetime | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenedRequest:
    """A request before the driver: who asks and, in `to_be_signed`, what the phone signs to approve."""

    request: ConsentRequest
    company_name: str
    to_be_signed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StandingConsent:
    """A consent that lasts; `until` is its last day in China. `person_id`: the account that gave it."""

    driver_id: DriverId
    person_id: PersonId
    id: ConsentId
    company_id: CompanyId
    company_name: str
    pseudonym: PseudonymId
    terms: Terms
    state: ConsentState
    move: int
    given_at: datetime
    ended_at: datetime | None
    company_state: CompanyState = CompanyState.APPROVED

    @property
    def until(self) -> date:
        """The last day."""
        assert self.terms.standing_until is not None, "a standing consent has a last day"
        return self.terms.standing_until


@dataclass(frozen=True, slots=True, repr=False)
class DriverSays:
    """What the register says of a driver at the moment of the answer; everything an answer is cut from."""

    status: str
    classes: str
    valid_from: date
    valid_until: date | None
    first_issue_date: date
    name: str
    masked_number: str

    def __repr__(self) -> str:
        return "DriverSays(…)"


@dataclass(frozen=True, slots=True, repr=False)
class MinimalAnswer:
    """What a company hears. A field that was not asked, registered or consented is not there: None, and not in
    `fields`."""

    fields: tuple[AskedField, ...]
    may_drive: bool | None = None
    class_asked: DrivingClass | None = None
    valid_until: date | None = None
    is_long_term: bool | None = None
    classes: str | None = None
    first_issue_date: date | None = None
    name: str | None = None
    masked_number: str | None = None

    def __repr__(self) -> str:
        return f"MinimalAnswer({', '.join(self.fields)})"


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a request or a bulk check: who it is about, as this company knows them."""

    pseudonym: PseudonymId
    look: VerificationId
    answer: MinimalAnswer


@dataclass(frozen=True, slots=True)
class CompanyLook:
    """One line of the holder's list of who looked."""

    id: VerificationId
    at: datetime
    company_name: str
    purpose: str
    fields: tuple[str, ...]
    class_asked: str | None
    under: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One change notice, as a company lists it."""

    id: NoticeId
    company_id: CompanyId
    pseudonym: PseudonymId
    purpose: str
    state: NoticeState
    attempts: int
    due_at: datetime
    made_at: datetime
    ended_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class NoticeToSend:
    """A claimed notice with where it goes. `url` None: nobody is to be told any more. `giver`: whose account gave the
    consent; None where none was found."""

    notice: Notice
    url: str | None
    webhook_key: int
    driver_id: DriverId
    giver: PersonId | None


@dataclass(frozen=True, slots=True)
class ConsentPolicy:
    """How long codes, answers and consents last, and what a status means; from the settings."""

    status: StatusPolicy = DEFAULT_POLICY
    """What the status letters do that no order settles."""
    request_s: int = 600
    answer_s: int = 600
    again_s: int = 120
    standing_days: int = 365
    token_s: int = 600
    secret_overlap_days: int = 7
