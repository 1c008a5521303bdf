"""Whatever a member of staff reads, changes or decides is on record: who, under which duty, what for, about what.

Made from the table of routes, so that a new route of the staff is recorded or says here why it is not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from importlib import import_module
from typing import Any

import pytest

from liangzheng import audit
from tests.api.cast import Cast
from tests.api.matrix import ANYBODY, OFFICER, ROWS, Row

_OWN = "one's own login or second factor: recorded where it changes something, and no duty is in it"
_A_CATALOGUE = "a catalogue, the same for everybody"
_COUNTS = "counts and days, of nobody"

NOT_RECORDED = {
    "GET /staff/sessions/current": _OWN,
    "POST /staff/sessions/current/proofs": _OWN,
    "DELETE /staff/sessions/current": _OWN,
    "GET /staff/second-factors": _OWN,
    "POST /staff/second-factors/passkeys/challenges": _OWN,
    "POST /staff/second-factors/passkeys": _OWN,
    "DELETE /staff/second-factors/passkeys/{passkey_id}": _OWN,
    "DELETE /staff/second-factors/one-time-codes": _OWN,
    "GET /staff/look-ups/budgets": "one's own",
    "GET /staff/photo-reviews/reasons": _A_CATALOGUE,
    "GET /staff/face-reviews/reasons": _A_CATALOGUE,
    "GET /staff/companies/catalogue": _A_CATALOGUE,
    "GET /staff/figures": _COUNTS,
    "GET /staff/register-uploads": _COUNTS,
    "GET /staff/register-uploads/{upload_id}": _COUNTS,
    "GET /staff/waves": "a calendar that is published",
    "GET /staff/waves/places": _COUNTS,
    "GET /staff/waves/dry-run": _COUNTS,
    "GET /staff/keys": "public keys, as the published trust bundle has them",
    "PUT /staff/register-uploads/{upload_id}/parts": "a part; the upload is recorded when it begins and when it is decided",
}
"""What leaves no entry, or one without a duty, and why."""
REFUSED_HERE = {
    "POST /staff/members/enrolment-codes": "tests/staff/test_administration.py",
    "GET /staff/register-uploads/{upload_id}/rejects": "tests/staff/test_register_uploads.py",
    "POST /staff/companies/{company_id}/moves": "tests/staff/test_companies.py",
    "PUT /staff/companies/{company_id}/registration": "tests/staff/test_companies.py",
    "POST /staff/companies/{company_id}/secrets": "tests/staff/test_companies.py",
}
"""What the cast's own things do not let through: where it goes through, and its entry is looked at."""
TAKEN_FIRST = {
    "POST /staff/photo-reviews/{application_id}/decision": "POST /staff/photo-reviews/take",
    "POST /staff/face-reviews/{face_check_id}/decision": "POST /staff/face-reviews/take",
}


def _rows() -> list[Row]:
    rows = [row for row in ROWS if " /staff/" in row.route and row.roles != ANYBODY]
    return sorted(rows, key=lambda row: row.route == "DELETE /staff/sessions/current")


async def _entries(cast: Cast) -> list[dict[str, Any]]:
    async with cast.place.world.database.read() as tx:
        return [dict(row) for row in await tx.fetch("SELECT * FROM audit_entry WHERE actor_kind = 'staff'")]


async def _done(cast: Cast, row: Row) -> tuple[int, list[dict[str, Any]]]:
    """The status of the right request, and what it left in the record in a member's name."""
    before = {entry["id"] for entry in await _entries(cast)}
    answer = await cast.call(row, cast.headers_of(row.by), asdict(cast.mine.things))
    assert answer.status_code in row.own, f"{row.route}: {answer.status_code} {answer.text[:200]}"
    return answer.status_code, [entry for entry in await _entries(cast) if entry["id"] not in before]


def _duties(detail: dict[str, Any]) -> Any:
    """The duty; of a list that several duties reach into, these."""
    return detail.get("duty") or detail.get("duties")


async def unrecorded(cast: Cast, rows: list[Row]) -> AsyncIterator[tuple[str, str]]:
    """Route, and what is missing of its entry."""
    by_route = {row.route: row for row in ROWS}
    for row in rows:
        if row.route in TAKEN_FIRST:
            await _done(cast, by_route[TAKEN_FIRST[row.route]])
        status, left = await _done(cast, row)
        if status >= 400:
            yield row.route, "refused"
        elif not left:
            yield row.route, "no entry"
        elif any(entry["actor"] is None or not entry["purpose"] for entry in left):
            yield row.route, "nobody, or for nothing"
        elif any(entry["subject"] is None for entry in left):
            yield row.route, "about nothing"
        elif acts := sorted(entry["act"] for entry in left if not _duties(entry["detail"])):
            yield row.route, f"no duty: {', '.join(acts)}"


async def test_every_act_of_the_staff_is_on_record_with_who_duty_purpose_and_subject(cast: Cast) -> None:
    found = dict([each async for each in unrecorded(cast, _rows())])
    wrong = {
        route: what
        for route, what in found.items()
        if route not in NOT_RECORDED and (what, route in REFUSED_HERE) != ("refused", True)
    }
    assert wrong == {}
    # Nothing is excused that needs no excuse.
    assert set(REFUSED_HERE) <= set(found)
    assert {route for route in NOT_RECORDED if route not in found} == set()


async def test_an_act_that_forgets_its_duty_or_its_entry_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    [row] = [row for row in ROWS if row.route == "POST /staff/look-ups"]
    assert row.by == OFFICER
    look_up = import_module("liangzheng.staff.look_up")
    honest = audit.record

    async def forgetful(*args: Any, **said: Any) -> Any:
        return await honest(*args, **said | {"detail": {"case": said["detail"]["case"]}})

    async def silent(*_: Any, **__: Any) -> None:
        return None

    assert [each async for each in unrecorded(cast, [row])] == []
    for act, what in ((forgetful, "no duty: driver.looked-up"), (silent, "no entry")):
        monkeypatch.setattr(look_up.audit, "record", act)
        assert [each async for each in unrecorded(cast, [row])] == [(row.route, what)]
        monkeypatch.undo()
