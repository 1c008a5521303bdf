"""Whether what staff did is on record, and who may act is who should. Only reads."""

from __future__ import annotations

from liangzheng.infra import checks
from liangzheng.infra.checks import Finding
from liangzheng.infra.postgres import Connection
from liangzheng.staff import store_findings


async def check(tx: Connection) -> list[Finding]:
    """Everything that is not as it must be."""
    return await checks.find(tx, store_findings.CHECKS)
