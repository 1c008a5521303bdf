"""A further driver before every face engine there is: none passes anybody alone unless it is calibrated, what they saw is
kept nowhere, and what they found serves one application."""

from __future__ import annotations

import asyncio
import mmap
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from rich.markup import escape

from liangzheng.cli.demo import pictures
from liangzheng.cli.demo.account import agree
from liangzheng.cli.demo.authority import Authority
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.officers import division_of, enrolled
from liangzheng.cli.demo.stage import Stage
from liangzheng.cli.demo.story import ISSUED_WITHIN_S, Story, b64, unb64
from liangzheng.cli.phone import Phone
from liangzheng.drivers.draw import portrait
from liangzheng.infra import jpeg
from liangzheng.infra.face import FaceFrame
from liangzheng.infra.face_dlib import DlibComparer
from liangzheng.infra.face_simulated import played_frames
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import FaceCheckId
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.staff import Duty

SHORT: Final = {"LZ_MOBILE_PROOF": "no", "LZ_MOBILE_CHANGE_HOLD_S": "1", "LZ_CLOSING_HOLD_S": "1"}
"""Of the second API: nobody waits a day or a week here. The one of the story has the usual times."""
MANUAL: Final = "api-manual"
_AUTHORITY: Final = "api-authority"
_DLIB: Final = "api-dlib"
_PLAYED: Final = "api-uncalibrated"
_SEED: Final = 20260522
_MISBEHAVES: Final[dict[str, Callable[[Authority], None]]] = {
    "silent": lambda authority: setattr(authority, "silent", True),
    "signed by another key": lambda authority: setattr(authority, "signs_as_stranger", True),
    "about another check": lambda authority: authority.changed.update(face_check=str(FaceCheckId.new())),
}


class Faces(Story):
    """One driver and their face."""

    def __init__(self, stage: Stage, actor: Actor, verifier_token: str) -> None:
        super().__init__(stage, actor, verifier_token)
        self._manual = self._asking_authority = self._uncalibrated = stage.client
        self._authority: Authority | None = None
        self._check = ""

    def steps(self) -> list[tuple[str, Callable[[], Any]]]:
        """Title and act of every step, in order."""
        return [
            ("face engine: none", self.manual),
            ("face engine: authority", self.authority),
            ("face engine: dlib", self.dlib),
            ("uncalibrated engine", self.uncalibrated),
            ("capture not kept", self.not_kept),
            ("result bound", self.bound),
            ("phone re-bound", self.rebound),
            ("one frontal face", self.one_face),
        ]

    # -- engines --------------------------------------------------------------------------------------------

    async def manual(self) -> str:
        """Without an engine a person decides: nobody passes by sending pictures."""
        stage = self._stage
        self._manual = stage.beside(MANUAL, LZ_FACE_ENGINE="manual", LZ_PHOTO_FACES="simulated", **SHORT)
        self._authority = await asyncio.to_thread(Authority, stage.folder / "face-authority")
        self._asking_authority = stage.beside(_AUTHORITY, **self._authority.settings())
        self._uncalibrated = stage.beside(_PLAYED, LZ_FACE_ENGINE="simulated", LZ_SIMULATED_FACE_COUNTS="no")
        await stage.until_ready(self._manual)
        await self._registered()
        check = await self._look(self._manual)
        hold(check["engine"] == "manual" and not check["simulated"], "the manual engine looked, and said so")
        hold(check["state"] == "in_review" and check["usable_until"] is None, "a person decides, nobody else")
        decided = await self._at_the_counter(check["face_check_id"])
        hold(decided == "passed", f"the officer at the counter passes it, and it is not {decided}")
        return "another API, without an engine: in review, of no use; passed by an officer with the document in hand"

    async def authority(self) -> str:
        """A calibrated, signed answer about this check passes; anything else never does."""
        authority, api = self._authority, self._asking_authority
        assert authority is not None, "made a step ago"
        await self._stage.until_ready(api)
        passed = await self._look(api)
        hold(passed["state"] == "passed" and passed["calibrated"], f"passed, and not {passed['state']}")
        authority.changed = {"calibrated": False}
        alone = await self._look(api)
        hold(alone["state"] == "in_review", f"uncalibrated it passes nobody alone, and not {alone['state']}")
        for fault, misbehave in _MISBEHAVES.items():
            authority.changed, authority.signs_as_stranger = {}, False
            misbehave(authority)
            none = await self._look(api)
            hold(none["state"] == "retake", f"{fault}: no result, and not {none['state']}")
            authority.silent = False
        await asyncio.to_thread(authority.close)
        await asyncio.to_thread(self._stage.processes.end, _AUTHORITY)
        return f"its own server (SIMULATED): calibrated passed, uncalibrated in review; no result: {', '.join(_MISBEHAVES)}"

    async def dlib(self) -> str:
        """Uncalibrated, dlib passes nobody alone; where it is not installed, an API told to use it does not start."""
        try:
            await asyncio.to_thread(DlibComparer.with_models, self._stage.settings.face_models)
        except Unavailable:
            return await self._no_dlib()
        api = self._stage.beside(_DLIB, LZ_FACE_ENGINE="dlib")
        await self._stage.until_ready(api)
        check = await self._look(api)
        await asyncio.to_thread(self._stage.processes.end, _DLIB)
        hold(check["engine"] == "dlib" and not check["calibrated"], "dlib looked, without a calibration")
        hold(check["state"] in ("retake", "in_review"), f"it passes nobody alone, and not {check['state']}")
        return f"installed, without a calibration: {check['state']}, reasons {', '.join(check['reasons'])}"

    async def _no_dlib(self) -> str:
        """The library or its models are missing: an API told to compare with it, or to count, ends by itself."""
        asked = ["LZ_FACE_ENGINE"] if find_spec("dlib") else ["LZ_FACE_ENGINE", "LZ_PHOTO_FACES"]
        said = await asyncio.gather(*(self._does_not_start(**{name: "dlib"}) for name in asked))
        for each in said:
            hold("liangzheng[face]" in each or "LZ_FACE_MODELS" in each, f"it names what is missing: {each}")
        face = said[0]
        return f"not installed on this machine; an API told to use it does not start: {escape(face)}"

    async def _does_not_start(self, **more: str) -> str:
        environment = dict(self._stage.processes.environment) | more
        tried = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "liangzheng", "serve", "--port", "0"],
            capture_output=True, text=True, env=environment, timeout=60,
        )  # fmt: skip
        said = tried.stderr.strip().rpartition("\n")[2].removeprefix("lz: ")
        hold(tried.returncode == 1 and bool(said), f"an API that cannot look does not start ({more})")
        return str(said)

    async def uncalibrated(self) -> str:
        """An engine that says yes to everything and is not calibrated: a person decides, whatever it says."""
        await self._stage.until_ready(self._uncalibrated)
        check = await self._look(self._uncalibrated)
        await asyncio.to_thread(self._stage.processes.end, _PLAYED)
        hold(
            check["simulated"] and not check["calibrated"],
            "it says that it only plays, and has no calibration",
        )
        hold(check["state"] == "in_review", f"what it passes goes to a person, and is not {check['state']}")
        hold(check["usable_until"] is None, "nothing can be done with it")
        return "the simulated engine where its word does not count: it passes everybody, and each is in review, of no use"

    async def _look(self, api: Client, frames: Sequence[FaceFrame] | None = None) -> Any:
        """A check by the engine of this API."""
        return await self._looked_at(api.as_caller(self._holder.token or ""), frames=frames)

    async def _at_the_counter(self, face_check: str) -> str:
        division = division_of(self._stage, self._actor)
        _, officer = await enrolled(self._stage, division, (Duty.COUNTER,))
        account = (await self._get(self._holder, "/holder/account")).expect(200)
        case = f"B-{division}-{civil_day(SystemClock().now()):%Y%m%d}-{secrets.randbelow(10**6):06d}"
        body = {
            "person": account["person_id"], "face_check": face_check, "decision": "approve", "case_number": case,
            "identity_number": self._actor.identity_number,
        }  # fmt: skip
        decided = await self._post(officer, "/staff/counter-checks/decisions", body)
        return str(decided.expect(200)["state"])

    async def _registered(self) -> None:
        """An account of their own, made where no code is asked for: a mobile gets one code a minute, and the reset needs it."""
        await self._register(self._actor.mobile)
        self._holder = await self._logged_in()
        await agree(self._holder)

    async def _register(self, mobile: str, **other: str) -> Any:
        body = {
            "mobile": mobile, "identity_number": self._actor.identity_number, "name": self._actor.name,
            "password": self._actor.password,
        } | other  # fmt: skip
        return (await self._post(self._manual, "/holder/accounts", body)).expect(201)

    async def _logged_in(self) -> Client:
        opened = await self._log_in(self._actor.password)
        return self._anybody.as_caller(opened.expect(201)["token"])

    async def _log_in(self, password: str, mobile: str | None = None) -> Any:
        login = {"mobile": mobile or self._actor.mobile, "password": password}
        return await self._post(self._anybody, "/holder/sessions", login)

    # -- what they leave behind -----------------------------------------------------------------------------

    async def not_kept(self) -> str:
        """A word hidden in the pictures is in no row written since and in no file of the data directory changed since."""
        began, word = time.time() - 1, secrets.token_hex(15).encode()
        async with self._stage.database.transaction() as tx:
            since = str(await tx.fetchval("SELECT pg_current_xact_id()::xid"))
        frames = [replace(frame, jpeg=_marked(frame.jpeg, word)) for frame in played_frames(3)]
        check = await self._look(self._anybody, frames)
        hold(check["state"] == "passed", f"the simulated engine passed it, and not {check['state']}")
        self._check = check["face_check_id"]
        as_sent = b64(frames[0].jpeg)[8:48]
        hold(word in unb64(as_sent), "the word is in what is looked for")
        rows = await _rows_with(self._stage.database, since, (word.decode(), word.hex(), as_sent))
        hold(not rows, f"no row holds the pictures, and not {', '.join(rows)}")
        digests = [jpeg.picture_hash(frame.jpeg).hex() for frame in frames]
        known = await _rows_with(self._stage.database, since, digests)
        hold(bool(known), "the same search finds their digests, kept against replay")
        files = await asyncio.to_thread(_changed, self._stage.settings.data_dir, began)
        hold(
            not await asyncio.to_thread(_with, files, (word, as_sent.encode())), "no file holds the pictures"
        )
        if self._stage.settings.database_url is None:
            written = (FaceCheckId.parse(self._check).uuid.bytes,)
            found = await asyncio.to_thread(_with, files, written)
            hold(bool(found), "the same search finds the check itself in the files of the database")
        return (
            f"a word in each of {len(frames)} pictures: in no row, in none of {len(files)} files written since; "
            f"their digests only ({', '.join(known)})"
        )

    async def bound(self) -> str:
        """A check made to apply binds no phone; used for one application it serves no other."""
        offered = await self._offer(self._check)
        hold(offered.status == 400, f"made to apply, it binds no phone ({offered.status})")
        await self.bind()
        first = await self._apply_with(self._check)
        hold(first["state"] == "accepted", f"the application is accepted: {first['refusal']}")
        path = f"/holder/face-checks/{self._check}"
        check = (await self._get(self._holder, path)).expect(200)
        hold(check["state"] == "consumed", f"it is used up, and not {check['state']}")
        again = await self._apply_with(self._check)
        hold(
            again["state"] == "refused" and again["refusal"]["code"] == "face_not_verified",
            f"for another application it is no check: {again['refusal']}",
        )
        await self._until_issued()
        return f"made to apply it binds no phone; used for one application; for a second: {again['refusal']['zh']}"

    async def rebound(self) -> str:
        """A new phone takes the old one's place; what the old one shows is dead, and the licence is on the new one."""
        await self.issued()
        old, old_id, new = self._phone, self._phone_key_id, Phone()
        valid = await self._verify(old.show(SystemClock().now()))
        hold(valid["outcome"] == "valid", f"the old phone shows it before, and not {valid['outcome']}")
        check = await self._face_check("bind-phone-key")
        bound = (await self._offer(check["face_check_id"], new, replaces=old_id)).expect(201)
        listed = (await self._get(self._holder, "/holder/phone-keys")).expect(200)["phone_keys"]
        hold(
            [key["phone_key_id"] for key in listed] == [bound["phone_key_id"]], "only the new phone is listed"
        )
        self._phone, self._phone_key_id = new, bound["phone_key_id"]
        dead = await self._until_dead(old)
        asked = {"phone_key": self._phone_key_id}
        key = f"phone-{secrets.token_hex(4)}"
        (await self._post(self._holder, "/holder/licence/credentials", asked, key)).expect(202)
        await self.issued()
        shown = await self._verify(new.show(SystemClock().now()))
        hold(shown["outcome"] == "valid", f"the new phone shows it, and not {shown['outcome']}")
        return f"a new phone in place {bound['slot']} of the old one: the old one's 亮码 is {dead}, the new one's valid"

    async def one_face(self) -> str:
        """Where faces are counted, a photo without one, with two or with one aside goes to no reviewer."""
        counting, drawn = (
            self._manual.as_caller(self._holder.token or ""),
            portrait(_SEED, secrets.randbelow(10_000)),
        )
        found = {}
        for what, picture, fault in (
            ("nobody", pictures.nobody(drawn), "not_one_face"),
            ("two people", pictures.two_people(drawn), "not_one_face"),
            ("one aside", pictures.aside(drawn), "not_frontal"),
        ):
            judged = await self._judged(counting, picture)
            faults = [each["code"] for each in judged["faults"]]
            hold(
                not judged["usable"] and fault in faults, f"{what}: refused for {fault}, and not for {faults}"
            )
            found[what] = next(each["zh"] for each in judged["faults"] if each["code"] == fault)
        one, unseen = await self._judged(counting, drawn), await self._judged(self._holder, drawn)
        doubts = [[each["code"] for each in judged["doubts"]] for judged in (one, unseen)]
        hold(one["usable"] and unseen["usable"], "one in the middle is taken by both")
        hold(
            ["face_not_checked" in each for each in doubts] == [False, True],
            f"where nobody counts, the reviewer is told so, and not {doubts}",
        )
        said = "; ".join(f"{what}: {words}" for what, words in found.items())
        return f"{said} One: taken. The count is SIMULATED; without an engine the reviewer is told that nobody counted"

    async def _judged(self, holder: Client, picture: bytes) -> Any:
        body = {"source": "camera", "picture": b64(picture)}
        return (await self._post(holder, "/holder/photos", body, f"photo-{secrets.token_hex(4)}")).expect(200)

    async def _until_dead(self, phone: Phone) -> str:
        """What a 亮码 of that phone is once the queue has followed."""
        until = time.monotonic() + ISSUED_WITHIN_S
        while time.monotonic() < until:
            outcome = str((await self._verify(phone.show(SystemClock().now())))["outcome"])
            if outcome != "valid":
                return outcome
            await asyncio.sleep(0.1)
        raise StepFailed("a phone whose key has ended still shows a valid licence")

    async def _offer(self, face_check: str, phone: Phone | None = None, **more: str) -> Any:
        offered = phone or self._phone
        challenge = (await self._post(self._holder, "/holder/phone-keys/challenges")).expect(201)
        body = {
            "public_key": b64(offered.public_key), "label": "演示手机", "nonce": challenge["nonce"],
            "signature": b64(offered.prove(unb64(challenge["to_be_signed"]))), "face_check": face_check,
        } | more  # fmt: skip
        return await self._post(self._holder, "/holder/phone-keys", body)

    async def _apply_with(self, face_check: str) -> Any:
        body = {"photo": "archived", "face_check": face_check, "phone_key": self._phone_key_id}
        key = f"apply-{secrets.token_hex(4)}"
        return (await self._post(self._holder, "/holder/applications", body, key)).expect(202)


async def _rows_with(database: Database, since: str, words: Sequence[str]) -> list[str]:
    """Tables that hold one of these in a row written since that transaction."""
    patterns = [f"%{word}%" for word in words]
    async with database.read() as tx:
        tables = await tx.fetch(
            "SELECT oid::regclass::text AS name FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
        )
        hold(len(tables) > 50, "the tables were found")
        found = [
            await tx.fetchval(
                f"SELECT $3::text FROM {row['name']} AS r WHERE age(xmin) <= age($1::text::xid) "
                "AND r::text LIKE ANY ($2::text[]) LIMIT 1",
                since, patterns, row["name"],
            )
            for row in tables
        ]  # fmt: skip
    return [name for name in found if name]


def _marked(picture: bytes, word: bytes) -> bytes:
    """The same JPEG with a comment (COM, ITU-T T.81 B.2.4.5) right after its beginning."""
    return picture[:2] + b"\xff\xfe" + (2 + len(word)).to_bytes(2, "big") + word + picture[2:]


def _changed(folder: Path, since: float) -> list[Path]:
    """Files below `folder` that were written since."""
    return [path for path in folder.rglob("*") if _written(path) >= since]


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime if path.is_file() and path.stat().st_size else 0.0
    except OSError:
        return 0.0  # gone meanwhile


def _with(files: Sequence[Path], words: Sequence[bytes]) -> list[Path]:
    """Those of the files that hold one of these."""
    return [path for path in files if _holds(path, words)]


def _holds(path: Path, words: Sequence[bytes]) -> bool:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as octets:
            return any(octets.find(word) >= 0 for word in words)
    except (FileNotFoundError, ValueError):
        return False  # gone or emptied meanwhile
