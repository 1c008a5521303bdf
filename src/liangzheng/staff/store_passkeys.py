"""Every statement on staff_passkey and staff_passkey_challenge."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import PasskeyId, StaffId
from liangzheng.staff.model import StaffPasskey


async def add_challenge(tx: Connection, challenge: bytes, staff_id: StaffId, expires_at: datetime) -> None:
    """To add a passkey with; good once."""
    await tx.execute(
        "INSERT INTO staff_passkey_challenge (challenge, staff_id, ceremony, expires_at) VALUES ($1, $2, 'add', $3)",
        challenge, staff_id.uuid, expires_at,
    )  # fmt: skip


async def use_challenge(tx: Connection, challenge: bytes, staff_id: StaffId, now: datetime) -> bool:
    """Spent; False when it is another's, was spent before or is too old."""
    status = await tx.execute(
        "UPDATE staff_passkey_challenge SET used_at = $3 "
        "WHERE challenge = $1 AND staff_id = $2 AND ceremony = 'add' AND used_at IS NULL AND expires_at > $3",
        challenge, staff_id.uuid, now,
    )  # fmt: skip
    return status == "UPDATE 1"


async def spend_open_challenge(
    tx: Connection, challenge: bytes, staff_id: StaffId, expires_at: datetime, now: datetime
) -> bool:
    """Spent; False when it was before. One to prove with has no row until then."""
    status = await tx.execute(
        "INSERT INTO staff_passkey_challenge (challenge, staff_id, ceremony, expires_at, used_at) "
        "VALUES ($1, $2, 'prove', $3, $4) ON CONFLICT (challenge) DO NOTHING",
        challenge, staff_id.uuid, expires_at, now,
    )  # fmt: skip
    return status == "INSERT 0 1"


async def add(tx: Connection, passkey: StaffPasskey) -> None:
    """Kept. One that is there already breaks staff_passkey_once."""
    await tx.execute(
        "INSERT INTO staff_passkey (staff_id, id, made_at, sign_count, backed_up, label, credential_id, public_key) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        passkey.staff_id.uuid, passkey.passkey_id.uuid, passkey.made_at, passkey.sign_count, passkey.backed_up,
        passkey.label, passkey.credential_id, passkey.public_key,
    )  # fmt: skip


async def of_member(tx: Connection, staff_id: StaffId) -> list[StaffPasskey]:
    """Oldest first."""
    rows = await tx.fetch("SELECT * FROM staff_passkey WHERE staff_id = $1 ORDER BY id", staff_id.uuid)
    return [_passkey(row) for row in rows]


async def find_by_credential(tx: Connection, staff_id: StaffId, credential_id: bytes) -> StaffPasskey | None:
    """The member's passkey with that credential id; locked."""
    row = await tx.fetchrow(
        "SELECT * FROM staff_passkey WHERE staff_id = $1 AND credential_id = $2 FOR UPDATE",
        staff_id.uuid, credential_id,
    )  # fmt: skip
    return _passkey(row) if row is not None else None


async def used(tx: Connection, passkey: StaffPasskey, sign_count: int, now: datetime) -> None:
    """Used now; its counter stands there."""
    await tx.execute(
        "UPDATE staff_passkey SET used_at = $3, sign_count = $4 WHERE staff_id = $1 AND id = $2",
        passkey.staff_id.uuid, passkey.passkey_id.uuid, now, sign_count,
    )  # fmt: skip


async def remove(tx: Connection, staff_id: StaffId, passkey_id: PasskeyId) -> bool:
    """Whether there was such a passkey; it is gone."""
    status = await tx.execute(
        "DELETE FROM staff_passkey WHERE staff_id = $1 AND id = $2", staff_id.uuid, passkey_id.uuid
    )
    return status == "DELETE 1"


async def remove_all(tx: Connection, staff_id: StaffId) -> None:
    """None is left. A challenge to add one is good for a login of the same person only, and logins end too."""
    await tx.execute("DELETE FROM staff_passkey WHERE staff_id = $1", staff_id.uuid)


async def forget(tx: Connection, before: datetime) -> int:
    """Challenges over before an instant are gone; how many. A job over all shards."""
    return int((await tx.execute(_OVER, before)).split()[1])


_OVER = "DELETE FROM staff_passkey_challenge WHERE expires_at < $1"


def _passkey(row: Row) -> StaffPasskey:
    staff_id: UUID = row["staff_id"]
    return StaffPasskey(
        StaffId(staff_id), PasskeyId(row["id"]), row["made_at"], row["used_at"], row["sign_count"],
        row["backed_up"], row["label"], bytes(row["credential_id"]), bytes(row["public_key"]),
    )  # fmt: skip
