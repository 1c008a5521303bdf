"""The office: a company registered by one and approved by another, a register file sent and released, and the figures of it all."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from liangzheng import drivers
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.desk import NATIONWIDE, Desk
from liangzheng.cli.demo.held import hold
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.staff import Duty

_CREDIT_CODE = "91350100M000100Y43"
"""The example of GB 32100-2015."""
_FILES = "/staff/register-uploads"


class Office(Desk):
    """The steps of the administrations, nationwide."""

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of each."""
        return [
            ("company by two", self.company),
            ("register file", self.register_file),
            ("dry run", self.dry_run),
            ("public figures", self.figures),
        ]

    async def company(self) -> str:
        """Who registered a company does not approve it, and who changed it does not restore it."""
        one, two = [await self.officer(Duty.SYSTEM, at=NATIONWIDE) for _ in range(2)]
        body = {
            "name": "虚构租车 (demonstration)", "credit_code": _CREDIT_CODE,
            "purposes": [{"purpose": "rental", "fields": ["may_drive"]}],
        }  # fmt: skip
        made = (await self.post(one, "/staff/companies", body)).expect(201)
        moves, approve = (
            f"/staff/companies/{made['company']}/moves",
            {"event": "approved", "reason": "demonstration"},
        )
        own = await self.post(one, moves, approve)
        hold(own.status == 403, f"nobody approves what they registered ({own.status})")
        (await self.post(two, moves, approve)).expect(201)
        await self._more(one, two, f"/staff/companies/{made['company']}")
        ended = (await self.post(one, moves, {"event": "ended", "reason": "demonstration"})).expect(201)
        hold(ended["state"] == "ended", "and it is ended again")
        return "registered by one, own approval 403, approved by another; suspended, widened and restored by two; ended"

    async def _more(self, one: Client, two: Client, path: str) -> None:
        """An approved company gets another purpose by way of a suspension; what it asks grows by one person's word never."""
        wider = {
            "move": 1, "purposes": [{"purpose": "employment", "fields": ["may_drive"]}], "per_minute": 900,
            "per_day": 20_000,
        }  # fmt: skip
        alone = await asyncio.to_thread(one.put, f"{path}/registration", wider, key=secrets.token_hex(12))
        hold(alone.status == 409, f"an approved company stays as it is ({alone.status})")
        (await self.post(one, f"{path}/moves", {"event": "suspended", "reason": "demonstration"})).expect(201)
        put = await asyncio.to_thread(
            one.put, f"{path}/registration", wider | {"move": 2}, key=secrets.token_hex(12)
        )
        put.expect(200)
        (await self.post(one, f"{path}/secrets", {"older": "ends-now"})).expect(201)
        restore = {"event": "restored", "reason": "demonstration"}
        own = await self.post(one, f"{path}/moves", restore)
        hold(own.status == 403, f"who changed it does not restore it ({own.status})")
        (await self.post(two, f"{path}/moves", restore)).expect(201)

    async def register_file(self) -> str:
        """Sent in parts, one of them twice; released by another; imported by the worker; its bad lines come back."""
        one, two = [await self.officer(Duty.REGISTER, at=NATIONWIDE) for _ in range(2)]
        octets = await asyncio.to_thread(self._file)
        drawn = datetime.now(UTC).isoformat()
        body = {"file_name": "office.csv", "octets": len(octets), "drawn_at": drawn}
        upload = (await self.post(one, _FILES, body)).expect(201)["upload"]
        half = len(octets) // 2
        for start, part in ((0, octets[:half]), (0, octets[:half]), (half, octets[half:])):
            path = f"{_FILES}/{upload}/parts?start={start}"
            sent = (await asyncio.to_thread(one.put_octets, path, part)).expect(200)
        hold(sent["state"] == "sent", "a part sent twice counts once, and the file is whole")
        own = await self.post(one, f"{_FILES}/{upload}/decisions", {"decision": "release"})
        hold(own.status == 403, f"nobody releases their own file ({own.status})")
        (await self.post(two, f"{_FILES}/{upload}/decisions", {"decision": "release"})).expect(201)
        ended = await self._imported(two, upload)
        counts = ended["counts"]
        hold(ended["state"] == "finished" and counts["rejected"] > 0, "imported, and bad lines rejected")
        status, rejects = await asyncio.to_thread(two.octets, f"{_FILES}/{upload}/rejects")
        hold(
            status == 200 and rejects.startswith(b"reject_line"),
            "each rejected line comes back with its reason",
        )
        good = counts["fresh"] + counts["changed"] + counts["unchanged"]
        return f"{len(octets):,} octets in two parts, own release 403; {good} good lines, {counts['rejected']} rejected"

    def _file(self) -> bytes:
        path = self.stage.settings.data_dir / "demo" / "office.csv"
        day = civil_day(SystemClock().now())
        options = drivers.GenerateOptions(40, 977, day, 0, 0.2, "utf-8")
        drivers.generate_register(path, drivers.code_tables(), options, lambda _: None)
        return path.read_bytes()

    async def _imported(self, who: Client, upload: str) -> dict[str, Any]:
        for _ in range(300):
            found = (await asyncio.to_thread(who.get, f"{_FILES}/{upload}")).expect(200)
            if found["state"] in ("finished", "failed"):
                break
            await asyncio.sleep(0.2)
        return dict(found)

    async def dry_run(self) -> str:
        """What opening everything else would open; nothing is changed by asking."""
        one = await self.officer(Duty.ROLLOUT, at=NATIONWIDE)
        day = civil_day(SystemClock().now())
        found = (await asyncio.to_thread(one.get, f"/staff/waves/dry-run?opens_on={day}")).expect(200)
        hold(found["cities"] + found["already_open"] > 300, "every city that issues licences")
        return f"nationwide opens {found['cities']} cities more, {found['drivers']:,} drivers"

    async def figures(self) -> str:
        """Everybody reads what was counted: as JSON, CSV, and a page that needs no script."""
        told = (await asyncio.to_thread(self.stage.client.get, "/open/figures")).expect(200)
        totals = {each["measure"]: each["value"] for each in told["totals"]}
        hold(totals["licence.issued"] > 0, "issued licences are counted")
        hold(
            all(each["value"] is None or each["value"] % 5 == 0 for each in told["cities"]), "cities in fives"
        )
        for path, words in (("/open/figures.csv", b"licence.issued"), ("/open/figures.html", b"<table>")):
            status, octets = await asyncio.to_thread(self.stage.client.octets, path)
            hold(status == 200 and words in octets, f"{path} says the same")
        return f"{totals['licence.issued']} issued, {totals['application.accepted']} accepted; JSON, CSV and a page without script"
