"""Companies that ask about drivers: registered or changed by one member of the administration, approved by another."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import Query, Request
from pydantic import Field, StringConstraints

from liangzheng import relying, staff
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.holder.applications import idempotency_key
from liangzheng.api.idempotent import once
from liangzheng.api.staff.callers import OnDuty, permitted, recorded
from liangzheng.api.wired import wired
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import CompanyId
from liangzheng.kernel.purposes import COMPANY_PURPOSES, AskedField, in_order
from liangzheng.relying import Company, CompanyEvent, CreditCode, Grant, NoticeState, Quota
from liangzheng.staff import Act, Attempt

router = resource("/staff/companies", "staff")

_REFUSED: Final = "companies.refused"
Code = Annotated[str, StringConstraints(max_length=40)]


class CompanyAnswer(Answer):
    """One company. `move` goes with a change: whoever read an older one hears Conflict."""

    company: str
    name: str
    credit_code: str
    state: str
    move: int
    per_minute: int
    per_day: int
    registered_at: datetime
    approved_at: datetime | None

    @classmethod
    def of(cls, found: Company) -> CompanyAnswer:
        """What the administration sees of it."""
        return cls(
            company=str(found.id), name=found.name, credit_code=found.credit_code.value, state=found.state.value,
            move=found.move, per_minute=found.quota.per_minute, per_day=found.quota.per_day, registered_at=found.registered_at,
            approved_at=found.approved_at,
        )  # fmt: skip


class CompaniesAnswer(Answer):
    """In the order they were registered; `next` goes into `after` for the next page, null when there is none."""

    companies: list[CompanyAnswer]
    next: str | None


class CompanyGrant(Answer):
    """What a company registered for one purpose."""

    purpose: str
    fields: list[str]
    bulk: bool
    notices: bool


class CompanyMoveAnswer(Answer):
    """One move of a company, by whom and why."""

    event: str
    at: datetime
    by: str
    reason: str


class CompanyWebhook(Answer):
    """Where a company hears of changes, `url` null: nowhere; how many notices stand where, of those that are still kept; and why
    the newest one tried was not taken, null where it was."""

    url: str | None
    waiting: int
    delivered: int
    dropped: int
    given_up: int
    last_error: str | None


class WholeCompanyAnswer(CompanyAnswer):
    """With what it may ask, what it used today, where it hears of changes, and what happened to it."""

    purposes: list[CompanyGrant]
    used_today: int
    webhook: CompanyWebhook
    moves: list[CompanyMoveAnswer]


class AskableField(Answer):
    """Something that can be asked about a driver."""

    field: str
    zh: str
    en: str


class PurposeAnswer(Answer):
    """A purpose of the catalogue. `standing`: a consent for it may last, so bulk checks and notices are possible."""

    purpose: str
    zh: str
    en: str
    standing: bool
    fields: list[AskableField]


class CatalogueAnswer(Answer):
    """What can be registered."""

    purposes: list[PurposeAnswer]


class RegisteredAnswer(CompanyAnswer):
    """`secret` is shown this once; it opens nothing before the company is approved."""

    secret: str = Field(repr=False)


class CompanyGrantBody(Body):
    """One purpose and the fields asked for."""

    purpose: Code
    fields: Annotated[list[Code], Field(min_length=1, max_length=20)]
    bulk: bool = False
    notices: bool = False

    def grant(self) -> Grant:
        """As a kernel value. Raises Invalid."""
        try:
            fields = frozenset(AskedField(each) for each in self.fields)
        except ValueError:
            raise Invalid("fields", "of: " + ", ".join(AskedField)) from None
        return Grant(self.purpose, fields, bulk=self.bulk, notices=self.notices)


class RegisterCompanyBody(Body):
    """A company and what it wants to ask. `name` is what drivers read on the consent screen."""

    name: Annotated[str, StringConstraints(max_length=100)]
    credit_code: Annotated[str, StringConstraints(max_length=18)]
    purposes: Annotated[list[CompanyGrantBody], Field(min_length=1, max_length=20)]
    per_minute: int = Quota().per_minute
    per_day: int = Quota().per_day


class ChangeCompanyBody(Body):
    """All it may ask from its next approval on, and how much. `move`: as it was read."""

    move: int
    purposes: Annotated[list[CompanyGrantBody], Field(min_length=1, max_length=20)]
    per_minute: int
    per_day: int


class RenewSecretBody(Body):
    """`older`: whether the secret before it opens for a week more, as long as the company changes over, or nothing any more."""

    older: Literal["for-a-week", "ends-now"]


class RenewedSecretAnswer(Answer):
    """`secret` is shown this once; it opens nothing before the company is approved again."""

    secret: str = Field(repr=False)
    older_ends_at: datetime


class CompanyMoveBody(Body):
    """What becomes of the company, and why; nobody's name or number. `move`: as it was read; who approves another reading than
    the last hears Conflict."""

    event: Literal["approved", "suspended", "restored", "ended"]
    reason: Annotated[str, StringConstraints(max_length=200)]
    move: int | None = None


@router.get("")
async def list_companies(
    request: Request,
    who: OnDuty,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CompaniesAnswer:
    """Every company, in the order they were registered. That the page was read is recorded."""
    wiring = wired(request)
    held = await permitted(request, who, Act.MANAGE_COMPANIES, _REFUSED, fresh=False)
    async with wiring.database.transaction() as tx:
        found = await relying.every_company(tx, CompanyId.parse(after) if after else None, limit)
        reader = staff.actor_of(who, held)
        await relying.record_reading(tx, None, reader, len(found), wiring.clock.now())
    return CompaniesAnswer(
        companies=[CompanyAnswer.of(each) for each in found],
        next=str(found[-1].id) if len(found) == limit else None,
    )


@router.get("/catalogue")
async def show_catalogue(request: Request, who: OnDuty) -> CatalogueAnswer:
    """Every purpose there is and the fields a registration for it can hold."""
    await permitted(request, who, Act.MANAGE_COMPANIES, _REFUSED, fresh=False)
    return CatalogueAnswer(
        purposes=[
            PurposeAnswer(
                purpose=each.name, zh=each.words[0], en=each.words[1], standing=each.standing,
                fields=[
                    AskableField(field=field.value, zh=field.words[0], en=field.words[1])
                    for field in in_order(each.fields)
                ],
            )
            for each in COMPANY_PURPOSES.values()
        ]
    )  # fmt: skip


@router.get("/{company_id}")
async def show_company(request: Request, who: OnDuty, company_id: str) -> WholeCompanyAnswer:
    """One company: what it may ask, and who moved it, when and why. That it was read is recorded."""
    wiring, asked = wired(request), CompanyId.parse(company_id)
    held, now = await permitted(request, who, Act.MANAGE_COMPANIES, _REFUSED, fresh=False), wiring.clock.now()
    async with wiring.database.transaction() as tx:
        found = await _whole(tx, asked, now)
        await relying.record_reading(tx, asked, staff.actor_of(who, held), 1, now)
    return found


async def _whole(tx: Connection, company_id: CompanyId, now: datetime) -> WholeCompanyAnswer:
    found = await relying.company(tx, company_id)
    _, today = await relying.used(tx, company_id, now)
    grants, moves = await relying.grants_of(tx, company_id), await relying.moves_of(tx, company_id)
    notices, last_error = await relying.webhook_state(tx, company_id)
    return WholeCompanyAnswer(
        **CompanyAnswer.of(found).model_dump(),
        purposes=[
            CompanyGrant(
                purpose=each.purpose, fields=[field.value for field in in_order(each.fields)], bulk=each.bulk,
                notices=each.notices,
            )
            for each in grants.values()
        ],
        used_today=today,
        webhook=CompanyWebhook(
            url=found.webhook_url, waiting=notices.get(NoticeState.WAITING, 0),
            delivered=notices.get(NoticeState.DELIVERED, 0), dropped=notices.get(NoticeState.DROPPED, 0),
            given_up=notices.get(NoticeState.PARKED, 0), last_error=last_error,
        ),
        moves=[CompanyMoveAnswer(event=each.event, at=each.at, by=each.by, reason=each.reason) for each in moves],
    )  # fmt: skip


@router.post("", status_code=201)
async def register_company(request: Request, who: OnDuty, body: RegisterCompanyBody) -> RegisteredAnswer:
    """Register a company; it waits for another member's approval. The secret is kept nowhere as it is, so no idempotency key is
    taken."""
    wiring = wired(request)
    now = wiring.clock.now()
    held = await permitted(request, who, Act.MANAGE_COMPANIES, _REFUSED)
    grants = [each.grant() for each in body.purposes]
    async with recorded(request, who, Attempt(_REFUSED)), wiring.database.transaction() as tx:
        await staff.permit_still(tx, who, held, now)
        company, secret = await relying.register(
            tx, body.name, CreditCode(body.credit_code), grants, now,
            quota=Quota(body.per_minute, body.per_day), actor=staff.actor_of(who, held),
        )  # fmt: skip
    return RegisteredAnswer(**CompanyAnswer.of(company).model_dump(), secret=secret)


@router.post("/{company_id}/moves", status_code=201)
async def move_company(
    request: Request, who: OnDuty, company_id: str, body: CompanyMoveBody
) -> CompanyAnswer:
    """Approve or restore (another than who registered or changed it), suspend, end. Needs an Idempotency-Key."""
    wiring, asked, key = wired(request), CompanyId.parse(company_id), idempotency_key(request)
    now = wiring.clock.now()
    held = await permitted(request, who, Act.MANAGE_COMPANIES, _REFUSED)
    tried = Attempt(_REFUSED, asked, detail={"event": body.event})
    async with recorded(request, who, tried), wiring.database.transaction() as tx:

        async def perform() -> CompanyAnswer:
            await staff.permit_still(tx, who, held, now)
            event = CompanyEvent(body.event)
            if event in (CompanyEvent.APPROVED, CompanyEvent.RESTORED):
                made_by = await relying.changed_by(tx, asked)
                await staff.demand_second_person(tx, who.staff_id, made_by, wiring.staff_policy)
            return CompanyAnswer.of(
                await relying.move(tx, asked, event, body.reason, now, staff.actor_of(who, held), body.move)
            )

        return await once(
            tx, key, owner=who.staff_id, act=f"company.move {company_id}", body=body, answer=CompanyAnswer, now=now,
            perform=perform,
        )  # fmt: skip


@router.put("/{company_id}/registration")
async def change_company(
    request: Request, who: OnDuty, company_id: str, body: ChangeCompanyBody
) -> CompanyAnswer:
    """Change what a company may ask and how much, before its approval or while it is suspended; another member approves or
    restores it then. A lower quota alone holds at once. Needs an Idempotency-Key."""
    wiring, asked, key = wired(request), CompanyId.parse(company_id), idempotency_key(request)
    now = wiring.clock.now()
    held = await permitted(request, who, Act.MANAGE_COMPANIES, _REFUSED)
    grants, quota = [each.grant() for each in body.purposes], Quota(body.per_minute, body.per_day)
    tried = Attempt(_REFUSED, asked, detail={"event": "changed"})
    async with recorded(request, who, tried), wiring.database.transaction() as tx:

        async def perform() -> CompanyAnswer:
            await staff.permit_still(tx, who, held, now)
            return CompanyAnswer.of(
                await relying.change(tx, asked, grants, quota, body.move, now, staff.actor_of(who, held))
            )

        return await once(
            tx, key, owner=who.staff_id, act=f"company.change {company_id}", body=body, answer=CompanyAnswer, now=now,
            perform=perform,
        )  # fmt: skip


@router.post("/{company_id}/secrets", status_code=201)
async def renew_secret(
    request: Request, who: OnDuty, company_id: str, body: RenewSecretBody
) -> RenewedSecretAnswer:
    """A new secret for a company that is suspended or waits for its approval. It is kept nowhere as it is, so no idempotency key
    is taken; sent twice, the second one is good and the first is the one before it."""
    wiring, asked = wired(request), CompanyId.parse(company_id)
    now = wiring.clock.now()
    held = await permitted(request, who, Act.MANAGE_COMPANIES, _REFUSED)
    policy = wiring.consent_policy
    if body.older == "ends-now":
        policy = replace(policy, secret_overlap_days=0)
    tried = Attempt(_REFUSED, asked, detail={"event": "secret"})
    async with recorded(request, who, tried), wiring.database.transaction() as tx:
        await staff.permit_still(tx, who, held, now)
        secret, ends_at = await relying.rotate_secret(tx, asked, policy, now, staff.actor_of(who, held))
    return RenewedSecretAnswer(secret=secret, older_ends_at=ends_at)
