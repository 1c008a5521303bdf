"""Who knows a name and an identity number knows what is no secret: it opens no licence, no portrait, no record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from liangzheng import accounts
from liangzheng.kernel.ids import HeldActId, PersonId
from liangzheng.kernel.people import Mobile
from tests.accounts.people import PASSWORD
from tests.api.phone import Phone, done, refused
from tests.licences.holders import Deployment, Holder


async def closed(place: Deployment) -> Holder:
    """A holder with a licence who has closed their account: the driver is nobody's again."""
    await place.open_city()
    holder = await place.holder()
    await holder.apply()
    assert await place.issue() == 1
    asked = done(await holder.phone.post("/holder/account-closings", {"password": PASSWORD}), 202)
    async with place.world.database.transaction() as tx:
        (row,) = await tx.fetch("SELECT person_id FROM held_act")
        act = HeldActId.parse(asked["held_act_id"])
        await accounts.owner_noticed(tx, PersonId(row["person_id"]), act, place.now)
    place.clock.advance(place.wiring.account_policy.closing_hold_s)
    assert await accounts.complete_held(place.world.database, place.wiring.key_index, place.now) == 1
    await place.drain()
    return holder


async def stranger(place: Deployment, holder: Holder) -> Phone:
    """Somebody with another mobile who registers with the holder's name and number, and shows no face."""
    phone = place.phone.another()
    person = replace(holder.person, mobile=Mobile("13900009999"))
    assert (await phone.register(person))["level"] == 1
    await phone.log_in(person)
    return phone


@pytest.mark.parametrize("path", ["/holder/licence", "/holder/licence/photo", "/holder/showings"])
async def test_a_stranger_reads_nothing_of_the_licence(place: Deployment, path: str) -> None:
    phone = await stranger(place, await closed(place))
    assert (await phone.get(path)).status_code in (403, 404)


async def test_a_stranger_gets_no_status(place: Deployment) -> None:
    phone = await stranger(place, await closed(place))
    assert (await phone.post("/holder/licence/snapshot")).status_code == 404


async def test_a_copy_of_ones_own_data_is_no_way_around(place: Deployment) -> None:
    phone = await stranger(place, await closed(place))
    copy = done(await phone.post("/holder/data-exports"), 200)
    assert (copy["licence"], copy["applications"], copy["looks"]) == (None, [], [])
    assert done(await phone.get("/holder/applications"), 200)["applications"] == []


async def test_the_holder_who_comes_back_and_shows_their_face_has_it_all(place: Deployment) -> None:
    holder = await closed(place)
    phone = await stranger(place, holder)
    await phone.pass_face_check("apply")
    assert done(await phone.get("/holder/licence"), 200)["version"] == 1
    assert done(await phone.post("/holder/data-exports"), 200)["licence"] is not None


async def test_a_stranger_uses_up_no_photos_of_the_driver(place: Deployment) -> None:
    phone = await stranger(place, await closed(place))
    body = {"source": "camera", "picture": "AA"}
    refused(
        await phone.post("/holder/photos", body, headers={"Idempotency-Key": "a-key-of-a-stranger"}),
        403,
        "forbidden",
    )
