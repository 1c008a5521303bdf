"""Every statement on one_time_code and one_time_code_budget. Keyed by the hash of the mobile."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from liangzheng.accounts.model import CodeBudget, CodePurpose, LiveCode
from liangzheng.infra.postgres import Connection


async def lock_budget(tx: Connection, mobile_hash: bytes, now: datetime) -> CodeBudget:
    """What was asked and guessed of this mobile; everybody else who asks waits for this transaction."""
    row = await tx.fetchrow(
        """
        INSERT INTO one_time_code_budget AS b (mobile_hash, asked, asked_since, asked_at, wrong, wrong_at)
        VALUES ($1, 0, $2, '-infinity', 0, $2)
        ON CONFLICT (mobile_hash) DO UPDATE SET asked = b.asked
        RETURNING asked, asked_since, nullif(asked_at, '-infinity') AS asked_at, wrong, wrong_at
        """,
        mobile_hash, now,
    )  # fmt: skip
    assert row is not None, "inserted or updated: there is a row"
    return CodeBudget(**dict(row))


async def count_asked(tx: Connection, mobile_hash: bytes, now: datetime, day_before: datetime) -> None:
    """One code more was asked for; a day that is over starts anew."""
    await tx.execute(
        """
        UPDATE one_time_code_budget
           SET asked = CASE WHEN asked_since <= $3 THEN 1 ELSE asked + 1 END,
               asked_since = CASE WHEN asked_since <= $3 THEN $2 ELSE asked_since END, asked_at = $2
         WHERE mobile_hash = $1
        """,
        mobile_hash, now, day_before,
    )  # fmt: skip


async def replace_code(tx: Connection, code: LiveCode) -> None:
    """The one live code of its mobile and purpose."""
    await tx.execute(
        """
        INSERT INTO one_time_code (mobile_hash, purpose, made_at, expires_at, tries, request_hash, code_hash, bound_to)
        VALUES ($1, $2, $3, $4, 0, $5, $6, $7)
        ON CONFLICT (mobile_hash, purpose) DO UPDATE
           SET made_at = excluded.made_at, expires_at = excluded.expires_at, tries = 0,
               request_hash = excluded.request_hash, code_hash = excluded.code_hash, bound_to = excluded.bound_to,
               proof_hash = NULL, proof_until = NULL, used_at = NULL
        """,
        code.mobile_hash, code.purpose.value, code.made_at, code.expires_at, code.request_hash, code.code_hash,
        code.bound_to,
    )  # fmt: skip


async def find_code(tx: Connection, mobile_hash: bytes, purpose: CodePurpose) -> LiveCode | None:
    """The code kept last, live or not; locked."""
    row = await tx.fetchrow(
        "SELECT * FROM one_time_code WHERE mobile_hash = $1 AND purpose = $2 FOR UPDATE",
        mobile_hash, purpose.value,
    )  # fmt: skip
    if row is None:
        return None
    return LiveCode(**(dict(row) | {"purpose": CodePurpose(row["purpose"])}))


async def count_wrong(tx: Connection, code: LiveCode, now: datetime, day_before: datetime) -> None:
    """A wrong try, of this code and of the mobile's day. The day ends when a whole one passed without any."""
    await tx.execute(
        "UPDATE one_time_code SET tries = tries + 1 WHERE mobile_hash = $1 AND purpose = $2",
        code.mobile_hash, code.purpose.value,
    )  # fmt: skip
    await tx.execute(
        """
        UPDATE one_time_code_budget
           SET wrong = CASE WHEN wrong_at <= $3 THEN 1 ELSE wrong + 1 END, wrong_at = $2
         WHERE mobile_hash = $1
        """,
        code.mobile_hash, now, day_before,
    )  # fmt: skip


async def keep_proof(tx: Connection, code: LiveCode, proof_hash: bytes, until: datetime) -> None:
    """The code was given back; what is left of it is the proof."""
    await tx.execute(
        "UPDATE one_time_code SET proof_hash = $3, proof_until = $4 WHERE mobile_hash = $1 AND purpose = $2",
        code.mobile_hash, code.purpose.value, proof_hash, until,
    )  # fmt: skip


async def use_proof(
    tx: Connection,
    mobile_hash: bytes,
    purpose: CodePurpose,
    proof_hash: bytes,
    bound_to: UUID | None,
    now: datetime,
) -> bool:
    """Used up; False when there is no such proof, or not any more."""
    status = await tx.execute(
        """
        UPDATE one_time_code SET used_at = $5
         WHERE mobile_hash = $1 AND purpose = $2 AND proof_hash = $3 AND bound_to IS NOT DISTINCT FROM $4
           AND used_at IS NULL AND proof_until > $5
        """,
        mobile_hash, purpose.value, proof_hash, bound_to, now,
    )  # fmt: skip
    return status == "UPDATE 1"


_OVER = (
    "DELETE FROM one_time_code WHERE (mobile_hash, purpose) IN (SELECT mobile_hash, purpose FROM one_time_code "
    "WHERE expires_at < $1 AND coalesce(proof_until, expires_at) < $1 LIMIT $2)",
    "DELETE FROM one_time_code_budget WHERE mobile_hash IN "
    "(SELECT mobile_hash FROM one_time_code_budget WHERE asked_at < $1 AND wrong_at < $1 LIMIT $2)",
)


async def forget(tx: Connection, before: datetime, limit: int) -> int:
    """Codes and counts that were over before an instant are gone, at most `limit` of each; how many rows. A job over all
    shards."""
    return sum([int((await tx.execute(statement, before, limit)).split()[1]) for statement in _OVER])
