"""The reviewers' routes over HTTP, with an authenticator of the tests in the place of staff logins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from liangzheng import audit, licences, staff
from liangzheng.api.app import dress
from liangzheng.api.auth import bearer_token
from liangzheng.api.frame import Limits
from liangzheng.api.staff import callers, photo_reviews
from liangzheng.kernel.errors import NotAuthenticated
from liangzheng.kernel.ids import ApplicationId, StaffId, StaffSessionId, VerifierId
from liangzheng.kernel.people import CitizenNumber, IdentityNumber
from liangzheng.kernel.time import civil_day
from liangzheng.licences import PhotoReason, ReviewDesk
from liangzheng.staff import Duty, HeldDuty, Officer, Region, StaffNumber
from tests.api.phone import done, refused
from tests.licences import photos
from tests.licences.conftest import key_room, place, world
from tests.licences.holders import Deployment
from tests.licences.photos import apply_with_own

__all__ = ["key_room", "place", "world"]

DESKS = {
    "first-reviewer": ReviewDesk(audit.Actor("staff", VerifierId(UUID(int=1)))),
    "second-reviewer": ReviewDesk(audit.Actor("staff", VerifierId(UUID(int=2)))),
    "nanjing": ReviewDesk(audit.Actor("staff", VerifierId(UUID(int=3))), frozenset({"苏A"})),
}


async def reviewer_by_token(request: Request) -> ReviewDesk:
    desk = DESKS.get(bearer_token(request))
    if desk is None:
        raise NotAuthenticated("nobody of the tests")
    return desk


class Console:
    """One reviewer's terminal."""

    def __init__(self, app: FastAPI, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://staff", headers=headers
        )

    async def get(self, path: str = "") -> httpx.Response:
        return await self.client.get(f"/staff/photo-reviews{path}")

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.client.post(f"/staff/photo-reviews{path}", json=body, headers=headers)


@pytest.fixture
def app(place: Deployment, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    app = FastAPI(redirect_slashes=False)
    app.state.wiring = place.wiring
    monkeypatch.setattr(photo_reviews, "desk_of", reviewer_by_token)
    return dress(app, photo_reviews.router.routes, place.clock, Limits())


async def submitted(place: Deployment) -> str:
    holder = await place.holder()
    return str((await apply_with_own(holder))["application_id"])


async def test_a_reviewer_takes_looks_and_approves_and_the_licence_is_issued(
    place: Deployment, app: FastAPI
) -> None:
    await place.open_city()
    application = await submitted(place)
    console = Console(app, "first-reviewer")
    [waiting] = done(await console.get(), 200)["reviews"]
    assert (waiting["application_id"], waiting["origin"], waiting["late"]) == (application, "holder", False)
    assert [doubt["code"] for doubt in waiting["doubts"]] == ["face_not_checked"]
    assert (waiting["facts"]["width"], waiting["facts"]["faces"]) == (520, None)
    taken = done(await console.post("/take", {}), 200)
    assert taken["application_id"] == application and taken["in_hand_until"]
    for which in ("new", "archived"):
        picture = await console.get(f"/{application}/{which}")
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
        assert picture.content[:2] == b"\xff\xd8" and picture.headers["cache-control"] == "no-store"
    decided = done(await console.post(f"/{application}/decision", {"decision": "approve"}), 200)
    assert decided["outcome"] == "approved"
    assert await place.issue() == 1
    again = await console.post(f"/{application}/decision", {"decision": "approve"})
    assert "decided" in refused(again, 409, "conflict")["detail"]


async def test_the_same_decision_with_the_same_key_is_answered_alike(place: Deployment, app: FastAPI) -> None:
    await place.open_city()
    application = await submitted(place)
    console = Console(app, "first-reviewer")
    done(await console.post("/take", {}), 200)
    key, body = {"Idempotency-Key": "decision-1"}, {"decision": "refuse", "reasons": ["glasses"]}
    answers = [done(await console.post(f"/{application}/decision", body, key), 200) for _ in range(2)]
    assert answers[0] == answers[1] and answers[0]["outcome"] == "refused"
    other = {"decision": "approve"}
    refused(await console.post(f"/{application}/decision", other, key), 409, "conflict")


async def test_who_is_not_logged_in_as_staff_is_a_stranger(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    refused(await Console(app, "first-reviewer").get(), 401, "not-authenticated")


async def test_nobody_is_named_before_or_after(place: Deployment, app: FastAPI) -> None:
    await place.open_city()
    await submitted(place)
    text = (await Console(app, "first-reviewer").get()).text
    [driver] = await place.world.rows("driver")
    assert not {str(driver["name"]), str(driver["document_number"])} & set(text.split(chr(34)))


async def test_a_second_reviewer_hears_conflict_and_another_region_nothing(
    place: Deployment, app: FastAPI
) -> None:
    await place.open_city()
    application = await submitted(place)
    first, second, nanjing = (Console(app, token) for token in DESKS)
    done(await first.post("/take", {"application_id": application}), 200)
    refused(await second.post("/take", {"application_id": application}), 409, "conflict")
    refused(await second.post("/take", {}), 404, "not-found")
    refused(await second.get(f"/{application}/new"), 409, "conflict")
    refused(await second.post(f"/{application}/decision", {"decision": "approve"}), 409, "conflict")
    assert done(await nanjing.get(), 200)["reviews"] == []
    for path in (f"/{application}/new", f"/{application}/archived"):
        refused(await nanjing.get(path), 404, "not-found")
    refused(await nanjing.post(f"/{application}/decision", {"decision": "approve"}), 404, "not-found")
    assert (await first.post(f"/{application}/put-back", None)).status_code == 204
    done(await second.post("/take", {}), 200)


@pytest.mark.parametrize(
    "body",
    [
        {"decision": "refuse"},
        {"decision": "refuse", "reasons": []},
        {"decision": "refuse", "reasons": ["because"]},
        {"decision": "refuse", "reasons": [reason.value for reason in PhotoReason][:6]},
        {"decision": "approve", "reasons": ["glasses"]},
        {"decision": "refuse", "reasons": ["glasses"], "note": "typed freely"},
        {"decision": "perhaps"},
    ],
)
async def test_a_decision_that_says_too_little_or_too_much_is_refused(
    place: Deployment, app: FastAPI, body: dict[str, Any]
) -> None:
    await place.open_city()
    application = await submitted(place)
    console = Console(app, "first-reviewer")
    done(await console.post("/take", {}), 200)
    refused(await console.post(f"/{application}/decision", body), 422, "invalid")
    assert await place.world.states("application") == ["under_review"]


async def test_without_an_archived_photo_the_new_one_stands_alone(place: Deployment, app: FastAPI) -> None:
    await place.open_city()
    holder = await place.holder(portrait_hash=None)
    application = (await apply_with_own(holder))["application_id"]
    console = Console(app, "first-reviewer")
    done(await console.post("/take", {}), 200)
    assert (await console.get(f"/{application}/new")).status_code == 200
    refused(await console.get(f"/{application}/archived"), 404, "not-found")
    refused(await console.get(f"/{application}/other"), 404, "not-found")


async def test_the_queue_comes_in_pages_and_replacements_say_so(place: Deployment, app: FastAPI) -> None:
    await place.open_city()
    holder = await place.holder()
    await holder.apply()
    await place.issue()
    asked = (await photos.replace(holder))["application_id"]
    await submitted(place)
    console = Console(app, "first-reviewer")
    page = done(await console.get("?limit=1"), 200)
    rest = done(await console.get(f"?limit=5&after={page['next']}"), 200)
    found = [*page["reviews"], *rest["reviews"]]
    assert rest["next"] is None and len(found) == 2
    assert done(await console.get("?late=true"), 200)["reviews"] == []
    await licences.escalate_reviews(place.world.database, place.now + timedelta(days=30))
    late = done(await console.get("?late=true"), 200)["reviews"]
    assert [review["application_id"] for review in late] == [review["application_id"] for review in found]
    assert all(review["late"] for review in late)
    entries = [row for row in await place.world.rows("audit_entry") if row["act"] == "late-reviews.listed"]
    ends = {"first": found[0]["application_id"], "last": found[-1]["application_id"]}
    assert [entry["detail"] for entry in entries] == [
        {"count": 0, "first": None, "last": None},
        {"count": 2, **ends},
    ]
    assert {entry["actor_kind"] for entry in entries} == {"staff"}
    assert {review["application_id"]: review["origin"] for review in found}[asked] == "photo"


async def test_strangers_are_turned_away_and_reasons_are_listed(place: Deployment, app: FastAPI) -> None:
    refused(await Console(app, "somebody").get(), 401, "not-authenticated")
    listed = done(await Console(app, "first-reviewer").get("/reasons"), 200)["reasons"]
    assert [reason["code"] for reason in listed] == [reason.value for reason in PhotoReason]


# --- one's own photo ----------------------------------------------------------------------------------


class Reviewers:
    """Members of staff with the duty here, each at a console of their own; their logins are made up, all else is real."""

    def __init__(self, place: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place, self.logged_in = place, dict[str, Officer]()
        self.app = FastAPI(redirect_slashes=False)
        self.app.state.wiring = place.wiring
        monkeypatch.setattr(callers, "officer", self.officer)
        dress(self.app, photo_reviews.router.routes, place.clock, Limits())

    async def officer(self, request: Request) -> Officer:
        return self.logged_in[bearer_token(request)]

    async def add(self, number: str, person: IdentityNumber | None = None) -> tuple[StaffId, Console]:
        """Somebody new, linked to a person or to nobody."""
        place, operator = self.place, audit.Actor("operator")
        held = HeldDuty(Duty.PHOTO_REVIEW, Region.parse("3205"), civil_day(place.now))
        database, policy = place.world.database, place.wiring.staff_policy
        invited = await staff.add_member(
            database, number, "样本审核员", "样本车管所", (held,), policy, place.now, operator
        )
        if person is not None:
            await self.link(invited.staff_id, person)
        self.logged_in[number] = Officer(
            invited.staff_id, StaffSessionId.new(), StaffNumber(number), "样本审核员", "样本车管所", (held,), place.now
        )  # fmt: skip
        return invited.staff_id, Console(self.app, number)

    async def link(self, staff_id: StaffId, person: IdentityNumber) -> None:
        async with self.place.world.database.transaction() as tx:
            keys, operator = self.place.wiring.key_index, audit.Actor("operator")
            await staff.link_person(tx, staff_id, person, keys, self.place.now, operator)

    async def refusals(self) -> list[tuple[object, object]]:
        entries = await self.place.world.rows("audit_entry")
        return [(row["actor"], row["subject"]) for row in entries if row["act"] == "photo.own-refused"]


@pytest.fixture
def reviewers(place: Deployment, monkeypatch: pytest.MonkeyPatch) -> Reviewers:
    return Reviewers(place, monkeypatch)


async def test_nobody_takes_looks_at_or_decides_their_own_photo_and_the_try_is_on_record(
    place: Deployment, reviewers: Reviewers
) -> None:
    await place.open_city()
    holder = await place.holder()
    application = str((await apply_with_own(holder))["application_id"])
    staff_id, own = await reviewers.add("700001", holder.person.identity)
    _, colleague = await reviewers.add(
        "700002", IdentityNumber.of_citizen(CitizenNumber("11010519491231002X"))
    )
    tries = [
        own.post("/take", {"application_id": application}),
        own.get(f"/{application}/new"),
        own.get(f"/{application}/archived"),
        own.post(f"/{application}/decision", {"decision": "approve"}),
        own.post(f"/{application}/decision", {"decision": "refuse", "reasons": ["glasses"]}, {"Idempotency-Key": "decision-1"}),
    ]  # fmt: skip
    for tried in tries:
        assert refused(await tried, 403, "forbidden")["rule"] == "own-photo"
    assert await reviewers.refusals() == [(staff_id.uuid, ApplicationId.parse(application).uuid)] * len(tries)
    assert await place.world.states("application") == ["under_review"]
    refused(await own.post("/take", {}), 404, "not-found")
    # Whoever else holds the duty goes on with it, linked to another person or to nobody.
    done(await colleague.post("/take", {}), 200)
    done(await colleague.post(f"/{application}/decision", {"decision": "approve"}), 200)
    assert await place.issue() == 1


async def test_the_queue_goes_on_past_a_photo_of_the_reviewers_own(
    place: Deployment, reviewers: Reviewers
) -> None:
    await place.open_city()
    holder = await place.holder()
    await apply_with_own(holder)
    _, own = await reviewers.add("700001", holder.person.identity)
    place.clock.advance(1)
    other = await submitted(place)
    assert len(done(await own.get(), 200)["reviews"]) == 2, "that it waits, the holder sees too"
    assert done(await own.post("/take", {}), 200)["application_id"] == other


async def test_a_link_made_while_the_photo_is_in_hand_counts_at_the_decision(
    place: Deployment, reviewers: Reviewers
) -> None:
    await place.open_city()
    holder = await place.holder()
    application = str((await apply_with_own(holder))["application_id"])
    staff_id, console = await reviewers.add("700001")
    done(await console.post("/take", {}), 200)
    await reviewers.link(staff_id, holder.person.identity)
    answer = await console.post(f"/{application}/decision", {"decision": "approve"})
    assert refused(answer, 403, "forbidden")["rule"] == "own-photo"
    assert (await console.post(f"/{application}/put-back", None)).status_code == 204


async def test_the_link_is_neither_the_number_nor_what_it_is_looked_up_by(
    place: Deployment, reviewers: Reviewers
) -> None:
    holder = await place.holder()
    await reviewers.add("700001", holder.person.identity)
    [member] = await place.world.rows("staff")
    link = bytes(member["person_link"])  # type: ignore[call-overload]
    known = [bytes(row["key_hash"]) for row in await place.world.rows("key_index")]  # type: ignore[call-overload]
    assert len(link) == 16 and known and link not in known
    linked = [row for row in await place.world.rows("audit_entry") if row["act"] == "staff.linked"]
    assert len(linked) == 1 and holder.person.identity.value not in str(linked)


async def test_where_reviewers_must_be_linked_nobody_else_reviews(
    place: Deployment, reviewers: Reviewers
) -> None:
    policy = replace(place.wiring.staff_policy, demands_links=True)
    reviewers.app.state.wiring = replace(place.wiring, staff_policy=policy)
    staff_id, console = await reviewers.add("700001")
    assert refused(await console.get(), 403, "forbidden")["rule"] == "not-linked"
    await reviewers.link(staff_id, IdentityNumber.of_citizen(CitizenNumber("11010519491231002X")))
    assert done(await console.get(), 200)["reviews"] == []
