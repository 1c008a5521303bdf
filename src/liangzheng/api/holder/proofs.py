"""Proving once more who uses a login, for what a stolen one must not do alone."""

from __future__ import annotations

from fastapi import Request, Response
from pydantic import Field

from liangzheng import accounts
from liangzheng.api.auth import Holder
from liangzheng.api.bodies import Body, resource
from liangzheng.api.holder.password_resets import PasswordText, demand_password
from liangzheng.api.passkey_bodies import Credential, credential_text, passkey_site
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import Invalid

router = resource("/holder/sessions/current/proofs", "holder")


class ProveBody(Body):
    """The password, or a confirmation with a passkey (POST /holder/passkeys/confirmations)."""

    password: PasswordText | None = Field(default=None, repr=False)
    passkey: Credential | None = Field(default=None, repr=False)


@router.post("", status_code=204)
async def prove(request: Request, who: Holder, body: ProveBody) -> Response:
    """Show the password or a passkey: for five minutes this login ends others, phone keys and passkeys."""
    wiring = wired(request)
    if (body.password is None) == (body.passkey is None):
        raise Invalid("password", "or passkey, one of the two")
    if body.password is not None:
        await demand_password(request, who, body.password)
    now, answered = wiring.clock.now(), None
    if body.passkey is not None:
        sent = credential_text(body.passkey)
        answered = await accounts.spend_challenge(
            wiring.database, who.person_id, accounts.Ceremony.CONFIRM, sent, now
        )
    async with wiring.database.transaction() as tx:
        if answered is not None:
            site = passkey_site(request)
            await accounts.use_passkey(tx, who.person_id, answered, site, wiring.account_policy, now)
        await accounts.keep_proof(tx, who, now)
    return Response(status_code=204)
