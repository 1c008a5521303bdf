"""What holds a member of staff within their duty: two factors, a purpose and a case for each look, the region, the day's
budget; and no way from a number to a picture."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.desk import Desk
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.officers import enrolled
from liangzheng.cli.demo.stage import Stage
from liangzheng.kernel.ids import ApplicationId, ConsentRequestId, VerificationId
from liangzheng.kernel.people import citizen_check_character
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.staff import Duty
from liangzheng.standards import totp
from liangzheng.wiring import staff_policy

_TOO_MANY: Final = "the look-ups of this duty are used up for today"
_SHOWN: Final = {
    "{verification}": VerificationId,
    "{application_id}": ApplicationId,
    "{request_id}": ConsentRequestId,
}
"""What a path that answers with a picture asks for; none of it is an identifier of a driver."""


class Confined(Desk):
    """The steps of what is refused. `terminal` is an officer's device that verifies."""

    def __init__(self, stage: Stage, actor: Actor, terminal: Client) -> None:
        super().__init__(stage, actor)
        self._terminal = terminal

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of each."""
        return [
            ("staff factors", self.second_factor),
            ("why one looks", self.why),
            ("another region", self.elsewhere),
            ("budget", self.budget),
            ("no picture by number", self.no_picture),
        ]

    async def second_factor(self) -> str:
        """Number and password alone open nothing, nor does a code that was used; the very next code does."""
        made, _ = await enrolled(self.stage, self.division, (Duty.PATROL,))
        login = {"number": made.number, "password": made.password}
        secret, now = totp.from_base32(made.totp_secret), totp.step_of(SystemClock().now())
        fresh = login | {"totp": totp.code_at(secret, now + 1)}
        tried = [
            ("without a second factor", login, 422),
            ("with another's", login | {"totp": _other_than(secret, now)}, 401),
            ("with the next code", fresh, 201),
            ("with the same code again", fresh, 401),
        ]
        for what, body, expected in tried:
            said = await self.post(self.stage.client, "/staff/sessions", body)
            hold(said.status == expected, f"{what} it is {expected}, and not {said.status}")
            hold(("token" in said.body) is (expected == 201), f"{what} it opens what it should")
        return ", ".join(f"{what} {expected}" for what, _, expected in tried)

    async def why(self) -> str:
        """Each look names a purpose of the duty and a case of its kind, place and day; each refusal is on record, and why."""
        officer = await self.officer(Duty.PATROL)
        me = (await asyncio.to_thread(officer.get, "/staff/sessions/current")).expect(200)["staff_id"]
        tomorrow = civil_day(SystemClock().now()) + timedelta(days=2)
        late = f"R-{self.division}-{tomorrow:%Y%m%d}-000001"
        wrong = [
            ("curiosity", self.case("R"), 422, "purpose-unknown"),
            ("violation-handling", self.case("V"), 403, "duty-not-held"),
            ("roadside-check", None, 422, "case-missing"),
            ("roadside-check", "of today", 422, "case-missing"),
            ("roadside-check", self.case("V"), 422, "case-of-other-kind"),
            ("roadside-check", self.case("R", self._far()), 422, "case-elsewhere"),
            ("roadside-check", late, 422, "case-in-future"),
        ]
        for purpose, case, expected, reason in wrong:
            said = await self.look(officer, purpose, case)
            hold(said.status == expected, f"{reason} is {expected}, and not {said.status}")
            hold(self.actor.name not in str(said.body), f"{reason} tells nothing")
        reasons = [
            entry["detail"]["reason"]
            for entry in await self.on_record(by=me)
            if entry["act"] == "look-up.refused"
        ]
        hold(reasons == [reason for *_, reason in reversed(wrong)], f"each is on record, and not {reasons}")
        (await self.look(officer, "roadside-check", self.case("R"))).expect(201)
        return (
            f"{len(wrong)} refused and on record: {', '.join(dict.fromkeys(reason for *_, reason in wrong))}"
        )

    async def elsewhere(self) -> str:
        """An officer of another region hears the words for a number nobody has; the driver's region reads that they tried."""
        far = self._far()
        officer = await self.officer(Duty.PENALTY, at=far)
        mine = (
            await self.look(await self.officer(Duty.PENALTY), "violation-handling", self.case("V"))
        ).expect(201)
        driver = mine["record"]["driver"]
        theirs = await self.look(officer, "violation-handling", self.case("V", far))
        nobodys = await self.look(officer, "violation-handling", self.case("V", far), _nobody())
        hold(
            theirs.status == nobodys.status == 404, f"404 for both, and not {theirs.status}, {nobodys.status}"
        )
        for name in ("code", "title", "detail"):
            hold(theirs.body[name] == nobodys.body[name], "in the same words")
        body = {
            "kind": "suspend", "subject": driver, "reason": "court-order", "case_number": self.case("V", far), "what": {},
        }  # fmt: skip
        proposed = await self.post(officer, "/staff/proposals", body)
        hold(proposed.status == 404, f"nor is anything proposed about them ({proposed.status})")
        me = (await asyncio.to_thread(officer.get, "/staff/sessions/current")).expect(200)["staff_id"]
        tried = [
            (entry["act"], entry["detail"]["reason"])
            for entry in await self.on_record(subject=driver)
            if entry["actor"] == me
        ]
        hold(
            tried == [("proposal.refused", "not-here"), ("look-up.refused", "not-here")],
            f"both are on the driver's record, and not {tried}",
        )
        return f"an officer of {far}: 404 in the words for nobody, about a look-up and a proposal; both on record as not-here"

    async def budget(self) -> str:
        """A day's look-ups run out, for numbers nobody has as well; another officer's are their own."""
        most = staff_policy(self.stage.settings).budgets[Duty.PATROL]
        officer, other = await self.officer(Duty.PATROL), await self.officer(Duty.PATROL)
        guesses = await asyncio.to_thread(self._guess, officer, most)
        hold(guesses == {404}, f"{most} numbers nobody has, each 404, and not {guesses}")
        said = await self.look(officer, "roadside-check", self.case("R"))
        hold(said.status == 429 and said.body["detail"] == _TOO_MANY, f"then 429, and not {said.status}")
        (await self.look(other, "roadside-check", self.case("R"))).expect(201)
        return f"{most} a day on patrol, guesses counted; the next one 429, the driver's own number too; a colleague looks on"

    def _guess(self, officer: Client, most: int) -> set[int]:
        body = {"purpose": "roadside-check", "case_number": self.case("R")}
        return {
            officer.post("/staff/look-ups", body | {"identity_number": _nobody()}).status for _ in range(most)
        }

    async def no_picture(self) -> str:
        """Every route that answers with a picture, tried with what a number leads to: driver, look-up, record. None does."""
        every = (Duty.PATROL, Duty.PENALTY, Duty.COUNTER, Duty.REGISTER, Duty.PHOTO_REVIEW)
        officer = await self.officer(*every)
        seen = (await self.look(officer, "roadside-check", self.case("R"))).expect(201)
        hold(
            "portrait" not in str(seen) and "jpeg" not in str(seen),
            "no picture comes of a look-up, nor a way to one",
        )
        driver, look_up = seen["record"]["driver"], seen["look_up"]
        described = (await asyncio.to_thread(self.stage.client.get, "/openapi.json")).expect(200)["paths"]
        paths = [path for path, methods in described.items() if _answers_with_a_picture(methods)]
        hold(len(paths) >= 4, f"the routes with pictures are found in the description ({len(paths)})")
        tried = 0
        for path in paths:
            place = next(name for name in _SHOWN if name in path)
            for made in (
                driver,
                look_up,
                str(_SHOWN[place].new()),
                _with_prefix(driver, str(_SHOWN[place].new())),
            ):
                for caller in (officer, self._terminal, self.stage.client):
                    asked = path.replace(place, made) + f"?of={driver}"
                    status, octets = await asyncio.to_thread(caller.octets, asked)
                    hold(status in (401, 403, 404, 422), f"{path} answers {status} to what comes of a number")
                    hold(not octets.startswith(b"\xff\xd8"), f"{path} gives no picture")
                    tried += 1
        return (
            f"{len(paths)} routes answer with pictures: {tried} ways from number, driver and look-up refused"
        )

    def _far(self) -> str:
        """A division of another province."""
        return "110100" if not self.division.startswith("11") else "310100"


def _other_than(secret: bytes, step: int) -> str:
    """Six digits that are no code of this secret now."""
    near = {totp.code_at(secret, step + away) for away in range(-2, 3)}
    return next(code for code in (f"{n:06d}" for n in range(10)) if code not in near)


def _nobody() -> str:
    """A number of the right form that is in no register: district 110000 has no people of its own."""
    number = f"11000019000101{secrets.randbelow(1000):03d}"
    return number + citizen_check_character(number)


def _answers_with_a_picture(methods: dict[str, Any]) -> bool:
    answers = [answer for method in methods.values() for answer in method["responses"].values()]
    return any("image/jpeg" in answer.get("content", {}) for answer in answers)


def _with_prefix(driver: str, other: str) -> str:
    """The driver's id as if it were the other kind of id."""
    return other.partition("_")[0] + "_" + driver.partition("_")[2]
