"""Logging in with number, password and second factor; proving the second factor again; who a token belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from liangzheng import audit
from liangzheng.infra import attempts, login_tokens
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.passwords import Passwords
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import NotAuthenticated
from liangzheng.kernel.ids import StaffId, StaffSessionId
from liangzheng.staff import rules, store
from liangzheng.staff.model import Officer, StaffPolicy, StaffSession
from liangzheng.staff.ports import SecondFactor

_TOUCH_EVERY: Final = timedelta(seconds=30)
_ATTEMPTS: Final = 65
_OWN_ATTEMPTS: Final = 67
"""The kinds of the keyed hash under which attempts are counted; none of the key index's own."""
REFUSED: Final = "number, password or second factor is wrong"
_NOBODY: Final = StaffId(UUID(int=0))


@dataclass(frozen=True, slots=True)
class OfficerLoggedIn:
    """A new login; the token is shown this once."""

    token: str
    expires_at: datetime
    officer: Officer

    def __repr__(self) -> str:
        return "OfficerLoggedIn(…)"


async def log_in(
    db: Database,
    number: str,
    password: str,
    proof: str,
    *,
    passwords: Passwords,
    factor: SecondFactor,
    keys: KeyIndex,
    policy: StaffPolicy,
    now: datetime,
    known: UUID | None = None,
) -> OfficerLoggedIn:
    """A new login. Raises NotAuthenticated in the same words for a wrong number, password or second factor, TooMany while
    attempts with this number are refused, whether or not it is anybody's.

    `known`: who the device says has logged in on it, proven by a mark of ours; tries of theirs are counted apart.
    """
    # 1. Counted before anything is looked at: many at once get no more tries than one by one.
    own = False
    if known is not None:
        async with db.read() as tx:
            owner = await store.staff_with_number(tx, number)
        own = owner is not None and owner.uuid == known
    await count_attempt(db, number, keys, policy, now, own=own)
    # 2. The password, outside any transaction: a hash takes long, and takes it for nobody too.
    async with db.read() as tx:
        staff_id = await store.staff_with_number(tx, number) or _NOBODY
        kept = await store.password_hash(tx, staff_id)
    is_right = await passwords.matches(kept, password)
    # 3. The second factor, used up with the login it opens. A wrong password uses no code up.
    async with db.transaction() as tx:
        if not is_right or not await factor.prove(tx, staff_id, proof, now):
            raise NotAuthenticated(REFUSED)
        await attempts.forget(tx, store.ATTEMPTS, attempts_of(keys, number, own=own))
        return await open_session(tx, staff_id, policy, now)


def attempts_of(keys: KeyIndex, number: str, *, own: bool = False) -> bytes:
    """Under what attempts with a number are counted: what people type there by mistake is kept nowhere. `own`: those of whose
    number it is, as far as a mark or a login says so; what anybody may fail in their name is counted apart from these."""
    return keys.hash(_OWN_ATTEMPTS if own else _ATTEMPTS, number)


async def count_attempt(
    db: Database, number: str, keys: KeyIndex, policy: StaffPolicy, now: datetime, *, own: bool = False
) -> None:
    """One attempt more. Raises TooMany while attempts with this number are refused."""
    await attempts.count(db, store.ATTEMPTS, attempts_of(keys, number, own=own), policy, now)


async def open_session(
    tx: Connection, staff_id: StaffId, policy: StaffPolicy, now: datetime
) -> OfficerLoggedIn:
    """A login for somebody who has just proved both factors. Raises NotAuthenticated when they are not active."""
    token, token_hash = login_tokens.make(staff_id.uuid)
    opened = StaffSession(
        staff_id=staff_id,
        session_id=StaffSessionId.new(),
        token_hash=token_hash,
        opened_at=now,
        seen_at=now,
        proved_at=now,
        expires_at=now + timedelta(seconds=policy.session_s),
        ended_at=None,
    )
    if not await store.add_session(tx, opened, policy.sessions_at_once):
        raise NotAuthenticated(REFUSED)
    found = await store.session(tx, staff_id, token_hash)
    assert found is not None, "the login was added in this transaction"
    await audit.record(
        tx, act="staff-session.opened", actor=audit.Actor("staff", staff_id), subject=staff_id,
        purpose="log-in", now=now,
    )  # fmt: skip
    return OfficerLoggedIn(token, opened.expires_at, found[1])


async def officer_of(db: Database, token: str, policy: StaffPolicy, now: datetime) -> Officer:
    """Whose token this is, with the duties of this moment. Raises NotAuthenticated for every fault alike."""
    owner, token_hash = login_tokens.read(token)
    async with db.read() as tx:
        found = await store.session(tx, StaffId(owner), token_hash)
        if found is None or not rules.may_use_session(found[0], policy, now):
            raise NotAuthenticated(login_tokens.NOT_LOGGED_IN)
    if now - found[0].seen_at >= _TOUCH_EVERY:
        async with db.statement() as tx:
            await store.touch_session(tx, found[0], now)
    return found[1]


async def prove_again(
    db: Database,
    officer: Officer,
    proof: str,
    *,
    factor: SecondFactor,
    keys: KeyIndex,
    policy: StaffPolicy,
    now: datetime,
) -> None:
    """The login carries a second factor proved now. Raises NotAuthenticated, TooMany; attempts count as log-ins of one's own."""
    await count_attempt(db, officer.number.value, keys, policy, now, own=True)
    async with db.transaction() as tx:
        proved = await factor.prove(tx, officer.staff_id, proof, now)
        if not proved or not await store.prove_session(tx, officer, now):
            raise NotAuthenticated(REFUSED)
        await attempts.forget(tx, store.ATTEMPTS, attempts_of(keys, officer.number.value, own=True))
        await audit.record(
            tx, act="staff-session.proved", actor=audit.Actor("staff", officer.staff_id),
            subject=officer.staff_id, purpose="second-factor", now=now,
        )  # fmt: skip


async def log_out(tx: Connection, officer: Officer, now: datetime) -> None:
    """The login has ended; again changes nothing."""
    if await store.end_session(tx, officer, now):
        await audit.record(
            tx, act="staff-session.ended", actor=audit.Actor("staff", officer.staff_id),
            subject=officer.staff_id, purpose="log-out", now=now,
        )  # fmt: skip
