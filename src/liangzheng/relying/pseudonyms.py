"""What is derived from the deployment's secret for one company: its names for drivers, its webhook key."""

from __future__ import annotations

import hmac
from uuid import UUID

from liangzheng.infra.keyindex import KeyIndex
from liangzheng.kernel.ids import CompanyId, DriverId, PseudonymId


def pseudonym(keys: KeyIndex, company_id: CompanyId, driver_id: DriverId) -> PseudonymId:
    """The driver as this company knows them: the same each time, and unlike what any other company has.

    HMAC-SHA256 with a key of the company's own over the driver's id, the first 16 octets. Without the
    deployment's secret, nobody tells whether two companies' pseudonyms are one driver.
    """
    key = keys.derive("pseudonym", company_id.uuid.bytes)
    return PseudonymId(UUID(bytes=hmac.digest(key, driver_id.uuid.bytes, "sha256")[:16]))


def webhook_key(keys: KeyIndex, company_id: CompanyId, generation: int) -> bytes:
    """The 32 octets notices to this company are signed with, of one generation."""
    return keys.derive("webhook", company_id.uuid.bytes + generation.to_bytes(4, "big"))
