"""Many drivers at once, each under a standing consent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import Field, StringConstraints

from liangzheng import relying
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.relying.answers import DriverAnswer
from liangzheng.api.relying.callers import Company
from liangzheng.api.relying.requests import Word
from liangzheng.api.wired import wired
from liangzheng.relying import MOST_CHECKED, Question

router = resource("/relying/checks", "relying")


class CheckBody(Body):
    """Pseudonyms to be answered about, for one purpose. The class of `may_drive` is the one each driver agreed to."""

    purpose: Word
    fields: Annotated[list[Word], Field(min_length=1, max_length=20)]
    pseudonyms: Annotated[
        list[Annotated[str, StringConstraints(max_length=40)]], Field(min_length=1, max_length=MOST_CHECKED)
    ]


class CheckedAnswer(Answer):
    """One driver. `outcome`: `answered`, or `no_consent`, which also stands for a pseudonym that means nobody."""

    pseudonym: str
    outcome: str
    driver: DriverAnswer | None


class ChecksAnswer(Answer):
    """One item for each pseudonym, in their order."""

    checked_at: datetime
    items: list[CheckedAnswer]


@router.post("")
async def check(request: Request, who: Company, body: CheckBody) -> ChecksAnswer:
    """Ask about up to 1,000 drivers who consented. Each answer is on record where its driver reads it; made now
    and kept nowhere, so the request takes no idempotency key. Each pseudonym counts in the quota."""
    wiring = wired(request)
    now = wiring.clock.now()
    await relying.count(wiring.database, who.id, len(body.pseudonyms), now)
    question = Question(body.purpose, tuple(body.fields), None, None)
    terms = await relying.refuse_question(
        wiring.database, who, question, wiring.consent_policy, now, bulk=True
    )
    pseudonyms = relying.read_pseudonyms(body.pseudonyms)
    async with wiring.database.transaction() as tx:
        answers = await relying.check_many(tx, who, terms, pseudonyms, wiring.consent_policy, now)
    return ChecksAnswer(
        checked_at=now,
        items=[
            CheckedAnswer(
                pseudonym=text,
                outcome="answered" if found else "no_consent",
                driver=DriverAnswer.of(found.answer) if found else None,
            )
            for text, found in zip(body.pseudonyms, answers, strict=True)
        ],
    )
