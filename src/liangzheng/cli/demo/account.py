"""The account's own steps: the mobile proved by a code, consent to face data, logins, phones, a correction asked for, another
mobile asked for and stopped, a copy of everything kept."""

from __future__ import annotations

import asyncio
import re
import secrets
import subprocess
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from liangzheng.api.octets import from_base64url, to_base64url
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.phone import Phone
from liangzheng.infra.settings import Settings
from liangzheng.infra.sms_simulated import FILE, delivered
from liangzheng.kernel.people import Mobile

_WITHIN_S: Final = 20.0
_LATELY: Final = timedelta(minutes=2)
_SECOND_PHONE: Final = "演示手机二"
_WISH: Final = "演示：住址有误，应为演示路2号。"
_ANSWER: Final = "演示：已更正。"

Lz = Callable[..., Awaitable["subprocess.CompletedProcess[str]"]]
"""Runs `./lz WORDS`, as a person would."""


async def prove_mobile(
    settings: Settings, client: Client, mobile: str, path: str = "/holder/codes", **body: Any
) -> str:
    """A proof for one act: the code asked for, read from the simulated mobile and given back."""
    since = len(delivered(settings.data_dir / FILE, Mobile(mobile)))
    asked = (await asyncio.to_thread(client.post, path, {"mobile": mobile, **body})).expect(202)
    code = await received_code(settings, mobile, since)
    given = {"mobile": mobile, "code_request": asked["code_request"], "code": code, **body}
    proof = (await asyncio.to_thread(client.post, f"{path}/proofs", given)).expect(201)
    return str(proof["mobile_proof"])


async def received_code(settings: Settings, mobile: str, since: int = 0) -> str:
    """The code in a message to the simulated mobile, after the first `since` of them."""
    until = time.monotonic() + _WITHIN_S
    while time.monotonic() < until:
        for message in delivered(settings.data_dir / FILE, Mobile(mobile))[since:]:
            found = re.search(r"验证码(\d{6})", message.text)
            if found:
                return found[1]
        await asyncio.sleep(0.05)
    raise StepFailed("no one-time code came")


async def agree(client: Client, kind: str = "face-data") -> None:
    """The holder agrees to the current text."""
    texts = (await asyncio.to_thread(client.get, "/open/agreement-texts")).expect(200)["texts"]
    [version] = [text["version"] for text in texts if text["kind"] == kind]
    body = {"kind": kind, "version": version}
    (await asyncio.to_thread(client.post, "/holder/agreements", body)).expect(204)


class Account:
    """One driver's account after everything else was told."""

    def __init__(
        self,
        settings: Settings,
        actor: Actor,
        holder: Callable[[], Client],
        face: Callable[[str], Awaitable[Any]],
        lz: Lz,
    ) -> None:
        self._settings, self._actor, self._holder, self._face = settings, actor, holder, face
        self._lz = lz

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of every step, in order."""
        return [
            ("logins", self.logins),
            ("phone keys", self.phone_keys),
            ("agreement withdrawn", self.agreement_withdrawn),
            ("correction request", self.correction),
            ("another mobile", self.another_mobile),
            ("own data", self.own_data),
        ]

    async def logins(self) -> str:
        """A second login is listed and ended from the first, which shows the password once more."""
        login = {"mobile": self._actor.mobile, "password": self._actor.password}
        holder = self._holder()
        second = (await asyncio.to_thread(holder.post, "/holder/sessions", login)).expect(201)
        listed = (await asyncio.to_thread(holder.get, "/holder/sessions")).expect(200)["sessions"]
        hold(len(listed) >= 2 and sum(one["current"] for one in listed) == 1, "both logins are listed")
        proof = {"password": self._actor.password}
        (await asyncio.to_thread(holder.post, "/holder/sessions/current/proofs", proof)).expect(204)
        ended = (await asyncio.to_thread(holder.delete, "/holder/sessions")).expect(200)["ended"]
        other = holder.as_caller(second["token"])
        after = await asyncio.to_thread(other.get, "/holder/sessions/current")
        hold(after.status == 401, "the other login has ended")
        return f"{len(listed)} listed, {ended} ended from here; the other token opens nothing"

    async def phone_keys(self) -> str:
        """The phone is listed with the day of its last use; a second one is bound, listed, and gone once it is ended."""
        holder, path = self._holder(), "/holder/phone-keys"
        for left in await self._phones():
            if left["label"] == _SECOND_PHONE:  # of a start that was cut off
                (await asyncio.to_thread(holder.delete, f"{path}/{left['phone_key_id']}")).expect(200)
        first = await self._phones()
        hold(any(key["used_on"] is not None for key in first), "the day of the last use is listed")
        phone, check = Phone(), await self._face("bind-phone-key")
        challenge = (await asyncio.to_thread(holder.post, f"{path}/challenges")).expect(201)
        body = {
            "public_key": to_base64url(phone.public_key), "label": _SECOND_PHONE, "nonce": challenge["nonce"],
            "signature": to_base64url(phone.prove(from_base64url(challenge["to_be_signed"], "to_be_signed"))),
            "face_check": check["face_check_id"],
        }  # fmt: skip
        bound = (await asyncio.to_thread(holder.post, path, body)).expect(201)
        hold(len(await self._phones()) == len(first) + 1, "the second phone is listed")
        ended = await asyncio.to_thread(holder.delete, f"{path}/{bound['phone_key_id']}")
        hold(ended.expect(200)["ended_at"] is not None, "the second phone is ended")
        hold(await self._phones() == first, "the list is as it was before")
        await self._told("phone-key-ended")
        used = ", ".join(f"{key['label']} last used {key['used_on']}" for key in first)
        return f"{used}; a second bound in place {bound['slot']} and ended from the list, the holder told"

    async def _phones(self) -> list[dict[str, Any]]:
        listed = (await asyncio.to_thread(self._holder().get, "/holder/phone-keys")).expect(200)
        return list(listed["phone_keys"])

    async def correction(self) -> str:
        """Asked in the app, listed and answered by the operator, and the driver reads the answer."""
        holder, path = self._holder(), "/holder/corrections"
        asked = (await asyncio.to_thread(holder.post, path, {"wish": _WISH})).expect(201)
        request = asked["request_id"]
        listed = await self._lz("requests", "list")
        line = next((line for line in listed.stdout.splitlines() if request in line), "")
        hold(_WISH in line, "./lz requests list shows it")
        person = line.split()[1]
        answered = await self._lz("requests", "answer", person, request, _ANSWER)
        hold(answered.returncode == 0, f"./lz requests answer: {answered.stderr.strip()[-200:]}")
        again = await self._lz("requests", "answer", person, request, _ANSWER, "--declined")
        hold(again.returncode == 1, "it is answered once")
        await self._told("correction-answered")
        found = (await asyncio.to_thread(holder.get, path)).expect(200)["corrections"]
        mine = next(each for each in found if each["request_id"] == request)
        hold(mine["answer"] == _ANSWER and mine["state"] != asked["state"], "the driver reads the answer")
        return (
            f"asked, {mine['state']} by the operator, once; the driver was told and reads: {mine['answer']}"
        )

    async def _told(self, kind: str) -> None:
        """A message of that kind is in the app, made within the last minutes."""
        until, since = time.monotonic() + _WITHIN_S, datetime.now(UTC) - _LATELY
        while time.monotonic() < until:
            inbox = (await asyncio.to_thread(self._holder().get, "/holder/messages")).expect(200)["messages"]
            if any(each["kind"] == kind and datetime.fromisoformat(each["at"]) > since for each in inbox):
                return
            await asyncio.sleep(0.1)
        raise StepFailed(f"the holder was not told: no message {kind}")

    async def agreement_withdrawn(self) -> str:
        """A face check that passed and was not used is void with the agreement it was made on; later there is another."""
        holder, check = self._holder(), await self._face("apply")
        withdrawal = {"kind": "face-data"}
        (await asyncio.to_thread(holder.post, "/holder/agreements/withdrawals", withdrawal)).expect(204)
        path = f"/holder/face-checks/{check['face_check_id']}"
        void = (await asyncio.to_thread(holder.get, path)).expect(200)
        hold(void["state"] == "void" and void["usable_until"] is None, "the pass is void")
        refused = await asyncio.to_thread(holder.post, "/holder/face-checks", {"purpose": "apply"})
        hold(refused.status == 403, f"no face is looked at without agreement ({refused.status})")
        await agree(holder)
        return "the unused pass is void, a new check refused; agreed again"

    async def another_mobile(self) -> str:
        """Asked for with password, code and face; told to the old mobile at once, with a stop word; no phone is bound; stopped."""
        holder, new = self._holder(), f"199{secrets.randbelow(10**8):08d}"
        check = await self._face("change-mobile")
        proof = await prove_mobile(self._settings, holder, new, "/holder/mobile-changes/codes")
        body = {
            "mobile": new, "mobile_proof": proof, "password": self._actor.password,
            "face_check": check["face_check_id"],
        }  # fmt: skip
        waits = (await asyncio.to_thread(holder.post, "/holder/mobile-changes", body)).expect(202)
        hold(waits["state"] == "waiting", "the change waits")
        blocked = await asyncio.to_thread(holder.post, "/holder/phone-keys/challenges")
        hold(blocked.status == 403, "no phone is bound while it waits")
        await self._told_to_the_old("停止码：")
        path = f"/holder/held-acts/{waits['held_act_id']}/stop"
        stopped = (await asyncio.to_thread(holder.post, path)).expect(200)
        hold(stopped["state"] == "stopped", "the change is stopped")
        return "waits 24 h, the old mobile was told, with a stop word (SIMULATED), binding a phone refused; stopped in the app"

    async def _told_to_the_old(self, words: str) -> None:
        until = time.monotonic() + _WITHIN_S
        while time.monotonic() < until:
            texts = [m.text for m in delivered(self._settings.data_dir / FILE, Mobile(self._actor.mobile))]
            if any(words in text for text in texts):
                return
            await asyncio.sleep(0.1)
        raise StepFailed("the old mobile was not told")

    async def own_data(self) -> str:
        """A copy of everything kept about the driver, without a picture or a secret."""
        found = (await asyncio.to_thread(self._holder().post, "/holder/data-exports")).expect(200)
        hold(found["account"]["identity_number"] == self._actor.identity_number, "one's own number is whole")
        hold(found["record"]["name"] == found["account"]["name"], "the register's record is in it")
        hold(bool(found["phone_keys"]) and bool(found["agreements"]), "keys and agreements are in it")
        return f"{len(found)} parts: account, keys, face checks, agreements, the register's record, licence, looks, consents"
