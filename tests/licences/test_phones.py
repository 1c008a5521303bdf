"""One licence, up to three phones: asked for, renewed, ended with the phone's key."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liangzheng import licences
from liangzheng.infra import outbox
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import CredentialId, DriverId, PersonId, PhoneKeyId
from liangzheng.licences.model import Phone
from liangzheng.licences.store import applications, held
from liangzheng.licences.store.applications import Waiting
from liangzheng.worker.handlers import handlers
from tests.licences.test_issue import _batch_with
from tests.licences.world import NOW, World, later, phone

HANDLERS = handlers(load_reference().authorities, lambda: NOW)


async def request(world: World, driver_id: DriverId, slot: int, with_phone: Phone) -> None:
    async with world.database.transaction(licences.CONSTRAINTS) as tx:
        number = await held.live_number(tx, driver_id)
        assert number is not None
        credential_id = CredentialId.new()
        await held.add_request(tx, driver_id, credential_id, number.licence_id, slot, with_phone, NOW)
        await applications.enqueue(tx, [Waiting(driver_id, credential_id, NOW)])


async def end(world: World, driver_id: DriverId, key_id: PhoneKeyId) -> None:
    """As accounts tells it, through the outbox."""
    async with world.database.transaction() as tx:
        body = {"driver_id": str(driver_id), "phone_key_id": str(key_id)}
        await outbox.put(tx, "phone-key.ended", PersonId.new(), body, NOW)
    done = await outbox.drain(world.database, HANDLERS, NOW)
    assert done.handled >= 1 and not done.failed


async def phones(world: World, driver_id: DriverId) -> list[tuple[object, object]]:
    # type: ignore[type-var]
    return sorted((row["slot"], row["state"]) for row in await world.rows("credential", driver_id))


async def test_three_phones_and_not_a_fourth(world: World) -> None:
    [driver_id] = await world.issued()
    for slot in (2, 3):
        await request(world, driver_id, slot, phone(slot))
    result = await world.issuer().batch(NOW)
    assert (result.issued, result.credentials) == (0, 2)
    assert await phones(world, driver_id) == [(1, "live"), (2, "live"), (3, "live")]
    with pytest.raises(Conflict):
        async with world.database.transaction(licences.CONSTRAINTS) as tx:
            await tx.execute(
                "UPDATE credential SET slot = 1 WHERE driver_id = $1 AND slot = 2", driver_id.uuid
            )


async def test_two_requests_for_one_slot_do_not_both_stand(world: World) -> None:
    [driver_id] = await world.issued()
    await request(world, driver_id, 2, phone(2))
    with pytest.raises(Conflict, match="another phone"):
        await request(world, driver_id, 2, phone(3))


async def test_a_phone_whose_key_ended_loses_its_credential_and_the_licence_stays(world: World) -> None:
    [driver_id] = await world.issued()
    [row] = await world.rows("credential", driver_id)
    await end(world, driver_id, PhoneKeyId(row["phone_key_id"]))  # type: ignore[arg-type]
    assert await phones(world, driver_id) == [(1, "ended")]
    assert await world.states("licence", driver_id) == ["live"]
    assert [entry["value"] for entry in await world.rows("status_entry", driver_id)] == [1]
    await request(world, driver_id, 1, phone(2))
    assert (await world.issuer().batch(NOW)).credentials == 1


async def test_a_key_that_ends_before_the_draft_gets_no_credential(world: World) -> None:
    [driver_id] = await world.drivers(1)
    lost = phone()
    await world.apply(driver_id, with_phone=lost)
    await end(world, driver_id, lost.key_id)
    result = await world.issuer().batch(NOW)
    assert (result.issued, result.credentials) == (1, 0)


@pytest.mark.parametrize("point", ["drafts kept", "signed", "verified"])
async def test_a_key_that_ends_while_its_draft_is_signed_gets_no_credential(world: World, point: str) -> None:
    [driver_id] = await world.drivers(1)
    lost = phone()
    await world.apply(driver_id, with_phone=lost)

    async def key_ends() -> None:
        await end(world, driver_id, lost.key_id)

    result = await _batch_with(world, point, key_ends)
    assert (result.issued, result.credentials) == (1, 0)
    assert await world.states("credential", driver_id) == ["abandoned"]
    assert await world.states("licence", driver_id) == ["live"]
    assert [entry["value"] for entry in await world.rows("status_entry", driver_id)] == [1]


async def test_an_issuer_that_drafted_before_the_event_was_put_does_not_make_it_live(world: World) -> None:
    """The tombstone alone holds: the handler ran while the draft was not visible yet."""
    [driver_id] = await world.drivers(1)
    lost = phone()
    await world.apply(driver_id, with_phone=lost)

    async def only_the_tombstone() -> None:
        async with world.database.transaction() as tx:
            await held.end_phone(tx, driver_id, lost.key_id, NOW)

    result = await _batch_with(world, "drafts kept", only_the_tombstone)
    assert (result.issued, result.credentials) == (1, 0)
    assert await world.states("credential", driver_id) == ["abandoned"]


async def test_a_further_phone_is_part_of_the_next_version(world: World) -> None:
    [driver_id] = await world.issued()
    await request(world, driver_id, 2, phone(2))
    await world.change(driver_id, issuing_authority="浙A")
    await world.apply(driver_id)
    # Request and application are drafted together: the request is taken along, not drafted for the old
    # version.
    result = await world.issuer().batch(NOW)
    assert (result.issued, result.credentials) == (1, 2)
    live = [row for row in await world.rows("credential", driver_id) if row["state"] == "live"]
    assert {(row["slot"], row["licence_version"]) for row in live} == {(1, 2), (2, 2)}


async def test_a_request_waits_while_the_terms_have_changed(world: World) -> None:
    [driver_id] = await world.issued()
    await request(world, driver_id, 2, phone(2))
    await world.change(driver_id, issuing_authority="浙A")
    result = await world.issuer().batch(NOW)
    assert (result.credentials, result.postponed) == (0, 1)
    await world.change(driver_id, issuing_authority="苏E")
    assert (await world.issuer().batch(later(NOW, 3))).credentials == 1


async def test_a_credential_is_renewed_silently_before_it_runs_out(world: World) -> None:
    [driver_id] = await world.issued()
    assert await licences.renew(world.database, NOW) == 0
    soon = NOW + timedelta(days=336)
    assert await licences.renew(world.database, soon) == 1
    assert await licences.renew(world.database, soon) == 0, "once is enough"
    assert (await world.issuer().batch(soon)).credentials == 1
    assert await phones(world, driver_id) == [(1, "live"), (1, "superseded")]
    values = sorted(int(str(row["value"])) for row in await world.rows("status_entry", driver_id))
    assert values == [0, 1]
