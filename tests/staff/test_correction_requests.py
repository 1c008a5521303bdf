"""What people ask to have put right, answered by who corrects the register of the region, and by nobody about themselves."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from liangzheng.kernel.ids import CorrectionRequestId, PersonId
from tests.accounts.people import MADE_UP, PASSWORD
from tests.api.phone import Phone, done, refused
from tests.staff.place import ELSEWHERE, Badge, Place

QUEUE = "/staff/correction-requests"
WISH = "住址有误，应为样本路3号"


PROVEN, MATCHED, NOBODY = "face seen", "name and number match", "no driver of the register"


async def asking(place: Place, number: int = 0, who: str = PROVEN) -> tuple[Phone, dict[str, Any], str]:
    """A person's phone, their open request and their id; MADE_UP[0] is the driver of this place."""
    person, phone = MADE_UP[number], place.nobody.another()
    if who == PROVEN:
        await phone.arrive(person)
    else:
        body = {
            "mobile": person.mobile.value,
            "identity_number": person.identity.value,
            "name": person.name.value if who == MATCHED else "无此人",
            "password": PASSWORD,
        }
        done(await phone.post("/holder/accounts", body), 201)
        login = {"mobile": person.mobile.value, "password": PASSWORD}
        phone.headers = {
            "Authorization": f"Bearer {done(await phone.post('/holder/sessions', login), 201)['token']}"
        }
    asked = done(await phone.post("/holder/corrections", {"wish": WISH}), 201)
    owner = await place.one(
        "SELECT person_id FROM correction_request WHERE id = $1",
        CorrectionRequestId.parse(asked["request_id"]).uuid,
    )
    return phone, asked, str(PersonId(owner))


async def answer(badge: Badge, asked: dict[str, Any], person: str, /, **changed: Any) -> httpx.Response:
    body = {"person": person, "decision": "put-right", "answer": "已按户籍更正"} | changed
    return await badge.post(f"{QUEUE}/{asked['request_id']}/answers", body)


async def waiting(badge: Badge, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = done(await badge.get(QUEUE + query), 200)["requests"]
    return found


async def test_a_request_waits_in_its_region_is_answered_once_and_its_person_reads_the_answer(
    place: Place,
) -> None:
    phone, asked, person = await asking(place)
    one, two = [await place.on_duty("register") for _ in range(2)]
    (shown,) = await waiting(one)
    assert shown == {
        "request": asked["request_id"], "person": person, "driver": str(place.world.driver_id),
        "asked_at": asked["asked_at"], "wish": WISH,
    }  # fmt: skip
    assert done(await answer(one, asked, person), 201)["state"] == "corrected"
    refused(await answer(two, asked, person), 409, "conflict")
    (read,) = done(await phone.get("/holder/corrections"), 200)["corrections"]
    assert (read["state"], read["answer"]) == ("corrected", "已按户籍更正")
    assert await waiting(two) == []
    assert (await place.events()).count("correction.answered") == 1
    full, empty = await place.entries("correction-requests.listed")
    assert (full["detail"]["count"], full["detail"]["oldest"]) == (1, asked["request_id"])
    assert empty["detail"]["count"] == 0
    (entry,) = await place.entries("correction.answered")
    assert (entry["actor_kind"], entry["detail"]) == (
        "staff",
        {"request": asked["request_id"], "duty": "register"},
    )
    assert WISH not in str(await place.world.audit_entries())


async def test_the_same_answer_again_is_answered_alike(place: Place) -> None:
    _, asked, person = await asking(place)
    one = await place.on_duty("register")
    path, key = f"{QUEUE}/{asked['request_id']}/answers", {"Idempotency-Key": "the-same-answer"}
    body = {"person": person, "decision": "declined", "answer": "登记无误"}
    first = done(await one.phone.post(path, body, headers=key), 201)
    assert first["state"] == "declined"
    assert done(await one.phone.post(path, body, headers=key), 201) == first


@pytest.mark.parametrize(
    ("duty", "region", "status"), [("register", ELSEWHERE, 404), ("penalty", "3209", 403)]
)
async def test_without_the_duty_here_nothing_is_read_or_answered(
    place: Place, duty: str, region: str, status: int
) -> None:
    _, asked, person = await asking(place)
    stranger = await place.on_duty(duty, region=region)
    listed = await stranger.get(QUEUE)
    assert listed.status_code == 403 or done(listed, 200)["requests"] == []
    assert (await answer(stranger, asked, person)).status_code == status
    assert await place.one("SELECT state FROM correction_request") == "open"
    assert await place.entries("correction-request.refused")


async def test_who_is_no_driver_of_the_register_is_answered_for_the_whole_country(place: Place) -> None:
    _, asked, person = await asking(place, who=NOBODY)
    here, everywhere = await place.on_duty("register"), await place.on_duty("register", region="nationwide")
    assert await waiting(here) == []
    refused(await answer(here, asked, person), 404, "not-found")
    (shown,) = await waiting(everywhere)
    assert shown["driver"] is None
    done(await answer(everywhere, asked, person), 201)


async def test_who_only_knows_a_driver_s_name_and_number_is_not_shown_as_that_driver(place: Place) -> None:
    _, asked, person = await asking(place, who=MATCHED)
    (shown,) = await waiting(here := await place.on_duty("register"))
    assert (shown["request"], shown["driver"]) == (asked["request_id"], None)
    done(await answer(here, asked, person, decision="declined"), 201)


async def test_nobody_answers_their_own(place: Place) -> None:
    _, asked, person = await asking(place)
    one = await place.on_duty("register")
    await one.link()
    assert refused(await answer(one, asked, person), 403, "forbidden")["rule"] == "about-oneself"
    assert await place.one("SELECT state FROM correction_request") == "open"
    await one.link(MADE_UP[1].identity)
    done(await answer(one, asked, person), 201)


async def test_where_it_is_demanded_who_is_not_linked_answers_nothing(place: Place) -> None:
    _, asked, person = await asking(place)
    place.change_policy(demands_links=True)
    one = await place.on_duty("register")
    assert refused(await answer(one, asked, person), 403, "forbidden")["rule"] == "not-linked"
    await one.link(MADE_UP[1].identity)
    done(await answer(one, asked, person), 201)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"person": str(PersonId.new())}, 404),
        ({"person": "drv_" + "0" * 26}, 422),
        ({"decision": "granted"}, 422),
        ({"answer": ""}, 422),
        ({"answer": "x" * 1001}, 422),
        ({"answer": "a\x00b"}, 422),
        ({"extra": 1}, 422),
    ],
)
async def test_an_answer_to_nobody_or_of_another_form_is_refused(
    place: Place, changed: dict[str, Any], status: int
) -> None:
    _, asked, person = await asking(place)
    one = await place.on_duty("register")
    assert (await answer(one, asked, person, **changed)).status_code == status
    assert await place.one("SELECT state FROM correction_request") == "open"


async def test_another_person_s_request_is_not_theirs_to_be_answered(place: Place) -> None:
    _, asked, _ = await asking(place)
    _, other, stranger = await asking(place, 1, who=NOBODY)
    one = await place.on_duty("register", region="nationwide")
    refused(await answer(one, asked, stranger), 404, "not-found")
    done(await answer(one, other, stranger), 201)


async def test_the_queue_goes_on_page_by_page(place: Place) -> None:
    phone, asked, _ = await asking(place)
    made = [asked["request_id"]]
    for _ in range(2):
        made.append(done(await phone.post("/holder/corrections", {"wish": WISH}), 201)["request_id"])
    one = await place.on_duty("register")
    page = done(await one.get(f"{QUEUE}?limit=2"), 200)
    rest = done(await one.get(f"{QUEUE}?limit=2&after={page['next']}"), 200)
    assert [each["request"] for each in [*page["requests"], *rest["requests"]]] == made
    assert rest["next"] is None
