"""Behind the counter: two people open a city, two give a duty, an auditor reads who looked, and drawn look-ups are reviewed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from liangzheng import staff
from liangzheng.cli.demo.client import Client, Reply
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.officers import UNIT, division_of, enrolled
from liangzheng.cli.demo.stage import Stage
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.staff import Duty
from liangzheng.wiring import staff_policy


class Behind:
    """The steps of the administrations."""

    def __init__(self, stage: Stage, actor: Actor) -> None:
        self._stage, self._actor = stage, actor
        self._division = division_of(stage, actor)
        self._newcomer = stage.client
        self._driver = ""

    def steps(self) -> list[tuple[str, Callable[[], Any]]]:
        """Title and act of each."""
        return [
            ("open a city", self.open_city),
            ("give a duty", self.give_duty),
            ("auditor", self.audit),
            ("drawn look-ups", self.review),
        ]

    async def open_city(self) -> str:
        """One of the rollout proposes a wave of another measure, another agrees, and the calendar has it."""
        one, two = await self._two(Duty.ROLLOUT)
        opens = str(civil_day(SystemClock().now()) + timedelta(days=30))
        name = f"演示批次 {secrets.token_hex(3)}"
        what = {"measure": "lorry-pass", "wave": name, "places": [self._division], "opens_on": opens}
        made = (await self._propose(one, "open-wave", "announced", "O", what)).expect(201)
        own = await self._agree(one, made)
        hold(own.status == 403, f"nobody agrees with themselves ({own.status})")
        (await self._agree(two, made)).expect(201)
        waves = (await asyncio.to_thread(two.get, "/staff/waves")).expect(200)["waves"]
        hold(any(wave["wave"] == name for wave in waves), "the calendar has it")
        return f"{name} (货车电子通行码) opens in {self._division} on {opens}; proposed by one, agreed to by another"

    async def give_duty(self) -> str:
        """A new member can do nothing; with a duty two administrators agreed on they can at once."""
        one, two = await self._two(Duty.SYSTEM)
        number = f"DEMO{secrets.randbelow(10**6):06d}"
        body = {"number": number, "name": "演示新警员", "unit": UNIT}
        taken_on = (await asyncio.to_thread(one.post, "/staff/members", body)).expect(201)
        _, self._newcomer = await enrolled(
            self._stage, self._division, (), (number, taken_on["enrolment_code"])
        )
        refused = await self._look()
        hold(refused.status == 403, f"without a duty nothing ({refused.status})")
        today = str(civil_day(SystemClock().now()))
        what = {
            "staff": taken_on["staff"], "duty": "patrol", "region": self._division, "from_day": today, "until_day": None,
        }  # fmt: skip
        made = (await self._propose(one, "give-duty", "assigned", "S", what)).expect(201)
        (await self._agree(two, made)).expect(201)
        seen = (await self._look()).expect(201)
        self._driver = seen["record"]["driver"]
        return "taken on by one administrator, given a duty by two; before it every look-up was refused"

    async def audit(self) -> str:
        """An auditor reads who looked at the driver, the refused ones too, for a purpose and a case; and is read of."""
        _, auditor = await enrolled(self._stage, self._division, (Duty.AUDIT,))
        path = f"/staff/audit-entries?subject={self._driver}&limit=5"
        bare = await asyncio.to_thread(auditor.get, path)
        hold(bare.status == 422, f"without a purpose nothing is read ({bare.status})")
        path += f"&purpose=complaint&case_number={self._case('P')}"
        first = (await asyncio.to_thread(auditor.get, path)).expect(200)["entries"]
        hold(first[0]["act"] == "driver.looked-up", f"the newest is the look-up, and not {first[0]['act']}")
        again = (await asyncio.to_thread(auditor.get, path)).expect(200)["entries"]
        hold(again[0]["act"] == "audit.read", "the reading is in the record itself")
        every = path.replace("limit=5", "limit=200")
        whole = (await asyncio.to_thread(auditor.get, every)).expect(200)["entries"]
        staffs = [each for each in whole if each["actor_kind"] == "staff"]
        bare_ones = {
            each["act"] for each in staffs if not (each["detail"].get("duty") or each["detail"].get("duties"))
        }
        hold(
            not bare_ones, f"every entry of the staff names the duty, and not {', '.join(sorted(bare_ones))}"
        )
        told = f"{len(first)} entries, the newest {first[0]['act']} for {first[0]['purpose']}"
        return f"{told}; the reading is an entry too; each of the staff's {len(staffs)} names the duty"

    async def review(self) -> str:
        """Some look-ups of the week are drawn by a seed that is kept; another person says what they found, once."""
        now, policy = SystemClock().now(), staff_policy(self._stage.settings)
        today = civil_day(now)
        monday = today - timedelta(days=today.weekday())
        drawn = await staff.draw_sample(self._stage.database, policy, now, week=monday)
        told = "drawn before" if drawn is None else f"{drawn} drawn"
        auditors = [
            (await enrolled(self._stage, self._division, (Duty.AUDIT,)))[1],
            (await enrolled(self._stage, self._division, (Duty.AUDIT,)))[1],
        ]
        waiting = (await asyncio.to_thread(auditors[0].get, "/staff/look-up-reviews")).expect(200)["look_ups"]
        if not waiting:
            hold(drawn is None, "what was drawn waits for a reviewer")
            return f"{told}, and every one of them reviewed"
        path, found = f"/staff/look-up-reviews/{waiting[0]['look_up']}", {"outcome": "in-order"}
        answers = [await self._post(each, path, found) for each in auditors]
        hold(
            [each.status for each in answers] == [201, 409],
            "the first review counts, the second is a conflict",
        )
        return f"{told} of the week; one reviewed ({waiting[0]['case_number']}), a second review of it is a conflict"

    async def _two(self, duty: Duty) -> tuple[Client, Client]:
        _, one = await enrolled(self._stage, self._division, (duty,))
        _, two = await enrolled(self._stage, self._division, (duty,))
        return one, two

    async def _look(self) -> Reply:
        body = {
            "identity_number": self._actor.identity_number, "purpose": "roadside-check", "case_number": self._case("R"),
        }  # fmt: skip
        return await self._post(self._newcomer, "/staff/look-ups", body)

    async def _propose(self, who: Client, kind: str, reason: str, case: str, what: Any) -> Reply:
        body = {"kind": kind, "reason": reason, "case_number": self._case(case), "what": what}
        return await self._post(who, "/staff/proposals", body)

    async def _agree(self, who: Client, proposal: dict[str, Any]) -> Reply:
        body = {"decision": "agree", "move": proposal["move"]}
        return await self._post(who, f"/staff/proposals/{proposal['proposal']}/decisions", body)

    def _case(self, kind: str) -> str:
        today = civil_day(SystemClock().now())
        return f"{kind}-{self._division}-{today:%Y%m%d}-{secrets.randbelow(10**6):06d}"

    async def _post(self, client: Client, path: str, body: Any) -> Reply:
        return await asyncio.to_thread(client.post, path, body, key=secrets.token_hex(12))
