"""POST /relying/token, as RFC 6749 has it; and the secrets behind it."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import httpx
import pytest

from liangzheng import relying
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import CompanyId
from liangzheng.relying import CompanyEvent, ConsentPolicy
from tests.api.phone import Phone as Caller
from tests.api.phone import done, refused
from tests.relying.world import Town

FORM = "grant_type=client_credentials"


def oauth_error(answer: httpx.Response, status: int, error: str) -> None:
    assert (answer.status_code, answer.json()) == (status, {"error": error}), answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_a_client_with_its_secret_gets_a_bearer_token_for_what_it_registered(town: Town) -> None:
    company, secret = await town.register()
    await town.move(company, CompanyEvent.APPROVED)
    answer = await town.ask_token(str(company.id), secret)
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    granted = done(answer, 200)
    assert (granted["token_type"], granted["expires_in"], granted["scope"]) == (
        "Bearer",
        600,
        "employment rental",
    )
    caller = Caller(town.client)
    caller.headers = {"Authorization": f"Bearer {granted['access_token']}"}
    me = done(await caller.get("/relying/registration"), 200)
    assert (me["company"], me["state"]) == (str(company.id), "approved")
    assert [(one["purpose"], one["bulk"], one["in_token"]) for one in me["purposes"]] == [
        ("employment", True, True),
        ("rental", False, True),
    ]


async def test_a_token_for_one_purpose_is_good_for_that_one(town: Town) -> None:
    company, secret = await town.register()
    await town.move(company, CompanyEvent.APPROVED)
    granted = done(await town.ask_token(str(company.id), secret, FORM + "&scope=rental"), 200)
    assert granted["scope"] == "rental"
    caller = Caller(town.client)
    caller.headers = {"Authorization": f"Bearer {granted['access_token']}"}
    question = {"purpose": "employment", "fields": ["valid_until"]}
    assert (
        refused(await caller.post("/relying/requests", question), 403, "forbidden")["rule"]
        == "token_without_purpose"
    )


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("", "invalid_request"),
        ("scope=rental", "invalid_request"),
        ("grant_type=", "invalid_request"),
        ("grant_type=password", "unsupported_grant_type"),
        ("grant_type=authorization_code&code=x", "unsupported_grant_type"),
        (FORM + "&" + FORM, "invalid_request"),
        (FORM + "&scope=insurance", "invalid_scope"),
        (FORM + "&scope=rental+insurance", "invalid_scope"),
        (FORM + "&scope=rental++employment", "invalid_scope"),
        (FORM + "&client_secret=x", "invalid_request"),
        (FORM + "&client_id=com_other", "invalid_request"),
        ("&".join(f"a{n}=1" for n in range(30)), "invalid_request"),
        ("%ff=%ff", "invalid_request"),
    ],
)
async def test_a_form_that_is_no_request_gets_the_error_the_rfc_names(
    town: Town, form: str, error: str
) -> None:
    company, secret = await town.register()
    await town.move(company, CompanyEvent.APPROVED)
    oauth_error(await town.ask_token(str(company.id), secret, form), 400, error)
    # A purpose it did not register is on record; a form that is no request is not.
    refusals = [entry["detail"]["refusal"] for entry in await town.acts("request.refused")]
    assert refusals == (["purpose_not_registered"] if error == "invalid_scope" else [])


async def test_an_unknown_parameter_and_an_empty_scope_do_no_harm(town: Town) -> None:
    company, secret = await town.register()
    await town.move(company, CompanyEvent.APPROVED)
    form = f"{FORM}&scope=&resource=x&client_id={company.id}"
    assert done(await town.ask_token(str(company.id), secret, form), 200)["scope"] == "employment rental"


async def test_unknown_wrong_and_not_approved_sound_the_same(town: Town) -> None:
    company, secret = await town.register()
    answers = [
        await town.ask_token(str(company.id), secret),  # registered, not approved
        await town.ask_token(str(company.id), "x" * 43),
        await town.ask_token(str(CompanyId.new()), secret),
        await town.ask_token("somebody", secret),
        await town.ask_token("", ""),
        await town.ask_token("%zz", "%"),
    ]
    # With the right secret it was the company that asked before it may; of the others nobody knows who it was.
    (entry,) = await town.acts("request.refused")
    assert (entry["scope"], entry["detail"]["refusal"]) == (company.id.uuid, "not_approved")
    for answer in answers:
        oauth_error(answer, 401, "invalid_client")
    assert len({(answer.text, answer.headers["www-authenticate"]) for answer in answers}) == 1


@pytest.mark.parametrize(
    "header", [None, "Bearer x", "Basic", "Basic !!", "Basic " + base64.b64encode(b"nocolon").decode()]
)
async def test_without_client_secret_basic_nobody_is_a_client(town: Town, header: str | None) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | (
        {"Authorization": header} if header else {}
    )
    oauth_error(
        await town.client.post("/relying/token", content=FORM, headers=headers), 401, "invalid_client"
    )


async def test_id_and_secret_are_form_decoded_before_they_are_compared(town: Town) -> None:
    company, secret = await town.register()
    await town.move(company, CompanyEvent.APPROVED)
    encoded = "".join(f"%{ord(one):02X}" for one in secret)
    done(await town.ask_token(str(company.id), encoded), 200)


async def test_json_is_no_form_and_a_form_is_for_the_token_alone(town: Town) -> None:
    refused(
        await town.client.post("/relying/token", json={"grant_type": "client_credentials"}),
        415,
        "unsupported-media-type",
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await town.client.post("/holder/sessions", content="mobile=1", headers=headers)
    refused(answer, 415, "unsupported-media-type")


async def test_guessing_secrets_is_slowed_down(town: Town) -> None:
    company, _ = await town.register()
    answers = [await town.ask_token(str(company.id), "x") for _ in range(31)]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429]


async def test_guesses_of_a_stranger_keep_a_company_from_no_token(town: Town) -> None:
    company, secret = await town.register()
    await town.move(company, CompanyEvent.APPROVED)
    here = town.client._transport
    assert isinstance(here, httpx.ASGITransport)
    stranger = httpx.ASGITransport(here.app, client=("198.51.100.7", 1))
    async with httpx.AsyncClient(transport=stranger, base_url="http://test") as elsewhere:
        basic = base64.b64encode(f"{company.id}:x".encode()).decode()
        headers = {
            "Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        guesses = [await elsewhere.post("/relying/token", content=FORM, headers=headers) for _ in range(31)]
    assert [answer.status_code for answer in guesses] == [401] * 30 + [429]
    answers = [await town.ask_token(str(company.id), secret) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]


async def test_guesses_from_its_own_network_keep_a_company_from_no_token(town: Town) -> None:
    """A stranger behind the same gateway, or a process of the company's own with an old secret."""
    company, secret = await town.register()
    await town.move(company, CompanyEvent.APPROVED)
    guesses = [await town.ask_token(str(company.id), "x") for _ in range(31)]
    assert [answer.status_code for answer in guesses] == [401] * 30 + [429]
    assert (await town.ask_token(str(company.id), secret)).status_code == 200
    assert (await town.ask_token(str(company.id), "x")).status_code == 429, "the wrong one still waits"
    assert (await town.ask_token(str(company.id), secret, "grant_type=password")).status_code == 429


async def test_a_token_ends_after_ten_minutes(town: Town) -> None:
    _, company = await town.open_company()
    town.clock.advance(599)
    done(await company.get("/relying/registration"), 200)
    town.clock.advance(1)
    refused(await company.get("/relying/registration"), 401, "not-authenticated")


async def test_nothing_that_opens_a_door_is_kept(town: Town) -> None:
    company, secret = await town.register()
    await town.move(company, CompanyEvent.APPROVED)
    token = done(await town.ask_token(str(company.id), secret), 200)["access_token"].partition(".")[2]
    async with town.database.read() as tx:
        rows = [
            *await tx.fetch("SELECT s::text AS text, secret_hash AS hash FROM company_secret AS s"),
            *await tx.fetch("SELECT t::text AS text, token_hash AS hash FROM company_token AS t"),
        ]
    assert len(rows) == 2
    for row in rows:
        assert secret not in row["text"] and token not in row["text"]


async def test_two_secrets_live_while_one_is_taking_over_never_three(town: Town) -> None:
    company, first = await town.register()
    await town.move(company, CompanyEvent.APPROVED)
    policy = ConsentPolicy(secret_overlap_days=7)

    async def rotate() -> str:
        town.clock.advance(1)
        async with town.database.transaction() as tx:
            return (await relying.rotate_secret(tx, company.id, policy, town.clock.now()))[0]

    async def opens(*secrets: str) -> list[bool]:
        town.clock.advance(10)
        return [(await town.ask_token(str(company.id), secret)).status_code == 200 for secret in secrets]

    second = await rotate()
    assert await opens(first, second) == [True, True]
    third = await rotate()
    assert await opens(first, second, third) == [False, True, True]
    town.clock.advance(timedelta(days=7).total_seconds())
    assert await opens(second, third) == [False, True]


async def test_an_ended_company_gets_no_secret_and_no_token(town: Town) -> None:
    company, secret = await town.register()
    await town.move(company, CompanyEvent.APPROVED)
    await town.move(company, CompanyEvent.ENDED)
    oauth_error(await town.ask_token(str(company.id), secret), 401, "invalid_client")
    with pytest.raises(Conflict):
        async with town.database.transaction() as tx:
            await relying.rotate_secret(tx, company.id, ConsentPolicy(), town.clock.now())


@pytest.mark.parametrize("token", ["com_x.y", "com_" + "0" * 26 + ".x", "x" * 100])
async def test_what_is_no_token_is_nobody(town: Town, token: Any) -> None:
    caller = Caller(town.client)
    caller.headers = {"Authorization": f"Bearer {token}"}
    for path in ("/relying/registration", "/verifier/me"):
        refused(await caller.get(path), 401, "not-authenticated")
