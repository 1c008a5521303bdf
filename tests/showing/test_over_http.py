"""The same over HTTP: who may call, what leaves, and what a holder sees of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from liangzheng import relying
from liangzheng.api.app import create_app
from liangzheng.infra import blobs
from liangzheng.infra.outbox import Event
from liangzheng.infra.postgres import Database
from liangzheng.infra.settings import Settings
from liangzheng.kernel.purposes import AskedField
from liangzheng.kernel.time import FixedClock
from liangzheng.relying import ConsentPolicy, CreditCode, Grant
from liangzheng.showing import VerifierKind, add_verifier, end_verifier, follow_companies
from liangzheng.standards.document import document_to_be_signed, font_sha256
from tests.accounts.people import MADE_UP
from tests.api.phone import Phone as Caller
from tests.api.phone import done, refused, unb64
from tests.showing.wired import Wired
from tests.showing.world import MASKED, PORTRAIT, WHOLE_NUMBER, World, signers
from tests.standards.making import DOCUMENT


@pytest.fixture
async def world(database: Database) -> World:
    return await World(database, signers(), driver_id=MADE_UP[0].driver_id).build()


@pytest.fixture
async def caller(world: World, settings: Settings, clock: FixedClock) -> AsyncIterator[Caller]:
    """Nobody yet; `as_verifier` makes it one."""
    app = create_app(Wired(settings, world.database, clock, world.trust))  # type: ignore[arg-type]
    async with Caller.over(app) as opened:
        yield opened


async def as_verifier(world: World, caller: Caller, kind: VerifierKind = VerifierKind.POLICE) -> Caller:
    _, token = await add_verifier(world.database, "样本大队", kind, world.now)
    verifier = caller.another()
    verifier.headers = {"Authorization": f"Bearer {token}"}
    return verifier


async def as_company(world: World, caller: Caller, clock: FixedClock) -> Caller:
    """A company that registered the least a verifier of codes can, and is approved."""
    db, now = world.database, clock.now()
    grants = [Grant("rental", frozenset({AskedField.MAY_DRIVE, AskedField.MASKED_NUMBER}))]
    async with db.transaction() as tx:
        made, secret = await relying.register(tx, "样本租车", CreditCode("91350100M000100Y43"), grants, now)
        await relying.move(tx, made.id, relying.CompanyEvent.APPROVED, "test", now)
        await follow_companies(tx, [Event(0, made.id.uuid, "company.moved", made.id.uuid, {}, now, 0)], now)
    granted = await relying.grant_token(db, str(made.id), secret, None, ConsentPolicy(), now)
    company = caller.another()
    company.headers = {"Authorization": f"Bearer {granted.token}"}
    return company


def body(world: World, request: str = "request-1", **more: Any) -> dict[str, Any]:
    return {"request": request, "code": world.phone.show(world.now)} | more


async def verify(verifier: Caller, asked: dict[str, Any]) -> httpx.Response:
    return await verifier.post("/verifier/verifications", asked)


async def test_an_officer_s_answer_has_everything_the_kerb_needs(world: World, caller: Caller) -> None:
    officer = await as_verifier(world, caller)
    answer = done(await verify(officer, body(world) | {"class": "C2"}), 200)
    assert (answer["outcome"], answer["tone"], answer["icon"]) == ("valid", "green", "✓")
    assert answer["words"] == {"zh": "有效", "en": "Valid"}
    assert answer["holder"] == {
        "name": "样本甲",
        "number": WHOLE_NUMBER,
        "sex": "male",
        "classes": "C1",
        "valid_from": "2020-01-01",
        "valid_until": "2030-01-01",
        "authority": "苏J",
    }
    assert answer["standing"]["status"] == "A"
    assert answer["standing"]["status_words"] == {"zh": "正常", "en": "normal"}
    assert (answer["standing"]["points"], answer["standing"]["standing_version"]) == (3, 5)
    assert answer["class"] == {"asked": "C2", "allowed": True}


async def test_a_company_hears_whether_the_holder_may_drive_and_what_else_it_registered(
    world: World, caller: Caller, clock: FixedClock
) -> None:
    company = await as_company(world, caller, clock)
    said = done(await verify(company, body(world) | {"class": "C1"}), 200)
    assert said["holder"] == {"number": MASKED}
    assert set(said["standing"]) == {"may_drive", "as_of", "status", "status_words", "points"}
    standing = (said["standing"]["may_drive"], said["standing"]["status"], said["standing"]["points"])
    assert standing == (True, None, None)
    assert (said["class"], said["portrait"], said["licence"]) == (
        {"asked": "C1", "allowed": True},
        None,
        None,
    )
    await world.change(status="D")
    no = done(await verify(company, body(world, "request-2", code=world.phone.show(world.now))), 200)
    assert (no["outcome"], no["standing"]["may_drive"]) == ("may_not_drive", False)
    assert [reason["status_letter"] for reason in no["reasons"]] == [None] and "暂扣" not in str(no)


async def test_the_public_hears_what_the_code_discloses(world: World, caller: Caller) -> None:
    answer = await verify(await as_verifier(world, caller, VerifierKind.PUBLIC), body(world))
    assert WHOLE_NUMBER not in answer.text
    said = done(answer, 200)
    assert said["holder"]["number"] == MASKED
    assert (said["standing"]["may_drive"], said["standing"]["status"], said["standing"]["points"]) == (
        True,
        None,
        None,
    )
    assert said["portrait"] is None


FONT = b"the octets of a font"


async def named_rarely(world: World, address: str = "样本路1号") -> None:
    """The driver is 例𬭚 from now on, and the licence brings a font."""
    await world.change(name="例𬭚")
    claims = replace(
        DOCUMENT, name="例𬭚", resident_address=address, record="", font_sha256=font_sha256(FONT)
    )
    octets = document_to_be_signed(claims, world.keys.alg, world.keys.document.kid)
    async with world.database.transaction() as tx:
        await blobs.put(tx, FONT)
        await tx.execute("UPDATE licence SET document = $1, font_hash = $2", octets, claims.font_sha256)


async def test_beside_a_rare_name_comes_its_font_and_beside_no_other(world: World, caller: Caller) -> None:
    officer, shop = await as_verifier(world, caller), await as_verifier(world, caller, VerifierKind.PUBLIC)
    assert done(await verify(officer, body(world)), 200)["font"] is None
    await named_rarely(world)
    for verifier in (officer, shop):
        said = done(
            await verify(
                verifier, body(world, f"again-{verifier is shop}", code=world.phone.show(world.now))
            ),
            200,
        )
        assert (said["holder"]["name"], unb64(said["font"])) == ("例𬭚", FONT)
    again = done(
        await verify(
            officer, body(world, "a replay", code=world.phone.show(world.now - timedelta(seconds=99)))
        ),
        200,
    )
    assert (again["holder"], again["font"]) == (None, None), "who hears no name is sent no font"


async def test_a_font_with_more_than_the_name_s_characters_is_not_sent(world: World, caller: Caller) -> None:
    await named_rarely(world, address="样本㛃路1号")
    said = done(await verify(await as_verifier(world, caller), body(world)), 200)
    assert (said["holder"]["name"], said["font"]) == ("例𬭚", None)


async def test_a_company_that_hears_no_name_is_sent_no_font(
    world: World, caller: Caller, clock: FixedClock
) -> None:
    await named_rarely(world)
    said = done(await verify(await as_company(world, caller, clock), body(world)), 200)
    assert (said["holder"], said["font"]) == ({"number": MASKED}, None)


async def test_a_suspended_driver_is_red_in_colour_icon_and_word(world: World, caller: Caller) -> None:
    officer = await as_verifier(world, caller)
    await world.change(status="D")
    answer = done(await verify(officer, body(world)), 200)
    assert (answer["outcome"], answer["tone"], answer["icon"]) == ("may_not_drive", "red", "✗")
    assert answer["reasons"][0]["status_letter"] == "D"
    assert "暂扣" in answer["reasons"][0]["words"]["zh"]


async def test_the_portrait_is_where_the_answer_says_for_five_minutes(
    world: World, caller: Caller, clock: FixedClock
) -> None:
    officer, other = await as_verifier(world, caller), await as_verifier(world, caller)
    path = done(await verify(officer, body(world)), 200)["portrait"]
    picture = await officer.get(path)
    assert (picture.status_code, picture.content) == (200, PORTRAIT)
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["cache-control"] == "no-store"
    refused(await other.get(path), 404, "not-found")
    refused(await officer.get(path.split("?")[0]), 422, "invalid")
    clock.advance(300)
    refused(await officer.get(path), 404, "not-found")


async def test_a_forgery_names_its_step_and_no_person(world: World, caller: Caller) -> None:
    officer = await as_verifier(world, caller)
    stranger = World(world.database, signers(name="stranger"))
    stranger.phone.keep(stranger.sign()[1])
    answer = done(await verify(officer, body(stranger)), 200)
    assert (answer["outcome"], answer["step"]["name"], answer["holder"]) == ("forged", "trusted issuer", None)
    assert answer["reasons"][0]["code"] == "unknown_issuer"


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"code": None}, "code"),
        ({"short_code": "12345678"}, "code"),
        ({"class": "C7"}, "class"),
        ({"request": "short"}, "request"),
        ({"code": None, "short_code": "1234"}, "short_code"),
    ],
)
async def test_a_wrong_body_is_told_its_place(
    world: World, caller: Caller, changed: dict[str, Any], place: str
) -> None:
    officer = await as_verifier(world, caller)
    problem = refused(await verify(officer, body(world, **changed)), 422, "invalid")
    assert problem["place"] == place


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b'{"request": "request-1", "code": 5}', 422),
        (b'{"request": "request-1", "code": "x", "extra": 1}', 422),
        (b'{"request": "request-1", "code": "' + b"A" * 1_000_000 + b'"}', 413),
        (b"[" * 5000 + b"]" * 5000, 422),
    ],
    ids=["empty", "cut", "array", "number", "unknown field", "a megabyte", "deep"],
)
async def test_a_body_that_is_no_question_is_refused(
    world: World, caller: Caller, octets: bytes, status: int
) -> None:
    officer = await as_verifier(world, caller)
    headers = officer.headers | {"Content-Type": "application/json"}
    answer = await officer.client.post("/verifier/verifications", content=octets, headers=headers)
    assert answer.status_code in (status, 400), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_is_no_code_is_an_answer_not_an_error(world: World, caller: Caller) -> None:
    officer = await as_verifier(world, caller)
    answer = done(await verify(officer, body(world, code="https://pay.example/LZ1:X")), 200)
    assert (answer["outcome"], answer["step"]["name"]) == ("unreadable", "decodes")
    assert "was not opened" in answer["step"]["why"]


@pytest.mark.parametrize("path", ["/verifier/me", "/verifier/verifications/vrf_x/portrait"])
async def test_without_a_verifier_s_token_nothing_is_answered(
    world: World, caller: Caller, path: str
) -> None:
    refused(await caller.get(path), 401, "not-authenticated")
    caller.headers = {"Authorization": "Bearer ver_x.y"}
    refused(await caller.get(path), 401, "not-authenticated")
    refused(await verify(caller, body(world)), 401, "not-authenticated")


async def test_a_holder_s_login_is_no_verifier_s_token_and_the_other_way_round(
    world: World, caller: Caller
) -> None:
    verifier = await as_verifier(world, caller)
    refused(await verifier.get("/holder/showings"), 401, "not-authenticated")
    await caller.arrive(MADE_UP[0])
    refused(await verify(caller, body(world)), 401, "not-authenticated")


async def test_who_am_i(world: World, caller: Caller) -> None:
    me = done(await (await as_verifier(world, caller)).get("/verifier/me"), 200)
    assert (me["name"], me["kind"]) == ("样本大队", "police")
    assert "roadside-check" in me["purposes"]


async def test_a_purpose_of_another_kind_is_forbidden(
    world: World, caller: Caller, clock: FixedClock
) -> None:
    for asks in (
        await as_company(world, caller, clock),
        await as_verifier(world, caller, VerifierKind.PUBLIC),
    ):
        refused(await verify(asks, body(world, purpose="roadside-check")), 403, "forbidden")


async def test_an_ended_verifier_learns_nothing_though_its_token_is_remembered(
    world: World, caller: Caller
) -> None:
    verifier, token = await add_verifier(world.database, "样本大队", VerifierKind.POLICE, world.now)
    caller.headers = {"Authorization": f"Bearer {token}"}
    done(await verify(caller, body(world)), 200)
    await end_verifier(world.database, verifier.id, world.now)
    refused(await verify(caller, body(world, "request-2")), 401, "not-authenticated")


async def test_a_verifier_has_a_budget_and_is_told_when_it_refills(
    world: World, caller: Caller, clock: FixedClock
) -> None:
    public = await as_verifier(world, caller, VerifierKind.PUBLIC)
    for number in range(30):
        done(await verify(public, body(world, f"request-{number}", code="LZ1:X")), 200)
    problem = refused(await verify(public, body(world, code="LZ1:X")), 429, "too-many")
    assert problem["retry_after_s"] == 2
    clock.advance(2)
    done(await verify(public, body(world, code="LZ1:X")), 200)


async def test_guessing_short_codes_is_slowed_to_nothing(world: World, caller: Caller) -> None:
    officer = await as_verifier(world, caller)
    answers = [
        await verify(officer, {"request": "request-1", "short_code": f"{number:08d}"}) for number in range(12)
    ]
    assert [answer.status_code for answer in answers] == [404] * 10 + [429] * 2


# --- the holder ---------------------------------------------------------------------------------------


async def test_the_holder_reads_out_eight_digits_and_sees_who_looked(world: World, caller: Caller) -> None:
    officer = await as_verifier(world, caller)
    await caller.arrive(MADE_UP[0])
    assert done(await caller.get("/holder/showings"), 200) == {"looks": [], "next": None}
    made = done(await caller.post("/holder/showings", {"code": world.phone.show(world.now)}), 201)
    asked = {"request": "request-1", "short_code": made["short_code"]}
    assert done(await verify(officer, asked), 200)["outcome"] == "valid"
    refused(await verify(officer, asked | {"request": "request-2"}), 404, "not-found")
    (look,) = done(await caller.get("/holder/showings"), 200)["looks"]
    assert (look["verifier"], look["verifier_kind"], look["purpose"]) == (
        "样本大队",
        "police",
        "roadside-check",
    )
    assert look["portrait_seen"] is False
    page = await caller.get("/holder/showings", params={"before": look["shown_at"]})
    assert done(page, 200) == {"looks": [], "next": None}


async def test_every_look_is_on_the_holder_s_list_by_code_by_digits_and_at_the_portrait(
    world: World, caller: Caller, clock: FixedClock
) -> None:
    officer, company = (
        await as_verifier(world, caller),
        await as_company(world, caller, clock),
    )
    await caller.arrive(MADE_UP[0])
    # 1. A code scanned by an officer, who opens the portrait. 2. Digits read out to a company.
    verdict = done(await verify(officer, body(world)), 200)
    assert (await officer.get(verdict["portrait"])).status_code == 200
    clock.advance(1)
    shown = {"code": world.phone.show(clock.now())}
    digits = done(await caller.post("/holder/showings", shown), 201)["short_code"]
    done(await verify(company, {"request": "request-2", "short_code": digits}), 200)
    looks = done(await caller.get("/holder/showings"), 200)["looks"]
    assert [(look["verifier_kind"], look["portrait_seen"]) for look in looks] == [
        ("company", False),
        ("police", True),
    ]
    assert looks[1]["verification"] == verdict["verification"]
    # An attempt that disclosed nobody is no look at this holder.
    done(await verify(officer, body(world, "request-3", code="LZ1:X")), 200)
    assert len(done(await caller.get("/holder/showings"), 200)["looks"]) == 2


async def test_the_same_post_again_gives_the_same_digits(world: World, caller: Caller) -> None:
    await caller.arrive(MADE_UP[0])
    asked, headers = {"code": world.phone.show(world.now)}, {"Idempotency-Key": "a-key-of-mine"}
    first, again = [
        done(await caller.post("/holder/showings", asked, headers=headers), 201) for _ in range(2)
    ]
    assert first == again


async def test_nobody_gets_digits_for_another_s_code_or_sees_who_looked_at_them(
    world: World, caller: Caller
) -> None:
    officer = await as_verifier(world, caller)
    done(await verify(officer, body(world)), 200)
    await caller.arrive(MADE_UP[1])
    refused(await caller.post("/holder/showings", {"code": world.phone.show(world.now)}), 403, "forbidden")
    assert done(await caller.get("/holder/showings"), 200) == {"looks": [], "next": None}


async def test_a_stale_code_gets_no_digits_and_the_step_is_named(world: World, caller: Caller) -> None:
    await caller.arrive(MADE_UP[0])
    code = world.phone.show(world.now - timedelta(seconds=91))
    assert (
        refused(await caller.post("/holder/showings", {"code": code}), 400, "not-verified")["place"]
        == "fresh"
    )


async def test_digits_are_made_a_few_times_a_minute(world: World, caller: Caller) -> None:
    await caller.arrive(MADE_UP[0])
    answers = [await caller.post("/holder/showings", {"code": world.phone.show(world.now)}) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [201] * 6 + [429]
