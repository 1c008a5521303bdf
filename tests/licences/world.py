"""Drivers, accepted applications and an issuer over real tables and real keys; what was signed is written
down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache

from liangzheng.infra import blobs
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import ApplicationId, DriverId, FaceCheckId, PersonId, PhoneKeyId
from liangzheng.kernel.people import citizen_check_character
from liangzheng.licences import Issuer
from liangzheng.licences.lifecycle import ApplicationState
from liangzheng.licences.model import Application, Phone
from liangzheng.licences.store import applications
from liangzheng.licences.store.applications import Waiting
from liangzheng.standards import x509
from liangzheng.standards.keys import Alg, Signer, SoftwareSigner
from liangzheng.standards.livecode import Lives, TrustBundle, TrustEntry, sign_trust_bundle
from liangzheng.standards.x509 import Role

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PORTRAIT = b"\xff\xd8 a fictional portrait"
PORTRAIT_HASH = hashlib.sha256(PORTRAIT).digest()
AUTHORITIES = load_reference().authorities


class Recorder:
    """A signer that writes down every message before it signs it."""

    def __init__(self, signer: SoftwareSigner, signed: list[bytes]) -> None:
        self._signer, self._signed = signer, signed
        self.alg, self.kid, self.public_key = signer.alg, signer.kid, signer.public_key

    def sign(self, message: bytes) -> bytes:
        self._signed.append(message)
        return self._signer.sign(message)


@dataclass
class Keys:
    """Document signers of two provinces and a status signer; `gone` are provinces whose key may not sign."""

    root: SoftwareSigner
    signers: dict[str, SoftwareSigner]
    bundle: TrustBundle
    signed: list[bytes] = field(default_factory=list, repr=False)
    gone: set[str] = field(default_factory=set)

    def signing(self, province: str | None, now: datetime) -> Signer:
        name = province or "status"
        if name in self.gone or name not in self.signers:
            raise Unavailable(f"no key signs for {name}")
        return Recorder(self.signers[name], self.signed)

    def of_kid(self, kid: bytes, now: datetime) -> Signer | None:
        for name, signer in self.signers.items():
            if signer.kid == kid and name not in self.gone:
                return Recorder(signer, self.signed)
        return None


@cache
def _made(alg: Alg, name: str) -> tuple[SoftwareSigner, dict[str, SoftwareSigner], TrustBundle]:
    start, end = NOW - DAY, NOW + 400 * DAY
    root = SoftwareSigner.generate(alg)
    root_der = x509.make_root(root, organisation=f"Test {name}", not_before=start, not_after=end)
    signers, entries = {}, []
    for whose, role, province in (
        ("CN-32", Role.DOCUMENT, "CN-32"),
        ("CN-33", Role.DOCUMENT, "CN-33"),
        ("status", Role.STATUS, None),
    ):
        signers[whose] = SoftwareSigner.generate(alg)
        certificate = x509.make_signer(
            root_der, root, signers[whose].public_key, role, name=whose, not_before=start, not_after=end
        )
        entries.append(TrustEntry(role, province, certificate, int(start.timestamp()), int(end.timestamp())))
    octets = sign_trust_bundle(1, int(start.timestamp()), root_der, entries, root)
    return root, signers, TrustBundle.load(octets, root.public_key)


def keys(alg: Alg = Alg.ES256, name: str = "one") -> Keys:
    """Keys of one authority, made once a run; another name has other keys."""
    root, signers, bundle = _made(alg, name)
    return Keys(root, signers, bundle)


def phone(number: int = 1) -> Phone:
    """A phone's key; the number-th is the same at every call within a run."""
    return Phone(PhoneKeyId.new(), _phone_key(number).public_key.compressed)


@cache
def _phone_key(number: int) -> SoftwareSigner:
    return SoftwareSigner.generate(Alg.ES256)


def citizen(sequence: int) -> str:
    head = f"3205051800{1 + sequence // 25000:02d}{1 + sequence // 1000 % 25:02d}{sequence % 1000:03d}"
    return head + citizen_check_character(head)


@dataclass
class World:
    """A database with drivers; the issuers made here share keys and a list of what was signed."""

    database: Database
    keys: Keys
    lives: Lives = field(default_factory=Lives)
    made: int = 0
    now: datetime = NOW

    @property
    def signed(self) -> list[bytes]:
        return self.keys.signed

    def issuer(self, reached: Callable[[str], None] | None = None, **changes: object) -> Issuer:
        points = {"reached": reached} if reached else {}
        made = {"trust": lambda: self.keys.bundle} | changes
        return Issuer(
            self.database,
            self.keys,
            authorities=AUTHORITIES,
            lives=self.lives,
            **made,
            **points,  # type: ignore[arg-type]
        )

    async def driver(self, **columns: object) -> DriverId:
        return (await self.drivers(1, **columns))[0]

    async def drivers(self, count: int, **columns: object) -> list[DriverId]:
        async with self.database.transaction() as tx:
            await blobs.put(tx, PORTRAIT)
            added = []
            for _ in range(count):
                self.made += 1
                added.append(await add_driver(tx, self.made, **columns))
        return added

    async def apply(self, *drivers: DriverId, with_phone: Phone | None = None) -> list[ApplicationId]:
        """Accepted applications, as `licences.apply` keeps them."""
        async with self.database.transaction() as tx:
            return [await accept(tx, driver_id, with_phone, self.now) for driver_id in drivers]

    async def accepted(
        self, count: int = 1, phone_number: int | None = 1, **columns: object
    ) -> list[DriverId]:
        """Drivers with accepted applications, each with a phone of its own."""
        drivers = await self.drivers(count, **columns)
        for driver_id in drivers:
            await self.apply(driver_id, with_phone=phone(phone_number) if phone_number else None)
        return drivers

    async def issued(self, count: int = 1, at: datetime = NOW, **columns: object) -> list[DriverId]:
        """Drivers with live licences."""
        drivers = await self.accepted(count, **columns)
        result = await self.issuer().batch(at)
        assert result.issued == count, result
        return drivers

    async def change(self, driver_id: DriverId, **columns: object) -> int:
        """The register's row changes, with its standing version; no event is put."""
        names = list(columns)
        changes = "".join(f", {name} = ${place}" for place, name in enumerate(names, 2))
        async with self.database.transaction() as tx:
            version: int = await tx.fetchval(
                f"UPDATE driver SET standing_version = standing_version + 1{changes} WHERE driver_id = $1 "
                f"RETURNING standing_version",
                driver_id.uuid,
                *columns.values(),
            )
        return version

    async def rows(self, table: str, *drivers: DriverId) -> list[dict[str, object]]:
        async with self.database.read() as connection:
            where = " WHERE driver_id = ANY($1)" if drivers else ""
            arguments = [[driver_id.uuid for driver_id in drivers]] if drivers else []
            found = await connection.fetch(f"SELECT * FROM {table}{where}", *arguments)
        return [dict(row) for row in found]

    async def states(self, table: str, *drivers: DriverId) -> list[str]:
        return sorted(str(row["state"]) for row in await self.rows(table, *drivers))

    async def count(self, query: str, *arguments: object) -> int:
        async with self.database.read() as connection:
            return int(await connection.fetchval(query, *arguments))


async def add_driver(tx: Connection, number: int, **columns: object) -> DriverId:
    driver_id = DriverId.new()
    values = driver_row(driver_id, number) | columns
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    await tx.execute(f"INSERT INTO driver ({', '.join(values)}) VALUES ({places})", *values.values())
    return driver_id


def driver_row(driver_id: DriverId, number: int) -> dict[str, object]:
    """The number-th driver: in order, class C1, of 苏州."""
    return {
        "driver_id": driver_id.uuid,
        "standing_version": 1,
        "updated_at": NOW,
        "record_version": 1,
        "import_number": 0,
        "import_line": 0,
        "birth_date": date(1800, 1, 1),
        "first_issue_date": date(2020, 1, 1),
        "valid_from": date(2020, 1, 1),
        "valid_until": date(2030, 1, 1),
        "points": 3,
        "reissue_count": 0,
        "sex": 1,
        "probation": False,
        "hearing_aid": False,
        "identity_kind": "A",
        "document_number": citizen(number),
        "name": "样本" + chr(0x4E00 + number % 5000),
        "name_key": "yang ben",
        "nationality": "CHN",
        "classes": "C1",
        "class_history": "C1@2020-01-01",
        "validity_term": "10",
        "status": "A",
        "issuing_authority": "苏E",
        "address_division": "320505",
        "resident_address": "样本路1号",
        "file_number": f"3205{number:08d}",
        "school_bus_classes": "",
        "notes": "",
        "portrait_hash": PORTRAIT_HASH,
        "row_hash": bytes(16),
    }


async def accept(
    tx: Connection, driver_id: DriverId, with_phone: Phone | None, now: datetime = NOW
) -> ApplicationId:
    version = await tx.fetchval("SELECT standing_version FROM driver WHERE driver_id = $1", driver_id.uuid)
    application = Application(
        driver_id=driver_id,
        id=ApplicationId.new(),
        state=ApplicationState.ACCEPTED,
        move=1,
        origin="holder",
        person_id=PersonId.new(),
        phone=with_phone,
        refusal=None,
        standing_version=version,
        submitted_at=now,
        moved_at=now,
    )
    await applications.add(tx, [(application, FaceCheckId.new())])
    await applications.enqueue(tx, [Waiting(driver_id, application.id, now)])
    return application.id


async def kept_octets(database: Database) -> set[bytes]:
    """Everything that was ever kept to be signed, abandoned drafts included."""
    async with database.read() as connection:
        rows = await connection.fetch(
            "SELECT document AS octets FROM licence UNION ALL SELECT octets FROM credential WHERE octets IS "
            "NOT NULL"
        )
    return {row["octets"] for row in rows}


def later(at: datetime, seconds: float) -> datetime:
    return at + timedelta(seconds=seconds)


__all__: Sequence[str] = ("NOW", "Keys", "World", "kept_octets", "keys", "later", "phone")
