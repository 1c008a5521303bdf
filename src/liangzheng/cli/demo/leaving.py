"""The driver of `faces` goes on: a passkey, a change of mobile stopped by its owner and one that is done, a password reset,
and the account closed."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from liangzheng import accounts, rollout
from liangzheng.cli.demo.account import prove_mobile, received_code
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.faces import MANUAL, Faces
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.officers import division_of, enrolled
from liangzheng.cli.demo.passkey import SoftwarePasskey
from liangzheng.cli.demo.stage import Stage
from liangzheng.infra.sms_simulated import FILE, delivered
from liangzheng.kernel.ids import HeldActId
from liangzheng.kernel.people import CitizenNumber, Mobile
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.staff import Duty
from liangzheng.wiring import index_keys

_WITHIN_S: Final = 30.0
_STOP_WORD: Final = re.compile(r"停止码：([0-9A-Z-]{19})")


async def steps(
    stage: Stage, wave: rollout.Wave, token: str
) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
    """Title and act of every step, in order, those of `faces` first."""
    story = Leaving(stage, await stage.spare(wave), token)
    return [
        *story.steps(),
        ("holder's passkey", story.passkey),
        ("mobile stopped", story.stopped),
        ("password reset", story.reset),
        ("mobile changed", story.changed),
        ("account closed", story.closed),
        ("known or not", story.alike),
        ("code guessed", story.guessed),
        ("second factor", story.second_factor),
    ]


class Leaving(Faces):
    """One driver and the ways into their account."""

    _device: SoftwarePasskey
    _new: str
    _proof: str

    async def passkey(self) -> str:
        """Made with the password, it logs in without one; a failed ceremony, a copy and a look-alike open nothing."""
        wrong = await self._post(self._holder, "/holder/passkeys/challenges", {"password": "nonsense"})
        hold(wrong.status == 400, f"a login alone makes no passkey ({wrong.status})")
        begun = await self._options()
        self._device = SoftwarePasskey(f"http://localhost:{self._anybody.port}", begun["rp"]["id"])
        lookalike = self._device.elsewhere("https://lookalike.example")
        copied = await self._add(lookalike.create(begun))
        after = await self._add(self._device.create(begun))
        hold((copied.status, after.status) == (400, 400), "a failed ceremony has spent its challenge")
        (await self._add(self._device.create(await self._options()))).expect(201)
        failed = await self._with_passkey(lookalike.get(await self._asked()))
        hold(failed.status == 401, f"a page that looks like ours opens nothing ({failed.status})")
        proof = self._device.get(await self._asked())
        (await self._with_passkey(proof)).expect(201)
        again = await self._with_passkey(proof)
        hold(again.status == 401, f"what was sent once opens nothing again ({again.status})")
        confirm = (await self._post(self._holder, "/holder/passkeys/confirmations")).expect(201)["options"]
        young = await self._post(
            self._holder, "/holder/sessions/current/proofs", {"passkey": self._device.get(confirm)}
        )
        hold(young.status == 400, f"a passkey of today confirms nothing weighty ({young.status})")
        await self._heard("passkey-added")
        return (
            f"logged in without password or code; a look-alike, a copy: 401; of today: {young.body['detail']}"
        )

    async def stopped(self) -> str:
        """Whoever reads the old mobile stops it with the word in the notice: nothing that thief had opens the account."""
        asked = await self._ask_for_mobile(self._anybody)
        word = await self._stop_word(asked["held_act_id"])
        path, body = "/holder/mobile-change-stops", {"mobile": self._actor.mobile}
        guess = await self._post(self._anybody, path, body | {"stop_word": "0000-0000-0000-0000"})
        hold(guess.status == 400, f"another word stops nothing ({guess.status})")
        (await self._post(self._anybody, path, body | {"stop_word": word.lower()})).expect(204)
        with_password = await self._log_in(self._actor.password)
        with_passkey = await self._with_passkey(self._device.get(await self._asked()))
        session = await self._get(self._holder, "/holder/account")
        hold(
            {with_password.status, with_passkey.status, session.status} == {401},
            "login, password and passkey are gone",
        )
        return (
            f"waiting until {asked['due_at'][:10]}, stopped by the word in the old mobile's notice (SIMULATED), without a "
            "login; every login, the password and the passkey are gone"
        )

    async def reset(self) -> str:
        """A code to the mobile and the identity data give another password, once."""
        actor, purpose = self._actor, {"purpose": "reset-password"}
        proof = await prove_mobile(self._stage.settings, self._anybody, actor.mobile, **purpose)
        new = secrets.token_urlsafe(12)
        body = {
            "mobile": actor.mobile, "mobile_proof": proof, "identity_number": actor.identity_number,
            "name": actor.name, "password": new,
        }  # fmt: skip
        path = "/holder/password-resets"
        weak = await self._post(self._anybody, path, body | {"password": actor.mobile})
        hold(weak.status == 422, f"the mobile is no password ({weak.status})")
        made_up = await self._post(self._anybody, path, body | {"mobile_proof": "made-up"})
        hold(made_up.status == 400, f"without the code nothing is reset ({made_up.status})")
        (await self._post(self._anybody, path, body)).expect(200)
        again = await self._post(self._anybody, path, body | {"password": secrets.token_urlsafe(12)})
        hold(again.status == 400, f"the code served once ({again.status})")
        old, actor.password = actor.password, new
        hold((await self._log_in(old)).status == 401, "the old password opens nothing")
        self._holder = await self._logged_in()
        await self._heard("password-reset")
        return "by a code (SIMULATED) and the identity data; used once; the old password opens nothing; the driver was told"

    async def changed(self) -> str:
        """Told to the old mobile, done after the holding time: the new one logs in, the old one is nobody's."""
        old = self._actor.mobile
        asked = await self._ask_for_mobile(self._manual)
        await self._stop_word(asked["held_act_id"])
        await self._until_done(asked["held_act_id"])
        self._actor.mobile = self._new
        hold((await self._log_in(self._actor.password, old)).status == 401, "the old mobile logs nobody in")
        self._holder = await self._logged_in()
        await self._heard("mobile-change-done")
        return (
            "the old mobile was told (SIMULATED); done by the queue's job, run here at once, after a holding time set to 1 s "
            "(LZ_MOBILE_CHANGE_HOLD_S, a day as a rule); the new one logs in, the old one does not"
        )

    async def closed(self) -> str:
        """No way in is left; the register's record is, and whoever it is of may begin anew."""
        await self.issued()
        before = await self._verify(self._phone.show(SystemClock().now()))
        hold(before["outcome"] == "valid", f"valid before it, and not {before['outcome']}")
        wrong = await self._post(
            self._at_manual(), "/holder/account-closings", {"password": "nonsense-nonsense"}
        )
        hold(wrong.status == 400, f"a login alone closes nothing ({wrong.status})")
        body = {"password": self._actor.password}
        asked = (await self._post(self._at_manual(), "/holder/account-closings", body)).expect(202)
        await self._stop_word(asked["held_act_id"])
        await self._until_done(asked["held_act_id"])
        hold((await self._log_in(self._actor.password)).status == 401, "the password opens nothing")
        after = await self._until_dead(self._phone)
        _, officer = await enrolled(self._stage, division_of(self._stage, self._actor), (Duty.COUNTER,))
        record = await self._looked_up(officer)
        hold(record["name"] == self._actor.name, "the register's record remains")
        self._actor.mobile = _fictional_mobile()
        await self._register(self._actor.mobile)
        self._holder = await self._logged_in()
        keys = (await self._get(self._holder, "/holder/phone-keys")).expect(200)["phone_keys"]
        hold(keys == [], "a new account begins with nothing")
        return (
            f"after a holding time set to 1 s (a week as a rule): no login, the phone's 亮码 is {after}; the register's record "
            "and the audit record remain, and the same person registered anew, with nothing of before"
        )

    async def alike(self) -> str:
        """Whether a mobile or an identity number is known is not to be learnt from an answer; nothing is sent to nobody."""
        known, unknown = self._actor.mobile, _fictional_mobile()
        tries = [await self._wrongly(mobile) for mobile in (known, unknown)]
        hold(tries[0][0] == tries[1][0], f"a wrong password and an unknown mobile are told apart: {tries}")
        took = " and ".join(f"{milliseconds:.0f}" for _, milliseconds in tries)
        # The number of somebody else's record, and one of no record: a name that goes with neither.
        nobody = CitizenNumber.from_15(
            f"{self._actor.identity_number[:6]}010101{secrets.randbelow(1000):03d}"
        )
        numbers = (self._actor.identity_number, nobody.value)
        made = [await self._register(_fictional_mobile(), identity_number=n, name="例如") for n in numbers]
        hold(
            [(each["level"], each["driver_id"]) for each in made] == [(0, None)] * 2,
            "another's number with a wrong name, and a number of nobody, are answered alike",
        )
        purpose = {"purpose": "log-in"}
        asked = (await self._post(self._anybody, "/holder/codes", {"mobile": unknown} | purpose)).expect(202)
        self._proof = await prove_mobile(self._stage.settings, self._anybody, known, **purpose)
        hold(set(asked) == {"code_request", "expires_at"}, "the answer to an unknown mobile is as any other")
        sent = delivered(self._stage.settings.data_dir / FILE, Mobile(unknown))
        hold(not sent, "nothing was sent to a mobile without an account")
        await asyncio.to_thread(self._stage.processes.end, MANUAL)
        return f"log-in: one answer for both, after {took} ms; registering: level 0 for both; a code: 202 for both, one sent"

    async def _wrongly(self, mobile: str) -> tuple[tuple[int, str, str], float]:
        """Status, code and words of a log-in with a wrong password, and the milliseconds it took."""
        began = time.monotonic()
        said = await self._log_in("a-wrong-password", mobile)
        took = (time.monotonic() - began) * 1000
        return (said.status, said.body["code"], said.body["detail"]), took

    async def guessed(self) -> str:
        """Five wrong tries end a code: the right one, too, is refused then; and another is not sent at once."""
        asked = {"mobile": _fictional_mobile(), "purpose": "register"}
        begun = (await self._post(self._anybody, "/holder/codes", asked)).expect(202)
        right = await received_code(self._stage.settings, asked["mobile"])
        wrong = f"{(int(right) + 1) % 10**6:06d}"
        given = asked | {"code_request": begun["code_request"]}
        tries = [
            (await self._post(self._anybody, "/holder/codes/proofs", given | {"code": code})).status
            for code in [wrong] * 5 + [right]
        ]
        hold(tries == [400] * 6, f"wrong five times, and then the right one: refused, and not {tries}")
        again = await self._post(self._anybody, "/holder/codes", asked)
        hold(again.status == 429 and bool(again.retry_after_s), f"another waits a minute ({again.status})")
        return f"five wrong tries, then the right code: 400; another code: 429 with Retry-After: {again.retry_after_s} s"

    async def second_factor(self) -> str:
        """Chosen with the password: from then on the password alone opens nothing, and a code serves once."""
        path, choice = "/holder/second-factor", {"wanted": True, "password": self._actor.password}
        (await asyncio.to_thread(self._holder.put, path, choice)).expect(204)
        alone = await self._log_in(self._actor.password)
        hold(alone.status == 401, f"the password alone opens nothing ({alone.status})")
        login = {"mobile": self._actor.mobile, "password": self._actor.password, "mobile_proof": self._proof}
        (await self._post(self._anybody, "/holder/sessions", login)).expect(201)
        again = await self._post(self._anybody, "/holder/sessions", login)
        hold(again.status in (400, 401), f"the code served once ({again.status})")
        return f"password alone: {alone.body['detail']}; with a code (SIMULATED) logged in; the same code again: {again.status}"

    # -- the means ------------------------------------------------------------------------------------------

    def _at_manual(self) -> Client:
        return self._manual.as_caller(self._holder.token or "")

    async def _options(self) -> dict[str, Any]:
        body = {"password": self._actor.password}
        begun = (await self._post(self._holder, "/holder/passkeys/challenges", body)).expect(201)
        return dict(begun["options"])

    async def _asked(self) -> dict[str, Any]:
        begun = (await self._post(self._anybody, "/holder/passkeys/log-in-challenges")).expect(201)
        return dict(begun["options"])

    async def _add(self, credential: dict[str, Any]) -> Any:
        body = {"label": "演示钥匙", "credential": credential}
        return await self._post(self._holder, "/holder/passkeys", body)

    async def _with_passkey(self, credential: dict[str, Any]) -> Any:
        return await self._post(self._anybody, "/holder/passkeys/sessions", {"credential": credential})

    async def _ask_for_mobile(self, api: Client) -> Any:
        """A change of mobile, asked of this API: its settings say how long it waits."""
        self._new = _fictional_mobile()
        check = await self._face_check("change-mobile")
        proof = await prove_mobile(
            self._stage.settings, self._holder, self._new, "/holder/mobile-changes/codes"
        )
        body = {
            "mobile": self._new, "mobile_proof": proof, "password": self._actor.password,
            "face_check": check["face_check_id"],
        }  # fmt: skip
        holder = api.as_caller(self._holder.token or "")
        return (await self._post(holder, "/holder/mobile-changes", body)).expect(202)

    async def _stop_word(self, held_act_id: str) -> str:
        """The word of the newest notice to the present mobile; never the one of an act before."""
        keys = index_keys(self._stage.settings)
        until = time.monotonic() + _WITHIN_S
        while time.monotonic() < until:
            for message in delivered(self._stage.settings.data_dir / FILE, Mobile(self._actor.mobile)):
                found = _STOP_WORD.search(message.text)
                if found and found[1] == accounts.stop_word(keys, HeldActId.parse(held_act_id)):
                    return found[1]
            await asyncio.sleep(0.05)
        raise StepFailed("the present mobile was not told")

    async def _until_done(self, held_act_id: str) -> None:
        """The queue worker does it twice a minute; here its job is not waited for, but run."""
        keys, until = index_keys(self._stage.settings), time.monotonic() + _WITHIN_S
        while time.monotonic() < until:
            await accounts.complete_held(self._stage.database, keys, SystemClock().now())
            acts = await self._get(self._holder, "/holder/held-acts")
            if acts.status == 401:
                return  # the login has ended with the account
            one = next(act for act in acts.expect(200)["held_acts"] if act["held_act_id"] == held_act_id)
            if one["state"] == "done":
                return
            hold(one["state"] == "waiting", f"it waits, and is not {one['state']}")
            await asyncio.sleep(0.1)
        raise StepFailed("the holding time does not end")

    async def _looked_up(self, officer: Client) -> Any:
        today = civil_day(SystemClock().now())
        division = division_of(self._stage, self._actor)
        body = {
            "identity_number": self._actor.identity_number, "purpose": "licence-business",
            "case_number": f"B-{division}-{today:%Y%m%d}-{secrets.randbelow(10**6):06d}",
        }  # fmt: skip
        return (await self._post(officer, "/staff/look-ups", body)).expect(201)["record"]

    async def _heard(self, kind: str) -> None:
        until = time.monotonic() + _WITHIN_S
        while time.monotonic() < until:
            inbox = (await self._get(self._holder, "/holder/messages")).expect(200)["messages"]
            if any(message["kind"] == kind for message in inbox):
                return
            await asyncio.sleep(0.1)
        raise StepFailed(f"the holder was not told: no message {kind}")


def _fictional_mobile() -> str:
    return f"199{secrets.randbelow(10**8):08d}"
