"""The story of one licence, told on real parts: each step says in one line what it checked; one that does not hold ends it."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from liangzheng.cli.demo import messages, operations
from liangzheng.cli.demo.account import Account, agree, prove_mobile
from liangzheng.cli.demo.agreements import Agreements
from liangzheng.cli.demo.alike import Alike
from liangzheng.cli.demo.behind import Behind
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.companies import Companies
from liangzheng.cli.demo.company import Driver
from liangzheng.cli.demo.confined import Confined
from liangzheng.cli.demo.feed import Feed
from liangzheng.cli.demo.feed_source import FeedSource
from liangzheng.cli.demo.four_eyes import FourEyes
from liangzheng.cli.demo.hardening import Hardening
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.lists import Lists
from liangzheng.cli.demo.observed import Observed
from liangzheng.cli.demo.office import Office
from liangzheng.cli.demo.officers import Officers
from liangzheng.cli.demo.oneself import Oneself
from liangzheng.cli.demo.stage import Stage
from liangzheng.cli.demo.stranger import Stranger
from liangzheng.cli.demo.tampering import Tampering
from liangzheng.cli.phone import Phone
from liangzheng.infra.face import FaceFrame
from liangzheng.infra.face_simulated import Behaviour, played_frames
from liangzheng.kernel.errors import Failure
from liangzheng.kernel.ideographs import rare
from liangzheng.rollout import NotOpen, Open
from liangzheng.standards.keys import SoftwareSigner
from liangzheng.standards.livecode import Verifier, open_document

ISSUED_WITHIN_S: Final = 60.0
ELSEWHERE: Final = "鲁Q"
"""An authority whose city was not in the first batch."""


class Teller:
    """Prints a line a step: its number, what was checked, how long it took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.steps = 0

    async def step(self, title: str, act: Callable[[], Awaitable[str]]) -> None:
        """Runs one step. Raises StepFailed with its title when it does not hold."""
        self.steps += 1
        began = time.monotonic()
        try:
            checked = await act()
        except (StepFailed, Failure) as fault:
            self._console.print(f"[red]✗ {self.steps:>2} {title}[/red]  {fault}", highlight=False)
            raise StepFailed(f"{title}: {fault}") from fault
        took = (time.monotonic() - began) * 1000
        shown = f"{took:.0f} ms" if took < 10_000 else f"{took / 1000:.0f} s"
        self._console.print(
            f"[green]✓ {self.steps:>2} {title:<22}[/green] {checked}  [dim]{shown}[/dim]", highlight=False
        )


def b64(octets: bytes) -> str:
    """base64url without padding, as the API writes octets."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The octets behind `b64`."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Story:
    """One driver: account, phone, application, licence, showings, suspension."""

    def __init__(self, stage: Stage, actor: Actor, verifier_token: str) -> None:
        self._stage = stage
        self._actor = actor
        self._anybody = stage.client
        self._holder: Client = stage.client
        self._officer = stage.client.as_caller(verifier_token)
        self._phone = Phone(SoftwareSigner.from_pkcs8(actor.phone_key))
        self._phone_key_id = ""
        self._shown = ""
        driver = Driver(lambda: self._holder, self._phone, lambda: self._phone_key_id)
        self._asking = Companies(stage, driver, self._lz)
        self._hardening = Hardening(self._anybody, lambda: self._holder)
        source = FeedSource(
            stage.folder / "feed", actor, self._phone, self._officer, lambda: self._holder, self._lz
        )
        self._feed = Feed(source)

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of every step, in order."""
        return [
            ("account", self.account),
            ("face check", self.face),
            ("phone key", self.bind),
            ("apply", self.apply),
            ("issue", self.issued),
            ("show", self.show),
            ("verify online", self.online),
            ("verify offline", self.offline),
            ("show it twice", self.again),
            ("forge it", self.forged),
            *self._asking.steps(),
            *Officers(self._stage, self._actor, self._phone, lambda: self._holder).steps(),
            *self._hardening.begin(),
            *FourEyes(self._stage, self._actor, self._phone, self._officer, self._lz).steps(),
            *Oneself(self._stage, self._actor, lambda: self._holder).steps(),
            *Confined(self._stage, self._actor, self._officer).steps(),
            *Behind(self._stage, self._actor).steps(),
            *Office(self._stage, self._actor).steps(),
            ("suspend", self.suspend),
            ("verify again", self.refused),
            ("offline again", self.refused_offline),
            *Lists(self._stage, self._phone).steps(),
            ("change notice", self._asking.told),
            *self._feed.steps(),
            ("audit from outside", self.audited),
            *Tampering(self._stage, self._actor, lambda: self._holder, self._lz).steps(),
            ("backup", lambda: operations.backed_up(self._lz)),
            *Agreements(self._stage, lambda: self._holder).steps(),
            ("told again", self._asking.told_again),
            ("consent withdrawn", self._asking.withdrawn),
            *Account(
                self._stage.settings, self._actor, lambda: self._holder, self._face_check, self._lz
            ).steps(),
            *Alike(self._anybody, self._actor).steps(),
            *Stranger(self._stage.settings, self._anybody, lambda: self._holder).steps(),
            ("messages", lambda: messages.told(self._stage.settings, self._holder, self._actor.mobile)),
            ("licence runs out", lambda: messages.expiring(self._stage, self._actor, self._holder, self._lz)),
            *Observed(self._stage, self._actor, lambda: self._holder).steps(),
            *self._hardening.end(),
            ("too often", lambda: asyncio.to_thread(operations.too_often, self._holder)),
            (
                "watched",
                lambda: asyncio.to_thread(
                    operations.watched, self._anybody, self._actor, self._stage.processes.logs
                ),
            ),
        ]

    # -- the account ----------------------------------------------------------------------------------------

    async def account(self) -> str:
        """Registered and logged in; the register confirmed number and name."""
        actor = self._actor
        body = {
            "mobile": actor.mobile, "identity_number": actor.identity_number, "name": actor.name,
            "password": actor.password,
        }  # fmt: skip
        login = {"mobile": actor.mobile, "password": actor.password}
        opened = await self._post(self._anybody, "/holder/sessions", login)
        if opened.status == 401:  # nobody has registered yet: a start that was cut off may have
            purpose = {"purpose": "register"}
            proof = await prove_mobile(self._stage.settings, self._anybody, actor.mobile, **purpose)
            body |= {"mobile_proof": proof}
            (await self._post(self._anybody, "/holder/accounts", body)).expect(201)
            opened = await self._post(self._anybody, "/holder/sessions", login)
        session = opened.expect(201)
        hold(
            session["level"] >= 1 and session["driver_id"] is not None, "number and name are in the register"
        )
        self._holder = self._anybody.as_caller(session["token"])
        await agree(self._holder)
        made = (await self._get(self._holder, "/holder/account")).expect(200)
        hold(actor.identity_number not in str(made), "the answer masks the identity number")
        return f"registered as {made['name']}, {made['identity_number']}; mobile proved by a one-time code (SIMULATED)"

    async def face(self) -> str:
        """A face check passed; the answer says that it was simulated."""
        check = await self._face_check("apply")
        hold(check["simulated"] is True, "the answer says that no face was looked at")
        return f"{check['state']} by the engine '{check['engine']}' (SIMULATED: no face was looked at)"

    async def _face_check(self, purpose: str) -> Any:
        check = await self._looked_at(self._holder, purpose)
        hold(check["state"] == "passed", f"the face check passed, and did not end as {check['state']}")
        return check

    async def _looked_at(
        self, holder: Client, purpose: str = "apply", frames: Sequence[FaceFrame] | None = None,
        say: Behaviour | None = None,
    ) -> Any:  # fmt: skip
        """A check of this caller: begun, frames sent (played ones unless given), where it stands."""
        begun = (await self._post(holder, "/holder/face-checks", {"purpose": purpose})).expect(201)
        sent = [
            {"step": frame.step, "at_ms": frame.at_ms, "jpeg": b64(frame.jpeg)}
            for frame in frames or played_frames(len(begun["steps"]), say=say)
        ]
        path = f"/holder/face-checks/{begun['face_check_id']}/frames"
        return (await self._post(holder, path, {"nonce": begun["nonce"], "frames": sent})).expect(200)

    async def bind(self) -> str:
        """The phone's key is bound to the account by a signature; at most three can be."""
        keys = (await self._get(self._holder, "/holder/phone-keys")).expect(200)["phone_keys"]
        public = b64(self._phone.public_key)
        known = next((key for key in keys if key["public_key"] == public), None)
        if known is None:
            check = await self._face_check("bind-phone-key")
            challenge = (await self._post(self._holder, "/holder/phone-keys/challenges")).expect(201)
            body = {
                "public_key": public, "label": "演示手机", "nonce": challenge["nonce"],
                "signature": b64(self._phone.prove(unb64(challenge["to_be_signed"]))),
                "face_check": check["face_check_id"],
            }  # fmt: skip
            known = (await self._post(self._holder, "/holder/phone-keys", body)).expect(201)
        self._phone_key_id = known["phone_key_id"]
        return f"P-256 key in place {known['slot']} of 3, possession proved by signature"

    # -- the licence ----------------------------------------------------------------------------------------

    async def apply(self) -> str:
        """Applied with the archived photo: durable at once, and the same request again is the same application."""
        if (await self._get(self._holder, "/holder/licence")).status == 200:
            return "a licence is held already (from a start that was cut off)"
        check = await self._face_check("apply")
        body = {"photo": "archived", "face_check": check["face_check_id"], "phone_key": self._phone_key_id}
        key = f"{self._actor.story}-apply-{secrets.token_hex(4)}"
        first = (await self._post(self._holder, "/holder/applications", body, key)).expect(202)
        again = (await self._post(self._holder, "/holder/applications", body, key)).expect(202)
        hold(
            first["state"] == "accepted", f"the application is accepted, and not refused: {first['refusal']}"
        )
        hold(first["application_id"] == again["application_id"], "the same request twice is one application")
        return f"accepted as {first['application_id'][:12]}…, kept before it was answered; the retry got the same id"

    async def issued(self) -> str:
        """The issuer made the licence; the phone verifies document, portrait and credential as a stranger would."""
        licence = await self._until_issued()
        self._phone.keep(unb64(licence["credential"]), await self._snapshot(), unb64(licence["file"]))
        trust, _ = self._stage.make_keys()
        opened = open_document(unb64(licence["file"]), trust)
        credential = Verifier(trust).check_credential(unb64(licence["credential"]), datetime.now(UTC))
        hold(credential.phone_key == self._phone.public_key, "the credential is bound to this phone's key")
        hold(
            credential.portrait_hash == hashlib.sha256(opened.portrait).digest()[:16], "one portrait in both"
        )
        hold(opened.claims.name == self._actor.name, "the document names the driver")
        hold(
            opened.font is None or bool(rare(self._actor.name)),
            "no font where every phone has the characters",
        )
        return (
            f"version {opened.claims.version}, classes {opened.claims.classes}: signature, portrait "
            f"({len(opened.portrait)} octets) and credential verified under the trust bundle"
        )

    async def _until_issued(self) -> Any:
        until = time.monotonic() + ISSUED_WITHIN_S
        while time.monotonic() < until:
            found = await self._get(self._holder, "/holder/licence")
            if found.status == 200:
                for credential in found.body["credentials"]:
                    if credential["phone_key_id"] == self._phone_key_id and credential["credential"]:
                        return found.body | {"credential": credential["credential"]}
            await asyncio.sleep(0.1)
        raise StepFailed(f"no licence within {ISSUED_WITHIN_S:.0f} s; see the issuer's log")

    async def _snapshot(self) -> bytes:
        taken = (await self._post(self._holder, "/holder/licence/snapshot")).expect(200)
        return unb64(taken["snapshot"])

    async def show(self) -> str:
        """The phone makes the 亮码 by itself."""
        self._shown = self._phone.show(datetime.now(UTC))
        return f"亮码 of {len(self._shown)} characters, made and signed on the phone; no server was asked"

    # -- verifying ------------------------------------------------------------------------------------------

    async def online(self) -> str:
        """The officer hears the live standing."""
        verdict = await self._verify(self._shown)
        hold(verdict["outcome"] == "valid", f"the licence is valid, and not {verdict['outcome']}")
        standing = verdict["standing"]
        hold(verdict["class"]["allowed"] is True and standing["may_drive"] is True, "may drive C1")
        status, portrait = await asyncio.to_thread(self._officer.octets, verdict["portrait"])
        hold(status == 200 and portrait[:2] == b"\xff\xd8", "the portrait comes from the register")
        return (
            f"{verdict['icon']} {verdict['words']['zh']} / {verdict['words']['en']}: status "
            f"{standing['status_words']['zh']}, {standing['points']} points, may drive C1; portrait from the register"
        )

    async def offline(self) -> str:
        """`./lz verify` with nothing but a trust bundle comes to the same answer, and says how old its knowledge is."""
        code = self._phone.show(datetime.now(UTC))
        with self._trust_file() as trust:
            done = await self._lz("verify", "--trust", str(trust), *self._state(trust), "--class", "C1", code)
        hold(
            done.returncode == 0,
            f"./lz verify holds it valid (exit status {done.returncode}): {_last(done.stdout)}",
        )
        hold(done.stdout.count(" old") >= 2, "./lz verify says how old trust bundle and status are")
        bare = Phone(SoftwareSigner.from_pkcs8(self._actor.phone_key))
        assert self._phone.credential is not None
        bare.keep(self._phone.credential)
        with self._trust_file() as trust:
            unknown = await self._lz(
                "verify", "--trust", str(trust), *self._state(trust), bare.show(datetime.now(UTC))
            )
        hold(
            unknown.returncode == 3,
            f"without a snapshot the status is not checked (exit status {unknown.returncode})",
        )
        return "valid with the snapshot; without it: genuine, status not checked"

    async def again(self) -> str:
        """The same code under another request was shown before."""
        verdict = await self._verify(self._shown)
        hold(verdict["outcome"] == "already_shown", f"already shown, and not {verdict['outcome']}")
        hold(verdict["holder"] is None, "a replay discloses nobody")
        return f"{verdict['words']['zh']} / {verdict['words']['en']}; nothing about the holder is disclosed"

    async def forged(self) -> str:
        """A code signed by another phone, and one cut in half, are told apart."""
        thief = Phone()
        assert self._phone.credential is not None
        thief.keep(self._phone.credential, self._phone.snapshot)
        verdict = await self._verify(thief.show(datetime.now(UTC)))
        hold(verdict["outcome"] == "forged", f"forged, and not {verdict['outcome']}")
        half = await self._verify(self._shown[: len(self._shown) // 2])
        hold(half["outcome"] == "unreadable", f"unreadable, and not {half['outcome']}")
        return f"another phone's signature: forged, step '{verdict['step']['name']}'; half a code: unreadable"

    async def suspend(self) -> str:
        """The register says suspended (暂扣)."""
        done = await self._lz(
            "register", "change", "--identity", self._actor.identity_number, "--status", "D",
            "--reason", "demonstration: suspended at the roadside",
        )  # fmt: skip
        hold(done.returncode == 0, f"./lz register change: {_last(done.stderr or done.stdout)}")
        return "status D (暂扣) in the register, acknowledged"

    async def refused(self) -> str:
        """The very next verification refuses, and says why."""
        verdict = await self._verify(self._phone.show(datetime.now(UTC)))
        hold(verdict["outcome"] == "may_not_drive", f"may not drive, and not {verdict['outcome']}")
        hold(verdict["standing"]["status"] == "D", "the live status is D")
        reason = verdict["reasons"][0]["words"]
        return f"{verdict['icon']} {verdict['words']['zh']} / {verdict['words']['en']}: {reason['zh']} / {reason['en']}"

    async def refused_offline(self) -> str:
        """A phone that refreshed shows the suspension offline too."""
        assert self._phone.credential is not None
        self._phone.keep(self._phone.credential, await self._snapshot(), self._phone.document)
        code = self._phone.show(datetime.now(UTC))
        with self._trust_file() as trust:
            done = await self._lz("verify", "--trust", str(trust), *self._state(trust), code)
        hold(done.returncode == 1, f"./lz verify refuses it (exit status {done.returncode})")
        hold("暂扣" in done.stdout, "./lz verify names the status")
        return "refused with 暂扣 from the signed snapshot, without any server"

    async def looked_at(self) -> str:
        """Told last: looks are told once they have settled."""
        return await messages.looked_at(self._holder)

    async def audited(self) -> str:
        """The audit record is what was signed."""
        with self._trust_file() as trust:
            return await operations.verified(self._stage.settings, self._lz, trust)

    # -- the means ------------------------------------------------------------------------------------------

    async def _verify(self, code: str) -> Any:
        body = {"code": code, "class": "C1", "request": secrets.token_hex(8)}
        return (await self._post(self._officer, "/verifier/verifications", body)).expect(200)

    async def _post(self, client: Client, path: str, body: Any = None, key: str | None = None) -> Any:
        whole = f"{self._actor.story}-{key}" if key is not None and not key.startswith("demo-") else key
        return await asyncio.to_thread(client.post, path, body, key=whole)

    async def _get(self, client: Client, path: str) -> Any:
        return await asyncio.to_thread(client.get, path)

    async def _lz(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """`./lz WORDS`, as a person would run it; `more` of the environment."""
        command = [sys.executable, "-m", "liangzheng", *words]
        environment = dict(self._stage.processes.environment) | {"NO_COLOR": "1", "COLUMNS": "160"} | more
        return await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, env=environment, timeout=120
        )

    @contextmanager
    def _trust_file(self) -> Iterator[Path]:
        """The published trust bundle, fetched as a verifier would."""
        status, octets = self._anybody.octets("/open/trust-bundle")
        hold(status == 200, "the trust bundle is published")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trust-bundle.cbor"
            path.write_bytes(octets)
            yield path

    def _state(self, trust: Path) -> tuple[str, ...]:
        pinned = self._stage.make_keys()[0].root.fingerprint.hex()
        return ("--root", pinned, "--state", str(trust.with_name("seen.json")))


def _last(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else "(nothing was printed)"


async def wave_step(stage: Stage) -> str:
    """The 28 cities are open, another one is not."""
    wave, now = await stage.open_first_wave()
    elsewhere = await stage.opening(ELSEWHERE)
    hold(isinstance(elsewhere, NotOpen), f"{ELSEWHERE} is not open")
    hold(isinstance(await stage.opening("苏E"), Open), "苏E is open")
    made = "opened" if now else "open already"
    return f"{len(wave.places)} cities {made}, since {wave.opens_from}; 苏E open, {ELSEWHERE} not open"
