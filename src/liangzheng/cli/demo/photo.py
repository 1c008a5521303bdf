"""Two more fictional drivers: one applies with a camera photo, may not review it, is refused with a reason, takes the next
one back and submits again; one replaces the photo of a licence, and hears from which day it may be replaced again."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any, Final

from liangzheng import audit, rollout, staff
from liangzheng.cli.demo import officers
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.stage import Stage
from liangzheng.cli.demo.story import ISSUED_WITHIN_S, Story, b64, unb64
from liangzheng.drivers.draw import portrait
from liangzheng.kernel.people import CitizenNumber, IdentityNumber
from liangzheng.kernel.time import SystemClock, civil_day, months_after
from liangzheng.staff import Duty, HeldDuty, Region
from liangzheng.standards.livecode import open_document
from liangzheng.wiring import index_keys

_SEED: Final = 20260521
_BLUE: Final = (64, 96, 200)
_HELD: Final = "a licence is held already (from a start that was cut off)"
_DECIDED: Final = "decided on already (by a start that was cut off)"
_APPROVE: Final = {"decision": "approve"}


async def steps(
    stage: Stage, wave: rollout.Wave, first: Actor, token: str
) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
    """Title and act of every step, in order."""
    applicant = await stage.another(wave, [first])
    replacer = await stage.another(wave, [first, applicant])
    new, other = PhotoStory(stage, applicant, token), PhotoStory(stage, replacer, token)
    return [
        ("photo of one's own", new.sent),
        ("own photo", new.not_by_oneself),
        ("photo refused", new.refused_with_reason),
        ("photo withdrawn", new.withdrawn),
        ("photo approved", new.submitted_again),
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
        blue = await self._send(_on_blue(self._picture()))
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

    async def submitted_again(self) -> str:
        """Another picture at once; approved, it is the licence's portrait."""
        if not await self._held():
            await self._apply("camera")
            await self._approve()
        licence = await self._until_version(1)
        return f"version 1 with the approved photo, SHA-256 {self._portrait_of(licence)[:12]}…"

    async def replaced(self) -> str:
        """A licence with the archived photo; another photo at once, and the old version is dead."""
        await self.account()
        await self.bind()
        await self.apply()
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
        return (
            f"version 2 with the new photo ({before[:8]}… → {after[:8]}…), version 1 ended in the same step"
        )

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
        return portrait(_SEED, self._actor.line * 10_000 + secrets.randbelow(10_000))

    async def _send(self, picture: bytes) -> Any:
        body = {"source": "camera", "picture": b64(picture)}
        return (await self._post(self._holder, "/holder/photos", body, self._fresh_key("photo"))).expect(200)

    async def _photo_id(self) -> str:
        kept = await self._send(self._picture())
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
            "photo": source, "photo_id": await self._photo_id(), "face_check": check["face_check_id"],
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


def _on_blue(picture: bytes) -> bytes:
    """The same drawn person before a blue wall."""
    from PIL import Image, ImageDraw

    with Image.open(BytesIO(picture)) as opened:
        image = opened.convert("RGB")
    for corner in ((1, 1), (image.width - 2, 1)):
        ImageDraw.floodfill(image, corner, _BLUE, thresh=40)
    page = BytesIO()
    image.save(page, "JPEG", quality=92)
    return page.getvalue()
