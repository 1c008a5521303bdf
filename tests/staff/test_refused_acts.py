"""What staff tried and were refused stays in the audit record, though the act itself left nothing."""

from __future__ import annotations

from typing import Any

from liangzheng.kernel.ids import DriverId, ProposalId, VerificationId
from liangzheng.staff.refusals import failure_of, reason_of
from liangzheng.staff.rules import Refusal
from tests.api.phone import done
from tests.staff.place import ELSEWHERE, PENALTY_CASE, Badge, Place


def test_words_lead_back_to_their_refusal() -> None:
    assert {refusal: reason_of(failure_of(refusal)) for refusal in Refusal} == {
        refusal: refusal.value for refusal in Refusal
    }


async def _last(place: Place, act: str) -> dict[str, Any]:
    return (await place.entries(act))[-1]


async def test_what_was_proposed_and_refused_is_recorded_with_its_reason(place: Place) -> None:
    counter, there = (
        await place.on_duty("counter", "photo-review"),
        await place.on_duty("penalty", region=ELSEWHERE),
    )
    for badge, reason, duties in (
        (counter, "duty-not-held", ["counter", "photo-review"]),
        (there, "not-here", ["penalty"]),
    ):
        assert (await badge.propose("suspend")).status_code in (403, 404)
        entry = await _last(place, "proposal.refused")
        assert (entry["actor_kind"], entry["purpose"]) == ("staff", "drink-driving")
        assert entry["scope"] == entry["subject"] == place.world.driver_id.uuid
        assert entry["detail"] == {
            "kind": "suspend", "case": PENALTY_CASE, "reason": reason, "duties": duties,
        }  # fmt: skip
    assert await place.one("SELECT count(*) FROM proposal") == 0


async def test_a_reason_that_is_none_of_the_catalogue_is_not_repeated(place: Place) -> None:
    one = await place.on_duty("penalty")
    assert (await one.propose("suspend", reason="样本人 320900 sample")).status_code == 422
    entry = await _last(place, "proposal.refused")
    assert (entry["purpose"], entry["detail"]["reason"]) == ("unknown", "reason-unknown")


async def test_deciding_one_s_own_a_stale_one_and_none_is_recorded(place: Place) -> None:
    one, two = await place.on_duty("penalty", "register"), await place.on_duty("penalty")
    proposal = done(await one.propose("suspend"), 201)
    await one.decide(proposal)
    own = await _last(place, "decision.refused")
    assert own["subject"] == ProposalId.parse(proposal["proposal"]).uuid
    assert (own["detail"]["reason"], own["detail"]["decision"]) == ("own-proposal", "agree")
    await two.decide(proposal, move=7)
    assert (await _last(place, "decision.refused"))["detail"]["reason"] == "stale"
    await two.phone.delete(f"/staff/proposals/{proposal['proposal']}")
    assert (await _last(place, "taking-back.refused"))["detail"]["reason"] == "not-here"
    await two.get(f"/staff/proposals/{ProposalId.new()}")
    assert (await _last(place, "proposal-reading.refused"))["detail"]["reason"] == "not-here"
    assert await place.status() == "A"


async def test_a_retention_without_a_verification_of_one_s_own_is_recorded(place: Place) -> None:
    one = await place.on_duty("patrol")
    assert (await one.retain(str(VerificationId.new()))).status_code == 403
    entry = await _last(place, "retention.refused")
    assert (entry["scope"], entry["detail"]["reason"]) == (
        place.world.driver_id.uuid,
        "not-verified-by-you",
    )


async def test_verifying_and_reviewing_without_the_duty_is_recorded(place: Place) -> None:
    clerk: Badge = await place.on_duty("penalty")
    body = {"request": "request-1", "code": "x"}
    assert (await clerk.phone.post("/staff/verifications", body)).status_code == 403
    assert (await clerk.get("/staff/photo-reviews")).status_code == 403
    path = f"/staff/verifications/{VerificationId.new()}/portrait?of={DriverId.new()}"
    assert (await clerk.get(path)).status_code == 403
    for act in ("verification.refused", "review.refused", "portrait.refused"):
        assert (await _last(place, act))["detail"]["reason"] == "duty-not-held"


async def test_what_was_done_leaves_no_refusal(place: Place) -> None:
    one, two = await place.on_duty("penalty"), await place.on_duty("penalty")
    await two.decide(done(await one.propose("suspend"), 201))
    assert [entry for entry in await place.world.audit_entries() if entry["act"].endswith(".refused")] == []
