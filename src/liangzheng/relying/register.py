"""The operator's acts: a company registered, approved, suspended, restored, ended; what it may ask; secrets.

Who acts is handed in. Each move is recorded with who and why, in the company's own history and in the audit
record.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from liangzheng import audit
from liangzheng.audit.model import Detail
from liangzheng.infra import outbox
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from liangzheng.kernel.ids import CompanyId, StaffId
from liangzheng.kernel.web_address import CallPolicy, WebAddress
from liangzheng.relying.lifecycle import CompanyEvent, CompanyState
from liangzheng.relying.model import Company, CompanyMove, ConsentPolicy, CreditCode, Grant, Quota
from liangzheng.relying.pseudonyms import webhook_key
from liangzheng.relying.store import companies

MOVED = "company.moved"
# Control, bidirectional and zero-width marks, and what is a letter or a sign to Unicode and nothing to the eye: fillers,
# soft hyphens, blank Braille, tags. A driver agrees to what they can read.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_OPERATOR = audit.Actor("operator")
_PURPOSE = "administration of companies"


async def register(
    tx: Connection,
    name: str,
    credit_code: CreditCode,
    grants: Sequence[Grant],
    now: datetime,
    *,
    quota: Quota = Quota(),  # noqa: B008 (frozen)
    actor: audit.Actor = _OPERATOR,
) -> tuple[Company, str]:
    """A company that waits for approval, and its secret, which is shown this once and opens nothing before.

    Raises Invalid for a name that cannot be shown to a driver, for no purpose and for one named twice.
    """
    name = name.strip()
    if not 1 <= len(name) <= 100 or _UNSAFE.search(name):
        raise Invalid("name", "1 to 100 visible characters")
    if not grants or len({grant.purpose for grant in grants}) != len(grants):
        raise Invalid("purposes", "at least one, each once")
    company = Company(
        CompanyId.new(), name, credit_code, CompanyState.REGISTERED, 0, quota, None, 0, now, approved_at=None
    )
    await companies.add(tx, company, actor)
    for grant in grants:
        await companies.set_grant(tx, company.id, grant)
    secret = secrets.token_urlsafe(32)
    await companies.add_secret(tx, company.id, secret_hash(secret), now, now)
    detail = {"purposes": [grant.purpose for grant in grants]}
    await _record(tx, "company.registered", company.id, actor, now, detail)
    return company, secret


async def move(
    tx: Connection,
    company_id: CompanyId,
    event: CompanyEvent,
    reason: str,
    now: datetime,
    actor: audit.Actor = _OPERATOR,
    read_at_move: int | None = None,
) -> Company:
    """The company after one arrow of its lifecycle, with its event `company.moved`.

    Raises NotFound, Conflict where no arrow leads and when it has moved since it was read at `read_at_move`, Invalid without a
    reason, Forbidden for a member of staff who approves what they registered, or restores what they changed. What hangs on it
    follows at once: tokens are refused from this moment, standing consents answer nothing, waiting notices are dropped.
    """
    assert event is not CompanyEvent.CHANGED, "what changes says what: set_grant, set_quota, rotate_secret"
    reason = reason.strip()
    if not 1 <= len(reason) <= 200:
        raise Invalid("reason", "1 to 200 characters")
    held = await _held(tx, company_id)
    if read_at_move is not None and held.move != read_at_move:
        raise Conflict("the company has moved meanwhile", place="company", rule="stale")
    approves = event in (CompanyEvent.APPROVED, CompanyEvent.RESTORED)
    if approves and actor.id and actor.id.uuid in await companies.changed_by(tx, company_id):
        raise Forbidden(
            "another person than who registered or changed the company approves it", rule="own-proposal"
        )
    if not await companies.move(tx, held, event, actor, reason, now):
        raise Conflict("the company has moved meanwhile", place="company")
    await outbox.put(tx, MOVED, company_id, {"event": event.value}, now)
    await _record(tx, f"company.{event.value}", company_id, actor, now, {"move": held.move + 1})
    return await company(tx, company_id)


async def set_grant(
    tx: Connection, company_id: CompanyId, grant: Grant, now: datetime, actor: audit.Actor = _OPERATOR
) -> None:
    """What the company may ask for one purpose. Raises Conflict while it is approved: what was approved stays
    as it was until somebody looks again."""
    held = await _changeable(tx, company_id)
    await companies.set_grant(tx, company_id, grant)
    await _changed(tx, held, f"purpose {grant.purpose} set", now, actor)
    detail: Detail = {
        "purpose": grant.purpose, "fields": sorted(grant.fields), "bulk": grant.bulk, "notices": grant.notices,
    }  # fmt: skip
    await _record(tx, "company.purpose-set", company_id, actor, now, detail)


async def remove_grant(
    tx: Connection, company_id: CompanyId, purpose: str, now: datetime, actor: audit.Actor = _OPERATOR
) -> None:
    """The company may not ask for this purpose any more. Raises Conflict while it is approved, NotFound."""
    held = await _changeable(tx, company_id)
    if not await companies.remove_grant(tx, company_id, purpose):
        raise NotFound("the company has not registered this purpose", place="purpose")
    await _changed(tx, held, f"purpose {purpose} removed", now, actor)
    await _record(tx, "company.purpose-removed", company_id, actor, now, {"purpose": purpose})


async def set_quota(
    tx: Connection, company_id: CompanyId, quota: Quota, now: datetime, actor: audit.Actor = _OPERATOR
) -> Company:
    """How much the company may ask from the next question on. The operator sets it at any time, a member of staff lowers it at
    any time. Raises NotFound, Conflict for one that has ended, and for staff who raise it while the company is approved."""
    held = await _open(tx, company_id)
    if quota.per_minute > held.quota.per_minute or quota.per_day > held.quota.per_day:
        _refuse_alone(held, actor)
    await companies.set_quota(tx, company_id, quota)
    if held.state is not CompanyState.APPROVED:
        await _changed(tx, held, f"quota {quota.per_minute} a minute, {quota.per_day} a day", now, actor)
    detail: Detail = {"per_minute": quota.per_minute, "per_day": quota.per_day}
    await _record(tx, "company.quota-set", company_id, actor, now, detail)
    return await company(tx, company_id)


async def change(
    tx: Connection,
    company_id: CompanyId,
    grants: Sequence[Grant],
    quota: Quota,
    read_at_move: int,
    now: datetime,
    actor: audit.Actor = _OPERATOR,
) -> Company:
    """The company as registered anew: these purposes and no others, and this quota. What is the same already is left alone.

    Raises Conflict when it has moved since it was read at `read_at_move`, and as `set_grant` and `set_quota` do; Invalid for no
    purpose and for one named twice.
    """
    wanted = {grant.purpose: grant for grant in grants}
    if not wanted or len(wanted) != len(grants):
        raise Invalid("purposes", "at least one, each once")
    held = await _held(tx, company_id)
    if held.move != read_at_move:
        raise Conflict("the company has moved meanwhile", place="company", rule="stale")
    before = await companies.grants(tx, company_id)
    for purpose in before.keys() - wanted.keys():
        await remove_grant(tx, company_id, purpose, now, actor)
    for purpose, grant in wanted.items():
        if before.get(purpose) != grant:
            await set_grant(tx, company_id, grant, now, actor)
    if quota != held.quota:
        await set_quota(tx, company_id, quota, now, actor)
    return await company(tx, company_id)


async def rotate_secret(
    tx: Connection,
    company_id: CompanyId,
    policy: ConsentPolicy,
    now: datetime,
    actor: audit.Actor = _OPERATOR,
) -> tuple[str, datetime]:
    """A new secret, shown this once, and when the one before it ends. Never more than two are live.

    Raises NotFound, Conflict for a company that has ended, and for staff while it is approved: with a secret that opens something
    one of them alone could ask in its name.
    """
    held = await _open(tx, company_id)
    _refuse_alone(held, actor)
    secret = secrets.token_urlsafe(32)
    older_end_at = now + timedelta(days=policy.secret_overlap_days)
    await companies.add_secret(tx, company_id, secret_hash(secret), now, older_end_at)
    if held.state is not CompanyState.APPROVED:
        await _changed(tx, held, "secret renewed", now, actor)
    await _record(tx, "company.secret-rotated", company_id, actor, now, {})
    return secret, older_end_at


async def set_webhook(
    tx: Connection, keys: KeyIndex, company_id: CompanyId, url: str | None, policy: CallPolicy, now: datetime
) -> tuple[str, bytes]:
    """Where the company hears of changes; the id and the octets of the key notices are signed with from now on.

    Raises Invalid for an address that leads, or may lead, inside. Each call makes a new key. None: nowhere.
    """
    address = None if url is None else str(WebAddress.parse(url, policy))
    generation = await companies.set_webhook(tx, company_id, address)
    await _record(
        tx, "company.webhook-set", company_id, audit.Actor("company", company_id), now, {"key": generation}
    )
    return key_id(generation), webhook_key(keys, company_id, generation)


async def refuse_webhook(
    db: Database, company_id: CompanyId, url: str, policy: CallPolicy, now: datetime
) -> None:
    """Raises Invalid for an address that leads, or may lead, inside, after the attempt was recorded; not its text."""
    try:
        WebAddress.parse(url, policy)
    except Invalid as fault:
        async with db.transaction() as tx:
            by_itself = audit.Actor("company", company_id)
            await _record(tx, "webhook.refused", company_id, by_itself, now, {"rule": fault.rule})
        raise


def key_id(generation: int) -> str:
    """The name of a webhook key, as it stands in a signature."""
    return f"notices-{generation}"


def secret_hash(secret: str) -> bytes:
    """What is kept of a secret or token: a plain hash is enough for 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


async def company(tx: Connection, company_id: CompanyId) -> Company:
    """One company. Raises NotFound."""
    found = await companies.one(tx, company_id)
    if found is None:
        raise NotFound("there is no such company")
    return found


async def companies_of(tx: Connection, company_ids: Sequence[CompanyId]) -> list[Company]:
    """Those of the companies that there are."""
    return await companies.many(tx, company_ids)


async def every_company(tx: Connection, after: CompanyId | None = None, limit: int = 100) -> list[Company]:
    """Companies in the order they were registered; `after` pages on."""
    return await companies.every(tx, after, min(limit, 1000))


async def changed_by(tx: Connection, company_id: CompanyId) -> list[StaffId]:
    """The members of staff another than whom approves or restores the company: who registered it, and who changed it since it was
    last approved."""
    return [StaffId(each) for each in sorted(await companies.changed_by(tx, company_id))]


async def record_reading(
    tx: Connection, company_id: CompanyId | None, actor: audit.Actor, count: int, now: datetime
) -> None:
    """That a member of staff read one company's registration, or with None a page of so many, is on record."""
    act = "companies.listed" if company_id is None else "company.viewed"
    await audit.record(
        tx,
        act=act,
        actor=actor,
        subject=company_id or actor.id,
        purpose=_PURPOSE,
        detail={"count": count},
        now=now,
    )


async def grants_of(tx: Connection, company_id: CompanyId) -> dict[str, Grant]:
    """What a company registered, by purpose."""
    return await companies.grants(tx, company_id)


async def moves_of(tx: Connection, company_id: CompanyId) -> list[CompanyMove]:
    """Who moved a company, when and why, oldest first."""
    return await companies.moves(tx, company_id)


async def _held(tx: Connection, company_id: CompanyId) -> Company:
    found = await companies.one(tx, company_id, for_update=True)
    if found is None:
        raise NotFound("there is no such company")
    return found


async def _open(tx: Connection, company_id: CompanyId) -> Company:
    held = await _held(tx, company_id)
    if held.state is CompanyState.ENDED:
        raise Conflict("the company has ended", place="company")
    return held


async def _changeable(tx: Connection, company_id: CompanyId) -> Company:
    held = await _held(tx, company_id)
    if held.state not in (CompanyState.REGISTERED, CompanyState.SUSPENDED):
        raise Conflict(
            "suspend the company first: what is registered changes before an approval only",
            place="company",
            rule="suspend-first",
        )
    return held


def _refuse_alone(held: Company, actor: audit.Actor) -> None:
    """What makes more of an approved company takes two members of staff: one suspends and changes, another restores."""
    if actor.id is not None and held.state is CompanyState.APPROVED:
        raise Conflict(
            "suspend the company first: another member restores it then",
            place="company",
            rule="suspend-first",
        )


async def _changed(tx: Connection, held: Company, what: str, now: datetime, actor: audit.Actor) -> None:
    """In the company's history, by which the one who approves is another person."""
    if not await companies.move(tx, held, CompanyEvent.CHANGED, actor, what, now):
        raise Conflict("the company has moved meanwhile", place="company")


async def _record(
    tx: Connection, act: str, company_id: CompanyId, actor: audit.Actor, now: datetime, detail: Detail
) -> None:
    await audit.record(
        tx,
        act=act,
        actor=actor,
        subject=company_id,
        purpose=_PURPOSE,
        detail=detail,
        now=now,
    )
