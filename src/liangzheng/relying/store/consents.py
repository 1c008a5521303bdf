"""Every statement on consent_request, consent_code, standing_consent, company_driver and company_look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.classes import DrivingClass
from liangzheng.kernel.ids import (
    CompanyId,
    ConsentId,
    ConsentRequestId,
    DriverId,
    PersonId,
    PhoneKeyId,
    PseudonymId,
    VerificationId,
)
from liangzheng.kernel.pages import Place
from liangzheng.kernel.purposes import AskedField
from liangzheng.relying.lifecycle import (
    CONSENT_REQUEST,
    STANDING_CONSENT,
    CompanyState,
    ConsentEvent,
    ConsentState,
    RequestEvent,
    RequestState,
)
from liangzheng.relying.model import CompanyLook, ConsentRequest, StandingConsent, Terms

# --- requests ------------------------------------------------------------------------------------------


async def add_request(tx: Connection, request: ConsentRequest, code_hash: bytes) -> None:
    """A request and the code that opens it."""
    terms = request.terms
    await tx.execute(
        "INSERT INTO consent_request (company_id, request_id, state, move, purpose, fields, class_asked, "
        "standing_until, reference, asked_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        request.company_id.uuid, request.id.uuid, request.state.value, request.move, terms.purpose,
        [field.value for field in terms.fields], terms.class_asked and terms.class_asked.value,
        terms.standing_until, request.reference, request.asked_at, request.expires_at,
    )  # fmt: skip
    await tx.execute(
        "INSERT INTO consent_code (code_hash, company_id, request_id, expires_at) VALUES ($1, $2, $3, $4)",
        code_hash, request.company_id.uuid, request.id.uuid, request.expires_at,
    )  # fmt: skip


async def behind_code(
    tx: Connection, code_hash: bytes, now: datetime
) -> tuple[CompanyId, ConsentRequestId] | None:
    """Which request a code opens now."""
    row = await tx.fetchrow(
        "SELECT company_id, request_id FROM consent_code WHERE code_hash = $1 AND expires_at > $2",
        code_hash,
        now,
    )
    return None if row is None else (CompanyId(row["company_id"]), ConsentRequestId(row["request_id"]))


async def keep_code(tx: Connection, code_hash: bytes, until: datetime) -> None:
    """The code is there until an instant; of what was decided it opens nothing but the taking back."""
    await tx.execute("UPDATE consent_code SET expires_at = $2 WHERE code_hash = $1", code_hash, until)


async def spend_code(tx: Connection, code_hash: bytes) -> None:
    """The code opens nothing any more."""
    await tx.execute("DELETE FROM consent_code WHERE code_hash = $1", code_hash)


async def request(
    tx: Connection, company_id: CompanyId, request_id: ConsentRequestId, *, for_update: bool = False
) -> ConsentRequest | None:
    """One request of a company; `for_update` holds it."""
    row = await tx.fetchrow(
        "SELECT company_id, request_id, state, move, purpose, fields, class_asked, standing_until, reference, "
        "asked_at, expires_at, driver_id, person_id, decided_at, answered_at FROM consent_request "
        "WHERE company_id = $1 AND request_id = $2" + (" FOR UPDATE" if for_update else ""),
        company_id.uuid,
        request_id.uuid,
    )
    return None if row is None else _request(row)


async def decide(
    tx: Connection,
    held: ConsentRequest,
    event: RequestEvent,
    driver_id: DriverId,
    person_id: PersonId,
    proof: tuple[PhoneKeyId, bytes] | None,
    now: datetime,
) -> None:
    """The driver's answer, on a request that is held. `proof`: the phone's key and signature."""
    await tx.execute(
        "UPDATE consent_request SET state = $3, move = move + 1, driver_id = $4, person_id = $5, "
        "phone_key_id = $6, signature = $7, decided_at = $8 "
        "WHERE company_id = $1 AND request_id = $2",
        held.company_id.uuid, held.id.uuid, CONSENT_REQUEST.step(held.state, event).value, driver_id.uuid,
        person_id.uuid, proof[0].uuid if proof else None, proof[1] if proof else None, now,
    )  # fmt: skip


async def take_back(tx: Connection, held: ConsentRequest, now: datetime) -> None:
    """The approval of a held request is void, and its proof with it."""
    target = CONSENT_REQUEST.step(held.state, RequestEvent.DRIVER_TOOK_BACK)
    await tx.execute(
        "UPDATE consent_request SET state = $3, move = move + 1, decided_at = $4, phone_key_id = NULL, signature = NULL "
        "WHERE company_id = $1 AND request_id = $2",
        held.company_id.uuid, held.id.uuid, target.value, now,
    )  # fmt: skip


async def cancel(tx: Connection, held: ConsentRequest, now: datetime) -> None:
    """The company takes a held request back; its code opens nothing."""
    target = CONSENT_REQUEST.step(held.state, RequestEvent.COMPANY_CANCELLED)
    await tx.execute(
        "UPDATE consent_request SET state = $3, move = move + 1, decided_at = $4 "
        "WHERE company_id = $1 AND request_id = $2",
        held.company_id.uuid, held.id.uuid, target.value, now,
    )  # fmt: skip


async def note_answered(tx: Connection, held: ConsentRequest, now: datetime) -> None:
    """The answer of a held, approved request went out."""
    target = CONSENT_REQUEST.step(held.state, RequestEvent.ANSWER_FETCHED)
    await tx.execute(
        "UPDATE consent_request SET state = $3, move = move + 1, answered_at = $4 "
        "WHERE company_id = $1 AND request_id = $2",
        held.company_id.uuid, held.id.uuid, target.value, now,
    )  # fmt: skip


# --- standing consents ---------------------------------------------------------------------------------


async def know_driver(
    tx: Connection, company_id: CompanyId, pseudonym: PseudonymId, driver_id: DriverId
) -> None:
    """The company's pseudonym means this driver."""
    await tx.execute(
        "INSERT INTO company_driver (company_id, pseudonym, driver_id) VALUES ($1, $2, $3) "
        "ON CONFLICT (company_id, pseudonym) DO NOTHING",
        company_id.uuid, pseudonym.uuid, driver_id.uuid,
    )  # fmt: skip


async def driver_known_as(tx: Connection, company_id: CompanyId, pseudonym: PseudonymId) -> DriverId | None:
    """Who is meant by a company's pseudonym; None when nobody is."""
    found = await tx.fetchval(
        "SELECT driver_id FROM company_driver WHERE company_id = $1 AND pseudonym = $2",
        company_id.uuid,
        pseudonym.uuid,
    )
    return None if found is None else DriverId(found)


async def add_consent(tx: Connection, consent: StandingConsent, given: ConsentRequest) -> None:
    """A standing consent, in the place of an active one for the same company and purpose."""
    replaced = STANDING_CONSENT.step(ConsentState.ACTIVE, ConsentEvent.GIVEN_ANEW)
    await tx.execute(
        "UPDATE standing_consent SET state = $4, move = move + 1, ended_at = $5 "
        "WHERE driver_id = $1 AND company_id = $2 AND purpose = $3 AND state = 'active'",
        consent.driver_id.uuid, consent.company_id.uuid, consent.terms.purpose, replaced.value, consent.given_at,
    )  # fmt: skip
    terms = consent.terms
    await tx.execute(
        "INSERT INTO standing_consent (driver_id, consent_id, company_id, request_id, person_id, purpose, fields, "
        "class_asked, until, state, move, given_at, pseudonym) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        consent.driver_id.uuid, consent.id.uuid, consent.company_id.uuid, given.id.uuid, consent.person_id.uuid,
        terms.purpose, [field.value for field in terms.fields], terms.class_asked and terms.class_asked.value,
        consent.until, consent.state.value, consent.move, consent.given_at, consent.pseudonym.uuid,
    )  # fmt: skip


_CONSENT = (
    "SELECT s.driver_id, s.person_id, s.consent_id, s.company_id, c.name AS company_name, s.pseudonym, s.purpose, s.fields, "
    "s.class_asked, s.until, s.state, s.move, s.given_at, s.ended_at, c.state AS company_state FROM standing_consent AS s "
    "JOIN company AS c ON c.company_id = s.company_id"
)


async def consents_of(
    tx: Connection, driver_id: DriverId, before: ConsentId | None, limit: int
) -> list[StandingConsent]:
    """Consents of a driver, active and ended, newest first."""
    rows = await tx.fetch(
        f"{_CONSENT} WHERE s.driver_id = $1 AND ($2::uuid IS NULL OR s.consent_id < $2) "
        "ORDER BY s.consent_id DESC LIMIT $3",
        driver_id.uuid,
        before and before.uuid,
        limit,
    )
    return [_consent(row) for row in rows]


async def consent(tx: Connection, driver_id: DriverId, consent_id: ConsentId) -> StandingConsent | None:
    """One consent of a driver, held."""
    row = await tx.fetchrow(
        f"{_CONSENT} WHERE s.driver_id = $1 AND s.consent_id = $2 FOR UPDATE OF s",
        driver_id.uuid,
        consent_id.uuid,
    )
    return None if row is None else _consent(row)


async def is_active(tx: Connection, driver_id: DriverId, request_id: ConsentRequestId) -> bool:
    """Whether the standing consent that came of a request stands still."""
    return bool(
        await tx.fetchval(
            "SELECT true FROM standing_consent WHERE driver_id = $1 AND request_id = $2 AND state = 'active'",
            driver_id.uuid, request_id.uuid,
        )
    )  # fmt: skip


async def withdraw(tx: Connection, held: StandingConsent, now: datetime) -> None:
    """A held consent is withdrawn. Raises Conflict where no arrow leads there."""
    target = STANDING_CONSENT.step(held.state, ConsentEvent.WITHDREW)
    await tx.execute(
        "UPDATE standing_consent SET state = $3, move = move + 1, ended_at = $4 "
        "WHERE driver_id = $1 AND consent_id = $2",
        held.driver_id.uuid, held.id.uuid, target.value, now,
    )  # fmt: skip


async def void(
    tx: Connection, given_by: Sequence[tuple[DriverId, PersonId]], now: datetime
) -> list[tuple[DriverId, PersonId, ConsentId, str]]:
    """Active consents these people gave as these drivers are over; whose, which and for what purpose."""
    rows = await tx.fetch(
        """
        UPDATE standing_consent AS s SET state = $3, move = s.move + 1, ended_at = $4
          FROM unnest($1::uuid[], $2::uuid[]) AS g (driver_id, person_id)
         WHERE s.driver_id = g.driver_id AND s.person_id = g.person_id AND s.state = 'active'
        RETURNING s.driver_id, s.person_id, s.consent_id, s.purpose
        """,
        [driver.uuid for driver, _ in given_by], [person.uuid for _, person in given_by],
        STANDING_CONSENT.step(ConsentState.ACTIVE, ConsentEvent.ACCOUNT_CLOSED).value, now,
    )  # fmt: skip
    return [
        (DriverId(row["driver_id"]), PersonId(row["person_id"]), ConsentId(row["consent_id"]), row["purpose"])
        for row in rows
    ]


async def behind_pseudonyms(
    tx: Connection, company_id: CompanyId, purpose: str, pseudonyms: Sequence[PseudonymId]
) -> dict[PseudonymId, StandingConsent]:
    """Active consents for a purpose, by the company's pseudonym; a pseudonym that means nobody is left out, as
    is one whose driver did not consent."""
    rows = await tx.fetch(
        """
        SELECT s.driver_id, s.person_id, s.consent_id, s.company_id, c.name AS company_name, s.pseudonym, s.purpose,
               s.fields, s.class_asked, s.until, s.state, s.move, s.given_at, s.ended_at, c.state AS company_state
          FROM unnest($3::uuid[]) AS asked (pseudonym)
          JOIN company_driver AS k ON k.company_id = $1 AND k.pseudonym = asked.pseudonym
          JOIN standing_consent AS s ON s.driver_id = k.driver_id AND s.company_id = $1 AND s.purpose = $2
               AND s.state = 'active'
          JOIN company AS c ON c.company_id = s.company_id
        """,
        company_id.uuid, purpose, [pseudonym.uuid for pseudonym in pseudonyms],
    )  # fmt: skip
    return {PseudonymId(row["pseudonym"]): _consent(row) for row in rows}


# --- looks ---------------------------------------------------------------------------------------------


async def add_looks(
    tx: Connection,
    company_id: CompanyId,
    looks: Sequence[tuple[DriverId, VerificationId, Terms, ConsentRequestId | ConsentId]],
    now: datetime,
) -> None:
    """What a company was answered, driver by driver, in one statement. The fields answered, never their values."""
    await tx.copy_records_to_table(
        "company_look",
        records=[
            (
                driver.uuid, now, look.uuid, company_id.uuid, terms.purpose,
                [field.value for field in terms.fields], terms.class_asked and terms.class_asked.value,
                "request" if isinstance(subject, ConsentRequestId) else "standing", subject.uuid,
            )
            for driver, look, terms, subject in looks
        ],
        columns=[
            "driver_id", "at", "look_id", "company_id", "purpose", "fields", "class_asked", "under", "subject",
        ],
    )  # fmt: skip


async def looks_at(tx: Connection, driver_id: DriverId, before: Place, limit: int) -> list[CompanyLook]:
    """What companies were answered about a driver by consent, newest first."""
    rows = await tx.fetch(
        "SELECT l.look_id, l.at, c.name, l.purpose, l.fields, l.class_asked, l.under FROM company_look AS l "
        "JOIN company AS c ON c.company_id = l.company_id "
        "WHERE l.driver_id = $1 AND (l.at, l.look_id) < ($2, $3) ORDER BY l.at DESC, l.look_id DESC LIMIT $4",
        driver_id.uuid,
        before.at,
        before.id,
        limit,
    )
    return [
        CompanyLook(
            VerificationId(row["look_id"]), row["at"], row["name"], row["purpose"], tuple(row["fields"]),
            row["class_asked"], row["under"],
        )
        for row in rows
    ]  # fmt: skip


async def answers_between(
    tx: Connection, since: datetime, until: datetime, limit: int
) -> list[tuple[DriverId, CompanyId, datetime]]:
    """About whom which company was answered after `since` and not after `until`, in order of time; `limit` and those at one
    time with the last."""
    rows = await tx.fetch(
        "SELECT driver_id, company_id, at FROM company_look WHERE at > $1 AND at <= $2 ORDER BY at "
        "FETCH FIRST ($3) ROWS WITH TIES",
        since, until, limit,
    )  # fmt: skip
    return [(DriverId(row["driver_id"]), CompanyId(row["company_id"]), row["at"]) for row in rows]


async def forget_over(tx: Connection, now: datetime, before: datetime, limit: int) -> int:
    """Drops codes that ran out, and requests and looks made before an instant, at most `limit` each."""
    dropped = 0
    for statement, until in ((_CODES_OVER, now), (_REQUESTS_OVER, before), (_LOOKS_OVER, before)):
        dropped += int((await tx.execute(statement, until, limit)).rsplit(" ", 1)[1])
    return dropped


_CODES_OVER = """
    DELETE FROM consent_code WHERE code_hash IN (SELECT code_hash FROM consent_code WHERE expires_at <= $1 LIMIT $2)
"""
_REQUESTS_OVER = """
    DELETE FROM consent_request WHERE (company_id, request_id) IN (
        SELECT company_id, request_id FROM consent_request WHERE asked_at <= $1
           AND (standing_until IS NULL OR signature IS NULL) LIMIT $2)  -- the proof of a standing consent stays
"""
_LOOKS_OVER = """
    DELETE FROM company_look WHERE (driver_id, at, look_id) IN (
        SELECT driver_id, at, look_id FROM company_look WHERE at <= $1 ORDER BY at LIMIT $2)
"""


def _terms(row: Row, until: str) -> Terms:
    asked = row["class_asked"]
    return Terms(
        row["purpose"],
        tuple(AskedField(name) for name in row["fields"]),
        asked and DrivingClass(asked),
        row[until],
    )


def _request(row: Row) -> ConsentRequest:
    return ConsentRequest(
        company_id=CompanyId(row["company_id"]),
        id=ConsentRequestId(row["request_id"]),
        state=RequestState(row["state"]),
        move=row["move"],
        terms=_terms(row, "standing_until"),
        reference=row["reference"],
        asked_at=row["asked_at"],
        expires_at=row["expires_at"],
        driver_id=DriverId(row["driver_id"]) if row["driver_id"] else None,
        person_id=PersonId(row["person_id"]) if row["person_id"] else None,
        decided_at=row["decided_at"],
        answered_at=row["answered_at"],
    )


def _consent(row: Row) -> StandingConsent:
    return StandingConsent(
        driver_id=DriverId(row["driver_id"]),
        person_id=PersonId(row["person_id"]),
        id=ConsentId(row["consent_id"]),
        company_id=CompanyId(row["company_id"]),
        company_name=row["company_name"],
        pseudonym=PseudonymId(row["pseudonym"]),
        terms=_terms(row, "until"),
        state=ConsentState(row["state"]),
        move=row["move"],
        given_at=row["given_at"],
        ended_at=row["ended_at"],
        company_state=CompanyState(row["company_state"]),
    )
