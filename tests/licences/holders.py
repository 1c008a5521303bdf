"""Holders over HTTP: the real wiring of the API process, the register as source of real names, an issuer
beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from liangzheng import audit, rollout
from liangzheng.api.app import create_app
from liangzheng.infra import keyindex, outbox
from liangzheng.infra.keyindex import Kind
from liangzheng.infra.keys_file import FileSigners
from liangzheng.infra.passwords import Passwords
from liangzheng.infra.postgres import Database
from liangzheng.infra.settings import Settings
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.people import IdentityKind, IdentityNumber, Mobile, PersonName
from liangzheng.kernel.time import FixedClock, civil_day
from liangzheng.licences import Issuer
from liangzheng.rollout import Measure, Wave
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.x509 import Role
from liangzheng.wiring import Part, Wiring, key_dirs, wire
from liangzheng.worker.handlers import handlers
from tests.accounts.people import MadeUp
from tests.api.phone import Phone, done
from tests.licences.world import World, citizen, keys


@dataclass
class Deployment:
    """One deployment: its wiring, its application, its issuer; the clock stands unless advanced."""

    wiring: Wiring
    world: World
    clock: FixedClock
    phone: Phone
    asked: int = 0

    @classmethod
    @asynccontextmanager
    async def over(
        cls, database: Database, clock: FixedClock, directory: Path, **settings: str
    ) -> AsyncIterator[Deployment]:
        """Opened with its data, and its keys, in a directory; with these settings beside those of every test."""
        named = {"LZ_MODE": "test", "LZ_DATA_DIR": str(directory), "LZ_FACE_ENGINE": "simulated"} | settings
        wired = wire(Settings.from_env(named), Part.API, database, clock)
        # Hashing that costs little: what is tested here is not the passwords.
        wired.passwords.close()
        wiring = replace(wired, passwords=Passwords(memory_kib=64, passes=1, at_once=2, waiting=8))
        async with Phone.over(create_app(wiring)) as phone:
            yield cls(wiring, World(database, keys()), clock, phone)
        wiring.passwords.close()
        wiring.photo_process.close()

    def key(self) -> dict[str, str]:
        """A fresh idempotency key, as headers."""
        self.asked += 1
        return {"Idempotency-Key": f"request-{self.asked:06d}"}

    async def holder(self, **columns: object) -> Holder:
        """Somebody of the register, registered, logged in, face verified, on a phone with a bound key."""
        driver_id = await self.world.driver(**columns)
        number = self.world.made
        identity = IdentityNumber(IdentityKind.RESIDENT_CARD, citizen(number))
        hashed = self.wiring.key_index.hash(Kind.IDENTITY_NUMBER, identity.canonical)
        async with self.world.database.transaction() as tx:
            await keyindex.claim(tx, Kind.IDENTITY_NUMBER, hashed, driver_id)
        name = PersonName(str(columns.get("name", "样本" + chr(0x4E00 + number % 5000))))
        person = MadeUp(Mobile(f"1390000{number:04d}"), identity, name, driver_id)
        phone = await self.phone.another().arrive(person)
        signer = SoftwareSigner.generate(Alg.ES256)
        bound = await phone.bind(signer=signer)
        return Holder(self, phone, person, driver_id, signer, bound["phone_key_id"])

    async def open_city(self, *codes: str) -> None:
        """A wave with these places opens today; 苏州 unless said otherwise."""
        day = civil_day(self.clock.now())
        places = dict.fromkeys(codes or ("320500",), day)
        wave = Wave(Measure.E_LICENCE, f"wave {self.clock.now()} {codes}", day, day, places)
        async with self.world.database.transaction() as tx:
            await rollout.open_wave(tx, wave, self.clock.now(), audit.Actor("operator"))

    def issuer(self, reached: Callable[[str], None] = lambda point: None) -> Issuer:
        """An issuer process of this deployment; `reached` is told the points it passes."""
        dirs = key_dirs(self.wiring.settings)
        signers = FileSigners(dirs.issuer, Role.DOCUMENT, self.wiring.trust)
        authorities, lives = self.wiring.reference.authorities, self.wiring.lives
        return Issuer(self.world.database, signers, self.wiring.trust, authorities, lives, reached=reached)

    async def issue(self) -> int:
        """The issuer process works until nothing waits; licences issued."""
        issuer = self.issuer()
        issued = 0
        while (result := await issuer.batch(self.clock.now())).claimed - result.postponed:
            issued += result.issued
        return issued

    async def drain(self) -> None:
        """The queue worker handles what is due."""
        table = handlers(self.wiring.reference.authorities, self.clock.now)
        while done_ := await outbox.drain(self.world.database, table, self.clock.now()):
            assert not done_.failed and not done_.parked, done_

    @property
    def now(self) -> datetime:
        return self.clock.now()


@dataclass
class Holder:
    """A person with a phone."""

    place: Deployment
    phone: Phone
    person: MadeUp
    driver_id: DriverId
    signer: SoftwareSigner
    phone_key: str

    async def body(self, **changed: Any) -> dict[str, Any]:
        """A right body for POST /holder/applications, with a fresh face check."""
        face_check = await self.phone.pass_face_check("apply")
        return {"photo": "archived", "face_check": face_check, "phone_key": self.phone_key} | changed

    async def apply(self, **changed: Any) -> dict[str, Any]:
        body = await self.body(**changed)
        return done(await self.phone.post("/holder/applications", body, headers=self.place.key()), 202)

    async def log_in(self) -> None:
        """Again, when the login has expired."""
        await self.phone.log_in(self.person)

    async def licence(self) -> dict[str, Any]:
        return done(await self.phone.get("/holder/licence"), 200)
