"""Nobody decides about themselves: neither about the driver they are, nor as two people who are one; and what a driver asks to
have put right is answered by somebody else of the region."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from liangzheng import audit, staff
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.desk import Desk
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.officers import enrolled
from liangzheng.cli.demo.stage import Stage
from liangzheng.kernel.people import CitizenNumber, IdentityNumber
from liangzheng.kernel.time import SystemClock
from liangzheng.staff import Duty
from liangzheng.wiring import index_keys

_SOMEBODY: Final = IdentityNumber.of_citizen(CitizenNumber("11010519491231002X"))
"""The example of GB 11643-1999: nobody of this register."""
_WISH: Final = "演示：登记住址有误，请核对。"
_ANSWER: Final = "演示：经核对登记无误。"
_QUEUE: Final = "/staff/correction-requests"


class Oneself(Desk):
    """The steps of who somebody is."""

    def __init__(self, stage: Stage, actor: Actor, holder: Callable[[], Client]) -> None:
        super().__init__(stage, actor)
        self._holder = holder
        self._own = IdentityNumber.of_citizen(CitizenNumber(actor.identity_number))

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of each."""
        return [("about oneself", self.refused), ("wish answered", self.answered)]

    async def refused(self) -> str:
        """The driver, who is of the police, proposes nothing about themselves; and two staff numbers of one person are one."""
        themselves = await self._known(self._own, Duty.PENALTY)
        one, same = await self._known(_SOMEBODY, Duty.PENALTY), await self._known(_SOMEBODY, Duty.PENALTY)
        driver = (await self.look(one, "violation-handling", self.case("V"))).expect(201)["record"]["driver"]
        nothing: dict[str, Any] = {}
        about = ("suspend", "court-order", self.case("V"), nothing, driver)
        own = await self.propose(themselves, *about)
        hold(own.status == 403 and own.body["rule"] == "about-oneself", f"not about oneself ({own.status})")
        made = (await self.propose(one, *about)).expect(201)
        decided = await self.agree(themselves, made)
        hold(decided.status == 403 and decided.body["rule"] == "about-oneself", "nor decided by oneself")
        twin = await self.agree(same, made)
        hold(
            twin.status == 403 and twin.body["rule"] == "own-proposal",
            f"one person is not two ({twin.status})",
        )
        refuse = {"decision": "refuse", "move": made["move"]}
        path = f"/staff/proposals/{made['proposal']}/decisions"
        other = (await self.post(await self.officer(Duty.PENALTY), path, refuse)).expect(201)
        hold(other["state"] == "refused", "another person decides it")
        return f"{own.body['detail']}; the proposer's second staff number: 403; turned down by somebody else"

    async def answered(self) -> str:
        """Asked in the app; not answered by the driver themselves, nor from another region; once by an officer, and read."""
        asked = (await self.post(self._holder(), "/holder/corrections", {"wish": _WISH})).expect(201)
        request = asked["request_id"]
        themselves = await self._known(self._own, Duty.REGISTER)
        one, two = await self.officer(Duty.REGISTER), await self.officer(Duty.REGISTER)
        far = await self.officer(Duty.REGISTER, at="330100" if self.division.startswith("32") else "320500")
        listed = await self._listed(one)
        mine = next((each for each in listed if each["request"] == request), None)
        hold(
            mine is not None and mine["wish"] == _WISH,
            "the queue of the region has it, in the driver's words",
        )
        assert mine is not None
        hold(
            all(each["request"] != request for each in await self._listed(far)), "another region's has it not"
        )
        own, elsewhere = [await self._answer(who, mine) for who in (themselves, far)]
        hold(
            own.status == 403 and own.body["rule"] == "about-oneself",
            f"nobody answers their own ({own.status})",
        )
        hold(elsewhere.status == 404, f"nor one of another region ({elsewhere.status})")
        state = (await self._answer(one, mine)).expect(201)["state"]
        again = await self._answer(two, mine)
        hold(again.status == 409, f"it is answered once ({again.status})")
        found = (await asyncio.to_thread(self._holder().get, "/holder/corrections")).expect(200)[
            "corrections"
        ]
        read = next(each for each in found if each["request_id"] == request)
        hold((read["state"], read["answer"]) == (state, _ANSWER), "the driver reads the answer")
        return f"by oneself 403, from another region 404; by an officer {state}, once; the driver reads: {read['answer']}"

    async def _listed(self, who: Client) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        path = f"{_QUEUE}?limit=200"
        while True:
            page = (await asyncio.to_thread(who.get, path)).expect(200)
            found += page["requests"]
            if page["next"] is None:
                return found
            path = f"{_QUEUE}?limit=200&after={page['next']}"

    async def _answer(self, who: Client, asked: dict[str, Any]) -> Any:
        body = {"person": asked["person"], "decision": "declined", "answer": _ANSWER}
        return await self.post(who, f"{_QUEUE}/{asked['request']}/answers", body)

    async def _known(self, person: IdentityNumber, duty: Duty) -> Client:
        """An officer of the division of whom it is known which person they are."""
        made, client = await enrolled(self.stage, self.division, [duty])
        keys, now = index_keys(self.stage.settings), SystemClock().now()
        async with self.stage.database.transaction() as tx:
            member = await staff.member_with_number(tx, made.number)
            await staff.link_person(tx, member.staff_id, person, keys, now, audit.Actor("operator"))
        return client
