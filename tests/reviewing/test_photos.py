"""What only reviews of photos have: two pictures, a licence at the end, replacements; and who a reviewer is."""

from __future__ import annotations

import pytest

from tests.api.phone import done, refused
from tests.licences import photos
from tests.licences.holders import Deployment
from tests.reviewing.kinds import KINDS, Bench, Console


@pytest.fixture
async def bench(place: Deployment) -> Bench:
    await place.open_city()
    return Bench(place, KINDS[0])


async def test_a_reviewer_takes_looks_and_approves_and_the_licence_is_issued(bench: Bench) -> None:
    named = str((await bench.waiting(1))[0][1])
    console = Console(bench, await bench.reviewer())
    [waiting] = done(await console.get(), 200)["reviews"]
    assert (waiting["application_id"], waiting["origin"], waiting["late"]) == (named, "holder", False)
    assert [doubt["code"] for doubt in waiting["doubts"]] == ["face_not_checked"]
    assert (waiting["facts"]["width"], waiting["facts"]["faces"]) == (520, None)
    taken = done(await console.take(), 200)
    assert taken["application_id"] == named and taken["in_hand_until"]
    for picture in await console.looks(named):
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
        assert picture.content[:2] == b"\xff\xd8" and picture.headers["cache-control"] == "no-store"
    assert done(await console.decide(named), 200)["outcome"] == "approved"
    assert await bench.place.issue() == 1
    assert "decided" in refused(await console.decide(named), 409, "conflict")["detail"]


async def test_without_an_archived_photo_the_new_one_stands_alone(bench: Bench) -> None:
    named = str((await bench.waiting(1, portrait_hash=None))[0][1])
    console = Console(bench, await bench.reviewer())
    done(await console.take(), 200)
    assert (await console.get(f"/{named}/new")).status_code == 200
    refused(await console.get(f"/{named}/archived"), 404, "not-found")
    refused(await console.get(f"/{named}/other"), 404, "not-found")


async def test_a_replacement_says_so(bench: Bench) -> None:
    holder = await bench.place.holder()
    await holder.apply()
    await bench.place.issue()
    asked = (await photos.replace(holder))["application_id"]
    console = Console(bench, await bench.reviewer())
    [review] = done(await console.get(), 200)["reviews"]
    assert (review["application_id"], review["origin"]) == (asked, "photo")


async def test_the_link_is_neither_the_number_nor_what_it_is_looked_up_by(bench: Bench) -> None:
    place, holder = bench.place, await bench.place.holder()
    await (await bench.reviewer()).link(holder.person.identity)
    [member] = await place.world.rows("staff")
    link = bytes(member["person_link"])  # type: ignore[call-overload]
    known = [bytes(row["key_hash"]) for row in await place.world.rows("key_index")]  # type: ignore[call-overload]
    assert len(link) == 16 and known and link not in known
    linked = await bench.entries("staff.linked")
    assert len(linked) == 1 and holder.person.identity.value not in str(linked)
