"""Proving once more that it is the person and not somebody with their login."""

from __future__ import annotations

from datetime import datetime

from liangzheng.accounts import rules, store
from liangzheng.accounts.model import AccountPolicy, Caller
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Forbidden


async def keep_proof(tx: Connection, who: Caller, now: datetime) -> None:
    """The login is fresh. A password or a passkey was checked before."""
    await store.keep_proof(tx, who.person_id, who.session_id, now)


def demand_fresh(who: Caller, policy: AccountPolicy, now: datetime) -> None:
    """Raises Forbidden unless the caller logged in, or proved who they are, minutes ago."""
    if not rules.is_fresh(who.proved_at, policy, now):
        raise Forbidden(
            "show your password or a passkey first: POST /holder/sessions/current/proofs",
            place="proof", rule=f"of the last {policy.fresh_s} seconds",
        )  # fmt: skip
