"""What a company registered, as it sees it; and where it hears of changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import Field, StringConstraints

from liangzheng import relying
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.octets import to_base64url
from liangzheng.api.relying.callers import Company
from liangzheng.api.wired import wired
from liangzheng.kernel.purposes import COMPANY_PURPOSES, in_order

router = resource("/relying", "relying")


class GrantAnswer(Answer):
    """What may be asked for one purpose."""

    purpose: str
    words: str
    fields: list[str]
    bulk: bool
    notices: bool
    in_token: bool


class QuotaAnswer(Answer):
    """Drivers that may be asked about, and how many were in this minute and on this day of China."""

    per_minute: int
    per_day: int
    used_this_minute: int
    used_today: int


class RegistrationAnswer(Answer):
    """The company. `webhook`: where notices go; null: nowhere."""

    company: str
    name: str
    state: str
    purposes: list[GrantAnswer]
    quota: QuotaAnswer
    webhook: str | None


class WebhookBody(Body):
    """An https address on a public name."""

    url: Annotated[str, StringConstraints(max_length=500)]


class WebhookAnswer(Answer):
    """The key notices are signed with (hmac-sha256, RFC 9421), base64url; shown this once."""

    url: str
    key_id: str
    key: str = Field(repr=False)


class NoWebhookAnswer(Answer):
    """No notices are sent."""

    url: None = None


@router.get("/registration")
async def show(request: Request, who: Company) -> RegistrationAnswer:
    """What the calling company may ask."""
    wiring = wired(request)
    async with wiring.database.read() as tx:
        company = await relying.company(tx, who.id)
        minute, day = await relying.used(tx, who.id, wiring.clock.now())
    return RegistrationAnswer(
        company=str(who.id),
        name=who.name,
        state=who.state.value,
        purposes=[
            GrantAnswer(
                purpose=grant.purpose,
                words=COMPANY_PURPOSES[grant.purpose].words[0],
                fields=[field.value for field in in_order(grant.fields)],
                bulk=grant.bulk,
                notices=grant.notices,
                in_token=grant.purpose in who.purposes,
            )
            for grant in who.grants.values()
        ],
        quota=QuotaAnswer(
            per_minute=who.quota.per_minute,
            per_day=who.quota.per_day,
            used_this_minute=minute,
            used_today=day,
        ),
        webhook=company.webhook_url,
    )


@router.put("/webhook")
async def set_webhook(request: Request, who: Company, body: WebhookBody) -> WebhookAnswer:
    """Hear of changes here from now on. Each call makes a new key; the last one made is the one in use, so a
    repeated call does no harm."""
    wiring = wired(request)
    now = wiring.clock.now()
    await relying.refuse_webhook(wiring.database, who.id, body.url, wiring.call_policy, now)
    async with wiring.database.transaction() as tx:
        key_id, key = await relying.set_webhook(
            tx, wiring.key_index, who.id, body.url, wiring.call_policy, now
        )
    return WebhookAnswer(url=body.url, key_id=key_id, key=to_base64url(key))


@router.delete("/webhook")
async def remove_webhook(request: Request, who: Company) -> NoWebhookAnswer:
    """Hear of nothing any more; again changes nothing."""
    wiring = wired(request)
    async with wiring.database.transaction() as tx:
        await relying.set_webhook(tx, wiring.key_index, who.id, None, wiring.call_policy, wiring.clock.now())
    return NoWebhookAnswer()
