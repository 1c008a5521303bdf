"""Every statement on company, company_event, company_purpose, company_secret, company_token and company_usage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from liangzheng import audit
from liangzheng.infra.postgres import Connection, Row
from liangzheng.kernel.ids import CompanyId
from liangzheng.kernel.purposes import AskedField
from liangzheng.relying.lifecycle import COMPANY, CompanyEvent, CompanyState
from liangzheng.relying.model import Company, CompanyMove, CreditCode, Grant, Quota

_COLUMNS = (
    "company_id, name, credit_code, state, move, per_minute, per_day, webhook_url, webhook_key, "
    "registered_at, approved_at"
)


async def add(tx: Connection, company: Company, by: audit.Actor) -> None:
    """A new company, registered and not yet approved."""
    await tx.execute(
        "INSERT INTO company (company_id, name, credit_code, state, move, per_minute, per_day, registered_at, "
        "registered_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        company.id.uuid, company.name, company.credit_code.value, company.state.value, company.move,
        company.quota.per_minute, company.quota.per_day, company.registered_at, by.id.uuid if by.id else None,
    )  # fmt: skip


async def one(tx: Connection, company_id: CompanyId, *, for_update: bool = False) -> Company | None:
    """The company; `for_update` holds it until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM company WHERE company_id = $1"
        + (" FOR NO KEY UPDATE" if for_update else ""),
        company_id.uuid,
    )
    return None if row is None else _company(row)


async def changed_by(tx: Connection, company_id: CompanyId) -> set[UUID]:
    """Members of staff who made it what nobody has approved yet: who registered it, until its first approval, and who changed it
    since the last one."""
    rows = await tx.fetch(
        """
        WITH looked AS (
            SELECT coalesce(max(move), 0) AS move FROM company_event
             WHERE company_id = $1 AND event IN ('approved', 'restored'))
        SELECT registered_by AS by FROM company, looked WHERE company_id = $1 AND looked.move = 0
        UNION
        SELECT actor FROM company_event AS e, looked
         WHERE company_id = $1 AND e.move > looked.move AND event = 'changed'
        """,
        company_id.uuid,
    )
    return {row["by"] for row in rows if row["by"] is not None}


async def many(tx: Connection, company_ids: Sequence[CompanyId]) -> list[Company]:
    """Those of the companies that there are."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM company WHERE company_id = ANY ($1::uuid[])",
        [company.uuid for company in company_ids],
    )
    return [_company(row) for row in rows]


async def every(tx: Connection, after: CompanyId | None, limit: int) -> list[Company]:
    """Companies in the order they were registered; `after` pages on."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM company WHERE $1::uuid IS NULL OR company_id > $1 ORDER BY company_id LIMIT $2",
        after and after.uuid,
        limit,
    )
    return [_company(row) for row in rows]


async def move(
    tx: Connection,
    company: Company,
    event: CompanyEvent,
    actor: audit.Actor,
    reason: str,
    now: datetime,
) -> bool:
    """One arrow and its event in one statement; False for a stale mover. Raises Conflict where there is none."""
    target = COMPANY.step(company.state, event)
    approved_at = now if target is CompanyState.APPROVED else company.approved_at
    moved = await tx.fetchval(
        """
        WITH moved AS (
            UPDATE company SET state = $3, move = move + 1, approved_at = $4
             WHERE company_id = $1 AND move = $2 RETURNING company_id, move)
        INSERT INTO company_event (company_id, move, event, at, actor_kind, actor, reason)
        SELECT company_id, move, $5, $6, $7, $8, $9 FROM moved RETURNING move
        """,
        company.id.uuid, company.move, target.value, approved_at, event.value, now, actor.kind,
        actor.id.uuid if actor.id else None, reason,
    )  # fmt: skip
    return moved is not None


async def moves(tx: Connection, company_id: CompanyId) -> list[CompanyMove]:
    """What happened to it, oldest first."""
    rows = await tx.fetch(
        "SELECT event, at, actor_kind, actor, reason FROM company_event WHERE company_id = $1 ORDER BY move",
        company_id.uuid,
    )
    return [
        CompanyMove(
            row["event"],
            row["at"],
            row["actor_kind"] + (f" {row['actor']}" if row["actor"] else ""),
            row["reason"],
        )
        for row in rows
    ]


# --- what it registered ----------------------------------------------------------------------------------


async def set_grant(tx: Connection, company_id: CompanyId, grant: Grant) -> None:
    """The grant, in the place of an earlier one for the same purpose."""
    await tx.execute(
        "INSERT INTO company_purpose (company_id, purpose, fields, bulk, notices) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (company_id, purpose) DO UPDATE SET fields = $3, bulk = $4, notices = $5",
        company_id.uuid, grant.purpose, sorted(field.value for field in grant.fields), grant.bulk, grant.notices,
    )  # fmt: skip


async def remove_grant(tx: Connection, company_id: CompanyId, purpose: str) -> bool:
    """Whether there was one."""
    removed = await tx.execute(
        "DELETE FROM company_purpose WHERE company_id = $1 AND purpose = $2", company_id.uuid, purpose
    )
    return removed == "DELETE 1"


async def grants(tx: Connection, company_id: CompanyId) -> dict[str, Grant]:
    """By purpose, in the order of their names."""
    rows = await tx.fetch(
        "SELECT purpose, fields, bulk, notices FROM company_purpose WHERE company_id = $1 ORDER BY purpose",
        company_id.uuid,
    )
    return {
        row["purpose"]: Grant(
            row["purpose"], frozenset(AskedField(name) for name in row["fields"]), row["bulk"], row["notices"]
        )
        for row in rows
    }


async def set_quota(tx: Connection, company_id: CompanyId, quota: Quota) -> None:
    """How much it may ask from now on."""
    await tx.execute(
        "UPDATE company SET per_minute = $2, per_day = $3 WHERE company_id = $1",
        company_id.uuid, quota.per_minute, quota.per_day,
    )  # fmt: skip


async def set_webhook(tx: Connection, company_id: CompanyId, url: str | None) -> int:
    """Where notices go; a new generation of their key. None: nowhere."""
    generation: int = await tx.fetchval(
        "UPDATE company SET webhook_url = $2, webhook_key = webhook_key + 1 WHERE company_id = $1 "
        "RETURNING webhook_key",
        company_id.uuid,
        url,
    )
    return generation


# --- secrets, tokens, quotas -----------------------------------------------------------------------------


async def add_secret(
    tx: Connection, company_id: CompanyId, secret_hash: bytes, now: datetime, older_end_at: datetime
) -> None:
    """The newest secret. The one before it ends at `older_end_at`, those before that at once: two live at most."""
    await tx.execute(
        """
        UPDATE company_secret AS s
           SET ends_at = CASE WHEN s.made_at = newest.made_at THEN least(s.ends_at, $3) ELSE least(s.ends_at, $2) END
          FROM (SELECT max(made_at) AS made_at FROM company_secret WHERE company_id = $1) AS newest
         WHERE s.company_id = $1
        """,
        company_id.uuid, now, older_end_at,
    )  # fmt: skip
    await tx.execute(
        "INSERT INTO company_secret (company_id, secret_hash, made_at) VALUES ($1, $2, $3)",
        company_id.uuid,
        secret_hash,
        now,
    )


async def live_secrets(tx: Connection, company_id: CompanyId, now: datetime) -> list[bytes]:
    """Hashes of its secrets that open something."""
    rows = await tx.fetch(
        "SELECT secret_hash FROM company_secret WHERE company_id = $1 AND (ends_at IS NULL OR ends_at > $2)",
        company_id.uuid,
        now,
    )
    return [row["secret_hash"] for row in rows]


async def add_token(
    tx: Connection,
    company_id: CompanyId,
    token_hash: bytes,
    purposes: Sequence[str],
    now: datetime,
    expires_at: datetime,
) -> None:
    """A token, by its hash."""
    await tx.execute(
        "INSERT INTO company_token (company_id, token_hash, purposes, made_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5)",
        company_id.uuid, token_hash, list(purposes), now, expires_at,
    )  # fmt: skip


async def token_purposes(
    tx: Connection, company_id: CompanyId, token_hash: bytes, now: datetime
) -> list[str] | None:
    """The purposes of a token that is good now; None for any other."""
    found: list[str] | None = await tx.fetchval(
        "SELECT purposes FROM company_token WHERE company_id = $1 AND token_hash = $2 AND expires_at > $3",
        company_id.uuid,
        token_hash,
        now,
    )
    return found


async def count_usage(
    tx: Connection,
    company_id: CompanyId,
    spans: Sequence[tuple[str, datetime, int]],
    number: int,
) -> set[str]:
    """Counts `number` in each (span, beginning, limit) that has room; the spans that had. Ask `number` ≤ limit."""
    rows = await tx.fetch(
        """
        INSERT INTO company_usage AS u (company_id, span, starts_at, used)
        SELECT $1, span, starts_at, $5 FROM unnest($2::text[], $3::timestamptz[], $4::integer[])
               AS s (span, starts_at, most) WHERE $5 <= most
        ON CONFLICT (company_id, span, starts_at) DO UPDATE SET used = u.used + excluded.used
         WHERE u.used + excluded.used <= CASE u.span WHEN 'minute' THEN $6::integer ELSE $7::integer END
        RETURNING span
        """,
        company_id.uuid, [span for span, _, _ in spans], [at for _, at, _ in spans],
        [most for _, _, most in spans], number,
        next(most for span, _, most in spans if span == "minute"),
        next(most for span, _, most in spans if span == "day"),
    )  # fmt: skip
    return {row["span"] for row in rows}


async def usage(tx: Connection, company_id: CompanyId, span: str, starts_at: datetime) -> int:
    """What was counted in one span."""
    found = await tx.fetchval(
        "SELECT used FROM company_usage WHERE company_id = $1 AND span = $2 AND starts_at = $3",
        company_id.uuid,
        span,
        starts_at,
    )
    return int(found or 0)


async def forget_over(tx: Connection, now: datetime, usage_before: datetime, limit: int) -> int:
    """Drops tokens that ran out, secrets that ended and counts of spans long over, at most `limit` each."""
    dropped = 0
    for statement, until in ((_TOKENS_OVER, now), (_SECRETS_OVER, usage_before), (_USAGE_OVER, usage_before)):
        dropped += int((await tx.execute(statement, until, limit)).rsplit(" ", 1)[1])
    return dropped


_TOKENS_OVER = """
    DELETE FROM company_token WHERE (company_id, token_hash) IN (
        SELECT company_id, token_hash FROM company_token WHERE expires_at <= $1 LIMIT $2)
"""
_SECRETS_OVER = """
    DELETE FROM company_secret WHERE (company_id, secret_hash) IN (
        SELECT company_id, secret_hash FROM company_secret WHERE ends_at <= $1 LIMIT $2)
"""
_USAGE_OVER = """
    DELETE FROM company_usage WHERE (company_id, span, starts_at) IN (
        SELECT company_id, span, starts_at FROM company_usage WHERE starts_at <= $1 LIMIT $2)
"""


def _company(row: Row) -> Company:
    return Company(
        id=CompanyId(row["company_id"]),
        name=row["name"],
        credit_code=CreditCode(row["credit_code"]),
        state=CompanyState(row["state"]),
        move=row["move"],
        quota=Quota(row["per_minute"], row["per_day"]),
        webhook_url=row["webhook_url"],
        webhook_key=row["webhook_key"],
        registered_at=row["registered_at"],
        approved_at=row["approved_at"],
    )
