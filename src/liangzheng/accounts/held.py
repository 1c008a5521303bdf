"""Changing the mobile and closing the account: asked now, told at once to where its owner is reached, done after a
holding time, and stopped until then by the app, by the word in that notice or by a code to the old mobile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from liangzheng import audit
from liangzheng.accounts import store, store_held
from liangzheng.accounts.check_face import consume_face_check, void_face_checks
from liangzheng.accounts.codes import use_mobile_proof
from liangzheng.accounts.lifecycle import HELD_ACT, Event, HeldEvent, HeldKind, HeldState
from liangzheng.accounts.model import Account, AccountPolicy, Caller, CodePurpose, HeldAct, Purpose
from liangzheng.accounts.my_data import end_corrections
from liangzheng.accounts.passkeys import Answered, remove_passkeys, use_passkey
from liangzheng.accounts.phone_keys import revoke_phone_key
from liangzheng.accounts.register import mobile_hash
from liangzheng.accounts.stop_word import is_stop_word
from liangzheng.infra import attempts, keyindex, outbox
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.passwords import Passwords
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.webauthn_ceremonies import PasskeySite
from liangzheng.kernel.errors import Conflict, Invalid, NotFound, NotVerified
from liangzheng.kernel.ids import FaceCheckId, HeldActId, PersonId
from liangzheng.kernel.people import Mobile

CLOSED = "account.closed"
_ASKED = {HeldKind.MOBILE: "mobile-change.asked", HeldKind.CLOSING: "account-closing.asked"}
_ENDED = {
    (HeldKind.MOBILE, HeldState.STOPPED): "mobile-change.stopped",
    (HeldKind.MOBILE, HeldState.DONE): "mobile-change.done",
    (HeldKind.MOBILE, HeldState.FAILED): "mobile-change.failed",
    (HeldKind.CLOSING, HeldState.STOPPED): "account-closing.stopped",
    (HeldKind.CLOSING, HeldState.DONE): CLOSED,
    (HeldKind.CLOSING, HeldState.FAILED): "account-closing.failed",
}
TOPICS = (*_ASKED.values(), *_ENDED.values())


@dataclass(frozen=True, slots=True)
class Reauthentication:
    """What a logged-in person proves once more: the password, and a face check made for this or a passkey."""

    password: str = field(repr=False)
    face_check_id: FaceCheckId | None = None
    passkey: Answered | None = None


async def check_password(
    database: Database,
    person_id: PersonId,
    password: str,
    *,
    passwords: Passwords,
    key_index: KeyIndex,
    policy: AccountPolicy,
    now: datetime,
) -> None:
    """Raises NotVerified unless it is the person's password; TooMany while attempts are refused. They count as those of a
    log-in do: a stolen login is no place to guess at."""
    async with database.read() as tx:
        account = await store.find_account(tx, person_id)
        kept = await store.find_password(tx, person_id)
    if account is None:
        raise NotFound("there is no such person")
    hashed = mobile_hash(key_index, account.mobile)
    await attempts.count(database, store.ATTEMPTS, hashed, policy, now)
    if not await passwords.matches(kept, password):
        raise NotVerified("password", "it is not the password of this account")
    async with database.statement() as tx:
        await attempts.forget(tx, store.ATTEMPTS, hashed)


async def change_mobile(
    tx: Connection,
    who: Caller,
    mobile: Mobile,
    mobile_proof: str,
    proven: Reauthentication,
    site: PasskeySite,
    key_index: KeyIndex,
    policy: AccountPolicy,
    now: datetime,
) -> HeldAct:
    """The change waits, and the old mobile is told. The password was checked before, by `check_password`.

    Raises NotVerified when the code to the new mobile, the face check or the passkey does not hold, Conflict when the
    mobile is another account's or a change waits already, Invalid when neither face check nor passkey is given.
    """
    account = await _account(tx, who.person_id)
    if mobile == account.mobile:
        raise Invalid("mobile", "another than the present one")
    # 1. Whoever asks reads the new mobile.
    await use_mobile_proof(
        tx, mobile, CodePurpose.CHANGE_MOBILE, mobile_proof, key_index, now, bound_to=who.session_id
    )
    owner = await keyindex.find(tx, Kind.MOBILE, mobile_hash(key_index, mobile))
    if owner is not None and owner != who.person_id.uuid:
        raise Conflict("this mobile has an account", place="mobile")
    act = _held(who.person_id, HeldKind.MOBILE, policy.mobile_change_hold_s, now, mobile)
    # 2. And is the person: a password and a code alone are what a thief of a SIM card has.
    if proven.face_check_id is not None:
        await consume_face_check(
            tx, who.person_id, proven.face_check_id, Purpose.CHANGE_MOBILE, act.held_act_id, now
        )
    elif proven.passkey is not None:
        await use_passkey(tx, who.person_id, proven.passkey, site, policy, now)
    else:
        raise Invalid("face_check", "a passed face check for this, or a passkey")
    # 3. It waits, and the old mobile hears of it.
    await _begin(tx, act, account, now)
    return act


async def close(tx: Connection, who: Caller, policy: AccountPolicy, now: datetime) -> HeldAct:
    """The closing waits. Raises Conflict when one waits already. The password was checked before."""
    account = await _account(tx, who.person_id)
    act = _held(who.person_id, HeldKind.CLOSING, policy.closing_hold_s, now, None)
    await _begin(tx, act, account, now)
    return act


async def stop_held(tx: Connection, person_id: PersonId, held_act_id: HeldActId, now: datetime) -> HeldAct:
    """Stopped in the app; again changes nothing. Raises NotFound, Conflict when it was done already."""
    account = await _account(tx, person_id)
    act = await store_held.find(tx, person_id, held_act_id)
    if act is None:
        raise NotFound("there is no such act")
    if act.state is not HeldState.STOPPED:
        await _end(tx, act, HeldEvent.STOPPED_BY_OWNER, account, now)
    found = await store_held.find(tx, person_id, held_act_id)
    assert found is not None, "it was there a moment ago"
    return found


async def stop_by_mobile(
    tx: Connection, mobile: Mobile, mobile_proof: str, key_index: KeyIndex, now: datetime
) -> None:
    """Everything that waits is stopped by whoever reads the old mobile. Somebody who knew the password asked for it:
    every login ends, the passkeys that password may have made are gone, and it opens nothing until it is reset. Raises
    NotVerified; nothing waiting is no fault."""
    await use_mobile_proof(tx, mobile, CodePurpose.STOP_MOBILE_CHANGE, mobile_proof, key_index, now)
    owner = await keyindex.find(tx, Kind.MOBILE, mobile_hash(key_index, mobile))
    if owner is not None:
        await _stop_all(tx, await _account(tx, PersonId(owner)), now)


async def stop_by_word(tx: Connection, mobile: Mobile, word: str, key_index: KeyIndex, now: datetime) -> None:
    """As `stop_by_mobile`, by the word in the notice: codes to a mobile can be used up by whoever knows it, this cannot.

    Again changes nothing. Raises NotVerified alike for a mobile without an account and for a word of no act that waits.
    """
    owner = await keyindex.find(tx, Kind.MOBILE, mobile_hash(key_index, mobile))
    person_id = PersonId(owner or UUID(int=0))
    await store.find_person(tx, person_id, for_update=True)
    known = await store_held.of_person(tx, person_id)
    named = next((act for act in known if is_stop_word(word, key_index, act.held_act_id)), None)
    account = await store.find_account(tx, person_id)
    if named is None or account is None or named.state not in (HeldState.WAITING, HeldState.STOPPED):
        raise NotVerified("stop word", "it is not the word of something that waits for this mobile")
    if named.state is HeldState.WAITING:
        await _stop_all(tx, account, now)


async def _stop_all(tx: Connection, account: Account, now: datetime) -> None:
    """Somebody who knew the password asked for what waits."""
    acts = await store_held.waiting(tx, account.person.person_id)
    for act in acts:
        await _end(tx, act, HeldEvent.STOPPED_BY_OWNER, account, now)
    if acts:
        await store.end_sessions(tx, account.person.person_id, None, now)
        await remove_passkeys(tx, account.person.person_id, now)
        await store.set_password(tx, account.person.person_id, None)


async def held_acts(tx: Connection, person_id: PersonId) -> Sequence[HeldAct]:
    """What waits, and what became of those before, newest first."""
    return await store_held.of_person(tx, person_id)


async def is_held(tx: Connection, person_id: PersonId, held_act_id: HeldActId) -> bool:
    """Whether the act still waits, so that its notice is of use."""
    return await store_held.is_waiting_act(tx, person_id, held_act_id)


async def owner_noticed(tx: Connection, person_id: PersonId, held_act_id: HeldActId, now: datetime) -> None:
    """The notice was handed over: from now on the holding time runs. Again, or once the act has ended, changes nothing."""
    await store_held.noticed(tx, person_id, held_act_id, now)


async def complete_held(database: Database, key_index: KeyIndex, now: datetime, limit: int = 100) -> int:
    """Acts noticed a holding time ago are done, each in its own transaction; how many. A job, good to repeat."""
    async with database.read() as tx:
        found = await store_held.due(tx, now, limit)
    done = 0
    for person_id, held_act_id in found:
        async with database.transaction() as tx:
            done += await _complete(tx, person_id, held_act_id, key_index, now)
    return done


async def _complete(
    tx: Connection, person_id: PersonId, held_act_id: HeldActId, key_index: KeyIndex, now: datetime
) -> bool:
    account = await _account(tx, person_id)
    act = await store_held.find(tx, person_id, held_act_id)
    if act is None or act.state is not HeldState.WAITING or act.noticed_at is None or now < act.due_at:
        return False  # another worker, or its owner, was faster
    if act.kind is HeldKind.MOBILE:
        # A notice still to be sent is for the mobile of when it was asked: that stays until it has been.
        if any(other.noticed_at is None for other in await store_held.waiting(tx, person_id)):
            return False
        return await _complete_mobile(tx, act, account, key_index, now)
    for waiting in await store_held.waiting(tx, person_id):
        if waiting.held_act_id != held_act_id:
            await _end(tx, waiting, HeldEvent.NOT_POSSIBLE, account, now)
    await _end(tx, act, HeldEvent.HELD_LONG_ENOUGH, account, now)
    await _close_now(tx, account, key_index, now)
    return True


async def _complete_mobile(
    tx: Connection, act: HeldAct, account: Account, key_index: KeyIndex, now: datetime
) -> bool:
    assert act.new_mobile is not None, "a waiting change names its mobile"
    try:
        await keyindex.claim(tx, Kind.MOBILE, mobile_hash(key_index, act.new_mobile), act.person_id)
    except Conflict:
        await _end(tx, act, HeldEvent.NOT_POSSIBLE, account, now)
        return False
    await keyindex.release(tx, Kind.MOBILE, mobile_hash(key_index, account.mobile), act.person_id)
    await store_held.set_mobile(tx, act.person_id, act.new_mobile)
    await _end(tx, act, HeldEvent.HELD_LONG_ENOUGH, account, now)
    return True


async def _close_now(tx: Connection, account: Account, key_index: KeyIndex, now: datetime) -> None:
    """Person, licence records and audit stay, as the law demands; no way in does, and the numbers are free again."""
    person = account.person
    for key in await store.phone_keys(tx, person.person_id):
        await revoke_phone_key(tx, person.person_id, key.phone_key_id, now)
    await void_face_checks(tx, person.person_id, Event.ACCOUNT_CLOSED, now)
    await end_corrections(tx, person.person_id, now)
    await keyindex.release(tx, Kind.MOBILE, mobile_hash(key_index, account.mobile), person.person_id)
    if person.driver_id is not None:
        await store_held.free_driver(tx, person.driver_id.uuid, person.person_id)
    await store_held.close_account(tx, person.person_id, now)


def _held(person_id: PersonId, kind: HeldKind, hold_s: int, now: datetime, mobile: Mobile | None) -> HeldAct:
    due = now + timedelta(seconds=hold_s)
    return HeldAct(person_id, HeldActId.new(), kind, HELD_ACT.start, now, due, None, 1, mobile)


async def _begin(tx: Connection, act: HeldAct, account: Account, now: datetime) -> None:
    await store_held.add(tx, act)
    await _tell(tx, _ASKED[act.kind], act, account, now)


async def _end(tx: Connection, act: HeldAct, event: HeldEvent, account: Account, now: datetime) -> None:
    target = HELD_ACT.step(act.state, event)
    await store_held.move(tx, act, target, now)
    await _tell(tx, _ENDED[act.kind, target], act, account, now)


async def _tell(tx: Connection, topic: str, act: HeldAct, account: Account, now: datetime) -> None:
    driver_id = account.person.driver_id
    body = {"held_act_id": str(act.held_act_id)}
    if topic == CLOSED and driver_id is not None:
        body["driver_id"] = str(driver_id)  # what the person gave as a driver ends with the account
    await outbox.put(tx, topic, act.person_id, body, now)
    await audit.record(
        tx, act=topic, actor=audit.Actor("person", act.person_id), subject=act.person_id,
        driver_id=driver_id, purpose="account", detail={"held_act": str(act.held_act_id)}, now=now,
    )  # fmt: skip


async def _account(tx: Connection, person_id: PersonId) -> Account:
    await store.find_person(tx, person_id, for_update=True)
    found = await store.find_account(tx, person_id)
    if found is None:
        raise NotFound("there is no such person")
    return found
