"""Whether what is kept about people agrees with itself. Only reads."""

from __future__ import annotations

from datetime import date

from liangzheng import reviewing
from liangzheng.accounts import store_findings
from liangzheng.accounts.store_face_reviews import FACE_QUEUE
from liangzheng.infra import checks
from liangzheng.infra.checks import Finding, Probe
from liangzheng.infra.postgres import Connection

_AREA = "accounts"
_LATE = "a review of a face check past its working day was escalated"


def probes(on: date) -> list[Probe]:
    """What is looked at, each by itself."""
    return [
        *checks.probes_of(_AREA, store_findings.CHECKS),
        reviewing.late_unheard(_AREA, _LATE, FACE_QUEUE, on),
    ]


async def check(tx: Connection, on: date) -> list[Finding]:
    """Everything that is not as it must be."""
    return await checks.look_at(tx, probes(on))
