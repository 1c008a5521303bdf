"""Every queue of reviews over HTTP, for members of staff with both factors."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from liangzheng import reviewing
from liangzheng.kernel.ids import StaffId
from liangzheng.kernel.people import CitizenNumber, IdentityNumber
from tests.api.phone import done, refused
from tests.reviewing.kinds import Bench, Console

SOMEBODY_ELSE = IdentityNumber.of_citizen(CitizenNumber("11010519491231002X"))


@pytest.fixture
async def console(bench: Bench) -> Console:
    return Console(bench, await bench.reviewer())


async def test_the_same_decision_with_the_same_key_is_answered_alike(bench: Bench, console: Console) -> None:
    [(_, named)] = await bench.waiting(1)
    done(await console.take(), 200)
    why = bench.kind.reasons[0].value
    answers = [done(await console.decide(str(named), why, key="decision-1"), 200) for _ in range(2)]
    assert answers[0] == answers[1] and answers[0]["outcome"] == "refused"
    refused(await console.decide(str(named), key="decision-1"), 409, "conflict")


async def test_who_is_not_logged_in_is_a_stranger_and_no_other_duty_reviews(bench: Bench) -> None:
    [(_, named)] = await bench.waiting(1)
    refused(await bench.place.phone.another().get(bench.kind.path), 401, "not-authenticated")
    for duty in {"patrol", "penalty", "register", "photo-review", "counter", "audit"} - {bench.kind.duty}:
        other = Console(bench, await bench.reviewer(duty=duty))
        for answer in (await other.get(), await other.take(str(named))):
            refused(answer, 403, "forbidden")
    tried = await bench.entries(bench.kind.refused_act)
    assert len(tried) == 10 and {entry["detail"]["reason"] for entry in tried} == {"duty-not-held"}


async def test_nobody_is_named_before_or_after(bench: Bench, console: Console) -> None:
    [(holder, named)] = await bench.waiting(1)
    for answer in (await console.get(), await console.take(str(named)), await console.decide(str(named))):
        assert answer.status_code == 200
        assert holder.person.identity.value not in answer.text and holder.person.name.value not in answer.text


async def test_a_second_reviewer_hears_conflict_and_another_region_nothing(
    bench: Bench, console: Console
) -> None:
    named = str((await bench.waiting(1))[0][1])
    second, nanjing = [Console(bench, await bench.reviewer(region)) for region in ("3205", "3201")]
    done(await console.take(named), 200)
    for answer in (await second.take(named), *await second.looks(named), await second.decide(named)):
        refused(answer, 409, "conflict")
    refused(await second.take(), 404, "not-found")
    assert done(await nanjing.get(), 200)["reviews"] == []
    for answer in (await nanjing.take(named), *await nanjing.looks(named), await nanjing.decide(named)):
        refused(answer, 404, "not-found")
    for picture in await console.looks(named):
        assert (picture.status_code, picture.headers["cache-control"]) == (200, "no-store")
    assert (await console.post(f"/{named}/put-back", None)).status_code == 204
    done(await second.take(), 200)
    refused(await console.decide(named), 409, "conflict")
    done(await second.decide(named), 200)


async def test_a_decision_that_says_too_little_or_too_much_is_refused(bench: Bench, console: Console) -> None:
    named = str((await bench.waiting(1))[0][1])
    done(await console.take(), 200)
    reason = bench.kind.reasons[0].value
    for body in (
        {"decision": "refuse"},
        {"decision": "refuse", "reasons": []},
        {"decision": "refuse", "reasons": ["because"]},
        {"decision": "refuse", "reasons": [reason] * 6},
        {"decision": "approve", "reasons": [reason]},
        {"decision": "refuse", "reasons": [reason], "note": "typed freely"},
        {"decision": "perhaps"},
    ):
        refused(await console.post(f"/{named}/decision", body), 422, "invalid")
    assert await bench.outcomes() == [None]


async def test_the_catalogue_is_listed_with_its_words(bench: Bench, console: Console) -> None:
    listed = done(await console.get("/reasons"), 200)["reasons"]
    assert [reason["code"] for reason in listed] == [reason.value for reason in bench.kind.reasons]
    assert all(reason["zh"] and reason["en"] for reason in listed)


async def test_the_queue_comes_in_pages_and_who_reads_the_late_is_on_record(
    bench: Bench, console: Console
) -> None:
    names = [str(named) for _, named in await bench.waiting(2)]
    page = done(await console.get("?limit=1"), 200)
    rest = done(await console.get(f"?limit=5&after={page['next']}"), 200)
    assert [review[bench.kind.named] for review in (*page["reviews"], *rest["reviews"])] == names
    assert rest["next"] is None
    assert done(await console.get("?late=true"), 200)["reviews"] == []
    await reviewing.escalate(
        bench.place.world.database, bench.kind.queue, bench.place.now + timedelta(days=30)
    )
    late = done(await console.get("?late=true"), 200)["reviews"]
    assert [(review[bench.kind.named], review["late"]) for review in late] == [(each, True) for each in names]
    entries = await bench.entries(f"{bench.kind.queue.name}s.listed")
    assert [(entry["detail"]["late"], entry["detail"]["count"]) for entry in entries] == [
        (False, 1), (False, 1), (True, 0), (True, 2),
    ]  # fmt: skip
    assert {entry["actor_kind"] for entry in entries} == {"staff"}


async def test_nobody_reviews_their_own_and_the_try_is_on_record(bench: Bench, console: Console) -> None:
    [(holder, asked)] = await bench.waiting(1)
    named, colleague = str(asked), Console(bench, await bench.reviewer())
    await console.badge.link(holder.person.identity)
    await colleague.badge.link(SOMEBODY_ELSE)
    assert len(done(await console.get(), 200)["reviews"]) == 1, "that it waits, the holder sees too"
    refused(await console.take(), 404, "not-found")
    assert await bench.entries(bench.kind.own_act) == [], "that nothing waits is no refusal"
    why = bench.kind.reasons[0].value
    tries = [
        await console.take(named),
        *await console.looks(named),
        await console.decide(named),
        await console.decide(named, why, key="decision-1"),
    ]
    for tried in tries:
        assert refused(tried, 403, "forbidden")["rule"] == bench.kind.queue.own[1]
    entries = await bench.entries(bench.kind.own_act)
    assert len(entries) == len(tries)
    assert {entry["actor"] for entry in entries} == {StaffId.parse(console.badge.staff_id).uuid}
    assert await bench.outcomes() == [None]
    done(await colleague.take(), 200)
    done(await colleague.decide(named), 200)


async def test_a_link_made_while_it_is_in_hand_counts_at_the_decision(bench: Bench, console: Console) -> None:
    [(holder, named)] = await bench.waiting(1)
    done(await console.take(), 200)
    await console.badge.link(holder.person.identity)
    answer = await console.decide(str(named))
    assert refused(answer, 403, "forbidden")["rule"] == bench.kind.queue.own[1]
    assert (await console.post(f"/{named}/put-back", None)).status_code == 204


async def test_where_reviewers_must_be_linked_nobody_else_reviews(bench: Bench) -> None:
    app = bench.place.phone.client._transport.app  # type: ignore[attr-defined]
    policy = replace(bench.place.wiring.staff_policy, demands_links=True)
    app.state.wiring = replace(bench.place.wiring, staff_policy=policy)
    console = Console(bench, await bench.reviewer())
    assert refused(await console.get(), 403, "forbidden")["rule"] == "not-linked"
    await console.badge.link(SOMEBODY_ELSE)
    assert done(await console.get(), 200)["reviews"] == []
