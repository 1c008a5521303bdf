"""The second factors of whoever is logged in: passkeys added and removed, one-time codes given up. One always remains."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from liangzheng import audit
from liangzheng.accounts import label_fault
from liangzheng.infra import webauthn_ceremonies
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.webauthn_ceremonies import CHALLENGE_OCTETS, REFUSED, STEP, PasskeySite
from liangzheng.kernel.errors import Conflict, Invalid, NotFound, NotVerified
from liangzheng.kernel.ids import PasskeyId
from liangzheng.staff import store, store_passkeys
from liangzheng.staff.acting import actor_of
from liangzheng.staff.model import Officer, StaffPasskey, StaffPolicy
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import Refusal, may_change_factors, may_remove_factor

_LAST = "it is the last second factor: add another first"


async def begin_passkey(
    tx: Connection, officer: Officer, site: PasskeySite, policy: StaffPolicy, now: datetime
) -> dict[str, Any]:
    """`PublicKeyCredentialCreationOptions`. Raises Forbidden unless the second factor was proved minutes ago, Conflict when
    there are too many."""
    _demand_fresh(officer, policy, now)
    known = await store_passkeys.of_member(tx, officer.staff_id)
    if len(known) >= policy.most_passkeys:
        raise Conflict(f"at most {policy.most_passkeys} passkeys: remove one first")
    challenge = secrets.token_bytes(CHALLENGE_OCTETS)
    expires_at = now + timedelta(seconds=policy.passkey_challenge_s)
    await store_passkeys.add_challenge(tx, challenge, officer.staff_id, expires_at)
    return webauthn_ceremonies.creation_options(
        site, challenge, officer.staff_id.uuid.bytes, [passkey.credential_id for passkey in known]
    )


async def add_passkey(
    db: Database,
    officer: Officer,
    label: str,
    sent: str,
    site: PasskeySite,
    policy: StaffPolicy,
    now: datetime,
) -> StaffPasskey:
    """The passkey is a second factor of the officer's. `sent`: the credential in the JSON form of WebAuthn.

    Raises Forbidden as `begin_passkey` does, Invalid, NotVerified when the ceremony does not hold, Conflict when it is there.
    """
    _demand_fresh(officer, policy, now)
    fault = label_fault(label)
    if fault is not None:
        raise Invalid("label", fault)
    read = webauthn_ceremonies.read(sent)
    # Spent in a transaction of its own: a failed ceremony leaves nothing to try again with.
    async with db.transaction() as tx:
        if not await store_passkeys.use_challenge(tx, read.challenge, officer.staff_id, now):
            raise NotVerified(STEP, REFUSED)
    made = webauthn_ceremonies.created(read, site)
    passkey = StaffPasskey(
        officer.staff_id, PasskeyId.new(), now, None, made.sign_count, made.backed_up, label, made.credential_id,
        made.public_key,
    )  # fmt: skip
    async with db.transaction(store.CONSTRAINTS) as tx:
        await store.hold_member(tx, officer.staff_id)
        if len(await store_passkeys.of_member(tx, officer.staff_id)) >= policy.most_passkeys:
            raise Conflict(f"at most {policy.most_passkeys} passkeys: remove one first")
        await store_passkeys.add(tx, passkey)
        await _record(tx, "second-factor.added", officer, {"passkey": str(passkey.passkey_id)}, now)
    return passkey


async def second_factors(tx: Connection, officer: Officer) -> tuple[bool, Sequence[StaffPasskey]]:
    """Whether one-time codes are one, and the passkeys, oldest first."""
    codes = await store.totp(tx, officer.staff_id, enrolled=True) is not None
    return codes, await store_passkeys.of_member(tx, officer.staff_id)


async def remove_passkey(
    tx: Connection, officer: Officer, passkey_id: PasskeyId, policy: StaffPolicy, now: datetime
) -> None:
    """It proves nothing any more. Raises Forbidden as `begin_passkey` does, NotFound also for another's, Conflict for the
    last second factor."""
    _demand_fresh(officer, policy, now)
    await store.hold_member(tx, officer.staff_id)
    codes, known = await second_factors(tx, officer)
    if all(passkey.passkey_id != passkey_id for passkey in known):
        raise NotFound("there is no such passkey")
    if not may_remove_factor(len(known) + codes):
        raise Conflict(_LAST)
    await store_passkeys.remove(tx, officer.staff_id, passkey_id)
    await _record(tx, "second-factor.removed", officer, {"passkey": str(passkey_id)}, now)


async def give_up_codes(tx: Connection, officer: Officer, policy: StaffPolicy, now: datetime) -> None:
    """One-time codes prove nothing any more; again changes nothing. Raises as `remove_passkey` does."""
    _demand_fresh(officer, policy, now)
    await store.hold_member(tx, officer.staff_id)
    codes, known = await second_factors(tx, officer)
    if not codes:
        return
    if not may_remove_factor(len(known) + codes):
        raise Conflict(_LAST)
    await store.forget_totp(tx, officer.staff_id)
    await _record(tx, "second-factor.removed", officer, {"one_time_codes": "given up"}, now)


def _demand_fresh(officer: Officer, policy: StaffPolicy, now: datetime) -> None:
    if not may_change_factors(now - officer.proved_at, policy):
        raise failure_of(Refusal.SECOND_FACTOR_NOT_FRESH)


async def _record(tx: Connection, act: str, officer: Officer, detail: dict[str, str], now: datetime) -> None:
    await audit.record(
        tx, act=act, actor=actor_of(officer), subject=officer.staff_id, purpose="second-factor", detail=detail,
        now=now,
    )  # fmt: skip
