"""What the caller agreed to. The texts are published; each agreement stands alone and can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Request, Response
from pydantic import Field

from liangzheng import accounts
from liangzheng.api.auth import Holder, public
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.wired import wired

router = resource("", "holder")


class AgreementTextAnswer(Answer):
    """The current text. `sha256` is over kind, version and both texts."""

    kind: str
    version: int
    zh: str
    en: str
    sha256: str


class AgreementTextsAnswer(Answer):
    """One text a kind."""

    texts: list[AgreementTextAnswer]


class KindBody(Body):
    """Which of them; each stands alone."""

    kind: Literal["terms", "privacy", "face-data", "face-review", "notices"]


class GiveBody(KindBody):
    """And the version that was shown."""

    version: Annotated[int, Field(ge=1, le=1_000_000)]


class AgreementAnswer(Answer):
    """How one agreement stands. `current`: given, and to the text that is current now."""

    kind: str
    current: bool
    given: bool
    version: int | None
    at: datetime | None


class AgreementsAnswer(Answer):
    """One of each kind."""

    agreements: list[AgreementAnswer]


@router.get("/open/agreement-texts")
@public
async def texts() -> AgreementTextsAnswer:
    """What people are asked to agree to."""
    found = accounts.agreement_texts().values()
    return AgreementTextsAnswer(
        texts=[
            AgreementTextAnswer(
                kind=text.kind.value, version=text.version, zh=text.zh, en=text.en, sha256=text.hash.hex()
            )
            for text in found
        ]
    )


@router.get("/holder/agreements")
async def list_agreements(request: Request, who: Holder) -> AgreementsAnswer:
    """How the caller's agreements stand."""
    async with wired(request).database.read() as tx:
        given = await accounts.agreements(tx, who.person_id)
    return AgreementsAnswer(
        agreements=[_answer(text, given.get(kind)) for kind, text in accounts.agreement_texts().items()]
    )


@router.post("/holder/agreements", status_code=204)
async def give(request: Request, who: Holder, body: GiveBody) -> Response:
    """Agree to the current text; again changes nothing."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        await accounts.give_agreement(
            tx, who.person_id, accounts.AgreementKind(body.kind), body.version, wiring.clock.now()
        )
    return Response(status_code=204)


@router.post("/holder/agreements/withdrawals", status_code=204)
async def withdraw(request: Request, who: Holder, body: KindBody) -> Response:
    """Take it back; what needs it is not done from now on. Again changes nothing."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        await accounts.withdraw_agreement(
            tx, who.person_id, accounts.AgreementKind(body.kind), wiring.clock.now()
        )
    return Response(status_code=204)


def _answer(text: accounts.AgreementText, latest: accounts.Agreement | None) -> AgreementAnswer:
    given = latest is not None and latest.given
    return AgreementAnswer(
        kind=text.kind.value, given=given,
        current=given and latest is not None and latest.version == text.version,
        version=latest.version if latest else None, at=latest.at if latest else None,
    )  # fmt: skip
