"""Whether what is kept about people agrees with itself. Only reads."""

from __future__ import annotations

from liangzheng.accounts import store_findings
from liangzheng.infra import checks
from liangzheng.infra.checks import Finding, Probe
from liangzheng.infra.postgres import Connection


def probes() -> list[Probe]:
    """What is looked at, each by itself."""
    return checks.probes_of("accounts", store_findings.CHECKS)


async def check(tx: Connection) -> list[Finding]:
    """Everything that is not as it must be."""
    return await checks.look_at(tx, probes())
