"""Look-ups drawn every week, so many of each member of staff, for another person to review.

Who looks people up for money names a case nobody opens again. The drawing can be repeated: its seed is random, made when the
week is over, kept, and in the audit record; with it and the ids of the week's look-ups anybody draws the same sample.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta

from liangzheng import audit
from liangzheng.audit import Actor
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import LookUpId
from liangzheng.kernel.time import CHINA, civil_day
from liangzheng.staff import store_sample
from liangzheng.staff.acting import actor_of, permit, permit_still
from liangzheng.staff.link import are_one
from liangzheng.staff.model import Act, Officer, Outcome, SampledLookUp, StaffPolicy
from liangzheng.staff.refusals import failure_of
from liangzheng.staff.rules import Refusal, may_review_look_up

_WEEK = timedelta(days=7)
_SETTLED = timedelta(hours=1)
"""A look-up begun in the last moment of a week is committed long before: none can be missing from a drawing afterwards."""


def last_week(now: datetime) -> date:
    """The Monday of the last week that is over, in China."""
    today = civil_day(now)
    return today - timedelta(days=today.weekday()) - _WEEK


async def draw_sample(
    db: Database, policy: StaffPolicy, now: datetime, seed: bytes | None = None, week: date | None = None
) -> int | None:
    """The look-ups of the last week are drawn, from an hour after its end; how many, None when they were before. Several
    workers may ask at once.

    `seed`: 32 octets; random where it is not said. `week`: another week's Monday; of one not over, what was looked up
    until now.
    """
    week, chosen = week or last_week(now - _SETTLED), seed or secrets.token_bytes(32)
    since = datetime.combine(week, datetime.min.time(), CHINA)
    until = min(now, since + _WEEK)
    async with db.transaction() as tx:
        drawn = await store_sample.draw(tx, week, chosen, since, until, policy.look_ups_reviewed, now)
        if drawn is None:
            return None
        if drawn[0]:
            detail: audit.Detail = {
                "week": week.isoformat(), "seed": chosen.hex(), "looked": drawn[0], "drawn": drawn[1],
                "each": policy.look_ups_reviewed,
            }  # fmt: skip
            await audit.record(
                tx,
                act="look-ups.drawn",
                actor=Actor("worker"),
                purpose="look-up-review",
                detail=detail,
                now=now,
            )
    return drawn[1]


async def sample_to_review(
    tx: Connection, officer: Officer, policy: StaffPolicy, after: LookUpId | None, limit: int, now: datetime
) -> list[SampledLookUp]:
    """Drawn look-ups nobody has reviewed, of the caller's region and never the caller's own, oldest first. That the page was
    read is recorded. Raises Forbidden."""
    duty = permit(officer, Act.REVIEW_LOOK_UPS, policy, now).duty
    today = civil_day(now)
    prefixes = [
        held.region.prefix for held in officer.duties_on(today) if Act.REVIEW_LOOK_UPS in held.duty.acts
    ]
    shown = await store_sample.unreviewed(tx, officer.staff_id, prefixes, after, limit)
    detail: audit.Detail = {
        "duty": duty.value,
        "count": len(shown),
        "oldest": str(shown[0].look_up_id) if shown else None,
        "newest": str(shown[-1].look_up_id) if shown else None,
    }
    await audit.record(
        tx, act="look-up-reviews.listed", actor=actor_of(officer), subject=officer.staff_id, purpose="look-up-review",
        detail=detail, now=now,
    )  # fmt: skip
    return shown


async def review_look_up(
    tx: Connection,
    officer: Officer,
    look_up_id: LookUpId,
    outcome: Outcome,
    policy: StaffPolicy,
    now: datetime,
) -> SampledLookUp:
    """The outcome is on record, once. Raises NotFound outside the region, Forbidden for one's own, Conflict for the second."""
    found = await store_sample.sampled(tx, look_up_id)
    if found is None:
        raise failure_of(Refusal.NOT_HERE)
    held = permit(officer, Act.REVIEW_LOOK_UPS, policy, now, found.case.division)
    await permit_still(tx, officer, held, now)
    refusal = may_review_look_up(found, officer.staff_id)
    if refusal is None and await are_one(tx, officer.staff_id, found.staff_id):
        refusal = Refusal.OWN_LOOK_UP
    if refusal is not None:
        raise failure_of(refusal)
    reviewed = await store_sample.review(tx, found, outcome, officer.staff_id, now)
    if reviewed is None:
        raise Conflict("this look-up was reviewed already", rule="already-reviewed")
    detail = {
        "outcome": outcome.value,
        "duty": held.duty.value,
        "case": str(found.case),
        "of": str(found.staff_id),
    }
    await audit.record(
        tx, act="look-up.reviewed", actor=actor_of(officer), subject=found.look_up_id, driver_id=found.driver_id,
        purpose="look-up-review", detail=detail, now=now,
    )  # fmt: skip
    return reviewed
