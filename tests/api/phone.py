"""What a phone does, over HTTP without a socket: the steps tests begin with."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from liangzheng.infra.face import FaceFrame
from liangzheng.infra.face_simulated import Behaviour, played_frames
from liangzheng.standards.keys import Alg, SoftwareSigner
from tests.accounts.people import PASSWORD, MadeUp


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def registration(person: MadeUp, **changed: Any) -> dict[str, Any]:
    body = {
        "mobile": person.mobile.value,
        "identity_number": person.identity.value,
        "name": person.name.value,
        "password": PASSWORD,
    }
    return body | changed


def submission(challenge: dict[str, Any], frames: Sequence[FaceFrame] | None = None) -> dict[str, Any]:
    chosen = played_frames(len(challenge["steps"])) if frames is None else frames
    return {
        "nonce": challenge["nonce"],
        "frames": [{"step": f.step, "at_ms": f.at_ms, "jpeg": b64(f.jpeg)} for f in chosen],
    }


class Phone:
    """A client, and who is logged in on it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.headers: dict[str, str] = {}

    @classmethod
    @asynccontextmanager
    async def over(cls, app: FastAPI) -> AsyncIterator[Phone]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield cls(client)

    def another(self) -> Phone:
        """A second phone, nobody logged in."""
        return Phone(self.client)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.client.get(path, headers=self.headers | more.pop("headers", {}), **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = self.headers | more.pop("headers", {})
        return await self.client.post(path, json=body, headers=headers, **more)

    async def put(self, path: str, body: Any = None) -> httpx.Response:
        return await self.client.put(path, headers=self.headers, json=body)

    async def delete(self, path: str) -> httpx.Response:
        return await self.client.delete(path, headers=self.headers)

    async def register(self, person: MadeUp) -> dict[str, Any]:
        return done(await self.post("/holder/accounts", registration(person)), 201)

    async def log_in(self, person: MadeUp, password: str = PASSWORD) -> dict[str, Any]:
        body = {"mobile": person.mobile.value, "password": password}
        answer = done(await self.post("/holder/sessions", body), 201)
        self.headers = {"Authorization": f"Bearer {answer['token']}"}
        await self.agree()
        return answer

    async def agree(self, kind: str = "face-data") -> None:
        """To the current text."""
        texts = done(await self.get("/open/agreement-texts"), 200)["texts"]
        (version,) = [text["version"] for text in texts if text["kind"] == kind]
        answer = await self.post("/holder/agreements", {"kind": kind, "version": version})
        assert answer.status_code == 204, answer.text

    async def pass_face_check(self, purpose: str) -> str:
        """Its id."""
        challenge = done(await self.post("/holder/face-checks", {"purpose": purpose}), 201)
        path = f"/holder/face-checks/{challenge['face_check_id']}/frames"
        answer = done(await self.post(path, submission(challenge)), 200)
        assert answer["state"] == "passed", answer
        return str(answer["face_check_id"])

    async def leave_open(self, purpose: str = "apply") -> str:
        """A face check an engine leaves open: it waits for a person; its id."""
        challenge = done(await self.post("/holder/face-checks", {"purpose": purpose}), 201)
        frames = played_frames(len(challenge["steps"]), say=Behaviour.REVIEW)
        path = f"/holder/face-checks/{challenge['face_check_id']}/frames"
        judged = done(await self.post(path, submission(challenge, frames)), 200)
        assert judged["state"] == "in_review", judged
        return str(challenge["face_check_id"])

    async def arrive(self, person: MadeUp) -> Phone:
        """Registered, logged in, face verified."""
        await self.register(person)
        await self.log_in(person)
        await self.pass_face_check("apply")
        return self

    async def binding(self, signer: SoftwareSigner | None = None, **changed: Any) -> dict[str, Any]:
        """A right body for POST /holder/phone-keys."""
        signer = signer or SoftwareSigner.generate(Alg.ES256)
        face_check = await self.pass_face_check("bind-phone-key")
        challenge = done(await self.post("/holder/phone-keys/challenges"), 201)
        body = {
            "public_key": b64(signer.public_key.compressed),
            "label": "红色手机",
            "nonce": challenge["nonce"],
            "signature": b64(signer.sign(unb64(challenge["to_be_signed"]))),
            "face_check": face_check,
        }
        return body | changed

    async def bind(self, **changed: Any) -> dict[str, Any]:
        return done(await self.post("/holder/phone-keys", await self.binding(**changed)), 201)


def done(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem, after a look at its form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["code"], body["status"]) == (code, status), body
    assert body["type"] == f"urn:liangzheng:problem:{code}"
    return body
