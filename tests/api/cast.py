"""The people and devices of the matrix: two holders with everything a holder can have, officers and others."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import httpx
from fastapi import FastAPI

from liangzheng.kernel.ids import DriverId, PasskeyId, PersonId
from liangzheng.kernel.people import IdentityKind, IdentityNumber, Mobile, PersonName
from liangzheng.showing import VerifierKind, add_verifier, end_verifier
from liangzheng.standards.livecode import build_code
from tests.accounts.people import PASSWORD, MadeUp, citizen
from tests.api.matrix import COMPANY, HOLDER, POLICE, PUBLIC, Row, Things
from tests.api.phone import Phone, done, unb64
from tests.licences.holders import Deployment, Holder

Headers = dict[str, str]
_KINDS = {POLICE: VerifierKind.POLICE, COMPANY: VerifierKind.COMPANY, PUBLIC: VerifierKind.PUBLIC}


@dataclass
class Somebody:
    """A holder, their things, and what of them nobody else may ever read."""

    holder: Holder
    things: Things
    private: tuple[str, ...]


@dataclass
class Cast:
    """`mine` calls, `theirs` is what must stay out of reach."""

    place: Deployment
    app: FastAPI
    mine: Somebody
    theirs: Somebody
    tokens: dict[str, Headers] = field(default_factory=dict)
    """By role; and `other police`, `ended police`, `ended holder`, `no driver`."""

    def headers_of(self, caller: str) -> Headers:
        return {} if caller == "nobody" else self.tokens[caller]

    async def call(
        self,
        row: Row,
        headers: Mapping[str, str],
        things: Mapping[str, str],
        extra: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The request of a row, its gaps filled from `things`. Limits start anew: what is tested is who may."""
        self.forget_limits()
        path = filled(row.path, named(row, things, "path") | {"list_id": things["list_id"]})
        query = {name: filled(text, things) for name, text in row.query.items()} | dict(extra or {})
        body = await self._body(row, things)
        sent = dict(headers)
        if row.method == "POST":
            sent.setdefault("Idempotency-Key", secrets.token_hex(8))
        return await self.place.phone.client.request(
            row.method, path, headers=sent, params=query or None, json=body
        )

    async def _body(self, row: Row, things: Mapping[str, str]) -> Any:
        """A fresh one where the row makes it; what it names of the caller's own stays as it was made."""
        if not callable(row.body):
            return filled_body(row.body, things)
        own = asdict(self.mine.things)
        others = {
            name: thing for name, thing in named(row, things, "body").items() if thing not in own.values()
        }
        return await row.body(self.mine.holder.phone) | others

    def forget_limits(self) -> None:
        kept = self.app.state.wiring
        self.app.state._state.clear()
        self.app.state.wiring = kept


def named(row: Row, things: Mapping[str, str], where: str) -> dict[str, str]:
    """Parameter → thing, of the things the request names in `where`."""
    return {
        place.partition(":")[2]: things[kind] for place, kind in row.names.items() if place.startswith(where)
    }


def filled(text: str, things: Mapping[str, str]) -> str:
    for name, value in things.items():
        text = text.replace("{" + name + "}", value)
    return text


def filled_body(body: Any, things: Mapping[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: filled_body(value, things) for name, value in body.items()}
    if isinstance(body, list):
        return [filled_body(each, things) for each in body]
    return filled(body, things) if isinstance(body, str) else body


async def assemble(place: Deployment) -> Cast:
    """Everybody on stage: two licences issued, both shown to the officer."""
    app: FastAPI = place.phone.client._transport.app  # type: ignore[attr-defined]
    # Hundreds of face checks and refusals within an hour: how many are allowed is tested elsewhere.
    patient = replace(place.wiring.account_policy, face_checks_per_hour=100_000)
    settings = replace(place.wiring.settings, refused_a_day=1000)
    app.state.wiring = place.wiring = replace(place.wiring, account_policy=patient, settings=settings)
    await place.open_city()
    holders = [await place.holder(), await place.holder()]
    for holder in holders:
        await holder.apply()
    assert await place.issue() == 2
    await place.drain()
    tokens: dict[str, Headers] = {}
    for name, kind in [
        *_KINDS.items(),
        ("other police", VerifierKind.POLICE),
        ("ended police", VerifierKind.POLICE),
    ]:
        made, token = await add_verifier(place.world.database, f"样本 {name}", kind, place.now)
        tokens[name] = {"Authorization": f"Bearer {token}"}
        if name.startswith("ended"):
            await end_verifier(place.world.database, made.id, place.now)
    people = [await _somebody(place, holder, tokens[POLICE]) for holder in holders]
    tokens[HOLDER] = people[0].holder.phone.headers
    tokens["no driver"], tokens["ended holder"] = await _strangers(place)
    return Cast(place, app, people[0], people[1], tokens)


async def _somebody(place: Deployment, holder: Holder, officer: Headers) -> Somebody:
    phone, client = holder.phone, place.phone.client
    account = done(await phone.get("/holder/account"), 200)
    (application,) = done(await phone.get("/holder/applications"), 200)["applications"]
    licence = await holder.licence()
    (credential,) = licence["credentials"]
    snapshot = done(await phone.post("/holder/licence/snapshot"), 200)["snapshot"]
    codes = [
        build_code(
            unb64(credential["credential"]), unb64(snapshot), int(place.now.timestamp()), bytes(7) + bytes([n]), holder.signer
        )
        for n in range(2)
    ]  # fmt: skip
    shown = await client.post(
        "/verifier/verifications", headers=officer, json={"request": secrets.token_hex(8), "code": codes[0]}
    )
    verdict = done(shown, 200)
    assert verdict["outcome"] == "valid", verdict
    challenge = done(await phone.post("/holder/face-checks", {"purpose": "apply"}), 201)
    things = Things(
        person=account["person_id"],
        driver=str(holder.driver_id),
        application=application["application_id"],
        licence=licence["licence_id"],
        credential=credential["credential_id"],
        phone_key=holder.phone_key,
        face_check=await phone.pass_face_check("apply"),
        bind_check=await phone.pass_face_check("bind-phone-key"),
        challenge=challenge["face_check_id"],
        verification=verdict["verification"],
        message=done(await phone.get("/holder/messages"), 200)["messages"][0]["message_id"],
        code=codes[1],
        passkey=await _passkey(place, account["person_id"]),
        held_act=done(await phone.post("/holder/account-closings", {"password": PASSWORD}), 202)[
            "held_act_id"
        ],
        correction=done(await phone.post("/holder/corrections", {"wish": "住址有误"}), 201)["request_id"],
        session=await _further_login(phone),
    )
    secret = (
        verdict["holder"]["name"], verdict["holder"]["number"], account["mobile"], account["identity_number"],
        credential["credential"], snapshot, licence["file"], challenge["nonce"],
    )  # fmt: skip
    ids = tuple(value for name, value in asdict(things).items() if name not in ("list_id", "code"))
    return Somebody(holder, things, secret + ids)


async def _passkey(place: Deployment, person: str) -> str:
    """One in the table: its ceremonies are played in tests/accounts."""
    made = PasskeyId.new()
    async with place.world.database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO passkey (person_id, id, made_at, sign_count, backed_up, label, credential_id, public_key)
            VALUES ($1, $2, $3, 0, false, 'x', $4, $4)
            """,
            PersonId.parse(person).uuid, made.uuid, place.now, secrets.token_bytes(16),
        )  # fmt: skip
    return str(made)


async def _further_login(phone: Phone) -> str:
    mobile = done(await phone.post("/holder/data-exports"), 200)["account"]["mobile"]
    body = {"mobile": mobile, "password": PASSWORD}
    done(await phone.another().post("/holder/sessions", body), 201)
    listed = done(await phone.get("/holder/sessions"), 200)["sessions"]
    return str(next(login["session_id"] for login in listed if not login["current"]))


async def _strangers(place: Deployment) -> tuple[Headers, Headers]:
    """A person who is no driver; and one who logged out."""
    made = []
    for number in (901, 902):
        identity = IdentityNumber(IdentityKind.RESIDENT_CARD, citizen(number))
        person = MadeUp(Mobile(f"13900009{number}"), identity, PersonName("样本乙"), DriverId.new())
        phone: Phone = place.phone.another()
        await phone.register(person)
        await phone.log_in(person)
        made.append(phone)
    done_ = await made[1].delete("/holder/sessions/current")
    assert done_.status_code == 204
    return made[0].headers, made[1].headers
