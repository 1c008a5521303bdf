"""Two more fictional drivers: one applies with a photo of their own, may not review it, is refused with a reason, takes the
next one back and submits again from the album; one replaces the photo of a licence, whose review comes late, and hears from
which day it may be replaced again."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from liangzheng import audit, licences, rollout, staff
from liangzheng.cli.demo import officers, pictures
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.stage import Stage, free_port
from liangzheng.cli.demo.story import ISSUED_WITHIN_S, Story, b64, unb64
from liangzheng.drivers.draw import portrait, seen
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import DriverId, FaceCheckId, PersonId, PhotoId
from liangzheng.kernel.people import CitizenNumber, IdentityNumber
from liangzheng.kernel.time import SystemClock, civil_day, months_after
from liangzheng.staff import Duty, HeldDuty, Region
from liangzheng.standards.livecode import open_document
from liangzheng.wiring import index_keys

_SEED: Final = 20260521
_TOO_LARGE: Final = 40 * 1024 * 1024
_ALBUM: Final = timedelta(days=100)
"""How long ago the album's picture was taken: less than six months."""
_AGO: Final = timedelta(days=20)
"""How long ago the late photo was sent: longer than any row of holidays, so that its working day is over."""
_WATCHED: Final = "queue-watched"
_LATE: Final = re.compile(r'^lz_photo_reviews\{state="late"\} ([0-9.]+)$', re.MULTILINE)
_HELD: Final = "a licence is held already (from a start that was cut off)"
_DECIDED: Final = "decided on already (by a start that was cut off)"
_APPROVE: Final = {"decision": "approve"}


async def steps(
    stage: Stage, wave: rollout.Wave, token: str
) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
    """Title and act of every step, in order."""
    applicant, replacer = await stage.cast(wave, "applicant"), await stage.cast(wave, "replacer")
    new, other = PhotoStory(stage, applicant, token), PhotoStory(stage, replacer, token)
    return [
        ("photo of one's own", new.sent),
        ("pictures turned away", new.turned_away),
        ("own photo", new.not_by_oneself),
        ("photo refused", new.refused_with_reason),
        ("photo withdrawn", new.withdrawn),
        ("two at once", new.two_at_once),
        ("photo of the album", new.submitted_again),
        ("review late", other.late),
        ("photo replaced", other.replaced),
        ("replaced again", other.replaced_again),
    ]


class PhotoStory(Story):
    """One driver and their photo."""

    def __init__(self, stage: Stage, actor: Actor, verifier_token: str) -> None:
        super().__init__(stage, actor, verifier_token)
        self._application = ""
        self._division = officers.division_of(stage, actor)

    async def sent(self) -> str:
        """A picture on blue is turned away with its reason, one on white goes to the reviewers."""
        await self.account()
        await self.bind()
        blue = await self._send(pictures.on_blue(self._picture()))
        faults = [fault["code"] for fault in blue["faults"]]
        hold(not blue["usable"] and "ground_not_white" in faults, f"a blue ground is refused: {faults}")
        if await self._held():
            return _HELD
        await self._apply("camera")
        shown = await self._read()
        promise = shown["review"]
        hold(promise["due_day"] is not None, "a day is promised")
        word = "provisionally by" if promise["provisional"] else "by the end of"
        return f"{blue['faults'][0]['zh']} On white: under review, promised {word} {promise['due_day']}"

    async def turned_away(self) -> str:
        """From the album: every fault is said, what is no picture hurts nobody, and 40 MB are not even read."""
        api, today = self._stage.processes.pids().get("api"), civil_day(SystemClock().now())
        good, old = self._picture(), {"taken_on": str(today - timedelta(days=200))}
        cases: list[tuple[str, bytes, dict[str, str]]] = [
            ("too_few_octets", pictures.too_light(), {}),
            ("too_few_pixels", pictures.too_small(good), {}),
            ("not_in_colour", pictures.grey(good), {}),
            ("ground_not_white", pictures.on_blue(good), {}),
            ("taken_too_long_ago", good, old),
            ("not_a_picture", pictures.two_pages(good), {}),
            ("not_a_picture", pictures.billion_pixels(), {}),
            ("not_a_picture", pictures.lying(good), {}),
            ("not_a_picture", pictures.without_end(), {}),
        ]
        for fault, picture, more in cases:
            judged = await self._send(picture, "album", **more)
            found = [each["code"] for each in judged["faults"]]
            hold(not judged["usable"] and fault in found, f"refused for {fault}, and not for {found}")
        status = await asyncio.to_thread(self._holder.announce, "/holder/photos", _TOO_LARGE)
        hold(status == 413, f"40 MB are refused before they are read ({status})")
        taken = {"taken_on": str(today - _ALBUM)}
        hold(
            (await self._send(good, "album", **taken))["usable"],
            "the same picture, as it should be, is taken",
        )
        hold(
            self._stage.processes.pids().get("api") == api,
            "the API that looked is the one that still answers",
        )
        kinds = list(dict.fromkeys(fault for fault, _, _ in cases))
        return f"{', '.join(kinds)} (two pages, bombs); 40 MB: 413; the guarded child killed: the next picture taken by another"

    async def not_by_oneself(self) -> str:
        """The applicant is a reviewer, too: what waits is not theirs to look at or to decide."""
        if not await self._waits():
            return _DECIDED
        own = await self._reviewer(IdentityNumber.of_citizen(CitizenNumber(self._actor.identity_number)))
        for path, body in (("take", {"application_id": self._application}), (self._at("decision"), _APPROVE)):
            tried = await self._post(own, f"/staff/photo-reviews/{path}", body)
            hold(
                tried.status == 403 and tried.body["rule"] == "own-photo", f"refused, and not {tried.status}"
            )
        return f"a reviewer, linked to the person they are, hears of their own: {tried.body['detail']}; on record"

    async def refused_with_reason(self) -> str:
        """Of two reviewers one has the photo in hand, looks and refuses with a reason of the catalogue; the driver reads it."""
        if not await self._waits():
            return _DECIDED
        listed = await self._lz("reviews", "list")
        hold(self._application in listed.stdout, "./lz reviews list shows it")
        one, two = await self._both()
        taken = (
            await self._post(one, "/staff/photo-reviews/take", {"application_id": self._application})
        ).expect(200)
        refuse = {"decision": "refuse", "reasons": ["glasses"]}
        other = await self._post(two, f"/staff/photo-reviews/{self._at('decision')}", refuse)
        hold(other.status == 409, f"nobody decides on what another has in hand ({other.status})")
        for which in ("new", "archived"):
            status, picture = await asyncio.to_thread(one.octets, f"/staff/photo-reviews/{self._at(which)}")
            hold(status == 200 and picture.startswith(b"\xff\xd8"), f"the {which} photo is seen ({status})")
        key = self._fresh_key("decide")
        (await self._post(one, f"/staff/photo-reviews/{self._at('decision')}", refuse, key)).expect(200)
        late = await self._lz("reviews", "approve", self._application)
        hold(late.returncode == 1, "a second decision is refused")
        shown = await self._read()
        hold(shown["state"] == "refused", f"the application is refused, and not {shown['state']}")
        [reason] = shown["review"]["reasons"]
        return (
            f"promised by {taken['due_day']}; {reason['zh']} / {reason['en']}; another's hand 409, a decision after it: "
            f"{late.stderr.strip().removeprefix('lz: ')}"
        )

    async def withdrawn(self) -> str:
        """Submitted again and taken back while a reviewer has it in hand: the decision after it hears so."""
        if await self._held():
            return _HELD
        await self._apply("camera")
        if not await self._waits():
            return _DECIDED
        one, _ = await self._both()
        (await self._post(one, "/staff/photo-reviews/take", {"application_id": self._application})).expect(
            200
        )
        path = f"/holder/applications/{self._application}"
        taken_back = (await asyncio.to_thread(self._holder.delete, path)).expect(200)
        hold(taken_back["state"] == "withdrawn", f"it is withdrawn, and not {taken_back['state']}")
        late = await self._post(one, f"/staff/photo-reviews/{self._at('decision')}", _APPROVE)
        hold(late.status == 409, f"nothing is left to decide ({late.status})")
        return f"taken back by the driver; the reviewer hears: {late.body['detail']}"

    async def two_at_once(self) -> str:
        """A photo of the album; two reviewers reach for it in the same moment: one decision, one conflict."""
        if await self._held():
            return _HELD
        await self._apply("album")
        if not await self._waits():
            return _DECIDED
        answers = await asyncio.gather(*(self._take_and_refuse(each) for each in await self._both()))
        hold(sorted(answers) == [200, 409], f"one decides and one is told so, and not {answers}")
        shown = await self._read()
        hold(shown["state"] == "refused", f"it is decided once: {shown['state']}")
        return f"200 and 409; {shown['review']['reasons'][0]['zh']}"

    async def _take_and_refuse(self, reviewer: Client) -> int:
        path = "/staff/photo-reviews"
        taken = await self._post(reviewer, f"{path}/take", {"application_id": self._application})
        if taken.status != 200:
            return int(taken.status)
        refuse = {"decision": "refuse", "reasons": ["too_old"]}
        key = self._fresh_key("decide")
        return int((await self._post(reviewer, f"{path}/{self._at('decision')}", refuse, key)).status)

    async def submitted_again(self) -> str:
        """Another picture of the album at once; approved, it is the licence's portrait."""
        if not await self._held():
            await self._apply("album")
            await self._approve()
        licence = await self._until_version(1)
        state = (await self._get(self._holder, "/holder/licence/photo")).expect(200)
        hold(
            state["photo"] == "album", f"the licence's photo is of the album, and not of the {state['photo']}"
        )
        digest, opens = self._portrait_of(licence), state["replaceable_from"]
        return f"version 1 with the approved photo, SHA-256 {digest[:12]}…; replaceable from {opens}"

    async def late(self) -> str:
        """A replacement sent weeks ago and never looked at: counted, marked for whoever answers for it, told to the driver."""
        await self.account()
        await self.bind()
        await self.apply()
        held = await self._until_version(1)
        if held["version"] > 1:
            return "decided on already (by a start that was cut off)"
        if await self._open_application() is None:
            await self._replace_long_ago()
        asked = await self._open_application()
        self._application = asked["application_id"]
        counted = await self._late_by_the_metrics()
        _, two = await self._both()
        listed = (await self._get(two, "/staff/photo-reviews?late=true")).expect(200)["reviews"]
        mine = next((each for each in listed if each["application_id"] == self._application), None)
        if mine is None:
            raise StepFailed("the list of late reviews does not have it")
        shown = await self._lz("reviews", "list", "--late")
        hold(
            self._application in shown.stdout and "LATE" in shown.stdout, "./lz reviews list --late shows it"
        )
        words = await self._told("photo-review-late")
        return (
            f"sent {_AGO.days} days ago by the demonstration's own clock, promised by {mine['due_day']}: metrics count {counted} "
            f"late, the list of late reviews has it, the driver reads: {words}"
        )

    async def _replace_long_ago(self) -> None:
        """Only the clock is not today's: a day cannot be waited for."""
        check, photo = await self._face_check("apply"), await self._photo_id()
        session = (await self._get(self._holder, "/holder/account")).expect(200)
        person_id, driver_id = PersonId.parse(session["person_id"]), DriverId.parse(session["driver_id"])
        asked = licences.Replacement(
            licences.PhotoSource.CAMERA, PhotoId.parse(photo), FaceCheckId.parse(check["face_check_id"])
        )
        async with self._stage.database.transaction(licences.CONSTRAINTS) as tx:
            await licences.replace_photo(
                tx,
                person_id,
                driver_id,
                asked,
                SystemClock().now() - _AGO,
                self._stage.settings.status_policy,
            )

    async def _late_by_the_metrics(self) -> int:
        """What a second queue worker counts, which begins with the jobs the first one does every minute."""
        host, port = "127.0.0.1", free_port("127.0.0.1")
        more = {"LZ_METRICS_HOST": host, "LZ_METRICS_PORT": str(port), "LZ_METRICS_TOKEN": ""}
        self._stage.processes.start(_WATCHED, "work", "--role", "outbox", **more)
        operator, until = Client(host, port), time.monotonic() + ISSUED_WITHIN_S
        try:
            while time.monotonic() < until:
                with suppress(Unavailable):
                    _, page = await asyncio.to_thread(operator.octets, "/metrics")
                    found = _LATE.search(page.decode())
                    if found and float(found[1]) >= 1:
                        return int(float(found[1]))
                await asyncio.sleep(0.1)
        finally:
            await asyncio.to_thread(self._stage.processes.end, _WATCHED)
        raise StepFailed("no metric counts the late review")

    async def _told(self, kind: str) -> str:
        """The words of the message of that kind."""
        until = time.monotonic() + ISSUED_WITHIN_S
        while time.monotonic() < until:
            inbox = (await self._get(self._holder, "/holder/messages")).expect(200)["messages"]
            found = next((message for message in inbox if message["kind"] == kind), None)
            if found is not None:
                return str(found["words"]["zh"])
            await asyncio.sleep(0.1)
        raise StepFailed(f"the driver was not told: no message {kind}")

    async def replaced(self) -> str:
        """The late photo approved: a licence with another photo than the archived one, and the old version is dead."""
        held = await self._until_version(1)
        if held["version"] > 1:
            return "replaced already (by a start that was cut off)"
        before = self._portrait_of(held)
        asked = await self._open_application() or await self._replace()
        hold(
            asked["state"] in ("under_review", "accepted", "drafted"),
            f"it goes to review: {asked['refusal']}",
        )
        self._application = asked["application_id"]
        await self._approve()
        after = self._portrait_of(await self._until_version(2))
        hold(before != after, "version 2 carries another photo")
        counted = await self._replacements()
        return (
            f"version 2 with the new photo ({before[:8]}… → {after[:8]}…), version 1 ended in the same step; the public figures "
            f"count {counted} new photo(s) accepted, apart from applications"
        )

    async def _replacements(self) -> int:
        """How many the public figures have, once there is one."""
        until = time.monotonic() + ISSUED_WITHIN_S
        while time.monotonic() < until:
            told = (await self._get(self._stage.client, "/open/figures?measure=replacement.accepted")).expect(
                200
            )
            if (count := int(told["totals"][0]["value"])) >= 1:
                return count
            await asyncio.sleep(0.1)
        raise StepFailed("no replacement is counted")

    async def replaced_again(self) -> str:
        """The next replacement waits six months, and the answer names the day."""
        asked = await self._replace()
        hold(asked["state"] == "refused", "the second replacement is refused")
        opens = months_after(civil_day(datetime.now(UTC)), 6)
        told = date.fromisoformat(asked["again_from"])
        hold(abs((told - opens).days) <= 1, f"it opens six months from now, and not on {told}")
        return f"{asked['refusal']['zh']} {asked['refusal']['en']} From {told}."

    # -- the means ------------------------------------------------------------------------------------------

    def _at(self, what: str) -> str:
        return f"{self._application}/{what}"

    async def _both(self) -> list[Client]:
        """Two reviewers of the driver's division: those of a start that was cut off while they are logged in, else new ones."""
        tokens = self._stage.kept.reviewers.setdefault(self._division, [])
        known = [self._stage.client.as_caller(token) for token in tokens]
        if (
            all([(await self._get(each, "/staff/sessions/current")).status == 200 for each in known])
            and known
        ):
            return known
        made = [await self._reviewer() for _ in range(2)]
        tokens[:] = [client.token or "" for client in made]
        self._stage.keep()
        return made

    async def _reviewer(self, person: IdentityNumber | None = None) -> Client:
        """A new officer of the division who holds the duty, and who may be known to be this person."""
        made, client = await officers.enrolled(self._stage, self._division)
        now, operator = SystemClock().now(), audit.Actor("operator")
        held = HeldDuty(Duty.PHOTO_REVIEW, Region.parse(self._division), civil_day(now))
        async with self._stage.database.transaction(staff.MEMBER_CONSTRAINTS) as tx:
            member = await staff.member_with_number(tx, made.number)
            await staff.give_duty(tx, member.staff_id, held, now, operator)
            if person is not None:
                keys = index_keys(self._stage.settings)
                await staff.link_person(tx, member.staff_id, person, keys, now, operator)
        return client

    async def _read(self) -> Any:
        return (await self._get(self._holder, f"/holder/applications/{self._application}")).expect(200)

    async def _waits(self) -> bool:
        """Whether the photo still waits for a reviewer; a start that was cut off may have gone on from here."""
        return bool(self._application) and (await self._read())["state"] == "under_review"

    def _picture(self) -> bytes:
        # Never the one of a start that was cut off: what was refused once is turned away.
        number, holder = (
            self._actor.line * 10_000 + secrets.randbelow(10_000),
            CitizenNumber(self._actor.identity_number),
        )
        years = (civil_day(SystemClock().now()) - holder.birth_date).days / 365.25
        return portrait(_SEED, number, seen(holder.sex, years))

    async def _send(self, picture: bytes, source: str = "camera", **more: str) -> Any:
        body = {"source": source, "picture": b64(picture)} | more
        return (await self._post(self._holder, "/holder/photos", body, self._fresh_key("photo"))).expect(200)

    async def _photo_id(self, source: str = "camera") -> str:
        taken = {"taken_on": str(civil_day(SystemClock().now()) - _ALBUM)} if source == "album" else {}
        kept = await self._send(self._picture(), source, **taken)
        hold(kept["usable"], f"a drawn picture on white is usable: {kept['faults']}")
        return str(kept["photo_id"])

    async def _held(self) -> bool:
        return bool((await self._get(self._holder, "/holder/licence")).status == 200)

    async def _open_application(self) -> Any:
        """What a start that was cut off left on its way; None when nothing is."""
        listed = (await self._get(self._holder, "/holder/applications")).expect(200)["applications"]
        on_its_way = ("under_review", "accepted", "drafted")
        return next((each for each in listed if each["state"] in on_its_way), None)

    async def _apply(self, source: str) -> None:
        left = await self._open_application()
        if left is not None:
            self._application = left["application_id"]
            return
        check = await self._face_check("apply")
        body = {
            "photo": source, "photo_id": await self._photo_id(source), "face_check": check["face_check_id"],
            "phone_key": self._phone_key_id,
        }  # fmt: skip
        asked = (
            await self._post(self._holder, "/holder/applications", body, self._fresh_key("apply"))
        ).expect(202)
        hold(asked["state"] == "under_review", f"it goes to review, and not {asked['refusal']}")
        self._application = asked["application_id"]

    async def _replace(self) -> Any:
        check = await self._face_check("apply")
        body = {"photo": "camera", "photo_id": await self._photo_id(), "face_check": check["face_check_id"]}
        key = self._fresh_key("replace")
        return (await self._post(self._holder, "/holder/licence/photo", body, key)).expect(202)

    async def _approve(self) -> None:
        if not await self._waits():
            return  # approved by a start that was cut off
        done = await self._lz("reviews", "approve", self._application)
        hold(done.returncode == 0, f"./lz reviews approve: {done.stderr or done.stdout}")

    async def _until_version(self, version: int) -> Any:
        until = time.monotonic() + ISSUED_WITHIN_S
        while time.monotonic() < until:
            found = await self._get(self._holder, "/holder/licence")
            if found.status == 200 and found.body["version"] >= version:
                return found.body
            await asyncio.sleep(0.1)
        raise StepFailed(f"no version {version} within {ISSUED_WITHIN_S:.0f} s; see the issuer's log")

    def _portrait_of(self, licence: Any) -> str:
        """SHA-256 of the photo in the signed document and its file, which is one."""
        trust, _ = self._stage.make_keys()
        opened = open_document(unb64(licence["file"]), trust)
        found = hashlib.sha256(opened.portrait).hexdigest()
        hold(found == opened.claims.portrait_sha256.hex(), "the document names its photo")
        return found

    def _fresh_key(self, what: str) -> str:
        return f"{what}-{secrets.token_hex(4)}"


def _decoder_of(api: int | None) -> int | None:
    """The child in which this API decodes pictures; None where the system does not say."""
    for path in Path(f"/proc/{api}/task").glob("*/children"):
        for pid in path.read_text().split():
            with suppress(OSError):
                if b"photo_process" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
    return None
