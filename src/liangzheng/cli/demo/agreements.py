"""What the driver agreed to: each text by itself, in one version; face data stands alone, and another text asks anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from liangzheng import accounts
from liangzheng.accounts import AgreementKind
from liangzheng.accounts.agreements import enter
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.stage import Stage
from liangzheng.kernel.ids import PersonId
from liangzheng.kernel.time import SystemClock

_FACE: Final = AgreementKind.FACE_DATA
_PATH: Final = "/holder/agreements"


class Agreements:
    """The steps."""

    def __init__(self, stage: Stage, holder: Callable[[], Client]) -> None:
        self._stage, self._holder = stage, holder

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of each."""
        return [("agreements", self.apart), ("another text", self.anew)]

    async def apart(self) -> str:
        """Each kind is agreed to by itself; taking one back leaves the others, and only the current version is agreed to."""
        texts = {text["kind"]: text["version"] for text in await self._texts()}
        for kind, version in texts.items():
            (await self._post(_PATH, {"kind": kind, "version": version})).expect(204)
        other = await self._post(_PATH, {"kind": _FACE.value, "version": texts[_FACE.value] + 1})
        hold(other.status == 422, f"nobody agrees to a text that is not shown ({other.status})")
        (await self._post(f"{_PATH}/withdrawals", {"kind": _FACE.value})).expect(204)
        given = await self._given()
        hold(given == set(texts) - {_FACE.value}, f"the others stand, face data does not: {sorted(given)}")
        refused = await self._begin()
        hold(refused.body["code"] == "agreement-needed", "no face is looked at on the other agreements")
        (await self._post(_PATH, {"kind": _FACE.value, "version": texts[_FACE.value]})).expect(204)
        return f"{len(texts)} kinds, each in its version; face data taken back, the {len(given)} others stand and serve no check"

    async def anew(self) -> str:
        """Agreement to another version than the one in force is none: the person is asked again."""
        current = accounts.agreement_texts()[_FACE]
        another = replace(current, version=current.version + 1)
        account = (await asyncio.to_thread(self._holder().get, "/holder/account")).expect(200)
        person_id, now = PersonId.parse(account["person_id"]), SystemClock().now()
        async with self._stage.database.transaction() as tx:
            await enter(tx, person_id, another, True, now)
        listed = next(each for each in await self._listed() if each["kind"] == _FACE.value)
        hold(listed["given"] and not listed["current"], "given, and not to the text in force")
        asked = await self._begin()
        hold(asked.body["code"] == "agreement-needed", "the agreement to another text serves no face check")
        (await self._post(_PATH, {"kind": _FACE.value, "version": current.version})).expect(204)
        (await self._begin()).expect(201)
        return (
            f"agreed to version {another.version} (entered by the demonstration), in force is {current.version}: 403 "
            f"{asked.body['code']}, {asked.body['rule']}; agreed to it, the check begins"
        )

    async def _texts(self) -> list[dict[str, Any]]:
        shown = await asyncio.to_thread(self._holder().get, "/open/agreement-texts")
        return list(shown.expect(200)["texts"])

    async def _given(self) -> set[str]:
        return {each["kind"] for each in await self._listed() if each["given"]}

    async def _listed(self) -> list[dict[str, Any]]:
        return list((await asyncio.to_thread(self._holder().get, _PATH)).expect(200)["agreements"])

    async def _begin(self) -> Any:
        return await self._post("/holder/face-checks", {"purpose": "apply"})

    async def _post(self, path: str, body: Any) -> Any:
        return await asyncio.to_thread(self._holder().post, path, body)
