"""What a stolen login must not do alone: it asks for a password or a passkey of the last minutes."""

from __future__ import annotations

from dataclasses import replace

import httpx

from tests.accounts.authenticator import Authenticator
from tests.accounts.people import PASSWORD, MadeUp
from tests.api.conftest import SmallWiring
from tests.api.phone import Phone, done, refused

PROOFS = "/holder/sessions/current/proofs"


async def stolen(phone: Phone, person: MadeUp, wiring: SmallWiring, later_s: int) -> dict[str, str]:
    """Paths of a phone key, a passkey and another login, in a login that is `later_s` seconds old."""
    wiring.settings = replace(wiring.settings, hosts=("lz.example",))
    await phone.arrive(person)
    bound = await phone.bind()
    options = done(await phone.post("/holder/passkeys/challenges", {"password": PASSWORD}), 201)["options"]
    body = {"label": "钥匙", "credential": Authenticator().create(options)}
    passkey = done(await phone.post("/holder/passkeys", body), 201)
    await phone.another().log_in(person)
    listed = done(await phone.get("/holder/sessions"), 200)["sessions"]
    (other,) = [login["session_id"] for login in listed if not login["current"]]
    wiring.clock.advance(later_s)
    return {
        "one login": f"/holder/sessions/{other}",
        "a phone key": f"/holder/phone-keys/{bound['phone_key_id']}",
        "a passkey": f"/holder/passkeys/{passkey['passkey_id']}",
        "all logins": "/holder/sessions",
    }


async def removed(phone: Phone, paths: dict[str, str]) -> list[httpx.Response]:
    return [await phone.delete(path) for path in paths.values()]


async def test_an_old_login_ends_nothing_until_the_password_is_shown(
    phone: Phone, person: MadeUp, wiring: SmallWiring
) -> None:
    paths = await stolen(phone, person, wiring, 301)
    for answer in await removed(phone, paths):
        assert refused(answer, 403, "forbidden")["place"] == "proof"
    refused(await phone.post(PROOFS, {"password": "no"}), 400, "not-verified")
    for body in ({}, {"password": PASSWORD, "passkey": {}}):
        refused(await phone.post(PROOFS, body), 422, "invalid")
    assert (await phone.delete(paths["a phone key"])).status_code == 403, "a refused proof is none"
    assert (await phone.post(PROOFS, {"password": PASSWORD})).status_code == 204
    assert [answer.status_code for answer in await removed(phone, paths)] == [204, 200, 204, 200]


async def test_a_login_of_the_last_minutes_is_proof_enough_and_a_proof_grows_old(
    phone: Phone, person: MadeUp, wiring: SmallWiring
) -> None:
    paths = await stolen(phone, person, wiring, 300)
    assert (await phone.delete(paths["a phone key"])).status_code == 200
    assert (await phone.post(PROOFS, {"password": PASSWORD})).status_code == 204
    wiring.clock.advance(301)
    assert (await phone.delete(paths["a passkey"])).status_code == 403


async def test_the_proof_of_one_login_is_not_anothers(
    phone: Phone, person: MadeUp, wiring: SmallWiring
) -> None:
    paths = await stolen(phone, person, wiring, 301)
    owner = phone.another()
    await owner.log_in(person)
    assert (await owner.post(PROOFS, {"password": PASSWORD})).status_code == 204
    assert (await phone.delete(paths["a passkey"])).status_code == 403


async def test_an_old_login_ends_itself(phone: Phone, person: MadeUp, wiring: SmallWiring) -> None:
    await stolen(phone, person, wiring, 301)
    listed = done(await phone.get("/holder/sessions"), 200)["sessions"]
    (own,) = [login["session_id"] for login in listed if login["current"]]
    assert (await phone.delete(f"/holder/sessions/{own}")).status_code == 204
