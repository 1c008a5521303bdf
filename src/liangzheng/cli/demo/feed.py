"""The register tells of changes by itself: four lines of a file; again; last month's; out of order; a gap that stays; in a
forger's hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from liangzheng.cli.demo.feed_changes import Changes
from liangzheng.cli.demo.feed_points import Points
from liangzheng.cli.demo.feed_source import FeedSource
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.kernel.errors import NotAuthenticated
from liangzheng.kernel.time import civil_day
from liangzheng.standards.keys import SoftwareSigner

_MORE_CLASSES: Final = ("C2", "F", "E", "M", "N")
"""Whoever holds C1 is old enough for these."""


class Feed:
    """The steps of one source."""

    def __init__(self, source: FeedSource) -> None:
        self._source = source
        self._changes, self._points = Changes(source), Points(source)
        self._sent = b""

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of every step, in order."""
        return [
            ("register tells", self.told),
            ("repeated", self.repeated),
            *self._changes.steps(),
            ("last month again", self.older),
            *self._points.steps(),
            ("out of order", self.out_of_order),
            ("gap closed", self.gap_closed),
            ("forged register", self.forged),
        ]

    async def told(self) -> str:
        """Restored, one point given and taken back, a class gained: four lines of a signed file."""
        source = self._source
        await source.begin()
        held = source.claims().classes
        gained = next(code for code in _MORE_CLASSES if code not in held)
        self._changes.gained = gained
        self._sent = source.lines(
            ("status", {"status": "A"}), source.violation("v-1", 1), source.correction("c-1", -1, "v-1"),
            ("classes", {"driving_privileges": held + gained}),
        )  # fmt: skip
        file = source.folder / "changes.ndjson"
        file.write_bytes(self._sent)
        done = await source.lz(
            "register", "feed", str(file), "--source", source.id, "--url", source.url, "--key", str(source.key),
            "--strict",
        )  # fmt: skip
        hold(done.returncode == 0, f"./lz register feed: {done.stderr.strip()[-200:]}")
        hold("4 applied, 0 refused" in done.stdout, f"four lines are applied: {done.stdout.strip()}")
        verdict = await source.verify()
        hold(
            verdict["standing"]["status"] == "A",
            "the very next verification knows that the suspension is over",
        )
        return (
            f"signed by the register ({source.signer.alg.name}): status A, a violation and its correction, "
            f"class {gained}; in force at once"
        )

    async def repeated(self) -> str:
        """The same again has no effect."""
        again = await self._source.post(self._sent)
        hold((again["known"], again["applied"]) == (4, 0), "a repeat is known and has no effect")
        hold(again["refused"] == [], "and no fault")
        return "the same four lines again: known, no effect"

    async def older(self) -> str:
        """Last month's file told again under new numbers, every kind of line in it: nothing of it has an effect."""
        source = self._source
        before = await source.verify()
        last_month = datetime.now(UTC) - timedelta(days=30)
        past = self._changes.as_before()
        body = source.lines(*past, source.violation("v-1", 1), at=last_month)
        answer = await source.post(body)
        last = source.told_to
        hold(answer["applied"] == 0, f"nothing is applied: {answer}")
        hold(
            answer["older"] == [*range(last - len(past), last)], f"{len(past)} lines are older, and no fault"
        )
        named = [(each["sequence"], each["place"]) for each in answer["refused"]]
        hold(named == [(last, "values.reference")], "the violation is entered already")
        after = await source.verify()
        for name in ("status", "points"):
            hold(
                after["standing"][name] == before["standing"][name],
                f"{name} is what it was before last month came",
            )
        hold(after["outcome"] == "valid", "the version on the phone is in force, and no other came")
        return (
            f"{', '.join(kind for kind, _ in past)} of {civil_day(last_month)}, told today: older than the last word, "
            "no effect; its violation is entered already"
        )

    async def out_of_order(self) -> str:
        """A line that comes before the one it follows waits without effect; then both have theirs, once."""
        source = self._source
        held, done_to = await source.points(), source.told_to
        missing = source.lines(source.violation("v-6", 1))
        later = source.lines(source.violation("v-7", 3))
        early = await source.post(later)
        hold(
            (early["waiting"], early["applied"], early["done_to"]) == (1, 0, done_to),
            f"line {done_to + 2} waits for line {done_to + 1}",
        )
        hold(await source.points() == held, "what waits has no effect")
        answer = await source.post(missing)
        hold(
            (answer["applied"], answer["done_to"]) == (2, done_to + 2),
            f"the missing line brings both: {answer}",
        )
        again = await source.post(missing + later)
        hold((again["applied"], again["known"]) == (0, 2), "both are known")
        after = await source.points()
        hold(after == held + 4, f"each counts once: {held} and 4 are not {after}")
        return (
            f"line {done_to + 2} waits for line {done_to + 1}, without effect; then both at once, and not again: "
            f"{held} points, {after} points"
        )

    async def gap_closed(self) -> str:
        """A line its source lost never comes: an operator closes the gap with a reason, and the line behind it is applied."""
        source = self._source
        held = await source.points()
        lost = source.lines(source.violation("v-8", 12))
        number = source.told_to
        early = await source.post(source.lines(source.violation("v-9", 1)))
        hold(
            (early["waiting"], early["done_to"]) == (1, number - 1),
            f"line {number + 1} waits for line {number}",
        )
        silent = await source.lz("register", "source", "close-gap", source.id, "--reason", " ")
        hold(silent.returncode == 1, "not without a reason")
        done = await source.lz(
            "register", "source", "close-gap", source.id, "--reason", "demonstration: the source lost it"
        )
        hold(done.returncode == 0, f"./lz register source close-gap: {done.stderr.strip()[-200:]}")
        hold(await source.points() == held + 1, "the line that waited counts now")
        late = await source.post(lost)
        hold(
            (late["applied"], late["done_to"]) == (0, number + 1),
            "what comes under that number later has no effect",
        )
        hold([each["sequence"] for each in late["refused"]] == [number], "and is told so")
        return (
            f"line {number} closed by an operator with a reason; line {number + 1}, which waited, applied; "
            f"line {number}, when it came after all: refused"
        )

    async def forged(self) -> str:
        """A body in the register's name, signed with another key: nothing of it is taken."""
        source = self._source
        held, done_to = await source.points(), source.told_to
        body = source.lines(source.violation("v-10", 12))
        source.told_to = done_to
        try:
            await source.post(body, SoftwareSigner.generate(source.signer.alg))
        except NotAuthenticated as refused:
            said = str(refused)
        else:
            raise StepFailed("a body signed with another key was taken")
        stands: Any = await source.post(b"")
        hold(stands["done_to"] == done_to and await source.points() == held, "nothing was taken")
        return f"{said}; the register stands where it stood"
