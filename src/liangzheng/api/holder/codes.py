"""One-time codes: asked for, and given back for a proof that an act then uses up.

Asking is answered alike, after the same work, for every mobile; what is sent is sent behind the answer. An answer holds a
secret, so neither route takes an idempotency key: who lost one asks again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import BackgroundTasks, Request
from pydantic import Field, StringConstraints

from liangzheng import accounts
from liangzheng.api.auth import public
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.wired import wired
from liangzheng.kernel.ids import SessionId
from liangzheng.kernel.people import Mobile

router = resource("/holder/codes", "holder")

MobileText = Annotated[str, StringConstraints(max_length=32)]
TokenText = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class CodeBody(Body):
    """Which mobile, and what for; the code serves nothing else."""

    mobile: MobileText
    purpose: Literal["register", "log-in", "reset-password", "stop-mobile-change"]


class CodeAnswer(Answer):
    """Whether or not anything is sent. `code_request` must come back with the code."""

    code_request: str = Field(repr=False)
    expires_at: datetime


class CodeProofBody(CodeBody):
    """The six digits, and what was answered to whoever asked for them."""

    code_request: TokenText = Field(repr=False)
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] = Field(repr=False)


class ProofAnswer(Answer):
    """Good once, for one act with this mobile and purpose."""

    mobile_proof: str = Field(repr=False)
    expires_at: datetime


@router.post("", status_code=202)
@public
async def ask(request: Request, body: CodeBody, behind: BackgroundTasks) -> CodeAnswer:
    """Ask for a code by text message. The answer is the same whether or not the mobile has an account."""
    return await asked(request, behind, Mobile(body.mobile), accounts.CodePurpose(body.purpose))


@router.post("/proofs", status_code=201)
@public
async def prove(request: Request, body: CodeProofBody) -> ProofAnswer:
    """Give the code back. Five tries a code, ten wrong ones a mobile and day."""
    purpose = accounts.CodePurpose(body.purpose)
    return await proved(request, Mobile(body.mobile), purpose, body.code_request, body.code)


async def asked(
    request: Request,
    behind: BackgroundTasks,
    mobile: Mobile,
    purpose: accounts.CodePurpose,
    bound_to: SessionId | None = None,
) -> CodeAnswer:
    """A code asked for, of whichever purpose."""
    wiring = wired(request)
    now = wiring.clock.now()
    async with wiring.database.transaction() as tx:
        made, sending = await accounts.begin_code(
            tx, mobile, purpose, wiring.key_index, wiring.account_policy, now, bound_to
        )
    within_s = wiring.account_policy.code_within_s
    behind.add_task(accounts.send_code, wiring.database, wiring.key_index, wiring.sms, sending, within_s)
    return CodeAnswer(code_request=made.token, expires_at=made.expires_at)


async def proved(
    request: Request,
    mobile: Mobile,
    purpose: accounts.CodePurpose,
    code_request: str,
    code: str,
    bound_to: SessionId | None = None,
) -> ProofAnswer:
    """A code given back, of whichever purpose."""
    wiring = wired(request)
    proof, until = await accounts.prove_mobile(
        wiring.database, mobile, purpose, code_request, code, wiring.key_index, wiring.account_policy,
        wiring.clock.now(), bound_to,
    )  # fmt: skip
    return ProofAnswer(mobile_proof=proof, expires_at=until)
