"""Who is issued an electronic licence, what a change of standing does to one, and what the status list says.
Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum, StrEnum

from liangzheng.kernel.classes import Classes
from liangzheng.kernel.status import (
    DEFAULT_POLICY,
    Display,
    Status,
    StatusLetter,
    StatusPolicy,
    display,
    may_apply,
    may_drive,
)
from liangzheng.licences.photo_rules import replaceable_from

MAX_PHONES = 3
"""Phones one licence may be on at a time, our choice (docs/reference.md §4.8)."""

REAL_NAME_LEVEL = 2
"""Least level of real-name assurance an application needs: face verified, our choice (docs/reference.md
§4.7)."""


class Refusal(StrEnum):
    """Why an application is refused. In order of precedence: when several hold, the applicant hears the
    first.

    First who asks (nothing about the register is said to someone who is not proven to be its person), then
    where,
    then the licence itself, then what is already under way.
    """

    REAL_NAME_TOO_LOW = "real_name_too_low"
    NOT_IN_REGISTER = "not_in_register"
    FACE_NOT_VERIFIED = "face_not_verified"
    PHONE_KEY_NOT_BOUND = "phone_key_not_bound"
    NOT_OPEN_HERE_YET = "not_open_here_yet"
    OPENING_NOT_PUBLISHED = "opening_not_published"
    NOT_HELD = "not_held"
    TRANSFERRED_OUT = "transferred_out"
    LICENCE_ENDED = "licence_ended"
    STATUS_ABNORMAL = "status_abnormal"
    NOT_USABLE_NOW = "not_usable_now"
    EXTENSION_OVER = "extension_over"
    NOT_YET_VALID = "not_yet_valid"
    VALIDITY_OVER = "validity_over"
    NO_CLASS_HELD = "no_class_held"
    NO_PHOTO_ON_FILE = "no_photo_on_file"
    PHOTO_NOT_USABLE = "photo_not_usable"
    APPLICATION_UNDER_WAY = "application_under_way"
    ALREADY_HELD = "already_held"
    PHOTO_TOO_SOON = "photo_too_soon"
    PHONES_FULL = "phones_full"
    PHOTO_REFUSED = "photo_refused"


@dataclass(frozen=True, slots=True)
class Accept:
    """Every condition holds."""


@dataclass(frozen=True, slots=True)
class Review:
    """Every condition holds, and the photo is the holder's own: a person looks at it first."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """A decision, kept and told: the first reason in precedence, and the status letters behind it, if any.

    `again_from`: the first day on which asking again can succeed, where a day decides.
    """

    refusal: Refusal
    letters: tuple[StatusLetter, ...] = ()
    again_from: date | None = None


class CityOpening(StrEnum):
    """The rollout's answer, in the three words that matter here."""

    OPEN = "open"
    NOT_OPEN = "not_open"
    NOT_PUBLISHED = "not_published"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a version of a licence states and a new version is needed for when it changes (docs/reference.md
    §4.3).
    """

    classes: Classes
    valid_from: date
    valid_until: date | None
    authority: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What the register says of the licence itself."""

    status: Status
    extended_until: date | None
    terms: Terms
    photo_on_file: bool


class PhotoGiven(StrEnum):
    """Which photo an applicant names: the archived one, an own one that may be used, or one that may not."""

    ARCHIVED = "archived"
    OWN = "own"
    NOT_USABLE = "not_usable"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything an application is decided on.

    `standing` None: the person is not bound to a driver of the register. `held`: terms of the live licence,
    if any.
    `phone_key_bound` and `phone_has_room` hold when no phone is named.
    """

    level: int
    standing: Standing | None
    face_verified: bool
    phone_key_bound: bool
    opening: CityOpening
    application_under_way: bool
    held: Terms | None
    phone_has_room: bool
    on: date
    photo: PhotoGiven = PhotoGiven.ARCHIVED


def decide_application(facts: Facts, policy: StatusPolicy = DEFAULT_POLICY) -> Accept | Review | Refuse:
    """Whether an applicant is issued an electronic licence: with the archived photo at once, with an own one after a
    review.

    An own photo for a licence that is held is a replacement, with rules of its own (decide_replacement).
    Source: docs/reference.md §4.2 (real name of level 2 and a fresh face check, city open, inside validity,
    photo on file or own), §3.2 (what each status does to applying), §4.3 (a held licence with the same terms needs
    no new one).
    """
    if facts.level < REAL_NAME_LEVEL:
        return Refuse(Refusal.REAL_NAME_TOO_LOW)
    if facts.standing is None:
        return Refuse(Refusal.NOT_IN_REGISTER)
    if not facts.face_verified:
        return Refuse(Refusal.FACE_NOT_VERIFIED)
    if not facts.phone_key_bound:
        return Refuse(Refusal.PHONE_KEY_NOT_BOUND)
    if facts.opening is CityOpening.NOT_OPEN:
        return Refuse(Refusal.NOT_OPEN_HERE_YET)
    if facts.opening is CityOpening.NOT_PUBLISHED:
        return Refuse(Refusal.OPENING_NOT_PUBLISHED)
    own = facts.photo is not PhotoGiven.ARCHIVED
    against = _against(with_own_photo(facts.standing) if own else facts.standing, facts.on, policy)
    if against is not None:
        return against
    if facts.photo is PhotoGiven.NOT_USABLE:
        return Refuse(Refusal.PHOTO_NOT_USABLE)
    if facts.application_under_way:
        return Refuse(Refusal.APPLICATION_UNDER_WAY)
    if facts.held == facts.standing.terms or (own and facts.held is not None):
        return Refuse(Refusal.ALREADY_HELD)
    if not facts.phone_has_room:
        return Refuse(Refusal.PHONES_FULL)
    return Review() if own else Accept()


def with_own_photo(standing: Standing) -> Standing:
    """The standing for a version whose photo is the holder's own: the archive need not hold one."""
    return replace(standing, photo_on_file=True)


@dataclass(frozen=True, slots=True)
class ReplacementFacts:
    """Everything a replacement of the photo is decided on. `last_new_photo`: the day the newest version with a
    camera, album or replaced photo was issued."""

    face_verified: bool
    held: bool
    standing: Standing
    photo_usable: bool
    application_under_way: bool
    last_new_photo: date | None
    on: date


def decide_replacement(facts: ReplacementFacts, policy: StatusPolicy = DEFAULT_POLICY) -> Review | Refuse:
    """Whether the photo of a held licence goes to review for being replaced.

    The first replacement at once; after a camera, album or replaced photo the next waits six civil months.
    Source: docs/reference.md §4.2 (replacement after issue), §3.2 (status as for applying).
    """
    if not facts.face_verified:
        return Refuse(Refusal.FACE_NOT_VERIFIED)
    if not facts.held:
        return Refuse(Refusal.NOT_HELD)
    against = _against(with_own_photo(facts.standing), facts.on, policy)
    if against is not None:
        return against
    if not facts.photo_usable:
        return Refuse(Refusal.PHOTO_NOT_USABLE)
    if facts.application_under_way:
        return Refuse(Refusal.APPLICATION_UNDER_WAY)
    opens = replaceable_from(facts.last_new_photo)
    if opens is not None and facts.on < opens:
        return Refuse(Refusal.PHOTO_TOO_SOON, again_from=opens)
    return Review()


def decide_draft(standing: Standing, on: date, policy: StatusPolicy = DEFAULT_POLICY) -> Accept | Refuse:
    """Whether an application accepted earlier may still be drafted, when the standing changed since.

    What the applicant proved stays proven and a city that was open stays open; the register is asked again.
    Source: docs/reference.md §4.3 (the register is asked once more before a draft), docs/decisions/0003.
    """
    return _against(standing, on, policy) or Accept()


def _against(standing: Standing, on: date, policy: StatusPolicy) -> Refuse | None:
    """The first reason in the licence itself, if any."""
    by_status = _against_status(standing, on, policy)
    if by_status is not None:
        return by_status
    terms = standing.terms
    if on < terms.valid_from:
        return Refuse(Refusal.NOT_YET_VALID)
    if terms.valid_until is not None and on > terms.valid_until:
        return Refuse(Refusal.VALIDITY_OVER)
    if not terms.classes.members:
        return Refuse(Refusal.NO_CLASS_HELD)
    if not standing.photo_on_file:
        return Refuse(Refusal.NO_PHOTO_ON_FILE)
    return None


_EXTENDED = frozenset(
    {StatusLetter.RENEWAL_EXTENDED, StatusLetter.MEDICAL_EXTENDED, StatusLetter.REVIEW_EXTENDED}
)


def _against_status(standing: Standing, on: date, policy: StatusPolicy) -> Refuse | None:
    """docs/reference.md §3.2, "may apply": exactly what would not show as normal is refused; the most severe
    group speaks.
    """
    applies, letters = may_apply(standing.status, standing.extended_until, on, policy)
    if applies:
        return None
    match display(standing.status, standing.extended_until, on, policy):
        case Display.HIDDEN:
            alone = {letter: display(Status((letter,)), None, on, policy) for letter in letters}
            gone = [letter for letter in letters if alone[letter] is Display.HIDDEN]
            only_moved = gone == [StatusLetter.TRANSFERRED_OUT]
            return Refuse(Refusal.TRANSFERRED_OUT if only_moved else Refusal.LICENCE_ENDED, letters)
        case Display.MESSAGE:
            return Refuse(Refusal.STATUS_ABNORMAL, letters)
        case _:
            only_extended = set(letters) <= _EXTENDED
            return Refuse(Refusal.EXTENSION_OVER if only_extended else Refusal.NOT_USABLE_NOW, letters)


class StatusValue(IntEnum):
    """What a status list says of a credential (Token Status List: 0 valid, 1 invalid for good, 2
    suspended).
    """

    VALID = 0
    INVALID = 1
    SUSPENDED = 2


def status_value(status: Status, on: date, policy: StatusPolicy = DEFAULT_POLICY) -> StatusValue:
    """The list's word for a live credential of a licence with this status.

    A reversible state is never written as invalid (docs/reference.md §3.2). May not drive → suspended, also
    for N P T, which are shown as normal and forbid driving all the same (Order 162 art. 75).
    """
    if display(status, None, on, policy) is Display.HIDDEN:
        return StatusValue.INVALID
    return StatusValue.VALID if may_drive(status, policy)[0] else StatusValue.SUSPENDED


class FollowUp(StrEnum):
    """What a change of standing does to a held licence."""

    NOTHING = "nothing"
    REISSUE = "reissue"
    WITHDRAW = "withdraw"


def decide_follow_up(
    held: Terms, standing: Standing, on: date, policy: StatusPolicy = DEFAULT_POLICY
) -> FollowUp:
    """What becomes of a live licence when the register changed.

    E F G R C: withdrawn. Classes, validity or issuing authority changed: a new version by itself, which ends
    the old
    one – also while the status forbids driving, because the new version is what the suspension then shows
    on. A licence
    that lost its photo or its last class cannot be made anew and is withdrawn. Anything else only changes
    what the status list says.
    Source: docs/reference.md §3.2, §4.3.
    """
    if display(standing.status, standing.extended_until, on, policy) is Display.HIDDEN:
        return FollowUp.WITHDRAW
    if held == standing.terms:
        return FollowUp.NOTHING
    can_be_made = standing.photo_on_file and standing.terms.classes.members
    return FollowUp.REISSUE if can_be_made else FollowUp.WITHDRAW


def decide_reissue(standing: Standing, on: date, policy: StatusPolicy = DEFAULT_POLICY) -> Accept | Refuse:
    """Whether the platform's own re-issue may still be drafted: refused only when the licence has ended or
    has no photo.
    """
    if display(standing.status, standing.extended_until, on, policy) is Display.HIDDEN:
        return _against_status(standing, on, policy) or Accept()
    if not standing.terms.classes.members:
        return Refuse(Refusal.NO_CLASS_HELD)
    return Accept() if standing.photo_on_file else Refuse(Refusal.NO_PHOTO_ON_FILE)


def free_slot(taken: Sequence[int]) -> int | None:
    """The lowest phone slot, 1…MAX_PHONES, that is not taken; None when all are."""
    return next((slot for slot in range(1, MAX_PHONES + 1) if slot not in taken), None)
