"""Whether consents, looks and companies agree with the record. Only reads."""

from __future__ import annotations

from liangzheng.infra import checks
from liangzheng.infra.checks import Finding, Probe
from liangzheng.infra.postgres import Connection
from liangzheng.relying.store import findings


def probes() -> list[Probe]:
    """What is looked at, each by itself."""
    return checks.probes_of("relying", findings.CHECKS)


async def check(tx: Connection) -> list[Finding]:
    """Everything that is not as it must be."""
    return await checks.look_at(tx, probes())
