"""fsck on a database in order finds nothing, and every rule of it finds the fault planted against it."""

from __future__ import annotations

import pytest

from liangzheng import accounts, audit, drivers, licences, relying, showing
from liangzheng.accounts import store_findings as accounts_findings
from liangzheng.drivers import store_findings as drivers_findings
from liangzheng.infra import blobs, checks, outbox
from liangzheng.infra.checks import Finding
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.pages import INDEX_WHOLE, pages
from liangzheng.infra.postgres import Database
from liangzheng.kernel.ids import DriverId, PersonId
from liangzheng.kernel.people import IdentityKind, IdentityNumber
from liangzheng.kernel.time import civil_day
from liangzheng.licences.store import findings
from liangzheng.licences.verifying import SAYS, SIGNED
from liangzheng.relying.store import findings as relying_findings
from liangzheng.showing import store_findings as showing_findings
from tests.licences.world import NOW, World, keys

KEYS = KeyIndex(b"k" * 32)


@pytest.fixture
async def world(database: Database) -> World:
    """Two drivers with live licences on a phone each, one more application waiting; the look-up index is complete."""
    made = World(database, keys())
    await made.issued(2)
    await made.accepted(1)
    async with database.transaction() as tx:
        for row in await tx.fetch("SELECT driver_id, document_number, file_number FROM driver"):
            identity = IdentityNumber(IdentityKind.RESIDENT_CARD, row["document_number"])
            for kind, value in (
                (Kind.IDENTITY_NUMBER, identity.canonical),
                (Kind.FILE_NUMBER, row["file_number"]),
            ):
                await tx.execute(
                    "INSERT INTO key_index (key_hash, kind, owner) VALUES ($1, $2, $3)",
                    KEYS.hash(kind, value), int(kind), row["driver_id"],
                )  # fmt: skip
        await tx.execute("DELETE FROM outbox")
        await tx.execute(OWNERS)
    return made


async def found(world: World) -> list[Finding]:
    waiting: set[DriverId] = set()
    async with world.database.snapshot() as tx:
        return [
            *await drivers.check(tx, KEYS),
            *await accounts.check(tx, civil_day(NOW)),
            *await licences.check(tx, world.keys.bundle, civil_day(NOW), waiting),
            *await showing.check(tx),
            *await relying.check(tx),
            *await checks.find(tx, outbox.CHECKS),
            *await checks.find(tx, blobs.CHECKS),
        ]


ONE = "(SELECT min(driver_id::text)::uuid FROM licence WHERE state = 'live')"
PERSON = (
    "INSERT INTO person (person_id, created_at, driver_id, real_name_checked_at, level, identity_kind, identity_number, name) "
    "VALUES (gen_random_uuid(), now(), {driver}, {checked}, {level}, 'A', '110101180001010001', '示例')"
)

OWNERS = (
    "INSERT INTO person (person_id, created_at, driver_id, real_name_checked_at, level, identity_kind, identity_number, name) "
    "SELECT gen_random_uuid(), now(), driver_id, now(), 3, 'A', document_number, name FROM driver WHERE driver_id IN "
    "(SELECT driver_id FROM credential WHERE state = 'live'); "
    "INSERT INTO account (person_id, created_at, mobile) SELECT person_id, now(), '1390000' || row_number() OVER () FROM person; "
    "INSERT INTO driver_person SELECT driver_id, person_id, now() FROM person; "
    "INSERT INTO phone_key SELECT p.person_id, c.phone_key_id, now(), NULL, NULL, c.slot, 'x', c.phone_key FROM credential AS c "
    "JOIN person AS p USING (driver_id) WHERE c.state = 'live'"
)
"""The people who hold the live licences, and their phones' keys."""

KEYS_OF_ONE = f"(SELECT phone_key_id FROM credential WHERE driver_id = {ONE})"

LEDGER = (
    f"INSERT INTO points_account VALUES ({ONE}, '2026-01-01', '2027-01-01', 1, false); INSERT INTO points_entry "
    f"(driver_id, at, number, cycle_from, on_day, points, kind, source) VALUES ({ONE}, now(), 1, '2026-01-01', '2026-02-01', 3, "
    "'violation', 'test')"
)
SOURCE = (
    "INSERT INTO register_source (source_id, done_to, added_at, moved_at, state, name, provinces) "
    "VALUES (gen_random_uuid(), {done_to}, now(), now(), 'active', 'x', '{{32}}')"
)
REVIEW = (
    "INSERT INTO photo SELECT driver_id, id, id, 'camera', sha256('x'), NULL, '{}', '{}', now() FROM application WHERE "
    "state = 'accepted'; INSERT INTO photo_review (driver_id, application_id, photo_id, authority, submitted_at, due_day, "
    "due_at, provisional, outcome, decided_at, decided_by_kind) SELECT driver_id, id, id, '苏E', now(), '2026-11-18', now(), "
    "false, %s FROM application WHERE state = 'accepted'"
)
FACE_REVIEW = (
    PERSON.format(driver="NULL", checked="NULL", level=0) + "; INSERT INTO face_check (person_id, id, begun_at, expires_at, "
    "move, state, purpose, engine, engine_version, calibrated, simulated, nonce, steps, reasons, submission_hash) "
    "SELECT person_id, gen_random_uuid(), now(), now(), 1, 'failed', 'apply', 'x', '1', false, false, "
    "decode(repeat('00', 32), 'hex'), '[]', '[]', decode(repeat('00', 32), 'hex') FROM person; "
    "INSERT INTO face_review (person_id, face_check_id, driver_id, authority, submitted_at, due_day, due_at, provisional) "
    "SELECT person_id, id, id, '苏E', now(), '2026-11-18', now(), false FROM face_check"
)  # fmt: skip

PLANTED = {
    "every application with an own photo that was accepted has its approved review": (
        "UPDATE application SET photo = 'camera', photo_id = id WHERE state = 'accepted'"
    ),
    "a version with an own photo has that photo": (
        f"UPDATE application SET photo = 'camera', photo_id = id WHERE driver_id = {ONE}"
    ),
    "every approved photo is kept under its hash": REVIEW % "'approved', now(), 'operator'",
    "every application under review has an open review with its picture, and every open review its application": (
        "UPDATE application SET state = 'under_review' WHERE state = 'accepted'"
    ),
    "a review of a photo past its working day was escalated": REVIEW % "NULL, NULL, NULL",
    "at most one live licence a driver": (
        "DROP INDEX licence_live; UPDATE licence SET state = 'live', ended_at = NULL WHERE false; "
        "INSERT INTO licence SELECT l.driver_id, gen_random_uuid(), 1, 'live', move, application_id, standing_version, classes, "
        "valid_from, valid_until, authority, portrait_hash, kid, document, signature, lease, leased_until, drafted_at, issued_at, "
        f"ended_at FROM licence AS l WHERE l.driver_id = {ONE}"
    ),
    "every licence that was issued has an application that ended issued": (
        f"UPDATE application SET state = 'withdrawn' WHERE driver_id = {ONE}"
    ),
    "every application that ended issued has its licence": (
        "UPDATE application SET state = 'issued' WHERE state = 'accepted'"
    ),
    "every version of a licence that was issued has its audit entry": (
        f"DELETE FROM audit_entry WHERE act = 'licence.issued' AND scope = {ONE}"
    ),
    "every audit entry of an issued licence is of a licence there is": (
        f"UPDATE audit_entry SET detail = '{{\"version\": 7}}' WHERE act = 'licence.issued' AND scope = {ONE}"
    ),
    "every move of an application has its event": f"DELETE FROM application_event WHERE driver_id = {ONE} AND move = 1",
    "every move of a licence has its event": f"DELETE FROM licence_event WHERE driver_id = {ONE} AND move = 1",
    "every move of a credential has its event": f"DELETE FROM credential_event WHERE driver_id = {ONE} AND move = 1",
    "every live credential is of the driver's live licence": (
        f"UPDATE licence SET state = 'withdrawn', ended_at = now() WHERE driver_id = {ONE}"
    ),
    "every credential with a place in a status list has its entry": f"DELETE FROM status_entry WHERE driver_id = {ONE}",
    "a credential that has ended is invalid in its status list": (
        f"UPDATE credential SET state = 'ended', ended_at = now() WHERE driver_id = {ONE}"
    ),
    "every accepted application waits in the queue": "DELETE FROM issue_queue",
    "nothing waits in the queue that is not accepted or requested": (
        "UPDATE application SET state = 'withdrawn' WHERE state = 'accepted'"
    ),
    "the status list says of a live licence what the register says": f"UPDATE driver SET status = 'D' WHERE driver_id = {ONE}",
    "a live licence has the classes, validity and authority of the register": (
        f"UPDATE driver SET classes = 'C1D' WHERE driver_id = {ONE}"
    ),
    "every kept signature verifies under a document signer of the trust bundle": (
        f"UPDATE licence SET document = set_byte(document, 60, get_byte(document, 60) # 1) WHERE driver_id = {ONE}"
    ),
    "what was signed says what its row says": f"UPDATE licence SET portrait_hash = sha256('x') WHERE driver_id = {ONE}",
    "every licence has its driver": f"DELETE FROM driver WHERE driver_id = {ONE}",
    "every version of a record after its first has its history": (
        f"UPDATE driver SET record_version = 3 WHERE driver_id = {ONE}; INSERT INTO driver_change "
        f"SELECT {ONE}, 3, now(), 'test', 1, '{{}}', '{{}}'"
    ),
    "a record that was changed has a history": f"UPDATE driver SET record_version = 2 WHERE driver_id = {ONE}",
    "every driver is found by identity number and by file number": "DELETE FROM key_index WHERE kind = 3",
    "an import that ended counted every line": (
        "ALTER TABLE register_import DROP CONSTRAINT register_import_check; INSERT INTO register_import (import_id, number, state, "
        "file_name, file_bytes, encoding, position, prefix_hash, lines_done, rejects_bytes, fresh, started_at, moved_at) VALUES "
        "(gen_random_uuid(), 1, 'finished', 'x', 1, 'utf-8', 1, sha256(''), 1, 0, 2, now(), now())"
    ),
    "the points of a record that has a ledger are the sum of its cycle's entries": LEDGER
    + f"; UPDATE driver SET points = 2 WHERE driver_id = {ONE}",
    "no entry of a points ledger is missing, and none is without a ledger": LEDGER + "; UPDATE points_account SET entries = 2",
    "every number of a source up to where it stands is done or forgotten, and none beyond": SOURCE.format(done_to=1),
    "a letter that staff put is in the status": f"INSERT INTO status_letter VALUES ({ONE}, gen_random_uuid(), now(), false, 'U')",
    "no line of a source waits that is done": (
        SOURCE.format(done_to=0) + "; INSERT INTO register_line_waiting SELECT source_id, 1, now(), '' FROM register_source; "
        "UPDATE register_source SET done_to = 1; "
        "INSERT INTO register_line SELECT source_id, 1, now(), decode(repeat('00', 16), 'hex') FROM register_source"
    ),
    "every live credential is on a live phone key of its driver, and made for that key": (
        f"UPDATE phone_key SET ended_at = now() WHERE id IN {KEYS_OF_ONE}"
    ),
    "every person who showed a driver's face is that driver's person": PERSON.format(driver=ONE, checked="now()", level=3),
    "every driver's person showed the face": f"UPDATE driver_person SET person_id = gen_random_uuid() WHERE driver_id = {ONE}",
    "every person has an account": PERSON.format(driver="NULL", checked="NULL", level=0),
    "a phone key that was replaced names a key of the same person": (
        "ALTER TABLE phone_key DROP CONSTRAINT phone_key_person_id_replaced_by_fkey; "
        + PERSON.format(driver="NULL", checked="NULL", level=0) + "; INSERT INTO phone_key SELECT person_id, gen_random_uuid(), "
        "now(), now(), gen_random_uuid(), 1, 'x', decode(repeat('02', 33), 'hex') FROM person WHERE driver_id IS NULL"
    ),
    "a closed account has no way in": (
        PERSON.format(driver="NULL", checked="NULL", level=0) + "; INSERT INTO account (person_id, created_at, closed_at) "
        "SELECT person_id, now(), now() FROM person WHERE driver_id IS NULL; "
        "INSERT INTO session (person_id, id, opened_at, seen_at, expires_at, "
        "token_hash) SELECT person_id, gen_random_uuid(), now(), now(), now(), decode(repeat('00', 32), 'hex') FROM person"
    ),
    "every kept picture of a face is of a check that waits for a reviewer, and every such check has some": (
        FACE_REVIEW + "; INSERT INTO face_capture SELECT person_id, face_check_id, 0, 0, now(), 'x' FROM face_review"
    ),
    "a review of a face check past its working day was escalated": FACE_REVIEW,
    "a face check that was used up passed before": (
        PERSON.format(driver="NULL", checked="NULL", level=0) + "; INSERT INTO face_check (person_id, id, begun_at, expires_at, "
        "usable_until, move, state, purpose, engine, engine_version, calibrated, simulated, nonce, steps, reasons, "
        "submission_hash, consumed_kind, consumed_by) "
        "SELECT person_id, gen_random_uuid(), now(), now(), now(), 1, 'consumed', 'apply', 'x', '1', false, false, "
        "decode(repeat('00', 32), 'hex'), '[]', '[]', decode(repeat('00', 32), 'hex'), 'app', gen_random_uuid() FROM person"
    ),
    "every verification has its audit entry": (
        "INSERT INTO verifier SELECT gen_random_uuid(), 'x', 'police', decode(repeat('00', 32), 'hex'), 'active', now(); "
        "INSERT INTO verification SELECT l.driver_id, now(), decode(repeat('00', 16), 'hex'), gen_random_uuid(), v.verifier_id, "
        "'12345678', now(), l.id, l.version, 'x', NULL, 'live', 1, 'A', 0 FROM licence AS l, verifier AS v LIMIT 1"
    ),
    "every verification is of a licence there was": (
        "INSERT INTO verifier SELECT gen_random_uuid(), 'x', 'police', decode(repeat('00', 32), 'hex'), 'active', now(); "
        "INSERT INTO verification SELECT l.driver_id, now(), decode(repeat('00', 16), 'hex'), gen_random_uuid(), v.verifier_id, "
        "'12345678', now(), gen_random_uuid(), 1, 'x', NULL, 'live', 1, 'A', 0 FROM licence AS l, verifier AS v LIMIT 1"
    ),
    "every answer to a company has its audit entry": (
        f"INSERT INTO company_look SELECT {ONE}, now(), gen_random_uuid(), gen_random_uuid(), 'rental', '{{name}}', NULL, "
        "'request', gen_random_uuid()"
    ),
    "every standing consent came from a request its driver signed": (
        f"INSERT INTO standing_consent SELECT {ONE}, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), "
        "gen_random_uuid(), 'freight', '{may_drive}', 'C1', current_date, 'active', 1, now(), NULL"
    ),
    "no consent outlives the account that gave it": (
        f"INSERT INTO standing_consent SELECT {ONE}, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), "
        "gen_random_uuid(), 'freight', '{may_drive}', 'C1', current_date, 'active', 1, now(), NULL"
    ),
    "every move of a company is on record": (
        "INSERT INTO company SELECT gen_random_uuid(), 'x', '91350100M000100Y43', 'approved', 1, 1, 1, NULL, 0, now(), now()"
    ),
    "every kept file has its hash": "UPDATE blob SET bytes = bytes || '\\x00'",
    "every archived photo is kept": f"UPDATE driver SET portrait_hash = sha256('another') WHERE driver_id = {ONE}",
    "every photo a licence was issued with is kept": "DELETE FROM blob",
    "every font a licence was issued with is kept": f"UPDATE licence SET font_hash = sha256('a font') WHERE driver_id = {ONE}",
    "every entry of a status list is a credential's": (
        "INSERT INTO status_entry SELECT list_id, 1048575, driver_id, gen_random_uuid(), 0 FROM status_entry LIMIT 1"
    ),
    "no status list has more entries than places were taken": "UPDATE status_list SET taken = 0",
    "every number of the look-up index is somebody's": "UPDATE key_index SET owner = gen_random_uuid() WHERE kind = 1",
    "no event was given up on": (
        "INSERT INTO outbox_parked SELECT 1, gen_random_uuid(), 'a.b', gen_random_uuid(), '{}', now(), 12, NULL, now()"
    ),
}  # fmt: skip


def test_a_fault_is_planted_against_every_rule() -> None:
    listed = [
        *findings.CHECKS, *drivers_findings.CHECKS, *accounts_findings.CHECKS, *showing_findings.CHECKS,
        *relying_findings.CHECKS, *outbox.CHECKS, *blobs.CHECKS,
    ]  # fmt: skip
    late = {f"a review of a {what} past its working day was escalated" for what in ("photo", "face check")}
    assert {SIGNED, SAYS, *late, *(check.rule for check in listed)} <= set(PLANTED)


async def test_a_database_in_order_has_no_finding(world: World) -> None:
    assert await found(world) == []


@pytest.mark.parametrize("rule", PLANTED)
async def test_a_planted_fault_is_found(world: World, rule: str) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(PLANTED[rule])
    assert rule in {finding.rule for finding in await found(world)}


async def test_a_ledger_and_a_source_in_order_are_no_finding(world: World) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(LEDGER)
        await tx.execute(SOURCE.format(done_to=0))
    assert await found(world) == []


async def test_a_damaged_number_of_the_register_is_a_finding_and_stops_nothing(world: World) -> None:
    """Its check character is another: no import takes it, a fault of a disk or of a hand may make it."""
    async with world.database.transaction() as tx:
        await tx.execute(
            "UPDATE driver SET document_number = left(document_number, 17) || "
            f"CASE right(document_number, 1) WHEN '1' THEN '2' ELSE '1' END WHERE driver_id = {ONE}"
        )
    assert "has no identity number" in {finding.found for finding in await found(world)}


async def test_a_driver_whose_change_still_waits_is_not_called_a_fault(world: World) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(PLANTED["the status list says of a live licence what the register says"])
        changed = DriverId(await tx.fetchval(f"SELECT {ONE}"))
    async with world.database.snapshot() as tx:
        assert await licences.check(tx, world.keys.bundle, civil_day(NOW), {changed}) == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (f"DELETE FROM phone_key WHERE id IN {KEYS_OF_ONE}", "no such key"),
        (f"UPDATE phone_key SET ended_at = now() WHERE id IN {KEYS_OF_ONE}", "the key has ended"),
        (f"UPDATE credential SET phone_key = decode(repeat('02', 33), 'hex') WHERE driver_id = {ONE}", "another key"),
        (f"UPDATE person SET driver_id = (SELECT max(driver_id::text)::uuid FROM driver) WHERE driver_id = {ONE}",
         "somebody else"),
    ],
)  # fmt: skip
async def test_a_credential_is_compared_with_its_phone_s_key(world: World, fault: str, said: str) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(fault)
    assert any(said in finding.found for finding in await found(world))


async def test_a_phone_whose_credential_is_about_to_end_is_no_fault(world: World) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(f"UPDATE phone_key SET ended_at = now() WHERE id IN {KEYS_OF_ONE}")
        assert await found(world) == []  # another connection: the transaction is not seen yet
        person = PersonId(await tx.fetchval(f"SELECT person_id FROM driver_person WHERE driver_id = {ONE}"))
        await outbox.put(tx, "phone-key.ended", person, {}, NOW)
    assert await found(world) == []


async def test_probes_look_side_by_side_at_one_moment_and_tell_how_far_they_are(world: World) -> None:
    """As many connections as there are to spare; what commits meanwhile is seen by none of them."""
    left: list[int] = []
    probes = accounts.probes(civil_day(NOW)) + licences.probes(world.keys.bundle, civil_day(NOW), set())
    async with world.database.snapshots(3) as connections:
        async with world.database.transaction() as tx:
            await tx.execute("DELETE FROM issue_queue")
        probed = await checks.look_side_by_side(connections, probes, lambda _, rest: left.append(rest))
    assert len(connections) > 1
    assert [each.probe for each in probed] == probes
    assert left == list(range(len(probes)))[::-1]
    assert [finding for each in probed for finding in each.found] == []
    async with world.database.snapshot() as tx:
        assert await checks.look_at(tx, probes) != []


@pytest.mark.parametrize("many", [False, True])
async def test_signatures_are_verified_here_or_in_processes_of_their_own(world: World, many: bool) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(
            "UPDATE credential SET signature = set_byte(signature, 3, get_byte(signature, 3) # 1) "
            f"WHERE driver_id = {ONE}"
        )
    verifying = licences.Verifying(world.keys.bundle, processes=1 if many else 0, few=0)
    with verifying:
        probes = licences.probes(world.keys.bundle, civil_day(NOW), set(), verifying=verifying)
        async with world.database.snapshot() as tx:
            [finding] = [each for each in await checks.look_at(tx, probes) if "signature" in each.rule]
    assert finding.found == "it does not verify"
    assert finding.subject.startswith("crd_")


OTHER = "(SELECT max(driver_id::text)::uuid FROM licence WHERE state = 'live')"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("UPDATE licence SET (document, signature, kid) = (SELECT o.document, o.signature, o.kid FROM licence AS o WHERE "
         f"o.driver_id = {OTHER}) WHERE driver_id = {ONE}", "another licence_id"),
        ("UPDATE credential SET (octets, signature, kid) = (SELECT o.octets, o.signature, o.kid FROM credential AS o WHERE "
         f"o.driver_id = {OTHER}) WHERE driver_id = {ONE}", "another licence_id, status_index"),
        (f"UPDATE licence SET classes = 'A1' WHERE driver_id = {ONE}", "another classes"),
        (f"UPDATE licence SET valid_until = NULL WHERE driver_id = {ONE}", "another valid_until"),
        (f"UPDATE licence SET authority = '苏A' WHERE driver_id = {ONE}", "another authority"),
        (f"UPDATE credential SET list_index = list_index + 1 WHERE driver_id = {ONE}", "another status_index"),
        (f"UPDATE credential SET phone_key = decode(repeat('02', 33), 'hex') WHERE driver_id = {ONE}", "another phone_key"),
    ],
)  # fmt: skip
async def test_what_is_rightly_signed_but_another_s_is_found(world: World, fault: str, said: str) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(fault)
    assert [each.found for each in await found(world) if each.rule == SAYS] == [said]


@pytest.mark.parametrize(
    ("change", "due"),
    [
        ("classes = 'C1D'", "reissue"),
        ("valid_from = valid_from + 1", "reissue"),
        ("valid_until = valid_until + 1", "reissue"),
        ("issuing_authority = '苏A'", "reissue"),
        ("classes = 'C1D', portrait_hash = NULL", "withdraw"),
        ("classes = 'C1D', portrait_hash = sha256('gone')", "withdraw"),
        ("classes = '无'", "withdraw"),
        ("status = 'E'", "withdraw"),
        ("points = 3, portrait_hash = NULL", None),
    ],
)
async def test_what_the_register_asks_of_a_live_licence_is_named(
    world: World, change: str, due: str | None
) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(f"UPDATE driver SET {change} WHERE driver_id = {ONE}")
    rule = "a live licence has the classes, validity and authority of the register"
    wanted = [] if due is None else [f"{due} is due"]
    assert [each.found for each in await found(world) if each.rule == rule] == wanted


async def test_pages_are_walked_through_where_postgresql_ships_the_means(world: World) -> None:
    async with world.database.snapshot() as tx:
        there = await pages(tx)
        names = [probe.name for probe in there.probes]
        assert await checks.look_at(tx, there.probes) == []
    assert there.notes == []
    assert any(name.endswith(": driver_pkey") for name in names)
    assert any(name.endswith(": licence") for name in names)


async def test_without_the_extension_it_is_said_what_was_not_looked_at(world: World) -> None:
    async with world.database.transaction() as tx:
        await tx.execute("DROP EXTENSION amcheck")
    async with world.database.snapshot() as tx:
        there = await pages(tx)
    assert len(there.probes) == 1
    assert "CREATE EXTENSION amcheck" in there.notes[0]


async def test_an_index_out_of_order_is_named(world: World) -> None:
    """The comparison of an index is changed under it: the order of its entries is not that order any more."""
    async with world.database.transaction() as tx:
        await tx.execute(BACKWARDS)
    async with world.database.snapshot() as tx:
        found = await checks.look_at(tx, (await pages(tx)).probes)
    assert [(each.rule, each.subject) for each in found] == [(INDEX_WHOLE, "turned_index")]


BACKWARDS = """
    CREATE FUNCTION turned(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp(a, b)';
    CREATE OPERATOR CLASS turned_ops FOR TYPE integer USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =,
        OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 turned(integer, integer);
    CREATE TABLE turned AS SELECT n FROM generate_series(1, 1000) AS n;
    CREATE INDEX turned_index ON turned USING btree (n turned_ops);
    CREATE OR REPLACE FUNCTION turned(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT btint4cmp(b, a)'
"""


async def test_fsck_writes_nothing(world: World) -> None:
    async with world.database.snapshot() as tx:
        with pytest.raises(Exception, match="read-only"):
            await tx.execute("DELETE FROM outbox")


async def test_the_audit_chains_are_part_of_it(world: World) -> None:
    async with world.database.transaction() as tx:
        for purpose in ("one", "two"):
            await audit.record(
                tx, act="test.done", actor=audit.Actor("operator"), subject=None, driver_id=None, purpose=purpose,
                detail={}, now=NOW,
            )  # fmt: skip
    await audit.seal(world.database, NOW)
    assert await audit.check(world.database) == []
    async with world.database.transaction() as tx:
        await tx.execute("DELETE FROM audit_entry WHERE purpose = 'one'")
    assert await audit.check(world.database) != []
