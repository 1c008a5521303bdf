"""Two people for what weighs most: a suspension and its end, a correction of the record, the change of a signing key."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.desk import NATIONWIDE, NO_DIVISION, Desk
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.operations import Lz
from liangzheng.cli.demo.stage import Stage
from liangzheng.cli.phone import Phone
from liangzheng.staff import Duty

_ROTATED: Final = "CN-54"
"""A province no story is told in."""
_OTHER: Final = "CN-65"


class FourEyes(Desk):
    """The steps of two. `terminal` is the officer's device that verifies the driver's phone."""

    def __init__(self, stage: Stage, actor: Actor, phone: Phone, terminal: Client, lz: Lz) -> None:
        super().__init__(stage, actor)
        self._phone, self._terminal, self._lz = phone, terminal, lz
        self._driver = ""

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of each."""
        return [
            ("suspend by two", self.suspend),
            ("restore by two", self.restore),
            ("correct by two", self.correct),
            ("a key by two", self.key),
        ]

    async def suspend(self) -> str:
        """暂扣: one proposes, of two who decide at once one is heard; nobody agrees with themselves or without the duty."""
        one, two, three = [await self.officer(Duty.PENALTY) for _ in range(3)]
        stranger = await self.officer(Duty.PHOTO_REVIEW)
        seen = (await self.look(one, "violation-handling", self.case("V"))).expect(201)
        self._driver = seen["record"]["driver"]
        without = await self._propose(stranger, "suspend", "court-order", "V", {})
        hold(without.status == 403, f"who has no such duty proposes nothing ({without.status})")
        made = (await self._propose(one, "suspend", "court-order", "V", {})).expect(201)
        hold((await self._verify())["outcome"] == "valid", "proposed is not decided: still valid")
        own, foreign = await self.agree(one, made), await self.agree(stranger, made)
        hold(own.status == 403, f"nobody agrees with themselves ({own.status})")
        hold(foreign.status == 404, f"who has no such duty does not even hear of it ({foreign.status})")
        hold((await self._verify())["outcome"] == "valid", "and nothing of it had an effect")
        both = await asyncio.gather(self.agree(two, made), self.agree(three, made))
        heard = sorted(each.status for each in both)
        hold(heard == [201, 409], f"of two at once one is heard, the other a conflict, and not {heard}")
        after = await self._verify()
        hold(after["outcome"] == "may_not_drive" and after["standing"]["status"] == "D", "suspended at once")
        return f"own word 403, without the duty 403 and 404, two at once 201 and 409; then {after['words']['zh']}, status D (暂扣)"

    async def restore(self) -> str:
        """The end of a suspension takes two as well, and what is not in the status cannot be taken from it."""
        one, two = await self.officer(Duty.PENALTY), await self.officer(Duty.PENALTY)
        not_there = await self._propose(one, "restore", "period-over", "V", {"letters": "U"})
        hold(not_there.status == 409, f"a letter that is not there is a conflict ({not_there.status})")
        made = (await self._propose(one, "restore", "period-over", "V", {"letters": "D"})).expect(201)
        twice = await self._propose(two, "restore", "period-over", "V", {"letters": "D"})
        hold(twice.status == 409, f"the same waits already ({twice.status})")
        own = await self.agree(one, made)
        hold(own.status == 403, f"nobody agrees with themselves ({own.status})")
        hold((await self._verify())["outcome"] == "may_not_drive", "one alone restores nothing")
        hold(
            (await self.agree(two, made)).expect(201)["state"] == "done",
            "a second person's word carries it out",
        )
        after = await self._verify()
        hold(after["outcome"] == "valid" and after["standing"]["status"] == "A", "valid at once")
        return f"one alone changes nothing; by two: status A, the next verification: {after['words']['zh']}"

    async def correct(self) -> str:
        """A slip of the pen in the register: read at one version, corrected by two, told to the driver; numbers are not."""
        one, two = await self.officer(Duty.REGISTER), await self.officer(Duty.REGISTER)
        record = await self._record(one)
        address = f"{record['resident_address']}附{1 + secrets.randbelow(99)}号"
        what = {"record_version": record["record_version"], "fields": {"resident_address": address}}
        number = what | {"fields": {"document_number": self.actor.identity_number}}
        refused = await self._propose(one, "correct", "clerical-error", "C", number)
        hold(refused.status == 422, f"an identity number is not corrected like a slip ({refused.status})")
        made = (await self._propose(one, "correct", "clerical-error", "C", what)).expect(201)
        own = await self.agree(one, made)
        hold(own.status == 403, f"nobody agrees with themselves ({own.status})")
        unchanged = await self._record(one)
        hold(unchanged["resident_address"] == record["resident_address"], "proposed is not decided")
        whole = (await asyncio.to_thread(two.get, f"/staff/proposals/{made['proposal']}")).expect(200)
        hold(whole["what"]["before"] != whole["what"]["after"], "the second person reads before and after")
        hold(
            (await self.agree(two, made)).expect(201)["state"] == "done",
            "a second person's word carries it out",
        )
        hold((await self._record(one))["resident_address"] == address, "the record says it")
        stale = await self._propose(two, "correct", "clerical-error", "C", what)
        hold(stale.status == 409, f"who read the record before it hears so ({stale.status})")
        return "address as it should have been read, by two who saw before and after; a number 422, an older reading 409"

    async def key(self) -> str:
        """A ceremony of the root asks for an approval of two, for exactly this key, once; in production always."""
        one, two = [await self.officer(Duty.KEYS, at=NATIONWIDE) for _ in range(2)]
        what, case = {"role": "document", "province": _ROTATED}, self.case("S", NO_DIVISION)
        made = (await self.propose(one, "rotate-key", "scheduled", case, what, None)).expect(201)
        own = await self.agree(one, made)
        hold(own.status == 403, f"nobody agrees with themselves ({own.status})")
        approval = ("--approval", made["proposal"])
        early, bare = await asyncio.gather(
            self._lz("keys", "rotate", "--province", _ROTATED, *approval),
            self._lz("keys", "rotate", "--province", _ROTATED, LZ_MODE="production", LZ_ALLOW_SOFTWARE_KEYS="yes",
                     LZ_FACE_ENGINE="manual", LZ_SMS="none"),
        )  # fmt: skip
        hold(early.returncode == 1, "before the second person it opens nothing")
        hold("not approved" in early.stderr, f"and says so: {early.stderr.strip()}")
        hold(bare.returncode == 1 and "two people approve" in bare.stderr, "in production none goes without")
        hold((await self.agree(two, made)).expect(201)["state"] == "approved", "approved by two")
        other = await self._lz("keys", "rotate", "--province", _OTHER, *approval)
        hold(other.returncode == 1 and "for something else" in other.stderr, "it is for this key only")
        done = await self._lz("keys", "rotate", "--province", _ROTATED, *approval)
        hold(done.returncode == 0, f"./lz keys rotate: {done.stderr.strip()[-200:]}")
        again = await self._lz("keys", "rotate", "--province", _ROTATED, *approval)
        hold(again.returncode == 1 and "not any more" in again.stderr, "and once")
        return f"{_ROTATED} rotated on an approval of two; refused before it, for another key, and the second time"

    async def _record(self, who: Client) -> dict[str, Any]:
        seen = (await self.look(who, "register-correction", self.case("C"))).expect(201)
        self._driver = seen["record"]["driver"]
        return dict(seen["record"])

    async def _propose(self, who: Client, kind: str, reason: str, case: str, what: Any) -> Any:
        return await self.propose(who, kind, reason, self.case(case), what, self._driver)

    async def _verify(self) -> Any:
        code = self._phone.show(datetime.now(UTC))
        body = {"code": code, "class": "C1", "request": secrets.token_hex(8)}
        return (await self.post(self._terminal, "/verifier/verifications", body)).expect(200)
