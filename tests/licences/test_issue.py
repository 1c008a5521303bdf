"""Accepted applications become live licences, in batches, each exactly once."""

from __future__ import annotations

import pytest

from liangzheng.infra.postgres import Database
from liangzheng.licences.model import BatchResult
from liangzheng.standards import cose
from liangzheng.standards.claims import CredentialClaims
from liangzheng.standards.document import verify_document
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import Verifier
from tests.licences.world import NOW, World, kept_octets, keys, later, phone


@pytest.mark.parametrize("alg", list(Alg))
async def test_an_accepted_application_becomes_a_licence_a_stranger_can_verify(
    database: Database, alg: Alg
) -> None:
    world = World(database, keys(alg))
    [driver_id] = await world.accepted()
    result = await world.issuer().batch(NOW)
    assert result == BatchResult(claimed=1, issued=1, credentials=1)
    [licence] = await world.rows("licence", driver_id)
    [credential] = await world.rows("credential", driver_id)
    # type: ignore[arg-type]
    document = verify_document(cose.seal(licence["document"], licence["signature"]), world.keys.bundle)
    claims = Verifier(world.keys.bundle).check_credential(
        cose.seal(credential["octets"], credential["signature"]),
        NOW,  # type: ignore[arg-type]
    )
    assert document.licence_id == claims.licence_id == licence["id"].bytes  # type: ignore[attr-defined]
    assert claims.phone_key == phone().public_key
    assert document.document_number not in repr(claims) and "*" in claims.masked_number


async def test_everything_about_an_issue_is_kept(world: World) -> None:
    [driver_id] = await world.issued()
    assert await world.states("application", driver_id) == ["issued"]
    assert await world.states("licence", driver_id) == ["live"]
    assert await world.states("credential", driver_id) == ["live"]
    for table, expected in (
        ("application_event", ["facts_held", "draft_recorded", "signed"]),
        ("licence_event", ["draft_recorded", "signed"]),
        ("credential_event", ["draft_recorded", "signed"]),
    ):
        rows = sorted(await world.rows(table, driver_id), key=lambda row: int(str(row["move"])))
        assert [row["event"] for row in rows] == expected
        assert [row["move"] for row in rows] == list(range(1, len(rows) + 1))
    assert await world.count("SELECT count(*) FROM outbox WHERE topic = 'licence.issued'") == 1
    assert await world.count("SELECT count(*) FROM issue_queue") == 0


async def test_a_licence_may_exist_without_a_phone(world: World) -> None:
    [driver_id] = await world.accepted(phone_number=None)
    result = await world.issuer().batch(NOW)
    assert (result.issued, result.credentials) == (1, 0)
    assert await world.rows("credential", driver_id) == []


async def test_an_empty_queue_gives_an_empty_batch(world: World) -> None:
    assert await world.issuer().batch(NOW) == BatchResult()


async def test_a_batch_takes_no_more_than_its_size(world: World) -> None:
    await world.accepted(7)
    issuer = world.issuer()
    assert [(await issuer.batch(NOW, 3)).issued for _ in range(4)] == [3, 3, 1, 0]


async def test_who_waited_longest_is_served_first(world: World) -> None:
    drivers = await world.accepted(20)
    async with world.database.transaction() as tx:
        for place, driver_id in enumerate(reversed(drivers)):
            await tx.execute(
                "UPDATE issue_queue SET due_at = $2 WHERE driver_id = $1",
                driver_id.uuid,
                later(NOW, place - 100),
            )
    first = drivers[-1]
    await world.issuer().batch(NOW, 1)
    assert await world.states("licence", first) == ["live"]


async def test_places_in_a_list_are_never_given_twice(world: World) -> None:
    await world.accepted(30)
    for _ in range(3):
        await world.issuer().batch(NOW, 10)
    rows = await world.rows("credential")
    assert len({(row["list_id"], row["list_index"]) for row in rows}) == 30
    taken = sorted(int(str(row["list_index"])) for row in rows)
    assert max(taken) > 200_000, "places are spread over the list, not taken from its start"


async def test_a_province_without_a_key_waits_and_holds_nobody_up(world: World) -> None:
    [lost] = await world.accepted(issuing_authority="浙A")
    [other] = await world.accepted()
    world.keys.gone.add("CN-33")
    result = await world.issuer().batch(NOW)
    assert (result.issued, result.postponed) == (1, 1)
    assert await world.states("application", lost) == ["accepted"]
    assert await world.states("application", other) == ["issued"]
    world.keys.gone.clear()
    assert (await world.issuer().batch(NOW)).claimed == 0
    assert (await world.issuer().batch(later(NOW, 61))).issued == 1


async def test_a_standing_that_changed_since_acceptance_is_decided_again(world: World) -> None:
    [suspended, revoked, fine] = await world.accepted(3)
    await world.change(suspended, status="D")
    await world.change(revoked, status="F")
    await world.change(fine, points=4)
    result = await world.issuer().batch(NOW)
    assert (result.issued, result.refused) == (1, 2)
    refusals = {row["refusal"] for row in await world.rows("application", suspended, revoked)}
    assert refusals == {"not_usable_now", "licence_ended"}
    assert await world.count("SELECT count(*) FROM outbox WHERE topic = 'application.refused'") == 2
    assert await world.rows("licence", suspended, revoked) == []


async def test_a_standing_that_changes_while_the_draft_is_signed_makes_a_new_draft(world: World) -> None:
    [driver_id] = await world.accepted()

    async def change() -> None:
        await world.change(driver_id, classes="C1D")

    await _batch_with(world, "signed", change)
    assert await world.states("licence", driver_id) == ["abandoned"]
    assert await world.states("application", driver_id) == ["accepted"]
    assert await world.states("credential", driver_id) == ["abandoned"]
    assert (await world.issuer().batch(later(NOW, 5))).issued == 1
    live = [row for row in await world.rows("licence", driver_id) if row["state"] == "live"]
    assert [(row["classes"], row["version"]) for row in live] == [("C1D", 2)]
    await _nothing_signed_unkept(world)


async def _batch_with(world: World, point: str, act: object) -> BatchResult:
    """A batch during which `act` happens, in another connection, when the batch reaches `point`."""
    import asyncio
    import threading

    def reached(name: str) -> None:
        if name == point:
            # The batch holds its loop here as real signing does; the other act runs in a loop of its own.
            thread = threading.Thread(target=lambda: asyncio.run(_elsewhere(world, act)))
            thread.start()
            thread.join()

    return await world.issuer(reached).batch(NOW)


async def _elsewhere(world: World, act: object) -> None:
    async with await Database.open(world.database.params, min=1, max=2) as database:
        inside, world.database = world.database, database
        try:
            await act()  # type: ignore[operator]
        finally:
            world.database = inside


async def _nothing_signed_unkept(world: World) -> None:
    assert set(world.signed) <= await kept_octets(world.database)


async def test_a_signature_that_does_not_verify_is_never_kept(world: World) -> None:
    [driver_id] = await world.accepted()
    stranger = keys(name="another").bundle  # a trust bundle that does not hold our keys
    result = await world.issuer(trust=lambda: stranger).batch(NOW)
    assert (result.issued, result.abandoned) == (0, 1)
    assert await world.states("licence", driver_id) == ["abandoned"]
    assert await world.states("application", driver_id) == ["accepted"]
    assert (await world.issuer().batch(later(NOW, 61))).issued == 1


async def test_the_status_at_issue_is_in_the_list_from_the_start(world: World) -> None:
    [driver_id] = await world.issued()
    await world.change(driver_id, status="D", classes="C1D")
    async with world.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO application (driver_id, id, state, move, origin, photo, standing_version, "
            "submitted_at, moved_at) "
            "VALUES ($1, gen_random_uuid(), 'accepted', 1, 'reissue', 'archived', 2, $2, $2)",
            driver_id.uuid,
            NOW,
        )
        await tx.execute(
            "INSERT INTO issue_queue SELECT $2, $3, id, 'application', driver_id FROM application WHERE "
            "state = 'accepted' AND driver_id = $1",
            driver_id.uuid,
            driver_id.bucket,
            NOW,
        )
    assert (await world.issuer().batch(NOW)).issued == 1
    values = {row["credential_id"]: row["value"] for row in await world.rows("status_entry", driver_id)}
    states = {row["id"]: row["state"] for row in await world.rows("credential", driver_id)}
    assert {states[key]: value for key, value in values.items()} == {"superseded": 1, "live": 2}


async def test_a_new_version_ends_the_old_one_in_the_same_moment(world: World) -> None:
    [driver_id] = await world.issued()
    before = {row["id"] for row in await world.rows("credential", driver_id)}
    await world.change(driver_id, valid_until=None, validity_term="L")
    await world.apply(driver_id)
    assert (await world.issuer().batch(NOW)).issued == 1
    rows = await world.rows("licence", driver_id)
    assert {(row["version"], row["state"]) for row in rows} == {(1, "superseded"), (2, "live")}
    assert len({row["id"] for row in rows}) == 1
    phones = await world.rows("credential", driver_id)
    assert {(row["licence_version"], row["state"]) for row in phones} == {(1, "superseded"), (2, "live")}
    assert {row["slot"] for row in phones} == {1} and len({row["phone_key_id"] for row in phones}) == 1
    entries = {row["credential_id"]: row["value"] for row in await world.rows("status_entry", driver_id)}
    assert {entries[key] for key in before} == {1}


async def test_an_application_while_a_version_is_drafted_waits_for_it(world: World) -> None:
    [driver_id] = await world.accepted()

    def lost(name: str) -> None:
        if name == "drafts kept":
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await world.issuer(lost).batch(NOW)
    async with world.database.transaction() as tx:  # as if the first application had been withdrawn by hand
        await tx.execute("UPDATE application SET state = 'withdrawn' WHERE driver_id = $1", driver_id.uuid)
    await world.apply(driver_id)
    result = await world.issuer().batch(NOW)
    assert (result.issued, result.postponed) == (0, 1)


def test_the_claims_of_a_credential_hold_no_whole_number() -> None:
    assert "document_number" not in CredentialClaims.__dataclass_fields__
