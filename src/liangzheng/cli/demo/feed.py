"""The register tells of changes by itself: a class more, the licence made anew, twelve points; out of order; in a forger's hand."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import time
from base64 import encodebytes, urlsafe_b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.phone import Phone
from liangzheng.cli.tell_register import post_body
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.errors import NotAuthenticated
from liangzheng.kernel.ids import SourceId
from liangzheng.kernel.points import cycle
from liangzheng.kernel.time import civil_day
from liangzheng.standards.keys import Alg, SoftwareSigner

_WITHIN_S: Final = 60.0
_MORE_CLASSES: Final = ("C2", "F", "E")
"""Whoever holds C1 is old enough for these."""


@dataclass(slots=True)
class Feed:
    """A provincial register as a source, telling of one driver. `holder` is asked late: the login comes with the story."""

    folder: Path
    actor: Actor
    phone: Phone
    officer: Client
    holder: Callable[[], Client]
    lz: Callable[..., Awaitable[subprocess.CompletedProcess[str]]]
    signer: SoftwareSigner = field(default_factory=lambda: SoftwareSigner.generate(Alg.SM2))
    source: str = ""
    sent: bytes = b""
    gained: str = ""

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of every step, in order."""
        return [
            ("register tells", self.told),
            ("repeated", self.repeated),
            ("issued anew", self.anew),
            ("twelve points", self.twelve),
            ("known late", self.late),
            ("said late", self.older),
            ("out of order", self.out_of_order),
            ("forged register", self.forged),
        ]

    async def told(self) -> str:
        """Restored, one point given and taken back, a class gained: four lines of a signed file."""
        await self._add_source()
        held = self.actor.classes
        self.gained = next(code for code in _MORE_CLASSES if code not in held)
        given = {"kind": "violation", "reference": "v-1", "on": _today(), "points": 1}
        back = {"kind": "correction", "reference": "c-1", "on": _today(), "points": -1, "corrects": "v-1"}
        self.sent = self._lines(
            1, ("status", {"status": "A"}), ("points", given), ("points", back),
            ("classes", {"driving_privileges": held + self.gained}),
        )  # fmt: skip
        file, key = self.folder / "changes.ndjson", self.folder / "source.pem"
        file.write_bytes(self.sent)
        key.write_bytes(_pem(self.signer.to_pkcs8(), "PRIVATE KEY"))
        key.chmod(0o600)
        done = await self.lz(
            "register",
            "feed",
            str(file),
            "--source",
            self.source,
            "--url",
            self._url,
            "--key",
            str(key),
            "--strict",
        )
        hold(done.returncode == 0, f"./lz register feed: {done.stderr.strip()[-200:]}")
        hold("4 applied, 0 refused" in done.stdout, f"four lines are applied: {done.stdout.strip()}")
        verdict = await self._verify()
        hold(
            verdict["standing"]["status"] == "A",
            "the very next verification knows that the suspension is over",
        )
        return (
            f"signed by the register ({self.signer.alg.name}): status A, a violation and its correction, "
            f"class {self.gained}; in force at once"
        )

    async def repeated(self) -> str:
        """The same again has no effect."""
        again = await self._post(self.sent)
        hold((again["known"], again["applied"]) == (4, 0), "a repeat is known and has no effect")
        return "the same four lines again: known, no effect"

    async def anew(self) -> str:
        """A new version is live and the old one says that it was replaced."""
        old = self.phone.credential
        assert old is not None, "the story has issued a licence"
        licence = await self._until_second()
        new = urlsafe_b64decode(licence["credential"] + "=" * (-len(licence["credential"]) % 4))
        verdict = await self._verify()
        hold(
            verdict["outcome"] == "not_in_force",
            f"the old version is not in force, and not {verdict['outcome']}",
        )
        self.phone.keep(new)
        verdict = await self._verify(self.gained)
        hold(verdict["outcome"] == "valid", f"the new version is valid, and not {verdict['outcome']}")
        hold(verdict["class"]["allowed"] is True, f"may drive {self.gained}")
        return f"version {licence['version']} with class {self.gained} by itself; the old one answers not in force"

    async def twelve(self) -> str:
        """Twelve points: status B, and no driving."""
        violation = {"kind": "violation", "reference": "v-2", "on": _today(), "points": 12}
        answer = await self._post(self._lines(5, ("points", violation)))
        hold(answer["applied"] == 1, "the line is applied")
        verdict = await self._verify()
        standing = verdict["standing"]
        hold(verdict["outcome"] == "may_not_drive", f"may not drive, and not {verdict['outcome']}")
        hold("B" in standing["status"] and standing["points"] >= 12, "the status says 记满12分")
        return f"{standing['points']} points, {standing['status_words']['zh']}: {verdict['words']['zh']} / {verdict['words']['en']}"

    async def late(self) -> str:
        """Study clears the twelve; a violation of the last cycle, known only now, makes twelve of it and opens it again."""
        eve = self._eve_of_the_cycle()
        violation = {"kind": "violation", "reference": "v-0", "on": eve, "points": 12}
        cleared = {"kind": "cleared", "reference": "study-1", "on": _today()}
        answer = await self._post(self._lines(6, ("points", cleared)))
        hold(answer["applied"] == 1, "study and test clear the points")
        verdict = await self._verify()
        hold(verdict["standing"]["points"] == 0, "no points are left")
        answer = await self._post(self._lines(7, ("points", violation)))
        hold(answer["applied"] == 1, "the late line is applied")
        standing = (await self._verify())["standing"]
        hold(
            "B" in standing["status"] and standing["points"] == 12,
            "the cycle that had ended is full after all",
        )
        return f"0 points after study and test; a violation of {eve}, told today, opens that cycle again: {standing['points']}"

    async def older(self) -> str:
        """A restoration of last month, told after what has happened since, lifts nothing."""
        before = (await self._verify())["standing"]
        last_month = datetime.now(UTC) - timedelta(days=30)
        answer = await self._post(self._lines(8, ("status", {"status": "A"}), at=last_month))
        hold((answer["older"], answer["refused"]) == ([8], []), "the line is older, and no fault")
        standing = (await self._verify())["standing"]
        hold(
            standing["status"] == before["status"],
            f"status {before['status']} stays, and not {standing['status']}",
        )
        return f"status A of {civil_day(last_month)}, told today: older than the last word, no effect"

    async def out_of_order(self) -> str:
        """A line that comes before the one it follows waits without effect; then both have theirs, once."""
        held = await self._points()
        later = self._lines(10, ("points", self._violation("v-4", 3)))
        missing = self._lines(9, ("points", self._violation("v-3", 1)))
        early = await self._post(later)
        hold((early["waiting"], early["applied"], early["done_to"]) == (1, 0, 8), "line 10 waits for line 9")
        hold(await self._points() == held, "what waits has no effect")
        answer = await self._post(missing)
        hold((answer["applied"], answer["done_to"]) == (2, 10), f"line 9 brings both: {answer}")
        again = await self._post(missing + later)
        hold((again["applied"], again["known"]) == (0, 2), "both are known")
        after = await self._points()
        hold(after == held + 4, f"each counts once: {held} and 4 are not {after}")
        return f"line 10 waits for line 9, without effect; then both at once, and not again: {held} points, {after} points"

    async def forged(self) -> str:
        """A body in the register's name, signed with another key: nothing of it is taken."""
        held = await self._points()
        body = self._lines(11, ("points", self._violation("v-5", 12)))
        forger = SoftwareSigner.generate(self.signer.alg)
        try:
            await asyncio.to_thread(post_body, self._url, SourceId.parse(self.source), forger, body)
        except NotAuthenticated as refused:
            said = str(refused)
        else:
            raise StepFailed("a body signed with another key was taken")
        hold((await self._post(b""))["done_to"] == 10 and await self._points() == held, "nothing was taken")
        return f"{said}; the register stands where it stood"

    # -- the means ------------------------------------------------------------------------------------------

    @property
    def _url(self) -> str:
        return f"http://{self.officer.host}:{self.officer.port}"

    async def _add_source(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        public = self.folder / "source.pub.pem"
        public.write_bytes(_pem(self.signer.public_key.spki, "PUBLIC KEY"))
        province = load_reference().authorities.get(self.actor.authority).province_prefix
        done = await self.lz(
            "register",
            "source",
            "add",
            "demonstration register",
            "--key",
            str(public),
            "--province",
            province,
        )
        hold(done.returncode == 0, f"./lz register source add: {done.stderr.strip()[-200:]}")
        self.source = done.stdout.split()[0]

    def _lines(self, first: int, *changes: tuple[str, dict[str, Any]], at: datetime | None = None) -> bytes:
        whose = {"identity_kind": "A", "document_number": self.actor.identity_number}
        occurred_at = (at or datetime.now(UTC)).isoformat(timespec="seconds")
        lines = [
            {
                "sequence": sequence,
                "occurred_at": occurred_at,
                "driver": whose,
                "change": kind,
                "values": values,
            }
            for sequence, (kind, values) in enumerate(changes, first)
        ]
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    def _eve_of_the_cycle(self) -> str:
        """The last day of the points cycle before the present one."""
        today = civil_day(datetime.now(UTC))
        known = self.actor.first_issue_date
        first = date.fromisoformat(known) if known else today - timedelta(days=366)
        return (cycle(first, today).start - timedelta(days=1)).isoformat()

    async def _post(self, body: bytes) -> dict[str, Any]:
        return await asyncio.to_thread(post_body, self._url, SourceId.parse(self.source), self.signer, body)

    def _violation(self, reference: str, points: int) -> dict[str, Any]:
        return {"kind": "violation", "reference": reference, "on": _today(), "points": points}

    async def _points(self) -> int:
        return int((await self._verify())["standing"]["points"])

    async def _verify(self, wanted: str = "C1") -> Any:
        body = {"code": self.phone.show(datetime.now(UTC)), "class": wanted, "request": secrets.token_hex(8)}
        return (await asyncio.to_thread(self.officer.post, "/verifier/verifications", body)).expect(200)

    async def _until_second(self) -> Any:
        until = time.monotonic() + _WITHIN_S
        while time.monotonic() < until:
            found = await asyncio.to_thread(self.holder().get, "/holder/licence")
            if found.status == 200 and found.body["version"] > 1:
                ready = [each["credential"] for each in found.body["credentials"] if each["credential"]]
                if ready:
                    return found.body | {"credential": ready[0]}
            await asyncio.sleep(0.1)
        raise StepFailed(f"no new version within {_WITHIN_S:.0f} s; see the issuer's log")


def _today() -> str:
    return civil_day(datetime.now(UTC)).isoformat()


def _pem(octets: bytes, what: str) -> bytes:
    return f"-----BEGIN {what}-----\n{encodebytes(octets).decode().strip()}\n-----END {what}-----\n".encode()
