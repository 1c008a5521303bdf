"""Whether what is kept about people agrees with itself. Only reads."""

from __future__ import annotations

from liangzheng.accounts import store_findings
from liangzheng.infra import checks
from liangzheng.infra.checks import Finding
from liangzheng.infra.postgres import Connection


async def check(tx: Connection) -> list[Finding]:
    """Everything that is not as it must be."""
    return await checks.find(tx, store_findings.CHECKS)
