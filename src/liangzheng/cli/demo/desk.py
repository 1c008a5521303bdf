"""What the steps of the staff share: officers of a division, case numbers of today, proposals, and what an auditor reads."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

from liangzheng.cli.demo.client import Client, Reply
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.officers import division_of, enrolled
from liangzheng.cli.demo.stage import Stage
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.staff import Duty

NATIONWIDE = "nationwide"
NO_DIVISION = "000000"
"""Of cases that belong to no province."""


class Desk:
    """Staff of the driver's division, and what they send."""

    def __init__(self, stage: Stage, actor: Actor) -> None:
        self.stage, self.actor = stage, actor
        self.division = division_of(stage, actor)

    async def officer(self, *duties: Duty, at: str | None = None) -> Client:
        """Somebody new with these duties, here or `at` another division, logged in."""
        return (await enrolled(self.stage, at or self.division, duties))[1]

    def case(self, kind: str, at: str | None = None) -> str:
        """A case of today."""
        today = civil_day(SystemClock().now())
        return f"{kind}-{at or self.division}-{today:%Y%m%d}-{secrets.randbelow(10**6):06d}"

    async def look(self, who: Client, purpose: str, case: str | None, number: str | None = None) -> Reply:
        """A look-up of the driver, or of another `number`."""
        body = {"identity_number": number or self.actor.identity_number, "purpose": purpose}
        return await self.post(who, "/staff/look-ups", body if case is None else body | {"case_number": case})

    async def propose(
        self, who: Client, kind: str, reason: str, case: str, what: Mapping[str, Any], subject: str | None
    ) -> Reply:
        """A proposal that waits for a second person."""
        body = {"kind": kind, "subject": subject, "reason": reason, "case_number": case, "what": what}
        return await self.post(who, "/staff/proposals", body)

    async def agree(self, who: Client, proposal: Mapping[str, Any]) -> Reply:
        """The word of a second person."""
        body = {"decision": "agree", "move": proposal["move"]}
        return await self.post(who, f"/staff/proposals/{proposal['proposal']}/decisions", body)

    async def on_record(self, *, subject: str | None = None, by: str | None = None) -> list[dict[str, Any]]:
        """The audit entries about a driver, or by a member of staff, newest first, as an auditor reads them."""
        # A member of staff belongs to no region: only a nationwide auditor reads of them.
        place = NATIONWIDE if subject is None else self.division
        auditor = await self.officer(Duty.AUDIT, at=place)
        case = self.case("P", NO_DIVISION if subject is None else None)
        asked = f"subject={subject}" if by is None else f"by={by}"
        path = f"/staff/audit-entries?{asked}&purpose=look-up-review&case_number={case}&limit=200"
        found = (await asyncio.to_thread(auditor.get, path)).expect(200)["entries"]
        return list(found)

    async def post(self, who: Client, path: str, body: Any) -> Reply:
        """With an Idempotency-Key of its own."""
        return await asyncio.to_thread(who.post, path, body, key=secrets.token_hex(12))
