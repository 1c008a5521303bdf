"""Passkeys of the caller, and logging in with one. Options and credentials have the JSON form of WebAuthn (Level 3 §5.1)."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request, Response
from pydantic import Field

from liangzheng import accounts
from liangzheng.api.auth import Holder, public
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.holder.password_resets import PasswordText, demand_fresh, demand_password
from liangzheng.api.holder.sessions import LoggedInAnswer
from liangzheng.api.idempotent import IdempotencyKey, once
from liangzheng.api.passkey_bodies import Credential, LabelText, OptionsAnswer, credential_text, passkey_site
from liangzheng.api.wired import wired
from liangzheng.kernel.ids import PasskeyId

router = resource("/holder/passkeys", "holder")


class BeginPasskeyBody(Body):
    """Whoever adds a way in proves the one they have."""

    password: PasswordText = Field(repr=False)


class AddBody(Body):
    """What `credentials.create()` gave, by `toJSON()`."""

    label: LabelText
    credential: Credential = Field(repr=False)


class PasskeyLogInBody(Body):
    """What `credentials.get()` gave, by `toJSON()`."""

    credential: Credential = Field(repr=False)


class NameBody(Body):
    """What the caller calls it."""

    label: LabelText


class PasskeyAnswer(Answer):
    """One passkey. `backed_up`: it exists on more than one device."""

    passkey_id: str
    label: str
    made_at: datetime
    used_at: datetime | None
    backed_up: bool

    @classmethod
    def of(cls, passkey: accounts.Passkey) -> PasskeyAnswer:
        """What may leave of it."""
        return cls(
            passkey_id=str(passkey.passkey_id), label=passkey.label, made_at=passkey.made_at,
            used_at=passkey.used_at, backed_up=passkey.backed_up,
        )  # fmt: skip


class PasskeysAnswer(Answer):
    """Oldest first."""

    passkeys: list[PasskeyAnswer]


@router.get("")
async def list_passkeys(request: Request, who: Holder) -> PasskeysAnswer:
    """The caller's passkeys."""
    async with wired(request).database.read() as tx:
        found = await accounts.passkeys(tx, who.person_id)
    return PasskeysAnswer(passkeys=[PasskeyAnswer.of(passkey) for passkey in found])


@router.post("/challenges", status_code=201)
async def begin(request: Request, who: Holder, body: BeginPasskeyBody) -> OptionsAnswer:
    """Options to make a passkey with, good once and for five minutes."""
    wiring = wired(request)
    await demand_password(request, who, body.password)
    async with wiring.database.transaction() as tx:
        return OptionsAnswer(
            options=await accounts.begin_passkey(
                tx, who.person_id, passkey_site(request), wiring.account_policy, wiring.clock.now()
            )
        )


@router.post("", status_code=201)
async def add(request: Request, who: Holder, body: AddBody, key: IdempotencyKey = None) -> PasskeyAnswer:
    """Add the passkey that was made. The holder is told."""
    wiring = wired(request)
    now, sent = wiring.clock.now(), credential_text(body.credential)
    answered = await accounts.spend_challenge(
        wiring.database, who.person_id, accounts.Ceremony.ADD, sent, now
    )

    async with wiring.database.transaction(accounts.CONSTRAINTS) as tx:

        async def perform() -> PasskeyAnswer:
            made = await accounts.add_passkey(
                tx, who.person_id, body.label, answered, passkey_site(request), now
            )
            return PasskeyAnswer.of(made)

        return await once(
            tx,
            key,
            owner=who.person_id,
            act="passkey.add",
            body=body,
            answer=PasskeyAnswer,
            now=now,
            perform=perform,
        )


@router.post("/confirmations", status_code=201)
async def begin_confirmation(request: Request, who: Holder) -> OptionsAnswer:
    """Options to confirm with a passkey that the caller is there, for an act that asks for it."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        return OptionsAnswer(
            options=await accounts.begin_passkey_use(
                tx, who.person_id, passkey_site(request), wiring.account_policy, wiring.clock.now()
            )
        )


@router.post("/log-in-challenges", status_code=201)
@public
async def begin_log_in(request: Request) -> OptionsAnswer:
    """Options to log in with: nobody is named, so nothing is learnt of anybody, and nothing is kept."""
    wiring = wired(request)
    return OptionsAnswer(
        options=accounts.begin_passkey_log_in(
            passkey_site(request), wiring.key_index, wiring.account_policy, wiring.clock.now()
        )
    )


@router.post("/sessions", status_code=201)
@public
async def log_in(request: Request, body: PasskeyLogInBody) -> LoggedInAnswer:
    """Log in with a passkey; neither password nor code is asked for."""
    wiring = wired(request)
    found = await accounts.log_in_with_passkey(
        wiring.database, credential_text(body.credential), passkey_site(request), wiring.key_index,
        wiring.account_policy, wiring.clock.now(), request.state.phone_offset_ms,
    )  # fmt: skip
    return LoggedInAnswer.opened(found, wiring)


@router.put("/{passkey_id}", status_code=204)
async def name(request: Request, who: Holder, passkey_id: str, body: NameBody) -> Response:
    """Call a passkey something else."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        await accounts.name_passkey(tx, who.person_id, PasskeyId.parse(passkey_id), body.label)
    return Response(status_code=204)


@router.delete("/{passkey_id}", status_code=204)
async def remove(request: Request, who: Holder, passkey_id: str) -> Response:
    """Remove a passkey, unless it is the last way in. The holder is told. Asks for a login or a proof of the last minutes."""
    wiring = wired(request)
    demand_fresh(request, who)
    async with wiring.database.transaction() as tx:
        await accounts.remove_passkey(tx, who, PasskeyId.parse(passkey_id), wiring.clock.now())
    return Response(status_code=204)
