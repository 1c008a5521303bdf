"""Every statement on passkey and passkey_challenge."""

from __future__ import annotations

from datetime import datetime
from typing import cast
from uuid import UUID

from liangzheng.accounts.model import Ceremony, Passkey
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import PasskeyId, PersonId


async def add_challenge(
    tx: Connection, challenge: bytes, person_id: PersonId, ceremony: Ceremony, expires_at: datetime
) -> None:
    """Good once."""
    await tx.execute(
        "INSERT INTO passkey_challenge (challenge, person_id, ceremony, expires_at) VALUES ($1, $2, $3, $4)",
        challenge, person_id.uuid, ceremony.value, expires_at,
    )  # fmt: skip


async def use_challenge(
    tx: Connection, challenge: bytes, person_id: PersonId, ceremony: Ceremony, now: datetime
) -> bool:
    """Spent; False when it is another's, for another ceremony, spent before or too old."""
    status = await tx.execute(
        """
        UPDATE passkey_challenge SET used_at = $4
         WHERE challenge = $1 AND person_id = $2 AND ceremony = $3 AND used_at IS NULL
           AND expires_at > $4
        """,
        challenge, person_id.uuid, ceremony.value, now,
    )  # fmt: skip
    return status == "UPDATE 1"


async def spend_open_challenge(tx: Connection, challenge: bytes, expires_at: datetime, now: datetime) -> bool:
    """Spent; False when it was before. One to log in with has no row until then."""
    status = await tx.execute(
        """
        INSERT INTO passkey_challenge (challenge, ceremony, expires_at, used_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (challenge) DO NOTHING
        """,
        challenge, Ceremony.LOG_IN.value, expires_at, now,
    )  # fmt: skip
    return status == "INSERT 0 1"


async def add(tx: Connection, passkey: Passkey) -> None:
    """Kept. Raises Conflict, through the transaction's constraints, for one that is there already."""
    await tx.execute(
        """
        INSERT INTO passkey (person_id, id, made_at, sign_count, backed_up, label, credential_id, public_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        passkey.person_id.uuid, passkey.passkey_id.uuid, passkey.made_at, passkey.sign_count, passkey.backed_up,
        passkey.label, passkey.credential_id, passkey.public_key,
    )  # fmt: skip


async def of_person(tx: Connection, person_id: PersonId) -> list[Passkey]:
    """Oldest first."""
    rows = await tx.fetch("SELECT * FROM passkey WHERE person_id = $1 ORDER BY id", person_id.uuid)
    return [_passkey(row) for row in rows]


async def is_there(tx: Connection, person_id: PersonId, credential_id: bytes) -> bool:
    """Whether the person has a passkey with that credential id."""
    return bool(
        await tx.fetchval(
            "SELECT EXISTS (SELECT FROM passkey WHERE person_id = $1 AND credential_id = $2)",
            person_id.uuid, credential_id,
        )
    )  # fmt: skip


async def find_by_credential(tx: Connection, person_id: PersonId, credential_id: bytes) -> Passkey | None:
    """The person's passkey with that credential id; locked."""
    row = await tx.fetchrow(
        "SELECT * FROM passkey WHERE person_id = $1 AND credential_id = $2 FOR UPDATE",
        person_id.uuid, credential_id,
    )  # fmt: skip
    return _passkey(row) if row is not None else None


async def used(tx: Connection, passkey: Passkey, sign_count: int, now: datetime) -> None:
    """Used now; its counter stands there."""
    await tx.execute(
        "UPDATE passkey SET used_at = $3, sign_count = $4 WHERE person_id = $1 AND id = $2",
        passkey.person_id.uuid, passkey.passkey_id.uuid, now, sign_count,
    )  # fmt: skip


async def rename(tx: Connection, person_id: PersonId, passkey_id: PasskeyId, label: str) -> bool:
    """Whether there is such a passkey."""
    status = await tx.execute(
        "UPDATE passkey SET label = $3 WHERE person_id = $1 AND id = $2",
        person_id.uuid,
        passkey_id.uuid,
        label,
    )
    return status == "UPDATE 1"


async def remove(tx: Connection, person_id: PersonId, passkey_id: PasskeyId) -> None:
    """Gone."""
    await tx.execute("DELETE FROM passkey WHERE person_id = $1 AND id = $2", person_id.uuid, passkey_id.uuid)


async def forget(tx: Connection, before: datetime, limit: int) -> int:
    """Challenges that were over before an instant are gone, at most `limit`; how many. A job over all shards."""
    return int((await tx.execute(_OVER, before, limit)).split()[1])


_OVER = (
    "DELETE FROM passkey_challenge WHERE challenge IN "
    "(SELECT challenge FROM passkey_challenge WHERE expires_at < $1 LIMIT $2)"
)


def _passkey(row: Row) -> Passkey:
    return Passkey(
        PersonId(cast("UUID", row["person_id"])), PasskeyId(row["id"]), row["made_at"], row["used_at"],
        row["sign_count"], row["backed_up"], row["label"], bytes(row["credential_id"]), bytes(row["public_key"]),
    )  # fmt: skip
