"""fsck over the tables of staff: clean after everything staff can do, and a planted fault of each rule is found."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liangzheng import staff
from liangzheng.staff.store_findings import CHECKS
from tests.api.phone import done
from tests.staff.place import Place


async def _busy(place: Place) -> None:
    one, two = await place.on_duty("patrol", "penalty"), await place.on_duty("penalty")
    look = done(await one.look_up(), 201)["look_up"]
    await one.look_up()
    week_over = place.clock.now() + timedelta(days=7)
    place.change_policy(look_ups_reviewed=2)
    await staff.draw_sample(place.database, place.policy, week_over)
    auditor = await place.on_duty("audit")
    done(await auditor.post(f"/staff/look-up-reviews/{look}", {"outcome": "unclear"}), 201)
    retained = done(await one.retain((await one.verify())["verification"]), 201)
    done(await two.decide(retained), 201)
    done(await one.propose("suspend"), 201)


PLANTED = {
    "every look-up by number has its audit entry": "UPDATE audit_entry SET act = 'a.b' WHERE act = 'driver.looked-up'",
    "every proposal has its audit entry": "UPDATE audit_entry SET act = 'a.b' WHERE act = 'proposal.made'",
    "every move of a proposal has its event": "DELETE FROM proposal_event WHERE event = 'agreed'",
    "every drawing is what its seed says": "DELETE FROM look_up_sample WHERE outcome IS NULL",
    "every review of a look-up has its audit entry": "UPDATE audit_entry SET act = 'a.b' WHERE act = 'look-up.reviewed'",
    "who is not active is logged out and verifies nothing": "UPDATE staff SET state = 'suspended'",
    "who has a password has a second factor": "DELETE FROM staff_totp",
    "every staff number leads to its member": "DELETE FROM staff_number",
}


def test_a_fault_is_planted_against_every_rule() -> None:
    assert {check.rule for check in CHECKS} == set(PLANTED)


@pytest.mark.parametrize("rule", PLANTED)
async def test_what_is_in_order_is_clean_and_a_planted_fault_is_found(place: Place, rule: str) -> None:
    await _busy(place)
    async with place.database.read() as tx:
        assert await staff.check(tx) == []
    async with place.database.transaction() as tx:
        await tx.execute(PLANTED[rule])
    async with place.database.read() as tx:
        assert {finding.rule for finding in await staff.check(tx)} == {rule}
