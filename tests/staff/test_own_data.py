"""A copy of one's own data holds what the register says and who looked by number; and nobody else's."""

from __future__ import annotations

import pytest

from liangzheng import licences, staff
from liangzheng.audit import Actor
from liangzheng.kernel.errors import NotFound
from tests.accounts.people import MADE_UP, PASSWORD
from tests.api.phone import done
from tests.staff.place import Place


async def test_a_copy_holds_the_register_s_record_and_the_look_ups(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none_here(*_: object) -> None:
        raise NotFound("the licence of this district has no document")

    monkeypatch.setattr(licences, "licence_for", none_here)
    officer = await place.on_duty("patrol")
    done(await officer.look_up(), 201)
    person, phone = MADE_UP[0], place.nobody.another()
    registration = {
        "mobile": person.mobile.value, "identity_number": person.identity.value, "name": person.name.value,
        "password": PASSWORD,
    }  # fmt: skip
    done(await phone.post("/holder/accounts", registration), 201)
    login = {"mobile": person.mobile.value, "password": PASSWORD}
    token = done(await phone.post("/holder/sessions", login), 201)["token"]
    phone.headers = {"Authorization": f"Bearer {token}"}
    assert done(await phone.post("/holder/data-exports"), 200)["record"] is None, (
        "a name and a number open none"
    )
    async with place.database.transaction() as tx:
        await tx.execute(
            "UPDATE person SET level = 2, face_checked_at = now(), driver_id = $1 WHERE name = $2",
            place.world.driver_id.uuid, person.name.value,
        )  # fmt: skip
    copy = done(await phone.post("/holder/data-exports"), 200)
    async with place.database.read() as tx:
        row = await tx.fetchrow(
            "SELECT name, file_number, resident_address FROM driver WHERE driver_id = $1",
            place.world.driver_id.uuid,
        )
    assert row is not None
    said = copy["record"]
    assert (said["name"], said["file_number"], said["resident_address"]) == tuple(row)
    assert said["identity_number"] == person.identity.value
    (look,) = copy["look_ups"]
    assert (look["unit"], look["duty"], look["purpose"]) == ("样本交警大队", "patrol", "roadside-check")
    async with place.database.transaction() as tx:
        driver_id = place.world.driver_id
        await staff.show_record(tx, driver_id, Actor("operator"), "a question", place.clock.now())
    (shown,) = done(await phone.post("/holder/data-exports"), 200)["record_looks"]
    assert (shown["unit"], shown["purpose"]) == (None, "operation"), "and what was looked at in the record"
    assert officer.number not in str(copy), "the unit, never the officer"
