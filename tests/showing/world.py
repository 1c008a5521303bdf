"""A register with a licence on a phone, made straight in the tables: showing's tests need no issuer
process."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from liangzheng.cli.phone import Phone
from liangzheng.infra import blobs
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.ids import ApplicationId, CredentialId, DriverId, LicenceId, PhoneKeyId, VerifierId
from liangzheng.showing import Verifier, VerifierKind, prune, store
from liangzheng.standards import x509
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.livecode import (
    CredentialClaims,
    Lives,
    SnapshotClaims,
    TrustBundle,
    TrustEntry,
    credential_to_be_signed,
    seal,
    sign_snapshot,
    sign_trust_bundle,
)
from liangzheng.standards.x509 import Role

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
WHOLE_NUMBER = "320981200002300018"  # 30 February: no person has it
MASKED = "320***********0018"
PORTRAIT = b"\xff\xd8 a fictional portrait"
DAY = timedelta(days=1)

Row = dict[str, object]
"""Column: value."""


@dataclass(frozen=True)
class Signers:
    """A root, one province's document signer, the status signer and their bundle."""

    alg: Alg
    root: SoftwareSigner
    root_certificate: bytes
    document: SoftwareSigner
    status: SoftwareSigner
    entries: tuple[TrustEntry, ...]

    def bundle(
        self, version: int = 1, at: datetime = NOW - DAY, entries: tuple[TrustEntry, ...] | None = None
    ) -> bytes:
        return sign_trust_bundle(
            version,
            int(at.timestamp()),
            self.root_certificate,
            self.entries if entries is None else entries,
            self.root,
        )

    def trust(self, version: int = 1, at: datetime = NOW - DAY) -> TrustBundle:
        return TrustBundle.load(self.bundle(version, at), self.root.public_key)


@cache
def signers(alg: Alg = Alg.ES256, name: str = "one") -> Signers:
    """Keys of one authority; made once a run. `name`: another authority has another name and other keys."""
    start, end = NOW - 400 * DAY, NOW + 400 * DAY
    root, document, status = (SoftwareSigner.generate(alg) for _ in range(3))
    root_der = x509.make_root(root, organisation=f"Test {name}", not_before=start, not_after=end)
    entries = []
    for key, role, province in ((document, Role.DOCUMENT, "CN-32"), (status, Role.STATUS, None)):
        certificate = x509.make_signer(
            root_der, root, key.public_key, role, name=f"{role} of {name}", not_before=start, not_after=end
        )
        entries.append(TrustEntry(role, province, certificate, int(start.timestamp()), int(end.timestamp())))
    return Signers(alg, root, root_der, document, status, tuple(entries))


@dataclass
class World:
    """One driver with a live licence on one phone."""

    database: Database
    keys: Signers
    now: datetime = NOW
    driver_id: DriverId = field(default_factory=DriverId.new)
    licence_id: LicenceId = field(default_factory=LicenceId.new)
    credential_id: CredentialId = field(default_factory=CredentialId.new)
    phone: Phone = field(default_factory=Phone)
    list_id: int = 1
    list_index: int = 77
    lives: Lives = field(default_factory=Lives)

    @property
    def trust(self) -> TrustBundle:
        return self.keys.trust()

    def claims(self) -> CredentialClaims:
        made = int((self.now - DAY).timestamp())
        return CredentialClaims(
            issuer="CN-32",
            authority="苏J",
            licence_id=self.licence_id.uuid.bytes,
            version=1,
            status_list=self.list_id,
            status_index=self.list_index,
            name="样本甲",
            masked_number=MASKED,
            sex="male",
            classes="C1",
            valid_from=date(2020, 1, 1),
            valid_until=date(2030, 1, 1),
            portrait_hash=hashlib.sha256(PORTRAIT).digest()[:16],
            phone_key=self.phone.public_key,
            iat=made,
            exp=made + 300 * 86400,
        )

    def snapshot(self, *, at: datetime | None = None, **changes: object) -> bytes:
        as_of = int((at or self.now - timedelta(hours=1)).timestamp())
        claims = SnapshotClaims(
            licence_id=self.licence_id.uuid.bytes,
            version=1,
            status="A",
            points=3,
            may_drive=True,
            standing_version=5,
            as_of=as_of,
            exp=as_of + 72 * 3600,
        )
        return sign_snapshot(replace(claims, **changes), self.keys.status)  # type: ignore[arg-type]

    def sign(self, claims: CredentialClaims | None = None) -> tuple[bytes, bytes]:
        """The octets to be signed, and the credential."""
        signer = self.keys.document
        octets = credential_to_be_signed(claims or self.claims(), signer.alg, signer.kid)
        return octets, seal(octets, signer.sign(octets))

    async def build(self) -> World:
        """The rows are there and the phone keeps its credential; the status is A, three points, standing
        version 5."""
        octets, credential = self.sign()
        async with self.database.transaction() as tx:
            portrait = await blobs.put(tx, PORTRAIT)
            rows = {"driver": driver_row(self.driver_id, portrait, self.now)}
            for table, row in (rows | licence_rows(self, octets, credential[-64:], portrait)).items():
                await insert(tx, table, row)
        self.phone.keep(credential)
        return self

    async def change(self, **columns: object) -> int:
        """Changes the driver's row as the register does: columns and a higher standing version in one
        statement."""
        names = list(columns)
        changes = "".join(f", {name} = ${place}" for place, name in enumerate(names, 2))
        async with self.database.transaction() as tx:
            version: int = await tx.fetchval(
                f"UPDATE driver SET standing_version = standing_version + 1{changes} WHERE driver_id = $1 "
                "RETURNING standing_version",
                self.driver_id.uuid,
                *columns.values(),
            )
        return version

    async def set_credential(self, state: str) -> None:
        async with self.database.transaction() as tx:
            await tx.execute(
                "UPDATE credential SET state = $2, ended_at = now() WHERE driver_id = $1",
                self.driver_id.uuid,
                state,
            )

    async def pruned(self, at: datetime, *kept_for: timedelta) -> int:
        """How many looks and short codes an hourly pruning at that time would let go of."""
        async with self.database.transaction() as tx:
            return await prune(tx, at, 100, *kept_for)

    async def audit_entries(self) -> list[dict[str, object]]:
        """Every audit entry, oldest first; `detail` decoded."""
        async with self.database.read() as tx:
            rows = await tx.fetch("SELECT * FROM audit_entry ORDER BY id")
        return [dict(row) | {"detail": _decoded(row["detail"])} for row in rows]


def _decoded(detail: object) -> object:
    return json.loads(detail) if isinstance(detail, str) else detail


def driver_row(driver_id: DriverId, portrait: bytes, now: datetime) -> Row:
    """A driver in order: status A, three points, standing version 5."""
    return {
        "driver_id": driver_id.uuid,
        "standing_version": 5,
        "updated_at": now,
        "record_version": 1,
        "import_number": 0,
        "import_line": 0,
        "birth_date": date(2000, 2, 3),
        "first_issue_date": date(2020, 1, 1),
        "valid_from": date(2020, 1, 1),
        "valid_until": date(2030, 1, 1),
        "points": 3,
        "reissue_count": 0,
        "sex": 1,
        "probation": False,
        "hearing_aid": False,
        "identity_kind": "A",
        "document_number": WHOLE_NUMBER,
        "name": "样本甲",
        "name_key": "yang ben jia",
        "nationality": "CHN",
        "classes": "C1",
        "class_history": "C1@2020-01-01",
        "validity_term": "10",
        "status": "A",
        "issuing_authority": "苏J",
        "address_division": "320981",
        "resident_address": "样本路1号",
        "file_number": "320900000001",
        "school_bus_classes": "",
        "notes": "",
        "portrait_hash": portrait,
        "row_hash": bytes(16),
    }


def licence_rows(world: World, octets: bytes, signature: bytes, portrait: bytes) -> dict[str, Row]:
    """By table, in the order they may be inserted: a live licence on one phone."""
    driver, licence, application = world.driver_id.uuid, world.licence_id.uuid, ApplicationId.new().uuid
    at, kid = world.now - DAY, world.keys.document.kid
    return {
        "application": {
            "driver_id": driver,
            "id": application,
            "state": "issued",
            "move": 3,
            "origin": "reissue",
            "photo": "archived",
            "standing_version": 5,
            "submitted_at": at,
            "moved_at": at,
        },
        "licence": {
            "driver_id": driver,
            "id": licence,
            "version": 1,
            "state": "live",
            "move": 2,
            "application_id": application,
            "standing_version": 5,
            "classes": "C1",
            "valid_from": date(2020, 1, 1),
            "valid_until": date(2030, 1, 1),
            "authority": "苏J",
            "portrait_hash": portrait,
            "kid": kid,
            "document": b"document",
            "signature": bytes(64),
            "lease": driver,
            "leased_until": at,
            "drafted_at": at,
            "issued_at": at,
        },
        "credential": {
            "driver_id": driver,
            "id": world.credential_id.uuid,
            "licence_id": licence,
            "licence_version": 1,
            "state": "live",
            "move": 3,
            "slot": 1,
            "phone_key_id": PhoneKeyId.new().uuid,
            "phone_key": world.phone.public_key,
            "standing_version": 5,
            "list_id": world.list_id,
            "list_index": world.list_index,
            "kid": kid,
            "octets": octets,
            "signature": signature,
            "requested_at": at,
            "issued_at": at,
            "expires_at": at + 300 * DAY,
        },
        "status_entry": {
            "list_id": world.list_id,
            "list_index": world.list_index,
            "driver_id": driver,
            "credential_id": world.credential_id.uuid,
            "value": 0,
        },
    }


async def insert(tx: Connection, table: str, values: Row) -> None:
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    await tx.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})", *values.values())


async def keep_company(database: Database, name: str, now: datetime) -> Verifier:
    """A company as its approval makes it a verifier (showing/companies.py): nobody has a token of it."""
    verifier = Verifier(VerifierId.new(), name, VerifierKind.COMPANY)
    async with database.transaction() as tx:
        await store.keep_verifier(tx, verifier, True, bytes(32), now)
    return verifier
