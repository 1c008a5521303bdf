"""One-time codes: six digits sent to a mobile, given back once, for one purpose.

A request for a code does the same work for every mobile: it counts, makes a code and keeps keyed hashes. Whether the
mobile is anybody's is looked up afterwards (`send_code`), behind the answer. Nothing that could be turned back into a
code is stored or put into the outbox: the code lives in the memory of the process that was asked until the gateway has
it, and who gets none asks again.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from liangzheng.accounts import rules, store_codes
from liangzheng.accounts.model import AccountPolicy, CodePurpose, LiveCode
from liangzheng.accounts.register import mobile_hash
from liangzheng.infra import keyindex
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.logs import logger
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.sms import Sms
from liangzheng.kernel.errors import Invalid, NotVerified, TooMany, Unavailable
from liangzheng.kernel.ids import SessionId
from liangzheng.kernel.people import Mobile

_log = logger(__name__)

DIGITS: Final = 6
GATEWAY_WITHIN_S: Final = 10.0
_TOKEN_OCTETS: Final = 32
_STEP: Final = "one-time code"
_REFUSED: Final = "it is not the code, or it was used, or it is too old: ask for a new one"
"""One answer, so that nothing is learnt from it but that the try is spent."""
_FOR_ACCOUNTS_ONLY: Final = frozenset(
    {CodePurpose.LOG_IN, CodePurpose.RESET_PASSWORD, CodePurpose.STOP_MOBILE_CHANGE}
)
_WORDS: Final = {
    CodePurpose.REGISTER: "注册",
    CodePurpose.LOG_IN: "登录",
    CodePurpose.RESET_PASSWORD: "重设密码",
    CodePurpose.CHANGE_MOBILE: "更换手机号",
    CodePurpose.STOP_MOBILE_CHANGE: "停止更换手机号",
}


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """What whoever asked is given: without it a code opens nothing."""

    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CodeToSend:
    """A code on its way to the gateway; kept nowhere."""

    mobile: Mobile = field(repr=False)
    purpose: CodePurpose
    code: str = field(repr=False)
    reference: str
    minutes: int


async def begin_code(
    tx: Connection,
    mobile: Mobile,
    purpose: CodePurpose,
    key_index: KeyIndex,
    policy: AccountPolicy,
    now: datetime,
    bound_to: SessionId | None = None,
) -> tuple[CodeRequest, CodeToSend]:
    """A fresh code takes the place of the one before, and is to be handed to `send_code` after the answer.

    Raises TooMany within a minute of the last, past the daily number, or past the daily number of wrong tries: alike for
    every mobile.
    """
    hashed = mobile_hash(key_index, mobile)
    # 1. Counted first, and alike for everybody.
    wait = rules.decide_code_wait(await store_codes.lock_budget(tx, hashed, now), policy, now)
    if wait is not None:
        raise TooMany(
            "too many codes for this mobile: wait", retry_after_s=max(1, ceil(wait.total_seconds()))
        )
    await store_codes.count_asked(tx, hashed, now, now - timedelta(days=1))
    # 2. Made, and kept as hashes.
    token, code = _token(), f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    expires_at = now + timedelta(seconds=policy.code_s)
    live = LiveCode(
        hashed, purpose, now, expires_at, 0, _digest(token), _code_hash(key_index, purpose, token, code),
        bound_to.uuid if bound_to else None, None, None, None,
    )  # fmt: skip
    await store_codes.replace_code(tx, live)
    sending = CodeToSend(mobile, purpose, code, "code-" + secrets.token_hex(16), policy.code_s // 60)
    return CodeRequest(token, expires_at), sending


async def send_code(
    database: Database, key_index: KeyIndex, sms: Sms, sending: CodeToSend, within_s: float = 0.0
) -> None:
    """The gateway has the code, unless its purpose needs an account and the mobile has none. Never raises: it runs
    behind the answer, which was the same for everybody, at a random moment `within_s` of it: sending keeps the process
    busy, and whoever asks something else right after would be kept waiting for a mobile that has an account only."""
    await asyncio.sleep(within_s * secrets.randbelow(1000) / 1000)
    if sending.purpose in _FOR_ACCOUNTS_ONLY:
        async with database.read() as tx:
            if await keyindex.find(tx, Kind.MOBILE, mobile_hash(key_index, sending.mobile)) is None:
                return
    text = (
        f"【亮证】验证码{sending.code}，用于{_WORDS[sending.purpose]}，{sending.minutes}分钟内有效。"
        "请勿告诉任何人。非本人操作请忽略。"
    )
    try:
        await asyncio.wait_for(sms.send(sending.mobile, text, sending.reference), GATEWAY_WITHIN_S)
    except (Invalid, Unavailable, TimeoutError) as failure:
        reason = getattr(failure, "code", "timeout")
        _log.warning("a one-time code was not sent", reason=reason, reference=sending.reference)


async def prove_mobile(
    database: Database,
    mobile: Mobile,
    purpose: CodePurpose,
    token: str,
    code: str,
    key_index: KeyIndex,
    policy: AccountPolicy,
    now: datetime,
    bound_to: SessionId | None = None,
) -> tuple[str, datetime]:
    """A proof that whoever asked for the code reads this mobile's messages: good once, for one act, and until when.

    Raises NotVerified alike for everything that is not the live code, TooMany when the tries of a day are used up. A try
    is counted in a transaction of its own, before it is judged: many at once get no more of them.
    """
    hashed = mobile_hash(key_index, mobile)
    # 1. Whoever did not ask for this code spends no try of whoever did.
    async with database.transaction() as tx:
        budget = await store_codes.lock_budget(tx, hashed, now)
        live = await store_codes.find_code(tx, hashed, purpose)
        if rules.code_tries_left(budget, policy, now) <= 0:
            raise TooMany("too many wrong codes for this mobile: wait a day", retry_after_s=86_400)
        asked_here = live is not None and secrets.compare_digest(live.request_hash, _digest(token))
        bound_here = live is not None and live.bound_to == (bound_to.uuid if bound_to else None)
        if live is None or not asked_here or not bound_here or not rules.may_try_code(live, policy, now):
            raise NotVerified(_STEP, _REFUSED)
        # 2. Right or wrong, with the try counted in the same step.
        right = secrets.compare_digest(live.code_hash, _code_hash(key_index, purpose, token, code))
        proof, until = _token(), now + timedelta(seconds=policy.mobile_proof_s)
        if right:
            await store_codes.keep_proof(tx, live, _digest(proof), until)
        else:
            await store_codes.count_wrong(tx, live, now, now - timedelta(days=1))
    if not right:
        raise NotVerified(_STEP, _REFUSED)
    return proof, until


async def use_mobile_proof(
    tx: Connection,
    mobile: Mobile,
    purpose: CodePurpose,
    proof: str,
    key_index: KeyIndex,
    now: datetime,
    bound_to: SessionId | None = None,
) -> None:
    """The proof is used up by the act of this transaction. Raises NotVerified for one of another mobile, purpose or login,
    one that was used or is too old."""
    used = await store_codes.use_proof(
        tx, mobile_hash(key_index, mobile), purpose, _digest(proof), bound_to.uuid if bound_to else None, now
    )
    if not used:
        raise NotVerified("mobile proof", "it is another's, was used, or is too old: ask for a new code")


def _token() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(_TOKEN_OCTETS)).rstrip(b"=").decode()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _code_hash(key_index: KeyIndex, purpose: CodePurpose, token: str, code: str) -> bytes:
    """Keyed: a million codes are too few for a plain hash. No mobile is written like this, so the two never meet."""
    return key_index.hash(Kind.MOBILE, f"code {purpose} {token} {code}")
