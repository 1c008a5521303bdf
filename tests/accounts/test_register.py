from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from importlib.resources import files

import pytest

from liangzheng import accounts
from liangzheng.accounts.model import Level
from liangzheng.infra import keyindex
from liangzheng.infra.keyindex import Kind
from liangzheng.kernel.errors import Forbidden, Invalid, NotAuthenticated, NotFound
from liangzheng.kernel.ids import DriverId, PersonId
from liangzheng.kernel.people import Mobile, PersonName
from tests.accounts.people import MADE_UP, PASSWORD, made_up
from tests.accounts.world import World

ONE, TWO = MADE_UP[:2]


async def test_number_and_name_of_the_register_make_level_one_with_its_driver(world: World) -> None:
    person = (await world.register(ONE)).person
    assert (person.level, person.driver_id) == (Level.IDENTITY_MATCHED, ONE.driver_id)
    assert await world.count("driver_person") == 0, "by name and number alone nobody's driver"
    await world.passed(person.person_id)
    assert await world.rows("SELECT driver_id, person_id FROM driver_person") == [
        {"driver_id": ONE.driver_id.uuid, "person_id": person.person_id.uuid}
    ]


async def test_another_name_makes_an_account_at_level_nought(world: World) -> None:
    person = (await world.register(replace(ONE, name=PersonName("别人")))).person
    assert (person.level, person.driver_id) == (Level.UNVERIFIED, None)
    assert await world.count("driver_person") == 0


async def test_the_mobile_is_in_the_index_as_a_keyed_hash_alone(world: World) -> None:
    await world.register(ONE)
    hashes = [row["key_hash"] for row in await world.rows("SELECT key_hash FROM key_index")]
    assert hashes == [accounts.mobile_hash(world.key_index, ONE.mobile)]
    assert ONE.mobile.value.encode() not in b"".join(hashes)


async def test_a_known_mobile_is_refused_and_changes_nothing(world: World) -> None:
    await world.register(ONE)
    before = await world.rows("SELECT * FROM key_index ORDER BY key_hash")
    with pytest.raises(NotAuthenticated) as refusal:
        await world.register(replace(ONE, identity=TWO.identity))
    assert str(refusal.value) == "the mobile, identity number or password is not accepted"
    assert await world.count("person") == await world.count("account") == 1
    assert await world.rows("SELECT * FROM key_index ORDER BY key_hash") == before


async def check_again(world: World, person_id: PersonId) -> accounts.Assurance:
    async with world.database.transaction() as tx:
        return await accounts.check_real_name(tx, person_id, world.real_name, world.clock.now())


async def test_whoever_registers_first_with_my_name_and_number_does_not_keep_me_out(world: World) -> None:
    squatter = replace(ONE, mobile=Mobile("13911112222"))
    theirs = (await world.register(squatter)).person
    assert theirs.level is Level.IDENTITY_MATCHED
    mine = (await world.register(ONE)).person
    assert mine.level is Level.IDENTITY_MATCHED
    await world.passed(mine.person_id)
    async with world.database.read() as tx:
        assert await accounts.person_of(tx, ONE.driver_id) == mine.person_id
        assert await accounts.check(tx, date(2026, 11, 1)) == []
    with pytest.raises(Forbidden, match="real-name check comes first"):
        await world.begin(theirs.person_id)


async def test_of_two_who_show_the_face_at_once_one_is_the_driver(world: World) -> None:
    made = [
        (await world.register(replace(ONE, mobile=Mobile(f"1380000000{n}")))).person.person_id for n in (1, 2)
    ]
    begun = [await world.begin(person_id) for person_id in made]
    ends = await asyncio.gather(*(world.finish(check) for check in begun))
    assert sorted(end.state.value for end in ends) == ["failed", "passed"]
    [failed] = [end for end in ends if end.state.value == "failed"]
    assert failed.reasons == ("claimed_elsewhere",)
    judged = [
        row for row in await world.rows("SELECT act FROM audit_entry") if row["act"] == "face-check.judged"
    ]
    assert len(judged) == 2, "the one that was too late is on record too"
    assert sorted(row["level"] for row in await world.rows("SELECT level FROM person")) == [1, 2]
    assert await world.count("driver_person") == 1


async def test_what_a_name_and_a_number_had_bound_before_is_freed_by_the_migration(world: World) -> None:
    matched, shown = await world.person(ONE), await world.person(TWO)
    await world.passed(shown)
    claim = accounts.identity_hash(world.key_index, ONE.identity)
    sql = files("liangzheng.migrations").joinpath("0023_stop_words_and_faces.sql").read_text(encoding="utf-8")
    async with world.database.transaction() as tx:
        await tx.execute("INSERT INTO driver_person VALUES ($1, $2, now())", ONE.driver_id.uuid, matched.uuid)
        await keyindex.claim(tx, Kind.IDENTITY_NUMBER, claim, matched)
        assert len(await accounts.check(tx, date(2026, 11, 1))) == 1
        await tx.execute(sql.partition("-- When")[0])
        assert await accounts.check(tx, date(2026, 11, 1)) == []
        assert await keyindex.find(tx, Kind.IDENTITY_NUMBER, claim) is None
    assert [row["person_id"] for row in await world.rows("SELECT person_id FROM driver_person")] == [
        shown.uuid
    ]
    assert await world.count("key_index") == 2, "both mobiles"


async def test_a_number_whose_face_was_shown_makes_an_account_at_level_nought_and_takes_nothing(
    world: World,
) -> None:
    first = await world.person(ONE)
    await world.passed(first)
    second = (await world.register(replace(ONE, mobile=TWO.mobile))).person
    assert (second.level, second.driver_id) == (Level.UNVERIFIED, None)
    again = await check_again(world, second.person_id)
    assert (again.level, again.driver_id) == (Level.UNVERIFIED, None)
    async with world.database.read() as tx:
        assert await accounts.person_of(tx, ONE.driver_id) == first


async def test_two_people_with_different_numbers_register_at_once(world: World) -> None:
    made = await asyncio.gather(world.register(ONE), world.register(TWO))
    assert {account.person.driver_id for account in made} == {ONE.driver_id, TWO.driver_id}


async def test_a_driver_belongs_to_one_person(world: World) -> None:
    """Two numbers that lead to one driver: a merged record, or a fault of the register."""
    world.real_name.people[TWO.identity, TWO.name] = ONE.driver_id
    first = await world.person(ONE)
    await world.passed(first)
    second = (await world.register(TWO)).person
    assert (second.level, second.driver_id) == (Level.UNVERIFIED, None)
    async with world.database.read() as tx:
        assert await accounts.person_of(tx, ONE.driver_id) == first
        assert await accounts.person_of(tx, DriverId.new()) is None


async def test_a_source_of_real_names_out_of_reach_leaves_level_nought_and_a_second_chance(
    world: World,
) -> None:
    world.real_name.out_of_reach = True
    person = (await world.register(ONE)).person
    assert person.level is Level.UNVERIFIED
    world.real_name.out_of_reach = False
    found = await check_again(world, person.person_id)
    assert (found.level, found.driver_id) == (Level.IDENTITY_MATCHED, ONE.driver_id)


async def test_a_real_name_check_of_somebody_who_matched_changes_nothing(world: World) -> None:
    person = (await world.register(ONE)).person
    world.real_name.people[ONE.identity, ONE.name] = DriverId.new()
    found = await check_again(world, person.person_id)
    assert found.driver_id == ONE.driver_id
    assert len(await world.rows("SELECT 1 FROM audit_entry WHERE act = 'real-name.checked'")) == 0


async def test_assurance_of_nobody_is_not_found(world: World) -> None:
    async with world.database.read() as tx:
        with pytest.raises(NotFound):
            await accounts.assurance(tx, PersonId.new())


async def test_a_weak_password_is_refused_by_its_rule_before_anything_is_kept(world: World) -> None:
    with pytest.raises(Invalid) as refusal:
        await world.register(ONE, password=ONE.mobile.value)
    assert (refusal.value.place, refusal.value.rule) == (
        "password",
        "not made of your mobile or identity number",
    )
    assert await world.count("person") == 0


async def test_the_password_is_kept_as_argon2id_only(world: World) -> None:
    await world.register(ONE)
    (row,) = await world.rows("SELECT password_hash FROM account")
    assert row["password_hash"].startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert PASSWORD not in row["password_hash"]


async def test_registering_leaves_one_entry_in_the_record_without_personal_data(world: World) -> None:
    person = (await world.register(ONE)).person
    (entry,) = await world.rows("SELECT * FROM audit_entry")
    assert (entry["act"], entry["actor"], entry["subject"]) == (
        "account.registered", person.person_id.uuid, person.person_id.uuid,
    )  # fmt: skip
    assert ONE.mobile.value not in str(entry)
    assert ONE.identity.value not in str(entry)


async def test_a_registration_and_an_account_print_masked(world: World) -> None:
    shown = repr(await world.register(ONE))
    assert ONE.mobile.value not in shown
    assert ONE.identity.value not in shown
    assert ONE.name.value not in shown
    assert "secret" not in repr(accounts.Registration(ONE.mobile, ONE.identity, ONE.name, "secret"))


async def test_the_constraints_hold_where_the_code_does_not(world: World) -> None:
    person = (await world.register(made_up(7))).person
    async with world.database.statement() as tx:
        for broken in (
            "UPDATE person SET level = 0",
            "UPDATE person SET level = 2",
            "UPDATE person SET driver_id = NULL",
            "UPDATE person SET level = 4",
        ):
            with pytest.raises(Exception, match="check constraint"):
                await tx.execute(broken)
    assert (await world.rows("SELECT level FROM person")) == [{"level": int(person.level)}]
