"""The licence on the phone: document, credentials, snapshots; and what is published for everybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from liangzheng import drivers
from liangzheng.drivers import StandingChange
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.status import Status
from liangzheng.licences.store import lists
from liangzheng.standards import cbor
from liangzheng.standards.livecode import Verifier, build_code, open_document
from liangzheng.standards.statuslist import StatusList, verify_status_list
from liangzheng.standards.trust import TrustBundle
from tests.api.phone import done, refused, unb64
from tests.licences.holders import Deployment, Holder
from tests.licences.world import PORTRAIT


async def issued(place: Deployment, **columns: object) -> Holder:
    holder = await place.holder(**columns)
    await place.open_city()
    await holder.apply()
    assert await place.issue() == 1
    return holder


async def suspend(place: Deployment, holder: Holder, letters: str) -> None:
    async with place.world.database.transaction() as tx:
        change = StandingChange(status=Status.parse(letters))
        await drivers.change_standing(tx, holder.driver_id, change, "test", place.now)
    await place.drain()


async def bundle(place: Deployment) -> TrustBundle:
    answer = await place.phone.get("/open/trust-bundle")
    assert answer.status_code == 200
    return TrustBundle.load(answer.content, place.wiring.trust().root)


async def test_what_the_phone_gets_a_stranger_verifies(place: Deployment) -> None:
    holder = await issued(place)
    found = await holder.licence()
    snapshot = unb64(done(await holder.phone.post("/holder/licence/snapshot"), 200)["snapshot"])
    credential = unb64(found["credentials"][0]["credential"])
    code = build_code(credential, snapshot, int(place.now.timestamp()), bytes(8), holder.signer)
    trust = await bundle(place)
    verified = Verifier(trust).verify(code, place.now)
    assert verified.standing is not None and verified.standing.may_drive
    document = open_document(unb64(found["file"]), trust)
    assert document.belongs_to(verified.claims)
    assert document.portrait == PORTRAIT
    assert (document.claims.authority, document.claims.authority_name) == ("苏E", "苏州市")
    assert document.claims.resident_address


async def test_a_snapshot_says_what_the_register_says_at_that_moment(place: Deployment) -> None:
    holder = await issued(place)
    async with place.world.database.transaction() as tx:
        change = StandingChange(status=Status.parse("D"), points=9)
        await drivers.change_standing(tx, holder.driver_id, change, "test", place.now)
    # No event was handled yet: the snapshot reads the register itself.
    taken = done(await holder.phone.post("/holder/licence/snapshot"), 200)
    found = await holder.licence()
    code = build_code(
        unb64(found["credentials"][0]["credential"]),
        unb64(taken["snapshot"]),
        int(place.now.timestamp()),
        bytes(8),
        holder.signer,
    )
    standing = Verifier(await bundle(place)).verify(code, place.now).standing
    assert standing is not None
    assert (standing.status, standing.points, standing.may_drive) == ("D", 9, False)
    assert taken["amber_after_s"] == 24 * 3600


async def test_who_has_no_licence_gets_no_snapshot_and_no_document(place: Deployment) -> None:
    holder = await place.holder()
    refused(await holder.phone.get("/holder/licence"), 404, "not-found")
    refused(await holder.phone.post("/holder/licence/snapshot"), 404, "not-found")


async def test_a_withdrawn_licence_is_gone_from_the_phone(place: Deployment) -> None:
    holder = await issued(place)
    await suspend(place, holder, "F")
    refused(await holder.phone.get("/holder/licence"), 404, "not-found")
    refused(await holder.phone.post("/holder/licence/snapshot"), 404, "not-found")


async def test_a_suspended_licence_stays_and_says_so(place: Deployment) -> None:
    holder = await issued(place)
    await suspend(place, holder, "D")
    assert (await holder.licence())["version"] == 1


async def test_a_further_phone_gets_a_credential_of_its_own(place: Deployment) -> None:
    holder = await issued(place)
    second = await holder.phone.bind()
    body, key = {"phone_key": second["phone_key_id"]}, place.key()
    asked = [
        done(await holder.phone.post("/holder/licence/credentials", body, headers=key), 202) for _ in range(2)
    ]
    assert asked[0] == asked[1]
    states = [credential["state"] for credential in (await holder.licence())["credentials"]]
    assert states == ["live", "on_its_way"]
    await place.issue()
    credentials = (await holder.licence())["credentials"]
    assert [credential["state"] for credential in credentials] == ["live", "live"]
    assert credentials[1]["phone_key_id"] == second["phone_key_id"]
    assert credentials[0]["credential"] != credentials[1]["credential"]


async def test_a_phone_that_has_the_licence_does_not_get_it_twice(place: Deployment) -> None:
    holder = await issued(place)
    body = {"phone_key": holder.phone_key}
    answer = await holder.phone.post("/holder/licence/credentials", body, headers=place.key())
    refused(answer, 409, "conflict")


async def test_a_phone_of_somebody_else_does_not_get_it(place: Deployment) -> None:
    holder, other = await issued(place), await place.holder()
    body = {"phone_key": other.phone_key}
    answer = await holder.phone.post("/holder/licence/credentials", body, headers=place.key())
    refused(answer, 404, "not-found")


async def test_a_phone_that_was_removed_loses_the_licence(place: Deployment) -> None:
    holder = await issued(place)
    done(await holder.phone.delete(f"/holder/phone-keys/{holder.phone_key}"), 200)
    await place.drain()
    assert (await holder.licence())["credentials"] == []


async def test_the_status_list_says_what_became_of_each_credential(place: Deployment) -> None:
    kept, suspended, revoked = [await issued(place) for _ in range(3)]
    places = {
        holder.driver_id: row
        for holder in (kept, suspended, revoked)
        for row in await place.world.rows("status_entry", holder.driver_id)
    }
    await suspend(place, suspended, "D")
    await suspend(place, revoked, "F")
    place.clock.advance(6)
    answer = await place.phone.get("/open/status-lists/1")
    assert answer.headers["content-type"] == "application/statuslist+cwt"
    token = verify_status_list(
        answer.content, await bundle(place), "/open/status-lists/1", place.now.timestamp()
    )
    values = [
        token.status_list[int(str(places[holder.driver_id]["list_index"]))]
        for holder in (kept, suspended, revoked)
    ]
    assert values == [0, 2, 1]
    assert len(token.status_list) == 1 << 20


async def test_a_list_is_signed_again_only_when_something_changed_or_time_ran(place: Deployment) -> None:
    holder = await issued(place)
    first = await place.phone.get("/open/status-lists/1")
    again = await place.phone.get("/open/status-lists/1", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    place.clock.advance(10)
    assert (await place.phone.get("/open/status-lists/1")).content == first.content
    await suspend(place, holder, "D")
    place.clock.advance(10)
    changed = await place.phone.get("/open/status-lists/1")
    assert changed.content != first.content
    place.clock.advance(timedelta(minutes=6).total_seconds())
    assert (await place.phone.get("/open/status-lists/1")).content != changed.content


async def test_all_lists_come_in_one_answer(place: Deployment) -> None:
    assert (await place.phone.get("/open/status-lists")).json() == {"octets": 0, "lists": []}
    nothing = await place.phone.get("/open/status-lists/sequence")
    assert (nothing.status_code, nothing.content) == (200, b"")
    await issued(place)
    await second_list(place)
    offered = (await place.phone.get("/open/status-lists")).json()
    assert [each["number"] for each in offered["lists"]] == [1, 2]
    trust = await bundle(place)
    for asked, numbers in {"": [1, 2], "?lists=1-2": [1, 2], "?lists=1,2": [1, 2], "?lists=2": [2]}.items():
        answer = await place.phone.get(f"/open/status-lists/sequence{asked}")
        assert answer.headers["content-type"] == "application/cbor-seq"
        found = items(answer.content, len(numbers))
        assert [number for number, _, _ in found] == numbers
        for number, version, octets in found:
            uri = f"/open/status-lists/{number}"
            assert len(verify_status_list(octets, trust, uri, place.now.timestamp()).status_list) == 1 << 20
            assert version == offered["lists"][number - 1]["version"]
            assert octets == (await place.phone.get(uri)).content
    # What was signed once has its weight; the guess before was near it.
    weighed = (await place.phone.get("/open/status-lists")).json()
    assert weighed["octets"] == len((await place.phone.get("/open/status-lists/sequence")).content) - 2 * 6
    assert weighed["octets"] / 1.5 < offered["octets"] < weighed["octets"] * 1.5


async def test_the_lists_say_when_there_is_something_new(place: Deployment) -> None:
    holder = await issued(place)
    first = await place.phone.get("/open/status-lists")
    again = await place.phone.get("/open/status-lists", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    place.clock.advance(10)
    await suspend(place, holder, "D")
    changed = await place.phone.get("/open/status-lists", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    [before], [after] = first.json()["lists"], changed.json()["lists"]
    assert (after["version"], after["changed_at"] > before["changed_at"]) == (before["version"] + 1, True)


async def test_lists_are_asked_for_in_one_form(place: Deployment) -> None:
    await issued(place)
    await second_list(place)
    for text in (
        "",
        "0",
        "01",
        "x",
        "1-",
        "-1",
        "2-1",
        "2,1",
        "1,1",
        "1-2,2",
        "1 ,2",
        "+1",
        "1--2",
        "\u0661",
    ):
        answer = await place.phone.client.get("/open/status-lists/sequence", params={"lists": text})
        refused(answer, 422, "invalid")
    for text in ("3", "1-3", "1-999999999", "999999999"):
        answer = await place.phone.client.get("/open/status-lists/sequence", params={"lists": text})
        refused(answer, 404, "not-found")


async def test_a_list_whose_values_stay_is_signed_again_without_being_packed(
    place: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = await issued(place)
    await suspend(place, holder, "D")
    place.clock.advance(6)
    trust, uri = await bundle(place), "/open/status-lists/1"
    first = verify_status_list((await place.phone.get(uri)).content, trust, uri, place.now.timestamp())
    monkeypatch.setattr(StatusList, "compressed", None)
    place.clock.advance(301)
    again = verify_status_list((await place.phone.get(uri)).content, trust, uri, place.now.timestamp())
    assert again.status_list == first.status_list
    assert again.iat == first.iat + 301


async def second_list(place: Deployment) -> None:
    """A second list, without an entry."""
    async with place.world.database.transaction() as tx:
        assert await lists.open_list(tx, 1, b"s" * 16, place.now)


def items(octets: bytes, count: int) -> list[Any]:
    """What a sequence of `count` lists holds: fewer than 24, so an array of them has a head of one octet."""
    found: list[Any] = cbor.decode(bytes((0x80 | count,)) + octets)
    return found


async def test_a_list_that_was_never_opened_is_not_there(place: Deployment) -> None:
    for name in ("1", "0", "01", "x", "99999999999"):
        assert (await place.phone.get(f"/open/status-lists/{name}")).status_code == 404


async def test_the_trust_bundle_is_the_one_the_root_signed_and_comes_once(place: Deployment) -> None:
    answer = await place.phone.get("/open/trust-bundle")
    assert answer.content == place.wiring.trust.published()[1]
    again = await place.phone.get("/open/trust-bundle", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_everybody_may_ask_what_is_open(place: Deployment) -> None:
    path = "/open/rollout?authority=苏E"
    assert done(await place.phone.get(path), 200)["opening"] == "not_open"
    await place.open_city()
    found = done(await place.phone.get(path), 200)
    assert (found["opening"], found["since"], found["authority_name"]) == ("open", "2026-11-20", "苏州市")
    assert done(await place.phone.get(path + "&day=2026-11-19"), 200)["opens_on"] == "2026-11-20"
    refused(await place.phone.get(path + "&measure=flying-cars"), 422, "invalid")
    refused(await place.phone.get("/open/rollout?authority=外A"), 404, "not-found")


async def test_the_api_process_cannot_reach_a_document_signer(place: Deployment) -> None:
    with pytest.raises(Unavailable):
        _ = place.wiring.document_signers
