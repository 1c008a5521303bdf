"""Codes, agreements, logins, passkeys' options, held acts and own data over HTTP."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from liangzheng.infra.settings import Settings
from liangzheng.infra.sms import NoSms
from liangzheng.infra.sms_simulated import SimulatedSms, delivered
from liangzheng.kernel.people import Mobile
from tests.accounts.authenticator import Authenticator
from tests.accounts.people import PASSWORD, MadeUp
from tests.api.conftest import SmallWiring
from tests.api.phone import Phone, done, refused, registration

NEW = Mobile("13711112222")


@pytest.fixture
def file(wiring: SmallWiring, tmp_path: Path) -> Path:
    """Where the gateway delivers."""
    found = tmp_path / "sms.ndjson"
    wiring.sms = SimulatedSms("test", found)
    wiring.settings = replace(wiring.settings, sms="simulated")
    return found


async def proof(phone: Phone, file: Path, mobile: Mobile, path: str = "/holder/codes", **body: str) -> str:
    said = {"mobile": mobile.value, **body}
    asked = done(await phone.post(path, said), 202)
    found = re.search(r"验证码(\d{6})", delivered(file, mobile)[-1].text)
    assert found
    given = said | {"code_request": asked["code_request"], "code": found[1]}
    return str(done(await phone.post(f"{path}/proofs", given), 201)["mobile_proof"])


async def test_registering_needs_the_mobiles_code_where_there_is_a_gateway(
    phone: Phone, file: Path, person: MadeUp, other: MadeUp
) -> None:
    body = refused(await phone.post("/holder/accounts", registration(person)), 422, "invalid")
    assert body["place"] == "mobile_proof"
    theirs = await proof(phone, file, other.mobile, purpose="register")
    stolen = registration(person, mobile_proof=theirs)
    refused(await phone.post("/holder/accounts", stolen), 400, "not-verified")
    mine = registration(person, mobile_proof=await proof(phone, file, person.mobile, purpose="register"))
    done(await phone.post("/holder/accounts", mine), 201)


async def test_that_a_mobile_has_an_account_is_said_only_to_who_reads_its_messages(
    phone: Phone, file: Path, person: MadeUp, wiring: SmallWiring
) -> None:
    first = registration(person, mobile_proof=await proof(phone, file, person.mobile, purpose="register"))
    done(await phone.post("/holder/accounts", first), 201)
    wiring.clock.advance(60)
    without = refused(
        await phone.post("/holder/accounts", registration(person, mobile_proof="x")), 400, "not-verified"
    )
    unknown = registration(person, mobile=NEW.value, mobile_proof="x")
    assert without == refused(await phone.post("/holder/accounts", unknown), 400, "not-verified")
    again = registration(person, mobile_proof=await proof(phone, file, person.mobile, purpose="register"))
    refused(await phone.post("/holder/accounts", again), 401, "not-authenticated")


async def test_asking_for_a_code_is_answered_alike_for_anybody(
    phone: Phone, person: MadeUp, other: MadeUp
) -> None:
    await phone.register(person)
    answers = [
        await phone.post("/holder/codes", {"mobile": who.mobile.value, "purpose": "reset-password"})
        for who in (person, other)
    ]
    known, unknown = (done(answer, 202) for answer in answers)
    assert known["expires_at"] == unknown["expires_at"] and len(known["code_request"]) == len(
        unknown["code_request"]
    )
    assert dict(answers[0].headers) == dict(answers[1].headers)


async def test_without_agreement_the_problem_says_to_which_text(phone: Phone, person: MadeUp) -> None:
    await phone.register(person)
    await phone.log_in(person)
    withdrawn = await phone.post("/holder/agreements/withdrawals", {"kind": "face-data"})
    assert withdrawn.status_code == 204
    body = refused(await phone.post("/holder/face-checks", {"purpose": "apply"}), 403, "agreement-needed")
    assert (body["place"], body["rule"]) == ("face-data", "version 1")
    stands = {a["kind"]: a for a in done(await phone.get("/holder/agreements"), 200)["agreements"]}
    assert stands["face-data"]["given"] is stands["face-data"]["current"] is False
    await phone.agree()
    await phone.pass_face_check("apply")


@pytest.mark.parametrize(("kind", "number"), [("F", "XU00000001"), ("C", "虚字第00000001"), ("G", "XU-1/2")])
async def test_a_password_is_reset_by_the_document_one_registered_with_whatever_kind_it_is(
    phone: Phone, file: Path, person: MadeUp, wiring: SmallWiring, kind: str, number: str
) -> None:
    theirs = {"mobile": person.mobile.value, "name": person.name.value}
    first = {
        "mobile_proof": await proof(phone, file, person.mobile, purpose="register"),
        "password": PASSWORD,
    }
    typed = {"identity_kind": kind, "identity_number": f" {number.lower()} "}
    account = done(await phone.post("/holder/accounts", theirs | typed | first), 201)
    assert account["identity_kind"] == kind
    for given, status in (
        ({"identity_kind": "F", "identity_number": "XU00000002"}, 401),
        ({"identity_kind": "E", "identity_number": number}, 401),
        (typed | {"identity_number": f"{number[:4]} {number[4:].lower()}"}, 200),
    ):
        wiring.clock.advance(60)
        again = {"mobile_proof": await proof(phone, file, person.mobile, purpose="reset-password")}
        answer = await phone.post(
            "/holder/password-resets", theirs | given | again | {"password": PASSWORD + "2"}
        )
        assert answer.status_code == status, answer.text
    await phone.log_in(person, PASSWORD + "2")


async def test_a_changed_mobile_over_http_waits_and_is_stopped(
    phone: Phone, person: MadeUp, wiring: SmallWiring, tmp_path: Path
) -> None:
    wiring.sms = SimulatedSms("test", file := tmp_path / "sms.ndjson")
    await phone.arrive(person)
    body = {
        "mobile": NEW.value,
        "mobile_proof": await proof(phone, file, NEW, "/holder/mobile-changes/codes"),
        "password": PASSWORD,
        "face_check": await phone.pass_face_check("change-mobile"),
    }
    refused(await phone.post("/holder/mobile-changes", body | {"password": "no"}), 400, "not-verified")
    key = {"Idempotency-Key": "change-my-mobile"}
    one, two = [done(await phone.post("/holder/mobile-changes", body, headers=key), 202) for _ in range(2)]
    assert one == two and one["state"] == "waiting" and NEW.value not in str(one)
    refused(await phone.post("/holder/phone-keys/challenges"), 403, "forbidden")
    path = f"/holder/held-acts/{one['held_act_id']}/stop"
    assert done(await phone.post(path), 200)["state"] == "stopped"
    done(await phone.post("/holder/phone-keys/challenges"), 201)


async def test_a_passkey_over_http_is_added_logs_in_and_goes(
    phone: Phone, person: MadeUp, wiring: SmallWiring
) -> None:
    wiring.settings = replace(wiring.settings, hosts=("lz.example", "app.lz.example", "elsewhere.test"))
    # The frame was made before: hosts are checked there by the settings of its making.
    await phone.arrive(person)
    device = Authenticator()
    begun = done(await phone.post("/holder/passkeys/challenges", {"password": PASSWORD}), 201)["options"]
    assert begun["rp"]["id"] == "lz.example"
    elsewhere = device.create(begun, origin="https://elsewhere.test")
    refused(
        await phone.post("/holder/passkeys", {"label": "钥匙", "credential": elsewhere}), 400, "not-verified"
    )
    again = done(await phone.post("/holder/passkeys/challenges", {"password": PASSWORD}), 201)["options"]
    body = {"label": "钥匙", "credential": device.create(again, origin="https://app.lz.example")}
    added = done(await phone.post("/holder/passkeys", body), 201)
    options = done(await phone.post("/holder/passkeys/log-in-challenges"), 201)["options"]
    opened = done(await phone.post("/holder/passkeys/sessions", {"credential": device.get(options)}), 201)
    assert opened["level"] == 2 and opened["token"]
    gone = await phone.delete(f"/holder/passkeys/{added['passkey_id']}")
    assert gone.status_code == 204
    assert done(await phone.get("/holder/passkeys"), 200)["passkeys"] == []


@pytest.mark.parametrize(
    ("hosts", "tls", "host", "origin"),
    [
        (("lz.example",), False, "driver.lz.example", "https://driver.lz.example"),
        (("lz.example",), False, "Driver.lz.example:443", "https://driver.lz.example"),
        (("api.example",), False, "driver.lz.example", "https://driver.lz.example"),
        ((), True, "driver.lz.example:8443", "https://driver.lz.example:8443"),
        ((), False, "driver.lz.example:8443", "http://driver.lz.example:8443"),
    ],
)
async def test_a_passkey_of_a_web_app_is_its_own_host_s(
    phone: Phone,
    person: MadeUp,
    wiring: SmallWiring,
    hosts: tuple[str, ...],
    tls: bool,
    host: str,
    origin: str,
) -> None:
    wiring.settings = replace(
        wiring.settings, hosts=hosts, port=8443, tls_cert=Path("/chain.pem") if tls else None,
        faces=("driver=driver.lz.example", "staff=staff.lz.example"),
    )  # fmt: skip
    await phone.arrive(person)
    here, device, path = {"Host": host}, Authenticator(), "/holder/passkeys"
    for wrong in ("https://staff.lz.example", "https://lz.example", "https://driver.lz.example:9999", origin):
        begun = done(await phone.post(f"{path}/challenges", {"password": PASSWORD}, headers=here), 201)[
            "options"
        ]
        assert begun["rp"]["id"] == "driver.lz.example"
        body = {"label": "钥匙", "credential": device.create(begun, origin=wrong, rp_id="driver.lz.example")}
        answer = await phone.post(path, body, headers=here)
        assert answer.status_code == (201 if wrong == origin else 400), wrong


async def test_a_copy_of_ones_data_is_made_five_times_a_day(phone: Phone, person: MadeUp) -> None:
    await phone.register(person)
    await phone.log_in(person)
    for _ in range(5):
        found = done(await phone.post("/holder/data-exports"), 200)
    assert found["account"]["mobile"] == person.mobile.value
    # Nothing is in the register here: tests/staff/test_own_data.py.
    assert (found["record"], found["points"], found["consents"], found["look_ups"]) == (None, [], [], [])
    refused(await phone.post("/holder/data-exports"), 429, "too-many")


def test_a_code_is_not_demanded_where_none_could_come(settings: Settings) -> None:
    assert not settings.demands_mobile_proof
    assert replace(settings, sms="simulated").demands_mobile_proof
    assert not replace(settings, sms="simulated", mobile_proof=False).demands_mobile_proof


@pytest.mark.parametrize(
    "credential",
    [
        {}, {"response": None}, {"rawId": "\ud800", "response": {"clientDataJSON": "\ud800"}},
        {"rawId": "AA", "response": {"clientDataJSON": "W10"}},
        {"rawId": "AA", "response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOiAiQUEifQ", "userHandle": 7}},
        {"rawId": "AA", "response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOiAiQUEifQ"}},
    ],
    ids=["empty", "null", "no text", "a list", "a number", "a challenge of nobody"],
)  # fmt: skip
async def test_a_credential_that_is_none_breaks_nothing(phone: Phone, credential: dict[str, object]) -> None:
    sent = json.dumps({"credential": credential}).encode()
    answer = await phone.client.post(
        "/holder/passkeys/sessions", content=sent, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (401, 422), answer.text


async def test_a_failed_ceremony_spends_its_challenge_and_a_repeated_request_is_answered_alike(
    phone: Phone, person: MadeUp, wiring: SmallWiring
) -> None:
    wiring.settings = replace(wiring.settings, hosts=("lz.example",))
    await phone.arrive(person)
    device, path = Authenticator(), "/holder/passkeys"

    async def options() -> dict[str, object]:
        begun = done(await phone.post(f"{path}/challenges", {"password": PASSWORD}), 201)
        return dict(begun["options"])

    begun = await options()
    for wrong in (
        {"verified": False},
        {},
    ):  # the second time nothing is wrong but that the challenge is spent
        body = {"label": "钥匙", "credential": device.create(begun, **wrong)}
        refused(await phone.post(path, body), 400, "not-verified")
    body, key = {"label": "钥匙", "credential": device.create(await options())}, {"Idempotency-Key": "k" * 16}
    added = done(await phone.post(path, body, headers=key), 201)
    assert done(await phone.post(path, body, headers=key), 201) == added
    refused(await phone.post(path, body), 400, "not-verified")

    wiring.clock.advance(wiring.account_policy.passkey_settles_s)
    await phone.log_in(person)
    asked = done(await phone.post(f"{path}/confirmations"), 201)["options"]
    for wrong in ({"verified": False}, {}):
        proved = {"passkey": device.get(asked, **wrong)}
        refused(await phone.post("/holder/sessions/current/proofs", proved), 400, "not-verified")
    asked = done(await phone.post(f"{path}/confirmations"), 201)["options"]
    proved = {"passkey": device.get(asked)}
    assert (await phone.post("/holder/sessions/current/proofs", proved)).status_code == 204


async def test_a_browser_reads_simulated_messages_of_one_mobile_and_they_say_what_they_are(
    phone: Phone, file: Path, person: MadeUp, other: MadeUp
) -> None:
    await phone.post("/holder/codes", {"mobile": person.mobile.value, "purpose": "register"})
    answer = done(await phone.get("/open/simulated-messages", params={"mobile": person.mobile.value}), 200)
    assert answer["notice"].startswith("SIMULATED")
    assert [each["text"] for each in answer["messages"]] == [delivered(file)[0].text]
    none = done(await phone.get("/open/simulated-messages", params={"mobile": other.mobile.value}), 200)
    assert none["messages"] == []


async def test_old_simulated_messages_are_not_read(phone: Phone, file: Path, person: MadeUp) -> None:
    await phone.post("/holder/codes", {"mobile": person.mobile.value, "purpose": "register"})
    sent = json.loads(file.read_text())
    file.write_text(json.dumps(sent | {"at": "2020-01-01T00:00:00+00:00"}) + "\n")
    answer = done(await phone.get("/open/simulated-messages", params={"mobile": person.mobile.value}), 200)
    assert answer["messages"] == []


async def test_where_messages_are_real_or_in_production_nobody_reads_them(
    phone: Phone, file: Path, person: MadeUp, wiring: SmallWiring
) -> None:
    await phone.post("/holder/codes", {"mobile": person.mobile.value, "purpose": "register"})
    query = {"mobile": person.mobile.value}
    done(await phone.get("/open/simulated-messages", params=query), 200)
    demo = wiring.settings
    wiring.settings = replace(demo, mode="production")
    refused(await phone.get("/open/simulated-messages", params=query), 404, "not-found")
    wiring.settings, wiring.sms = demo, NoSms()  # type: ignore[assignment]
    refused(await phone.get("/open/simulated-messages", params=query), 404, "not-found")


async def test_simulated_messages_are_not_read_without_end(phone: Phone, file: Path) -> None:
    query = {"mobile": NEW.value}
    answers = [await phone.get("/open/simulated-messages", params=query) for _ in range(61)]
    assert {each.status_code for each in answers[:-1]} == {200}
    refused(answers[-1], 429, "too-many")


async def test_on_this_machine_a_face_has_passkeys_of_its_own_host(phone: Phone) -> None:
    path = "/holder/passkeys/log-in-challenges"
    begun = done(await phone.post(path, headers={"Host": "driver.localhost:8000"}), 201)
    assert begun["options"]["rpId"] == "driver.localhost"
    other = done(await phone.post(path, headers={"Host": "stranger.localhost:8000"}), 201)
    assert other["options"]["rpId"] == "localhost"
