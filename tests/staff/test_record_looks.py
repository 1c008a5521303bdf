"""The holder's list has every look: in casework, photo review, the audit record, by the operator; by unit, never by person."""

from __future__ import annotations

from liangzheng import audit, staff
from liangzheng.kernel.ids import ApplicationId, StaffId
from liangzheng.staff.record_looks import RECORD_SHOWN
from tests.accounts.people import MADE_UP
from tests.api.phone import done
from tests.staff.place import CORRECTION_CASE, OPERATOR, Place


async def test_reading_a_correction_a_photo_and_a_record_is_in_the_holder_s_list(place: Place) -> None:
    one = await place.on_duty("register", unit="样本登记科")
    two = await place.on_duty("register", unit="样本登记二科")
    version = await place.one(
        "SELECT record_version FROM driver WHERE driver_id = $1", place.world.driver_id.uuid
    )
    what = {"record_version": version, "fields": {"resident_address": "样本路3号"}}
    proposal = done(await one.propose("correct", what=what), 201)
    place.clock.advance(1)
    done(await two.get(f"/staff/proposals/{proposal['proposal']}"), 200)
    looks = (
        ("photo.viewed", audit.Actor("staff", StaffId.parse(one.staff_id)), "photo-review"),
        ("record.shown", OPERATOR, "somebody typed why"),
        ("proposal.made", OPERATOR, "no look"),
        ("audit.read", audit.Actor("staff", StaffId.parse(two.staff_id)), "complaint"),
    )
    for act, actor, purpose in looks:
        place.clock.advance(1)
        async with place.database.transaction() as tx:
            await audit.record(
                tx, act=act, actor=actor, subject=ApplicationId.new(), driver_id=place.world.driver_id, purpose=purpose,
                now=place.clock.now(),
            )  # fmt: skip
    holder = place.nobody.another()
    await holder.arrive(MADE_UP[0])
    answer = await holder.get("/holder/showings")
    listed = done(answer, 200)["looks"]
    assert [(look["verifier"], look["verifier_kind"], look["purpose"]) for look in listed] == [
        ("样本登记二科", "staff", "audit"),
        ("operator", "operator", "operation"),
        ("样本登记科", "staff", "photo-review"),
        ("样本登记二科", "staff", "casework"),
    ]
    assert all(look["entry"].startswith("aud_") for look in listed)
    assert CORRECTION_CASE not in answer.text and "typed" not in answer.text


async def test_an_auditor_who_reads_about_the_driver_is_in_the_list_and_who_reads_about_another_is_not(
    place: Place,
) -> None:
    auditor = await place.on_duty("audit", region="nationwide", unit="样本督察队")
    case = "purpose=complaint&case_number=P-320900-20261120-0001"
    done(await auditor.get(f"/staff/audit-entries?subject={place.world.driver_id}&{case}"), 200)
    done(await auditor.get(f"/staff/audit-entries?by={auditor.staff_id}&{case}"), 200)
    place.clock.advance(1)
    holder = place.nobody.another()
    await holder.arrive(MADE_UP[0])
    [look] = done(await holder.get("/holder/showings"), 200)["looks"]
    assert (look["verifier"], look["purpose"]) == ("样本督察队", "audit")


async def test_a_record_shown_by_the_operator_is_on_record_in_the_list_and_told(place: Place) -> None:
    driver = place.world.driver_id
    async with place.database.transaction() as tx:
        case = staff.CaseNumber.parse("P-320900-20261120-0001")
        await staff.show_record(tx, driver, OPERATOR, "somebody typed why", place.clock.now(), case)
    [entry] = await place.entries("record.shown")
    assert (entry["actor_kind"], entry["purpose"]) == ("operator", "somebody typed why")
    async with place.database.read() as tx:
        [event] = await tx.fetch("SELECT subject, body FROM outbox WHERE topic = $1", RECORD_SHOWN)
    assert (event["subject"], event["body"]) == (driver.uuid, {})
    place.clock.advance(1)
    holder = place.nobody.another()
    await holder.arrive(MADE_UP[0])
    [look] = done(await holder.get("/holder/showings"), 200)["looks"]
    assert (look["verifier"], look["purpose"]) == ("operator", "operation")
