"""Whether the register agrees with its history and with the look-up index. Only reads."""

from __future__ import annotations

from liangzheng.drivers import store_findings
from liangzheng.infra import checks, keyindex
from liangzheng.infra.checks import Finding, Probe
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Invalid
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
    of_identity, of_file = keys.hasher(Kind.IDENTITY_NUMBER), keys.hasher(Kind.FILE_NUMBER)
    async for rows in store_findings.numbers_in_batches(tx):
        by_identity, by_file = {}, {}
        for row in rows:
            try:
                identity = IdentityNumber(IdentityKind(row["identity_kind"]), row["document_number"])
            except Invalid:
                found.append(Finding(_INDEXED, str(DriverId(row["driver_id"])), "has no identity number"))
            else:
                by_identity[of_identity(identity.canonical.encode())] = row["driver_id"]
            by_file[of_file(row["file_number"].encode())] = row["driver_id"]
        for kind, wanted in ((Kind.IDENTITY_NUMBER, by_identity), (Kind.FILE_NUMBER, by_file)):
            owners = await keyindex.find_many(tx, kind, list(wanted))
            found += [
                Finding(_INDEXED, str(DriverId(driver_id)), f"by {kind.name.lower()} leads elsewhere")
                for hashed, driver_id in wanted.items()
                if owners.get(hashed) != driver_id
            ]
    return found
