"""A company asks about the driver: registered and approved, answered by consent, refused outside its registration, told of a
change, and left with nothing once the consent is withdrawn."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import secrets
import subprocess
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.stage import Stage
from liangzheng.cli.phone import Phone
from liangzheng.kernel.ids import CompanyId, ConsentRequestId
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.relying.model import credit_check_character
from liangzheng.standards import httpsig

_TOLD_WITHIN_S: Final = 30.0
_CREDIT_CODE: Final = "91000000MA0000000"
"""Of no place there is (000000), so of no company there is; the check character is added."""

Lz = Callable[..., Awaitable["subprocess.CompletedProcess[str]"]]


class Companies:
    """One fictional company and what it hears."""

    def __init__(self, stage: Stage, lz: Lz) -> None:
        self._stage, self._lz = stage, lz
        self._company: Client = stage.client
        self._id = ""
        self._pseudonym = ""
        self._consent = ""
        self._request = ""
        self._key: dict[str, bytes] = {}
        self._url = ""
        self._heard: list[tuple[httpsig.Request, bytes]] = []
        self._server: asyncio.Server | None = None

    async def asks(self, holder: Client, phone: Phone, phone_key: str) -> str:
        """Registered and approved on the command line, the company asks with a code; the driver approves on the phone."""
        await self._open()
        question = {"purpose": "employment", "fields": ["may_drive", "valid_until"], "class": "C1"}
        made = (await self._post(self._company, "/relying/requests", question)).expect(201)
        await self._approve(holder, phone, phone_key, made["code"])
        answered = (await self._post(self._company, f"/relying/requests/{made['request']}/answer")).expect(
            200
        )
        driver = answered["driver"]
        hold(driver["may_drive"] == {"class_asked": "C1", "allowed": True}, "may drive C1 today")
        hold(
            set(driver) == {"may_drive", "valid_until"}, "the answer holds the two fields agreed and no other"
        )
        (look, *_) = (await self._get(holder, "/holder/showings")).expect(200)["looks"]
        hold(look["fields"] == ["may_drive", "valid_until"], "the driver reads who was told what")
        return (
            "approved with the phone's key; heard: may drive C1, valid until; no name, no number, no portrait"
        )

    async def scans(self, phone: Phone) -> str:
        """The driver shows the 亮码 instead: the company hears what it registered, and it counts in the same quota."""
        by_hand = await self._lz("verifier", "add", "演示物流公司", "--kind", "company")
        hold(by_hand.returncode == 1, "no company verifies without a registration")
        await self._until_verifier()
        before = await self._asked_today()
        body = {
            "code": phone.show(SystemClock().now()), "class": "C1", "request": secrets.token_hex(8),
            "purpose": "employment",
        }  # fmt: skip
        verdict = (await self._post(self._company, "/verifier/verifications", body)).expect(200)
        hold(verdict["outcome"] == "valid" and verdict["class"]["allowed"] is True, "valid, may drive C1")
        hold(set(verdict["holder"]) == {"valid_until"}, "of the holder the registered field, and no other")
        hold(
            verdict["portrait"] is None and verdict["licence"] is None,
            "no portrait, no number of the licence",
        )
        used = await self._asked_today() - before
        hold(used == 1, f"it counts once in the day's quota, and not {used} times")
        return "valid, may drive C1, valid until; nothing else of the holder; one of the day's quota; none without a registration"

    async def _until_verifier(self) -> None:
        """An approved company is a verifier once the queue has come to its approval."""
        deadline = SystemClock().now() + timedelta(seconds=_TOLD_WITHIN_S)
        while SystemClock().now() < deadline:
            async with self._stage.database.read() as tx:
                if await tx.fetchval(
                    "SELECT state = 'active' FROM verifier WHERE verifier_id = $1",
                    CompanyId.parse(self._id).uuid,
                ):
                    return
            await asyncio.sleep(0.1)
        hold(False, "the approved company is a verifier")

    async def _asked_today(self) -> int:
        company = CompanyId.parse(self._id)
        async with self._stage.database.read() as tx:
            found = await tx.fetchval(
                "SELECT used FROM company_usage WHERE company_id = $1 AND span = 'day' ORDER BY starts_at DESC LIMIT 1",
                company.uuid,
            )
        return int(found or 0)

    async def asks_too_much(self) -> str:
        """Everything, and another purpose: refused as a whole, and on record."""
        everything = [
            "may_drive",
            "valid_until",
            "classes",
            "first_issue_date",
            "name",
            "masked_number",
            "portrait",
        ]
        for question in (
            {"purpose": "employment", "fields": everything, "class": "C1"},
            {"purpose": "insurance", "fields": ["valid_until"]},
        ):
            refused = await self._post(self._company, "/relying/requests", question)
            hold(
                refused.status == 403,
                f"{question['purpose']} with {len(question['fields'])} fields is refused",
            )
        inside = await asyncio.to_thread(
            self._company.put, "/relying/webhook", {"url": "https://db.internal/"}
        )
        hold(inside.status == 422, "a webhook inside our own network is not taken")
        async with self._stage.database.read() as tx:
            kept = await tx.fetchval(
                "SELECT count(*) FROM audit_entry AS e JOIN company AS c ON c.company_id = e.scope "
                "WHERE e.act = 'request.refused' AND c.state = 'approved' AND e.at > now() - interval '1 hour'"
            )
        hold(kept >= 2, "both refusals are in the audit record")
        return "all seven fields, and a purpose not registered: refused and in the audit record; a webhook inside: not taken"

    async def lasting(self, holder: Client, phone: Phone, phone_key: str) -> str:
        """A consent that lasts: checked by pseudonym, and a webhook for changes."""
        until = civil_day(SystemClock().now()) + timedelta(days=30)
        question = {
            "purpose": "employment",
            "fields": ["may_drive"],
            "class": "C1",
            "standing_until": until.isoformat(),
        }
        made = (await self._post(self._company, "/relying/requests", question)).expect(201)
        self._request = made["request"]
        self._consent = (await self._approve(holder, phone, phone_key, made["code"]))["consent"]
        answered = (await self._post(self._company, f"/relying/requests/{made['request']}/answer")).expect(
            200
        )
        self._pseudonym = answered["pseudonym"]
        hold((await self._checked())["driver"]["may_drive"]["allowed"] is True, "a bulk check answers")
        self._server = await asyncio.start_server(self._hear, "127.0.0.1", 0)
        self._url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hooks"
        given = (await asyncio.to_thread(self._company.put, "/relying/webhook", {"url": self._url})).expect(
            200
        )
        self._key = {given["key_id"]: base64.urlsafe_b64decode(given["key"] + "=" * (-len(given["key"]) % 4))}
        return f"until {until}; known to the company as {self._pseudonym[:12]}…; webhook set"

    async def another_asks(self) -> str:
        """Another company, registered for the same, hears nothing by what was agreed with this one."""
        other = Companies(self._stage, self._lz)
        await other._open()
        path = "/relying/requests/{}/answer"
        asked = await self._post(other._company, path.format(self._request))
        unknown = await self._post(other._company, path.format(ConsentRequestId.new()))
        hold(asked.status == 404, f"the answer to another's request is not there ({asked.status})")
        told = {name: asked.body[name] for name in ("code", "title", "detail")}
        hold(told == {name: unknown.body[name] for name in told}, "nor is it said that there is one")
        checked = await other._checked(self._pseudonym)
        hold(checked["outcome"] == "no_consent", f"the pseudonym is no one to it ({checked['outcome']})")
        hold((await self._checked())["outcome"] != "no_consent", "to this one it is")
        return (
            "its question for this one's answer: 404, as for no request; this one's pseudonym: 'no consent'"
        )

    async def told(self) -> str:
        """The suspension came as "changed", signed; asked again, the company hears the no and not the reason."""
        for _ in range(int(_TOLD_WITHIN_S / 0.1)):
            if self._heard:
                break
            await asyncio.sleep(0.1)
        hold(bool(self._heard), f"a change notice came within {_TOLD_WITHIN_S:.0f} s")
        request, body = self._heard[0]
        covered = ("@method", "@target-uri", "content-type", "content-digest")
        now = int(SystemClock().now().timestamp())
        httpsig.verify(request, body, self._key, covered, now, 300)
        said = json.loads(body)
        hold(
            said["pseudonym"] == self._pseudonym and said["event"] == "changed", "it names the pseudonym only"
        )
        hold(set(said) == {"notice", "event", "pseudonym", "purpose", "at"}, "it does not say what changed")
        driver = (await self._checked())["driver"]
        hold(
            driver == {"may_drive": {"class_asked": "C1", "allowed": False}},
            "asked again: may not drive, and nothing else",
        )
        return "signed notice verified (RFC 9421); asked again: may not drive C1, without the reason"

    async def withdrawn(self, holder: Client) -> str:
        """The driver withdraws, and from that moment the pseudonym reads like one that means nobody."""
        ended = await asyncio.to_thread(holder.delete, f"/holder/consents/{self._consent}")
        hold(ended.expect(200)["in_force"] is False, "the consent is withdrawn")
        mine, nobody = await self._checked(), await self._checked("psn_" + "0" * 26)
        hold(mine["outcome"] == nobody["outcome"] == "no_consent", "both are answered 'no consent'")
        if self._server is not None:
            self._server.close()
        return "withdrawn: 'no consent', the same answer as for a pseudonym that means nobody"

    # -- the means ------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        code = _CREDIT_CODE + credit_check_character(_CREDIT_CODE)
        done = await self._lz(
            "company", "register", "演示物流公司 (demonstration)", "--credit-code", code,
            "--purpose", "employment:may_drive,valid_until+bulk+notices",
        )  # fmt: skip
        hold(done.returncode == 0, f"./lz company register: {done.stderr.strip()}")
        self._id, secret = done.stdout.split()[0], done.stdout.rpartition("secret: ")[2].strip()
        hold((await self._token(secret))[0] == 401, "before the approval its secret opens nothing")
        approved = await self._lz("company", "approve", self._id, "--reason", "demonstration")
        hold(approved.returncode == 0, f"./lz company approve: {approved.stderr.strip()}")
        status, granted = await self._token(secret)
        hold(status == 200, "client credentials give a token")
        self._company = self._stage.client.as_caller(granted["access_token"])

    async def _token(self, secret: str) -> tuple[int, Any]:
        """POST /relying/token, the form of RFC 6749."""

        def ask() -> tuple[int, Any]:
            connection = http.client.HTTPConnection(
                self._stage.client.host, self._stage.client.port, timeout=30
            )
            basic = base64.b64encode(f"{self._id}:{secret}".encode()).decode()
            fields = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
            try:
                connection.request("POST", "/relying/token", "grant_type=client_credentials", fields)
                reply = connection.getresponse()
                return reply.status, json.loads(reply.read())
            finally:
                connection.close()

        return await asyncio.to_thread(ask)

    async def _approve(self, holder: Client, phone: Phone, phone_key: str, code: str) -> Any:
        path = f"/holder/consents/requests/{code}"
        opened = (await self._get(holder, path)).expect(200)
        text = opened["to_be_signed"]
        signature = phone.prove(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        body = {
            "phone_key": phone_key,
            "signature": base64.urlsafe_b64encode(signature).rstrip(b"=").decode(),
        }
        return (await self._post(holder, f"{path}/approval", body)).expect(200)

    async def _checked(self, pseudonym: str | None = None) -> Any:
        body = {
            "purpose": "employment",
            "fields": ["may_drive"],
            "pseudonyms": [pseudonym or self._pseudonym],
        }
        return (await self._post(self._company, "/relying/checks", body)).expect(200)["items"][0]

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The company's webhook: writes down what came and says thank you."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
            fields = {
                name.lower(): [value]
                for name, _, value in (line.partition(": ") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(fields["content-length"][0]))
            self._heard.append((httpsig.Request("POST", self._url, fields), body))
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the sender reads no further than the status
        finally:
            writer.close()

    async def _post(self, client: Client, path: str, body: Any = None) -> Any:
        return await asyncio.to_thread(client.post, path, body)

    async def _get(self, client: Client, path: str) -> Any:
        return await asyncio.to_thread(client.get, path)
