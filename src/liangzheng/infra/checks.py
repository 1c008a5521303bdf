"""What a check of the stored facts is: a rule in words, and a statement that finds what breaks it. Contexts list theirs.

A *probe* is the least that is looked at by itself: one statement, one index, one walk over signatures. Probes share
nothing, so that as many may run side by side as there are connections.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from liangzheng.infra.postgres import Connection

MOST_FINDINGS = 20
"""Of one rule; whoever sees twenty has enough to begin with."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where the stored facts break a rule. `subject` is an id in text, `found` holds no personal data."""

    rule: str
    subject: str
    found: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.subject} {self.found}".rstrip()


@dataclass(frozen=True, slots=True)
class Check:
    """A rule that must hold for every row, and the statement that selects (subject, found) of at most $1 that break it."""

    rule: str
    sql: str


_DAY_S: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Probe:
    """Something looked at by itself. `area` is whose it is, `name` what an operator may read of it."""

    area: str
    name: str
    look: Callable[[Connection], Awaitable[list[Finding]]]


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe found, and how long it took."""

    probe: Probe
    found: list[Finding]
    seconds: float


def probes_of(area: str, checks: Iterable[Check]) -> list[Probe]:
    """A probe for each statement."""

    def probe(check: Check) -> Probe:
        async def look(tx: Connection) -> list[Finding]:
            return await find(tx, [check])

        return Probe(area, check.rule, look)

    return [probe(check) for check in checks]


async def look_at(tx: Connection, probes: Iterable[Probe]) -> list[Finding]:
    """One probe after the other, on one connection."""
    return [finding for probe in probes for finding in await probe.look(tx)]


async def look_side_by_side(
    connections: Sequence[Connection],
    probes: Sequence[Probe],
    on_done: Callable[[Probed, int], None] = lambda probed, left: None,
) -> list[Probed]:
    """Every probe, each on whichever connection is free next; the answers in the order of `probes`."""
    done: dict[int, Probed] = {}
    waiting = list(enumerate(probes))[::-1]

    async def work(tx: Connection) -> None:
        while waiting:
            place, probe = waiting.pop()
            began = time.monotonic()
            done[place] = Probed(probe, await probe.look(tx), time.monotonic() - began)
            on_done(done[place], len(probes) - len(done))

    async with asyncio.TaskGroup() as together:
        for tx in connections:
            together.create_task(work(tx))
    return [done[place] for place in range(len(probes))]


async def find(tx: Connection, checks: Sequence[Check]) -> list[Finding]:
    """Everything that breaks one of `checks`, at most MOST_FINDINGS of each, in the order of the list. Only reads."""
    found: list[Finding] = []
    for check in checks:
        # Over a large database a statement takes its time; nobody waits behind it.
        rows = await tx.fetch(check.sql, MOST_FINDINGS, timeout=_DAY_S)
        found += [Finding(check.rule, str(row["subject"]), row["found"] or "") for row in rows]
    return found
