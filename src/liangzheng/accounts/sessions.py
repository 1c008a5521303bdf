"""Where a person is logged in, and ending it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from liangzheng import audit
from liangzheng.accounts import rules, store
from liangzheng.accounts.model import AccountPolicy, Caller, Session
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import SessionId


async def sessions(tx: Connection, who: Caller, policy: AccountPolicy, now: datetime) -> Sequence[Session]:
    """The logins that hold, newest first."""
    found = await store.sessions_of(tx, who.person_id, now)
    return [session for session in found if rules.may_use_session(session, policy, now)]


async def end_session(tx: Connection, who: Caller, session_id: SessionId, now: datetime) -> None:
    """That login has ended; its phone keys go on. Raises NotFound, also for another person's and one that is over."""
    if not await store.end_session(tx, who.person_id, session_id, now):
        raise NotFound("there is no such login")
    await _record(tx, who, 1, now)


async def end_other_sessions(tx: Connection, who: Caller, now: datetime) -> int:
    """Every login but the caller's has ended; how many did."""
    ended = await store.end_sessions(tx, who.person_id, who.session_id, now)
    if ended:
        await _record(tx, who, ended, now)
    return ended


async def _record(tx: Connection, who: Caller, ended: int, now: datetime) -> None:
    await audit.record(
        tx, act="session.ended", actor=audit.Actor("person", who.person_id), subject=who.person_id,
        driver_id=who.driver_id, purpose="ended from another login", detail={"ended": ended}, now=now,
    )  # fmt: skip
