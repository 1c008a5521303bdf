"""Electronic licences: applications, licence versions, phones' credentials, status snapshots and lists.

A driver has at most one live licence, on at most three phones; what was signed was kept before; an
application that was
answered has exactly one outcome. Functions that take `tx` are part of the caller's transaction.

Events put: `application.accepted`, `application.refused`, `application.under-review`, `licence.issued`,
`licence.withdrawn`, `photo.replaced`, `review.escalated` (subject:
the driver, or
the person where there is none; body: driver_id, application_id, authority, origin …). Events followed:
`standing.changed`
(`follow_standing`), `phone-key.ended` (`follow_phone_keys`), `account.closed` (`follow_closed_accounts`).
"""

from __future__ import annotations

from liangzheng.licences.add_photo import (
    FaceFinder,
    Judged,
    NoFaceFinder,
    SentPhoto,
    add_photo,
    judge_photo,
    let_go_of_photos,
    photos_of,
    refused_photos,
)
from liangzheng.licences.apply import PHOTO_USABLE_FOR, Decided, Request, apply
from liangzheng.licences.check import check, probes
from liangzheng.licences.follow_standing import follow_standing
from liangzheng.licences.issue import CRASH_POINTS, Issuer
from liangzheng.licences.model import (
    Application,
    ApplicationEventRow,
    BatchResult,
    Credential,
    LicenceNumber,
    LiveLicence,
    Photo,
    PhotoReview,
    SnapshotIssued,
    TurnedAway,
)
from liangzheng.licences.phones import end_credential, follow_phone_keys, renew, request_credential
from liangzheng.licences.photo_process import PhotoProcess
from liangzheng.licences.photo_rules import (
    NotUsable,
    PhotoDoubt,
    PhotoFault,
    PhotoPolicy,
    PhotoReason,
    PhotoSource,
    Usable,
)
from liangzheng.licences.rare_characters import wanted_in
from liangzheng.licences.read import (
    application,
    applications_of,
    credentials,
    font_of,
    font_of_name,
    licence_for,
    progress,
    review_of,
)
from liangzheng.licences.replace_photo import PhotoState, Replacement, photo_state, replace_photo
from liangzheng.licences.review import (
    Pictures,
    approve_photo,
    record_own_photo,
    refuse_photo,
    review_pictures,
)
from liangzheng.licences.rules import Accept, Refusal, Refuse, Review, decide_application
from liangzheng.licences.snapshot import snapshot
from liangzheng.licences.status_lists import StatusLists
from liangzheng.licences.store.applications import CONSTRAINTS as _OF_APPLICATIONS
from liangzheng.licences.store.held import CONSTRAINTS as _OF_PHONES
from liangzheng.licences.store.restored import raise_list_versions
from liangzheng.licences.store.reviews import CONSTRAINTS as REVIEW_CONSTRAINTS
from liangzheng.licences.store.reviews import PHOTO_QUEUE
from liangzheng.licences.texts import DOUBT_TEXTS, FAULT_TEXTS, REASON_TEXTS, REFUSAL_TEXTS, Text
from liangzheng.licences.verifying import Verifying
from liangzheng.licences.withdraw import follow_closed_accounts, withdraw

CONSTRAINTS = _OF_APPLICATIONS | _OF_PHONES
"""What a broken unique constraint of this context means to people, for `Database.transaction`."""

__all__ = [
    "CONSTRAINTS",
    "CRASH_POINTS",
    "DOUBT_TEXTS",
    "FAULT_TEXTS",
    "PHOTO_QUEUE",
    "PHOTO_USABLE_FOR",
    "REASON_TEXTS",
    "REFUSAL_TEXTS",
    "REVIEW_CONSTRAINTS",
    "Accept",
    "Application",
    "ApplicationEventRow",
    "BatchResult",
    "Credential",
    "Decided",
    "FaceFinder",
    "Issuer",
    "Judged",
    "LicenceNumber",
    "LiveLicence",
    "NoFaceFinder",
    "NotUsable",
    "Photo",
    "PhotoDoubt",
    "PhotoFault",
    "PhotoPolicy",
    "PhotoProcess",
    "PhotoReason",
    "PhotoReview",
    "PhotoSource",
    "PhotoState",
    "Pictures",
    "Refusal",
    "Refuse",
    "Replacement",
    "Request",
    "Review",
    "SentPhoto",
    "SnapshotIssued",
    "StatusLists",
    "Text",
    "TurnedAway",
    "Usable",
    "Verifying",
    "add_photo",
    "application",
    "applications_of",
    "apply",
    "approve_photo",
    "check",
    "credentials",
    "decide_application",
    "end_credential",
    "follow_closed_accounts",
    "follow_phone_keys",
    "follow_standing",
    "font_of",
    "font_of_name",
    "judge_photo",
    "let_go_of_photos",
    "licence_for",
    "photo_state",
    "photos_of",
    "probes",
    "progress",
    "raise_list_versions",
    "record_own_photo",
    "refuse_photo",
    "refused_photos",
    "renew",
    "replace_photo",
    "request_credential",
    "review_of",
    "review_pictures",
    "snapshot",
    "wanted_in",
    "withdraw",
]
