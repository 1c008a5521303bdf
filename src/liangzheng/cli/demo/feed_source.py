"""The demonstration's register as a source: what it signs and sends, and what the driver's phone and an officer make of it."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import time
from base64 import encodebytes, urlsafe_b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.phone import Phone
from liangzheng.cli.tell_register import post_body
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.ids import SourceId
from liangzheng.kernel.region import IssuingAuthority
from liangzheng.kernel.time import civil_day
from liangzheng.standards import cose
from liangzheng.standards.claims import CredentialClaims
from liangzheng.standards.keys import Alg, SoftwareSigner

WITHIN_S: Final = 60.0

Lz = Callable[..., Awaitable["subprocess.CompletedProcess[str]"]]


@dataclass(slots=True)
class FeedSource:
    """A provincial register that tells of one driver. `holder` is asked late: the login comes with the story. `told_to`: the
    last number it used; `tag` keeps the names of its entries apart from those of an earlier start."""

    folder: Path
    actor: Actor
    phone: Phone
    officer: Client
    holder: Callable[[], Client]
    lz: Lz
    signer: SoftwareSigner = field(default_factory=lambda: SoftwareSigner.generate(Alg.SM2))
    tag: str = field(default_factory=lambda: secrets.token_hex(3))
    id: str = ""
    told_to: int = 0

    async def begin(self) -> None:
        """The source is heard from now on, and the driver has no points: what the register or an earlier start left is cleared
        by study and test."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        public, key = self.folder / "source.pub.pem", self.key
        public.write_bytes(_pem(self.signer.public_key.spki, "PUBLIC KEY"))
        key.write_bytes(_pem(self.signer.to_pkcs8(), "PRIVATE KEY"))
        key.chmod(0o600)
        province = self.authority.province_prefix
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
        self.id = done.stdout.split()[0]
        held = await self.points()
        if 0 < held < 12:
            await self.tell(self.violation("v-full", 12))
        if held:
            cleared = {"kind": "cleared", "reference": self.name("study-0"), "on": today()}
            await self.tell(("points", cleared))
        hold(await self.points() == 0, "the story's points begin at nought")

    @property
    def url(self) -> str:
        """The deployment it tells."""
        return f"http://{self.officer.host}:{self.officer.port}"

    @property
    def key(self) -> Path:
        """Its private key, for the command line."""
        return self.folder / "source.pem"

    @property
    def authority(self) -> IssuingAuthority:
        """Of the driver's licence, as the register file has it."""
        return load_reference().authorities.get(self.actor.authority)

    def claims(self) -> CredentialClaims:
        """What the issuer signed for the driver's phone."""
        assert self.phone.credential is not None, "the story has issued a licence"
        return CredentialClaims.decode(cose.parse(self.phone.credential).payload)

    # -- telling --------------------------------------------------------------------------------------------

    def lines(self, *changes: tuple[str, dict[str, Any]], at: datetime | None = None) -> bytes:
        """The next lines of the feed, happening now or at an instant."""
        first, self.told_to = self.told_to + 1, self.told_to + len(changes)
        whose = {"identity_kind": "A", "document_number": self.actor.identity_number}
        occurred_at = (at or datetime.now(UTC)).isoformat(timespec="seconds")
        lines = [
            {
                "sequence": number,
                "occurred_at": occurred_at,
                "driver": whose,
                "change": kind,
                "values": values,
            }
            for number, (kind, values) in enumerate(changes, first)
        ]
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    def name(self, reference: str) -> str:
        """The name of an entry, of this start alone."""
        return f"{self.tag}-{reference}"

    def violation(self, reference: str, points: int) -> tuple[str, dict[str, Any]]:
        """One of today."""
        return "points", {
            "kind": "violation", "reference": self.name(reference), "on": today(), "points": points,
        }  # fmt: skip

    def correction(self, reference: str, points: int, corrects: str) -> tuple[str, dict[str, Any]]:
        """An entry of today that takes back what another one gave."""
        return "points", {
            "kind": "correction", "reference": self.name(reference), "on": today(), "points": points,
            "corrects": self.name(corrects),
        }  # fmt: skip

    async def post(self, body: bytes, signer: SoftwareSigner | None = None) -> dict[str, Any]:
        """What the deployment answers to a signed body."""
        source = SourceId.parse(self.id)
        return await asyncio.to_thread(post_body, self.url, source, signer or self.signer, body)

    async def tell(self, *changes: tuple[str, dict[str, Any]]) -> None:
        """The lines are applied, each of them."""
        answer = await self.post(self.lines(*changes))
        hold(answer["applied"] == len(changes), f"{len(changes)} lines are applied: {answer}")

    # -- what became of it ----------------------------------------------------------------------------------

    async def verify(self, wanted: str = "C1") -> Any:
        """What an officer hears, online, of the code the phone shows."""
        body = {"code": self.phone.show(datetime.now(UTC)), "class": wanted, "request": secrets.token_hex(8)}
        return (await asyncio.to_thread(self.officer.post, "/verifier/verifications", body)).expect(200)

    async def points(self) -> int:
        """What the register says at this moment."""
        return int((await self.verify())["standing"]["points"])

    async def until_version(self, after: int) -> CredentialClaims:
        """A later version than `after` is live; the one on the phone is not in force, and the phone keeps the new one."""
        licence = await self._until(after)
        verdict = await self.verify()
        hold(
            verdict["outcome"] == "not_in_force",
            f"version {after} is not in force, and not {verdict['outcome']}",
        )
        text = licence["credential"]
        self.phone.keep(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return self.claims()

    async def _until(self, after: int) -> Any:
        until = time.monotonic() + WITHIN_S
        while time.monotonic() < until:
            found = await asyncio.to_thread(self.holder().get, "/holder/licence")
            if found.status == 200 and found.body["version"] > after:
                ready = [each["credential"] for each in found.body["credentials"] if each["credential"]]
                if ready:
                    return found.body | {"credential": ready[0]}
            await asyncio.sleep(0.1)
        raise StepFailed(f"no new version within {WITHIN_S:.0f} s; see the issuer's log")


def today() -> str:
    """The civil day in China."""
    return civil_day(datetime.now(UTC)).isoformat()


def _pem(octets: bytes, what: str) -> bytes:
    return f"-----BEGIN {what}-----\n{encodebytes(octets).decode().strip()}\n-----END {what}-----\n".encode()
