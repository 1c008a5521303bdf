"""Eight digits in place of a 亮码, for a verifier whose camera does not work: online only, for a minute, one
showing."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from liangzheng import accounts, audit
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.classes import DrivingClass
from liangzheng.kernel.errors import Forbidden, Invalid, NotFound, NotVerified, Unavailable
from liangzheng.kernel.ids import DriverId, PersonId
from liangzheng.showing import store
from liangzheng.showing.model import Verifier
from liangzheng.showing.reading import code_in
from liangzheng.showing.verify_online import Ask
from liangzheng.standards import livecode
from liangzheng.standards.livecode import Lives, NotVerifiedStep, TrustBundle

LIVES_FOR: Final = timedelta(seconds=60)
_DIGITS = re.compile(r"[0-9]{8}")
_TRIES: Final = 8


@dataclass(frozen=True, slots=True, repr=False)
class ShortCode:
    """What the holder reads out."""

    digits: str
    expires_at: datetime


async def make_short_code(
    tx: Connection,
    trust: TrustBundle,
    lives: Lives,
    holder: PersonId,
    driver_id: DriverId,
    code: str,
    now: datetime,
) -> ShortCode:
    """Digits that stand for the holder's own fresh code, once, until `expires_at`.

    Raises NotVerified naming the step for a code that is not genuine and fresh, Forbidden for one that is not
    the holder's own.
    """
    try:
        code = code_in(code)
        claims = livecode.Verifier(trust, lives).open(code, now).credential
    except NotVerifiedStep as failure:
        raise NotVerified(failure.step, failure.why) from None
    if await store.driver_at(tx, claims.status_list, claims.status_index) != driver_id:
        raise Forbidden("this code is not yours", place="code")
    for _ in range(_TRIES):
        digits = f"{secrets.randbelow(10**8):08d}"
        if await store.add_short_code(tx, digits, code.encode(), now, LIVES_FOR):
            break
    else:
        raise Unavailable("no eight digits are free; try again", retry_after_s=5)
    await accounts.phone_key_used(tx, holder, claims.phone_key, now)
    actor = audit.Actor("person", holder)
    await audit.record(
        tx, act="short-code.made", actor=actor, driver_id=driver_id, purpose="showing", now=now
    )
    return ShortCode(digits, now + LIVES_FOR)


async def ask_by_short_code(
    db: Database,
    verifier: Verifier,
    digits: str,
    request_key: str,
    purpose: str,
    want_class: DrivingClass | None,
    now: datetime,
    duty: str | None = None,
) -> Ask:
    """What to ask about the code behind eight digits; they are used up by it, but for the same request of
    the same verifier.

    Raises Invalid for other than eight digits, NotFound, in the same words, for digits that are unknown,
    over or used.
    """
    if not _DIGITS.fullmatch(digits):
        raise Invalid("short_code", "eight digits")
    async with db.transaction() as tx:
        kept = await store.use_short_code(tx, digits, verifier.id, request_key, now)
        if kept is None:
            raise NotFound(
                "no such short code: one lives for 60 seconds and is used once", place="short_code"
            )
    code, made_at = kept
    return Ask(code.decode(), request_key, purpose, want_class, handed_in_at=made_at, duty=duty)
