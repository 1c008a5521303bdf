"""A police district over HTTP: the application, one driver with a licence on a phone, officers with both factors."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from liangzheng import audit, staff
from liangzheng.api.app import create_app
from liangzheng.infra import keyindex
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.postgres import Database
from liangzheng.infra.reference import Reference, load_reference
from liangzheng.kernel.ids import StaffId
from liangzheng.kernel.people import IdentityNumber
from liangzheng.kernel.time import FixedClock, civil_day
from liangzheng.relying import ConsentPolicy
from liangzheng.staff import Duty, HeldDuty, Region, StaffPolicy
from liangzheng.standards import totp
from liangzheng.standards.livecode import Lives
from tests.accounts.people import MADE_UP
from tests.api.conftest import SmallWiring
from tests.api.phone import Phone, done
from tests.showing.world import World

PASSWORD = "stempelkissen-im-regen"
OPERATOR = audit.Actor("operator")
HERE, ELSEWHERE = "3209", "3205"
CASE = "R-320900-20261120-0001"
PENALTY_CASE = "V-320900-20261120-0001"
CORRECTION_CASE = "C-320900-20261120-0001"
STAFF_CASE = "S-320900-20261120-0001"
KEY_CASE = "S-000000-20261120-0001"

_keys = itertools.count(1)
_numbers = itertools.count(100001)


@dataclass
class StaffWiring(SmallWiring):
    """What the routes of staff, verifiers and holders reach."""

    world: World | None = None
    lives: Lives = field(default_factory=Lives)
    reference: Reference = field(default_factory=load_reference)
    consent_policy: ConsentPolicy = field(default_factory=ConsentPolicy)

    def trust(self) -> Any:
        assert self.world is not None
        return self.world.trust


class Badge:
    """One member of staff: their console, and their authenticator."""

    def __init__(self, place: Place, phone: Phone, number: str, code: str) -> None:
        self.place, self.phone, self.number, self.code = place, phone, number, code
        self.secret = b""

    @property
    def totp(self) -> str:
        """The code of this moment."""
        return totp.code_at(self.secret, totp.step_of(self.place.clock.now()))

    async def link(self, number: IdentityNumber = MADE_UP[0].identity) -> None:
        """It is known which person this is; by default the driver of the place."""
        keys, now = self.place.wiring.key_index, self.place.clock.now()
        async with self.place.database.transaction() as tx:
            await staff.link_person(tx, StaffId.parse(self.staff_id), number, keys, now, OPERATOR)

    def next_totp(self) -> str:
        """A code not used yet: time goes on by a step."""
        self.place.clock.advance(totp.STEP_S)
        return self.totp

    async def enrol(self) -> dict[str, Any]:
        body = {"number": self.number, "enrolment_code": self.code}
        shown = done(await self.phone.post("/staff/enrolments", body), 201)
        self.secret = totp.from_base32(shown["secret"])
        body |= {"password": PASSWORD, "totp": self.totp}
        return self._in(done(await self.phone.post("/staff/enrolments/confirmations", body), 201))

    async def log_in(self) -> dict[str, Any]:
        return self._in(done(await self.try_to_log_in(), 201))

    async def try_to_log_in(self, **changed: Any) -> httpx.Response:
        body = {"number": self.number, "password": PASSWORD, "totp": self.next_totp()} | changed
        return await self.phone.post("/staff/sessions", body)

    def _in(self, answer: dict[str, Any]) -> dict[str, Any]:
        self.phone.headers = {"Authorization": f"Bearer {answer['token']}"}
        self.staff_id = answer["staff_id"]
        return answer

    async def prove(self) -> httpx.Response:
        return await self.phone.post("/staff/sessions/current/proofs", {"totp": self.next_totp()})

    async def post(self, path: str, body: Any) -> httpx.Response:
        """With an idempotency key of its own."""
        return await self.phone.post(path, body, headers={"Idempotency-Key": f"test-key-{next(_keys):06d}"})

    async def get(self, path: str) -> httpx.Response:
        return await self.phone.get(path)

    # -- acts ---------------------------------------------------------------------------------------

    async def verify(self, **more: Any) -> dict[str, Any]:
        world = self.place.world
        world.now = self.place.clock.now()
        body = {"request": f"request-{next(_keys)}", "code": world.phone.show(world.now)} | more
        return done(await self.phone.post("/staff/verifications", body), 200)

    async def look_up(self, **changed: Any) -> httpx.Response:
        body: dict[str, Any] = {
            "identity_number": self.place.identity, "purpose": "roadside-check", "case_number": CASE,
        }  # fmt: skip
        return await self.phone.post(
            "/staff/look-ups", {k: v for k, v in (body | changed).items() if v is not None}
        )

    async def retain(self, verification: str, /, **changed: Any) -> httpx.Response:
        body = {
            "verification": verification, "subject": str(self.place.world.driver_id),
            "reason": "drink-driving", "case_number": CASE,
        }  # fmt: skip
        return await self.post("/staff/retentions", body | changed)

    async def propose(self, kind: str, /, **changed: Any) -> httpx.Response:
        body: dict[str, Any] = {
            "suspend": {"reason": "drink-driving", "case_number": PENALTY_CASE},
            "restore": {"reason": "period-over", "case_number": PENALTY_CASE, "what": {"letters": "D"}},
            "correct": {"reason": "clerical-error", "case_number": CORRECTION_CASE},
            "rotate-key": {
                "reason": "scheduled", "case_number": KEY_CASE, "subject": None,
                "what": {"role": "document", "province": "CN-32"},
            },
            "retire-key": {"reason": "compromised", "case_number": KEY_CASE, "subject": None},
            "open-wave": {
                "reason": "announced", "case_number": "O-320900-20261120-0001", "subject": None,
                "what": {
                    "measure": "e-licence", "wave": "样本批次", "places": ["320900"], "opens_on": "2026-12-01",
                },
            },
            "give-duty": {"reason": "assigned", "case_number": STAFF_CASE, "subject": None},
            "new-enrolment": {"reason": "factor-lost", "case_number": STAFF_CASE, "subject": None},
        }[kind]  # fmt: skip
        return await self.post(
            "/staff/proposals", {"kind": kind, "subject": str(self.place.world.driver_id)} | body | changed
        )

    async def decide(
        self, proposal: dict[str, Any], decision: str = "agree", **changed: Any
    ) -> httpx.Response:
        body = {"decision": decision, "move": proposal["move"]} | changed
        return await self.post(f"/staff/proposals/{proposal['proposal']}/decisions", body)


@dataclass
class Place:
    """The district."""

    database: Database
    world: World
    clock: FixedClock
    wiring: StaffWiring
    nobody: Phone

    @property
    def identity(self) -> str:
        return MADE_UP[0].identity.value

    @property
    def policy(self) -> StaffPolicy:
        return self.wiring.staff_policy

    def change_policy(self, **changed: Any) -> None:
        self.wiring.staff_policy = replace(self.wiring.staff_policy, **changed)

    async def invite(self, *duties: str, region: str = HERE, unit: str = "样本交警大队") -> Badge:
        """Somebody with an enrolment code."""
        today, number = civil_day(self.clock.now()), str(next(_numbers))
        held = tuple(HeldDuty(Duty(duty), Region.parse(region), today) for duty in duties)
        now = self.clock.now()
        invited = await staff.add_member(
            self.database, number, "样本警员", unit, held, self.policy, now, OPERATOR
        )
        return Badge(self, self.nobody.another(), number, invited.code)

    async def on_duty(self, *duties: str, region: str = HERE, unit: str = "样本交警大队") -> Badge:
        """Somebody who is logged in."""
        badge = await self.invite(*duties, region=region, unit=unit)
        await badge.enrol()
        return badge

    async def status(self) -> str:
        return str(
            await self.one("SELECT status FROM driver WHERE driver_id = $1", self.world.driver_id.uuid)
        )

    async def one(self, query: str, *values: Any) -> Any:
        async with self.database.read() as tx:
            return await tx.fetchval(query, *values)

    async def entries(self, act: str) -> list[dict[str, Any]]:
        """Audit entries of one act, oldest first."""
        return [entry for entry in await self.world.audit_entries() if entry["act"] == act]

    async def events(self) -> list[str]:
        """Topics waiting in the outbox, oldest first."""
        async with self.database.read() as tx:
            return [row["topic"] for row in await tx.fetch("SELECT topic FROM outbox ORDER BY id")]

    async def told_by(self) -> list[str | None]:
        """Of the changes of standing waiting in the outbox, by which other event the driver hears of each."""
        async with self.database.read() as tx:
            rows = await tx.fetch(
                "SELECT body ->> 'told_by' AS topic FROM outbox WHERE topic = 'standing.changed' ORDER BY id"
            )
        return [row["topic"] for row in rows]


async def prepare(world: World, keys: KeyIndex) -> None:
    """The world's driver has a record the register itself could have written, found by its numbers."""
    await world.change(document_number=MADE_UP[0].identity.value, validity_term="10")
    async with world.database.transaction() as tx:
        identity = keys.hash(Kind.IDENTITY_NUMBER, MADE_UP[0].identity.canonical)
        await keyindex.claim(tx, Kind.IDENTITY_NUMBER, identity, world.driver_id)
        file = keys.hash(Kind.FILE_NUMBER, "320900000001")
        await keyindex.claim(tx, Kind.FILE_NUMBER, file, world.driver_id)


def application(wiring: StaffWiring) -> Any:
    return create_app(wiring)  # type: ignore[arg-type]
