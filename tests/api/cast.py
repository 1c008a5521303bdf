"""The people of the matrix, twice: a holder with everything a holder can have, and in their province an officer, a
company and a register source; and others."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from liangzheng import audit, drivers, relying, staff
from liangzheng.infra import keyindex
from liangzheng.infra.keyindex import Kind
from liangzheng.kernel.ids import (
    CompanyId,
    ConsentId,
    DriverId,
    NoticeId,
    PasskeyId,
    PseudonymId,
    StaffId,
)
from liangzheng.kernel.people import IdentityKind, IdentityNumber, Mobile, PersonName
from liangzheng.kernel.purposes import AskedField
from liangzheng.kernel.time import civil_day
from liangzheng.relying import CompanyEvent, CreditCode, Grant, Quota
from liangzheng.showing import VerifierKind, add_verifier, end_verifier
from liangzheng.staff import Duty, HeldDuty, Region
from liangzheng.standards import totp
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.livecode import build_code
from tests.accounts.authenticator import Authenticator
from tests.accounts.people import PASSWORD, MadeUp, citizen
from tests.api.feed import Feed
from tests.api.matrix import (
    ADMINISTRATOR,
    APPLICANT,
    COLLEAGUE,
    HOLDER,
    OFFICER,
    POLICE,
    PUBLIC,
    RELYING,
    SOURCE,
    Row,
)  # fmt: skip
from tests.api.offices import offices
from tests.api.phone import Phone, b64, done, unb64
from tests.api.said import SAID, other_password, said_by, with_passkey
from tests.api.things import EVERYBODY_S, Things
from tests.licences.holders import Deployment, Holder
from tests.licences.photos import apply_with_own, usable

Headers = dict[str, str]
_KINDS = {POLICE: VerifierKind.POLICE, PUBLIC: VerifierKind.PUBLIC}
STAFF_PASSWORD = "stempelkissen-im-regen"
_DUTIES = (
    Duty.PATROL, Duty.PENALTY, Duty.COUNTER, Duty.REGISTER, Duty.PHOTO_REVIEW, Duty.ROLLOUT, Duty.AUDIT,
)  # fmt: skip
_CREDIT_CODE = CreditCode("91350100M000100Y43")  # the example of GB 32100-2015
_GRANTS = (
    Grant("rental", frozenset({AskedField.MAY_DRIVE, AskedField.VALID_UNTIL, AskedField.PORTRAIT})),
    Grant("employment", frozenset({AskedField.VALID_UNTIL}), bulk=True, notices=True),
)


@dataclass
class Console:
    """An officer who is logged in."""

    place: Deployment
    staff_id: str
    number: str
    secret: bytes
    headers: Headers

    def code(self, steps_on: int) -> str:
        """The one-time code of so many steps from now."""
        return totp.code_at(self.secret, totp.step_of(self.place.now) + steps_on)


@dataclass
class Desk:
    """A company with a token."""

    company_id: CompanyId
    secret: str
    headers: Headers
    private: tuple[str, ...] = ()


@dataclass
class Somebody:
    """A holder, the officer, the company and the register around them, their things, and what of them nobody else may
    ever read."""

    holder: Holder
    officer: Console
    company: Desk
    source: Feed
    things: Things
    private: tuple[str, ...]
    authenticator: Authenticator
    clerk: Console

    def headers_of(self, role: str) -> Headers:
        """Of a role of OWNERS."""
        return {
            HOLDER: self.holder.phone.headers,
            OFFICER: self.officer.headers,
            RELYING: self.company.headers,
            SOURCE: self.source.headers,
        }[role]


@dataclass
class Cast:
    """`mine` calls, `theirs` is what must stay out of reach."""

    place: Deployment
    app: FastAPI
    mine: Somebody
    theirs: Somebody
    applicant: Somebody
    """`mine`, but for the holder: somebody of the place who has no licence yet."""
    tokens: dict[str, Headers] = field(default_factory=dict)
    """By role; and `other police`, `ended police`, `ended holder`, `no driver`, COLLEAGUE, `officer next door` (of another
    prefecture of their province), APPLICANT, `ended officer`, `suspended company`, `ended source`."""
    feeds: dict[str, Feed] = field(default_factory=dict)
    """By the Authorization that stands for a source: what is sent with it is signed."""

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
        sent = dict(headers) | basic(row, things)
        if row.method in ("POST", "PUT"):
            sent.setdefault("Idempotency-Key", secrets.token_hex(8))
        said: dict[str, Any] = {"data" if row.form else "json": body}
        if isinstance(body, bytes):
            said = {"content": body}
            sent["Content-Type"] = row.media
            if feed := self.feeds.get(sent.get("Authorization", "")):
                sent |= feed.signed(body)
        return await self.place.phone.client.request(
            row.method, path, headers=sent, params=query or None, **said
        )

    async def _body(self, row: Row, things: Mapping[str, str]) -> Any:
        """A fresh one where the row makes it; what it names of the caller's own stays as it was made."""
        if not callable(row.body):
            return filled_body(row.body, things)
        who = self.applicant if row.by == APPLICANT else self.mine
        own = {*asdict(self.mine.things).values(), *asdict(who.things).values()}
        others = {name: thing for name, thing in named(row, things, "body").items() if thing not in own}
        made = await row.body(who, things)
        return made if row.woven or isinstance(made, bytes) else made | others

    def forget_limits(self) -> None:
        kept = {name: getattr(self.app.state, name) for name in ("wiring", "rates")}
        self.app.state._state.clear()
        self.app.state._state.update(kept)
        kept["rates"].forget()


def named(row: Row, things: Mapping[str, str], where: str) -> dict[str, str]:
    """Parameter → thing, of the things the request names in `where`."""
    return {
        place.partition(":")[2]: things[kind] for place, kind in row.names.items() if place.startswith(where)
    }


def basic(row: Row, things: Mapping[str, str]) -> Headers:
    """`Authorization: Basic` with the client and secret the row names; nothing where it names none."""
    said = named(row, things, "basic")
    if not said:
        return {}
    client = f"{said['client']}:{said['secret']}".encode()
    return {"Authorization": f"Basic {base64.b64encode(client).decode()}"}


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
    """Everybody on stage: two licences issued in two provinces, both shown to the same verifier of the police and to the
    officer of the place; a company in each place has asked its driver for all there is to ask."""
    app: FastAPI = place.phone.client._transport.app  # type: ignore[attr-defined]
    # Hundreds of face checks and refusals within an hour: how many are allowed is tested elsewhere.
    patient = replace(
        place.wiring.account_policy, face_checks_per_hour=100_000, free_failures=100_000, code_tries=100_000,
        code_wrong_a_day=100_000, code_again_s=0, codes_a_day=100_000,
    )  # fmt: skip
    settings = replace(place.wiring.settings, refused_a_day=100_000)
    officers = replace(place.wiring.staff_policy, free_failures=100_000)
    app.state.wiring = place.wiring = replace(
        place.wiring, account_policy=patient, staff_policy=officers, settings=settings
    )
    await place.open_city("320500", "330100")
    holders = [await place.holder(), await place.holder(**_THEIR_PLACE)]
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
    mine = await _somebody(place, holders[0], tokens[POLICE], "3205", "32")
    theirs = await _somebody(place, holders[1], tokens[POLICE], "3301", "33")
    tokens |= {role: mine.headers_of(role) for role in (HOLDER, OFFICER, RELYING, SOURCE)}
    tokens["no driver"], tokens["ended holder"] = await _strangers(place)
    applicant = await _applicant(place, mine)
    tokens[APPLICANT] = applicant.holder.phone.headers
    tokens[COLLEAGUE] = (await on_duty(place, "3205")).headers
    tokens[ADMINISTRATOR] = (await on_duty(place, "3205", (Duty.SYSTEM,))).headers
    tokens |= await offices(place, on_duty, mine.things, theirs.things)
    week_later = place.now + timedelta(days=7)
    assert await staff.draw_sample(place.world.database, place.wiring.staff_policy, week_later) == 2
    tokens["officer next door"] = (await on_duty(place, "3302")).headers
    tokens["ended officer"] = (await on_duty(place, "3301")).headers
    ended = await place.phone.client.delete("/staff/sessions/current", headers=tokens["ended officer"])
    assert ended.status_code == 204
    suspended = await open_company(place, "样本公司")
    await _move(place, suspended.company_id, CompanyEvent.SUSPENDED)
    tokens["suspended company"] = suspended.headers
    source = await _source(place, "33")
    await drivers.end_source(place.world.database, source.source_id, place.now)
    tokens["ended source"] = source.headers
    # Their id, signed by somebody who is known, but not as them.
    liar = Feed(place, theirs.source.source_id, mine.source.signer)
    tokens["source in their name"] = liar.headers
    await place.drain()  # companies that were approved may verify
    feeds = {each.headers["Authorization"]: each for each in (mine.source, theirs.source, source, liar)}
    return Cast(place, app, mine, theirs, applicant, tokens, feeds)


_THEIR_PLACE = {"issuing_authority": "浙A", "address_division": "330105", "resident_address": "样本路2号"}


async def _applicant(place: Deployment, mine: Somebody) -> Somebody:
    holder = await place.holder()
    things = replace(mine.things, phone_key=holder.phone_key, photo=await usable(holder))
    return replace(mine, holder=holder, things=things)


async def on_duty(place: Deployment, region: str, duties: Sequence[Duty] = _DUTIES) -> Console:
    """An officer of a region with every duty one person may have there, or these, enrolled over HTTP."""
    held = tuple(HeldDuty(duty, Region.parse(region), civil_day(place.now)) for duty in duties)
    number, code = await invite(place, held)
    body = {"number": number, "enrolment_code": code}
    phone = place.phone.another()
    secret = totp.from_base32(done(await phone.post("/staff/enrolments", body), 201)["secret"])
    body |= {"password": STAFF_PASSWORD, "totp": totp.code_at(secret, totp.step_of(place.now))}
    entered = done(await phone.post("/staff/enrolments/confirmations", body), 201)
    return Console(
        place, entered["staff_id"], number, secret, {"Authorization": f"Bearer {entered['token']}"}
    )


async def invite(place: Deployment, held: tuple[HeldDuty, ...]) -> tuple[str, str]:
    """A member of staff who has not been there yet: their number, and the code they enrol with."""
    number = str(100_000 + secrets.randbelow(900_000))
    invited = await staff.add_member(
        place.world.database, number, "样本警员", "样本交警大队", held, place.wiring.staff_policy, place.now,
        audit.Actor("operator"),
    )  # fmt: skip
    return number, invited.code


async def open_company(place: Deployment, name: str) -> Desk:
    """An approved company with a token; how much it may ask is tested elsewhere."""
    async with place.world.database.transaction() as tx:
        company, secret = await relying.register(
            tx, name, _CREDIT_CODE, _GRANTS, place.now, quota=Quota(60_000, 10_000_000)
        )
    await _move(place, company.id, CompanyEvent.APPROVED)
    basic = base64.b64encode(f"{company.id}:{secret}".encode()).decode()
    granted = await place.phone.client.post(
        "/relying/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
    )
    token = done(granted, 200)["access_token"]
    return Desk(company.id, secret, {"Authorization": f"Bearer {token}"}, (secret, token))


async def _move(place: Deployment, company_id: CompanyId, event: CompanyEvent) -> None:
    async with place.world.database.transaction() as tx:
        await relying.move(tx, company_id, event, "test", place.now)


async def _source(place: Deployment, province: str) -> Feed:
    signer = SoftwareSigner.generate(Alg.ES256)
    added = await drivers.add_source(
        place.world.database, "样本登记", [province], signer.public_key, place.now
    )
    return Feed(place, added.id, signer)


async def _somebody(
    place: Deployment, holder: Holder, verifier: Headers, region: str, province: str
) -> Somebody:
    phone = holder.phone
    account = done(await phone.get("/holder/account"), 200)
    (application,) = done(await phone.get("/holder/applications"), 200)["applications"]
    licence = await holder.licence()
    (credential,) = licence["credentials"]
    snapshot = done(await phone.post("/holder/licence/snapshot"), 200)["snapshot"]
    codes = _codes(holder, credential["credential"], snapshot)
    verdict = await _verified(place, "/verifier/verifications", verifier, codes[0])
    officer, source = await on_duty(place, region), await _source(place, province)
    seen = await _verified(place, "/staff/verifications", officer.headers, codes[2])
    challenge = done(await phone.post("/holder/face-checks", {"purpose": "apply"}), 201)
    file_number = await _file_number(place, holder)
    company = await open_company(place, f"样本租车 {region}")
    authenticator, passkey = await with_passkey(place, holder)
    clerk, (invited, enrolment_code) = await on_duty(place, region, (Duty.PATROL,)), await invite(place, ())
    held_act = done(await phone.post("/holder/account-closings", {"password": PASSWORD}), 202)["held_act_id"]
    session = await _further_login(phone)
    is_other = province == "33"
    password = await other_password(place, holder, account["person_id"]) if is_other else PASSWORD
    await phone.agree("face-review")
    things = Things(
        **await said_by(place, holder, held_act, password, authenticator),
        invited=invited,
        enrolment_code=enrolment_code,
        clerk=clerk.number,
        clerk_code=clerk.code(1),
        company=str(company.company_id),
        company_secret=company.secret,
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
        passkey=passkey,
        held_act=held_act,
        correction=done(await phone.post("/holder/corrections", {"wish": "住址有误"}), 201)["request_id"],
        session=session,
        identity_number=holder.person.identity.value,
        file_number=file_number,
        officer_verification=seen["verification"],
        review=str(
            (await apply_with_own(await place.holder(**(_THEIR_PLACE if is_other else {}))))["application_id"]
        ),
        sampled=await _looked_up(place, holder, region),
        member=(await on_duty(place, region, (Duty.PATROL,))).staff_id,
        counter_check=done(
            await phone.post("/holder/face-checks", {"purpose": "apply", "at_counter": True}), 201
        )["face_check_id"],
        face_review=await phone.leave_open(),
        staff_passkey=await _staff_passkey(place, officer.staff_id),
        **await _proposed(place, holder, officer, region),
        **await _asked(place, holder, company, answered=is_other),
    )
    secret = (
        verdict["holder"]["name"], verdict["holder"]["number"], account["mobile"], account["identity_number"],
        credential["credential"], snapshot, licence["file"], challenge["nonce"], *company.private,
        officer.staff_id, str(company.company_id), _webhook(company), things.mobile, things.photo, things.stop_word,
    )  # fmt: skip
    ids = tuple(value for name, value in asdict(things).items() if name not in EVERYBODY_S | SAID | {"code"})
    return Somebody(holder, officer, company, source, things, secret + ids, authenticator, clerk)


def _codes(holder: Holder, credential: str, snapshot: str) -> list[str]:
    """Three codes of this moment, each to be shown once."""
    at = int(holder.place.now.timestamp())
    return [
        build_code(unb64(credential), unb64(snapshot), at, bytes(7) + bytes([n]), holder.signer)
        for n in range(3)
    ]


async def _verified(place: Deployment, path: str, who: Headers, code: str) -> dict[str, Any]:
    body = {"request": secrets.token_hex(8), "code": code}
    verdict = done(await place.phone.client.post(path, headers=who, json=body), 200)
    assert verdict["outcome"] == "valid", verdict
    return verdict


async def _looked_up(place: Deployment, holder: Holder, region: str) -> str:
    """By a colleague, by number."""
    colleague = await on_duty(place, region)
    body = {
        "identity_number": holder.person.identity.value, "purpose": "licence-business",
        "case_number": f"B-{region}00-20250101-0001",
    }  # fmt: skip
    seen = await place.phone.client.post("/staff/look-ups", headers=colleague.headers, json=body)
    return str(done(seen, 201)["look_up"])


async def _file_number(place: Deployment, holder: Holder) -> str:
    """Known to the index, as an import makes it."""
    async with place.world.database.transaction() as tx:
        query = "SELECT file_number FROM driver WHERE driver_id = $1"
        number = str(await tx.fetchval(query, holder.driver_id.uuid))
        hashed = place.wiring.key_index.hash(Kind.FILE_NUMBER, number)
        await keyindex.claim(tx, Kind.FILE_NUMBER, hashed, holder.driver_id)
    return number


async def _proposed(place: Deployment, holder: Holder, officer: Console, region: str) -> dict[str, str]:
    """By a colleague, that the licence be suspended; by the officer, that the record be corrected."""
    colleague = await on_duty(place, region)
    subject = {"subject": str(holder.driver_id)}
    suspend = {"kind": "suspend", "reason": "drink-driving", "case_number": f"V-{region}00-20250101-0001"}
    what = {"record_version": 1, "fields": {"resident_address": "样本路3号"}}
    correct = {"kind": "correct", "reason": "clerical-error", "case_number": f"C-{region}00-20250101-0001"}
    asked = (
        ("proposal", colleague, suspend),
        ("own_proposal", officer, correct | {"what": what}),
    )
    made = {}
    for name, who, body in asked:
        answer = await place.phone.client.post(
            "/staff/proposals", json=body | subject, headers=who.headers | place.key()
        )
        made[name] = done(answer, 201)["proposal"]
    return made


def _webhook(company: Desk) -> str:
    return f"https://webhook.example/{company.company_id}"


async def _asked(place: Deployment, holder: Holder, company: Desk, *, answered: bool) -> dict[str, str]:
    """What a company and a driver have between them: requests in every state, a standing consent, a notice given up."""
    client, headers = place.phone.client, company.headers
    hook = await client.put("/relying/webhook", json={"url": _webhook(company)}, headers=headers)
    company.private += (done(hook, 200)["key"],)

    async def ask(**body: Any) -> dict[str, Any]:
        return done(await client.post("/relying/requests", json=body, headers=headers), 201)

    async def approve(code: str) -> dict[str, Any]:
        path = f"/holder/consents/requests/{code}"
        opened = done(await holder.phone.get(path), 200)
        signature = b64(holder.signer.sign(unb64(opened["to_be_signed"])))
        body = {"phone_key": holder.phone_key, "signature": signature}
        return done(await holder.phone.post(f"{path}/approval", body), 200)

    rental = {"purpose": "rental", "fields": ["may_drive", "portrait"], "class": "C1"}
    waiting, approved = await ask(**rental, reference="counter 4"), await ask(**rental)
    await approve(approved["code"])
    until = str(civil_day(place.now) + timedelta(days=100))
    lasting = await ask(purpose="employment", fields=["valid_until"], standing_until=until)
    consent = (await approve(lasting["code"]))["consent"]
    answer = await client.post(f"/relying/requests/{lasting['request']}/answer", headers=headers)
    pseudonym = done(answer, 200)["pseudonym"]
    hasty = (await ask(**rental))["code"]
    await approve(hasty)
    codes = {"request_code": (await ask(**rental))["code"], "refused_code": (await ask(**rental))["code"]}
    if answered:
        await approve(codes["request_code"])
        path = f"/holder/consents/requests/{codes['refused_code']}/refusal"
        done(await holder.phone.post(path), 200)
    return codes | {
        "approved_code": hasty,
        "request": waiting["request"],
        "approved_request": approved["request"],
        "consent": consent,
        "pseudonym": pseudonym,
        "notice": await _given_up(place, company, holder, consent, pseudonym),
    }


async def _given_up(place: Deployment, company: Desk, holder: Holder, consent: str, pseudonym: str) -> str:
    """A notice nobody took, ten times."""
    notice = NoticeId.new()
    async with place.world.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO notice (company_id, notice_id, driver_id, consent_id, pseudonym, purpose, state, attempts, due_at, "
            "made_at, ended_at, last_error) VALUES ($1, $2, $3, $4, $5, 'employment', 'parked', 10, $6, $6, $6, 'status-500')",
            company.company_id.uuid, notice.uuid, holder.driver_id.uuid, ConsentId.parse(consent).uuid,
            PseudonymId.parse(pseudonym).uuid, place.now,
        )  # fmt: skip
    return str(notice)


async def _staff_passkey(place: Deployment, officer: str) -> str:
    """One in the table: its ceremonies are played in tests/staff/test_second_factors.py."""
    made = PasskeyId.new()
    async with place.world.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO staff_passkey (staff_id, id, made_at, sign_count, backed_up, label, credential_id, public_key) "
            "VALUES ($1, $2, $3, 0, false, 'x', $4, $4)",
            StaffId.parse(officer).uuid, made.uuid, place.now, secrets.token_bytes(16),
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
