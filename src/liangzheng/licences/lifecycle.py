"""What can happen to an application, to a licence version and to a phone's credential: three tables."""

from __future__ import annotations

from enum import StrEnum

from liangzheng.kernel.machine import Arrow, Machine


class ApplicationState(StrEnum):
    """Where an application stands. SUBMITTED is the moment of decision: it is never kept, the decision is."""

    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    ACCEPTED = "accepted"
    DRAFTED = "drafted"
    ISSUED = "issued"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ApplicationEvent(StrEnum):
    """What moves an application."""

    FACTS_HELD = "facts_held"
    FACTS_FAILED = "facts_failed"
    PHOTO_IS_NEW = "photo_is_new"
    PHOTO_APPROVED = "photo_approved"
    PHOTO_REFUSED = "photo_refused"
    FACTS_CHANGED = "facts_changed"
    WITHDREW = "withdrew"
    DRAFT_RECORDED = "draft_recorded"
    SIGNING_ABANDONED = "signing_abandoned"
    SIGNED = "signed"


_A, _AE = ApplicationState, ApplicationEvent

APPLICATION: Machine[ApplicationState, ApplicationEvent] = Machine(
    "application",
    _A.SUBMITTED,
    (
        Arrow(_A.SUBMITTED, _AE.FACTS_HELD, _A.ACCEPTED),
        Arrow(_A.SUBMITTED, _AE.FACTS_FAILED, _A.REFUSED),
        # Facts hold and the photo is the holder's own: a person looks at it, within one working day.
        Arrow(_A.SUBMITTED, _AE.PHOTO_IS_NEW, _A.UNDER_REVIEW),
        Arrow(_A.UNDER_REVIEW, _AE.PHOTO_APPROVED, _A.ACCEPTED),
        Arrow(_A.UNDER_REVIEW, _AE.PHOTO_REFUSED, _A.REFUSED),
        Arrow(_A.UNDER_REVIEW, _AE.WITHDREW, _A.WITHDRAWN),
        # The licence whose photo was to be replaced has ended meanwhile.
        Arrow(_A.UNDER_REVIEW, _AE.FACTS_CHANGED, _A.REFUSED),
        # Between acceptance and the draft the standing changed, and the decision made again is a refusal.
        Arrow(_A.ACCEPTED, _AE.FACTS_CHANGED, _A.REFUSED),
        Arrow(_A.ACCEPTED, _AE.WITHDREW, _A.WITHDRAWN),
        Arrow(_A.ACCEPTED, _AE.DRAFT_RECORDED, _A.DRAFTED),
        # The key went, the standing moved or the octets grew old before the signature was kept: draft again.
        Arrow(_A.DRAFTED, _AE.SIGNING_ABANDONED, _A.ACCEPTED),
        Arrow(_A.DRAFTED, _AE.SIGNED, _A.ISSUED),
    ),
)


class LicenceState(StrEnum):
    """Where one version of a licence stands. REQUESTED is the application's moment: it is never kept."""

    REQUESTED = "requested"
    DRAFTED = "drafted"
    LIVE = "live"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    ABANDONED = "abandoned"


class LicenceEvent(StrEnum):
    """What moves a licence version."""

    DRAFT_RECORDED = "draft_recorded"
    SIGNED = "signed"
    SIGNING_ABANDONED = "signing_abandoned"
    NEW_VERSION_LIVE = "new_version_live"
    STANDING_ENDED = "standing_ended"


_L, _LE = LicenceState, LicenceEvent

LICENCE: Machine[LicenceState, LicenceEvent] = Machine(
    "licence",
    _L.REQUESTED,
    (
        Arrow(_L.REQUESTED, _LE.DRAFT_RECORDED, _L.DRAFTED),
        Arrow(_L.DRAFTED, _LE.SIGNED, _L.LIVE),
        Arrow(_L.DRAFTED, _LE.SIGNING_ABANDONED, _L.ABANDONED),
        Arrow(_L.LIVE, _LE.NEW_VERSION_LIVE, _L.SUPERSEDED),
        # E F G R C of the register: the licence behind it is gone, and this one never comes back.
        Arrow(_L.LIVE, _LE.STANDING_ENDED, _L.WITHDRAWN),
    ),
)


class CredentialState(StrEnum):
    """Where a phone's credential stands."""

    REQUESTED = "requested"
    DRAFTED = "drafted"
    LIVE = "live"
    SUPERSEDED = "superseded"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"
    ABANDONED = "abandoned"


class CredentialEvent(StrEnum):
    """What moves a credential."""

    DRAFT_RECORDED = "draft_recorded"
    SIGNED = "signed"
    SIGNING_ABANDONED = "signing_abandoned"
    REPLACED = "replaced"
    PHONE_ENDED = "phone_ended"
    LICENCE_WITHDRAWN = "licence_withdrawn"


_C, _CE = CredentialState, CredentialEvent

CREDENTIAL: Machine[CredentialState, CredentialEvent] = Machine(
    "credential",
    _C.REQUESTED,
    (
        Arrow(_C.REQUESTED, _CE.DRAFT_RECORDED, _C.DRAFTED),
        Arrow(_C.REQUESTED, _CE.PHONE_ENDED, _C.ABANDONED),
        Arrow(_C.REQUESTED, _CE.LICENCE_WITHDRAWN, _C.ABANDONED),
        Arrow(_C.DRAFTED, _CE.SIGNED, _C.LIVE),
        # Octets that may have been signed stay as they are: what it was for is asked for under a new id.
        Arrow(_C.DRAFTED, _CE.SIGNING_ABANDONED, _C.ABANDONED),
        Arrow(_C.DRAFTED, _CE.PHONE_ENDED, _C.ABANDONED),
        Arrow(_C.DRAFTED, _CE.LICENCE_WITHDRAWN, _C.ABANDONED),
        # A new version of the licence, or the same phone's renewed credential, is live.
        Arrow(_C.LIVE, _CE.REPLACED, _C.SUPERSEDED),
        Arrow(_C.LIVE, _CE.PHONE_ENDED, _C.ENDED),
        Arrow(_C.LIVE, _CE.LICENCE_WITHDRAWN, _C.WITHDRAWN),
    ),
)
