"""Electronic licences: applications, licence versions, phones' credentials, status snapshots and lists.

A driver has at most one live licence, on at most three phones; what was signed was kept before; an
application that was
answered has exactly one outcome. Functions that take `tx` are part of the caller's transaction.

Events put: `application.accepted`, `application.refused`, `licence.issued`, `licence.withdrawn` (subject:
the driver, or
the person where there is none; body: driver_id, application_id, authority …). Events followed:
`standing.changed`
(`follow_standing`), `phone-key.ended` (`follow_phone_keys`).
"""

from __future__ import annotations

from liangzheng.licences.apply import Decided, Request, apply
from liangzheng.licences.check import check
from liangzheng.licences.follow_standing import follow_standing
from liangzheng.licences.issue import CRASH_POINTS, Issuer
from liangzheng.licences.model import (
    Application,
    ApplicationEventRow,
    BatchResult,
    Credential,
    LicenceNumber,
    LiveLicence,
    SnapshotIssued,
    TurnedAway,
)
from liangzheng.licences.phones import end_credential, follow_phone_keys, renew, request_credential
from liangzheng.licences.read import application, applications_of, credentials, licence_for, progress
from liangzheng.licences.rules import Accept, Refusal, Refuse, decide_application
from liangzheng.licences.snapshot import snapshot
from liangzheng.licences.status_lists import StatusLists
from liangzheng.licences.store.applications import CONSTRAINTS as _OF_APPLICATIONS
from liangzheng.licences.store.held import CONSTRAINTS as _OF_PHONES
from liangzheng.licences.store.restored import raise_list_versions
from liangzheng.licences.texts import REFUSAL_TEXTS, Text
from liangzheng.licences.withdraw import withdraw

CONSTRAINTS = _OF_APPLICATIONS | _OF_PHONES
"""What a broken unique constraint of this context means to people, for `Database.transaction`."""

__all__ = [
    "CONSTRAINTS",
    "CRASH_POINTS",
    "REFUSAL_TEXTS",
    "Accept",
    "Application",
    "ApplicationEventRow",
    "BatchResult",
    "Credential",
    "Decided",
    "Issuer",
    "LicenceNumber",
    "LiveLicence",
    "Refusal",
    "Refuse",
    "Request",
    "SnapshotIssued",
    "StatusLists",
    "Text",
    "TurnedAway",
    "application",
    "applications_of",
    "apply",
    "check",
    "credentials",
    "decide_application",
    "end_credential",
    "follow_phone_keys",
    "follow_standing",
    "licence_for",
    "progress",
    "raise_list_versions",
    "renew",
    "request_credential",
    "snapshot",
    "withdraw",
]
