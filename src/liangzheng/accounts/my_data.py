"""What is kept about a person, for that person; and requests to have it put right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from liangzheng import audit
from liangzheng.accounts import store, store_agreements, store_face_reviews, store_held, store_passkeys
from liangzheng.accounts.lifecycle import CORRECTION, CorrectionEvent, CorrectionState
from liangzheng.accounts.model import CorrectionRequest
from liangzheng.infra import outbox
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Invalid, NotFound
from liangzheng.kernel.ids import CorrectionRequestId, PersonId

LONGEST_WISH = 1000
MOST_OPEN = 5


async def export(tx: Connection, person_id: PersonId, now: datetime) -> dict[str, Any]:
    """Everything accounts keep about the person, as JSON values and unmasked: it is theirs. No secret, no hash of one and
    no picture is in it. The export itself is recorded. Raises NotFound."""
    account = await store.find_account(tx, person_id)
    if account is None:
        raise NotFound("there is no such person")
    person = account.person
    await audit.record(
        tx, act="data.exported", actor=audit.Actor("person", person_id), subject=person_id,
        driver_id=person.driver_id, purpose="a copy of one's own data", now=now,
    )  # fmt: skip
    return {
        "account": {
            "person_id": str(person_id),
            "mobile": account.mobile.value,
            "identity_kind": person.identity.kind.value,
            "identity_number": person.identity.value,
            "name": person.name.value,
            "level": int(person.level),
            "driver_id": str(person.driver_id) if person.driver_id else None,
            "created_at": person.created_at.isoformat(),
            "real_name_checked_at": _at(person.real_name_checked_at),
            "face_checked_at": _at(person.face_checked_at),
            "second_factor": await store.has_second_factor(tx, person_id),
        },
        "sessions": [
            {"opened_at": _at(s.opened_at), "seen_at": _at(s.seen_at), "expires_at": _at(s.expires_at)}
            for s in await store.sessions_of(tx, person_id, now)
        ],
        "phone_keys": [
            {"label": k.label, "slot": k.slot, "bound_at": _at(k.bound_at), "ended_at": _at(k.ended_at),
             "used_on": k.used_on.isoformat() if k.used_on else None}
            for k in await store.phone_keys(tx, person_id, ended_too=True)
        ],
        "passkeys": [
            {"label": k.label, "made_at": _at(k.made_at), "used_at": _at(k.used_at)}
            for k in await store_passkeys.of_person(tx, person_id)
        ],
        "face_checks": [
            {"purpose": c.purpose.value, "state": c.state.value, "engine": c.engine, "begun_at": _at(c.begun_at),
             "simulated": c.simulated, "reasons": list(c.reasons)}
            for c in await store.face_checks_of(tx, person_id)
        ],
        "face_pictures_kept": await store_face_reviews.count_captures(tx, person_id),
        "agreements": [
            {"kind": c.kind.value, "version": c.version, "given": c.given, "at": _at(c.at), "text_sha256": c.text_hash.hex()}
            for c in await store_agreements.history(tx, person_id)
        ],
        "held_acts": [
            {"kind": h.kind.value, "state": h.state.value, "asked_at": _at(h.asked_at), "due_at": _at(h.due_at),
             "noticed_at": _at(h.noticed_at), "new_mobile": h.new_mobile.value if h.new_mobile else None}
            for h in await store_held.of_person(tx, person_id)
        ],
        "corrections": [
            {"wish": r.wish, "state": r.state.value, "answer": r.answer, "asked_at": _at(r.asked_at)}
            for r in await store_agreements.corrections(tx, person_id)
        ],
    }  # fmt: skip


def _at(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant is not None else None


# --- requests to correct ------------------------------------------------------------------------------


async def ask_correction(tx: Connection, person_id: PersonId, wish: str, now: datetime) -> CorrectionRequest:
    """The request waits until somebody answers it. Raises Invalid, NotFound, Conflict when too many are open."""
    _check_text("wish", wish)
    await store.find_person(tx, person_id, for_update=True)
    if await store.find_account(tx, person_id) is None:
        raise NotFound("there is no such person")  # closed a moment ago: nobody would read the answer
    known = await store_agreements.corrections(tx, person_id)
    if sum(request.state is CORRECTION.start for request in known) >= MOST_OPEN:
        raise Conflict(f"{MOST_OPEN} requests are open: wait for an answer, or take one back")
    request = CorrectionRequest(
        person_id, CorrectionRequestId.new(), CORRECTION.start, now, None, 1, wish, None
    )
    await store_agreements.add_correction(tx, request)
    await _record(tx, "correction.asked", request, audit.Actor("person", person_id), now)
    return request


async def corrections(tx: Connection, person_id: PersonId) -> Sequence[CorrectionRequest]:
    """A person's requests, newest first."""
    return await store_agreements.corrections(tx, person_id)


async def take_back_correction(
    tx: Connection, person_id: PersonId, request_id: CorrectionRequestId, now: datetime
) -> None:
    """Taken back. Raises NotFound, Conflict when it was answered."""
    request = await _existing(tx, person_id, request_id)
    target = CORRECTION.step(request.state, CorrectionEvent.TAKEN_BACK)
    await store_agreements.move_correction(tx, request, target, None, now)
    await _record(tx, "correction.taken-back", request, audit.Actor("person", person_id), now)


async def end_corrections(tx: Connection, person_id: PersonId, now: datetime) -> None:
    """What a person whose account is closed asked to have put right waits no longer; again changes nothing."""
    for request in await store_agreements.open_corrections_of(tx, person_id):
        target = CORRECTION.step(request.state, CorrectionEvent.ACCOUNT_CLOSED)
        await store_agreements.move_correction(tx, request, target, None, now)
        actor, why = audit.Actor("person", person_id), CorrectionEvent.ACCOUNT_CLOSED.value
        await _record(tx, "correction.taken-back", request, actor, now, why=why)


async def follow_closed_accounts(tx: Connection, events: Sequence[Event], now: datetime) -> None:
    """Handler of `account.closed`, for accounts that were closed before their requests ended in the same act."""
    for event in events:
        await end_corrections(tx, PersonId(event.subject), now)


async def forget_corrections(tx: Connection, before: datetime, limit: int) -> int:
    """Requests that ended before an instant are gone, wish and answer, at most `limit`; how many. Audit entries stay."""
    return await store_agreements.forget_corrections(tx, before, limit)


async def open_corrections(
    tx: Connection, limit: int = 100, after: CorrectionRequestId | None = None
) -> Sequence[CorrectionRequest]:
    """What waits for an answer, oldest first; `after` pages on."""
    return await store_agreements.open_corrections(tx, limit, after)


async def answer_correction(
    tx: Connection,
    person_id: PersonId,
    request_id: CorrectionRequestId,
    granted: bool,
    answer: str,
    actor: audit.Actor,
    now: datetime,
    **more: str,
) -> CorrectionState:
    """Answered, and the person is told that there is an answer. `more`: codes for the audit entry. Raises Invalid, NotFound,
    Conflict when it was answered before."""
    _check_text("answer", answer)
    request = await _existing(tx, person_id, request_id)
    event = CorrectionEvent.PUT_RIGHT if granted else CorrectionEvent.NOT_GRANTED
    target = CORRECTION.step(request.state, event)
    await store_agreements.move_correction(tx, request, target, answer, now)
    await outbox.put(tx, "correction.answered", person_id, {"request_id": str(request_id)}, now)
    await _record(tx, "correction.answered", request, actor, now, **more)
    return target


async def _existing(
    tx: Connection, person_id: PersonId, request_id: CorrectionRequestId
) -> CorrectionRequest:
    found = await store_agreements.find_correction(tx, person_id, request_id)
    if found is None:
        raise NotFound("there is no such request")
    return found


async def _record(
    tx: Connection, act: str, request: CorrectionRequest, actor: audit.Actor, now: datetime, **more: str
) -> None:
    person = await store.find_person(tx, request.person_id)
    await audit.record(
        tx, act=act, actor=actor, subject=request.person_id, driver_id=person.driver_id if person else None,
        purpose="correction of one's own data", detail={"request": str(request.request_id), **more}, now=now,
    )  # fmt: skip


def _check_text(place: str, text: str) -> None:
    if not 1 <= len(text) <= LONGEST_WISH or not text.replace("\n", "").isprintable() or not text.strip():
        raise Invalid(place, f"1 to {LONGEST_WISH} printable characters")
