"""What a check of the stored facts is: a rule in words, and a statement that finds what breaks it. Contexts list theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


async def find(tx: Connection, checks: Sequence[Check]) -> list[Finding]:
    """Everything that breaks one of `checks`, at most MOST_FINDINGS of each, in the order of the list. Only reads."""
    found: list[Finding] = []
    for check in checks:
        rows = await tx.fetch(check.sql, MOST_FINDINGS)
        found += [Finding(check.rule, str(row["subject"]), row["found"] or "") for row in rows]
    return found
