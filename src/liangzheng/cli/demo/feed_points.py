"""Points as a ledger: twelve of them, a correction that is an entry, the phone that learns of it, and what was known late."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

from liangzheng.cli.demo.feed_source import FeedSource, today
from liangzheng.cli.demo.held import hold
from liangzheng.kernel.points import cycle
from liangzheng.kernel.time import civil_day
from liangzheng.standards import cose
from liangzheng.standards.claims import SnapshotClaims


class Points:
    """Steps of a driver without points, as the first lines left them."""

    def __init__(self, source: FeedSource) -> None:
        self._source = source

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of every step, in order."""
        return [
            ("twelve points", self.twelve),
            ("phone learns", self.phone_learns),
            ("corrected", self.corrected),
            ("known late", self.late),
        ]

    async def twelve(self) -> str:
        """Nine points change nothing; three more make twelve: status B, and no driving."""
        source = self._source
        await self._refresh()
        await source.tell(source.violation("v-2", 9))
        verdict = await source.verify()
        hold(
            verdict["outcome"] == "valid" and verdict["standing"]["points"] == 9,
            "with nine points one may drive",
        )
        await source.tell(source.violation("v-3", 3))
        verdict = await source.verify()
        standing = verdict["standing"]
        hold(verdict["outcome"] == "may_not_drive", f"may not drive, and not {verdict['outcome']}")
        hold("B" in standing["status"] and standing["points"] == 12, "the status says 记满12分")
        return f"{standing['points']} points, {standing['status_words']['zh']}: {verdict['words']['zh']} / {verdict['words']['en']}"

    async def phone_learns(self) -> str:
        """The phone shows what it was last given; refreshed, it carries the new status itself."""
        stale = self._snapshot()
        hold(
            (stale.status, stale.points, stale.may_drive) == ("A", 0, True),
            "the phone knows nothing of it yet",
        )
        await self._refresh()
        fresh = self._snapshot()
        hold("B" in fresh.status and fresh.points == 12 and not fresh.may_drive, "refreshed, it knows")
        hold(fresh.standing_version > stale.standing_version, "by a later standing")
        return (
            f"kept on the phone: {stale.status}, {stale.points} points; after its next refresh: {fresh.status}, "
            f"{fresh.points} points, may not drive (signed by the status signer)"
        )

    async def corrected(self) -> str:
        """A correction is an entry of its own and takes B away; a status line cannot; one more violation brings B back."""
        source = self._source
        lifted = await source.post(source.lines(("status", {"status": "A"})))
        hold(lifted["applied"] == 1, f"a status line is applied: {lifted}")
        kept = (await source.verify())["standing"]["status"]
        hold("B" in kept, f"but B stays while there are twelve points, and not {kept}")
        await source.tell(source.correction("c-3", -3, "v-3"))
        verdict = await source.verify()
        hold(
            verdict["outcome"] == "valid" and verdict["standing"]["points"] == 9, "nine points, and may drive"
        )
        too_much = await source.post(source.lines(source.correction("c-3b", -1, "v-3")))
        hold(
            [each["place"] for each in too_much["refused"]] == ["values.points"], "no entry goes below nought"
        )
        await source.tell(source.violation("v-4", 3))
        hold("B" in (await source.verify())["standing"]["status"], "twelve again")
        return "12 - 3 = 9: B is gone, may drive; a status A alone leaves B; nothing left to correct: refused; 3 more: B again"

    async def late(self) -> str:
        """Study clears the twelve; a violation of the last cycle, known only now, makes twelve of it and opens it again."""
        source = self._source
        eve = self._eve_of_the_cycle()
        await source.tell(("points", {"kind": "cleared", "reference": source.name("study-1"), "on": today()}))
        hold(await source.points() == 0, "no points are left after study and test")
        known_late = {"kind": "violation", "reference": source.name("v-0"), "on": eve, "points": 12}
        await source.tell(("points", known_late))
        standing = (await source.verify())["standing"]
        hold(
            "B" in standing["status"] and standing["points"] == 12,
            "the cycle that had ended is full after all",
        )
        return f"0 points after study and test; a violation of {eve}, told today, opens that cycle again: {standing['points']}"

    def _snapshot(self) -> SnapshotClaims:
        assert self._source.phone.snapshot is not None, "the phone was refreshed"
        return SnapshotClaims.decode(cose.parse(self._source.phone.snapshot).payload)

    async def _refresh(self) -> None:
        phone = self._source.phone
        taken = (await asyncio.to_thread(self._source.holder().post, "/holder/licence/snapshot")).expect(200)
        text = taken["snapshot"]
        assert phone.credential is not None, "a licence is kept"
        phone.keep(phone.credential, urlsafe_b64decode(text + "=" * (-len(text) % 4)), phone.document)

    def _eve_of_the_cycle(self) -> str:
        """The last day of the points cycle before the present one."""
        on = civil_day(datetime.now(UTC))
        known = self._source.actor.first_issue_date
        first = date.fromisoformat(known) if known else on - timedelta(days=366)
        return (cycle(first, on).start - timedelta(days=1)).isoformat()
