"""Two fictional officers: both factors, a licence retained on the spot, a second person, a look-up the driver reads of."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from liangzheng import audit, staff
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.kept import Actor, Officer
from liangzheng.cli.demo.passkey import SoftwarePasskey
from liangzheng.cli.demo.stage import Stage
from liangzheng.cli.phone import Phone
from liangzheng.kernel.ids import PersonId
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.staff import Duty, HeldDuty, Region
from liangzheng.standards import totp
from liangzheng.wiring import staff_policy

UNIT: Final = "演示交警大队 (demonstration)"
_DUTIES: Final = (Duty.PATROL, Duty.PENALTY, Duty.COUNTER, Duty.REGISTER)
_NATIONWIDE: Final = "nationwide"
_POLICE: Final = (Duty.PATROL, Duty.PENALTY, Duty.COUNTER, Duty.PHOTO_REVIEW)
_OFFICE: Final = (Duty.REGISTER, Duty.ROLLOUT, Duty.SYSTEM)
CAST: Final = (_POLICE, _POLICE, _OFFICE, _OFFICE, (Duty.KEYS,), (Duty.KEYS,), (Duty.AUDIT,))
"""For people to log in as, each nationwide: every duty, and two who hold it wherever one proposes and another decides. System,
keys and audit are three people's."""


async def enrolled(
    stage: Stage, division: str, duties: Sequence[Duty] = _DUTIES, newcomer: tuple[str, str] | None = None
) -> tuple[Officer, Client]:  # fmt: skip
    """A fictional officer of a division, enrolled over HTTP as a person would, and logged in by it; new, or whose number and
    enrolment code these are."""
    if newcomer is None:
        now, number = SystemClock().now(), f"DEMO{secrets.randbelow(10**6):06d}"
        held = tuple(HeldDuty(duty, Region.parse(division), civil_day(now)) for duty in duties)
        invited = await staff.add_member(
            stage.database,
            number,
            "演示警员",
            UNIT,
            held,
            staff_policy(stage.settings),
            now,
            audit.Actor("operator"),
        )
        newcomer = number, invited.code
    number, enrolment_code = newcomer
    body: dict[str, Any] = {"number": number, "enrolment_code": enrolment_code}
    shown = (await asyncio.to_thread(stage.client.post, "/staff/enrolments", body)).expect(201)
    password = secrets.token_urlsafe(12)
    code = totp.code_at(totp.from_base32(shown["secret"]), totp.step_of(datetime.now(UTC)))
    body |= {"password": password, "totp": code}
    opened = (await asyncio.to_thread(stage.client.post, "/staff/enrolments/confirmations", body)).expect(201)
    made = Officer(
        number=number, password=password, totp_secret=shown["secret"], division=division,
        duties=[duty.value for duty in duties],
    )  # fmt: skip
    return made, stage.client.as_caller(opened["token"])


async def accounts(stage: Stage) -> list[Officer]:
    """Officers for people to log in as, one for each of `CAST`, made once and remembered."""
    kept = stage.kept.officers
    for officer in kept:
        officer.duties = officer.duties or [duty.value for duty in _DUTIES]
    there = Counter(tuple(officer.duties) for officer in kept)
    for duties in CAST:
        names = tuple(duty.value for duty in duties)
        if there[names] > 0:
            there[names] -= 1
            continue
        made, _ = await enrolled(stage, _NATIONWIDE, duties)
        kept.append(made)
        stage.keep()
    return kept


def duties_told(officer: Officer) -> str:
    """Both languages' words of what somebody is there for: 路面执勤 patrol, …"""
    return ", ".join(f"{Duty(duty).chinese} {duty}" for duty in officer.duties)


def code_now(officer: Officer) -> str:
    """The one-time code an authenticator application shows at this moment."""
    return totp.code_at(totp.from_base32(officer.totp_secret), totp.step_of(datetime.now(UTC)))


def division_of(stage: Stage, actor: Actor) -> str:
    """Where the driver's licence is from, six digits."""
    authorities = stage.reference.authorities
    found = authorities.prefecture_of(actor.authority) or authorities.province_of(actor.authority)
    return found.code


class Officers:
    """The steps of the two."""

    def __init__(self, stage: Stage, actor: Actor, phone: Phone, holder: Callable[[], Client]) -> None:
        self._stage, self._actor, self._phone, self._holder = stage, actor, phone, holder
        self._one = self._two = stage.client
        self._retained: dict[str, Any] = {}
        self._division = division_of(stage, actor)

    def steps(self) -> list[tuple[str, Callable[[], Any]]]:
        """Title and act of each."""
        return [
            ("officers", self.log_in),
            ("passkey", self.passkey),
            ("counter", self.counter),
            ("retain", self.retain),
            ("four eyes", self.confirm),
            ("look up", self.look_up),
        ]

    async def log_in(self) -> str:
        """Number and password alone open nothing; a code that was used does not serve again."""
        made, self._one = await enrolled(self._stage, self._division)
        _, self._two = await enrolled(self._stage, self._division)
        login = {"number": made.number, "password": made.password}
        without = await self._post(self._stage.client, "/staff/sessions", login | {"totp": "000000"})
        hold(without.status == 401, f"a wrong second factor opens nothing ({without.status})")
        me = (await asyncio.to_thread(self._one.get, "/staff/sessions/current")).expect(200)
        return f"two officers, duties {', '.join(each['duty'] for each in me['duties'])} in {me['duties'][0]['region']}"

    async def passkey(self) -> str:
        """A passkey takes the place of one-time codes: bound to the page, once a challenge, and the last factor stays."""
        made, officer = await enrolled(self._stage, self._division)
        client, factors = self._stage.client, "/staff/second-factors"
        begun = (await self._post(officer, f"{factors}/passkeys/challenges", None)).expect(201)["options"]
        device = SoftwarePasskey(f"http://localhost:{client.port}", begun["rp"]["id"])
        body = {"label": "演示钥匙", "credential": device.create(begun)}
        added = (await self._post(officer, f"{factors}/passkeys", body)).expect(201)
        (await asyncio.to_thread(officer.delete, f"{factors}/one-time-codes")).expect(204)
        last = await asyncio.to_thread(officer.delete, f"{factors}/passkeys/{added['passkey_id']}")
        hold(last.status == 409, f"the last second factor stays ({last.status})")
        asked = (await self._post(client, f"{factors}/passkey-challenges", None)).expect(201)["options"]
        login = {"number": made.number, "password": made.password}
        elsewhere = SoftwarePasskey("https://lookalike.example", begun["rp"]["id"]).get(asked)
        copied = await self._post(client, "/staff/sessions", login | {"passkey": elsewhere})
        hold(copied.status == 401, f"a page that looks like ours opens nothing ({copied.status})")
        proof = login | {"passkey": device.get(asked)}
        (await self._post(client, "/staff/sessions", proof)).expect(201)
        again = await self._post(client, "/staff/sessions", proof)
        hold(again.status == 401, f"what was sent once opens nothing again ({again.status})")
        return "logged in with password and passkey; one-time codes given up, the last factor kept, a copy refused"

    async def counter(self) -> str:
        """Who wants no picture taken goes to a counter: the officer reads the number off the document in their hand."""
        begin = {"purpose": "apply", "at_counter": True}
        begun = (await self._post(self._holder(), "/holder/face-checks", begin)).expect(201)
        hold(begun["state"] == "in_review", "the check waits for a person")
        account = (await asyncio.to_thread(self._holder().get, "/holder/account")).expect(200)
        body = {
            "person": account["person_id"], "face_check": begun["face_check_id"], "decision": "approve",
            "case_number": self._case("B"),
        }  # fmt: skip
        body["identity_number"] = self._actor.identity_number
        path = "/staff/counter-checks/decisions"
        wrong = await self._post(self._one, path, body | {"person": str(PersonId.new())})
        hold(wrong.status == 404, f"check and document must be one person's ({wrong.status})")
        await self._opens_the_case(begun["face_check_id"])
        hold((await self._post(self._two, path, body)).expect(200)["state"] == "passed", "approved")
        level = (await asyncio.to_thread(self._holder().get, "/holder/account")).expect(200)["level"]
        hold(level == 3, f"level 3, and not {level}")
        return "no picture taken; the live code opened the case; check and document of one person: level 3"

    async def _opens_the_case(self, check: str) -> None:
        """The live code just verified shows which checks wait, to who verified it and to nobody else."""
        verdict = await self._verify(self._two)
        driver = verdict["portrait"].partition("of=")[2]
        path = f"/staff/counter-checks?verification={verdict['verification']}&subject={driver}"
        waiting = (await asyncio.to_thread(self._two.get, path)).expect(200)["checks"]
        hold(check in [each["face_check"] for each in waiting], "the check that waits is shown")
        other = await asyncio.to_thread(self._one.get, path)
        hold(other.status == 403, f"who did not verify the code sees no case ({other.status})")

    async def retain(self) -> str:
        """扣留 on the spot: after a verification of one's own, and the very next verification refuses."""
        verdict = await self._verify(self._one)
        hold(verdict["outcome"] == "valid", f"valid before it, and not {verdict['outcome']}")
        driver = verdict["portrait"].partition("of=")[2]
        body = {
            "verification": verdict["verification"], "subject": driver, "reason": "drink-driving",
            "case_number": self._case("R"),
        }  # fmt: skip
        alone = await self._post(self._two, "/staff/retentions", body)
        hold(alone.status == 403, f"who has not verified the driver retains nothing ({alone.status})")
        # From here on the story changes the driver's standing: one that is cut off is told of another driver.
        self._actor.told = True
        self._stage.keep()
        self._retained = (await self._post(self._one, "/staff/retentions", body)).expect(201)
        after = await self._verify(self._two)
        hold(after["outcome"] == "may_not_drive", f"refused after it, and not {after['outcome']}")
        hold(after["standing"]["status"] == "U", "the live status is U")
        return (
            f"status U (扣留) at once; the next verification: {after['words']['zh']} / {after['words']['en']}"
        )

    async def confirm(self) -> str:
        """The second person confirms; the same one cannot. Then two of them restore the licence."""
        own = await self._decide(self._one, self._retained)
        hold(own.status == 403, f"nobody confirms their own ({own.status})")
        hold((await self._decide(self._two, self._retained)).expect(201)["state"] == "done", "confirmed")
        late = await self._decide(self._two, self._retained)
        hold(late.status == 409, f"nothing is decided twice ({late.status})")
        restore = {
            "kind": "restore", "subject": self._retained["driver"], "reason": "retained-in-error",
            "case_number": self._case("R"), "what": {"letters": "U"},
        }  # fmt: skip
        proposed = (await self._post(self._one, "/staff/proposals", restore)).expect(201)
        hold((await self._decide(self._two, proposed)).expect(201)["state"] == "done", "restored by two")
        hold((await self._verify(self._one))["outcome"] == "valid", "valid again")
        return (
            "own confirmation refused, a second officer's taken, a late one Conflict; restored by two people"
        )

    async def look_up(self) -> str:
        """Without a case number nothing; with one the record, no portrait, and a line in the driver's list."""
        asked = {"identity_number": self._actor.identity_number, "purpose": "roadside-check"}
        refused = await self._post(self._one, "/staff/look-ups", asked)
        hold(refused.status == 422, f"without a case number it is refused ({refused.status})")
        seen = await self._post(self._one, "/staff/look-ups", asked | {"case_number": self._case("R")})
        hold(seen.expect(201)["record"]["name"] == self._actor.name, "the record")
        hold("portrait" not in str(seen.body), "no portrait comes of a number")
        left = (await asyncio.to_thread(self._one.get, "/staff/look-ups/budgets")).expect(200)["budgets"]
        hold(any(each["duty"] == "patrol" and each["used"] >= 1 for each in left), "it is counted")
        listed = (await asyncio.to_thread(self._holder().get, "/holder/showings")).expect(200)["looks"]
        newest = listed[0]
        hold(newest["look_up"] == seen.body["look_up"], "the driver's list begins with it")
        hold(newest["verifier"] == UNIT, "it names the unit")
        return f"refused without a case; with one the driver reads: {newest['verifier']}, {newest['purpose']}"

    def _case(self, kind: str) -> str:
        today = civil_day(SystemClock().now())
        return f"{kind}-{self._division}-{today:%Y%m%d}-{secrets.randbelow(10**6):06d}"

    async def _verify(self, officer: Client) -> Any:
        body = {"code": self._phone.show(datetime.now(UTC)), "class": "C1", "request": secrets.token_hex(8)}
        return (await self._post(officer, "/staff/verifications", body)).expect(200)

    async def _decide(self, officer: Client, proposal: dict[str, Any]) -> Any:
        body = {"decision": "agree", "move": proposal["move"]}
        return await self._post(officer, f"/staff/proposals/{proposal['proposal']}/decisions", body)

    async def _post(self, client: Client, path: str, body: Any) -> Any:
        return await asyncio.to_thread(client.post, path, body, key=secrets.token_hex(12))
