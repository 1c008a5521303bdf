"""Logging in and out, and who a token belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

from liangzheng import audit
from liangzheng.accounts import rules, store, store_many
from liangzheng.accounts.codes import use_mobile_proof
from liangzheng.accounts.model import AccountPolicy, Caller, CodePurpose, LoggedIn, Session
from liangzheng.accounts.register import REFUSED, mobile_hash
from liangzheng.infra import attempts, keyindex, login_tokens
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.passwords import Passwords
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.together import Together
from liangzheng.kernel.errors import NotAuthenticated
from liangzheng.kernel.ids import PersonId, SessionId
from liangzheng.kernel.people import Mobile

_LOOKED_UP_TOGETHER = 32
_TOUCH_EVERY = timedelta(seconds=60)
_OWN_ATTEMPTS = 68
"""The kind of the keyed hash under which tries of a person's own devices are counted; none of the key index's own."""


async def log_in(
    database: Database,
    mobile: Mobile,
    password: str,
    *,
    passwords: Passwords,
    key_index: KeyIndex,
    policy: AccountPolicy,
    now: datetime,
    phone_offset_ms: int | None = None,
    mobile_proof: str | None = None,
    known: UUID | None = None,
) -> LoggedIn:
    """A new session, and its token this once. `mobile_proof` is demanded of who chose a second factor.

    `known`: who the device says has logged in on it, proven by a mark of ours; tries of theirs are counted apart, so that nobody
    who fails on purpose with their mobile keeps them out.

    Raises NotAuthenticated alike for an unknown mobile and a wrong password, after the same work; TooMany
    while attempts for this mobile are refused, whether or not it has an account.
    """
    # 1. Counted before the password is looked at: many at once get no more tries than one by one.
    hashed = counted = mobile_hash(key_index, mobile)
    if known is not None:
        async with database.read() as tx:
            if await keyindex.find(tx, Kind.MOBILE, hashed) == known:
                counted = key_index.hash(_OWN_ATTEMPTS, mobile.value)
    await attempts.count(database, store.ATTEMPTS, counted, policy, now)
    # 2. Compared outside any transaction: a hash takes long.
    async with database.read() as tx:
        owner = await keyindex.find(tx, Kind.MOBILE, hashed)
        person_id = PersonId(owner) if owner is not None else PersonId(UUID(int=0))
        kept = await store.find_password(tx, person_id)
    if not await passwords.matches(kept, password) or kept is None:
        raise NotAuthenticated(REFUSED)
    renewed = await passwords.hash(password) if passwords.is_outdated(kept) else None
    # 3. The session, unless the password was replaced while it was compared.
    async with database.transaction() as tx:
        await store.find_person(tx, person_id, for_update=True)
        if await store.find_password(tx, person_id) != kept:
            raise NotAuthenticated(REFUSED)
        if await store.has_second_factor(tx, person_id):
            if mobile_proof is None:
                raise SecondFactorMissing(
                    "a one-time code comes second", place="mobile_proof", rule="of a code for log-in"
                )
            await use_mobile_proof(tx, mobile, CodePurpose.LOG_IN, mobile_proof, key_index, now)
        await attempts.forget(tx, store.ATTEMPTS, counted)
        if renewed is not None:
            await store.replace_password_hash(tx, person_id, kept, renewed)
        return await open_session(tx, person_id, policy, now, phone_offset_ms, "log-in")


class SecondFactorMissing(NotAuthenticated):
    """The password was right and is not enough: its person chose a second factor."""


async def open_session(
    tx: Connection,
    person_id: PersonId,
    policy: AccountPolicy,
    now: datetime,
    phone_offset_ms: int | None,
    purpose: str,
) -> LoggedIn:
    """A new session of a person who has proved who they are; their oldest ones end when there are too many."""
    token, token_hash = login_tokens.make(person_id.uuid)
    session = Session(
        person_id=person_id,
        session_id=SessionId.new(),
        token_hash=token_hash,
        opened_at=now,
        seen_at=now,
        expires_at=now + timedelta(seconds=policy.session_absolute_s),
        ended_at=None,
        phone_offset_ms=phone_offset_ms,
    )
    await store.end_oldest_sessions(tx, person_id, policy.sessions_at_once - 1, now)
    await store.add_session(tx, session)
    login = (person_id.uuid, token_hash)
    found = (await store_many.sessions(tx, [login])).get(login)
    assert found is not None, "the session was added in this transaction"
    await audit.record(
        tx, act="session.opened", actor=audit.Actor("person", person_id), subject=person_id,
        driver_id=found[1].driver_id, purpose=purpose, now=now,
    )  # fmt: skip
    return LoggedIn(token, session, found[1])


async def session(
    database: Database,
    token: str,
    policy: AccountPolicy,
    *,
    now: datetime,
    phone_offset_ms: int | None = None,
) -> Caller:
    """Whose token this is. Raises NotAuthenticated for one that is malformed, unknown, ended or expired."""
    found = await _logins(database).go(login_tokens.read(token))
    if found is None or not rules.may_use_session(found[0], policy, now):
        raise NotAuthenticated(login_tokens.NOT_LOGGED_IN)
    kept, caller = found
    if now - kept.seen_at >= _TOUCH_EVERY:
        async with database.statement() as tx:
            await store.touch_session(tx, kept, now, phone_offset_ms)
    return caller


_Login = tuple[UUID, bytes]
_Found = tuple[Session, Caller] | None
_queues: WeakKeyDictionary[Database, Together[_Login, _Found]] = WeakKeyDictionary()


def _logins(database: Database) -> Together[_Login, _Found]:
    """Requests that come at the same moment are looked up together; each is looked up, none is remembered."""
    if database not in _queues:

        async def ask(asked: Sequence[_Login]) -> Sequence[_Found]:
            async with database.read() as tx:
                found = await store_many.sessions(tx, asked)
            return [found.get(login) for login in asked]

        _queues[database] = Together(ask, lambda login: login, most=_LOOKED_UP_TOGETHER, at_once=4)
    return _queues[database]


async def log_out(tx: Connection, caller: Caller, now: datetime) -> None:
    """The session has ended; again changes nothing."""
    if await store.end_session(tx, caller.person_id, caller.session_id, now):
        await audit.record(
            tx, act="session.ended", actor=audit.Actor("person", caller.person_id), subject=caller.person_id,
            driver_id=caller.driver_id, purpose="log-out", now=now,
        )  # fmt: skip
