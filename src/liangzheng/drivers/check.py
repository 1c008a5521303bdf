"""Whether the register agrees with its history and with the look-up index. Only reads."""

from __future__ import annotations

from liangzheng.drivers import store_findings
from liangzheng.infra import checks, keyindex
from liangzheng.infra.checks import Finding, Probe
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.people import IdentityKind, IdentityNumber

_INDEXED = "every driver is found by identity number and by file number"


def probes(keys: KeyIndex) -> list[Probe]:
    """What is looked at, each by itself; the look-up index is compared number by number."""

    async def indexed(tx: Connection) -> list[Finding]:
        return await _indexed(tx, keys)

    return [
        Probe("drivers", _INDEXED, indexed),
        *checks.probes_of("drivers", store_findings.CHECKS),
    ]


async def check(tx: Connection, keys: KeyIndex) -> list[Finding]:
    """Everything that is not as it must be."""
    return await checks.look_at(tx, probes(keys))


async def _indexed(tx: Connection, keys: KeyIndex) -> list[Finding]:
    found: list[Finding] = []
    async for rows in store_findings.numbers_in_batches(tx):
        wanted = {}
        for row in rows:
            identity = IdentityNumber(IdentityKind(row["identity_kind"]), row["document_number"])
            wanted[Kind.IDENTITY_NUMBER, keys.hash(Kind.IDENTITY_NUMBER, identity.canonical)] = row[
                "driver_id"
            ]
            wanted[Kind.FILE_NUMBER, keys.hash(Kind.FILE_NUMBER, row["file_number"])] = row["driver_id"]
        for kind in (Kind.IDENTITY_NUMBER, Kind.FILE_NUMBER):
            hashes = [hashed for of_kind, hashed in wanted if of_kind is kind]
            owners = await keyindex.find_many(tx, kind, hashes)
            found += [
                Finding(
                    _INDEXED, str(DriverId(wanted[kind, hashed])), f"by {kind.name.lower()} leads elsewhere"
                )
                for hashed in hashes
                if owners.get(hashed) != wanted[kind, hashed]
            ]
    return found
