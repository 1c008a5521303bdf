from __future__ import annotations

import asyncio
from typing import Any

import pytest

from liangzheng.kernel.ids import PhoneKeyId
from liangzheng.standards.keys import Alg, SoftwareSigner
from tests.accounts.people import MadeUp
from tests.api.conftest import SmallWiring
from tests.api.phone import Phone, b64, done, refused, unb64


async def live(phone: Phone) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = done(await phone.get("/holder/phone-keys"), 200)["phone_keys"]
    return found


async def test_a_phone_is_bound_and_listed(phone: Phone, person: MadeUp) -> None:
    await phone.arrive(person)
    signer = SoftwareSigner.generate(Alg.ES256)
    bound = await phone.bind(signer=signer)
    assert unb64(bound["public_key"]) == signer.public_key.compressed
    assert (bound["slot"], bound["label"], bound["ended_at"]) == (1, "红色手机", None)
    assert await live(phone) == [bound]


async def test_what_is_signed_is_written_down_for_phones(phone: Phone, person: MadeUp) -> None:
    await phone.arrive(person)
    challenge = done(await phone.post("/holder/phone-keys/challenges"), 201)
    message = unb64(challenge["to_be_signed"])
    assert message[:47] == b"LZ-PHONE-KEY-1\x00" + unb64(challenge["nonce"])
    assert len(message) == 63
    assert challenge["expires_at"] == "2026-11-20T02:02:00Z"


async def test_a_level_one_login_binds_nothing(phone: Phone, person: MadeUp) -> None:
    await phone.register(person)
    await phone.log_in(person)
    body = refused(await phone.post("/holder/phone-keys/challenges"), 403, "forbidden")
    assert body["rule"] == "at least 2"


async def test_of_four_phones_at_once_three_are_bound(phone: Phone, person: MadeUp) -> None:
    await phone.arrive(person)
    bodies = [await phone.binding() for _ in range(4)]
    answers = await asyncio.gather(*(phone.post("/holder/phone-keys", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409]
    assert [key["slot"] for key in await live(phone)] == [1, 2, 3]


async def test_a_full_account_replaces_one(phone: Phone, person: MadeUp) -> None:
    await phone.arrive(person)
    keys = [await phone.bind() for _ in range(3)]
    refused(await phone.post("/holder/phone-keys", await phone.binding()), 409, "conflict")
    new = await phone.bind(replaces=keys[0]["phone_key_id"])
    assert new["slot"] == 1
    assert [key["phone_key_id"] for key in await live(phone)] == [
        new["phone_key_id"], keys[1]["phone_key_id"], keys[2]["phone_key_id"],
    ]  # fmt: skip


async def test_an_ended_phone_is_gone_and_ending_it_again_says_the_same(phone: Phone, person: MadeUp) -> None:
    await phone.arrive(person)
    bound = await phone.bind()
    path = f"/holder/phone-keys/{bound['phone_key_id']}"
    ended = done(await phone.delete(path), 200)
    assert ended["ended_at"] == "2026-11-20T02:00:00Z"
    assert done(await phone.delete(path), 200) == ended
    assert await live(phone) == []


async def test_a_strangers_phone_is_not_there(phone: Phone, person: MadeUp, other: MadeUp) -> None:
    await phone.arrive(person)
    bound = await phone.bind()
    stranger = await phone.another().arrive(other)
    for key_id in (bound["phone_key_id"], str(PhoneKeyId.new())):
        refused(await stranger.delete(f"/holder/phone-keys/{key_id}"), 404, "not-found")
        refused(
            await stranger.post("/holder/phone-keys", await stranger.binding(replaces=key_id)),
            404,
            "not-found",
        )
    assert await live(phone) == [bound]


async def test_a_binding_made_for_one_person_does_not_serve_another(
    phone: Phone, person: MadeUp, other: MadeUp
) -> None:
    """Every part in turn comes from somebody else's binding."""
    await phone.arrive(person)
    stranger = await phone.another().arrive(other)
    theirs = await phone.binding()
    for part in ("nonce", "signature", "face_check", "public_key"):
        mine = await stranger.binding()
        answer = await stranger.post("/holder/phone-keys", {**mine, part: theirs[part]})
        assert answer.status_code in (400, 404), (part, answer.text)
    assert await live(stranger) == []


SPOILT: list[tuple[dict[str, Any], int, str]] = [
    ({"public_key": ""}, 422, "public_key"),
    ({"public_key": b64(b"\x02" + b"\xff" * 32)}, 422, "public_key"),
    ({"public_key": "=="}, 422, "body.public_key"),
    (
        {"public_key": b64(SoftwareSigner.generate(Alg.ES256).public_key.compressed)},
        400,
        "proof of possession",
    ),
    ({"signature": ""}, 400, "proof of possession"),
    ({"signature": b64(b"\0" * 64)}, 400, "proof of possession"),
    ({"signature": b64(b"\xff" * 64)}, 400, "proof of possession"),
    ({"nonce": b64(b"n" * 32)}, 400, "proof of possession"),
    ({"nonce": ""}, 400, "proof of possession"),
    ({"label": ""}, 422, "label"),
    ({"label": "x" * 41}, 422, "label"),
    ({"label": "a\u202eb"}, 422, "label"),
    ({"label": 5}, 422, "body.label"),
    ({"face_check": "x"}, 422, "FaceCheckId"),
    ({"face_check": "fch_00000000000000000000000000"}, 404, ""),
    ({"replaces": "x"}, 422, "PhoneKeyId"),
    ({"replaces": "pky_00000000000000000000000000"}, 404, ""),
    ({"person_id": "per_00000000000000000000000000"}, 422, "body.person_id"),
    ({"driver_id": "drv_00000000000000000000000000"}, 422, "body.driver_id"),
    ({"slot": 2}, 422, "body.slot"),
]


@pytest.mark.parametrize(("changed", "status", "place"), SPOILT, ids=[str(n) for n in range(len(SPOILT))])
async def test_a_spoilt_binding_is_refused_and_the_unspoilt_one_still_good(
    phone: Phone, person: MadeUp, changed: dict[str, Any], status: int, place: str
) -> None:
    await phone.arrive(person)
    good = await phone.binding()
    answer = await phone.post("/holder/phone-keys", {**good, **changed})
    assert (answer.status_code, answer.json().get("place", "")) == (status, place), answer.text
    assert done(await phone.post("/holder/phone-keys", good), 201)["slot"] == 1


async def test_a_repeated_binding_is_one_key_one_answer_and_one_event(
    phone: Phone, wiring: SmallWiring, person: MadeUp
) -> None:
    await phone.arrive(person)
    body = await phone.binding()
    key = {"Idempotency-Key": "0123456789abcdef"}
    answers = await asyncio.gather(*(phone.post("/holder/phone-keys", body, headers=key) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    refused(await phone.post("/holder/phone-keys", {**body, "label": "x"}, headers=key), 409, "conflict")
    async with wiring.database.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM outbox") == 1
