"""The first log-in: with the code an administrator handed over, a member makes a password and a second factor."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

from liangzheng import audit
from liangzheng.infra import attempts
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.passwords import Passwords, common_passwords
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Invalid, NotAuthenticated
from liangzheng.kernel.ids import StaffId
from liangzheng.staff import store
from liangzheng.staff.log_in import OfficerLoggedIn, attempts_of, count_attempt, open_session
from liangzheng.staff.model import StaffPolicy
from liangzheng.staff.totp_factor import TotpFactor
from liangzheng.standards import totp

_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE_LENGTH: Final = 20
_NOT_THE_CODE: Final = "number, enrolment code or second factor is wrong, or the code was used or has expired"
_NOBODY: Final = StaffId(UUID(int=0))
SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 128


def new_code() -> str:
    """Twenty characters, a hundred random bits, none of them easily taken for another: printed once, in groups of four."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    return "-".join(letters[at : at + 4] for at in range(0, _CODE_LENGTH, 4))


def code_hash(code: str) -> bytes:
    """What is kept of a code. A plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(code.replace("-", "").upper().encode()).digest()


async def show_secret(
    db: Database,
    number: str,
    code: str,
    *,
    factor: TotpFactor,
    keys: KeyIndex,
    policy: StaffPolicy,
    now: datetime,
) -> bytes:
    """A new one-time-code secret for whoever holds the enrolment code; the one shown before is good no more.

    Raises NotAuthenticated alike for a wrong number and a wrong code, TooMany.
    """
    await count_attempt(db, number, keys, policy, now)
    async with db.transaction() as tx:
        staff_id = await _with_code(tx, number, code, now)
        secret = secrets.token_bytes(totp.SECRET_OCTETS)
        await factor.show(tx, staff_id, secret, now)
        await attempts.forget(tx, store.ATTEMPTS, attempts_of(keys, number))
    return secret


async def enrol(
    db: Database,
    number: str,
    code: str,
    password: str,
    proof: str,
    *,
    passwords: Passwords,
    factor: TotpFactor,
    keys: KeyIndex,
    policy: StaffPolicy,
    now: datetime,
) -> OfficerLoggedIn:
    """Password and second factor are made, the enrolment code is used up, and the member is logged in.

    Raises Invalid for a password that will not do, NotAuthenticated, TooMany.
    """
    fault = password_fault(password, number)
    if fault is not None:
        raise Invalid("password", fault)
    await count_attempt(db, number, keys, policy, now)
    hashed = await passwords.hash(password)
    async with db.transaction() as tx:
        staff_id = await _with_code(tx, number, code, now)
        if not await factor.confirm(tx, staff_id, proof, now):
            raise NotAuthenticated(_NOT_THE_CODE)
        if not await store.use_enrolment(tx, staff_id, code_hash(code), now):
            raise NotAuthenticated(_NOT_THE_CODE)
        await store.put_password(tx, staff_id, hashed)
        await attempts.forget(tx, store.ATTEMPTS, attempts_of(keys, number))
        await audit.record(
            tx, act="staff.enrolled", actor=audit.Actor("staff", staff_id), subject=staff_id,
            purpose="administration", detail={"second_factor": "totp"}, now=now,
        )  # fmt: skip
        return await open_session(tx, staff_id, policy, now)


def password_fault(password: str, number: str) -> str | None:
    """The rule a staff password breaks, or None: long, not common, not the number (NIST SP 800-63B §5.1.1.2)."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or not password.isprintable():
        return f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} printable characters"
    folded = password.casefold()
    if folded in common_passwords() or len(set(folded)) <= 3:
        return "not one of the passwords everybody tries first"
    if number.casefold() in folded:
        return "not made of the staff number"
    return None


async def _with_code(tx: Connection, number: str, code: str, now: datetime) -> StaffId:
    staff_id = await store.staff_with_number(tx, number) or _NOBODY
    kept = await store.enrolment_hash(tx, staff_id, now)
    # Compared also for nobody, so that the time does not tell who there is.
    if not hmac.compare_digest(code_hash(code), kept or bytes(32)) or kept is None:
        raise NotAuthenticated(_NOT_THE_CODE)
    return staff_id
