"""Another mobile, and closing the account: asked, told to the present mobile at once, done after a holding time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import BackgroundTasks, Request, Response
from pydantic import Field, StringConstraints

from liangzheng import accounts
from liangzheng.api.auth import Holder, public
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.holder.codes import CodeAnswer, MobileText, ProofAnswer, TokenText, asked, proved
from liangzheng.api.holder.password_resets import PasswordText, demand_password
from liangzheng.api.idempotent import IdempotencyKey, once
from liangzheng.api.passkey_bodies import Credential, credential_text, passkey_site
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import FaceCheckId, HeldActId
from liangzheng.kernel.people import Mobile

router = resource("/holder", "holder")


class NewMobileBody(Body):
    """The mobile the account is to be reached under."""

    mobile: MobileText


class NewMobileProofBody(NewMobileBody):
    """The six digits that came to it."""

    code_request: TokenText = Field(repr=False)
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] = Field(repr=False)


class ChangeBody(NewMobileBody):
    """Password, code to the new mobile, and a face check made for change-mobile or a confirmation with a passkey that was
    added a day ago or earlier."""

    mobile_proof: TokenText = Field(repr=False)
    password: PasswordText = Field(repr=False)
    face_check: Annotated[str, StringConstraints(max_length=40)] | None = None
    passkey: Credential | None = Field(default=None, repr=False)

    def proven(self, passkey: accounts.Answered | None) -> accounts.Reauthentication:
        """As the accounts read it. Raises Invalid."""
        face_check = FaceCheckId.parse(self.face_check) if self.face_check is not None else None
        return accounts.Reauthentication(self.password, face_check, passkey)


class StopBody(Body):
    """What came to the present mobile: the word in the notice, or a code for stop-mobile-change, given back."""

    mobile: MobileText
    stop_word: Annotated[str, StringConstraints(max_length=40)] | None = Field(default=None, repr=False)
    mobile_proof: TokenText | None = Field(default=None, repr=False)


class CloseBody(Body):
    """The password once more."""

    password: PasswordText = Field(repr=False)


class HeldActAnswer(Answer):
    """What waits, until when it can be stopped, and what became of it."""

    held_act_id: str
    kind: str
    state: str
    asked_at: datetime
    due_at: datetime
    ended_at: datetime | None
    new_mobile: str | None

    @classmethod
    def of(cls, act: accounts.HeldAct) -> HeldActAnswer:
        """What may leave of it; the mobile masked."""
        return cls(
            held_act_id=str(act.held_act_id), kind=act.kind.value, state=act.state.value, asked_at=act.asked_at,
            due_at=act.due_at, ended_at=act.ended_at, new_mobile=act.new_mobile.masked if act.new_mobile else None,
        )  # fmt: skip


class HeldActsAnswer(Answer):
    """Newest first."""

    held_acts: list[HeldActAnswer]


@router.post("/mobile-changes/codes", status_code=202)
async def ask_code(request: Request, who: Holder, body: NewMobileBody, behind: BackgroundTasks) -> CodeAnswer:
    """Ask for a code to the new mobile; it serves this login only."""
    purpose = accounts.CodePurpose.CHANGE_MOBILE
    return await asked(request, behind, Mobile(body.mobile), purpose, who.session_id)


@router.post("/mobile-changes/codes/proofs", status_code=201)
async def prove(request: Request, who: Holder, body: NewMobileProofBody) -> ProofAnswer:
    """Give the code back."""
    purpose = accounts.CodePurpose.CHANGE_MOBILE
    return await proved(request, Mobile(body.mobile), purpose, body.code_request, body.code, who.session_id)


@router.post("/mobile-changes", status_code=202)
async def change_mobile(
    request: Request, who: Holder, body: ChangeBody, key: IdempotencyKey = None
) -> HeldActAnswer:
    """Change the mobile after the holding time. The present mobile is told at once how to stop it; until then no phone is
    bound and no licence applied for."""
    wiring = wired(request)
    now, mobile = wiring.clock.now(), Mobile(body.mobile)
    await demand_password(request, who, body.password)
    passkey = None
    if body.passkey is not None:
        sent = credential_text(body.passkey)
        passkey = await accounts.spend_challenge(
            wiring.database, who.person_id, accounts.Ceremony.CONFIRM, sent, now
        )
    proven = body.proven(passkey)

    async with wiring.database.transaction(accounts.CONSTRAINTS) as tx:

        async def perform() -> HeldActAnswer:
            return HeldActAnswer.of(
                await accounts.change_mobile(
                    tx, who, mobile, body.mobile_proof, proven, passkey_site(request), wiring.key_index,
                    wiring.account_policy, now,
                )
            )  # fmt: skip

        return await once(
            tx, key, owner=who.person_id, act="mobile.change", body=None, answer=HeldActAnswer, now=now, perform=perform,
            request_hash=wiring.key_index.hash(0, "mobile change " + body.model_dump_json()) * 2,
        )  # fmt: skip


@router.post("/mobile-change-stops", status_code=204)
@public
async def stop_by_mobile(request: Request, body: StopBody) -> Response:
    """Stop whatever waits, by the word in the notice about it or by a code to the present mobile. Every login ends, and the
    password must be reset."""
    wiring = wired(request)
    mobile, now = Mobile(body.mobile), wiring.clock.now()
    if (body.stop_word is None) == (body.mobile_proof is None):
        raise Invalid("stop_word", "or mobile_proof, one of the two")
    async with wiring.database.transaction() as tx:
        if body.stop_word is not None:
            await accounts.stop_by_word(tx, mobile, body.stop_word, wiring.key_index, now)
        if body.mobile_proof is not None:
            await accounts.stop_by_mobile(tx, mobile, body.mobile_proof, wiring.key_index, now)
    return Response(status_code=204)


@router.post("/account-closings", status_code=202)
async def close(request: Request, who: Holder, body: CloseBody, key: IdempotencyKey = None) -> HeldActAnswer:
    """Close the account after the holding time. Licence records and the audit record stay, as the law demands."""
    wiring = wired(request)
    now = wiring.clock.now()
    await demand_password(request, who, body.password)

    async with wiring.database.transaction(accounts.CONSTRAINTS) as tx:

        async def perform() -> HeldActAnswer:
            return HeldActAnswer.of(await accounts.close(tx, who, wiring.account_policy, now))

        return await once(
            tx,
            key,
            owner=who.person_id,
            act="account.close",
            body=None,
            answer=HeldActAnswer,
            now=now,
            perform=perform,
        )


@router.get("/held-acts")
async def list_acts(request: Request, who: Holder) -> HeldActsAnswer:
    """What waits, and what became of those before."""
    async with wired(request).database.read() as tx:
        found = await accounts.held_acts(tx, who.person_id)
    return HeldActsAnswer(held_acts=[HeldActAnswer.of(act) for act in found])


@router.post("/held-acts/{held_act_id}/stop")
async def stop(request: Request, who: Holder, held_act_id: str) -> HeldActAnswer:
    """Stop it; again changes nothing."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        return HeldActAnswer.of(
            await accounts.stop_held(tx, who.person_id, HeldActId.parse(held_act_id), wiring.clock.now())
        )
