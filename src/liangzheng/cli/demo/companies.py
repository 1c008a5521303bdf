"""A company asks about the driver: registered and approved, answered by consent, refused outside its registration, told of a
change again and again until it has it, and left with nothing once the consent is withdrawn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from liangzheng.cli.demo.company import BEFORE_APPROVAL, Company, Driver
from liangzheng.cli.demo.feed_source import Lz
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.rental import Rental
from liangzheng.cli.demo.stage import Stage
from liangzheng.infra.webhooks import HttpWebhooks, NotTaken, call_policy
from liangzheng.kernel.ids import ConsentRequestId
from liangzheng.kernel.purposes import AskedField
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.standards import httpsig

_COVERED: Final = ("@method", "@target-uri", "content-type", "content-digest")
_INSIDE: Final = (
    "https://db.internal/", "https://10.0.0.1/", "https://169.254.169.254/latest", "https://[fd00::1]/",
    "https://192.168.0.1/", "https://hooks.local/",
)  # fmt: skip
"""Places of a network of ours. The demonstration lets receivers run on this machine, and nothing else inside."""

_LED_TO: Final = ("10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1")
"""Where a name that was harmless when it was registered may lead when it is called."""


async def _called(place: str) -> str:
    """What calling a public name as production does comes to, where the name leads to this place."""

    async def leads_there(_host: str, _port: int) -> list[str]:
        return [place]

    try:
        await HttpWebhooks(call_policy("production"), resolve=leads_there).post(
            "https://hooks.example.com/", {}, b""
        )
    except NotTaken as none:
        return none.reason
    return "taken"


class Companies:
    """One fictional company that employs drivers and what it hears, and another that rents cars."""

    def __init__(self, stage: Stage, driver: Driver, lz: Lz) -> None:
        self._stage, self._lz, self._driver = stage, lz, driver
        self._company = Company(stage, lz)
        self._rental = Rental(Company(stage, lz), driver)
        self._pseudonym = ""
        self._consent = ""
        self._request = ""
        self._notice = ""

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of those that ask, while the driver may drive."""
        return [
            ("company asks", self.asks),
            ("company scans", self.scans),
            ("company asks too much", self.asks_too_much),
            ("webhook inside", self.webhook_inside),
            ("standing consent", self.lasting),
            ("another company", self.another_asks),
            *self._rental.steps(lambda: (self._company.id, self._pseudonym)),
        ]

    async def asks(self) -> str:
        """Registered and approved on the command line, the company asks with a code; the driver approves on the phone."""
        company = await self._company.open("演示物流公司", "employment:may_drive,valid_until+bulk+notices")
        made = (await company.asks("employment", "may_drive", "valid_until")).expect(201)
        early = await company.answer(made["request"])
        hold(early.status == 409, f"nothing is answered before the driver has approved ({early.status})")
        await company.approved(self._driver, made["code"])
        driver = (await company.answer(made["request"])).expect(200)["driver"]
        hold(driver["may_drive"] == {"class_asked": "C1", "allowed": True}, "may drive C1 today")
        hold(
            set(driver) == {"may_drive", "valid_until"}, "the answer holds the two fields agreed and no other"
        )
        (look, *_) = (await self._holder("/holder/showings"))["looks"]
        hold(look["fields"] == ["may_drive", "valid_until"], "the driver reads who was told what")
        return (
            "approved with the phone's key; heard: may drive C1, valid until; no name, no number, no portrait"
        )

    async def scans(self) -> str:
        """The driver shows the 亮码 instead: the company hears what it registered, and it counts in the same quota."""
        by_hand = await self._lz("verifier", "add", "演示物流公司", "--kind", "company")
        hold(by_hand.returncode == 1, "no company verifies without a registration")
        company = self._company
        await company.until(company.is_verifier, "the approved company is a verifier")
        before = (await company.registration())["quota"]["used_today"]
        verdict = (await company.scans(self._driver, "employment")).expect(200)
        hold(verdict["outcome"] == "valid" and verdict["class"]["allowed"] is True, "valid, may drive C1")
        hold(set(verdict["holder"]) == {"valid_until"}, "of the holder the registered field, and no other")
        hold(
            verdict["portrait"] is None and verdict["licence"] is None,
            "no portrait, no number of the licence",
        )
        used = (await company.registration())["quota"]["used_today"] - before
        hold(used == 1, f"it counts once in the day's quota, and not {used} times")
        return "valid, may drive C1, valid until; nothing else of the holder; one of the day's quota; none without a registration"

    async def asks_too_much(self) -> str:
        """Everything, a field more than registered, a class of drivers in bulk for another purpose: refused as a whole, and each
        on record."""
        company = self._company
        for purpose, fields, rule in (
            ("employment", [each.value for each in AskedField], "field_not_registered"),
            ("employment", ["valid_until", "name"], "field_not_registered"),
            ("employment", ["valid_until", "identity_number"], "field_not_registered"),
            ("insurance", ["valid_until"], "purpose_not_registered"),
        ):
            refused = await company.asks(purpose, *fields)
            hold(refused.status == 403, f"{purpose} with {len(fields)} fields is refused ({refused.status})")
            hold(refused.body["rule"] == rule, f"by the rule {rule}, and not {refused.body['rule']}")
        kept = await company.refusals()
        wanted = [BEFORE_APPROVAL] + ["field_not_registered"] * 3 + ["purpose_not_registered"]
        hold(kept == wanted, f"each refusal is in the audit record: {kept}")
        (await company.asks("employment", "valid_until")).expect(201)
        hold(
            await company.refusals() == wanted,
            "a question within the registration is taken, and none is added",
        )
        return "all seven fields, a name, a number, another purpose: refused and in the audit record; what it registered: taken"

    async def webhook_inside(self) -> str:
        """Change notices go to no place inside our own network."""
        for url in _INSIDE:
            inside = await self._company.put("/relying/webhook", {"url": url})
            hold(
                inside.status == 422 and inside.body["place"] == "url",
                f"{url} is not taken ({inside.status})",
            )
        hold((await self._company.registration())["webhook"] is None, "none is set")
        for place in _LED_TO:
            hold(await _called(place) == "place-refused", f"a name that leads to {place} is not called")
        return (
            f"{len(_INSIDE)} addresses inside, by name and by number: 422, and none is set; a public name that leads "
            f"inside when it is called ({len(_LED_TO)} places): no connection"
        )

    async def lasting(self) -> str:
        """A consent that lasts: checked by pseudonym, and a webhook for changes."""
        company = self._company
        until = civil_day(SystemClock().now()) + timedelta(days=30)
        made = (await company.asks("employment", "may_drive", standing_until=until.isoformat())).expect(201)
        self._request = made["request"]
        self._consent = (await company.approved(self._driver, made["code"]))["consent"]
        self._pseudonym = (await company.answer(self._request)).expect(200)["pseudonym"]
        mine, nobody = await company.checked(self._pseudonym, "psn_" + "0" * 26)
        hold(mine["driver"]["may_drive"]["allowed"] is True, "a bulk check answers")
        hold((nobody["outcome"], nobody["driver"]) == ("no_consent", None), "of nobody it says nothing")
        company.status = 500  # until the first change notice was looked at
        await company.listen()
        return f"until {until}; known to the company as {self._pseudonym[:12]}…, checked in bulk; webhook set"

    async def another_asks(self) -> str:
        """Another company, registered for the same, hears nothing by what was agreed with this one."""
        other = await self._rental.opened()
        asked, unknown = await other.answer(self._request), await other.answer(str(ConsentRequestId.new()))
        hold(asked.status == 404, f"the answer to another's request is not there ({asked.status})")
        told = {name: asked.body[name] for name in ("code", "title", "detail")}
        hold(told == {name: unknown.body[name] for name in told}, "nor is it said that there is one")
        (checked,) = await other.checked(self._pseudonym)
        hold(checked["outcome"] == "no_consent", f"the pseudonym is no one to it ({checked['outcome']})")
        (mine,) = await self._company.checked(self._pseudonym)
        hold(mine["outcome"] != "no_consent", "to this one it is")
        return (
            "its question for this one's answer: 404, as for no request; this one's pseudonym: 'no consent'"
        )

    async def told(self) -> str:
        """The change came as "changed", signed; the receiver failed; asked, the company hears the no and not the reason."""
        company = self._company

        async def failed() -> bool:
            newest = (await self._notices())[:1]
            self._notice = newest[0]["notice"] if newest and newest[0]["last_error"] else ""
            return bool(self._notice)

        await company.until(failed, "a change notice came, and the receiver's failure was written down")
        notice = await self._told_of()
        hold(
            (notice["state"], notice["last_error"]) == ("waiting", "status-500"),
            f"it waits because of 500, and not {notice['state']}, {notice['last_error']}",
        )
        said = self._verified()[0]
        hold(
            said["pseudonym"] == self._pseudonym and said["event"] == "changed", "it names the pseudonym only"
        )
        hold(set(said) == {"notice", "event", "pseudonym", "purpose", "at"}, "it does not say what changed")
        (mine,) = await company.checked(self._pseudonym)
        hold(
            mine["driver"] == {"may_drive": {"class_asked": "C1", "allowed": False}},
            "asked again: may not drive, and nothing else",
        )
        company.status = 204
        return "signed notice verified (RFC 9421); asked again: may not drive C1, without the reason; its 500 is written down"

    async def told_again(self) -> str:
        """The notice that met a 500 came again, the same octets signed anew, and is delivered."""
        # Ten seconds after the first failure, and later after more of them: by now it has mostly come.

        async def delivered() -> bool:
            return bool((await self._told_of())["state"] == "delivered")

        await self._company.until(delivered, "the notice was delivered", within_s=240)
        notice, said = await self._told_of(), self._verified()
        hold(
            len(said) == notice["attempts"] >= 2,
            f"each attempt came, and no other: {len(said)} of {notice['attempts']}",
        )
        hold(all(each == said[0] for each in said), "and each in the same words")
        hold(notice["last_error"] is None, "nothing is left of the failure")
        return f"in the same words, signed anew and verified; 204: delivered at attempt {notice['attempts']}"

    async def withdrawn(self) -> str:
        """The driver withdraws, and from that moment the pseudonym reads like one that means nobody."""
        path = f"/holder/consents/{self._consent}"
        ended = await asyncio.to_thread(self._driver.holder().delete, path)
        hold(ended.expect(200)["in_force"] is False, "the consent is withdrawn")
        mine, nobody = await self._company.checked(self._pseudonym, "psn_" + "0" * 26)
        hold(mine["outcome"] == nobody["outcome"] == "no_consent", "both are answered 'no consent'")
        self._company.close()
        return "withdrawn: 'no consent', the same answer as for a pseudonym that means nobody"

    # -- the means ------------------------------------------------------------------------------------------

    def _verified(self) -> list[Any]:
        """What the receiver was sent of the one notice, every signature of it verified."""
        now, said = int(SystemClock().now().timestamp()), []
        for request, body in self._company.heard:
            if json.loads(body)["notice"] == self._notice:
                httpsig.verify(request, body, self._company.keys, _COVERED, now, 300)
                said.append(json.loads(body))
        return said

    async def _told_of(self) -> Any:
        """The one notice, as the company reads of it."""
        return next(each for each in await self._notices() if each["notice"] == self._notice)

    async def _notices(self) -> list[Any]:
        found: list[Any] = (await self._company.get("/relying/notices?limit=200")).expect(200)["notices"]
        return found

    async def _holder(self, path: str) -> Any:
        return (await asyncio.to_thread(self._driver.holder().get, path)).expect(200)
