"""Whether a mobile or an identity number is known cannot be learnt by asking: the answers are the same, word for word."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.kernel.people import citizen_check_character

_NO_PROOF: Final = "A" * 43


class Alike:
    """What a stranger asks about the driver, and the same about nobody."""

    def __init__(self, anybody: Client, actor: Actor) -> None:
        self._anybody, self._actor = anybody, actor

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of every step, in order."""
        return [("known or not", self.known_or_not)]

    async def known_or_not(self) -> str:
        """Requests about the driver's mobile and number are each answered as one about nobody's; the right password opens."""
        actor, wrong = self._actor, secrets.token_urlsafe(16)
        head = f"110000190001{1 + secrets.randbelow(28):02d}{secrets.randbelow(1000):03d}"
        known = {"mobile": actor.mobile}, {"identity_number": actor.identity_number}
        nobody = (
            {"mobile": f"198{secrets.randbelow(10**8):08d}"},
            {"identity_number": head + citizen_check_character(head)},
        )
        forgotten = {"mobile_proof": _NO_PROOF, "name": "演示无名", "password": wrong}
        answers = []
        for mobile, number in (known, nobody):
            log_in = await self._ask("/holder/sessions", mobile | {"password": wrong})
            reset = await self._ask("/holder/password-resets", mobile | number | forgotten)
            code = {"purpose": "log-in", "code_request": _NO_PROOF, "code": "000000"}
            proof = await self._ask("/holder/codes/proofs", mobile | code)
            answers.append([log_in, reset, proof])
        hold(answers[0] == answers[1], "who is known is answered as nobody is, word for word")
        hold([status for status, _ in answers[0]] == [401, 400, 400], "each was refused for what it lacked")
        right = await asyncio.to_thread(
            self._anybody.post, "/holder/sessions", {"mobile": actor.mobile, "password": actor.password}
        )
        opened = right.expect(201)  # and the failure before is forgotten
        ended = await asyncio.to_thread(
            self._anybody.as_caller(opened["token"]).delete, "/holder/sessions/current"
        )
        hold(ended.status == 204, "this login is ended again")
        return (
            "log-in, password reset and code for the driver and for nobody: 401, 400 and 400 in the same words; "
            "the right password opens"
        )

    async def _ask(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        reply = await asyncio.to_thread(self._anybody.post, path, body)
        return reply.status, reply.body
