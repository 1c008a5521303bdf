"""Looking a driver up: by identity number, by number and name, and as the record a licence is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from liangzheng.drivers import store
from liangzheng.drivers.model import Driver, LicenceRecord, Standing
from liangzheng.drivers.names import same_name
from liangzheng.drivers.rules import record_line
from liangzheng.infra import blobs, keyindex
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.people import FileNumber, IdentityNumber, PersonName

_NOBODY = PersonName("某某")


async def by_identity(tx: Connection, keys: KeyIndex, number: IdentityNumber) -> DriverId | None:
    """The driver with this identity document, None when there is none."""
    owner = await keyindex.find(tx, Kind.IDENTITY_NUMBER, keys.hash(Kind.IDENTITY_NUMBER, number.canonical))
    return None if owner is None else DriverId(owner)


async def by_file_number(tx: Connection, keys: KeyIndex, number: FileNumber) -> DriverId | None:
    """The driver with this file number, None when there is none."""
    owner = await keyindex.find(tx, Kind.FILE_NUMBER, keys.hash(Kind.FILE_NUMBER, number.value))
    return None if owner is None else DriverId(owner)


async def named(tx: Connection, keys: KeyIndex, number: IdentityNumber) -> tuple[DriverId, PersonName] | None:
    """The driver with this identity document, and the name in the register; two reads whether there is one or
    not."""
    driver_id = await by_identity(tx, keys, number)
    name = await store.name_of(tx, driver_id or DriverId.new())
    return None if driver_id is None or name is None else (driver_id, PersonName(name))


async def matches(
    tx: Connection, keys: KeyIndex, number: IdentityNumber, name: PersonName
) -> DriverId | None:
    """The driver with this number *and* this name. None for an unknown number and for another name alike,
    after the same work.

    Names are compared as `same_name` does: rare characters in their old and new code points are one name.
    """
    found = await named(tx, keys, number)
    driver_id, known = found if found is not None else (None, _NOBODY)
    return driver_id if same_name(known.value, name.value) else None


async def portrait_on_file(tx: Connection, standing: Standing) -> bool:
    """Whether the archived photo the register names is kept here."""
    return standing.portrait_hash is not None and await blobs.has(tx, standing.portrait_hash)


async def standings(tx: Connection, driver_ids: Sequence[DriverId]) -> dict[DriverId, Standing]:
    """What decides about licences of these drivers, a third of the work of `licence_records`; drivers that do not exist
    are left out. `portrait_hash` is None where the photo is not kept here."""
    found = await store.standings(tx, driver_ids)
    hashes = {standing.portrait_hash for standing in found if standing.portrait_hash is not None}
    missing = await store.missing_portraits(tx, list(hashes)) if hashes else set()
    return {
        standing.driver_id: replace(standing, portrait_hash=None)
        if standing.portrait_hash in missing
        else standing
        for standing in found
    }


async def licence_records(tx: Connection, driver_ids: Sequence[DriverId]) -> dict[DriverId, LicenceRecord]:
    """What licences of these drivers say; drivers that do not exist are left out."""
    found = await store.drivers(tx, driver_ids)
    hashes = [driver.standing.portrait_hash for driver in found if driver.standing.portrait_hash is not None]
    missing = await store.missing_portraits(tx, hashes) if hashes else set()
    return {driver.driver_id: _licence_record(driver, missing) for driver in found}


async def licence_record(tx: Connection, driver_id: DriverId) -> LicenceRecord:
    """What a licence of this driver says. Raises NotFound."""
    records = await licence_records(tx, [driver_id])
    if driver_id not in records:
        raise NotFound("no such driver")
    return records[driver_id]


def _licence_record(driver: Driver, missing: set[bytes]) -> LicenceRecord:
    standing = driver.standing
    return LicenceRecord(
        driver_id=driver.driver_id,
        standing_version=standing.version,
        portrait_hash=None if standing.portrait_hash in missing else standing.portrait_hash,
        document_number=driver.identity.value,
        identity_kind=driver.identity.kind.value,
        name=driver.name.value,
        sex=driver.sex,
        nationality=driver.nationality,
        birth_date=driver.birth_date,
        first_issue_date=standing.first_issue_date,
        classes=standing.classes,
        valid_from=standing.valid_from,
        valid_until=standing.valid_until,
        points=standing.points,
        status=standing.status,
        extended_until=standing.extended_until,
        card_core_number=None if driver.card_core_number is None else driver.card_core_number.value,
        resident_address=driver.resident_address,
        issuing_authority=standing.authority,
        file_number=driver.file_number.value,
        record=record_line(driver),
        hearing_aid=driver.hearing_aid,
    )
