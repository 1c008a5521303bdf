"""Every statement on agreement and correction_request."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from liangzheng.accounts.lifecycle import CorrectionState
from liangzheng.accounts.model import Agreement, AgreementKind, AgreementText, CorrectionRequest
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import AgreementId, CorrectionRequestId, PersonId


async def add(tx: Connection, person_id: PersonId, text: AgreementText, given: bool, now: datetime) -> None:
    """One entry more."""
    await tx.execute(
        """
        INSERT INTO agreement (person_id, id, at, version, given, kind, text_hash) VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        person_id.uuid, AgreementId.new().uuid, now, text.version, given, text.kind.value, text.hash,
    )  # fmt: skip


async def latest(tx: Connection, person_id: PersonId) -> dict[AgreementKind, Agreement]:
    """The last entry of each kind."""
    rows = await tx.fetch(
        "SELECT DISTINCT ON (kind) * FROM agreement WHERE person_id = $1 ORDER BY kind, id DESC",
        person_id.uuid,
    )
    return {AgreementKind(row["kind"]): _agreement(row) for row in rows}


async def latest_of(tx: Connection, person_id: PersonId, kind: AgreementKind) -> Agreement | None:
    """The last entry of one kind."""
    row = await tx.fetchrow(
        "SELECT * FROM agreement WHERE person_id = $1 AND kind = $2 ORDER BY id DESC LIMIT 1",
        person_id.uuid, kind.value,
    )  # fmt: skip
    return _agreement(row) if row is not None else None


async def history(tx: Connection, person_id: PersonId) -> list[Agreement]:
    """Every entry, oldest first."""
    rows = await tx.fetch("SELECT * FROM agreement WHERE person_id = $1 ORDER BY id", person_id.uuid)
    return [_agreement(row) for row in rows]


def _agreement(row: Row) -> Agreement:
    return Agreement(
        AgreementKind(row["kind"]), row["version"], row["given"], row["at"], bytes(row["text_hash"])
    )


# --- requests to correct ------------------------------------------------------------------------------


async def add_correction(tx: Connection, request: CorrectionRequest) -> None:
    """Asked."""
    await tx.execute(
        """
        INSERT INTO correction_request (person_id, id, asked_at, move, state, wish) VALUES ($1, $2, $3, $4, $5, $6)
        """,
        request.person_id.uuid, request.request_id.uuid, request.asked_at, request.move, request.state.value,
        request.wish,
    )  # fmt: skip


async def corrections(tx: Connection, person_id: PersonId) -> list[CorrectionRequest]:
    """A person's requests, newest first."""
    rows = await tx.fetch(
        "SELECT * FROM correction_request WHERE person_id = $1 ORDER BY id DESC", person_id.uuid
    )
    return [_correction(row) for row in rows]


async def find_correction(
    tx: Connection, person_id: PersonId, request_id: CorrectionRequestId
) -> CorrectionRequest | None:
    """The request, if it is this person's; locked."""
    row = await tx.fetchrow(
        "SELECT * FROM correction_request WHERE person_id = $1 AND id = $2 FOR UPDATE",
        person_id.uuid, request_id.uuid,
    )  # fmt: skip
    return _correction(row) if row is not None else None


async def open_corrections(
    tx: Connection, limit: int, after: CorrectionRequestId | None
) -> list[CorrectionRequest]:
    """Open requests of everybody, oldest first: for whoever answers them. Over all shards."""
    rows = await tx.fetch(
        "SELECT * FROM correction_request WHERE state = 'open' AND id > $2 ORDER BY id LIMIT $1",
        limit, after.uuid if after is not None else UUID(int=0),
    )  # fmt: skip
    return [_correction(row) for row in rows]


async def open_corrections_of(tx: Connection, person_id: PersonId) -> list[CorrectionRequest]:
    """A person's open requests; locked."""
    rows = await tx.fetch(
        "SELECT * FROM correction_request WHERE person_id = $1 AND state = 'open' ORDER BY id FOR UPDATE",
        person_id.uuid,
    )
    return [_correction(row) for row in rows]


async def forget_corrections(tx: Connection, before: datetime, limit: int) -> int:
    """Requests that ended before an instant are gone, at most `limit`; how many."""
    gone = await tx.execute(
        "DELETE FROM correction_request WHERE (person_id, id) IN (SELECT person_id, id FROM correction_request "
        "WHERE state <> 'open' AND answered_at < $1 ORDER BY answered_at LIMIT $2)",
        before, limit,
    )  # fmt: skip
    return int(gone.rsplit(" ", 1)[1])


async def move_correction(
    tx: Connection, request: CorrectionRequest, target: CorrectionState, answer: str | None, now: datetime
) -> None:
    """It has ended. Raises Conflict for a stale mover."""
    status = await tx.execute(
        """
        UPDATE correction_request SET state = $5, answer = $6, answered_at = $7, move = move + 1
         WHERE person_id = $1 AND id = $2 AND state = $3 AND move = $4
        """,
        request.person_id.uuid, request.request_id.uuid, request.state.value, request.move, target.value, answer,
        now,
    )  # fmt: skip
    if status != "UPDATE 1":
        raise Conflict("another answer came first; read again")


def _correction(row: Row) -> CorrectionRequest:
    return CorrectionRequest(
        PersonId(row["person_id"]), CorrectionRequestId(row["id"]), CorrectionState(row["state"]), row["asked_at"],
        row["answered_at"], row["move"], row["wish"], row["answer"],
    )  # fmt: skip
