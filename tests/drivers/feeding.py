"""A source of changes, drivers it speaks of, and lines about them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from liangzheng import drivers
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.postgres import Database
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.people import IdentityKind, IdentityNumber
from liangzheng.standards.keys import Alg, SoftwareSigner
from tests.licences.world import NOW, add_driver, citizen

KEYS = KeyIndex(b"k" * 32)
AT = "2026-11-20T09:30:00+08:00"


def line(sequence: int, change: str, values: Any, driver: Any = 1, **top: Any) -> bytes:
    """A line about the driver-th driver, or any `driver`; `top` replaces or adds fields of the line itself."""
    fields = {
        "sequence": sequence,
        "occurred_at": AT,
        "driver": {"file_number": f"3205{driver:08d}"} if isinstance(driver, int) else driver,
        "change": change,
        "values": values,
    }
    return json.dumps(fields | top, ensure_ascii=False).encode()


def points(sequence: int, kind: str = "violation", driver: int = 1, **values: Any) -> bytes:
    """A line about points; the entry is named after its sequence."""
    given = {"kind": kind, "reference": f"entry-{sequence}", "on": "2026-11-19"} | values
    return line(sequence, "points", given, driver)


def status(sequence: int, letters: str, driver: int = 1) -> bytes:
    """A line about the status."""
    return line(sequence, "status", {"status": letters}, driver)


def body(*lines: bytes) -> bytes:
    """As it is sent."""
    return b"".join(each + b"\n" for each in lines)


@dataclass
class Feeding:
    """A database with drivers 1, 2, … of 苏E and a source that speaks for 江苏."""

    database: Database
    now: datetime = NOW
    signer: SoftwareSigner = field(default_factory=lambda: SoftwareSigner.generate(Alg.ES256))
    policy: drivers.FeedPolicy = field(default_factory=drivers.FeedPolicy)
    source: drivers.RegisterSource = field(init=False)
    made: list[DriverId] = field(default_factory=list)

    async def begin(self, count: int = 1, **columns: Any) -> Feeding:
        self.source = await drivers.add_source(
            self.database, "江苏示例登记", ["32"], self.signer.public_key, self.now
        )
        for _ in range(count):
            await self.driver(**columns)
        return self

    async def driver(self, **columns: Any) -> DriverId:
        number = len(self.made) + 1
        async with self.database.transaction() as tx:
            # Born late enough for whole ages, early enough for every class.
            made = await add_driver(tx, number, **columns)
            await self.index(tx, made, number)
        self.made.append(made)
        return made

    async def index(self, tx: Any, driver_id: DriverId, number: int) -> None:
        identity = IdentityNumber(IdentityKind.RESIDENT_CARD, citizen(number))
        for kind, text in (
            (Kind.IDENTITY_NUMBER, identity.canonical),
            (Kind.FILE_NUMBER, f"3205{number:08d}"),
        ):
            await tx.execute(
                "INSERT INTO key_index (key_hash, kind, owner) VALUES ($1, $2, $3)",
                KEYS.hash(kind, text), int(kind), driver_id.uuid,
            )  # fmt: skip

    async def send(self, *lines: bytes) -> drivers.FeedAnswer:
        return await drivers.take_feed(
            self.database, KEYS, drivers.code_tables(), self.source.id, body(*lines), self.now, self.policy
        )

    async def row(self, driver: int = 1) -> dict[str, Any]:
        async with self.database.read() as tx:
            return dict(
                await tx.fetchrow("SELECT * FROM driver WHERE driver_id = $1", self.made[driver - 1].uuid)
            )

    async def ledger(self, driver: int = 1) -> Any:
        async with self.database.read() as tx:
            return await drivers.ledger(tx, self.made[driver - 1].uuid)

    async def rows(self, query: str, *values: Any) -> list[Any]:
        async with self.database.read() as tx:
            return [tuple(row.values()) for row in await tx.fetch(query, *values)]

    async def everything(self) -> dict[str, list[Any]]:
        """Every row version of every table a feed writes: the same only when nothing was written."""
        tables = (
            "driver", "driver_change", "register_source", "register_line", "register_line_waiting", "points_account",
            "points_entry", "last_said", "outbox", "audit_entry",
        )  # fmt: skip
        return {
            table: await self.rows(f"SELECT xmin::text, ctid::text, t::text FROM {table} AS t ORDER BY 3")
            for table in tables
        }
