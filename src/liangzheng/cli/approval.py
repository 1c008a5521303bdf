"""A key ceremony asks whether two people have agreed to it. Production demands it; elsewhere what is given is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from liangzheng import staff
from liangzheng.cli.main import run
from liangzheng.infra.postgres import attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Forbidden, Invalid
from liangzheng.kernel.ids import ProposalId

Wanted = tuple[str, Mapping[str, Any]]
"""Kind of proposal, and exactly what it must say."""


def demand_approvals(
    settings: Settings, given: Sequence[str], wanted: Sequence[Wanted], now: datetime
) -> None:
    """Every key has its approval, in the order of the keys; they are used up. Raises Forbidden, Invalid, NotFound, Conflict."""
    if not given:
        if settings.mode == "production":
            raise Forbidden(
                "in production two people approve a key ceremony first: --approval prp_…", rule="four-eyes"
            )
        return
    if len(given) != len(wanted):
        raise Invalid("--approval", f"once for every key: {len(wanted)}")

    async def use() -> None:
        async with attach(settings) as database, database.transaction() as tx:
            for text, (kind, what) in zip(given, wanted, strict=True):
                await staff.use_approval(tx, ProposalId.parse(text), staff.Kind(kind), what, now)

    run(use())
