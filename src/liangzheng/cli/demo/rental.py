"""A company that rents cars: a driver who refuses, a question taken back, the photo where it was agreed to, a name of its own for
the driver, and a quota that ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from liangzheng.cli.demo.company import BEFORE_APPROVAL, Company, Driver
from liangzheng.cli.demo.held import hold
from liangzheng.kernel.time import CHINA, SystemClock, civil_day, end_of_day

First = Callable[[], tuple[str, str]]
"""The id of the other company and the driver's pseudonym there."""


class Rental:
    """The steps of this company."""

    def __init__(self, company: Company, driver: Driver) -> None:
        self._company, self._driver = company, driver
        self._heard: list[str] = []
        """The driver's pseudonym in each answer fetched, in order."""

    async def opened(self) -> Company:
        """Registered for employment, as the other one, and for rental with a photo."""
        return await self._company.open(
            "演示租车公司", "employment:may_drive,valid_until+bulk+notices", "rental:may_drive,name,portrait"
        )

    def steps(self, first: First) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of every step, in order."""
        return [
            ("driver refuses", self.refuses),
            ("question taken back", self.taken_back),
            ("approval taken back", self.approval_taken_back),
            ("photo agreed to", self.photo),
            ("photo by the 亮码", self.photo_by_code),
            ("two names", lambda: self.names(*first())),
            ("quota used up", self.used_up),
        ]

    async def refuses(self) -> str:
        """The driver refuses: the company hears that, and nothing else of anybody."""
        company = self._company
        made = (await company.asks("rental", "may_drive", "name")).expect(201)
        path = f"/holder/consents/requests/{made['code']}"
        (await self._post(f"{path}/refusal")).expect(200)
        answer = await company.answer(made["request"])
        hold(
            (answer.status, answer.body["rule"]) == (409, "refused"), f"nothing is answered ({answer.status})"
        )
        shown = (await company.get(f"/relying/requests/{made['request']}")).expect(200)
        hold(shown["state"] == "refused" and not {"driver", "pseudonym"} & set(shown), "nor said who refused")
        late = await asyncio.to_thread(self._driver.holder().get, path)
        hold(late.status == 404, f"the code is spent: the driver is not asked twice ({late.status})")
        return "the company hears 'refused' and no pseudonym; its answer: 409; the code opens nothing more"

    async def taken_back(self) -> str:
        """The company takes a question back: its code opens nothing, and nothing can be approved or fetched."""
        company = self._company
        made = (await company.asks("rental", "may_drive")).expect(201)
        path, code = f"/relying/requests/{made['request']}", f"/holder/consents/requests/{made['code']}"
        (await asyncio.to_thread(self._driver.holder().get, code)).expect(200)
        hold((await company.delete(path)).expect(200)["state"] == "cancelled", "taken back")
        hold((await company.delete(path)).expect(200)["state"] == "cancelled", "again changes nothing")
        opened = await asyncio.to_thread(self._driver.holder().get, code)
        hold(opened.status in (404, 409), f"its code opens nothing ({opened.status})")
        answer = await company.answer(made["request"])
        hold(
            (answer.status, answer.body["rule"]) == (409, "cancelled"),
            f"nor is it answered ({answer.status})",
        )
        return "cancelled by the company: the driver's phone opens nothing, the answer is 409"

    async def approval_taken_back(self) -> str:
        """The driver thinks better of it before the answer was fetched: the company hears a refusal. Once fetched, it is said."""
        company, holder = self._company, self._driver.holder()
        made = (await company.asks("rental", "may_drive", "name")).expect(201)
        await company.approved(self._driver, made["code"])
        path = f"/holder/consents/requests/{made['code']}/approval"
        taken = (await asyncio.to_thread(holder.delete, path)).expect(200)
        hold(taken["state"] == "refused", f"the approval is void, and not {taken['state']}")
        answer = await company.answer(made["request"])
        hold(
            (answer.status, answer.body["rule"]) == (409, "refused"), f"nothing is answered ({answer.status})"
        )
        other = (await company.asks("rental", "may_drive")).expect(201)
        await company.approved(self._driver, other["code"])
        self._heard.append((await company.answer(other["request"])).expect(200)["pseudonym"])
        late = await asyncio.to_thread(holder.delete, f"/holder/consents/requests/{other['code']}/approval")
        hold((late.status, late.body["rule"]) == (409, "answered"), f"too late ({late.status})")
        return "in time: the company hears 'refused'; after the answer was fetched: 409"

    async def photo_by_code(self) -> str:
        """A driver who shows the 亮码 at the counter shows the face with it, where the purpose has a photo."""
        company = self._company
        await company.until(company.is_verifier, "the approved company is a verifier")
        verdict = (await company.scans(self._driver, "rental")).expect(200)
        path = verdict["portrait"]
        hold(verdict["outcome"] == "valid" and path is not None, "the verdict says where the photo is")
        status, picture = await company.octets(path)
        hold(status == 200 and picture[:2] == b"\xff\xd8", f"the photo comes ({status})")
        hold("drv_" not in path, "the driver is named as this company knows them, and no other way")
        bare = (await company.scans(self._driver, "employment")).expect(200)
        hold(bare["portrait"] is None, "none for a purpose without a photo")
        made_up = path.replace(verdict["verification"], bare["verification"])
        status, _ = await company.octets(made_up)
        hold(status == 404, f"nor by an address made up ({status})")
        return f"for rental {len(picture)} octets; for employment none, and none by an address made up (404)"

    async def photo(self) -> str:
        """The photo comes where the purpose has it and the driver agreed to it by name; not with another request, not for another
        purpose."""
        company = self._company
        bare = (await company.asks("rental", "may_drive")).expect(201)
        await company.approved(self._driver, bare["code"])
        without, _ = await company.octets(f"/relying/requests/{bare['request']}/portrait")
        hold(without == 404, f"no photo with a request that did not name it ({without})")
        other = await company.asks("employment", "may_drive", "portrait")
        hold(other.status == 403, f"nor for a purpose without it ({other.status})")
        made = (await company.asks("rental", "may_drive", "portrait")).expect(201)
        path = f"/relying/requests/{made['request']}/portrait"
        early, _ = await company.octets(path)
        hold(early == 404, f"nor before the driver agreed ({early})")
        await company.approved(self._driver, made["code"])
        status, picture = await company.octets(path)
        hold(status == 200 and picture[:2] == b"\xff\xd8", f"then it comes ({status})")
        self._heard.append((await company.answer(made["request"])).expect(200)["pseudonym"])
        looks = (await asyncio.to_thread(self._driver.holder().get, "/holder/showings")).expect(200)["looks"]
        hold(any(look.get("fields") == ["portrait"] for look in looks), "and the driver reads of it")
        kept = await company.refusals()
        hold(
            kept == [BEFORE_APPROVAL, "portrait_not_agreed", "field_not_registered"],
            f"what was asked without a right to it is on record: {kept}",
        )
        return f"agreed to by name: {len(picture)} octets; without, early, or for employment: refused and on record"

    async def names(self, first: str, pseudonym: str) -> str:
        """The same driver has another name at each company, and the same one in every answer. Heard in the steps before: a driver
        opens twenty codes a minute at most."""
        heard = self._heard
        hold(len(heard) == 2 and heard[0] == heard[1], "at one company it is the same each time")
        hold(heard[0] != pseudonym and first != self._company.id, "at the other it is another")
        return f"{pseudonym[:12]}… at one, {heard[0][:12]}… at the other, twice"

    async def used_up(self) -> str:
        """The day's quota is used up: 429 until midnight in China, for whatever it asks."""
        company = self._company
        used = (await company.registration())["quota"]["used_today"]
        await company.lz("quota", company.id, "--per-minute", "600", "--per-day", str(used + 1))
        (await company.asks("rental", "may_drive")).expect(201)
        over = await company.asks("rental", "may_drive")
        hold(
            (over.status, over.body["code"]) == (429, "too-many"), f"the next is one too many ({over.status})"
        )
        hold(f"{used + 1} a day" in over.body["detail"], f"and it says of which quota: {over.body['detail']}")
        now = SystemClock().now()
        midnight = end_of_day(civil_day(now))
        wait = over.retry_after_s
        hold(
            wait is not None and abs(now + timedelta(seconds=wait) - midnight) < timedelta(seconds=5),
            f"until midnight, and not for {wait} s",
        )
        checks: Any = await company.post(
            "/relying/checks",
            {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": ["psn_" + "0" * 26]},
        )
        scanned = await company.scans(self._driver, "rental")
        hold((checks.status, scanned.status) == (429, 429), "one quota, whichever way it asks")
        hold(
            (await company.registration())["quota"]["used_today"] == used + 1,
            "what was refused counts nothing",
        )
        return f"{over.body['detail']}: 429 until {_clock(midnight)}, asked, checked in bulk or scanned"

    async def _post(self, path: str) -> Any:
        return await asyncio.to_thread(self._driver.holder().post, path)


def _clock(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M} in China"
