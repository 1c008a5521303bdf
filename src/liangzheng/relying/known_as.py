"""Whom a company means by a pseudonym, and the other way round: for what it hears by the 亮码 and fetches a moment later."""

from __future__ import annotations

from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import NotFound
from liangzheng.kernel.ids import CompanyId, DriverId, PseudonymId
from liangzheng.relying.pseudonyms import pseudonym
from liangzheng.relying.store import consents


async def known_as(tx: Connection, keys: KeyIndex, company_id: CompanyId, driver_id: DriverId) -> PseudonymId:
    """The company's own name for the driver, by which `driver_known_as` finds them from now on."""
    name = pseudonym(keys, company_id, driver_id)
    await consents.know_driver(tx, company_id, name, driver_id)
    return name


async def driver_known_as(tx: Connection, company_id: CompanyId, name: PseudonymId) -> DriverId:
    """Who is meant. Raises NotFound for a name that means nobody to this company."""
    found = await consents.driver_known_as(tx, company_id, name)
    if found is None:
        raise NotFound("no portrait: it is there for five minutes, for the verifier who verified the code")
    return found
