"""Rows of the matrix (see there) for what is behind the counter: proposals, the administrations, the rollout."""

from __future__ import annotations

from typing import Any, Final

_OK: Final = {"own": frozenset({200})}
_MADE: Final = {"own": frozenset({201})}
_BY_OFFICER: Final = {"by": "officer"}
_BY_ADMINISTRATOR: Final = {"by": "administrator"}
_BY_HEAD_OFFICE: Final = {"by": "head office"}
_NO_REGION: Final = "no region has it: one duty for the whole country"
_CREDIT_CODE: Final = "91350100M000100Y43"


async def first_part(*_: Any) -> bytes:
    """Octets that came before: sent again they change nothing."""
    return b"first"


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
    {"route": "GET /staff/correction-requests", "also_by": ("colleague",), **_OK, **_BY_OFFICER},
    {
        "route": "POST /staff/correction-requests/{request_id}/answers",
        "names": {"path:request_id": "correction", "body:person": "person"},
        "body": {"person": "{person}", "decision": "declined", "answer": "不予更正"},
        "own": frozenset({201, 409}),  # its holder takes it back in a row of their own
        **_BY_OFFICER,
    },
    {"route": "GET /staff/waves", "also_by": ("colleague",), **_OK, **_BY_OFFICER},
    {"route": "GET /staff/waves/places", "also_by": ("colleague",), **_OK, **_BY_OFFICER},
    {
        "route": "GET /staff/waves/dry-run",
        "query": {"opens_on": "2026-12-01", "place": "320500"},
        "also_by": ("colleague",),
        **_OK,
        **_BY_OFFICER,
    },
    {"route": "GET /staff/figures", "also_by": ("colleague", "head office"), **_OK, **_BY_OFFICER},
    {
        "route": "GET /staff/late-reviews",
        "query": {"queue": "photo-reviews"},
        "also_by": ("colleague", "administrator", "head office"),
        **_OK,
        **_BY_OFFICER,
    },
    {"route": "GET /staff/keys", "by": "keeper of keys", **_OK},
    {"route": "GET /staff/companies", "also_by": ("administrator",), **_OK, **_BY_HEAD_OFFICE},
    {"route": "GET /staff/companies/catalogue", "also_by": ("administrator",), **_OK, **_BY_HEAD_OFFICE},
    {
        "route": "POST /staff/companies",
        "body": {
            "name": "样本公司",
            "credit_code": _CREDIT_CODE,
            "purposes": [{"purpose": "rental", "fields": ["may_drive"]}],
        },
        **_MADE,
        **_BY_HEAD_OFFICE,
    },
    {
        "route": "GET /staff/companies/{company_id}",
        "names": {"path:company_id": "company"},
        "countrys": _NO_REGION,
        **_OK,
        **_BY_HEAD_OFFICE,
    },
    {
        "route": "POST /staff/companies/{company_id}/moves",
        "names": {"path:company_id": "company"},
        "body": {"event": "approved", "reason": "test"},
        "countrys": _NO_REGION,
        "own": frozenset({409}),  # it is approved already; what moves one: tests/staff/test_companies.py
        **_BY_HEAD_OFFICE,
    },
    {
        "route": "PUT /staff/companies/{company_id}/registration",
        "names": {"path:company_id": "company"},
        "body": {
            "move": 1,
            "purposes": [{"purpose": "rental", "fields": ["may_drive"]}],
            "per_minute": 1,
            "per_day": 1,
        },
        "countrys": _NO_REGION,
        "own": frozenset({409}),  # it is approved: what changes one: tests/staff/test_companies.py
        **_BY_HEAD_OFFICE,
    },
    {
        "route": "POST /staff/companies/{company_id}/secrets",
        "names": {"path:company_id": "company"},
        "body": {"older": "for-a-week"},
        "countrys": _NO_REGION,
        "own": frozenset({409}),
        **_BY_HEAD_OFFICE,
    },
    {"route": "GET /staff/register-uploads", **_OK, **_BY_HEAD_OFFICE},
    {
        "route": "POST /staff/register-uploads",
        "body": {"file_name": "register.csv", "octets": 10, "drawn_at": "2026-01-01T00:00:00Z"},
        **_MADE,
        **_BY_HEAD_OFFICE,
    },
    {
        "route": "GET /staff/register-uploads/{upload_id}",
        "names": {"path:upload_id": "upload"},
        "countrys": _NO_REGION,
        **_OK,
        **_BY_HEAD_OFFICE,
    },
    {
        "route": "PUT /staff/register-uploads/{upload_id}/parts",
        "names": {"path:upload_id": "upload"},
        "query": {"start": "0"},
        "body": first_part,
        "media": "application/octet-stream",
        "countrys": "whose another member's is: tests/staff/test_register_uploads.py",
        **_OK,
        **_BY_HEAD_OFFICE,
    },
    {
        "route": "GET /staff/register-uploads/{upload_id}/rejects",
        "names": {"path:upload_id": "upload"},
        "countrys": _NO_REGION,
        "own": frozenset({404}),  # nothing was imported, so nothing was rejected
        **_BY_HEAD_OFFICE,
    },
    {
        "route": "POST /staff/register-uploads/{upload_id}/decisions",
        "names": {"path:upload_id": "upload"},
        "body": {"decision": "refuse"},
        "countrys": _NO_REGION,
        **_MADE,
        **_BY_HEAD_OFFICE,
    },
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
