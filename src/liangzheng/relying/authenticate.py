"""Who a company's system is: client credentials for a token of some minutes (RFC 6749 §4.4), a token for a call."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Invalid, NotAuthenticated
from liangzheng.kernel.ids import CompanyId
from liangzheng.relying.ask import record_refusal
from liangzheng.relying.lifecycle import CompanyState
from liangzheng.relying.model import AccessToken, CompanyCaller, ConsentPolicy
from liangzheng.relying.register import secret_hash
from liangzheng.relying.rules import AskRefusal
from liangzheng.relying.store import companies

_NOBODY = bytes(32)
_NOT_KNOWN = "unknown client, wrong secret, or a client that is not approved"
NOT_A_CALLER = "send Authorization: Bearer with a token of POST /relying/token"


class ScopeRefused(Invalid):
    """A scope that is no purpose the company registered (RFC 6749 §5.2, invalid_scope)."""


async def grant_token(
    db: Database,
    client_id: str,
    secret: str,
    purposes: Sequence[str] | None,
    policy: ConsentPolicy,
    now: datetime,
) -> AccessToken:
    """A token for these purposes, or for all that are registered when none is named.

    Raises NotAuthenticated, in the same words and after the same work, for an unknown client, a wrong secret and
    a company that is not approved; ScopeRefused.
    """
    company_id = _company_id(client_id)
    async with db.transaction() as tx:
        asked = company_id or CompanyId.new()
        company = await companies.one(tx, asked)
        live = await companies.live_secrets(tx, asked, now)
        given = secret_hash(secret)
        # Each is compared, and one when there is none, so that the time does not tell how many there are.
        right = [hmac.compare_digest(given, known) for known in (*live, *[_NOBODY] * (2 - len(live)))]
        if company is None or not any(right[: len(live)]):
            raise NotAuthenticated(_NOT_KNOWN)
        registered = await companies.grants(tx, company.id)
        wanted = tuple(registered) if purposes is None else tuple(dict.fromkeys(purposes))
        refusal = _refusal_of(company.state, wanted, registered)
        token = secrets.token_urlsafe(32)
        if refusal is None:
            expires_at = now + timedelta(seconds=policy.token_s)
            await companies.add_token(tx, company.id, secret_hash(token), wanted, now, expires_at)
    if refusal is None:
        return AccessToken(f"{company.id}.{token}", wanted, policy.token_s)
    # With the right secret it was the company: what it asked outside its registration is on record.
    outside = next((purpose for purpose in wanted if purpose not in registered), "")
    await record_refusal(db, company.id, refusal, outside, (), now)
    if refusal is AskRefusal.NOT_APPROVED:
        raise NotAuthenticated(_NOT_KNOWN)
    raise ScopeRefused("scope", "purposes the company registered")


def _refusal_of(state: CompanyState, wanted: Sequence[str], registered: Collection[str]) -> AskRefusal | None:
    if state is not CompanyState.APPROVED:
        return AskRefusal.NOT_APPROVED
    return None if wanted and set(wanted) <= set(registered) else AskRefusal.PURPOSE_NOT_REGISTERED


async def caller(db: Database, token: str, now: datetime) -> CompanyCaller:
    """The approved company whose token this is. Raises NotAuthenticated, in the same words for every fault."""
    text, _, secret = token.partition(".")
    company_id = _company_id(text)
    async with db.read() as tx:
        found = await _caller(tx, company_id, secret_hash(secret), now) if company_id else None
    if found is None or found.state is not CompanyState.APPROVED:
        raise NotAuthenticated(NOT_A_CALLER)
    return found


async def _caller(
    tx: Connection, company_id: CompanyId, token_hash: bytes, now: datetime
) -> CompanyCaller | None:
    purposes = await companies.token_purposes(tx, company_id, token_hash, now)
    company = await companies.one(tx, company_id)
    if purposes is None or company is None:
        return None
    grants = await companies.grants(tx, company_id)
    return CompanyCaller(company.id, company.name, company.state, company.quota, frozenset(purposes), grants)


def _company_id(text: str) -> CompanyId | None:
    try:
        return CompanyId.parse(text)
    except Invalid:
        return None
