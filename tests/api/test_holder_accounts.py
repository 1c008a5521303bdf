from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from liangzheng.api.app import create_app
from liangzheng.api.rates import REGISTRATIONS_OF_A_NUMBER
from liangzheng.kernel.people import PersonName
from tests.accounts.people import MADE_UP, MadeUp
from tests.api.conftest import SmallWiring
from tests.api.phone import Phone, done, refused, registration


async def test_registering_answers_masked(phone: Phone, person: MadeUp) -> None:
    answer = await phone.post("/holder/accounts", registration(person))
    body = done(answer, 201)
    assert body["level"] == 1
    assert (body["mobile"], body["identity_number"], body["name"]) == (
        person.mobile.masked, person.identity.masked, person.name.masked,
    )  # fmt: skip
    for value in (person.mobile.value, person.identity.value, person.name.value):
        assert value not in answer.text


async def test_an_account_shows_itself_to_its_own_person_only(
    phone: Phone, person: MadeUp, other: MadeUp
) -> None:
    mine = await phone.register(person)
    await phone.log_in(person)
    second = phone.another()
    theirs = await second.register(other)
    await second.log_in(other)
    assert done(await phone.get("/holder/account"), 200) == mine
    assert done(await second.get("/holder/account"), 200) == theirs
    assert mine["person_id"] != theirs["person_id"]


@pytest.mark.parametrize(
    "written", ["320200 18000101 001 3", "３２０２００180001010013", " 320200180001010013 "]
)
async def test_a_number_is_read_as_people_type_it(phone: Phone, person: MadeUp, written: str) -> None:
    assert person.identity.value == "320200180001010013"
    body = done(await phone.post("/holder/accounts", registration(person, identity_number=written)), 201)
    assert body["level"] == 1


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"mobile": "12345"}, "mobile", "11 digits"),
    ({"mobile": "+8613900000001"}, "mobile", "11 digits"),
    ({"mobile": 13900000001}, "body.mobile", "text"),
    ({"identity_number": "320200180001010014"}, "citizen number", "check character"),
    ({"identity_number": "32020018000101001"}, "citizen number", "18 characters"),
    ({"identity_number": "320200180013010013"}, "citizen number", "calendar day"),
    ({"identity_number": ""}, "body.identity_number", "at least 1"),
    ({"identity_number": "1" * 201}, "body.identity_number", "at most 200"),
    ({"identity_kind": "B"}, "body.identity_kind", "one of"),
    ({"identity_kind": "C", "identity_number": "a'; DROP TABLE person; --"}, "identity number", "characters"),
    ({"name": ""}, "body.name", "at least 1"),
    ({"name": "x" * 51}, "name", "1 to 50"),
    ({"name": "张\u202e三"}, "name", "letters and ideographs"),
    ({"name": "张\x00三"}, "name", "letters and ideographs"),
    ({"password": "short"}, "password", "10 to 128"),
    ({"password": "password123"}, "password", "tries first"),
    ({"password": "x" * 1025}, "body.password", "at most 1024"),
    ({"password": None}, "body.password", "text"),
    ({"person_id": "per_01jd3v9k5rf6z8m4q2w7x0y1ab"}, "body.person_id", "not a field"),
    ({"driver_id": "drv_01jd3v9k5rf6z8m4q2w7x0y1ab"}, "body.driver_id", "not a field"),
    ({"level": 3}, "body.level", "not a field"),
]


@pytest.mark.parametrize(("changed", "place", "rule"), BAD, ids=[f"{b[1]}: {b[2]}" for b in BAD])
async def test_a_bad_registration_names_place_and_rule_and_keeps_nothing(
    phone: Phone, wiring: SmallWiring, person: MadeUp, changed: dict[str, Any], place: str, rule: str
) -> None:
    answer = await phone.post("/holder/accounts", registration(person, **changed))
    body = refused(answer, 422, "invalid")
    assert body["place"] == place
    assert rule in body["rule"]
    for value in (
        person.identity.value,
        person.name.value,
        *(str(v) for v in changed.values() if len(str(v)) > 3),
    ):
        assert value not in answer.text
    async with wiring.database.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM person") == 0


@pytest.mark.parametrize("known", ["mobile", "both"])
async def test_a_known_mobile_is_answered_like_a_failed_log_in(
    phone: Phone, person: MadeUp, other: MadeUp, known: str
) -> None:
    await phone.register(person)
    changed = {} if known == "both" else registration(other, mobile=person.mobile.value)
    again = await phone.post("/holder/accounts", registration(person) | changed)
    failed = await phone.post(
        "/holder/sessions", {"mobile": person.mobile.value, "password": "wrong password"}
    )
    assert refused(again, 401, "not-authenticated") == refused(failed, 401, "not-authenticated")


async def test_unknown_wrongly_named_and_taken_numbers_are_answered_alike_octet_by_octet(
    phone: Phone, wiring: SmallWiring, person: MadeUp
) -> None:
    """Who does not know a person's number and name learns nothing of either by registering."""
    people = wiring.real_name.people
    right = people[person.identity, person.name]
    registers = {
        "unknown": {},
        "another name": {(person.identity, PersonName("别人")): right},
        "taken": {(person.identity, person.name): right},
    }
    answers = []
    for number, (case, register) in enumerate(registers.items()):
        wiring.real_name.people = register
        if case == "taken":
            await phone.arrive(person)  # and showed the face
        body = registration(person, mobile=f"138000{number}0001")  # masked alike
        answer = await phone.post("/holder/accounts", body)
        made = done(answer, 201)["person_id"].encode()
        answers.append((answer.content.replace(made, b"-"), sorted(answer.headers.items())))
    assert answers[0] == answers[1] == answers[2]
    assert b'"level":0' in answers[0][0]


async def test_a_wrong_name_first_and_the_right_one_then(phone: Phone, person: MadeUp) -> None:
    wrong = registration(person, mobile="13800000001", name="别人")
    assert done(await phone.post("/holder/accounts", wrong), 201)["level"] == 0
    assert done(await phone.post("/holder/accounts", registration(person)), 201)["level"] == 1


async def test_of_registrations_at_once_for_one_identity_number_none_keeps_another_out(
    phone: Phone, person: MadeUp
) -> None:
    bodies = [registration(person, mobile=f"1380000000{n}") for n in range(5)]
    answers = await asyncio.gather(*(phone.post("/holder/accounts", body) for body in bodies))
    assert [done(answer, 201)["level"] for answer in answers] == [1] * 5


async def test_the_first_to_show_the_face_is_the_driver_whoever_registered_first(
    phone: Phone, person: MadeUp
) -> None:
    squatter = phone.another()
    theirs = registration(person, mobile="13800000001")
    done(await squatter.post("/holder/accounts", theirs), 201)
    login = {"mobile": theirs["mobile"], "password": theirs["password"]}
    token = done(await squatter.post("/holder/sessions", login), 201)["token"]
    squatter.headers = {"Authorization": f"Bearer {token}"}
    await squatter.agree()
    await phone.arrive(person)
    assert done(await phone.get("/holder/sessions/current"), 200)["level"] == 2
    refused(await squatter.post("/holder/face-checks", {"purpose": "apply"}), 403, "forbidden")


# --- how often --------------------------------------------------------------------------------------


def _mobiles() -> Iterator[str]:
    return (f"1370000{n:04d}" for n in itertools.count())


@pytest.mark.parametrize("name", ["right", "wrong"])
async def test_one_identity_number_is_tried_ten_times_an_hour_whatever_the_name(
    phone: Phone, wiring: SmallWiring, person: MadeUp, other: MadeUp, name: str
) -> None:
    mobiles = _mobiles()

    async def attempt(who: MadeUp) -> httpx.Response:
        changed = {"mobile": next(mobiles)} | ({"name": "别人"} if name == "wrong" else {})
        return await phone.post("/holder/accounts", registration(who, **changed))

    for _ in range(REGISTRATIONS_OF_A_NUMBER.count):
        done(await attempt(person), 201)
    answer = await attempt(person)
    refused(answer, 429, "too-many")
    assert answer.headers["retry-after"] == "360"
    assert person.identity.value not in answer.text
    done(await attempt(other), 201)
    wiring.clock.advance(360)
    done(await attempt(person), 201)
    refused(await attempt(person), 429, "too-many")


async def test_one_network_registers_so_often_an_hour_also_with_what_is_refused(wiring: SmallWiring) -> None:
    wiring.settings = replace(wiring.settings, registrations_an_hour=3)
    app = create_app(wiring)  # type: ignore[arg-type]

    async def attempt(address: str, person: MadeUp, **changed: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(address, 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post("/holder/accounts", json=registration(person, **changed))

    refused(await attempt("192.0.2.1", MADE_UP[0], mobile="12345"), 422, "invalid")
    for number, address in ((0, "192.0.2.2"), (1, "::ffff:192.0.2.3")):
        done(await attempt(address, MADE_UP[number]), 201)
    answer = await attempt("192.0.2.254", MADE_UP[2])
    refused(answer, 429, "too-many")
    assert answer.headers["retry-after"] == "1200"
    done(await attempt("192.0.3.1", MADE_UP[3]), 201)
    wiring.clock.advance(1200)
    done(await attempt("192.0.2.254", MADE_UP[2]), 201)


# --- the same request twice -------------------------------------------------------------------------

KEY = {"Idempotency-Key": "0123456789abcdef"}


async def test_a_repeated_registration_is_one_account_and_one_answer(
    phone: Phone, wiring: SmallWiring, person: MadeUp
) -> None:
    body = registration(person)
    first = done(await phone.post("/holder/accounts", body, headers=KEY), 201)
    wiring.clock.advance(3600)
    assert done(await phone.post("/holder/accounts", body, headers=KEY), 201) == first
    refused(await phone.post("/holder/accounts", body), 401, "not-authenticated")
    async with wiring.database.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM person") == 1
        assert await tx.fetchval("SELECT count(*) FROM audit_entry") == 1


async def test_registrations_at_once_with_one_key_are_one(phone: Phone, person: MadeUp) -> None:
    body = registration(person)
    answers = await asyncio.gather(*(phone.post("/holder/accounts", body, headers=KEY) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize("changed", [{"password": "another-lampshade"}, {"name": "别人"}])
async def test_the_key_of_another_registration_is_a_conflict(
    phone: Phone, person: MadeUp, changed: dict[str, str]
) -> None:
    done(await phone.post("/holder/accounts", registration(person), headers=KEY), 201)
    answer = await phone.post("/holder/accounts", registration(person, **changed), headers=KEY)
    assert refused(answer, 409, "conflict")["place"] == "Idempotency-Key"


async def test_two_people_may_choose_one_key(phone: Phone, person: MadeUp, other: MadeUp) -> None:
    one = done(await phone.post("/holder/accounts", registration(person), headers=KEY), 201)
    two = done(await phone.post("/holder/accounts", registration(other), headers=KEY), 201)
    assert one["person_id"] != two["person_id"]


@pytest.mark.parametrize("key", ["short", "x" * 65, "with space", "schl\u00fcssel".encode()])
async def test_what_is_no_key_is_refused(phone: Phone, person: MadeUp, key: Any) -> None:
    answer = await phone.post("/holder/accounts", registration(person), headers={"Idempotency-Key": key})
    assert refused(answer, 422, "invalid")["place"] == "header.Idempotency-Key"


async def test_the_memory_of_requests_holds_no_personal_data(
    phone: Phone, wiring: SmallWiring, person: MadeUp
) -> None:
    await phone.post("/holder/accounts", registration(person), headers=KEY)
    async with wiring.database.read() as tx:
        kept = str([dict(row) for row in await tx.fetch("SELECT * FROM idempotency")])
    for value in (person.mobile.value, person.identity.value, person.name.value, "lampenschirm"):
        assert value not in kept


# --- the real name again ----------------------------------------------------------------------------


async def test_whom_the_register_did_not_know_may_ask_again(
    phone: Phone, wiring: SmallWiring, person: MadeUp
) -> None:
    people = wiring.real_name.people
    driver_id = people.pop((person.identity, person.name))
    assert (await phone.register(person))["level"] == 0
    await phone.log_in(person)
    assert done(await phone.post("/holder/real-name-checks"), 200) == {"level": 0, "driver_id": None}
    people[person.identity, person.name] = driver_id
    assert done(await phone.post("/holder/real-name-checks"), 200) == {
        "level": 1,
        "driver_id": str(driver_id),
    }
    assert done(await phone.get("/holder/sessions/current"), 200)["level"] == 1


def test_the_made_up_people_are_nobody() -> None:
    assert {person.identity.value[6:10] for person in MADE_UP} == {"1800"}
