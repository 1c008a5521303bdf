"""A company, a driver with a phone, and the whole application over a real database."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from liangzheng import relying
from liangzheng.api.app import create_app
from liangzheng.infra import outbox
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Database
from liangzheng.infra.reference import load_reference
from liangzheng.infra.sms import NoSms
from liangzheng.infra.webhooks import NotTaken
from liangzheng.kernel.purposes import AskedField
from liangzheng.kernel.time import FixedClock
from liangzheng.kernel.web_address import CallPolicy
from liangzheng.relying import Company, CompanyEvent, ConsentPolicy, CreditCode, Grant, Quota
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.worker.handlers import handlers, sms_handlers
from tests.accounts.people import MADE_UP, MadeUp
from tests.api.phone import Phone as Caller
from tests.api.phone import b64, done, unb64
from tests.showing.wired import Wired as Plain
from tests.showing.world import World

CREDIT_CODE = CreditCode("91350100M000100Y43")  # the example of GB 32100-2015
KEYS = KeyIndex(b"k" * 32)
F = AskedField
RENTAL = Grant("rental", frozenset({F.MAY_DRIVE, F.VALID_UNTIL, F.NAME, F.PORTRAIT}))
EMPLOYMENT = Grant("employment", frozenset({F.MAY_DRIVE, F.VALID_UNTIL}), bulk=True, notices=True)


class Receiver:
    """A webhook that writes down what it was sent, and answers what it is told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Mapping[str, str], bytes]] = []
        self.answers: list[int | str] = []

    async def post(self, url: str, fields: Mapping[str, str], body: bytes) -> int:
        self.sent.append((url, dict(fields), body))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, str):
            raise NotTaken(answer)
        return answer


@dataclass
class Wired(Plain):
    """With what companies are held to."""

    consent_policy: ConsentPolicy = field(default_factory=ConsentPolicy)
    call_policy: CallPolicy = field(default_factory=CallPolicy)


@dataclass
class Town:
    """One driver in the register, companies, and the application between them."""

    world: World
    wired: Wired
    client: httpx.AsyncClient
    receiver: Receiver = field(default_factory=Receiver)
    signer: SoftwareSigner = field(default_factory=lambda: SoftwareSigner.generate(Alg.ES256))
    phone_key: str = ""

    @property
    def database(self) -> Database:
        return self.world.database

    @property
    def clock(self) -> FixedClock:
        return self.wired.clock

    @classmethod
    @asynccontextmanager
    async def over(cls, world: World, wired: Wired) -> AsyncIterator[Town]:
        app = create_app(wired)  # type: ignore[arg-type]
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://test"
        ) as client:
            yield cls(world, wired, client)

    # -- companies ----------------------------------------------------------------------------------------

    async def register(
        self, *grants: Grant, name: str = "样本租车", quota: Quota | None = None
    ) -> tuple[Company, str]:
        async with self.database.transaction() as tx:
            return await relying.register(
                tx,
                name,
                CREDIT_CODE,
                grants or (RENTAL, EMPLOYMENT),
                self.clock.now(),
                quota=quota or Quota(),
            )

    async def move(self, company: Company, event: CompanyEvent) -> None:
        async with self.database.transaction() as tx:
            await relying.move(tx, company.id, event, "test", self.clock.now())
        await self.work()

    async def open_company(
        self, *grants: Grant, name: str = "样本租车", quota: Quota | None = None
    ) -> tuple[Company, Caller]:
        """An approved company, and a client with its token."""
        company, secret = await self.register(*grants, name=name, quota=quota)
        await self.move(company, CompanyEvent.APPROVED)
        return company, await self.with_token(company, secret)

    async def ask_token(
        self, client_id: str, secret: str, form: str = "grant_type=client_credentials"
    ) -> httpx.Response:
        basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        return await self.client.post("/relying/token", content=form, headers=headers)

    async def with_token(self, company: Company, secret: str) -> Caller:
        granted = done(await self.ask_token(str(company.id), secret), 200)
        caller = Caller(self.client)
        caller.headers = {"Authorization": f"Bearer {granted['access_token']}"}
        return caller

    # -- the driver ---------------------------------------------------------------------------------------

    async def driver(self, person: MadeUp = MADE_UP[0]) -> Caller:
        """Logged in, with a bound phone whose key is `signer`."""
        caller = await Caller(self.client).arrive(person)
        bound = await caller.bind(signer=self.signer)
        self.phone_key = bound["phone_key_id"]
        return caller

    async def approve(self, driver: Caller, code: str, **changed: Any) -> httpx.Response:
        opened = done(await driver.get(f"/holder/consents/requests/{code}"), 200)
        body = {
            "phone_key": self.phone_key,
            "signature": b64(self.signer.sign(unb64(opened["to_be_signed"]))),
        }
        return await driver.post(f"/holder/consents/requests/{code}/approval", body | changed)

    async def approve_blindly(self, driver: Caller, code: str) -> httpx.Response:
        """Approving without having read what is asked."""
        body = {"phone_key": self.phone_key, "signature": b64(bytes(64))}
        return await driver.post(f"/holder/consents/requests/{code}/approval", body)

    async def standing(self, company: Caller, driver: Caller, until: str = "2027-05-01") -> tuple[str, str]:
        """A standing consent for employment: the pseudonym and the consent's id."""
        made = done(await company.post("/relying/requests", asked("employment", standing_until=until)), 201)
        consent = done(await self.approve(driver, made["code"]), 200)["consent"]
        answered = done(await company.post(f"/relying/requests/{made['request']}/answer"), 200)
        return answered["pseudonym"], consent

    # -- behind the scenes --------------------------------------------------------------------------------

    async def let_texts_go(self) -> None:
        """There is no gateway: what was told in the app is all there is."""
        await outbox.drain(self.database, sms_handlers(NoSms(), KEYS, self.clock.now), self.clock.now())

    async def work(self) -> None:
        """Every due event is handled, every due notice sent."""
        table = handlers(load_reference().authorities, self.clock.now)
        while await outbox.drain(self.database, table, self.clock.now()):
            pass
        # A database too busy to answer in time has an event put off, and it would be missed far from here.
        while await outbox.drain(self.database, table, self.clock.now() + timedelta(days=1)):
            pass
        async with self.database.read() as tx:
            left = await tx.fetch("SELECT topic FROM outbox WHERE topic = ANY ($1::text[])", list(table))
        assert not left, f"not handled: {[row['topic'] for row in left]}"
        await self.send()

    async def send(self) -> int:
        return await relying.send_due(self.database, KEYS, self.receiver, self.clock.now())

    async def acts(self, *names: str) -> list[dict[str, Any]]:
        """Audit entries of these acts, oldest first."""
        return [entry for entry in await self.world.audit_entries() if entry["act"] in names]

    async def everything_kept(self) -> str:
        """The text of every row of every table a company's call may touch."""
        tables: Sequence[str] = (
            "consent_request", "consent_code", "standing_consent", "company_driver", "company_look", "notice",
            "audit_entry", "outbox", "idempotency", "company_token",
        )  # fmt: skip
        async with self.database.read() as tx:
            rows = [
                row for table in tables for row in await tx.fetch(f"SELECT t::text AS text FROM {table} AS t")
            ]
        return "\n".join(row["text"] for row in rows)


def asked(purpose: str = "rental", **changed: Any) -> dict[str, Any]:
    """A right question."""
    body = {"purpose": purpose, "fields": ["may_drive", "valid_until"], "class": "C1"}
    return {name: value for name, value in (body | changed).items() if value is not None}


def shown(town: Town, request: str = "request-1", **more: Any) -> dict[str, Any]:
    """A verification of the code on the driver's phone, now."""
    return {"request": request, "code": town.world.phone.show(town.clock.now())} | more
