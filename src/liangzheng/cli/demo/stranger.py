"""Somebody else, with an account of their own: locked out for guessing a password, and told nothing of what is the driver's."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

from liangzheng.cli.demo.account import prove_mobile
from liangzheng.cli.demo.client import Client, Reply
from liangzheng.cli.demo.held import hold
from liangzheng.infra.settings import Settings
from liangzheng.kernel.ids import (
    ApplicationId,
    ConsentId,
    CorrectionRequestId,
    HeldActId,
    PhoneKeyId,
)
from liangzheng.kernel.people import citizen_check_character

_TRIES_AT_MOST: Final = 20
_PASSWORD_OCTETS: Final = 12


class Stranger:
    """An account made for these steps alone. `holder` is the driver, asked late: the login comes with the story."""

    def __init__(self, settings: Settings, anybody: Client, holder: Callable[[], Client]) -> None:
        self._settings, self._anybody, self._holder = settings, anybody, holder
        self._own = anybody

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of every step, in order."""
        return [("lock-out", self.locked_out), ("somebody else's", self.told_nothing)]

    async def locked_out(self) -> str:
        """Wrong passwords make a wait, and the right one does not open while it lasts; who is logged in stays so."""
        login = await self._registered()
        self._own = self._anybody.as_caller((await self._log_in(login)).expect(201)["token"])
        wrong, tries = login | {"password": secrets.token_urlsafe(_PASSWORD_OCTETS)}, 1
        refused = await self._log_in(wrong)
        while refused.status == 401 and tries < _TRIES_AT_MOST:
            tries, refused = tries + 1, await self._log_in(wrong)
        for said in (refused, await self._log_in(login)):
            hold(said.status == 429 and said.body["code"] == "too-many", f"locked out, and not {said.status}")
            hold((said.retry_after_s or 0) >= 1, "Retry-After says how long")
        inside = await asyncio.to_thread(self._own.get, "/holder/account")
        hold(inside.status == 200, "a login from before goes on")
        return (
            f"{tries - 1} wrong passwords refused, then 429 with Retry-After: {refused.retry_after_s} s, for the right one too; "
            "a login from before goes on"
        )

    async def told_nothing(self) -> str:
        """Asked by somebody else, what is the driver's is answered like what nobody has, word for word, and stays as it is."""
        things, answered = await self._things_of_the_driver(), set[str]()
        for method, path, theirs, nobodys in things:
            asked, unknown = await self._ask(method, path, theirs), await self._ask(method, path, nobodys)
            hold(asked.status in (403, 404), f"{method} {path} is refused, and not answered {asked.status}")
            told = {name: asked.body[name] for name in ("status", "code", "title", "detail")}
            hold(told == {name: unknown.body[name] for name in told}, f"{method} {path} tells nothing")
            answered.add(str(asked.status))
        left = [theirs for _, _, theirs, _ in await self._things_of_the_driver()]
        hold(left == [theirs for _, _, theirs, _ in things], "nothing of the driver's has changed")
        licence = await asyncio.to_thread(self._own.get, "/holder/licence")
        hold(licence.status in (403, 404), f"no licence is there for them ({licence.status})")
        return (
            f"{len(things)} ways to what is the driver's: {' or '.join(sorted(answered))}, in the words for an id of nobody; "
            "nothing changed by them"
        )

    async def _registered(self) -> dict[str, str]:
        """Mobile and password of a new account, of somebody who is in no register."""
        mobile = f"199{secrets.randbelow(10**8):08d}"
        login = {"mobile": mobile, "password": secrets.token_urlsafe(_PASSWORD_OCTETS)}
        number = f"11000019000101{secrets.randbelow(1000):03d}"
        proof = await prove_mobile(self._settings, self._anybody, mobile, purpose="register")
        body = login | {
            "identity_number": number + citizen_check_character(number), "name": "演示路人", "mobile_proof": proof,
        }  # fmt: skip
        (await asyncio.to_thread(self._anybody.post, "/holder/accounts", body)).expect(201)
        return login

    async def _things_of_the_driver(self) -> list[tuple[str, str, str, str]]:
        """Method, path, an id of the driver's and one that is nobody's."""
        places: tuple[tuple[str, str, str, str, str], ...] = (
            ("DELETE", "/holder/phone-keys", "phone_keys", "phone_key_id", str(PhoneKeyId.new())),
            ("GET", "/holder/applications", "applications", "application_id", str(ApplicationId.new())),
            ("DELETE", "/holder/applications", "applications", "application_id", str(ApplicationId.new())),
            ("DELETE", "/holder/consents", "consents", "consent", str(ConsentId.new())),
            ("POST", "/holder/held-acts", "held_acts", "held_act_id", str(HeldActId.new())),
            ("DELETE", "/holder/corrections", "corrections", "request_id", str(CorrectionRequestId.new())),
        )
        found = []
        for method, path, listed, name, nobodys in places:
            mine = (await asyncio.to_thread(self._holder().get, path)).expect(200)[listed]
            hold(bool(mine), f"the driver has {listed}")
            found.append((method, path, str(mine[0][name]), nobodys))
        return found

    async def _ask(self, method: str, path: str, which: str) -> Reply:
        ways: dict[str, Callable[[str], Any]] = {
            "GET": self._own.get, "DELETE": self._own.delete,
            "POST": lambda there: self._own.post(f"{there}/stop"),
        }  # fmt: skip
        answer: Reply = await asyncio.to_thread(ways[method], f"{path}/{which}")
        return answer

    async def _log_in(self, login: dict[str, str]) -> Reply:
        return await asyncio.to_thread(self._anybody.post, "/holder/sessions", login)
