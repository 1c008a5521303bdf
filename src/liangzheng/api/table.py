"""Every file of routes, in one table: one line each.

A module has a `router` (bodies.resource), or `hot` (a list of routes of hot.py), or both.
Hot routes are matched first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

RESOURCES: Final[Sequence[str]] = (
    "liangzheng.api.open.start_page",
    "liangzheng.api.open.health",
    "liangzheng.api.open.papers",
    "liangzheng.api.open.deployment",
    "liangzheng.api.open.simulated_messages",
    "liangzheng.api.holder.accounts",
    "liangzheng.api.holder.sessions",
    "liangzheng.api.holder.codes",
    "liangzheng.api.holder.password_resets",
    "liangzheng.api.holder.passkeys",
    "liangzheng.api.holder.proofs",
    "liangzheng.api.holder.held_acts",
    "liangzheng.api.holder.agreements",
    "liangzheng.api.holder.my_data",
    "liangzheng.api.holder.face_checks",
    "liangzheng.api.holder.phone_keys",
    "liangzheng.api.holder.applications",
    "liangzheng.api.holder.photos",
    "liangzheng.api.holder.licence",
    "liangzheng.api.holder.showings",
    "liangzheng.api.holder.messages",
    "liangzheng.api.open.rollout",
    "liangzheng.api.open.figures",
    "liangzheng.api.open.status_lists",
    "liangzheng.api.open.trust_bundle",
    "liangzheng.api.verifier.verifications",
    "liangzheng.api.staff.sessions",
    "liangzheng.api.staff.second_factors",
    "liangzheng.api.staff.counter_checks",
    "liangzheng.api.staff.face_reviews",
    "liangzheng.api.staff.look_ups",
    "liangzheng.api.staff.verifications",
    "liangzheng.api.staff.proposals",
    "liangzheng.api.staff.photo_reviews",
    "liangzheng.api.staff.late_reviews",
    "liangzheng.api.staff.correction_requests",
    "liangzheng.api.staff.members",
    "liangzheng.api.staff.waves",
    "liangzheng.api.staff.figures",
    "liangzheng.api.staff.keys",
    "liangzheng.api.staff.companies",
    "liangzheng.api.staff.register_uploads",
    "liangzheng.api.staff.audit_entries",
    "liangzheng.api.staff.look_up_reviews",
    "liangzheng.api.holder.consents",
    "liangzheng.api.relying.token",
    "liangzheng.api.relying.registration",
    "liangzheng.api.relying.requests",
    "liangzheng.api.relying.checks",
    "liangzheng.api.relying.notices",
    "liangzheng.api.source.register_changes",
)
