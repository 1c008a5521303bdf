"""Whether every look is on record. Only reads."""

from __future__ import annotations

from liangzheng.infra import checks
from liangzheng.infra.checks import Finding, Probe
from liangzheng.infra.postgres import Connection
from liangzheng.showing import store_findings


def probes() -> list[Probe]:
    """What is looked at, each by itself."""
    return checks.probes_of("showing", store_findings.CHECKS)


async def check(tx: Connection) -> list[Finding]:
    """Everything that is not as it must be."""
    return await checks.look_at(tx, probes())
