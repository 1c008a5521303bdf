from __future__ import annotations

from typing import Any

import pytest

from tests.accounts.people import PASSWORD, MadeUp
from tests.api.conftest import SmallWiring
from tests.api.phone import Phone, done, refused


async def test_a_token_opens_until_it_is_ended(phone: Phone, person: MadeUp) -> None:
    await phone.register(person)
    answer = await phone.log_in(person)
    assert done(await phone.get("/holder/sessions/current"), 200) == {
        key: answer[key] for key in ("person_id", "driver_id", "level")
    }
    assert (await phone.delete("/holder/sessions/current")).status_code == 204
    refused(await phone.get("/holder/sessions/current"), 401, "not-authenticated")


async def test_a_login_says_how_long_it_lasts_and_ends_then(
    phone: Phone, wiring: SmallWiring, person: MadeUp
) -> None:
    await phone.register(person)
    answer = await phone.log_in(person)
    assert answer["expires_at"] == "2026-11-20T14:00:00Z"
    wiring.clock.advance(answer["idle_s"] - 1)
    assert (await phone.get("/holder/sessions/current")).status_code == 200
    wiring.clock.advance(answer["idle_s"])
    refused(await phone.get("/holder/sessions/current"), 401, "not-authenticated")


async def test_a_wrong_password_and_an_unknown_mobile_get_the_same_answer(
    phone: Phone, person: MadeUp, other: MadeUp
) -> None:
    await phone.register(person)
    wrong = await phone.post("/holder/sessions", {"mobile": person.mobile.value, "password": "no"})
    unknown = await phone.post("/holder/sessions", {"mobile": other.mobile.value, "password": "no"})
    assert refused(wrong, 401, "not-authenticated") == refused(unknown, 401, "not-authenticated")
    assert dict(wrong.headers) == dict(unknown.headers)


async def test_after_five_failures_there_is_a_wait_for_anybody(
    phone: Phone, person: MadeUp, other: MadeUp
) -> None:
    await phone.register(person)
    answers = []
    for who in (person, other):
        for _ in range(5):
            body = {"mobile": who.mobile.value, "password": "no"}
            refused(await phone.post("/holder/sessions", body), 401, "not-authenticated")
        answers.append(
            await phone.post("/holder/sessions", {"mobile": who.mobile.value, "password": PASSWORD})
        )
    known, unknown = answers
    assert refused(known, 429, "too-many") == refused(unknown, 429, "too-many")
    assert known.headers["retry-after"] == "30"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"mobile": "13900000001"}, "body.password"),
        ({"password": PASSWORD}, "body.mobile"),
        ({"mobile": "x", "password": PASSWORD}, "mobile"),
        ({"mobile": "13900000001", "password": "x" * 1025}, "body.password"),
        ({"mobile": "13900000001", "password": PASSWORD, "person_id": "x"}, "body.person_id"),
        ({"mobile": ["13900000001"], "password": PASSWORD}, "body.mobile"),
    ],
)
async def test_a_bad_log_in_names_the_place(phone: Phone, body: Any, place: str) -> None:
    assert refused(await phone.post("/holder/sessions", body), 422, "invalid")["place"] == place


async def test_the_phones_clock_is_measured_at_every_contact(
    phone: Phone, wiring: SmallWiring, person: MadeUp
) -> None:
    await phone.register(person)
    await phone.log_in(person)
    at = int(wiring.clock.now().timestamp() * 1000)
    answer = await phone.get("/holder/sessions/current", headers={"X-Phone-Time": str(at + 95_000)})
    assert answer.headers["x-phone-clock-offset"] == "95000"
    wiring.clock.advance(61)
    await phone.get("/holder/sessions/current", headers={"X-Phone-Time": str(at + 61_000 + 95_000)})
    async with wiring.database.read() as tx:
        assert await tx.fetchval("SELECT phone_offset_ms FROM session") == 95_000
