"""What the register tells of the licence itself: a class, a renewal, another authority, an address; made anew or not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any, Final

from liangzheng.cli.demo.feed_source import FeedSource
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.time import civil_day, months_after

_TOLD_WITHIN_S: Final = 30.0


class Changes:
    """Steps after the first lines were told; `gained` is the class they gave."""

    def __init__(self, source: FeedSource) -> None:
        self._source = source
        self.gained = ""
        self._classes = ""
        self._validity: dict[str, Any] = {}

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of every step, in order."""
        return [
            ("issued anew", self.anew),
            ("renewed", self.renewed),
            ("another authority", self.moved),
            ("another address", self.address),
        ]

    def as_before(self) -> list[tuple[str, dict[str, Any]]]:
        """What a file of last month would say, a line of each kind but points."""
        return [
            ("status", {"status": "D"}),
            ("classes", {"driving_privileges": self._classes}),
            ("validity", self._validity),
            ("authority", {"issuing_authority": self._elsewhere()}),
            ("address", {"resident_address": "演示市从前路1号", "address_division": self._division()}),
        ]

    async def anew(self) -> str:
        """A new version is live and the old one says that it was replaced."""
        source = self._source
        old = source.claims()
        self._classes, self._validity = old.classes, _validity(old.valid_from, old.valid_until)
        claims = await source.until_version(old.version)
        verdict = await source.verify(self.gained)
        hold(verdict["outcome"] == "valid", f"the new version is valid, and not {verdict['outcome']}")
        hold(verdict["class"]["allowed"] is True, f"may drive {self.gained}")
        hold(self.gained in claims.classes, "the issuer signed it")
        return (
            f"version {claims.version} with class {self.gained} by itself; the old one answers not in force"
        )

    async def renewed(self) -> str:
        """Renewed at the counter (期满换证): the validity is new, and so is the licence."""
        source = self._source
        old, day = source.claims(), civil_day(datetime.now(UTC))
        # Another term than it has, also where an earlier start has renewed it today.
        years = 6 if old.valid_until == months_after(day, 120) else 10
        await source.tell(("validity", _validity(day, months_after(day, years * 12), str(years))))
        claims = await source.until_version(old.version)
        hold(
            (claims.valid_from, claims.valid_until) == (day, months_after(day, years * 12)),
            "the issuer signed it",
        )
        hold(claims.classes == old.classes and claims.authority == old.authority, "and nothing else is new")
        hold((await source.verify())["outcome"] == "valid", "the new version is valid")
        return f"valid {claims.valid_from} to {claims.valid_until}: version {claims.version} by itself, the old one not in force"

    async def moved(self) -> str:
        """The licence goes over to another authority of the province, and comes back: a version each."""
        source = self._source
        there, here = self._elsewhere(), source.actor.authority
        versions = []
        for authority in (there, here):
            old = source.claims()
            await source.tell(("authority", {"issuing_authority": authority}))
            claims = await source.until_version(old.version)
            hold(claims.authority == authority, f"issued under {authority}, and not {claims.authority}")
            hold((await source.verify())["outcome"] == "valid", "the new version is valid")
            versions.append(claims.version)
        return f"under {there} as version {versions[0]}, back under {here} as version {versions[1]}"

    async def address(self) -> str:
        """An address stands in no version: it changes the record, the driver is told, and the licence stays."""
        source = self._source
        before, told = source.claims(), await self._told()
        values = {"resident_address": f"演示市新址路{source.tag}号", "address_division": self._division()}
        await source.tell(("address", values))
        until = time.monotonic() + _TOLD_WITHIN_S
        # The message comes of the same event that a new version would come of.
        while await self._told() == told:
            if time.monotonic() > until:
                raise StepFailed(f"the driver was not told within {_TOLD_WITHIN_S:.0f} s")
            await asyncio.sleep(0.1)
        answer = await source.verify()
        hold(
            answer["outcome"] == "valid", f"the version on the phone is in force, and not {answer['outcome']}"
        )
        found = (await asyncio.to_thread(source.holder().get, "/holder/licence")).expect(200)
        hold(found["version"] == before.version, "no new version came of it")
        return f"in the record, the driver told; version {before.version} stays"

    async def _told(self) -> int:
        inbox = (await asyncio.to_thread(self._source.holder().get, "/holder/messages?limit=200")).expect(200)
        return sum(message["kind"] == "address-changed" for message in inbox["messages"])

    def _elsewhere(self) -> str:
        here = self._source.authority
        return next(
            each.code for each in load_reference().authorities
            if each.province_prefix == here.province_prefix and each.code != here.code
        )  # fmt: skip

    def _division(self) -> str:
        return self._source.actor.identity_number[:6]


def _validity(first: date, last: date | None, term: str = "10") -> dict[str, Any]:
    return {
        "valid_from": first.isoformat(), "valid_until": None if last is None else last.isoformat(),
        "validity_term": "L" if last is None else term,
    }  # fmt: skip
