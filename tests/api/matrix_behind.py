"""Rows of the matrix (see there) for what is behind the counter: proposals, the administrations, the rollout."""

from __future__ import annotations

from typing import Any, Final

_OK: Final = {"own": frozenset({200})}
_MADE: Final = {"own": frozenset({201})}
_BY_OFFICER: Final = {"by": "officer"}
_BY_ADMINISTRATOR: Final = {"by": "administrator"}

BEHIND: Final[tuple[dict[str, Any], ...]] = (
    {"route": "GET /staff/face-reviews", "also_by": ("colleague",), **_OK, **_BY_OFFICER},
    {"route": "GET /staff/face-reviews/reasons", "also_by": ("colleague",), **_OK, **_BY_OFFICER},
    {
        "route": "POST /staff/face-reviews/take",
        "names": {"body:face_check_id": "face_review"},
        "body": {"face_check_id": "{face_review}"},
        **_OK,
        **_BY_OFFICER,
    },
    *(
        # 409: it is in nobody's hand here.
        {
            "route": f"{method} /staff/face-reviews/{{face_check_id}}/{what}",
            "names": {"path:face_check_id": "face_review"},
            "body": {"decision": "approve"} if what == "decision" else None,
            "own": frozenset({200, 204, 409}),
            **_BY_OFFICER,
        }
        for method, what in (("GET", "pictures"), ("POST", "put-back"), ("POST", "decision"))
    ),
    {"route": "GET /staff/proposals", "also_by": ("colleague",), **_OK, **_BY_OFFICER},
    {
        "route": "GET /staff/proposals/{proposal_id}",
        "names": {"path:proposal_id": "proposal"},
        "also_by": ("colleague",),
        **_OK,
        **_BY_OFFICER,
    },
    {
        "route": "POST /staff/proposals/{proposal_id}/decisions",
        "names": {"path:proposal_id": "proposal"},
        "body": {"decision": "refuse", "move": 1},
        **_MADE,
        **_BY_OFFICER,
    },
    {
        "route": "DELETE /staff/proposals/{proposal_id}",
        "names": {"path:proposal_id": "own_proposal"},
        **_OK,
        **_BY_OFFICER,
    },
    {
        "route": "POST /staff/proposals",
        "names": {"body:subject": "driver"},
        "body": {
            "kind": "suspend",
            "subject": "{driver}",
            "reason": "drink-driving",
            "case_number": "V-{region}00-20250101-0001",
        },
        **_MADE,
        **_BY_OFFICER,
    },
    {
        "route": "GET /staff/audit-entries",
        # An auditor of the region reads of its drivers, and of no others.
        "names": {"query:subject": "driver"},
        "query": {
            "subject": "{driver}",
            "purpose": "complaint",
            "case_number": "P-{region}00-20250101-0001",
        },
        "also_by": ("colleague",),
        **_OK,
        **_BY_OFFICER,
    },
    {"route": "GET /staff/look-up-reviews", "also_by": ("colleague",), **_OK, **_BY_OFFICER},
    {
        "route": "POST /staff/look-up-reviews/{look_up_id}",
        "names": {"path:look_up_id": "sampled"},
        "body": {"outcome": "in-order"},
        **_MADE,
        **_BY_OFFICER,
    },
    {"route": "GET /staff/waves", "also_by": ("colleague",), **_OK, **_BY_OFFICER},
    {"route": "GET /staff/members", **_OK, **_BY_ADMINISTRATOR},
    {
        "route": "POST /staff/members",
        "body": {"number": "999001", "name": "样本新人", "unit": "样本交警大队"},
        **_MADE,
        **_BY_ADMINISTRATOR,
    },
    # Without the approval of two there is no code: tests/staff/test_administration.py.
    {
        "route": "POST /staff/members/enrolment-codes",
        "names": {"body:approval": "proposal"},
        "body": {"approval": "{proposal}"},
        "own": frozenset({404}),
        **_BY_ADMINISTRATOR,
    },
    {
        "route": "POST /staff/members/{staff_id}/duty-endings",
        "names": {"path:staff_id": "member"},
        "body": {"duty": "patrol", "region": "{region}"},
        **_MADE,
        **_BY_ADMINISTRATOR,
    },
    {
        "route": "POST /staff/members/{staff_id}/moves",
        "names": {"path:staff_id": "member"},
        "body": {"event": "left"},
        **_MADE,
        **_BY_ADMINISTRATOR,
    },
)
