"""One fictional company of the demonstration: registered on the command line, asking over HTTP, with a webhook that listens."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from liangzheng.cli.demo.client import Client, Reply
from liangzheng.cli.demo.feed_source import Lz
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.stage import Stage
from liangzheng.cli.phone import Phone
from liangzheng.kernel.ids import CompanyId
from liangzheng.relying.model import credit_check_character
from liangzheng.standards import httpsig

_CREDIT_CODE: Final = "91000000MA0000000"
"""Of no place there is (000000), so of no company there is; the check character is added."""


BEFORE_APPROVAL: Final = "not_approved"
"""The first refusal of every company here: it asks for a token too early."""


@dataclass(slots=True)
class Driver:
    """Who is asked: the login, the phone, and the key on it as the account names it. Each is known late."""

    holder: Callable[[], Client]
    phone: Phone
    phone_key: Callable[[], str]


class Company:
    """A registration, a token, and what came to the webhook. `status`: what the webhook answers."""

    def __init__(self, stage: Stage, lz: Lz) -> None:
        self._stage, self._lz = stage, lz
        self._server: asyncio.Server | None = None
        self.client: Client = stage.client
        self.id = ""
        self.url = ""
        self.keys: dict[str, bytes] = {}
        self.heard: list[tuple[httpsig.Request, bytes]] = []
        self.status = 204

    async def open(self, name: str, *purposes: str) -> Company:
        """Registered, approved by an operator, and logged in; before the approval its secret opens nothing."""
        code = _CREDIT_CODE + credit_check_character(_CREDIT_CODE)
        words = [word for purpose in purposes for word in ("--purpose", purpose)]
        done = await self.lz("register", f"{name} (demonstration)", "--credit-code", code, *words)
        self.id, secret = done.split()[0], done.rpartition("secret: ")[2].strip()
        hold((await self._token(secret))[0] == 401, "before the approval its secret opens nothing")
        await self.lz("approve", self.id, "--reason", "demonstration")
        status, granted = await self._token(secret)
        hold(status == 200, "client credentials give a token")
        hold((await self._token(secret + "x"))[0] == 401, "another secret gives none")
        self.client = self._stage.client.as_caller(granted["access_token"])
        return self

    async def lz(self, *words: str) -> str:
        """What `./lz company WORDS` prints."""
        done = await self._lz("company", *words)
        hold(done.returncode == 0, f"./lz company {words[0]}: {done.stderr.strip()[-200:]}")
        return done.stdout

    async def asks(self, purpose: str, *fields: str, **more: Any) -> Reply:
        """A request for the driver; of class C1 where it is about driving."""
        question: dict[str, Any] = {"purpose": purpose, "fields": list(fields)} | more
        if "may_drive" in fields:
            question["class"] = "C1"
        return await self.post("/relying/requests", question)

    async def answer(self, request: str) -> Reply:
        """What became of a request, fetched."""
        return await self.post(f"/relying/requests/{request}/answer")

    async def checked(self, *pseudonyms: str) -> list[Any]:
        """A bulk check for employment, one item each."""
        body = {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": list(pseudonyms)}
        items: list[Any] = (await self.post("/relying/checks", body)).expect(200)["items"]
        return items

    async def registration(self) -> Any:
        """What it may ask, as it sees it."""
        return (await self.get("/relying/registration")).expect(200)

    async def is_verifier(self) -> bool:
        """Whether the queue has come to its approval: from then on it verifies codes."""
        async with self._stage.database.read() as tx:
            state = await tx.fetchval(
                "SELECT state FROM verifier WHERE verifier_id = $1", CompanyId.parse(self.id).uuid
            )
        return bool(state == "active")

    async def scans(self, driver: Driver, purpose: str) -> Reply:
        """The driver shows the 亮码, and the company verifies it for a purpose."""
        body = {
            "code": driver.phone.show(datetime.now(UTC)), "class": "C1", "request": secrets.token_hex(8),
            "purpose": purpose,
        }  # fmt: skip
        return await self.post("/verifier/verifications", body)

    async def refusals(self) -> list[str]:
        """Why questions of this company were refused, as the audit record has it, oldest first."""
        async with self._stage.database.read() as tx:
            rows = await tx.fetch(
                "SELECT detail->>'refusal' AS refusal FROM audit_entry "
                "WHERE act = 'request.refused' AND scope = $1 ORDER BY at, id",
                CompanyId.parse(self.id).uuid,
            )
        return [row["refusal"] for row in rows]

    # -- the driver -------------------------------------------------------------------------------------------

    async def approved(self, driver: Driver, code: str) -> Any:
        """The driver approves a request by its code, with the phone's key."""
        path = f"/holder/consents/requests/{code}"
        opened = (await asyncio.to_thread(driver.holder().get, path)).expect(200)
        text = opened["to_be_signed"]
        signature = driver.phone.prove(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        body = {
            "phone_key": driver.phone_key(),
            "signature": base64.urlsafe_b64encode(signature).rstrip(b"=").decode(),
        }
        return (await asyncio.to_thread(driver.holder().post, f"{path}/approval", body)).expect(200)

    # -- the webhook ------------------------------------------------------------------------------------------

    async def listen(self) -> None:
        """A webhook on this machine, and the key its notices are signed with."""
        self._server = await asyncio.start_server(self._hear, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hooks"
        given = (await self.put("/relying/webhook", {"url": self.url})).expect(200)
        self.keys = {given["key_id"]: base64.urlsafe_b64decode(given["key"] + "=" * (-len(given["key"]) % 4))}

    async def until(self, so: Callable[[], Awaitable[bool]], what: str, within_s: float = 30.0) -> None:
        """Waits until it is `so`. Raises StepFailed when it is not in time."""
        for _ in range(int(within_s / 0.1)):
            if await so():
                return
            await asyncio.sleep(0.1)
        raise StepFailed(f"{what} within {within_s:.0f} s")

    def close(self) -> None:
        """The webhook listens no more."""
        if self._server is not None:
            self._server.close()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Writes down what came, and answers what it is told to."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
            fields = {
                name.lower(): [value]
                for name, _, value in (line.partition(": ") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(fields["content-length"][0]))
            self.heard.append((httpsig.Request("POST", self.url, fields), body))
            writer.write(b"HTTP/1.1 %d Said\r\nConnection: close\r\n\r\n" % self.status)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the sender reads no further than the status
        finally:
            writer.close()

    # -- over HTTP --------------------------------------------------------------------------------------------

    async def post(self, path: str, body: Any = None) -> Reply:
        """POST with its token."""
        return await asyncio.to_thread(self.client.post, path, body)

    async def get(self, path: str) -> Reply:
        """GET with its token."""
        return await asyncio.to_thread(self.client.get, path)

    async def put(self, path: str, body: Any) -> Reply:
        """PUT with its token."""
        return await asyncio.to_thread(self.client.put, path, body)

    async def delete(self, path: str) -> Reply:
        """DELETE with its token."""
        return await asyncio.to_thread(self.client.delete, path)

    async def octets(self, path: str) -> tuple[int, bytes]:
        """GET of something that is not JSON."""
        return await asyncio.to_thread(self.client.octets, path)

    async def _token(self, secret: str) -> tuple[int, Any]:
        """POST /relying/token, the form of RFC 6749."""

        def ask() -> tuple[int, Any]:
            connection = http.client.HTTPConnection(
                self._stage.client.host, self._stage.client.port, timeout=30
            )
            basic = base64.b64encode(f"{self.id}:{secret}".encode()).decode()
            fields = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
            try:
                connection.request("POST", "/relying/token", "grant_type=client_credentials", fields)
                reply = connection.getresponse()
                return reply.status, json.loads(reply.read())
            finally:
                connection.close()

        return await asyncio.to_thread(ask)
